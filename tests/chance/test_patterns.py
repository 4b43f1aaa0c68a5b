"""Patterns of a sensor: the distribution in each column of a group, and independence everywhere else."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fullwell.chance.keys import key
from fullwell.chance.patterns import GROUP_PX, GROUPS, dealt, normal_codes, pattern_normals

ROWS, COLUMNS = np.arange(1000), np.arange(2048)
FALSE_ALARM = 1e-6


def test_codes_are_normal_numbers_in_each_column_of_the_groups():
    codes, mean, deviation = normal_codes()
    assert codes.shape == (GROUPS, GROUP_PX)
    normal = (codes - mean) / deviation
    assert abs(normal.mean()) < 1e-12
    assert abs(normal.var() - 1) < 1e-12
    # steps of 0.03, classes of 1/8192: no sample, the distribution itself
    assert abs(stats.kurtosis(normal, axis=None)) < 0.01
    assert stats.kstest(normal.ravel(), "norm").statistic < 0.5 * 0.03 * stats.norm.pdf(0) + 1 / 8192
    for column in normal.T:
        assert abs(column.mean()) < 0.01
        assert abs(column.std() - 1) < 0.01


def test_every_class_is_dealt_once_and_evenly_to_the_columns():
    table = dealt(np.arange(8192.0), "even")
    assert np.array_equal(np.sort(table, axis=None), np.arange(8192))
    for column in table.T:  # of every eight successive classes each column has one
        assert np.array_equal(np.sort(column // 8), np.arange(GROUPS))


@pytest.mark.parametrize("step", [(0, 8), (0, 64), (0, 256), (0, 1024), (1, 0), (1, 8), (2, 3)])
def test_pixels_of_different_groups_are_independent(step):
    rows, columns = step
    stream = key("independent")
    here = pattern_normals(stream, ROWS, COLUMNS)
    there = pattern_normals(stream, ROWS + rows, COLUMNS + columns)
    assert abs(np.mean(here * there)) < stats.norm.isf(FALSE_ALARM / 2) / np.sqrt(here.size)


def test_neighbours_of_a_group_are_as_independent_as_a_thousand_drawn_pairs():
    codes, mean, deviation = normal_codes()
    normal = (codes - mean) / deviation
    correlation = np.corrcoef(normal.T)[np.triu_indices(GROUP_PX, 1)]
    assert np.abs(correlation).max() < stats.norm.isf(FALSE_ALARM / 2 / len(correlation)) / np.sqrt(GROUPS)


def test_normal_numbers_and_kinds_of_a_pixel_are_independent():
    """They come from different bits of one word: each pair of groups is equally frequent."""
    from fullwell.chance.patterns import RESPONSE_SHIFT
    from fullwell.chance.words import words

    drawn = words(key("two tables"), np.arange(4000), np.arange(2000))
    kind, response = drawn >> np.uint32(27), (drawn >> np.uint32(RESPONSE_SHIFT + 5)) & np.uint32(31)
    joint = np.bincount((kind * 32 + response).ravel(), minlength=1024)
    assert stats.chisquare(joint).pvalue > FALSE_ALARM
