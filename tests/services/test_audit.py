"""The operator is the attacker here: what an audit, which trusts neither log nor chain, says of each deed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audits import (
    LONG_AGO,
    REGULATOR,
    FakeChain,
    MemoryLog,
    admitted,
    asked_by,
    audited,
    chain_of,
    log_of,
    long,
)
from journal_builder import (
    BATCH,
    CHAIN,
    JOURNAL,
    MERCHANT,
    OPERATOR,
    PALLET,
    PARTNER,
    PRODUCT,
    REVIEWS,
    SERIALS,
    STRANGER,
    Journal,
    Signer,
    Written,
    build,
    build_market,
    faults,
    link,
    market,
    private_of,
    right,
    story,
)  # fmt: skip
from live import Live
from mortal import Died
from suyuan.chain.port import Fault as Proven
from suyuan.chain.port import FaultRecord, Standings
from suyuan.core import canonical, entries, heads, replay, rules, statements, subjects
from suyuan.core.entries import Kind
from suyuan.core.errors import Conflict, Unavailable
from suyuan.core.notes import TILE
from suyuan.core.proof import Claim, Verdict
from suyuan.core.replay import REGISTERED_WITHIN, Fault
from suyuan.core.rules import Role, Standing
from suyuan.core.standing import Registry
from suyuan.core.statements import Signed, Statement
from suyuan.services import audit as audits
from suyuan.services.audit import AuditReport, Result
from suyuan.services.audit_read import CHUNK
from suyuan.services.audit_state import AuditState

LAST = len(story().written) - 1  # of an event that waits for its seal


def found(journal: Journal, **options: Any) -> dict[Fault, list[int]]:
    """Where each fault is, in a journal all of which could be read."""
    report = audited(journal, **options)
    assert report.unchecked == ()
    return faults(report.findings)


def sealed(*deeds: Callable[[Journal], Any], begun: Callable[[], Journal] = build_market) -> Journal:
    """A journal in which that was done, and truly sealed: the contract cannot tell."""
    journal = begun()
    for deed in deeds:
        deed(journal)
    journal.seal()
    return journal


# -- nothing


def test_an_honest_journal_is_clean() -> None:
    report = audited(market())
    assert (report.result, report.findings, report.unchecked) == (Result.CLEAN, (), ())
    assert (report.began, report.entries, report.seals) == (0, len(market().written), len(market().seals))
    assert sum(report.kinds.values()) == report.entries
    assert report.kinds["review"] == 4
    assert [(p.number, p.size, p.sealed_at) for p in report.points] == [
        (s.number, s.size, s.sealed_at) for s in market().seals
    ]
    assert {"headers", "bodies", "signatures", "rules"} <= {stage.name for stage in report.stages}
    assert all(stage.entries == report.entries for stage in report.stages)


def test_what_waits_for_its_seal_is_not_audited() -> None:
    assert audited(story()).entries == story().seals[-1].size < len(story().written)


def test_a_journal_without_a_seal_is_clean_and_empty() -> None:
    journal = Journal()
    report = audited(journal, clock=lambda: LONG_AGO)
    assert (report.result, report.entries, report.points) == (Result.CLEAN, 0, ())


# -- the past


def test_a_rewritten_body_is_found() -> None:
    log = log_of(story())
    raw, text = log.rows[0]
    log.rows[0] = raw, text.replace(b'"product"', b'"produce"')
    assert [0] == found(story(), log=log)[Fault.BODY]


def test_a_rewritten_header_is_found() -> None:
    log = log_of(story())
    raw, text = log.rows[4]
    log.rows[4] = replace(entries.decode(raw), at=entries.decode(raw).at + 1).encode(), text
    assert {Fault.ROOT, Fault.STREAM} <= found(story(), log=log).keys()


def rebuilt(kept: Callable[[int], bool], more: Callable[[Journal], Any] = lambda _: None) -> MemoryLog:
    """The log of a journal from which entries are gone, or into which one was put, everything after it made to fit."""
    journal = Journal()
    journal.documents |= story().documents
    for entry in story().written:
        if entry.index == 2:
            more(journal)
        if kept(entry.index):
            journal.at = entry.header.at - 1000
            journal.append(Kind(entry.header.kind), entry.subject, json.loads(entry.text), arg=entry.header.arg)
            journal.at = entry.header.at
    while len(journal.written) < len(story().written):
        journal.record(PARTNER, Kind.MERCHANT, f"/merchant/{PARTNER.address}", {"n": len(journal.written)})
    return log_of(journal)


def test_a_deleted_entry_is_found_although_everything_after_it_was_rebuilt() -> None:
    met = found(story(), log=rebuilt(lambda index: index != 1))
    assert [1, 2, 3] == met[Fault.ROOT] == met[Fault.HEADS]


def test_an_entry_put_into_the_past_is_found_although_everything_after_it_was_rebuilt() -> None:
    log = rebuilt(lambda _: True, lambda j: j.record(PARTNER, Kind.MERCHANT, f"/merchant/{PARTNER.address}", {}))
    met = found(story(), log=log)
    assert [1, 2, 3] == met[Fault.ROOT] == met[Fault.HEADS]


def test_of_a_past_nobody_has_an_audit_says_that_it_could_not_be_checked() -> None:
    log = log_of(story())
    log.rows = log.rows[:5]
    report = audited(story(), log=log)
    assert (report.result, report.findings) == (Result.UNCHECKED, ())


# -- the heads map


def with_heads(root: bytes, number: int = 2) -> FakeChain:
    seals = [replace(seal, heads=root) if seal.number == number else seal for seal in story().seals]
    return FakeChain(seals, dict(story().batches))


def heads_without(subject: str, size: int) -> bytes:
    newest = {e.header.key: heads.Met(e.header.key, e.header.seq + 1, e.leaf) for e in story().written[:size]}
    del newest[subjects.key(subject)]
    top, _ = heads.in_memory()
    top.update(newest.values())
    return top.root


def test_invented_heads_over_an_old_prefix_are_found() -> None:
    assert {Fault.HEADS: [3]} == found(story(), chain=with_heads(bytes(32), 3))


def test_a_wrong_heads_map_is_found_although_the_next_seal_mends_it() -> None:
    assert {Fault.HEADS: [2]} == found(story(), chain=with_heads(bytes(32), 2))


def test_a_subject_left_out_of_the_heads_map_is_found() -> None:
    root = heads_without(PRODUCT, story().seals[1].size)
    assert {Fault.HEADS: [2]} == found(story(), chain=with_heads(root, 2))


def test_an_event_left_out_of_a_stream_that_it_names_is_found() -> None:
    journal = build()
    named = journal.event(PARTNER, epcList=[link(f"{PRODUCT}/21/{n}") for n in range(3)])
    left_out = named[1]
    journal.written.remove(left_out)
    journal.written = [replace(entry, index=n) for n, entry in enumerate(journal.written)]
    journal.event(PARTNER, epcList=[link(f"{PRODUCT}/21/9")])
    journal.seal()
    assert [len(journal.written) - 1] == found(journal)[Fault.BODY]


# -- seals


def test_a_seal_that_the_contract_does_not_confirm_is_found() -> None:
    assert {Fault.SEALS: [2]} == found(story(), chain=chain_of(story(), kept=[story().seals[0], story().seals[2]]))


def test_time_that_goes_back_is_found() -> None:
    def back(journal: Journal) -> None:
        journal.at -= 30_000
        journal.record(MERCHANT, Kind.PRODUCT, PRODUCT, {"name": "again"})

    journal = sealed(lambda j: j.record(PARTNER, Kind.MERCHANT, f"/merchant/{PARTNER.address}", {}), back)
    assert [len(journal.written) - 1] == found(journal)[Fault.TIME]


def test_an_entry_from_before_the_last_seal_is_found() -> None:
    def backdated(journal: Journal) -> None:
        journal.at -= 3_600_000
        journal.record(MERCHANT, Kind.PRODUCT, PRODUCT, {"name": "again"})
        journal.at += 3_600_000

    journal = sealed(backdated)
    assert journal.seals[-1].number in found(journal)[Fault.TIME]


# -- who signed, and whether they might


def participants(**changed: Any) -> list[Any]:
    """Everyone, with the merchant's record changed."""
    chain = chain_of(story())
    return [replace(one, **changed) if one.id == MERCHANT.address else one for one in chain.participants]


def by_merchant(journal: Journal) -> list[int]:
    """Where the merchant speaks first: an event's first entry speaks for its run."""
    places, before = [], b""
    for entry in journal.written[: journal.seals[-1].size]:
        if json.loads(entry.text)["by"] == MERCHANT.address and entry.header.body != before:
            places.append(entry.index)
        before = entry.header.body
    return places


def test_a_record_by_somebody_whom_nobody_admitted_is_found() -> None:
    chain = chain_of(market())
    chain.participants = [one for one in chain.participants if one.id != MERCHANT.address]
    assert {Fault.AUTHOR: by_merchant(market())} == found(market(), chain=chain)


def test_a_record_of_a_suspended_merchant_is_found_from_the_second_of_its_suspension_on() -> None:
    places = by_merchant(market())
    suspended_at = market().written[places[-1]].header.at // 1000
    standings = ((LONG_AGO, Standing.ADMITTED), (suspended_at, Standing.SUSPENDED))
    chain = chain_of(market(), participants=participants(standings=standings))
    assert {Fault.AUTHOR: [places[-1]]} == found(market(), chain=chain)
    later = (standings[0], (suspended_at + 1, Standing.SUSPENDED))
    assert {} == found(market(), chain=chain_of(market(), participants=participants(standings=later)))


def test_a_backdated_record_of_a_suspended_merchant_is_found() -> None:
    """Its time lies before the suspension, and so before the seal that was made in between."""
    journal = build_market()
    suspended_at = journal.at // 1000 - 30
    journal.at += 1_200_000
    journal.record(PARTNER, Kind.MERCHANT, f"/merchant/{PARTNER.address}", {})
    journal.seal()
    now = journal.at
    journal.at = (suspended_at - 10) * 1000
    journal.record(MERCHANT, Kind.PRODUCT, PRODUCT, {"name": "again"})
    journal.at = now
    journal.seal()
    standings = ((LONG_AGO, Standing.ADMITTED), (suspended_at, Standing.SUSPENDED))
    met = found(journal, chain=chain_of(journal, participants=participants(standings=standings)))
    assert [len(journal.written) - 1, journal.seals[-1].number] == met[Fault.TIME]


def test_a_key_counts_for_the_time_in_which_it_was_the_merchants() -> None:
    places = by_merchant(market())
    rotated_at = market().written[places[2]].header.at // 1000
    keys = ((LONG_AGO, MERCHANT.address), (rotated_at, STRANGER.address))
    chain = chain_of(market(), participants=participants(keys=keys))
    assert {Fault.AUTHOR: places[2:]} == found(market(), chain=chain)


def test_a_role_that_may_not_write_such_a_record_is_found() -> None:
    chain = chain_of(market(), participants=participants(role=Role.PARTNER))
    met = found(market(), chain=chain)[Fault.AUTHOR]
    assert {Kind.BATCH, Kind.REVIEW_REPLY} == {Kind(market().written[place].header.kind) for place in met}


def test_a_review_withheld_by_the_merchant_itself_is_found() -> None:
    journal = sealed(
        lambda j: j.moderate(MERCHANT, Kind.REVIEW_WITHHOLD, REVIEWS,
                             {"right": right("four"), "reason": "abuse", "basis": "CC-1024"}, 4 << 3)
    )  # fmt: skip
    assert {Fault.AUTHOR: [len(journal.written) - 1]} == found(journal)


def test_a_profile_of_somebody_else_is_found() -> None:
    journal = sealed(lambda j: j.record(PARTNER, Kind.MERCHANT, f"/merchant/{MERCHANT.address}", {}))
    assert {Fault.AUTHOR: [len(journal.written) - 1]} == found(journal)
    by_operator = sealed(lambda j: j.record(OPERATOR, Kind.MERCHANT, f"/merchant/{MERCHANT.address}", {}))
    assert {} == found(by_operator)


def test_a_product_or_batch_of_another_merchant_is_found() -> None:
    other = Signer("another merchant")
    journal = sealed(lambda j: j.record(other, Kind.PRODUCT, PRODUCT, {"name": "mine"}))
    chain = chain_of(journal)
    chain.participants.append(admitted(other, Role.MERCHANT))
    assert {Fault.RIGHTS: [len(journal.written) - 1]} == found(journal, chain=chain)


def stated(journal: Journal, signed: Signed, public: dict[str, Any], subject: str) -> None:
    body = {**rules.body_of(signed, public), "subject": subject}
    journal.append(Kind.PRODUCT, subject, body)


def test_a_signature_replayed_in_another_stream_is_found() -> None:
    other = subjects.product("09521141012338")

    def replayed(journal: Journal) -> None:
        public = {"document": journal.document({"name": "here or there"})}
        stated(journal, journal.sign(MERCHANT, Kind.PRODUCT, PRODUCT, public), public, other)

    journal = sealed(replayed)
    assert {Fault.AUTHOR: [len(journal.written) - 1]} == found(journal)


def test_a_signature_replayed_in_its_own_stream_is_found() -> None:
    journal = build_market()
    journal.append(Kind.PRODUCT, PRODUCT, json.loads(journal.stream(PRODUCT)[0].text))
    journal.seal()
    assert {Fault.BODY: [len(journal.written) - 1]} == found(journal)


def test_a_participants_signature_from_another_deployment_is_found() -> None:
    def replayed(journal: Journal) -> None:
        public = {"document": journal.document({"name": "elsewhere"})}
        statement = Statement("product", PRODUCT, canonical.digest(public), journal.at // 1000, journal.nonce())
        elsewhere = statements.domain(CHAIN, "0x" + "99" * 20)
        stated(
            journal, Signed(MERCHANT.address, statement, MERCHANT.sign(statement.digest(elsewhere))), public, PRODUCT
        )

    journal = sealed(replayed)
    assert {Fault.AUTHOR: [len(journal.written) - 1]} == found(journal)


def test_a_shoppers_signature_from_another_deployment_is_found() -> None:
    chain = chain_of(market(), journal="0x" + "77" * 20)
    claims = [e.index for e in market().written if e.header.kind in rules.SHOPPERS]
    assert {Fault.SIGNATURE: claims} == found(market(), chain=chain)


def test_a_statement_that_was_issued_after_it_was_accepted_is_found() -> None:
    def early(journal: Journal) -> None:
        public = {"document": journal.document({"name": "early"})}
        issued = journal.at // 1000 + 1 + statements.SKEW + 1
        stated(journal, journal.sign(MERCHANT, Kind.PRODUCT, PRODUCT, public, issued), public, PRODUCT)

    journal = sealed(early)
    assert {Fault.AUTHOR: [len(journal.written) - 1]} == found(journal)


def test_verdicts_over_time_are_those_of_the_contract_itself(live: Live) -> None:
    """At every second in which something changed and those beside it, with the first key, the next and a stranger's."""
    chain, signers = live.node.chain, live.signers
    live.registrar.set_standing(signers["merchant"].address, Standing.SUSPENDED, "late")
    live.registrar.set_standing(signers["other"].address, Standing.SUSPENDED, "late")
    live.registrar.set_standing(signers["other"].address, Standing.WARNED, "better")
    live.registrar.rotate(signers["partner"].address, STRANGER.address)
    records, _ = chain.participants_since(0)
    registry = Registry(records)
    domain = statements.domain(chain.chain_id(), live.node.deployment.merchants)
    claims, ours = [], []
    for record in [
        one for one in records if one.id in {signers[who].address for who in ("merchant", "other", "partner")}
    ]:
        changes = [at for at, _ in (*record.standings, *record.keys)]
        for at in sorted({at + beside for at in changes for beside in (-1, 0, 1)}):
            for issued_at in (at, at + statements.SKEW + 1):
                for signer in (*signers.values(), STRANGER):
                    statement = Statement("product", PRODUCT, bytes(32), issued_at, bytes(32))
                    signed = Signed(record.id, statement, signer.sign(statement.digest(domain)))
                    claims.append(Claim(signed, at))
                    ours.append(registry.verdict(record.id, signer.address, at, issued_at))
    assert chain.verdicts(claims) == ours
    assert set(ours) == set(Verdict)


# -- rights, reviews and totals


@pytest.mark.parametrize(
    ("deed", "fault"),
    [
        (lambda j: j.review("four", 4), Fault.RIGHTS),
        (lambda j: j.claim("four"), Fault.RIGHTS),
        (lambda j: j.issue("four"), Fault.RIGHTS),
        (lambda j: j.withhold("four", 2), Fault.RIGHTS),
        (lambda j: j.restore("one", 3), Fault.RIGHTS),
        (lambda j: j.order("/order/" + "0e" * 16, (BATCH, 3)), Fault.RIGHTS),
    ],
    ids=["a right reused", "claimed twice", "issued twice", "other stars withheld", "restored twice", "more delivered"],
)
def test_a_journal_truly_sealed_in_which_a_rule_is_broken(deed: Callable[[Journal], Any], fault: Fault) -> None:
    journal = sealed(deed)
    assert [len(journal.written) - 1] == found(journal)[fault]


def bent_last(**fields: Any) -> Journal:
    """A journal, truly sealed, of which the last header is another."""
    journal = build_market()
    journal.erase("three")
    last = journal.written[-1]
    journal.written[-1] = replace(last, header=replace(last.header, **fields))
    journal.seal()
    return journal


def test_a_changed_tally_is_found() -> None:
    state = market().stream(REVIEWS)[0].header.state
    assert Fault.STREAM in found(bent_last(state=state))


def test_a_review_that_is_withheld_without_being_counted_is_found() -> None:
    journal = build_market()
    public = {"right": right("four"), "reason": "abuse", "basis": "CC-1024"}
    body = rules.body_of(journal.sign(OPERATOR, Kind.REVIEW_WITHHOLD, REVIEWS, public), public)
    before = journal.stream(REVIEWS)[-1]
    honest = journal.append(Kind.REVIEW_WITHHOLD, REVIEWS, body, arg=4 << 3)
    journal.written[-1] = replace(honest, header=replace(honest.header, state=before.header.state))
    journal.seal()
    assert {Fault.STREAM: [honest.index]} == found(journal)


# -- what documents name


def one_less(journal: Journal) -> list[Written]:
    """An event of three items that stands in the streams of two, and says that it names no more."""
    event = journal.event(PARTNER, epcList=[link(f"{PRODUCT}/21/{n}") for n in range(3)])
    journal.forget(3)
    text = entries.encode_body({**json.loads(event[0].text), "named": 2})
    journal.at += 1000
    return [journal._put(Kind.CHECKPOINT, one.subject, text, 0, one.document, "") for one in (event[0], event[2])]


def test_an_event_that_is_left_out_of_a_stream_and_says_that_it_names_one_less_is_found() -> None:
    """Bodies alone cannot show it: the author signed the document, not how many streams it went into."""
    journal = build()
    named = one_less(journal)
    journal.seal()
    report = audited(journal)
    assert {Fault.BODY: [entry.index for entry in named]} == faults(report.findings)
    assert report.findings[0].detail == "the event is said to name 2 subjects, its document names 3"
    assert report.unchecked == ()


def test_an_event_in_a_stream_that_its_document_does_not_name_is_found() -> None:
    journal = build()
    (event,) = journal.event(PARTNER, epcList=[link(PALLET)])
    journal.forget(1)
    journal._put(Kind.CHECKPOINT, PRODUCT, event.text, 0, event.document, "")
    journal.seal()
    assert {Fault.BODY: [len(journal.written) - 1]} == found(journal)


def test_an_event_of_another_hash_than_its_document_has_is_found() -> None:
    def other(journal: Journal) -> None:
        named = journal.event(PARTNER, epcList=[link(PALLET)])[0]
        public = json.loads(named.text)["public"] | {"event": f"ni:///sha-256;{'ab' * 32}?ver=CBV2.0"}
        body = rules.body_of(journal.sign(PARTNER, Kind.CHECKPOINT, "", public), public, 1)
        journal.append(Kind.CHECKPOINT, PALLET, body)

    journal = sealed(other)
    assert {Fault.BODY: [len(journal.written) - 1]} == found(journal)


@pytest.mark.parametrize("document", [{}, [], "x", {"type": "ObjectEvent"}, {"@context": [[]], "type": 1}], ids=str)
def test_an_event_of_which_the_document_is_none_is_found(document: Any) -> None:
    def none(journal: Journal) -> None:
        public = {"event": f"ni:///sha-256;{'ab' * 32}?ver=CBV2.0", "document": journal.document(document)}
        body = rules.body_of(journal.sign(PARTNER, Kind.CHECKPOINT, "", public), public, 1)
        journal.append(Kind.CHECKPOINT, PALLET, body)

    journal = sealed(none)
    assert {Fault.BODY: [len(journal.written) - 1]} == found(journal)


def test_a_document_is_read_once_for_a_run_in_a_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = build()
    while len(journal.written) < TILE - 30:
        journal.record(PARTNER, Kind.MERCHANT, f"/merchant/{PARTNER.address}", {"n": len(journal.written)})
    events = len({entry.document for entry in journal.written if entry.header.kind == Kind.CHECKPOINT})
    journal.event(PARTNER, epcList=[link(f"{PRODUCT}/21/{n}") for n in range(60)])
    journal.seal()
    read: list[bytes] = []

    def show(text: bytes) -> replay.Shown:
        read.append(text)
        return real(text)

    real = replay.show
    monkeypatch.setattr(replay, "show", show)
    assert audited(journal).result is Result.CLEAN
    assert events + 2 == len(read)


def test_a_seal_between_the_entries_of_an_event_is_found() -> None:
    def cut(journal: Journal) -> None:
        *_, last = journal.event(PARTNER, epcList=[link(f"{PRODUCT}/21/{n}") for n in range(3)])
        journal.forget(1)
        journal.seal()
        journal._put(Kind.CHECKPOINT, last.subject, last.text, 0, last.document, "")

    journal = sealed(cut)
    assert {Fault.BODY: [len(journal.written) - 2]} == found(journal)


def test_an_event_that_the_newest_seal_leaves_unfinished_is_found() -> None:
    def cut(journal: Journal) -> None:
        journal.event(PARTNER, epcList=[link(f"{PRODUCT}/21/{n}") for n in range(3)])
        journal.forget(1)

    journal = sealed(cut)
    assert {Fault.BODY: [len(journal.written) - 1]} == found(journal)


# -- what is not served


def test_bodies_that_are_not_served_could_not_be_checked() -> None:
    report = audited(market(), log=log_of(market(), lost=(0,)))
    assert (report.result, report.findings) == (Result.UNCHECKED, ())
    assert report.entries == len(market().written)


def test_documents_that_are_not_served_could_not_be_checked() -> None:
    journal = market()
    log = log_of(journal)
    (first, second) = [entry for entry in journal.written if entry.document][-2:]
    log.papers = {name: one for name, one in log.papers.items() if name not in (first.document, second.document)}
    report = audited(journal, log=log)
    assert (report.result, report.findings) == (Result.UNCHECKED, ())
    assert (f"the documents of 2 entries are not served, the first of entry {first.index}",) == report.unchecked


def test_a_log_without_documents_could_not_be_checked() -> None:
    class Mute(MemoryLog):
        def documents(self, n: int, width: int) -> list[bytes]:
            raise Unavailable(f"documents {n} are not served")

    log = log_of(market())
    report = audited(market(), log=Mute(log.rows))
    assert (report.result, report.unchecked) == (Result.UNCHECKED, ("documents 0 are not served",))


def test_a_document_that_is_served_otherwise_than_it_was_signed_could_not_be_checked() -> None:
    log = log_of(market())
    (name,) = {entry.document for entry in market().stream(PALLET)[:1]}
    log.papers = {**log.papers, name: {**log.papers[name], "bizStep": "receiving"}}
    report = audited(market(), log=log)
    assert (report.result, report.findings, len(report.unchecked)) == (Result.UNCHECKED, (), 1)


def test_what_documents_show_that_are_served_late_is_found_by_the_next_audit(tmp_path: Path) -> None:
    journal = long(build_market(), CHUNK + 900)
    named = one_less(journal)
    journal.seal()
    log = log_of(journal)
    log.papers = {name: one for name, one in log.papers.items() if name != named[0].document}
    state = tmp_path / "state"
    first = audited(journal, log=log, state=state)
    assert (first.result, first.findings) == (Result.UNCHECKED, ())
    second = audited(journal, state=state)
    assert (second.began, second.result) == (CHUNK, Result.FINDINGS)
    assert {Fault.BODY: [entry.index for entry in named]} == faults(second.findings)


def test_where_bodies_are_not_served_headers_are_checked_all_the_same() -> None:
    journal = long(build_market(), CHUNK + 900)
    log = log_of(journal, lost=(2, 9))
    raw, text = log.rows[CHUNK + 700]
    log.rows[CHUNK + 700] = raw[:-1] + b"\0", text
    raw, text = log.rows[CHUNK + 10]
    log.rows[CHUNK + 10] = raw, text + b" "
    report = audited(journal, log=log)
    assert report.unchecked == ("bodies 2 are not served", "bodies 9 are not served")
    met = faults(report.findings)
    assert ([CHUNK + 10, CHUNK + 700], report.entries) == (met[Fault.BODY], len(journal.written))
    assert met[Fault.ROOT]


def test_what_bodies_say_that_are_served_late_is_found_by_the_next_audit(tmp_path: Path) -> None:
    journal = long(build_market(), CHUNK + 900)
    journal.append(Kind.PRODUCT, PRODUCT, json.loads(journal.stream(PRODUCT)[0].text))
    journal.seal()
    state = tmp_path / "state"
    first = audited(journal, log=log_of(journal, lost=(10,)), state=state)
    assert (first.result, first.findings) == (Result.UNCHECKED, ())
    second = audited(journal, state=state)
    assert (second.began, second.result) == (CHUNK, Result.FINDINGS)
    assert {Fault.BODY: [len(journal.written) - 1]} == faults(second.findings)


# -- the registry of batches


def after_market(seconds: int) -> dict[str, Any]:
    return {"clock": lambda: market().seals[-1].sealed_at + seconds}


def test_a_batch_that_was_never_registered_is_found_when_it_has_had_its_time() -> None:
    chain = chain_of(market())
    chain.batches.clear()
    assert {} == found(market(), chain=chain, **after_market(0))
    assert {Fault.BATCH: [1]} == found(market(), chain=chain, **after_market(REGISTERED_WITHIN))


@pytest.mark.parametrize(
    "change", [{"merchant": STRANGER.address}, {"quantity": 6}, {"items_root": bytes(32)}], ids=str
)
def test_a_batch_that_is_registered_otherwise_is_found(change: dict[str, Any]) -> None:
    chain = chain_of(market())
    chain.batches = {key: replace(state, **change) for key, state in chain.batches.items()}
    assert {Fault.BATCH: [1]} == found(market(), chain=chain)


def test_a_recall_that_never_reached_the_registry_is_found() -> None:
    journal = sealed(lambda j: j.record(MERCHANT, Kind.RECALL, BATCH, {"why": "mould"}))
    late = {"clock": lambda: journal.at // 1000 + REGISTERED_WITHIN + 1}
    assert {Fault.BATCH: [len(journal.written) - 1]} == found(journal, **late)
    chain = chain_of(journal)
    chain.batches = {key: replace(state, recalled_at=journal.at // 1000) for key, state in chain.batches.items()}
    assert {} == found(journal, chain=chain, **late)


def test_a_recall_by_another_merchant_is_found_and_one_by_the_regulator_is_not() -> None:
    other = Signer("another merchant")
    for by, expected in ((other, True), (REGULATOR, False)):
        journal = sealed(lambda j, by=by: j.record(by, Kind.RECALL, BATCH, {"why": "mould"}))
        chain = chain_of(journal)
        chain.participants.append(admitted(other, Role.MERCHANT))
        assert ({Fault.AUTHOR: [len(journal.written) - 1]} if expected else {}) == found(journal, chain=chain)


# -- appeals, and what was proven


def appeal(journal: Journal, body: bytes, subject: str = "/appeals") -> None:
    journal.at += 1000
    journal._put(Kind.APPEAL, subject, body, 0, "", "")


@pytest.mark.parametrize("body", [b"", b"\xff\x00junk\n", b'{"kind":"appeal"}', b"x" * 4096], ids=len)
def test_an_appeal_that_was_put_on_chain_may_be_any_bytes(body: bytes) -> None:
    journal = sealed(lambda j: appeal(j, body))
    chain = chain_of(journal, asked=[asked_by(STRANGER, body)])
    report = audited(journal, chain=chain)
    assert (report.result, report.kinds["appeal"]) == (Result.CLEAN, 1)


def test_an_appeal_that_nobody_put_on_chain_is_found() -> None:
    journal = sealed(lambda j: appeal(j, b"invented"))
    chain = chain_of(journal, asked=[asked_by(STRANGER, b"another")])
    assert {Fault.APPEAL: [len(journal.written) - 1]} == found(journal, chain=chain)


def test_an_appeal_in_another_stream_is_found() -> None:
    journal = sealed(lambda j: appeal(j, b"hidden", PRODUCT))
    chain = chain_of(journal, asked=[asked_by(STRANGER, b"hidden")])
    assert {Fault.BODY: [len(journal.written) - 1]} == found(journal, chain=chain)


def test_an_appeal_that_is_overdue_is_found() -> None:
    asked = market().seals[-1].sealed_at
    chain = chain_of(market(), standing=Standings(Proven.NONE, 0, 3, 1, asked, 3600, 1))
    assert {} == found(market(), chain=chain, **after_market(3600))
    report = audited(market(), chain=chain, **after_market(3601))
    assert {Fault.APPEAL: [-1]} == faults(report.findings)
    assert report.journal == chain.standing


def test_a_journal_that_a_proven_fault_has_ended_is_found_with_the_transaction() -> None:
    record = FaultRecord(Proven.OMISSION, 7, b"\xab" * 32, {})
    chain = chain_of(market(), proven=[record], standing=Standings(Proven.OMISSION, 0, 0, 0, 0, 3600, 1))
    report = audited(market(), chain=chain)
    assert {Fault.SEALS: [-1], Fault.PROVEN: [-1]} == faults(report.findings)
    assert "0x" + "ab" * 32 in report.findings[-1].detail


# -- going on where it stopped


def halves(entries_: int = 2 * CHUNK + 300) -> tuple[Journal, FakeChain, MemoryLog]:
    """A long journal, and the chain and log of it as they were some seals before."""
    journal = long(build_market(), entries_)
    chain, log = chain_of(journal), log_of(journal)
    chain.seals = journal.seals[:-2]
    return journal, chain, MemoryLog(log.rows[: chain.seals[-1].size], log.papers)


def test_a_later_audit_reads_what_is_new_and_says_the_same_as_a_whole_one(tmp_path: Path) -> None:
    journal, before, log = halves()
    state = tmp_path / "state"
    first = audited(journal, chain=before, log=log, state=state)
    assert (first.result, first.entries) == (Result.CLEAN, before.seals[-1].size)
    log = log_of(journal)
    later, whole = audited(journal, log=log, state=state), audited(journal)
    assert (later.began, later.result) == (first.entries, Result.CLEAN)
    assert (whole.kinds, whole.points, whole.entries) == (later.kinds, later.points, later.entries)
    new = -(-later.entries // TILE) - first.entries // TILE
    assert log.asked == new + min(16, first.entries // TILE)  # and some of the old ones again
    third = audited(journal, state=state)
    assert (third.began, third.entries, third.result) == (later.entries, later.entries, Result.CLEAN)


def test_rules_reach_over_audits(tmp_path: Path) -> None:
    """What the first audit read decides on what the second does: a right, a nonce, a batch, a stream, the heads map."""
    journal = build_market()
    state = tmp_path / "state"
    assert audited(journal, state=state).result is Result.CLEAN
    begun = len(journal.written)
    journal.append(Kind.PRODUCT, PRODUCT, json.loads(journal.stream(PRODUCT)[0].text))
    journal.moderate(OPERATOR, Kind.ORDER, "/order/" + "0d" * 16, {"private": private_of("again")})
    journal.claim("four")
    journal.claim_item(SERIALS[4])
    journal.record(STRANGER, Kind.MERCHANT, f"/merchant/{STRANGER.address}", {})
    journal.seal()
    expected = {Fault.BODY: [begun], Fault.RIGHTS: [begun + 1, begun + 2, begun + 3], Fault.AUTHOR: [begun + 4]}
    assert expected == found(journal, state=state)
    assert expected == found(journal, state=state)  # a fault stays one
    assert expected == found(journal)


def test_an_audit_that_is_killed_goes_on_and_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = long(build_market(), 3 * CHUNK)
    journal.append(Kind.PRODUCT, PRODUCT, json.loads(journal.stream(PRODUCT)[0].text))
    journal.seal()
    expected = found(journal)
    state, steps = tmp_path / "state", ("load", "save", "save_position", "add_findings", "undo", "hear", "turn")
    for step in steps:
        for after in range(4):
            calls = iter(range(after + 1))
            honest = getattr(AuditState, step)

            def mortal(
                self: AuditState, *args: Any, honest: Any = honest, calls: Any = calls, after: int = after
            ) -> Any:
                if next(calls, after) == after:
                    raise Died
                return honest(self, *args)

            with monkeypatch.context() as patched:
                patched.setattr(AuditState, step, mortal)
                try:
                    audited(journal, state=state)
                except Died:
                    continue
    assert expected == found(journal, state=state)
    assert audited(journal, state=state).kinds == audited(journal).kinds


def test_a_state_of_another_journal_is_refused(tmp_path: Path) -> None:
    audited(market(), state=tmp_path / "state")
    with pytest.raises(Conflict, match="is the state of an audit of"):
        audited(market(), chain=chain_of(market(), journal="0x" + "77" * 20), state=tmp_path / "state")


def test_a_file_that_is_no_state_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.write_bytes(b"a letter to somebody" * 1000)
    with pytest.raises(Conflict, match="no audit's state"):
        audited(market(), state=file)
    assert file.read_bytes() == b"a letter to somebody" * 1000


def test_a_state_is_not_for_two_audits_at_once(tmp_path: Path) -> None:
    held = AuditState(tmp_path / "state")
    try:
        with pytest.raises(Conflict, match="locked"):
            audited(market(), state=tmp_path / "state")
    finally:
        held.close()


def test_a_log_that_changes_its_past_is_found_in_the_end(tmp_path: Path) -> None:
    journal = long(build_market(), 2 * CHUNK)
    state = tmp_path / "state"
    assert audited(journal, state=state).result is Result.CLEAN
    log = log_of(journal)
    raw, text = log.rows[5]
    log.rows[5] = raw, text + b" "
    reports = [audited(journal, log=log, state=state) for _ in range(2 * CHUNK // TILE // 16 + 1)]
    assert {Fault.SERVED: [0]} == faults(reports[-1].findings)


def test_a_seal_that_is_gone_is_found_and_the_journal_audited_anew(tmp_path: Path) -> None:
    journal = build_market()
    state = tmp_path / "state"
    assert audited(journal, state=state).result is Result.CLEAN
    chain = chain_of(journal)
    chain.seals[-1] = replace(chain.seals[-1], sealed_at=chain.seals[-1].sealed_at + 1)
    report = audited(journal, chain=chain, state=state)
    assert ({Fault.SEALS: [-1]}, 0, len(journal.written)) == (faults(report.findings), report.began, report.entries)


def test_an_audit_stops_when_it_has_found_more_than_anybody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audits, "FINDINGS_LIMIT", 50)
    journal = long(build_market(), 2 * CHUNK)
    log = log_of(journal)
    log.rows = [(raw, text + b" ") for raw, text in log.rows]
    report = audited(journal, log=log)
    assert (report.result, report.entries) == (Result.FINDINGS, CHUNK)
    assert report.unchecked


# -- in processes


def test_processes_say_what_one_says() -> None:
    journal = long(build_market(), 5 * CHUNK)
    log = log_of(journal, lost=(33,))
    raw, text = log.rows[CHUNK + 5]
    log.rows[CHUNK + 5] = raw, text + b" "
    told: list[tuple[int, int]] = []
    alone = audited(journal, log=log)
    together = audited(journal, log=log, jobs=2, progress=lambda done, all: told.append((done, all)))
    assert same(alone) == same(together)
    assert Fault.BODY in faults(together.findings)
    assert told == [(min(n * CHUNK, len(journal.written)), len(journal.written)) for n in range(1, len(told) + 1)]


def same(report: AuditReport) -> AuditReport:
    """All but how long it took."""
    return replace(report, stages=())


# -- a journal that goes on from another


def succession() -> tuple[Journal, FakeChain]:
    """A journal in two deployments: the second takes over from the seal before the last of the first."""
    journal = build_market()
    old = chain_of(journal)
    last = old.seals[-2]
    second = Journal()
    second.__dict__.update({**journal.__dict__, "written": journal.written[: last.size], "seals": []})
    second.__dict__["_heads"] = {
        e.subject: entries.Head(e.header.seq + 1, e.leaf, e.header.state) for e in second.written
    }
    second.record(PARTNER, Kind.MERCHANT, f"/merchant/{PARTNER.address}", {"n": 1})
    second.seal()
    second.record(PARTNER, Kind.MERCHANT, f"/merchant/{PARTNER.address}", {"n": 2})
    second.seal()
    return second, chain_of(second, journal="0x" + "77" * 20, before=(old, last))


def test_a_successor_is_audited_from_its_predecessors_first_seal_on(tmp_path: Path) -> None:
    journal, chain = succession()
    state = tmp_path / "state"
    report = audited(journal, chain=chain, state=state)
    assert (report.result, report.entries) == (Result.CLEAN, len(journal.written))
    assert [point.number for point in report.points] == [1, 2, 3, 1, 2]
    journal.record(PARTNER, Kind.MERCHANT, f"/merchant/{PARTNER.address}", {"n": 3})
    journal.seal()
    chain.seals = list(journal.seals)
    later = audited(journal, chain=chain, state=state)
    assert (later.result, later.began, later.entries) == (Result.CLEAN, report.entries, len(journal.written))


def test_a_successor_whose_predecessor_told_of_another_seal_is_found() -> None:
    journal, chain = succession()
    assert chain.before is not None
    old, last = chain.before
    chain.before = old, replace(last, heads=bytes(32))
    assert Fault.SEALS in faults(audited(journal, chain=chain).findings)


def test_a_fault_proven_of_a_predecessor_is_told() -> None:
    journal, chain = succession()
    assert chain.before is not None
    chain.before[0].proven = [FaultRecord(Proven.FORK, 7, b"\xab" * 32, {})]
    report = audited(journal, chain=chain)
    assert {Fault.PROVEN: [-1]} == faults(report.findings)
    assert JOURNAL in report.findings[0].detail
