"""Calibration records: kept exactly, picked when they fit, refused with reasons when they do not."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fullwell.errors import InvalidFacts, InvalidValue, MissingFile
from fullwell.readout.calibration import Conditions, RowOffset, from_facts, load_offsets, pick, save_offsets

NIGHT = Conditions("qhy600-pro", 1, 0, 6388, False, 16, usb_traffic=0, speed=0, stream="single")
RECORD = RowOffset(1_811_196, 350, NIGHT, "LED calibration", 1_700_000_000 * 10**9)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
CONDITIONS = st.builds(
    Conditions,
    TEXTS,
    st.integers(0, 20),
    st.integers(0, 9000),
    st.integers(1, 9000),
    st.booleans(),
    st.integers(1, 32),
    st.integers(0, 60),
    st.integers(0, 2),
    st.sampled_from(["single", "live"]),
)
RECORDS = st.builds(
    RowOffset,
    st.integers(-(10**12), 10**12),
    st.integers(0, 10**9),
    CONDITIONS,
    TEXTS,
    st.integers(0, 4 * 10**9).map(lambda seconds: seconds * 10**9),
)


@given(records=st.lists(RECORDS, min_size=1, max_size=4))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_files_keep_records_exactly(records: list[RowOffset], tmp_path: Path) -> None:
    assert load_offsets(save_offsets(tmp_path / "rows.toml", records)) == tuple(records)


OTHERS = {"model_key": "qhy42-pro", "overscan": True, "stream": "live"}


@pytest.mark.parametrize("name", [field.name for field in fields(Conditions)])
def test_each_setting_makes_a_record_stale(name: str) -> None:
    other = replace(NIGHT, **{name: OTHERS.get(name, getattr(NIGHT, name) + 1 if name not in OTHERS else None)})
    (reason,) = RECORD.misfits(other)
    assert str(getattr(NIGHT, name)) in reason
    assert str(getattr(other, name)) in reason
    with pytest.raises(InvalidValue, match=r"for other settings.*Calibrate again"):
        RECORD.require(other)
    assert pick([RECORD], other) == (None, (reason,))


def test_the_latest_fitting_record_is_picked() -> None:
    RECORD.require(NIGHT)
    later = replace(RECORD, offset_ns=1, made_ns=RECORD.made_ns + 1)
    stale = replace(later, conditions=replace(NIGHT, bits=8), made_ns=RECORD.made_ns + 2)
    assert pick([RECORD, stale, later], NIGHT) == (later, ())
    assert pick([], NIGHT) == (None, ())


def test_the_vendors_figures_are_the_least_certain() -> None:
    record = from_facts(123, NIGHT)
    assert (record.offset_ns, record.misfits(NIGHT)) == (123, ())
    assert record.uncertainty_ns >= 26_000  # the difference between page and library


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('stream = "single"', 'stream = "fast"', "stream must be one of"),
        ("overscan = false", "overscan = 0", "overscan must be true or false"),
        ("made = 2023-11-14T22:13:20Z", 'made = "now"', "made must be a date"),
        ("mode = 1", "", "mode is missing"),
        ("mode = 1", "mode = 1\ncolour = 2", "unknown entry"),
        ("[[row_offset]]", "[[other]]", "unknown entry other"),
    ],
)
def test_bad_files_are_named(old: str, new: str, words: str, tmp_path: Path) -> None:
    path = save_offsets(tmp_path / "rows.toml", [RECORD])
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(InvalidFacts, match=words):
        load_offsets(path)


def test_missing_and_empty_files(tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        load_offsets(tmp_path / "none.toml")
    (tmp_path / "empty.toml").write_text("")
    with pytest.raises(InvalidFacts, match="no "):
        load_offsets(tmp_path / "empty.toml")
