"""The doctor's round on healthy twins, and its words."""

from __future__ import annotations

from pathlib import Path

import pytest

import fullwell
from fullwell.camera.engine import Camera
from fullwell.errors import InvalidValue, NotWritable, UnknownName
from fullwell.measure import doctor
from fullwell.measure.doctor import State
from fullwell.measure.doctor.page import page
from fullwell.scene import Dark, Uniform
from fullwell.scene.light import Scene


def patient(key: str = "qhy268m-pro", scene: Scene | None = None, **options: object) -> Camera:
    return fullwell.open(f"twin:{key}", scene=scene or Dark(), clock="instant", **options)


@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro", "qhy42-pro"])
def test_a_healthy_camera_is_healthy_and_left_as_it_was(key: str) -> None:
    with patient(key) as camera:
        camera.configure(exposure_s=0.02, gain=20)
        before = camera.settings
        report = doctor.examine(camera, quick=True)
        assert camera.settings == before
    assert report.troubles == ()
    assert report.state is State.HEALTHY
    assert {kind.name for kind, _ in report.verdicts} == {each.name for each in doctor.EXAMINATIONS}


def test_gain_needs_light_and_dark_current_needs_none() -> None:
    with patient(scene=Uniform(5000.0)) as camera:
        report = doctor.examine(camera, only=["gain", "dark"], lit=True, quick=True)
    states = {verdict.subject: verdict.state for _, verdict in report.verdicts}
    assert states == {"gain": State.HEALTHY, "dark current": State.CANNOT_TELL}


def test_light_on_the_sensor_is_not_taken_for_dark_current() -> None:
    with patient(scene=Uniform(3.0)) as camera:
        report = doctor.examine(camera, only=["dark"], quick=True)
    (_, verdict), *_ = report.verdicts
    assert verdict.state is State.CANNOT_TELL
    assert "light falls on the sensor" in verdict.words


def test_the_wanted_rate_is_held_against_the_settings() -> None:
    with patient() as camera:
        camera.configure(exposure_s=0.5)
        report = doctor.examine(camera, only=["link"], frame_rate_fps=5.0, quick=True)
    assert "Expose for a shorter time." in {verdict.remedy for _, verdict in report.verdicts}


def test_a_folder_that_is_not_there_is_said_to_be() -> None:
    with patient() as camera, pytest.raises(NotWritable, match="cannot be written to"):
        doctor.examine(camera, only=["disk"], folder=Path("/nowhere/at/all"))


@pytest.mark.parametrize(
    ("wish", "error"), [({"only": ["heart"]}, UnknownName), ({"frame_rate_fps": 0.0}, InvalidValue)]
)
def test_bad_wishes_are_refused_before_anything_is_done(wish: dict[str, object], error: type[Exception]) -> None:
    with patient() as camera:
        camera.configure(exposure_s=0.5)
        with pytest.raises(error):
            doctor.examine(camera, **wish)


def test_the_page_holds_every_verdict_and_loads_nothing() -> None:
    with patient() as camera:
        camera.configure(exposure_s=0.05, usb_traffic=30)
        report = doctor.examine(camera, only=["noise", "banding"], quick=True)
    html = page(report)
    for _, verdict in report.verdicts:
        assert verdict.subject in html
    assert html.count("<svg") == sum(len(verdict.curves) for _, verdict in report.verdicts) >= 4
    for loading in ("<script", "<link", "src=", "@import", "url(http"):
        assert loading not in html
