"""Who it is, and in which order calls are allowed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.bench import WINDOW, Bench, buffer_for, expose, prepare
from fullwell.camera.controls import Control
from fullwell.camera.device import Device, Stream
from fullwell.camera.frame import FrameFormat
from fullwell.errors import Busy, InvalidOperation, InvalidValue, NoImage, NotConnected, UnknownName

CLOSED_CALLS: dict[str, Callable[[Device], object]] = {
    "initialise": lambda device: device.initialise(device.model.default_mode, Stream.SINGLE),
    "configure": lambda device: device.configure(FrameFormat(WINDOW)),
    "set_control": lambda device: device.set_control(Control.GAIN, 1),
    "get_control": lambda device: device.get_control(Control.GAIN),
    "precise_timing": lambda device: device.precise_timing(),
    "start_exposure": lambda device: device.start_exposure(),
    "read_frame": lambda device: device.read_frame(np.zeros((18, 24), np.uint16)),
    "start_live": lambda device: device.start_live(),
    "read_live": lambda device: device.read_live(np.zeros((18, 24), np.uint16), 0.0),
}


def test_identity_is_known_before_open_and_does_not_change(bench: Bench) -> None:
    device = bench.device()
    before = device.identity
    device.open()
    assert device.identity == before
    assert before.model_key == bench.model.key == device.model.key
    assert before.id.isascii()
    assert before.id.startswith(bench.model.sdk_name)
    assert len(before.id) <= 31
    assert device.link in {link.name for link in bench.model.links}


def test_bodies_have_different_names(bench: Bench) -> None:
    names = {bench.device(seed=seed).identity.id for seed in range(20)}
    assert len(names) == 20


@pytest.mark.parametrize("call", CLOSED_CALLS.values(), ids=CLOSED_CALLS.keys())
def test_a_closed_camera_answers_nothing(bench: Bench, call: Callable[[Device], object]) -> None:
    device = bench.device()
    with pytest.raises(NotConnected):
        call(device)
    prepare(device)
    device.close()
    with pytest.raises(NotConnected):
        call(device)


def test_closing_cancelling_and_stopping_are_harmless_at_any_time(bench: Bench) -> None:
    device = bench.device()
    for _ in range(2):
        device.close()
        device.cancel_exposure()
        device.stop_live()
    frame_format = prepare(device)
    device.cancel_exposure()
    device.stop_live()
    expose(device, frame_format)


def test_initialise_comes_before_exposures(bench: Bench) -> None:
    device = bench.device()
    device.open()
    with pytest.raises(InvalidOperation):
        device.start_exposure()
    with pytest.raises(InvalidOperation):
        device.configure(FrameFormat(WINDOW))


def test_each_stream_has_its_own_calls(bench: Bench) -> None:
    single = bench.ready(stream=Stream.SINGLE)
    with pytest.raises(InvalidOperation):
        single.start_live()
    live = bench.ready(stream=Stream.LIVE)
    with pytest.raises(InvalidOperation):
        live.start_exposure()
    with pytest.raises(InvalidOperation):
        live.read_live(np.zeros((18, 24), np.uint16), 0.0)


def test_there_is_no_frame_before_an_exposure(bench: Bench) -> None:
    device = bench.ready()
    with pytest.raises(NoImage):
        device.read_frame(np.zeros((18, 24), np.uint16))


def test_one_exposure_at_a_time(bench: Bench) -> None:
    device = bench.device()
    frame_format = prepare(device)
    device.start_exposure()
    for refused in (
        device.start_exposure,
        lambda: device.configure(frame_format),
        lambda: device.initialise(device.model.default_mode, Stream.SINGLE),
        lambda: device.set_control(Control.GAIN, 1),
    ):
        with pytest.raises(Busy):
            refused()
    device.set_control(Control.TARGET_TEMPERATURE_C, -5.0)
    device.read_frame(buffer_for(frame_format))
    device.set_control(Control.GAIN, 1)


def test_no_change_of_format_while_live(bench: Bench) -> None:
    device = bench.device()
    frame_format = prepare(device, stream=Stream.LIVE)
    device.start_live()
    for refused in (
        device.start_live,
        lambda: device.configure(frame_format),
        lambda: device.initialise(device.model.default_mode, Stream.LIVE),
    ):
        with pytest.raises(Busy):
            refused()
    device.stop_live()
    device.configure(frame_format)


def test_unknown_modes_are_refused(bench: Bench) -> None:
    device = bench.device()
    device.open()
    with pytest.raises(UnknownName):
        device.initialise(len(bench.model.modes), Stream.SINGLE)


@pytest.mark.parametrize("wrong", ["shape", "dtype", "order"])
def test_a_buffer_that_does_not_fit_is_refused_and_the_frame_is_kept(bench: Bench, wrong: str) -> None:
    device = bench.device()
    frame_format = prepare(device)
    good = buffer_for(frame_format)
    bad = {"shape": good[1:], "dtype": good.astype(np.float32), "order": np.asfortranarray(good)}[wrong]
    device.start_exposure()
    with pytest.raises(InvalidValue):
        device.read_frame(bad)
    assert device.read_frame(good).shape == good.shape
