"""Orders: a message counts once, what comes too early loses nothing, no more is delivered than there is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta, timezone
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection

from live import GTIN, OTHER_GTIN, Live, batch_document, items, product_document
from shopping import SHOP, add_shop, delivered, line, order_counts, rows, sscc
from suyuan.client import SiteRefused
from suyuan.core import canonical
from suyuan.core.epcis import parse_event
from suyuan.core.errors import BadSignature, Conflict, Malformed
from suyuan.core.messages import signature_of
from suyuan.core.reviews import right_of
from suyuan.core.rules import Standing
from suyuan.core.subjects import item, key
from suyuan.services import order
from suyuan.services.order import Request, of_order, payment_of
from suyuan.shop import Line, new_secret, packing_event, secrets_of
from suyuan.storage import orders, vault
from suyuan.storage.orders import Right


def refused(call: Callable[[], Any], status: int, words: str = "") -> str:
    with pytest.raises(SiteRefused) as met:
        call()
    assert (met.value.status, words in str(met.value)) == (status, True), str(met.value)
    return str(met.value)


def test_an_order_that_arrives_leaves_commitments_and_rights(live: Live) -> None:
    live.list_and_register()
    shop = add_shop(live)
    placed = shop.place("XY-1", "u-1", [line("A1", "A2")])
    shop.ship("XY-1", sscc(1))
    done = shop.deliver("XY-1", sscc(1))
    live.node.seal_now(rights=True)
    live.assert_clean()
    kinds = [orjson.loads(body)["kind"] for (body,) in rows(live, "SELECT body FROM records ORDER BY first")]
    assert kinds[-3:] == ["order", "delivery", "rights"]
    secret = bytes.fromhex(done.link.partition("#")[2])
    right = right_of(secrets_of(secret, 1)[0])
    assert rows(live, 'SELECT "right", batch, issued IS NOT NULL FROM rights') == [
        (bytes.fromhex(right), f"/01/{GTIN}/10/L1", True)
    ]
    bundle = live.site.get("/v1/proof", subject=placed["order"], limit="all")
    assert [entry["body"]["public"] for entry in bundle["entries"]][1] == {
        "goods": [{"batch": f"/01/{GTIN}/10/L1", "quantity": 2}]
    }
    assert done.rights == ("waiting",)


def test_what_is_personal_is_only_in_the_encrypted_box(live: Live) -> None:
    live.list_and_register()
    shop = add_shop(live)
    private = ["王小明", "+8613800138000", "u-secret-buyer", "XY-hidden", "T-7788", "example-pay"]
    shop.place(
        private[3], private[2], [line("A1")],
        payment=(private[5], private[4]), contact={"name": private[0], "phone": private[1]},
    )  # fmt: skip
    tables = [name for (name,) in rows(live, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    for table in tables:
        everything = "".join(str(row) for row in rows(live, f'SELECT t::text FROM "{table}" t'))
        for one in private:
            assert one not in everything
            assert one.encode().hex() not in everything
    id, box, buyer = rows(live, "SELECT id, content, buyer FROM orders")[0]
    with live.node.database.write() as connection:
        found = orders.buyer(connection, live.node.vault, buyer)
    assert found is not None
    content = canonical.parse(vault.unseal(found.key, bytes(box), of_order(id)))
    assert isinstance(content, dict)
    assert content["contact"] == {"name": private[0], "phone": private[1]}
    assert content["payment"] == payment_of(content["salt"], private[5], private[4])  # type: ignore[arg-type]
    (body,) = rows(live, "SELECT body FROM records ORDER BY first DESC LIMIT 1")[0]
    assert orjson.loads(body)["public"] == {"private": canonical.digest(content).hex()}


def test_the_same_call_again_is_answered_as_before_and_does_nothing(live: Live) -> None:
    live.list_and_register()
    shop = add_shop(live)
    secret = new_secret()
    calls: list[Callable[[], Any]] = [
        lambda: shop.place("XY-1", "u-1", [line("A1")]),
        lambda: shop.ship("XY-1", sscc(1)),
        lambda: shop.deliver("XY-1", sscc(1), secret=secret),
    ]
    first = [call() for call in calls]
    before = order_counts(live)
    assert [call() for call in calls] == first
    assert order_counts(live) == before


def test_one_message_sent_by_many_at_once_counts_once(live: Live) -> None:
    live.list_and_register()
    shop = add_shop(live)
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(shop.place("XY-1", "u-1", [line("A1")]))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert all(answer == answers[0] for answer in answers)
    assert order_counts(live)["orders"] == 1


def test_a_message_id_with_other_content_is_a_conflict(live: Live) -> None:
    live.list_and_register()
    shop = add_shop(live)
    value = {"reference": "XY-1", "buyer": "u-1", "lines": [line("A1").as_json()]}
    shop.send("/v1/orders", value, message="m1")
    refused(lambda: shop.send("/v1/orders", {**value, "buyer": "u-2"}, message="m1"), 409, "other content")
    refused(lambda: shop.send("/v1/orders", value, message="m2"), 409, "placed before")


def test_messages_in_any_order_come_to_the_same(live: Live) -> None:
    live.list_and_register()
    shop = add_shop(live)
    secret = new_secret()
    before = order_counts(live)
    refused(lambda: shop.deliver("XY-1", sscc(1), lines=1, secret=secret), 409, "send again after the order")
    refused(lambda: shop.ship("XY-1", sscc(1)), 409, "send again after the order")
    assert order_counts(live) == before
    shop.place("XY-1", "u-1", [line("A1")])
    refused(lambda: shop.deliver("XY-1", sscc(1), lines=1, secret=secret), 409, "send again after its shipment")
    shop.ship("XY-1", sscc(1))
    assert shop.deliver("XY-1", sscc(1), lines=1, secret=secret).rights == ("waiting",)


def test_a_batch_gives_no_more_than_it_has(live: Live) -> None:
    live.list_and_register()  # three items
    shop = add_shop(live)
    refused(lambda: shop.place("XY-0", "u-1", [line(quantity=4)]), 409, "it has 3")
    delivered(shop, "XY-1", 1, line(quantity=2))
    shop.place("XY-2", "u-2", [line(quantity=2)])
    shop.ship("XY-2", sscc(2))
    before = order_counts(live)
    refused(lambda: shop.deliver("XY-2", sscc(2)), 409, "4 of /01/09521141012345/10/L1 would be delivered, it has 3")
    assert order_counts(live) == before


def test_two_deliveries_race_for_the_last_of_a_batch(live: Live) -> None:
    live.list_and_register()
    shop = add_shop(live)
    for number in range(6):
        shop.place(f"XY-{number}", f"u-{number}", [line(quantity=1)])
        shop.ship(f"XY-{number}", sscc(number))
    outcomes: list[str] = []

    def run(number: int) -> None:
        try:
            shop.deliver(f"XY-{number}", sscc(number), lines=1)
            outcomes.append("delivered")
        except SiteRefused as error:
            outcomes.append(str(error.status))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["409"] * 3 + ["delivered"] * 3
    live.node.seal_now(rights=True)
    live.assert_clean()


def test_two_orders_of_two_batches_do_not_wait_for_each_other(live: Live) -> None:
    live.list_and_register("L1", *(f"A{n}" for n in range(20)))
    live.merchant.register_batch(GTIN, "L2", batch_document("L2"), items(*(f"B{n}" for n in range(20))))
    shop = add_shop(live)
    for number in range(8):
        lines = [line(lot="L1", quantity=1), line(lot="L2", quantity=1)]
        shop.place(f"XY-{number}", "u", lines if number % 2 else lines[::-1])
        shop.ship(f"XY-{number}", sscc(number))
    done: list[Any] = []
    threads = [
        threading.Thread(target=lambda n=n: done.append(shop.deliver(f"XY-{n}", sscc(n), lines=2))) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.rights for one in done] == [("waiting", "waiting")] * 8
    live.node.seal_now(rights=True)
    live.assert_clean()


def test_an_item_is_in_one_order_and_in_its_batch(live: Live) -> None:
    live.list_and_register()
    live.merchant.register_batch(GTIN, "L2", batch_document("L2"), items("B1"))
    shop = add_shop(live)
    shop.place("XY-1", "u-1", [line("A1")])
    refused(lambda: shop.place("XY-2", "u-2", [line("A1")]), 409, "in another order")
    refused(lambda: shop.place("XY-3", "u-2", [line("B1")]), 404, "is not in /01/09521141012345/10/L1")
    refused(lambda: shop.place("XY-4", "u-2", [line("Z9")]), 404)
    refused(lambda: shop.place("XY-5", "u-2", [line("A2"), line("A2")]), 400, "each item once")
    refused(lambda: shop.place("XY-6", "u-2", [line("A2", lot="L9")]), 404, "was never registered")
    shop.place("XY-7", "u-2", [line("A2", lot="L1"), line("B1", lot="L2")])


def test_a_merchants_shop_sells_its_own_and_a_partners_sells_for_many(live: Live) -> None:
    live.list_and_register()
    other = add_shop(live, "other", "other")
    refused(lambda: other.place("O-1", "u", [line("A1")]), 403, "another merchant's")
    partner = add_shop(live, "partner", "partner")
    assert partner.place("P-1", "u", [line("A1")])["order"].startswith("/order/")


def test_a_suspended_merchants_shop_is_not_heard(live: Live) -> None:
    live.list_and_register()
    shop = add_shop(live)
    live.registrar.set_standing(live.signers["merchant"].address, Standing.SUSPENDED, "fraud")
    refused(lambda: shop.place("XY-1", "u", [line("A1")]), 403, "suspended")


def test_a_parcel_is_one_orders_and_a_line_is_in_one_parcel(live: Live) -> None:
    live.list_and_register()
    shop = add_shop(live)
    shop.place("XY-1", "u-1", [line("A1"), line("A2")])
    shop.place("XY-2", "u-2", [line("A3")])
    assert shop.ship("XY-1", sscc(1), lines=[1]) == {"parcel": f"/00/{sscc(1)}", "lines": [1]}
    refused(lambda: shop.ship("XY-2", sscc(1)), 409, "an SSCC is one parcel's")
    refused(lambda: shop.ship("XY-1", sscc(2), lines=[1]), 409, "line 1 was shipped before")
    refused(lambda: shop.ship("XY-1", sscc(2), lines=[2]), 400, "the order has 2 from 0")
    assert shop.ship("XY-1", sscc(2))["lines"] == [0]
    refused(lambda: shop.ship("XY-1", sscc(3)), 409, "all of this order was shipped")
    refused(lambda: shop.deliver("XY-2", sscc(1), lines=1), 409, "another order's")
    refused(lambda: shop.deliver("XY-1", sscc(1), lines=2), 400, "are 1, one for each line")
    shop.deliver("XY-1", sscc(1))
    refused(lambda: shop.deliver("XY-1", sscc(1)), 409, "delivered before")
    assert [(p["parcel"], p["lines"], p["deliveredAt"] is None) for p in shop.order("XY-1")["parcels"]] == [
        (f"/00/{sscc(1)}", [1], False),
        (f"/00/{sscc(2)}", [0], True),
    ]


def test_a_right_that_was_given_before_is_a_conflict(live: Live) -> None:
    live.list_and_register()
    shop = add_shop(live)
    secret = new_secret()
    for number in (1, 2):
        shop.place(f"XY-{number}", "u-1", [line(f"A{number}")])
        shop.ship(f"XY-{number}", sscc(number))
    shop.deliver("XY-1", sscc(1), secret=secret)
    before = order_counts(live)
    refused(lambda: shop.deliver("XY-2", sscc(2), secret=secret), 409, "a right was given before")
    assert order_counts(live) == before


def test_an_item_that_gave_its_right_by_its_code_gives_none_by_its_order(live: Live) -> None:
    live.list_and_register()
    shop = add_shop(live)
    batch = f"/01/{GTIN}/10/L1"
    with live.node.database.write() as connection:
        orders.lock_batch(connection, batch, key(batch))
        buyer = orders.add_buyer(connection, live.node.vault)
        orders.grant(connection, [Right(b"r" * 32, batch, buyer.id, None, key(item(GTIN, "A1")), 1)])
        orders.count(connection, key(batch), claimed=1, granted=1)
    shop.place("XY-1", "u-1", [line("A1"), line("A2"), line(quantity=1)])
    shop.ship("XY-1", sscc(1))
    done = shop.deliver("XY-1", sscc(1))
    assert done.rights == ("none", "waiting", "waiting")
    assert rows(live, "SELECT delivered, claimed, granted FROM batches") == [(3, 1, 3)]


def test_a_shops_packing_event_shows_what_is_inside(live: Live) -> None:
    live.list_and_register()
    shop = add_shop(live)
    lines = [line("A1", "A2"), line(quantity=1)]
    shop.place("XY-1", "u-1", lines)
    foreign = packing_event(live.merchant, sscc(1), [line("A1", "A9")])
    before = order_counts(live)
    refused(lambda: shop.ship("XY-1", sscc(1), event=foreign), 400, "an item that is not in these lines")
    wrong = packing_event(live.merchant, sscc(2), lines)
    refused(lambda: shop.ship("XY-1", sscc(1), event=wrong), 400, "another parent")
    assert order_counts(live) == before
    event = packing_event(live.merchant, sscc(1), lines)
    first = shop.ship("XY-1", sscc(1), event=event)
    assert shop.ship("XY-1", sscc(1), event=event) == first
    live.node.seal_now()
    page = live.http.get(f"/00/{sscc(1)}", headers={"accept": "text/html"})
    assert page.status_code == 200
    inside = page.text.partition('id="contents"')[2].partition("</section>")[0]
    assert f'<a href="/01/{GTIN}/10/L1">2 件 大闸蟹，批号 L1</a>' in inside
    assert f'<a href="/01/{GTIN}/10/L1">1 件 大闸蟹，批号 L1</a>' in inside
    assert "召回" not in inside
    assert "/21/" not in inside  # no page lists serials
    live.merchant.recall_batch(GTIN, "L1", {"reason": {"zh": "变质", "en": "spoilt"}})
    live.node.seal_now()
    page = live.http.get(f"/00/{sscc(1)}", headers={"accept": "text/html"})
    assert "已召回" in page.text.partition('id="contents"')[2].partition("</section>")[0]
    live.assert_clean()


def test_whoever_is_not_a_shop_learns_nothing_and_an_old_message_is_refused(live: Live) -> None:
    shop = add_shop(live)
    now = int(order.time.time())
    secret = bytes(range(32))

    def verify(id: str, at: int, key: bytes, body: bytes = b"{}", signed: bytes = b"{}") -> Any:
        signature = signature_of(key, at, "m", "POST", "/v1/orders", signed)
        return live.node.shops.verify(Request(id, str(at), "m", signature, "POST", "/v1/orders", body))

    assert verify(SHOP, now, secret).shop == SHOP
    said = set()
    for id, key_, body in ((SHOP, b"x" * 32, b"{}"), ("nobody", secret, b"{}"), (SHOP, secret, b"{ }")):
        with pytest.raises(BadSignature) as met:
            verify(id, now, key_, body)
        said.add(str(met.value))
    assert len(said) == 1
    for at in (now - 301, now + 302):
        with pytest.raises(BadSignature, match="another time"):
            verify(SHOP, at, secret)
    assert verify(SHOP, now - 299, secret).id == "m"
    assert shop is not None


def test_a_shop_is_added_once_and_its_secret_is_kept_wrapped(live: Live) -> None:
    add_shop(live)
    with pytest.raises(Conflict):
        add_shop(live)
    for id in ("", "Shop", "a b", "x" * 33):
        with pytest.raises(Malformed):
            live.node.shops.add(id, live.signers["merchant"].address, bytes(32))
    assert rows(live, "SELECT position('\\x000102030405'::bytea in secret) FROM shops") == [(0,)]


CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    "changes",
    [
        {"contact": {"name": CARD}},
        {"contact": {"address": f"card {CARD.replace(' ', '-')}, thanks"}},
        {"contact": {CARD: "x"}},
        {"buyer": "4111111111111111"},
        {"reference": "5500005555555559"},
        {"payment": {"provider": "x", "reference": "6222021234567890128"}},
        {"payment": {"provider": "x", "reference": "１２３４ ５６７８ １２３４ ５６７０"}},
        {"note": [["378282246310005"]]},
        {"buyer": 4111111111111111},
    ],
)
def test_a_card_is_refused_and_not_repeated(live: Live, changes: dict[str, Any], caplog: Any) -> None:
    live.list_and_register()
    shop = add_shop(live)
    value = {"reference": "XY-1", "buyer": "u-1", "lines": [line("A1").as_json()], **changes}
    before = order_counts(live)
    said = refused(lambda: shop.send("/v1/orders", value), 422, "payment card")
    assert order_counts(live) == before
    for digits in ("4111", "5500", "6222", "1234", "3782"):
        assert digits not in said + caplog.text


def test_what_only_looks_a_little_like_a_card_is_taken(live: Live) -> None:
    live.list_and_register()
    shop = add_shop(live)
    shop.place(
        "20261124000012345", "u-1", [line("A1")],
        payment=("example-pay", "4200001234202611245678901234"),
        contact={"phone": "+8613800138000", "address": "1 Road, 200000", "postcode": "200000"},
    )  # fmt: skip


@pytest.mark.parametrize("step", ["before", "after"])
@pytest.mark.parametrize("call", ["place", "ship", "deliver"])
def test_a_message_that_dies_in_its_transaction_can_be_sent_again(
    live: Live, call: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.list_and_register()
    shop = add_shop(live)
    secret = new_secret()
    steps: dict[str, Callable[[], Any]] = {
        "place": lambda: shop.place("XY-1", "u-1", [line("A1")]),
        "ship": lambda: shop.ship("XY-1", sscc(1)),
        "deliver": lambda: shop.deliver("XY-1", sscc(1), lines=1, secret=secret),
    }
    real = orders.answer_message

    def dies(connection: Connection, *values: Any) -> None:
        if step == "after":
            real(connection, *values)
        raise Conflict("the plug is pulled")

    for name, act in steps.items():
        if name == call:
            before = order_counts(live)
            with monkeypatch.context() as patch:
                patch.setattr(orders, "answer_message", dies)
                refused(act, 409, "the plug is pulled")
            assert order_counts(live) == before
        act()
    live.node.seal_now(rights=True)
    live.assert_clean()


def test_a_buyer_is_one_across_orders_until_it_is_erased(live: Live) -> None:
    live.list_and_register()
    shop = add_shop(live)
    shop.place("XY-1", "u-1", [line("A1")])
    shop.place("XY-2", "u-1", [line("A2")])
    ((buyer, count),) = rows(live, "SELECT buyer, count(*) FROM orders GROUP BY buyer")
    assert count == 2
    with live.node.database.write() as connection:
        assert orders.erase_buyer(connection, buyer, 1)
    with live.node.database.write() as connection:
        assert not orders.erase_buyer(connection, buyer, 2)
        assert orders.buyer(connection, live.node.vault, buyer) is None
    shop.place("XY-3", "u-1", [line("A3")])
    assert len(rows(live, "SELECT DISTINCT buyer FROM orders")) == 2
    live.node.seal_now()
    live.assert_clean()


def test_other_products_lots_are_told_apart(live: Live) -> None:
    live.list_and_register()
    live.merchant.list_product(OTHER_GTIN, product_document("Other"))
    shop = add_shop(live)
    refused(lambda: shop.place("XY-1", "u", [Line(OTHER_GTIN, "L1", 1)]), 404)


@pytest.mark.parametrize(("hours", "offset"), [(8, "+08:00"), (0, "+00:00"), (-3.5, "-03:30")])
def test_a_packing_event_is_told_by_the_clock_of_where_it_was_packed(live: Live, hours: float, offset: str) -> None:
    live.list_and_register()
    zone = timezone(timedelta(hours=hours))
    event = packing_event(live.merchant, sscc(1), [line("A1")], zone=zone, clock=lambda: 1_790_000_000.9)
    assert event["eventTimeZoneOffset"] == offset
    assert event["eventTime"].endswith(f".000{offset}")
    assert parse_event(event).event_time_ms == 1_790_000_000_000
