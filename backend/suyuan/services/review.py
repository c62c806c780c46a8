"""Review: what buyers write of what they were delivered, what the operator decides of it, what merchants reply.

The journal has the stars and a hash; the words are kept encrypted with the buyer's key, and served as they came: plain
text, which is interpreted nowhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from sqlalchemy import Connection

from suyuan.core import canonical, rules, statements, subjects
from suyuan.core.entries import BY_WORD, Kind
from suyuan.core.errors import BadSignature, Conflict, Malformed, NoStanding, NotFound, ProofFault, TooLarge
from suyuan.core.reviews import Content, State, step
from suyuan.core.statements import Signed
from suyuan.services.record import Recorder
from suyuan.storage import orders, registry, reviews
from suyuan.storage.database import Database
from suyuan.storage.journal import Accepted
from suyuan.storage.orders import Buyer, Right
from suyuan.storage.reviews import Row
from suyuan.storage.vault import Vault, seal, unseal

WORDS_LIMIT = 5000  # characters, after NFC
PHOTOS_LIMIT = 6
HOLDS_TOLD = 50  # entries for each reason, of those that withhold now
_SALT = re.compile(r"[0-9a-f]{32}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_UNSEEN = re.compile("[\u202a-\u202e\u2066-\u2069\ufeff]")  # they turn the words around them about
_WRITTEN = (Kind.REVIEW, Kind.REVIEW_AMEND, Kind.REVIEW_WITHDRAW)
_DECIDED = (Kind.REVIEW_WITHHOLD, Kind.REVIEW_RESTORE)


class Reviews:
    """Takes reviews and what becomes of them, and gives their words. `heard`: told when something was recorded."""

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        vault: Vault,
        *,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._vault = vault
        self._heard = heard

    # -- by the buyer

    def submit(self, statement: object, public: object, content: object = None) -> Accepted:
        """Takes a review, its amendment or its withdrawal, signed by the right's key; the same again is answered the
        same. Raises InvalidInput, BadSignature, Conflict, NotFound, DatabaseAway.
        """
        kind = _kind(statement, _WRITTEN)
        signed, stated = self._recorder.check_shopper(kind, statement, public)
        kept = {} if kind is Kind.REVIEW_WITHDRAW else _checked(content, stated["private"], photos=True)
        with self._database.write() as connection:
            right, buyer = self._locked(connection, signed.statement.subject, stated["right"])
            if reviews.recorded(connection, signed.by, signed.statement.nonce):
                return self._recorder.put(connection, kind, signed, stated)
            before = reviews.review(connection, right.right)
            if right.by is None:
                raise Conflict("this right is not claimed yet")
            if right.by != signed.by:
                raise BadSignature("signed by another key than the right's")
            if kind is Kind.REVIEW and stated["batch"] != right.batch:
                raise Conflict(f"the right is one to review {right.batch}")
            arg, after = step(before.review if before else None, kind, stated, signed.by)
            photos = [bytes.fromhex(photo) for photo in kept.get("photos", ())]
            if photos and (missing := set(photos) - reviews.photo_hashes(connection, right.right)):
                raise Malformed(f"{min(missing).hex()} was not sent for this right", "content/photos")
            box = self._box(buyer, right, kept) if kept else None
            accepted = self._recorder.put(connection, kind, signed, stated, arg)
            if before is None:
                before = Row(
                    right.right, right.gtin, right.batch, right.buyer, after, accepted.at, accepted.first,
                    accepted.first, None, b"", None, None,
                )  # fmt: skip
            private = bytes.fromhex(stated["private"]) if kept else before.private
            hold = before.hold if after.withheld else None
            row = replace(before, review=after, newest=accepted.first, hold=hold, private=private, content=box)
            reviews.put(connection, row)
            reviews.drop_photos(connection, right.right, photos)
        self._heard()
        return accepted

    def _box(self, buyer: Buyer | None, right: Right, content: dict[str, Any]) -> bytes:
        if buyer is None:
            raise Conflict("what was kept about this buyer was erased")
        return seal(buyer.key, canonical.encode(content), _of(right.right))

    # -- by the operator and the merchant

    def decide(self, statement: object, public: object) -> Accepted:
        """Withholds or restores a review, as the operator states. Raises InvalidInput, Refused, Conflict, NotFound."""
        kind = _kind(statement, _DECIDED)
        signed, stated = self._recorder.check_participant(kind, statement, public)

        def put(connection: Connection, arg: int) -> Accepted:
            return self._recorder.put(connection, kind, signed, stated, arg)

        return self._change(kind, signed.statement.subject, stated, put, signed)

    def withhold(self, right: str, reason: str, basis: str) -> Accepted:
        """Withholds a review with the node's own operator key."""
        return self._by_operator(Kind.REVIEW_WITHHOLD, {"right": right, "reason": reason, "basis": basis})

    def restore(self, right: str, reason: str) -> Accepted:
        """Restores a review with the node's own operator key."""
        return self._by_operator(Kind.REVIEW_RESTORE, {"right": right, "reason": reason})

    def reply(self, statement: object, public: object, content: object) -> Accepted:
        """Takes the reply of the merchant whose batch was reviewed."""
        signed, stated = self._recorder.check_participant(Kind.REVIEW_REPLY, statement, public)
        kept = canonical.encode(_checked(content, stated["private"], photos=False))
        right = bytes.fromhex(stated["right"])

        def put(connection: Connection, arg: int) -> Accepted:
            row = reviews.review(connection, right)
            batch = registry.batch(connection, subjects.key(row.batch)) if row else None
            if batch is None or batch.merchant != signed.by:
                raise NoStanding("the merchant of the batch replies, nobody else")
            return self._recorder.put(connection, Kind.REVIEW_REPLY, signed, stated, arg)

        return self._change(
            Kind.REVIEW_REPLY, signed.statement.subject, stated, put, signed,
            reply=self._vault.wrap(kept, _reply_of(right)),
        )  # fmt: skip

    def _by_operator(self, kind: Kind, public: dict[str, Any]) -> Accepted:
        hash = statements.from_hex(public["right"], 32, "right")
        with self._database.read() as connection:
            right = orders.right(connection, hash)
        if right is None:
            raise NotFound(f"there is no right {public['right']}")
        subject = f"/reviews/{right.gtin}"
        rules.check_public(kind, subject, public)
        return self._change(
            kind, subject, public,
            lambda connection, arg: self._recorder.by_operator(connection, kind, subject, public, arg),
        )  # fmt: skip

    def _change(
        self,
        kind: Kind,
        subject: str,
        public: dict[str, Any],
        put: Callable[[Connection, int], Accepted],
        signed: Signed | None = None,
        reply: bytes | None = None,
    ) -> Accepted:
        with self._database.write() as connection:
            right, _ = self._locked(connection, subject, public["right"])
            if signed is not None and reviews.recorded(connection, signed.by, signed.statement.nonce):
                return put(connection, 0)
            before = reviews.review(connection, right.right)
            arg, after = step(before.review if before else None, kind, public, signed.by if signed else "")
            assert before is not None
            accepted = put(connection, arg)
            hold = accepted.first if kind is Kind.REVIEW_WITHHOLD else before.hold if after.withheld else None
            reviews.put(
                connection, replace(before, review=after, newest=accepted.first, hold=hold, reply=reply or before.reply)
            )
        self._heard()
        return accepted

    def _locked(self, connection: Connection, subject: str, name: str) -> tuple[Right, Buyer | None]:
        """A right and its buyer (None: erased), which nobody changes before the transaction ends."""
        hash = bytes.fromhex(name)
        found = orders.right(connection, hash)
        if found is None or found.gtin != subject[-14:]:
            raise NotFound("no such right was given for that product")
        buyer = orders.buyer(connection, self._vault, found.buyer)
        locked = orders.right(connection, hash, lock=True)
        assert locked is not None
        return locked, buyer

    # -- for readers

    def contents(self, gtin: str, limit: int) -> dict[str, dict[str, Any]]:
        """By right, the words of the reviews that a product's newest `limit` entries are about. Raises DatabaseAway."""
        with self._database.read() as connection:
            bodies = reviews.newest_bodies(connection, subjects.key(f"/reviews/{gtin}"), limit)
            rights = {bytes.fromhex(canonical.parse_trusted(body)["public"]["right"]) for body in bodies}
            found = reviews.reviews(connection, rights)
            keys = orders.keys(connection, self._vault, {row.buyer for row in found.values()})
        return {
            right.hex(): self._told(found[right], keys) if right in found else {"state": "missing"} for right in rights
        }

    def _told(self, row: Row, keys: dict[int, bytes]) -> dict[str, Any]:
        one = row.review
        if one.state is State.WITHDRAWN:
            return {"state": "withdrawn"}
        if one.withheld:
            return {"state": "withheld"}
        if one.content is Content.ERASED:
            return {"state": "erased"}
        told: dict[str, Any] = {"state": "missing"}
        with suppress(ProofFault):
            content = opened(keys.get(row.buyer), row)
            if content is not None:
                told = {"state": "shown", "content": content}
        with suppress(ProofFault):
            if row.reply is not None:
                told["reply"] = canonical.parse_trusted(self._vault.unwrap(row.reply, _reply_of(row.right)))
        return told

    def reasons(self, gtin: str) -> dict[str, int]:
        """How many reviews of a product are withheld now, by reason. Raises DatabaseAway."""
        return {reason: count for reason, (count, _) in self._holds(gtin).items()}

    def withheld(self, gtin: str) -> dict[str, Any]:
        """By reason how many are withheld now, and the indices of the newest entries that say so."""
        return {reason: {"count": n, "entries": indices} for reason, (n, indices) in self._holds(gtin).items()}

    def _holds(self, gtin: str) -> dict[str, tuple[int, list[int]]]:
        with self._database.read() as connection:
            return reviews.holds(connection, gtin, HOLDS_TOLD)

    def about(self, gtin: str) -> list[Row]:
        """All that is kept of a product's reviews, without the words. Raises DatabaseAway."""
        with self._database.read() as connection:
            return reviews.reviews_about(connection, gtin)


class Boxed(Protocol):
    """What holds a review's encrypted content."""

    @property
    def right(self) -> bytes: ...

    @property
    def content(self) -> bytes | None: ...


def opened(key: bytes | None, row: Boxed) -> dict[str, Any] | None:
    """A review's private content; None where it or its key is gone. Raises ProofFault."""
    if key is None or row.content is None:
        return None
    content: dict[str, Any] = canonical.parse_trusted(unseal(key, row.content, _of(row.right)))
    return content


def _of(right: bytes) -> bytes:
    return b"review " + right


def _reply_of(right: bytes) -> bytes:
    return b"reply " + right


def _kind(statement: object, wanted: tuple[Kind, ...]) -> Kind:
    word = statement.get("kind") if isinstance(statement, dict) else None
    kind = BY_WORD.get(word) if isinstance(word, str) else None
    if kind not in wanted:
        raise Malformed(f"is {' or '.join(one.word for one in wanted)}", "statement/kind")
    return kind


def _checked(content: object, private: str, *, photos: bool) -> dict[str, Any]:
    """Private content that is what the statement commits to. Raises InvalidInput, BadSignature."""
    names = {"salt", "words", "language"} | ({"photos"} if photos else set())
    if not isinstance(content, dict) or set(content) != names:
        raise Malformed(f"has the members {', '.join(sorted(names))}", "content")
    if not isinstance(content["salt"], str) or not _SALT.fullmatch(content["salt"]):
        raise Malformed("is 16 random bytes in hex", "content/salt")
    _check_words(content["words"])
    if not isinstance(content["language"], str) or not _LANGUAGE.fullmatch(content["language"]):
        raise Malformed("is a language tag", "content/language")
    if photos:
        _check_photos(content["photos"])
    met = canonical.digest(content).hex()
    if met != private:
        raise BadSignature(f"the content hashes to {met}, the statement says {private}")
    return content


def _check_words(words: object) -> None:
    if not isinstance(words, str):
        raise Malformed("is text", "content/words")
    if len(words) > 4 * WORDS_LIMIT or len(unicodedata.normalize("NFC", words)) > WORDS_LIMIT:
        raise TooLarge(f"has at most {WORDS_LIMIT} characters", "content/words")
    if any(unicodedata.category(c) == "Cc" and c != "\n" for c in words) or _UNSEEN.search(words):
        raise Malformed("holds no control characters but ends of lines", "content/words")


def _check_photos(photos: object) -> None:
    if not isinstance(photos, list) or len(photos) > PHOTOS_LIMIT:
        raise Malformed(f"are at most {PHOTOS_LIMIT}", "content/photos")
    for place, photo in enumerate(photos):
        statements.from_hex(photo, 32, f"content/photos/{place}")
    if len(set(photos)) != len(photos):
        raise Malformed("are each another", "content/photos")
