"""Shared reviewers and groups."""

from __future__ import annotations

import random

from suyuan.core.signs import chance, graph
from suyuan.core.signs.model import Reviewed

DAY = 86_400_000


def reviewed(buyer: int | None, product: str, day: float, stars: int = 5) -> Reviewed:
    return Reviewed(f"{hash((buyer, product)) & 2**64 - 1:064x}", product, "", buyer, stars, int(day * DAY))


def market(seed: int = 1, ring: int = 0, days: float = 5) -> list[Reviewed]:
    """400 buyers of three of 20 products each; a ring of buyers at products 0, 1 and 2."""
    drawn = random.Random(seed)
    rows = [reviewed(b, f"{p:014}", drawn.uniform(0, 365)) for b in range(400) for p in drawn.sample(range(20), 3)]
    return rows + [
        reviewed(1000 + b, f"{p:014}", 100 + 50 * p + drawn.uniform(0, days)) for b in range(ring) for p in range(3)
    ]


def test_buyers_by_chance_share_nothing_worth_showing() -> None:
    for seed in range(5):
        assert graph.signs(market(seed)) == []


def test_a_ring_links_its_products() -> None:
    flags = graph.shared_reviewers(market(ring=40))
    assert {flag.products for flag in flags} == {(f"{a:014}", f"{b:014}") for a, b in ((0, 1), (0, 2), (1, 2))}
    for flag in flags:
        (a, b), met = flag.evidence["reviewers"], flag.evidence["shared"]
        assert flag.evidence["p_by_urn"] == chance.hypergeometric(flag.evidence["population"], a, b, met)
        assert flag.strength.value == max(flag.evidence["p_by_urn"], flag.evidence["p_by_activity"])


def test_the_same_buyers_spread_over_a_year_are_a_taste() -> None:
    assert graph.shared_reviewers(market(ring=40, days=250)) == []


def test_customers_of_one_shop_are_compared_with_its_customers() -> None:
    shops = {f"{p:014}": "one" for p in range(3)}
    (flag, *_) = graph.shared_reviewers(market(ring=40), shops) or [None]
    assert flag is None or flag.evidence["same_shop"]


def test_a_ring_is_found_as_a_group() -> None:
    rows = market(ring=6, days=2)
    (flag,) = graph.together(rows)
    assert flag.buyers == tuple(range(1000, 1006))
    assert flag.products == tuple(f"{p:014}" for p in range(3))
    assert len(flag.rights) == 18


def test_a_couple_with_one_basket_is_no_group() -> None:
    assert graph.together(market(ring=2, days=1)) == []


def test_buyers_who_are_not_known_link_nothing() -> None:
    assert graph.signs([reviewed(None, f"{p:014}", 1) for p in range(5) for _ in range(50)]) == []


def test_nothing_gives_nothing() -> None:
    assert graph.signs([]) == []


def test_a_buyer_of_everything_makes_no_pairs() -> None:
    rows = [reviewed(b, f"{p:014}", p) for b in range(8) for p in range(graph.BUSY + 1)]
    assert graph.shared_reviewers(rows) == []
