"""Audit: rebuild the journal from what the log serves, and hold it against the chain. Trusts neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from suyuan.core.errors import Unavailable
from suyuan.core.notes import TILE
from suyuan.core.proof import Deployment, Seal
from suyuan.core.replay import Fault, Finding, Replay


class SealSource(Protocol):
    """The chain, as far as an audit asks it. Raises ChainAway."""

    def deployment(self) -> Deployment:
        """Which journal it is."""

    def journal_seals(self) -> Sequence[Seal]:
        """Every seal that the contract told of, by number."""

    def confirms(self, seal: Seal) -> bool:
        """Whether the contract has kept that very seal."""


class Log(Protocol):
    """The log, as far as an audit asks it. Raises Unavailable for what it does not serve."""

    def headers(self, n: int, width: int) -> list[bytes]: ...

    def bodies(self, n: int, width: int) -> list[bytes]: ...


class Result(StrEnum):
    """An audit's answer, and the exit code that says it."""

    CLEAN = "clean"
    FINDINGS = "findings"
    UNCHECKED = "could not be checked"

    @property
    def exit_code(self) -> int:
        return {Result.CLEAN: 0, Result.FINDINGS: 1, Result.UNCHECKED: 2}[self]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What was read, what was found, and what could not be had."""

    entries: int
    seals: int
    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]

    @property
    def result(self) -> Result:
        if self.findings:
            return Result.FINDINGS
        return Result.UNCHECKED if self.unchecked else Result.CLEAN


def audit(chain: SealSource, log: Log, progress: Callable[[int, int], None] = lambda _done, _all: None) -> AuditReport:
    """Audits a whole journal. `progress` hears how many entries of how many have been read."""
    try:
        deployment, seals = chain.deployment(), list(chain.journal_seals())
    except Unavailable as error:
        return AuditReport(0, 0, (), (str(error),))
    replay = Replay(deployment)
    findings: list[Finding] = []
    unchecked: list[str] = []
    try:
        findings += [
            Finding(Fault.SEALS, seal.number, "the contract told of this seal and does not confirm it")
            for seal in seals
            if not chain.confirms(seal)
        ]
        total = seals[-1].size if seals else 0
        waiting = iter(seals)
        seal = next(waiting, None)
        for raw, body in _read(log, total):
            findings += replay.entry(raw, body)
            while seal is not None and seal.size == replay.size:
                findings += replay.seal(seal)
                seal = next(waiting, None)
            if replay.size % TILE == 0 or replay.size == total:
                progress(replay.size, total)
        if seal is not None:
            findings.append(
                Finding(Fault.SEALS, seal.number, f"covers {seal.size}, which is no size after {replay.size}")
            )
    except Unavailable as error:
        unchecked.append(str(error))
    return AuditReport(replay.size, len(seals), tuple(findings), tuple(unchecked))


def _read(log: Log, total: int) -> Iterator[tuple[bytes, bytes]]:
    for n in range(-(-total // TILE)):
        width = min(TILE, total - n * TILE)
        yield from zip(log.headers(n, width), log.bodies(n, width), strict=True)
