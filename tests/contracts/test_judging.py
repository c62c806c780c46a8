"""Journal: every fault that anyone can prove, what it does, and that nothing is proven of an honest journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from web3.contract import Contract

from contracts import heads_reference
from contracts.deployments import NO_SEAL, PROMISE, Deployment
from contracts.nodes import ZERO, Refused, accounts, sign
from contracts.test_journal import RECEIPT, RECEIPTS, address, receipt, successor
from proof_trees import Subtree, consistency, inclusion, of_leaves
from suyuan.core import entries
from suyuan.core.entries import Header

STRANGER = 3
NONE, OMISSION, FORK, MISSTEP, BROKEN, LATENESS = range(6)
A, B, C = (sha256(word).digest() for word in (b"/reviews/1", b"/reviews/2", b"/terms/3"))
BODY = sha256(b"body").digest()
NOTHING = (bytes(32), 0, bytes(32))
Seal = tuple[Any, ...]


@dataclass
class History:
    """A journal's headers, honest as long as only `write` adds to it, and its seals."""

    deployed: Deployment
    journal: Contract
    headers: list[Header] = field(default_factory=list)
    seals: list[Seal] = field(default_factory=list)

    @property
    def tree(self) -> Subtree:
        return of_leaves([leaf(header) for header in self.headers])

    def heads(self, size: int) -> dict[bytes, tuple[int, bytes]]:
        return {header.key: (header.seq + 1, leaf(header)) for header in self.headers[:size]}

    def write(self, key: bytes, kind: int = 1, arg: int = 0) -> Header:
        """The next entry of a stream; a kind that the stream's state cannot take becomes a reply."""
        mine = [header for header in self.headers if header.key == key]
        before = entries.Head(len(mine), leaf(mine[-1]), mine[-1].state) if mine else entries.EMPTY
        at = 1_000 + len(self.headers) // 2  # two at a time
        header = entries.follow(before, kind=kind, key=key, at=at, body=BODY, arg=arg)
        self.headers.append(header)
        return header

    def forge(self, header: Header) -> None:
        """An entry as it is, whatever it is."""
        self.headers.append(header)

    def seal(self, heads: dict[bytes, tuple[int, bytes]] | None = None) -> Seal:
        """Seals what there is, with these heads or the true ones."""
        old, new, tree = (self.seals[-1][1] if self.seals else 0), len(self.headers), self.tree
        root = heads_reference.root(self.heads(new) if heads is None else heads)
        self.deployed.send(self.journal.functions.seal(new, tree(0, new), root, consistency(old, new, tree), []))
        self.seals.append((len(self.seals) + 1, new, tree(0, new), root, self.deployed.node.now()))
        return self.seals[-1]

    def evidence(self, index: int, seal: Seal | None = None) -> tuple[Any, ...]:
        under = seal or self.seals[-1]
        return (under, self.headers[index].encode(), index, inclusion(index, under[1], self.tree))

    def head(self, key: bytes, seal: Seal | None = None, heads: Any = None) -> tuple[Any, ...]:
        under = seal or self.seals[-1]
        siblings, met = heads_reference.proof(self.heads(under[1]) if heads is None else heads, key)
        return (under, met or NOTHING, siblings)


def leaf(header: Header) -> bytes:
    return entries.leaf(header.encode())


@pytest.fixture
def history(deployed: Deployment) -> History:
    return History(deployed, deployed.journal)


def refused(history: History, call: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        history.deployed.send(call, STRANGER)
    return caught.value


def assert_ends(history: History, call: Any, fault: int) -> dict[str, Any]:
    """A stranger proves it, the journal tells and ends, the proof can be told again; the values of the first event."""
    node, functions = history.deployed.node, history.journal.functions
    assert NONE == history.deployed.call(functions.ended())
    told, over = node.events(history.journal, history.deployed.send(call, STRANGER))
    assert ("Ended", {"fault": fault}) == over
    assert fault == history.deployed.call(functions.ended())
    assert [told] == node.events(history.journal, history.deployed.send(call, STRANGER))

    history.write(C)
    new, tree = len(history.headers), history.tree
    proof = consistency(history.seals[-1][1], new, tree)
    for again in (functions.seal(new, tree(0, new), bytes(32), proof, []), functions.appeal(b"")):
        with pytest.raises(Refused) as caught:
            history.deployed.send(again)
        assert Refused("JournalEnded", (fault,)) == caught.value
    return told[1]


# Omission


def omission(history: History, entry: Any, head: Any) -> Any:
    return history.journal.functions.proveOmission(entry, head)


@pytest.mark.parametrize("later", [False, True])
def test_prove_omission_of_an_entry_beyond_the_count_ends_the_journal(history: History, later: bool) -> None:
    history.write(A)
    history.write(B)
    first = history.write(A)
    if later:
        history.seal()
    heads = {**history.heads(3), A: (1, leaf(history.headers[0]))}
    history.write(C)
    heads |= {C: (1, leaf(history.headers[3]))}
    sealed = history.seal(heads)
    told = assert_ends(
        history, omission(history, history.evidence(2, history.seals[0]), history.head(A, sealed, heads)), 1
    )
    assert {"number": 1, "index": 2, "header": first.encode()} == dict(told["exhibit"])
    assert (sealed[0], (A, 1, leaf(history.headers[0]))) == (told["number"], tuple(dict(told["end"]).values()))


def test_prove_omission_of_an_absent_key_ends_the_journal(history: History) -> None:
    history.write(A)
    history.write(B)
    heads = {B: history.heads(2)[B]}
    history.seal(heads)
    assert_ends(history, omission(history, history.evidence(0), history.head(A, heads=heads)), OMISSION)


def test_prove_omission_by_an_empty_map_ends_the_journal(history: History) -> None:
    history.write(A)
    history.seal({})
    assert_ends(history, omission(history, history.evidence(0), history.head(A, heads={})), OMISSION)


def test_prove_omission_by_another_newest_leaf_ends_the_journal(history: History) -> None:
    history.write(A)
    history.write(A)
    heads = {A: (2, leaf(history.headers[0]))}
    history.seal(heads)
    assert NoFault(OMISSION) == refused(history, omission(history, history.evidence(0), history.head(A, heads=heads)))
    assert_ends(history, omission(history, history.evidence(1), history.head(A, heads=heads)), OMISSION)


def NoFault(fault: int) -> Refused:  # noqa: N802 - the contract's word
    return Refused("NoFault", (fault,))


def test_prove_omission_by_heads_of_an_earlier_seal_is_refused(history: History) -> None:
    history.write(A)
    history.seal()
    history.write(B)
    history.seal()
    call = omission(history, history.evidence(1), history.head(B, history.seals[0]))
    assert Refused("SealsOutOfOrder", (2, 1)) == refused(history, call)


def test_prove_omission_without_its_proofs_is_refused(history: History) -> None:
    history.write(A)
    history.write(B)
    sealed = history.seal()
    entry, head = history.evidence(0), history.head(A)
    foreign = (9, *sealed[1:])
    not_a_seal = Refused("NotASeal", (history.journal.address.lower(), foreign))
    not_proven = Refused("HeadNotProven", (1, A))
    not_included = Refused("NotIncluded", (1, 0, leaf(history.headers[0])))
    cases = [
        ((foreign, *entry[1:]), head, not_a_seal),
        (entry, (foreign, *head[1:]), not_a_seal),
        ((*entry[:3], []), head, not_included),
        ((sealed, entry[1][:-1], *entry[2:]), head, Refused("HeaderLength", (146,))),
        ((sealed, entry[1] + b"\0", *entry[2:]), head, Refused("HeaderLength", (148,))),
        (entry, (sealed, (A, 0, bytes(32)), head[2]), not_proven),
        (entry, (sealed, NOTHING, head[2]), not_proven),
        (entry, (sealed, (A, 2, head[1][2]), head[2]), not_proven),
        (entry, (sealed, head[1], []), not_proven),
        (entry, history.head(B), not_proven),
    ]
    for one, other, expected in cases:
        assert expected == refused(history, omission(history, one, other))


# Fork


def fork(history: History, *evidence: Any) -> Any:
    return history.journal.functions.proveFork(list(evidence))


def test_prove_fork_of_two_entries_at_one_place_ends_the_journal(history: History) -> None:
    first = history.write(A)
    history.seal()
    history.forge(replace(first, body=bytes(32)))
    history.seal()
    evidence = history.evidence(0, history.seals[0]), history.evidence(1)
    assert NoFault(FORK) == refused(history, fork(history, evidence[1], evidence[1]))
    told = assert_ends(history, fork(history, *evidence), FORK)
    assert [(1, 0, history.headers[0].encode()), (2, 1, history.headers[1].encode())] == [
        tuple(dict(one).values()) for one in told["exhibits"]
    ]


def test_prove_fork_of_another_prev_ends_the_journal(history: History) -> None:
    history.write(A)
    second = history.write(A)
    history.headers[1] = replace(second, prev=BODY)
    history.seal()
    assert NoFault(FORK) == refused(history, fork(history, history.evidence(1), history.evidence(0)))
    assert_ends(history, fork(history, history.evidence(0), history.evidence(1)), FORK)


def test_prove_fork_of_a_first_entry_with_a_prev_ends_the_journal(history: History) -> None:
    history.forge(Header(1, 0, A, 0, BODY, 5, bytes(32), BODY))
    history.seal()
    assert_ends(history, fork(history, history.evidence(0)), FORK)


def test_prove_fork_at_the_greatest_seq_does_not_overflow(history: History) -> None:
    history.forge(Header(1, 0, A, 2**64 - 1, BODY, 5, bytes(32), BODY))
    history.forge(Header(1, 0, A, 0, bytes(32), 5, bytes(32), BODY))
    history.seal()
    for order in ((0, 1), (1, 0)):
        assert NoFault(FORK) == refused(history, fork(history, *map(history.evidence, order)))


def test_prove_fork_and_misstep_take_one_entry_or_two(history: History) -> None:
    history.write(A)
    history.seal()
    for prove in (fork, misstep):
        for count in (0, 3):
            assert Refused("OneOrTwoExpected", (count,)) == refused(
                history, prove(history, *[history.evidence(0)] * count)
            )


# Misstep


def misstep(history: History, *evidence: Any) -> Any:
    return history.journal.functions.proveMisstep(list(evidence))


def test_prove_misstep_of_a_state_that_does_not_follow_ends_the_journal(history: History) -> None:
    history.write(A, 7, 5)
    second = history.write(A, 7, 4)
    history.headers[1] = replace(second, state=history.headers[0].state)
    history.seal()
    assert NoFault(MISSTEP) == refused(history, misstep(history, history.evidence(1), history.evidence(0)))
    assert_ends(history, misstep(history, history.evidence(0), history.evidence(1)), MISSTEP)


@pytest.mark.parametrize(
    "changes",
    [{"state": BODY}, {"version": 2}, {"version": 0}, {"arg": 6}, {"kind": 8, "arg": 0o11}, {"kind": 6}],
)
def test_prove_misstep_of_a_first_entry_ends_the_journal(history: History, changes: dict[str, Any]) -> None:
    history.headers.append(replace(history.write(B, 7, 5), key=A, **changes))
    history.seal()
    assert NoFault(MISSTEP) == refused(history, misstep(history, history.evidence(0)))
    assert_ends(history, misstep(history, history.evidence(1)), MISSTEP)


def test_prove_misstep_of_an_earlier_time_further_on_ends_the_journal(history: History) -> None:
    history.write(A)
    history.seal()
    history.headers.append(replace(history.write(B), key=C, at=999))
    history.seal()
    order = history.evidence(2), history.evidence(0, history.seals[0])
    assert NoFault(MISSTEP) == refused(history, misstep(history, *order))
    assert_ends(history, misstep(history, *order[::-1]), MISSTEP)


# Promises


def promise(history: History, leaves: Sequence[bytes], index: int, by: int = RECEIPTS, **changes: int) -> Any:
    """A receipt for these leaves from `index` on, and its signature."""
    if not history.deployed.call(history.journal.functions.receiptKeyAt(address(RECEIPTS), 2**63)):
        history.deployed.send(history.journal.functions.setReceiptKey(address(RECEIPTS), True))
    root = of_leaves(leaves)(0, len(leaves))
    made = receipt(history.deployed.node.now(), index=index, count=len(leaves), **changes) | {"leaves": root}
    return tuple(made.values()), sign(accounts()[by], history.journal, "Receipt", RECEIPT, made)


def broken(history: History, made: Any, place: int, promised: Sequence[bytes], index: int, seal: Any = None) -> Any:
    under = seal or history.seals[-1]
    kept = (place, promised[place], inclusion(place, len(promised), of_leaves(promised)))
    found = (under, leaf(history.headers[index]), inclusion(index, under[1], history.tree))
    return history.journal.functions.proveBrokenPromise(*made, kept, found)


@pytest.mark.parametrize("count", [1, 3])
def test_prove_broken_promise_of_another_leaf_ends_the_journal(history: History, count: int) -> None:
    for _ in range(5):
        history.write(A)
    promised = [leaf(header) for header in history.headers[1 : 1 + count]]
    promised[-1] = BODY
    made = promise(history, promised, 1)
    history.seal()
    if count > 1:
        assert NoFault(BROKEN) == refused(history, broken(history, made, 0, promised, 1))
    told = assert_ends(history, broken(history, made, count - 1, promised, count), BROKEN)
    assert (count, BODY, 1, leaf(history.headers[count])) == tuple(
        told[name] for name in ("index", "promised", "number", "found")
    )
    assert made[1] == told["signature"]


def test_prove_broken_promise_without_its_proofs_is_refused(history: History) -> None:
    for _ in range(4):
        history.write(A)
    promised = [BODY, leaf(history.headers[2])]
    made = promise(history, promised, 1)
    history.seal()
    by_another = promise(history, promised, 1, by=STRANGER)
    assert Refused("ReceiptInvalid", (2,)) == refused(history, broken(history, by_another, 0, promised, 1))
    assert Refused("ReceiptInvalid", (1,)) == refused(history, broken(history, (made[0], b""), 0, promised, 1))
    lying = [bytes(32), promised[1]]
    assert Refused("NotPromised", (0, bytes(32))) == refused(history, broken(history, made, 0, lying, 1))
    assert Refused("NotIncluded", (1, 1, leaf(history.headers[2]))) == refused(
        history, broken(history, made, 0, promised, 2)
    )
    foreign = (7, *history.seals[-1][1:])
    assert Refused("NotASeal", (history.journal.address.lower(), foreign)) == refused(
        history, broken(history, made, 0, promised, 1, foreign)
    )
    beyond = promise(history, promised, 2**64 - 1)
    call = broken(history, beyond, 1, promised, 1)
    assert Refused("NotIncluded", (1, 2**64 - 1, leaf(history.headers[1]))) == refused(history, call)


def test_prove_broken_promise_of_a_predecessors_receipt_is_refused(history: History) -> None:
    history.write(A)
    made = promise(history, [BODY], 0)
    sealed = history.seal()
    after = successor(history.deployed, history.journal.address, sealed)
    after_history = History(history.deployed, after, history.headers, [sealed])
    history.deployed.send(after.functions.setReceiptKey(address(RECEIPTS), True))
    assert Refused("ReceiptInvalid", (2,)) == refused(after_history, broken(after_history, made, 0, [BODY], 0))


def late(history: History, made: Any, uncovered: Seal = NO_SEAL, covering: Seal = NO_SEAL) -> Any:
    return history.journal.functions.proveLateness(*made, uncovered, covering)


def test_prove_lateness_of_an_unsealed_promise_is_counted_once(history: History) -> None:
    history.write(A)
    made = promise(history, [leaf(history.headers[0])], 0)
    assert NoFault(LATENESS) == refused(history, late(history, made))
    history.deployed.node.wait(PROMISE + 2)
    told = history.deployed.node.events(history.journal, history.deployed.send(late(history, made), STRANGER))
    assert [("LatenessProven", 0, made[1])] == [(name, values["number"], values["signature"]) for name, values in told]
    assert 1 == history.deployed.call(history.journal.functions.lateReceipts())
    assert "AlreadyCounted" == refused(history, late(history, made)).name

    first = history.seal()  # it goes on, and the same receipt is not counted again
    assert "AlreadyCounted" == refused(history, late(history, made, NO_SEAL, first)).name
    assert NONE == history.deployed.call(history.journal.functions.ended())


def test_prove_lateness_by_the_first_seal_to_cover_is_counted(history: History) -> None:
    history.write(A)
    first = history.seal()
    history.write(A)
    history.write(A)
    made = promise(history, [leaf(header) for header in history.headers[1:]], 1)
    partly = History(history.deployed, history.journal, history.headers[:2], [first])
    second = partly.seal()
    history.deployed.node.wait(PROMISE + 2)
    history.seals.append(second)
    third = history.seal()
    history.write(A)
    fourth = history.seal()
    assert NoFault(LATENESS) == refused(history, late(history, made))
    assert NoFault(LATENESS) == refused(history, late(history, made, first, second))
    assert NoFault(LATENESS) == refused(history, late(history, made, third, fourth))
    assert Refused("SealsOutOfOrder", (1, 3)) == refused(history, late(history, made, first, third))
    assert "NotASeal" == refused(history, late(history, made, NO_SEAL, third)).name
    assert "NotASeal" == refused(history, late(history, made, second, (3, *fourth[1:]))).name
    ((name, values),) = history.deployed.node.events(
        history.journal, history.deployed.send(late(history, made, second, third), STRANGER)
    )
    assert ("LatenessProven", 3) == (name, values["number"])


def test_prove_lateness_by_the_very_first_seal_is_counted(history: History) -> None:
    history.write(A)
    made = promise(history, [BODY], 0)
    history.deployed.node.wait(PROMISE + 2)
    first = history.seal()
    history.deployed.send(late(history, made, NO_SEAL, first), STRANGER)
    assert 1 == history.deployed.call(history.journal.functions.lateReceipts())


def test_prove_lateness_of_what_the_predecessor_sealed_is_refused(history: History) -> None:
    history.write(A)
    sealed = history.seal()
    history.write(A)
    after = History(history.deployed, successor(history.deployed, history.journal.address, sealed), history.headers)
    after.seals = [sealed]
    made = promise(after, [leaf(history.headers[0])], 0)
    history.deployed.node.wait(PROMISE + 2)
    new, tree = 2, history.tree
    history.deployed.send(after.journal.functions.seal(2, tree(0, new), BODY, consistency(1, new, tree), []))
    first = (1, 2, tree(0, 2), BODY, history.deployed.node.now())
    assert NoFault(LATENESS) == refused(after, late(after, made, NO_SEAL, first))


# What honest journals are proven of


def test_a_successor_goes_on_from_an_ended_journal_before_its_fault(history: History) -> None:
    first = history.write(A)
    good = history.seal()
    history.forge(replace(first, body=bytes(32)))
    bad = history.seal()
    history.deployed.send(fork(history, history.evidence(0), history.evidence(1)), STRANGER)

    honest = History(history.deployed, successor(history.deployed, history.journal.address, good), [first])
    honest.seals = [good]
    honest.write(A)
    assert 2 == honest.seal()[1]
    assert NONE == history.deployed.call(honest.journal.functions.ended())

    # From after the fault it goes on to be proven the same at its first seal, in the predecessor's part.
    heir = History(history.deployed, successor(history.deployed, history.journal.address, bad), history.headers)
    heir.seals = [bad]
    heir.write(B)
    new, tree = 3, heir.tree
    heir.deployed.send(heir.journal.functions.seal(new, tree(0, new), BODY, consistency(2, new, tree), []))
    heir.seals = [(1, new, tree(0, new), BODY, heir.deployed.node.now())]
    assert_ends(heir, fork(heir, heir.evidence(0), heir.evidence(1)), FORK)


steps = st.lists(
    st.tuples(st.sampled_from([A, B, C]), st.integers(1, 19), st.integers(0, 127), st.booleans()),
    min_size=2,
    max_size=7,
)


@settings(max_examples=6, deadline=None)
@given(written=steps, data=st.data())
def test_nothing_is_proven_of_an_honest_journal(
    shared_deployment: Deployment, written: list[tuple[bytes, int, int, bool]], data: st.DataObject
) -> None:
    history = History(shared_deployment, successor(shared_deployment, ZERO, NO_SEAL))
    shared_deployment.send(history.journal.functions.setReceiptKey(address(RECEIPTS), True))
    for key, kind, arg, seal in written:
        try:
            history.write(key, kind, arg)
        except entries.ProofFault:
            history.write(key, 13)
        if seal:
            history.seal()
    history.write(A)
    promised = [leaf(header) for header in history.headers]
    made = promise(history, promised, 0)
    history.seal()

    places = [(seal, index) for seal in history.seals for index in range(seal[1])]
    place = st.sampled_from(places)
    for _ in range(6):
        (one, at), (other, to) = data.draw(place), data.draw(place)
        first, second = history.evidence(at, one), history.evidence(to, other)
        for prove, fault in ((fork, FORK), (misstep, MISSTEP)):
            for given_ in ((first,), (first, second), (second, first)):
                assert NoFault(fault) == refused(history, prove(history, *given_))
        key = history.headers[at].key
        found = refused(history, omission(history, first, history.head(key, other)))
        assert found.name == ("SealsOutOfOrder" if other[0] < one[0] else "NoFault")
        if other[0] >= one[0]:
            bent = (other, data.draw(st.sampled_from([NOTHING, (C, 1, BODY)])), history.head(key, other)[2])
            assert "HeadNotProven" == refused(history, omission(history, first, bent)).name
        assert NoFault(BROKEN) == refused(history, broken(history, made, at, promised, at, one))
    before = (NO_SEAL, *history.seals)[-2]
    assert NoFault(LATENESS) == refused(history, late(history, made, before, history.seals[-1]))
    assert NoFault(LATENESS) == refused(history, late(history, made))
