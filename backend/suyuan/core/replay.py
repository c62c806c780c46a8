"""Replay: a journal read from its first byte, as an auditor who trusts nobody reads it (PROTOCOL sections 2 to 5).

A pure fold: entries and seals go in, in order; findings come out. Bad data is a finding, never an exception.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from suyuan.core import canonical, entries, heads, merkle, rules, statements, subjects
from suyuan.core.entries import BY_WORD, Kind
from suyuan.core.errors import BadSignature, Malformed, ProofFault
from suyuan.core.proof import CLOCK_SKEW, Deployment, Seal
from suyuan.core.reviews import Ledger


class Fault(StrEnum):
    """What can be wrong with a journal."""

    HEADER = "header"  # not 147 bytes
    STREAM = "stream"  # seq, prev, time or state do not follow in the stream
    TIME = "time"  # `at` decreases along the journal, or lies outside its seals
    RIGHTS = "rights"  # rights, claims and reviews do not follow from what came before
    SIGNATURE = "signature"  # a shopper's key did not sign it, or signed it after it was accepted
    BODY = "body"  # the body does not hash to the header or breaks its kind's rule, an event's run or a nonce is broken
    ROOT = "root"  # the rebuilt root is not the sealed one
    HEADS = "heads"  # the rebuilt heads map is not the sealed one
    SEALS = "seals"  # the seals themselves do not follow
    MISSING = "missing"  # sealed, and not served


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, where it is (an entry's index or a seal's number, -1: neither), and both sides of it."""

    fault: Fault
    where: int
    detail: str


class Replay:
    """The fold. Feed `entry` in journal order, and `seal` when as many entries as it covers have been fed.

    `deployment`: the one that the journal is of, for which shoppers sign. Without it their signatures are not checked;
    participants' never are, since only the chain knows their keys, roles and standing.
    """

    def __init__(self, deployment: Deployment | None = None) -> None:
        self._deployment = deployment
        self._tree = merkle.Frontier()
        self._map, self._buckets = heads.in_memory()
        self._streams: dict[bytes, tuple[entries.Header, bytes]] = {}
        self._counts: Counter[bytes] = Counter()  # a header's own `seq` is only what it says
        self._nonces: set[bytes] = set()
        self._ledger = Ledger()
        self._run = _Run()
        self._changed: set[bytes] = set()
        self._at = 0
        self._first_at: int | None = None  # oldest and newest `at` since the last seal
        self._sealed = Seal(0, 0, merkle.EMPTY_ROOT, heads.EMPTY, 0)

    @property
    def size(self) -> int:
        """How many entries have been fed."""
        return self._tree.size

    def entry(self, raw: bytes, body: bytes | None) -> Iterator[Finding]:
        """Takes the next entry; `body` is its canonical text, None where it is not to be checked."""
        index = self._tree.size
        leaf = entries.leaf(raw)
        self._tree.append(leaf)
        try:
            header = entries.decode(raw)
        except Malformed as error:
            yield Finding(Fault.HEADER, index, str(error))
            return
        before, before_leaf = self._streams.get(header.key, (None, entries.ZERO))
        try:
            entries.check_follows(before, before_leaf, header)
        except ProofFault as error:
            yield Finding(Fault.STREAM, index, str(error))
        if header.at < self._at:
            yield Finding(Fault.TIME, index, f"accepted at {header.at}, the entry before at {self._at}")
        self._at = max(self._at, header.at)
        if self._first_at is None:
            self._first_at = header.at
        self._streams[header.key] = header, leaf
        self._counts[header.key] += 1
        self._changed.add(header.key)
        if body is not None:
            yield from self._body(index, header, body)

    def seal(self, seal: Seal) -> Iterator[Finding]:
        """Compares the next seal with what has been fed."""
        before = self._sealed
        if seal.number != before.number + 1 or seal.size <= before.size or seal.sealed_at < before.sealed_at:
            yield Finding(Fault.SEALS, seal.number, f"{seal} after {before}")
        self._sealed = seal
        if seal.size != self._tree.size:
            yield Finding(
                Fault.MISSING,
                seal.number,
                f"seal {seal.number} covers {seal.size} entries, served were {self._tree.size}",
            )
            return
        root = self._tree.root()
        if root != seal.root:
            yield Finding(Fault.ROOT, seal.number, f"rebuilt {root.hex()}, sealed is {seal.root.hex()}")
        changes = [heads.Met(key, self._counts[key], self._streams[key][1]) for key in self._changed]
        self._changed.clear()
        self._buckets.update(self._map.update(changes))
        if self._map.root != seal.heads:
            yield Finding(Fault.HEADS, seal.number, f"rebuilt {self._map.root.hex()}, sealed is {seal.heads.hex()}")
        earliest = (before.sealed_at - CLOCK_SKEW) * 1000
        latest = (seal.sealed_at + CLOCK_SKEW) * 1000
        if self._first_at is not None and (self._first_at < earliest or self._at > latest):
            yield Finding(
                Fault.TIME,
                seal.number,
                f"entries from {self._first_at} to {self._at} in a seal of {earliest} to {latest}",
            )
        self._first_at = None

    def _body(self, index: int, header: entries.Header, text: bytes) -> Iterator[Finding]:
        run = self._run
        goes_on = run.left > 0 and header.body == run.body
        if run.left and not goes_on:
            yield Finding(Fault.BODY, index, f"{run.left} entries of the event before are missing")
        if goes_on and header.key <= run.key:
            yield Finding(Fault.BODY, index, "an event's entries are not in the order of their keys")
        read: _Read | None = None
        try:
            read = _read(header, text)
        except (Malformed, ProofFault) as error:
            yield Finding(Fault.BODY, index, str(error))
        named, statement = (1, b"") if read is None else (read.named, read.statement)
        if goes_on:
            self._run = _Run(header.body, header.key, run.left - 1)
            return
        self._run = _Run(header.body, header.key, named - 1)
        if statement and statement in self._nonces:
            yield Finding(Fault.BODY, index, "a nonce that its signer has used before")
        self._nonces.add(statement)
        if read is None or read.signed is None:
            return
        yield from self._signature(index, header, read.signed)
        try:
            self._ledger.take(Kind(header.kind), read.subject, read.public, read.signed.by, header.arg)
        except ProofFault as error:
            yield Finding(Fault.RIGHTS, index, str(error))

    def _signature(self, index: int, header: entries.Header, signed: statements.Signed) -> Iterator[Finding]:
        at = self._deployment
        if at is None or header.kind not in rules.SHOPPERS:
            return
        try:
            statements.check_shopper(signed, at.chain, at.journal)
        except BadSignature as error:
            yield Finding(Fault.SIGNATURE, index, str(error))
        if signed.statement.issued_at > header.at // 1000 + statements.SKEW:
            yield Finding(Fault.SIGNATURE, index, "it was issued after it was accepted")


@dataclass(frozen=True, slots=True)
class _Run:
    """The entries of one event: their body, the key of the newest, and how many are to come."""

    body: bytes = b""
    key: bytes = b""
    left: int = 0


@dataclass(frozen=True, slots=True)
class _Read:
    """What a body says. `signed`: its statement, none for a kind that has no rule."""

    named: int
    subject: str
    public: Mapping[str, Any]
    signed: statements.Signed | None

    @property
    def statement(self) -> bytes:
        """Signer and nonce, empty where there is no statement."""
        if self.signed is None:
            return b""
        return bytes.fromhex(self.signed.by.removeprefix("0x")) + self.signed.statement.nonce


def _read(header: entries.Header, text: bytes) -> _Read:
    """Raises ProofFault where the header is of another body, Malformed where it breaks its kind's rule."""
    met = sha256(text).digest()
    if met != header.body:
        raise ProofFault(f"hashes to {met.hex()}, the header says {header.body.hex()}")
    body = canonical.parse(text)
    if not isinstance(body, dict) or entries.encode_body(body) != text:
        raise Malformed("a body that is not in canonical form")
    kind = BY_WORD.get(str(body.get("kind")))
    if kind is None or kind != header.kind:
        raise Malformed(f"the body is a {body.get('kind')}, the header of kind {header.kind}")
    named = rules.named_in(kind, body)
    if kind is Kind.CHECKPOINT:
        if "subject" in body:
            raise Malformed("the body of an event has no subject")
        subject = ""
    else:
        subject = statements.text(body.get("subject"), "subject")
        if subjects.key(subject) != header.key:
            raise Malformed(f"the body is about {subject}, the header is not")
    if kind not in rules.RULES:
        return _Read(named, subject, {}, None)
    public = rules.check_public(kind, subject, body.get("public"))
    signed = rules.signed_in(kind, body, canonical.digest(public))
    return _Read(named, subject, public, signed)
