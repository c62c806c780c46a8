"""Stars that depart."""

from __future__ import annotations

import random
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from suyuan.core.signs import deviation
from suyuan.core.signs.model import Reviewed

rows_of_counts = st.lists(st.lists(st.integers(0, 3), min_size=5, max_size=5).filter(any), min_size=1, max_size=3)


@given(rows_of_counts, st.booleans(), st.data())
def test_the_tail_is_the_share_of_all_draws(counts: list[list[int]], high: bool, data: st.DataObject) -> None:
    total = data.draw(st.integers(len(counts), 5 * len(counts)))
    drawn = [[stars for stars, n in enumerate(row, 1) for _ in range(n)] for row in counts]
    ways = [sum(way) >= total if high else sum(way) <= total for way in product(*drawn)]
    assert abs(sum(ways) / len(ways) - deviation._tail(counts, total, high)) < 1e-12


def liked(seed: int = 1) -> list[Reviewed]:
    drawn = random.Random(seed)
    return [
        Reviewed(f"{p:02x}{b:06x}", f"p{p}", f"L{b % 3}", b, drawn.choice((4, 5, 5, 5)), b)
        for p in range(12)
        for b in drawn.sample(range(200), 60)
    ]


def test_honest_stars_are_not_seen() -> None:
    for seed in range(5):
        assert deviation.signs(liked(seed)) == []


def test_a_buyer_who_likes_nothing_is_seen() -> None:
    rows = liked() + [Reviewed(f"ff{p:06x}", f"p{p}", "L0", 999, 1, p) for p in range(8)]
    (flag,) = deviation.buyers(rows)
    assert flag.buyers == (999,)
    assert flag.evidence["mean_difference"] < -3
    p = 2 * deviation._tail([row["counts"] for row in flag.evidence["reviews"]], 8, high=False)
    assert flag.strength.value == p


def test_a_buyer_who_always_gives_five_is_not() -> None:
    rows = liked() + [Reviewed(f"ff{p:06x}", f"p{p}", "L0", 999, 5, p) for p in range(12)]
    assert deviation.buyers(rows) == []


def test_a_bad_batch_is_seen() -> None:
    rows = liked() + [Reviewed(f"ff{b:06x}", "p0", "BAD", 500 + b, 1, b) for b in range(15)]
    assert {flag.evidence["batch"] for flag in deviation.batches(rows)} >= {"BAD"}


def test_once_only_buyers_are_compared_with_the_others() -> None:
    drawn = random.Random(4)
    rows = [Reviewed(f"{p}{b:06x}", f"p{p}", "", b, drawn.choice((1, 2, 3, 4)), b) for p in range(3) for b in range(40)]
    rows += [Reviewed(f"ff{b:06x}", "p0", "", 500 + b, 5, b) for b in range(20)]
    (flag,) = [flag for flag in deviation.once_only(rows) if flag.evidence["stars"] == "5"]
    assert flag.products == ("p0",)
    assert flag.evidence["inside"] == {"marked": 20, "other": 0}


def test_nothing_gives_nothing() -> None:
    assert deviation.signs([]) == []
