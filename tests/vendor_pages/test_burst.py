"""U1, U2, U3, S16: burst mode, its calls and its quirks; text in the picture only when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from typer.testing import CliRunner

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.camera.controls import Control
from fullwell.camera.device import Stream
from fullwell.camera.engine import Camera, State
from fullwell.camera.frame import Frame, FrameFormat
from fullwell.camera.ledger import Fate
from fullwell.cli.main import app
from fullwell.errors import InvalidValue, NotSupported, UnknownName
from fullwell.models import load
from fullwell.models.facts import Burst, CameraModel, Window
from fullwell.record import record, write_fits
from fullwell.scene import Dark
from fullwell.twin.burst import BurstMode
from fullwell.twin.device import TwinDevice
from fullwell.twin.overlay import letters

WINDOW = Window(1000, 600, 320, 200)
EVERY_MODEL = ("qhy600-pro", "qhy600c-pro", "qhy268m-pro", "qhy42-pro")
PATCH_NUMBER = 32001


def number_in_picture(frame: Frame) -> int:
    """Read the frame number that the camera has written: six digits after "FRAME ", dots of 1 px from (1, 1)."""
    lit = frame.data[1:8, 1:] == (1 << frame.report.settings.format.bits) - 1
    cells = [lit[:, 6 * place : 6 * place + 5] for place in range(6, 12)]
    known = {dots.tobytes(): letter for letter, dots in letters().items()}
    return int("".join(known[np.ascontiguousarray(cell).tobytes()] for cell in cells))


def counters(camera: Camera, start: int, end: int) -> list[int | None]:
    return [frame.report.counter for frame in camera.burst(start=start, end=end)]


class Bench:
    """A twin at the bare cable, told what a program of the vendor's library would tell it."""

    def __init__(self, model: CameraModel, link: str = "usb3", exposure_s: float = 0.1) -> None:
        self.clock = InstantClock(1_767_225_600_000_000_000)
        self.device = TwinDevice(
            model, Dark(), filter_name="none", seed=1, clock=self.clock, link=link, threads=1
        )
        self.device.open()
        self.device.initialise(model.default_mode, Stream.LIVE)
        self.device.configure(FrameFormat(WINDOW, bits=model.mode(model.default_mode).output_bits[0]))
        self.device.set_control(Control.EXPOSURE_S, exposure_s)
        self.out = np.empty((WINDOW.height, WINDOW.width), np.uint16)
        self.device.start_live()

    @property
    def burst(self) -> BurstMode:
        burst = self.device.burst
        assert burst is not None
        return burst

    def sent(self, most: int = 20) -> list[int | None]:
        """Counters of the frames that come in the next 40 frame periods."""
        found: list[int | None] = []
        patience_s = 40e-9 * self.device.precise_timing().frame_period_ns
        while len(found) < most and (report := self.device.read_live(self.out, patience_s)) is not None:
            found.append(report.counter)
        return found

    def by_the_book(self, start: int, end: int) -> list[int | None]:
        """The vendor's order of calls."""
        self.burst.idle()
        self.burst.enable(True)
        self.burst.set_range(start, end)
        self.burst.set_patch_number(PATCH_NUMBER)
        self.burst.release()
        return self.sent()


def with_burst(key: str, **changes: object) -> CameraModel:
    model = load(key)
    assert model.burst is not None
    return replace(model, burst=replace(model.burst, **changes))


@contextmanager
def opened(model: CameraModel, link: str = "usb3") -> Iterator[Camera]:
    clock = InstantClock(1_767_225_600_000_000_000)
    with Camera(
        TwinDevice(model, Dark(), filter_name="none", seed=1, clock=clock, link=link, threads=1)
    ) as camera:
        camera.configure(window=WINDOW, exposure_s=0.1)
        yield camera


@pytest.mark.requirement("U1")
@pytest.mark.parametrize("key", EVERY_MODEL)
def test_start_1_end_6_gives_2_3_4_5(key: str) -> None:
    """The numbers are read from the pixels."""
    with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant") as camera:
        camera.configure(window=WINDOW, exposure_s=0.1, overlay="frame number")
        for _ in range(2):
            burst = camera.burst(start=1, end=6)
            assert [number_in_picture(frame) for frame in burst] == [2, 3, 4, 5]
            entries = [(entry.last - entry.first + 1, entry.fate) for entry in burst.ledger]
            assert entries == [(2, Fate.SKIPPED), (4, Fate.DELIVERED)]
        assert [number_in_picture(frame) for frame in camera.burst(frames=3)] == [2, 3, 4]


@pytest.mark.requirement("U1")
def test_enabled_the_output_stops_until_the_release() -> None:
    bench = Bench(load("qhy600-pro"))
    assert bench.sent(most=3) == [0, 1, 2]
    bench.burst.set_range(1, 6)
    bench.burst.set_patch_number(PATCH_NUMBER)
    bench.sent(most=5)
    bench.burst.enable(True)
    assert bench.sent() == []
    for _ in range(3):
        bench.burst.idle()
        assert bench.sent() == []
        bench.burst.release()
        assert bench.sent() == [2, 3, 4, 5]
    bench.burst.enable(False)
    assert len(bench.sent(most=5)) == 5


@pytest.mark.requirement("U1")
def test_burst_is_live_and_keeps_its_rate() -> None:
    """Frames of a burst are frames of the free run: one frame period apart, each with its own row times."""
    with fullwell.open("twin:qhy600-pro", scene=Dark(), clock="instant") as camera:
        camera.configure(window=WINDOW, exposure_s=0.002)
        frames = list(camera.burst(frames=6))
        steps_ns = np.diff([frame.times.start_ns[0] for frame in frames])
        assert set(steps_ns) == {camera.timing().frame_period_ns}
        assert len({frame.report.sequence for frame in frames}) == 6
        again = list(camera.burst(frames=6))
    assert not any(np.array_equal(one.data, other.data) for one in frames for other in again), "same noise twice"


@pytest.mark.requirement("U1")
def test_every_frame_of_a_burst_beyond_the_memory_is_accounted_for() -> None:
    """30 frames of 16 MB for a client that takes 0.3 s for each: the camera's 128 MB overflow."""
    clock = InstantClock(1_767_225_600_000_000_000)
    with fullwell.open("twin:qhy42-pro", scene=Dark(), clock=clock) as camera:
        camera.configure(mode="HDR", exposure_s=0.02)
        burst = camera.burst(frames=30, ring=2)
        taken = []
        for frame in burst:
            taken.append(frame.report.counter)
            clock.sleep_until(clock.now_ns() + 300_000_000)
        ledger = burst.ledger
        assert ledger.frames == 32
        assert ledger.count(Fate.SKIPPED) == 2
        assert ledger.count(Fate.DELIVERED) == len(taken) < 30
        assert ledger.count(Fate.LOST_IN_MEMORY) == burst.lost == 30 - len(taken)
        assert taken[:8] == list(range(2, 10))
        assert camera.state is State.IDLE


@pytest.mark.requirement("U2")
def test_without_padding_the_last_frame_stays_in_the_camera() -> None:
    bench = Bench(load("qhy600-pro"))
    bench.burst.enable(True)
    bench.burst.set_range(1, 6)
    bench.burst.release()
    assert bench.sent() == [2, 3, 4]
    bench.burst.set_patch_number(PATCH_NUMBER)
    bench.burst.release()
    assert bench.sent() == [2, 3, 4, 5]


@pytest.mark.requirement("U2")
def test_the_frame_counter_is_reset_where_the_camera_can() -> None:
    for key, can in (("qhy42-pro", True), ("qhy600-pro", False), ("qhy268m-pro", False)):
        with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant") as camera:
            camera.configure(window=WINDOW)
            live = camera.live(frames=12, ring=1)
            seen = [next(live).report for _ in range(3)]
            assert [report.counter for report in seen] == [0, 1, 2]
            if not can:
                with pytest.raises(NotSupported, match="counter"):
                    camera.reset_frame_counter()
                continue
            camera.reset_frame_counter()
            later = [frame.report for frame in live]
            # Two at most were on their way already: one waits for the client, one is being fetched.
            assert 0 in [report.counter for report in later[:3]]
            assert [report.sequence for report in later] == list(range(3, 12))


@pytest.mark.requirement("U2")
def test_anti_rbi_flushes_before_each_live_frame_where_the_camera_can() -> None:
    with fullwell.open("twin:qhy600-pro", scene=Dark(), clock="instant") as camera:
        camera.configure(window=WINDOW, exposure_s=0.002)
        starts_ns = [frame.start_ns for frame in camera.live(frames=4)]
        plain_ns = camera.timing().frame_period_ns
        camera.configure(anti_rbi=True)
        flushed = list(camera.live(frames=4))
        flushed_ns = camera.timing().frame_period_ns
        assert set(np.diff(starts_ns)) == {plain_ns}
        assert set(np.diff([frame.start_ns for frame in flushed])) == {flushed_ns}
        assert 1.5 * plain_ns < flushed_ns <= 2 * plain_ns
        assert all(frame.report.settings.anti_rbi for frame in flushed)
    for key in ("qhy268m-pro", "qhy42-pro"):
        camera = fullwell.open(f"twin:{key}", scene=Dark(), clock="instant")
        with camera, pytest.raises(NotSupported, match="anti-rbi"):
            camera.configure(anti_rbi=True)


@pytest.mark.requirement("U3")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro"])
def test_over_fibre_the_first_burst_lacks_its_first_frame(key: str) -> None:
    bench = Bench(load(key), "fibre")
    assert bench.by_the_book(1, 6) == [3, 4, 5]
    assert bench.by_the_book(1, 6) == [2, 3, 4, 5]
    assert Bench(load(key), "usb3").by_the_book(1, 6) == [2, 3, 4, 5]


@pytest.mark.requirement("U3")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro"])
def test_the_engine_hides_the_short_first_burst(key: str) -> None:
    """It asks for one frame more; in later bursts that frame comes, and the ledger says that it was skipped."""
    with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant", link="fibre") as camera:
        camera.configure(window=WINDOW, exposure_s=0.1)
        for _ in range(3):
            burst = camera.burst(start=1, end=6)
            assert [frame.report.counter for frame in burst] == [2, 3, 4, 5]
            assert burst.ledger.count(Fate.SKIPPED) == 2
            assert burst.ledger.count(Fate.DELIVERED) == 4
            assert burst.ledger.frames == 6


@pytest.mark.requirement("U3")
def test_long_exposures_come_one_number_later_on_cameras_of_that_kind() -> None:
    """The QHY2020 and QHY4040 do so; the twin with that fact, too."""
    model = with_burst("qhy42-pro", late_from_exposure_s=0.5)
    assert Bench(model, exposure_s=0.4).by_the_book(1, 6) == [2, 3, 4, 5]
    assert Bench(model, exposure_s=0.6).by_the_book(1, 6) == [3, 4, 5, 6]
    with opened(model) as camera:
        for exposure_s in (0.4, 0.6):
            camera.configure(exposure_s=exposure_s)
            assert counters(camera, 1, 6) == [2, 3, 4, 5]
            assert len(list(camera.burst(frames=3))) == 3


@pytest.mark.requirement("U3")
def test_both_at_once_are_hidden_too() -> None:
    model = with_burst("qhy600-pro", late_from_exposure_s=0.5)
    assert Bench(model, "fibre", exposure_s=0.6).by_the_book(2, 7) == [5, 6, 7]
    with opened(model, "fibre") as camera:
        for exposure_s in (0.6, 0.4, 0.6):
            camera.configure(exposure_s=exposure_s)
            assert counters(camera, 2, 7) == [3, 4, 5, 6]


@pytest.mark.requirement("U3")
def test_just_connected_with_a_large_end_frames_come_unasked_unless_idle_comes_first() -> None:
    def enabled(end: int, *, idle: bool, model: CameraModel) -> list[int | None]:
        bench = Bench(model)
        bench.burst.set_patch_number(PATCH_NUMBER)
        if idle:
            bench.burst.idle()
        bench.burst.set_range(1, end)
        bench.burst.enable(True)
        return bench.sent()

    model = load("qhy600-pro")
    assert enabled(1000, idle=False, model=model) == list(range(2, 22))
    assert enabled(1000, idle=True, model=model) == []
    assert enabled(1000, idle=False, model=with_burst("qhy600-pro", sends_unasked=False)) == []
    with opened(model) as camera:
        burst = camera.burst(start=1, end=1000)
        assert [next(burst).report.counter for _ in range(3)] == [2, 3, 4]
        burst.close()


@pytest.mark.requirement("U3")
def test_quirks_are_facts_with_a_source() -> None:
    for key in EVERY_MODEL:
        model = load(key)
        assert isinstance(model.burst, Burst)
        about = [each for each in model.statements if each.field.startswith("burst")]
        assert any("2, 3, 4, 5" in each.text and "product page" in each.source for each in about)
        assert any(each.field == "burst.sends_unasked" and not each.assumed for each in about)


@pytest.mark.requirement("S16", "U2")
def test_text_stands_in_the_picture_only_when_asked_for(tmp_path: Path) -> None:
    """With the overlay the dots of the text are at the rail, and every other pixel is what it is without."""
    taken = {}
    for overlay in ("none", "frame number", "gps"):
        with fullwell.open("twin:qhy600-pro", scene=Dark(), clock=InstantClock(10**18)) as camera:
            assert camera.settings.overlay == "none"
            camera.configure(window=WINDOW, overlay=overlay)
            taken[overlay] = camera.expose()
            path = write_fits(taken[overlay], tmp_path / f"{overlay}.fits")
            header = fits.getheader(path)
            assert header.get("OVERLAY", "none") == overlay
            assert taken[overlay].report.settings.overlay == overlay
            with pytest.raises(UnknownName, match="overlay"):
                camera.configure(overlay="date")
    plain = taken["none"].data
    assert plain.max() < 65535
    for overlay, text_rows in (("frame number", 7), ("gps", 25)):
        written = taken[overlay].data
        dots = written == 65535
        assert np.array_equal(written[~dots], plain[~dots])
        assert set(np.flatnonzero(dots.any(axis=1))) <= set(range(1, 1 + text_rows))
        assert dots.sum() > 50
        assert number_in_picture(taken[overlay]) == 0


@pytest.mark.requirement("S16")
def test_the_text_and_the_gps_bytes_do_not_meet() -> None:
    """The bytes stand in row 0, where the text has none of its dots, whatever the size of the picture."""
    for height in (20, 400, 2000):
        with fullwell.open("twin:qhy600-pro", scene=Dark(), clock="instant") as camera:
            camera.configure(window=Window(0, 0, 500, height), overlay="gps")
            assert camera.expose().data[0].max() < 65535


@pytest.mark.requirement("U1")
def test_a_burst_from_the_command_line(tmp_path: Path) -> None:
    window = ["--roi", "0,0,320,200", "--exposure", "0.1", "--instant", "--scene", "dark"]
    asked = ["capture", "twin:qhy600-pro", "--link", "fibre", "--burst", "-n", "4", "--overlay", "frame number"]
    result = CliRunner().invoke(app, [*asked, *window, "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    headers = [fits.getheader(path) for path in result.stdout.split()]
    assert [header["FRAMENUM"] for header in headers] == [1, 2, 3, 4]
    assert np.ptp(np.diff([header["MJD-OBS"] for header in headers])) < 1e-9
    assert {header["OVERLAY"] for header in headers} == {"frame number"}


@pytest.mark.requirement("U1")
def test_a_burst_is_recorded_in_every_format(tmp_path: Path) -> None:
    with fullwell.open("twin:qhy42-pro", scene=Dark(), clock="instant") as camera:
        camera.configure(window=WINDOW, exposure_s=0.02)
        for form, name in (("fits", "b.fits"), ("cube", "cube.fits"), ("ser", "b.ser")):
            summary = record(camera, tmp_path / name, format=form, frames=4, burst=True)
            assert (summary.recorded, summary.lost, summary.complete) == (4, 0, True)
        with pytest.raises(InvalidValue, match="burst"):
            record(camera, tmp_path / "c.ser", format="ser", duration_s=1.0, burst=True)
    assert fits.getdata(tmp_path / "cube.fits").shape == (4, 200, 320)
