"""Oversee: what an auditor's page says of this journal, and the summaries of audits that are handed in.

The operator says it of itself, so that nobody has to believe it: each figure leads to what proves it. Figures of the
whole journal are counted as its seals come, and put together once a minute apart from requests.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import accumulate
from typing import Any

import orjson

from suyuan.chain.port import AppealRecord, Chain, FaultRecord, TransactionState
from suyuan.core import canonical, entries, statements, subjects, summary, tally
from suyuan.core.errors import BadSignature, ChainAway, ChainRefused, Malformed, NotFound, ProofFault, SuyuanError
from suyuan.core.proof import Predecessor
from suyuan.core.standing import Participant
from suyuan.core.statements import Signed, Statement
from suyuan.core.summary import Summary
from suyuan.core.tally import Tally
from suyuan.services.background import Background
from suyuan.services.known import Heard, Known, Listener
from suyuan.services.throttle import Throttle
from suyuan.storage import audits, cosignatures, journal, sealed
from suyuan.storage.audits import AuditRow, Costs, SealPoint
from suyuan.storage.database import Database

log = logging.getLogger(__name__)

FRESH = 60.0  # seconds for which figures stand
BODY_LIMIT = 8 * 1024  # bytes that hand in an audit
KNOWN_KEPT, UNKNOWN_KEPT = 1_000, 200  # audits by who is registered, and by others
HANDED_IN = 10  # audits from one address at once
SHOWN = 10
_REST = 1.0  # seconds between looks at what the contract says
_FORGIVEN = 60.0  # seconds until one more may be handed in
_DAY = 86_400
_POINTS = 120  # seals that a chart shows
_GAPS = 1_000  # newest seals whose distances count
_RECEIPTS = 100  # read at one step
_STEPS = (1, 2, 5, 10, 30, 60, 600, 3_600, 86_400)  # seconds, upper bounds of the classes of waiting


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds from acceptance to seal of so many entries: half of them within `median`, 95 of 100 within `most`.

    `classes`: how many waited up to so many seconds (0: longer) and longer than the class before.
    """

    entries: int
    median: int
    most: int
    worst: int
    classes: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Hidden:
    """A product of which reviews are withheld. `withheld` of `standing` as its newest sealed entry counts them;
    `reasons` as the site's own table has them now.
    """

    gtin: str
    withheld: int
    standing: int
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class OpenAppeal:
    """An appeal that is not answered; times in seconds."""

    number: int
    by: str
    asked_at: int
    due: int
    tx: str


@dataclass(frozen=True, slots=True)
class OnChain:
    """What only the chain tells: appeals, faults that were proven, and the journal before this one."""

    heard: Heard
    open: tuple[OpenAppeal, ...]
    answered: tuple[tuple[int, int, int], ...]  # the newest: number, seal, index
    faults: tuple[FaultRecord, ...]
    predecessor: Predecessor | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The journal's figures at a second. `chain` None: the chain did not answer, and nothing is claimed of it."""

    at: int
    accepted: int
    newest: SealPoint | None
    kinds: tuple[tuple[int, int], ...]  # (kind, entries), as far as it was counted
    reviews: Tally
    costs: Costs
    usual_gap: int  # seconds between seals, of the newest
    longest_gap: int
    waits: Waits | None
    points: tuple[SealPoint, ...]
    latest: tuple[SealPoint, ...]
    hidden: tuple[Hidden, ...]
    products_hidden: int
    reasons: tuple[tuple[str, int], ...]
    witnesses: tuple[str, ...]
    chain: OnChain | None

    @property
    def sealed(self) -> int:
        """How many entries are on-chain."""
        return self.newest.size if self.newest else 0

    @property
    def standing(self) -> int:
        """Reviews that count."""
        return sum(self.reviews.standing)

    @property
    def withheld(self) -> int:
        """Reviews that are withheld."""
        return sum(self.reviews.withheld)


class Rebuilt(StrEnum):
    """How an audit's root stands beside the seal that it names."""

    SAME = "same"
    OTHER = "other"
    NONE = "none"  # this journal has no seal of that number


@dataclass(frozen=True, slots=True)
class HandedIn:
    """An audit that was handed in: what it says, who signed, and how that stands. `who` None: not registered."""

    row: AuditRow
    summary: Summary
    who: Participant | None
    root: Rebuilt

    def as_json(self) -> dict[str, Any]:
        """With all that somebody needs who checks the signature."""
        row, content = self.row, sha256(self.row.public).digest()
        stated = Statement(summary.KIND, summary.SUBJECT, content, row.issued_at, row.nonce)
        return {
            "statement": Signed(row.by, stated, row.signature).as_json(),
            "public": self.summary.as_json(),
            "receivedAt": row.received_at,
            "registered": None if self.who is None else self.who.role.name.lower(),
            "root": self.root.value,
        }


class Overseer:
    """Counts, reads receipts, and answers. `separator`: of the MerchantRegistry's domain. Safe for many threads."""

    def __init__(
        self,
        database: Database,
        chain: Chain,
        known: Known,
        listener: Listener,
        separator: bytes,
        *,
        clock: Callable[[], float] = time.time,
        throttle: Throttle | None = None,
    ) -> None:
        self._database = database
        self._chain = chain
        self._known = known
        self._listener = listener
        self._separator = separator
        self._clock = clock
        self._throttle = throttle or Throttle(HANDED_IN, _FORGIVEN, why="too many audits from this address")
        self._lock = threading.Lock()
        self._held: Overview | None = None
        self._appeals: tuple[tuple[int, int], Sequence[AppealRecord]] | None = None
        self._faults: tuple[tuple[int, int], Sequence[FaultRecord]] | None = None
        self._counting = Background("overseer", self._count_for_ever)

    # -- apart from requests

    def start(self) -> None:
        """Begins to count in the background."""
        self._counting.start()

    def stop(self) -> None:
        """Ends that."""
        self._counting.stop()

    def _count_for_ever(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            try:
                while self.step() and not stopping.is_set():
                    pass
                self.refresh()
            except SuyuanError as error:
                log.warning("counting waits: %s", error)
            begun = time.monotonic()
            while not stopping.wait(_REST) and time.monotonic() - begun < FRESH and not self._outdated():
                pass

    def _outdated(self) -> bool:
        """Whether the contract says something else by now than when the figures were put together."""
        heard = self._listener.heard()
        chain = self._held.chain if self._held is not None else None
        return heard is not None and (chain is None or chain.heard.standings != heard.standings)

    def step(self) -> bool:
        """Counts the next seals and reads the next receipts, if no other worker does; tells whether more may wait.

        Raises DatabaseAway, ChainAway.
        """
        with self._database.alone(audits.COUNTER_LOCK) as had:
            if not had:
                return False
            with self._database.write() as connection:
                counted = audits.count(connection, int(self._clock()))
            with self._database.read() as connection:
                unread = audits.unread(connection, _RECEIPTS)
            read = [self._read_cost(number, tx) for number, tx in unread]
            return counted or (len(read) == _RECEIPTS and any(read))

    def _read_cost(self, number: int, tx: bytes) -> bool:
        outcome = self._chain.outcome(tx)
        if outcome.state is not TransactionState.MINED:  # a reorganisation: it is sealed again
            return False
        with self._database.write() as connection:
            audits.set_cost(connection, number, tx, outcome.gas, outcome.paid)
        return True

    def refresh(self) -> Overview:
        """Puts the figures together. Raises DatabaseAway."""
        chain = self._on_chain()
        with self._database.read() as connection:
            row = sealed.newest_sealed(connection)
            number, size = (row.number, row.size) if row else (0, 0)
            accepted = journal.size(connection)
            by_kind: Counter[int] = Counter()
            counts = audits.counts(connection)
            for (kind, _), count in counts.items():
                by_kind[kind] += count
            spread = sorted({1 + (number - 1) * n // (_POINTS - 1) for n in range(_POINTS)}) if number else []
            latest = audits.points(connection, range(max(1, number - SHOWN + 1), number + 1))
            points = audits.points(connection, spread)
            gaps = audits.gaps(connection, _GAPS)
            waits = _waits(audits.waits(connection))
            costs = audits.costs(connection)
            hidden = self._hidden(audits.withheld(connection))
            reasons: Counter[str] = Counter()
            for _, by_reason in hidden:
                reasons.update(by_reason)
            keys = {subjects.key(f"/reviews/{gtin}"): gtin for gtin, _ in hidden[:SHOWN]}
            states = audits.newest_states(connection, list(keys), size)
            witnesses = cosignatures.of_size(connection, size) if size else {}
        tallies = {keys[key]: _tally(header) for key, header in states.items()}
        self._held = Overview(
            int(self._clock()),
            accepted,
            latest[-1] if latest else None,
            tuple(sorted(by_kind.items())),
            tally.total(counts),
            costs,
            sorted(gaps)[len(gaps) // 2] if gaps else 0,
            max(gaps, default=0),
            waits,
            tuple(points),
            tuple(reversed(latest)),
            tuple(_product(gtin, found, tallies.get(gtin)) for gtin, found in hidden[:SHOWN]),
            len(hidden),
            tuple(reasons.most_common()),
            tuple(witness.partition("+")[0] for witness in witnesses),
            chain,
        )
        return self._held

    def _hidden(self, rows: Sequence[audits.Withheld]) -> list[tuple[str, Counter[str]]]:
        """Products with their withheld reviews by reason, those with most first."""
        products: dict[str, Counter[str]] = {}
        for row in rows:
            products.setdefault(row.gtin, Counter())[row.reason] += row.reviews
        return sorted(products.items(), key=lambda one: (-one[1].total(), one[0]))

    def _on_chain(self) -> OnChain | None:
        """What the chain tells; logs are read again only where the contract's counts say that there are more."""
        try:
            heard = self._listener.now()
            s = heard.standings
            if self._appeals is None or self._appeals[0] != (s.asked, s.answered):
                self._appeals = (s.asked, s.answered), self._chain.appeals() if s.asked else ()
            if self._faults is None or self._faults[0] != (s.ended, s.late):
                self._faults = (s.ended, s.late), self._chain.faults() if s.ended or s.late else ()
            predecessor = self._chain.predecessor()
        except (ChainAway, ChainRefused):
            return None
        waiting = tuple(
            OpenAppeal(one.number, one.by, one.asked_at, one.asked_at + s.grace, "0x" + one.tx.hex())
            for one in self._appeals[1]
            if one.answered is None
        )
        answered = [(one.number, *one.answered) for one in self._appeals[1] if one.answered is not None]
        return OnChain(heard, waiting, tuple(answered[: -SHOWN - 1 : -1]), tuple(self._faults[1]), predecessor)

    # -- answers

    def overview(self) -> Overview:
        """The figures, at most some seconds more than a minute old. Raises DatabaseAway."""
        held = self._held
        if held is not None and (self._counting.runs or self._clock() - held.at < FRESH):
            return held
        with self._lock:
            if self._held is not held and self._held is not None:  # another request did, meanwhile
                return self._held
            with suppress(ChainAway):
                while self.step():
                    pass
            return self.refresh()

    def standing(self) -> dict[str, Any]:
        """How the contract says the journal stands, for programs. Raises ChainAway."""
        heard = self._listener.now()
        s, proven = heard.standings, heard.proven
        deployment = self._chain.deployment()
        return {
            "chain": deployment.chain,
            "journal": deployment.journal,
            "ended": s.ended.name.lower().replace("_", " "),
            "fault": {"transaction": "0x" + proven.tx.hex(), "block": proven.block} if proven else None,
            "lateReceipts": s.late,
            "appeals": {
                "asked": s.asked,
                "answered": s.answered,
                "oldest": heard.queue(self._clock()).value,
                "waitingSince": s.waiting_since or None,
                "due": heard.due or None,
            },
            "gracePeriod": s.grace,
            "appealFee": str(s.fee),
            "askedAt": heard.at,
        }

    def transaction(self, hash: str) -> dict[str, Any]:
        """A transaction and its receipt, as this site's node gives them. Raises Malformed, NotFound, ChainAway."""
        tx = "0x" + statements.from_hex(hash.removeprefix("0x"), 32, "transaction").hex()
        found = self._chain.rpc("eth_getTransactionByHash", [tx]).get("result")
        if found is None:
            raise NotFound(f"the node knows no transaction {tx}")
        return {"transaction": found, "receipt": self._chain.rpc("eth_getTransactionReceipt", [tx]).get("result")}

    # -- audits

    def hand_in(self, statement: object, public: object, address: str = "") -> HandedIn:
        """Takes the signed summary of an audit. Anyone may sign; the same again does nothing.

        `address`: whose audits are counted. Raises InvalidInput, BadSignature, Throttled, DatabaseAway.
        """
        self._throttle.check(address)
        self._throttle.failed(address)
        now = int(self._clock())
        signed, said = Signed.from_json(statement), summary.parse(public)
        stated = signed.statement
        if (stated.kind, stated.subject) != (summary.KIND, summary.SUBJECT):
            raise Malformed(f"is a {stated.kind} of {stated.subject}, wanted is an audit of /terms/audit", "statement")
        text = canonical.encode(said.as_json())
        if stated.content != sha256(text).digest():
            raise BadSignature("the statement is not over what was sent")
        if max(said.audited_at, stated.issued_at) > now + statements.SKEW:
            raise Malformed("is in the future", "public/auditedAt")
        who = self._known.participants().get(signed.by)
        signer = statements.recover(stated.digest(self._separator), signed.signature)
        if signer != (who.key_at(now) if who else signed.by):
            raise BadSignature(f"signed by {signer}, which is not the key of {signed.by}")
        row = AuditRow(signed.by, said.audited_at, now, text, stated.issued_at, stated.nonce, signed.signature)
        with self._database.write() as connection:
            audits.put(connection, row, said.audited_at // _DAY)
            audits.forget(connection, KNOWN_KEPT, UNKNOWN_KEPT)
        return self._judged([row])[0]

    def handed_in(self, most: int = SHOWN, by: str = "") -> list[HandedIn]:
        """The newest audits that were handed in, of all or of one address. Raises DatabaseAway."""
        with self._database.read() as connection:
            rows = audits.newest(connection, most, by)
        return self._judged(rows)

    def _judged(self, rows: Sequence[AuditRow]) -> list[HandedIn]:
        known = self._known.participants()
        said = [summary.parse(orjson.loads(row.public)) for row in rows]
        with self._database.read() as connection:
            roots = audits.roots(connection, [one.seal for one in said])
        return [
            HandedIn(row, one, known.get(row.by), _rebuilt(one, roots.get(one.seal, set())))
            for row, one in zip(rows, said, strict=True)
        ]


def _rebuilt(said: Summary, roots: Set[bytes]) -> Rebuilt:
    """`roots`: of the seals of its number, of the journal and of those that it goes on from."""
    if not roots:
        return Rebuilt.NONE
    return Rebuilt.SAME if said.root in {root.hex() for root in roots} else Rebuilt.OTHER


def _tally(header: bytes) -> Tally | None:
    try:
        return tally.decode(entries.decode(header).state)
    except ProofFault:
        return None


def _product(gtin: str, reasons: Counter[str], sealed_tally: Tally | None) -> Hidden:
    withheld = sum(sealed_tally.withheld) if sealed_tally else 0
    standing = sum(sealed_tally.standing) if sealed_tally else 0
    return Hidden(gtin, withheld, standing, tuple(reasons.most_common()))


def _waits(rows: Sequence[tuple[int, int]]) -> Waits | None:
    """From (seconds, entries), the shortest first."""
    if not rows:
        return None
    sums = list(accumulate(entries for _, entries in rows))
    whole = sums[-1]

    def within(hundredths: int) -> int:
        return next(seconds for (seconds, _), sum in zip(rows, sums, strict=True) if 100 * sum >= hundredths * whole)

    classes: Counter[int] = Counter()
    for seconds, count in rows:
        classes[next((step for step in _STEPS if seconds <= step), 0)] += count
    ordered = tuple((step, classes[step]) for step in (*_STEPS, 0))
    last = max(n for n, (_, count) in enumerate(ordered) if count)
    return Waits(whole, within(50), within(95), rows[-1][0], ordered[: last + 1])
