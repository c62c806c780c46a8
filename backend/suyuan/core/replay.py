"""Replay: a journal read from its first byte, as an auditor who trusts nobody reads it (PROTOCOL sections 2 to 6).

Two halves. Reading an entry by itself (hashes, form, who signed, what its document names) needs nothing else and may be
done anywhere: `parse`, `sign`, `show`, `misfit`. Folding readings in order is `Replay`: findings come out. Bad data is
a finding, never an exception.

A journal of any length is folded in little memory: before some readings are folded, whoever keeps the rest puts what
they touch into `Memory`, and takes it out again afterwards (`settle`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from itertools import islice
from typing import Any, NamedTuple

from suyuan.core import canonical, entries, heads, merkle, reviews, rules, statements, subjects
from suyuan.core.entries import BY_WORD, Header, Kind
from suyuan.core.epcis import event_hash, parse_event, subjects_named
from suyuan.core.errors import BadSignature, InvalidInput, Malformed, ProofFault
from suyuan.core.proof import CLOCK_SKEW, BatchState, Deployment, Seal, Verdict
from suyuan.core.reviews import Books, Ledger, Touched
from suyuan.core.rules import Role
from suyuan.core.standing import Registry
from suyuan.core.statements import Signed

APPEALS = subjects.key("/appeals")
APPEAL_LIMIT = 4096
REGISTERED_WITHIN = 3600  # seconds from a batch's entry, or its recall, until the registry has to have it
_AT_ONCE = 4096  # buckets whose new hashes are held at a time
_NONE = Seal(0, 0, merkle.EMPTY_ROOT, heads.EMPTY, 0)
_WORDS: Mapping[int, str] = {kind: kind.word for kind in Kind}


class Fault(StrEnum):
    """What can be wrong with a journal."""

    HEADER = "header"  # not 147 bytes
    STREAM = "stream"  # seq, prev, time or state do not follow in the stream
    TIME = "time"  # `at` decreases along the journal, or lies outside its seals
    RIGHTS = "rights"  # rights, claims and reviews do not follow from what came before
    SIGNATURE = "signature"  # a shopper's key did not sign it, or signed it after it was accepted
    AUTHOR = "author"  # a participant's key of that time did not sign it, or its role or standing did not let it write
    BODY = "body"  # not the header's, or breaks its kind's rule; an event's run is not what its document names; a nonce
    ROOT = "root"  # the rebuilt root is not the sealed one
    HEADS = "heads"  # the rebuilt heads map is not the sealed one
    SEALS = "seals"  # the seals themselves do not follow, are not confirmed, or the contract takes no more
    MISSING = "missing"  # sealed, and not served
    BATCH = "batch"  # the BatchRegistry says otherwise of a batch or its recall, or still nothing
    APPEAL = "appeal"  # an appeal in the journal that nobody put on-chain, or one on-chain that is overdue
    RECEIPT = "receipt"  # a receipt's promise is broken, was kept late, or is by a key that does not count
    SERVED = "served"  # what is served is not what the log says, or not what it was when it was audited
    PROVEN = "proven"  # somebody has proven a fault to the contract


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, where it is (an entry's index or a seal's number, -1: neither), and both sides of it."""

    fault: Fault
    where: int
    detail: str


# -- one entry by itself


class Author(NamedTuple):
    """Who signed a body. `by`: whom it names; `signer`: the address that signed, empty where no key did.

    `once`: 16 bytes that stand for signer and nonce; `wrong`: why a shopper's signature does not hold.
    """

    by: str
    once: bytes
    issued_at: int
    content: bytes
    signer: str = ""
    wrong: str = ""


class Body(NamedTuple):
    """What a text says as a body. `wrong`: why it is none, and then nothing else but `digest` counts.

    `key`: of the subject that it names, empty for an event; `public`: where a ledger wants it; `document`: the hash of
    the one that it names, if any, and `event`: what an event says that it is.
    """

    digest: bytes
    wrong: str = ""
    kind: int = 0
    subject: str = ""
    key: bytes = b""
    named: int = 1
    public: Mapping[str, Any] = {}
    touched: Touched = reviews.NOTHING
    author: Author | None = None
    document: bytes = b""
    event: str = ""


class Shown(NamedTuple):
    """What a document shows of an event: its hash, and the keys of all that it names. `wrong`: why it is none."""

    wrong: str = ""
    event: str = ""
    keys: frozenset[bytes] = frozenset()


class Reading(NamedTuple):
    """An entry as it is read by itself; `body` is None where it was not to be had, `misfit` what its document says."""

    raw: bytes
    leaf: bytes
    body: Body | None
    misfit: str = ""


def parse(raw: bytes, text: bytes) -> tuple[Body, Signed | None]:
    """The body in an entry's canonical text, and its statement, whose signature is yet to be checked by `sign`."""
    digest = sha256(text).digest()
    if raw[1:2] == bytes((Kind.APPEAL,)):  # its author put it on-chain, whatever it is
        wrong = f"an appeal of {len(text)} bytes" if len(text) > APPEAL_LIMIT else ""
        return Body(digest, wrong, Kind.APPEAL, "/appeals", APPEALS), None
    try:
        return _parse(digest, text)
    except Malformed as error:
        return Body(digest, str(error)), None


def _parse(digest: bytes, text: bytes) -> tuple[Body, Signed]:
    try:
        body = canonical.parse_trusted(text)  # what is the canonical form of what was read, has nothing else in it
    except ValueError as error:
        raise Malformed(f"not JSON: {error}") from error
    if not isinstance(body, dict) or entries.encode_body(body) != text:
        raise Malformed("a body that is not in canonical form")
    kind = BY_WORD.get(str(body.get("kind")))
    if kind is None:
        raise Malformed(f"a body of kind {body.get('kind')}")
    named = rules.named_in(kind, body)
    subject, key = "", b""
    if kind is not Kind.CHECKPOINT:
        subject = statements.text(body.get("subject"), "subject")
        key = subjects.key(subject)
    elif "subject" in body:
        raise Malformed("the body of an event has no subject")
    public = rules.check_public(kind, subject, body.get("public"))
    content = canonical.digest(public)
    signed = rules.signed_in(kind, body, content)
    by = bytes.fromhex(signed.by.removeprefix("0x"))
    once = sha256(by + signed.statement.nonce).digest()[:16]
    author = Author(signed.by, once, signed.statement.issued_at, content)
    touched = reviews.touched(kind, subject, public)
    kept = public if touched is not reviews.NOTHING else {}
    document = bytes.fromhex(public.get("document", ""))
    return (
        Body(digest, "", kind, subject, key, named, kept, touched, author, document, public.get("event", "")),
        signed,
    )


def sign(body: Body, signed: Signed, deployment: Deployment, merchants: str) -> Body:
    """The body with what its signature says: a shopper's for a deployment, a participant's for a MerchantRegistry."""
    author = body.author
    assert author is not None
    if body.kind in rules.SHOPPERS:
        try:
            statements.check_shopper(signed, deployment.chain, deployment.journal)
        except BadSignature as error:
            return body._replace(author=author._replace(wrong=str(error)))
        return body
    if not merchants:
        return body
    try:
        digest = signed.statement.digest(statements.domain(deployment.chain, merchants))
        return body._replace(author=author._replace(signer=statements.recover(digest, signed.signature)))
    except BadSignature:
        return body


def show(text: bytes) -> Shown:
    """What a text shows as the document of an event."""
    try:
        document = canonical.parse(text)
        if canonical.encode(document) != text:
            raise Malformed("a document that is not in canonical form")
        event = parse_event(document)
        return Shown("", event_hash(event.document), frozenset(map(subjects.key, subjects_named(event))))
    except InvalidInput as error:
        return Shown(f"its document is no event: {error}")


def misfit(raw: bytes, body: Body, shown: Shown) -> str:
    """Why an event's entry is not what its document shows; empty where it is."""
    if shown.wrong:
        return shown.wrong
    if body.event != shown.event:
        return f"the event is said to be {body.event}, its document is {shown.event}"
    if body.named != len(shown.keys):
        return f"the event is said to name {body.named} subjects, its document names {len(shown.keys)}"
    if raw[3:35] not in shown.keys:
        return f"stands in the stream of {raw[3:35].hex()}, which is none of the {body.named} that its document names"
    return ""


# -- all of them in order


class Stream(NamedTuple):
    """Where a stream stands: its newest entry and its leaf, and how many it has: a header's `seq` is only its word."""

    header: Header
    leaf: bytes
    length: int


@dataclass(frozen=True, slots=True)
class Awaited:
    """A batch or a recall of the journal, which the BatchRegistry has to have soon."""

    kind: Kind
    subject: str
    index: int
    at: int
    merchant: str = ""
    quantity: int = 0
    items_root: bytes = b""
    content: bytes = b""


@dataclass(slots=True)
class Memory:
    """What the next entries touch of what came before. `nonces`: `Author.once` of those that were met."""

    streams: dict[bytes, Stream] = field(default_factory=dict)
    nonces: set[bytes] = field(default_factory=set)
    books: Books = field(default_factory=Books)


@dataclass(frozen=True, slots=True)
class Run:
    """The entries of one event: their body, the key of the newest, and how many are to come."""

    body: bytes = b""
    key: bytes = b""
    left: int = 0


@dataclass(slots=True)
class Position:
    """Where a replay stands, besides what `Memory` holds: all that it needs to go on, and small.

    `peaks`: the tree's full subtrees; `at`: the newest time, `first_at`: the oldest since the last seal (-1: none yet);
    `buckets`: those of the heads map with entries since the last seal; `kinds`: entries by their kind's number.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()
    at: int = 0
    first_at: int = -1
    sealed: Seal = _NONE
    run: Run = Run()
    buckets: set[int] = field(default_factory=set)
    kinds: Counter[int] = field(default_factory=Counter)


class Replay:
    """The fold. Feed entries in journal order, and `seal` when as many as it covers have been fed.

    `deployment`: for which shoppers sign, and `merchants`: the MerchantRegistry for which participants do; without them
    `entry` leaves signatures alone. `registry`: who the participants are, `appeals`: the hashes of bodies that somebody
    put on-chain; without them nothing is held against them. `load` gives the heads map's buckets as `settle` left them.
    """

    def __init__(
        self,
        deployment: Deployment | None = None,
        *,
        merchants: str = "",
        registry: Registry | None = None,
        appeals: Container[bytes] | None = None,
        position: Position | None = None,
        load: Callable[[int], bytes] = lambda _: b"",
    ) -> None:
        self.deployment, self.merchants = deployment, merchants
        self.registry, self.appeals = registry, appeals
        self.memory = Memory()
        self.position = position or Position()
        self.awaited: list[Awaited] = []
        self.gap: int | None = None  # the first entry without its body: what rules say of later ones is not known
        self.summaries: dict[int, heads.Summary] = {}  # of the map's buckets, as they changed since `settle`
        self._tree = merkle.Frontier(self.position.size, self.position.peaks)
        self._load = load
        self._map = heads.HeadsMap(lambda _: b"")  # only its tree: buckets are hashed here
        self._buckets: dict[int, bytes] = {}
        self._changed: set[bytes] = set()
        self._ledger = Ledger(self.memory.books)
        self._found: list[Finding] = []

    @property
    def size(self) -> int:
        """How many entries have been fed."""
        return self._tree.size

    def place(self, summaries: Mapping[int, heads.Summary]) -> None:
        """Goes on with a heads map of which these are the buckets."""
        self._map.place(summaries)

    def remember(self, memory: Memory) -> None:
        """Takes what is known of what the next entries touch."""
        self.memory = memory
        self._ledger = Ledger(memory.books)

    def settle(self) -> None:
        """Forgets what is kept elsewhere by now: `memory`, `summaries`, `awaited`; `position` is kept after it."""
        self.position.size, self.position.peaks = self._tree.size, self._tree.peaks
        self.position.buckets |= set(map(heads.bucket_of, self._changed))
        self.remember(Memory())
        self._changed.clear()
        self._buckets.clear()
        self.summaries.clear()
        self.awaited.clear()

    def entry(self, raw: bytes, text: bytes | None) -> list[Finding]:
        """Reads the next entry and takes it; `text` is its canonical body, None where it is not to be checked."""
        if text is None:
            return self.take(Reading(raw, entries.leaf(raw), None))
        body, signed = parse(raw, text)
        if signed is not None and self.deployment is not None:
            body = sign(body, signed, self.deployment, self.merchants)
        return self.take(Reading(raw, entries.leaf(raw), body))

    def take(self, reading: Reading) -> list[Finding]:
        """Takes the next entry."""
        raw, leaf, body, wrong = reading
        self._found = []
        index, position = self._tree.size, self.position
        self._tree.append(leaf)
        try:
            header = entries.decode(raw)
        except Malformed as error:
            self._find(Fault.HEADER, index, str(error))
            return self._found
        key = header.key
        before = self.memory.streams.get(key)
        try:
            entries.check_follows(before.header if before else None, before.leaf if before else entries.ZERO, header)
        except ProofFault as error:
            self._find(Fault.STREAM, index, str(error))
        if header.at < position.at:
            self._find(Fault.TIME, index, f"accepted at {header.at}, the entry before at {position.at}")
        else:
            position.at = header.at
        if position.first_at < 0:
            position.first_at = header.at
        self.memory.streams[key] = Stream(header, leaf, before.length + 1 if before else 1)
        self._changed.add(key)
        position.kinds[header.kind] += 1
        if body is None:
            self.gap = index if self.gap is None else self.gap
        elif self.gap is None:
            self._body(index, header, body)
        else:
            self._alone(index, header, body)
        if wrong:
            self._find(Fault.BODY, index, wrong)
        return self._found

    def seal(self, seal: Seal) -> list[Finding]:
        """Compares the next seal with what has been fed."""
        self._found = []
        position, before = self.position, self.position.sealed
        if seal.number != before.number + 1 or seal.size <= before.size or seal.sealed_at < before.sealed_at:
            self._find(Fault.SEALS, seal.number, f"{seal} after {before}")
        position.sealed = seal
        if seal.size != self._tree.size:
            said = f"seal {seal.number} covers {seal.size} entries, served were {self._tree.size}"
            self._find(Fault.MISSING, seal.number, said)
            return self._found
        if position.run.left and self.gap is None:
            said = f"seal {seal.number} comes before {position.run.left} entries of the event"
            self._find(Fault.BODY, seal.size - 1, said)
        root = self._tree.root()
        if root != seal.root:
            self._find(Fault.ROOT, seal.number, f"rebuilt {root.hex()}, sealed is {seal.root.hex()}")
        self._bring_up()
        if self._map.root != seal.heads:
            self._find(Fault.HEADS, seal.number, f"rebuilt {self._map.root.hex()}, sealed is {seal.heads.hex()}")
        earliest = (before.sealed_at - CLOCK_SKEW) * 1000
        latest = (seal.sealed_at + CLOCK_SKEW) * 1000
        if position.first_at >= 0 and (position.first_at < earliest or position.at > latest):
            said = f"entries from {position.first_at} to {position.at} in a seal of {earliest} to {latest}"
            self._find(Fault.TIME, seal.number, said)
        position.first_at = -1
        return self._found

    def succeed(self, seal: Seal) -> None:
        """Goes on in a successor of the journal, which took over from that seal: its own are numbered from 1 again."""
        self.position.sealed = Seal(0, seal.size, seal.root, seal.heads, seal.sealed_at)

    def _find(self, fault: Fault, where: int, detail: str) -> None:
        self._found.append(Finding(fault, where, detail))

    def _bring_up(self) -> None:
        """Hashes the buckets with new entries again."""
        changes: dict[int, list[heads.Met]] = {}
        for key in self._changed:
            stream = self.memory.streams[key]
            changes.setdefault(heads.bucket_of(key), []).append(heads.Met(key, stream.length, stream.leaf))
        for some in _batches(sorted(self.position.buckets | changes.keys()), _AT_ONCE):
            summaries = {}
            for b in some:
                records = self._buckets.get(b)
                if records is None:
                    records = self._load(b)
                if b in changes:
                    records = self._buckets[b] = heads.merge(records, changes[b])
                summaries[b] = heads.summarise(records)
            self._map.place(summaries)
            self.summaries.update(summaries)
        self.position.buckets.clear()
        self._changed.clear()

    def _body(self, index: int, header: Header, body: Body) -> None:
        run = self.position.run
        goes_on = run.left > 0 and header.body == run.body
        if run.left and not goes_on:
            self._find(Fault.BODY, index, f"{run.left} entries of the event before are missing")
        if goes_on and header.key <= run.key:
            self._find(Fault.BODY, index, "an event's entries are not in the order of their keys")
        wrong = _mismatch(header, body)
        if wrong:
            self._find(Fault.BODY, index, wrong)
        if goes_on:
            self.position.run = Run(header.body, header.key, run.left - 1)
            return
        self.position.run = Run(header.body, header.key, 0 if wrong else body.named - 1)
        if not wrong:
            self._content(index, header, body)

    def _alone(self, index: int, header: Header, body: Body) -> None:
        """What a body and its signature say without those before."""
        wrong = _mismatch(header, body)
        if wrong:
            self._find(Fault.BODY, index, wrong)
        else:
            self._signed(index, header, body)

    def _content(self, index: int, header: Header, body: Body) -> None:
        author, kind = body.author, Kind(header.kind)
        if author is not None:
            if author.once in self.memory.nonces:
                self._find(Fault.BODY, index, "a nonce that its signer has used before")
            self.memory.nonces.add(author.once)
        self._signed(index, header, body)
        if author is None:
            return
        try:
            self._ledger.take(kind, body.subject, body.public, author.by, header.arg)
        except ProofFault as error:
            self._find(Fault.RIGHTS, index, str(error))
            return
        if kind is Kind.BATCH:
            root = bytes.fromhex(body.public["itemsRoot"])
            quantity = body.public["quantity"]
            self.awaited.append(
                Awaited(kind, body.subject, index, header.at, author.by, quantity, root, author.content)
            )
        elif kind is Kind.RECALL:
            self.awaited.append(Awaited(kind, body.subject, index, header.at))

    def _signed(self, index: int, header: Header, body: Body) -> None:
        author = body.author
        if author is None:
            if self.appeals is not None and header.body not in self.appeals:
                self._find(Fault.APPEAL, index, f"an appeal with body {header.body.hex()}, which nobody put on-chain")
        elif header.kind in rules.SHOPPERS:
            if author.wrong:
                self._find(Fault.SIGNATURE, index, author.wrong)
            if self.deployment is not None and author.issued_at > header.at // 1000 + statements.SKEW:
                self._find(Fault.SIGNATURE, index, "it was issued after it was accepted")
        elif self.registry is not None:
            self._author(index, header, body, author, self.registry)

    def _author(self, index: int, header: Header, body: Body, author: Author, registry: Registry) -> None:
        verdict = registry.verdict(author.by, author.signer, header.at // 1000, author.issued_at)
        if verdict is not Verdict.VALID:
            self._find(Fault.AUTHOR, index, f"a {_WORDS[header.kind]} by {author.by}: {verdict.value}")
            return
        participant = registry.of(author.by)
        assert participant is not None
        role = participant.role
        writers = rules.rule_of(Kind(header.kind), body.subject).writers or frozenset()
        if role not in writers or not self._own(header.kind, body, author.by, role):
            said = f"a {_WORDS[header.kind]} about {body.subject or 'an event'} by {author.by}, a {role.name.lower()}"
            self._find(Fault.AUTHOR, index, said)

    def _own(self, kind: int, body: Body, by: str, role: Role) -> bool:
        """Whether a profile or a recall is about the author's own, or the author may write others'."""
        if kind == Kind.MERCHANT:
            return role is Role.OPERATOR or body.subject == subjects.merchant(by)
        if kind == Kind.RECALL:
            lot = self.memory.books.batches.get(body.subject)
            return role is Role.REGULATOR or self.gap is not None or (lot is not None and lot.merchant == by)
        return True


def _mismatch(header: Header, body: Body) -> str:
    """Why a body is not that of a header; empty where it is."""
    if body.digest != header.body:
        return f"hashes to {body.digest.hex()}, the header says {header.body.hex()}"
    if body.wrong:
        return body.wrong
    if body.kind != header.kind:
        return f"the body is a {_WORDS[body.kind]}, the header of kind {header.kind}"
    if body.key and body.key != header.key:
        return f"the body is about {body.subject}, the header is not"
    return ""


def check_registered(awaited: Awaited, state: BatchState | None, now: int) -> str | None:
    """What is wrong with what the registry has of it at `now` (seconds); empty: nothing is, None: it may still come."""
    late = now > awaited.at // 1000 + REGISTERED_WITHIN
    if awaited.kind is Kind.RECALL:
        if state is None or not state.recalled_at:
            return f"the recall of {awaited.subject} never reached the registry" if late else None
        return ""
    if state is None:
        return f"{awaited.subject} was never registered on-chain" if late else None
    said = (state.merchant, state.quantity, state.items_root)
    if said != (awaited.merchant, awaited.quantity, awaited.items_root):
        return (
            f"{awaited.subject}: {awaited.quantity} by {awaited.merchant} with items {awaited.items_root.hex()}, "
            f"registered are {state.quantity} by {state.merchant} with {state.items_root.hex()}"
        )
    return ""


def _batches(numbers: Sequence[int], size: int) -> Iterator[list[int]]:
    left: Iterable[int] = iter(numbers)
    while some := list(islice(left, size)):
        yield some
