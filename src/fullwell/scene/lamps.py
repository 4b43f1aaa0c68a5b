"""Light of the bench: nothing, an exactly even level, a flat-field lamp, a pulsed LED.

All levels are electrons per second in the pixels, as the sensor frees them: a level does not depend on filter or
coating, which keeps photon transfer free of either.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import InvalidValue
from fullwell.models.facts import Sensor
from fullwell.scene.illumination import fill_mosaic, illumination_grid, shade
from fullwell.scene.light import Answers, Interval, Pointing
from fullwell.scene.limits import require_instant, require_number
from fullwell.scene.optics import Optics
from fullwell.scene.spectra import black_body, channels

HIGHEST_RATE_E_PER_S = 1e9
_LAMP_TEMPERATURE_K = 3000.0


def seconds(interval: Interval) -> NDArray[np.float32]:
    """Exposure of each row, s."""
    return ((interval.stop_ns - interval.start_ns) * 1e-9).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Uniform:
    """The same light in every pixel, exactly flat, mosaic or not.

    Parameters
    ----------
    rate_e_per_s : float
        Electrons per second and pixel, 0 to 1e9.

    Examples
    --------
    >>> Uniform(rate_e_per_s=-1)
    Traceback (most recent call last):
    ...
    fullwell.errors.OutOfRange: rate_e_per_s of -1 e-/s is outside 0 to 1e+09 e-/s. Choose a value in that range.
    """

    rate_e_per_s: float

    def __post_init__(self) -> None:
        require_number("rate_e_per_s", self.rate_e_per_s, 0, HIGHEST_RATE_E_PER_S, "e-/s")

    def bind(self, sensor: Sensor, coating: str, filter_name: str, seed: int) -> BoundUniform:
        """The scene as a sensor sees it; see `fullwell.scene.light.Scene`."""
        channels(sensor, coating, filter_name)
        return BoundUniform(self.rate_e_per_s, Pointing(filter_name=filter_name))


@dataclass(frozen=True, slots=True)
class Dark:
    """No light: shutter closed, cap on."""

    def bind(self, sensor: Sensor, coating: str, filter_name: str, seed: int) -> BoundUniform:
        """The scene as a sensor sees it; see `fullwell.scene.light.Scene`."""
        channels(sensor, coating, filter_name)
        return BoundUniform(0.0, Pointing(filter_name=filter_name))


@dataclass(frozen=True, slots=True)
class BoundUniform:
    """An even level on a sensor."""

    rate_e_per_s: float
    pointing: Pointing

    def expose(self, out: NDArray[np.float32], left: int, top: int, interval: Interval) -> None:
        """Fill a strip; see `fullwell.scene.light.BoundScene`."""
        out[...] = (seconds(interval) * np.float32(self.rate_e_per_s))[:, np.newaxis]

    def answers(self, top: int, interval: Interval) -> Answers:
        """The answer key; see `fullwell.scene.light.BoundScene`."""
        return Answers(effects={"light": f"{self.rate_e_per_s:g} e-/s in every pixel"})


@dataclass(frozen=True, slots=True)
class Flat:
    """A flat-field lamp seen through the telescope: vignetting, dust shadows, the colours of the mosaic.

    Parameters
    ----------
    rate_e_per_s : float
        Electrons per second and pixel at the centre, before dust, 0 to 1e9; on a colour sensor those of its most
        sensitive colour.
    focal_length_mm, aperture_mm, obstruction, image_circle_mm, dust
        See `fullwell.scene.optics.Optics`. Those of the sky frames to be corrected.
    """

    rate_e_per_s: float = 10_000.0
    focal_length_mm: float = 530.0
    aperture_mm: float = 106.0
    obstruction: float = 0.0
    image_circle_mm: float = 20.0
    dust: int = 8

    def __post_init__(self) -> None:
        require_number("rate_e_per_s", self.rate_e_per_s, 0, HIGHEST_RATE_E_PER_S, "e-/s")
        self.optics()

    def optics(self) -> Optics:
        """The telescope in front of the camera."""
        return Optics(
            focal_length_mm=self.focal_length_mm,
            aperture_mm=self.aperture_mm,
            obstruction=self.obstruction,
            image_circle_mm=self.image_circle_mm,
            dust=self.dust,
        )

    def bind(self, sensor: Sensor, coating: str, filter_name: str, seed: int) -> BoundFlat:
        """The scene as a sensor sees it; see `fullwell.scene.light.Scene`."""
        colours = channels(sensor, coating, filter_name)
        level = colours.electrons(black_body(_LAMP_TEMPERATURE_K))
        if level.max() <= 0:
            raise InvalidValue(
                f"the coating {coating!r} sees nothing of a flat-field lamp through filter {filter_name!r}.",
                "Choose another filter or coating.",
            )
        pattern = (self.rate_e_per_s * level / level.max())[colours.index]
        pointing = Pointing(
            filter_name=filter_name, focal_length_mm=self.focal_length_mm, aperture_mm=self.aperture_mm
        )
        grid = illumination_grid(sensor.geometry, self.optics(), filter_name, seed)
        return BoundFlat(pattern.astype(np.float32), grid, pointing)


@dataclass(frozen=True, eq=False)
class BoundFlat:
    """A flat-field lamp on a sensor."""

    pattern_e_per_s: NDArray[np.float32]
    grid: NDArray[np.float32]
    pointing: Pointing

    def expose(self, out: NDArray[np.float32], left: int, top: int, interval: Interval) -> None:
        """Fill a strip; see `fullwell.scene.light.BoundScene`."""
        fill_mosaic(out, left, top, self.pattern_e_per_s)
        shade(out, left, top, self.grid, seconds(interval))

    def answers(self, top: int, interval: Interval) -> Answers:
        """The answer key; see `fullwell.scene.light.BoundScene`."""
        darkest = f"{100 * float(self.grid.min()):.1f} % of the centre where it is darkest"
        rate = float(self.pattern_e_per_s.max())
        return Answers(effects={"light": f"lamp of {rate:g} e-/s at the centre", "vignetting": darkest})


@dataclass(frozen=True, slots=True)
class Led:
    """A light-emitting diode that lights all pixels alike, on and off at known instants.

    A row catches the part of each pulse that falls into its own exposure, to the nanosecond: the edges of the
    rolling shutter become visible, which is how row times are calibrated.

    Parameters
    ----------
    rate_e_per_s : float
        Electrons per second and pixel while it is on, 0 to 1e9.
    pulses_ns : sequence of (int, int), optional
        Start and stop of each pulse, UTC ns since 1970. They may not overlap.
    period_ns, on_ns : int, optional
        Instead of `pulses_ns`: for ever on for `on_ns` of each `period_ns`.
    epoch_ns : int, default 0
        An instant at which it goes on, for the periodic form.

    Examples
    --------
    >>> Led(rate_e_per_s=1e6, period_ns=1_000_000, on_ns=100_000).lit_ns(950_000, 1_050_000)
    50000
    >>> Led(rate_e_per_s=1e6, pulses_ns=((1_000, 4_000), (9_000, 9_500))).lit_ns(3_000, 10_000)
    1500
    """

    rate_e_per_s: float
    pulses_ns: tuple[tuple[int, int], ...] = field(default=())
    period_ns: int = 0
    on_ns: int = 0
    epoch_ns: int = 0

    def __post_init__(self) -> None:
        require_number("rate_e_per_s", self.rate_e_per_s, 0, HIGHEST_RATE_E_PER_S, "e-/s")
        object.__setattr__(self, "pulses_ns", _pulses(self.pulses_ns))
        for name in ("period_ns", "on_ns", "epoch_ns"):
            require_instant(name, getattr(self, name))
        if bool(self.pulses_ns) == bool(self.period_ns):
            raise InvalidValue(
                "an LED needs either pulses_ns or period_ns with on_ns.", "Give one of the two, not both."
            )
        if self.period_ns < 0 or not 0 <= self.on_ns <= self.period_ns:
            raise InvalidValue(
                f"on_ns of {self.on_ns} does not fit into period_ns of {self.period_ns}.",
                "Choose 0 <= on_ns <= period_ns.",
            )

    def lit_ns(self, start_ns: int, stop_ns: int) -> int:
        """How long it is on between two instants, ns."""
        return int(self.lit_before(np.array([stop_ns]))[0] - self.lit_before(np.array([start_ns]))[0])

    def lit_before(self, instant_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Time it was on before each instant, ns, from an arbitrary origin."""
        if self.period_ns:
            whole, part = np.divmod(instant_ns - self.epoch_ns, self.period_ns)
            return np.asarray(whole * self.on_ns + np.minimum(part, self.on_ns))
        start_ns, stop_ns = np.array(self.pulses_ns, np.int64).T
        lit_ns = np.concatenate([[0], np.cumsum(stop_ns - start_ns)])
        begun = np.searchsorted(start_ns, instant_ns, side="right")
        to_come = np.maximum(stop_ns[begun - 1] - instant_ns, 0)  # of the pulse begun last
        return np.asarray(np.where(begun > 0, lit_ns[begun] - to_come, 0))

    def bind(self, sensor: Sensor, coating: str, filter_name: str, seed: int) -> BoundLed:
        """The scene as a sensor sees it; see `fullwell.scene.light.Scene`."""
        channels(sensor, coating, filter_name)
        return BoundLed(self, Pointing(filter_name=filter_name))


def _pulses(given: object) -> tuple[tuple[int, int], ...]:
    """Pulses in order of time, checked."""
    try:
        pulses = sorted((start, stop) for start, stop in given)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise InvalidValue(
            f"pulses_ns must be pairs of start and stop, not {given!r}.",
            "Give e.g. [(1000, 2000), (5000, 6000)].",
        ) from None
    before = None
    for start, stop in pulses:
        require_instant("start of a pulse", start)
        require_instant("stop of a pulse", stop)
        if stop < start or (before is not None and start < before):
            raise InvalidValue(
                f"the pulse from {start} to {stop} ns ends before it starts, or overlaps the one before.",
                "Give pulses apart from each other, start before stop.",
            )
        before = stop
    return tuple(pulses)


@dataclass(frozen=True, slots=True)
class BoundLed:
    """A pulsed LED on a sensor."""

    led: Led
    pointing: Pointing

    def expose(self, out: NDArray[np.float32], left: int, top: int, interval: Interval) -> None:
        """Fill a strip; see `fullwell.scene.light.BoundScene`."""
        lit_ns = self.led.lit_before(interval.stop_ns) - self.led.lit_before(interval.start_ns)
        out[...] = (lit_ns * (1e-9 * self.led.rate_e_per_s)).astype(np.float32)[:, np.newaxis]

    def answers(self, top: int, interval: Interval) -> Answers:
        """The answer key; see `fullwell.scene.light.BoundScene`."""
        lit_ns = self.led.lit_before(interval.stop_ns) - self.led.lit_before(interval.start_ns)
        told = f"LED of {self.led.rate_e_per_s:g} e-/s, on for {lit_ns.min()} to {lit_ns.max()} ns of a row"
        return Answers(effects={"light": told})
