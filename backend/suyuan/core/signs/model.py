"""What the signs are read from, and what each says: what was seen, how unlikely it is by chance, no verdict.

Whether a review is honest is for people to judge. A flag holds the numbers from which any reader gets the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

ALPHA = 0.01
"""A flag's corrected p-value is at most this: where all is chance, one run in a hundred of a sign shows anything."""


class Delivery(StrEnum):
    """Where an order line's goods are."""

    UNDERWAY = "underway"
    DELIVERED = "delivered"


class Sign(StrEnum):
    """What was seen."""

    SHARED_REVIEWERS = "shared-reviewers"
    TOGETHER = "reviewed-together"
    BURST = "burst"
    SAME_WORDS = "same-words"
    BUYER_STARS = "buyer-stars"
    BATCH_STARS = "batch-stars"
    ONCE_ONLY_STARS = "once-only-stars"
    NO_PARCEL = "no-parcel"
    REPEATED_ORDERS = "repeated-orders"
    CLAIMED_TOGETHER = "claimed-together"
    WITHHELD_STARS = "withheld-stars"


class Measure(StrEnum):
    """What a strength is measured in, in the order in which flags are listed."""

    P = "p-value"
    ORDERS = "orders"
    SIMILARITY = "similarity"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One review. `right`: hex; `buyer`: None where not known; `at`: ms since 1970 UTC; `withheld`: why, or empty."""

    right: str
    product: str
    batch: str
    buyer: int | None
    stars: int
    at: int
    words: str = ""
    language: str = "zh"
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class Bought:
    """One order line. `at`, `claimed` (None: not yet): ms since 1970 UTC; `parcel_checkpoints`: the parcel's own."""

    order: str
    buyer: int
    shop: str
    product: str
    at: int
    parcel_checkpoints: int
    delivered: Delivery = Delivery.DELIVERED
    claimed: int | None = None


@dataclass(frozen=True, slots=True)
class Strength:
    """A value of a named measure; `tests`: how many comparisons a p-value is the pick of (Bonferroni)."""

    name: Measure
    value: float
    tests: int = 1

    @property
    def corrected(self) -> float:
        """The p-value times the comparisons, at most 1; another measure as it is."""
        return min(1.0, self.value * self.tests) if self.name is Measure.P else self.value

    @property
    def order(self) -> tuple[int, float]:
        """Strongest first; measures have no common scale, so they stand one after the other."""
        return list(Measure).index(self.name), self.corrected if self.name is Measure.P else -self.value


@dataclass(frozen=True, slots=True)
class Flag:
    """One sign: who it is about, how strong, the numbers to recompute it from, and a sentence in each language."""

    sign: Sign
    strength: Strength
    evidence: Mapping[str, Any]
    english: str
    chinese: str
    products: tuple[str, ...] = field(default=())
    rights: tuple[str, ...] = field(default=())
    buyers: tuple[int, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """For the wire."""
        strength = {"name": self.strength.name.value, "value": self.strength.value, "tests": self.strength.tests}
        return {
            "sign": self.sign.value,
            "strength": strength | {"corrected": self.strength.corrected},
            "subjects": {"products": list(self.products), "rights": list(self.rights), "buyers": list(self.buyers)},
            "evidence": dict(self.evidence),
            "english": self.english,
            "chinese": self.chinese,
        }

    @property
    def order(self) -> tuple[tuple[int, float], str, tuple[str, ...], tuple[int, ...], tuple[str, ...]]:
        """A total order: strongest first, then by what it is about."""
        return self.strength.order, self.sign.value, self.products, self.buyers, self.rights
