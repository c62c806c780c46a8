"""How the journal stands, audits handed in and transactions, over HTTP: answers, problems, headers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.test_problems import assert_problem
from live import Live, epc, event
from services.test_oversee import prove_a_fork, summed_up
from suyuan.core.errors import ChainAway
from suyuan.services.oversee import BODY_LIMIT, HANDED_IN


@pytest.fixture
def world(live: Live) -> Live:
    live.merchant.capture_event(event(epc("A1")))
    live.node.seal_now()
    return live


def hand_in(live: Live, said: Any) -> httpx.Response:
    return live.http.post("/v1/audits", json=said)


def test_the_standing_of_a_sound_journal(world: Live) -> None:
    answer = world.http.get("/v1/standing")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert {name: answer.json()[name] for name in ("chain", "journal", "ended", "fault", "lateReceipts")} == {
        "chain": world.node.deployment.chain_id, "journal": world.node.deployment.journal, "ended": "none",
        "fault": None, "lateReceipts": 0,
    }  # fmt: skip
    assert answer.json()["appeals"] == {
        "asked": 0, "answered": 0, "oldest": "empty", "waitingSince": None, "due": None,
    }  # fmt: skip
    assert (answer.json()["gracePeriod"], answer.json()["appealFee"]) == (3 * 86_400, str(10**16))


def test_the_standing_of_a_journal_with_a_proven_fault_leads_to_its_transaction(world: Live) -> None:
    tx = "0x" + prove_a_fork(world).hex()
    told = world.http.get("/v1/standing").json()
    assert (told["ended"], told["fault"]["transaction"]) == ("fork", tx)
    shown = world.http.get(f"/v1/transactions/{tx}").json()
    assert shown["receipt"]["transactionHash"] == tx
    assert int(shown["receipt"]["blockNumber"], 16) == told["fault"]["block"]


def test_nothing_is_said_of_a_chain_that_is_away(world: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> Any:
        raise ChainAway("the node does not answer")

    monkeypatch.setattr(world.node.chain, "rpc", away)
    assert_problem(world.http.get("/v1/standing"), 503)


def test_an_audit_that_is_handed_in_is_given_to_whoever_asks_as_it_was_signed(world: Live) -> None:
    said = summed_up(world)
    taken = hand_in(world, said)
    assert (taken.status_code, taken.json()["root"]) == (201, "same")
    assert hand_in(world, said).status_code == 201
    for query in ("", f"?by={said['statement']['by'].upper().replace('0X', '0x')}"):
        answer = world.http.get(f"/v1/audits{query}")
        assert [{name: one[name] for name in said} for one in answer.json()["audits"]] == [said]
    assert world.http.get("/v1/audits?by=0x" + "00" * 20).json() == {"audits": []}


@pytest.mark.parametrize("limit", ["0", "-1", "101", "x", "1e2", "²"])
def test_a_list_is_asked_for_in_bounds(world: Live, limit: str) -> None:
    assert_problem(world.http.get("/v1/audits", params={"limit": limit}), 400)


def test_what_is_no_audit_is_refused_and_not_kept(world: Live) -> None:
    said = summed_up(world)
    forged = {**said, "statement": {**said["statement"], "by": world.signers["partner"].address}}
    assert_problem(hand_in(world, forged), 401)
    assert_problem(hand_in(world, {**said, "public": {**said["public"], "note": "words"}}), 400)
    assert_problem(hand_in(world, []), 400)
    assert_problem(hand_in(world, {"public": "x" * BODY_LIMIT}), 413)
    assert_problem(world.http.post("/v1/audits", content=b"{}", headers={"content-type": "text/plain"}), 415)
    assert world.http.get("/v1/audits").json() == {"audits": []}


def test_who_hands_in_too_many_is_told_when_to_come_back(world: Live) -> None:
    said = summed_up(world)
    for _ in range(HANDED_IN):
        hand_in(world, said)
    late = hand_in(world, said)
    assert_problem(late, 429)
    assert 0 < int(late.headers["retry-after"]) <= 60


@pytest.mark.parametrize(("hash", "status"), [("0x" + "00" * 32, 404), ("latest", 400), ("0x00", 400)])
def test_a_transaction_that_is_none(world: Live, hash: str, status: int) -> None:
    assert_problem(world.http.get(f"/v1/transactions/{hash}"), status)
