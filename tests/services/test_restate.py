"""A journal in which nobody records anything stays one that can be checked."""

from __future__ import annotations

import time

from live import GTIN, Live, event
from suyuan.core import proof
from suyuan.core.proof import State
from suyuan.services.restate import EVERY, FIRST, SUBJECT, Restater


def restater(live: Live, ahead: float) -> Restater:
    node = live.node
    return Restater(
        node.database, node.recorder, {"promise": 1}, heard=node.prover.heard, clock=lambda: time.time() + ahead
    )


def test_an_idle_journal_gets_the_terms_once_a_day_and_a_seal_with_them(live: Live) -> None:
    live.merchant.capture_event(event())
    live.node.seal_now()
    assert not restater(live, EVERY - 60).step()
    assert restater(live, EVERY + 60).step()
    assert not restater(live, EVERY + 60).step()  # what waits will be sealed
    live.node.seal_now()
    live.assert_clean()
    bundle = live.http.get("/v1/proof", params={"subject": SUBJECT}).json()
    judge = live.node.chain
    report = proof.verify(proof.parse(bundle), pinned=judge.deployment(), now=int(time.time()), judge=judge)
    assert report.state is State.HOLDS, report
    assert list(bundle["documents"].values()) == [{"promise": 1}]


def test_a_new_journal_that_stays_empty_begins_with_the_terms(live: Live) -> None:
    times = iter((0.0, FIRST - 1.0, FIRST, FIRST))
    node = live.node
    new = Restater(node.database, node.recorder, {"promise": 1}, heard=node.prover.heard, clock=lambda: next(times))
    assert [new.step(), new.step(), new.step()] == [False, True, False]
    node.seal_now()
    assert live.http.get("/v1/proof", params={"subject": f"/01/{GTIN}"}).status_code == 404


def test_a_journal_that_somebody_wrote_in_gets_none_before_its_first_seal(live: Live) -> None:
    live.merchant.capture_event(event())
    assert not restater(live, EVERY + 60).step()
