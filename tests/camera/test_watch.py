"""The frame watch, on frames of noise that are spoilt here; and on good ones, where it must be silent."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.camera.engine import Camera
from fullwell.camera.watch import ROWS, FrameWatch
from fullwell.models import load
from fullwell.models.facts import Window
from fullwell.record import write_fits
from fullwell.scene import Dark, Uniform
from tiny.waiting import NOON_NS


def opened(key: str = "qhy600-pro", scene=None, **settings) -> Camera:
    camera = fullwell.open(f"twin:{key}", scene=scene or Dark(), clock=InstantClock(NOON_NS), seed=3)
    camera.configure(exposure_s=0.001, **{"window": Window(0, 0, 400, 300), **settings})
    return camera


@pytest.fixture(scope="module")
def frames():
    """Dark frames: read noise and nothing else."""
    with opened() as camera:
        return [camera.expose() for _ in range(4)]


def look_at(*pictures):
    """What the watch says of the last of these (data, frame)."""
    watch = FrameWatch(load("qhy600-pro"))
    said = ()
    for data, frame in pictures:
        said = watch.look(data, frame.report)
    return said


def test_good_frames_raise_no_doubt(frames) -> None:
    assert [frame.doubts for frame in frames] == [()] * 4
    assert look_at(*((frame.data, frame) for frame in frames)) == ()


@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro", "qhy42-pro"])
@pytest.mark.parametrize("scene", [Dark(), Uniform(20.0), Uniform(1e9)])
def test_no_false_alarm_in_any_mode_or_depth(key: str, scene: object) -> None:
    model = load(key)
    for mode in model.modes:
        for bits in mode.output_bits:
            link = mode.links[-1]
            with fullwell.open(f"twin:{key}", scene=scene, clock="instant", link=link) as camera:
                window = Window(0, 0, 96, 66)
                camera.configure(mode=mode.number, bits=bits, exposure_s=0.01, window=window)
                doubts = [frame.doubts for frame in camera.live(frames=6)]
            assert doubts == [()] * 6


def test_a_frame_of_zeros(frames) -> None:
    assert look_at((np.zeros_like(frames[0].data), frames[0])) == ("zero: all sampled pixels are 0",)


def test_a_frame_that_came_before(frames) -> None:
    first, second, third, _ = ((frame.data, frame) for frame in frames)
    assert look_at(first, (first[0], frames[1])) == ("repeated: the pixels of frame 0",)
    assert look_at(first, second, third, (second[0], frames[3])) == ("repeated: the pixels of frame 1",)


@pytest.mark.parametrize("seam", [1, 2, 150, 297, 299])
@pytest.mark.parametrize("part", ["top", "bottom"])
def test_two_frames_in_one(frames, seam: int, part: str) -> None:
    torn = frames[1].data.copy()
    rows = slice(0, seam) if part == "top" else slice(seam, None)
    torn[rows] = frames[0].data[rows]
    (said,) = look_at((frames[0].data, frames[0]), (torn, frames[1]))
    words = said.split()
    first, last = int(words[4]), int(words[6])
    assert said.startswith("torn: rows from about")
    assert said.endswith("are those of frame 0")
    spacing = 299 / (ROWS - 1)
    copied = range(300)[rows]
    assert copied[0] <= first < copied[0] + spacing
    assert copied[-1] - spacing < last <= copied[-1]


def test_a_stretch_inside_is_found_as_often_as_stated(frames) -> None:
    """A stretch of at least 1/63 of the rows always; of one row in the share of rows that are sampled."""
    found = 0
    for top in range(300):
        torn = frames[1].data.copy()
        torn[top] = frames[0].data[top]
        found += bool(look_at((frames[0].data, frames[0]), (torn, frames[1])))
        torn[top : top + 5] = frames[0].data[top : top + 5]
        if top < 295:
            assert look_at((frames[0].data, frames[0]), (torn, frames[1]))
    assert found == ROWS


def test_an_empty_end(frames) -> None:
    cut = frames[0].data.copy()
    cut[200:] = 0
    (said,) = look_at((cut, frames[0]))
    assert said.startswith("torn: zeros from about row 20")


def test_a_number_that_came_before(frames) -> None:
    (said,) = look_at((frames[1].data, frames[1]), (frames[0].data, frames[0]))
    assert said == "number: frame 0 came after frame 1"


def test_frames_of_an_earlier_run_are_stale(frames) -> None:
    watch = FrameWatch(load("qhy600-pro"))
    watch.begin(frames[1].start_ns)
    assert watch.look(frames[0].data, frames[0].report)[0].startswith("stale: frame 0 was exposed")
    assert watch.look(frames[1].data, frames[1].report) == ()


def test_where_noise_is_less_than_a_step_nothing_is_told() -> None:
    """Dark frames of 8 bits, with the bias in the middle of a step, are alike by nature."""
    with opened(bits=8, offset=23) as camera:
        frames = [camera.expose() for _ in range(3)]
        assert np.mean(frames[0].data == frames[1].data) > 0.99
        assert [frame.doubts for frame in frames] == [(), (), ()]


def test_a_change_of_window_is_no_tear(frames) -> None:
    with opened() as camera:
        camera.expose()
        camera.configure(window=Window(0, 10, 400, 300))
        assert camera.expose().doubts == ()


def test_after_opening_again_the_same_frames_may_come_again() -> None:
    with opened() as camera:
        before = camera.expose().data.copy()
    camera.clock._now_ns = NOON_NS
    with camera:
        frame = camera.expose()
        assert frame.data.shape == before.shape
        assert frame.doubts == ()


def test_doubts_reach_log_and_file(frames, tmp_path: Path, caplog, monkeypatch) -> None:
    with opened() as camera:
        camera.expose()
        copy = camera.expose().data.copy()
        read = camera._device.read_frame

        def stuck(out):
            report = read(out)
            out[...] = copy
            return report

        monkeypatch.setattr(camera._device, "read_frame", stuck)
        with caplog.at_level(logging.WARNING):
            frame = camera.expose()
        assert frame.doubts == ("repeated: the pixels of frame 1",)
        assert "frame 2: repeated: the pixels of frame 1" in caplog.text
        path = write_fits(frame, tmp_path / "doubtful.fits")
    assert "doubt: repeated: the pixels of frame 1" in list(fits.getheader(path)["HISTORY"])


@pytest.mark.slow
def test_a_look_costs_less_than_a_tenth_of_a_millisecond() -> None:
    """With warm caches, on a machine that is not busy."""
    with opened(window=None) as camera:
        frames = [camera.expose() for _ in range(2)]
    watch = FrameWatch(frames[0].model)
    costs_s = []
    for number in range(300):
        data, report = frames[number % 2].data, replace(frames[0].report, sequence=number)
        data[:: data.shape[0] - 1] += 1
        begin_s = time.perf_counter()
        watch.look(data, report)
        costs_s.append(time.perf_counter() - begin_s)
    assert np.median(costs_s) < 1e-4
