"""The generator: uniform, independent between pixels, rows, frames, purposes; deviates have their law."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from scipy import stats

from fullwell.chance.deviates import (
    exponential,
    minus_log,
    normal_pair,
    normals,
    uniforms,
)
from fullwell.chance.keys import key, mix, row_key, row_keys
from fullwell.chance.poisson import (
    SMALL_MEAN,
    add_remainders,
    alias_tables,
    grid_index,
    grid_poisson,
    poisson_quantile,
)
from fullwell.chance.sparse import ROOM, mean_gap, members
from fullwell.chance.words import BLOCK, halves, upper_words, word, words

ROWS, COLUMNS = np.arange(1000), np.arange(2000)
FALSE_ALARM = 1e-6


def test_splitmix64_known_values():
    # first outputs of the published SplitMix64 generator with seed 1234567
    golden = 0x9E3779B97F4A7C15
    assert [mix(1234567 + golden * i) for i in (1, 2, 3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_keys_differ_by_every_part():
    made = {
        key(*parts) for parts in [(1,), (2,), (1, 0), (0, 1), (1, "a"), ("a", 1), ("a",), ("ab",), ("a", "b")]
    }
    assert len(made) == 9
    assert len({key(seed, "frame", n) for seed in range(100) for n in range(1000)}) == 100_000


def test_kernel_and_array_forms_agree():
    @njit
    def one_row(stream, row, count):
        out = np.empty(count, np.uint32)
        made = row_key(stream, row)
        for i in range(count):
            out[i] = word(np.uint32(i), np.uint32(made & np.uint64(0xFFFFFFFF)), np.uint32(made >> np.uint64(32)))
        return out

    stream = key("agree")
    array = words(stream, np.array([7]), COLUMNS)[0]
    np.testing.assert_array_equal(one_row(np.uint64(stream), 7, len(COLUMNS)), array)
    run = np.empty(100, np.uint32)
    upper_words(row_keys(stream, np.array([7]))[0], 30, run)
    np.testing.assert_array_equal(run ^ (run >> np.uint32(15)), array[30:130])


@pytest.mark.parametrize("bits", [(0, 16), (16, 16), (5, 10), (22, 10)])
def test_words_are_uniform(bits):
    shift, width = bits
    drawn = words(key("uniform"), ROWS, COLUMNS) >> np.uint32(shift) & np.uint32(2**width - 1)
    assert stats.chisquare(np.bincount(drawn.ravel(), minlength=2**width)).pvalue > FALSE_ALARM


STEPS = [(0, n) for n in (1, 2, 8, 15, 64, 96, 256, 384, 640, 1024)] + [(1, 0), (2, 0), (1, 1), (1, 7)]


@pytest.mark.parametrize("step", STEPS)
def test_neighbouring_pixels_are_independent(step):
    rows, columns = step
    stream = key("neighbours")
    here, there = words(stream, ROWS, COLUMNS), words(stream, ROWS + rows, COLUMNS + columns)
    assert _joint_p(here, there) > FALSE_ALARM


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, "frame", 1), (1, "frame", 2)),
        ((1, "frame", 1), (2, "frame", 1)),
        ((1, "shot"), (1, "read")),
        ((0,), (1,)),
    ],
)
def test_streams_are_independent(one, other):
    assert _joint_p(words(key(*one), ROWS, COLUMNS), words(key(*other), ROWS, COLUMNS)) > FALSE_ALARM


def _joint_p(one, other):
    """Chi-square of the highest, the lowest and mixed bits of two words taken together."""
    values = []
    for a, b in ((27, 27), (0, 0), (27, 0), (0, 27)):
        pair = (one >> np.uint32(a) & np.uint32(31)) * np.uint32(32) + (other >> np.uint32(b) & np.uint32(31))
        values.append(stats.chisquare(np.bincount(pair.ravel(), minlength=1024)).pvalue)
    return min(values)


def test_a_changed_bit_of_the_column_changes_each_bit_half_the_time():
    stream = key("avalanche")
    base = words(stream, ROWS, COLUMNS)
    for bit in range(13):
        flipped = words(stream, ROWS, COLUMNS ^ (1 << bit)) ^ base
        for out in range(32):
            share = np.mean(flipped >> np.uint32(out) & np.uint32(1))
            assert abs(share - 0.5) < 5.5 * 0.5 / np.sqrt(base.size), (bit, out)


def test_plain_deviates():
    drawn = uniforms(key("u"), ROWS, COLUMNS).ravel()
    assert drawn.min() > 0
    assert drawn.max() < 1
    assert stats.kstest(drawn, "uniform").pvalue > FALSE_ALARM
    assert stats.kstest(normals(key("n"), ROWS, COLUMNS).ravel(), "norm").pvalue > FALSE_ALARM


@njit
def _pairs(radius, angle):
    out = np.empty((2, radius.size), np.float32)
    for i in range(radius.size):
        out[0, i], out[1, i] = normal_pair(radius[i], angle[i])
    return out


def test_normal_pairs():
    columns = np.arange(5000)
    both = _pairs(words(key("r"), ROWS, columns).ravel(), words(key("a"), ROWS, columns).ravel()).astype(float)
    count = both.shape[1]
    for z in both:
        classes = np.bincount(np.clip((stats.norm.cdf(z) * 1000).astype(int), 0, 999), minlength=1000)
        assert stats.chisquare(classes).pvalue > FALSE_ALARM
        beyond = np.sum(np.abs(z) > 4.5)
        expected = 2 * stats.norm.sf(4.5) * count
        assert stats.poisson.cdf(beyond, expected) > FALSE_ALARM
        assert stats.poisson.sf(beyond - 1, expected) > FALSE_ALARM
    for a, b in ((1, 1), (2, 1), (1, 2), (2, 2)):
        product = (both[0] ** a - (a == 2)) * (both[1] ** b - (b == 2))
        assert abs(product.mean()) < 5 * np.sqrt(2.0 ** (a + b - 2) / count)


def test_extreme_words_give_finite_normals():
    ends = np.array([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF], np.uint32)
    radius, angle = (part.ravel() for part in np.meshgrid(ends, ends))
    drawn = _pairs(radius, angle)
    assert np.all(np.isfinite(drawn))
    assert 6.5 < np.abs(drawn).max() < 6.7


def test_minus_log():
    @njit
    def run(given):
        out = np.empty(given.size, np.float32)
        for i in range(given.size):
            out[i] = minus_log(given[i])
        return out

    given = words(key("log"), np.arange(1), np.arange(100_000))[0]
    exact = -np.log(((given >> np.uint32(1)) + 0.5) / 2.0**31)
    np.testing.assert_allclose(run(given), exact, rtol=3e-6, atol=2e-6)


def _small(mean, blocks):
    """Poisson numbers of blocks of one mean, as the kernels make them."""

    @njit
    def drawn(mean, blocks, tables, first, second):
        out = np.empty((blocks, BLOCK), np.float32)
        means, room = np.full(BLOCK, mean), np.empty(128, np.uint32)
        low, high = halves(first)
        for block in range(blocks):
            for i in range(BLOCK):
                now = word(np.uint32(block * BLOCK + i), low, high)
                out[block, i] = grid_poisson(now, tables[grid_index(mean, now)])
            add_remainders(second, block, np.float32(SMALL_MEAN), tables, means, room, out[block])
        return out

    keys = (row_keys(key("alias", number), np.array([7]))[0] for number in (1, 2))
    return drawn(np.float32(mean), blocks, alias_tables(), *keys).astype(np.int64).ravel()


def test_exponential():
    @njit
    def run(given):
        out = np.empty(given.size, np.float32)
        for i in range(given.size):
            out[i] = exponential(given[i])
        return out

    given = np.linspace(-10, 10, 20_001).astype(np.float32)
    np.testing.assert_allclose(run(given), np.exp(given.astype(float)), rtol=2e-6)


@pytest.mark.parametrize("mean", [0.0, 0.001, 0.03, 0.031, 0.5, 1.01, 3.3, 17.77, 63.99])
def test_small_poisson_numbers(mean):
    drawn = _small(mean, 16_000)
    observed = np.bincount(drawn, minlength=140)
    expected = stats.poisson.pmf(np.arange(len(observed)), np.float64(np.float32(mean))) * drawn.size
    used = expected > 10
    if used.sum() == 1:
        assert observed[~used].sum() < 10 + 6 * np.sqrt(expected[~used].sum() + 1)
        return
    observed_in = np.append(observed[used], observed[~used].sum())
    expected_in = np.append(expected[used], drawn.size - expected[used].sum())
    keep = expected_in > 0.5
    assert (
        stats.chi2.sf(np.sum((observed_in - expected_in)[keep] ** 2 / expected_in[keep]), keep.sum() - 1)
        > FALSE_ALARM
    )


def test_alias_tables_hold_the_distribution_to_32_bits():
    tables = alias_tables().reshape(-1, 128).astype(np.int64)
    for row in (0, 1, 33, 700, 2047):
        kept, other = tables[row] >> 7, tables[row] & 127
        share = np.zeros(128)
        np.add.at(share, np.arange(128), np.where(other == np.arange(128), 2**25, kept) / 2**32)
        np.add.at(share, other, np.where(other == np.arange(128), 0, 2**25 - kept) / 2**32)
        exact = stats.poisson.pmf(np.arange(128), row / 32)
        assert np.abs(share - exact).max() < 128 * 2.0**-32
    assert len(tables) / 32 == SMALL_MEAN


@pytest.mark.parametrize("mean", [64.0, 100.3, 1000.7, 49_000.2])
def test_poisson_quantile_is_the_inverse_distribution(mean):
    @njit
    def run(mean, normal):
        out = np.empty(normal.size, np.float32)
        for i in range(normal.size):
            out[i] = poisson_quantile(mean, normal[i])
        return out

    normal = np.linspace(-5, 5, 40_001).astype(np.float32)
    exact = stats.poisson.ppf(stats.norm.cdf(normal.astype(float)), float(np.float32(mean)))
    drawn = run(np.float32(mean), normal)
    assert np.abs(drawn - exact).max() <= 1
    assert np.mean(drawn != exact) < 0.02


@pytest.mark.parametrize("fraction", [0.00024, 0.0885, 0.5])
def test_members_of_a_sparse_set(fraction):
    rows, width = 2000, 4096
    seen, joint = np.zeros(width), 0
    column = np.empty(width + ROOM, np.int32)
    for made in row_keys(key("sparse"), np.arange(rows)):
        count = members(made, 0, width, mean_gap(fraction), column)
        here = np.zeros(width)
        here[column[:count]] = 1
        assert len(set(column[:count])) == count
        joint += np.sum(here[1:] * here[:-1])
        seen += here
    assert abs(seen.sum() - rows * width * fraction) < 5 * np.sqrt(rows * width * fraction)
    assert abs(joint - rows * (width - 1) * fraction**2) < 5 * np.sqrt(rows * width) * fraction + 5
    halves = seen[: width // 2].sum() - seen[width // 2 :].sum()
    assert abs(halves) < 5 * np.sqrt(rows * width * fraction)
