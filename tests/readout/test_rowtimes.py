"""Row times against a plain loop over sensor rows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fullwell.readout.rows import RowTiming
from fullwell.readout.rowtimes import row_times


@given(
    line_ns=st.integers(1, 100_000),
    per_step=st.sampled_from([1, 2]),
    top=st.integers(0, 7),
    exposure_ns=st.integers(1, 10**12),
    start_ns=st.integers(0, 2**62),
    rows=st.integers(1, 12),
    factor=st.integers(1, 4),
)
def test_row_times_are_those_of_their_sensor_rows(
    line_ns: int, per_step: int, top: int, exposure_ns: int, start_ns: int, rows: int, factor: int
) -> None:
    timing = RowTiming(line_ns, per_step, top, exposure_ns, 1, 0, 0, 0)
    times = row_times(timing, start_ns, rows, factor)
    for k in range(rows):
        starts = [
            start_ns + ((r + top) // per_step - top // per_step) * per_step * line_ns
            for r in range(k * factor, (k + 1) * factor)
        ]
        assert times.start_ns[k] == min(starts)
        assert times.end_ns[k] == max(starts) + exposure_ns
        twice_all_middles_ns = 2 * sum(starts) + factor * exposure_ns
        assert 0 <= twice_all_middles_ns - 2 * factor * int(times.middle_ns[k]) < 3 * factor
        assert times.start_ns[k] <= times.middle_ns[k] <= times.end_ns[k]
