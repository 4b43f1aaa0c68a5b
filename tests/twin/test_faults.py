"""Faults on request: what they do to frames, and that the answer key tells of them."""

from __future__ import annotations

import numpy as np
import pytest

import fullwell
from fullwell.camera.engine import Camera
from fullwell.camera.ledger import Entry, Fate
from fullwell.errors import InvalidValue, OutOfRange, UnknownName
from fullwell.models.facts import Window
from fullwell.scene import Dark
from fullwell.twin.faults import Fault, FaultPlan

WINDOW = Window(0, 0, 128, 100)


def opened(*faults: Fault, **settings) -> Camera:
    camera = fullwell.open("twin:qhy600-pro", scene=Dark(), clock="instant", seed=5, faults=faults)
    camera.configure(exposure_s=0.001, window=WINDOW, **settings)
    return camera


def test_without_faults_nothing_goes_wrong() -> None:
    with opened() as camera, camera.live(frames=8) as live:
        assert [frame.doubts for frame in live] == [()] * 8
        assert list(live.ledger) == [Entry(0, 7, Fate.DELIVERED)]


def test_each_kind_befalls_its_frames_and_no_others() -> None:
    faults = [
        Fault("zero", frames=[2]),
        Fault("repeated", frames=[4]),
        Fault("torn", frames=[6], parameters={"seam": 0.3}),
        Fault("lost on link", frames=range(8, 10)),
    ]
    with opened() as camera:
        good = {frame.report.sequence: frame.data.copy() for frame in camera.live(frames=12)}
    with opened(*faults) as camera, camera.live(frames=10, ring=12) as live:
        frames = {frame.report.sequence: frame for frame in live}
        told = {number: camera.truth(frame).effects.get("fault") for number, frame in frames.items()}
        reports = {number: frame.report for number, frame in frames.items()}
    assert sorted(frames) == [0, 1, 2, 3, 4, 5, 6, 7, 10, 11]
    assert not frames[2].data.any()
    assert np.array_equal(frames[4].data, good[3])
    assert np.array_equal(frames[6].data[:30], good[6][:30])
    assert np.array_equal(frames[6].data[30:], good[5][30:])
    for number in (0, 1, 3, 5, 7, 10, 11):
        assert np.array_equal(frames[number].data, good[number])
        assert frames[number].doubts == ()
        assert told[number] is None
    assert told[2] == "zero: all pixels set to 0"
    assert told[4] == "repeated: pixels of frame 3"
    assert told[6] == "torn: rows 30 to 99 are those of frame 5"
    assert frames[2].doubts == ("zero: all sampled pixels are 0",)
    assert frames[4].doubts == ("repeated: the pixels of frame 3",)
    assert frames[6].doubts == ("torn: rows from about 30 to 99 are those of frame 5",)
    assert reports[10].losses == (Entry(8, 9, Fate.LOST_ON_LINK),)
    assert dict(live.ledger.doubts) == {number: frames[number].doubts for number in (2, 4, 6)}
    assert list(live.ledger) == [
        Entry(0, 7, Fate.DELIVERED),
        Entry(8, 9, Fate.LOST_ON_LINK),
        Entry(10, 11, Fate.DELIVERED),
    ]


def test_a_run_begins_with_what_the_memory_held() -> None:
    with opened(Fault("stale", frames=[3])) as camera:
        before = [frame.data.copy() for frame in camera.live(frames=3)]
        with camera.live(frames=4) as live:
            frames = list(live)
    assert [frame.report.sequence for frame in frames] == [2, 3, 4, 5]
    assert np.array_equal(frames[0].data, before[2])
    stale, repeated = frames[0].doubts
    assert stale.startswith("stale: frame 2 was exposed")
    assert repeated == "repeated: the pixels of frame 2"
    assert [frame.doubts for frame in frames[1:]] == [()] * 3
    assert live.lost == 0
    assert list(live.ledger) == [Entry(2, 5, Fate.DELIVERED)]


def test_no_stale_frame_of_another_format() -> None:
    with opened(Fault("stale", frames=[1])) as camera:
        camera.expose()
        camera.configure(window=Window(0, 0, 64, 100))
        assert [frame.report.sequence for frame in camera.live(frames=2)] == [1, 2]


def test_single_frames_have_faults_too() -> None:
    with opened(Fault("zero", frames=[1])) as camera:
        assert [bool(camera.expose().data.any()) for _ in range(3)] == [True, False, True]


def test_faults_by_time() -> None:
    with opened() as camera:
        period_ns = camera.timing().frame_period_ns
        begin_ns = camera.clock.now_ns() + 3_600_000_000_000
    span = (begin_ns + 2 * period_ns, begin_ns + 4 * period_ns)
    with opened(Fault("zero", between_ns=span)) as camera:
        camera.clock.sleep_until(begin_ns)
        frames = [(frame.start_ns, bool(frame.data.any())) for frame in camera.live(frames=6)]
    assert [any_light for _, any_light in frames] == [not span[0] <= start < span[1] for start, _ in frames]
    assert [any_light for _, any_light in frames].count(False) == 2


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"kind": "exploded", "frames": [1]}, UnknownName),
        ({"kind": "torn", "frames": [1], "parameters": {"depth": 1.0}}, UnknownName),
        ({"kind": "zero", "frames": [1], "parameters": {"seam": 0.5}}, UnknownName),
        ({"kind": "torn", "frames": [1], "parameters": {"seam": 1.0}}, OutOfRange),
        ({"kind": "torn"}, InvalidValue),
    ],
)
def test_what_is_no_fault(arguments, error) -> None:
    with pytest.raises(error):
        Fault(**arguments)


def test_a_plan_holds_faults_only() -> None:
    with pytest.raises(InvalidValue):
        FaultPlan(["zero"])
