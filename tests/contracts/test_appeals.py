"""Journal: appeals, their answers, and the seals that are not taken without."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from contracts.deployments import FEE, GRACE, Deployment
from contracts.nodes import ZERO, Refused
from contracts.test_journal import address
from contracts.test_judging import History
from proof_trees import consistency, inclusion
from suyuan.core.entries import Header

ADMIN, REGULATOR, MERCHANT, STRANGER = range(4)
KEY = sha256(b"/appeals").digest()


@pytest.fixture
def history(deployed: Deployment) -> History:
    return History(deployed, deployed.journal)


def ask(history: History, body: bytes, fee: int = FEE) -> Any:
    return history.deployed.send(history.journal.functions.appeal(body), STRANGER, fee)


def include(history: History, text: bytes, **changes: Any) -> None:
    values = {"kind": 19, "arg": 0, "key": KEY, "seq": len(history.headers), "prev": bytes(32), "at": 1}
    content = {"state": bytes(32), "body": sha256(text).digest()}
    history.forge(Header(**{**values, **content, **changes}))


def sealing(history: History, *answering: int) -> Any:
    """A seal of all there is, with the entries at these indexes as answers."""
    old, new, tree = (history.seals[-1][1] if history.seals else 0), len(history.headers), history.tree
    answers = [(history.headers[i].encode(), i, inclusion(i, new, tree)) for i in answering]
    return history.journal.functions.seal(new, tree(0, new), bytes(32), consistency(old, new, tree), answers)


def seal(history: History, *answering: int) -> Any:
    done = history.deployed.send(sealing(history, *answering))
    size = len(history.headers)
    history.seals.append((len(history.seals) + 1, size, history.tree(0, size), bytes(32), history.deployed.node.now()))
    return done


def refused(history: History, call: Any, sender: int = ADMIN, value: int = 0) -> Refused:
    with pytest.raises(Refused) as caught:
        history.deployed.send(call, sender, value)
    return caught.value


def queue(history: History) -> tuple[int, int]:
    asked, answered = history.deployed.call(history.journal.functions.appeals())
    return asked, answered


def opened(history: History, number: int) -> tuple[bytes, int]:
    body, asked_at = history.deployed.call(history.journal.functions.openAppeal(number))
    return body, asked_at


def test_appeal_waits_in_the_queue_and_tells_its_body(history: History) -> None:
    for number, body in enumerate((b"one", b"", b"x" * 4096), start=1):
        told = history.deployed.node.events(history.journal, ask(history, body))
        assert [("Appealed", {"number": number, "by": address(STRANGER), "body": body})] == told
        assert (sha256(body).digest(), history.deployed.node.now()) == opened(history, number)
        assert (number, 0) == queue(history)


def test_appeal_for_another_fee_or_too_long_is_refused(history: History) -> None:
    appeal = history.journal.functions.appeal
    for fee in (0, FEE - 1, FEE + 1):
        assert Refused("FeeDiffers", (FEE, fee)) == refused(history, appeal(b"x"), STRANGER, fee)
    assert Refused("BodyTooLong", (4096, 4097)) == refused(history, appeal(b"x" * 4097), STRANGER, FEE)
    assert (0, 0) == queue(history)


def test_answer_by_anyone_against_any_seal_takes_the_oldest_off(history: History) -> None:
    include(history, b"one")  # accepted before it was asked for
    include(history, b"two")
    seal(history)
    include(history, b"three")
    seal(history)
    for body in (b"one", b"two"):
        ask(history, body)
    answer = history.journal.functions.answer
    early, second = history.evidence(0, history.seals[0]), history.evidence(1)
    assert Refused("NotAnAnswer", (1, sha256(b"one").digest())) == refused(history, answer(second), STRANGER)
    told = history.deployed.node.events(history.journal, history.deployed.send(answer(early), STRANGER))
    values = {"number": 1, "body": sha256(b"one").digest(), "sealNumber": 1, "index": 0}
    assert [("Answered", values)] == told
    assert (bytes(32), 0) == opened(history, 1)
    history.deployed.send(answer(second), STRANGER)
    assert (2, 2) == queue(history)
    assert Refused("NoAppealOpen", ()) == refused(history, answer(second), STRANGER)


@pytest.mark.parametrize("changes", [{"kind": 1}, {"key": bytes(32)}, {"body": bytes(32)}])
def test_answer_by_another_header_is_refused(history: History, changes: dict[str, Any]) -> None:
    ask(history, b"one")
    include(history, b"one", **changes)
    expected = Refused("NotAnAnswer", (1, sha256(b"one").digest()))
    assert expected == refused(history, sealing(history, 0))
    seal(history)
    assert expected == refused(history, history.journal.functions.answer(history.evidence(0)))


def test_answer_without_its_proof_is_refused(history: History) -> None:
    ask(history, b"one")
    include(history, b"one")
    include(history, b"two")
    sealed = (seal(history), history.seals[0])[1]
    evidence = history.evidence(0)
    answer = history.journal.functions.answer
    assert "NotIncluded" == refused(history, answer((*evidence[:3], []))).name
    assert "NotIncluded" == refused(history, answer((*evidence[:2], 1, evidence[3]))).name
    assert "NotASeal" == refused(history, answer(((2, *sealed[1:]), *evidence[1:]))).name
    assert "HeaderLength" == refused(history, answer((sealed, evidence[1][:-1], *evidence[2:]))).name


def test_seal_within_the_grace_period_needs_no_answer(history: History) -> None:
    ask(history, b"one")
    include(history, b"one")
    history.deployed.node.wait(GRACE - 60)
    seal(history)
    assert (1, 0) == queue(history)


def test_seal_past_the_grace_period_is_taken_with_the_answer_alone(history: History) -> None:
    ask(history, b"one")
    asked_at = opened(history, 1)[1]
    history.deployed.node.wait(GRACE + 1)
    ask(history, b"two")
    include(history, b"junk")
    assert Refused("AppealOverdue", (1, asked_at)) == refused(history, sealing(history))
    assert Refused("NotAnAnswer", (1, sha256(b"one").digest())) == refused(history, sealing(history, 0))
    include(history, b"one")
    told = history.deployed.node.events(history.journal, seal(history, 1))
    assert ["Answered", "Sealed"] == [name for name, _ in told]
    assert (2, 1) == queue(history)  # the second is not overdue
    include(history, b"two")
    seal(history, 2)
    assert (2, 2) == queue(history)
    include(history, b"three")
    assert Refused("NoAppealOpen", ()) == refused(history, sealing(history, 3))
    seal(history)


def test_seal_past_the_grace_period_is_free_after_an_answer_alone(history: History) -> None:
    include(history, b"one")
    seal(history)
    ask(history, b"one")
    history.deployed.node.wait(GRACE + 1)
    include(history, b"two")
    assert "AppealOverdue" == refused(history, sealing(history)).name
    history.deployed.send(history.journal.functions.answer(history.evidence(0)), STRANGER)
    seal(history)


def test_seal_answers_all_that_are_overdue_or_32(history: History) -> None:
    """Junk by the dozen: every seal takes 32 off, and the last one the rest."""
    for number in range(70):
        ask(history, bytes([number]))
        include(history, bytes([number]))
    history.deployed.node.wait(GRACE + 1)
    assert "AppealOverdue" == refused(history, sealing(history, *range(31))).name
    done = seal(history, *range(32))
    assert done["gasUsed"] < 2_000_000
    include(history, b"more")
    seal(history, *range(32, 64))
    include(history, b"more")
    assert "AppealOverdue" == refused(history, sealing(history, *range(64, 69))).name
    seal(history, *range(64, 70))
    assert (70, 70) == queue(history)


def test_collect_fees_by_the_regulator_alone(history: History) -> None:
    ask(history, b"one")
    ask(history, b"two")
    balance = history.deployed.node.w3.eth.get_balance
    collect = history.journal.functions.collectFees
    to = "0x" + "00" * 19 + "77"
    for sender in (ADMIN, MERCHANT, STRANGER):
        assert Refused("NotARegulator", (address(sender).lower(),)) == refused(history, collect(to), sender)
    assert Refused("ZeroAddress", ()) == refused(history, collect(ZERO), REGULATOR)
    before = balance(to)
    told = history.deployed.node.events(history.journal, history.deployed.send(collect(to), REGULATOR))
    assert [("FeesCollected", {"by": address(REGULATOR), "to": to, "amount": 2 * FEE})] == [
        (name, {**values, "to": values["to"].lower()}) for name, values in told
    ]
    assert (2 * FEE, 0) == (balance(to) - before, balance(history.journal.address))
