"""Upper tails P(X >= met) of the three distributions that the signs are held against.

Small hypergeometric tails are exact fractions. Others are summed from the logarithm of their first term, away from the
mode, until terms no longer count: relative error below 1e-6 for counts up to 2^24.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import comb, exp, lgamma, log, log1p

_EXACT_POPULATION = 2_000
_NEGLIGIBLE = 1e-17


def hypergeometric_exact(population: int, marked: int, drawn: int, met: int) -> Fraction:
    """P(at least `met` marked ones among `drawn` of `population`, `marked` of which are marked)."""
    _check_hypergeometric(population, marked, drawn)
    begin, end = max(met, 0, drawn - (population - marked)), min(marked, drawn)
    ways = sum(comb(marked, i) * comb(population - marked, drawn - i) for i in range(begin, end + 1))
    return Fraction(ways, comb(population, drawn))


def hypergeometric(population: int, marked: int, drawn: int, met: int) -> float:
    """`hypergeometric_exact` as a float, for any size."""
    if population <= _EXACT_POPULATION:
        return float(hypergeometric_exact(population, marked, drawn, met))
    _check_hypergeometric(population, marked, drawn)
    other = population - marked

    def first(i: int) -> float:
        return _log_comb(marked, i) + _log_comb(other, drawn - i) - _log_comb(population, drawn)

    def ratio(i: int) -> float:
        return (marked - i) * (drawn - i) / ((i + 1) * (other - drawn + i + 1))

    return _tail(first, ratio, max(0, drawn - other), min(marked, drawn), drawn * marked / population, met)


def binomial(n: int, rate: float, met: int) -> float:
    """P(at least `met` of `n`, each with chance `rate`)."""
    if not 0 <= rate <= 1 or n < 0:
        raise ValueError(f"no binomial of {n} at {rate}")
    if met <= 0:
        return 1.0
    if rate in (0.0, 1.0) or met > n:
        return 1.0 if rate == 1.0 and met <= n else 0.0

    def first(i: int) -> float:
        return _log_comb(n, i) + i * log(rate) + (n - i) * log1p(-rate)

    def ratio(i: int) -> float:
        return (n - i) * rate / ((i + 1) * (1 - rate))

    return _tail(first, ratio, 0, n, n * rate, met)


def poisson(mean: float, met: int) -> float:
    """P(at least `met` where `mean` are expected)."""
    if met <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    end = met + int(mean) + 10_000_000
    return _tail(lambda i: i * log(mean) - mean - lgamma(i + 1), lambda i: mean / (i + 1), 0, end, mean, met)


def _check_hypergeometric(population: int, marked: int, drawn: int) -> None:
    if not (0 <= marked <= population and 0 <= drawn <= population):
        raise ValueError(f"cannot draw {drawn} of {population} with {marked} marked")


def _log_comb(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _tail(
    first: Callable[[int], float], ratio: Callable[[int], float], low: int, high: int, mean: float, met: int
) -> float:
    """Sum of terms from `met` to `high`; `first(i)`: log of term i, `ratio(i)`: term i + 1 over term i."""
    if met <= low:
        return 1.0
    if met > high:
        return 0.0
    total = 0.0
    if met > mean:
        term = exp(first(met))
        for i in range(met, high + 1):
            total += term
            if term <= total * _NEGLIGIBLE:
                break
            term *= ratio(i)
        return min(1.0, total)
    term = exp(first(met - 1))
    for i in range(met - 1, low - 1, -1):
        total += term
        if term <= total * _NEGLIGIBLE or i == low:
            break
        term /= ratio(i - 1)
    return max(0.0, 1.0 - total)
