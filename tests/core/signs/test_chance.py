"""Tails, held against counting every case."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import comb, exp, factorial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suyuan.core.signs import chance


@given(st.data())
def test_a_hypergeometric_tail_is_the_share_of_all_draws(data: st.DataObject) -> None:
    population = data.draw(st.integers(0, 9))
    marked, drawn = data.draw(st.integers(0, population)), data.draw(st.integers(0, population))
    met = data.draw(st.integers(-1, population + 1))
    draws = list(combinations(range(population), drawn))
    expected = Fraction(sum(sum(i < marked for i in draw) >= met for draw in draws), len(draws))
    assert expected == chance.hypergeometric_exact(population, marked, drawn, met)


@settings(deadline=None, max_examples=30)
@given(st.integers(2_001, 3_000), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_large_hypergeometric_tail_is_the_exact_one(population: int, a: float, b: float, c: float) -> None:
    marked, drawn = int(population * a), int(population * b)
    met = int(min(marked, drawn) * c)
    exact = float(chance.hypergeometric_exact(population, marked, drawn, met))
    assert exact == pytest.approx(chance.hypergeometric(population, marked, drawn, met), rel=1e-6, abs=1e-9)


@given(st.integers(0, 60), st.floats(0, 1), st.integers(-1, 62))
def test_a_binomial_tail_is_the_sum_of_its_terms(n: int, rate: float, met: int) -> None:
    expected = sum(comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(max(0, met), n + 1))
    assert expected == pytest.approx(chance.binomial(n, rate, met), rel=1e-9, abs=1e-12)


@given(st.floats(0.01, 30), st.integers(0, 60))
def test_a_poisson_tail_is_one_less_the_terms_before(mean: float, met: int) -> None:
    expected = 1 - sum(exp(-mean) * mean**i / factorial(i) for i in range(met))
    assert expected == pytest.approx(chance.poisson(mean, met), rel=1e-6, abs=1e-9)


def test_tails_of_the_largest_tallies_are_quick_and_are_chances() -> None:
    most = 2**24 - 1
    for met in (0, 1, most // 4, most // 2, most):
        assert 0 <= chance.hypergeometric(2 * most, most, most, met) <= 1


@pytest.mark.parametrize(("population", "marked", "drawn"), [(3, 4, 1), (3, 1, 4), (3, -1, 1), (-1, 0, 0)])
def test_what_cannot_be_drawn_is_refused(population: int, marked: int, drawn: int) -> None:
    with pytest.raises(ValueError, match="cannot draw"):
        chance.hypergeometric(population, marked, drawn, 0)
