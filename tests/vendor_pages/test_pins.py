"""T4, T5, T7: what the pins carry in each GPIO mode, through the public API."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import fullwell
from fullwell.camera.engine import Camera
from fullwell.camera.frame import Frame
from fullwell.camera.pins import Pins
from fullwell.errors import Busy, InvalidValue, NotConnected, NotSupported, UnknownName
from fullwell.models.connector import Signal
from fullwell.models.facts import Window
from fullwell.scene import Dark

KEYS = ["qhy600-pro", "qhy268m-pro", "qhy42-pro"]


def opened(key: str, **options: object) -> Camera:
    return fullwell.open(f"twin:{key}", scene=Dark(), clock="instant", seed=1, **options)


@pytest.fixture(params=KEYS)
def cam(request: pytest.FixtureRequest) -> Iterator[Camera]:
    with opened(request.param) as camera:
        camera.configure(exposure_s=0.02, window=Window(0, 0, 64, 64))
        yield camera


def pins_of(camera: Camera) -> Pins:
    assert camera.pins is not None
    return camera.pins


def taken(camera: Camera, stream: str) -> list[Frame]:
    """Three frames, as the page's three ways take them."""
    if stream == "single":
        return [camera.expose() for _ in range(3)]
    return list(camera.live(frames=3) if stream == "live" else camera.burst(frames=3))


@pytest.mark.requirement("T4")
@pytest.mark.parametrize("stream", ["single", "live", "burst"])
def test_the_shutter_measure_tells_the_exposure_of_row_0(cam: Camera, stream: str) -> None:
    """42: high while row 0 is exposed. 600, 268: a pulse of 0.4 us near the end of row 0."""
    pins = pins_of(cam)
    pins.configure(mode="five-pin", trig_out=True)
    frames = taken(cam, stream)
    wave = pins.waveforms(frames)["shutter measure"]
    starts_ns = np.array([frame.times.start_ns[0] for frame in frames])
    ends_ns = np.array([frame.times.end_ns[0] for frame in frames])
    if "42" in cam.model.key:
        assert np.array_equal(wave.rising_ns, starts_ns)
        assert np.array_equal(wave.falling_ns, ends_ns)
    else:
        assert np.array_equal(wave.falling_ns - wave.rising_ns, [400, 400, 400])
        before_ns = ends_ns - wave.falling_ns
        assert np.all((before_ns > 0) & (before_ns < 100 * cam.timing().line_period_ns))


@pytest.mark.requirement("T5")
@pytest.mark.parametrize("stream", ["single", "live", "burst"])
def test_trig_out_of_the_42_falls_at_the_end_of_row_0(stream: str) -> None:
    with opened("qhy42-pro") as cam:
        cam.configure(exposure_s=0.005, window=Window(0, 0, 64, 64))
        pins = pins_of(cam)
        pins.configure(mode="five-pin", trig_out=True, sma_output="trig out")
        frames = taken(cam, stream)
        trace = pins.waveforms(frames)
        for wave in (trace["GPIO4"], trace["SMA out"]):
            assert wave.starts_high, "the pulse is low"
            line_ns = cam.timing().line_period_ns
            apart_ns = wave.falling_ns - np.array([frame.times.end_ns[0] for frame in frames])
            assert np.all(np.abs(apart_ns) < line_ns)
            assert np.all(wave.rising_ns - wave.falling_ns < line_ns)


PAGE = {
    "gps-box": (Signal.GPS_CONTROL, Signal.GPS_DATA_IN, Signal.SHUTTER_MEASURE, Signal.GPS_CLOCK),
    "five-pin": (Signal.SHUTTER_MEASURE, Signal.TRIGGER_IN, Signal.LINE_PERIOD, Signal.TRIG_OUT),
    "four-pin": (Signal.SHUTTER_MEASURE, Signal.SHUTTER_MEASURE_INVERTED, Signal.NONE, Signal.NONE),
    "master": (Signal.NONE, Signal.NONE, Signal.HSYNC, Signal.VSYNC),
    "slave": (Signal.NONE, Signal.NONE, Signal.HSYNC_IN, Signal.VSYNC_IN),
    "led-calibration": (Signal.SHUTTER_MEASURE, Signal.TRIGGER_IN, Signal.LINE_PERIOD, Signal.LED),
}


@pytest.mark.requirement("T7")
def test_each_mode_carries_what_the_page_says(cam: Camera) -> None:
    """The table of the page; the 42's own 5-pin socket has no trigger input, and it has no mode 6."""
    pins = pins_of(cam)
    if "42" in cam.model.key:
        with pytest.raises(NotSupported, match="led"):
            pins.flash_led(2000, 1000)
    else:
        pins.flash_led(2000, 1000)
    for number, (name, printed) in enumerate(PAGE.items(), start=1):
        if "42" in cam.model.key and name == "led-calibration":
            continue
        own_socket = "42" in cam.model.key and name == "five-pin"
        signals = (printed[0], Signal.NONE, *printed[2:]) if own_socket else printed
        pins.configure(mode=number, trig_out=True)
        assert (pins.settings.mode.name, pins.settings.mode.pins) == (name, signals)
        trace = pins.waveforms(frames=2)
        connected = {f"GPIO{pin}": signal for pin, signal in enumerate(signals, 1) if signal is not Signal.NONE}
        assert {wave.pin: wave.signal for wave in trace.waveforms if wave.pin != "SMA out"} == connected
        for pin, signal in connected.items():
            expects_edges = not signal.is_input or signal in (Signal.HSYNC_IN, Signal.VSYNC_IN)
            assert (len(trace[pin].edges_ns) > 0) == expects_edges, signal


@pytest.mark.requirement("T7")
def test_the_program_sets_the_outputs_of_mode_0(cam: Camera) -> None:
    pins = pins_of(cam)
    begin_ns = cam.clock.now_ns()
    pins.set_outputs(True, False, False, True)
    cam.clock.sleep_until(begin_ns + 1_000_000)
    pins.set_outputs(False, False, True, True)
    assert pins.outputs == (False, False, True, True)
    cam.clock.sleep_until(begin_ns + 2_000_000)
    trace = pins.waveforms(1, between_ns=(begin_ns - 1, begin_ns + 2_000_000))
    edges = [trace[f"GPIO{pin}"].edges_ns.tolist() for pin in (1, 2, 3, 4)]
    assert edges == [[begin_ns, begin_ns + 1_000_000], [], [begin_ns + 1_000_000], [begin_ns]]
    with pytest.raises(InvalidValue, match="4 outputs"):
        pins.set_outputs(True)
    pins.configure(mode="four-pin", trig_out=True)
    with pytest.raises(InvalidValue, match="no pin is an output"):
        pins.set_outputs(True, True, True, True)


@pytest.mark.requirement("T7")
def test_the_gps_box_sends_what_stands_in_the_frame(cam: Camera) -> None:
    """Bit by bit: data at each rising clock while control is low."""
    pins = pins_of(cam)
    cam.configure(gps=True)
    pins.configure(mode="gps-box", trig_out=True)
    frame = cam.expose()
    trace = pins.waveforms([frame])
    rises = trace["gps clock"].rising_ns.tolist()
    bits = [trace["gps data in"].is_high(rise) for rise in rises if not trace["gps control"].is_high(rise)]
    sent = np.packbits(bits).tobytes()
    assert sent == frame.data.tobytes()[:44]
    assert int.from_bytes(sent[5:7]) == frame.data.shape[1], "the width in the stamp"


@pytest.mark.requirement("T7")
def test_undefined_values_are_refused_with_the_reason(cam: Camera) -> None:
    pins = pins_of(cam)
    before = pins.settings
    with pytest.raises(InvalidValue, match="silent until TrigOut is enabled"):
        pins.configure(mode="five-pin")
    with pytest.raises(InvalidValue):
        pins.configure(mode=7, trig_out=True)
    with pytest.raises(UnknownName, match="five-pin"):
        pins.configure(mode="fivepin", trig_out=True)
    with pytest.raises(UnknownName, match="trigger input"):
        pins.configure(trigger_input="telepathy")
    with pytest.raises(InvalidValue):
        pins.configure(trig_out=1)  # type: ignore[arg-type]
    assert pins.settings == before
    cam.start()
    with pytest.raises(Busy):
        pins.configure(mode="five-pin", trig_out=True)
    cam.close()
    with pytest.raises(NotConnected):
        pins.configure(mode="five-pin", trig_out=True)


@pytest.mark.requirement("T7")
def test_registers_of_the_42() -> None:
    with opened("qhy42-pro") as cam:
        pins = pins_of(cam)
        assert pins.registers == {39: 0, 142: 0}
        for value in range(6):
            pins.write_register(39, value)
            assert pins.settings.mode.number == value
            assert pins.registers[39] == value
        for value in range(6, 16):
            with pytest.raises(InvalidValue, match=rf"REG39\[3:0\] = {value} is undefined"):
                pins.write_register(39, value)
        pins.write_register(39, 0b0100_0010)
        assert pins.settings.sma_output is Signal.TRIG_OUT
        for value, field in ((0b1000_0000, "7:6"), (0b1100_0000, "7:6"), (0b0001_0000, "5:4")):
            with pytest.raises(InvalidValue, match=field):
                pins.write_register(39, value)
        assert all(len(wave.edges_ns) == 0 for wave in pins.waveforms(2).waveforms), "REG142 = 0"
        pins.write_register(142, 1)
        assert len(pins.waveforms(2)["GPIO4"].falling_ns) == 2
        with pytest.raises(InvalidValue, match="not described"):
            pins.write_register(142, 2)
        with pytest.raises(UnknownName, match="register"):
            pins.write_register(40, 0)
    with opened("qhy600-pro") as cam, pytest.raises(NotSupported, match="configure"):
        pins_of(cam).write_register(39, 0)


@pytest.mark.requirement("T7")
def test_old_logic_of_the_42_is_refused() -> None:
    with opened("qhy42-pro", fpga="FPGA_V20190630 MAX10_V20191120") as cam:
        with pytest.raises(NotSupported, match="FPGA_V20191118"):
            pins_of(cam).configure(mode="five-pin", trig_out=True)
        with pytest.raises(NotSupported, match="FPGA_V20191118"):
            pins_of(cam).write_register(142, 1)
    with (
        opened("qhy42-pro", fpga="FPGA_V20201118") as cam,
        pytest.raises(NotSupported, match="MAX10_V20191120"),
    ):
        pins_of(cam).configure(mode="five-pin", trig_out=True)


def test_the_connectors_survive_close_and_open(cam: Camera) -> None:
    pins = pins_of(cam)
    pins.configure(mode="four-pin", trig_out=True)
    cam.close()
    cam.open()
    assert pins_of(cam).settings.mode.name == "four-pin"
    assert cam._device.get_control(fullwell.camera.controls.Control.GPIO_MODE) == 3.0
