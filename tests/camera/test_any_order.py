"""Commands in any order: the state is true, settings change only when asked, every frame has its own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fullwell.camera.clock import InstantClock
from fullwell.camera.engine import Camera, State
from fullwell.camera.frame import Frame, Settings
from fullwell.errors import DeviceLost, FullwellError, InvalidValue, NoImage, NotSupported
from fullwell.models.facts import Window
from tiny.cable import Cable
from tiny.device import plain, twin
from tiny.model import tiny_model
from tiny.waiting import NOON_NS

LEGAL: dict[str, st.SearchStrategy[Any]] = {
    "mode": st.sampled_from([0, 1, "normal", "Single Rows"]),
    "exposure_s": st.floats(40e-6, 3600.0),
    "gain": st.integers(0, 100),
    "offset": st.integers(0, 255),
    "bin": st.sampled_from([1, 2, 3, 4]),
    "window": st.one_of(st.none(), st.builds(Window, *[st.integers(0, 30)] * 2, *[st.integers(1, 60)] * 2)),
    "bits": st.sampled_from([None, 8, 16]),
    "overscan": st.booleans(),
    "usb_traffic": st.integers(0, 60),
    "speed": st.integers(0, 1),
    "telegraph_suppression": st.booleans(),
    "overlay": st.sampled_from(["none", "frame number", "gps"]),
    "anti_rbi": st.booleans(),
}
IMPOSSIBLE: dict[str, st.SearchStrategy[Any]] = {
    "mode": st.sampled_from([3, "x", -1]),
    "exposure_s": st.sampled_from([0.0, -1.0, 3600.5, float("nan"), float("inf"), "1", True, None]),
    "gain": st.sampled_from([-1, 201, 3.7, True, float("nan"), None, "3", [3]]),
    "offset": st.sampled_from([-1, 256, 0.5, False, None]),
    "bin": st.sampled_from([0, -1, 5, 2.5, True, None]),
    "window": st.sampled_from([Window(0, 0, 97, 5), Window(-1, 0, 5, 5), (0, 0, 5, 5), 7]),
    "bits": st.sampled_from([0, 10, 12, "16", True]),
    "overscan": st.sampled_from([0, 1, "yes", None]),
    "usb_traffic": st.sampled_from([-1, 61, 1.5]),
    "speed": st.sampled_from([-1, 2]),
    "anti_glow": st.sampled_from([True, 1]),
    "overlay": st.sampled_from(["GPS", "", None, 3, 0.5, [1]]),
    "anti_rbi": st.sampled_from([1, "on", None]),
}


def request(parts: dict[str, st.SearchStrategy[Any]], least: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    """Any subset of the arguments of `configure`."""
    return st.sets(st.sampled_from(sorted(parts)), min_size=least).flatmap(
        lambda names: st.fixed_dictionaries({name: parts[name] for name in sorted(names)})
    )


class AnyOrder(RuleBasedStateMachine):
    """A client that does whatever comes into its mind, and knows what must come of it."""

    make = staticmethod(plain)

    def __init__(self) -> None:
        super().__init__()
        self.device = Cable(self.make(InstantClock(NOON_NS), tiny_model(), "usb3"))
        self.camera = Camera(self.device)
        self.expected = State.CLOSED
        self.settings = self.camera.settings
        self.held: list[tuple[Frame, int]] = []
        self.number = 0

    def teardown(self) -> None:
        self.camera.close()

    def refused(self, call: Any) -> None:
        """The call must raise one of the project's errors."""
        with pytest.raises(FullwellError):
            call()

    @rule()
    def open(self) -> None:
        self.camera.open()
        if self.expected in (State.CLOSED, State.ERROR):
            self.expected, self.number = State.IDLE, 0

    @rule()
    def close(self) -> None:
        self.camera.close()
        self.expected = State.CLOSED

    @rule(asked=request(LEGAL))
    def configure(self, asked: dict[str, Any]) -> None:
        before = self.settings
        if self.expected is not State.IDLE:
            self.refused(lambda: self.camera.configure(**asked))
            return
        try:
            self.settings = self.camera.configure(**asked)
        except InvalidValue:  # windows, bins and word depths that do not go together
            assert asked.keys() & {"bin", "window", "overscan", "bits", "mode"}
        else:
            self.see_that_only_what_was_asked_changed(before, self.settings, asked)

    def see_that_only_what_was_asked_changed(
        self, before: Settings, after: Settings, asked: dict[str, Any]
    ) -> None:
        switches = ("telegraph_suppression", "overlay", "anti_rbi")
        for name in ("exposure_s", "gain", "offset", "usb_traffic", "speed", *switches):
            assert getattr(after, name) == asked.get(name, getattr(before, name))
        assert after.format.bin == asked.get("bin", before.format.bin)
        assert after.format.overscan == asked.get("overscan", before.format.overscan)
        if asked.get("window") is not None:
            assert after.format.window == asked["window"]
        if asked.get("bits") is not None:
            assert after.format.bits == asked["bits"]
        if "mode" not in asked:
            assert after.mode == before.mode

    @rule(good=request(LEGAL), bad=request(IMPOSSIBLE, least=1))
    def configure_badly(self, good: dict[str, Any], bad: dict[str, Any]) -> None:
        if bad.keys() == {"anti_glow"} and bad["anti_glow"] is True:
            self.refused(lambda: self.camera.configure(**bad))  # NotSupported, or refused in this state
            return
        with pytest.raises((InvalidValue, NotSupported)):
            self.camera.configure(**{**good, **bad})

    @rule()
    def start(self) -> None:
        if self.expected is State.IDLE:
            self.camera.start()
            self.expected = State.EXPOSING
        else:
            self.refused(self.camera.start)

    @precondition(lambda self: self.expected is State.EXPOSING)
    @rule(share=st.floats(0.0, 0.9))
    def wait(self, share: float) -> None:
        clock = self.device.clock
        clock.sleep_until(clock.now_ns() + round(share * self.camera.remaining_s() * 1e9))
        if clock.now_ns() >= self.camera._machine._exposure.end_ns:
            self.expected = State.READING

    @rule()
    def stop(self) -> None:
        if self.expected in (State.CLOSED, State.ERROR):
            self.refused(self.camera.stop)
            return
        self.camera.stop()
        if self.expected is State.EXPOSING:
            self.expected = State.READING

    @rule()
    def abort(self) -> None:
        if self.expected in (State.CLOSED, State.ERROR):
            self.refused(self.camera.abort)
            return
        self.camera.abort()
        self.expected = State.IDLE

    @rule()
    def read(self) -> None:
        if self.expected in (State.EXPOSING, State.READING):
            self.take(self.camera.read())
            self.expected = State.IDLE
        elif self.expected is State.IDLE:
            with pytest.raises(NoImage):
                self.camera.read()
        else:
            self.refused(self.camera.read)

    @rule(frames=st.integers(1, 6), taken=st.integers(1, 6), ring=st.integers(1, 3))
    def live(self, frames: int, taken: int, ring: int) -> None:
        if self.expected is not State.IDLE:
            self.refused(lambda: self.camera.live(frames))
            return
        with self.camera.live(frames, ring) as live:
            for frame, _ in zip(live, range(taken), strict=False):
                self.take(frame)
        self.number = self.camera._number

    @rule(frames=st.integers(1, 6), taken=st.integers(1, 6), start=st.integers(0, 3))
    def burst(self, frames: int, taken: int, start: int) -> None:
        if self.expected is not State.IDLE:
            self.refused(lambda: self.camera.burst(frames))
            return
        with self.camera.burst(start=start, end=start + 1 + frames) as burst:
            for frame, counter in zip(burst, range(start + 1, start + 1 + taken), strict=False):
                assert frame.report.counter == counter
                self.take(frame)
        self.number = self.camera._number

    @precondition(lambda self: self.expected is State.IDLE)
    @rule(call=st.sampled_from(["start_exposure", "read_frame", "frame arrives"]))
    def break_down(self, call: str) -> None:
        self.device.fail_next(call, DeviceLost("gone."))
        with pytest.raises(DeviceLost):
            self.camera.expose()
        self.expected = State.ERROR

    def take(self, frame: Frame) -> None:
        used = frame.report.settings
        assert frame.asked == used == self.settings
        assert frame.data.shape == used.format.shape()
        assert frame.data.dtype == used.format.dtype
        assert frame.number == self.number + 1
        self.number += 1
        self.held = [*self.held[-3:], (frame, int(frame.data.astype("u8").sum()))]

    @invariant()
    def state_is_true(self) -> None:
        assert self.camera.state is self.expected

    @invariant()
    def settings_changed_only_when_asked(self) -> None:
        assert self.camera.settings == self.settings

    @invariant()
    def frames_that_are_held_do_not_change(self) -> None:
        for frame, total in self.held:
            assert int(frame.data.astype("u8").sum()) == total


class AnyOrderOnTheTwin(AnyOrder):
    """The same client in front of the twin."""

    make = staticmethod(twin)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = effort(max_examples=60, stateful_step_count=40, deadline=None, derandomize=True)
TestAnyOrderOnTheTwin = AnyOrderOnTheTwin.TestCase
TestAnyOrderOnTheTwin.settings = effort(max_examples=15, stateful_step_count=30, deadline=None, derandomize=True)
