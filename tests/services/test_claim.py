"""A right goes to who has its secret, an item to who has its code: once, and to nobody else."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from live import GTIN, OTHER_GTIN, Live
from market import BATCH, Buyer, Market, open_market
from suyuan.core import canonical, subjects
from suyuan.core.errors import BadSignature, Conflict, Malformed, NotFound, SuyuanError, Throttled, TooEarly
from suyuan.services.claim import WRONG_CODES, Claims
from suyuan.services.throttle import Throttle
from suyuan.storage import scans


@pytest.fixture
def market(live: Live) -> Market:
    return open_market(live)


def claim(market: Market, said: dict[str, Any], address: str = "") -> Any:
    return market.live.node.claims.claim(said["statement"], said["public"], said.get("right"), address)


# -- rights


def test_a_right_waits_is_issued_claimed_and_reviewed(market: Market) -> None:
    rights = market.live.node.claims.right
    (buyer,) = market.deliver(1)
    waiting = rights(buyer.right)
    assert (waiting["state"], waiting["gtin"], waiting["batch"]) == ("waiting", GTIN, BATCH)
    assert waiting["product"] == {"zh": "大闸蟹", "en": "Hairy crab"}
    assert 500 < waiting["from"] - time.time() <= 601
    market.publish()
    assert rights(buyer.right)["state"] == "issued"
    buyer.claim()
    assert rights(buyer.right)["state"] == "claimed"
    buyer.submit()
    assert rights(buyer.right)["state"] == "reviewed"
    market.live.node.seal_now()
    market.live.assert_clean()


def test_a_right_that_is_not_published_yet_says_from_when(market: Market) -> None:
    (buyer,) = market.deliver(1)
    with market.live.nothing_written(), pytest.raises(TooEarly) as caught:
        buyer.claim()
    assert caught.value.at == market.live.node.claims.right(buyer.right)["from"]


def test_the_same_claim_again_gets_the_same_answer(market: Market) -> None:
    (buyer,) = market.deliver(1)
    market.publish()
    said = buyer.claiming()
    first = claim(market, said)
    with market.live.nothing_written():
        assert claim(market, said).as_json() == first.as_json()


def test_a_right_is_claimed_once(market: Market) -> None:
    (buyer,) = market.buyers(1)
    thief = Buyer(market.live, buyer.secret)
    with market.live.nothing_written(), pytest.raises(Conflict):
        thief.claim()


def test_a_forged_right_and_a_forged_secret_are_refused(market: Market) -> None:
    (buyer,) = market.deliver(1)
    market.publish()
    forged = Buyer(market.live, secrets.token_hex(16))
    with market.live.nothing_written():
        with pytest.raises(NotFound):
            forged.claim()
        said = buyer.claiming(secret=secrets.token_hex(16))
        with pytest.raises(BadSignature):
            claim(market, said)
        with pytest.raises(NotFound):
            market.live.node.claims.right(forged.right)
        elsewhere = Buyer(market.live, buyer.secret, OTHER_GTIN)
        with pytest.raises(NotFound):
            elsewhere.claim()


def test_a_key_serves_one_right(market: Market) -> None:
    one, other = market.deliver(2)
    market.publish()
    one.claim()
    other.key = one.key
    with market.live.nothing_written(), pytest.raises(Conflict):
        other.claim()


def test_two_keys_that_claim_a_right_at_once_get_it_once(market: Market) -> None:
    (buyer,) = market.deliver(1)
    market.publish()
    rivals = [Buyer(market.live, buyer.secret) for _ in range(8)]

    def attempt(one: Buyer) -> str:
        try:
            one.claim()
        except Conflict:
            return "conflict"
        return "claimed"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attempt, rivals)) == ["claimed"] + ["conflict"] * 7
    market.live.node.seal_now()
    market.live.assert_clean()


def test_one_key_for_two_rights_at_once_gets_one(market: Market) -> None:
    one, other = market.deliver(2)
    market.publish()
    other.key = one.key

    def attempt(buyer: Buyer) -> str:
        try:
            buyer.claim()
        except Conflict:
            return "conflict"
        return "claimed"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, [one, other])) == ["claimed", "conflict"]
    market.live.node.seal_now()
    market.live.assert_clean()


# -- items


def test_an_item_is_claimed_with_its_code_and_gives_a_right(market: Market) -> None:
    said = market.claiming_item("S00003")
    claimed = claim(market, said)
    assert claimed.right == "waiting"
    with market.live.nothing_written():
        assert claim(market, said).as_json() == claimed.as_json()
    market.publish()
    assert market.live.node.claims.right(said["right"])["state"] == "issued"
    item = subjects.item(GTIN, "S00003")
    with market.live.node.database.read() as connection:
        seen, at, index = scans.alarms(connection, subjects.key(item))
    assert (seen, index) == (0, claimed.accepted.first)
    market.live.node.seal_now()
    market.live.assert_clean()
    view = market.live.node.look_up.look_up(item)
    assert (view.claim_index, view.claimed_at, view.copied_at) == (index, at // 1000, 0)


def test_who_has_claimed_an_item_reviews_it(market: Market) -> None:
    secret = secrets.token_hex(16)
    said = market.claiming_item("S00001")
    said["right"] = Buyer(market.live, secret).right
    claim(market, said)
    market.publish()
    buyer = Buyer(market.live, secret)
    buyer.claim()
    buyer.submit(stars=4)
    market.live.node.seal_now()
    market.live.assert_clean()


def test_an_item_that_was_ordered_gives_its_right_by_the_delivery(market: Market) -> None:
    orders = market.live.node.orders
    orders.place(
        market.message(),
        {"reference": "R", "buyer": "b", "lines": [{"gtin": GTIN, "lot": "L1", "quantity": 1, "items": ["S00002"]}]},
    )
    said = market.claiming_item("S00002")
    assert claim(market, said).right == "none"
    with pytest.raises(NotFound):
        market.live.node.claims.right(said["right"])
    assert claim(market, market.claiming_item("S00004")).right == "waiting"


def test_a_batch_gives_no_more_rights_than_it_has_items(live: Live) -> None:
    market = open_market(live, 3)
    market.deliver(3)
    assert claim(market, market.claiming_item("S00000")).right == "none"
    market.publish()
    live.node.seal_now()
    live.assert_clean()


def test_an_item_is_claimed_once_even_by_many_at_once(market: Market) -> None:
    claims = [market.claiming_item("S00000") for _ in range(8)]

    def attempt(said: Any) -> str:
        try:
            return str(claim(market, said).right)
        except Conflict as error:
            return "conflict" if "claimed before" in str(error) else str(error)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attempt, claims)) == ["conflict"] * 7 + ["waiting"]
    market.publish()
    market.live.node.seal_now()
    market.live.assert_clean()


def test_a_claim_that_was_overheard_gives_nobody_else_a_right(market: Market) -> None:
    said = market.claiming_item("S00005")
    claim(market, said)
    mine = Buyer(market.live, secrets.token_hex(16))
    with market.live.nothing_written():
        claim(market, {**said, "right": mine.right})
    with pytest.raises(NotFound):
        market.live.node.claims.right(mine.right)


@pytest.mark.parametrize(
    "bend",
    [
        lambda m: m.claiming_item("S00000", secrets.token_bytes(16)),
        lambda m: m.claiming_item("S00000", place=1),
        lambda m: m.claiming_item("S00000", proof=[]),
        lambda m: m.claiming_item("S00000", batch=f"/01/{GTIN}/10/L2"),
        lambda m: m.claiming_item("S00000", batch=f"/01/{OTHER_GTIN}/10/L1"),
    ],
    ids=["guessed", "place", "proof", "no batch", "another product"],
)
def test_a_wrong_code_or_proof_is_refused(market: Market, bend: Callable[[Market], Any]) -> None:
    with market.live.nothing_written(), pytest.raises((BadSignature, NotFound, Malformed)):
        claim(market, bend(market))


def test_an_item_is_claimed_with_a_key_that_is_used_for_nothing_else(market: Market) -> None:
    (buyer,) = market.buyers(1)
    said = market.claiming_item("S00001")
    said["statement"] = buyer.sign("claim", subjects.item(GTIN, "S00001"), canonical.digest(said["public"]))
    with market.live.nothing_written(), pytest.raises(Conflict):
        claim(market, said)


def test_who_guesses_codes_has_to_wait(market: Market) -> None:
    for _ in range(WRONG_CODES):
        with pytest.raises(BadSignature):
            claim(market, market.claiming_item("S00000", secrets.token_bytes(16)), "192.0.2.7")
    with market.live.nothing_written(), pytest.raises(Throttled) as caught:
        claim(market, market.claiming_item("S00000", secrets.token_bytes(16)), "192.0.2.7")
    assert 0 < caught.value.after <= 60
    with pytest.raises(BadSignature):
        claim(market, market.claiming_item("S00000", secrets.token_bytes(16)), "192.0.2.8")


def test_who_guesses_secrets_of_rights_has_to_wait_too(market: Market) -> None:
    for _ in range(WRONG_CODES):
        with pytest.raises(NotFound):
            claim(market, Buyer(market.live, secrets.token_hex(16)).claiming(), "192.0.2.7")
    with market.live.nothing_written(), pytest.raises(Throttled):
        claim(market, Buyer(market.live, secrets.token_hex(16)).claiming(), "192.0.2.7")


def test_wrong_codes_of_others_at_an_address_lock_nobody_out(market: Market) -> None:
    (buyer,) = market.deliver(1)
    market.publish()
    for _ in range(WRONG_CODES + 2):
        with pytest.raises((BadSignature, Throttled)):
            claim(market, market.claiming_item("S00000", secrets.token_bytes(16)), "192.0.2.7")
    assert claim(market, market.claiming_item("S00000"), "192.0.2.7").right == "waiting"
    assert claim(market, buyer.claiming(), "192.0.2.7").accepted.first > 0


def test_a_throttle_forgives_with_time_and_holds_few_addresses() -> None:
    now = [0.0]
    throttle = Throttle(2, 10, clock=lambda: now[0])
    for _ in range(2):
        throttle.check("2001:db8::1")
        throttle.failed("2001:db8::1")
    with pytest.raises(Throttled):
        throttle.check("2001:db8::2")  # of the same /64
    throttle.check("2001:db8:0:1::1")
    now[0] = 10.0
    throttle.check("2001:db8::1")
    for n in range(30_000):
        throttle.failed(f"10.{n >> 8}.{n & 255}.1")
    assert len(throttle._buckets) <= 20_000


# -- at each step


class Broken(RuntimeError):
    pass


@pytest.mark.parametrize("step", ["suyuan.storage.reviews.add_claim", "suyuan.storage.orders.grant",
                                  "suyuan.storage.orders.count", "suyuan.storage.journal.append"])  # fmt: skip
def test_a_claim_that_breaks_off_leaves_nothing(market: Market, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = market.claiming_item("S00000")

    def breaks(*_: Any, **__: Any) -> Any:
        raise Broken

    with monkeypatch.context() as patch:
        patch.setattr(step, breaks)
        with market.live.nothing_written(), pytest.raises(Broken):
            claim(market, said)
    with market.live.node.database.read() as connection:
        assert [connection.scalar(text(f"SELECT count(*) FROM {t}")) for t in ("claims", "rights", "buyers")] == [0] * 3
    assert claim(market, said).right == "waiting"
    market.publish()
    market.live.node.seal_now()
    market.live.assert_clean()


def test_a_binding_that_breaks_off_leaves_the_right_free(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    (buyer,) = market.deliver(1)
    market.publish()
    said = buyer.claiming()

    def breaks(*_: Any) -> None:
        raise Broken

    with monkeypatch.context() as patch:
        patch.setattr("suyuan.storage.orders.bind_right", breaks)
        with market.live.nothing_written(), pytest.raises(Broken):
            claim(market, said)
    assert market.live.node.claims.right(buyer.right)["state"] == "issued"
    claim(market, said)
    market.live.node.seal_now()
    market.live.assert_clean()


def test_every_refusal_is_an_error_of_ours(market: Market) -> None:
    assert isinstance(market.live.node.claims, Claims)
    for statement, public in (
        (None, None), ({}, {}), ({"kind": "claim"}, []), ("x", "y"),
        ({"by": "00", "kind": "claim", "subject": f"/rights/{GTIN}"}, {"right": 1}),
    ):  # fmt: skip
        with market.live.nothing_written(), pytest.raises(SuyuanError):
            market.live.node.claims.claim(statement, public)
