"""Names of cameras."""

from __future__ import annotations

import pytest

from fullwell.connect import list_cameras
from fullwell.connect.names import RealName, TwinName, parse
from fullwell.errors import UnknownName
from fullwell.models import keys


def test_every_model_is_listed_once_and_parses() -> None:
    names = [camera.name for camera in list_cameras()]
    assert [parse(name).model_key for name in names] == list(keys())


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("twin:qhy600-pro", TwinName("qhy600-pro", 1)),
        ("twin:qhy600-pro#1", TwinName("qhy600-pro", 1)),
        ("twin:qhy42-pro#17", TwinName("qhy42-pro", 17)),
        ("qhy268m-pro", TwinName("qhy268m-pro", 1)),
        (" twin:qhy268m-pro ", TwinName("qhy268m-pro", 1)),
    ],
)
def test_names_are_taken_apart(name: str, meaning: TwinName) -> None:
    assert parse(name) == meaning


@pytest.mark.parametrize(
    "name",
    [
        "",
        "twin:",
        "twin:qhy60-pro",
        "twins:qhy600-pro",
        "twin:qhy600-pro#",
        "twin:qhy600-pro#0",
        "#2",
        "twin:qhy600-pro#-1",
        "twin:qhy600-pro#two",
        "twin:qhy600-pro#2#3",
        "twin:twin:qhy600-pro",
    ],
)
def test_unknown_names_come_with_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownName, match="twin:qhy600-pro") as caught:
        parse(name)
    assert set(caught.value.known) == {camera.name for camera in list_cameras()}


def test_real_cameras_are_known_by_their_model() -> None:
    assert parse("qhyccd:QHY268M-2c52f645aa1c25b9") == RealName("QHY268M-2c52f645aa1c25b9", "qhy268m-pro")
    with pytest.raises(UnknownName, match="QHY999"):
        parse("qhyccd:QHY999-2c52f645aa1c25b9")
