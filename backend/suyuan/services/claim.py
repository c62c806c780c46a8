"""Claim: a right is bound to the key of who has its secret; an item is claimed by who has the code under its patch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from suyuan.core import statements, subjects
from suyuan.core.entries import Kind
from suyuan.core.epcis import times
from suyuan.core.errors import BadSignature, Conflict, Malformed, NotFound, TooEarly
from suyuan.core.reviews import check_item_claim, right_of
from suyuan.core.statements import Signed
from suyuan.services.grant import left
from suyuan.services.look_up import LookUp
from suyuan.services.record import Recorder
from suyuan.services.throttle import Throttle
from suyuan.storage import orders, registry, reviews
from suyuan.storage.database import Database
from suyuan.storage.journal import Accepted
from suyuan.storage.orders import Right
from suyuan.storage.vault import Vault

WRONG_CODES = 10  # from one address at once
_FORGIVEN = 60.0  # seconds until one more may be tried


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim as the journal took it; `right`: of an item's claim, whether a right to review comes of it."""

    accepted: Accepted
    right: str = ""

    def as_json(self) -> dict[str, Any]:
        a = self.accepted
        answer = {"index": a.first, "receipt": a.receipt.as_json(a.signature)}
        return {**answer, "right": self.right} if self.right else answer


class Claims:
    """Takes claims. `wait`: seconds for which the oldest right waits to be published."""

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        vault: Vault,
        look_up: LookUp,
        *,
        wait: float,
        heard: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
        throttle: Throttle | None = None,
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._vault = vault
        self._look_up = look_up
        self._wait = wait
        self._heard = heard
        self._clock = clock
        self._throttle = throttle or Throttle(WRONG_CODES, _FORGIVEN)

    def right(self, name: str) -> dict[str, Any]:
        """How a right stands, and what it is for. Raises Malformed, NotFound, DatabaseAway."""
        hash = statements.from_hex(name, 32, "right")
        with self._database.read() as connection:
            found = orders.right(connection, hash)
            if found is None:
                raise NotFound(f"there is no right {name}")
            written = reviews.review(connection, hash) is not None
            begins = found.granted_at if found.issued is not None else self._from(connection)
        state = "reviewed" if written else "claimed" if found.by else "waiting" if found.issued is None else "issued"
        label = self._look_up.label(subjects.product(found.gtin)).name
        names = {"zh": label.text.zh, "en": label.text.en} if label else {"zh": "", "en": ""}
        return {
            "right": name, "gtin": found.gtin, "batch": found.batch, "product": names, "state": state, "from": begins,
        }  # fmt: skip

    def claim(self, statement: object, public: object, right: object = None, address: str = "") -> Claimed:
        """Takes the claim of a right, or of an item; then `right` is the hash of a secret that the browser made.

        `address`: whose wrong secrets and codes are counted; right ones never are, and never wait.
        The same statement again gets the same answer.
        Raises InvalidInput, BadSignature, Conflict, TooEarly, NotFound, Throttled, DatabaseAway.
        """
        signed, stated = self._recorder.check_shopper(Kind.CLAIM, statement, public)
        with self._counting(address):
            if signed.statement.subject.startswith("/rights/"):
                if right_of(stated["secret"]) != stated["right"]:
                    raise BadSignature("the secret is not the right's")
                with self._database.write() as connection:
                    claimed = self._claim_right(connection, signed, stated)
            else:
                wanted = None if right is None else statements.from_hex(right, 32, "right")
                self._check_code(signed.statement.subject, stated)
                with self._database.write() as connection:
                    claimed = self._claim_item(connection, signed, stated, wanted)
        self._heard()
        return claimed

    @contextmanager
    def _counting(self, address: str) -> Iterator[None]:
        """Counts what opens nothing. Nobody guesses 128 bits, so who has the right ones need not wait for others."""
        try:
            yield
        except (BadSignature, NotFound):
            self._throttle.check(address)
            self._throttle.failed(address)
            raise

    def _claim_right(self, connection: Connection, signed: Signed, public: dict[str, Any]) -> Claimed:
        hash = bytes.fromhex(public["right"])
        right = orders.right(connection, hash, lock=True)
        if right is None or right.gtin != signed.statement.subject[-14:]:
            raise NotFound("no such right was given for that product")
        if reviews.recorded(connection, signed.by, signed.statement.nonce):
            return Claimed(self._recorder.put(connection, Kind.CLAIM, signed, public))
        if right.issued is None:
            begins = self._from(connection)
            raise TooEarly(f"rights are published together: this one can be claimed from {_moment(begins)} on", begins)
        if right.by:
            raise Conflict("this right was claimed before")
        self._check_fresh(connection, signed)
        accepted = self._recorder.put(connection, Kind.CLAIM, signed, public)
        reviews.bind(connection, hash, accepted.first, signed.by)
        return Claimed(accepted)

    def _check_code(self, item: str, public: dict[str, Any]) -> None:
        if public["batch"][:18] != item[:18]:
            raise Malformed(f"{public['batch']} is no batch of {item}", "public/batch")
        with self._database.read() as connection:
            batch = registry.batch(connection, subjects.key(public["batch"]))
        if batch is None:
            raise NotFound(f"{public['batch']} was never registered")
        check_item_claim(item, public, batch.quantity, batch.items_root)

    def _claim_item(
        self, connection: Connection, signed: Signed, public: dict[str, Any], wanted: bytes | None
    ) -> Claimed:
        item, batch = subjects.key(signed.statement.subject), subjects.key(public["batch"])
        supply = orders.lock_batch(connection, public["batch"], batch)  # claims of one batch come one after another
        assert supply is not None
        if reviews.recorded(connection, signed.by, signed.statement.nonce):
            accepted = self._recorder.put(connection, Kind.CLAIM, signed, public)
            return Claimed(accepted, "waiting" if reviews.right_from(connection, item) else "none")
        first = reviews.claim_of(connection, item)
        if first is not None:
            raise Conflict(f"this item was claimed before, on {_moment(first[1] // 1000)}: entry {first[0]}")
        self._check_fresh(connection, signed)
        gives = wanted is not None and left(supply, claimed=1) > 0 and not reviews.is_ordered(connection, item)
        orders.count(connection, batch, claimed=1, granted=int(gives))
        if wanted is not None and gives:
            buyer = orders.add_buyer(connection, self._vault)
            orders.grant(connection, [Right(wanted, public["batch"], buyer.id, None, item, int(self._clock()))])
        accepted = self._recorder.put(connection, Kind.CLAIM, signed, public)
        reviews.add_claim(connection, item, accepted.first, accepted.at)
        return Claimed(accepted, "waiting" if gives else "none")

    def _check_fresh(self, connection: Connection, signed: Signed) -> None:
        if reviews.has_signed(connection, signed.by):
            raise Conflict("this key was used before: a claim takes a fresh one")

    def _from(self, connection: Connection) -> int:
        """The second from which what waits can be claimed."""
        oldest = orders.oldest_waiting(connection)
        return math.ceil((self._clock() if oldest is None else oldest) + self._wait)


def _moment(second: int) -> str:
    return times.from_milliseconds(second * 1000)
