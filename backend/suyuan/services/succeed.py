"""Succeed: the site goes on in a new Journal, which names the old one and the seal of it from which it goes on.

    seal        all that was accepted is sealed under the old one, if it takes seals
    check       what is handed over adds up to that seal, and holds nothing that would end the next one likewise
    hand over   written down in the database: from here on nothing is taken for the old one
    deploy      the contract is made, equipped, and takes the old one's place in deployment.json

Whatever the process dies in, `run` again goes on from what is written down. A journal that has no seal of its own yet
cannot be gone on from, so that running it once more does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from suyuan.chain.port import AppealRecord, Chain, Deployment, Fault
from suyuan.core import entries, heads, merkle, rules
from suyuan.core.entries import Kind
from suyuan.core.errors import ChainRefused, Conflict, ProofFault
from suyuan.core.proof import LINE_LIMIT, Seal
from suyuan.services.appeal import Appeals
from suyuan.services.seal import Sealer, SealMismatch
from suyuan.storage import appeals, cosignatures, journal, sealed
from suyuan.storage.database import SEALER_LOCK, Database
from suyuan.storage.sealed import SealRow

_BOUND = rules.SHOPPERS | {Kind.APPEAL}  # to the journal that took it: what its author signed names it, or its contract
_TOLD = 1000  # entries after which progress is told


class Step(StrEnum):
    """What takes long."""

    SEAL = "sealing what was accepted"
    CHECK = "checking what is handed over"
    DEPLOY = "deploying the next journal"


class State(StrEnum):
    """How a succession was met."""

    MADE = "made"  # begun and ended now
    FINISHED = "finished"  # begun by a process that was cut off, and ended now
    STANDS = "stands"  # made before; the new journal has no seal of its own yet


@dataclass(frozen=True, slots=True)
class Succession:
    """One that was made. `left`: newer seals of the old journal, which the new one leaves behind; `waiting`: entries
    that the old one did not seal and the new one will; `open`: appeals that the old one did not answer.
    """

    state: State
    deployment: Deployment
    old: str
    seal: Seal
    ended: Fault
    left: int
    waiting: int
    open: tuple[AppealRecord, ...]


Progress = Callable[[Step, int, int], None]  # how many entries of how many are done


class Successor:
    """Makes the succession. `succeed` deploys the Journal that goes on from a seal, and may be called again.

    `pause`: between looks whether the chain has confirmed a seal.
    """

    def __init__(
        self,
        database: Database,
        chain: Chain,
        deployment: Deployment,
        sealer: Sealer,
        taken: Appeals,
        succeed: Callable[[Seal], Deployment],
        pause: Callable[[], None],
    ) -> None:
        self._database = database
        self._chain = chain
        self._deployment = deployment
        self._sealer = sealer
        self._appeals = taken
        self._succeed = succeed
        self._pause = pause

    def run(self, from_seal: int | None = None, progress: Progress = lambda _step, _done, _all: None) -> Succession:
        """Goes on in a new journal. `from_seal`: the old one's own number of the newest seal here, where that one has
        gone further than this database or takes no more.

        Raises Conflict (it is not possible, and why), SealMismatch, ChainRefused, ChainAway, DatabaseAway.
        """
        with self._database.alone(SEALER_LOCK) as had:
            if not had:
                raise Conflict("another process seals this journal: stop the site first")
            with self._database.read() as connection:
                begun, newest = journal.before(connection), sealed.newest_sealed(connection)
            known = self._deployment
            if begun == known.before and known.predecessors and (newest is None or newest.before != known.before):
                return self._stands()
            if len(known.predecessors) + 2 > LINE_LIMIT:
                raise Conflict(f"verifiers follow {LINE_LIMIT} journals that go on from one another, and no more")
            state = State.MADE if begun == known.before else State.FINISHED
            if state is State.MADE:
                row = self._ready(from_seal, progress)
                self._hand_over(row)
            else:
                row = self._handed(begun, from_seal)
            progress(Step.DEPLOY, row.size, row.size)
            return self._told(state, self._succeed(row.seal()), row.seal())

    # -- before anything is written

    def _ready(self, from_seal: int | None, progress: Progress) -> SealRow:
        """The seal to go on from."""
        if from_seal is None:
            self._seal_all(progress)
        with self._database.read() as connection:
            row = sealed.newest_sealed(connection)
            if row is None or row.before != self._deployment.before:
                raise Conflict("the journal has no seal of its own: there is nothing to go on from")
            bound = {kind: n for kind, n in journal.kinds_since(connection, row.size).items() if kind in _BOUND}
        if from_seal not in (None, row.own):
            raise Conflict(
                f"the newest seal here is {row.own}: to go on from seal {from_seal} restore the database as of that"
                " one. What came later then has to be recorded anew by its authors"
            )
        if not self._chain.confirms(row.seal()):
            raise SealMismatch(f"the contract does not know seal {row.own} of {row.size} entries")
        if bound:
            kinds = ", ".join(f"{n} {Kind(kind).word}" for kind, n in sorted(bound.items()))
            raise Conflict(
                f"entries wait for a seal that are bound to the journal which took them ({kinds}), and it takes no"
                f" more: readers of the next one would refuse them. {_remedy(row)}"
            )
        self._check(row, progress)
        return row

    def _seal_all(self, progress: Progress) -> None:
        """Until nothing waits, or to where the journal was ended."""
        ended = self._chain.standings().ended is not Fault.NONE
        while True:
            went = False if ended else self._appeals.step()
            try:
                went |= self._sealer.step(now=True)
            except ChainRefused:
                if ended:  # what waits goes on in the next one, if it can
                    return
                raise
            with self._database.read() as connection:
                size, row = journal.size(connection), sealed.newest_sealed(connection)
                settled = sealed.oldest_open(connection) is None
            progress(Step.SEAL, row.size if row else 0, size)
            if not went and settled and size == (row.size if row else 0):
                return
            if not went:
                self._pause()

    def _check(self, row: SealRow, progress: Progress) -> None:
        """Every header up to a seal, as the contract's judges would look at it, and what they add up to."""
        tree = merkle.Frontier()
        newest: dict[bytes, tuple[bytes, bytes]] = {}
        at = 0
        with self._database.read() as connection:
            for raw in sealed.leaves(connection, 0, row.size):
                header, leaf = entries.decode(raw), entries.leaf(raw)
                before, before_leaf = newest.get(header.key, (b"", b""))
                try:
                    entries.check_follows(entries.decode(before) if before else None, before_leaf, header)
                    if header.at < at:
                        raise ProofFault(f"time goes back from {at} to {header.at}")
                except ProofFault as fault:
                    raise self._unsound(tree.size, fault) from fault
                at = header.at
                newest[header.key] = raw, leaf
                tree.append(leaf)
                if tree.size % _TOLD == 0:
                    progress(Step.CHECK, tree.size, row.size)
        top = heads.HeadsMap(lambda _: b"")
        top.update(heads.Met(key, entries.decode(raw).seq + 1, leaf) for key, (raw, leaf) in newest.items())
        if (tree.root(), top.root) != (row.root, row.heads):
            raise Conflict(
                f"the entries here have root {tree.root().hex()} and heads {top.root.hex()}, seal {row.own} has"
                f" {row.root.hex()} and {row.heads.hex()}: the next journal would begin with what can be proven wrong"
            )
        progress(Step.CHECK, row.size, row.size)

    def _unsound(self, index: int, fault: ProofFault) -> Conflict:
        with self._database.read() as connection:
            row = sealed.newest_within(connection, index)
        said = f"entry {index} is at fault ({fault}): what proves that would end the next journal, too."
        if row is None or row.before != self._deployment.before:
            return Conflict(f"{said} No seal of this journal is without it")
        return Conflict(f"{said} The newest seal without it is {row.own}, of {row.size} entries. {_remedy(row)}")

    # -- written down

    def _hand_over(self, row: SealRow) -> None:
        known = self._deployment.before
        with self._database.write() as connection:
            size = row.size + sum(journal.kinds_since(connection, row.size).values())
            journal.hand_over(connection, size, known, known + row.own)
            sealed.withdraw_open(connection)
            appeals.forget(connection)  # the next contract does not know them
            cosignatures.forget(connection)  # nor is its log the one that they are of

    def _handed(self, begun: int, from_seal: int | None) -> SealRow:
        """The seal from which a succession that was begun goes on."""
        with self._database.read() as connection:
            row = sealed.by_number(connection, begun)
        if row is None or row.before != self._deployment.before:
            raise Conflict("the database is not of the journal in deployment.json: restore the two together")
        if from_seal not in (None, row.own):
            raise Conflict(f"going on from seal {row.own} has begun: that cannot be changed any more")
        return row

    # -- told

    def _stands(self) -> Succession:
        before = self._chain.predecessor()
        assert before is not None  # deployment.json names it, and the contract cannot forget it
        return self._told(State.STANDS, self._deployment, before.seal)

    def _told(self, state: State, deployment: Deployment, seal: Seal) -> Succession:
        old = deployment.predecessors[-1].journal
        chain = self._chain.journal_at(old)
        with self._database.read() as connection:
            waiting = journal.size(connection) - seal.size
        return Succession(
            state,
            deployment,
            old,
            seal,
            chain.standings().ended,
            chain.journal_head().number - seal.number,
            waiting,
            tuple(one for one in chain.appeals() if one.answered is None),
        )


def _remedy(row: SealRow) -> str:
    return (
        f"Restore the database as of seal {row.own}, run `suyuan succeed --from-seal {row.own}`, and have what came"
        " later recorded anew by its authors"
    )
