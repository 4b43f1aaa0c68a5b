"""Everything that one exposure needs to know, as plain numbers and small tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.keys import key
from fullwell.chance.patterns import GROUP_PX, GROUPS, dealt
from fullwell.chance.sparse import mean_gap
from fullwell.readout.adc import bias_dn
from fullwell.readout.banding import column_noise_e, periodic_bands_e, row_noise_e
from fullwell.readout.noise import spread_levels
from fullwell.readout.telegraph import class_table, traps_per_block
from fullwell.scene.light import Interval
from fullwell.sensor.dark import dark_levels, dark_rate_e_per_s
from fullwell.sensor.electrons import bend_per_e2
from fullwell.sensor.glow import glow_profiles

if TYPE_CHECKING:
    from fullwell.camera.frame import Settings
    from fullwell.models.facts import CameraModel, Chain, NoiseSpread, ReadMode, Window
    from fullwell.readout.rows import RowTiming

NOISE_BASE = 0x3F000000
"""Bits of the float32 1/2, the least read noise of a packed kind in its unit."""
_LN10 = float(np.log(10.0))


@dataclass(frozen=True, eq=False, slots=True)
class ChainPlan:
    """One read-out chain at one gain and offset.

    Attributes
    ----------
    e_per_dn : float
        System gain, electrons per count of the chain's ADC.
    gaussian_median_e : float
        Median over the pixels of the Gaussian read noise.
    bias_dn : float
        Level without light, ADC counts.
    adc_bits : int
    pixel_well_e : float
        Where the pixel saturates.
    bend_per_e2 : float
        Nonlinearity; see `fullwell.sensor.electrons.bend`.
    row_dn : ndarray of float64, shape (window rows,)
        Offset of each row of the window in this frame: random row noise and periodic bands, ADC counts.
    column_dn : ndarray of float64, shape (total columns,)
        Fixed offset of each column of the sensor, ADC counts.
    noise_stream : int
        Key of the chain's read noise in this frame.
    """

    e_per_dn: float
    gaussian_median_e: float
    bias_dn: float
    adc_bits: int
    pixel_well_e: float
    bend_per_e2: float
    row_dn: NDArray[np.float64]
    column_dn: NDArray[np.float64]
    noise_stream: int


@dataclass(frozen=True, eq=False, slots=True)
class PixelKinds:
    """The kinds of pixels, eight neighbours at a time: a word of theirs picks one row with its highest 10 bits.

    Attributes
    ----------
    dark_level, noise_ratio : ndarray of float64, shape (1024, 8)
        Dark current relative to the mean, read noise relative to the median.
    packed : ndarray of uint64, shape (1024, 2)
        The same as eight numbers of 16 bits. Lowest 7 bits: dark current in units of `dark_unit`; the other 9:
        read noise in units of `noise_unit`, a float of two bits of exponent and seven of mantissa, from 1/2 to 8.
    dark_unit, noise_unit : float
    """

    dark_level: NDArray[np.float64]
    noise_ratio: NDArray[np.float64]
    packed: NDArray[np.uint64]
    dark_unit: float
    noise_unit: float


def pack_kinds(dark_level: NDArray[np.float64], noise_ratio: NDArray[np.float64]) -> PixelKinds:
    """Round the properties of pixels, shape (1024, 8), to what the packed form holds.

    Dark current in 127 steps up to the largest, its mean kept; read noise in steps of 1/256 to 1/128, from 1/16
    of the largest on, its median kept.

    Examples
    --------
    >>> kinds = pack_kinds(np.ones((1024, 8)), np.linspace(0.5, 2, 8192).reshape(1024, 8))
    >>> round(float(np.median(kinds.noise_ratio)), 6), float(kinds.dark_level.max())
    (1.25, 1.0)
    """
    dark_steps = np.rint(dark_level * (127 / max(float(dark_level.max()), 1e-30)))
    dark_unit = float(dark_level.mean() / max(dark_steps.mean(), 1e-30))
    in_range = (noise_ratio * (7.9 / noise_ratio.max())).astype(np.float32).view(np.uint32).astype(np.int64)
    code = np.clip((in_range - NOISE_BASE + (1 << 15)) >> 16, 0, 511)
    noise = ((code << 16) + NOISE_BASE).astype(np.uint32).view(np.float32).astype(np.float64)
    noise_unit = float(np.median(noise_ratio) / np.median(noise))
    packed = np.ascontiguousarray(dark_steps.astype(np.uint16) | (code << 7).astype(np.uint16))
    return PixelKinds(dark_steps * dark_unit, noise * noise_unit, packed.view(np.uint64), dark_unit, noise_unit)


@lru_cache(maxsize=64)
def pixel_kinds(dark_nonuniformity: float, spread: NoiseSpread) -> PixelKinds:
    """Kinds of pixels with both distributions and no correlation between them.

    Each of eight neighbours has the same distribution: of every eight successive classes each column takes one.
    Limits: the correlation of neighbours in a group is that of 1024 drawn pairs (about 3 %).
    """
    dark, noise = dark_levels(dark_nonuniformity, GROUPS * GROUP_PX), spread_levels(spread, GROUPS * GROUP_PX)
    return pack_kinds(dealt(dark, "dark"), dealt(noise, "noise"))


@dataclass(frozen=True, eq=False, slots=True)
class BodyStreams:
    """Keys of what is fixed in one camera body."""

    kind: int
    warm: int
    telegraph: int


@dataclass(frozen=True, eq=False, slots=True)
class Plan:
    """One exposure.

    Attributes
    ----------
    area : Window
        What is read, unbinned total px.
    effective : Window
        Where light falls, total px.
    dark_areas : tuple of Window
        Virtual pixels (overscan), total px: neither light nor dark current nor telegraph noise.
    blank_areas : tuple of Window
        Pixels that read 0, total px.
    total_width : int
        Columns of the sensor.
    bin, output_bits : int
    row_start_ns, row_end_ns : ndarray of int64, shape (window rows,)
        Exposure of each row, UTC.
    exposure_s : float
        Of each row.
    body : BodyStreams
    frame_key, shot_stream, telegraph_stream : int
        Keys of what is new in each frame.
    prnu_fraction : float
    dark_e : float
        Mean dark electrons of ordinary pixels in this exposure.
    warm_gap, warm_median_e, warm_log_sigma : float
        See `fullwell.sensor.dark.warm_pixels`.
    glow_row_e : ndarray of float64, shape (total rows,)
    glow_column_share : ndarray of float64, shape (total columns,)
        Glow electrons of a pixel = product.
    kinds : PixelKinds
    neighbour_correlation : float
    telegraph_traps : float
    telegraph_table : ndarray of float32, shape (1024, 4)
        See `fullwell.readout.telegraph`.
    chains : tuple of ChainPlan
    shot_noise : bool
        Off = every pixel holds its expected electrons, for tests of all the rest.
    """

    area: Window
    effective: Window
    dark_areas: tuple[Window, ...]
    blank_areas: tuple[Window, ...]
    total_width: int
    bin: int
    output_bits: int
    row_start_ns: NDArray[np.int64]
    row_end_ns: NDArray[np.int64]
    exposure_s: float
    body: BodyStreams
    frame_key: int
    shot_stream: int
    telegraph_stream: int
    prnu_fraction: float
    dark_e: float
    warm_gap: float
    warm_median_e: float
    warm_log_sigma: float
    glow_row_e: NDArray[np.float64]
    glow_column_share: NDArray[np.float64]
    kinds: PixelKinds
    neighbour_correlation: float
    telegraph_traps: float
    telegraph_table: NDArray[np.float32]
    chains: tuple[ChainPlan, ...]
    shot_noise: bool = True

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of the frame."""
        return self.area.height // self.bin, len(self.chains) * (self.area.width // self.bin)

    def interval(self, first: int, last: int) -> Interval:
        """When the rows `first` to `last` (exclusive) of the window were exposed."""
        return Interval(self.row_start_ns[first:last], self.row_end_ns[first:last], self.frame_key)


def plan(
    model: CameraModel,
    mode: ReadMode,
    settings: Settings,
    temperature_c: float,
    body_seed: int,
    sequence: int,
    timing: RowTiming,
    row0_start_ns: int,
) -> Plan:
    """Gather all that one exposure needs.

    Parameters
    ----------
    model : CameraModel
    mode : ReadMode
        One of ``model.modes``.
    settings : Settings
        In force for this frame; checked before.
    temperature_c : float
        Of the sensor during the exposure.
    body_seed : int
        Which camera body: fixed patterns are a function of it.
    sequence : int
        Which frame of that body: noise is a function of both.
    timing : RowTiming
        Clockwork of this frame.
    row0_start_ns : int
        UTC, start of exposure of row 0 of the window.
    """
    sensor, geometry = model.sensor, model.sensor.geometry
    area = _read_area(model, settings)
    offsets_ns = timing.offsets_ns(np.arange(area.height, dtype=np.int64))
    row_start_ns = row0_start_ns + offsets_ns
    row_end_ns = row_start_ns + timing.exposure_ns
    exposure_s = timing.exposure_ns * 1e-9
    frame_key = key(body_seed, "frame", sequence)
    dark = sensor.dark
    at_zero, at_temperature = dark_rate_e_per_s(dark, 0.0), dark_rate_e_per_s(dark, temperature_c)
    glow_row, glow_column = _glow(model, settings.anti_glow)
    return Plan(
        area=area,
        effective=geometry.effective,
        dark_areas=geometry.overscan,
        blank_areas=geometry.blank,
        total_width=geometry.total_width,
        bin=settings.format.bin,
        output_bits=settings.format.bits,
        row_start_ns=row_start_ns,
        row_end_ns=row_end_ns,
        exposure_s=exposure_s,
        body=BodyStreams(*(key(body_seed, name) for name in ("kind", "warm", "telegraph"))),
        frame_key=frame_key,
        shot_stream=key(frame_key, "shot noise"),
        telegraph_stream=key(frame_key, "telegraph"),
        prnu_fraction=sensor.prnu_fraction,
        dark_e=at_temperature * exposure_s,
        warm_gap=float(mean_gap(dark.warm_fraction)),
        warm_median_e=dark.warm_rate_median_e_per_s * at_temperature / at_zero * exposure_s,
        warm_log_sigma=dark.warm_rate_sigma_dex * _LN10,
        glow_row_e=glow_row * exposure_s,
        glow_column_share=glow_column,
        kinds=pixel_kinds(dark.nonuniformity_fraction, sensor.read_noise_spread),
        neighbour_correlation=sensor.neighbour_correlation,
        telegraph_traps=traps_per_block(sensor.telegraph.fraction),
        telegraph_table=_telegraph_table(model, settings.telegraph_suppression),
        chains=tuple(
            _chain(model, number, chain, settings, body_seed, frame_key, area, row_end_ns, timing.rows_per_step)
            for number, chain in enumerate(mode.chains)
        ),
    )


def _chain(
    model: CameraModel,
    number: int,
    chain: Chain,
    settings: Settings,
    body_seed: int,
    frame_key: int,
    area: Window,
    row_end_ns: NDArray[np.int64],
    rows_per_step: int,
) -> ChainPlan:
    point = chain.curve.at(settings.gain)
    banding = model.sensor.banding
    steps = np.arange(area.top, area.bottom, dtype=np.int64) // rows_per_step
    row_e = row_noise_e(key(frame_key, "row noise", number), steps, banding)
    row_e = row_e + periodic_bands_e(row_end_ns, banding, settings.usb_traffic)
    return ChainPlan(
        e_per_dn=point.e_per_dn,
        gaussian_median_e=point.gaussian_median_e,
        bias_dn=bias_dn(model, settings.offset, chain.adc_bits),
        adc_bits=chain.adc_bits,
        pixel_well_e=chain.pixel_well_e,
        bend_per_e2=bend_per_e2(model.sensor.nonlinearity_fraction, chain.pixel_well_e),
        row_dn=row_e / point.e_per_dn,
        column_dn=_column_e(model, body_seed, number) / point.e_per_dn,
        noise_stream=key(frame_key, "read noise", number),
    )


def _read_area(model: CameraModel, settings: Settings) -> Window:
    window, effective = settings.format.window, model.sensor.geometry.effective
    if settings.format.overscan:
        return window
    return type(window)(window.left + effective.left, window.top + effective.top, window.width, window.height)


@lru_cache(maxsize=16)
def _glow(model: CameraModel, anti_glow: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return glow_profiles(model.sensor.glow, model.sensor.geometry, anti_glow)


@lru_cache(maxsize=16)
def _telegraph_table(model: CameraModel, suppressed: bool) -> NDArray[np.float32]:
    return class_table(model.sensor.telegraph, suppressed)


@lru_cache(maxsize=16)
def _column_e(model: CameraModel, body_seed: int, chain: int) -> NDArray[np.float64]:
    columns = np.arange(model.sensor.geometry.total_width, dtype=np.int64)
    return column_noise_e(key(body_seed, "columns", chain), columns, model.sensor.banding)
