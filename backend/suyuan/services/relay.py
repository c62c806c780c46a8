"""Relay: what merchants signed for the BatchRegistry is sent there, at the platform's cost, and settled.

Works as `seal` does: written down, sent, settled by asking the chain; an unknown outcome is never guessed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from suyuan.chain.port import Chain, Prepared, TransactionState
from suyuan.core.errors import ChainRefused
from suyuan.core.statements import Batch
from suyuan.storage import outbox, registry
from suyuan.storage.database import Database
from suyuan.storage.outbox import Order, OutboxState

log = logging.getLogger(__name__)

TOGETHER = 20  # batches registered in one transaction


class Relay:
    """Sends orders, one transaction at a time. One relay among all workers (the caller holds the lock).

    `stuck`: seconds until a transaction is replaced; `confirmations`: blocks, its own among them, until it counts.
    """

    def __init__(
        self,
        database: Database,
        chain: Chain,
        *,
        stuck: float,
        confirmations: int = 1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._chain = chain
        self._stuck = stuck
        self._confirmations = confirmations
        self._clock = clock
        self._sent_at = 0.0
        self._alone: set[int] = set()  # orders whose company was refused: each is tried by itself

    def step(self) -> bool:
        """Takes the next step, if there is one; tells whether it did. Raises ChainAway, DatabaseAway."""
        with self._database.read() as connection:
            orders = outbox.open_orders(connection, TOGETHER)
        if not orders:
            return False
        if orders[0].state is OutboxState.SENT:
            return self._settle([o for o in orders if o.tx == orders[0].tx])
        first = orders[0]
        together = [first]
        if first.action == "register" and first.id not in self._alone:
            together = [o for o in orders if o.action == "register" and o.id not in self._alone]
        try:
            attempt = self._prepare(together)
        except ChainRefused as error:
            self._refused(together, error.reason)
        else:
            self._send(together, attempt)
        return True

    def _prepare(self, orders: Sequence[Order]) -> Prepared:
        signatures = [bytes.fromhex(o.payload["signature"]) for o in orders]
        if orders[0].action == "recall":
            payload = orders[0].payload
            return self._chain.prepare_recall(
                bytes.fromhex(payload["key"]), bytes.fromhex(payload["reason"]), signatures[0]
            )
        return self._chain.prepare_register([_batch(o) for o in orders], signatures)

    def _send(self, orders: Sequence[Order], attempt: Prepared) -> None:
        with self._database.write() as connection:
            outbox.sending(
                connection,
                [o.id for o in orders],
                raw=attempt.raw,
                tx=attempt.tx,
                nonce=attempt.nonce,
                fee=attempt.fee,
            )
        self._chain.send(attempt)
        self._sent_at = self._clock()

    def _settle(self, orders: Sequence[Order]) -> bool:
        first = orders[0]
        ids = [o.id for o in orders]
        attempt = Prepared(first.raw or b"", first.tx or b"", first.nonce or 0, first.fee or 0)
        outcome = self._chain.outcome(attempt.tx)
        if outcome.state is TransactionState.MINED:
            if outcome.confirmations < self._confirmations:
                return False
            self._done(orders)
            return True
        if outcome.state is TransactionState.REVERTED:
            self._refused(orders, outcome.reason)
            return True
        if outcome.state is TransactionState.VANISHED:
            if self._chain.nonce_used(attempt):
                with self._database.write() as connection:
                    outbox.settle(connection, ids, OutboxState.WAITING)
            else:
                self._chain.send(attempt)
                self._sent_at = self._clock()
            return True
        if self._clock() - self._sent_at > self._stuck:
            self._send(orders, self._chain.bump(attempt))
            return True
        return False

    def _refused(self, orders: Sequence[Order], reason: str) -> None:
        """One that is refused by itself is over, if it is not there already; of several, each is tried by itself."""
        if len(orders) == 1 and self._is_there(orders[0]):  # by an attempt that was replaced, or sent by someone else
            self._done(orders)
            return
        ids = [o.id for o in orders]
        self._alone.update(ids)
        log.warning("%s of %d refused: %s", orders[0].action, len(orders), reason)
        state = OutboxState.REFUSED if len(orders) == 1 else OutboxState.WAITING
        with self._database.write() as connection:
            outbox.settle(connection, ids, state, reason)

    def _is_there(self, order: Order) -> bool:
        state = self._chain.batch(bytes.fromhex(order.payload["key"]))
        if state is None:
            return False
        if order.action == "recall":
            return bool(state.recalled_at)
        ordered = _batch(order)
        return (state.merchant, state.content) == (ordered.merchant, ordered.content)

    def _done(self, orders: Sequence[Order]) -> None:
        states = {o.id: self._chain.batch(bytes.fromhex(o.payload["key"])) for o in orders}
        with self._database.write() as connection:
            for order in orders:
                state = states[order.id]
                if state is not None:
                    registry.set_batch_times(
                        connection, bytes.fromhex(order.payload["key"]), state.registered_at, state.recalled_at
                    )
            outbox.settle(connection, [o.id for o in orders], OutboxState.DONE)


def _batch(order: Order) -> Batch:
    p = order.payload
    return Batch(
        bytes.fromhex(p["key"]),
        p["merchant"],
        p["quantity"],
        bytes.fromhex(p["itemsRoot"]),
        bytes.fromhex(p["content"]),
    )
