"""The page of appeals, without scripts; and its script's calls, which are the command's byte for byte."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from web3 import Web3

from live import GTIN, Live, batch_document, epc, event, items, product_document
from suyuan.bootstrap import keystore
from suyuan.chain import contracts
from suyuan.client import Author, Site
from suyuan.core import appeal, canonical
from suyuan.core.errors import ChainAway
from suyuan.web import pages
from web.node import run_node

STATIC = Path(pages.__file__).parent / "static"
HOSTILE = b"<script>alert(1)</script>\x1b[2J"


def get(live: Live, path: str = "/appeal", lang: str = "en") -> Any:
    return live.http.get(path, params={"lang": lang}, headers={"accept": "text/html"})


def ask(live: Live, *bodies: bytes) -> None:
    chain = live.node.chain
    for body in bodies:
        chain.transact(chain.prepare_appeal(keystore(live.node.settings).signer("admissions"), body))
    live.node.appeals.step()


def refused(live: Live) -> list[dict[str, Any]]:
    """What a merchant sent, and nobody took."""
    sent: list[dict[str, Any]] = []

    class Held(Site):
        def post(self, path: str, value: Any, headers: Any = None) -> Any:
            sent.append(value)
            return {}

    author = Author(Held("", http=live.http), live.signers["merchant"])
    author.list_product(GTIN, product_document('大闸蟹 \u2028 "quoted" \\ 🦀'))
    author.list_product(GTIN, product_document("x" * 5000))
    author.list_product(GTIN, {**product_document(), "weight": 1.5})
    author.register_batch(GTIN, "L1", batch_document("L1"), items("A1", "A2"))
    author.recall_batch(GTIN, "L1", {"why": {"zh": "变质", "en": "spoilt"}})
    author.reply(GTIN, "ab" * 32, "private words")
    return sent


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_says_what_an_appeal_is_and_what_it_costs(live: Live, lang: str) -> None:
    page = get(live, lang=lang)
    assert page.status_code == 200
    text = unescape(page.text)
    assert ("0.01" in text, ("3 天" if lang == "zh" else "3 days") in text) == (True, True)
    assert live.node.deployment.journal in text
    assert "suyuan appeal refused.json" in text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert ("还没有人申诉" if lang == "zh" else "Nobody has appealed yet") in text


def test_appeals_are_listed_with_what_they_ask_and_the_proof_of_their_answer(live: Live) -> None:
    ask(live, appeal.compose(refused(live)[0]).body)
    text = unescape(get(live).text)
    assert "An answer is due by" in text
    assert f"/01/{GTIN}" in text
    assert "1 in all, 1 of them open." in text
    live.node.seal_now()
    live.node.appeals.step()
    text = get(live).text
    assert "proven against seal 1" in text
    assert '<a href="/v1/entries/0">' in text
    (one,) = live.http.get("/v1/appeals").json()["appeals"]
    assert (one["state"], one["seal"], one["index"], one["asks"]["kind"]) == ("answered", 1, 0, "product")
    assert live.http.get(one["proof"]).json()["subject"] == "/appeals"


def test_junk_is_told_of_and_never_shown(live: Live) -> None:
    ask(live, HOSTILE)
    text = get(live).text
    assert f"{len(HOSTILE)} bytes that cannot be read" in text
    assert "alert(1)" not in text
    answer = live.http.get("/v1/appeals")
    assert "alert" not in answer.text
    assert answer.json()["appeals"][0]["asks"] is None


def test_what_an_appeal_names_is_escaped(live: Live) -> None:
    sent = refused(live)[0]
    sent["statement"]["subject"] = "/01/<img src=x onerror=alert(1)>"
    body = canonical.encode({"kind": "appeal", "subject": "/appeals", "public": sent})
    ask(live, body)
    assert appeal.read(body) is None
    assert "onerror" not in get(live).text


def test_appeals_are_turned_over_page_by_page(live: Live) -> None:
    ask(live, *(b"%d" % n for n in range(5)))
    first = live.http.get("/v1/appeals", params={"limit": 2}).json()
    assert ([one["number"] for one in first["appeals"]], first["before"], first["asked"]) == ([5, 4], 4, 5)
    last = live.http.get("/v1/appeals", params={"limit": 3, "before": 4}).json()
    assert ([one["number"] for one in last["appeals"]], last["before"]) == ([3, 2, 1], None)
    assert live.http.get("/v1/appeals", params={"limit": 0}).status_code == 400
    assert "№ 3" in get(live, "/appeal?before=4").text
    assert live.http.get("/appeal?before=x", headers={"accept": "text/html"}).status_code == 400


def test_where_the_chain_is_away_nothing_is_claimed(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise ChainAway("no answer")

    monkeypatch.setattr(live.node.chain, "standings", away)
    page = get(live)
    assert page.status_code == 200
    assert page.text.count("The chain does not answer, so this cannot be told now.") == 2
    assert 'id="builder"' not in page.text
    assert live.http.get("/v1/appeals").status_code == 503


def test_the_script_makes_the_command_s_appeal_byte_for_byte(live: Live) -> None:
    sent = refused(live)
    script = """
      import { compose, callOf } from 'STATIC/appeal_body.js';
      let text = ''; for await (const chunk of process.stdin) text += chunk;
      const answers = [];
      for (const one of JSON.parse(text)) {
        try {
          const { body, leftOut } = await compose(one);
          answers.push([Buffer.from(body).toString('hex'), leftOut, callOf(body)]);
        } catch (error) { answers.push(error.code); }
      }
      console.log(JSON.stringify(answers));
    """.replace("STATIC", STATIC.as_uri())
    long = json.loads(json.dumps(sent[0]))
    long["public"]["more"] = "x" * 4096
    long["statement"]["content"] = canonical.digest(long["public"]).hex()
    forged = {**sent[0], "public": {**sent[0]["public"], "document": "00" * 32}}
    events = live.merchant.sign_event(event(epc("A1")), None)
    ran = run_node("--input-type=module", "-e", script, stdin=json.dumps([*sent, long, forged, events, {}, []]))
    assert ran.returncode == 0, ran.stderr
    answers = json.loads(ran.stdout)
    journal = Web3().eth.contract(abi=contracts.artifact("Journal")["abi"])
    for one, (body, left_out, call) in zip(sent, answers, strict=False):
        expected = appeal.compose(one)
        assert (bytes.fromhex(body), tuple(left_out)) == (expected.body, expected.left_out)
        assert call == journal.encode_abi("appeal", [expected.body])
        assert b"private words" not in expected.body
    assert answers[len(sent) :] == ["long", "other", "event", "unsigned", "unsigned"]
