"""A dark room with an even lamp and a camera in it: what a person does who measures a camera body.

Only the public API is used. Cameras live on an instant clock, so exposures cost no waiting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fullwell
from fullwell import measure
from fullwell.models.facts import CameraModel, Chain, GainPoint, ReadMode, Window
from fullwell.scene import Dark, Uniform

LAMP_E_PER_S = 20_000.0
"""Electrons per second and pixel from the lamp."""

SATURATING = 2.0
"""Light of a saturated frame in units of full well; the smallest well needs that much to be 10 sigma over."""

SEED = 20


@lru_cache(maxsize=4)
def camera(key: str, link: str, lit: bool) -> Any:
    """One camera body of a model, under the lamp or with its cap on. Both are the same body."""
    scene = Uniform(rate_e_per_s=LAMP_E_PER_S) if lit else Dark()
    return fullwell.open(f"twin:{key}", scene=scene, seed=SEED, clock="instant", link=link)


@dataclass(frozen=True)
class Setting:
    """A read-out chain of one mode at one gain setting, and what the facts say of it."""

    model: CameraModel
    mode: ReadMode
    chain_index: int
    gain: int

    @property
    def chain(self) -> Chain:
        return self.mode.chains[self.chain_index]

    @property
    def facts(self) -> GainPoint:
        return self.chain.curve.at(self.gain)

    @property
    def dn_per_dn16(self) -> float:
        """Counts of this ADC per count of 16 bits."""
        return 2.0 ** (self.chain.adc_bits - 16)

    def quiet_offset(self, room_e: float = 30.0) -> int:
        """Smallest offset that keeps noise and downward telegraph jumps above 0, not below the default."""
        step_dn = self.model.offset_dn_per_step * self.dn_per_dn16
        zero_dn = self.model.offset_dn_zero * self.dn_per_dn16
        room_dn = max(room_e, 8.0 * self.facts.read_noise_rms_e) / self.facts.e_per_dn
        wanted = int(np.ceil((room_dn - zero_dn) / step_dn))
        return int(np.clip(wanted, self.model.offset.default, self.model.offset.high))

    def bench(self, lit: bool, window: Window, offset: int | None = None) -> Bench:
        """The camera set up for this, counts of the chain's own ADC."""
        link = next(link.name for link in self.model.links if link.name in self.mode.links)
        device = camera(self.model.key, link, lit)
        device.configure(
            mode=self.mode.number,
            gain=self.gain,
            offset=int(self.model.offset.default) if offset is None else offset,
            bits=self.chain.adc_bits,
            window=window,
            bin=1,
            usb_traffic=int(self.model.usb_traffic.default),
        )
        return Bench(device, self.chain_index, len(self.mode.chains))


@dataclass(frozen=True)
class Bench:
    """A camera ready to take frames of one chain."""

    camera: Any
    chain_index: int
    chains: int

    def take(self, exposure_s: float) -> tuple[NDArray[Any], float]:
        """One frame of the chain (a copy), and its true exposure in s."""
        self.camera.configure(exposure_s=exposure_s)
        frame = self.camera.expose()
        side_by_side = np.split(frame.data, self.chains, axis=1)
        return side_by_side[self.chain_index].copy(), frame.report.timing.exposure_ns * 1e-9

    def shortest(self) -> float:
        return float(self.camera.model.exposure_s.low)

    def biases(self, frames: int) -> Iterator[NDArray[Any]]:
        """Frames of the shortest exposure."""
        return (self.take(self.shortest())[0] for _ in range(frames))

    def pair(self, exposure_s: float) -> tuple[measure.transfer.Pair, float]:
        """Two frames of the same light, and their true exposure."""
        first, true_s = self.take(exposure_s)
        return (first, self.take(exposure_s)[0]), true_s


LEVELS = (0.02, 0.06, 0.12, 0.2, 0.28, 0.36, 0.44, 0.6, 0.75, 0.85, 0.93)
"""Shares of full well at which photon transfer is measured, before one that saturates."""

FIT_UP_TO = 0.5
"""Above it the bend of the response (0.5 % at 95 % of the well, cubic) would show in the gain."""


def photon_transfer(setting: Setting, window: Window, offset: int) -> measure.PhotonTransfer:
    """The photon transfer curve of a setting."""
    dark, lamp = (setting.bench(lit, window, offset) for lit in (False, True))
    bias, _ = dark.pair(dark.shortest())
    rail_e = (2**setting.chain.adc_bits - 1 - float(np.mean(bias[0]))) * setting.facts.e_per_dn
    top_e = min(setting.facts.full_well_e, rail_e)
    taken = [lamp.pair(share * top_e / LAMP_E_PER_S) for share in LEVELS]
    saturated, _ = lamp.pair(SATURATING * top_e / LAMP_E_PER_S)
    light = [exposure_s for _, exposure_s in taken]
    flats = [pair for pair, _ in taken]
    return measure.photon_transfer(bias, [*flats, saturated], [*light, 2 * light[-1]], fit_up_to=FIT_UP_TO)


def saturation_dn(setting: Setting, window: Window) -> float:
    """Mean of a saturated frame above bias at the default offset, counts of the ADC."""
    dark, lamp = (setting.bench(lit, window) for lit in (False, True))
    exposure_s = SATURATING * setting.facts.full_well_e / LAMP_E_PER_S
    bright = lamp.take(exposure_s)[0]
    return float(np.mean(bright) - np.mean(dark.take(dark.shortest())[0]))
