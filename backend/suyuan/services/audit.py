"""Audit: rebuild the journal from what the log serves, and hold it against the chain. Trusts neither.

What an earlier audit read is not read again: its state (`audit_state`) says where the fold stands. Processes read the
log ahead (`audit_read`); one folds it in order.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from hashlib import sha256
from pathlib import Path
from time import perf_counter, thread_time
from typing import Protocol, Self

from suyuan.chain.port import AppealRecord, FaultRecord, Standings
from suyuan.chain.port import Deployment as Contracts
from suyuan.chain.port import Fault as ProvenFault
from suyuan.core import subjects
from suyuan.core.entries import Kind
from suyuan.core.errors import Unavailable
from suyuan.core.notes import TILE
from suyuan.core.proof import BatchState, Deployment, Predecessor, Seal
from suyuan.core.replay import Fault, Finding, Replay, check_registered
from suyuan.core.standing import Participant, Registry
from suyuan.services import audit_read
from suyuan.services.audit_read import CHUNK, Chunk, Log, Task
from suyuan.services.audit_state import AuditState, open_state

FINDINGS_LIMIT = 10_000  # after so many an audit stops: there is nothing to gain from more
_AGAIN = 16  # full bundles of earlier audits that each run reads again
_WORTH = 4 * CHUNK  # entries for which it is worth to start processes
_WORDS: Mapping[int, str] = {kind: kind.word for kind in Kind}


class Chain(Protocol):
    """The chain, as far as an audit asks it. Raises ChainAway. `suyuan.chain.port.Chain` says what each call does."""

    def as_of(self, block: int | None = None) -> Self: ...

    def deployment(self) -> Deployment: ...

    def deployment_of(self, journal: str) -> Contracts: ...

    def predecessor(self) -> Predecessor | None: ...

    def journal_at(self, journal: str) -> Self: ...

    def journal_seals(self, since: int = 0) -> Sequence[Seal]: ...

    def confirms(self, seal: Seal) -> bool: ...

    def participants_since(self, block: int) -> tuple[list[Participant], int]: ...

    def batch(self, key: bytes) -> BatchState | None: ...

    def receipt_key_at(self, key: str, second: int) -> bool: ...

    def standings(self) -> Standings: ...

    def appeals(self) -> Sequence[AppealRecord]: ...

    def faults(self) -> Sequence[FaultRecord]: ...


class Result(StrEnum):
    """An audit's answer, and the exit code that says it."""

    CLEAN = "clean"
    FINDINGS = "findings"
    UNCHECKED = "could not be checked"

    @property
    def exit_code(self) -> int:
        return {Result.CLEAN: 0, Result.FINDINGS: 1, Result.UNCHECKED: 2}[self]


@dataclass(frozen=True, slots=True)
class Stage:
    """Work of one sort: over how many entries, and its seconds, summed over the processes that did it.

    Of a core's work, its own seconds; of `fetching` and `state`, which wait for a log and a disk, those that passed.
    """

    name: str
    entries: int
    seconds: float


@dataclass(frozen=True, slots=True)
class SealPoint:
    """A seal as plots want it: `sealed_at` in seconds."""

    number: int
    size: int
    sealed_at: int


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What was read, what was found, and what could not be had.

    `began`: entries that an earlier audit had read; `entries`: those that have been read by now, of them `kinds` by
    kind; `findings`: of all audits so far; `journal`: how the contract says that the journal stands.
    """

    deployment: Deployment | None = None
    began: int = 0
    entries: int = 0
    seals: int = 0
    findings: tuple[Finding, ...] = ()
    unchecked: tuple[str, ...] = ()
    kinds: Mapping[str, int] = field(default_factory=dict)
    points: tuple[SealPoint, ...] = ()
    stages: tuple[Stage, ...] = ()
    journal: Standings | None = None

    @property
    def result(self) -> Result:
        if self.findings:
            return Result.FINDINGS
        return Result.UNCHECKED if self.unchecked else Result.CLEAN


@dataclass(frozen=True, slots=True)
class Era:
    """A journal's own part of the entries: under its seals, signed for it. `until`: what its last seal covers."""

    chain: Chain
    deployment: Deployment
    merchants: str
    batches: str
    seals: Sequence[Seal]
    registry: Registry
    appeals: frozenset[bytes]
    until: int


@dataclass(frozen=True, slots=True)
class Audited:
    """What later checks may ask of an audit that has read the journal. `size`: how much of it is in `state`."""

    eras: Sequence[Era]
    state: AuditState
    log: Log
    size: int
    now: int
    progress: Callable[[int, int], None]

    def bundle(self, n: int) -> list[tuple[bytes, bytes]]:
        """Headers and bodies of a bundle, as they were audited. Raises Unavailable where the log has others by now."""
        width = min(TILE, self.size - n * TILE)
        headers, bodies = self.log.headers(n, width), self.log.bodies(n, width)
        if audit_read.digest(headers, bodies) != self.state.bundle(n):
            raise Unavailable(f"bundle {n} is not served as it was when it was audited")
        return list(zip(headers, bodies, strict=True))

    def documents(self, n: int) -> dict[bytes, bytes]:
        """The documents of a bundle by their hashes. Raises Unavailable."""
        served = self.log.documents(n, min(TILE, self.size - n * TILE))
        return {sha256(text).digest(): text for text in served}


Check = Callable[[Audited], Iterable[Finding]]  # raises Unavailable where it could not be made


def audit(
    chain: Chain,
    log: Log,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    *,
    state: Path | None = None,
    jobs: int = 1,
    also: Sequence[Check] = (),
    clock: Callable[[], float] = time.time,
) -> AuditReport:
    """Audits a whole journal, or what is new since `state`. `progress` hears how many entries of how many were read.

    `jobs`: processes that read the log (0: as many as there are cores), `also`: what else is checked at the end.
    Raises Conflict for a state of another journal.
    """
    with open_state(state) as kept:
        return _Audit(chain, log, kept, jobs or os.cpu_count() or 1, clock).run(progress, also)


class _Audit:
    """One run."""

    def __init__(self, chain: Chain, log: Log, state: AuditState, jobs: int, clock: Callable[[], float]) -> None:
        self._chain, self._log, self._state, self._jobs, self._clock = chain, log, state, jobs, clock
        self._now: list[Finding] = []  # what is found of this run, and looked for again in the next
        self._unchecked: list[str] = []
        self._eras: list[Era] = []
        self._seconds: Counter[str] = Counter()
        self._began = self._size = self._kept = self._told = 0
        self._kinds: Mapping[int, int] = {}
        self._journal: Standings | None = None
        self._deployment: Deployment | None = None
        self._incomplete = False  # bodies or documents were not to be had: nothing is kept from there on

    def run(self, progress: Callable[[int, int], None], also: Sequence[Check]) -> AuditReport:
        """All of it; what the chain or the log do not answer could not be checked."""
        self._attempt(lambda: self._read(progress))
        if self._eras:
            seals = self._eras[-1].seals
            now = max(int(self._clock()), seals[-1].sealed_at if seals else 0)
            audited = Audited(self._eras, self._state, self._log, self._kept, now, progress)
            self._attempt(lambda: self._ask(now))
            self._attempt(lambda: self._ask_registries(now))
            self._attempt(self._read_again)
            for check in also:
                self._attempt(partial(self._check, check, audited))
        return self._report()

    def _attempt(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Unavailable as error:
            self._unchecked.append(str(error))

    def _check(self, check: Check, audited: Audited) -> None:
        for finding in check(audited):  # one by one: those before something that could not be checked count
            self._now.append(finding)

    def _read(self, progress: Callable[[int, int], None]) -> None:
        held = self._chain.as_of()
        self._deployment = held.deployment()
        self._state.bind(self._deployment)
        self._hear(held)
        self._fold(progress)

    def _report(self) -> AuditReport:
        points = [SealPoint(s.number, s.size, s.sealed_at) for era in self._eras for s in era.seals]
        read = self._size - self._began
        return AuditReport(
            self._deployment,
            self._began,
            self._size,
            len(points),
            tuple(self._state.findings() + self._now),
            tuple(dict.fromkeys(self._unchecked)),
            {_WORDS.get(kind, str(kind)): count for kind, count in sorted(self._kinds.items())},
            tuple(points),
            tuple(Stage(name, read, seconds) for name, seconds in self._seconds.items()),
            self._journal,
        )

    # -- the chain

    def _hear(self, held: Chain) -> None:
        """Reads seals and participants as far as they are new, of the journal and all that it goes on from."""
        line: list[tuple[Chain, Seal | None]] = [(held, None)]  # with the seal from which the next goes on
        met = {held.deployment().journal}
        while (before := line[0][0].predecessor()) is not None and before.journal not in met:
            met.add(before.journal)
            line.insert(0, (line[0][0].journal_at(before.journal), before.seal))
        if not all(self._stands(chain) for chain, _ in line):
            self._state.forget()
            said = "a seal that an earlier audit met is no longer confirmed; the journal was audited anew"
            with self._state.transaction():
                self._state.add_findings([Finding(Fault.SEALS, -1, said)])
        self._eras = [self._era(chain, last) for chain, last in line]

    def _stands(self, chain: Chain) -> bool:
        """Whether the contract still has the newest seal that an earlier audit met."""
        known = self._state.seals(chain.deployment().journal)
        return not known or chain.confirms(known[-1])

    def _era(self, chain: Chain, last: Seal | None) -> Era:
        deployment = chain.deployment()
        contracts = chain.deployment_of(deployment.journal)
        cursor = self._state.cursor(deployment.journal)
        fresh = list(chain.journal_seals(cursor))
        unconfirmed = [
            Finding(Fault.SEALS, seal.number, "the contract told of this seal and does not confirm it")
            for seal in fresh
            if not chain.confirms(seal)
        ]
        changed, block = chain.participants_since(cursor)
        self._state.hear(deployment.journal, fresh, contracts.merchants, changed, block, unconfirmed)
        seals = self._state.seals(deployment.journal)
        if last is not None:
            seals = [seal for seal in seals if seal.number <= last.number]
            if not seals or seals[-1] != last:
                self._now.append(Finding(Fault.SEALS, last.number, f"{deployment.journal} told of no such last seal"))
        registry = Registry(self._state.participants(contracts.merchants))
        appeals = frozenset(sha256(one.body).digest() for one in chain.appeals())
        until = seals[-1].size if seals else 0
        return Era(chain, deployment, contracts.merchants, contracts.batches, seals, registry, appeals, until)

    def _ask(self, now: int) -> None:
        """How the contract says that the journal stands, and what was proven to it and to those before it."""
        standings = self._journal = self._eras[-1].chain.standings()
        if standings.ended is not ProvenFault.NONE:
            said = f"the contract takes no more seals: a proven {_fault(standings.ended)} has ended the journal"
            self._now.append(Finding(Fault.SEALS, -1, said))
        late = now - standings.waiting_since - standings.grace
        if standings.waiting_since and late > 0:
            said = f"appeal {standings.answered + 1} was to be answered {late} seconds ago"
            self._now.append(Finding(Fault.APPEAL, -1, said))
        for era in self._eras:
            for one in era.chain.faults():
                said = f"{_fault(one.fault)} of {era.deployment.journal}, in transaction 0x{one.tx.hex()}"
                self._now.append(Finding(Fault.PROVEN, -1, said))

    def _ask_registries(self, now: int) -> None:
        """Batches and recalls that a registry has to have by now."""
        for era in self._eras:
            for one in self._state.awaited(era.batches):
                state = era.chain.batch(subjects.key(one.subject))
                wrong = check_registered(one, state, now)
                found = [Finding(Fault.BATCH, one.index, wrong)] if wrong else []
                if wrong is not None and state is not None and (one.kind is not Kind.RECALL or not wrong):
                    with self._state.transaction():  # what the registry has never changes
                        self._state.settle(era.batches, one)
                        self._state.add_findings(found)
                else:
                    self._now += found

    # -- the log

    def _fold(self, progress: Callable[[int, int], None]) -> None:
        replay = Replay(position=self._state.position(), load=self._state.bucket)
        replay.place(self._state.summaries())
        self._began = self._size = self._kept = replay.size
        self._kinds = replay.position.kinds
        total = max(era.until for era in self._eras)
        wanted = list(self._plan(replay.size, total))
        jobs = self._jobs if total - replay.size >= _WORTH else 1
        try:
            with audit_read.reading(self._log, jobs) as chunks:
                for (era, task), chunk in zip(wanted, chunks(task for _, task in wanted), strict=True):
                    self._take(replay, era, task, chunk)
                    progress(replay.size, total)
                    if chunk.stopped or self._is_enough():
                        return
        finally:
            if self._incomplete:
                self._state.undo()
        left = _under(self._eras[-1], replay)
        if left and replay.gap is None:
            said = f"covers {left[0].size}, which is no size after {replay.size}"
            self._now.append(Finding(Fault.SEALS, left[0].number, said))

    def _plan(self, begin: int, total: int) -> Iterator[tuple[Era, Task]]:
        for era in self._eras:
            for task in audit_read.tasks(begin, era.until, total, era.deployment, era.merchants):
                yield era, task
            begin = max(begin, era.until)

    def _take(self, replay: Replay, era: Era, task: Task, chunk: Chunk) -> None:
        """Folds a chunk and keeps it. From the first body or document that is not served on nothing is kept: the next
        run takes it up there.
        """
        self._seconds.update(chunk.seconds)
        self._unchecked += [chunk.stopped] * bool(chunk.stopped) + chunk.missing
        replay.deployment, replay.registry, replay.appeals = era.deployment, era.registry, era.appeals
        first = task.begin // TILE
        known = self._state.bundle(first) if chunk.before and task.begin == self._began else None
        if known is not None and known != chunk.before:
            self._now.append(_served_otherwise(first, task.begin))
        place = self._eras.index(era)
        if place and task.begin == self._eras[place - 1].until:
            replay.succeed(self._eras[place - 1].seals[-1])
        if chunk.missing and not self._incomplete:
            self._state.begin()
            self._incomplete = True
        if self._incomplete:
            self._now += self._fold_chunk(replay, era, chunk)
        else:
            with self._state.transaction():
                self._state.add_findings(self._fold_chunk(replay, era, chunk))
            self._kept = replay.size
        self._size = replay.size

    def _fold_chunk(self, replay: Replay, era: Era, chunk: Chunk) -> list[Finding]:
        started = perf_counter()
        replay.remember(self._state.load(chunk.readings))
        loaded, begun = perf_counter(), thread_time()
        found: list[Finding] = []
        hashing = 0.0
        waiting = iter(_under(era, replay))
        seal = next(waiting, None)
        for reading in chunk.readings:
            found += replay.take(reading)
            while seal is not None and seal.size == replay.size:
                before = thread_time()
                found += replay.seal(seal)
                hashing += thread_time() - before
                seal = next(waiting, None)
        folded, ended = perf_counter(), thread_time()
        self._state.save(replay, era.batches, chunk.bundles)
        replay.settle()
        self._state.save_position(replay.position)
        done = perf_counter()
        spent = {"rules": ended - begun - hashing, "heads": hashing, "state": done - folded + loaded - started}
        self._seconds.update(spent)
        self._told += len(found)
        return found

    def _is_enough(self) -> bool:
        if self._told > FINDINGS_LIMIT:
            self._unchecked.append(f"after more than {FINDINGS_LIMIT} findings the audit stopped at entry {self._size}")
        return self._told > FINDINGS_LIMIT

    def _read_again(self) -> None:
        """A few bundles that were audited before, each run others, so that a log that changes its past is noticed."""
        for n in self._state.turn(_AGAIN, self._began // TILE):
            known = self._state.bundle(n)
            met = audit_read.digest(self._log.headers(n, TILE), self._log.bodies(n, TILE))
            if known is not None and met != known:
                with self._state.transaction():
                    self._state.put_bundle(n, met)
                    self._state.add_findings([_served_otherwise(n, n * TILE + TILE)])


def _under(era: Era, replay: Replay) -> list[Seal]:
    """The seals of an era that the replay has not met."""
    return [seal for seal in era.seals if seal.number > replay.position.sealed.number]


def _served_otherwise(n: int, end: int) -> Finding:
    return Finding(
        Fault.SERVED, n * TILE, f"entries {n * TILE} to {end - 1} were served otherwise when they were audited"
    )


def _fault(fault: ProvenFault) -> str:
    return fault.name.lower().replace("_", " ")
