"""What others do to a live node's journal on-chain: they appeal to it, and prove that its operator broke a promise."""

from __future__ import annotations

import time

from live import Live
from suyuan.bootstrap import keystore
from suyuan.chain.port import BrokenPromise, Fault
from suyuan.core import entries, merkle, statements
from suyuan.core.statements import Receipt
from suyuan.storage import journal, sealed


def appeal(live: Live, body: bytes) -> None:
    """Somebody appeals."""
    chain = live.node.chain
    chain.transact(chain.prepare_appeal(keystore(live.node.settings).signer("admissions"), body))


def end(live: Live) -> None:
    """Ends the journal: a receipt of its own key is for a leaf that its seals do not have there."""
    chain, d, keys = live.node.chain, live.node.deployment, keystore(live.node.settings)
    leaf, now = b"\1" * 32, int(time.time())
    receipt = Receipt(leaf, 0, 1, now, now + 60)
    signature = keys.signer("receipts").sign(receipt.digest(statements.domain(d.chain_id, d.journal)))
    with live.node.database.read() as connection:
        row = sealed.newest_sealed(connection)
        found = entries.leaf(journal.headers(connection, 0, 1)[0])
    assert row is not None
    path = merkle.inclusion(sealed.TiledTree(live.node.database), 0, row.size)
    fault = BrokenPromise(receipt, signature, 0, leaf, (), row.seal(), found, path)
    chain.transact(chain.prepare_fault(keys.signer("admissions"), fault))
    assert chain.standings().ended is Fault.BROKEN_PROMISE
