"""A code in two cities within an hour is a copy; nothing is kept that is not needed to see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from live import GTIN, Live
from market import Market, open_market
from suyuan.core.errors import BadSignature, InvalidInput, Refused
from suyuan.services.authorise import Authority
from suyuan.services.watch import Watch

ITEM = f"/01/{GTIN}/21/S00001"
BROWSER = {"accept": "text/html"}


@pytest.fixture
def market(make_live: Callable[..., Live]) -> Market:
    market = open_market(make_live(city_header="X-City"))
    market.live.node.seal_now()
    return market


def rows(live: Live, table: str) -> list[Any]:
    with live.node.database.read() as connection:
        return list(connection.execute(text(f"SELECT * FROM {table}")))


def asking(market: Market, who: str) -> Any:
    signer = market.live.signers[who]
    return market.by_participant(signer, "copies", f"/merchant/{signer.address}", {})["statement"]


def test_a_code_in_two_cities_within_the_hour_is_a_copy(market: Market) -> None:
    live = market.live
    for city in ("苏州", " 苏州 ", "苏州"):
        live.http.get(ITEM, headers={**BROWSER, "x-city": city.encode()})
    assert len(rows(live, "scans")) == 1
    assert live.node.look_up.look_up(ITEM).copied_at == 0
    live.http.get(ITEM, headers={**BROWSER, "x-city": "Chengdu"})
    view = live.node.look_up.look_up(ITEM)
    assert view.copied_at > 1_700_000_000
    (copy,) = live.node.watch.copies(asking(market, "merchant"))
    assert (copy["subject"], copy["seenAt"], len(copy["cities"])) == (ITEM, view.copied_at, 2)
    assert live.node.look_up.look_up(f"/01/{GTIN}/21/S00002").copied_at == 0
    page = live.http.get(ITEM, headers=BROWSER).text
    assert 'id="copied"' in page


def test_two_cities_in_two_hours_are_a_journey(market: Market) -> None:
    live, now = market.live, [1_800_000_000.0]
    authority = Authority(live.node.known, live.node.recorder._domains)
    watch = Watch(live.node.database, authority, clock=lambda: now[0])
    assert not watch.scanned(ITEM, "suzhou")
    now[0] += 3601
    assert not watch.scanned(ITEM, "chengdu")
    assert [row.city for row in rows(live, "scans")] == ["chengdu"]
    now[0] += 3599
    assert watch.scanned(ITEM, "suzhou")
    assert not watch.scanned(f"/01/{GTIN}/21/S00002", "suzhou")


def test_scans_older_than_an_hour_are_deleted_with_each_write(market: Market) -> None:
    live, now = market.live, [1_800_000_000.0]
    watch = Watch(live.node.database, Authority(live.node.known, live.node.recorder._domains), clock=lambda: now[0])
    for n in range(5):
        watch.scanned(f"/01/{GTIN}/21/S0000{n}", "suzhou")
    now[0] += 3601
    watch.scanned(ITEM, "suzhou")
    assert len(rows(live, "scans")) == 1


def test_without_the_setting_nothing_is_kept(live: Live) -> None:
    open_market(live)
    live.node.seal_now()
    for city in ("Suzhou", "Chengdu"):
        for header in ("x-city", "cf-ipcity", "city", ""):
            live.http.get(ITEM, headers={**BROWSER, **({header: city} if header else {})})
    assert (rows(live, "scans"), rows(live, "copies")) == ([], [])


@pytest.mark.parametrize(
    ("subject", "city"),
    [
        (f"/01/{GTIN}", "Suzhou"), (f"/01/{GTIN}/10/L1", "Suzhou"), (f"/01/{GTIN}/21/NOBODY", "Suzhou"), (ITEM, ""),
        (ITEM, "  "), (ITEM, "x" * 65), (ITEM, "a\0b"),
    ],
)  # fmt: skip
def test_what_is_no_item_or_no_city_is_left_aside(market: Market, subject: str, city: str) -> None:
    assert not market.live.node.watch.scanned(subject, city)
    assert rows(market.live, "scans") == []


def test_a_merchant_sees_its_own_items_alone(market: Market) -> None:
    watch = market.live.node.watch
    watch.scanned(ITEM, "suzhou")
    watch.scanned(ITEM, "chengdu")
    assert watch.copies(asking(market, "other")) == []
    assert len(watch.copies(asking(market, "merchant"))) == 1
    stolen = {**asking(market, "other"), "by": market.live.merchant.id}
    for bad in (stolen, {}, None, {**asking(market, "merchant"), "signature": "11" * 64 + "1b"}):
        with pytest.raises((InvalidInput, Refused, BadSignature)):
            watch.copies(bad)
