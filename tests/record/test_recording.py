"""Recordings: every frame in every format, to the bit, with its times and its fate."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

import fullwell
from fullwell.camera.alarms import AlarmKind
from fullwell.camera.ledger import Fate
from fullwell.camera.pretrigger import AtInstant, PreTrigger
from fullwell.errors import InvalidValue, NotSupported, NotWritable, UnknownName
from fullwell.models import Window
from fullwell.record import record
from fullwell.record.runlog import read_log
from fullwell.scene import Flat
from recorded import NAMES, Tap

FORMS = pytest.mark.parametrize("form", NAMES)


@pytest.fixture
def camera():
    """A QHY42 of which a small window is read."""
    with fullwell.open("twin:qhy42-pro", scene=Flat(2000), seed=3, clock="instant") as opened:
        opened.configure(window=Window(100, 200, 203, 57), exposure_s=0.01)
        yield opened


def images(form: str, paths: tuple[Path, ...]) -> list[np.ndarray]:
    """The frames that a reader finds."""
    if form == "fits":
        found = []
        for path in paths:
            with fits.open(path, checksum=True) as opened:
                hdu = opened[0] if opened[0].data is not None else opened[1]
                found.append(np.array(hdu.data))
        return found
    if form == "cube":
        with fits.open(paths[0], checksum=True) as opened:
            return list(np.array(opened[0].data))
    data = paths[0].read_bytes()
    columns, rows, bits, count = struct.unpack_from("<4i", data, 26)
    dtype = np.dtype("<u2" if bits > 8 else "u1")
    frames = np.frombuffer(data, dtype, count * rows * columns, 178)
    return list(frames.reshape(count, rows, columns))


@FORMS
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_every_frame_is_in_the_files(camera, tmp_path, form, bits):
    tap = Tap(camera)
    camera.configure(bits=bits)
    done = record(tap, tmp_path / NAMES[form], format=form, frames=23)
    assert done.complete
    assert done.counts[Fate.RECORDED] == 23
    log = read_log(done.log)
    assert log.recorded == 23
    assert log.end["counts"] == {"recorded": 23}
    found = images(form, done.paths)
    assert len(found) == len(log.notes) == 23
    for image, note in zip(found, log.notes, strict=True):
        np.testing.assert_array_equal(image, tap.frames[note.sequence])


def test_compressed_files(camera, tmp_path):
    tap = Tap(camera)
    done = record(tap, tmp_path, frames=7, compress=True)
    assert all(path.name.endswith(".fits.fz") for path in done.paths)
    found = images("fits", done.paths)
    for image, data in zip(found, tap.frames.values(), strict=True):
        np.testing.assert_array_equal(image, data)


def test_the_tables_of_a_cube(camera, tmp_path):
    done = record(camera, tmp_path / "a.fits", format="cube", frames=5, every=3)
    log = read_log(done.log)
    with fits.open(done.paths[0]) as opened:
        assert opened[0].header["NAXIS3"] == opened[0].header["NRECORD"] == 5
        assert opened[0].header["NSKIPPED"] == done.counts[Fate.SKIPPED] >= 8
        table = opened["FRAMES"].data
        for name in ("sequence", "start_ns", "exposure_ns", "line_period_ns", "rows_per_step", "top", "datasum"):
            assert list(table[name]) == [getattr(note, name) for note in log.notes]
        fates = [tuple(row) for row in opened["FATES"].data]
    assert fates == [(entry.first, entry.last, str(entry.fate)) for entry in done.entries]


def test_the_times_in_a_ser_file(camera, tmp_path):
    done = record(camera, tmp_path / "a.ser", format="ser", frames=5)
    data = done.paths[0].read_bytes()
    ticks = np.frombuffer(data[-40:], "<i8")
    starts_ns = [note.start_ns for note in read_log(done.log).notes]
    assert [(int(tick) - 621_355_968_000_000_000) for tick in ticks] == [ns // 100 for ns in starts_ns]
    assert len(data) == 178 + 5 * 203 * 57 * 2 + 40


@FORMS
def test_a_duration(camera, tmp_path, form):
    done = record(camera, tmp_path / NAMES[form], format=form, duration_s=0.5)
    starts_ns = [note.start_ns for note in read_log(done.log).notes]
    period_ns = camera.timing().frame_period_ns
    assert starts_ns[-1] - starts_ns[0] < 0.5e9 <= starts_ns[-1] - starts_ns[0] + period_ns
    assert done.recorded == len(starts_ns)
    assert done.counts[Fate.DELIVERED] == 0
    assert done.complete


def test_what_is_refused(camera, tmp_path):
    with pytest.raises(UnknownName, match="fits, cube, ser"):
        record(camera, tmp_path, format="avi", frames=1)
    with pytest.raises(NotSupported, match="compressed"):
        record(camera, tmp_path, format="ser", compress=True, frames=1)
    with pytest.raises(NotWritable, match="mkdir -p"):
        record(camera, tmp_path / "missing" / "a.ser", format="ser", frames=1)
    with pytest.raises(NotWritable, match=r"ends in \.ser"):
        record(camera, tmp_path / "a.fits", format="ser", frames=1)
    camera.configure(bin=2, window=Window(0, 0, 64, 64))
    with pytest.raises(NotSupported, match=r"at most 16 bits .*--format cube"):
        record(camera, tmp_path / "a.ser", format="ser", frames=1)
    assert not list(tmp_path.iterdir())


@FORMS
def test_nothing_is_replaced(camera, tmp_path, form):
    for name in ("a.fits", "a.ser", "a_0001.fits"):
        (tmp_path / name).write_text("precious")
    with pytest.raises(NotWritable, match="exists already"):
        record(camera, tmp_path / NAMES[form], format=form, frames=1)
    assert (tmp_path / "a_0001.fits").read_text() == "precious"
    assert (tmp_path / NAMES[form]).read_text() == "precious"


def test_a_pre_trigger(camera, tmp_path):
    period_ns = camera.timing().frame_period_ns
    event_ns = camera.clock.now_ns() + 40 * period_ns
    before = PreTrigger(10 * period_ns * 1e-9, AtInstant(event_ns))
    done = record(camera, tmp_path / "a.ser", format="ser", before=before, duration_s=5 * period_ns * 1e-9)
    starts_ns = [note.start_ns for note in read_log(done.log).notes]
    assert done.complete
    assert done.counts[Fate.SKIPPED] > 20
    assert -11 <= (starts_ns[0] - event_ns) / period_ns <= -9
    assert 3 <= (starts_ns[-1] - event_ns) / period_ns <= 5
    with pytest.raises(InvalidValue, match="burst"):
        record(camera, tmp_path / "b.ser", format="ser", before=before, burst=True, frames=3)


def test_a_pre_trigger_and_a_number_of_frames(camera, tmp_path):
    before = PreTrigger(10 * camera.timing().frame_period_ns * 1e-9)
    before.fire()
    assert record(camera, tmp_path / "a.ser", format="ser", before=before, frames=7).recorded == 7


def test_the_log_tells_what_was_wrong_meanwhile(camera, tmp_path) -> None:
    camera.alarms.sound(AlarmKind.DEW, "the sensor is wet.")
    record(camera, tmp_path / "wet.ser", format="ser", frames=3)
    camera.alarms.end(AlarmKind.DEW)
    record(camera, tmp_path / "dry.ser", format="ser", frames=3)
    told = {path.name: {note.alarms for note in read_log(path).notes} for path in tmp_path.glob("*.jsonl")}
    assert told == {"wet.ser.frames.jsonl": {"dew"}, "dry.ser.frames.jsonl": {""}}
