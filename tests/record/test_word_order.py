"""Words to bytes: every order, size and alignment, with the checksum of the FITS standard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fullwell.record.checksum import fold, sum_bytes, sum_octets
from fullwell.record.direct import DirectFile
from fullwell.record.drain import CHUNK_BYTES, Drain, Outflow
from fullwell.record.word_order import MASKS, store, warm_up

WORDS = st.sampled_from([np.uint8, np.uint16, np.uint32])


def as_fits(words: np.ndarray) -> bytes:
    """The bytes of FITS, by numpy."""
    signed = words ^ words.dtype.type(MASKS[words.itemsize])
    return signed.astype(signed.dtype.newbyteorder(">")).tobytes()


@settings(max_examples=300, deadline=None)
@given(data=st.data(), dtype=WORDS, big_endian=st.booleans(), place=st.integers(0, 3), phase=st.integers(0, 3))
def test_any_words_anywhere(data, dtype, big_endian, place, phase):
    words = data.draw(arrays(dtype, st.integers(1, 70)))
    skipped = data.draw(st.integers(0, words.size - 1))
    words = words[skipped:]
    room = np.full(words.nbytes + 8, 0xA5, np.uint8)
    total = store(words, room[place : place + words.nbytes], big_endian, phase)
    expected = as_fits(words) if big_endian else words.astype(words.dtype.newbyteorder("<")).tobytes()
    assert room[place : place + words.nbytes].tobytes() == expected
    assert (room[:place] == 0xA5).all()
    assert (room[place + words.nbytes :] == 0xA5).all()
    same = {0, 0xFFFFFFFF}  # both are zero in one's complement
    right = sum_bytes(bytes(phase) + as_fits(words))
    assert fold(total) == right or {fold(total), right} <= same


def test_sums_without_a_copy():
    octets = np.random.default_rng(1).integers(0, 256, 1003).astype(np.uint8)
    assert sum_octets(octets) == sum_bytes(octets.tobytes())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_warm_up(dtype):
    warm_up(np.dtype(dtype))


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("head_bytes", [0, 2880, 11520])
def test_what_flows_arrives(tmp_path, direct, head_bytes):
    """Pieces of many sizes, flushed at odd places, over several chunks."""
    draw = np.random.default_rng(3)
    sizes = [1, 4095, 4096, 4097, 178, CHUNK_BYTES // 2, CHUNK_BYTES + 1234, 77]
    pieces = [draw.integers(0, 65536, size).astype(np.uint16) for size in sizes]
    drain = Drain()
    file = DirectFile(tmp_path / "a", direct)
    flow = Outflow(drain, file, head_bytes)
    sums = []
    for piece in pieces:
        sums.append(flow.words(piece, big_endian=True))
        if not head_bytes:
            flow.flush()
    flow.zeros(10)
    if head_bytes:
        flow.release(b"\x07" * head_bytes)
    else:
        flow.flush()
    flow.end()
    drain.close()
    assert drain.error is None
    file.truncate(flow.position)
    file.close()
    expected = b"\x07" * head_bytes + b"".join(map(as_fits, pieces)) + bytes(10)
    assert (tmp_path / "a").read_bytes() == expected
    assert sums == [sum_bytes(as_fits(piece)) for piece in pieces]
    assert drain.fill_percent == 0
