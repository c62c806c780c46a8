"""What stands beside a journal, held against what an audit has read: receipts that somebody was given, and a site."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Protocol

from suyuan.client import SiteRefused
from suyuan.core import canonical, entries, faults, merkle, proof, statements, subjects
from suyuan.core.entries import Kind
from suyuan.core.epcis import parse_event, subjects_named
from suyuan.core.errors import BadSignature, InvalidInput, Malformed, Unavailable
from suyuan.core.evidence import Promise
from suyuan.core.notes import TILE
from suyuan.core.replay import Body, Fault, Finding, parse
from suyuan.core.statements import Receipt
from suyuan.services.audit import Audited, Check, Era

SAMPLE = 2_000  # entries whose subjects a site is asked for, evenly spaced where there are more
BEHIND = 600  # seconds after a seal in which a site may still serve the one before
_LIMIT = 20  # entries of a bundle
_PROVABLE = "; `suyuan challenge` can prove it to the contract"


class Site(Protocol):
    """A site, as far as it is compared. Raises Unavailable, and another SuyuanError where it refuses."""

    def get(self, path: str) -> Any: ...

    def bundle(self, subject: str, limit: int) -> Any: ...


# -- receipts


def kept(promises: Sequence[Promise]) -> Check:
    """Checks that receipts count and were kept: the leaves that they promise, in a seal by the time that they say."""

    def check(audited: Audited) -> Iterator[Finding]:
        unread = ""
        for one in promises:
            try:
                yield from _kept(audited, one)
            except Unavailable as error:
                unread = f"the receipt of {_run(one.receipt)}: {error}"
        if unread:
            raise Unavailable(unread)

    return check


def _kept(audited: Audited, promise: Promise) -> Iterator[Finding]:
    receipt = promise.receipt
    era = next((era for era in reversed(audited.eras) if _counts(era, promise, audited.now)), None)
    if era is None or not receipt.count:
        yield Finding(Fault.RECEIPT, receipt.index, f"the receipt of {_run(receipt)} is signed by no key that counts")
        return
    _, cover = faults.covering(receipt, era.seals)
    if faults.late(receipt, era.seals, audited.now):
        came = "no seal covers it" if cover is None else f"seal {cover.number} came at {cover.sealed_at}"
        said = f"{_run(receipt)} was promised to be sealed by {receipt.seal_by}, {came}{_PROVABLE}"
        yield Finding(Fault.RECEIPT, receipt.index, said)
    if cover is None:
        return
    if receipt.index + receipt.count > audited.size:
        raise Unavailable("what the journal has there could not be read")
    met = merkle.Tree(_leaves(audited, receipt)).root()
    if met != receipt.leaves:
        said = f"{_run(receipt)} was promised as {receipt.leaves.hex()}, the journal has {met.hex()}{_PROVABLE}"
        yield Finding(Fault.RECEIPT, receipt.index, said)


def _counts(era: Era, promise: Promise, now: int) -> bool:
    separator = statements.domain(era.deployment.chain, era.deployment.journal)
    try:
        signer = statements.recover(promise.receipt.digest(separator), promise.signature)
    except BadSignature:
        return False
    return era.chain.receipt_key_at(signer, now)


def _leaves(audited: Audited, receipt: Receipt) -> Iterator[bytes]:
    begin, end = receipt.index, receipt.index + receipt.count
    for n in range(begin // TILE, -(-end // TILE)):
        rows = audited.bundle(n)[max(0, begin - n * TILE) : end - n * TILE]
        yield from (entries.leaf(raw) for raw, _ in rows)


def _run(receipt: Receipt) -> str:
    last = receipt.index + receipt.count - 1
    return f"entry {receipt.index}" if receipt.count == 1 else f"entries {receipt.index} to {last}"


# -- a site


def serves(site: Site, limit: int = SAMPLE) -> Check:
    """Checks that a site serves what the log says: the deployment, heads and entries of subjects with their documents.

    Of a journal with more than `limit` entries it asks for the subjects of so many, evenly spaced.
    """

    def check(audited: Audited) -> Iterator[Finding]:
        try:
            yield from _Comparison(audited, site).run(limit)
        except InvalidInput as error:
            yield Finding(Fault.SERVED, -1, f"the site's answer is none: {error}")

    return check


class _Comparison:
    """One site beside one audit."""

    def __init__(self, audited: Audited, site: Site) -> None:
        self._audited = audited
        self._site = site
        self._bundle = lru_cache(maxsize=64)(audited.bundle)
        self._documents = lru_cache(maxsize=64)(audited.documents)
        self._met: set[str] = set()
        self._unserved = ""

    def run(self, limit: int) -> Iterator[Finding]:
        era, size = self._audited.eras[-1], self._audited.size
        said = _asked(lambda: self._site.get("/v1/journal"))
        named = (said.get("chain"), said.get("journal"))
        if named != (era.deployment.chain, era.deployment.journal):
            yield Finding(Fault.SERVED, -1, f"the site is of journal {named[1]} on chain {named[0]}")
            return
        asked = min(size, limit)
        for place in range(asked):
            yield from self._entry(place * size // asked)
            self._audited.progress(place + 1, asked)
        if self._unserved:
            raise Unavailable(self._unserved)

    def _entry(self, index: int) -> Iterator[Finding]:
        raw, text = self._bundle(index // TILE)[index % TILE]
        body, _ = parse(raw, text)
        subject = self._named(index, raw, body) if body.kind == Kind.CHECKPOINT else body.subject
        if subject and subject not in self._met:
            self._met.add(subject)
            yield from self._subject(index, subject)

    def _named(self, index: int, raw: bytes, body: Body) -> str:
        """The subject in whose stream an event's entry stands, as its document says it; empty where it does not."""
        document = self._documents(index // TILE).get(body.document)
        if document is None and body.digest == raw[-32:]:
            raise Unavailable(f"the document of entry {index} is no longer served")
        try:
            named = subjects_named(parse_event(canonical.parse(document or b"")))
        except InvalidInput:
            return ""  # a finding already
        return next((one for one in named if subjects.key(one) == raw[3:35]), "")

    def _subject(self, index: int, subject: str) -> Iterator[Finding]:
        audited = self._audited
        era = audited.eras[-1]
        try:
            bundle = proof.parse(_asked(lambda: self._site.bundle(subject, _LIMIT)))
        except Malformed as error:
            yield Finding(Fault.SERVED, index, f"the site proves nothing of {subject}: {error}")
            return
        # a journal that goes on from another shows that one's last seal until it has its own
        sealed = next(one for one in reversed(audited.eras) if one.seals)
        era = sealed if bundle.deployment == sealed.deployment else era
        seals = [one for one in era.seals if one.number == bundle.seal.number]
        newest = era.seals[-1] if era.seals else bundle.seal
        if bundle.subject != subject or bundle.deployment != era.deployment:
            yield Finding(Fault.SERVED, index, f"asked for {subject}, the site answers of {bundle.subject}")
        elif era.seals and bundle.seal.number <= newest.number and seals != [bundle.seal]:
            yield Finding(Fault.SERVED, index, f"{subject} is proven under a seal {bundle.seal.number} that is none")
        elif bundle.seal.number < newest.number and audited.now > newest.sealed_at + BEHIND:
            said = f"{subject} is served under seal {bundle.seal.number}, the newest is {newest.number}"
            yield Finding(Fault.SERVED, index, said)
        else:
            report = proof.verify(bundle, pinned=era.deployment, now=audited.now)
            failed = [one for one in report.obligations if one.state is proof.State.FAILS]
            contents = report.obligations[3]
            if contents.state is proof.State.UNCHECKED:
                self._unserved = f"what the site serves of {subject}: {contents.detail}"
            if failed:
                said = f"what the site serves of {subject} fails: {failed[0].detail}"
                yield Finding(Fault.SERVED, index, said)
            met = bundle.main.head.met
            head = (bundle.main.count, met.leaf if met and bundle.main.count else b"")
            known = audited.state.stream(subjects.key(subject))
            if not failed and bundle.seal.size == audited.size and head != known:
                said = f"{subject} has {known[0] if known else 0} entries, the site proves {head[0]}"
                yield Finding(Fault.SERVED, index, said)


def _asked(ask: Callable[[], Any]) -> dict[str, Any]:
    """The object that a site answers. Raises Malformed for another answer, Unavailable where it gives none."""
    try:
        answer = ask()
    except SiteRefused as error:
        raise Unavailable(str(error)) from error
    except ValueError as error:
        raise Malformed("not JSON") from error
    if not isinstance(answer, dict):
        raise Malformed("not a JSON object")
    return answer
