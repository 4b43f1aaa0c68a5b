"""What users run as ``fullwell verify``: every twin passes all of it, directly and through the library."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

import fullwell
from fullwell.contract import CHECKS, Check, Result, Verdict, chosen, run_checks
from fullwell.errors import UnknownName
from fullwell.models import keys, load
from fullwell.scene import Dark, Uniform

NOT_FOR = {
    "qhy42-pro": {"dark-areas", "traffic-slows-rows", "filter-wheel", "supply"},
}
"""What a model does not have; everything else must be checked, and pass."""

NOT_BY_LIBRARY = {
    "qhy268m-pro": {"switches", "soft-trigger"},
    "qhy42-pro": {"soft-trigger"},
}
"""What the vendor's library has no call for with a model."""


def failures(results) -> dict[str, str]:
    return {each.name: each.detail for each in results if each.verdict is Verdict.FAILED}


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("key", keys())
def test_every_twin_passes_everything(key: str) -> None:
    with fullwell.open(f"twin:{key}", scene=Uniform(1000.0), seed=3, clock="instant") as camera:
        results = run_checks(camera)
    assert [each.name for each in results] == [each.name for each in CHECKS]
    expect_all_passed(key, results)


def expect_all_passed(key: str, results: list[Result], beyond: Iterable[str] = ()) -> None:
    """What does not apply is what the model has not, and what is beyond the way to it."""
    assert not failures(results)
    idle = {each.name for each in results if each.verdict is Verdict.NOT_APPLICABLE}
    assert idle == (NOT_FOR.get(key, set()) | set(beyond)) & {each.name for each in results}


@pytest.mark.requirement("A2")
@pytest.mark.parametrize(
    "key", ["qhy42-pro", *(pytest.param(key, marks=pytest.mark.slow) for key in keys() if key != "qhy42-pro")]
)
def test_every_twin_passes_through_the_library(key: str, real: Callable[..., str]) -> None:
    """Engine, ctypes, drop-in library, twin; only what the library has no call for does not apply."""
    name = real(f"twin:{key}", "--scene", "uniform", "--seed", "3")
    with fullwell.open(name) as camera:
        results = run_checks(camera, quick=key == "qhy42-pro")
    expect_all_passed(key, results, beyond={"stop", *NOT_BY_LIBRARY.get(key, ())})


def test_in_the_dark_checks_of_light_do_not_apply() -> None:
    with fullwell.open("twin:qhy600-pro", scene=Dark(), clock="instant", temperature_c=-10.0) as camera:
        results = {each.name: each for each in run_checks(camera, quick=True)}
    assert not failures(results.values())
    assert results["signal-follows-exposure"].verdict is Verdict.NOT_APPLICABLE
    assert results["gain-taken"].verdict is Verdict.PASSED


def test_a_flood_of_light_is_said_and_not_called_a_fault() -> None:
    with fullwell.open("twin:qhy42-pro", scene=Uniform(1e9), clock="instant") as camera:
        results = run_checks(camera, quick=True)
    assert not failures(results)


def test_the_camera_is_left_as_it_was_found() -> None:
    with fullwell.open("twin:qhy600-pro", scene=Uniform(500.0), clock="instant") as camera:
        assert camera.wheel is not None
        assert camera.pins is not None
        camera.wheel.move(3, wait=True)
        camera.set_target_temperature(-7.5)
        camera.set_cooler(True)
        camera.pins.configure(trigger_input="soft")
        settings = camera.configure(mode="High Gain", gain=57, offset=41, bin=2, exposure_s=7.5, overscan=True)
        pins = camera.pins.settings
        run_checks(camera)
        assert camera.settings == settings
        assert camera.cooling is not None
        assert (camera.cooling.wish.on, camera.cooling.wish.target_c) == (True, -7.5)
        assert camera.wheel.position == 3
        assert camera.pins.settings == pins


def test_the_camera_is_left_as_it_was_found_when_the_run_is_broken_off() -> None:
    def interrupt(_check: Check, result: Result | None) -> None:
        if result is not None:
            raise KeyboardInterrupt

    with fullwell.open("twin:qhy42-pro", scene=Uniform(500.0), clock="instant") as camera:
        settings = camera.configure(gain=57, offset=41, exposure_s=7.5)
        with pytest.raises(KeyboardInterrupt):
            run_checks(camera, only=["settings-in-frame"], tell=interrupt)
        assert camera.settings == settings


def test_names_are_unique_and_known() -> None:
    names = [each.name for each in CHECKS]
    assert len(set(names)) == len(names)
    assert len(chosen(quick=True)) < len(CHECKS)
    assert [each.name for each in chosen(quick=True, only=["filter-wheel"])] == ["filter-wheel"]
    with pytest.raises(UnknownName, match="burst"):
        chosen(quick=False, only=["brust"])


def test_facts_of_every_model_suit_the_stand() -> None:
    for key in keys():
        area = load(key).sensor.geometry.effective
        assert min(area.width, area.height) > 300
