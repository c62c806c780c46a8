"""Proof bundles and their verifier (PROTOCOL section 8).

The obligations, numbered as there; each is answered *holds*, *fails* or *could not be checked*:

    (1) the deployment is the pinned one and the contract confirms the seal, lately enough
    (2) the head proof leads to `heads`
    (3) `count` and `leaf` are those of the newest entry
    (4) bodies hash to their headers, kinds and subjects agree, documents hash to their names, events name the subject
    (5) `prev`, `seq` and index run without a gap back to the oldest shown
    (6) every entry shown is in the journal at its index
    (7) each author's signature holds, and the author had standing at `at`
    (8) each tally follows from the one before
    (9) an item is in its batch, batches' and containers' bundles hold too, the registry says whether it is recalled
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from itertools import dropwhile, pairwise
from typing import Any, ParamSpec, Protocol

from suyuan.core import canonical, entries, heads, merkle, rules, statements, subjects, tally
from suyuan.core.entries import BY_WORD, Kind
from suyuan.core.epcis.identifiers import subject_of
from suyuan.core.epcis.model import Event, parse_event, subjects_named
from suyuan.core.errors import BadSignature, Malformed, ProofFault, SuyuanError, Unavailable
from suyuan.core.statements import from_hex, text

CLOCK_SKEW = 600  # seconds by which an entry's time may lie outside its seals'
STALE = 2 * 86400  # seconds after which a seal no longer says how things are
RAW_LIMIT = 4096  # bytes of a body that is no object: an appeal's, which is whatever somebody put on-chain
LINE_LIMIT = 16  # journals of which each goes on from the next, that are asked for
_LONGEST_SUBJECT = 2048
_TOLD = 5  # how many faults of one obligation a report tells
_GTIN = 14
APPEALS = "/appeals"
_ITEM = re.compile(r"/01/([0-9]{14})/21/[^/]+")
_P = ParamSpec("_P")


class State(StrEnum):
    """How an obligation is answered."""

    HOLDS = "holds"
    FAILS = "fails"
    UNCHECKED = "could not be checked"


@dataclass(frozen=True, slots=True)
class Obligation:
    """One answer: its number in section 8, the state, and a sentence that carries both sides."""

    number: int
    state: State
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a reader pins: the chain's id and the Journal's address."""

    chain: int
    journal: str


@dataclass(frozen=True, slots=True)
class Seal:
    """A journal state on-chain. Hashes are 32 bytes, `sealed_at` in seconds."""

    number: int
    size: int
    root: bytes
    heads: bytes
    sealed_at: int


class Verdict(StrEnum):
    """What the MerchantRegistry says of a statement, in its order."""

    VALID = "valid"
    UNKNOWN_SIGNER = "the signer is not registered"
    BAD_SIGNATURE = "the signature is not by the signer's key of that time"
    NO_STANDING = "the signer had no standing at that time"
    ISSUED_LATE = "it was issued after it was accepted"


@dataclass(frozen=True, slots=True)
class Claim:
    """A signed statement and the second at which it was accepted."""

    signed: statements.Signed
    at: int


@dataclass(frozen=True, slots=True)
class BatchState:
    """What the BatchRegistry holds of a batch. Times are seconds, 0: never."""

    merchant: str
    quantity: int
    items_root: bytes
    content: bytes
    registered_at: int
    recalled_at: int


@dataclass(frozen=True, slots=True)
class Proven:
    """What was proven to a Journal of its operator: the fault that ended it ("": it goes on), and late receipts."""

    journal: str
    fault: str
    late: int


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The Journal that another goes on from, and the seal of it from which."""

    journal: str
    seal: Seal


class Judge(Protocol):
    """A journal's contracts as a reader asks them, every answer at one block. Raises Unavailable for want of one."""

    def deployment(self) -> Deployment: ...

    def confirms(self, seal: Seal) -> bool: ...

    def verdicts(self, claims: Sequence[Claim]) -> Sequence[Verdict]: ...

    def batch(self, key: bytes) -> BatchState | None: ...

    def proven(self) -> Proven: ...

    def predecessor(self) -> Predecessor | None: ...

    def journal_at(self, journal: str) -> Judge:
        """The same chain, at the same block, as the judge of another Journal."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as a bundle shows it. `unread`: a body's bytes where it is shown as such; `body` is empty then."""

    index: int
    raw: bytes
    header: entries.Header
    leaf: bytes
    body: Mapping[str, Any]
    subject: str
    unread: bytes | None = None

    @property
    def is_unread_appeal(self) -> bool:
        return self.unread is not None and self.header.kind == Kind.APPEAL


@dataclass(frozen=True, slots=True)
class ItemProof:
    """An item's place in its batch: `code` is the hash of the code under its patch."""

    serial: str
    code: bytes
    index: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Stream:
    """One subject's part of a bundle."""

    subject: str
    head: heads.HeadProof
    shown: tuple[Shown, ...]
    inclusion: Mapping[int, tuple[bytes, ...]]
    documents: Mapping[str, Any]
    relation: str = ""
    item: ItemProof | None = None

    @property
    def count(self) -> int:
        """How many entries the head says there are; 0 where the subject is absent."""
        met = self.head.met
        return met.count if met is not None and met.key == subjects.key(self.subject) else 0


@dataclass(frozen=True, slots=True)
class Bundle:
    """A proof bundle, read but not believed."""

    subject: str
    deployment: Deployment
    seal: Seal
    main: Stream
    support: tuple[Shown, ...]
    related: tuple[Stream, ...]
    pending: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Every obligation's answer, what is not shown, and what a reader must hear whether or not the proof holds.

    `proven`: of the bundle's journal and those between it and the pinned one, where anything was. `line`: these
    journals, the pinned one first, where they are more than one. `predecessor`: what the bundle's journal goes on from.
    """

    obligations: tuple[Obligation, ...]
    not_shown: int
    recalled: tuple[str, ...]
    proven: tuple[Proven, ...] = ()
    line: tuple[str, ...] = ()
    predecessor: Predecessor | None = None

    @property
    def state(self) -> State:
        """The worst of the answers; a proven fault is worse than any."""
        if any(one.fault for one in self.proven):
            return State.FAILS
        states = {o.state for o in self.obligations}
        return next((s for s in (State.FAILS, State.UNCHECKED) if s in states), State.HOLDS)


def parse(value: object) -> Bundle:
    """Reads a bundle. Raises Malformed for what is not one."""
    try:
        return _parse(value)
    except Malformed:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise Malformed(f"not a proof bundle: {error!r}") from error


def _whole(value: object, where: str) -> int:
    if type(value) is not int or not 0 <= value <= canonical.SAFE_INTEGER:
        raise Malformed("a whole number is wanted", where)
    return value


def _object(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("an object is wanted", where)
    return value


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed("a list is wanted", where)
    return value


def _subject(value: object) -> str:
    subject = text(value, "subject")
    if not subject.startswith("/") or len(subject) > _LONGEST_SUBJECT:
        raise Malformed("a subject is a path", "subject")
    return subject


def _parse(value: Any) -> Bundle:
    if _whole(value["version"], "version") != 1:
        raise Malformed(f"version {value['version']}, expected 1")
    hashes = [from_hex(h, 32, "hashes") for h in _list(value["hashes"], "hashes")]
    seal = value["seal"]
    chain = value["chain"]
    main = _stream(value, hashes)
    return Bundle(
        main.subject,
        Deployment(_whole(chain["id"], "chain/id"), statements.address(chain["journal"], "chain/journal")),
        Seal(
            _whole(seal["number"], "seal/number"),
            _whole(seal["size"], "seal/size"),
            from_hex(seal["root"], 32, "seal/root"),
            from_hex(seal["heads"], 32, "seal/heads"),
            _whole(seal["sealedAt"], "seal/sealedAt"),
        ),
        main,
        tuple(_shown(e, _subject(e["subject"])) for e in _list(value.get("support", []), "support")),
        tuple(_stream(r, hashes) for r in _list(value.get("related", []), "related")),
        tuple(_shown(e, main.subject) for e in _list(value.get("pending", []), "pending")),
    )


def _pick(hashes: Sequence[bytes], numbers: object) -> tuple[bytes, ...]:
    return tuple(hashes[_whole(n, "inclusion")] for n in _list(numbers, "inclusion"))


def _stream(value: Any, hashes: Sequence[bytes]) -> Stream:
    subject = _subject(value["subject"])
    head = value["head"]
    siblings = tuple(from_hex(h, 32, "head/siblings") for h in _list(head["siblings"], "head/siblings"))
    if "met" in head:
        met = head["met"]
        leaf = None if met is None else _met(from_hex(met["key"], 32), met)
    else:
        leaf = _met(subjects.key(subject), head)
    items = value.get("items")
    return Stream(
        subject,
        heads.HeadProof(siblings, leaf),
        tuple(_shown(e, subject) for e in _list(value["entries"], "entries")),
        {
            _whole(i["index"], "inclusion"): _pick(hashes, i["proof"])
            for i in _list(value.get("inclusion", []), "inclusion")
        },
        _object(value.get("documents", {}), "documents"),
        text(value.get("relation", ""), "relation"),
        None
        if items is None
        else ItemProof(
            text(items["serial"], "items/serial"),
            from_hex(items["code"], 32, "items/code"),
            _whole(items["index"], "items/index"),
            _pick(hashes, items["proof"]),
        ),
    )


def _met(key: bytes, value: Any) -> heads.Met:
    return heads.Met(key, _whole(value["count"], "head/count"), from_hex(value["leaf"], 32, "head/leaf"))


def _shown(value: Any, subject: str) -> Shown:
    raw = from_hex(value["header"], entries.HEADER_SIZE, "header")
    given = value["body"]
    unread = _unread(given) if isinstance(given, str) else None
    body = {} if unread is not None else _object(given, "body")
    return Shown(_whole(value["index"], "index"), raw, entries.decode(raw), entries.leaf(raw), body, subject, unread)


def _unread(text: str) -> bytes:
    """The bytes in a body that is a string: base64, in its one canonical form."""
    try:
        given = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("is not base64", "body") from error
    if len(given) > RAW_LIMIT or b64encode(given).decode() != text:
        raise Malformed(f"is not base64 in its canonical form of at most {RAW_LIMIT} bytes", "body")
    return given


@dataclass
class _Answers:
    """Gathers what each step says; the worst of an obligation's answers is its answer."""

    faults: dict[int, list[str]] = field(default_factory=dict)
    unchecked: dict[int, list[str]] = field(default_factory=dict)

    def attempt(self, number: int, step: Callable[_P, None], *args: _P.args, **named: _P.kwargs) -> None:
        try:
            step(*args, **named)
        except Unavailable as error:
            self.unchecked.setdefault(number, []).append(str(error))
        except SuyuanError as error:
            self.faults.setdefault(number, []).append(str(error))

    def give(self) -> Iterator[Obligation]:
        for number in range(1, 10):
            for state, met in ((State.FAILS, self.faults), (State.UNCHECKED, self.unchecked)):
                if number in met:
                    said = list(dict.fromkeys(met[number]))
                    more = f"; and {len(said) - _TOLD} more" if len(said) > _TOLD else ""
                    yield Obligation(number, state, "; ".join(said[:_TOLD]) + more)
                    break
            else:
                yield Obligation(number, State.HOLDS)


class _Offline:
    """The judge of someone who has no chain to ask."""

    def _away(self, *_: object) -> Any:
        raise Unavailable("no chain was asked")

    deployment = confirms = verdicts = batch = proven = predecessor = journal_at = _away


@dataclass(frozen=True, slots=True)
class _Era:
    """A journal's judge, and what it goes on from. Entries from `begins` on are its own."""

    judge: Judge
    deployment: Deployment
    before: Predecessor | None

    @property
    def begins(self) -> int:
        return self.before.seal.size if self.before else 0


class _Line:
    """A judge's journal and those before it, newest first, each asked for once, when it is wanted."""

    def __init__(self, judge: Judge) -> None:
        self._first = judge
        self._known: list[_Era] = []

    def __iter__(self) -> Iterator[_Era]:
        for place in range(LINE_LIMIT):
            if place == len(self._known):
                judge = self._first
                if self._known:
                    newer = self._known[-1]
                    if newer.before is None:
                        return
                    judge = newer.judge.journal_at(newer.before.journal)
                self._known.append(_Era(judge, judge.deployment(), judge.predecessor()))
            yield self._known[place]
        raise Unavailable(f"{LINE_LIMIT} journals go on from one another: no more were asked for")

    def eras(self, deployment: Deployment) -> Iterator[_Era]:
        """That deployment and those before it."""
        return dropwhile(lambda era: era.deployment != deployment, self)

    def era_of(self, index: int, deployment: Deployment) -> _Era | None:
        """The one of them under which an entry was taken; None where that deployment is none of this line.

        Raises Unavailable where the chain does not say.
        """
        return next((era for era in self.eras(deployment) if index >= era.begins), None)

    def asked(self, index: int, deployment: Deployment) -> _Era:
        """The same, of a deployment that is of this line. Raises Unavailable where it is not: it is not asked."""
        era = self.era_of(index, deployment)
        if era is None:
            raise Unavailable("the contracts of another deployment than the pinned one were not asked")
        return era


def verify(bundle: Bundle, *, pinned: Deployment, now: int, judge: Judge | None = None, stale: int = STALE) -> Report:
    """Answers every obligation. `now` and `stale` in seconds; without a judge, what needs the chain is not checked."""
    answers = _Answers()
    main, seal = bundle.main, bundle.seal
    streams = (main, *bundle.related)
    everyone = [e for s in streams for e in s.shown] + list(bundle.support)
    documents: dict[str, Any] = {}
    events: dict[str, Event] = {}
    recalled: list[str] = []
    line = _Line(judge or _Offline())
    between: list[_Era] = []
    proven: list[Proven] = []
    answers.attempt(1, _check_seal, bundle, pinned, line, between, now, stale)
    for era in between:
        answers.attempt(1, _ask_faults, era, proven)
    for stream in streams:
        answers.attempt(2, heads.check, subjects.key(stream.subject), stream.head, seal.heads)
        answers.attempt(3, _check_newest, stream, seal)
        for name, document in stream.documents.items():
            answers.attempt(4, _check_document, name, document, documents)
    for entry in (*everyone, *bundle.pending):
        answers.attempt(4, _check_body, entry, documents, events)
    for stream in streams:
        waiting = bundle.pending if stream is main else ()
        answers.attempt(5, _check_unbroken, stream, waiting, seal)
        answers.attempt(6, _check_included, stream.shown, stream.inclusion, seal)
        answers.attempt(8, _check_states, (*stream.shown, *waiting))
    answers.attempt(5, _check_pending, bundle.pending, seal, now)
    answers.attempt(6, _check_included, bundle.support, main.inclusion, seal)
    answers.attempt(6, _check_times, everyone)
    answers.attempt(7, _check_nonces, (*everyone, *bundle.pending))
    signed, shoppers = _by_author((*everyone, *bundle.pending))
    answers.attempt(7, _check_authors, signed, bundle.deployment, line)
    for entry in shoppers:
        answers.attempt(7, _check_shopper, entry, bundle.deployment, line, everyone)
    for stream in streams:
        if _is_batch(stream.subject):
            answers.attempt(9, _check_batch, stream, bundle.deployment, line, recalled)
    answers.attempt(9, _check_item, bundle)
    answers.attempt(9, _check_containers, bundle, events.values())
    return Report(
        tuple(answers.give()),
        max(0, main.count - len(main.shown)),
        tuple(dict.fromkeys(recalled)),
        tuple(proven),
        tuple(era.deployment.journal for era in between) if len(between) > 1 else (),
        between[-1].before if between else None,
    )


def _check_seal(  # (1)
    bundle: Bundle, pinned: Deployment, line: _Line, between: list[_Era], now: int, stale: int
) -> None:
    """Puts the journals from the pinned one to the bundle's into `between`."""
    between += _between(pinned, bundle.deployment, line)
    own, seal = between[-1], bundle.seal
    if len(between) > 1:
        before = between[-2].before
        assert before is not None
        handed = before.seal
        if seal.number > handed.number or seal.size > handed.size or (seal.number == handed.number and seal != handed):
            raise ProofFault(
                f"seal {seal.number} of {seal.size}: the journal after this one goes on from seal {handed.number}"
                f" of {handed.size}, and what came later is not of it"
            )
        if not own.judge.confirms(handed):
            raise ProofFault(f"the contract does not know seal {handed.number}, from which the next journal goes on")
    if not own.judge.confirms(seal):
        raise ProofFault(f"the contract does not know seal {seal.number} of {seal.size}")
    age = now - seal.sealed_at
    if age > stale:
        raise Unavailable(f"the seal is {age} seconds old: nothing newer was shown")
    if age < -CLOCK_SKEW:
        raise Unavailable(f"the seal is {-age} seconds ahead of the clock: how old it is cannot be told")


def _between(pinned: Deployment, given: Deployment, line: _Line) -> list[_Era]:
    """The journals from the pinned one to the given one, if the chain says that the pinned one goes on from that."""
    found: list[_Era] = []
    other = f"deployment {given}, pinned is {pinned}"
    if given.chain != pinned.chain:
        raise ProofFault(other)
    try:
        for era in line:
            found.append(era)
            if found[0].deployment != pinned:
                raise ProofFault(f"the chain asked is {found[0].deployment}, pinned is {pinned}")
            if era.deployment == given:
                return found
    except Unavailable as error:
        if given == pinned:
            raise
        raise ProofFault(f"{other}; whether that goes on from it could not be asked: {error}") from error
    raise ProofFault(other + _claim(found[0], given.journal))


def _claim(pinned: _Era, journal: str) -> str:
    """What a journal that is not the pinned one claims of it."""
    try:
        if any(era.deployment == pinned.deployment for era in _Line(pinned.judge.journal_at(journal))):
            return "; it says that it goes on from the pinned one, which anyone's contract can say"
    except SuyuanError:
        pass  # it is another one, whatever it says
    return ""


def _ask_faults(era: _Era, proven: list[Proven]) -> None:  # (1)
    met = era.judge.proven()
    if met.fault or met.late:
        proven.append(met)


def _check_newest(stream: Stream, seal: Seal) -> None:  # (3)
    if not stream.count:
        if stream.shown:
            raise ProofFault(f"{len(stream.shown)} entries of a subject that is absent")
        return
    if not stream.shown:
        raise ProofFault(f"{stream.count} entries, none shown")
    newest, met = stream.shown[-1], stream.head.met
    assert met is not None
    if newest.leaf != met.leaf or newest.header.seq != stream.count - 1:
        raise ProofFault(
            f"newest shown is {newest.leaf.hex()} with seq {newest.header.seq},"
            f" the head says {met.leaf.hex()} of {met.count}"
        )
    if newest.header.at > (seal.sealed_at + CLOCK_SKEW) * 1000:
        raise ProofFault(f"accepted at {newest.header.at}, after its seal at {seal.sealed_at}")


def _check_document(name: str, document: Any, right: dict[str, Any]) -> None:  # (4)
    """Puts the document among the `right` ones if it hashes to its name."""
    met = canonical.digest(document).hex()
    if met != name:
        raise ProofFault(f"document {name!r} hashes to {met}")
    right[name] = document


def _check_body(entry: Shown, documents: Mapping[str, Any], events: dict[str, Event]) -> None:  # (4)
    """Puts the event that it is about, if it is about one, among the `events`."""
    text = entries.encode_body(dict(entry.body)) if entry.unread is None else entry.unread
    met = sha256(text).digest()
    if met != entry.header.body:
        raise ProofFault(f"the body of {entry.index} hashes to {met.hex()}, expected {entry.header.body.hex()}")
    if entry.header.key != subjects.key(entry.subject):
        raise ProofFault(f"entry {entry.index} is not of {entry.subject}")
    if entry.unread is not None:
        if entry.header.kind != Kind.APPEAL or entry.subject != APPEALS:
            raise ProofFault(f"the body of {entry.index} is no object, which only an appeal's may not be")
        return
    word, subject = entry.body.get("kind"), entry.body.get("subject")
    kind = BY_WORD.get(str(word))
    if kind is None or kind != entry.header.kind:
        raise ProofFault(f"entry {entry.index} is of kind {entry.header.kind}, its body says {word!r}")
    is_event = kind is Kind.CHECKPOINT
    if subject != (None if is_event else entry.subject):
        raise ProofFault(f"the body of {entry.index} is about {subject!r}, not {entry.subject}")
    named = rules.named_in(kind, entry.body)
    name = _public(entry).get("document")
    if name is None and not is_event:
        return
    if not isinstance(name, str):
        raise ProofFault(f"entry {entry.index} names no document")
    if name not in documents:
        raise Unavailable(f"document {name!r} of entry {entry.index} is not in the bundle")
    if is_event:
        if name not in events:
            events[name] = parse_event(documents[name])
        all_named = subjects_named(events[name])
        if entry.subject not in all_named or named != len(all_named):
            raise ProofFault(
                f"the event of entry {entry.index} names {len(all_named)} subjects,"
                f" {entry.subject} or its number {named} does not agree"
            )


def _public(entry: Shown) -> Mapping[str, Any]:
    public = entry.body.get("public")
    return public if isinstance(public, dict) else {}


def _check_unbroken(stream: Stream, waiting: Sequence[Shown], seal: Seal) -> None:  # (5)
    """What waits goes on from the newest that is sealed, from the start where none is."""
    run = (*stream.shown, *waiting)
    for entry in run[:1]:
        if (entry.header.seq == 0 or not stream.count) and (entry.header.seq, entry.header.prev) != (0, entries.ZERO):
            raise ProofFault(
                f"entry {entry.index} is its stream's first, with seq {entry.header.seq}"
                f" and prev {entry.header.prev.hex()}"
            )
    for before, entry in pairwise(run):
        if entry.header.seq != before.header.seq + 1 or entry.header.prev != before.leaf:
            raise ProofFault(
                f"entry {entry.index} has seq {entry.header.seq} and prev {entry.header.prev.hex()},"
                f" after seq {before.header.seq} and leaf {before.leaf.hex()}"
            )
        if entry.index <= before.index or entry.header.at < before.header.at:
            raise ProofFault(
                f"entry {entry.index} at {entry.header.at} stands after {before.index} at {before.header.at}"
            )
    if stream.shown and stream.shown[-1].index >= seal.size:
        raise ProofFault(f"entry {stream.shown[-1].index} is outside the seal's {seal.size}")


def _check_pending(pending: Sequence[Shown], seal: Seal, now: int) -> None:  # (5)
    for entry in pending:
        if entry.index < seal.size:
            raise ProofFault(f"entry {entry.index} is shown as waiting, the seal covers {seal.size}")
        if entry.header.at > (now + CLOCK_SKEW) * 1000:
            raise ProofFault(f"entry {entry.index} is accepted at {entry.header.at}, it is {now} s now")


def _check_included(shown: Sequence[Shown], inclusion: Mapping[int, tuple[bytes, ...]], seal: Seal) -> None:  # (6)
    for entry in shown:
        if entry.index not in inclusion:
            raise ProofFault(f"no inclusion proof for entry {entry.index}")
        merkle.check_inclusion(entry.leaf, entry.index, seal.size, inclusion[entry.index], seal.root)


def _check_times(shown: Sequence[Shown]) -> None:  # (6)
    for before, entry in pairwise(sorted(shown, key=lambda e: e.index)):
        if entry.header.at < before.header.at:
            raise ProofFault(
                f"entry {entry.index} at {entry.header.at} stands after {before.index} at {before.header.at}"
            )


def _check_nonces(shown: Sequence[Shown]) -> None:  # (7)
    """No statement counts twice, but for the entries of one event."""
    used: dict[tuple[str, str], Shown] = {}
    for entry in shown:
        by, nonce = entry.body.get("by"), entry.body.get("nonce")
        if not isinstance(by, str) or not isinstance(nonce, str):
            continue  # _check_authors says so
        first = used.setdefault((by, nonce), entry)
        same_event = entry.header.kind == Kind.CHECKPOINT and entry.header.body == first.header.body
        if entry.index != first.index and not (same_event and entry.subject != first.subject):
            raise ProofFault(f"entry {entry.index} uses the statement of {first.index} again")


def _by_author(shown: Sequence[Shown]) -> tuple[list[Shown], list[Shown]]:
    """The entries that the registry's participants sign, and those that shoppers sign."""
    shoppers = [e for e in shown if e.header.kind in rules.SHOPPERS]
    return [e for e in shown if e.header.kind not in rules.SHOPPERS and not e.is_unread_appeal], shoppers


def _check_authors(shown: Sequence[Shown], deployment: Deployment, line: _Line) -> None:  # (7)
    """Each by the registry of the deployment that took it."""
    claims = [(entry, Claim(_signed(entry), entry.header.at // 1000)) for entry in shown]
    asked: dict[Deployment, tuple[Judge, list[tuple[Shown, Claim]]]] = {}
    for entry, claim in claims:
        era = line.asked(entry.index, deployment)
        asked.setdefault(era.deployment, (era.judge, []))[1].append((entry, claim))
    for judge, some in asked.values():
        for (entry, _), verdict in zip(some, judge.verdicts([claim for _, claim in some]), strict=True):
            if verdict is not Verdict.VALID:
                raise ProofFault(f"entry {entry.index}: {verdict}")


def _signed(entry: Shown) -> statements.Signed:
    """Its statement, about the subject that the bundle shows it under."""
    body = entry.body if entry.header.kind == Kind.CHECKPOINT else {**entry.body, "subject": entry.subject}
    return rules.signed_in(entry.header.kind, body, canonical.digest(entry.body.get("public")))


def _check_shopper(  # (7)
    entry: Shown, deployment: Deployment, line: _Line, everyone: Sequence[Shown]
) -> None:
    signed = _signed(entry)
    unasked: Unavailable | None = None
    try:
        era = line.era_of(entry.index, deployment)
    except Unavailable as error:
        era, unasked = None, error
    then = era.deployment if era else deployment
    try:
        statements.check_shopper(signed, then.chain, then.journal)
    except BadSignature:
        if unasked:  # it may be for a journal that this one goes on from
            raise unasked from None
        raise
    if signed.statement.issued_at > entry.header.at // 1000 + statements.SKEW:
        raise ProofFault(f"entry {entry.index}: {Verdict.ISSUED_LATE}")
    if entry.header.kind != Kind.CLAIM and not any(_binds(claim, entry) for claim in everyone):
        raise Unavailable(f"the claim that binds the key of entry {entry.index} to a right is not in the bundle")


def _binds(claim: Shown, entry: Shown) -> bool:
    """Whether it is the claim that gave the entry's key its right, to review that product."""
    right = _public(entry).get("right")
    return (
        claim.header.kind == Kind.CLAIM
        and claim.body.get("by") == entry.body["by"]
        and claim.index < entry.index
        and claim.subject == f"/rights/{entry.subject[-_GTIN:]}"
        and isinstance(right, str)
        and _public(claim).get("right") == right
    )


def _check_states(shown: Sequence[Shown]) -> None:  # (8)
    for before, entry in zip((None, *shown), shown, strict=False):
        header = entry.header
        if header.version != entries.VERSION:
            raise ProofFault(f"entry {entry.index} has version {header.version}")
        stars = _public(entry).get("stars")
        is_new = header.kind in (Kind.REVIEW, Kind.REVIEW_AMEND)
        if is_new and (type(stars) is not int or stars != header.arg & 7):
            raise ProofFault(f"entry {entry.index} counts {header.arg & 7} stars, its author gave {stars!r}")
        if before is not None:
            state = before.header.state
        elif header.seq == 0:
            state = tally.ZERO
        else:
            continue  # older ones are not shown: it follows from the oldest shown on
        after = tally.step(state, header.kind, header.arg)
        if header.state != after:
            raise ProofFault(f"state of {entry.index} is {header.state.hex()}, expected {after.hex()}")


def _check_batch(  # (9)
    stream: Stream, deployment: Deployment, line: _Line, recalled: list[str]
) -> None:
    """By the newest registry that knows it; a recall in any counts."""
    key, state = subjects.key(stream.subject), None
    first = min((entry.index for entry in stream.shown), default=0)
    era = line.asked(first, deployment)
    for one in line.eras(deployment):
        found = one.judge.batch(key)
        if found is not None and found.recalled_at:
            recalled.append(stream.subject)
        state = state or found
        if one is era:
            break
    if state is None:
        if not stream.count:
            return
        raise Unavailable(f"{stream.subject} is not in the BatchRegistry yet")
    registered = (state.quantity, state.items_root.hex(), state.merchant, state.content)
    for entry in stream.shown:
        if entry.header.kind != Kind.BATCH:
            continue
        public = _public(entry)
        said = (public.get("quantity"), public.get("itemsRoot"), entry.body.get("by"), canonical.digest({**public}))
        if said != registered:
            raise ProofFault(f"{stream.subject}: the BatchRegistry says {registered}, the journal {said}")
    item = stream.item
    if item is not None:
        merkle.check_inclusion(
            item_leaf(item.serial, item.code), item.index, state.quantity, item.proof, state.items_root
        )


def _check_item(bundle: Bundle) -> None:  # (9)
    """One of the batches shown, of the same product, commits to the item (`_check_batch` sees that it is so)."""
    match = _ITEM.fullmatch(bundle.subject)
    if match is None:
        return
    gtin = match[1]
    mine = [s for s in bundle.related if s.relation == "batch" and s.subject.startswith(f"/01/{gtin}/10/") and s.count]
    proofs = [s.item for s in mine if s.item is not None]
    if not proofs and bundle.main.count:
        raise Unavailable("the item's batch, or the proof that it is in it, is not in the bundle")
    if proofs and not any(subjects.item(gtin, item.serial) == bundle.subject for item in proofs):
        raise ProofFault(f"no batch shown commits to {bundle.subject}")


def _check_containers(bundle: Bundle, events: Iterable[Event]) -> None:  # (9)
    """Whatever the events shown put the item into is in the bundle, and nothing is that they do not."""
    subject = bundle.subject
    batches = {s.subject for s in bundle.related if s.relation == "batch"}
    given = {s.subject for s in bundle.related if s.relation == "container"}
    for stream in bundle.related:
        if stream.relation not in ("batch", "container"):
            raise ProofFault(f"{stream.subject} is related as {stream.relation!r}")
    item = _ITEM.fullmatch(subject)
    if strangers := [b for b in batches if not _is_batch(b) or (item and b[:18] != subject[:18])]:
        raise ProofFault(f"{strangers[0]} is no batch of {subject}")
    packed = [
        (subject_of(event.parent_id), {subject_of(child) for child in _children(event)})
        for event in events
        if event.parent_id is not None and event.action != "DELETE"
    ]
    if unproven := given - _holding({subject, *batches}, packed):
        raise Unavailable(f"no event shown puts {subject} into {min(unproven)}")
    if item and (missing := _holding({subject}, packed) - given):
        raise Unavailable(f"{min(missing)}, which an event shown put {subject} into, is not in the bundle")


def _children(event: Event) -> Iterator[str]:
    yield from event.child_epcs
    for quantity in event.child_quantity_list:
        yield quantity.epc_class


def _holding(things: set[str], packed: Sequence[tuple[str, set[str]]]) -> set[str]:
    """The containers that hold any of the things, or hold one that does."""
    found: set[str] = set()
    while more := {p for p, children in packed if p not in found and children & (things | found)}:
        found |= more
    return found - things


def _is_batch(subject: str) -> bool:
    """Whether a subject is a batch's."""
    return subject.startswith("/01/") and subject[18:22] == "/10/"


def item_leaf(serial: str, code: bytes) -> bytes:
    """The leaf of one item in its batch's items tree; `code` is the 32-byte hash of its code (PROTOCOL section 2)."""
    return sha256(b"\0" + serial.encode() + b"\0" + code).digest()
