"""The GPS stamp: round trips, the reference vectors, the rules of three decoders, and every reason for doubt."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullwell.errors import InvalidValue
from fullwell.readout.gps import (
    Edge,
    GpsStamp,
    Receiver,
    decode,
    doubts,
    encode,
    latitude_word,
    longitude_word,
    resembles_a_stamp,
    stamp_bytes,
    write_stamp,
)

U8, U16, U24, U32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 24, 32))
EDGES = st.builds(Edge, U8, U32, U24)
STAMPS = st.builds(GpsStamp, U32, U8, U16, U16, U32, U32, EDGES, EDGES, EDGES, U24)
GOOD = GpsStamp(
    42,
    0,
    9600,
    6422,
    latitude_word(-33.5),
    longitude_word(-149.1),
    Edge(51, 947_000_000, 1_234_563),
    Edge(51, 947_000_000, 1_234_567),
    Edge(51, 947_000_000, 1_234_580),
    9_999_998,
)


@given(STAMPS)
def test_decode_undoes_encode(stamp: GpsStamp) -> None:
    assert decode(encode(stamp)) == stamp


@given(st.binary(min_size=44, max_size=44))
def test_encode_undoes_decode(data: bytes) -> None:
    assert encode(decode(data)) == data


@given(STAMPS, st.sampled_from([np.uint8, np.uint16, np.uint32]), st.sampled_from([(1, 44), (3, 50), (44, 1)]))
def test_pixels_hold_the_bytes_in_memory_order(
    stamp: GpsStamp, dtype: type[np.unsignedinteger], shape: tuple[int, int]
) -> None:
    frame = np.full(shape, 7, dtype)
    write_stamp(frame, stamp)
    assert frame.astype(np.dtype(dtype).newbyteorder("<")).tobytes()[:44] == encode(stamp)
    assert stamp_bytes(frame) == encode(stamp)
    assert (frame.ravel()[44 // frame.itemsize :] == 7).all()


def test_a_file_in_the_other_byte_order_tells_the_same() -> None:
    frame = np.zeros((1, 22), np.uint16)
    write_stamp(frame, GOOD)
    assert stamp_bytes(frame.astype(">u2")) == encode(GOOD)


def test_a_frame_without_room_is_refused() -> None:
    small = np.zeros((1, 21), np.uint16)
    with pytest.raises(InvalidValue, match="no room"):
        write_stamp(small, GOOD)
    with pytest.raises(InvalidValue, match="no room"):
        stamp_bytes(small)


def test_numbers_that_do_not_fit_are_refused() -> None:
    for stamp in (replace(GOOD, width=65536), replace(GOOD, pps_count=2**24), replace(GOOD, sequence=-1)):
        with pytest.raises(InvalidValue, match="does not fit"):
            encode(stamp)


@pytest.fixture
def vectors(shared: Path) -> list[dict[str, object]]:
    return json.loads((shared / "data/sensors/gps_vectors.json").read_text())


def test_reference_vectors(vectors: list[dict[str, object]]) -> None:
    assert len(vectors) >= 4
    for vector in vectors:
        data, fields, told = bytes.fromhex(vector["hex"]), vector["fields"], vector["decoded"]
        stamp = decode(data)
        assert encode(stamp) == data
        assert [stamp.sequence, stamp.temporary, stamp.width, stamp.height, stamp.pps_count] == [
            fields[name] for name in ("seq", "temp", "width", "height", "pps")
        ]
        assert [stamp.latitude_word, stamp.longitude_word] == [fields["lat_raw"], fields["lon_raw"]]
        assert stamp.latitude_deg == pytest.approx(told["lat"], abs=1e-9)
        assert stamp.longitude_deg == pytest.approx(told["lon"], abs=1e-9)
        for name in ("start", "end", "now"):
            edge = getattr(stamp, name)
            assert [edge.flag, edge.seconds, edge.count] == [
                fields[f"{name}_{f}"] for f in ("flag", "sec", "cnt")
            ]
            assert edge.receiver == told[f"{name}_status"]
            told_us = round(datetime.fromisoformat(told[f"{name}_utc"]).replace(tzinfo=UTC).timestamp() * 1e6)
            assert edge.utc_ns() // 1000 == told_us


def test_which_vectors_are_doubtful(vectors: list[dict[str, object]]) -> None:
    good = {v["name"]: not doubts(decode(bytes.fromhex(v["hex"]))) for v in vectors}
    assert good == {
        "qhy174_nina_unlocked": False,
        "global_locked_NE": True,
        "rolling_gpsbox_SW": True,
        "just_powered": False,
    }


@given(st.integers(900_000_000 * 10**9, 4_000_000_000 * 10**9), st.integers(9_999_001, 10_000_499))
def test_an_edge_is_the_nearest_tick(utc_ns: int, pps: int) -> None:
    edge = Edge.at(utc_ns, 51, pps)
    assert 0 <= edge.count < pps
    # Half a tick of at most 100.01 ns, and half a ns of rounding.
    assert abs(edge.utc_ns(pps) - utc_ns) <= 50.6


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_positions_survive(latitude: float, longitude: float) -> None:
    stamp = replace(GOOD, latitude_word=latitude_word(latitude), longitude_word=longitude_word(longitude))
    # Half of the last digit: 1e-5 and 1e-4 minute.
    assert stamp.latitude_deg == pytest.approx(latitude, abs=0.51e-5 / 60)
    assert stamp.longitude_deg == pytest.approx(longitude, abs=0.51e-4 / 60)
    assert resembles_a_stamp(stamp)


def test_impossible_positions_are_refused() -> None:
    for bad in (90.1, float("nan")):
        with pytest.raises(InvalidValue, match="latitude"):
            latitude_word(bad)


# Both traps.


def test_an_oscillator_of_exactly_ten_megahertz_is_good() -> None:
    assert doubts(replace(GOOD, pps_count=10_000_000)) == ()


def test_longitudes_beyond_a_hundred_degrees_keep_all_digits() -> None:
    assert GOOD.longitude_deg == pytest.approx(-149.1)


# The decoders of others, from their description.


def siril_takes(stamp: GpsStamp, exposure_s: float, date_obs_ns: int) -> bool:
    """Its rules for GPS bytes in the image; whole seconds, counts as 0.1 us cut to us."""
    apart_s = int((stamp.start.utc_ns() // 1000 - date_obs_ns // 1000) / 1e6)
    return (
        stamp.width <= 12000
        and stamp.height <= 9000
        and -90 <= stamp.latitude_deg <= 90
        and -180 <= stamp.longitude_deg <= 360
        and 0 <= stamp.end.seconds - stamp.start.seconds <= round(exposure_s) + 1
        and -900 <= apart_s <= 900
    )


def nina_takes(stamp: GpsStamp, pc_ns: int) -> bool:
    same = stamp.start.receiver == stamp.end.receiver == stamp.now.receiver
    return same and abs(stamp.now.utc_ns() - pc_ns) <= 60e9


def rockit_takes(stamp: GpsStamp) -> bool:
    return stamp.sequence != 0 and 9_000_000 < stamp.pps_count <= 10_000_500


@given(
    utc_ns=st.integers(900_000_000 * 10**9, 4_000_000_000 * 10**9),
    pps=st.integers(9_999_001, 10_000_499),
    late_ns=st.integers(-(10**9), 10**9),
    latitude=st.floats(-90, 90),
    longitude=st.floats(-180, 180),
)
def test_what_we_believe_the_others_take_too(
    utc_ns: int, pps: int, late_ns: int, latitude: float, longitude: float
) -> None:
    stamp = GpsStamp(
        7, 0, 9600, 6422, latitude_word(latitude), longitude_word(longitude),
        Edge.at(utc_ns - 400, 51, pps), Edge.at(utc_ns, 51, pps), Edge.at(utc_ns + 900, 51, pps), pps,
    )  # fmt: skip
    assert doubts(stamp, near_ns=utc_ns + late_ns, within_s=60, sizes={(9600, 6422)}) == ()
    assert siril_takes(stamp, 0.1, utc_ns + late_ns)
    assert nina_takes(stamp, utc_ns + late_ns)
    assert rockit_takes(stamp)


@given(STAMPS)
def test_what_siril_or_rockit_refuse_we_doubt(stamp: GpsStamp) -> None:
    date_ns = stamp.start.utc_ns()
    ours = bool(doubts(stamp, near_ns=date_ns, within_s=900))
    assert ours or (siril_takes(stamp, 1e9, date_ns) and rockit_takes(stamp))


# Every reason.


@pytest.mark.parametrize(
    ("stamp", "words"),
    [
        (replace(GOOD, now=replace(GOOD.now, flag=0x23)), "no lock: it was not locked but its data are valid"),
        (replace(GOOD, start=replace(GOOD.start, flag=0)), "no lock: it was just powered on"),
        (replace(GOOD, pps_count=10_000_500), "PPS is lost"),
        (replace(GOOD, pps_count=9_999_000), "PPS is out of range"),
        (replace(GOOD, pps_count=10_000_501), "PPS is out of range"),
        (replace(GOOD, now=replace(GOOD.now, count=10_000_501)), "longer than a second"),
        (replace(GOOD, latitude_word=915_000_000), "latitude is impossible"),
        (replace(GOOD, longitude_word=149_600_000), "longitude is impossible"),
        (replace(GOOD, end=replace(GOOD.end, seconds=946_999_999)), "end is before the start"),
        (replace(GOOD, width=12_001), "none of a camera"),
        (replace(GOOD, height=0), "none of a camera"),
        (replace(GOOD, sequence=0), "frame that failed"),
    ],
)
def test_each_reason_alone(stamp: GpsStamp, words: str) -> None:
    (reason,) = doubts(stamp)
    assert words in reason
    assert doubts(GOOD) == ()


def moved(**changes: object) -> GpsStamp:
    """A good stamp one second after `GOOD`."""
    later = {
        name: replace(getattr(GOOD, name), seconds=getattr(GOOD, name).seconds + 1)
        for name in ("start", "end", "now")
    }
    return replace(GOOD, **{"sequence": 43, **later, **changes})


@pytest.mark.parametrize(
    ("stamp", "words"),
    [
        (moved(start=GOOD.start, end=GOOD.end, now=GOOD.now), "frozen"),
        (moved(now=replace(GOOD.now, seconds=946_999_999)), "backwards"),
        (moved(longitude_word=longitude_word(-149.13)), "position jumps"),
    ],
)
def test_each_reason_of_a_sequel(stamp: GpsStamp, words: str) -> None:
    (reason,) = doubts(stamp, GOOD)
    assert words in reason
    assert doubts(moved(), GOOD, elapsed_ns=10**9) == ()


def test_jumps_against_the_computers_clock() -> None:
    (reason,) = doubts(moved(), GOOD, elapsed_ns=2 * 10**9)
    assert "time jumps" in reason


def test_the_size_and_date_of_the_frame() -> None:
    (reason,) = doubts(GOOD, sizes={(100, 50)})
    assert "not that of the frame, 100 x 50" in reason
    (reason,) = doubts(GOOD, near_ns=GOOD.vsync_ns + 901 * 10**9)
    assert "901 s before" in reason
    assert doubts(GOOD, near_ns=GOOD.vsync_ns + 899 * 10**9, sizes={(9600, 6422)}) == ()


def test_a_position_across_the_date_line_does_not_jump() -> None:
    west = replace(GOOD, longitude_word=longitude_word(-179.9999))
    assert doubts(moved(longitude_word=longitude_word(179.9999)), west) == ()


def test_pixels_are_not_taken_for_stamps() -> None:
    noise = np.random.default_rng(1).normal(500, 5, (10_000, 22)).astype(np.uint16)
    assert not any(resembles_a_stamp(decode(stamp_bytes(row[None]))) for row in noise)
    assert not resembles_a_stamp(decode(bytes(44)))
    assert resembles_a_stamp(GOOD)


def test_receiver_states_have_words() -> None:
    assert len({state.words for state in Receiver}) == 4


def test_stamps_may_run_backwards_where_they_should() -> None:
    assert doubts(GOOD, moved(), elapsed_ns=-(10**9)) == ()
    (reason,) = doubts(GOOD, moved())
    assert "backwards" in reason
