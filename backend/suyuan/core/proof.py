"""Proof bundles and their verifier (PROTOCOL section 8).

The obligations, numbered as there; each is answered *holds*, *fails* or *could not be checked*:

    (1) the deployment is the pinned one and the contract confirms the seal, lately enough
    (2) the head proof leads to `heads`
    (3) `count` and `leaf` are those of the newest entry
    (4) bodies hash to their headers, kinds and subjects agree, documents hash to their names and name the subject
    (5) `prev`, `seq` and index run without a gap back to the oldest shown
    (6) every entry shown is in the journal at its index
    (7) each author's signature holds, and the author had standing at `at`
    (8) each tally follows from the one before
    (9) an item is in its batch, the batch's and containers' bundles hold too, and the registry says whether it is recalled
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from hashlib import sha256
from typing import Any, Protocol

from suyuan.core import canonical, entries, heads, merkle, rules, statements, subjects, tally
from suyuan.core.entries import BY_WORD, Kind
from suyuan.core.epcis.model import parse_event, subjects_named
from suyuan.core.errors import Malformed, ProofFault, SuyuanError, Unavailable
from suyuan.core.statements import from_hex

CLOCK_SKEW = 600  # seconds by which an entry's time may lie outside its seals'
STALE = 2 * 86400  # seconds after which a seal no longer says how things are


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


class Judge(Protocol):
    """The chain as a reader asks it, every answer at one block. Raises Unavailable where it does not answer."""

    def deployment(self) -> Deployment: ...

    def confirms(self, seal: Seal) -> bool: ...

    def verdicts(self, claims: Sequence[Claim]) -> Sequence[Verdict]: ...

    def batch(self, key: bytes) -> BatchState | None: ...


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as a bundle shows it."""

    index: int
    raw: bytes
    header: entries.Header
    leaf: bytes
    body: Mapping[str, Any]
    subject: str


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
    """Every obligation's answer, what is not shown, and what a reader must hear whether or not the proof holds."""

    obligations: tuple[Obligation, ...]
    not_shown: int
    recalled: tuple[str, ...]

    @property
    def state(self) -> State:
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


def _parse(value: Any) -> Bundle:
    if value["version"] != 1:
        raise Malformed(f"version {value['version']!r}, expected 1")
    hashes = [from_hex(h, 32, "hashes") for h in value["hashes"]]
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
        tuple(_shown(e, e["subject"]) for e in value.get("support", ())),
        tuple(_stream(r, hashes) for r in value.get("related", ())),
        tuple(_shown(e, main.subject) for e in value.get("pending", ())),
    )


def _pick(hashes: Sequence[bytes], numbers: Any) -> tuple[bytes, ...]:
    return tuple(hashes[_whole(n, "inclusion")] for n in numbers)


def _stream(value: Any, hashes: Sequence[bytes]) -> Stream:
    subject = value["subject"]
    if not isinstance(subject, str):
        raise Malformed("a subject is text", "subject")
    head = value["head"]
    siblings = tuple(from_hex(h, 32, "head/siblings") for h in head["siblings"])
    if "met" in head:
        met = head["met"]
        leaf = None if met is None else _met(from_hex(met["key"], 32), met)
    else:
        leaf = _met(subjects.key(subject), head)
    items = value.get("items")
    return Stream(
        subject,
        heads.HeadProof(siblings, leaf),
        tuple(_shown(e, subject) for e in value["entries"]),
        {_whole(i["index"], "inclusion"): _pick(hashes, i["proof"]) for i in value["inclusion"]},
        dict(value["documents"]),
        str(value.get("relation", "")),
        None
        if items is None
        else ItemProof(
            str(items["serial"]),
            from_hex(items["code"], 32, "items/code"),
            _whole(items["index"], "items/index"),
            _pick(hashes, items["proof"]),
        ),
    )


def _met(key: bytes, value: Any) -> heads.Met:
    return heads.Met(key, _whole(value["count"], "head/count"), from_hex(value["leaf"], 32, "head/leaf"))


def _shown(value: Any, subject: str) -> Shown:
    raw = from_hex(value["header"], entries.HEADER_SIZE, "header")
    body = value["body"]
    if not isinstance(body, dict):
        raise Malformed("a body is an object", "body")
    return Shown(_whole(value["index"], "index"), raw, entries.decode(raw), entries.leaf(raw), body, subject)


@dataclass
class _Answers:
    """Gathers what each step says; the worst of an obligation's answers is its answer."""

    faults: dict[int, list[str]] = field(default_factory=dict)
    unchecked: dict[int, list[str]] = field(default_factory=dict)

    def attempt(self, number: int, step: Callable[[], None]) -> None:
        try:
            step()
        except Unavailable as error:
            self.unchecked.setdefault(number, []).append(str(error))
        except SuyuanError as error:
            self.faults.setdefault(number, []).append(str(error))

    def give(self) -> Iterator[Obligation]:
        for number in range(1, 10):
            if number in self.faults:
                yield Obligation(number, State.FAILS, "; ".join(self.faults[number]))
            elif number in self.unchecked:
                yield Obligation(number, State.UNCHECKED, "; ".join(self.unchecked[number]))
            else:
                yield Obligation(number, State.HOLDS)


class _Offline:
    """The judge of someone who has no chain to ask."""

    def _away(self, *_: object) -> Any:
        raise Unavailable("no chain was asked")

    deployment = confirms = verdicts = batch = _away


def verify(bundle: Bundle, *, pinned: Deployment, now: int, judge: Judge | None = None, stale: int = STALE) -> Report:
    """Answers every obligation. `now` and `stale` in seconds; without a judge, what needs the chain is not checked."""
    answers = _Answers()
    chain: Judge = judge or _Offline()
    streams = (bundle.main, *bundle.related)
    answers.attempt(1, lambda: _check_seal(bundle, pinned, chain, now, stale))
    for stream in streams:
        answers.attempt(2, partial(heads.check, subjects.key(stream.subject), stream.head, bundle.seal.heads))
        answers.attempt(3, partial(_check_newest, stream, bundle.seal))
        answers.attempt(4, partial(_check_bodies, stream.shown, stream.documents))
        answers.attempt(5, partial(_check_unbroken, stream, bundle.seal))
        answers.attempt(6, partial(_check_included, stream.shown, stream.inclusion, bundle.seal))
        answers.attempt(8, partial(_check_states, stream.shown))
    answers.attempt(4, lambda: _check_bodies(bundle.support, bundle.main.documents))
    answers.attempt(4, lambda: _check_bodies(bundle.pending, bundle.main.documents))
    answers.attempt(6, lambda: _check_included(bundle.support, bundle.main.inclusion, bundle.seal))
    everyone = [e for s in streams for e in s.shown] + list(bundle.support)
    answers.attempt(7, lambda: _check_authors(everyone, chain))
    recalled: list[str] = []
    answers.attempt(9, lambda: _check_batches(bundle, chain, recalled))
    main = bundle.main
    return Report(tuple(answers.give()), max(0, main.count - len(main.shown)), tuple(recalled))


def _check_seal(bundle: Bundle, pinned: Deployment, chain: Judge, now: int, stale: int) -> None:  # (1)
    if bundle.deployment != pinned:
        raise ProofFault(f"deployment {bundle.deployment}, pinned is {pinned}")
    if chain.deployment() != pinned:
        raise ProofFault(f"the chain asked is {chain.deployment()}, pinned is {pinned}")
    if not chain.confirms(bundle.seal):
        raise ProofFault(f"the contract does not know seal {bundle.seal.number} of {bundle.seal.size}")
    if now - bundle.seal.sealed_at > stale:
        raise Unavailable(f"the seal is {now - bundle.seal.sealed_at} seconds old: nothing newer was shown")


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


def _check_bodies(shown: Sequence[Shown], documents: Mapping[str, Any]) -> None:  # (4)
    for name, document in documents.items():
        met = canonical.digest(document).hex()
        if met != name:
            raise ProofFault(f"document {name} hashes to {met}")
    for entry in shown:
        _check_body(entry, documents)


def _check_body(entry: Shown, documents: Mapping[str, Any]) -> None:
    text = entries.encode_body(dict(entry.body))
    if sha256(text).digest() != entry.header.body:
        raise ProofFault(f"the body of {entry.index} hashes to {sha256(text).hexdigest()}")
    if entry.header.key != subjects.key(entry.subject):
        raise ProofFault(f"entry {entry.index} is not of {entry.subject}")
    kind = BY_WORD.get(str(entry.body.get("kind")))
    if kind is None or kind != entry.header.kind:
        raise ProofFault(f"entry {entry.index} is of kind {entry.header.kind}, its body says {entry.body.get('kind')}")
    is_event = kind is Kind.CHECKPOINT
    if not is_event and entry.body.get("subject") != entry.subject:
        raise ProofFault(f"the body of {entry.index} is about {entry.body.get('subject')}, not {entry.subject}")
    public = entry.body.get("public")
    name = public.get("document") if isinstance(public, dict) else None
    if name is None:
        return
    if name not in documents:
        raise Unavailable(f"document {name} of entry {entry.index} is not in the bundle")
    if is_event:
        named = subjects_named(parse_event(documents[name]))
        if entry.subject not in named or entry.body.get("named") != len(named):
            raise ProofFault(
                f"the event of entry {entry.index} names {len(named)} subjects, {entry.subject} or its"
                f" number {entry.body.get('named')} does not agree"
            )


def _check_unbroken(stream: Stream, seal: Seal) -> None:  # (5)
    for before, entry in zip(stream.shown, stream.shown[1:], strict=False):
        if entry.header.seq != before.header.seq + 1 or entry.header.prev != before.leaf:
            raise ProofFault(
                f"entry {entry.index} has seq {entry.header.seq} and prev {entry.header.prev.hex()},"
                f" after seq {before.header.seq} and leaf {before.leaf.hex()}"
            )
        if entry.index <= before.index or entry.header.at < before.header.at:
            raise ProofFault(
                f"entry {entry.index} at {entry.header.at} stands before {before.index} at {before.header.at}"
            )
    for entry in stream.shown[:1]:
        if entry.header.seq == 0 and entry.header.prev != entries.ZERO:
            raise ProofFault(f"entry {entry.index} is its stream's first, and has prev {entry.header.prev.hex()}")
    if stream.shown and stream.shown[-1].index >= seal.size:
        raise ProofFault(f"entry {stream.shown[-1].index} is outside the seal's {seal.size}")


def _check_included(shown: Sequence[Shown], inclusion: Mapping[int, tuple[bytes, ...]], seal: Seal) -> None:  # (6)
    for entry in shown:
        if entry.index not in inclusion:
            raise ProofFault(f"no inclusion proof for entry {entry.index}")
        merkle.check_inclusion(entry.leaf, entry.index, seal.size, inclusion[entry.index], seal.root)


def _check_authors(shown: Sequence[Shown], chain: Judge) -> None:  # (7)
    signed = [
        Claim(
            rules.signed_in(_with_subject(entry.body), canonical.digest(entry.body.get("public"))),
            entry.header.at // 1000,
        )
        for entry in shown
    ]
    if not signed:
        return
    for entry, verdict in zip(shown, chain.verdicts(signed), strict=True):
        if verdict is not Verdict.VALID:
            raise ProofFault(f"entry {entry.index}: {verdict}")


def _with_subject(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return body if "subject" in body else {**body, "subject": ""}


def _check_states(shown: Sequence[Shown]) -> None:  # (8)
    for before, entry in zip((None, *shown), shown, strict=False):
        header = entry.header
        if header.version != entries.VERSION:
            raise ProofFault(f"entry {entry.index} has version {header.version}")
        if before is not None:
            state = before.header.state
        elif header.seq == 0:
            state = tally.ZERO
        else:
            continue  # older ones are not shown: it follows from the oldest shown on
        after = tally.step(state, header.kind, header.arg)
        if header.state != after:
            raise ProofFault(f"state of {entry.index} is {header.state.hex()}, expected {after.hex()}")


def _check_batches(bundle: Bundle, chain: Judge, recalled: list[str]) -> None:  # (9)
    batches = [s for s in (bundle.main, *bundle.related) if _is_batch(s.subject) and s.count]
    for stream in batches:
        state = chain.batch(subjects.key(stream.subject))
        registered = [e for e in stream.shown if e.header.kind == Kind.BATCH]
        if state is None:
            raise Unavailable(f"{stream.subject} is not in the BatchRegistry yet")
        if state.recalled_at:
            recalled.append(stream.subject)
        for entry in registered:
            public = entry.body["public"]
            if (state.quantity, state.items_root.hex(), state.merchant) != (
                public.get("quantity"),
                public.get("itemsRoot"),
                entry.body.get("by"),
            ):
                raise ProofFault(f"{stream.subject}: the BatchRegistry and the journal differ")
        item = stream.item
        if item is not None:
            leaf = item_leaf(item.serial, item.code)
            merkle.check_inclusion(leaf, item.index, state.quantity, item.proof, state.items_root)
    if "/21/" in bundle.subject and bundle.main.count:
        gtin, serial = bundle.subject.split("/21/")
        mine = [s for s in batches if s.relation == "batch" and s.subject.startswith(gtin + "/10/")]
        if not mine:
            raise Unavailable("the item's batch is not in the bundle")
        if not any(s.item and subjects.item(gtin[4:], s.item.serial) == bundle.subject for s in mine):
            raise ProofFault(f"no batch shown commits to serial {serial}")


def _is_batch(subject: str) -> bool:
    return subject.startswith("/01/") and subject[18:22] == "/10/"


def item_leaf(serial: str, code: bytes) -> bytes:
    """The leaf of one item in its batch's items tree; `code` is the 32-byte hash of its code (PROTOCOL section 2)."""
    return sha256(b"\0" + serial.encode() + b"\0" + code).digest()
