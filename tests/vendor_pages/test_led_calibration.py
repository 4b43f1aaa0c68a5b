"""T2, T8: an LED moved through the read-out finds when rows end after the vsync; a record holds for its settings.

The offsets that must come out are entered here as the vendor prints them: "46 line periods + 21.52 us" on the
QHY600's page, the rest from the vendor's library (GetQHYCCDRollingShutterEndOffset). The calibration itself sees
frames and the times of the flashes alone.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.camera.device import Stream
from fullwell.errors import InvalidValue
from fullwell.measure import RowCalibration, calibrate_rows
from fullwell.measure.rowscan import LedPin, flash_ns
from fullwell.models import load
from fullwell.models.facts import Window
from fullwell.readout.calibration import load_offsets, save_offsets
from fullwell.scene import PinLed, Strobe
from fullwell.twin.gpsbox import GpsBox

START_NS = 1_767_225_600_250_000_000
COLUMNS = 64
SHARE = 0.2
"""Of the pixels' range that a flash fills."""

PAGE = {("qhy600-pro", mode): (46, 21.52) for mode in (0, 1, 2)}
LIBRARY = (
    {("qhy600-pro", mode): (43, 112.777) for mode in (3, 4, 5)}
    | {("qhy600-pro", mode): (44, 73.75) for mode in (6, 7)}
    | {("qhy268m-pro", mode): (40, 34.666) for mode in (0, 1, 2, 6)}
    | {("qhy268m-pro", mode): (40, 69.611) for mode in (3, 4, 5)}
    | {("qhy42-pro", mode): (0, 0.0) for mode in (0, 1, 2)}
)
"""Line periods and us, by camera and read mode; see ``reference/sdk.md`` 11 on the modes."""

ONE_AT_A_TIME = {("qhy600-pro", mode) for mode in (3, 4, 5)} | {("qhy268m-pro", mode) for mode in (3, 4, 5)}
ONE_AT_A_TIME |= {("qhy42-pro", 1), ("qhy42-pro", 2)}


def brightness_e_per_s(key: str, **settings: Any) -> float:
    """What fills the pixels so far, from the camera's own line period."""
    with fullwell.open(f"twin:{key}", clock="instant", scene=Strobe(0.0), link=link_of(key, settings)) as camera:
        camera.configure(**settings)
        chain = camera.model.mode(camera.settings.mode).chains[0]
        full_e = chain.curve.at(camera.settings.gain).full_well_e
        return SHARE * full_e / (flash_ns(camera.timing()) * 1e-9)


def link_of(key: str, settings: dict[str, Any]) -> str:
    return load(key).mode(settings.get("mode", 0)).links[0]


def calibrate(
    key: str,
    *,
    seed: int = 5,
    flashes: int = 8,
    stream: Stream = Stream.SINGLE,
    rows: tuple[int, int] | None = None,
    columns: int | None = COLUMNS,
    pin: bool = False,
    **settings: Any,
) -> RowCalibration:
    """A calibration as a user makes it; with `pin` the LED is on GPIO4, else on a generator."""
    area = load(key).sensor.geometry.effective
    top, height = rows or (0, area.height)
    settings["window"] = Window(0, top, columns or area.width, height)
    rate_e_per_s = brightness_e_per_s(key, **settings)
    led = PinLed(rate_e_per_s) if pin else Strobe(rate_e_per_s)
    link = link_of(key, settings)
    with fullwell.open(f"twin:{key}", scene=led, clock="instant", seed=seed, link=link) as camera:
        camera.configure(**settings)
        lamp = LedPin(camera) if isinstance(led, PinLed) else led
        return calibrate_rows(camera, lamp, flashes=flashes, stream=stream)


def printed_ns(key: str, mode: int, line_period_ns: int, top: int = 0) -> float:
    """The vendor's figure for row `top`."""
    lines, extra_us = (PAGE | LIBRARY)[key, mode]
    together = 1 if (key, mode) in ONE_AT_A_TIME else 2
    return (lines + top // together * together) * line_period_ns + 1e3 * extra_us


@pytest.mark.requirement("T8")
@pytest.mark.requirement("T2")
def test_the_page_says_46_lines_and_21_52_us_and_light_says_so_too() -> None:
    """QHY600, all rows, traffic 0, LED on the pin of GPIO mode 6."""
    found = calibrate("qhy600-pro", pin=True)
    assert found.fit.offset_ns.value == pytest.approx(46 * 38_906 + 21_520, abs=1000)
    assert abs(found.fit.offset_ns.pull(46 * 38_906 + 21_520)) < 5
    assert found.fit.rows_per_step == 2
    assert abs(found.fit.line_period_ns.pull(38_906)) < 5
    assert found.record.uncertainty_ns < 200
    assert abs(found.record.offset_ns - found.fit.offset_ns.value) <= 0.5


@pytest.mark.requirement("T8")
@pytest.mark.requirement("T2")
@pytest.mark.parametrize(("key", "mode"), sorted(PAGE | LIBRARY), ids=str)
def test_every_mode_of_every_camera_gives_the_vendors_constant(key: str, mode: int) -> None:
    """Within 1 us, and within five of its own standard errors (18 modes: one false alarm in 97,000)."""
    found = calibrate(key, mode=mode)
    wanted_ns = printed_ns(key, mode, found.told.line_period_ns)
    assert found.fit.offset_ns.value == pytest.approx(wanted_ns, abs=1000)
    assert abs(found.fit.offset_ns.pull(wanted_ns)) < 5
    assert found.fit.rows_per_step == (1 if (key, mode) in ONE_AT_A_TIME else 2)
    assert found.fit.scatter < 1.3


@pytest.mark.requirement("T8")
@pytest.mark.requirement("T2")
@pytest.mark.parametrize(
    "settings",
    [
        {"rows": (0, 60)},
        {"rows": (3001, 400)},
        {"bits": 8},
        {"usb_traffic": 30, "gps": True},
        {"stream": Stream.LIVE},
        {"stream": Stream.LIVE, "rows": (101, 300)},
        {"mode": 4, "rows": (1001, 200)},
    ],
    ids=["few", "window", "8 bit", "traffic", "live", "live window", "2CMS window"],
)
def test_it_finds_the_offset_of_other_settings(settings: dict[str, Any]) -> None:
    """Windows that begin within a pair of rows, short words, slower rows, live frames, GPS stamps."""
    found = calibrate("qhy600-pro", **settings)
    top = settings.get("rows", (0, 0))[0]
    wanted_ns = printed_ns("qhy600-pro", settings.get("mode", 0), found.told.line_period_ns, top)
    assert found.fit.offset_ns.value == pytest.approx(wanted_ns, abs=1000)
    assert abs(found.fit.offset_ns.pull(wanted_ns)) < 5
    assert found.record.conditions.stream == settings.get("stream", "single")


@pytest.mark.slow
@pytest.mark.requirement("T8")
def test_the_full_frame_in_all_its_columns() -> None:
    """61 million pixels a frame: the error falls to some nanoseconds."""
    found = calibrate("qhy600-pro", pin=True, columns=None)
    assert abs(found.fit.offset_ns.pull(46 * 38_906 + 21_520)) < 5
    assert found.fit.offset_ns.standard_error < 20


@pytest.mark.requirement("T8")
def test_it_reads_no_constant_of_the_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that tells 7.5 us less than it does: light says the truth."""
    from fullwell.camera import engine

    told = engine.Camera.timing

    def as_printed(camera: engine.Camera) -> Any:
        timing = told(camera)
        return replace(timing, reference_to_row0_end_ns=timing.reference_to_row0_end_ns - 7500)

    monkeypatch.setattr(engine.Camera, "timing", as_printed)
    found = calibrate("qhy600-pro")
    assert abs(found.fit.offset_ns.pull(46 * 38_906 + 21_520)) < 5
    assert found.fit.offset_ns.value - found.told.reference_to_row0_end_ns == pytest.approx(7500, abs=1000)


@pytest.mark.requirement("T2")
def test_a_record_leads_gps_times_to_the_true_times_of_the_rows(tmp_path: Path) -> None:
    """Stamp and calibrated offset against the answer key: half a microsecond."""
    found = calibrate("qhy600-pro", rows=(0, 800))
    path = save_offsets(tmp_path / "offsets.toml", [found.record])
    with fullwell.open(
        "twin:qhy600-pro", scene=Strobe(0.0), clock=InstantClock(START_NS), seed=5, gps_box=GpsBox()
    ) as camera:
        camera.configure(window=Window(0, 0, COLUMNS, 800), exposure_s=0.5, gps=True)
        camera.use_row_offsets(load_offsets(path), stream=Stream.SINGLE)
        for _ in range(5):
            frame = camera.expose()
            assert frame.report.time_source == "gps"
            assert frame.report.row_offset == replace(found.record, made_ns=found.record.made_ns // 10**9 * 10**9)
            true_ns = camera.truth(frame).row0_start_ns
            assert abs(frame.start_ns - true_ns) < 5 * frame.report.time_uncertainty_ns < 1500


@pytest.mark.requirement("T2")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"usb_traffic": 10}, "USB traffic is 10, the calibration holds for 0"),
        ({"mode": 4}, "read mode is 4, the calibration holds for 0"),
        ({"bits": 8}, "word depth is 8, the calibration holds for 16"),
        ({"window": Window(0, 2, COLUMNS, 300)}, "the first row of the window is 2, the calibration holds for 0"),
    ],
    ids=["traffic", "mode", "bits", "window"],
)
def test_a_stale_record_is_refused_with_the_reasons(change: dict[str, Any], reason: str) -> None:
    found = calibrate("qhy600-pro", rows=(0, 300), flashes=4)
    with fullwell.open("twin:qhy600-pro", scene=Strobe(0.0), clock="instant", seed=5) as camera:
        camera.configure(window=Window(0, 0, COLUMNS, 300))
        camera.use_row_offsets([found.record], stream=Stream.SINGLE)
        with pytest.raises(InvalidValue, match="stream is live, the calibration holds for single"):
            camera.use_row_offsets([found.record], stream=Stream.LIVE)
        camera.configure(**change)
        with pytest.raises(InvalidValue, match=reason):
            camera.use_row_offsets([found.record], stream=Stream.SINGLE)


@pytest.mark.requirement("T8")
def test_a_lamp_that_does_not_flash_is_told() -> None:
    with fullwell.open("twin:qhy600-pro", scene=(lamp := Strobe(0.0)), clock="instant", seed=5) as camera:
        camera.configure(window=Window(0, 0, COLUMNS, 300), exposure_s=0.25)
        with pytest.raises(InvalidValue, match="no flash from 0 to"):
            calibrate_rows(camera, lamp)
        assert camera.settings.exposure_s == 0.25


@pytest.mark.requirement("T8")
def test_a_lamp_too_bright_is_told() -> None:
    with fullwell.open("twin:qhy600-pro", scene=(lamp := Strobe(1e9)), clock="instant", seed=5) as camera:
        camera.configure(window=Window(0, 0, COLUMNS, 300))
        with pytest.raises(InvalidValue, match="Dim the lamp"):
            calibrate_rows(camera, lamp)
        assert lamp.width_ns == 0


def test_binned_frames_are_refused() -> None:
    with fullwell.open("twin:qhy600-pro", scene=(lamp := Strobe(1e7)), clock="instant", seed=5) as camera:
        camera.configure(window=Window(0, 0, COLUMNS, 300), bin=2)
        with pytest.raises(InvalidValue, match="bin 1"):
            calibrate_rows(camera, lamp)
