"""The shape of the facts of one camera: frozen dataclasses, units in every name, no behaviour beyond look-up.

The values live in ``<model>.toml`` and ``curves/*.csv`` beside this file; `fullwell.models.load` reads them.
Coordinates are those of the whole sensor output ("total" pixels): (left, top, width, height), row 0 is read
first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fullwell.errors import OutOfRange, UnknownName
from fullwell.models.body_facts import Chamber, Thermal
from fullwell.models.connector import Connector
from fullwell.models.power import Power

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of pixels.

    Parameters
    ----------
    left, top : int
        First column and first row, 0-based, px.
    width, height : int
        Columns and rows, px, at least 1.
    """

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column beyond the window."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """First row beyond the window."""
        return self.top + self.height

    def contains(self, other: Window) -> bool:
        """Whether `other` lies wholly inside."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the pixels of the sensor are.

    Attributes
    ----------
    total_width, total_height : int
        Everything that is read out, px.
    effective : Window
        The image area, in total pixels. Client windows are relative to its corner.
    optical_black : tuple of Window
        Pixels shielded from light (bias, dark and all noise, no photons), in total pixels.
    overscan : tuple of Window
        Virtual pixels: bias and read noise only.
    blank : tuple of Window
        Pixels that read exactly 0.
    pixel_size_um : float
        Pitch in both directions.
    """

    total_width: int
    total_height: int
    effective: Window
    optical_black: tuple[Window, ...]
    overscan: tuple[Window, ...]
    blank: tuple[Window, ...]
    pixel_size_um: float


@dataclass(frozen=True, slots=True)
class GainPoint:
    """What a read-out chain does at one gain setting.

    Attributes
    ----------
    gain_setting : float
        The vendor's knob, no unit.
    e_per_dn : float
        System gain, electrons per count of the chain's own ADC.
    read_noise_median_e : float
        Median over the pixels of the temporal noise without light, telegraph noise included.
    read_noise_rms_e : float
        Root mean square over the pixels of the same.
    gaussian_median_e : float
        Median over the pixels of the Gaussian part alone: what `NoiseSpread.ratio` multiplies. Row noise and
        telegraph jumps come on top, and together they give the two figures above.
    full_well_e : float
        Largest mean signal that photon transfer can show: the smaller of the pixel's well and the ADC's rail
        less the bias at the model's default offset.
    """

    gain_setting: float
    e_per_dn: float
    read_noise_median_e: float
    read_noise_rms_e: float
    gaussian_median_e: float
    full_well_e: float


@dataclass(frozen=True, eq=False)
class GainCurve:
    """Gain, noise and full well of one read-out chain over the gain setting.

    Between nodes linear in the setting; a repeated node is a step, and the right-hand value holds at it (a
    step between 25 and 26 is entered as nodes 25 and 26).

    Attributes
    ----------
    gain_setting, e_per_dn, read_noise_median_e, read_noise_rms_e, gaussian_median_e, full_well_e : ndarray
        float64, shape (n,). See `GainPoint`.
    source : str
        Where the nodes come from.
    """

    gain_setting: NDArray[np.float64]
    e_per_dn: NDArray[np.float64]
    read_noise_median_e: NDArray[np.float64]
    read_noise_rms_e: NDArray[np.float64]
    gaussian_median_e: NDArray[np.float64]
    full_well_e: NDArray[np.float64]
    source: str

    def at(self, gain_setting: float) -> GainPoint:
        """The chain at one setting.

        Raises
        ------
        OutOfRange
            If the setting lies outside the nodes.
        """
        low, high = float(self.gain_setting[0]), float(self.gain_setting[-1])
        if not low <= gain_setting <= high:
            raise OutOfRange("gain", gain_setting, low, high)

        def value(column: NDArray[np.float64]) -> float:
            return float(np.interp(gain_setting, self.gain_setting, column))

        return GainPoint(
            float(gain_setting),
            value(self.e_per_dn),
            value(self.read_noise_median_e),
            value(self.read_noise_rms_e),
            value(self.gaussian_median_e),
            value(self.full_well_e),
        )


@dataclass(frozen=True, slots=True)
class Chain:
    """One read-out chain: amplifier and ADC. The 42 has two for the same pixels.

    Attributes
    ----------
    name : str
        "main", "high gain", "low gain".
    adc_bits : int
        Depth of the ADC.
    pixel_well_e : float
        Where the pixel itself saturates in this mode.
    curve : GainCurve
        Gain, noise and full well over the gain setting.
    """

    name: str
    adc_bits: int
    pixel_well_e: float
    curve: GainCurve


@dataclass(frozen=True, slots=True)
class ModeTiming:
    """The clockwork of a read mode; `fullwell.readout.timing` makes rates and row times of it.

    Attributes
    ----------
    line_period_ns : float
        Time from one row to the next at USB traffic 0 (two rows together count as two periods).
    line_period_per_traffic : float
        Relative lengthening of the line period per unit of USB traffic.
    speed_factor : tuple of float
        Line period factor for each value of the SPEED control, index = value. (1.0,) where there is none.
    rows_per_step : int
        Rows exposed and read together: 2, or 1 in the 2CMS modes.
    blanking_lines : float
        Line periods per frame beyond the rows read.
    short_word_factor : float
        Line period factor when words of 8 bits leave the camera (1.0 where the depth does not matter).
    end_offset_lines : float
    end_offset_us : float
        End of exposure of row 0 after the reference (GPS, vsync) pulse: lines x line period + us.
    """

    line_period_ns: float
    line_period_per_traffic: float
    speed_factor: tuple[float, ...]
    rows_per_step: int
    blanking_lines: float
    short_word_factor: float
    end_offset_lines: float
    end_offset_us: float


@dataclass(frozen=True, slots=True)
class ReadMode:
    """One way to read the sensor.

    Attributes
    ----------
    number : int
        Index as on the vendor's page.
    name : str
        As printed in the READOUTM card.
    description : str
        One line for people who choose.
    sdk_index : int or None
        Index in the vendor's library 26.6.4, None where it lists no such mode.
    chains : tuple of Chain
        One, or two whose images stand side by side in the frame (dual-gain HDR, high gain left).
    samples : int
        2 for correlated multiple sampling (2CMS), else 1.
    output_bits : tuple of int
        Word depths that can be asked for, the first is the default. 8 = upper 8 bits; a depth equal to the
        ADC's gives its counts as they are; 16 with a shorter ADC gives them moved to the upper bits.
    links : tuple of str
        Names of the links on which the mode exists.
    timing : ModeTiming
        The clockwork.
    """

    number: int
    name: str
    description: str
    sdk_index: int | None
    chains: tuple[Chain, ...]
    samples: int
    output_bits: tuple[int, ...]
    links: tuple[str, ...]
    timing: ModeTiming


@dataclass(frozen=True, slots=True)
class ShutterSignal:
    """The signal that tells the world outside when a frame is exposed, and that a GPS box stamps.

    Attributes
    ----------
    kind : str
        "vsync": a short pulse when the read-out begins. "exposure": high from the start to the end of exposure of
        the first sensor row. Row times refer to the falling edge of either.
    pulse_ns : int
        Width of a vsync pulse, ns; 0 where the width is the exposure.
    stamp_bytes : int
        How much of the frame's buffer the camera overwrites when it writes a GPS stamp, at least 44.
    """

    kind: str
    pulse_ns: int
    stamp_bytes: int


@dataclass(frozen=True, slots=True)
class Link:
    """A cable between camera and computer.

    Time of a frame on the link = bytes / rate + overhead. The printed rates of the 268 need one pair of these for
    words of 16 bits and another for words of 8 bits: no single pair gives both 6.5 fps at 16 bits and 14.5 fps
    at 8 bits.

    Attributes
    ----------
    name : str
        "usb3", "fibre".
    rate_bytes_per_s : float
        Sustained, words of two bytes.
    frame_overhead_s : float
        Dead time per frame, words of two bytes.
    short_word_rate_bytes_per_s : float
        Sustained, words of 8 bits.
    short_word_overhead_s : float
        Dead time per frame, words of 8 bits.
    reach_m : float
        Length of a plain cable up to which it works, m; 0 = not known.
    extended_reach_m : float
        The same with extenders or long-distance optics, m; 0 = not known.
    """

    name: str
    rate_bytes_per_s: float
    frame_overhead_s: float
    short_word_rate_bytes_per_s: float
    short_word_overhead_s: float
    reach_m: float = 0.0
    extended_reach_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Dark:
    """Dark current: log-linear in temperature between nodes, extrapolated with the end slopes.

    Attributes
    ----------
    temperature_c, rate_e_per_s : tuple of float
        Nodes; mean over ordinary pixels, per pixel.
    nonuniformity_fraction : float
        DSNU: relative standard deviation of the rate over ordinary pixels (gamma distributed).
    warm_fraction : float
        Share of warm and hot pixels.
    warm_rate_median_e_per_s : float
        Median extra rate of those at 0 C (log-normal).
    warm_rate_sigma_dex : float
        Width of the log-normal.
    """

    temperature_c: tuple[float, ...]
    rate_e_per_s: tuple[float, ...]
    nonuniformity_fraction: float
    warm_fraction: float
    warm_rate_median_e_per_s: float
    warm_rate_sigma_dex: float


@dataclass(frozen=True, slots=True)
class Telegraph:
    """Random telegraph noise: each affected pixel takes one of three levels in each frame.

    Value = core + {0 with probability A, -jump with B, +jump with 1 - A - B}. Parameters are drawn per pixel by
    linear interpolation in the given percentiles (0 and 100 included), from two independent uniform ranks: one
    for `no_jump` and `jump_e` together (large jumps are the rare ones), one for `lower_share`. With independent
    ranks the rms read noise of the measured IMX455 would come out 15 % too high.

    Attributes
    ----------
    fraction : float
        Share of pixels that jump.
    percentiles : tuple of float
        Of the three columns below.
    no_jump : tuple of float
        A.
    lower_share : tuple of float
        B / (1 - A).
    jump_e : tuple of float
        Size, electrons.
    suppressed_factor : float
        Jump size when the suppression switch is on, relative to off.
    """

    fraction: float
    percentiles: tuple[float, ...]
    no_jump: tuple[float, ...]
    lower_share: tuple[float, ...]
    jump_e: tuple[float, ...]
    suppressed_factor: float


@dataclass(frozen=True, slots=True)
class NoiseSpread:
    """Distribution over the pixels of the Gaussian read noise (telegraph jumps apart), relative to its median.

    Attributes
    ----------
    quantiles : tuple of float
        Ascending, from 0 to 1.
    ratio : tuple of float
        Read noise / median at those quantiles.
    """

    quantiles: tuple[float, ...]
    ratio: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Banding:
    """Noise common to a row, or to the rows that are read together.

    Attributes
    ----------
    row_noise_e : float
        Standard deviation of the random offset of each step of rows that are read together (``rows_per_step``:
        a real QHY600 frame has it in pairs of rows), electrons.
    periodic_amplitude_e : float
        Amplitude of the periodic bands at the worst USB traffic, electrons.
    periodic_frequency_hz : float
        Frequency of the disturbance.
    quiet_traffic : float
        USB traffic at which the bands vanish.
    traffic_width : float
        Distance in traffic over which they come back (amplitude x (1 - exp(-(d/width)^2))).
    column_noise_e : float
        Fixed offset of each column, standard deviation, electrons.
    """

    row_noise_e: float
    periodic_amplitude_e: float
    periodic_frequency_hz: float
    quiet_traffic: float
    traffic_width: float
    column_noise_e: float


@dataclass(frozen=True, slots=True)
class Glow:
    """Amplifier glow: a rate that falls off from one corner or edge.

    Attributes
    ----------
    rate_e_per_s : float
        At the source, per pixel; 0 for sensors without glow.
    scale_px : float
        1/e length.
    column, row : float
        Source in fractions of width and height of the effective area.
    anti_glow_factor : float
        Remaining share when the control is on.
    """

    rate_e_per_s: float
    scale_px: float
    column: float
    row: float
    anti_glow_factor: float


@dataclass(frozen=True, slots=True)
class Response:
    """Quantum efficiency of one coating, or of one colour of the mosaic.

    Attributes
    ----------
    name : str
        Coating ("standard", "TVISB", "UV", ...), or a Bayer letter.
    wavelength_nm, quantum_efficiency : tuple of float
        Nodes, linear between, 0 outside.
    """

    name: str
    wavelength_nm: tuple[float, ...]
    quantum_efficiency: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sensor:
    """The chip.

    Attributes
    ----------
    name, maker, illumination, shutter : str
        "IMX455", "Sony", "BSI", "rolling".
    bayer : str or None
        2x2 mosaic read row-wise from the corner of the effective area ("RGGB"); None = monochrome.
    geometry : Geometry
        Where the pixels are.
    coatings : tuple of Response
        One per coating that can be ordered; the first is the default.
    mosaic : dict of str to Response
        Transmission of each colour filter by Bayer letter, to be multiplied with the coating; empty for mono.
    prnu_fraction : float
        Pixel response non-uniformity, relative standard deviation.
    neighbour_correlation : float
        Correlation of the noise of adjacent pixels in a row (read-out chain memory), 0 to 0.1.
    nonlinearity_fraction : float
        Largest deviation from a straight line up to 95 % of full well.
    dark : Dark
    telegraph : Telegraph
    read_noise_spread : NoiseSpread
    banding : Banding
    glow : Glow
    pixel_period_ps : int
        Period of the clock that line periods are counted in, ps.
    """

    name: str
    maker: str
    illumination: str
    shutter: str
    bayer: str | None
    geometry: Geometry
    coatings: tuple[Response, ...]
    mosaic: dict[str, Response]
    prnu_fraction: float
    neighbour_correlation: float
    nonlinearity_fraction: float
    dark: Dark
    telegraph: Telegraph
    read_noise_spread: NoiseSpread
    banding: Banding
    glow: Glow
    pixel_period_ps: int


@dataclass(frozen=True, slots=True)
class Range:
    """What a control accepts.

    Attributes
    ----------
    low, high, step, default : float
        In the control's own unit.
    """

    low: float
    high: float
    step: float
    default: float


@dataclass(frozen=True, slots=True)
class Cooling:
    """What the cooler can do (the thermal law itself lives in the twin).

    Attributes
    ----------
    below_ambient_long_c : float
        Largest difference for exposures over 1 s, at full power.
    below_ambient_fast_c : float
        The same at high frame rate.
    settle_s : float
        From ambient to -10 C.
    below_ambient_liquid_c : float or None
        Largest difference with a liquid at ambient temperature; None where no such version is made.
    power_w : tuple of float
        Supply power at 0, 50 and 100 % cooler power.
    """

    below_ambient_long_c: float
    below_ambient_fast_c: float
    settle_s: float
    power_w: tuple[float, float, float]
    below_ambient_liquid_c: float | None = None


@dataclass(frozen=True, slots=True)
class Burst:
    """What a camera does in burst mode beyond the rule, and two switches of live mode that not every camera has.

    The rule: after each release the frames whose counter lies strictly between start and end leave the camera.

    Attributes
    ----------
    first_lost_links : tuple of str
        Cables over which the first burst after connecting lacks its first frame.
    late_from_exposure_s : float or None
        Exposures this long, s, and longer come out one number later: start + 2 to end. None = no such quirk.
    sends_unasked : bool
        Enabling the mode lets frames out at once while the counter lies between start and end, as it does on a
        camera just connected with a large end, unless IDLE came first.
    resets_counter : bool
        Whether the frame counter can be set to zero while live.
    anti_rbi : bool
        Whether live mode can flush the sensor between frames (against residual bulk images).
    """

    first_lost_links: tuple[str, ...]
    late_from_exposure_s: float | None
    sends_unasked: bool
    resets_counter: bool
    anti_rbi: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """A number of the facts with where it comes from, for people.

    Attributes
    ----------
    field : str
        Dotted name in the facts file.
    text : str
        The fact in words, with unit.
    source : str
        Who says so; for an assumption, why it is a sane one.
    assumed : bool
        True where no source prints it.
    """

    field: str
    text: str
    source: str
    assumed: bool


@dataclass(frozen=True, slots=True)
class PrintedRate:
    """A frame rate that the vendor prints, with the settings under which the timing law must give it.

    Attributes
    ----------
    mode : int
        Number of the read mode.
    link : str
        Name of the link.
    rows : int
        Rows read; full frame = all total rows.
    output_bits : int
        Word depth asked for.
    usb_traffic, speed : float
        The knobs.
    frames_per_s : float
        As printed.
    source : str
        Where, and which of the settings above the source leaves open.
    """

    mode: int
    link: str
    rows: int
    output_bits: int
    usb_traffic: float
    speed: float
    frames_per_s: float
    source: str


@dataclass(frozen=True, eq=False)
class CameraModel:
    """All facts of one camera.

    Attributes
    ----------
    key : str
        How commands name it ("qhy600-pro").
    name : str
        How people name it ("QHY600 Pro").
    sdk_name : str
        How the vendor's library names it ("QHY600M").
    sensor : Sensor
    modes : tuple of ReadMode
        In order of number.
    default_mode : int
    exposure_s : Range
    gain, offset, usb_traffic, speed, temperature_c : Range
        Ranges of the knobs; `speed` and `usb_traffic` have low == high where the camera has no such knob.
    offset_dn_per_step : float
    offset_dn_zero : float
        Bias level = zero + per_step x offset, in DN of 16 bits; scaled with the ADC's depth.
    bins : tuple of int
        Square binning factors.
    shutter_signal : ShutterSignal
        What the pin "shutter measure" shows and a GPS box stamps.
    links : tuple of Link
        The first is the default.
    cooling : Cooling
    buffer_bytes : int
        The camera's own frame memory.
    wheel_slots : int
        Positions of the filter wheel offered at the camera port, 0 where there is no port.
    printed_rates : tuple of PrintedRate
        Frame rates as the vendor prints them; tests hold the timing law against them.
    statements : tuple of Statement
        Every number with its source, assumptions included.
    connector : Connector or None
        GPIO socket and SMA ports; None where there are none.
    burst : Burst or None
        None where the camera has no burst mode.
    power : Power or None
        What it needs of its supply; None where nothing is known.
    thermal : Thermal or None
        Where heat is stored and how it flows; None where nobody knows.
    chamber : Chamber or None
        The sealed room before the sensor; None where nobody knows.
    """

    key: str
    name: str
    sdk_name: str
    sensor: Sensor
    modes: tuple[ReadMode, ...]
    default_mode: int
    exposure_s: Range
    gain: Range
    offset: Range
    usb_traffic: Range
    speed: Range
    temperature_c: Range
    offset_dn_per_step: float
    offset_dn_zero: float
    bins: tuple[int, ...]
    shutter_signal: ShutterSignal
    links: tuple[Link, ...]
    cooling: Cooling
    buffer_bytes: int
    wheel_slots: int
    printed_rates: tuple[PrintedRate, ...]
    statements: tuple[Statement, ...]
    connector: Connector | None = None
    burst: Burst | None = None
    power: Power | None = None
    thermal: Thermal | None = None
    chamber: Chamber | None = None

    def mode(self, name_or_number: str | int) -> ReadMode:
        """A read mode by number, or by name regardless of case.

        Raises
        ------
        UnknownName
            If there is no such mode.
        """
        wanted = str(name_or_number).strip().casefold()
        for mode in self.modes:
            if wanted in (str(mode.number), mode.name.casefold()):
                return mode
        raise UnknownName("mode", name_or_number, (f"{mode.number} ({mode.name})" for mode in self.modes))

    def link(self, name: str) -> Link:
        """A link by name.

        Raises
        ------
        UnknownName
            If the camera has no such link.
        """
        for link in self.links:
            if link.name == name:
                return link
        raise UnknownName("link", name, (link.name for link in self.links))
