"""What is erased is gone, and every proof still holds; what is exported is everything."""

from __future__ import annotations

import json
from base64 import b64decode
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import text

from live import GTIN, Live
from market import REVIEWS, Buyer, Market, image, open_market
from services.test_review import bundle_of, counted, report_of, wrong
from suyuan.core import canonical
from suyuan.core.errors import BadSignature, Malformed, NotFound, SuyuanError

CONTACT = {"name": "王小明", "phone": "13800000000", "address": "苏州市某路 1 号"}


@pytest.fixture
def market(live: Live) -> Market:
    return open_market(live)


def wrote(market: Market) -> list[Buyer]:
    """A buyer with two rights who has written twice, one of it withheld and the other replied to, with a photo."""
    one, two = market.buyers(2, buyer="wang", contact=CONTACT)
    photo = one.send_photo(image()).json()["photo"]
    one.submit(stars=2, words="给王小明的", photos=[photo])
    two.submit(stars=4)
    said = market.replying("merchant", one.right, "王小明您好")
    market.live.node.reviews.reply(said["statement"], said["public"], said["content"])
    market.live.node.reviews.withhold(two.right, "fake", "EC-17")
    return [one, two]


def ask(market: Market, said: Any) -> Any:
    return market.live.node.erasure.erase(said["statement"], said["public"])


def test_what_is_erased_is_gone_and_every_proof_holds(market: Market) -> None:
    one, two = wrote(market)
    (stranger,) = market.buyers(1)
    stranger.submit(stars=5, words="别人的")
    market.live.node.seal_now()
    before = bundle_of(market.live)
    erased = ask(market, one.asking("erase", basis="PIPL-47"))
    assert {right for right, _ in erased.reviews} == {one.right, two.right}
    market.live.node.seal_now()
    told = market.live.node.reviews.contents(GTIN, 20)
    assert told[one.right] == {"state": "erased"}
    assert told[two.right] == {"state": "withheld"}
    assert told[stranger.right]["content"]["words"] == "别人的"
    bundle = bundle_of(market.live)
    assert wrong(report_of(market.live, before)) == {}
    assert wrong(report_of(market.live, bundle)) == {}
    assert counted(bundle) == counted(before)  # the stars stay, the words go
    assert [e["body"]["kind"] for e in bundle["entries"][-2:]] == ["review.erase"] * 2
    market.live.assert_clean()
    with market.live.node.database.read() as connection:
        rows = list(connection.execute(text("SELECT key, shop, reference, erased_at FROM buyers ORDER BY id")))
        assert (rows[0][:3], rows[0][3] > 0) == ((None, None, None), True)
        assert all(rows[1][:3])
        assert connection.scalar(text("SELECT count(*) FROM photos")) == 0
        assert connection.scalar(text("SELECT count(*) FROM reviews WHERE content IS NOT NULL")) == 1
        assert connection.scalar(text("SELECT count(*) FROM reviews WHERE reply IS NOT NULL")) == 0
        assert connection.scalar(text("SELECT count(*) FROM orders WHERE content IS NOT NULL")) == 1


def test_erased_again_does_nothing(market: Market) -> None:
    one, two = wrote(market)
    ask(market, one.asking("erase", basis="GDPR-17"))
    with market.live.nothing_written():
        assert ask(market, two.asking("erase", basis="GDPR-17")).reviews == ()


def test_after_an_erasure_nothing_more_is_kept_and_the_review_can_be_withdrawn(market: Market) -> None:
    one, _ = wrote(market)
    ask(market, one.asking("erase", basis="PIPL-47"))
    with market.live.nothing_written():
        with pytest.raises(SuyuanError):
            one.submit("review.amend", 5)
        assert one.send_photo(image()).status_code == 409
    one.submit("review.withdraw")
    (again,) = market.buyers(1, buyer="wang")  # a new buyer to us
    again.submit(stars=3)
    market.live.node.seal_now()
    market.live.assert_clean()


def test_only_the_rights_key_asks_and_only_lately(market: Market) -> None:
    one, _ = wrote(market)
    (stranger,) = market.buyers(1)
    with market.live.nothing_written():
        said = stranger.asking("erase", basis="PIPL-47")
        public = {"right": one.right, "basis": "PIPL-47"}
        stolen = {"statement": stranger.sign("erase", REVIEWS, canonical.digest(public)), "public": public}
        old = one.sign("erase", REVIEWS, canonical.digest(public), issued_at=1_700_000_000)
        other = one.asking("export")
        for bad in (
            stolen, {**said, "public": public}, {"statement": old, "public": public},
            {"statement": other["statement"], "public": public},
        ):  # fmt: skip
            with pytest.raises((BadSignature, Malformed)):
                ask(market, bad)
        with pytest.raises(Malformed):
            ask(market, one.asking("erase", basis="CC-1024"))
        with pytest.raises(NotFound):
            ask(market, Buyer(market.live, "ab" * 16).asking("erase", basis="PIPL-47"))


def test_the_operator_erases_for_a_buyer_who_asked_otherwise(market: Market) -> None:
    one, two = wrote(market)
    erased = market.live.node.erasure.by_operator(two.right, "GDPR-17")
    assert {right for right, _ in erased.reviews} == {one.right, two.right}
    market.live.node.seal_now()
    market.live.assert_clean()


def test_an_export_is_everything(market: Market) -> None:
    one, two = wrote(market)
    (stranger,) = market.buyers(1, buyer="other")
    stranger.submit(words="别人的")
    said = one.asking("export")
    kept = market.live.node.erasure.export(said["statement"], said["public"])
    assert kept["erased"] is False
    (order,) = kept["orders"]
    assert (order["content"]["contact"], order["content"]["buyer"]) == (CONTACT, "wang")
    assert {r["right"] for r in kept["rights"]} == {one.right, two.right}
    assert [r["content"]["words"] for r in kept["reviews"]] == ["给王小明的", "好茶"]
    (photo,) = kept["photos"]
    assert sha256(b64decode(photo["base64"])).hexdigest() == photo["photo"]
    words = [e["kind"] for e in kept["entries"]]
    for kind in ("order", "delivery", "rights", "claim", "review", "review.reply", "review.withhold"):
        assert kind in words
    assert "别人的" not in json.dumps(kept, ensure_ascii=False)
    ask(market, one.asking("erase", basis="PIPL-47"))
    said = one.asking("export")
    after = market.live.node.erasure.export(said["statement"], said["public"])
    assert (after["erased"], after["photos"]) == (True, [])
    assert [o["content"] for o in after["orders"]] == [None]
    assert "王小明" not in json.dumps(after, ensure_ascii=False)


class Broken(RuntimeError):
    pass


@pytest.mark.parametrize(
    "step",
    [
        "suyuan.storage.orders.erase_buyer", "suyuan.storage.reviews.drop_photos", "suyuan.storage.reviews.put",
        "suyuan.storage.journal.append",
    ],
)  # fmt: skip
def test_an_erasure_that_breaks_off_erases_nothing(market: Market, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one, _ = wrote(market)
    before = market.live.node.reviews.contents(GTIN, 20)
    module, _, name = step.rpartition(".")
    real = getattr(__import__(module, fromlist=[name]), name)

    def breaks(*arguments: Any, **named: Any) -> Any:
        real(*arguments, **named)
        raise Broken

    said = one.asking("erase", basis="PIPL-47")
    with monkeypatch.context() as patch:
        patch.setattr(step, breaks)
        with market.live.nothing_written(), pytest.raises(Broken):
            ask(market, said)
    assert market.live.node.reviews.contents(GTIN, 20) == before
    assert len(ask(market, said).reviews) == 2
    market.live.node.seal_now()
    market.live.assert_clean()
