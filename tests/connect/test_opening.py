"""Opening cameras by name."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import fullwell
from fullwell.camera.clock import InstantClock, SteppedClock
from fullwell.camera.states import State
from fullwell.errors import InvalidValue, OutOfRange, UnknownName
from fullwell.models import keys
from fullwell.models.facts import Window
from fullwell.scene import Uniform

WINDOW = Window(0, 0, 64, 48)
START_NS = 1_767_225_600_000_000_000


@pytest.mark.parametrize("key", keys())
def test_every_listed_camera_opens_and_images(key: str) -> None:
    with fullwell.open(f"twin:{key}", scene=Uniform(100.0), clock="instant") as camera:
        assert camera.state is State.IDLE
        camera.configure(exposure_s=0.01, window=WINDOW)
        frame = camera.expose()
        assert frame.data.shape == (48, 64)
        assert frame.report.time_source == "twin"
        assert frame.model.key == key
    assert camera.state is State.CLOSED


def test_nobody_has_to_say_where_the_camera_points() -> None:
    with fullwell.open("twin:qhy600-pro", clock="instant", temperature_c=-10.0) as camera:
        camera.configure(exposure_s=30.0, window=Window(4600, 3000, 300, 200))
        frame = camera.expose()
    assert frame.report.observation.focal_length_mm == 530.0
    assert frame.report.observation.filter_name == "L"
    assert frame.report.readings.sensor_temperature_c == pytest.approx(-10.0, abs=0.1)
    assert frame.data.std() > 3.0


def test_bodies_differ_by_number_and_by_seed() -> None:
    def body(name: str, seed: int | None = None) -> tuple[str, np.ndarray]:
        clock = InstantClock(START_NS)
        with fullwell.open(name, scene=Uniform(100.0), clock=clock, seed=seed, temperature_c=-10.0) as camera:
            camera.configure(exposure_s=0.01, window=WINDOW)
            return camera.identity.id, camera.expose().data

    first, second = body("twin:qhy600-pro"), body("twin:qhy600-pro#2")
    assert first[0] != second[0]
    assert not np.array_equal(first[1], second[1])
    for same, name, seed in (
        (first, "twin:qhy600-pro#1", None),
        (first, "qhy600-pro", 1),
        (second, "qhy600-pro", 2),
    ):
        again = body(name, seed)
        assert again[0] == same[0]
        assert np.array_equal(again[1], same[1])


def test_a_seed_that_contradicts_the_number_is_refused() -> None:
    with pytest.raises(InvalidValue, match="seed 3"):
        fullwell.open("twin:qhy600-pro#2", seed=3, clock="instant")


def test_two_cameras_at_once_do_not_know_of_each_other() -> None:
    with (
        fullwell.open("twin:qhy600-pro#1", scene=Uniform(10.0), clock="instant") as one,
        fullwell.open("twin:qhy600-pro#2", scene=Uniform(10.0), clock="instant") as two,
    ):
        one.configure(exposure_s=0.5, window=WINDOW)
        two.configure(exposure_s=0.25, window=WINDOW, gain=10)
        one.start()
        assert two.expose().report.settings.gain == 10
        assert one.read().report.settings.exposure_s == 0.5


def test_clocks() -> None:
    clock = SteppedClock(START_NS)
    with fullwell.open("twin:qhy42-pro", scene=Uniform(10.0), clock=clock) as camera:
        assert camera.clock is clock
    with pytest.raises(UnknownName, match="clock"):
        fullwell.open("twin:qhy42-pro", scene=Uniform(10.0), clock="sundial")


@pytest.mark.parametrize(
    ("wish", "kind"),
    [({"coating": "gold"}, "coating"), ({"link": "string"}, "link"), ({"filter": "Q"}, "filter")],
)
def test_unknown_parts_are_refused(wish: dict[str, str], kind: str) -> None:
    with pytest.raises(UnknownName, match=kind):
        fullwell.open("twin:qhy600-pro", scene=Uniform(10.0), clock="instant", **wish)


@pytest.mark.parametrize(
    "wish",
    [
        {"scene": Uniform(10.0)},
        {"filter": "L"},
        {"seed": 0},
        {"clock": "instant"},
        {"gps_box": None},
        {"fpga": "FPGA_V20191118 MAX10_V20191120"},
        {"trigger_line": fullwell.TriggerLine()},
        {"sync": fullwell.SyncCable()},
        {"oscillator_ppm": 3.0},
    ],
)
def test_what_only_twins_take_is_not_dropped_in_silence(wish: dict[str, object]) -> None:
    (name,) = wish
    with pytest.raises(InvalidValue, match=f"^{name} can be chosen only for a twin; qhyccd:QHY600M-1 is a real"):
        fullwell.open("qhyccd:QHY600M-1", **wish)


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"seed": -1}, OutOfRange),
        ({"seed": 1.5}, InvalidValue),
        ({"seed": "one"}, InvalidValue),
        ({"threads": 0}, OutOfRange),
        ({"temperature_c": -273.0}, OutOfRange),
        ({"temperature_c": float("nan")}, InvalidValue),
        ({"ambient_temperature_c": 90.0}, OutOfRange),
        ({"scene": "flat"}, InvalidValue),
        ({"clock": 12}, UnknownName),
    ],
)
def test_impossible_wishes_are_refused(wish: dict[str, object], error: type[InvalidValue]) -> None:
    with pytest.raises(error) as caught:
        fullwell.open("twin:qhy600-pro", **{"scene": Uniform(10.0), "clock": "instant", **wish})
    assert caught.value.remedy


def test_importing_the_package_is_instant() -> None:
    """Nothing heavy is loaded until somebody asks for it."""
    script = (
        "import sys, fullwell; print([m for m in ('numpy', 'numba', 'scipy', 'astropy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_unknown_names_of_the_package() -> None:
    with pytest.raises(AttributeError, match="opn"):
        fullwell.opn  # noqa: B018
