"""What becomes of a review, who may do it, and that an operator that cheats with it is found out."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from live import GTIN, OTHER_GTIN, Live
from market import BATCH, REVIEWS, Buyer, Market, image, open_market
from suyuan.bootstrap import keystore
from suyuan.core import canonical, entries, merkle, proof, rules, subjects, tally
from suyuan.core.entries import Kind
from suyuan.core.errors import BadSignature, Conflict, Malformed, NoStanding, NotFound, SuyuanError, TooLarge
from suyuan.core.proof import State
from suyuan.core.replay import Fault
from suyuan.core.statements import Signed, Statement
from suyuan.services.look_up_reviews import Face
from suyuan.storage import orders, reviews
from suyuan.storage.journal import Draft
from suyuan.storage.vault import seal


@pytest.fixture
def market(live: Live) -> Market:
    return open_market(live)


def contents(market: Market, limit: int = 20) -> Any:
    return market.live.node.reviews.contents(GTIN, limit)


def bundle_of(live: Live, subject: str = REVIEWS, limit: str = "20") -> Any:
    return live.http.get("/v1/proof", params={"subject": subject, "limit": limit}).json()


def report_of(live: Live, bundle: Any) -> proof.Report:
    pinned = proof.Deployment(live.node.deployment.chain_id, live.node.deployment.journal)
    return proof.verify(proof.parse(bundle), pinned=pinned, now=int(time.time()), judge=live.node.chain)


def wrong(report: proof.Report) -> dict[int, str]:
    return {o.number: o.state.value for o in report.obligations if o.state is not State.HOLDS}


def counted(bundle: Any) -> tally.Tally:
    return tally.decode(entries.decode(bytes.fromhex(bundle["entries"][-1]["header"])).state)


# -- a review's life


def test_a_review_is_written_amended_and_withdrawn(market: Market) -> None:
    (buyer,) = market.buyers(1)
    buyer.submit(stars=2, words="一般")
    assert contents(market)[buyer.right]["content"]["words"] == "一般"
    buyer.submit("review.amend", 4, words="补发了")
    told = contents(market)[buyer.right]
    assert (told["state"], told["content"]["words"]) == ("shown", "补发了")
    buyer.submit("review.withdraw")
    assert contents(market) == {buyer.right: {"state": "withdrawn"}}
    with pytest.raises(Conflict):
        buyer.submit("review.amend")
    market.live.node.seal_now()
    market.live.assert_clean()
    with market.live.node.database.read() as connection:
        assert connection.scalar(text("SELECT content FROM reviews")) is None


def test_a_withheld_review_is_counted_with_its_reason_and_comes_back(market: Market) -> None:
    buyers = market.buyers(3)
    for buyer, stars in zip(buyers, (1, 5, 5), strict=True):
        buyer.submit(stars=stars)
    service = market.live.node.reviews
    held = service.withhold(buyers[0].right, "abuse", "CC-1024")
    assert contents(market)[buyers[0].right] == {"state": "withheld"}
    assert service.reasons(GTIN) == {"abuse": 1}
    assert service.withheld(GTIN) == {"abuse": {"count": 1, "entries": [held.first]}}
    market.live.node.seal_now()
    bundle = bundle_of(market.live)
    assert (counted(bundle).standing, counted(bundle).withheld) == ((1, 0, 0, 0, 2), (1, 0, 0, 0, 0))
    with pytest.raises(Conflict):
        service.withhold(buyers[0].right, "abuse", "CC-1024")
    service.restore(buyers[0].right, "appeal")
    assert (contents(market)[buyers[0].right]["state"], service.reasons(GTIN)) == ("shown", {})
    market.live.node.seal_now()
    market.live.assert_clean()


def test_the_operator_decides_by_a_statement_and_nobody_else_does(market: Market) -> None:
    (buyer,) = market.buyers(1)
    buyer.submit(stars=1)
    operator = keystore(market.live.node.settings).signer("operator")
    public = {"right": buyer.right, "reason": "personal", "basis": "PIPL-10"}
    said = market.by_participant(operator, "review.withhold", REVIEWS, public)
    decide = market.live.node.reviews.decide
    first = decide(said["statement"], said["public"])
    with market.live.nothing_written():
        assert decide(said["statement"], said["public"]).first == first.first
        for who in ("merchant", "regulator"):
            other = market.by_participant(market.live.signers[who], "review.withhold", REVIEWS, public)
            with pytest.raises(NoStanding):
                decide(other["statement"], other["public"])
        with pytest.raises(Malformed):  # a law that the reason cannot stand on
            market.live.node.reviews.withhold(buyer.right, "abuse", "PIPL-10")
        with pytest.raises(NotFound):
            market.live.node.reviews.withhold("ab" * 32, "abuse", "CC-1024")


def test_only_the_merchant_of_the_batch_replies_once(market: Market) -> None:
    (buyer,) = market.buyers(1)
    buyer.submit()
    reply = market.live.node.reviews.reply
    said = market.replying("other", buyer.right)
    with market.live.nothing_written(), pytest.raises(NoStanding):
        reply(said["statement"], said["public"], said["content"])
    said = market.replying("merchant", buyer.right, "谢谢光临")
    reply(said["statement"], said["public"], said["content"])
    assert contents(market)[buyer.right]["reply"]["words"] == "谢谢光临"
    again = market.replying("merchant", buyer.right, "再谢")
    with market.live.nothing_written():
        reply(said["statement"], said["public"], said["content"])
        with pytest.raises(Conflict):
            reply(again["statement"], again["public"], again["content"])
    market.live.node.seal_now()
    market.live.assert_clean()


def test_the_same_review_again_is_the_same_review(market: Market) -> None:
    (buyer,) = market.buyers(1)
    said = buyer.saying(stars=3)
    submit = market.live.node.reviews.submit
    first = submit(said["statement"], said["public"], said["content"])
    with market.live.nothing_written():
        again = submit(said["statement"], said["public"], said["content"])
    assert (again.first, again.receipt, again.signature) == (first.first, first.receipt, first.signature)


# -- forged, reused, bent


def test_a_right_gives_one_review(market: Market) -> None:
    (buyer,) = market.buyers(1)
    buyer.submit()
    with market.live.nothing_written(), pytest.raises(Conflict):
        buyer.submit(stars=1)


def test_a_right_that_was_not_claimed_gives_none(market: Market) -> None:
    (buyer,) = market.deliver(1)
    market.publish()
    with market.live.nothing_written(), pytest.raises(Conflict):
        buyer.submit()
    with market.live.nothing_written(), pytest.raises(NotFound):
        Buyer(market.live, secrets.token_hex(16)).submit()


def test_another_key_writes_amends_and_withdraws_nothing(market: Market) -> None:
    one, other = market.buyers(2)
    with market.live.nothing_written(), pytest.raises(BadSignature):
        one.submit(by=other)
    one.submit()
    for kind in ("review.amend", "review.withdraw"):
        with market.live.nothing_written(), pytest.raises(BadSignature):
            one.submit(kind, by=other)


def test_a_statement_whose_signature_or_deployment_is_another_is_refused(market: Market) -> None:
    (buyer,) = market.buyers(1)
    said = buyer.saying()
    submit = market.live.node.reviews.submit
    bent = {**said["statement"], "signature": "11" * 64}
    with market.live.nothing_written(), pytest.raises(BadSignature):
        submit(bent, said["public"], said["content"])
    made = Statement("review", REVIEWS, canonical.digest(said["public"]), int(time.time()), secrets.token_bytes(32))
    elsewhere = Signed(buyer.key.point, made, buyer.key.sign(made.message(1, "0x" + "11" * 20))).as_json()
    with market.live.nothing_written(), pytest.raises(BadSignature):
        submit(elsewhere, said["public"], said["content"])


@pytest.mark.parametrize("stars", [0, 6, -1, 4.5, "5", True, None])
def test_stars_out_of_range_are_refused(market: Market, stars: Any) -> None:
    (buyer,) = market.buyers(1)
    with market.live.nothing_written(), pytest.raises(SuyuanError):
        buyer.submit(stars=stars)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"words": "a" * 5001}, TooLarge),
        ({"words": "a\0b"}, Malformed),
        ({"words": "a\rb"}, Malformed),
        ({"words": "a\u202eb"}, Malformed),
        ({"words": 5}, Malformed),
        ({"language": "<b>"}, Malformed),
        ({"language": "ZH"}, Malformed),
        ({"photos": ["ab" * 32]}, Malformed),
        ({"photos": [f"{n:064x}" for n in range(7)]}, Malformed),
        ({"photos": ["ab" * 32, "ab" * 32]}, Malformed),
        ({"photos": "ab"}, Malformed),
        ({"batch": f"/01/{GTIN}/10/L2"}, Conflict),
        ({"aspects": {"taste": 5}}, Malformed),
        ({"aspects": {"quality": 6}}, Malformed),
        ({"private": "ab" * 32}, BadSignature),
        ({"more": 1}, Malformed),
    ],
)
def test_what_breaks_a_limit_is_refused(market: Market, changes: Any, error: type[SuyuanError]) -> None:
    (buyer,) = market.buyers(1)
    with market.live.nothing_written(), pytest.raises(error):
        buyer.submit(**changes)


def test_words_are_counted_as_they_are_composed(market: Market) -> None:
    one, other = market.buyers(2)
    one.submit(words="e\u0301" * 5000)
    other.submit(words="🦀\n" * 2500)
    market.live.node.seal_now()
    market.live.assert_clean()


def test_content_that_is_not_what_was_signed_is_refused(market: Market) -> None:
    (buyer,) = market.buyers(1)
    said = buyer.saying()
    for bent in (
        {**said["content"], "words": "另一句"}, {**said["content"], "salt": "00" * 16}, {}, None, "x",
        {**said["content"], "more": ""}, {k: v for k, v in said["content"].items() if k != "photos"},
    ):  # fmt: skip
        with market.live.nothing_written(), pytest.raises((BadSignature, Malformed)):
            market.live.node.reviews.submit(said["statement"], said["public"], bent)


def test_a_review_of_another_product_with_this_right_is_refused(market: Market) -> None:
    (buyer,) = market.buyers(1)
    buyer.gtin = OTHER_GTIN
    with market.live.nothing_written(), pytest.raises(NotFound):
        buyer.submit()


SCRIPTS = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}} ${7*7} <%= 7*7 %>",
    "'; DROP TABLE reviews;--",
    "javascript:alert(1)", "<a href='javascript:alert(1)'>x</a>", "</textarea><svg onload=alert(1)>",
]  # fmt: skip


def test_html_and_scripts_are_words_like_others(live: Live) -> None:
    market = open_market(live, len(SCRIPTS))
    buyers = market.buyers(len(SCRIPTS))
    for buyer, words in zip(buyers, SCRIPTS, strict=True):
        buyer.submit(words=words)
    answer = live.http.get("/v1/reviews", params={"product": GTIN})
    assert (answer.headers["content-type"], answer.headers["x-content-type-options"]) == ("application/json", "nosniff")
    told = answer.json()["contents"]
    assert [told[b.right]["content"]["words"] for b in buyers] == SCRIPTS
    live.node.seal_now()
    page = live.http.get(f"/reviews/{GTIN}", headers={"accept": "text/html"})
    if page.status_code == 200:
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "<svg onload" not in page.text
        assert "&lt;script&gt;alert(1)" in page.text


def test_two_reviews_of_one_right_at_once_are_one(market: Market) -> None:
    (buyer,) = market.buyers(1)
    drafts = [buyer.saying(stars=1 + n % 5) for n in range(8)]

    def attempt(said: Any) -> str:
        try:
            market.live.node.reviews.submit(said["statement"], said["public"], said["content"])
        except Conflict:
            return "conflict"
        return "taken"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attempt, drafts)) == ["conflict"] * 7 + ["taken"]
    market.live.node.seal_now()
    market.live.assert_clean()


# -- at each step


class Broken(RuntimeError):
    pass


@pytest.mark.parametrize(
    "step",
    [
        "suyuan.storage.orders.right", "suyuan.storage.orders.buyer", "suyuan.storage.reviews.review",
        "suyuan.storage.journal.append", "suyuan.storage.reviews.put", "suyuan.storage.reviews.drop_photos",
    ],
)  # fmt: skip
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_review_that_breaks_off_leaves_nothing(
    market: Market, step: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (buyer,) = market.buyers(1)
    said = buyer.saying(stars=2)
    module, _, name = step.rpartition(".")
    real = getattr(__import__(module, fromlist=[name]), name)

    def breaks(*arguments: Any, **named: Any) -> Any:
        if after:
            real(*arguments, **named)
        raise Broken

    submit = market.live.node.reviews.submit
    with monkeypatch.context() as patch:
        patch.setattr(step, breaks)
        with market.live.nothing_written(), pytest.raises(Broken):
            submit(said["statement"], said["public"], said["content"])
    assert contents(market) == {}
    market.live.restart()
    market.live.node.reviews.submit(said["statement"], said["public"], said["content"])
    market.live.node.seal_now()
    market.live.assert_clean()
    assert contents(market)[buyer.right]["state"] == "shown"


# -- bundles


def test_a_bundle_of_reviews_brings_the_claims_of_its_keys(market: Market) -> None:
    buyers = market.buyers(3)
    for buyer in buyers:
        buyer.submit(stars=4)
    buyers[1].submit("review.amend", 2)
    market.live.node.reviews.withhold(buyers[2].right, "fake", "EC-17")
    said = market.replying("merchant", buyers[0].right)
    market.live.node.reviews.reply(said["statement"], said["public"], said["content"])
    market.live.node.seal_now()
    bundle = bundle_of(market.live)
    report = report_of(market.live, bundle)
    assert wrong(report) == {}
    assert bundle["documents"] == {}
    assert {e["subject"] for e in bundle["support"]} == {f"/rights/{GTIN}"}
    assert {e["body"]["by"] for e in bundle["support"]} == {b.key.point for b in buyers}
    for subject in (f"/rights/{GTIN}", BATCH, f"/01/{GTIN}"):
        assert wrong(report_of(market.live, bundle_of(market.live, subject))) == {}


def test_a_bundle_brings_what_withholds_reviews_from_before_it(market: Market) -> None:
    buyers = market.buyers(5)
    buyers[0].submit(stars=1)
    buyers[1].submit(stars=1)
    held = market.live.node.reviews.withhold(buyers[0].right, "abuse", "CC-1024")
    back = market.live.node.reviews.withhold(buyers[1].right, "abuse", "CC-1024")
    market.live.node.reviews.restore(buyers[1].right, "mistake")
    for buyer in buyers[2:]:
        buyer.submit(stars=5)
    market.live.node.seal_now()
    bundle = bundle_of(market.live, limit="3")
    indices = [e["index"] for e in bundle["support"] if e["subject"] == REVIEWS]
    assert (indices, back.first in indices) == ([held.first], False)
    assert wrong(report_of(market.live, bundle)) == {}
    assert report_of(market.live, bundle).not_shown == 5


def test_a_claim_of_an_item_is_in_the_items_bundle(market: Market) -> None:
    said = market.claiming_item("S00003")
    market.live.node.claims.claim(said["statement"], said["public"], said["right"])
    market.live.node.seal_now()
    bundle = bundle_of(market.live, f"/01/{GTIN}/21/S00003")
    assert [e["body"]["kind"] for e in bundle["entries"]] == ["claim"]
    assert wrong(report_of(market.live, bundle)) == {}


def test_one_entry_is_proven_by_itself(market: Market) -> None:
    (buyer,) = market.buyers(1)
    market.live.node.seal_now()
    taken = buyer.submit()
    waiting = market.live.http.get(f"/v1/entries/{taken.first}").json()
    assert (waiting["pending"], "proof" in waiting) == (True, False)
    market.live.node.seal_now()
    for index in range(market.live.size()):
        answer = market.live.http.get(f"/v1/entries/{index}").json()
        raw = bytes.fromhex(answer["header"])
        seal = answer["seal"]
        path = tuple(map(bytes.fromhex, answer["proof"]))
        merkle.check_inclusion(entries.leaf(raw), index, seal["size"], path, bytes.fromhex(seal["root"]))
        assert subjects.key(answer["subject"]) == entries.decode(raw).key
        assert canonical.digest(answer["body"]) == entries.decode(raw).body


# -- an operator that cheats


@pytest.fixture
def sold(market: Market) -> Market:
    """Three reviews, one of them withheld, all sealed."""
    for buyer, stars in zip(market.buyers(3), (1, 4, 5), strict=True):
        buyer.submit(stars=stars)
        if stars == 1:
            market.live.node.reviews.withhold(buyer.right, "abuse", "CC-1024")
    market.live.node.seal_now()
    market.live.assert_clean()
    return market


def execute(live: Live, statement: str, **values: Any) -> None:
    with live.node.database.write() as connection:
        connection.execute(text(statement), values)
    live.restart()


def test_a_review_whose_row_is_deleted_is_missing_and_not_unseen(sold: Market) -> None:
    right = next(r for r, told in contents(sold).items() if told["state"] == "shown")
    execute(sold.live, 'DELETE FROM reviews WHERE "right" = :right', right=bytes.fromhex(right))
    assert contents(sold)[right] == {"state": "missing"}
    sold.live.assert_clean()  # the journal has it still
    view = sold.live.node.look_up_reviews.look_up(GTIN)
    assert [r.face for r in view.reviews if r.right == right] == [Face.MISSING]
    assert view.summary.total == 3


def test_an_entry_that_is_deleted_is_found_by_the_audit_and_the_bundle(sold: Market) -> None:
    index = bundle_of(sold.live)["entries"][1]["index"]
    execute(sold.live, "DELETE FROM entries WHERE index = :index", index=index)
    report = sold.live.audit()
    assert report.findings or report.unchecked
    assert wrong(report_of(sold.live, bundle_of(sold.live)))


def test_words_that_are_edited_hash_to_something_else(sold: Market) -> None:
    right = next(r for r, told in contents(sold).items() if told["state"] == "shown")
    with sold.live.node.database.write() as connection:
        row = reviews.review(connection, bytes.fromhex(right))
        assert row is not None
        keys = orders.keys(connection, sold.live.node.vault, [row.buyer])
        forged = {**contents(sold)[right]["content"], "words": "五星好评！"}
        box = seal(keys[row.buyer], canonical.encode(forged), b"review " + row.right)
        connection.execute(
            text('UPDATE reviews SET content = :box WHERE "right" = :right'), {"box": box, "right": row.right}
        )
    told = contents(sold)[right]["content"]
    said = [e["body"]["public"] for e in bundle_of(sold.live)["entries"] if e["body"]["public"]["right"] == right]
    assert canonical.digest(told).hex() != said[0]["private"]  # what every reader's browser compares


def test_words_that_are_put_in_anothers_place_do_not_open(sold: Market) -> None:
    with sold.live.node.database.write() as connection:
        connection.execute(text("UPDATE reviews SET content = (SELECT content FROM reviews WHERE stars = 5)"))
    told = contents(sold)
    assert sorted(one["state"] for one in told.values()) == ["missing", "shown", "withheld"]


def test_a_body_that_is_edited_is_found(sold: Market) -> None:
    with sold.live.node.database.write() as connection:
        body = connection.scalar(
            text("SELECT body FROM records WHERE kind = :kind ORDER BY first LIMIT 1"), {"kind": int(Kind.REVIEW)}
        )
        bent = json.loads(bytes(body))
        bent["public"]["stars"] = 5
        connection.execute(
            text("UPDATE records SET body = :bent WHERE body = :body"), {"bent": canonical.encode(bent), "body": body}
        )
    sold.live.restart()
    assert {f.fault for f in sold.live.audit().findings} >= {Fault.BODY}
    assert 4 in wrong(report_of(sold.live, bundle_of(sold.live)))


def test_a_withheld_review_that_is_dropped_from_the_totals_is_found(sold: Market) -> None:
    newest = bundle_of(sold.live)["entries"][-1]
    header = entries.decode(bytes.fromhex(newest["header"]))
    state = tally.decode(header.state)
    forged = tally._encode(tally.Tally((0, *state.standing[1:]), (0,) * 5))
    execute(
        sold.live, "UPDATE entries SET header = :header WHERE index = :index",
        header=replace(header, state=forged).encode(), index=newest["index"],
    )  # fmt: skip
    assert {f.fault for f in sold.live.audit().findings} >= {Fault.STREAM, Fault.ROOT, Fault.HEADS}
    assert set(wrong(report_of(sold.live, bundle_of(sold.live)))) >= {3, 6, 8}


def test_an_older_head_that_is_served_is_found(sold: Market) -> None:
    old = bundle_of(sold.live)
    (buyer,) = sold.buyers(1)
    buyer.submit(stars=1)
    sold.live.node.seal_now()
    new = bundle_of(sold.live)
    served = {**new, "entries": old["entries"], "inclusion": [*new["inclusion"], *old["inclusion"]]}
    assert 3 in wrong(report_of(sold.live, served))
    assert 2 in wrong(report_of(sold.live, {**served, "head": old["head"]}))
    late = report_of(sold.live, old)  # an old bundle holds for its old seal, which says how old it is
    assert (wrong(late), old["seal"]["number"] < new["seal"]["number"]) == ({}, True)


def test_a_review_that_the_operator_writes_itself_is_found(sold: Market) -> None:
    """Past the services, straight into the journal: with a key that no claim has bound to a right."""
    forger = Buyer(sold.live, secrets.token_hex(16))
    said = forger.saying(stars=5)
    signed = Signed.from_shopper(said["statement"])
    with sold.live.node.database.write() as connection:
        sold.live.node.recorder.put(connection, Kind.REVIEW, signed, said["public"], 5)
    sold.live.node.seal_now()
    assert {f.fault for f in sold.live.audit().findings} == {Fault.RIGHTS}
    assert 7 in wrong(report_of(sold.live, bundle_of(sold.live)))


@pytest.mark.parametrize(
    "bend", [lambda e: e.pop("body"), lambda e: e["body"].pop("public"), lambda e: e["body"]["public"].pop("right")]
)
def test_a_supporting_claim_that_is_bent_proves_nothing(sold: Market, bend: Callable[[Any], Any]) -> None:
    bundle = bundle_of(sold.live)
    bend(bundle["support"][0])
    with suppress(Malformed):
        assert wrong(report_of(sold.live, bundle))


# -- many


def write_many(market: Market, buyers: list[Buyer]) -> None:
    """Claims and reviews of many buyers, each signed, in two transactions: committed one by one they take minutes."""
    node = market.live.node

    def draft(kind: Kind, said: Any, arg: int = 0) -> Draft:
        signed = Signed.from_shopper(said["statement"])
        key = subjects.key(signed.statement.subject)
        body = entries.encode_body(rules.body_of(signed, said["public"]))
        return Draft(kind, (key,), signed.by, signed.statement.nonce, body, b"", b"", arg=arg)

    said = [one.saying(stars=1 + n % 5, words=f"第 {n} 条") for n, one in enumerate(buyers)]
    with node.database.write() as connection:
        drafts = [draft(Kind.CLAIM, one.claiming()) for one in buyers]
        drafts += [draft(Kind.REVIEW, one, one["public"]["stars"]) for one in said]
        taken = node.recorder._append(connection, drafts, time.time())
        bind = 'UPDATE rights SET claimed = :claimed, by = :by WHERE "right" = :right'
        connection.execute(
            text(bind),
            [
                {"claimed": accepted.first, "by": one.key.point, "right": bytes.fromhex(one.right)}
                for one, accepted in zip(buyers, taken, strict=False)
            ],
        )
        held = {bytes(r).hex(): buyer for r, buyer in connection.execute(text('SELECT "right", buyer FROM rights'))}
        keys = orders.keys(connection, node.vault, set(held.values()))
        connection.execute(
            text(
                "INSERT INTO reviews VALUES (:right, :product, :batch, :buyer, :by, :stars, 'standing', '', 'kept',"
                " 'open', :at, :first, :first, NULL, :private, :content, NULL)"
            ),
            [
                {
                    "right": bytes.fromhex(one.right), "product": GTIN, "batch": BATCH, "buyer": held[one.right],
                    "by": one.key.point, "stars": what["public"]["stars"], "at": accepted.at, "first": accepted.first,
                    "private": bytes.fromhex(what["public"]["private"]),
                    "content": seal(
                        keys[held[one.right]], canonical.encode(what["content"]),
                        b"review " + bytes.fromhex(one.right),
                    ),
                }
                for one, what, accepted in zip(buyers, said, taken[len(buyers) :], strict=True)
            ],
        )  # fmt: skip


def test_ten_thousand_reviews_of_one_product(live: Live) -> None:
    size = 10_000
    market = open_market(live, size)
    buyers = [buyer for _ in range(size // 200) for buyer in market.deliver(200)]
    market.publish()
    write_many(market, buyers[:-1])
    buyers[-1].claim()
    buyers[-1].submit(stars=5, words="最后一条")
    live.node.seal_now()
    bundle = bundle_of(live, limit="100")
    told = contents(market, 100)
    assert counted(bundle).standing == (size // 5,) * 5
    assert (len(told), len(bundle["entries"]), bundle["head"]["count"]) == (100, 100, size)
    assert {one["state"] for one in told.values()} == {"shown"}
    assert wrong(report_of(live, bundle)) == {}
    live.assert_clean()


def test_photos_are_attached_by_their_hashes_and_go_with_the_review(market: Market) -> None:
    one, other = market.buyers(2)
    first, second = (one.send_photo(image()).json()["photo"] for _ in range(2))
    assert market.live.http.get(f"/v1/photos/{first}").status_code == 404  # not shown yet
    with pytest.raises(Malformed):
        other.submit(photos=[first])
    one.submit(photos=[first])
    assert market.live.http.get(f"/v1/photos/{first}").status_code == 200
    assert market.live.http.get(f"/v1/photos/{second}").status_code == 404
    market.live.node.reviews.withhold(one.right, "personal", "PIPL-10")
    assert market.live.http.get(f"/v1/photos/{first}").status_code == 404
    market.live.node.reviews.restore(one.right, "mistake")
    one.submit("review.amend", 3, photos=[first])
    assert market.live.http.get(f"/v1/photos/{first}").status_code == 200
    one.submit("review.amend", 3)
    assert market.live.http.get(f"/v1/photos/{first}").status_code == 404
    with market.live.node.database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM photos")) == 0
