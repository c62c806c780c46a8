"""Challenge: what files prove against a journal's operator, shown to the contract that judges it (PROTOCOL section 10).

Nothing of a file is believed: a seal counts once the contract confirms it, an entry or a head once its proof leads to
such a seal, a receipt once its signer is one whose receipts count. What the log serves is held to the seals likewise.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby, islice
from typing import Any, Protocol

from suyuan.chain.keystore import Signer as KeySigner
from suyuan.chain.port import (
    BrokenPromise,
    Chain,
    Evidence,
    Fault,
    FaultProof,
    Fork,
    Lateness,
    Misstep,
    Omission,
)
from suyuan.chain.transactions import decode
from suyuan.core import canonical, faults, merkle, proof, statements, subjects
from suyuan.core.errors import BadSignature, ChainRefused, Malformed, ProofFault, SuyuanError, Unavailable
from suyuan.core.faults import Exhibit, HeadExhibit
from suyuan.core.notes import TILE
from suyuan.core.proof import Bundle, Deployment, Seal
from suyuan.core.statements import Receipt, Signer, from_hex

FILE_LIMIT = 64 << 20  # bytes of one file
_TOLD = 5  # of one kind of fault that are built: one of them is enough
_SIGNERS = 100  # of receipts that the contract is asked about: a journal has few, and anyone can make up more
_TILES = 4096  # tiles kept in memory, 8 KiB each
_LOOKED_UP = 1000  # findings of one sort, of a report, whose streams are looked up
_ASKED = 10_000  # subjects of which a site is asked
_LEVEL = 8  # levels of the tree in a tile
_OF_RECEIPTS = (Fault.BROKEN_PROMISE, Fault.LATENESS)
_PROVABLE = {"stream": "entry", "time": "entry", "heads": "seal"}  # an audit's findings that a contract may judge
_SAID = {"receipt": "which the receipts themselves prove: give them", "proven": "which the contract has been shown"}

Progress = Callable[[int, int], None]


class Log(Protocol):
    """The open log, as far as a challenge asks it. Raises Unavailable for what it does not serve."""

    def headers(self, n: int, width: int) -> list[bytes]: ...

    def hashes(self, level: int, n: int, width: int) -> list[bytes]: ...


class Site(Protocol):
    """A site, as far as a challenge asks it. Raises Unavailable, SiteRefused."""

    def entry(self, index: int) -> Any:
        """One entry's proof."""

    def bundle(self, subject: str, limit: int) -> Any:
        """A subject's bundle with its newest entries, also where it is absent."""


@dataclass(frozen=True, slots=True)
class Accused:
    """A journal as a challenge reaches it: its contract, and where they are known its log and its site."""

    chain: Chain
    log: Log | None = None
    site: Site | None = None


# -- what is read


@dataclass
class Papers:
    """What files hold, read and not believed. `waiting`: leaves by index, shown before they were sealed; `findings`: of
    audits, each with the journal that the report names, if it does.
    """

    bundles: list[tuple[str, Bundle]] = field(default_factory=list)
    entries: list[tuple[str, Bundle]] = field(default_factory=list)  # single entries: their heads say nothing
    receipts: dict[tuple[Receipt, bytes], str] = field(default_factory=dict)
    waiting: dict[int, bytes] = field(default_factory=dict)
    findings: list[tuple[Deployment | None, str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    audits: list[str] = field(default_factory=list)

    def deployments(self) -> list[Deployment]:
        """The journals that the files are of, as they say; a receipt says none."""
        named = [bundle.deployment for _, bundle in (*self.bundles, *self.entries)]
        return list(dict.fromkeys([*named, *(of for of, _, _ in self.findings if of is not None)]))


def read(files: Iterable[tuple[str, bytes]]) -> Papers:
    """Reads files: bundles, single entries' proofs, receipts, audits' reports. What is none of them is noted."""
    papers = Papers()
    for name, content in files:
        try:
            if len(content) > FILE_LIMIT:
                raise Malformed(f"more than {FILE_LIMIT >> 20} MiB")
            value = canonical.parse(content)
            if not isinstance(value, dict):
                raise Malformed("holds no JSON object")
            _take(papers, name, value)
        except (SuyuanError, LookupError, TypeError, ValueError, AttributeError) as error:
            said = str(error) if isinstance(error, SuyuanError) else "of a shape that is none of ours"
            papers.notes.append(f"{name}: {said[:200]}")
    return papers


def _take(papers: Papers, name: str, value: dict[str, Any]) -> None:
    if "findings" in value:
        papers.findings += _findings(papers, value)
    elif "hashes" in value:
        bundle = proof.parse(value)
        papers.bundles.append((name, bundle))
        papers.waiting |= {one.index: one.leaf for one in bundle.pending}
        for one in value.get("pending", []):
            _take_receipt(papers, name, one["receipt"])
    elif "header" in value:
        bundle = proof.parse(_as_bundle(value))
        papers.waiting |= {one.index: one.leaf for one in bundle.pending}
        if bundle.main.shown:
            papers.entries.append((name, bundle))
        if "receipt" in value:
            _take_receipt(papers, name, value["receipt"])
    elif "receipts" in value:
        for one in value["receipts"]:
            _take_receipt(papers, name, one["receipt"])
    elif "events" in value:
        for one in value["events"]:
            _take_receipt(papers, name, one["receipt"])
    else:
        _take_receipt(papers, name, value.get("receipt", value))


def _as_bundle(value: Mapping[str, Any]) -> dict[str, Any]:
    """A single entry's proof as a bundle that says nothing of its stream's head."""
    entry = {name: value[name] for name in ("index", "header", "body")}
    path = value.get("proof", [])
    waits = value.get("pending", False)
    return {
        "version": 1, "subject": value["subject"], "chain": value["chain"],
        "seal": value["seal"] or {"number": 0, "size": 0, "root": "00" * 32, "heads": "00" * 32, "sealedAt": 0},
        "head": {"met": None, "siblings": []}, "hashes": path,
        "entries": [] if waits else [entry], "pending": [entry] if waits else [],
        "inclusion": [] if waits else [{"index": value["index"], "proof": list(range(len(path)))}],
    }  # fmt: skip


def _take_receipt(papers: Papers, name: str, value: Mapping[str, Any]) -> None:
    numbers = [value[member] for member in ("index", "count", "issuedAt", "sealBy")]
    if not all(type(one) is int and 0 <= one <= canonical.SAFE_INTEGER for one in numbers):
        raise Malformed("a receipt's index, count and times are whole numbers")
    receipt = Receipt(from_hex(value["leaves"], 32, "leaves"), *numbers)
    papers.receipts[receipt, from_hex(value["signature"], 65, "signature")] = name


def _findings(papers: Papers, report: Mapping[str, Any]) -> Iterator[tuple[Deployment | None, str, int]]:
    journal = report.get("journal")
    of = None if journal is None else Deployment(journal["chain"], statements.address(journal["address"], "journal"))
    if of is not None and type(of.chain) is not int:
        raise Malformed("a chain's id is a whole number")
    others = []
    for one in report["findings"]:
        fault, where = str(one["fault"])[:40], one["where"]
        if type(where) is not int:
            raise Malformed("a finding is at a whole number")
        if fault in _PROVABLE and (fault == "heads") == (one.get("place", _PROVABLE[fault]) == "seal"):
            yield of, fault, where
        else:
            others.append(fault)
    papers.audits += _beyond(others)


def _beyond(findings: Sequence[str]) -> list[str]:
    """Findings of what the contract does not judge: gaps, bodies, signatures, totals, what is not served."""
    return [
        f"{count} finding{'s' * (count != 1)} of {fault!r}: {_SAID.get(fault, 'of what no contract can judge')}"
        for fault, count in Counter(findings).items()
    ]


def two_journals(papers: Papers) -> list[str]:
    """Subjects of which bundles of several journals tell: no contract judges that, a reader with one pinned does."""
    told: dict[str, dict[str, int]] = {}
    for _, bundle in papers.bundles:
        told.setdefault(bundle.subject, {})[bundle.deployment.journal] = bundle.main.count
    return [
        f"two journals tell of {subject}, as the files have it: "
        + ", ".join(f"{journal} counts {count}" for journal, count in counts.items())
        for subject, counts in told.items()
        if len(counts) > 1
    ]


# -- what is found


@dataclass(frozen=True, slots=True)
class Charge:
    """A fault, the proof of it, and in a sentence what was done."""

    fault: Fault
    proof: FaultProof
    says: str


@dataclass(frozen=True, slots=True)
class Case:
    """What files prove. `notes`: parts that prove nothing, and why; `audits`: what is wrong and no contract can judge;
    `unchecked`: what could not be asked.
    """

    charges: tuple[Charge, ...]
    notes: tuple[str, ...]
    audits: tuple[str, ...]
    unchecked: tuple[str, ...]


class Ruling(StrEnum):
    """What the contract says to a proof."""

    TAKEN = "the contract takes it"
    COUNTED = "the contract has counted that receipt already"
    REFUSED = "the contract refuses it"


@dataclass(frozen=True, slots=True)
class Judged:
    """A charge as the contract judges it now. `gas`: a node's estimate, `wei`: the most it may cost; 0: not told."""

    charge: Charge
    ruling: Ruling
    reason: str = ""
    gas: int = 0
    wei: int = 0


def examine(accused: Accused, papers: Papers, *, now: int, progress: Progress = lambda _done, _all: None) -> Case:
    """What the papers prove at `now` (seconds), with what the journal's log holds and its site says.

    Raises ChainAway. `progress` hears how many entries of how many were read from the log.
    """
    held = replace(accused, chain=accused.chain.as_of())
    case = _Examination(held, papers, now).run(progress)
    if held.log is None or case.charges or not case.unchecked:
        return case
    alone = _Examination(Accused(held.chain), papers, now).run(progress)  # a log that goes away takes nothing from them
    return replace(case, charges=alone.charges)


def judge(chain: Chain, charge: Charge, by: Signer | None = None) -> Judged:
    """Asks the contract about a charge, and a node what sending it would cost. Changes nothing. Raises ChainAway."""
    try:
        chain.judge_fault(charge.proof)
    except ChainRefused as refused:
        if refused.reason.startswith("AlreadyCounted("):
            return Judged(charge, Ruling.COUNTED)
        return Judged(charge, Ruling.REFUSED, _in_words(refused.reason))
    try:
        prepared = chain.prepare_fault(by or KeySigner.random(), charge.proof)
    except Unavailable:  # a node for reading, as a site's own is, estimates nothing
        return Judged(charge, Ruling.TAKEN)
    sent, sender = decode(prepared.raw)
    call = {"from": sender, "to": "0x" + sent.to.hex(), "data": "0x" + sent.data.hex()}
    gas = int(chain.rpc("eth_estimateGas", [call]).get("result", "0x0"), 16)
    return Judged(charge, Ruling.TAKEN, "", gas, sent.gas * prepared.fee)


def needed(judged: Sequence[Judged], ended: Fault) -> list[Charge]:
    """What is worth sending: every late receipt that counts, and one that ends the journal if it goes on."""
    taken = [one.charge for one in judged if one.ruling is Ruling.TAKEN]
    ends = [one for one in taken if one.fault is not Fault.LATENESS]
    return [one for one in taken if one.fault is Fault.LATENESS] + ends[: ended is Fault.NONE]


@dataclass(frozen=True, slots=True)
class Sent:
    """A proof on the chain. `gas`: what it used; 0 where the node does not say."""

    tx: bytes
    block: int
    gas: int


def send(chain: Chain, by: Signer, charge: Charge) -> Sent:
    """Shows a proof to the contract, in one transaction, and waits for it.

    Raises ChainRefused, and sends nothing, where the contract would say no by now or the sender cannot pay; ChainAway.
    """
    outcome = chain.transact(chain.prepare_fault(by, charge.proof))
    receipt = chain.rpc("eth_getTransactionReceipt", ["0x" + outcome.tx.hex()]).get("result") or {}
    return Sent(outcome.tx, outcome.block, int(receipt.get("gasUsed", "0x0"), 16))


_VERDICTS = {
    "1": "nobody signed the receipt",
    "2": "its signer's receipts do not count: not one of this journal's, or one that stopped more than 30 days ago",
    "3": "it promises nothing, or a seal further off than this journal lets a receipt promise",
}


def _in_words(reason: str) -> str:
    name, _, values = reason.partition("(")
    values = values.removesuffix(")")
    if name == "ReceiptInvalid":
        return _VERDICTS.get(values, reason)
    if reason == f"NoFault({int(Fault.LATENESS)})":
        return "not late by the chain's own clock"
    return reason


@dataclass(frozen=True, slots=True)
class _Held:
    """The proof of an entry under a seal."""

    seal: Seal
    raw: bytes
    proof: tuple[bytes, ...]


class _Examination:
    def __init__(self, accused: Accused, papers: Papers, now: int) -> None:
        self._chain, self._log, self._site = accused.chain, accused.log, accused.site
        self._papers, self._now = papers, now
        self._deployment = self._chain.deployment()
        self._findings = [(fault, at) for of, fault, at in papers.findings if of in (None, self._deployment)]
        self._notes, self._audits = list(papers.notes), [*papers.audits, *two_journals(papers)]
        self._unchecked: list[str] = []
        self._seals: list[Seal] = []  # all that there are, once they are wanted
        self._seals_are_known = True
        self._begun = 0  # entries that the journal went on from
        self._confirmed: dict[Seal, bool] = {}
        self._held: dict[tuple[int, bytes], _Held] = {}
        self._exhibits: dict[tuple[int, bytes], Exhibit] = {}
        self._found: dict[int, bytes] = {}  # leaves that a seal has, by index
        self._heads: dict[tuple[int, bytes], HeadExhibit] = {}
        self._names: dict[bytes, str] = {}
        self._tiles: _Tiles | None = None
        self._lies: list[str] = []  # of the log

    def run(self, progress: Progress) -> Case:
        for name, bundle in self._papers.bundles:
            self._admit(name, bundle, heads=True)
        for name, bundle in self._papers.entries:
            self._admit(name, bundle, heads=False)
        self._seals = self._all_seals() if self._log is not None or self._papers.receipts else []
        if self._log is not None and self._seals:
            try:
                self._read_log(self._log, progress)
            except Unavailable as error:
                self._unchecked.append(str(error))
        elif self._findings and self._log is None:
            self._unchecked.append("an audit's findings prove nothing by themselves: --log says where to read")
        charges = [*self._entries(), *(self._receipts() if self._seals_are_known else ())]
        if self._tiles is not None and all(one.fault in _OF_RECEIPTS for one in charges):
            self._audits += _beyond([fault for fault, _ in self._findings if fault != "heads"])
        told = (self._notes, [*self._audits, *self._lies], self._unchecked)
        return Case(tuple(charges), *(tuple(dict.fromkeys(one)) for one in told))

    # -- what holds

    def _admit(self, name: str, bundle: Bundle, *, heads: bool) -> None:
        if bundle.deployment != self._deployment:
            of, here = bundle.deployment, self._deployment
            self._notes.append(
                f"{name}: of journal {of.journal} on chain {of.chain}, not of {here.journal} on {here.chain}"
            )
            return
        if not self._is_sealed(bundle.seal):
            self._notes.append(f"{name}: the contract does not know its seal {bundle.seal.number}")
            return
        wrong: list[str] = []
        for stream in (bundle.main, *bundle.related):
            self._names[subjects.key(stream.subject)] = stream.subject
            if heads and not self._admit_head(bundle.seal, stream):
                wrong.append(f"the head of {stream.subject}")
            for one in stream.shown:
                if not self._admit_entry(bundle.seal, one, stream.inclusion):
                    wrong.append(f"entry {one.index}")
        for one in bundle.support:
            self._names[subjects.key(one.subject)] = one.subject
            if not self._admit_entry(bundle.seal, one, bundle.main.inclusion):
                wrong.append(f"entry {one.index}")
        if wrong:
            more = f" and {len(wrong) - _TOLD} more" if len(wrong) > _TOLD else ""
            told = ", ".join(wrong[:_TOLD])
            self._notes.append(f"{name}: what does not lead to seal {bundle.seal.number}: {told}{more}")

    def _all_seals(self) -> list[Seal]:
        """None where the node has forgotten some: which one is the first to cover an entry, nobody can tell then."""
        seals, newest = list(self._chain.journal_seals()), self._chain.journal_head().number
        if [seal.number for seal in seals] == list(range(1, newest + 1)):
            return seals
        self._unchecked.append(f"the node tells of {len(seals)} of {newest} seals: the log and receipts need them all")
        self._seals_are_known = False
        return []

    def _is_sealed(self, seal: Seal) -> bool:
        if seal not in self._confirmed:
            self._confirmed[seal] = self._chain.confirms(seal)
        return self._confirmed[seal]

    def _admit_head(self, seal: Seal, stream: proof.Stream) -> bool:
        head = HeadExhibit(seal, subjects.key(stream.subject), stream.head.met, stream.head.siblings)
        if not faults.proven(head):
            return False
        met = head.end
        for key in {head.key, met.key} if met is not None else {head.key}:
            self._heads[seal.number, key] = replace(head, key=key)  # both keys have the path up to there
        return True

    def _admit_entry(self, seal: Seal, one: proof.Shown, inclusion: Mapping[int, tuple[bytes, ...]]) -> bool:
        path = inclusion.get(one.index)
        if path is None:
            return False
        try:
            merkle.check_inclusion(one.leaf, one.index, seal.size, path, seal.root)
        except ProofFault:
            return False
        place = one.index, one.leaf
        held = self._held.get(place)
        if held is None or seal.number < held.seal.number:
            self._held[place] = _Held(seal, one.raw, path)
            self._exhibits[place] = Exhibit(one.header, one.leaf, one.index, seal.number)
            self._found[one.index] = one.leaf
        return True

    # -- what the log adds

    def _read_log(self, log: Log, progress: Progress) -> None:
        """Adds what it has of the streams in question; `number` of every exhibit becomes that of its oldest seal."""
        size = self._seals[-1].size
        self._tiles = _Tiles(log, size)
        for place, one in self._exhibits.items():
            self._exhibits[place] = replace(one, number=self._covering(one.index).number)
        keys = {head.key for head in self._heads.values()}
        keys |= {one.header.key for one in self._exhibits.values()}
        if not keys and not self._findings:
            return
        numbers = {where for fault, where in self._findings if fault == "heads"}
        at = {where for fault, where in self._findings if fault != "heads"}
        keys |= {one.header.key for one in self._at(log, at, size)}
        newest: dict[bytes, Exhibit] = {}
        latest: Exhibit | None = None
        backwards = 0
        for one in self._all(log, size, progress):
            key = one.header.key
            if numbers:
                newest[key] = one
            if key in keys:
                self._keep(one)
            if latest is not None and latest.header.at > one.header.at:
                if backwards < _TOLD:
                    self._keep(latest)
                    self._keep(one)
                backwards += 1
            else:
                latest = one
        if numbers:
            self._ask_site(numbers, newest, progress)

    def _ask_site(self, numbers: set[int], newest: Mapping[bytes, Exhibit], progress: Progress) -> None:
        """A wrong heads map is in nobody's log, only in the proofs that a site makes of it: until one leaves an entry
        out, it is asked for those of every subject, those that changed under the seals in question first.
        """
        told = f"seal{'s' * (len(numbers) != 1)} {', '.join(map(str, sorted(numbers)[:_TOLD]))}"
        if self._site is None:
            self._unchecked.append(
                f"{told} have other heads than the log: the proof takes a bundle of its site; --site says where"
            )
            return
        in_question = sorted(newest.values(), key=lambda one: (one.number not in numbers, one.index))[:_ASKED]
        try:
            for n, one in enumerate(in_question):
                progress(n, len(in_question))
                subject = str(self._site.entry(one.index)["subject"])
                if subjects.key(subject) != one.header.key:
                    continue
                bundle = proof.parse(self._site.bundle(subject, 1))
                self._admit(f"the proof of {subject} at the site", bundle, heads=True)
                head = self._heads.get((bundle.seal.number, one.header.key))
                if head is not None and one.number <= head.seal.number and faults.omitted(one, head):
                    self._keep(one)
                    return
        except (SuyuanError, LookupError, TypeError, ValueError) as error:
            self._unchecked.append(f"the site does not prove {told}: {str(error)[:200]}")
            return
        self._unchecked.append(
            f"{told} have other heads than the log; the site's proofs of {len(in_question)} subjects, under its newest"
            " seal, leave nothing out: a bundle that was saved under the seal in question would show it"
        )

    def _covering(self, index: int) -> Seal:
        return self._seals[bisect_right(self._seals, index, key=lambda seal: seal.size)]

    def _keep(self, one: Exhibit) -> None:
        self._exhibits.setdefault((one.index, one.leaf), one)

    def _at(self, log: Log, indices: Iterable[int], size: int) -> Iterator[Exhibit]:
        sealed = islice(sorted(index for index in indices if 0 <= index < size), _LOOKED_UP)
        for n, group in groupby(sealed, key=lambda index: index // TILE):
            headers = log.headers(n, min(TILE, size - n * TILE))
            for index in group:
                yield from self._read(headers[index % TILE], index)

    def _all(self, log: Log, size: int, progress: Progress) -> Iterator[Exhibit]:
        for n in range(-(-size // TILE)):
            width = min(TILE, size - n * TILE)
            for place, raw in enumerate(log.headers(n, width)):
                yield from self._read(raw, n * TILE + place)
            progress(n * TILE + width, size)

    def _read(self, raw: bytes, index: int) -> Iterator[Exhibit]:
        """An entry of the log; one that is no header is for audits to tell of."""
        try:
            yield Exhibit.of(raw, index, self._covering(index).number)
        except Malformed:
            return

    # -- what contradicts

    def _entries(self) -> Iterator[Charge]:
        shown, told = list(self._exhibits.values()), list(self._heads.values())
        yield from islice(self._omissions(shown, told), _TOLD)
        yield from islice(self._pairs(Fault.FORK, faults.find_forks(shown)), _TOLD)
        yield from islice(self._pairs(Fault.MISSTEP, faults.find_missteps(shown)), _TOLD)
        if self._tiles is None:
            self._would_prove(shown, told)

    def _omissions(self, shown: Sequence[Exhibit], told: Sequence[HeadExhibit]) -> Iterator[Charge]:
        for one, head in faults.find_omissions(shown, told):
            evidence = self._evidence(one, head.seal.number)
            if evidence is not None:
                fault = Omission(evidence, head.seal, head.end, head.siblings)
                yield Charge(Fault.OMISSION, fault, self._left_out(one, head))

    def _left_out(self, one: Exhibit, head: HeadExhibit) -> str:
        stream, number = self._stream(one), head.seal.number
        begin = f"entry {one.index} has place {one.header.seq} in {stream}, and seal {number}'s heads"
        if not head.count:
            return f"{begin} know nothing of {stream}"
        if one.header.seq >= head.count:
            return f"{begin} count {head.count} there: it is left out"
        return f"{begin} have another one as the newest, at its place"

    def _pairs(self, fault: Fault, found: Iterable[tuple[Exhibit, ...]]) -> Iterator[Charge]:
        for pair in found:
            evidence = [self._evidence(one) for one in pair]
            whole = [one for one in evidence if one is not None]
            if len(whole) == len(pair):
                proven = Fork(whole) if fault is Fault.FORK else Misstep(whole)
                yield Charge(fault, proven, self._forks(pair) if fault is Fault.FORK else self._missteps(pair))

    def _forks(self, pair: Sequence[Exhibit]) -> str:
        first, last = pair[0], pair[-1]
        stream = self._stream(first)
        if first is last:
            return f"entry {first.index} is the first of {stream}, and names one before it"
        if first.header.seq == last.header.seq:
            return f"entries {first.index} and {last.index} both have place {first.header.seq} in {stream}"
        return (
            f"entry {last.index} comes next after entry {first.index} in {stream},"
            f" and names another as the one before it"
        )

    def _missteps(self, pair: Sequence[Exhibit]) -> str:
        first, last = pair[0], pair[-1]
        if first is last:
            what = f"version {first.header.version}" if first.header.version != 1 else "a state that does not follow"
            return f"entry {first.index} of {self._stream(first)} has {what}"
        if first.index < last.index and first.header.at > last.header.at:
            return (
                f"entry {last.index} lies behind entry {first.index} and was accepted before it:"
                f" {_time(last.header.at // 1000)}, {_time(first.header.at // 1000)}"
            )
        return f"the state of entry {last.index} of {self._stream(last)} does not follow from entry {first.index}"

    def _stream(self, one: Exhibit) -> str:
        return self._names.get(one.header.key) or f"the stream {one.header.key.hex()[:16]}…"

    def _evidence(self, one: Exhibit, newest: int | None = None) -> Evidence | None:
        """An exhibit with its proof under some seal, no newer than that if it matters; by the log if it must be."""
        held = self._held.get((one.index, one.leaf))
        if held is not None and (newest is None or held.seal.number <= newest):
            return Evidence(held.seal, held.raw, one.index, held.proof)
        if self._tiles is None or len(self._lies) == _TOLD:
            return None
        seal = self._covering(one.index)
        path = self._proven(one.index, one.leaf, seal)
        return None if path is None else Evidence(seal, one.header.encode(), one.index, path)

    def _proven(self, index: int, leaf: bytes, seal: Seal) -> list[bytes] | None:
        """A leaf's proof under a seal, from the log."""
        assert self._tiles is not None
        try:
            path = merkle.inclusion(self._tiles, index, seal.size)
            merkle.check_inclusion(leaf, index, seal.size, path, seal.root)
        except Unavailable as error:
            self._unchecked.append(str(error))
        except ProofFault:
            self._lies.append(f"what the log serves of entry {index} does not lead to seal {seal.number}")
        else:
            return path
        return None

    def _would_prove(self, shown: Sequence[Exhibit], told: Sequence[HeadExhibit]) -> None:
        """An entry below a seal's size is in its tree, whatever newer seal it is shown under: the log has the proof."""
        seals = sorted({head.seal for head in told}, key=lambda seal: seal.number)
        older = []
        for one in shown:
            first = bisect_right(seals, one.index, key=lambda seal: seal.size)
            number = seals[first].number if first < len(seals) else one.number
            older.append(replace(one, number=min(one.number, number)))
        for one, head in islice(faults.find_omissions(older, told), _TOLD):
            if self._evidence(one, head.seal.number) is None:
                self._unchecked.append(
                    f"{self._left_out(one, head)}; the proof of it under that seal is in the log: --log says where"
                )

    # -- receipts

    def _receipts(self) -> Iterator[Charge]:
        separator = statements.domain(self._deployment.chain, self._deployment.journal)
        predecessor = self._chain.predecessor() if self._papers.receipts else None
        self._begun = 0 if predecessor is None else predecessor.seal.size
        signers: dict[str, bool] = {}
        for (receipt, signature), name in self._papers.receipts.items():
            what = f"{name}: the receipt of {_run(receipt)}"
            if not receipt.count:
                self._notes.append(f"{name}: the receipt does not count: {_VERDICTS['3']}")
                continue
            try:
                signer = statements.recover(receipt.digest(separator), signature)
            except BadSignature:
                self._notes.append(f"{what} does not count: {_VERDICTS['1']}")
                continue
            if signer not in signers:
                if len(signers) == _SIGNERS:
                    self._unchecked.append(f"{what} is by one of more than {_SIGNERS} signers, and was not asked about")
                    continue
                signers[signer] = self._chain.receipt_key_at(signer, self._now)
            if not signers[signer]:
                self._notes.append(f"{what} does not count: {_VERDICTS['2']}")
                continue
            yield from self._of_receipt(receipt, signature, what)

    def _of_receipt(self, receipt: Receipt, signature: bytes, what: str) -> Iterator[Charge]:
        before, cover = faults.covering(receipt, self._seals)
        if cover is None and self._now <= receipt.seal_by:
            self._notes.append(f"{what} waits: it promises a seal until {_time(receipt.seal_by)}")
            return
        if receipt.index + receipt.count <= self._begun:
            self._notes.append(f"{what} is for what was sealed before this journal went on from another")
        elif faults.late(receipt, self._seals, self._now):
            until = "and no seal covers it" if cover is None else f"seal {cover.number}, the first to cover it, came at"
            at = "" if cover is None else f" {_time(cover.sealed_at)}"
            says = f"{_run(receipt)} was promised a seal until {_time(receipt.seal_by)}, {until}{at}"
            yield Charge(Fault.LATENESS, Lateness(receipt, signature, before, cover), says)
        if cover is not None:
            yield from self._broken(receipt, signature, what, cover)

    def _broken(self, receipt: Receipt, signature: bytes, what: str, cover: Seal) -> Iterator[Charge]:
        found = self._leaves(receipt, cover)
        if found is None:
            if self._tiles is None:
                self._unchecked.append(f"{what}: what seal {cover.number} has there is not in the files: --log has it")
            return
        promised = faults.broken(receipt, self._papers.waiting, found)
        if promised is None:
            run = range(receipt.index, receipt.index + receipt.count)
            if merkle.Tree(found[index] for index in run).root() == receipt.leaves:
                self._notes.append(f"{what} is kept by seal {cover.number}")
            else:
                self._audits.append(
                    f"{what}: the run in the journal is another one than promised; which leaf differs takes the bundles"
                    " that showed it while it waited"
                )
            return
        index = receipt.index + promised.place
        held = self._held.get((index, found[index]))
        seal = cover if held is None else held.seal
        path = self._proven(index, found[index], cover) if held is None else held.proof
        if path is not None:
            fault = BrokenPromise(
                receipt, signature, promised.place, promised.leaf, promised.proof, seal, found[index], path
            )
            says = (
                f"entry {index} was promised to be {promised.leaf.hex()[:16]}…,"
                f" and in seal {seal.number} it is {found[index].hex()[:16]}…"
            )
            yield Charge(Fault.BROKEN_PROMISE, fault, says)

    def _leaves(self, receipt: Receipt, cover: Seal) -> dict[int, bytes] | None:
        """The leaves that a seal has at a covered run's places: from the files, else from the log, proven alike."""
        found: dict[int, bytes] = {}
        for index in range(receipt.index, receipt.index + receipt.count):
            leaf = self._found.get(index) or self._leaf(index, cover)
            if leaf is None:
                return None
            found[index] = leaf
        return found

    def _leaf(self, index: int, seal: Seal) -> bytes | None:
        if self._tiles is None:
            return None
        try:
            leaf = self._tiles.full(0, index)
        except Unavailable as error:
            self._unchecked.append(str(error))
            return None
        return None if self._proven(index, leaf, seal) is None else leaf


class _Tiles:
    """The log's tree, read tile by tile: `merkle.Nodes`. `size`: entries of the newest seal."""

    def __init__(self, log: Log, size: int) -> None:
        self._log, self._size = log, size
        self._read: dict[tuple[int, int], list[bytes]] = {}

    def full(self, height: int, i: int) -> bytes:
        level, above = divmod(height, _LEVEL)
        n, begin = divmod(i << above, TILE)
        hashes = self._tile(level, n)[begin : begin + (1 << above)]
        return merkle.root(merkle.Tree(hashes), 1 << above)

    def _tile(self, level: int, n: int) -> list[bytes]:
        if (level, n) not in self._read:
            if len(self._read) >= _TILES:
                self._read.clear()
            width = min(TILE, (self._size >> _LEVEL * level) - n * TILE)
            self._read[level, n] = self._log.hashes(level, n, width)
        return self._read[level, n]


def _run(receipt: Receipt) -> str:
    last = receipt.index + receipt.count - 1
    return f"entry {receipt.index}" if receipt.count <= 1 else f"entries {receipt.index} to {last}"


def _time(second: int) -> str:
    """A receipt's or a header's time as a reader reads it, and as a number where no calendar has it."""
    try:
        return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"second {second}"
