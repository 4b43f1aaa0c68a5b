"""Bursts, triggers, stamps and text through the vendor's library, against the twin itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import fullwell
from fullwell.camera.controls import Control
from fullwell.camera.device import BurstSource, Triggerable
from fullwell.camera.engine import Camera
from fullwell.camera.states import State
from fullwell.errors import ExposureAborted, NotSupported, OutOfRange, TriggerTimeout
from fullwell.models.facts import Burst, Window
from fullwell.qhyccd.burst import QhyccdBurst
from fullwell.scene import Uniform

SMALL = {"exposure_s": 0.02, "window": Window(0, 0, 64, 64)}
NEARLY_ALL = 0.99
"""Of the pixels agree: hot ones differ, because the sensor has become a little warmer in the tests before."""
WISHES = ({"frames": 3}, {"frames": 3}, {"start": 3, "end": 8})


@pytest.fixture
def camera(real: Callable[..., str]) -> Iterator[Camera]:
    """A QHY600 before an even light, of which no other module knows."""
    with fullwell.open(real("twin:qhy600-pro", "--scene", "uniform", "--seed", "4"), link="usb3") as opened:
        yield opened


def agreeing(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.mean(one == other))


def bursts(camera: Camera) -> list[list[tuple[int, int | None]]]:
    """Hardware numbers and counters of the frames of some bursts."""
    camera.configure(**SMALL, gps=True)
    found = []
    for wish in WISHES:
        with camera.burst(**wish) as run:
            reports = [frame.report for frame in run]
        assert run.lost == 0
        found.append([(report.sequence, report.counter) for report in reports])
        # The box counts the frames of the sensor, so it tells whether the numbers are true.
        stamps = [report.gps.sequence for report in reports if report.gps is not None]
        assert np.diff(stamps).tolist() == [1] * (len(reports) - 1)
    return found


@pytest.mark.requirement("A2")
def test_bursts_are_those_of_the_twin(camera: Camera) -> None:
    """Numbers and counters as the twin itself has them, and a live run and a single frame afterwards."""
    with fullwell.open("twin:qhy600-pro", scene=Uniform(1000.0), seed=4, clock="instant") as twin:
        expected = bursts(twin)
    assert bursts(camera) == expected
    assert [[counter for _, counter in burst] for burst in expected] == [[2, 3, 4], [2, 3, 4], [4, 5, 6, 7]]
    assert len(list(camera.live(frames=3))) == 3
    assert camera.expose().data.any()
    with pytest.raises(NotSupported, match="frame counter"):
        camera.reset_frame_counter()


def test_a_burst_that_comes_late_is_numbered_by_the_facts() -> None:
    """The first burst over fibre lacks its first frame; long exposures of some models come one number later."""
    calls: list[tuple[object, ...]] = []

    def do(*words: object) -> bool:
        calls.append(words)
        return True

    facts = Burst(("fibre",), 1.0, True, False, False)
    exposure_s = [0.1]
    burst = QhyccdBurst(facts, "fibre", do, exposure_s=lambda: exposure_s[0], next_number=lambda: 10)
    assert burst.arrived() is None
    burst.enable(True)
    burst.set_range(1, 6)
    burst.release()
    assert [burst.arrived() for _ in range(3)] == [(13, 3), (14, 4), (15, 5)]
    burst.release()
    assert burst.arrived() == (12, 2)
    exposure_s[0] = 2.0
    burst.release()
    assert burst.arrived() == (13, 3)
    burst.enable(False)
    assert burst.arrived() is None
    assert calls[-2:] == [("call", "EnableQHYCCDBurstMode", False), ("call", "ReleaseQHYCCDBurstIDLE")]


def test_it_has_the_ports_of_the_cable(camera: Camera) -> None:
    assert isinstance(camera.device, BurstSource)
    assert isinstance(camera.device, Triggerable)
    assert camera.device.burst is not None


def test_a_soft_trigger_starts_what_waits(camera: Camera) -> None:
    camera.configure(**SMALL)
    assert camera.pins is not None
    camera.pins.configure(trigger_input="soft")
    camera.start()
    assert camera.state is State.ARMED
    assert camera.remaining_s() == float("inf")
    with pytest.raises(TriggerTimeout):
        camera.read(trigger_timeout_s=0.2)
    before_ns = camera.clock.now_ns()
    camera.trigger()
    frame = camera.read(trigger_timeout_s=5.0)
    assert frame.start_ns >= before_ns - frame.report.time_uncertainty_ns
    camera.pins.configure(trigger_input="off")
    assert camera.expose().data.any()


def test_what_waits_for_an_edge_can_be_aborted_and_triggered(camera: Camera) -> None:
    """Nothing is plugged in, so no edge comes."""
    camera.configure(**SMALL)
    assert camera.pins is not None
    camera.pins.configure(trigger_input="sma", trigger_filter_s=0.25)
    threading.Timer(0.5, camera.abort).start()
    with pytest.raises(ExposureAborted):
        camera.expose()
    camera.start()
    with pytest.raises(TriggerTimeout):
        camera.read(trigger_timeout_s=0.3)
    camera.trigger()
    assert camera.read(trigger_timeout_s=5.0).data.any()
    assert camera.control(Control.TRIGGER_FILTER_S) == 0.25


def test_who_waits_for_a_trigger_hears_that_the_camera_was_let_go(camera: Camera) -> None:
    camera.configure(**SMALL)
    assert camera.pins is not None
    camera.pins.configure(trigger_input="soft")
    camera.start()
    assert isinstance(camera.device, Triggerable)
    threading.Timer(0.3, camera.device.close).start()
    with pytest.raises(ExposureAborted):
        camera.device.wait_for_start(10.0)


def test_what_the_library_cannot_do_is_refused(camera: Camera) -> None:
    assert camera.pins is not None
    with pytest.raises(NotSupported, match="STD Mode"):
        camera.pins.configure(mode="five-pin", trig_out=True)
    with pytest.raises(NotSupported):
        camera.pins.flash_led(0, 1000)
    with pytest.raises(NotSupported, match="gpio outputs"):
        camera.pins.set_outputs(True, False, False, False)
    with pytest.raises(OutOfRange):
        camera.pins.configure(trigger_filter_s=1000.0)
    assert camera.expose().data.any()


@pytest.mark.parametrize("factor", [1, 2])
def test_stamps_and_text_are_the_twins(camera: Camera, factor: int) -> None:
    """The stamp stands in the first bytes also of frames that are binned here; text is in the same pixels."""
    wish = {"exposure_s": 0.02, "window": Window(0, 0, 480, 96), "bin": factor}
    with fullwell.open("twin:qhy600-pro", scene=Uniform(1000.0), seed=4, clock="instant") as twin:
        for used in (camera, twin):
            used.configure(**wish, gps=True)
        ours, plain = camera.expose(), twin.expose()
        assert ours.report.gps is not None
        assert plain.report.gps is not None
        assert ours.report.gps.sequence == plain.report.gps.sequence
        assert ours.report.time_source == "gps"
        first = ours.model.shutter_signal.stamp_bytes // ours.data.itemsize
        assert agreeing(ours.data.ravel()[first:], plain.data.ravel()[first:]) > NEARLY_ALL
        if factor == 1:  # the twin writes after binning, a real camera before it is binned here
            for used in (camera, twin):
                used.configure(**wish, gps=False, overlay="frame number")
            assert agreeing(camera.expose().data, twin.expose().data) > NEARLY_ALL


def test_settings_of_live_frames_are_those_they_began_with(camera: Camera) -> None:
    """The level tells the offset that the sensor used; each frame must say that one."""
    camera.configure(exposure_s=0.1, window=Window(0, 0, 252, 252), offset=30)
    seen = []
    with camera.live() as run:
        for number, frame in enumerate(run):
            seen.append((frame.report.settings.offset, float(frame.data.mean())))
            if number in (2, 5):
                camera.configure(offset=142 if number == 2 else 30)
            if number == 8:
                break
    assert {offset for offset, _ in seen} == {30, 142}
    dark = seen[0][1]
    for offset, mean in seen:
        assert (mean > dark + 800) == (offset == 142), seen
