"""The table of examinations, and the round that the doctor makes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fullwell.camera.engine import Camera
from fullwell.camera.frame import DeviceIdentity, Settings
from fullwell.errors import DeviceFault, ExposureAborted, InvalidOperation, InvalidValue, NoImage, UnknownName
from fullwell.measure.doctor import (
    banding,
    cooling,
    darkness,
    dew,
    disk,
    frames,
    gain,
    link,
    noise,
    power,
    settings,
    timekeeping,
    wheel,
)
from fullwell.measure.doctor.patient import Patient, Wish
from fullwell.measure.doctor.verdict import State, Trouble, Verdict, ill, unknown

__all__ = ["EXAMINATIONS", "Examination", "Report", "examine"]


@dataclass(frozen=True, slots=True)
class Examination:
    """One thing that the doctor does.

    Attributes
    ----------
    name : str
        For the command line.
    title : str
        For people.
    run : callable
        Gets the patient, gives verdicts.
    """

    name: str
    title: str
    run: Callable[[Patient], Iterable[Verdict]]


EXAMINATIONS: Final = (
    Examination("settings", "Settings: asked against used", settings.examine),
    Examination("frames", "Frames that are not what they claim", frames.examine),
    Examination("link", "Speed of the link", link.examine),
    Examination("disk", "Speed of the disk", disk.examine),
    Examination("noise", "Bias, read noise and telegraph noise", noise.examine),
    Examination("dark", "Dark current and hot pixels", darkness.examine),
    Examination("gain", "Gain", gain.examine),
    Examination("banding", "Bands and USB traffic", banding.examine),
    Examination("time", "Clock and GPS", timekeeping.examine),
    Examination("wheel", "Filter wheel", wheel.examine),
    Examination("cooling", "Cooler", cooling.examine),
    Examination("power", "Supply, cable and lock-out", power.examine),
    Examination("dew", "Dew and frost", dew.examine),
)


FAILURES: Final = (DeviceFault, InvalidOperation, ExposureAborted)
"""Errors that speak of the camera, not of the question."""


@dataclass(frozen=True, eq=False)
class Report:
    """What the doctor found.

    Attributes
    ----------
    identity : DeviceIdentity
    settings : Settings
        As found.
    begin_ns, end_ns : int
        UTC.
    verdicts : tuple of (Examination, Verdict)
        In the order of the round.
    """

    identity: DeviceIdentity
    settings: Settings
    begin_ns: int
    end_ns: int
    verdicts: tuple[tuple[Examination, Verdict], ...]

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What is wrong, in order, each once."""
        return tuple(dict.fromkeys(each.trouble for _, each in self.verdicts if each.trouble is not None))

    @property
    def state(self) -> State:
        """Of the camera: trouble if anything is, cannot tell if nothing could be told."""
        states = {each.state for _, each in self.verdicts}
        if State.TROUBLE in states:
            return State.TROUBLE
        return State.HEALTHY if State.HEALTHY in states else State.CANNOT_TELL

    def as_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "camera": self.identity.id,
            "model": self.identity.model_key,
            "firmware": self.identity.firmware,
            "fpga": self.identity.fpga,
            "begin_ns": self.begin_ns,
            "end_ns": self.end_ns,
            "state": self.state.value,
            "troubles": [each.value for each in self.troubles],
            "verdicts": [{"examination": kind.name, **each.as_plain()} for kind, each in self.verdicts],
        }


def examine(
    camera: Camera,
    *,
    only: Collection[str] = (),
    frame_rate_fps: float | None = None,
    quick: bool = False,
    lit: bool = False,
    folder: Path | None = None,
    apply: bool = False,
    progress: Callable[[Examination, float], None] = lambda _kind, _fraction: None,
) -> Report:
    """Examine a camera by what any client can do with it, and leave it as it was found.

    Parameters
    ----------
    camera : Camera
        Open and idle, covered or before an even light (`lit`). With real clocks this takes minutes.
    only : collection of str
        Names of `EXAMINATIONS`; default is all.
    frame_rate_fps, quick, lit, folder, apply
        See `fullwell.measure.doctor.patient.Wish`.
    progress : callable
        Gets the examination under way and the fraction of it that is done.

    Returns
    -------
    Report

    Raises
    ------
    UnknownName
        If there is no such examination.
    InvalidValue
        If the frame rate is not above 0.

    Notes
    -----
    Each verdict calls a healthy camera ill with a probability of about 1e-6
    (`fullwell.measure.doctor.patient.FALSE_ALARM`): its limits follow from the facts of the model, a stated
    allowance for differences between bodies, and the noise of the measurement itself.
    """
    chosen = tuple(_chosen(only))
    if frame_rate_fps is not None and not frame_rate_fps > 0:
        raise InvalidValue(f"a frame rate of {frame_rate_fps!r} fps is none.", "Give one above 0.")
    wish = Wish(frame_rate_fps, quick, lit, folder, apply)
    begin_ns = camera.clock.now_ns()
    found = camera.settings
    try:
        patient = Patient(camera, wish)
    except FAILURES as error:
        return Report(camera.identity, found, begin_ns, begin_ns, ((chosen[0], _no_answer(chosen[0], error)),))
    verdicts: list[tuple[Examination, Verdict]] = []
    for kind in chosen:
        progress(kind, 0.0)
        patient.progress = lambda fraction, kind=kind: progress(kind, fraction)  # type: ignore[misc]
        answers, words = _round(kind, patient)
        verdicts += ((kind, verdict) for verdict in words)
        progress(kind, 1.0)
        if not answers:
            break
    if apply and answers and patient.advised_traffic is not None:
        camera.configure(usb_traffic=patient.advised_traffic)
    return Report(camera.identity, found, begin_ns, camera.clock.now_ns(), tuple(verdicts))


def _chosen(only: Collection[str]) -> Iterator[Examination]:
    known = {each.name: each for each in EXAMINATIONS}
    for name in only:
        if name not in known:
            raise UnknownName("examination", name, known)
    return (each for each in EXAMINATIONS if not only or each.name in only)


def _round(kind: Examination, patient: Patient) -> tuple[bool, list[Verdict]]:
    """Whether the camera still answers, and the verdicts; one that fails on the way is ill."""
    verdicts: list[Verdict] = []
    try:
        verdicts.extend(kind.run(patient))
    except NoImage as error:
        verdicts.append(unknown(kind.title, error.message.capitalize(), error.remedy))
    except FAILURES as error:
        verdicts.append(_no_answer(kind, error))
    finally:
        answers = _left_as_found(patient)
    if not answers and not any(each.trouble is Trouble.NO_ANSWER for each in verdicts):
        verdicts.append(_no_answer(kind, patient.camera.last_error))
    return answers, verdicts


def _left_as_found(patient: Patient) -> bool:
    """Set the camera as it was; False if it does not answer."""
    try:
        patient.restore_settings()
        patient.restore_cooling()
    except FAILURES:
        return False
    return True


def _no_answer(kind: Examination, error: Exception | None) -> Verdict:
    message, remedy = getattr(error, "message", "it does not answer."), getattr(error, "remedy", "")
    return ill(
        kind.title,
        Trouble.NO_ANSWER,
        f"The camera failed during the examination: {message}",
        remedy or "Check cable and power, and examine it again.",
    )
