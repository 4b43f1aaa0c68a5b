"""The pins: edges agree with the row times to the nanosecond, in every mode of every model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullwell import models
from fullwell.errors import InvalidFacts, InvalidValue, UnknownName
from fullwell.models.connector import Connector, Signal, read_connector
from fullwell.models.facts import CameraModel, Window
from fullwell.models.tables import Table
from fullwell.readout.pins import LedPulse, PortUse, Shot, pin_trace
from fullwell.readout.rowtimes import row_times
from fullwell.readout.timing import row_timing
from fullwell.readout.waveforms import Waveform, pulses

NOON_NS = 1_790_000_000_000_000_000


def connector(model: CameraModel) -> Connector:
    assert model.connector is not None
    return model.connector


@st.composite
def series(draw):
    """A camera with settings, and some frames as live, single or burst take them."""
    model = models.load(draw(st.sampled_from(models.keys())))
    mode = draw(st.sampled_from(model.modes))
    area = model.sensor.geometry.effective
    height = draw(st.integers(1, 400))
    top = draw(st.sampled_from([0, draw(st.integers(0, area.height - height))]))
    binning = draw(st.sampled_from([factor for factor in model.bins if factor <= height]))
    timing = row_timing(
        model,
        mode.number,
        Window(0, top, 64, height - height % binning),
        exposure_s=draw(st.floats(model.exposure_s.low, 0.2)),
        link=draw(st.sampled_from(mode.links)),
        bits=draw(st.sampled_from(mode.output_bits)),
        usb_traffic=draw(st.integers(0, int(model.usb_traffic.high))),
        speed=draw(st.integers(0, int(model.speed.high))),
    )
    pauses_ns = draw(st.lists(st.integers(0, 50_000_000), min_size=1, max_size=4))
    starts_ns = NOON_NS + np.cumsum(np.array(pauses_ns, np.int64) + timing.frame_period_ns)
    return model, binning, height // binning, [Shot(int(start), timing) for start in starts_ns]


@given(series(), st.sampled_from(range(7)))
def test_edges_agree_with_the_row_times_to_the_nanosecond(taken, number) -> None:
    model, binning, rows, shots = taken
    facts = connector(model)
    if number >= len(facts.modes):
        return
    use = PortUse(facts.modes[number], trig_out=True, led=LedPulse(-300, 100))
    trace = pin_trace(model, use, shots)
    times = [row_times(shot.timing, shot.row0_start_ns, rows, binning) for shot in shots]
    timing = shots[0].timing
    # The end of the first sensor row of the window, from the table of row times.
    ends_ns = np.array([int(each.start_ns[0]) + timing.exposure_ns for each in times])
    vsyncs_ns = ends_ns - timing.reference_to_row0_end_ns
    for wave in trace.waveforms:
        assert np.all(np.diff(wave.edges_ns) >= 0)
        match wave.signal:
            case Signal.SHUTTER_MEASURE if model.shutter_signal.kind == "exposure":
                assert np.array_equal(wave.falling_ns, vsyncs_ns)
                assert np.array_equal(wave.falling_ns - wave.rising_ns, np.full(len(shots), timing.exposure_ns))
                if timing.top == 0:
                    assert np.array_equal(wave.rising_ns, [each.start_ns[0] for each in times])
                    assert np.array_equal(wave.falling_ns, ends_ns)
            case Signal.SHUTTER_MEASURE:
                assert np.array_equal(wave.falling_ns, vsyncs_ns)
                assert set(wave.falling_ns - wave.rising_ns) == {400}
            case Signal.SHUTTER_MEASURE_INVERTED:
                assert np.array_equal(wave.rising_ns, vsyncs_ns)
            case Signal.TRIG_OUT | Signal.VSYNC | Signal.VSYNC_IN:
                assert wave.starts_high
                assert np.array_equal(wave.falling_ns, vsyncs_ns)
            case Signal.LINE_PERIOD | Signal.HSYNC | Signal.HSYNC_IN:
                check_lines(wave, vsyncs_ns, ends_ns, timing, model)
            case Signal.LED:
                assert np.array_equal(wave.rising_ns, vsyncs_ns - 300)


def check_lines(wave: Waveform, vsyncs_ns, ends_ns, timing, model) -> None:
    """A line begins with each vsync, lines last a line period, and rows end a fixed while after a line begins."""
    assert set(vsyncs_ns) <= set(wave.falling_ns)
    apart_ns = np.diff(wave.falling_ns)
    stretched = apart_ns[apart_ns != timing.line_period_ns]
    assert len(stretched) < len(vsyncs_ns)
    assert np.all((stretched > timing.line_period_ns) & (stretched < 2 * timing.line_period_ns))
    late_ns = timing.reference_to_row0_end_ns % timing.line_period_ns
    counted = timing.reference_to_row0_end_ns // timing.line_period_ns
    first = int(np.searchsorted(wave.falling_ns, vsyncs_ns[-1]))
    if first + counted < len(wave.falling_ns):
        assert wave.falling_ns[first + counted] + late_ns == ends_ns[-1]


@pytest.mark.parametrize("key", models.keys())
def test_nothing_comes_out_until_trig_out_is_enabled(key: str) -> None:
    model = models.load(key)
    facts = connector(model)
    shot = Shot(NOON_NS, row_timing(model, 0, Window(0, 0, 64, 64), exposure_s=0.01, link=model.links[0].name))
    for mode in facts.modes[1:]:
        quiet = pin_trace(model, PortUse(mode, led=LedPulse(0, 10)), [shot])
        outputs = [wave for wave in quiet.waveforms if not wave.signal.is_input]
        assert all(len(wave.edges_ns) == 0 for wave in outputs), mode.name
        loud = pin_trace(model, PortUse(mode, trig_out=True, led=LedPulse(0, 10)), [shot])
        assert all(len(loud[wave.pin].edges_ns) > 0 for wave in outputs), mode.name
        framed = [wave for wave in outputs if wave.signal not in (Signal.LINE_PERIOD, Signal.HSYNC)]
        assert all(loud[wave.pin].starts_high == wave.starts_high for wave in framed), "the level at rest"


def test_outputs_follow_the_program_whatever_trig_out_says() -> None:
    model = models.load("qhy600-pro")
    shot = Shot(NOON_NS, row_timing(model, 0, Window(0, 0, 64, 64), exposure_s=0.01, link="usb3"))
    levels = ((0, 0b0001), (NOON_NS + 5, 0b0011), (NOON_NS + 9, 0b0010))
    trace = pin_trace(model, PortUse(connector(model).mode(0), levels=levels), [shot])
    assert trace["GPIO1"].starts_high
    assert trace["GPIO1"].edges_ns.tolist() == [NOON_NS + 9]
    assert trace["GPIO2"].edges_ns.tolist() == [NOON_NS + 5]
    assert trace["GPIO3"].edges_ns.tolist() == []


def test_the_gps_box_is_clocked_bit_by_bit() -> None:
    """Whoever reads data at the rising clock while control is low gets the 44 bytes."""
    model = models.load("qhy268m-pro")
    sent = bytes(range(7, 51))
    shot = Shot(NOON_NS, row_timing(model, 0, Window(0, 0, 64, 64), exposure_s=0.01, link="usb3"), sent)
    trace = pin_trace(model, PortUse(connector(model).mode("GPS-box"), trig_out=True), [shot])
    read = [
        trace["gps data in"].is_high(int(instant))
        for instant in trace["gps clock"].rising_ns
        if not trace["gps control"].is_high(int(instant))
    ]
    assert np.packbits(read).tobytes() == sent
    assert trace["gps control"].falling_ns[0] == trace["shutter measure"].falling_ns[0]


def test_a_trace_can_be_cut() -> None:
    wave = pulses("GPIO1", Signal.LED, [10, 50], [20, 60])
    assert wave.between(15, 55).starts_high
    assert wave.between(15, 55).edges_ns.tolist() == [20, 50]
    assert wave.between(20, 60).edges_ns.tolist() == [20, 50]
    assert not wave.between(30, 40).starts_high
    with pytest.raises(InvalidValue, match="overlap"):
        pulses("GPIO1", Signal.LED, [10, 15], [20, 60])


def test_a_trace_knows_its_pins_by_name_and_by_signal() -> None:
    model = models.load("qhy42-pro")
    shot = Shot(NOON_NS, row_timing(model, 1, Window(0, 0, 64, 64), exposure_s=0.01, link="usb3"))
    use = PortUse(connector(model).mode("five-pin"), trig_out=True, sma_output=Signal.TRIG_OUT)
    trace = pin_trace(model, use, [shot])
    assert [wave.pin for wave in trace.waveforms] == ["GPIO1", "GPIO3", "GPIO4", "SMA out"]
    assert trace["trig out"] is trace["GPIO4"]
    with pytest.raises(UnknownName, match="GPIO2"):
        trace["GPIO2"]
    with pytest.raises(InvalidValue, match="no frames"):
        pin_trace(model, use, [])
    with pytest.raises(InvalidValue, match="20000000 edges"):
        pin_trace(model, use, [shot], (NOON_NS, NOON_NS + 3_600_000_000_000))


def test_undefined_modes_are_refused_with_the_reason() -> None:
    forty_two = connector(models.load("qhy42-pro"))
    with pytest.raises(InvalidValue, match=r"REG39\[3:0\] = 6 is undefined"):
        forty_two.mode(6)
    with pytest.raises(UnknownName, match="led-calibration"):
        connector(models.load("qhy600-pro")).mode(7)
    with pytest.raises(UnknownName, match="led-calibration"):
        forty_two.mode("led-calibration")


def test_facts_of_a_connector_are_checked() -> None:
    def facts(**changes: object) -> Table:
        entries = {
            "sync_pulse_ns": 400,
            "output_level_v": 1.8,
            "gps_bit_ns": 1000,
            "trigger_inputs": ["gpio"],
            "gpio_latency_ns": 0,
            "sma_latency_ns": 0,
            "soft_latency_ns": 0,
            "trigger_filter_s": 0.1,
            "mode": [{"number": 0, "name": "a", "title": "b", "pins": ["output"] * 4}],
        }
        return Table({**entries, **changes}, "some.toml", "connector")

    assert read_connector(facts()).mode("A").number == 0
    for name, wrong in {
        "trigger_inputs": ["usb"],
        "mode": [{"number": 1, "name": "a", "title": "b", "pins": ["output"] * 4}],
        "sma_outputs": ["music"],
        "register": [{"number": 39, "high_bit": 0, "low_bit": 0, "meanings": ["a", "b", "c"]}],
    }.items():
        with pytest.raises(InvalidFacts, match=name if name != "register" else "meanings"):
            read_connector(facts(**{name: wrong}))
    with pytest.raises(InvalidFacts, match="GPIO4"):
        read_connector(facts(mode=[{"number": 0, "name": "a", "title": "b", "pins": ["output"] * 3}]))
