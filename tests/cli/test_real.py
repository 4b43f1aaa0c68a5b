"""Real cameras on the command line get nothing that only a twin can take, unless it was asked for."""

from __future__ import annotations

import pytest

from fullwell.cli.scenery import Scenery
from fullwell.cli.settings import settled_temperature_c
from fullwell.scene import Sky

REAL = "qhyccd:QHY600M-2c52f645aa1c25b9"


def test_a_real_camera_looks_at_what_is_there() -> None:
    assert Scenery(scene="sky").before(REAL) is None
    assert Scenery(scene="sky", object="M 31").before(REAL) is None
    assert isinstance(Scenery(scene="sky").before("twin:qhy600-pro"), Sky)


@pytest.mark.parametrize("asked", [{"scene": "dark"}, {"scene": "sky", "seeing": 2.0}])
def test_what_was_asked_for_is_passed_on_and_refused_there(asked: dict[str, object]) -> None:
    assert Scenery(**asked).before(REAL) is not None


def test_a_real_camera_keeps_its_temperature() -> None:
    assert settled_temperature_c(REAL, None) is None
    assert settled_temperature_c("twin:qhy600-pro", -5.0) == -5.0
