"""Orders without goods."""

from __future__ import annotations

from suyuan.core.signs import brushing
from suyuan.core.signs.model import Bought, Delivery

DAY = 86_400_000


def orders(
    n: int, shop: str = "s", product: str = "p", parcel: int = 5, begin: int = 0, **other: object
) -> list[Bought]:
    return [
        Bought(f"{shop}{product}{begin + i:06x}", begin + i, shop, product, i * DAY, parcel, **other)  # type: ignore[arg-type]
        for i in range(n)
    ]


def test_delivered_parcels_without_checkpoints_are_seen() -> None:
    (flag,) = brushing.no_parcel(orders(50) + orders(12, parcel=0, begin=100))
    assert flag.evidence["without"] == 12
    assert flag.evidence["delivered"] == 62
    assert flag.buyers == tuple(range(100, 112))


def test_an_order_of_many_lines_is_one_order_without_checkpoints() -> None:
    lines = [Bought("o", 1, "s", "p", 0, 0) for _ in range(40)]
    assert brushing.no_parcel(lines + orders(2, parcel=0, begin=100)) == []
    (flag,) = brushing.no_parcel(lines + orders(50) + orders(11, parcel=0, begin=100))
    assert (flag.evidence["without"], flag.evidence["delivered"]) == (12, 62)


def test_an_order_of_which_one_parcel_has_checkpoints_is_no_empty_one() -> None:
    lines = [Bought(f"{i:032x}", i, "s", "p", 0, parcel) for i in range(60) for parcel in (0, 3)]
    assert brushing.no_parcel(lines) == []


def test_parcels_on_their_way_are_not_counted() -> None:
    assert brushing.no_parcel(orders(50) + orders(12, parcel=0, begin=100, delivered=Delivery.UNDERWAY)) == []


def test_a_carrier_that_records_nothing_for_anyone_is_no_sign() -> None:
    assert brushing.no_parcel([line for s in range(9) for line in orders(20, f"s{s}", parcel=0)]) == []


def test_one_buyers_orders_within_a_week_are_counted() -> None:
    rows = [Bought(f"{i:032x}", 7, "s", "p", i * DAY, 5) for i in range(6)]
    (flag,) = brushing.repeated(rows)
    assert flag.strength.value == 6.0
    assert brushing.repeated(rows[:5]) == []


def test_lines_of_one_order_are_one_order() -> None:
    assert brushing.repeated([Bought("o", 7, "s", "p", 0, 5) for _ in range(20)]) == []


def test_a_monthly_order_is_a_habit() -> None:
    assert brushing.repeated([Bought(f"{i:032x}", 7, "s", "p", i * 30 * DAY, 5) for i in range(24)]) == []


def claims(times: list[int], one_buyer: bool = False) -> list[Bought]:
    return [
        Bought(f"{i:032x}", 0 if one_buyer else i, "s", "p", 0, 5, Delivery.DELIVERED, t) for i, t in enumerate(times)
    ]


def test_claims_by_a_script_are_seen() -> None:
    times = [i * DAY for i in range(60)] + [30 * DAY + 500 + 700 * i for i in range(10)]
    (flag,) = brushing.claimed_together(claims(times))
    assert flag.evidence["count"] >= 10


def test_claims_one_after_the_other_are_not() -> None:
    assert brushing.claimed_together(claims([i * DAY for i in range(60)])) == []


def test_one_buyers_claims_of_several_orders_are_not() -> None:
    assert brushing.claimed_together(claims([1000 + i for i in range(10)], one_buyer=True)) == []


def test_a_product_of_several_shops_is_none_of_theirs() -> None:
    assert brushing.shops(orders(1, "a", "p") + orders(1, "b", "p") + orders(1, "a", "q")) == {"q": "a"}
