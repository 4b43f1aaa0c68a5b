"""Plays a night: weather and troubles at their instants, and a client that goes on whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from fullwell.camera.alarms import AlarmEvent
from fullwell.camera.clock import Clock
from fullwell.camera.engine import Camera, State
from fullwell.camera.frame import Frame
from fullwell.connect import open_camera
from fullwell.errors import FullwellError, NotSupported
from fullwell.models.facts import Window
from fullwell.night.report import DOUBTFUL, GOOD, LOST, NOT_TAKEN, Line, Report, Shot
from fullwell.night.script import Cue, Deed, Night, Weather
from fullwell.record import write_fits
from fullwell.scene import Dark, Sky, Uniform
from fullwell.twin.device import TwinDevice
from fullwell.twin.surroundings import Surroundings

__all__ = ["Witness", "play"]

WEATHER_NS: Final = 30_000_000_000
"""Steps of weather that changes gradually."""

PATIENCE_NS: Final = 1_000_000_000
"""How often a client whose camera is gone looks whether it is back."""

SCENES: Final[dict[str, Callable[..., Any]]] = {"dark": Dark, "uniform": Uniform, "sky": Sky}


class Witness:
    """Looks on while a night is played; does nothing unless its methods are replaced."""

    def begins(self, camera: Camera) -> None:
        """The camera is open and set up."""

    def frame(self, camera: Camera, frame: Frame) -> None:
        """A frame was handed to the client."""

    def ends(self, camera: Camera) -> None:
        """The night is over, all troubles are cleared, and the camera is still open."""


def play(
    night: Night,
    clock: Clock,
    *,
    out: Path | None = None,
    tell: Callable[[Line], None] | None = None,
    progress: Callable[[float], None] | None = None,
    witness: Witness | None = None,
    **options: Any,
) -> Report:
    """Let a night pass.

    Parameters
    ----------
    night : Night
    clock : Clock
        In whose time it passes; the night begins when this is called.
    out : Path, optional
        Folder for the frames; default is to write none.
    tell : callable, optional
        Gets each line of the log as it is written.
    progress : callable, optional
        Gets the part of the night that has passed, 0 to 1.
    witness : Witness, optional
        Looks on.
    **options
        Further ones of `fullwell.open`.

    Returns
    -------
    Report
        With each wanted frame exactly once.

    Raises
    ------
    FullwellError
        If the camera cannot be opened or set up at all.
    """
    camera = open_camera(
        night.camera,
        scene=SCENES[night.scene](**night.scene_values),
        seed=None if "#" in night.camera else night.seed,
        clock=clock,
        surroundings=Surroundings(**night.surroundings),
        **options,
    )
    with camera:
        return _Player(night, camera, out, tell, progress, witness or Witness()).play()


class _Player:
    """One performance of one night."""

    def __init__(
        self,
        night: Night,
        camera: Camera,
        out: Path | None,
        tell: Callable[[Line], None] | None,
        progress: Callable[[float], None] | None,
        witness: Witness,
    ) -> None:
        if not isinstance(camera.device, TwinDevice):
            raise NotSupported("a night can be played on a twin only.", "Give e.g. camera = 'twin:qhy600-pro'.")
        self._night, self._camera, self._twin = night, camera, camera.device
        self._clock = camera.clock
        self._out, self._tell, self._progress, self._witness = out, tell, progress, witness
        self._begin_ns = self._clock.now_ns()
        self._end_ns = self._begin_ns + round(night.duration_s * 1e9)
        self._report = Report(night.title, self._begin_ns)
        self._wanted = 0

    def play(self) -> Report:
        """From beginning to end."""
        self._configure(self._night.settings)
        self._witness.begins(self._camera)
        leave = self._camera.alarms.subscribe(self._heard)
        tickings = [self._clock.every(max(1, round(self._night.duration_s * 1e7)), self._pass)]
        for change in self._night.weather:
            self._at(change.at_s, partial(self._change_weather, change))
        for cue in self._night.cues:
            self._at(cue.at_s, partial(self._begin_trouble, cue))
        try:
            for deed in self._night.deeds:
                self._do(deed)
            self._sleep_until(self._end_ns)
        finally:
            leave()
            for ticking in tickings:
                ticking.stop()
            self._camera.troubles.clear()
        self._witness.ends(self._camera)
        self._report.end_ns = self._clock.now_ns()
        self._report.events = self._camera.alarms.events()
        self._report.state = str(self._camera.state)
        return self._report

    # What happens by itself.

    def _at(self, at_s: float, act: Callable[[], None]) -> None:
        """Do something once, at its instant."""
        delay_ns = self._begin_ns + round(at_s * 1e9) - self._clock.now_ns()
        if delay_ns <= 0:
            act()
            return

        def once() -> None:
            ticking.stop()
            act()

        ticking = self._clock.every(delay_ns, once)

    def _begin_trouble(self, cue: Cue) -> None:
        if self._clock.now_ns() >= self._end_ns:
            return
        lasting = "" if cue.for_s is None else f" for {cue.for_s:g} s"
        try:
            trouble = self._camera.troubles.set(cue.name, for_s=cue.for_s, **cue.values)
        except FullwellError as error:
            self._log("trouble", f"{cue.name}: {error}")
        else:
            self._log("trouble", f"{trouble}{lasting}")

    def _change_weather(self, change: Weather) -> None:
        self._log("weather", ", ".join(f"{name} to {value:g}" for name, value in change.values.items()))
        begin_ns, over_ns = self._clock.now_ns(), round(change.over_s * 1e9)
        if over_ns == 0:
            self._twin.surround(replace(self._twin.surroundings, **change.values))
            return
        first = {name: getattr(self._twin.surroundings, name) for name in change.values}

        def step() -> None:
            part = min(1.0, (self._clock.now_ns() - begin_ns) / over_ns)
            now = {name: first[name] + part * (value - first[name]) for name, value in change.values.items()}
            self._twin.surround(replace(self._twin.surroundings, **now))
            if part >= 1.0:
                ticking.stop()

        ticking = self._clock.every(min(over_ns, WEATHER_NS), step)

    def _heard(self, event: AlarmEvent) -> None:
        self._log("alarm", str(event))

    def _pass(self) -> None:
        if self._progress is not None:
            passed = (self._clock.now_ns() - self._begin_ns) / (self._end_ns - self._begin_ns)
            self._progress(min(1.0, passed))

    # What the client does.

    def _do(self, deed: Deed) -> None:
        if deed.at_s is not None:
            self._sleep_until(min(self._end_ns, self._begin_ns + round(deed.at_s * 1e9)))
        if deed.action in ("expose", "live"):
            self._take(deed)
        elif self._await_camera():
            self._log(
                "client", " ".join([deed.action, *(f"{name} {value}" for name, value in deed.values.items())])
            )
            try:
                self._obey(deed)
            except FullwellError as error:
                self._log("client", f"{deed.action} failed: {error}")

    def _obey(self, deed: Deed) -> None:
        camera, values = self._camera, deed.values
        match deed.action:
            case "cool":
                camera.set_target_temperature(values["target_c"])
                camera.set_cooler(True)
            case "warm":
                camera.set_cooler(False)
            case "heater":
                camera.set_window_heater(values["on"])
            case "filter":
                if camera.wheel is None:
                    raise NotSupported("the camera has no filter wheel, or it does not answer.")
                camera.wheel.move(values["name"], wait=True)
            case "configure":
                self._configure(values["settings"])

    def _configure(self, settings: Any) -> None:
        values = dict(settings)
        if isinstance(values.get("window"), list):
            values["window"] = Window(*values["window"])
        self._camera.configure(**values)

    def _take(self, deed: Deed) -> None:
        frames = deed.values["frames"]
        if "exposure_s" in deed.values and self._await_camera():
            try:
                self._camera.configure(exposure_s=deed.values["exposure_s"])
            except FullwellError as error:
                self._log("client", f"exposure_s {deed.values['exposure_s']:g} failed: {error}")
        self._log("client", f"{deed.action} {frames} frames of {self._camera.settings.exposure_s:g} s")
        if deed.action == "live":
            self._run(frames)
            return
        for _ in range(frames):
            if not self._await_camera():
                self._shot(Shot(0, NOT_TAKEN, why="the night was over"))
                continue
            begin_ns = self._clock.now_ns()
            try:
                frame = self._camera.expose()
            except FullwellError as error:
                self._shot(Shot(0, LOST, begin_ns, why=str(error)))
            else:
                self._keep(frame)

    def _run(self, frames: int) -> None:
        """Take frames of the free run; a run that ends early is begun anew as long as frames are wanted."""
        left = frames
        while left and self._await_camera():
            taken = 0
            begin_ns = self._clock.now_ns()
            try:
                with self._camera.live(frames=left) as live:
                    for frame in live:
                        taken += 1
                        self._keep(frame)
                        if self._clock.now_ns() >= self._end_ns:
                            break
            except FullwellError as error:
                self._shot(Shot(0, LOST, begin_ns, why=str(error)))
                taken += 1
            left -= min(left, taken)
        for _ in range(left):
            self._shot(Shot(0, NOT_TAKEN, why="the night was over"))

    def _keep(self, frame: Frame) -> None:
        self._witness.frame(self._camera, frame)
        file = ""
        if self._out is not None:
            path = self._out / f"{self._wanted + 1:05d}.fits"
            file = str(write_fits(frame, path, truth=self._camera.truth(frame)))
        self._shot(
            Shot(
                0,
                DOUBTFUL if frame.doubts else GOOD,
                frame.start_ns,
                frame.report.observation.filter_name,
                "; ".join(frame.doubts),
                tuple(str(alarm.kind) for alarm in frame.alarms),
                file,
            )
        )

    def _shot(self, shot: Shot) -> None:
        self._wanted += 1
        numbered = replace(shot, number=self._wanted)
        self._report.shots.append(numbered)
        if shot.fate != NOT_TAKEN:
            told = f"{numbered.number} {shot.fate} {shot.filter_name} {shot.why}"
            self._log("frame", " ".join(told.split()))

    def _await_camera(self) -> bool:
        """Wait until the camera can be used; False if the night ends before."""
        while self._clock.now_ns() < self._end_ns:
            if self._camera.state is State.IDLE:
                return True
            if self._camera.state in (State.EXPOSING, State.READING, State.LIVE):
                with suppress(FullwellError):
                    self._camera.abort()
                continue
            self._sleep_until(min(self._end_ns, self._clock.now_ns() + PATIENCE_NS))
        return False

    def _sleep_until(self, instant_ns: int) -> None:
        self._clock.sleep_until(instant_ns)

    def _log(self, what: str, text: str) -> None:
        line = Line(self._clock.now_ns(), what, text)
        self._report.lines.append(line)
        if self._tell is not None:
            self._tell(line)
