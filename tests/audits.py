"""An auditor's world in memory: a journal of `journal_builder`, the chain that it is sealed on, and its open log."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from journal_builder import CHAIN, JOURNAL, MERCHANT, MERCHANTS, OPERATOR, PARTNER, Journal, Signer, documents_of
from suyuan.chain.port import AppealRecord, Deployment, Fault, FaultRecord, Standings
from suyuan.core import proof
from suyuan.core.entries import Kind
from suyuan.core.errors import Unavailable
from suyuan.core.notes import TILE
from suyuan.core.proof import BatchState, Predecessor, Seal
from suyuan.core.rules import Role, Standing
from suyuan.core.standing import Participant
from suyuan.services.audit import AuditReport, audit

BATCHES = "0x" + "3c" * 20
LONG_AGO = 1_700_000_000
REGULATOR = Signer("regulator")
GOES_ON = Standings(Fault.NONE, 0, 0, 0, 0, 86400, 1)


def admitted(signer: Signer, role: Role, since: int = LONG_AGO) -> Participant:
    return Participant(signer.address, role, ((since, Standing.ADMITTED),), ((since, signer.address),), bytes(32))


@dataclass
class FakeChain:
    """A chain that answers from memory. Fields are there to be changed by tests."""

    seals: list[Seal]
    batches: dict[bytes, BatchState] = field(default_factory=dict)
    participants: list[Participant] = field(
        default_factory=lambda: [
            admitted(MERCHANT, Role.MERCHANT),
            admitted(PARTNER, Role.PARTNER),
            admitted(OPERATOR, Role.OPERATOR),
            admitted(REGULATOR, Role.REGULATOR),
        ]
    )
    journal: str = JOURNAL
    merchants: str = MERCHANTS
    kept: list[Seal] | None = None  # what the contract confirms, if it is something else than it told of
    asked: list[AppealRecord] = field(default_factory=list)
    proven: list[FaultRecord] = field(default_factory=list)
    standing: Standings = GOES_ON
    receipt_keys: tuple[str, ...] = (OPERATOR.address,)
    before: tuple[FakeChain, Seal] | None = None

    def as_of(self, block: int | None = None) -> FakeChain:
        return self

    def deployment(self) -> proof.Deployment:
        return proof.Deployment(CHAIN, self.journal)

    def deployment_of(self, journal: str) -> Deployment:
        return Deployment(CHAIN, journal, self.merchants, BATCHES)

    def predecessor(self) -> Predecessor | None:
        return None if self.before is None else Predecessor(self.before[0].journal, self.before[1])

    def journal_at(self, journal: str) -> FakeChain:
        assert self.before is not None
        return self.before[0]

    def journal_seals(self, since: int = 0) -> list[Seal]:
        return self.seals[since:]

    def confirms(self, seal: Seal) -> bool:
        return seal in (self.seals if self.kept is None else self.kept)

    def participants_since(self, block: int) -> tuple[list[Participant], int]:
        return self.participants, len(self.seals)  # a block for each seal

    def batch(self, key: bytes) -> BatchState | None:
        return self.batches.get(key)

    def receipt_key_at(self, key: str, second: int) -> bool:
        return key in self.receipt_keys

    def standings(self) -> Standings:
        return self.standing

    def appeals(self) -> list[AppealRecord]:
        return self.asked

    def faults(self) -> list[FaultRecord]:
        return self.proven


@dataclass
class MemoryLog:
    """A log as its entries, (header, body) each, and documents by name. `lost`: bundles whose bodies are not served."""

    rows: list[tuple[bytes, bytes]]
    papers: dict[str, Any] = field(default_factory=dict)
    lost: tuple[int, ...] = ()
    asked: int = 0

    def headers(self, n: int, width: int) -> list[bytes]:
        self.asked += 1
        return [raw for raw, _ in self._rows(n, width)]

    def bodies(self, n: int, width: int) -> list[bytes]:
        if n in self.lost:
            raise Unavailable(f"bodies {n} are not served")
        return [text for _, text in self._rows(n, width)]

    def documents(self, n: int, width: int) -> list[bytes]:
        return documents_of(self.bodies(n, width), self.papers)

    def _rows(self, n: int, width: int) -> list[tuple[bytes, bytes]]:
        met = self.rows[n * TILE : n * TILE + width]
        if len(met) < width:
            raise Unavailable(f"bundle {n} has {len(met)} entries")
        return met


def chain_of(of: Journal, **changes: Any) -> FakeChain:
    """The chain that a journal is sealed on."""
    return FakeChain(list(of.seals), dict(of.batches), **changes)


def log_of(journal: Journal, **changes: Any) -> MemoryLog:
    """The log of a journal."""
    return MemoryLog([(entry.raw, entry.text) for entry in journal.written], journal.documents, **changes)


def audited(journal: Journal, **options: Any) -> AuditReport:
    """What an audit says of a journal, minutes after its newest seal."""
    options = {"clock": lambda: journal.seals[-1].sealed_at + 300, **options}
    chain, log = options.pop("chain", None) or chain_of(journal), options.pop("log", None) or log_of(journal)
    return audit(chain, log, **options)


def long(journal: Journal, entries: int, every: int = 700) -> Journal:
    """The journal with many more entries, sealed now and then: profiles of the partner, and items' events."""
    while len(journal.written) < entries:
        n = len(journal.written)
        journal.record(PARTNER, Kind.MERCHANT, f"/merchant/{PARTNER.address}", {"n": n})
        if n // every != (n + 1) // every:
            journal.seal()
    journal.seal()
    return journal


def asked_by(signer: Signer, body: bytes, number: int = 1) -> AppealRecord:
    """An appeal with that body, a second after time began."""
    return AppealRecord(number, signer.address, body, LONG_AGO, None, sha256(body).digest())
