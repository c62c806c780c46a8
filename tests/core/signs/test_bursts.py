"""Bursts."""

from __future__ import annotations

import random

import pytest

from suyuan.core.signs import bursts, chance
from suyuan.core.signs.model import Reviewed

DAY = 86_400_000


def at(days: list[float], product: str = "p", stars: int = 4) -> list[Reviewed]:
    return [Reviewed(f"{product}{i:04x}", product, "", i, stars, int(day * DAY)) for i, day in enumerate(days)]


def spread(seed: int, n: int = 100) -> list[float]:
    drawn = random.Random(seed)
    return [drawn.uniform(0, 365) for _ in range(n)]


def test_an_even_rate_has_no_burst() -> None:
    for seed in range(20):
        assert bursts.signs(at(spread(seed))) == []


def test_a_day_of_many_is_seen_with_its_numbers() -> None:
    rows = at(spread(1), stars=4) + [
        Reviewed(f"b{i:04x}", "p", "", None, 5, int((200 + i / 50) * DAY)) for i in range(25)
    ]
    (flag,) = bursts.signs(rows)
    seen = flag.evidence
    assert seen["five_stars"]["inside"] == 25
    assert seen["count"] == len(flag.rights) >= 25
    assert flag.strength.value == seen["n"] * chance.binomial(seen["n"] - 1, seen["rate"], seen["count"] - 1)


def test_a_sale_day_of_the_whole_market_is_none() -> None:
    rows = []
    for p in range(30):
        drawn = random.Random(p)
        rows += at(spread(p, 60) + [315 + drawn.random() for _ in range(20)], f"p{p}")
    assert bursts.signs(rows) == []


def test_the_bound_holds_for_uniform_times() -> None:
    drawn, width, least, worlds, hits = random.Random(5), 20, 5, 2_000, 0
    for _ in range(worlds):
        times = sorted(drawn.randrange(1_000) for _ in range(20))
        hits += any(sum(t <= u <= t + width for u in times) >= least for t in times)
    assert hits / worlds <= 20 * chance.binomial(19, 21 / 1_000, least - 1)


@pytest.mark.parametrize("days", [[], [1.0], [1.0] * 9])
def test_few_reviews_have_no_rate(days: list[float]) -> None:
    assert bursts.signs(at(days)) == []


def test_all_at_one_moment_is_no_fault() -> None:
    assert bursts.signs(at([1.0] * 500)) == []
