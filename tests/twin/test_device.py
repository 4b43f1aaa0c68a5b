"""What only a twin does: answer keys, bodies, filters in front of a scene, temperature at the start."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fullwell.camera.clock import InstantClock
from fullwell.camera.controls import Control
from fullwell.camera.device import Device, Stream, TruthSource
from fullwell.camera.frame import FrameFormat, FrameReport
from fullwell.errors import NoImage, NotSupported, UnknownName
from fullwell.models import load
from fullwell.models.facts import Window
from fullwell.scene import Dark, Flat, Sky, Uniform
from fullwell.scene.light import Scene
from fullwell.twin.device import TwinDevice
from fullwell.twin.surroundings import Surroundings
from tiny.model import tiny_model

START_NS = 1_767_225_600_000_000_000
WINDOW = Window(8, 6, 48, 32)
FORMAT = FrameFormat(WINDOW)


def twin(scene: Scene | None = None, **wishes: Any) -> TwinDevice:
    """An open, initialised twin of the tiny camera."""
    wishes = {"filter_name": "L", "seed": 3, "clock": InstantClock(START_NS), **wishes}
    model = wishes.pop("model", tiny_model())
    device = TwinDevice(model, Uniform(300.0) if scene is None else scene, **wishes)
    device.open()
    device.initialise(0, Stream.SINGLE)
    device.configure(FORMAT)
    return device


def expose(device: Device, frame_format: FrameFormat = FORMAT) -> tuple[NDArray[Any], FrameReport]:
    out = np.zeros(frame_format.shape(), frame_format.dtype)
    device.start_exposure()
    return out, device.read_frame(out)


def test_is_a_device_and_knows_the_truth() -> None:
    device: Device = twin()
    assert isinstance(device, TruthSource)


def test_truth_is_what_the_frame_was_drawn_from() -> None:
    device = twin(Uniform(300.0), temperature_c=-10.0)
    device.set_control(Control.EXPOSURE_S, 2.0)
    data, report = expose(device)
    truth = device.truth(report.sequence)
    assert truth.electrons.shape == data.shape
    assert truth.electrons.dtype == np.float32
    exposure_s = report.timing.exposure_ns * 1e-9
    # Response of 1536 pixels scatters by 0.5 %: 6 sigma of its mean, and 0.02 e- of dark current.
    assert truth.electrons.mean() == pytest.approx(300.0 * exposure_s, rel=6 * 0.005 / 39.0, abs=0.05)
    gain = device.model.modes[0].chains[0].curve.at(report.settings.gain).e_per_dn
    bias = device.model.offset_dn_zero + report.settings.offset * device.model.offset_dn_per_step
    residual_e = (data - bias) * gain - truth.electrons
    assert np.corrcoef(truth.electrons.ravel(), data.ravel())[0, 1] > 0.0
    assert abs(residual_e.mean()) < 2.0
    assert {"light", "dark current", "telegraph noise"} <= truth.effects.keys()


def test_truth_of_a_binned_frame_is_not_binned() -> None:
    device = twin()
    frame_format = replace(FORMAT, bin=4)
    device.configure(frame_format)
    _, report = expose(device, frame_format)
    assert device.truth(report.sequence).electrons.shape == (32, 48)


def test_the_last_sixteen_frames_are_remembered() -> None:
    device = twin()
    for _ in range(18):
        expose(device)
    assert device.truth(17).electrons.any()
    assert device.truth(2).electrons.any()
    for sequence in (0, 1, 18):
        with pytest.raises(NoImage, match=f"frame {sequence}"):
            device.truth(sequence)
    device.close()
    device.open()
    with pytest.raises(NoImage):
        device.truth(17)


def test_frames_do_not_depend_on_the_number_of_threads() -> None:
    frames = []
    for threads in (1, 2, 5):
        device = twin(model=load("qhy268m-pro"), threads=threads)
        frame_format = FrameFormat(Window(0, 0, 300, 500))
        device.configure(frame_format)
        frames.append(expose(device, frame_format)[0])
    assert np.array_equal(frames[0], frames[1])
    assert np.array_equal(frames[0], frames[2])


def test_turning_the_wheel_changes_the_light() -> None:
    device = twin(
        Sky(ra_deg=210.8, dec_deg=54.3, focal_length_mm=530.0, aperture_mm=106.0), model=load("qhy600-pro")
    )
    device.set_control(Control.EXPOSURE_S, 30.0)
    names = device.wheel_names()
    levels = {}
    for name in ("L", "Ha", "L"):
        device.set_control(Control.WHEEL_POSITION, names.index(name))
        device.clock.sleep_until(device.clock.now_ns() + 10_000_000_000)
        _, report = expose(device)
        assert report.observation.filter_name == name
        assert report.observation.ra_deg == pytest.approx(210.8)
        levels[name] = float(np.median(device.truth(report.sequence).electrons))
    assert levels["L"] > 5 * levels["Ha"]


def test_a_wheel_that_turns_in_mid_exposure_does_not_change_that_frame() -> None:
    device = twin()
    out = np.zeros(FORMAT.shape(), FORMAT.dtype)
    device.start_exposure()
    device.set_control(Control.WHEEL_POSITION, 2)
    assert device.read_frame(out).observation.filter_name == "L"
    assert expose(device)[1].observation.filter_name == device.wheel_names()[2]


def test_a_camera_without_a_wheel_keeps_its_filter() -> None:
    device = twin(model=tiny_model(wheel_slots=0), filter_name="Ha")
    assert device.wheel_names() == ()
    assert expose(device)[1].observation.filter_name == "Ha"


def test_unknown_filters_coatings_and_links_are_refused() -> None:
    with pytest.raises(UnknownName, match="filter"):
        twin(Flat(), filter_name="Q")
    with pytest.raises(UnknownName, match="coating"):
        twin(coating="gold")
    with pytest.raises(UnknownName, match="link"):
        twin(link="string")


def test_modes_of_another_cable_are_refused() -> None:
    with pytest.raises(NotSupported, match="fibre"):
        twin(link="usb3").initialise(2, Stream.SINGLE)
    twin(link="fibre").initialise(2, Stream.SINGLE)


def test_begins_settled_when_a_temperature_is_given() -> None:
    device = twin(temperature_c=-5.0)
    assert device.get_control(Control.SENSOR_TEMPERATURE_C) == pytest.approx(-5.0)
    assert device.get_control(Control.TARGET_TEMPERATURE_C) == -5.0
    assert device.get_control(Control.COOLER_ON) == 1.0
    warm = twin(surroundings=Surroundings(ambient_temperature_c=12.5))
    assert warm.get_control(Control.SENSOR_TEMPERATURE_C) == 12.5
    assert warm.get_control(Control.COOLER_ON) == 0.0


def test_warm_darks_have_more_electrons() -> None:
    electrons = []
    for temperature_c in (-15.0, 15.0):
        device = twin(Dark(), temperature_c=temperature_c, model=load("qhy600-pro"))
        device.set_control(Control.EXPOSURE_S, 100.0)
        _, report = expose(device)
        electrons.append(float(np.median(device.truth(report.sequence).electrons)))
    assert electrons[1] > 10 * electrons[0] > 0


def test_numbers_count_delivered_frames_only() -> None:
    device = twin()
    assert expose(device)[1].sequence == 0
    device.start_exposure()
    device.cancel_exposure()
    assert expose(device)[1].sequence == 1
    device.initialise(0, Stream.LIVE)
    device.configure(FORMAT)
    device.start_live()
    out = np.zeros(FORMAT.shape(), FORMAT.dtype)
    report = device.read_live(out, 100.0)
    assert report is not None
    assert report.sequence == 2
    device.stop_live()
    device.initialise(0, Stream.SINGLE)
    device.configure(FORMAT)
    assert expose(device)[1].sequence == 3


def test_live_frames_while_the_exposure_changes_keep_their_own_light() -> None:
    """The electrons of each frame are those of the exposure that it reports."""
    device = twin(Uniform(1000.0))
    device.initialise(0, Stream.LIVE)
    device.configure(FORMAT)
    device.set_control(Control.EXPOSURE_S, 0.1)
    device.start_live()
    out = np.zeros(FORMAT.shape(), FORMAT.dtype)
    for number in range(8):
        if number == 3:
            device.set_control(Control.EXPOSURE_S, 0.5)
        report = device.read_live(out, 100.0)
        assert report is not None
        expected_e = 1000.0 * report.timing.exposure_ns * 1e-9
        assert device.truth(report.sequence).electrons.mean() == pytest.approx(expected_e, rel=0.01)
    assert report.settings.exposure_s == 0.5
