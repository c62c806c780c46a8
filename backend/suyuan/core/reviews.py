"""Reviews: what each entry does to the review of one right, and the limits that hold them all (PROTOCOL section 2).

A delivery puts goods into hands; rights to review are issued for what was delivered or claimed, never for more than the
batch has; a claim binds a right to a key; the key writes one review. Who records asks `step` before, who audits feeds a
`Ledger` afterwards: the same rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from suyuan.core import merkle, proof, subjects
from suyuan.core.entries import Kind
from suyuan.core.errors import BadSignature, Conflict, Malformed, NoStanding, NotFound, ProofFault, SuyuanError

_SECRET_SIZE = 16
_PRODUCT = len("/01/") + 14


class State(StrEnum):
    """Whether a review counts."""

    STANDING = "standing"
    WITHDRAWN = "withdrawn"


class Content(StrEnum):
    """Whether its words are still to be had."""

    KEPT = "kept"
    ERASED = "erased"


class Reply(StrEnum):
    """Whether the merchant has replied."""

    OPEN = "open"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Review:
    """A right's review. `by`: the key that wrote it, in hex; `withheld`: the reason, empty where it is shown."""

    by: str
    stars: int
    withheld: str = ""
    state: State = State.STANDING
    content: Content = Content.KEPT
    reply: Reply = Reply.OPEN


def step(before: Review | None, kind: Kind, public: Mapping[str, Any], by: str) -> tuple[int, Review]:
    """The `arg` of an entry, and the review after it (None: there was none). `public` has passed its rule.

    Raises NotFound, Conflict for what cannot follow, BadSignature for another author's.
    """
    if kind is Kind.REVIEW:
        if before is not None:
            raise Conflict("this right has given its review: one right, one review")
        return public["stars"], Review(by, public["stars"])
    if before is None:
        raise NotFound("no review was written with this right")
    withheld = int(bool(before.withheld))
    if kind in (Kind.REVIEW_AMEND, Kind.REVIEW_WITHDRAW) and by != before.by:
        raise BadSignature("signed by another key than the review")
    if kind is not Kind.REVIEW_ERASE and before.state is State.WITHDRAWN:
        raise Conflict("the review was withdrawn")
    match kind:
        case Kind.REVIEW_AMEND:
            if before.content is Content.ERASED:
                raise Conflict("the review was erased")
            return withheld << 6 | before.stars << 3 | public["stars"], replace(before, stars=public["stars"])
        case Kind.REVIEW_WITHDRAW:
            return withheld << 6 | before.stars << 3, replace(before, state=State.WITHDRAWN, withheld="")
        case Kind.REVIEW_WITHHOLD:
            if before.withheld:
                raise Conflict("the review is withheld already")
            return before.stars << 3, replace(before, withheld=public["reason"])
        case Kind.REVIEW_RESTORE:
            if not before.withheld:
                raise Conflict("the review is not withheld")
            return before.stars << 3, replace(before, withheld="")
        case Kind.REVIEW_ERASE:
            if before.content is Content.ERASED:
                raise Conflict("the review was erased before")
            return 0, replace(before, content=Content.ERASED)
        case Kind.REVIEW_REPLY:
            if before.reply is Reply.GIVEN:
                raise Conflict("the merchant has replied: once per review")
            return 0, replace(before, reply=Reply.GIVEN)
    raise Malformed(f"a {kind.word} is no part of a review", "kind")


def right_of(secret: str) -> str:
    """The right that 16 random bytes give, both in hex. Raises Malformed."""
    try:
        raw = bytes.fromhex(secret)
    except ValueError as error:
        raise Malformed("a right's secret is 16 bytes in hex", "secret") from error
    if len(raw) != _SECRET_SIZE:
        raise Malformed("a right's secret is 16 bytes in hex", "secret")
    return sha256(raw).hexdigest()


def check_item_claim(subject: str, public: Mapping[str, Any], quantity: int, items_root: bytes) -> None:
    """Returns if the claim shows the code that the batch commits to for that item.

    `subject`: the item's. Raises BadSignature: whoever has not the code is not the owner.
    """
    serial = subjects.serial_of(subject)
    if subjects.item(subject[4:18], serial) != subject:
        raise BadSignature(f"{subject} is another way to write an item")
    leaf = proof.item_leaf(serial, sha256(bytes.fromhex(public["code"])).digest())
    path = tuple(map(bytes.fromhex, public["proof"]))
    try:
        merkle.check_inclusion(leaf, public["place"], quantity, path, items_root)
    except ProofFault as error:
        raise BadSignature("the code is not the one under this item's patch") from error


@dataclass(slots=True)
class Lot:
    """What the journal says of a batch so far."""

    merchant: str
    quantity: int
    items_root: bytes
    delivered: int = 0
    claimed: int = 0
    rights: int = 0


@dataclass(slots=True)
class Right:
    """A right that was issued; `by`: the key that claimed it, empty before."""

    gtin: str
    batch: str
    by: str = ""


@dataclass(slots=True)
class Books:
    """What a ledger remembers: who lists a product, batches, orders and items by subject, rights and reviews by right.

    A journal that is too long for memory is read with books that hold only what the next entries `touch`.
    """

    products: dict[str, str] = field(default_factory=dict)
    batches: dict[str, Lot] = field(default_factory=dict)
    orders: set[str] = field(default_factory=set)
    items: set[str] = field(default_factory=set)
    rights: dict[str, Right] = field(default_factory=dict)
    reviews: dict[str, Review] = field(default_factory=dict)


class Touched(NamedTuple):
    """Names in each of the books; a right brings its review and its batch along."""

    products: tuple[str, ...] = ()
    batches: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()


NOTHING = Touched()


def touched(kind: Kind, subject: str, public: Mapping[str, Any]) -> Touched:
    """What a ledger will look up for an entry, whose `public` has passed its rule."""
    match kind:
        case Kind.PRODUCT:
            return Touched(products=(subject,))
        case Kind.BATCH:
            return Touched(products=(subject[:_PRODUCT],), batches=(subject,))
        case Kind.RECALL:
            return Touched(batches=(subject,))
        case Kind.ORDER:
            return Touched(orders=(subject,))
        case Kind.DELIVERY:
            return Touched(orders=(subject,), batches=tuple(one["batch"] for one in public["goods"]))
        case Kind.RIGHTS:
            return Touched(batches=(public["batch"],), rights=tuple(public["rights"]))
        case Kind.CLAIM if not subject.startswith("/rights/"):
            return Touched(items=(subject,), batches=(public["batch"],))
        case _ if kind is Kind.CLAIM or Kind.REVIEW <= kind <= Kind.REVIEW_REPLY:
            return Touched(rights=(public["right"],))
    return NOTHING


class Ledger:
    """All rights and reviews of a journal, read in its order. An entry that breaks a rule counts for nothing."""

    def __init__(self, books: Books | None = None) -> None:
        self.books = books or Books()

    def take(self, kind: Kind, subject: str, public: Mapping[str, Any], by: str, arg: int) -> None:
        """Takes the next entry, whose `public` has passed its rule. Raises ProofFault for what may not follow."""
        try:
            self._take(kind, subject, public, by, arg)
        except ProofFault:
            raise
        except SuyuanError as error:
            raise ProofFault(str(error)) from error

    def _take(self, kind: Kind, subject: str, public: Mapping[str, Any], by: str, arg: int) -> None:
        match kind:
            case Kind.PRODUCT:
                self._list(subject, by)
            case Kind.BATCH:
                self._make(subject, public, by)
            case Kind.ORDER:
                if subject in self.books.orders:
                    raise Conflict(f"{subject} was recorded before")
                self.books.orders.add(subject)
            case Kind.DELIVERY:
                if subject not in self.books.orders:
                    raise NotFound(f"{subject} was never recorded")
                self._deliver(public)
            case Kind.RIGHTS:
                self._issue(subject, public)
            case Kind.CLAIM if subject.startswith("/rights/"):
                self._claim(subject, public, by)
            case Kind.CLAIM:
                self._claim_item(subject, public)
            case _ if Kind.REVIEW <= kind <= Kind.REVIEW_REPLY:
                self._review(kind, subject, public, by, arg)

    def _list(self, subject: str, by: str) -> None:
        owner = self.books.products.setdefault(subject, by)
        if owner != by:
            raise NoStanding(f"{subject} is listed by {owner}, not by {by}")

    def _make(self, subject: str, public: Mapping[str, Any], by: str) -> None:
        made = Lot(by, public["quantity"], bytes.fromhex(public["itemsRoot"]))
        known = self.books.batches.setdefault(subject, made)
        if (known.merchant, known.quantity, known.items_root) != (made.merchant, made.quantity, made.items_root):
            raise Conflict(f"{subject} is another's or has other items: {known.quantity} by {known.merchant}")
        owner = self.books.products.get(subject[:_PRODUCT])
        if owner != by:  # what is sold of it is checked all the same
            raise NoStanding(f"the product of {subject} is listed by {owner or 'nobody'}, not by {by}")

    def _batch(self, subject: str) -> Lot:
        batch = self.books.batches.get(subject)
        if batch is None:
            raise NotFound(f"{subject} was never registered")
        return batch

    def _deliver(self, public: Mapping[str, Any]) -> None:
        goods = [(self._batch(one["batch"]), one) for one in public["goods"]]
        for batch, one in goods:
            if batch.delivered + one["quantity"] > batch.quantity:
                raise Conflict(
                    f"{batch.delivered + one['quantity']} of {one['batch']} are delivered, it has {batch.quantity}"
                )
        for batch, one in goods:
            batch.delivered += one["quantity"]

    def _issue(self, subject: str, public: Mapping[str, Any]) -> None:
        gtin, batch = subject[-14:], self._batch(public["batch"])
        if not public["batch"].startswith(f"/01/{gtin}/"):
            raise Conflict(f"{public['batch']} is no batch of {gtin}")
        if met := [right for right in public["rights"] if right in self.books.rights]:
            raise Conflict(f"right {met[0]} was issued before")
        count, most = batch.rights + len(public["rights"]), min(batch.quantity, batch.delivered + batch.claimed)
        if count > most:
            raise Conflict(f"{count} rights to review {public['batch']}, {most} of it are delivered or claimed")
        batch.rights = count
        self.books.rights |= {right: Right(gtin, public["batch"]) for right in public["rights"]}

    def _claim(self, subject: str, public: Mapping[str, Any], by: str) -> None:
        right = self.books.rights.get(public["right"])
        if right is None or right.gtin != subject[-14:]:
            raise NotFound(f"right {public['right']} was never issued for that product")
        if right_of(public["secret"]) != public["right"]:
            raise BadSignature("the secret is not the right's")
        if right.by:
            raise Conflict(f"right {public['right']} was claimed before")
        right.by = by

    def _claim_item(self, subject: str, public: Mapping[str, Any]) -> None:
        batch = self._batch(public["batch"])
        if public["batch"][:18] != subject[:18]:
            raise Conflict(f"{public['batch']} is no batch of {subject}")
        if subject in self.books.items:
            raise Conflict(f"{subject} was claimed before")
        check_item_claim(subject, public, batch.quantity, batch.items_root)
        self.books.items.add(subject)
        batch.claimed += 1

    def _review(self, kind: Kind, subject: str, public: Mapping[str, Any], by: str, arg: int) -> None:
        right = self.books.rights.get(public["right"])
        if right is None or right.gtin != subject[-14:]:
            raise NotFound(f"right {public['right']} was never issued for that product")
        if kind is Kind.REVIEW and (right.by != by or right.batch != public["batch"]):
            raise BadSignature("the review's key or batch is not the right's")
        if kind is Kind.REVIEW_REPLY and by != self.books.batches[right.batch].merchant:
            raise NoStanding("a reply by another than the batch's merchant")
        expected, after = step(self.books.reviews.get(public["right"]), kind, public, by)
        if arg != expected:
            raise ProofFault(f"a {kind.word} with arg {arg}, expected {expected}")
        self.books.reviews[public["right"]] = after
