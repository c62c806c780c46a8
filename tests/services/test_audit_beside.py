"""Receipts that somebody was given and a site that serves: held against the journal as it was audited."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from audits import audited, log_of
from journal_builder import (
    BATCH,
    CHAIN,
    ITEM,
    JOURNAL,
    OPERATOR,
    PALLET,
    PARTNER,
    PRODUCT,
    STRANGER,
    Journal,
    Signer,
    build,
    changed,
    faults,
    market,
)  # fmt: skip
from live import URL, Live, event
from suyuan.client import LogReader, SiteRefused
from suyuan.core import merkle, statements
from suyuan.core.entries import Kind
from suyuan.core.errors import Unavailable
from suyuan.core.evidence import Promise, promises_in
from suyuan.core.replay import Fault
from suyuan.core.statements import Receipt
from suyuan.services.audit import AuditReport, Result, audit
from suyuan.services.audit_beside import BEHIND, kept, serves

SEALS = market().seals
LATER = {"clock": lambda: SEALS[-1].sealed_at + 300}


def promised(
    index: int,
    count: int = 1,
    *,
    leaves: bytes = b"",
    seal_by: int = 0,
    by: Signer = OPERATOR,
    journal: str = JOURNAL,
) -> Promise:
    """A receipt for entries of the market, in time unless told."""
    run = market().written[index : index + count]
    root = leaves or merkle.Tree(entry.leaf for entry in run).root()
    receipt = Receipt(root, index, count, SEALS[0].sealed_at - 60, seal_by or SEALS[-1].sealed_at)
    return Promise(receipt, by.sign(receipt.digest(statements.domain(CHAIN, journal))))


def held(*promises: Promise, **options: Any) -> AuditReport:
    return audited(market(), also=[kept(promises)], **{**LATER, **options})


# -- receipts


@pytest.mark.parametrize(("index", "count"), [(0, 1), (2, 4), (0, len(market().written))])
def test_a_receipt_that_was_kept_is_nothing_to_report(index: int, count: int) -> None:
    assert held(promised(index, count)).result is Result.CLEAN


def test_a_receipt_for_another_leaf_is_a_broken_promise() -> None:
    report = held(promised(3, leaves=bytes(32)), promised(4))
    assert {Fault.RECEIPT: [3]} == faults(report.findings)
    assert "suyuan challenge" in report.findings[0].detail


def test_a_receipt_that_was_kept_late_is_found() -> None:
    first = SEALS[0].sealed_at
    assert {Fault.RECEIPT: [0]} == faults(held(promised(0, seal_by=first - 1)).findings)
    assert held(promised(0, seal_by=first)).result is Result.CLEAN


def test_a_receipt_that_no_seal_covers_is_found_when_its_time_is_past() -> None:
    beyond = len(market().written)
    now = SEALS[-1].sealed_at + 300
    assert {Fault.RECEIPT: [beyond]} == faults(held(promised(beyond, leaves=bytes(32), seal_by=now - 1)).findings)
    assert held(promised(beyond, leaves=bytes(32), seal_by=now)).result is Result.CLEAN


@pytest.mark.parametrize("change", [{"by": STRANGER}, {"journal": "0x" + "77" * 20}], ids=str)
def test_a_receipt_by_a_key_that_does_not_count_is_found(change: Mapping[str, Any]) -> None:
    assert {Fault.RECEIPT: [0]} == faults(held(promised(0, **change)).findings)


def test_a_receipt_for_what_cannot_be_read_could_not_be_checked() -> None:
    report = held(promised(0), log=log_of(market(), lost=(0,)))
    assert (report.result, len(report.unchecked)) == (Result.UNCHECKED, 2)
    report = held(promised(0), promised(1, by=STRANGER), log=log_of(market(), lost=(0,)))
    assert ({Fault.RECEIPT: [1]}, len(report.unchecked)) == (faults(report.findings), 2)


def test_a_log_that_shows_another_past_to_who_asks_for_a_receipt_is_not_believed() -> None:
    class TwoFaced(type(log_of(market()))):  # type: ignore[misc]
        def headers(self, n: int, width: int) -> list[bytes]:
            asked_before = self.asked
            met = super().headers(n, width)
            return met if not asked_before else [bytes(147), *met[1:]]

    report = held(promised(0), log=TwoFaced(log_of(market()).rows, market().documents))
    assert (report.result, report.findings) == (Result.UNCHECKED, ())
    assert "not served as it was" in report.unchecked[0]


# -- a site, in memory


class FakeSite:
    """A site that serves a journal. `changes`: paths in its bundles that it shows otherwise."""

    def __init__(self, journal: Journal, **changes: Any) -> None:
        self._journal = journal
        self.changes = changes
        self.said: Any = {"chain": CHAIN, "journal": JOURNAL}
        self.asked: list[str] = []

    def get(self, path: str) -> Any:
        if path == "/v1/journal":
            return self.said
        raise SiteRefused(404, "nothing else is asked for")

    def bundle(self, subject: str, limit: int) -> Any:
        self.asked.append(subject)
        met = self._journal.bundle(subject, limit=limit)
        for path, value in self.changes.get(subject, {}).items():
            met = changed(met, path, value)
        return met


def compared(site: Any, journal: Journal | None = None, limit: int = 1000, **options: Any) -> AuditReport:
    journal = journal or market()
    return audited(journal, also=[serves(site, limit)], **options)


def test_a_site_that_serves_what_the_log_says_is_nothing_to_report() -> None:
    site = FakeSite(market())
    report = compared(site)
    assert (report.result, report.findings, report.unchecked) == (Result.CLEAN, (), ())
    assert {PRODUCT, BATCH, ITEM, PALLET} < set(site.asked)
    assert len(site.asked) == len(set(site.asked)) == len({entry.subject for entry in market().written})


def test_of_a_long_journal_a_site_is_asked_for_a_sample_evenly() -> None:
    site = FakeSite(market())
    assert compared(site, limit=4).result is Result.CLEAN
    assert 1 < len(site.asked) <= 4


@pytest.mark.parametrize("said", [{"chain": 1, "journal": JOURNAL}, {"chain": CHAIN, "journal": "0x" + "77" * 20}, {}])
def test_a_site_of_another_journal_is_found(said: Any) -> None:
    site = FakeSite(market())
    site.said = said
    assert {Fault.SERVED: [-1]} == faults(compared(site).findings)


@pytest.mark.parametrize("said", [[], "x", None, 7])
def test_a_site_that_answers_nonsense_is_found(said: Any) -> None:
    site = FakeSite(market())
    site.said = said
    assert {Fault.SERVED: [-1]} == faults(compared(site).findings)


@pytest.mark.parametrize(
    "change",
    [
        {"head/count": 1},
        {"head/leaf": "00" * 32},
        {"entries/-1/header": "00" * 147},
        {"seal/root": "00" * 32},
        {"seal/size": 7},
        {"subject": BATCH},
        {"chain/id": 1},
        {"entries": 7},
    ],
    ids=str,
)
def test_a_site_that_serves_something_else_of_a_subject_is_found(change: dict[str, Any]) -> None:
    report = compared(FakeSite(market(), **{PALLET: change}))
    where = next(entry.index for entry in market().written if entry.subject == PALLET)
    assert {Fault.SERVED: [where]} == faults(report.findings)


def test_an_older_head_is_found_but_for_the_moments_after_a_seal() -> None:
    journal = build()
    old = FakeSite(deepcopy(journal))
    journal.record(PARTNER, Kind.MERCHANT, f"/merchant/{PARTNER.address}", {})
    journal.seal()
    newest = journal.seals[-1].sealed_at
    assert compared(old, journal, clock=lambda: newest + BEHIND).result is Result.CLEAN
    assert Fault.SERVED in faults(compared(old, journal, clock=lambda: newest + BEHIND + 1).findings)


def test_a_document_that_the_site_does_not_serve_could_not_be_checked() -> None:
    report = compared(FakeSite(market(), **{PALLET: {"documents": {}}}))
    assert (report.result, report.findings, len(report.unchecked)) == (Result.UNCHECKED, (), 1)
    assert PALLET in report.unchecked[0]


def test_a_document_that_the_log_serves_no_longer_could_not_be_checked() -> None:
    class Forgetful(type(log_of(market()))):  # type: ignore[misc]
        def documents(self, n: int, width: int) -> list[bytes]:
            served, self.papers = super().documents(n, width), {}
            return list(served)

    report = compared(FakeSite(market()), log=Forgetful(log_of(market()).rows, market().documents))
    assert (report.result, report.findings, len(report.unchecked)) == (Result.UNCHECKED, (), 1)


def test_a_site_that_is_away_could_not_be_checked() -> None:
    class Away(FakeSite):
        def get(self, path: str) -> Any:
            raise Unavailable("the site does not answer")

    assert (Result.UNCHECKED, ()) == (compared(Away(market())).result, compared(Away(market())).findings)


# -- the real thing


def test_a_live_site_its_receipts_and_its_log_hold_together(live: Live) -> None:
    live.list_and_register()
    answers = [live.merchant.capture_event(event()) for _ in range(3)]
    receipts = [promise for answer in answers for promise in promises_in(answer)]
    assert len(receipts) == 3
    live.node.seal_now()
    report = audit(
        live.node.chain, LogReader(URL, http=live.http),
        also=[kept(receipts), serves(live.site)],
    )  # fmt: skip
    assert (report.findings, report.unchecked, report.entries) == ((), (), live.size())
