"""Row calibration on made-up rows: known clockworks come back, within their errors; hopeless data is refused."""

from __future__ import annotations

import numpy as np
import pytest

from fullwell.errors import InvalidValue
from fullwell.measure.led import Flash, caught_ns, fit_rows, lines

LINE_NS = 40_000.0
EXPOSURE_NS = 1_600_000.0
RATE_DN_PER_NS = 0.02


def flash(
    seed: int, delay_ns: int, offset_ns: float, together: int, *, top: int = 0, period_ns: int = 0
) -> Flash:
    """A frame of 400 rows with Gaussian noise of 1 DN, plus 1 % of the level in variance."""
    rows = np.arange(400)
    ends_ns = offset_ns + LINE_NS * lines(rows, top, together)
    width_ns = 3 * together * LINE_NS
    lit_ns = caught_ns(ends_ns, EXPOSURE_NS, delay_ns, width_ns)
    if period_ns:
        lit_ns = lit_ns + caught_ns(ends_ns, EXPOSURE_NS, delay_ns - period_ns, width_ns)
    level = RATE_DN_PER_NS * lit_ns
    variance = 1.0 + 0.01 * level
    noisy = level + np.sqrt(variance) * np.random.default_rng(seed).standard_normal(400)
    return Flash(delay_ns, round(width_ns), noisy, variance, np.zeros(400), period_ns)


def scan(offset_ns: float, together: int, seed: int = 0, **wishes: int) -> list[Flash]:
    return [
        flash(100 * seed + i, round(offset_ns + 400 * LINE_NS * (i + 0.37) / 8), offset_ns, together, **wishes)
        for i in range(8)
    ]


@pytest.mark.parametrize("together", [1, 2])
@pytest.mark.parametrize("top", [0, 101])
def test_a_known_clockwork_comes_back(together: int, top: int) -> None:
    """Five sigma in three quantities, four cases: a false alarm in 150,000."""
    fit = fit_rows(scan(1_811_196.0, together, top=top), line_period_ns=LINE_NS, exposure_ns=EXPOSURE_NS, top=top)
    assert fit.rows_per_step == together
    assert abs(fit.offset_ns.pull(1_811_196.0)) < 5
    assert abs(fit.line_period_ns.pull(LINE_NS)) < 5
    assert abs(fit.exposure_ns.pull(EXPOSURE_NS)) < 5
    assert fit.offset_ns.standard_error < 300
    assert fit.scatter == pytest.approx(1.0, abs=0.25)


def test_stated_errors_are_honest() -> None:
    """Sum of 60 squared pulls between the limits of chi-squared at 1e-6 on either side."""
    pulls = [
        fit_rows(scan(0.0, 2, seed), line_period_ns=LINE_NS, exposure_ns=EXPOSURE_NS).offset_ns.pull(0.0)
        for seed in range(60)
    ]
    assert 21.42 < np.sum(np.square(pulls)) < 127.10


def test_the_camera_may_tell_a_slightly_wrong_line_period() -> None:
    fit = fit_rows(scan(5e6, 2), line_period_ns=1.0005 * LINE_NS, exposure_ns=EXPOSURE_NS)
    assert abs(fit.offset_ns.pull(5e6)) < 5
    assert abs(fit.line_period_ns.pull(LINE_NS)) < 5


def test_flashes_of_the_frame_before_are_understood() -> None:
    """Frame period shorter than read-out and exposure together: the top rows see the flash before, too."""
    flashes = scan(1e6, 2, period_ns=round(410 * LINE_NS))
    assert any((each.level_dn[:30] > 10).any() and (each.level_dn[-60:] > 10).any() for each in flashes)
    fit = fit_rows(flashes, line_period_ns=LINE_NS, exposure_ns=EXPOSURE_NS)
    assert abs(fit.offset_ns.pull(1e6)) < 5
    assert fit.scatter == pytest.approx(1.0, abs=0.25)


def test_rows_under_a_stamp_are_left_out() -> None:
    lit = np.full((6, 30), 200, np.uint16)
    lit[0] = 60_000
    seen = Flash.seen(lit, np.full((6, 30), 100, np.uint16), delay_ns=0, width_ns=1, skip_bytes=44)
    assert np.isnan(seen.level_dn[0])
    assert (seen.level_dn[1:] == 100).all()
    narrow = Flash.seen(lit[:, :8], lit[:, :8], delay_ns=0, width_ns=1, skip_bytes=44)
    assert np.isnan(narrow.level_dn).tolist() == [True, True, True, False, False, False]


def test_rounding_is_known_where_noise_does_not_hide_it() -> None:
    even = np.full((4, 64), 7, np.uint8)
    noisy = even + np.random.default_rng(1).integers(0, 9, even.shape, np.uint8)
    assert (Flash.seen(even, even, delay_ns=0, width_ns=1).rounding_dn2 > 0.05).all()
    assert (Flash.seen(noisy, even, delay_ns=0, width_ns=1).rounding_dn2 < 1e-9).all()


@pytest.mark.parametrize(
    ("flashes", "complaint"),
    [
        (scan(0.0, 2)[:1], "1 flash is not enough"),
        ([flash(i, 10**9, 0.0, 2) for i in range(4)], "scatter by"),
        ([flash(i, -400_000, 0.0, 2) for i in range(4)], "begins"),
    ],
    ids=["one", "dark", "early"],
)
def test_frames_that_show_no_edge_are_refused(flashes: list[Flash], complaint: str) -> None:
    with pytest.raises(InvalidValue, match=complaint):
        fit_rows(flashes, line_period_ns=LINE_NS, exposure_ns=EXPOSURE_NS)
