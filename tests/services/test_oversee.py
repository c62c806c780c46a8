"""What the auditor's page says: figures counted once as seals come, audits handed in, and how the contract stands."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from journal_builder import Signer
from live import GTIN, Live, epc, event
from market import REVIEWS, open_market
from suyuan.bootstrap import keystore
from suyuan.chain.port import Evidence, Fault, FaultRecord, Fork, Standings
from suyuan.core import canonical, entries, merkle, statements, summary
from suyuan.core.errors import BadSignature, ChainAway, InvalidInput, Malformed, NotFound, Throttled
from suyuan.core.proof import Seal
from suyuan.core.statements import Signed, Statement
from suyuan.core.tally import Tally, decode, total
from suyuan.services import oversee
from suyuan.services.known import Heard, Listener, Queue
from suyuan.services.oversee import Overseer, Rebuilt
from suyuan.services.throttle import Throttle
from suyuan.storage import audits, sealed

Json = dict[str, Any]
SOUND = Standings(Fault.NONE, 0, 0, 0, 0, 100, 1)
FORKED = replace(SOUND, ended=Fault.FORK)
PROOF = FaultRecord(Fault.FORK, 7, b"\x07" * 32, {})


def counted(live: Live) -> oversee.Overview:
    """The figures, after all that there is to count."""
    while live.node.overseer.step():
        pass
    return live.node.overseer.refresh()


def summed_up(live: Live, signer: Any = None, **changes: Any) -> Json:
    """What somebody hands in who audited the newest seal; `changes` replace what is said."""
    head = live.node.chain.journal_head()
    public = {
        "entries": head.size, "seals": head.number, "seal": head.number, "root": head.root.hex(), "result": "clean",
        "findings": 0, "report": "ab" * 32, "auditedAt": int(time.time()), **changes,
    }  # fmt: skip
    return stated(live, public, signer or Signer("an auditor"))


def stated(live: Live, public: Json, signer: Any, **changes: Any) -> Json:
    """A statement of an audit; `changes` replace what is signed."""
    values = {
        "kind": "audit", "subject": "/terms/audit", "content": canonical.digest(public),
        "issued_at": int(time.time()), "nonce": secrets.token_bytes(32), **changes,
    }  # fmt: skip
    made = Statement(**values)
    d = live.node.deployment
    signature = signer.sign(made.digest(statements.domain(d.chain_id, d.merchants)))
    return {"statement": Signed(signer.address, made, signature).as_json(), "public": public}


def hand_in(live: Live, said: Json, address: str = "") -> oversee.HandedIn:
    return live.node.overseer.hand_in(said["statement"], said["public"], address)


def prove_a_fork(live: Live) -> bytes:
    """Seals an entry that follows nothing, as an operator could, and proves it; the transaction's hash."""
    chain, operator = live.node.chain, keystore(live.node.settings).signer("operator")
    head = chain.journal_head()
    with live.node.database.read() as connection:
        leaves = list(map(entries.leaf, sealed.leaves(connection, 0, head.size)))
    wrong = entries.Header(1, 0, b"\x21" * 32, 0, b"\x22" * 32, 1, bytes(32), bytes(32)).encode()
    tree, size = merkle.Tree([*leaves, entries.leaf(wrong)]), head.size + 1
    forged = Seal(head.number + 1, size, tree.root(), bytes(32), 0)
    chain.transact(chain.prepare_seal(forged, merkle.consistency(tree, head.size, size)))
    under = chain.journal_seals()[-1]
    fork = Fork([Evidence(under, wrong, head.size, merkle.inclusion(tree, head.size, size))])
    return chain.transact(chain.prepare_fault(operator, fork)).tx


# -- counting


def test_entries_are_counted_by_kind_as_seals_come_and_each_once(live: Live) -> None:
    live.list_and_register("L1", "A1", "A2")
    live.merchant.capture_event(event(epc("A1")))
    live.node.seal_now()
    first = counted(live)
    live.merchant.capture_event(event(epc("A1"), epc("A2")))
    waiting = counted(live)
    assert (waiting.accepted, waiting.sealed, waiting.kinds) == (live.size(), first.sealed, first.kinds)
    live.node.seal_now()
    once, twice = counted(live), counted(live)
    with live.node.database.read() as connection:
        headers = [entries.decode(raw) for raw in sealed.leaves(connection, 0, live.size())]
    assert dict(once.kinds) == Counter(header.kind for header in headers)
    assert once.waits is not None
    assert once.waits.entries == live.size() == once.sealed
    assert replace(once, at=0) == replace(twice, at=0)


def test_counting_goes_on_after_a_restart(live: Live) -> None:
    live.list_and_register("L1", "A1")
    live.node.seal_now()
    before = counted(live)
    live.restart()
    live.merchant.capture_event(event(epc("A1")))
    live.node.seal_now()
    after = counted(live)
    assert sum(n for _, n in after.kinds) == sum(n for _, n in before.kinds) + 1 == live.size()


def test_two_workers_never_count_the_same_seal(live: Live) -> None:
    live.list_and_register("L1", "A1")
    live.node.seal_now()
    with live.node.database.alone(audits.COUNTER_LOCK) as had:
        assert had
        assert not live.node.overseer.step()
    assert live.node.overseer.step()


def test_times_from_acceptance_to_seal_are_those_of_headers_and_seals(live: Live) -> None:
    for serial in ("A1", "A2"):
        live.merchant.capture_event(event(epc(serial)))
        live.node.seal_now()
    with live.node.database.write() as connection:  # as if the second seal had come an hour and 61 seconds late
        (at,) = (entries.decode(raw).at for raw in sealed.leaves(connection, 1, 2))
        connection.execute(text("UPDATE seals SET sealed_at = :at WHERE number = 2"), {"at": at // 1000 + 3661})
        first = sealed.by_number(connection, 1)
        (early,) = (entries.decode(raw).at for raw in sealed.leaves(connection, 0, 1))
    waits = counted(live).waits
    assert first is not None
    assert waits is not None
    assert (waits.entries, waits.worst) == (2, 3720)  # whole minutes beyond an hour, never fewer than it was
    assert waits.median == max(0, (first.sealed_at or 0) - early // 1000)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(4, 1)], (1, 4, 4, 4)),
        ([(0, 5), (10, 4), (90, 1)], (10, 0, 90, 90)),
        ([(1, 94), (2, 1), (3, 5)], (100, 1, 2, 3)),
    ],
)
def test_half_and_ninety_five_of_a_hundred(rows: list[tuple[int, int]], expected: tuple[int, ...]) -> None:
    found = oversee._waits(rows)
    assert found is not None
    assert (found.entries, found.median, found.most, found.worst) == expected
    assert sum(n for _, n in found.classes) == found.entries


def test_nothing_sealed_has_no_figures_and_no_error(live: Live) -> None:
    found = counted(live)
    assert (found.sealed, found.newest, found.waits, found.points) == (0, None, None, ())


# -- what seals cost


def test_gas_is_that_of_the_receipts(live: Live) -> None:
    for serial in ("A1", "A2"):
        live.merchant.capture_event(event(epc(serial)))
        live.node.seal_now()
    found = counted(live)
    outcomes = [live.node.chain.outcome(one.tx) for one in found.points]
    assert all(outcome.gas > 40_000 for outcome in outcomes)
    assert found.costs == audits.Costs(2, 2, sum(o.gas for o in outcomes), sum(o.paid for o in outcomes))
    assert [one.gas for one in found.latest] == [outcome.gas for outcome in reversed(outcomes)]


def test_a_seal_that_is_confirmed_anew_is_read_anew(live: Live) -> None:
    live.merchant.capture_event(event(epc("A1")))
    live.node.seal_now()
    found = counted(live)
    (one,) = found.points
    with live.node.database.write() as connection:
        sealed.confirm(connection, 1, block=one.block, sealed_at=one.sealed_at, tx=one.tx, buckets={})
    assert live.node.overseer.refresh().costs.seals == 0
    assert counted(live).costs == found.costs


def test_a_transaction_that_vanished_is_asked_for_later(live: Live) -> None:
    live.merchant.capture_event(event(epc("A1")))
    live.node.seal_now()
    with live.node.database.write() as connection:
        connection.execute(text("UPDATE seals SET tx = :tx"), {"tx": b"\x01" * 32})
    assert counted(live).costs.seals == 0


# -- reviews


def test_what_is_withheld_is_counted_by_stars_reasons_and_products(live: Live) -> None:
    market = open_market(live)
    buyers = market.buyers(4)
    for buyer, stars in zip(buyers, (1, 1, 4, 5), strict=True):
        buyer.submit(stars=stars)
    operator = keystore(live.node.settings).signer("operator")
    for buyer, reason, law in (
        (buyers[0], "abuse", "ECO-7"),
        (buyers[1], "fake", "EC-17"),
        (buyers[2], "abuse", "ECO-7"),
    ):
        public = {"right": buyer.right, "reason": reason, "basis": law}
        said = market.by_participant(operator, "review.withhold", REVIEWS, public)
        live.node.reviews.decide(said["statement"], said["public"])
    buyers[1].submit("review.amend", stars=2)
    buyers[0].submit("review.withdraw")
    live.node.seal_now()
    found = counted(live)
    assert found.reviews == Tally((0, 1, 0, 1, 1), (0, 1, 0, 1, 0))
    assert (found.standing, found.withheld) == (3, 2)
    assert set(found.reasons) == {("abuse", 1), ("fake", 1)}
    assert [(one.gtin, one.withheld, one.standing) for one in found.hidden] == [(GTIN, 2, 3)]
    assert found.products_hidden == 1


def test_the_total_of_counts_is_the_state_of_a_single_stream(live: Live) -> None:
    market = open_market(live)
    for buyer, stars in zip(market.buyers(3), (1, 3, 3), strict=True):
        buyer.submit(stars=stars)
        buyer.submit("review.amend", stars=5)
    with live.node.database.read() as connection:
        headers = [entries.decode(raw) for raw in sealed.leaves(connection, 0, live.size())]
    last = [header for header in headers if 7 <= header.kind <= 13][-1]
    assert total(Counter((header.kind, header.arg) for header in headers)) == decode(last.state)


# -- figures are put together once a minute


def test_requests_get_what_was_put_together_within_the_minute(live: Live) -> None:
    now = [1_800_000_000.0]
    node = live.node
    one = Overseer(node.database, node.chain, node.known, node.listener, b"", clock=lambda: now[0])
    first = one.overview()
    live.merchant.capture_event(event(epc("A1")))
    now[0] += oversee.FRESH - 1
    assert one.overview() is first
    now[0] += 2
    assert one.overview().accepted == first.accepted + 1


def test_the_figures_are_there_when_the_chain_is_away(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    live.merchant.capture_event(event(epc("A1")))
    live.node.seal_now()
    counted(live)
    _cut(live, monkeypatch)
    found = live.node.overseer.refresh()
    assert (found.sealed, found.chain) == (1, None)
    with pytest.raises(ChainAway):
        live.node.overseer.standing()


def _cut(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> Any:
        raise ChainAway("the node does not answer")

    for name in ("rpc", "standings", "appeals", "faults", "predecessor"):
        monkeypatch.setattr(live.node.chain, name, away)
    time.sleep(2 * live.node.settings.chain_poll_seconds)


# -- how the journal stands


def test_a_proven_fault_is_told_with_its_transaction(live: Live) -> None:
    live.merchant.capture_event(event(epc("A1")))
    live.node.seal_now()
    assert live.node.overseer.standing()["ended"] == "none"
    tx = prove_a_fork(live)
    told = live.node.overseer.standing()
    assert (told["ended"], told["fault"]["transaction"]) == ("fork", "0x" + tx.hex())
    chain = live.node.overseer.refresh().chain
    assert chain is not None
    assert [(one.fault, one.tx) for one in chain.faults] == [(Fault.FORK, tx)]


def test_appeals_are_listed_with_their_transactions_and_when_they_are_due(live: Live) -> None:
    chain, operator = live.node.chain, keystore(live.node.settings).signer("operator")
    tx = chain.transact(chain.prepare_appeal(operator, b"junk")).tx
    found = live.node.overseer.refresh().chain
    assert found is not None
    (one,) = found.open
    assert (one.number, one.by, one.tx) == (1, operator.address, "0x" + tx.hex())
    assert one.due == one.asked_at + found.heard.standings.grace == found.heard.due
    told = live.node.overseer.standing()["appeals"]
    assert (told["asked"], told["answered"], told["oldest"], told["due"]) == (1, 0, "waiting", one.due)
    chain.transact(chain.prepare_appeal(operator, b"more junk"))
    again = live.node.overseer.refresh().chain
    assert again is not None
    assert [appeal.number for appeal in again.open] == [1, 2]


def test_an_appeal_is_overdue_once_the_grace_period_is_past() -> None:
    heard = Heard(0, replace(SOUND, asked=1, waiting_since=1_000))
    assert [heard.queue(now) for now in (1_100, 1_101)] == [Queue.WAITING, Queue.OVERDUE]
    assert Heard(0, SOUND).queue(10**10) is Queue.EMPTY


class _Contract:
    """A chain of which a listener asks: what it says can be set, and whether it answers."""

    def __init__(self) -> None:
        self.block, self.says, self.asked, self.away = 1, SOUND, 0, False

    def rpc(self, method: str, _: Any) -> Json:
        assert method == "eth_blockNumber"
        self._answer()
        return {"result": hex(self.block)}

    def standings(self) -> Standings:
        self._answer()
        self.asked += 1
        return self.says

    def faults(self) -> list[FaultRecord]:
        self._answer()
        return [replace(PROOF, fault=Fault.LATENESS), PROOF]

    def _answer(self) -> None:
        if self.away:
            raise ChainAway("it does not answer")


@pytest.fixture
def contract() -> _Contract:
    return _Contract()


@pytest.fixture
def clock() -> SimpleNamespace:
    return SimpleNamespace(now=0.0)


@pytest.fixture
def listener(contract: _Contract, clock: SimpleNamespace) -> Listener:
    return Listener(contract, poll=1.0, clock=lambda: clock.now, wall=lambda: 1_000 + clock.now)  # type: ignore[arg-type]


def test_the_contract_is_asked_once_in_a_poll_and_only_where_a_block_came(
    listener: Listener, contract: _Contract, clock: SimpleNamespace
) -> None:
    for now in (0.0, 0.5, 1.0, 2.0):
        clock.now = now
        assert listener.heard() == Heard(1_000, SOUND)
    assert contract.asked == 1
    contract.block, contract.says, clock.now = 2, replace(SOUND, late=1), 3.0
    assert listener.heard() == Heard(1_003, replace(SOUND, late=1))


def test_nothing_is_claimed_while_the_chain_is_away(
    listener: Listener, contract: _Contract, clock: SimpleNamespace
) -> None:
    assert listener.heard() is not None
    contract.away, clock.now = True, 1.0
    assert listener.heard() is None
    contract.away, clock.now = False, 2.0
    assert listener.heard() is not None


def test_a_proven_fault_once_heard_stays_while_the_chain_is_away(
    listener: Listener, contract: _Contract, clock: SimpleNamespace
) -> None:
    contract.says = FORKED
    assert listener.heard() == Heard(1_000, FORKED, PROOF)
    contract.away, clock.now = True, 1.0
    assert listener.heard() == Heard(1_000, FORKED, PROOF)


def test_a_fault_that_a_reorganisation_took_away_is_not_claimed_any_more(
    listener: Listener, contract: _Contract, clock: SimpleNamespace
) -> None:
    contract.says = FORKED
    assert listener.heard() == Heard(1_000, FORKED, PROOF)
    contract.block, contract.says, clock.now = 2, SOUND, 1.0
    assert listener.heard() == Heard(1_001, SOUND)


def test_a_started_listener_asks_by_itself_and_pages_never_do(contract: _Contract) -> None:
    listener = Listener(contract, poll=0.001)  # type: ignore[arg-type]
    listener.start()
    try:
        _until(lambda: listener.heard() is not None)
        contract.block, contract.says = 2, FORKED
        _until(lambda: (heard := listener.heard()) is not None and heard.ended)
    finally:
        listener.stop()


def _until(holds: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if holds():
            return
        time.sleep(0.005)
    raise AssertionError("it never came")


# -- audits that are handed in


def test_an_audit_by_anyone_is_kept_and_told_to_be_by_nobody_known(live: Live) -> None:
    live.merchant.capture_event(event(epc("A1")))
    live.node.seal_now()
    said = summed_up(live)
    taken = hand_in(live, said)
    assert (taken.who, taken.root) == (None, Rebuilt.SAME)
    (kept,) = live.node.overseer.handed_in()
    told = kept.as_json()
    assert (told["statement"], told["public"], told["registered"]) == (said["statement"], said["public"], None)


def test_who_is_registered_is_told_by_role(live: Live) -> None:
    assert hand_in(live, summed_up(live, live.signers["regulator"])).as_json()["registered"] == "regulator"


def test_the_same_audit_again_and_anothers_replay_of_it_change_nothing(live: Live) -> None:
    said = summed_up(live)
    hand_in(live, said)
    before = [one.as_json() for one in live.node.overseer.handed_in()]
    hand_in(live, said, "somebody else")
    assert [one.as_json() for one in live.node.overseer.handed_in()] == before


def test_of_a_day_the_newest_audit_of_an_address_is_kept_in_whatever_order(live: Live) -> None:
    day = int(time.time()) // 86_400 * 86_400 - 86_400
    for second, findings in ((10, 1), (30, 3), (20, 2)):
        hand_in(live, summed_up(live, result="findings", findings=findings, auditedAt=day + second))
    hand_in(live, summed_up(live, auditedAt=day - 5))
    hand_in(live, summed_up(live, Signer("another"), auditedAt=day + 7))
    found = live.node.overseer.handed_in()
    assert [one.summary.audited_at - day for one in found] == [30, 7, -5]
    assert len(live.node.overseer.handed_in(by=Signer("another").address)) == 1


def test_a_root_is_held_against_the_seal_that_it_names(live: Live) -> None:
    live.merchant.capture_event(event(epc("A1")))
    live.node.seal_now()
    other = hand_in(live, summed_up(live, root="cd" * 32, result="findings", findings=1))
    none = hand_in(live, summed_up(live, seal=99))
    assert (other.root, none.root) == (Rebuilt.OTHER, Rebuilt.NONE)


def test_an_audit_in_anothers_name_is_refused(live: Live) -> None:
    said = summed_up(live)
    said["statement"]["by"] = live.signers["regulator"].address
    with pytest.raises(BadSignature):
        hand_in(live, said)
    assert live.node.overseer.handed_in() == []


def test_a_key_that_its_participant_gave_up_signs_no_audit(live: Live) -> None:
    partner, new = live.signers["partner"], Signer("new key")
    live.registrar.rotate(partner.address, new.address)
    live.node.known.refresh()
    with pytest.raises(BadSignature):
        hand_in(live, summed_up(live, partner))
    said = summed_up(live, new)
    said["statement"]["by"] = partner.address
    assert hand_in(live, said).as_json()["registered"] == "partner"


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "terms"},
        {"subject": "/terms/platform"},
        {"content": bytes(32)},
        {"issued_at": 2**40},
    ],
)
def test_a_statement_of_something_else_is_refused(live: Live, changes: Json) -> None:
    public = summed_up(live)["public"]
    said = stated(live, public, Signer("an auditor"), **changes)
    with pytest.raises((InvalidInput, BadSignature)):
        hand_in(live, said)


@pytest.mark.parametrize(
    "changes",
    [
        {"result": "perfect"},
        {"result": ["clean"]},
        {"result": "clean", "findings": 1},
        {"result": "findings", "findings": 0},
        {"entries": -1},
        {"entries": True},
        {"entries": 2**53},
        {"seal": 1.0},
        {"root": "AB" * 32},
        {"report": "ab"},
        {"auditedAt": 2**40},
        {"note": "my words"},
    ],
)
def test_a_summary_that_is_none_is_refused(live: Live, changes: Json) -> None:
    with pytest.raises(Malformed):
        hand_in(live, summed_up(live, **changes))
    assert live.node.overseer.handed_in() == []


@pytest.mark.parametrize("value", [None, [], "x", {}, {"entries": 1}])
def test_what_is_no_summary_at_all_is_refused(value: object) -> None:
    with pytest.raises(Malformed):
        summary.parse(value)


def test_only_so_many_are_kept_and_strangers_push_out_nobody_who_is_registered(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oversee, "UNKNOWN_KEPT", 2)
    monkeypatch.setattr(oversee, "KNOWN_KEPT", 1)
    now = int(time.time())
    live.node.known.refresh()
    hand_in(live, summed_up(live, live.signers["regulator"], auditedAt=now - 900))
    for n in range(4):
        hand_in(live, summed_up(live, Signer(f"stranger {n}"), auditedAt=now - 800 + n))
    found = live.node.overseer.handed_in()
    assert [one.summary.audited_at - now for one in found] == [-797, -798, -900]


def test_who_hands_in_too_many_waits(live: Live) -> None:
    node = live.node
    d = node.deployment
    domain = statements.domain(d.chain_id, d.merchants)
    one = Overseer(
        node.database, node.chain, node.known, node.listener, domain, throttle=Throttle(2, 60, why="too many audits")
    )
    said = summed_up(live)
    for _ in range(2):
        one.hand_in(said["statement"], said["public"], "192.0.2.1")
    with pytest.raises(Throttled, match="too many audits"):
        one.hand_in(said["statement"], said["public"], "192.0.2.1")
    one.hand_in(said["statement"], said["public"], "192.0.2.2")


# -- transactions


def test_a_transaction_is_given_as_the_node_has_it(live: Live) -> None:
    live.merchant.capture_event(event(epc("A1")))
    live.node.seal_now()
    (one,) = counted(live).points
    found = live.node.overseer.transaction("0x" + one.tx.hex())
    assert found["transaction"]["to"].lower() == live.node.deployment.journal
    assert int(found["receipt"]["gasUsed"], 16) == one.gas
    with pytest.raises(NotFound):
        live.node.overseer.transaction("00" * 32)
    with pytest.raises(Malformed):
        live.node.overseer.transaction("latest")
