"""The calls of buyers, the operator, merchants and readers, over HTTP: answers, problems, headers."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from api.test_problems import assert_problem
from live import GTIN, Live
from market import REVIEWS, Buyer, Market, image, open_market
from suyuan.bootstrap import keystore
from suyuan.services.claim import WRONG_CODES
from web.node import run_node
from web.test_verifier import VERIFIER

JSON = {"content-type": "application/json"}


@pytest.fixture
def market(live: Live) -> Market:
    return open_market(live)


def post(market: Market, path: str, said: Any) -> httpx.Response:
    return market.live.http.post(path, json=said)


def test_a_buyers_whole_way(market: Market) -> None:
    live = market.live
    (buyer,) = market.deliver(1)
    early = assert_problem(post(market, "/v1/claims", buyer.claiming()), 409)
    assert (early["type"], early["from"] > time.time()) == ("urn:suyuan:problem:TooEarly", True)
    assert live.http.get(f"/v1/rights/{buyer.right}").json()["from"] == early["from"]
    market.publish()
    claimed = post(market, "/v1/claims", buyer.claiming())
    assert (claimed.status_code, set(claimed.json())) == (201, {"index", "receipt"})
    photo = buyer.send_photo(image())
    assert photo.status_code == 201
    said = buyer.saying(stars=4, photos=[photo.json()["photo"]])
    written = post(market, "/v1/reviews", said)
    assert (written.status_code, set(written.json())) == (201, {"index", "receipt"})
    assert post(market, "/v1/reviews", said).json() == written.json()
    told = live.http.get("/v1/reviews", params={"product": f"/01/{GTIN}"}).json()
    assert told["contents"][buyer.right]["content"] == said["content"]
    kept = post(market, "/v1/exports", buyer.asking("export"))
    assert (kept.status_code, kept.headers["cache-control"]) == (200, "no-store")
    erased = post(market, "/v1/erasures", buyer.asking("erase", basis="PIPL-47"))
    assert (erased.status_code, [e["right"] for e in erased.json()["reviews"]]) == (201, [buyer.right])
    assert live.http.get(f"/v1/photos/{photo.json()['photo']}").status_code == 404
    assert live.http.get(f"/v1/rights/{buyer.right}").json()["state"] == "reviewed"
    live.node.seal_now()
    live.assert_clean()


def test_an_items_claim_answers_whether_a_right_comes_of_it(market: Market) -> None:
    said = market.claiming_item("S00000")
    answer = post(market, "/v1/claims", said)
    assert (answer.status_code, answer.json()["right"]) == (201, "waiting")
    again = assert_problem(post(market, "/v1/claims", market.claiming_item("S00000")), 409)
    assert "claimed before" in again["detail"]


def test_the_operator_decides_and_the_merchant_replies(market: Market) -> None:
    (buyer,) = market.buyers(1)
    post(market, "/v1/reviews", buyer.saying(stars=1))
    operator = keystore(market.live.node.settings).signer("operator")
    public = {"right": buyer.right, "reason": "abuse", "basis": "ECO-7"}
    held = post(market, "/v1/decisions", market.by_participant(operator, "review.withhold", REVIEWS, public))
    assert held.status_code == 201
    told = market.live.http.get("/v1/reviews", params={"product": GTIN, "limit": "5"}).json()
    assert told == {
        "contents": {buyer.right: {"state": "withheld"}},
        "withheld": {"abuse": {"count": 1, "entries": [held.json()["index"]]}},
    }
    merchant = market.by_participant(market.live.signers["merchant"], "review.withhold", REVIEWS, public)
    assert_problem(post(market, "/v1/decisions", merchant), 403)
    assert_problem(post(market, "/v1/replies", market.replying("other", buyer.right)), 403)
    assert post(market, "/v1/replies", market.replying("merchant", buyer.right)).status_code == 201


def test_who_guesses_codes_is_told_when_to_come_again(market: Market, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(WRONG_CODES):
        guess = market.claiming_item("S00000", secrets.token_bytes(16))
        assert_problem(post(market, "/v1/claims", guess), 401)
    answer = post(market, "/v1/claims", market.claiming_item("S00000", secrets.token_bytes(16)))
    assert_problem(answer, 429)
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert "testclient" not in caplog.text  # addresses are written nowhere


@pytest.mark.parametrize(
    "path", ["claims", "reviews", "decisions", "replies", "erasures", "exports"]
)  # fmt: skip
def test_what_makes_no_sense_is_a_problem_and_leaves_nothing(market: Market, path: str) -> None:
    (buyer,) = market.buyers(1)
    buyer.submit()
    good = buyer.saying()
    bad: list[Any] = [
        {}, {"statement": None}, {"statement": {}, "public": {}}, {"statement": good["statement"], "public": []},
        {"statement": [1], "public": 5},
        {"statement": {**good["statement"], "by": "05" * 65}, "public": good["public"]},
        {"statement": {**good["statement"], "kind": ["review"]}, "public": good["public"], "content": {"salt": 1}},
    ]  # fmt: skip
    with market.live.nothing_written():
        for said in bad:
            answer = post(market, f"/v1/{path}", said)
            assert answer.status_code in (400, 401, 403), answer.text
            assert_problem(answer, answer.status_code)
        http = market.live.http
        assert_problem(http.post(f"/v1/{path}", content=b"{", headers=JSON), 400)
        assert_problem(http.post(f"/v1/{path}", content=b" " * 300_000, headers=JSON), 413)
        assert_problem(http.post(f"/v1/{path}", content=b"{}", headers={"content-type": "text/html"}), 415)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/rights/xyz", 400), (f"/v1/rights/{'ab' * 32}", 404), ("/v1/photos/xyz", 400),
        (f"/v1/photos/{'ab' * 32}", 404), ("/v1/reviews", 400), ("/v1/reviews?product=1", 400),
        (f"/v1/reviews?product={GTIN}&limit=0", 400), (f"/v1/reviews?product={GTIN}&limit=1001", 400),
        (f"/v1/reviews?product={GTIN}&limit=٣", 400), ("/v1/entries/x", 400), ("/v1/entries/-1", 400),
        ("/v1/entries/999999", 404), ("/v1/entries/9999999999999999", 400), ("/v1/copies", 400),
    ],
)  # fmt: skip
def test_questions_that_make_no_sense_are_problems(market: Market, path: str, status: int) -> None:
    assert_problem(market.live.http.get(path, headers={"accept": "application/json"}), status)


def test_copies_are_for_the_merchant_who_signs(market: Market) -> None:
    signer = market.live.signers["merchant"]
    item = f"/01/{GTIN}/21/S00001"
    for city in ("suzhou", "chengdu"):
        market.live.node.watch.scanned(item, city)
    statement = market.by_participant(signer, "copies", f"/merchant/{signer.address}", {})["statement"]
    answer = market.live.http.get("/v1/copies", headers={"suyuan-statement": json.dumps(statement)})
    assert [one["subject"] for one in answer.json()["copies"]] == [item]
    bent = {**statement, "subject": f"/merchant/{market.live.signers['other'].address}"}
    assert_problem(market.live.http.get("/v1/copies", headers={"suyuan-statement": json.dumps(bent)}), 400)
    assert_problem(market.live.http.get("/v1/copies", headers={b"suyuan-statement": b"\xe9{"}), 400)


def test_the_browsers_verifier_agrees_with_a_bundle_of_reviews(market: Market) -> None:
    """Without a chain, so (1), (7) and (9) could not be checked; all else holds, and a bent claim fails."""
    buyers = market.buyers(3)
    for n, buyer in enumerate(buyers):
        buyer.submit(stars=n + 2)
    market.live.node.reviews.withhold(buyers[0].right, "abuse", "CC-1024")
    buyers[1].submit("review.amend", 1)
    market.live.node.seal_now()
    bundle = market.live.http.get("/v1/proof", params={"subject": REVIEWS, "limit": "2"}).json()
    assert {e["subject"] for e in bundle["support"]} == {REVIEWS.replace("reviews", "rights")}
    deployment = market.live.node.deployment
    program = (
        f"import * as v from {json.dumps(VERIFIER.as_uri())};"
        "let text = ''; for await (const part of process.stdin) text += part;"
        "const { bundle, pinned, now } = JSON.parse(text);"
        "const found = await v.verify(bundle, { pinned, now });"
        "console.log(JSON.stringify(found.obligations.map((o) => [o.state, o.code, o.detail])));"
    )

    def states(value: Any) -> list[str]:
        given = {
            "bundle": value, "pinned": {"chain": deployment.chain_id, "journal": deployment.journal},
            "now": int(time.time()),
        }  # fmt: skip
        done = run_node("--input-type=module", "--eval", program, stdin=json.dumps(given))
        assert done.returncode == 0, done.stderr
        return [state for state, _, _ in json.loads(done.stdout)]

    assert states(bundle) == ["unchecked", *["holds"] * 5, "unchecked", "holds", "holds"]
    bent = json.loads(json.dumps(bundle))
    bent["support"][0]["body"]["by"] = buyers[2].key.point
    assert "fails" in states(bent)


def test_many_rights_are_asked_for_one_after_the_other(market: Market) -> None:
    buyers = market.deliver(3)
    assert [market.live.http.get(f"/v1/rights/{b.right}").json()["state"] for b in buyers] == ["waiting"] * 3
    assert market.live.http.get(f"/v1/rights/{Buyer(market.live, '00' * 16).right}").status_code == 404


def test_a_photo_over_its_limit_is_not_even_read(make_live: Callable[..., Live]) -> None:
    market = open_market(make_live(body_limit=2048))
    (buyer,) = market.buyers(1)
    data = image("PNG", (300, 300))
    assert buyer.send_photo(data).status_code == 201  # photos have a limit of their own
    headers = {**buyer.photo_headers(data), "content-length": str(9 * 2**20)}
    assert_problem(market.live.http.post("/v1/photos", content=data, headers=headers), 413)
