"""The camera as its clients see it, on a device that obeys the protocol."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import random
import threading
import time

import numpy as np
import pytest

from fullwell.camera.clock import InstantClock, RealClock
from fullwell.camera.controls import Control
from fullwell.camera.engine import Camera, State
from fullwell.errors import (
    Busy,
    DeviceFault,
    DeviceLost,
    ExposureAborted,
    FrameTimeout,
    FullwellError,
    InvalidValue,
    InvalidWindow,
    NoImage,
    NotConnected,
    NotSupported,
    OutOfRange,
    UnknownName,
)
from fullwell.models.facts import Range, Window
from tiny.model import tiny_model
from tiny.waiting import NOON_NS, InThread, until


def reading(camera: Camera) -> bool:
    return "read_frame" in camera._device.calls


# Single exposures


def test_a_frame_carries_its_settings_number_and_times(cam):
    cam.configure(gain=56, offset=17, exposure_s=2.0)
    frame = cam.expose()
    assert frame.data.shape == (61, 90)
    assert frame.data.dtype == np.uint16
    assert frame.asked == frame.report.settings == cam.settings
    assert frame.number == 1
    assert frame.start_ns >= NOON_NS
    assert frame.end_ns - frame.start_ns == pytest.approx(2e9 + 60 * 43_194, rel=1e-4)
    assert cam.expose().number == 2
    assert cam.state is State.IDLE


def test_frames_are_counted_anew_at_each_opening(cam):
    cam.expose()
    cam.close()
    cam.open()
    assert cam.expose().number == 1


def test_state_follows_the_clock(stepped):
    clock = stepped.clock
    stepped.configure(exposure_s=10.0)
    assert stepped.state is State.IDLE
    assert stepped.progress_percent() == 0
    stepped.start()
    assert stepped.state is State.EXPOSING
    clock.step(4.05)
    assert stepped.progress_percent() == 40
    assert stepped.remaining_s() == pytest.approx(5.95, abs=0.01)
    clock.step(5.951)
    assert stepped.state is State.READING
    assert stepped.progress_percent() == 100
    assert stepped.remaining_s() > 0
    clock.step(1.0)
    assert stepped.remaining_s() == 0
    stepped.read()
    assert stepped.state is State.IDLE
    assert stepped.remaining_s() == 0


def test_read_fills_the_callers_buffer(cam):
    out = np.empty((61, 90), np.uint16)
    frame = cam.expose(out)
    assert frame.data is out


@pytest.mark.parametrize(
    "out",
    [
        np.empty((61, 91), np.uint16),
        np.empty((61, 90), np.uint8),
        np.empty((61, 90), ">u2"),
        np.empty((61, 180), np.uint16)[:, ::2],
        np.empty((90, 61), np.uint16).T,
        np.frombuffer(bytes(61 * 90 * 2), np.uint16).reshape(61, 90),
        [[0]],
    ],
    ids=["shape", "dtype", "byte order", "strided", "transposed", "read-only", "list"],
)
def test_a_buffer_that_does_not_fit_is_refused_before_the_exposure(cam, out):
    with pytest.raises(InvalidValue, match="out"):
        cam.expose(out)
    assert cam.state is State.IDLE


def test_a_frame_that_is_held_is_never_written_to_again(cam):
    first = cam.expose()
    row, pixels = first.data[5], first.data[5].copy()
    del first
    others = [cam.expose() for _ in range(4)]
    assert np.array_equal(row, pixels)
    assert not any(np.may_share_memory(row, frame.data) for frame in others)
    assert len({frame.data.ctypes.data for frame in others}) == 4


def test_the_memory_of_a_dropped_frame_is_used_again(cam):
    first = cam.expose().data.ctypes.data
    assert cam.expose().data.ctypes.data == first


def test_read_without_an_exposure(cam):
    with pytest.raises(NoImage, match=r"start\(\)"):
        cam.read()


def test_start_twice(stepped):
    stepped.start()
    with pytest.raises(Busy):
        stepped.start()
    stepped.clock.step(100.0)
    with pytest.raises(Busy, match="waits to be read"):
        stepped.start()


# Stop and abort


def test_abort_wakes_the_waiting_reader_and_the_camera_is_idle_at_once(stepped):
    stepped.configure(exposure_s=100.0)
    stepped.start()
    reader = InThread(stepped.read)
    until(lambda: reading(stepped))
    stepped.abort()
    assert stepped.state is State.IDLE
    assert isinstance(reader.outcome(), ExposureAborted)
    stepped.start()
    stepped.clock.step(101.0)
    assert stepped.read().number == 1


def test_abort_before_anybody_reads(stepped):
    stepped.start()
    stepped.abort()
    with pytest.raises(NoImage):
        stepped.read()


def test_stop_keeps_the_frame_with_its_true_exposure(stepped):
    stepped.configure(exposure_s=100.0)
    stepped.start()
    reader = InThread(stepped.read)
    until(lambda: reading(stepped))
    stepped.clock.step(30.0)
    stepped.stop()
    assert stepped.state is State.READING
    stepped.clock.step(1.0)
    frame = reader.outcome()
    assert frame.report.timing.exposure_ns == pytest.approx(30e9, rel=1e-3)
    assert frame.report.settings == frame.asked
    assert stepped.settings.exposure_s == 100.0


def test_stop_and_abort_are_harmless_when_idle(cam):
    cam.stop()
    cam.abort()
    assert cam.state is State.IDLE


def test_nothing_waits_behind_a_read_out(stepped):
    stepped.configure(exposure_s=100.0)
    stepped.start()
    reader = InThread(stepped.read)
    until(lambda: reading(stepped))

    def ask_everything() -> None:
        assert stepped.readings().sensor_temperature_c == 20.0
        assert stepped.state is State.EXPOSING
        assert stepped.remaining_s() > 99
        stepped.set_target_temperature(-10)
        stepped.set_cooler(True)
        stepped.wheel.move("R")
        with pytest.raises(Busy):
            stepped.configure(gain=1)
        with pytest.raises(Busy, match="another thread"):
            stepped.read()

    assert InThread(ask_everything).outcome() is None  # the clock stands: what waits would wait for ever
    stepped.clock.step(101.0)
    assert reader.outcome().asked == stepped.settings


def test_close_in_mid_exposure(stepped):
    stepped.start()
    reader = InThread(stepped.read)
    until(lambda: reading(stepped))
    stepped.close()
    assert isinstance(reader.outcome(), ExposureAborted)
    assert stepped.state is State.CLOSED
    assert "close" in stepped._device.calls[-2:]


def test_a_device_that_does_not_let_go_is_a_fault(stepped, monkeypatch):
    monkeypatch.setattr("fullwell.camera.machine.LET_GO_S", 0.05)
    stepped.start()
    reader = InThread(stepped.read)
    until(lambda: reading(stepped))
    monkeypatch.setattr(stepped._device, "cancel_exposure", lambda: None, raising=False)
    stepped.abort()
    with pytest.raises(FrameTimeout, match="let go"):
        stepped.start()
    assert stepped.state is State.ERROR
    stepped.clock.step(100.0)
    assert isinstance(reader.outcome(), FrameTimeout)
    stepped.open()
    assert stepped.state is State.IDLE


def test_many_threads_at_once(make):
    """Whatever comes together: each call ends with a true frame or with one of the project's errors."""
    cam = Camera(make(RealClock()))
    cam.open()
    cam.configure(exposure_s=2e-3)
    frames, stream, over = [], [], threading.Event()

    def client(number: int) -> None:
        choose = random.Random(number)
        calls = [
            lambda: frames.append(cam.expose()),
            lambda: frames.append(cam.expose()),
            lambda: cam.configure(gain=choose.randrange(100)),
            lambda: cam.configure(mode=choose.randrange(2), bin=choose.choice([1, 2, 3])),
            lambda: stream.extend(cam.live(frames=3)),
            cam.abort,
            cam.stop,
            cam.readings,
            cam.remaining_s,
            lambda: choose.random() < 0.1 and cam.close(),
            cam.open,
        ]
        while not over.is_set():
            with contextlib.suppress(FullwellError):
                choose.choice(calls)()
            time.sleep(choose.random() * 2e-3)

    clients = [InThread(lambda number=number: client(number)) for number in range(4)]
    until(lambda: len(frames) > 20 and len(stream) > 20, limit_s=60)
    over.set()
    assert [client.outcome() for client in clients] == [None] * 4
    for frame in frames:
        assert frame.report.settings == frame.asked
    for frame in frames + stream:
        assert frame.report.settings.format == frame.asked.format
        assert frame.data.shape == frame.asked.format.shape()
    cam.open()
    assert cam.state is State.IDLE
    assert cam.expose().asked == cam.settings
    cam.close()


def test_an_interrupted_read_abandons_the_exposure(cam, device, monkeypatch):
    class Interrupt(BaseException):
        pass

    def interrupted(out):
        raise Interrupt

    cam.start()
    monkeypatch.setattr(device, "read_frame", interrupted, raising=False)
    with pytest.raises(Interrupt):
        cam.read()
    assert cam.state is State.IDLE
    assert device.calls[-1] == "cancel_exposure"


# Settings


def test_mode_change_keeps_everything_the_user_chose(cam, device):
    cam.configure(gain=56, offset=77, exposure_s=3.5, usb_traffic=12, telegraph_suppression=True)
    before = cam.settings
    device.calls.clear()
    after = cam.configure(mode="single ROWS")
    assert after.mode == 1
    assert (after.gain, after.offset, after.exposure_s, after.usb_traffic) == (56, 77, 3.5, 12)
    assert after.telegraph_suppression
    assert device.calls[0] == "initialise"
    frame = cam.expose()
    assert frame.report.settings == after
    assert cam.configure(mode=0) == before
    assert cam.expose().report.settings == before


def test_settings_survive_going_live_and_back(cam):
    asked = cam.configure(gain=99, offset=3, bin=2)
    with cam.live(frames=2) as frames:
        assert all(frame.report.settings == asked for frame in frames)
    assert cam.expose().report.settings == asked


def test_settings_survive_closing(cam):
    asked = cam.configure(gain=99, mode=0, window=Window(2, 3, 40, 20))
    cam.close()
    assert cam.settings == asked
    cam.open()
    assert cam.expose().report.settings == asked


def test_only_what_changed_is_sent(cam, device):
    cam.configure(gain=10)
    device.calls.clear()
    cam.configure(gain=11)
    assert device.calls == ["set gain", "get gain", "precise_timing"]


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"gain": 201}, OutOfRange),
        ({"gain": -1}, OutOfRange),
        ({"gain": 3.7}, InvalidValue),
        ({"gain": True}, InvalidValue),
        ({"gain": "26"}, InvalidValue),
        ({"gain": None}, InvalidValue),
        ({"gain": math.nan}, InvalidValue),
        ({"gain": 10**400}, InvalidValue),
        ({"mode": 1, "gain": 101}, OutOfRange),
        ({"offset": 256}, OutOfRange),
        ({"exposure_s": 39e-6}, OutOfRange),
        ({"exposure_s": 3600.1}, OutOfRange),
        ({"exposure_s": 0}, OutOfRange),
        ({"exposure_s": math.nan}, InvalidValue),
        ({"exposure_s": math.inf}, InvalidValue),
        ({"exposure_s": "1"}, InvalidValue),
        ({"exposure_s": True}, InvalidValue),
        ({"usb_traffic": 61}, OutOfRange),
        ({"speed": 2}, OutOfRange),
        ({"mode": "Fast"}, UnknownName),
        ({"mode": 3}, UnknownName),
        ({"mode": 2}, NotSupported),
        ({"bin": 5}, InvalidValue),
        ({"bin": 0}, InvalidValue),
        ({"bin": 1.5}, InvalidValue),
        ({"bits": 12}, InvalidValue),
        ({"bits": "16"}, InvalidValue),
        ({"overscan": 1}, InvalidValue),
        ({"telegraph_suppression": "on"}, InvalidValue),
        ({"anti_glow": True}, NotSupported),
        ({"window": (0, 0, 10, 10)}, InvalidValue),
        ({"window": Window(0, 0, 91, 61)}, InvalidWindow),
        ({"window": Window(-1, 0, 10, 10)}, InvalidWindow),
        ({"window": Window(0, 0, 0, 10)}, InvalidWindow),
        ({"window": Window(0, 0, 10.5, 10)}, InvalidValue),
        ({"window": Window(80, 0, 20, 10)}, InvalidWindow),
        ({"window": Window(0, 0, 33, 32), "bin": 2}, InvalidWindow),
    ],
    ids=str,
)
def test_an_impossible_request_changes_nothing(cam, device, request_, error):
    before = cam.configure(gain=42)
    device.calls.clear()
    with pytest.raises(error) as caught:
        cam.configure(offset=99, **request_) if "offset" not in request_ else cam.configure(**request_)
    assert caught.value.message
    assert cam.settings == before
    assert not any(call.startswith("set") for call in device.calls)
    assert cam.expose().report.settings == before


def test_impossible_comes_before_refused(stepped):
    stepped.start()
    with pytest.raises(OutOfRange):
        stepped.configure(gain=1000)
    with pytest.raises(Busy):
        stepped.configure(gain=100)
    stepped.close()
    with pytest.raises(OutOfRange):
        stepped.configure(gain=1000)
    with pytest.raises(NotConnected):
        stepped.configure(gain=100)


def test_numbers_of_any_kind_are_kept_as_plain_ones(cam):
    settings = cam.configure(gain=np.int64(3), offset=4.0, exposure_s=np.float32(0.5), bin=np.uint8(2))
    assert type(settings.gain) is type(settings.offset) is type(settings.format.bin) is int
    assert type(settings.exposure_s) is float
    window = cam.configure(window=Window(np.int64(0), 0.0, 10, np.int32(10))).format.window
    assert {type(window.left), type(window.top), type(window.height)} == {int}


def test_a_bad_window_is_told_the_nearest_good_one(cam):
    with pytest.raises(InvalidWindow, match="left=60 top=0 width=30 height=10"):
        cam.configure(window=Window(80, -4, 30, 10))
    with pytest.raises(InvalidWindow, match="left=0 top=0 width=32 height=32"):
        cam.configure(bin=2, window=Window(0, 0, 33, 32))


def test_the_full_frame_follows_binning_and_overscan(cam):
    assert cam.configure(bin=2).format.window == Window(0, 0, 90, 60)
    assert cam.configure(bin=4).format.window == Window(0, 0, 88, 60)
    assert cam.configure(bin=1).format.window == Window(0, 0, 90, 61)
    assert cam.configure(overscan=True).format.window == Window(0, 0, 96, 66)


def test_a_window_of_the_users_is_never_replaced_in_silence(cam):
    chosen = cam.configure(window=Window(1, 1, 33, 33))
    with pytest.raises(InvalidWindow, match="whole bins"):
        cam.configure(bin=2)
    with pytest.raises(InvalidWindow, match="another corner"):
        cam.configure(overscan=True)
    assert cam.settings == chosen
    assert cam.configure(bin=3).format.window == Window(1, 1, 33, 33)
    assert cam.configure(window=None, bin=2).format.window == Window(0, 0, 90, 60)


def test_the_word_depth_follows_the_mode_unless_chosen(make):
    with Camera(make(InstantClock(NOON_NS), link="fibre")) as cam:
        assert cam.configure(mode=2).format.bits == 12
        assert cam.expose().data.shape == (61, 180)
        assert cam.configure(mode=0).format.bits == 16
        cam.configure(bits=8)
        with pytest.raises(InvalidValue, match="12"):
            cam.configure(mode=2)
        assert cam.configure(mode=2, bits=None).format.bits == 12


def test_a_mode_of_the_other_cable_is_refused_with_the_remedy(cam):
    with pytest.raises(NotSupported, match="fibre"):
        cam.configure(mode="Twin chains")


def test_a_knob_that_the_camera_lacks_is_not_supported(make):
    fixed = dataclasses.replace(tiny_model(), speed=Range(0, 0, 1, 0))
    with Camera(make(InstantClock(NOON_NS), model=fixed)) as cam:
        assert cam.configure(speed=0).speed == 0
        with pytest.raises(NotSupported, match="no Speed knob"):
            cam.configure(speed=1)


def test_a_wheel_that_never_arrives_is_a_fault(cam, device, monkeypatch):
    monkeypatch.setattr(device, "get_control", lambda control: -1.0, raising=False)
    with pytest.raises(DeviceFault, match="wheel"):
        cam.wheel.move(1, wait=True)


def test_limits_are_those_of_the_mode(cam):
    assert cam.limits(Control.GAIN).high == 200
    cam.configure(mode=1)
    assert cam.limits(Control.GAIN).high == 100
    with pytest.raises(NotSupported):
        cam.limits(Control.SENSOR_TEMPERATURE_C)


def test_a_camera_that_disobeys_is_seen_in_the_frame_and_in_the_log(cam, device, caplog):
    device.disobeys[Control.GAIN] = 13.0
    with caplog.at_level(logging.WARNING):
        cam.configure(gain=50)
        frame = cam.expose()
    assert frame.asked.gain == 50
    assert frame.report.settings.gain == 13
    assert "asked for 50, the camera uses 13" in caplog.text


def test_timing_is_that_of_the_settings_in_force(cam):
    assert cam.configure(exposure_s=0.5).exposure_s == 0.5
    assert cam.timing().exposure_ns == pytest.approx(0.5e9, rel=1e-4)
    frame = cam.expose()
    assert frame.report.timing == cam.timing()


# Cooler, wheel, truth


def test_cooler_and_readings(cam):
    cam.set_target_temperature(-12.5)
    cam.set_cooler(True)
    assert cam.readings().target_temperature_c == -12.5
    assert cam.control(Control.COOLER_ON) == 1.0
    with pytest.raises(OutOfRange):
        cam.set_target_temperature(-300)
    with pytest.raises(InvalidValue):
        cam.set_target_temperature(math.nan)
    with pytest.raises(InvalidValue):
        cam.set_cooler(1)


def test_readings_that_a_camera_lacks_are_none(make):
    lacks = {Control.PRESSURE_HPA, Control.TARGET_TEMPERATURE_C, Control.COOLER_ON}
    with Camera(make(InstantClock(NOON_NS), lacks=lacks)) as cam:
        assert cam.readings().pressure_hpa is None
        assert cam.readings().ambient_temperature_c == 20.0
        assert Control.PRESSURE_HPA not in cam.controls
        with pytest.raises(NotSupported, match="cooler"):
            cam.set_cooler(True)


def test_wheel(stepped):
    wheel = stepped.wheel
    assert wheel.names == ("L", "R", "G", "B", "Ha")
    assert wheel.position == 0
    wheel.move("ha")
    assert wheel.position == -1
    stepped.clock.step(10.0)
    assert wheel.position == 4
    with pytest.raises(OutOfRange):
        wheel.move(5)
    with pytest.raises(UnknownName, match="'O3'"):
        wheel.move("O3")
    with pytest.raises(InvalidValue):
        wheel.move(True)


def test_wheel_waits_on_the_cameras_clock(cam):
    cam.wheel.move(2, wait=True)
    assert cam.wheel.position == 2


def test_a_camera_without_wheel(make):
    with Camera(make(InstantClock(NOON_NS), model=tiny_model(wheel_slots=0))) as cam:
        assert cam.wheel is None


def test_truth(cam):
    frame = cam.expose()
    cam.expose()
    assert cam.truth(frame).electrons.dtype == np.float32


# Faults


def test_a_fault_is_told_remembered_and_recovered_from(cam, device):
    asked = cam.configure(gain=66)
    device.unplugged = True
    with pytest.raises(DeviceLost):
        cam.expose()
    assert cam.state is State.ERROR
    assert isinstance(cam.last_error, DeviceLost)
    for call in (cam.expose, cam.readings, cam.remaining_s, cam.abort, lambda: cam.set_cooler(True)):
        with pytest.raises(DeviceFault, match=r"the camera has failed \(the cable is out"):
            call()
        assert isinstance(cam.last_error, DeviceLost)
    with pytest.raises(DeviceLost):
        cam.open()
    assert cam.state is State.ERROR
    device.unplugged = False
    cam.open()
    assert cam.state is State.IDLE
    assert cam.last_error is None
    assert cam.expose().report.settings == asked


@pytest.mark.parametrize("call", ["start_exposure", "read_frame", "frame arrives", "set gain", "get gain"])
def test_a_fault_anywhere_leads_to_error_and_back(cam, device, call):
    before = cam.settings
    device.fail_next(call, DeviceLost("gone."))

    def use():
        cam.configure(gain=3)
        cam.expose()

    with pytest.raises(DeviceLost):
        use()
    assert cam.state is State.ERROR
    cam.close()
    cam.open()
    assert cam.settings.gain in (3, before.gain)
    assert cam.expose().report.settings == cam.settings


def test_a_fault_seen_by_one_thread_reaches_the_reader_in_another(stepped):
    stepped.configure(exposure_s=100.0)
    stepped.start()
    reader = InThread(stepped.read)
    until(lambda: reading(stepped))
    stepped._device.fail_next("get sensor_temperature_c", DeviceLost("gone."))
    with pytest.raises(DeviceLost):
        stepped.readings()
    assert stepped.state is State.ERROR
    assert isinstance(reader.outcome(), DeviceLost)
    assert stepped.state is State.ERROR


def test_closed_camera_refuses_with_the_remedy(device):
    camera = Camera(device)
    for call in (camera.expose, camera.start, camera.stop, camera.abort, camera.live, camera.readings):
        with pytest.raises(NotConnected, match=r"open\(\)"):
            call()
    with pytest.raises(NotConnected):
        camera.configure(gain=1)
    camera.close()
    assert camera.model.key == "tiny-1"
    assert camera.settings.gain == 26


def test_open_that_fails_leaves_the_camera_recoverable(device):
    camera = Camera(device)
    device.unplugged = True
    with pytest.raises(DeviceLost):
        camera.open()
    device.unplugged = False
    camera.open()
    assert camera.state is State.IDLE
    camera.close()
