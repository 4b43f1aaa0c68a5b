"""The RICE encoder: what astropy decodes is what was put in, and every byte is what cfitsio writes."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.fits.hdu.compressed._codecs import Rice1
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fullwell.record import write_fits
from fullwell.record.packing import Packer
from fullwell.record.rice import encode_rows, longest_tile_bytes
from fullwell.record.word_order import MASKS

WORDS = (np.uint8, np.uint16, np.uint32)
EACH_WORD = pytest.mark.parametrize("dtype", WORDS, ids=lambda dtype: np.dtype(dtype).name)


def tiles(image: np.ndarray) -> list[bytes]:
    """The compressed rows."""
    rows, columns = image.shape
    target = np.full(rows * longest_tile_bytes(columns, image.itemsize), 0xA5, np.uint8)
    ends = np.zeros(rows, np.int64)
    size = encode_rows(image, target, ends)
    assert ends[-1] == size
    return [target[first:end].tobytes() for first, end in zip([0, *ends[:-1]], ends, strict=True)]


def signed(image: np.ndarray) -> np.ndarray:
    """The words as FITS has them."""
    kind = "u" if image.itemsize == 1 else "i"
    return (image ^ image.dtype.type(MASKS[image.itemsize])).view(f"{kind}{image.itemsize}")


def check(image: np.ndarray) -> None:
    codec = Rice1(blocksize=32, bytepix=image.itemsize, tilesize=image.shape[1])
    for row, tile in zip(signed(image), tiles(image), strict=True):
        assert tile == bytes(codec.encode(row))
        np.testing.assert_array_equal(
            np.asarray(codec.decode(np.frombuffer(tile, np.uint8))).astype(row.dtype), row
        )


@EACH_WORD
def test_every_kind_of_row(dtype):
    """Zeros, steps, ramps, extremes, noise of every strength, short last blocks, single columns."""
    draw = np.random.default_rng(6)
    top = int(np.iinfo(dtype).max)
    for columns in (1, 2, 31, 32, 33, 64, 1000):
        rows = [
            np.zeros(columns),
            np.full(columns, top),
            np.arange(columns) % (top + 1),
            np.tile([0, top], columns)[:columns],
            np.where(np.arange(columns) == columns // 2, top, 0),
            np.where(np.arange(columns) % 40 < 33, 7, top // 3),
            *(draw.integers(0, min(top, 2**bits - 1), columns, endpoint=True) for bits in range(1, 33)),
            *(top // 2 + draw.geometric(2.0**-bits, columns) % (top // 2) for bits in range(1, 20)),
        ]
        check(np.array(rows).astype(dtype))


@EACH_WORD
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_row(dtype, data):
    shape = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 100)))
    limit = data.draw(st.sampled_from([1, 3, 255, 4000, int(np.iinfo(dtype).max)]))
    words = st.integers(0, min(limit, int(np.iinfo(dtype).max)))
    check(data.draw(arrays(dtype, shape, elements=words)))


@pytest.mark.parametrize("threads", [1, 3])
def test_strips_are_packed_in_order(threads):
    image = np.random.default_rng(1).integers(0, 900, (1500, 2000)).astype(np.uint16)
    with Packer(image.shape, image.dtype, threads) as packer:
        assert len(packer._strips) > 2
        for _ in range(2):
            packed = b"".join(piece.tobytes() for piece in packer.pack(image))
            expected = tiles(image)
            assert packed == b"".join(expected)
            assert packer.lengths.tolist() == [len(tile) for tile in expected]


@pytest.mark.needs("funpack")
@EACH_WORD
def test_funpack_reads_noise(make_frame, tmp_path, dtype):
    draw = np.random.default_rng(2)
    data = draw.integers(0, np.iinfo(dtype).max, (57, 203), dtype=np.uint64, endpoint=True).astype(dtype)
    packed = write_fits(make_frame(data=data), tmp_path / "a.fits.fz", compress="rice")
    subprocess.run(["funpack", "-O", str(tmp_path / "b.fits"), str(packed)], check=True)
    np.testing.assert_array_equal(fits.getdata(tmp_path / "b.fits"), data)
    np.testing.assert_array_equal(fits.getdata(packed, 1), data)
