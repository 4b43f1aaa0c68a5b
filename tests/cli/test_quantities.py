"""Numbers as people write them."""

from __future__ import annotations

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from fullwell.cli.quantities import declination_deg, right_ascension_deg, window_px


@given(
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 59),
    st.sampled_from(["{}:{}:{}", "{}h{}m{}s", "{} {} {}"]),
)
def test_right_ascension_in_hours(hours, minutes, seconds, form):
    expected = 15 * (hours + minutes / 60 + seconds / 3600)
    assert right_ascension_deg(form.format(hours, minutes, seconds)) == pytest.approx(expected, abs=1e-9)


@given(st.booleans(), st.integers(0, 89), st.integers(0, 59), st.integers(0, 59))
def test_declination_keeps_its_sign(south, degrees, minutes, seconds):
    expected = (degrees + minutes / 60 + seconds / 3600) * (-1 if south else 1)
    text = f"{'-' if south else '+'}{degrees}d{minutes}m{seconds}s"
    assert declination_deg(text) == pytest.approx(expected, abs=1e-9)


@given(st.floats(-90, 90))
def test_degrees_are_taken_as_they_are(angle):
    assert declination_deg(f"{angle:.9f}") == pytest.approx(angle, abs=1e-8)


@pytest.mark.parametrize("text", ["", "x", "1:2:3:4", "1::2x", "5:60", "5:5:60.0", "--5", "1e3", "nan", "5,3"])
def test_what_is_no_angle(text):
    with pytest.raises(typer.BadParameter, match="Write it like"):
        right_ascension_deg(text)


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1.5,2,3,4", "1;2;3;4"])
def test_what_is_no_window(text):
    with pytest.raises(typer.BadParameter, match="left,top,width,height"):
        window_px(text)
