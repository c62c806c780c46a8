"""Seal: what has been accepted goes on-chain, apart from requests, one sealer among any number of workers.

    prepare   the seal is written down, with the tree's new tiles
    send      its transaction is written down, then sent
    confirm   the chain has it deep enough: the heads map's buckets become the sealed ones

Whatever the process dies in, `step` goes on from what is written down, by asking the chain:

    the chain's newest seal is ours      confirm
    it is the one before                 send again (the same transaction, or a dearer one on its nonce)
    it is an older one                   a reorganisation took seals away: they are sent again, oldest first
    it is one that we never wrote        stop: somebody else seals with our key

A journal that goes on from another one counts its own seals from 1, and the first goes on from the state that it was
handed: `number` counts the seals of all of them, `own` those of the journal in use.

A seal brings answers to the oldest open appeals, found anew for each attempt. One that was prepared before an appeal
was recorded, and that the contract does not take without its answer, was never on-chain: a larger one takes its place.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from suyuan.chain.port import Chain, ChainHead, Prepared, TransactionState
from suyuan.core import entries, heads, merkle
from suyuan.core.errors import ChainRefused, ProofFault, SuyuanError
from suyuan.services.appeal import Answering, Appeals
from suyuan.storage import journal, outbox, sealed
from suyuan.storage.database import Database
from suyuan.storage.journal import Superseded
from suyuan.storage.sealed import SealRow, SealState

log = logging.getLogger(__name__)

MOST = 2**24  # by how much the contract lets a seal grow
_OVERDUE = "AppealOverdue"  # the contract's error


class SealMismatch(SuyuanError):
    """The chain has a seal that this journal never wrote: something is wrong, and nothing more is sealed."""


@dataclass(frozen=True, slots=True)
class Pace:
    """When to seal: after `seconds`, or when `entries` wait. A transaction is `stuck` after that many seconds."""

    seconds: float
    entries: int
    confirmations: int
    stuck: float


class Sealer:
    """Takes the journal on-chain, step by step. One at a time among all workers (the caller holds the lock).

    `before`: how many seals the journals have that this one goes on from.
    """

    def __init__(
        self,
        database: Database,
        chain: Chain,
        pace: Pace,
        appeals: Appeals,
        *,
        before: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._chain = chain
        self._pace = pace
        self._appeals = appeals
        self._before = before
        self._answering: Answering | None = None  # of the newest attempt, if this process prepared it
        self._clock = clock
        self._tree = sealed.TiledTree(database)
        self._map: heads.HeadsMap | None = None
        self._changes: tuple[int, dict[int, bytes], heads.HeadsMap] | None = None
        self._sent_at = 0.0

    def step(self, *, now: bool = False) -> bool:
        """Takes the next step, if there is one; tells whether it did. `now`: seal what waits without waiting longer.

        Raises ChainAway, DatabaseAway (try again later), SealMismatch, ChainRefused (do not).
        """
        head = self._chain.journal_head()
        number = self._before + head.number
        with self._database.read() as connection:
            begun = journal.before(connection)
            if begun != self._before:
                raise Superseded(begun, self._before)
            newest = sealed.newest(connection)
            if newest is None and number:
                raise SealMismatch(f"the chain has {head.number} seals, this journal has none")
            if newest is not None and number > newest.number:
                raise SealMismatch(f"the chain has seal {head.number}, this journal wrote {newest.own}")
            ours = sealed.by_number(connection, number) if number else None
            row = sealed.oldest_open(connection)
        if ours is not None and (ours.size, ours.root, ours.heads) != (head.size, head.root, head.heads):
            raise SealMismatch(f"seal {head.number} on the chain is not the one that was written here")
        if newest is not None and newest.state is SealState.SEALED and number < newest.number:
            return self._vanished(number)
        if row is not None:
            return self._advance(row, number, head)
        return self._prepare(newest, now)

    def _prepare(self, newest: SealRow | None, now: bool) -> bool:
        begin = newest.size if newest else 0
        with self._database.write() as connection:
            waiting = journal.size(connection) - begin
            if not waiting:
                return False
            if not now and waiting < self._pace.entries:
                (oldest,) = journal.headers(connection, begin, begin + 1)
                if self._clock() * 1000 - entries.decode(oldest).at < self._pace.seconds * 1000:
                    return False
            end = begin + waiting
            if waiting > MOST:
                end = journal.run_of(connection, begin + MOST)  # a seal never cuts an event's entries apart
            leaves, buckets, changed = self._gather(connection, begin, end)
            sealed.extend(connection, begin, leaves)
            root = merkle.root(sealed.InTransaction(connection), end)
            number = newest.number + 1 if newest else 1
            sealed.prepare(connection, number, end, root, changed.root, self._before)
        self._changes = number, buckets, changed
        log.info("seal %d prepared: entries %d to %d", number - self._before, begin, end)
        return True

    def _gather(
        self, connection: Connection, begin: int, end: int
    ) -> tuple[list[bytes], dict[int, bytes], heads.HeadsMap]:
        """The leaves from `begin` to `end`, and the heads map with them: its changed buckets and its new top."""
        if self._map is None:
            self._map = heads.HeadsMap(_unread)
            newest = sealed.newest_sealed(connection)
            self._map.place(sealed.summaries(connection, 0, newest.number if newest else 0))
        leaves: list[bytes] = []
        newest_of: dict[bytes, heads.Met] = {}
        for raw in sealed.leaves(connection, begin, end):
            header, leaf = entries.decode(raw), entries.leaf(raw)
            leaves.append(leaf)
            newest_of[header.key] = heads.Met(header.key, header.seq + 1, leaf)
        held = sealed.buckets_of(connection, {heads.bucket_of(key) for key in newest_of})
        changed = self._map.copy(lambda n: held.get(n, b""))
        return leaves, changed.update(newest_of.values()), changed

    def _advance(self, row: SealRow, number: int, head: ChainHead) -> bool:
        if number == row.number:
            return self._confirm(row, head)
        if number != row.number - 1:
            raise SealMismatch(f"seal {row.own} is open here, the chain is at {head.number}")
        if row.state is SealState.PREPARED or row.raw is None or row.tx is None:
            return self._attempt(row, head)
        attempt = Prepared(row.raw, row.tx, row.nonce or 0, row.fee or 0)
        outcome = self._chain.outcome(row.tx)
        if outcome.state is TransactionState.REVERTED:
            self._retry(row)
            if self._answering is not None and not self._appeals.have_moved(self._answering):
                raise ChainRefused(outcome.reason or "seal")
            return True  # somebody answered an appeal first; else the next attempt says why
        if outcome.state is TransactionState.VANISHED:
            if self._chain.nonce_used(attempt):
                self._retry(row)
            else:
                self._chain.send(attempt)
                self._sent_at = self._clock()
            return True
        if outcome.state is TransactionState.PENDING and self._clock() - self._sent_at > self._pace.stuck:
            return self._send(row, self._chain.bump(attempt))
        return False

    def _attempt(self, row: SealRow, head: ChainHead) -> bool:
        answering = self._appeals.answers(row.size, self._tree)
        try:
            attempt = self._chain.prepare_seal(row.seal(), self._proof(row, head), answering.answers)
        except ChainRefused as refused:
            if self._appeals.have_moved(answering):
                return True
            if not (refused.reason.startswith(_OVERDUE) and answering.beyond and row.sealed_at is None):
                raise
            with self._database.write() as connection:
                sealed.withdraw(connection, row.number)
            log.info("seal %d is prepared again, with the answers that it lacks", row.own)
            return True
        self._answering = answering
        return self._send(row, attempt)

    def _proof(self, row: SealRow, head: ChainHead) -> list[bytes]:
        return merkle.consistency(self._tree, head.size, row.size) if head.size else []

    def _send(self, row: SealRow, attempt: Prepared) -> bool:
        with self._database.write() as connection:
            sealed.sending(connection, row.number, raw=attempt.raw, tx=attempt.tx, nonce=attempt.nonce, fee=attempt.fee)
        self._chain.send(attempt)
        self._sent_at = self._clock()
        return True

    def _retry(self, row: SealRow) -> None:
        with self._database.write() as connection:
            sealed.unsent(connection, row.number)

    def _confirm(self, row: SealRow, head: ChainHead) -> bool:
        found = self._chain.seal_record(row.own)
        if found is None or found.confirmations < self._pace.confirmations:
            return False
        buckets: dict[int, bytes] = {}
        if row.sealed_at is None:  # else its buckets are the sealed ones already, and only the chain lost it
            buckets = self._rebuilt(row)
        with self._database.write() as connection:
            sealed.confirm(
                connection,
                row.number,
                block=found.block,
                sealed_at=head.sealed_at,
                tx=found.tx,
                buckets={n: (records, heads.summarise(records)) for n, records in buckets.items()},
            )
        log.info("seal %d of %d entries is on-chain in block %d", row.own, row.size, found.block)
        return True

    def _rebuilt(self, row: SealRow) -> dict[int, bytes]:
        """The buckets that a seal changes: as prepared, or gathered again after a restart."""
        if self._changes is not None and self._changes[0] == row.number:
            _, buckets, changed = self._changes
        else:
            with self._database.read() as connection:
                before = sealed.by_number(connection, row.number - 1)
                _, buckets, changed = self._gather(connection, before.size if before else 0, row.size)
        if changed.root != row.heads:
            raise ProofFault(f"heads rebuilt {changed.root.hex()}, seal {row.own} has {row.heads.hex()}")
        self._map, self._changes = changed, None
        return buckets

    def _vanished(self, number: int) -> bool:
        with self._database.write() as connection:
            gone = sealed.unseal(connection, number)
            outbox.reopen(connection)
        log.warning("the chain lost seals after %d: %d are sent again", number - self._before, gone)
        return True


def _unread(_: int) -> bytes:
    raise AssertionError("buckets are read in one go, before the map is changed")
