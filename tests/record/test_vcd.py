"""Value change dumps: another program's reader finds every edge at its nanosecond."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from vcd.reader import TokenKind, tokenize

from fullwell import models
from fullwell.errors import NotWritable
from fullwell.models.connector import Signal
from fullwell.models.facts import Window
from fullwell.readout.pins import LedPulse, PortUse, Shot, pin_trace
from fullwell.readout.timing import row_timing
from fullwell.readout.waveforms import Trace, Waveform, pulses
from fullwell.record import write_vcd

NOON_NS = 1_790_000_000_000_000_000


def read_back(path: Path) -> tuple[dict[str, list[tuple[int, str]]], int]:
    """Changes by variable, and the last time; with pyvcd."""
    names: dict[str, str] = {}
    changes: dict[str, list[tuple[int, str]]] = {}
    now = 0
    with path.open("rb") as file:
        for token in tokenize(file):
            match token.kind:
                case TokenKind.TIMESCALE:
                    assert str(token.data) in ("1 ns", "Timescale(magnitude=1, unit=ns)")
                case TokenKind.VAR:
                    names[token.data.id_code] = token.data.reference
                    changes[token.data.reference] = []
                case TokenKind.CHANGE_TIME:
                    assert token.data >= now
                    now = token.data
                case TokenKind.CHANGE_SCALAR:
                    changes[names[token.data.id_code]].append((now, token.data.value))
                case _:
                    pass
    return changes, now


@pytest.mark.parametrize("key", ["qhy600-pro", "qhy42-pro"])
def test_every_edge_is_read_back(key: str, tmp_path: Path) -> None:
    model = models.load(key)
    assert model.connector is not None
    timing = row_timing(model, 0, Window(0, 0, 64, 40), exposure_s=0.002, link="usb3")
    shots = [Shot(NOON_NS + i * timing.frame_period_ns, timing, bytes(range(44))) for i in range(3)]
    for mode in model.connector.modes:
        trace = pin_trace(model, PortUse(mode, trig_out=True, led=LedPulse(1000, 500)), shots)
        path = write_vcd(trace, tmp_path / f"{mode.name}.vcd", title=f"{model.name} $end {mode.title}")
        changes, end = read_back(path)
        assert end == trace.end_ns - trace.begin_ns
        assert len(changes) == len(trace.waveforms)
        for wave, (name, found) in zip(trace.waveforms, changes.items(), strict=True):
            assert name == f"{wave.pin}_{wave.signal}".replace(" ", "_")
            expected = [(0, str(int(wave.starts_high)))]
            for i, edge in enumerate(wave.edges_ns.tolist()):
                expected.append((edge - trace.begin_ns, str(int(wave.starts_high ^ (i % 2 == 0)))))
            assert found == expected


def test_a_pulse_without_length_keeps_both_changes(tmp_path: Path) -> None:
    wave = pulses("GPIO1", Signal.SHUTTER_MEASURE, [10, 50], [50, 90])
    changes, _ = read_back(write_vcd(Trace(0, 100, (wave,)), tmp_path / "a.vcd"))
    assert changes["GPIO1_shutter_measure"] == [(0, "0"), (10, "1"), (50, "0"), (50, "1"), (90, "0")]


def test_silence_is_written_too_and_names_are_kept(tmp_path: Path) -> None:
    quiet = Trace(5, 20, (Waveform("GPIO1", Signal.LED, False, np.empty(0, np.int64)),))
    path = write_vcd(quiet, tmp_path / "a.vcd")
    assert read_back(path) == ({"GPIO1_led": [(0, "0")]}, 15)
    before = path.read_bytes()
    with pytest.raises(NotWritable):
        write_vcd(quiet, path)
    assert path.read_bytes() == before
    write_vcd(quiet, path, overwrite=True)
