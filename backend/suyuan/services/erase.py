"""Erase: what is kept about a buyer is given to it, or destroyed, at its wish; the journal stays whole.

Entries and their proofs commit to hashes alone. With the salts, the words and the key gone, these say nothing any more.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from suyuan.core import canonical, rules, statements, subjects
from suyuan.core.entries import Kind
from suyuan.core.errors import BadSignature, Malformed, NotFound, ProofFault
from suyuan.core.reviews import Content, step
from suyuan.services.authorise import Authority
from suyuan.services.order import of_order
from suyuan.services.photos import photo_of
from suyuan.services.record import Recorder
from suyuan.services.review import opened
from suyuan.storage import orders, reviews
from suyuan.storage.database import Database
from suyuan.storage.journal import Accepted
from suyuan.storage.orders import Order, Right
from suyuan.storage.reviews import Row
from suyuan.storage.vault import Vault, unseal


@dataclass(frozen=True, slots=True)
class Erased:
    """The entries that say which reviews were erased; none where all had been before."""

    reviews: tuple[tuple[str, Accepted], ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "reviews": [
                {"right": right, "index": one.first, "receipt": one.receipt.as_json(one.signature)}
                for right, one in self.reviews
            ]
        }


class Erasure:
    """Erases and exports, for the holder of one of a buyer's rights. `heard`: told when something was recorded."""

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        vault: Vault,
        authority: Authority,
        *,
        heard: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._vault = vault
        self._authority = authority
        self._heard = heard
        self._clock = clock

    def erase(self, statement: object, public: object) -> Erased:
        """Erases what is kept about the buyer who asks; again it does nothing.

        Raises InvalidInput, BadSignature, NotFound, DatabaseAway.
        """
        right, asked = self._asked("erase", statement, public, {"right", "basis"})
        return self._erase(right, asked["basis"])

    def by_operator(self, right: str, basis: str) -> Erased:
        """Erases what is kept about the buyer of a right, who asked for it by other means."""
        return self._erase(self._right(right), basis)

    def _erase(self, right: Right, basis: object) -> Erased:
        if not isinstance(basis, str) or basis not in rules.ERASE_LAWS:
            raise Malformed(f"is {' or '.join(rules.ERASE_LAWS)}", "public/basis")
        done = []
        with self._database.write() as connection:
            orders.erase_buyer(connection, right.buyer, int(self._clock()))
            for name in sorted(one.right for one in orders.rights_of(connection, right.buyer)):
                orders.right(connection, name, lock=True)
                reviews.drop_photos(connection, name)
            for row in reviews.reviews_of(connection, right.buyer):
                if row.review.content is Content.KEPT:
                    done.append((row.right.hex(), self._bury(connection, row, basis)))
        self._heard()
        return Erased(tuple(done))

    def _bury(self, connection: Connection, row: Row, basis: str) -> Accepted:
        """Destroys a review's words and writes down that it was done; a reply may quote them, so it goes too."""
        public = {"right": row.right.hex(), "basis": basis}
        arg, after = step(row.review, Kind.REVIEW_ERASE, public, "")
        accepted = self._recorder.by_operator(connection, Kind.REVIEW_ERASE, f"/reviews/{row.gtin}", public, arg)
        reviews.put(connection, replace(row, review=after, newest=accepted.first, content=None, reply=None))
        return accepted

    def export(self, statement: object, public: object) -> dict[str, Any]:
        """All that is kept about the buyer who asks, readable. Raises InvalidInput, BadSignature, NotFound."""
        right, _ = self._asked("export", statement, public, {"right"})
        with self._database.read() as connection:
            key = orders.keys(connection, self._vault, [right.buyer]).get(right.buyer)
            rights = orders.rights_of(connection, right.buyer)
            placed = orders.orders_of(connection, right.buyer)
            written = reviews.reviews_of(connection, right.buyer)
            photos = [photo for one in rights for photo in reviews.photos_of(connection, one.right)]
            entries = self._entries(connection, rights, placed, written)
        return {
            "erased": key is None,
            "orders": [_order(key, one) for one in placed],
            "rights": [_right(one) for one in rights],
            "reviews": [_review(key, one) for one in written],
            "photos": [
                {
                    "photo": one.hash.hex(), "right": one.right.hex(), "type": one.type,
                    "base64": b64encode(photo_of(key, one)).decode(),
                }
                for one in photos
                if key is not None
            ],
            "entries": entries,
        }  # fmt: skip

    def _entries(
        self, connection: Connection, rights: list[Right], placed: list[Order], written: list[Row]
    ) -> list[dict[str, Any]]:
        """Where the journal speaks of the buyer's orders, rights and reviews."""
        streams = [subjects.key(f"/order/{one.id}") for one in placed]
        signers = [one.by for one in rights if one.by]
        others = {one.issued for one in rights} | {index for row in written for index in (row.newest, row.hold)}
        found = reviews.entries_of(connection, streams, signers, [index for index in others if index is not None])
        return [{"index": index, "kind": Kind(kind).word} for index, kind in found]

    def _asked(self, word: str, statement: object, public: object, names: set[str]) -> tuple[Right, dict[str, str]]:
        """The right whose key asks, and what for."""
        if not isinstance(public, dict) or set(public) != names or not all(isinstance(v, str) for v in public.values()):
            raise Malformed(f"has the members {', '.join(sorted(names))}", "public")
        right = self._right(public["right"])
        by = self._authority.shopper(word, statement, f"/reviews/{right.gtin}", canonical.digest(public))
        if by != right.by:
            raise BadSignature("signed by another key than the right's")
        return right, public

    def _right(self, name: object) -> Right:
        hash = statements.from_hex(name, 32, "right")
        with self._database.read() as connection:
            found = orders.right(connection, hash)
        if found is None:
            raise NotFound(f"there is no right {name}")
        return found


def _order(key: bytes | None, one: Order) -> dict[str, Any]:
    content = None
    with suppress(ProofFault):
        if key is not None and one.content is not None:
            content = canonical.parse_trusted(unseal(key, one.content, of_order(one.id)))
    return {"order": f"/order/{one.id}", "shop": one.shop, "placedAt": one.placed_at, "content": content}


def _right(one: Right) -> dict[str, Any]:
    return {
        "right": one.right.hex(), "batch": one.batch, "order": one.order and f"/order/{one.order}",
        "grantedAt": one.granted_at, "issued": one.issued, "claimed": one.claimed, "by": one.by,
    }  # fmt: skip


def _review(key: bytes | None, row: Row) -> dict[str, Any]:
    content = None
    with suppress(ProofFault):
        content = opened(key, row)
    one = row.review
    return {
        "right": row.right.hex(), "product": subjects.product(row.gtin), "batch": row.batch, "stars": one.stars,
        "state": one.state.value, "withheld": one.withheld, "at": row.at, "first": row.first, "newest": row.newest,
        "private": row.private.hex(), "content": content,
    }  # fmt: skip
