"""All signs together."""

from __future__ import annotations

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from bench_signs import world
from suyuan.core.signs import inspect
from suyuan.core.signs.model import ALPHA, Bought, Delivery, Measure, Reviewed, Sign

VERDICTS = ("fake", "fraud", "cheat", "spam", "brush", "刷单", "造假", "虚假", "作弊", "水军", "欺诈")

reviews = st.lists(
    st.builds(
        Reviewed,
        right=st.uuids().map(lambda u: u.hex),
        product=st.sampled_from(["p", "q"]),
        batch=st.sampled_from(["", "L"]),
        buyer=st.none() | st.integers(0, 3),
        stars=st.integers(1, 5),
        at=st.integers(0, 10),
        words=st.text(max_size=30),
        language=st.sampled_from(["zh", "en", "", "zh-Hant", "xx"]),
        withheld=st.sampled_from(["", "abuse"]),
    ),
    max_size=30,
    unique_by=lambda r: r.right,
)


def test_flags_are_json_without_a_verdict_strongest_first() -> None:
    market = world(3, 3_000, faked=True)
    flags = inspect(market.reviews, market.bought)
    assert flags == sorted(flags, key=lambda flag: flag.order)
    assert {flag.sign for flag in flags} >= {Sign.TOGETHER, Sign.BURST, Sign.SAME_WORDS, Sign.NO_PARCEL}
    for flag in flags:
        said = json.loads(json.dumps(flag.as_json()))
        assert said["sign"] == flag.sign
        assert not [word for word in VERDICTS if word in (flag.english + flag.chinese).lower()]
        assert flag.strength.name is not Measure.P or flag.strength.corrected <= ALPHA


def test_the_order_of_rows_changes_nothing() -> None:
    market = world(4, 2_000, faked=True)
    expected = inspect(market.reviews, market.bought)
    random.Random(1).shuffle(market.reviews)
    random.Random(2).shuffle(market.bought)
    assert expected == inspect(market.reviews, market.bought)


@settings(max_examples=50, deadline=None)
@given(reviews)
def test_any_reviews_can_be_inspected(rows: list[Reviewed]) -> None:
    flags = inspect(
        rows, [Bought(r.right, r.buyer or 0, "s", r.product, r.at, 0, Delivery.DELIVERED, r.at) for r in rows]
    )
    assert flags == inspect(
        rows[::-1], [Bought(r.right, r.buyer or 0, "s", r.product, r.at, 0, Delivery.DELIVERED, r.at) for r in rows]
    )


def test_nothing_gives_nothing() -> None:
    assert inspect([]) == []
