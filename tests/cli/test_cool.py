"""`fullwell cool`: down, there, up again, and the picture of it."""

from __future__ import annotations

from PIL import Image


def test_the_course_is_drawn(run, tmp_path):
    done = run(
        *(
            "cool",
            "twin:qhy600-pro",
            "--to",
            "5",
            "--hold",
            "10",
            "--warm-up",
            "--instant",
            "--plot",
            "course.png",
        )
    )
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "course.png\n"
    assert "cooler off" in done.stderr
    assert "left cold" not in done.stderr
    with Image.open(tmp_path / "course.png") as picture:
        assert picture.size == (1210, 770)


def test_what_cannot_be_reached_is_told(run):
    done = run("cool", "twin:qhy600-pro", "--to", "-40", "--instant")
    assert done.exit_code == 1
    assert "the sensor stays at" in done.stderr
    assert "Choose" in done.stderr


def test_a_picture_that_cannot_be_kept_is_told_before_the_cooling(run, tmp_path):
    (tmp_path / "course.png").write_text("mine")
    for name, words in (("course.png", "exists already"), ("nowhere/course.png", "no folder 'nowhere'")):
        done = run("cool", "twin:qhy600-pro", "--to", "5", "--instant", "--plot", name)
        assert done.exit_code == 1
        assert words in done.stderr
        assert "sensor at" not in done.stderr
    assert (tmp_path / "course.png").read_text() == "mine"
