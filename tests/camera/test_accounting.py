"""Every hardware frame number of a run, whatever the reader, the cable and the user do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullwell.camera import buffers
from fullwell.camera.clock import InstantClock
from fullwell.camera.engine import Camera
from fullwell.camera.ledger import Fate, Ledger
from fullwell.camera.pretrigger import PreTrigger
from fullwell.models.facts import Window
from fullwell.scene import Dark
from fullwell.twin.device import TwinDevice
from fullwell.twin.faults import Fault
from tiny.device import TinyDevice
from tiny.model import tiny_model
from tiny.waiting import NOON_NS

WINDOW = Window(0, 0, 16, 12)
FRAME_BYTES = 12 * 96 * 2
"""Whole rows wait in the camera's memory."""


class Witness(TwinDevice):
    """A twin that keeps what it has said of its frames."""

    def read_live(self, out, timeout_s):
        report = super().read_live(out, timeout_s)
        if report is not None:
            self.said.append(report)
        return report


def twin(memory_frames: int, lost: frozenset[int]) -> Witness:
    faults = [Fault("lost on link", frames=lost)] if lost else []
    device = Witness(
        tiny_model(buffer_bytes=memory_frames * FRAME_BYTES),
        Dark(),
        filter_name="L",
        seed=1,
        clock=InstantClock(NOON_NS),
        threads=1,
        faults=faults,
    )
    device.said = []
    return device


readers = st.fixed_dictionaries(
    {
        "ring": st.integers(1, 4),
        "every": st.integers(1, 3),
        "when_full": st.sampled_from(["wait", "drop"]),
        "frames": st.integers(1, 20),
    }
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    reader=readers,
    memory_frames=st.integers(2, 5),
    lost=st.frozensets(st.integers(0, 60), max_size=15),
    pauses=st.lists(st.integers(0, 12), min_size=20, max_size=20),
    exposures_s=st.lists(st.sampled_from([None, 0.001, 0.01, 0.05]), min_size=20, max_size=20),
)
def test_the_ledger_is_a_partition_of_what_the_sensor_took(
    reader, memory_frames, lost, pauses, exposures_s
) -> None:
    """Random readers, losses on the cable, memories, and exposures that change on the way."""
    device = twin(memory_frames, lost)
    with Camera(device) as camera:
        camera.configure(window=WINDOW, exposure_s=0.01)
        period_ns = camera.timing().frame_period_ns
        taken = []
        with camera.live(**reader) as live:
            for frame, pause, exposure_s in zip(live, pauses, exposures_s, strict=False):
                taken.append(frame.report.sequence)
                camera.clock.sleep_until(camera.clock.now_ns() + pause * period_ns)
                if exposure_s is not None and len(taken) < reader["frames"] - reader["ring"]:
                    camera.configure(exposure_s=exposure_s)
    fates = {number: entry.fate for entry in live.ledger for number in range(entry.first, entry.last + 1)}
    arrived = {report.sequence for report in device.said}
    in_memory = {
        number
        for report in device.said
        for loss in report.losses
        if loss.fate is Fate.LOST_IN_MEMORY
        for number in range(loss.first, loss.last + 1)
    }
    on_link = {
        number
        for report in device.said
        for loss in report.losses
        if loss.fate is Fate.LOST_ON_LINK
        for number in range(loss.first, loss.last + 1)
    }
    last = max(arrived)
    assert sorted(fates) == list(range(last + 1)) == sorted(arrived | in_memory | on_link)
    assert len(arrived) + len(in_memory) + len(on_link) == last + 1
    assert {number for number, fate in fates.items() if fate is Fate.LOST_IN_MEMORY} == in_memory
    assert {number for number, fate in fates.items() if fate is Fate.LOST_ON_LINK} == on_link
    assert on_link | in_memory >= {number for number in lost if number <= last}
    assert on_link <= lost
    assert [number for number, fate in sorted(fates.items()) if fate is Fate.DELIVERED] == taken
    assert len(taken) == reader["frames"]
    assert live.ledger.frames == last + 1 == sum(live.ledger.counts().values())


def resident_bytes() -> int:
    """Memory of this process."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096
    except OSError:
        pytest.skip("the system does not tell the memory of a process")


@pytest.fixture
def made(monkeypatch) -> list[int]:
    """Sizes of all buffers that are made."""
    sizes: list[int] = []
    fresh = buffers._fresh

    def noted(size_bytes: int):
        sizes.append(size_bytes)
        return fresh(size_bytes)

    monkeypatch.setattr(buffers, "_fresh", noted)
    return sizes


def plain_camera() -> Camera:
    camera = Camera(TinyDevice(tiny_model(), InstantClock(NOON_NS)))
    camera.open()
    camera.configure(exposure_s=0.001)
    return camera


def test_ten_thousand_frames_need_no_more_memory_than_a_thousand(made: list[int]) -> None:
    """Frames of 11 kB, 110 MB in all: buffers are made once and used again, and nothing else grows."""
    ring, places, early_bytes = 4, set(), 0
    with plain_camera() as camera, camera.live(frames=10_000, ring=ring) as live:
        for count, frame in enumerate(live):
            places.add(frame.data.ctypes.data)
            if count == 1_000:
                early_bytes = resident_bytes()
        del frame
        grown_bytes = resident_bytes() - early_bytes
    assert grown_bytes < 4 * 2**20
    assert len(places) <= len(made) <= ring + 3  # waiting, being filled, in the client's hand, just let go
    assert live.ledger.frames == 10_000
    assert len(list(live.ledger)) == 1


def test_a_pre_trigger_uses_its_buffers_again(made: list[int]) -> None:
    ring, kept = 4, 5
    with plain_camera() as camera, camera.live(frames=10_000, ring=ring) as live:
        before = PreTrigger(kept * camera.timing().frame_period_ns * 1e-9)
        assert list(before.watch(live)) == []
    assert len(made) <= ring + 3 + kept + 1
    assert live.ledger.count(Fate.SKIPPED) == 10_000


def test_the_cost_of_the_ledger_does_not_grow_with_the_run() -> None:
    """A hundred thousand frames, each delivered and then recorded a little later, one in ten lost."""
    ledger = Ledger()

    def write_down(first: int, last: int) -> float:
        begin_s = time.perf_counter()
        for number in range(first, last):
            lost = number % 10 == 9
            ledger.enter(number, Fate.LOST_ON_LINK if lost else Fate.DELIVERED)
            if number >= 20 and (number - 20) % 10 != 9:
                ledger.settle(number - 20, Fate.RECORDED)
            ledger.count(Fate.RECORDED)
        return time.perf_counter() - begin_s

    early_s = min(write_down(first, first + 1000) for first in range(0, 5_000, 1000))
    write_down(5_000, 95_000)
    late_s = min(write_down(first, first + 1000) for first in range(95_000, 100_000, 1000))
    assert late_s < 5 * early_s
    assert ledger.frames == 100_000
