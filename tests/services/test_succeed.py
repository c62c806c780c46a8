"""A site goes on in a new journal: nothing accepted is lost, readers and auditors follow, whatever it dies in."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from ending import appeal, end
from live import GTIN, URL, Live, batch_document, epc, event, items
from market import REVIEWS, Market, open_market
from mortal import Died, Fate, MortalDatabase
from suyuan import bootstrap
from suyuan.bootstrap import keystore, open_node, open_successor
from suyuan.chain import deploy
from suyuan.chain.node import Web3Chain
from suyuan.chain.port import Deployment, Fault, Misstep, Passed
from suyuan.chain.port import Evidence as Shown
from suyuan.client import LogReader, Site, SiteRefused
from suyuan.core import merkle, notes, proof, statements, subjects
from suyuan.core.errors import BadSignature, Conflict, Unavailable
from suyuan.core.evidence import promises_in
from suyuan.core.proof import State as Verdict
from suyuan.services import audit_beside
from suyuan.services.audit import AuditReport, audit
from suyuan.services.seal import SealMismatch
from suyuan.services.succeed import State, Succession, Successor
from suyuan.storage import audits, cosignatures, journal, sealed
from suyuan.storage.database import SEALER_LOCK
from suyuan.storage.journal import Superseded

ITEM = subjects.item(GTIN, "S00000")
BATCH = subjects.batch(GTIN, "L1")
PRODUCT = f"/01/{GTIN}"


def open_site(live: Live) -> Market:
    """A site that has sold: a product, a batch with an event and an order, a review; all of it sealed."""
    market = open_market(live)
    live.merchant.capture_event(event(epc("S00000")))
    (buyer,) = market.buyers(1)
    buyer.submit(stars=4)
    live.node.seal_now(rights=True)
    return market


def succeed(live: Live, from_seal: int | None = None) -> Succession:
    """Stops the site, succeeds, and starts it again."""
    settings = live.node.settings
    live.node.close()
    try:
        with open_successor(settings) as successor:
            return successor.run(from_seal)
    finally:
        live.attach(open_node(settings))


def pinned(live: Live) -> proof.Deployment:
    return proof.Deployment(live.node.deployment.chain_id, live.node.deployment.journal)


def bundle_of(live: Live, subject: str) -> Any:
    return json.loads(live.node.prover.prove(subject).text)


def checked(live: Live, bundle: Any, pin: proof.Deployment) -> proof.Report:
    """What a reader's verifier says of a bundle, which has that journal pinned and asks its own node for it."""
    judge = live.node.chain.as_of().journal_at(pin.journal)
    return proof.verify(proof.parse(bundle), pinned=pin, now=int(time.time()), judge=judge)


def assert_holds(live: Live, bundle: Any, pin: proof.Deployment) -> None:
    report = checked(live, bundle, pin)
    assert [o for o in report.obligations if o.state is not Verdict.HOLDS] == []


def numbers(live: Live) -> list[tuple[int, int]]:
    """Each seal that is written down here: its journal's own number, and what came before that journal."""
    with live.node.database.read() as connection:
        found = connection.execute(
            text("SELECT number - before, before FROM seals WHERE state = 'sealed' ORDER BY number")
        )
        return [(own, before) for own, before in found]


def audited(live: Live, receipts: Any = ()) -> AuditReport:
    log = LogReader(URL, http=live.http)
    promises = [one for receipt in receipts for one in promises_in(receipt)]
    assert len(promises) == len(receipts)
    checks = [audit_beside.kept(promises), audit_beside.serves(Site(URL, http=live.http))]
    return audit(live.node.chain, log, also=checks)


def test_what_is_accepted_is_sealed_first_and_the_new_journal_counts_from_one(live: Live) -> None:
    open_site(live)
    old, before = live.node.deployment, live.node.chain.journal_head()
    live.merchant.capture_event(event(epc("S00001")))  # accepted, and not sealed yet
    made = succeed(live)
    assert (made.state, made.left, made.waiting, made.open) == (State.MADE, 0, 0, ())
    assert (made.seal.number, made.seal.size) == (before.number + 1, live.size())
    new = live.node.deployment
    assert new == replace(old, journal=new.journal, predecessors=(Passed(old.journal, made.seal.number),))
    assert new.journal != old.journal
    named = live.node.chain.predecessor()
    assert named == proof.Predecessor(old.journal, made.seal)
    live.merchant.capture_event(event(epc("S00001")))
    live.node.seal_now()
    assert live.node.chain.journal_head().number == 1
    assert numbers(live)[-1] == (1, made.seal.number)
    assert [seal.number for seal in live.node.chain.journal_seals()] == [1]
    overview = live.http.get("/v1/journal").json()
    assert (overview["seals"], overview["sealed"]) == (1, live.size())
    assert overview["predecessor"] == {"journal": old.journal, "seal": made.seal.number}


def test_the_new_journal_has_the_terms_and_the_equipment_of_the_old(live: Live) -> None:
    open_site(live)
    chain, keys = live.node.chain, keystore(live.node.settings)
    before = chain.standings()
    succeed(live)
    chain = live.node.chain
    after = chain.standings()
    assert (after.grace, after.fee, after.ended) == (before.grace, before.fee, Fault.NONE)
    assert chain.verifier_since(bootstrap.verifier_hash()) > 0
    assert chain.receipt_key_at(keys.address("receipts"), int(time.time()) + 3600)


def test_readers_of_the_new_journal_hold_bundles_of_both(live: Live) -> None:
    market = open_site(live)
    wanted = (ITEM, PRODUCT, BATCH, REVIEWS)
    saved, old = {subject: bundle_of(live, subject) for subject in wanted}, pinned(live)
    succeed(live)
    new = pinned(live)
    handed = {subject: bundle_of(live, subject) for subject in wanted}
    for subject in wanted:
        # until the new journal has a seal of its own: the handed-over one, of the old journal
        assert handed[subject]["chain"] == {"id": old.chain, "journal": old.journal}
        assert_holds(live, handed[subject], new)
        assert_holds(live, saved[subject], new)
        assert_holds(live, saved[subject], old)
    live.merchant.capture_event(event(epc("S00000")))
    (buyer,) = market.buyers(1)
    buyer.submit(stars=2)
    live.node.seal_now(rights=True)
    for subject in wanted:
        bundle = bundle_of(live, subject)
        assert bundle["chain"] == {"id": new.chain, "journal": new.journal}
        assert bundle["seal"]["number"] == live.node.chain.journal_head().number
        assert_holds(live, bundle, new)
        assert_holds(live, saved[subject], new)
        told = checked(live, bundle, old).obligations[0]
        assert told.state is Verdict.FAILS
        assert "goes on from the pinned one" in told.detail
    assert len(bundle_of(live, REVIEWS)["entries"]) == 2  # one signed for each journal


def test_what_the_new_journal_took_is_not_shown_under_a_seal_of_the_old(live: Live) -> None:
    """It is signed for another deployment than the bundle's, so that a verifier would refuse it."""
    market = open_site(live)
    succeed(live)
    (buyer,) = market.buyers(1)
    buyer.submit(stars=2)
    bundle = bundle_of(live, REVIEWS)
    assert (bundle["pending"], len(bundle["entries"])) == ([], 1)
    assert_holds(live, bundle, pinned(live))
    live.node.seal_now()
    assert len(bundle_of(live, REVIEWS)["entries"]) == 2


def test_an_audit_of_the_new_journal_reads_from_the_first_entry_of_the_old(live: Live) -> None:
    market = open_site(live)
    receipts = [_receipt_of(live, 0), _receipt_of(live, live.size() - 1)]
    succeed(live)
    (buyer,) = market.buyers(1)
    buyer.submit(stars=1)
    live.node.seal_now(rights=True)
    receipts.append(_receipt_of(live, live.size() - 1))
    report = audited(live, receipts)
    assert (report.findings, report.unchecked) == ((), ())
    assert report.entries == live.size()
    assert [point.number for point in report.points] == [own for own, _ in numbers(live)]


def test_an_audit_finds_nothing_before_the_new_journal_has_a_seal_of_its_own(live: Live) -> None:
    open_site(live)
    succeed(live)
    live.merchant.capture_event(event(epc("S00001")))
    report = audited(live)
    assert (report.findings, report.unchecked) == ((), ())
    assert report.entries == live.node.chain.journal_head().size


def test_an_audit_that_was_handed_in_before_stays_the_same(live: Live) -> None:
    """It named a seal of the old journal, of a number that the new one has, too."""
    open_site(live)
    live.merchant.capture_event(event(epc("S00001")))
    live.node.seal_now()
    with live.node.database.read() as connection:
        old = {row.number: bytes(row.root) for row in connection.execute(text("SELECT number, root FROM seals"))}
    succeed(live)
    live.merchant.capture_event(event(epc("S00001")))
    live.node.seal_now()
    head = live.node.chain.journal_head()
    with live.node.database.read() as connection:
        assert audits.roots(connection, [1, 2, 99]) == {1: {old[1], head.root}, 2: {old[2]}}


def _receipt_of(live: Live, index: int) -> Any:
    """A receipt as its author kept it, with the entry that it is of."""
    with live.node.database.read() as connection:
        (row,) = journal.rows(connection, [index])
    d = live.node.deployment
    return {
        "chain": {"id": d.chain_id, "journal": d.journal},
        "index": index, "header": row.header.hex(), "receipt": row.receipt.as_json(row.signature),
    }  # fmt: skip


def test_receipts_are_of_the_journal_that_gave_them(live: Live) -> None:
    sent = event(epc("S00000"))
    open_site(live)
    first = live.merchant.capture_event(sent)
    old = live.node.deployment
    succeed(live)
    key = keystore(live.node.settings).address("receipts")
    again = live.merchant.capture_event(sent)
    assert again["receipt"] == first["receipt"]
    second = live.merchant.capture_event(event(epc("S00000")))
    for taken, d in ((first, old), (second, live.node.deployment)):
        (promise,) = promises_in(taken)
        digest = promise.receipt.digest(statements.domain(d.chain_id, d.journal))
        assert statements.recover(digest, promise.signature) == key


def test_a_shopper_signs_for_the_new_journal_and_its_old_claim_still_counts(live: Live) -> None:
    market = open_site(live)
    (buyer,) = market.buyers(1)
    said = buyer.saying(stars=3)  # signed, and not sent before the journal changed
    succeed(live)
    with pytest.raises(BadSignature):
        live.node.reviews.submit(said["statement"], said["public"], said["content"])
    buyer.submit(stars=3)
    live.node.seal_now()
    assert_holds(live, bundle_of(live, REVIEWS), pinned(live))
    live.assert_clean()


def test_a_journal_may_be_gone_on_from_again_and_again(live: Live) -> None:
    open_site(live)
    first = pinned(live)
    saved = bundle_of(live, ITEM)
    for turn in range(2):
        succeed(live)
        live.merchant.capture_event(event(epc("S00000")))
        live.merchant.register_batch(GTIN, f"M{turn}", batch_document(f"M{turn}"), items(f"M{turn}1"))
        live.node.seal_now()
        live.merchant.capture_event(event(epc("S00001")))
        live.node.seal_now()
    d = live.node.deployment
    assert d.predecessors[0].journal == first.journal
    assert d.predecessors[1].seal == 2
    assert numbers(live)[-1] == (2, d.before)
    assert_holds(live, bundle_of(live, ITEM), pinned(live))
    assert_holds(live, saved, pinned(live))
    report = audited(live)
    assert (report.findings, report.unchecked, report.entries) == ((), (), live.size())
    live.restart()  # nothing of it is in a process's memory alone
    live.merchant.capture_event(event(epc("S00000")))
    live.node.seal_now()
    assert_holds(live, bundle_of(live, ITEM), pinned(live))


def test_a_journal_without_a_seal_of_its_own_is_not_gone_on_from(live: Live) -> None:
    with pytest.raises(Conflict, match="nothing to go on from"):
        succeed(live)
    open_site(live)
    made = succeed(live)
    again = succeed(live)
    assert again == replace(made, state=State.STANDS)


def test_no_more_journals_go_on_from_one_another_than_verifiers_follow(live: Live) -> None:
    open_site(live)
    node, line = live.node, tuple(Passed("0x" + "11" * 20, 0) for _ in range(proof.LINE_LIMIT - 1))
    many = replace(node.deployment, predecessors=line)
    never: Callable[[Any], Deployment] = {}.__getitem__  # is not reached
    successor = Successor(node.database, node.chain, many, node.sealer, node.appeals, never, lambda: None)
    with pytest.raises(Conflict, match="verifiers follow 16 journals"):
        successor.run()


def test_a_site_that_runs_is_not_succeeded(live: Live) -> None:
    open_site(live)
    with live.node.database.alone(SEALER_LOCK) as had:
        assert had
        with open_successor(live.node.settings) as successor, pytest.raises(Conflict, match="stop the site first"):
            successor.run()
    assert live.node.deployment.predecessors == ()


def test_a_process_that_knows_the_old_journal_takes_and_seals_nothing_more(live: Live) -> None:
    """As a worker that nobody stopped: what it took would be signed for a journal that will not seal it."""
    open_site(live)
    stale = open_node(live.node.settings)
    succeed(live)
    live.merchant.capture_event(event(epc("S00000")))
    live.node.seal_now()
    before = numbers(live)
    with pytest.raises(Superseded, match="started again"):
        stale.sealer.step()
    fresh = live.node
    live.attach(stale)
    with live.nothing_written(), pytest.raises(SiteRefused, match="handed over"):
        live.merchant.capture_event(event(epc("S00000")))
    assert live.http.get("/readyz").json()["sealing"] == "stopped"
    live.attach(fresh)
    assert live.http.get("/readyz").json()["sealing"] == "ready"
    assert numbers(live) == before
    stale.close()
    live.assert_clean()


def test_witnesses_cosign_the_new_log_anew(live: Live) -> None:
    open_site(live)
    with live.node.database.write() as connection:
        cosignatures.put(connection, live.size(), "witness+1234", "— witness line", 1)
    succeed(live)
    note = live.http.get("/log/checkpoint").text
    new = pinned(live)
    assert note.splitlines()[:2] == [notes.origin_of(new.chain, new.journal), str(live.size())]
    assert "witness" not in note


# -- appeals


def test_open_appeals_are_named_and_may_be_made_again(live: Live) -> None:
    open_site(live)
    body = b"junk that nobody can read"
    appeal(live, body)
    live.node.seal_now()  # answers it
    end(live)
    assert live.node.chain.appeals()[0].answered is not None
    made = succeed(live)
    assert made.open == ()
    assert live.node.appeals.counts() == (0, 0)
    appeal(live, body)
    live.node.seal_now()
    live.merchant.capture_event(event(epc("S00000")))
    live.node.seal_now()
    assert live.node.appeals.counts() == (1, 1)
    assert live.node.chain.appeals()[0].answered is not None


def test_an_appeal_that_an_ended_journal_did_not_answer_does_not_come_along(live: Live) -> None:
    open_site(live)
    appeal(live, b"nobody answers this any more")
    end(live)
    made = succeed(live)
    assert [(one.number, one.body) for one in made.open] == [(1, b"nobody answers this any more")]
    live.merchant.capture_event(event(epc("S00000")))
    live.node.seal_now()
    assert live.node.chain.journal_head().number == 1


# -- journals that were ended


def test_a_journal_that_a_broken_promise_ended_is_gone_on_from_its_newest_seal(live: Live) -> None:
    open_site(live)
    end(live)
    waiting = live.merchant.capture_event(event(epc("S00001")))  # accepted, and never to be sealed by the old one
    made = succeed(live)
    assert (made.ended, made.waiting, made.left) == (Fault.BROKEN_PROMISE, waiting["receipt"]["count"], 0)
    assert made.seal.size == live.size() - made.waiting
    live.node.seal_now()
    assert live.node.chain.standings().ended is Fault.NONE
    assert_holds(live, bundle_of(live, subjects.item(GTIN, "S00001")), pinned(live))
    assert [finding.fault.value for finding in live.audit().findings] == ["proven"]  # and nothing else


def test_an_ended_journal_takes_no_records_until_it_is_gone_on_from(live: Live) -> None:
    """It could not seal what its receipts would promise."""
    open_site(live)
    end(live)
    live.node.listener.ask()
    with live.nothing_written(), pytest.raises(SiteRefused, match="ended the journal") as met:
        live.merchant.capture_event(event(epc("S00001")))
    assert met.value.kind is Unavailable
    assert live.http.get("/readyz").json()["sealing"] == "stopped"
    succeed(live)
    live.merchant.capture_event(event(epc("S00001")))
    live.node.listener.ask()
    assert live.http.get("/readyz").json()["sealing"] == "ready"


def test_what_shoppers_signed_for_an_ended_journal_cannot_wait_for_the_next(live: Live) -> None:
    market = open_site(live)
    (buyer,) = market.deliver(1)
    market.publish()
    live.node.seal_now()
    end(live)
    buyer.claim()
    size = live.size()
    with pytest.raises(Conflict, match=r"\(1 claim\).*Restore the database as of seal"):
        succeed(live)
    assert (live.size(), live.node.deployment.predecessors) == (size, ())
    with live.node.database.read() as connection:
        assert journal.before(connection) == 0


def test_a_fault_in_the_entries_is_not_handed_on(live: Live) -> None:
    """What proves it would end the next journal as well, at its first seal."""
    open_site(live)
    sound = live.node.chain.journal_head()
    live.merchant.capture_event(event(epc("S00001")))
    with live.node.database.write() as connection:  # a header whose version no rule knows
        at = journal.size(connection) - 1
        (raw,) = journal.headers(connection, at, at + 1)
        bad = b"\2" + raw[1:]
        connection.execute(text("UPDATE entries SET header = :bad WHERE index = :at"), {"bad": bad, "at": at})
    live.node.seal_now()
    with live.node.database.read() as connection:
        row = sealed.newest_sealed(connection)
    assert row is not None
    path = merkle.inclusion(sealed.TiledTree(live.node.database), at, row.size)
    signer = keystore(live.node.settings).signer("admissions")
    chain = live.node.chain
    chain.transact(chain.prepare_fault(signer, Misstep((Shown(row.seal(), bad, at, path),))))
    wanted = f"entry {at} is at fault .*newest seal without it is {sound.number}, of {sound.size} entries"
    with pytest.raises(Conflict, match=wanted):
        succeed(live)
    with pytest.raises(Conflict, match=f"newest seal here is {row.own}: to go on from seal {sound.number} restore"):
        succeed(live, sound.number)


def test_a_database_that_was_restored_goes_on_from_the_seal_that_it_has(live: Live) -> None:
    market = open_site(live)
    number = live.node.chain.journal_head().number
    with backed_up(live):
        live.merchant.capture_event(event(epc("S00001")))
        live.node.seal_now()
    with pytest.raises(SealMismatch, match=f"this journal wrote {number}"):
        succeed(live)
    with pytest.raises(Conflict, match=f"newest seal here is {number}"):
        succeed(live, number + 1)
    made = succeed(live, number)
    assert (made.seal.number, made.left) == (number, 1)
    (buyer,) = market.buyers(1)
    buyer.submit(stars=2)
    live.node.seal_now(rights=True)
    live.assert_clean()
    assert_holds(live, bundle_of(live, REVIEWS), pinned(live))


@contextmanager
def backed_up(live: Live) -> Iterator[None]:
    """Puts the entries, records and seals back afterwards to what they were before the block."""
    tables = ("entries", "records", "seals", "tiles", "buckets", "journal")
    with live.node.database.write() as connection:
        for name in tables:
            connection.execute(text(f"CREATE TABLE kept_{name} AS TABLE {name}"))
    yield
    with live.node.database.write() as connection:
        for name in tables:
            connection.execute(text(f"DELETE FROM {name}"))
            connection.execute(text(f"INSERT INTO {name} TABLE kept_{name}"))
            connection.execute(text(f"DROP TABLE kept_{name}"))
    live.restart()


def test_entries_that_do_not_add_up_to_the_seal_are_not_handed_over(live: Live) -> None:
    """As after an operator sealed a heads map that leaves a subject out: that can be proven to the contract."""
    open_site(live)
    live.merchant.capture_event(event(epc("S00001")))
    live.node.sealer.step(now=True)
    wrong = bytes(32)
    with live.node.database.write() as connection:
        connection.execute(text("UPDATE seals SET heads = :wrong WHERE state = 'prepared'"), {"wrong": wrong})
    live.node.sealer.step()  # sends it
    seal = live.node.chain.journal_seals()[-1]
    assert seal.heads == wrong
    with live.node.database.write() as connection:
        record = live.node.chain.seal_record(seal.number)
        assert record is not None
        sealed.confirm(connection, seal.number, block=record.block, sealed_at=seal.sealed_at, tx=record.tx, buckets={})
    with pytest.raises(Conflict, match=f"seal {seal.number} has {seal.root.hex()} and {wrong.hex()}"):
        succeed(live)


# -- whatever it dies in


class MortalChain:
    """The chain of a process that dies when it sends, before or after that landed."""

    def __init__(self, chain: Web3Chain, fate: Fate) -> None:
        self._chain, self._fate = chain, fate
        self._send = chain.send

    def send(self, attempt: Any) -> None:
        self._fate.reach("send: lost")
        self._send(attempt)
        self._fate.reach("send: landed, answered with an error")


def test_whatever_it_dies_in_running_it_again_settles_it(
    make_live: Callable[..., Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    fate, met = Fate(), []
    monkeypatch.setattr(bootstrap, "Database", lambda url: MortalDatabase(url, fate))
    write = deploy.write

    def written(file: Any, value: Any) -> None:
        fate.reach(f"{file.name}: not written")
        write(file, value)
        fate.reach(f"{file.name}: written")

    monkeypatch.setattr(deploy, "write", written)
    live: Live | None = None
    for step in itertools.count():
        if live is None or len(live.node.deployment.predecessors) > 10:  # verifiers follow sixteen
            live = make_live()
            open_site(live)
            saved = bundle_of(live, ITEM)
        live.merchant.capture_event(event(epc("S00000")))
        before, settings = live.node.deployment, live.node.settings
        live.node.close()
        fate.left, fate.met = step, ""
        with suppress(Died):
            _run(settings, fate)
        fate.left = None
        made = _run(settings, fate)
        live.attach(open_node(settings))
        after = live.node.deployment
        assert after.predecessors == (*before.predecessors, Passed(before.journal, made.seal.number))
        live.merchant.capture_event(event(epc("S00000")))
        live.node.seal_now()
        assert_holds(live, bundle_of(live, ITEM), pinned(live))
        assert_holds(live, saved, pinned(live))
        if not fate.met:
            break
        met.append(fate.met)
    assert {"write: before the commit", "write: after the commit", "send: lost"} <= set(met)
    assert {"deployment.json: not written", "deployment.json: written", "deployment.json.part: written"} <= set(met)
    assert not list(settings.data.glob("*.part"))
    live.assert_clean()


def _run(settings: Any, fate: Fate) -> Succession:
    with open_successor(settings) as successor:
        chain: Any = successor._chain
        chain.send = MortalChain(chain, fate).send
        return successor.run()


def test_a_deployment_is_read_as_it_was_written() -> None:
    one = Deployment(1, "0x1", "0x2", "0x3", 7, (Passed("0x4", 5), Passed("0x6", 2)))
    assert Deployment.from_json(json.loads(json.dumps(one.as_json()))) == one
    assert [one.journal_after(seals) for seals in (0, 5, 7)] == ["0x4", "0x6", "0x1"]
    assert one.before == 7
