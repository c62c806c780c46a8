"""The port's appeals and faults, on the embedded chain and on an anvil node."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from eth_utils.address import to_checksum_address

from chain.conftest import World
from suyuan.chain.deploy import APPEAL_FEE, GRACE_PERIOD
from suyuan.chain.port import (
    Answer,
    BrokenPromise,
    Evidence,
    Fault,
    FaultProof,
    Fork,
    Lateness,
    Misstep,
    Omission,
    Standings,
)
from suyuan.chain.transactions import created_address
from suyuan.core import entries
from suyuan.core.entries import Header
from suyuan.core.errors import ChainAway, ChainRefused
from suyuan.core.proof import Predecessor, Proven, Seal
from suyuan.core.statements import Receipt, domain

KEY, BODY = b"\x21" * 32, b"an appeal"
APPEALS = sha256(b"/appeals").digest()


def header(kind: int = 1, **changes: object) -> Header:
    return replace(Header(kind, 0, KEY, 0, bytes(32), 1, bytes(32), sha256(BODY).digest()), **changes)


def sealed(world: World, one: Header, answer: bool = False) -> tuple[Seal, Evidence]:
    """Seals a journal of one entry, with heads that hold nothing."""
    leaf = entries.leaf(one.encode())
    wanted = Seal(1, 1, leaf, bytes(32), 0)
    answers = [Answer(one.encode(), 0, [])] if answer else []
    world.chain.transact(world.chain.prepare_seal(wanted, [], answers))
    (seal,) = world.chain.journal_seals()
    return seal, Evidence(seal, one.encode(), 0, [])


def proven(world: World, fault: FaultProof, expected: Fault) -> None:
    outcome = world.chain.transact(world.chain.prepare_fault(world.signer("operator"), fault))
    (record,) = world.chain.faults()
    assert (expected, outcome.block, outcome.tx) == (record.fault, record.block, record.tx)
    late = expected is Fault.LATENESS
    standings = world.chain.standings()
    assert (Fault.NONE if late else expected, int(late)) == (standings.ended, standings.late)


def receipt(world: World, leaf: bytes) -> tuple[Receipt, bytes]:
    made = Receipt(leaf, 0, 1, 1, 2)
    separator = domain(world.deployment.chain_id, world.deployment.journal)
    return made, world.signer("receipts").sign(made.digest(separator))


def test_appeals_are_read_with_bodies_and_answers(world: World) -> None:
    assert Standings(Fault.NONE, 0, 0, 0, 0, GRACE_PERIOD, APPEAL_FEE) == world.chain.standings()
    operator = world.signer("operator")
    for _ in range(2):
        world.chain.transact(world.chain.prepare_appeal(operator, BODY))
    first, second = world.chain.appeals()
    assert (1, operator.address, BODY, None) == (first.number, first.by, first.body, first.answered)
    assert first.asked_at <= second.asked_at
    assert (2, 0, first.asked_at) == _queue(world)

    _, evidence = sealed(world, header(19, key=APPEALS), answer=True)
    assert (2, 1, second.asked_at) == _queue(world)
    world.chain.transact(world.chain.prepare_answer(operator, evidence))
    assert (2, 2, 0) == _queue(world)
    assert [(1, 0), (1, 0)] == [one.answered for one in world.chain.appeals()]
    with pytest.raises(ChainRefused, match="NoAppealOpen"):
        world.chain.prepare_answer(operator, evidence)


def _queue(world: World) -> tuple[int, int, int]:
    found = world.chain.standings()
    return found.asked, found.answered, found.waiting_since


def test_prepare_fault_proves_an_omission_and_ends_the_journal(world: World) -> None:
    seal, entry = sealed(world, header())
    proven(world, Omission(entry, seal, None, []), Fault.OMISSION)
    with pytest.raises(ChainRefused, match=r"JournalEnded\(1\)"):
        world.chain.prepare_seal(Seal(2, 2, KEY, bytes(32), 0), [])


def test_prepare_fault_proves_a_fork(world: World) -> None:
    _, entry = sealed(world, header(prev=KEY))
    proven(world, Fork([entry]), Fault.FORK)


def test_prepare_fault_proves_a_misstep(world: World) -> None:
    _, entry = sealed(world, header(state=KEY))
    proven(world, Misstep([entry]), Fault.MISSTEP)


def test_prepare_fault_proves_a_broken_promise(world: World) -> None:
    made, signature = receipt(world, KEY)
    seal, entry = sealed(world, header())
    leaf = entries.leaf(entry.header)
    proven(world, BrokenPromise(made, signature, 0, KEY, [], seal, leaf, []), Fault.BROKEN_PROMISE)


@pytest.mark.parametrize("covered", [False, True])
def test_prepare_fault_proves_lateness(world: World, covered: bool) -> None:
    made, signature = receipt(world, KEY)
    seal = sealed(world, header())[0] if covered else None
    proven(world, Lateness(made, signature, None, seal), Fault.LATENESS)
    with pytest.raises(ChainRefused, match="AlreadyCounted"):
        world.chain.prepare_fault(world.signer("operator"), Lateness(made, signature, None, seal))


def test_prepare_fault_of_an_honest_entry_is_refused(world: World) -> None:
    _, entry = sealed(world, header())
    with pytest.raises(ChainRefused, match=r"NoFault\(2\)"):
        world.chain.prepare_fault(world.signer("operator"), Fork([entry]))


def test_verifiers_are_told_what_was_proven(world: World) -> None:
    assert Proven(world.deployment.journal, "", 0) == world.chain.proven()
    _, evidence = sealed(world, header(prev=b"\x99" * 32))
    made = world.chain.prepare_fault(world.signer("operator"), Fork([evidence]))
    before = world.chain.as_of()
    world.chain.transact(made)
    assert Proven(world.deployment.journal, "fork", 0) == world.chain.proven()
    assert Proven(world.deployment.journal, "", 0) == before.proven()


def test_a_contract_that_keeps_no_faults_does_not_say(world: World) -> None:
    older = world.chain.as_of()
    older.use(replace(world.deployment, journal=world.deployment.merchants))
    with pytest.raises(ChainAway, match="does not say what was proven"):
        older.proven()
    with pytest.raises(ChainAway, match="keeps no verifier"):
        older.verifier_since(bytes(32))


def test_predecessors_are_followed(world: World) -> None:
    assert world.chain.predecessor() is None
    seal, _ = sealed(world, header())
    d = world.deployment
    given = (seal.number, seal.size, seal.root, seal.heads, seal.sealed_at)
    named = [to_checksum_address(one) for one in (d.merchants, d.batches, d.journal)]
    admin = world.signer("admin")
    made = world.chain.prepare_deploy(admin, "Journal", *named, given, 60, 60, 1, to_checksum_address(admin.address))
    world.chain.transact(made)
    newer = world.chain.journal_at(created_address(admin.address, made.nonce))
    assert Predecessor(d.journal, seal) == newer.predecessor()
    older = newer.journal_at(d.journal)
    assert older.confirms(seal)
    assert not newer.confirms(seal)
    with pytest.raises(ChainAway):
        world.chain.journal_at("0x" + "77" * 20)
