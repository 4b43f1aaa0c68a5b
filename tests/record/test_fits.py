"""Files: what is in them is the frame, to the bit, and outside programs agree."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from fullwell.camera.frame import FrameFormat, Truth
from fullwell.errors import UnknownName
from fullwell.models.facts import Window
from fullwell.record import write_fits

FORMATS = {
    "8 bit": FrameFormat(Window(0, 0, 300, 200), bits=8),
    "8 bit, odd size": FrameFormat(Window(3, 5, 37, 11), bits=8),
    "16 bit": FrameFormat(Window(0, 0, 300, 200)),
    "16 bit, odd size": FrameFormat(Window(1, 2, 31, 7)),
    "14 bit": FrameFormat(Window(0, 0, 300, 200), bits=14),
    "sums of 8 bit": FrameFormat(Window(0, 0, 300, 200), bin=2, bits=8),
    "sums of 16 bit": FrameFormat(Window(0, 0, 300, 200), bin=2),
    "overscan": FrameFormat(Window(0, 0, 320, 210), overscan=True),
}
STARS = np.array(
    [(149.5, 99.5, 210.8, 54.3, 9.25, 1.5e5, "tycho2"), (10.0, 20.0, 210.9, 54.2, 12.0, 1.2e4, "counts")],
    dtype=[
        ("x_px", "f8"),
        ("y_px", "f8"),
        ("ra_deg", "f8"),
        ("dec_deg", "f8"),
        ("magnitude", "f4"),
        ("electrons", "f4"),
        ("source", "U8"),
    ],
)


def truth() -> Truth:
    electrons = np.random.default_rng(3).gamma(4.0, 20.0, (200, 300)).astype(np.float32)
    return Truth(electrons, STARS, {"dark current": "0.002 e-/s at -20 °C", "cosmic rays": "on"})


def verify(path: Path) -> None:
    """The verdict of fitsverify."""
    done = subprocess.run(["fitsverify", "-l", str(path)], capture_output=True, text=True, check=False)
    assert "found 0 warning(s) and 0 error(s)" in done.stdout, done.stdout
    assert done.returncode == 0


def image(path: Path, hdu: int = 0) -> tuple[np.ndarray, fits.Header]:
    with fits.open(path, checksum=True) as opened:
        return np.array(opened[hdu].data), opened[hdu].header


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("compress", [None, "rice"])
def test_every_word_comes_back(make_frame, tmp_path, form, compress):
    draw = np.random.default_rng(5)
    top = 2**32 if form.dtype == np.uint32 else 2 ** (8 * form.dtype.itemsize)
    data = draw.integers(0, top, form.shape(), dtype=np.uint64).astype(form.dtype)
    data.flat[:2] = 0, top - 1
    path = write_fits(make_frame(form, data=data), tmp_path / "a.fits", compress=compress)
    back, _ = image(path, 1 if compress else 0)
    np.testing.assert_array_equal(back, data)


@pytest.mark.needs("fitsverify")
@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("compress", [None, "rice"])
def test_fitsverify_finds_nothing(make_frame, tmp_path, form, compress):
    verify(write_fits(make_frame(form), tmp_path / "a.fits", compress=compress))


@pytest.mark.needs("fitsverify")
@pytest.mark.parametrize("compress", [None, "rice"])
def test_fitsverify_finds_nothing_in_the_answer_key(make_frame, tmp_path, compress):
    verify(write_fits(make_frame(), tmp_path / "a.fits", compress=compress, truth=truth()))


@pytest.mark.needs("fitsverify")
def test_fitsverify_finds_nothing_in_difficult_cards(make_frame, tmp_path):
    frame = make_frame(
        OBJECT="Große Magellansche Wolke, " * 5,
        OBSERVER="O'Neill 'n' Sons",
        NOTE="x" * 60,
        ROTATOR=-12.5,
        AIRMASS=1e-30,
        GUIDED=True,
    )
    path = write_fits(frame, tmp_path / "a.fits")
    verify(path)
    _, header = image(path)
    assert header["OBJECT"] == ("Grosse Magellansche Wolke, " * 5).strip().replace("Grosse", "Gro?e")
    assert header["OBSERVER"] == "O'Neill 'n' Sons"
    assert header["GUIDED"] is True


@pytest.mark.needs("funpack")
@pytest.mark.parametrize("form", [FORMATS["16 bit"], FORMATS["sums of 16 bit"]], ids=["16", "32"])
def test_funpack_gives_the_plain_file_back(make_frame, tmp_path, form):
    frame = make_frame(form)
    packed = write_fits(frame, tmp_path / "a.fits.fz", compress="rice")
    subprocess.run(["funpack", "-O", str(tmp_path / "b.fits"), str(packed)], check=True)
    unpacked, header = image(tmp_path / "b.fits")
    np.testing.assert_array_equal(unpacked, frame.data)
    plain = image(write_fits(frame, tmp_path / "c.fits"))[1]
    own = {card.keyword: card.value for card in plain.cards if card.keyword not in {"CHECKSUM", "EXTEND"}}
    assert {keyword: header[keyword] for keyword in own} == own


def test_the_answer_key(make_frame, tmp_path):
    form = FrameFormat(Window(100, 50, 100, 100), bin=2)
    key = truth()
    for compress in (None, "rice"):
        path = write_fits(make_frame(form), tmp_path / f"{compress}.fits", compress=compress, truth=key)
        with fits.open(path, checksum=True) as opened:
            np.testing.assert_array_equal(opened["TRUTH"].data, key.electrons)
            stars = opened["STARS"].data
            for name in ("x_px", "y_px", "ra_deg", "dec_deg", "magnitude", "electrons"):
                np.testing.assert_array_equal(stars[name], STARS[name])
            assert list(stars["source"]) == ["tycho2", "counts"]
            assert opened["STARS"].columns["electrons"].unit == "electron"
            # x = 149.5 from 0 is 150.5 from 1; minus 100 of the window = 50.5; in pairs (50.5 - 0.5) / 2 + 0.5
            assert stars["x_image"][0] == 25.5
            assert stars["y_image"][0] == 25.5
            effects = dict(zip(opened["EFFECTS"].data["name"], opened["EFFECTS"].data["value"], strict=True))
            assert effects == {"dark current": "0.002 e-/s at -20 ?C", "cosmic rays": "on"}


def test_a_strided_view_is_written_like_its_copy(make_frame, tmp_path):
    whole = np.random.default_rng(1).integers(0, 65536, (400, 600)).astype(np.uint16)
    a = write_fits(make_frame(data=whole[::2, ::2]), tmp_path / "a.fits")
    b = write_fits(make_frame(data=whole[::2, ::2].copy()), tmp_path / "b.fits")
    assert a.read_bytes() == b.read_bytes()


def test_the_same_frame_gives_the_same_bytes(make_frame, tmp_path):
    a, b = (write_fits(make_frame(), tmp_path / f"{name}.fits") for name in "ab")
    assert a.read_bytes() == b.read_bytes()


def test_more_than_one_strip(make_frame, tmp_path):
    data = np.random.default_rng(2).integers(0, 65536, (1100, 1999)).astype(np.uint16)
    back, _ = image(write_fits(make_frame(data=data), tmp_path / "a.fits"))
    np.testing.assert_array_equal(back, data)


def test_an_unknown_compression_is_refused(make_frame, tmp_path):
    with pytest.raises(UnknownName, match="rice"):
        write_fits(make_frame(), tmp_path / "a.fits", compress="zip")
    assert not list(tmp_path.iterdir())
