"""What the header says, number by number."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

import fullwell
from fullwell.camera.frame import FrameFormat, Observation
from fullwell.errors import InvalidValue
from fullwell.models.facts import Window
from fullwell.record import write_fits
from fullwell.record.header import header
from fullwell.record.section import Section, in_file


def cards(frame) -> dict[str, object]:
    return {card.keyword: card.value for card in header(frame)}


def test_what_was_done(make_frame):
    got = cards(make_frame())
    expected = {
        "INSTRUME": "QHY000 Pro",
        "CAMERAID": "QHY000M-0123456789abcdef",
        "DETECTOR": "IMX000",
        "EXPTIME": 0.50001,
        "EXPOSURE": 0.50001,
        "READOUTM": "Photographic DSO",
        "READMODE": 0,
        "GAIN": 26,
        "OFFSET": 100,
        "USBTRAF": 30,
        "LINK": "usb3",
        "CCD-TEMP": -10.02,
        "SET-TEMP": -10.0,
        "XBINNING": 1,
        "YBINNING": 1,
        "XPIXSZ": 3.76,
        "PIXSIZE1": 3.76,
        "FILTER": "L",
        "OBJECT": "M 101",
        "FOCALLEN": 530.0,
        "APTDIA": 106.0,
        "ROWORDER": "TOP-DOWN",
        "IMAGETYP": "LIGHT",
        "SEED": 42,
        "SEQUENCE": 4,
        "FRAMENUM": 5,
        "LINEPER": 30_000,
        "ROWSTEP": 2,
        "ROW0BEG": "2023-11-14T22:13:20.123456789",
        "SWCREATE": f"fullwell {fullwell.__version__}",
    }
    assert {keyword: got[keyword] for keyword in expected} == expected
    assert "BAYERPAT" not in got
    assert "SPEED" not in got
    assert "CHAMBHUM" not in got, "what nobody measured is left out"
    assert "HISTORY" not in got


def test_every_comment_fits_its_card(make_frame, model):
    form = FrameFormat(Window(0, 0, 320, 210), overscan=True)
    for frame in (
        make_frame(),
        make_frame(form),
        make_frame(mode=1),
        make_frame(FrameFormat(Window(0, 0, 300, 200), bits=8, bin=3)),
    ):
        for keyword, value, comment in header(frame):
            assert len(keyword) <= 8
            assert keyword.upper() == keyword
            used = len(fits.Card(keyword, value).image.rstrip())
            assert used + 3 + len(comment) <= 80, (keyword, comment)


def test_no_keyword_twice(make_frame):
    for frame in (
        make_frame(),
        make_frame(mode=1),
        make_frame(FrameFormat(Window(0, 0, 320, 210), overscan=True)),
    ):
        keywords = [card.keyword for card in header(frame)]
        assert len(keywords) == len(set(keywords))


def test_dates_agree_with_each_other_and_with_the_clock(make_frame):
    frame = make_frame()
    got = cards(frame)
    dates = [Time(got[f"DATE-{name}"], scale="utc") for name in ("BEG", "AVG", "END")]
    assert got["DATE-OBS"] == got["DATE-BEG"] == "2023-11-14T22:13:20.123457"
    length_s = [float((b - a).sec) for a, b in pairwise(dates)]
    # 0.50001 s of exposure and 5.97 ms of read-out, halved; dates are rounded to 1 us.
    assert length_s == pytest.approx([0.25299, 0.25299], abs=1.01e-6)
    assert Time(got["MJD-OBS"], format="mjd").isot[:22] == got["DATE-OBS"][:22]
    assert abs((Time(got["MJD-OBS"], format="mjd", scale="utc") - dates[0]).sec) < 1.2e-6


# --- meaning of the words -------------------------------------------------------------------------------------


def words(make_frame, mode: int = 0, **form: int) -> dict[str, object]:
    return cards(make_frame(FrameFormat(Window(0, 0, 300, 200), **form), mode=mode))


def test_words_of_the_adc_itself(make_frame):
    got = words(make_frame)
    bias = 20 + 16 * 100
    assert got["EGAIN"] == 0.75
    assert (got["RDNOISE"], got["RDNOISER"], got["FULLWELL"]) == (1.5, 2.0, 40_000)
    assert got["BIASLVL"] == bias
    assert got["SATURATE"] == int(bias + 40_000 / 0.75)
    assert got["DATAMAX"] == 65535


@pytest.mark.parametrize(("bits", "worth"), [(14, 4), (12, 16), (8, 256)])
def test_short_words_are_worth_more(make_frame, bits, worth):
    got = words(make_frame, bits=bits)
    assert got["EGAIN"] == 0.75 * worth
    assert got["BIASLVL"] == 1620 / worth
    assert got["DATAMAX"] == 2**bits - 1
    assert got["SATURATE"] == int((1620 + 40_000 / 0.75) / worth)


def test_sums_keep_the_gain_and_add_the_rest(make_frame):
    got = words(make_frame, bin=3)
    assert got["EGAIN"] == 0.75
    assert got["RDNOISE"] == 4.5
    assert got["FULLWELL"] == 9 * 40_000
    assert got["BIASLVL"] == 9 * 1620
    assert got["DATAMAX"] == 9 * 65535
    assert got["XPIXSZ"] == 11.28
    assert got["PIXSIZE1"] == 3.76


def test_two_chains_in_sixteen_bit_words(make_frame):
    got = words(make_frame, mode=1)
    bias = 1620 / 16
    assert got["NCHAINS"] == 2
    assert (got["EGAIN"], got["EGAIN2"]) == (0.5 / 16, 22.0 / 16)
    assert got["DATAMAX"] == 4095 * 16
    assert got["SATURATE"] == got["DATAMAX"], "4095 counts of 0.5 e- are less than the well"
    assert got["SATURAT2"] == 4095 * 16, bias + 89_000 / 22


# --- window, binning, sky -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "top", "pattern"), [(0, 0, "RGGB"), (1, 0, "GRBG"), (0, 1, "GBRG"), (1, 1, "BGGR"), (2, 4, "RGGB")]
)
def test_the_mosaic_follows_the_corner(make_frame, colour, left, top, pattern):
    got = cards(make_frame(FrameFormat(Window(left, top, 64, 32)), camera=colour))
    assert (got["BAYERPAT"], got["XBAYROFF"], got["YBAYROFF"]) == (pattern, 0, 0)


def test_the_mosaic_of_the_whole_sensor(make_frame, colour):
    """The effective area begins at column 16, row 8 here; an even distance keeps the order of the letters."""
    got = cards(make_frame(FrameFormat(Window(0, 0, 320, 210), overscan=True), camera=colour))
    assert got["BAYERPAT"] == "RGGB"
    got = cards(make_frame(FrameFormat(Window(1, 0, 100, 100), overscan=True), camera=colour))
    assert got["BAYERPAT"] == "GRBG"


def test_sums_have_no_mosaic(make_frame, colour):
    assert "BAYERPAT" not in cards(make_frame(FrameFormat(Window(0, 0, 64, 32), bin=2), camera=colour))


def test_overscan_areas(make_frame):
    got = cards(make_frame(FrameFormat(Window(0, 0, 320, 210), overscan=True)))
    assert got["DETSEC"] == "[1:320,1:210]"
    assert got["DATASEC"] == "[17:316,9:208]"
    assert got["BIASSEC"] == "[1:320,1:6]"
    assert got["OBSEC"] == "[1:10,9:208]"
    assert (got["XORGSUBF"], got["YORGSUBF"]) == (-16, -8)


def test_binned_areas_hold_no_mixed_pixels(model):
    form = FrameFormat(Window(0, 0, 318, 210), bin=3, overscan=True)
    inside = in_file(Window(16, 8, 300, 200), form, model.sensor.geometry)
    # columns 16..315 hold the whole triples 18..314 = 6..104, rows 8..207 hold 9..206 = 3..68
    assert inside == Window(6, 3, 99, 66)


windows = st.builds(
    lambda left, top, columns, rows, bin_: FrameFormat(Window(left, top, columns * bin_, rows * bin_), bin=bin_),
    st.integers(0, 200),
    st.integers(0, 100),
    st.integers(1, 25),
    st.integers(1, 25),
    st.sampled_from([1, 2, 3, 4]),
)


@given(
    form=windows,
    pointing=st.tuples(st.floats(0, 359.999), st.floats(-89, 89)),
    camera=st.tuples(st.floats(0, 6.28), st.floats(1e-5, 1e-3)),
    star=st.tuples(st.floats(1, 300), st.floats(1, 200)),
)
def test_a_star_keeps_its_place_on_the_sky(make_frame, form, pointing, camera, star):
    """Through any window and binning, the file's own coordinates lead to the same point of the sky."""
    turn, scale = camera
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    observation = Observation("", "L", *pointing, None, None, (150.5, 100.5), ((-c, s), (s, c)))
    whole, part = (
        WCS(fits.Header([tuple(card) for card in header(make_frame(f, observation=observation))]))
        for f in (FrameFormat(Window(0, 0, 300, 200)), form)
    )
    at = Section(form.window.left, form.window.top, form.bin).to_file(*star)
    expected = whole.pixel_to_world(star[0] - 1, star[1] - 1)
    assert expected.separation(part.pixel_to_world(at[0] - 1, at[1] - 1)).deg < 1e-6
    assert expected.separation(part.pixel_to_world(at[0] - 1 + 0.1, at[1] - 1)).deg > 1e-7


@given(form=windows)
def test_the_reference_pixel_of_sums(form):
    """Independently: the centre of a sum is the mean of the centres of its pixels."""
    section = Section(form.window.left, form.window.top, form.bin)
    mean_x = np.mean([form.window.left + 1 + i for i in range(form.bin)])
    mean_y = np.mean([form.window.top + 1 + i for i in range(form.bin)])
    assert section.to_file(mean_x, mean_y) == pytest.approx((1.0, 1.0))


def test_without_pointing_there_is_no_sky(make_frame):
    got = cards(make_frame(observation=Observation(filter_name="L")))
    assert not {"RA", "DEC", "CTYPE1", "CRVAL1", "OBJECT", "FOCALLEN"} & set(got)


# --- asked and used, cards of the client ----------------------------------------------------------------------


def test_history_tells_what_the_camera_did_otherwise(make_frame):
    used = make_frame().report.settings
    asked = replace(used, gain=56, format=replace(used.format, bits=8))
    history = [card.value for card in header(make_frame(asked=asked)) if card.keyword == "HISTORY"]
    assert history == ["asked for gain 56, the camera used 26", "asked for bits 8, the camera used 16"]


def test_the_client_adds_cards(make_frame, tmp_path):
    path = write_fits(
        make_frame(observer="me", OBJECT="my comet", IMAGETYP="DARK", AIRMASS=1.2), tmp_path / "a.fits"
    )
    got = fits.getheader(path)
    assert (got["OBSERVER"], got["OBJECT"], got["IMAGETYP"], got["AIRMASS"]) == ("me", "my comet", "DARK", 1.2)


@pytest.mark.parametrize(
    "extra",
    [
        {"GAIN": 3},
        {"BITPIX": 8},
        {"history": "x"},
        {"TOOLONGKEY": 1},
        {"SP ACE": 1},
        {"ÄÖÜ": 1},
        {"": 1},
        {"NOTE": float("nan")},
        {"NOTE": None},
        {"NOTE": [1]},
    ],
    ids=repr,
)
def test_impossible_cards_are_refused(make_frame, tmp_path, extra):
    with pytest.raises(InvalidValue):
        write_fits(make_frame(**extra), tmp_path / "a.fits")
    assert not list(tmp_path.iterdir())


def test_every_card_is_in_the_reference(make_frame, colour):
    text = (Path(__file__).parents[2] / "docs" / "files.md").read_text()
    listed = set(re.findall(r"[A-Z][A-Z0-9_-]+", text)) | {
        f"{name}{axis}" for name in ("CTYPE", "CUNIT", "CRVAL", "CRPIX") for axis in "12"
    }
    listed |= {f"CD{row}_{column}" for row in "12" for column in "12"} | {"WCSAXES", "BUNIT", "TIMEUNIT"}
    frames = (
        make_frame(),
        make_frame(camera=colour),
        make_frame(mode=1),
        make_frame(FrameFormat(Window(0, 0, 320, 210), overscan=True)),
    )
    assert {card.keyword for frame in frames for card in header(frame)} - listed == set()
