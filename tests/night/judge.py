"""Nights by chance, and a judge that compares what the engine says with what the twin knows."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from fullwell.camera.alarms import AlarmEvent, AlarmKind
from fullwell.camera.care import HEARTBEAT_S
from fullwell.camera.clock import Clock, InstantClock
from fullwell.camera.controls import Control
from fullwell.camera.engine import Camera, State
from fullwell.camera.frame import Frame
from fullwell.camera.heartbeat import MISSED
from fullwell.camera.recovery import PAUSES_S
from fullwell.camera.request import FIELDS
from fullwell.errors import FullwellError
from fullwell.night import Cue, Deed, Night, Report, Weather, Witness, play

START_NS = 1_789_000_000_000_000_000
LOOK_S = 2.3
"""How often the judge compares: not in step with heartbeats."""

NOTICE_S = (MISSED + 1) * HEARTBEAT_S
"""Within this a camera that is gone must be called so."""

RETURN_S = max(PAUSES_S) + 3.0
"""Within this a camera that answers again must be open again."""

SLACK_NS = 1_000_000
"""Rounding of exposures to whole rows."""

FAIR = ("L", "R", "G", "B")

TROUBLES = (
    ("unplug", {}),
    ("hang", {}),
    ("power-cut", {}),
    ("lost-packets", {"rate": (0.05, 0.6)}),
    ("torn-frames", {"rate": (0.05, 0.6), "seam": (0.2, 0.8)}),
    ("zero-frames", {"rate": (0.05, 0.6)}),
    ("repeated-frames", {"rate": (0.05, 0.6)}),
    ("stale-frame", {}),
    ("clock-jump", {"step_s": (-4000, 4000)}),
    ("sag", {"sag_v": (0.2, 6.0)}),
    ("poor-cable", {"cable_ohm": (0.1, 1.5)}),
    ("noisy-supply", {"supply_noise_v": (0.0, 0.5)}),
    ("emi", {"interference_per_s": (0.0, 5.0)}),
    ("stuck-wheel", {}),
    ("wheel-unplugged", {}),
    ("dead-heater", {}),
    ("fan-stopped", {}),
    ("weak-cooler", {"strength": (0.0, 1.0)}),
    ("stuck-thermometer", {"reading_c": (-20, 20)}),
    ("leaking-chamber", {"factor": (1, 1e5)}),
    ("wet-chamber", {}),
    ("warm-air", {"ambient_temperature_c": (25, 45)}),
    ("wet-air", {"humidity_percent": (80, 100)}),
)


def random_night(seed: int) -> Night:
    """Up to seven troubles, some at once, over a client that cools, turns the wheel, exposes and goes live."""
    chance = random.Random(seed)
    duration_s = chance.uniform(600, 1500)
    cues = []
    for _ in range(chance.randint(1, 7)):
        name, limits = chance.choice(TROUBLES)
        values = {key: chance.uniform(*pair) for key, pair in limits.items()}
        for_s = chance.choice([None, chance.uniform(0.5, 10), chance.uniform(5, 120), chance.uniform(60, 600)])
        cues.append(Cue(chance.uniform(0, duration_s), name, for_s, values))
    deeds = [Deed("cool", None, {"target_c": chance.randint(-15, 5)})]
    for _ in range(chance.randint(2, 4)):
        deeds.append(Deed("filter", None, {"name": chance.choice(FAIR)}))
        deeds.append(Deed("configure", None, {"settings": {"gain": chance.randint(0, 100)}}))
        if chance.random() < 0.35:
            exposure_s, frames = chance.uniform(0.5, 3), chance.randint(2, 8)
            deeds.append(Deed("live", None, {"frames": frames, "exposure_s": exposure_s}))
        else:
            exposure_s, frames = chance.uniform(5, 60), chance.randint(2, 8)
            deeds.append(Deed("expose", None, {"frames": frames, "exposure_s": exposure_s}))
    weather = Weather(chance.uniform(0, 600), chance.choice([0.0, 600.0]), {"humidity_percent": 80.0})
    return Night(
        title=f"night {seed}",
        camera="twin:qhy600-pro",
        start_ns=START_NS,
        duration_s=duration_s,
        seed=1,
        scene="uniform",
        scene_values={"rate_e_per_s": 2.0},
        settings={"exposure_s": 10.0, "window": [0, 0, 64, 48], "offset": 30},
        weather=(weather,),
        cues=tuple(sorted(cues, key=lambda cue: cue.at_s)),
        deeds=tuple(deeds),
    )


@dataclass
class Judge(Witness):
    """Keeps every difference between what was said and what was so."""

    night: Night
    findings: list[str] = field(default_factory=list)
    frames: int = 0
    returns_s: list[float] = field(default_factory=list)
    _gone_since_ns: int | None = None
    _there_since_ns: int | None = None
    _last_end_ns: int = 0

    def begins(self, camera: Camera) -> None:
        self._looking = camera.clock.every(round(LOOK_S * 1e9), lambda: self.look(camera))

        camera.alarms.subscribe(lambda event: self.hear(camera, event))

    def hear(self, camera: Camera, event: AlarmEvent) -> None:
        """How long a recovery took, from the first look at which the camera answered again."""
        if event.alarm.kind is AlarmKind.CAMERA_BACK:
            now_ns = camera.clock.now_ns()
            self.returns_s.append((now_ns - (self._there_since_ns or now_ns)) * 1e-9)

    def look(self, camera: Camera) -> None:
        """Is the state that is told true?"""
        now_ns, state = camera.clock.now_ns(), camera.state
        there = answers(camera)
        connected = there and camera.device._reach.connected
        claims = state not in (State.ERROR, State.CLOSED)
        self._gone_since_ns = None if connected or not claims else self._gone_since_ns or now_ns
        self._there_since_ns = None if not there or claims else self._there_since_ns or now_ns
        if self._gone_since_ns is not None and now_ns - self._gone_since_ns > NOTICE_S * 1e9:
            self.find(camera, f"is called {state} though it is gone")
            self._gone_since_ns = now_ns
        if self._there_since_ns is not None and now_ns - self._there_since_ns > RETURN_S * 1e9:
            self.find(camera, "is called lost though it answers")
            self._there_since_ns = now_ns

    def frame(self, camera: Camera, frame: Frame) -> None:
        """Is the frame that is told there?"""
        self.frames += 1
        try:
            truth = camera.truth(frame)
        except FullwellError as error:
            self.find(camera, f"gave a frame that the twin knows nothing of: {error}")
            return
        if truth.row0_start_ns != frame.start_ns:
            self.find(camera, f"gave a frame {frame.start_ns - truth.row0_start_ns} ns off its time")
        if "fault" in truth.effects and not frame.doubts:
            self.find(camera, f"called a frame good that is not: {truth.effects['fault']}")
        if not frame.doubts and frame.start_ns < self._last_end_ns - SLACK_NS:
            self.find(camera, "gave a frame that began before the exposure of the one before was over")
        if frame.report.settings != frame.asked and not frame.doubts:
            self.find(camera, f"used {frame.report.settings} for {frame.asked}")
        if frame.asked != camera.settings:
            self.find(camera, f"was asked for {camera.settings} and tells of {frame.asked}")
        if not frame.doubts and not frame.data.any():
            self.find(camera, "called an empty frame good")
        if not frame.doubts:
            self._last_end_ns = frame.start_ns + frame.report.timing.exposure_ns
        self._dark(camera, frame)

    def _dark(self, camera: Camera, frame: Frame) -> None:
        """No frame was exposed while there was no power."""
        for trouble in camera.device.troubles.during(frame.start_ns, frame.end_ns):
            if trouble.name == "power-cut" and frame.start_ns < trouble.since_ns < frame.end_ns:
                self.find(camera, "gave a frame that was exposed without power")

    def ends(self, camera: Camera) -> None:
        """All is cleared: it must be well, and as the client wanted it, or say why not."""
        clock = camera.clock
        clock.sleep_until(clock.now_ns() + 180_000_000_000)
        self._looking.stop()
        if camera.state is not State.IDLE:
            self.find(camera, f"is {camera.state} though nothing is wrong: {camera.last_error}")
            return
        try:
            frame = camera.expose()
        except FullwellError as error:
            self.find(camera, f"cannot take a frame though nothing is wrong: {error}")
            return
        if frame.doubts or camera.truth(frame).effects.get("fault"):
            self.find(camera, f"takes no good frame: {frame.doubts}")
        for name, control in FIELDS.items():
            wanted = float(getattr(camera.settings, name))
            if control in camera.controls and camera.device.get_control(control) != wanted:
                self.find(camera, f"has another {name} than {wanted:g}, and nobody was told")
        self._wishes(camera)

    def _wishes(self, camera: Camera) -> None:
        """Cooler and wheel are as the client wanted them, or an alarm has said why not."""
        told = {event.alarm.kind for event in camera.alarms.events()}
        target_c = next(deed.values["target_c"] for deed in self.night.deeds if deed.action == "cool")
        cooling = camera.cooling
        if cooling is None or cooling.wish.target_c != target_c:
            self.find(camera, f"is not led to {target_c} C but to {cooling and cooling.wish}")
        off = cooling is None or not (cooling.wish.on and camera.device.get_control(Control.COOLER_ON))
        if off and AlarmKind.UNDERVOLTAGE not in told:
            self.find(camera, "has its cooler off, and nobody was told")
        wheel, real = camera.wheel, camera.device.wheel
        wanted = None if wheel is None else wheel._wanted
        if wanted is not None and real.position(camera.clock.now_ns()) != wanted and AlarmKind.WHEEL not in told:
            self.find(camera, f"has another filter than {wheel.names[wanted]}, and nobody was told")

    def find(self, camera: Camera, what: str) -> None:
        """Note a difference."""
        at_s = (camera.clock.now_ns() - START_NS) * 1e-9
        self.findings.append(f"{at_s:.1f} s: the camera {what}")


def answers(camera: Camera) -> bool:
    """Whether the camera could be opened now, by the twin's own knowledge."""
    try:
        camera.device._reach._require_answer()
    except FullwellError:
        return False
    return True


def judged(night: Night, clock: Clock | None = None) -> tuple[Judge, Report]:
    """Play a night before a judge."""
    judge = Judge(night)
    report = play(night, clock or InstantClock(START_NS), witness=judge, threads=1)
    wanted = [shot.number for shot in report.shots]
    if wanted != list(range(1, night.planned + 1)):
        judge.findings.append(f"{len(wanted)} of {night.planned} frames are accounted for")
    if report.fates["good"] + report.fates["doubtful"] != judge.frames:
        judge.findings.append("frames are reported that nobody got")
    return judge, report
