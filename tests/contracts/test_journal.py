"""Journal: seals that go on from one another, receipt keys, and proofs against seals."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from web3.contract import Contract

from contracts import heads_reference
from contracts.deployments import FEE, GRACE, NO_SEAL, PROMISE, TERMS, Deployment
from contracts.nodes import DAY, ZERO, Refused, accounts, malformed, sign
from proof_trees import EMPTY, Subtree, consistency, inclusion, of_leaves, uniform

ADMIN, REGULATOR, MERCHANT, STRANGER, RECEIPTS, OTHER = range(6)
HEADERS = [bytes([1, 3, 0]) + bytes([i]) * 144 for i in range(40)]
TREE = of_leaves([sha256(b"\0" + header).digest() for header in HEADERS])
HEADS = [sha256(b"heads" + bytes([i])).digest() for i in range(41)]
GROWTH = 2**24
LAST = 2**64 - 1
DEFAULT_ADMIN = bytes(32)
RECEIPT = "bytes32 leaves,uint64 index,uint64 count,uint64 issuedAt,uint64 sealBy"
VALID, BAD_SIGNATURE, UNKNOWN_KEY, OUT_OF_BOUNDS = range(4)


def address(index: int) -> str:
    return accounts()[index].address


def sealing(journal: Contract, old: int, new: int, tree: Subtree = TREE, heads: bytes = HEADS[0]) -> Any:
    return journal.functions.seal(new, tree(0, new), heads, consistency(old, new, tree), [])


def seal(deployed: Deployment, old: int, new: int, heads: bytes = HEADS[0]) -> tuple[Any, ...]:
    """Seal the journal of HEADERS; the seal."""
    deployed.send(sealing(deployed.journal, old, new, heads=heads))
    number = deployed.call(deployed.journal.functions.seals())
    return (number, new, TREE(0, new), heads, deployed.node.now())


def is_seal(deployed: Deployment, given_seal: tuple[Any, ...]) -> bool:
    return bool(deployed.call(deployed.journal.functions.isSeal(*given_seal)))


def arguments(deployed: Deployment, predecessor: str, from_seal: tuple[Any, ...]) -> tuple[Any, ...]:
    """Of the constructor."""
    registries = (deployed.merchants.address, deployed.batches.address)
    return (*registries, predecessor, from_seal, *TERMS, address(ADMIN))


def successor(deployed: Deployment, predecessor: str, from_seal: tuple[Any, ...]) -> Contract:
    """A journal that goes on from a seal, with the admin as its sealer."""
    journal = deployed.node.deploy("Journal", *arguments(deployed, predecessor, from_seal))
    deployed.send(journal.functions.grantRole(journal.functions.SEALER_ROLE().call(), address(ADMIN)))
    return journal


def begun_at(deployed: Deployment, size: int, tree: Subtree) -> Contract:
    """A journal of any size, whose predecessor agrees to everything."""
    anyone = deployed.node.deploy("AnyPredecessor")
    return successor(deployed, anyone.address, (1, size, tree(0, size), HEADS[1], 1))


# Construction


def test_constructor_names_the_deployment(deployed: Deployment) -> None:
    functions = deployed.journal.functions
    assert deployed.merchants.address == deployed.call(functions.merchants())
    assert deployed.batches.address == deployed.call(functions.batches())
    assert ZERO == deployed.call(functions.predecessor())
    assert NO_SEAL == tuple(deployed.call(functions.predecessorSeal()))
    assert PROMISE == deployed.call(functions.promiseBound())
    assert GRACE == deployed.call(functions.gracePeriod())
    assert FEE == deployed.call(functions.appealFee())


def test_head_of_a_new_journal_is_the_empty_tree(deployed: Deployment) -> None:
    assert [0, 0, EMPTY, heads_reference.EMPTY] == deployed.call(deployed.journal.functions.head())
    assert 0 == deployed.call(deployed.journal.functions.seals())
    assert not is_seal(deployed, (0, 0, EMPTY, bytes(32), 0))
    assert not is_seal(deployed, NO_SEAL)


def test_constructor_goes_on_from_any_seal_of_the_predecessor(deployed: Deployment) -> None:
    older = seal(deployed, 0, 5, HEADS[5])
    seal(deployed, 5, 9, HEADS[9])
    journal = successor(deployed, deployed.journal.address, older)

    assert deployed.journal.address == deployed.call(journal.functions.predecessor())
    assert older == tuple(deployed.call(journal.functions.predecessorSeal()))
    assert [5, older[4], TREE(0, 5), HEADS[5]] == deployed.call(journal.functions.head())
    assert 0 == deployed.call(journal.functions.seals())
    assert not deployed.call(journal.functions.isSeal(*older))

    deployed.send(sealing(journal, 5, 7))
    assert 1 == deployed.call(journal.functions.seals())
    with pytest.raises(Refused) as refused:
        deployed.send(journal.functions.seal(9, TREE(0, 9), HEADS[0], [], []))
    assert Refused("NotConsistent", (7, TREE(0, 7), 9, TREE(0, 9))) == refused.value


def test_constructor_refuses_what_the_predecessor_did_not_seal(deployed: Deployment) -> None:
    sealed = seal(deployed, 0, 5)
    wrong = [(2, *sealed[1:]), NO_SEAL]
    wrong += [(*sealed[:i], value, *sealed[i + 1 :]) for i, value in ((1, 6), (2, EMPTY), (3, EMPTY), (4, 1))]
    for from_seal in wrong:
        with pytest.raises(Refused) as refused:
            deployed.node.deploy("Journal", *arguments(deployed, deployed.journal.address, from_seal))
        assert Refused("NotASeal", (deployed.journal.address.lower(), from_seal)) == refused.value


def test_constructor_without_predecessor_refuses_a_seal(deployed: Deployment) -> None:
    for i, value in enumerate((1, 1, EMPTY, EMPTY, 1)):
        from_seal = (*NO_SEAL[:i], value, *NO_SEAL[i + 1 :])
        with pytest.raises(Refused) as refused:
            deployed.node.deploy("Journal", *arguments(deployed, ZERO, from_seal))
        assert Refused("NotASeal", (ZERO, from_seal)) == refused.value


# Seals


def test_seal_moves_the_head_keeps_the_seal_and_tells(deployed: Deployment) -> None:
    expected = []
    for number, (old, new) in enumerate([(0, 1), (1, 2), (2, 9), (9, 40)], start=1):
        receipt = deployed.send(sealing(deployed.journal, old, new, heads=HEADS[new]))
        sealed = (number, new, TREE(0, new), HEADS[new], deployed.node.now())
        expected.append(sealed)

        names = ("number", "size", "root", "heads", "sealedAt")
        assert [("Sealed", dict(zip(names, sealed, strict=True)))] == deployed.node.events(deployed.journal, receipt)
        assert [new, sealed[4], *sealed[2:4]] == deployed.call(deployed.journal.functions.head())
        assert number == deployed.call(deployed.journal.functions.seals())
    assert all(is_seal(deployed, sealed) for sealed in expected)


def test_is_seal_of_any_other_value_is_false(deployed: Deployment) -> None:
    sealed = seal(deployed, 0, 5)
    for i, value in enumerate((2, 6, EMPTY, EMPTY, sealed[4] + 1)):
        assert not is_seal(deployed, (*sealed[:i], value, *sealed[i + 1 :]))
    assert not is_seal(deployed, (0, *sealed[1:]))


def test_seal_by_anyone_but_the_sealer_is_refused(deployed: Deployment) -> None:
    role = deployed.call(deployed.journal.functions.SEALER_ROLE())
    for sender in (REGULATOR, MERCHANT, STRANGER):
        with pytest.raises(Refused) as refused:
            deployed.send(sealing(deployed.journal, 0, 1), sender)
        assert Refused("AccessControlUnauthorizedAccount", (address(sender).lower(), role)) == refused.value


def test_sealer_role_is_given_and_taken_by_the_admin(deployed: Deployment) -> None:
    functions = deployed.journal.functions
    role = deployed.call(functions.SEALER_ROLE())
    with pytest.raises(Refused) as refused:
        deployed.send(functions.grantRole(role, address(STRANGER)), STRANGER)
    assert Refused("AccessControlUnauthorizedAccount", (address(STRANGER).lower(), DEFAULT_ADMIN)) == refused.value

    deployed.send(functions.grantRole(role, address(STRANGER)))
    deployed.send(functions.revokeRole(role, address(ADMIN)))
    with pytest.raises(Refused):
        deployed.send(sealing(deployed.journal, 0, 1))
    deployed.send(sealing(deployed.journal, 0, 1), STRANGER)


def test_seal_that_does_not_grow_is_refused(deployed: Deployment) -> None:
    with pytest.raises(Refused) as refused:
        deployed.send(deployed.journal.functions.seal(0, EMPTY, bytes(32), [], []))
    assert Refused("SizeOutOfBounds", (0, 0)) == refused.value

    seal(deployed, 0, 5)
    for size in (0, 4, 5):
        with pytest.raises(Refused) as refused:
            deployed.send(deployed.journal.functions.seal(size, TREE(0, size), HEADS[0], [], []))
        assert Refused("SizeOutOfBounds", (5, size)) == refused.value


def test_seal_replayed_is_refused(deployed: Deployment) -> None:
    seal(deployed, 0, 5)
    call = sealing(deployed.journal, 5, 9)
    deployed.send(call)
    with pytest.raises(Refused) as refused:
        deployed.send(call)
    assert Refused("SizeOutOfBounds", (9, 9)) == refused.value


def test_seal_grows_by_2_to_the_24_and_no_more(deployed: Deployment) -> None:
    tree = uniform()
    for old in (0, GROWTH):
        with pytest.raises(Refused) as refused:
            deployed.send(sealing(deployed.journal, old, old + GROWTH + 1, tree))
        assert Refused("SizeOutOfBounds", (old, old + GROWTH + 1)) == refused.value
        deployed.send(sealing(deployed.journal, old, old + GROWTH, tree))


def test_seal_holds_up_to_the_greatest_size(deployed: Deployment) -> None:
    tree = uniform()
    journal = begun_at(deployed, LAST - 3, tree)
    for old in (LAST - 3, LAST - 1):
        deployed.send(sealing(journal, old, old + 2 if old < LAST - 1 else LAST, tree))
    with pytest.raises(Refused) as refused:
        deployed.send(journal.functions.seal(LAST, tree(0, LAST), HEADS[0], [], []))
    assert Refused("SizeOutOfBounds", (LAST, LAST)) == refused.value


def test_first_seal_with_a_proof_is_refused(deployed: Deployment) -> None:
    with pytest.raises(Refused) as refused:
        deployed.send(deployed.journal.functions.seal(2, TREE(0, 2), HEADS[0], [TREE(0, 1)], []))
    assert Refused("NotConsistent", (0, EMPTY, 2, TREE(0, 2))) == refused.value


def test_seal_with_a_cut_padded_or_foreign_proof_is_refused(deployed: Deployment) -> None:
    seal(deployed, 0, 7)
    proof = consistency(7, 12, TREE)
    for wrong in (
        [], proof[:-1], proof[1:], [*proof, bytes(32)], [bytes(32), *proof], proof[::-1], consistency(6, 12, TREE),
        [*proof, *proof], [EMPTY] * len(proof), [EMPTY] * 300,
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            deployed.send(deployed.journal.functions.seal(12, TREE(0, 12), HEADS[0], wrong, []))
        assert Refused("NotConsistent", (7, TREE(0, 7), 12, TREE(0, 12))) == refused.value
    assert 7 == deployed.call(deployed.journal.functions.head())[0]


def test_seal_of_a_rewritten_past_is_refused_and_changes_nothing(deployed: Deployment) -> None:
    sealed = seal(deployed, 0, 7)
    leaves = [sha256(b"\0" + header).digest() for header in HEADERS]
    rewritten = of_leaves([leaves[1], leaves[0], *leaves[2:]])
    call = sealing(deployed.journal, 7, 12, rewritten)
    with pytest.raises(Refused) as refused:
        deployed.send(call)
    assert Refused("NotConsistent", (7, TREE(0, 7), 12, rewritten(0, 12))) == refused.value

    assert 0 == deployed.node.send_blindly(call)["status"]
    assert [7, sealed[4], *sealed[2:4]] == deployed.call(deployed.journal.functions.head())
    assert 1 == deployed.call(deployed.journal.functions.seals())


@settings(max_examples=8, deadline=None)
@given(steps=st.lists(st.integers(1, 8), min_size=1, max_size=4))
def test_seal_takes_any_growth_and_only_the_true_tree(shared_deployment: Deployment, steps: list[int]) -> None:
    journal = successor(shared_deployment, ZERO, NO_SEAL)
    size = 0
    for step in steps:
        proof = consistency(size, size + step, TREE)
        wrong = journal.functions.seal(size + step, TREE(0, size + step), HEADS[0], [*proof, EMPTY], [])
        with pytest.raises(Refused):
            shared_deployment.send(wrong)
        shared_deployment.send(sealing(journal, size, size + step))
        size += step
    assert [size, TREE(0, size)] == [shared_deployment.call(journal.functions.head())[i] for i in (0, 2)]
    assert len(steps) == shared_deployment.call(journal.functions.seals())


# Proofs


def test_verify_entry_holds_at_its_index_alone(deployed: Deployment) -> None:
    verify = deployed.journal.functions.verifyEntry
    proof = inclusion(3, 9, TREE)
    assert deployed.call(verify(HEADERS[3], 3, proof, 9, TREE(0, 9)))
    assert not deployed.call(verify(HEADERS[3], 4, proof, 9, TREE(0, 9)))
    assert not deployed.call(verify(HEADERS[4], 3, proof, 9, TREE(0, 9)))
    assert not deployed.call(verify(HEADERS[3], 3, proof[:-1], 9, TREE(0, 9)))
    assert not deployed.call(verify(HEADERS[3], 3, proof, 9, TREE(0, 8)))
    assert not deployed.call(verify(HEADERS[3], 9, proof, 9, TREE(0, 9)))


@pytest.mark.parametrize("length", [0, 146, 148])
def test_verify_entry_and_decode_of_another_length_are_refused(deployed: Deployment, length: int) -> None:
    functions = deployed.journal.functions
    for call in (functions.verifyEntry(bytes(length), 0, [], 1, EMPTY), functions.decode(bytes(length))):
        with pytest.raises(Refused) as refused:
            deployed.call(call)
        assert Refused("HeaderLength", (length,)) == refused.value


def test_decode_names_the_fields(deployed: Deployment) -> None:
    entry = deployed.call(deployed.journal.functions.decode(bytes(range(147))))
    assert (
        0, 1, 2, bytes(range(3, 35)), int.from_bytes(range(35, 43), "big"), bytes(range(43, 75)),
        int.from_bytes(range(75, 83), "big"), bytes(range(83, 115)), bytes(range(115, 147)),
    ) == tuple(entry)  # fmt: skip


def heads_of(count: int) -> dict[bytes, tuple[int, bytes]]:
    return {sha256(bytes([i])).digest(): (i + 1, EMPTY) for i in range(count)}


def test_verify_head_and_absence_say_one_thing_of_each_key(deployed: Deployment) -> None:
    heads = heads_of(5)
    root = heads_reference.root(heads)
    functions = deployed.journal.functions
    for key in heads_of(8):
        siblings, met = heads_reference.proof(heads, key)
        count, newest = heads.get(key, (1, EMPTY))
        end = met or (bytes(32), 0, bytes(32))
        assert (key in heads) == deployed.call(functions.verifyHead(key, count, newest, siblings, root))
        assert (key not in heads) == deployed.call(functions.verifyAbsence(key, end, siblings, root))
        assert not deployed.call(functions.verifyHead(key, 0, newest, siblings, root))


def test_verify_sealed_proofs_hold_for_seals_it_had_alone(deployed: Deployment) -> None:
    heads = heads_of(5)
    sealed = seal(deployed, 0, 9, heads_reference.root(heads))
    seal(deployed, 9, 12)
    key, (count, newest) = next(iter(heads.items()))
    siblings, _ = heads_reference.proof(heads, key)
    missing = sha256(b"missing").digest()
    around, met = heads_reference.proof(heads, missing)
    end = met or (bytes(32), 0, bytes(32))
    functions = deployed.journal.functions
    proof = inclusion(3, 9, TREE)

    calls: list[Callable[[tuple[Any, ...]], Any]] = [
        lambda of: functions.verifySealedEntry(of, HEADERS[3], 3, proof),
        lambda of: functions.verifySealedHead(of, key, count, newest, siblings),
        lambda of: functions.verifySealedAbsence(of, missing, end, around),
    ]
    for call in calls:
        assert deployed.call(call(sealed))
        assert not deployed.call(call((2, *sealed[1:])))
        assert not deployed.call(call((*sealed[:4], sealed[4] + 1)))
    assert not deployed.call(functions.verifySealedEntry(sealed, HEADERS[4], 3, proof))
    assert not deployed.call(functions.verifySealedHead(sealed, key, count + 1, newest, siblings))
    assert not deployed.call(functions.verifySealedAbsence(sealed, key, end, siblings))


# Receipts


def receipt_key(deployed: Deployment, signs: bool, key: int = RECEIPTS) -> Any:
    return deployed.send(deployed.journal.functions.setReceiptKey(address(key), signs))


def counts(deployed: Deployment, at: int) -> bool:
    return bool(deployed.call(deployed.journal.functions.receiptKeyAt(address(RECEIPTS), at)))


def test_set_receipt_key_tells(deployed: Deployment) -> None:
    for signs in (True, False):
        assert [("ReceiptKeyChanged", {"key": address(RECEIPTS), "signs": signs})] == deployed.node.events(
            deployed.journal, receipt_key(deployed, signs)
        )


def test_set_receipt_key_by_anyone_but_the_admin_is_refused(deployed: Deployment) -> None:
    for sender in (REGULATOR, MERCHANT, STRANGER, RECEIPTS):
        with pytest.raises(Refused) as refused:
            deployed.send(deployed.journal.functions.setReceiptKey(address(RECEIPTS), True), sender)
        assert Refused("AccessControlUnauthorizedAccount", (address(sender).lower(), DEFAULT_ADMIN)) == refused.value


def test_set_receipt_key_to_what_it_is_or_to_nobody_is_refused(deployed: Deployment) -> None:
    def refuses(signs: bool) -> None:
        with pytest.raises(Refused) as refused:
            receipt_key(deployed, signs)
        assert Refused("ReceiptKeyUnchanged", (address(RECEIPTS).lower(), signs)) == refused.value

    refuses(False)
    receipt_key(deployed, True)
    refuses(True)
    receipt_key(deployed, False)
    refuses(False)  # stopped once more, it would count for another 30 days

    with pytest.raises(Refused) as refused:
        deployed.send(deployed.journal.functions.setReceiptKey(ZERO, True))
    assert Refused("ZeroAddress", ()) == refused.value


def test_receipt_key_at_holds_while_it_signs_and_30_days_after(deployed: Deployment) -> None:
    assert not counts(deployed, LAST)
    receipt_key(deployed, True)
    started = deployed.node.now()
    assert [False, True, True] == [counts(deployed, at) for at in (started - 1, started, LAST)]

    deployed.node.wait(DAY)
    receipt_key(deployed, False)
    stopped = deployed.node.now()
    times = [started - 1, started, stopped - 1, stopped, stopped + 30 * DAY, stopped + 30 * DAY + 1, LAST]
    assert [False, True, True, True, True, False, False] == [counts(deployed, at) for at in times]

    deployed.node.wait(40 * DAY)
    receipt_key(deployed, True)
    again = deployed.node.now()
    times = [stopped + 30 * DAY, stopped + 30 * DAY + 1, again - 1, again, LAST]
    assert [True, False, False, True, True] == [counts(deployed, at) for at in times]


def receipt(issued_at: int, **changes: int) -> dict[str, Any]:
    return {"leaves": EMPTY, "index": 7, "count": 1, "issuedAt": issued_at, "sealBy": issued_at + PROMISE, **changes}


def judged(deployed: Deployment, made: dict[str, Any], key: int = RECEIPTS) -> int:
    signature = sign(accounts()[key], deployed.journal, "Receipt", RECEIPT, made)
    return int(deployed.call(deployed.journal.functions.checkReceipt(tuple(made.values()), signature)))


def test_check_receipt_counts_while_the_key_does(deployed: Deployment) -> None:
    issued = deployed.node.now()
    assert UNKNOWN_KEY == judged(deployed, receipt(issued))
    receipt_key(deployed, True)
    assert VALID == judged(deployed, receipt(issued))
    assert UNKNOWN_KEY == judged(deployed, receipt(issued), OTHER)

    receipt_key(deployed, False)
    deployed.node.wait(30 * DAY - 10)
    assert VALID == judged(deployed, receipt(issued))
    deployed.node.wait(20)
    assert UNKNOWN_KEY == judged(deployed, receipt(issued))


def test_check_receipt_bounds_the_promise(deployed: Deployment) -> None:
    receipt_key(deployed, True)
    now = deployed.node.now()
    for changes, verdict in (
        ({"sealBy": now}, VALID),
        ({"sealBy": now - 1}, OUT_OF_BOUNDS),
        ({"sealBy": now + PROMISE + 1}, OUT_OF_BOUNDS),
        ({"sealBy": LAST}, OUT_OF_BOUNDS),
        ({"count": 0}, OUT_OF_BOUNDS),
        ({"count": LAST, "index": LAST}, VALID),
    ):
        assert verdict == judged(deployed, receipt(now, **changes))


def test_check_receipt_of_a_malformed_or_malleable_signature_is_bad_signature(deployed: Deployment) -> None:
    receipt_key(deployed, True)
    made = receipt(deployed.node.now())
    signature = sign(accounts()[RECEIPTS], deployed.journal, "Receipt", RECEIPT, made)
    for bad in malformed(signature):
        assert BAD_SIGNATURE == deployed.call(deployed.journal.functions.checkReceipt(tuple(made.values()), bad))


def test_check_receipt_of_changed_values_is_by_an_unknown_key(deployed: Deployment) -> None:
    receipt_key(deployed, True)
    made = receipt(deployed.node.now())
    signature = sign(accounts()[RECEIPTS], deployed.journal, "Receipt", RECEIPT, made)
    for changes in ({"leaves": HEADS[0]}, {"index": 8}, {"count": 2}, {"issuedAt": 1}, {"sealBy": 1}):
        changed = tuple({**made, **changes}.values())
        assert UNKNOWN_KEY == deployed.call(deployed.journal.functions.checkReceipt(changed, signature))


# The verifier's file

VERIFIER = sha256(b"verify.html").digest()


def publish(deployed: Deployment, hash: bytes, sender: int = ADMIN) -> Any:
    return deployed.send(deployed.journal.functions.publishVerifier(hash), sender)


def published(deployed: Deployment, hash: bytes) -> int:
    return int(deployed.call(deployed.journal.functions.verifierSince(hash)))


def test_publish_verifier_keeps_and_tells_since_when(deployed: Deployment) -> None:
    assert 0 == published(deployed, VERIFIER)
    told = deployed.node.events(deployed.journal, publish(deployed, VERIFIER))
    assert [("VerifierPublished", {"hash": VERIFIER})] == told
    assert deployed.node.now() == published(deployed, VERIFIER)
    assert 0 == published(deployed, HEADS[0])


def test_publish_verifier_again_is_refused_and_changes_nothing(deployed: Deployment) -> None:
    publish(deployed, VERIFIER)
    since = published(deployed, VERIFIER)
    deployed.node.wait(DAY)
    with pytest.raises(Refused) as refused:
        publish(deployed, VERIFIER)
    assert Refused("VerifierKnown", (VERIFIER,)) == refused.value
    publish(deployed, HEADS[0])
    assert since == published(deployed, VERIFIER) < published(deployed, HEADS[0])


def test_publish_verifier_by_anyone_but_the_admin_is_refused(deployed: Deployment) -> None:
    for sender in (REGULATOR, MERCHANT, STRANGER):
        with pytest.raises(Refused) as refused:
            publish(deployed, VERIFIER, sender)
        assert Refused("AccessControlUnauthorizedAccount", (address(sender).lower(), DEFAULT_ADMIN)) == refused.value
    assert 0 == published(deployed, VERIFIER)
