"""Names: unique, telling, harmless to any file system."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fullwell.camera.frame import Observation
from fullwell.errors import NotWritable
from fullwell.record import FileNames


def test_a_made_up_name_tells_what_is_in_it(make_frame, tmp_path):
    path = FileNames(tmp_path, "sky").next(make_frame())
    assert path == tmp_path / "M-101_L_0.50001s_20231114T221320_0001.fits"


def test_without_an_object_the_scene_gives_the_name(make_frame, tmp_path):
    frame = make_frame(observation=Observation())
    path = FileNames(tmp_path, "dark", compressed=True).next(frame)
    assert path.name == "dark_none_0.50001s_20231114T221320_0001.fits.fz"


def test_made_up_names_skip_what_exists(make_frame, tmp_path):
    names = FileNames(tmp_path, several=True)
    first = names.next(make_frame())
    first.touch()
    (tmp_path / first.name.replace("_0001.", "_0002.")).touch()
    assert names.next(make_frame()).name == first.name.replace("_0001.", "_0003.")
    assert FileNames(tmp_path).next(make_frame()).name == first.name.replace("_0001.", "_0003.")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "NGC 7000 (Hα)", "...", "", "\n", "-rf"])
def test_no_object_leads_out_of_the_folder(make_frame, tmp_path, name):
    frame = make_frame(observation=replace(Observation(), object_name=name))
    path = FileNames(tmp_path).next(frame)
    assert path.parent == tmp_path
    assert path.resolve().parent == tmp_path.resolve()
    assert not path.name.startswith((".", "-"))
    path.touch()


@pytest.mark.parametrize(
    ("name", "numbered"),
    [
        ("a.fits", "a_0002.fits"),
        ("a.b.fits.fz", "a.b_0002.fits.fz"),
        ("A.FIT", "A_0002.FIT"),
        ("x.fz", "x_0002.fz"),
    ],
)
def test_numbers_stand_before_the_ending(make_frame, tmp_path, name, numbered):
    names = FileNames(tmp_path / name, several=True)
    names.next(make_frame())
    assert names.next(make_frame()) == tmp_path / numbered
    assert FileNames(tmp_path / name).next(make_frame()) == tmp_path / name


def test_taken_names_are_told_beforehand(tmp_path):
    (tmp_path / "a_0003.fits").touch()
    names = FileNames(tmp_path / "a.fits", several=True)
    names.refuse_taken(2, overwrite=False)
    with pytest.raises(NotWritable, match=r"a_0003\.fits"):
        names.refuse_taken(3, overwrite=False)
    names.refuse_taken(3, overwrite=True)


@pytest.mark.parametrize("out", ["nowhere", "no/where.fits", "no/where"])
def test_no_such_folder(tmp_path, out):
    with pytest.raises(NotWritable, match="mkdir -p"):
        FileNames(tmp_path / Path(out))
