"""Row times read back from files: ours and those of others, cropped, binned, flipped; every refusal."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.camera.frame import Frame
from fullwell.errors import DoubtfulTime, InvalidValue, MissingFile
from fullwell.models.facts import Window
from fullwell.readout.calibration import FACTS_UNCERTAINTY_NS
from fullwell.readout.gps import Edge, GpsStamp, latitude_word, longitude_word, write_stamp
from fullwell.record import record, write_fits
from fullwell.record.picture import SER_MAGIC
from fullwell.record.runlog import FrameNote
from fullwell.record.ser import HEADER, ticks
from fullwell.record.times import read_times
from fullwell.scene import Dark
from fullwell.twin.gpsbox import Fault, GpsBox

START_NS = 1_767_225_600_250_000_123
ROWS, COLUMNS = 24, 66


@dataclass
class Rig:
    """A twin whose frames become files."""

    camera: Any
    folder: Path
    frame: Frame | None = None

    def take(self, name: str = "a.fits", **settings: Any) -> Path:
        self.camera.configure(**{"window": Window(0, 11, COLUMNS, ROWS), "exposure_s": 0.01, **settings})
        self.frame = self.camera.expose()
        return write_fits(self.frame, self.folder / name, overwrite=True)

    def same(self, path: Path, rows: slice = slice(None)) -> bool:
        """Whether a file tells these rows of the frame to the nanosecond."""
        read, own = read_times(path).sound(), self.frame.times
        return all(
            np.array_equal(getattr(read, name), getattr(own, name)[rows])
            for name in ("start_ns", "middle_ns", "end_ns")
        ) and (read.source, read.uncertainty_ns) == (own.source, own.uncertainty_ns)


@pytest.fixture(scope="module")
def opened() -> Iterator[Any]:
    with fullwell.open("twin:qhy600-pro", scene=Dark(), clock=InstantClock(START_NS), seed=2) as camera:
        yield camera


@pytest.fixture
def rig(opened: Any, tmp_path: Path) -> Rig:
    opened.configure(gps=False, bin=1, mode=1)
    return Rig(opened, tmp_path)


def rewrite(path: Path, change: Any, **cards: Any) -> Path:
    """A file as another program would make it of this one."""
    with fits.open(path) as opened:
        hdu = next(hdu for hdu in opened if hdu.is_image and hdu.data is not None)
        header = hdu.header.copy()
        data = np.ascontiguousarray(change(hdu.data))
    for name in ("CHECKSUM", "DATASUM"):
        header.remove(name, ignore_missing=True)
    for name, value in cards.items():
        if value is None:
            header.remove(name, ignore_missing=True)
        else:
            header[name] = value
    changed = path.with_name("changed.fits")
    fits.writeto(changed, data, header, overwrite=True)
    return changed


@pytest.mark.parametrize("gps", [False, True])
@pytest.mark.parametrize("mode", [1, 5])
@pytest.mark.parametrize("binning", [1, 2, 3])
def test_our_files_tell_the_frames_own_times(rig: Rig, mode: int, gps: bool, binning: int) -> None:
    path = rig.take(mode=mode, gps=gps, bin=binning)
    assert rig.same(path)
    told = read_times(path)
    assert told.times.source == ("gps" if gps else "twin")
    assert (told.camera, told.first_row, told.rowmap.factor) == ("QHY600 Pro", 11, binning)
    assert (told.stamp is not None) == gps


def test_compressed_files_tell_the_same(rig: Rig) -> None:
    rig.take(gps=True)
    assert rig.same(write_fits(rig.frame, rig.folder / "a.fits.fz", compress="rice"))


def flip(data: Any) -> Any:
    return data[::-1]


def mirror(data: Any) -> Any:
    return data[:, ::-1]


def test_flips_are_found_by_the_stamp_whatever_the_header_says(rig: Rig) -> None:
    path = rig.take(gps=True)
    assert rig.same(rewrite(path, flip), slice(None, None, -1))
    assert rig.same(rewrite(path, mirror))
    changed = rewrite(path, lambda data: mirror(flip(data)), ROWORDER="BOTTOM-UP")
    assert rig.same(changed, slice(None, None, -1))
    assert read_times(changed).mirrored


def test_flips_are_taken_from_roworder_where_there_is_no_stamp(rig: Rig) -> None:
    path = rig.take()
    assert rig.same(rewrite(path, flip, ROWORDER="BOTTOM-UP"), slice(None, None, -1))


@pytest.mark.parametrize("top", [10, 11])
@pytest.mark.parametrize("binning", [1, 2, 3])
@pytest.mark.parametrize("cut", [2, 3])
def test_crops_are_found_in_each_convention(rig: Rig, top: int, binning: int, cut: int) -> None:
    path = rig.take(window=Window(0, top, COLUMNS, ROWS), bin=binning)
    first = fits.getheader(path)
    initial = first.get("CROPOFFY", 0)
    assert initial == (1 if top % 2 and binning % 2 else 0)

    def below(data: Any) -> Any:
        return data[cut:-1]

    for cards in (
        {"CROPOFFY": initial + cut},
        {"YORGSUBF": first["YORGSUBF"] + cut},
        {"LTV2": -cut},
        {"YORGSUBF": first["YORGSUBF"] + cut, "LTV2": -float(cut)},
    ):
        assert rig.same(rewrite(path, below, **cards), slice(cut, -1)), cards


def test_a_crop_that_is_flipped(rig: Rig) -> None:
    path = rig.take()
    changed = rewrite(path, lambda data: flip(data[4:-2]), ROWORDER="BOTTOM-UP", LTV2=-4)
    assert rig.same(changed, slice(-3, 3, -1))


def test_rows_that_are_missing_without_a_word_are_refused(rig: Rig) -> None:
    path = rig.take()
    with pytest.raises(DoubtfulTime, match="does not say which"):
        read_times(rewrite(path, lambda data: data[3:]))
    with pytest.raises(DoubtfulTime, match="different crops: 2, 3 rows"):
        read_times(rewrite(path, lambda data: data[3:], CROPOFFY=4, LTV2=-2))
    with pytest.raises(DoubtfulTime, match="only 24 were read"):
        read_times(rewrite(path, lambda data: data, LTV2=-4))


def test_binning_by_another_program(rig: Rig) -> None:
    path = rig.take(window=Window(0, 10, COLUMNS, ROWS))
    changed = rewrite(path, lambda data: data[::2, ::2], XBINNING=2, YBINNING=2, YORGSUBF=5)
    read = read_times(changed).sound()
    assert np.array_equal(read.start_ns, rig.frame.times.start_ns[::2])
    assert np.array_equal(read.end_ns, rig.frame.times.end_ns[1::2])


def test_a_file_whose_pixels_and_header_disagree_is_refused(rig: Rig) -> None:
    path = rig.take(gps=True)
    text = fits.getheader(path)["ROW0BEG"]
    changed = rewrite(path, lambda data: data, ROW0BEG=text[:-4] + f"{(int(text[-4]) + 1) % 10}" + text[-3:])
    with pytest.raises(DoubtfulTime, match="the stamp in the pixels and the time in the file are"):
        read_times(changed).sound()


@pytest.mark.parametrize(
    ("box", "words"),
    [
        (None, "no lock"),
        (GpsBox(faults=["lock lost"]), "no lock"),
        (GpsBox(faults=["pps lost"]), "PPS is lost"),
        (GpsBox(faults=["bogus lock"]), "18 s after the date"),
        (GpsBox(faults=["failed frames"]), "frame that failed"),
    ],
)
def test_doubtful_stamps_are_refused_with_the_reason(box: GpsBox | None, words: str, tmp_path: Path) -> None:
    with fullwell.open(
        "twin:qhy600-pro", scene=Dark(), clock=InstantClock(START_NS), seed=2, gps_box=box
    ) as camera:
        rig = Rig(camera, tmp_path)
        path = rig.take(gps=True)
    told = read_times(path)
    with pytest.raises(DoubtfulTime, match=words) as refused:
        told.sound()
    assert refused.value.reasons == told.doubts
    assert told.sound(any_source=True).source == "twin"


# Other programs.


def nina(rig: Rig, *, pixels: bool = True, **cards: Any) -> Path:
    """The frame as N.I.N.A. would have saved it: none of our cards but the QHY_ and GPS_ ones."""
    path = rig.take(gps=True)
    header = fits.getheader(path)
    kept = ("QHY_", "GPS_", "XBINNING", "YBINNING", "EXPTIME", "DATE-OBS", "CROPOFFY", "READOUTM", "ROWORDER")
    ours = {name: None for name in header if name.isidentifier() and not name.startswith(kept)}
    ours |= {name: None for name in header if "-" in name and name != "DATE-OBS"}
    for name in ("SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "EXTEND", "BSCALE", "BZERO"):
        ours.pop(name, None)
    change = (lambda data: data) if pixels else (lambda data: np.clip(data, 1000, 1100))
    return rewrite(path, change, **{**ours, "INSTRUME": "QHY600M", **cards})


def starts_apart_ns(rig: Rig, path: Path) -> int:
    return int(np.abs(read_times(path).sound().start_ns - rig.frame.times.start_ns).max())


def test_frames_of_nina_with_bytes_in_the_pixels(rig: Rig) -> None:
    path = nina(rig, YORGSUBF=11, CROPOFFY=None)
    told = read_times(path)
    assert starts_apart_ns(rig, path) == 0
    assert (told.times.source, told.offset_by, told.notes) == ("gps", "QHY_OFF0", ())
    assert told.times.uncertainty_ns >= FACTS_UNCERTAINTY_NS
    assert starts_apart_ns(rig, nina(rig)) == 0  # CROPOFFY tells the same


def test_frames_of_nina_with_cards_alone(rig: Rig) -> None:
    path = nina(rig, pixels=False)
    assert read_times(path).stamp is not None
    assert 0 <= starts_apart_ns(rig, path) <= 1_000  # cut to microseconds
    (note,) = read_times(nina(rig, pixels=False, ROWORDER=None)).notes
    assert "no ROWORDER" in note


def test_frames_without_precise_numbers_need_the_facts(rig: Rig) -> None:
    without = dict.fromkeys(("QHY_EXP", "QHY_LP", "QHY_OFF0", "CROPOFFY"))
    facts = {"YORGSUBF": 11, "READOUTM": "High Gain Mode 16BIT", "USBLIMIT": 0}
    path = nina(rig, **without, **facts)
    assert starts_apart_ns(rig, path) == 0
    assert "those of the facts" in read_times(path).notes[0]
    for left_out, words in (("USBLIMIT", "USB traffic"), ("READOUTM", "mode"), ("INSTRUME", "camera")):
        other = {left_out: None if left_out != "INSTRUME" else "QHY5000M"}
        with pytest.raises(DoubtfulTime, match=words):
            read_times(nina(rig, **without, **{**facts, **other}))


def test_single_rows_in_2cms_modes_of_other_names(rig: Rig) -> None:
    rig.camera.configure(mode=5)
    path = nina(rig, READOUTM="2CMS-1")
    assert starts_apart_ns(rig, path) == 0
    assert read_times(path).timing.rows_per_step == 1


def test_an_unknown_camera_is_taken_to_read_pairs(rig: Rig) -> None:
    (note,) = read_times(nina(rig, INSTRUME="QHY411M")).notes
    assert "in pairs" in note


@pytest.mark.parametrize(
    ("cards", "words"),
    [
        ({"DATE-OBS": "2026-01-01T02:00:00"}, "s before the date of the frame"),
        ({"DATE-OBS": "0001-01-01T00:00:00.0000000"}, "mark of a lost lock"),
    ],
)
def test_stamps_far_from_the_date_of_the_file_are_refused(rig: Rig, cards: dict[str, str], words: str) -> None:
    with pytest.raises(DoubtfulTime, match=words):
        read_times(nina(rig, **cards)).sound()


def test_stamps_that_do_not_go_on_from_the_frame_before_are_refused(rig: Rig) -> None:
    first = nina(rig).rename(rig.folder / "first.fits")
    second = nina(rig)
    assert read_times(second, previous=first).sound().source == "gps"
    later_s = fits.getheader(second)["GPS_ESEC"] + 2
    jumping = nina(rig, pixels=False, GPS_LON=rig.frame.report.gps.longitude_deg + 0.03)
    with pytest.raises(DoubtfulTime, match="position jumps"):
        read_times(jumping, previous=first).sound()
    with pytest.raises(DoubtfulTime, match="time jumps"):
        read_times(nina(rig, pixels=False, GPS_ESEC=later_s), previous=first).sound()
    with pytest.raises(DoubtfulTime, match="frozen"):
        read_times(first, previous=first).sound()


def test_stamps_in_a_cube_of_another_program_are_held_against_each_other(rig: Rig) -> None:
    path = nina(rig)
    header, frames = fits.getheader(path), [fits.getdata(path)]
    for _ in range(2):
        frames.append(fits.getdata(nina(rig)))
    cube = rig.folder / "cube.fits"
    header.remove("NAXIS")
    fits.writeto(cube, np.stack([frames[0], frames[1], frames[1]]), header)
    assert read_times(cube, 0).sound().source == "gps"
    assert read_times(cube, 1).sound().source == "gps"
    with pytest.raises(DoubtfulTime, match="frozen"):
        read_times(cube, 2).sound()


def test_cards_that_tell_of_no_lock_are_refused(rig: Rig) -> None:
    told = read_times(nina(rig, pixels=False, GPS_NFLG=2, GPS_PPS=10_000_500))
    assert told.times is None
    assert [words in reason for words, reason in zip(("no lock", "PPS is lost"), told.doubts, strict=True)]
    with pytest.raises(DoubtfulTime):
        told.sound(any_source=True)


def test_a_global_shutter_tells_start_and_end_itself(tmp_path: Path) -> None:
    start_ns = 1_700_000_000_123_456_700
    stamp = GpsStamp(
        3, 0, 1920, 1200, latitude_word(52.4), longitude_word(12.9),
        Edge.at(start_ns, 51), Edge.at(start_ns + 5 * 10**8, 51), Edge.at(start_ns + 5 * 10**8, 51), 9_999_999,
    )  # fmt: skip
    data = np.full((20, 128), 700, np.uint16)
    write_stamp(data, stamp)
    path = tmp_path / "global.fits"
    cards = {"INSTRUME": "QHY174M-GPS", "EXPTIME": 0.5, "DATE-OBS": "2023-11-14T22:13:21"}
    fits.writeto(path, data, fits.Header(cards))
    times = read_times(path).sound()
    assert set(times.start_ns) == {stamp.start.utc_ns(9_999_999)}
    assert set(times.end_ns) == {stamp.end.utc_ns(9_999_999)}
    fits.setval(path, "EXPTIME", value=0.4)
    with pytest.raises(DoubtfulTime, match="calibrate the LED"):
        read_times(path).sound()


def test_floats_that_hold_whole_words_are_read(rig: Rig) -> None:
    path = nina(rig)
    changed = rewrite(path, lambda data: data.astype(np.float32), BZERO=None, BSCALE=None)
    assert starts_apart_ns(rig, changed) == 0


def test_files_without_any_time_are_refused(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "plain.fits"
    fits.writeto(path, np.full((30, 64), 500, np.uint16))
    with pytest.raises(DoubtfulTime, match="no row times"):
        read_times(path)
    with pytest.raises(MissingFile):
        read_times(tmp_path / "none.fits")
    path.write_text("no picture")
    with pytest.raises(MissingFile, match="FITS"):
        read_times(path)
    with pytest.raises(InvalidValue, match="no frame 1"):
        read_times(rig.take(), frame=1)


# Files of many frames.


@pytest.mark.parametrize("gps", [False, True])
@pytest.mark.parametrize("form", ["cube", "ser"])
@pytest.mark.parametrize("binning", [1, 3])
def test_each_frame_of_a_recording_tells_its_own_times(
    opened: Any, tmp_path: Path, form: str, gps: bool, binning: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the nanosecond, though SER itself counts in 100 ns; the frames are held as they go to the disk."""
    taken: list[Frame] = []
    made = FrameNote.of.__func__

    def of(kind: Any, frame: Frame, *rest: Any) -> FrameNote:
        taken.append(frame)
        return made(kind, frame, *rest)

    monkeypatch.setattr(FrameNote, "of", classmethod(of))
    bits = 8 if form == "ser" and binning > 1 else 16
    opened.configure(gps=gps, mode=1, bin=binning, bits=bits, window=Window(0, 11, 132, ROWS), exposure_s=0.01)
    path = tmp_path / ("a.fits" if form == "cube" else "a.ser")
    record(opened, path, format=form, frames=4)
    assert len(taken) == 4
    for number, frame in enumerate(taken):
        told = read_times(path, number)
        read, own = told.sound(), frame.times
        for name in ("start_ns", "middle_ns", "end_ns"):
            assert np.array_equal(getattr(read, name), getattr(own, name))
        assert (read.source, read.uncertainty_ns) == (own.source, own.uncertainty_ns)
        assert (told.frames, told.camera, told.mode, told.first_row) == (4, "QHY600 Pro", "High Gain", 11)
        assert told.rowmap.factor == binning
    opened.configure(bits=None)


@pytest.mark.parametrize("form", ["cube", "ser"])
def test_doubtful_stamps_in_a_recording_are_refused_frame_by_frame(form: str, tmp_path: Path) -> None:
    box = GpsBox(faults=[Fault("lock lost", after_s=0.1)])
    path = tmp_path / ("a.fits" if form == "cube" else "a.ser")
    with fullwell.open(
        "twin:qhy600-pro", scene=Dark(), clock=InstantClock(START_NS), seed=2, gps_box=box
    ) as camera:
        camera.configure(gps=True, window=Window(0, 0, COLUMNS, ROWS), exposure_s=0.05)
        record(camera, path, format=form, frames=5)
    assert read_times(path, 0).sound().source == "gps"
    with pytest.raises(DoubtfulTime, match="no lock"):
        read_times(path, 4).sound()
    assert read_times(path, 4).sound(any_source=True).source == "twin"


def test_a_ser_file_and_its_log_belong_together(opened: Any, tmp_path: Path) -> None:
    opened.configure(gps=False, bin=1, mode=1, bits=None, window=Window(0, 0, COLUMNS, ROWS), exposure_s=0.01)
    for name in ("a.ser", "b.ser"):
        record(opened, tmp_path / name, format="ser", frames=2)
    (log,) = tmp_path.glob("a.ser.*")
    log.replace(tmp_path / "b.ser.frames.jsonl")
    with pytest.raises(DoubtfulTime, match="disagree about frame 1"):
        read_times(tmp_path / "b.ser", 1)
    with pytest.raises(DoubtfulTime, match=r"to 100 ns .*frame 1: 2026-01-01T.*a.ser.frames.jsonl"):
        read_times(tmp_path / "a.ser", 1)
    with pytest.raises(InvalidValue, match="no frame 2"):
        read_times(tmp_path / "a.ser", 2)


def test_ser_of_other_programs_with_a_global_shutter(tmp_path: Path) -> None:
    start_ns = 1_700_000_000_123_456_700
    edges = (Edge.at(start_ns, 51), Edge.at(start_ns + 5 * 10**8, 51), Edge.at(start_ns + 5 * 10**8, 51))
    data = np.full((20, 128), 90, np.uint8)
    write_stamp(data, GpsStamp(3, 0, 1920, 1200, latitude_word(52.4), longitude_word(12.9), *edges, 9_999_999))
    head = HEADER.pack(SER_MAGIC, 0, 0, 0, 128, 20, 8, 1, b"", b"QHY174M-GPS", b"", 0, 0)
    path = tmp_path / "a.ser"
    path.write_bytes(head + data.tobytes() + ticks(start_ns).to_bytes(8, "little"))
    assert set(read_times(path).sound().start_ns) == {edges[0].utc_ns(9_999_999)}
    path.write_bytes(head + data.tobytes()[:100])
    with pytest.raises(MissingFile, match="cut short"):
        read_times(path)


# The table.


@pytest.mark.parametrize("compress", [None, "rice"])
def test_a_table_of_all_rows_on_request(rig: Rig, compress: Any) -> None:
    rig.take(gps=True, bin=2)
    path = write_fits(rig.frame, rig.folder / "b.fits", compress=compress, row_times=True)
    assert rig.same(path)
    with fits.open(path, checksum=True) as opened:
        table = opened["ROWTIMES"]
        assert table.data["row"].tolist() == list(range(ROWS // 2))
        for name in ("start_ns", "middle_ns", "end_ns"):
            assert np.array_equal(table.data[name], getattr(rig.frame.times, name))
        assert table.header["TIMESRC"] == "gps"
    if shutil.which("fitsverify"):
        done = subprocess.run(["fitsverify", str(path)], capture_output=True, text=True, check=False)
        assert "found 0 warning(s) and 0 error(s)" in done.stdout, done.stdout
