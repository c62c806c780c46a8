"""Look up reviews: what a page says of a product's reviews, made from the very bundle that `/v1/proof` serves.

The words come from the store and are believed by nobody: the reader's browser hashes each against its entry.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

import orjson

from suyuan.core import entries, proof, rules, tally
from suyuan.core.entries import Kind
from suyuan.core.errors import InvalidIdentifier, ProofFault
from suyuan.services.look_up import Facts, LookUp, Quote
from suyuan.services.look_up import facts as facts_of
from suyuan.services.prove import DEFAULT_LIMIT, Prover

LIMIT = 100
MOST = 1000
_STARS = (5, 4, 3, 2, 1)

Contents = Callable[[str, int], Mapping[str, Mapping[str, Any]]]
"""(product, limit) -> what `GET /v1/reviews` answers under `contents`."""
Reasons = Callable[[str], Mapping[str, int]]
"""product -> how many of its reviews are withheld now, by reason."""


class Face(StrEnum):
    """What a page shows of a review."""

    SHOWN = "shown"
    WITHHELD = "withheld"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"
    MISSING = "missing"  # the site does not show what was recorded
    OLDER = "older"  # its own entry is older than those shown


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the histogram. `share`, `hidden`: hundredths of all that stand, shown and withheld."""

    stars: int
    shown: int
    withheld: int
    share: float
    hidden: float


@dataclass(frozen=True, slots=True)
class Summary:
    """All reviews of a product, as the newest sealed entry counts them. `reasons`: by reason, as far as known."""

    gtin: str
    entries: int
    standing: tuple[int, ...]
    withheld: tuple[int, ...]
    reasons: tuple[tuple[str, int], ...]
    sealed_at: int

    @property
    def total(self) -> int:
        return sum(self.standing)

    @property
    def hidden(self) -> int:
        return sum(self.withheld)

    @property
    def shown(self) -> tuple[int, ...]:
        return tuple(s - w for s, w in zip(self.standing, self.withheld, strict=True))

    @property
    def average(self) -> str:
        """Of those shown; empty where there is none."""
        return average(self.shown)

    @property
    def average_of_all(self) -> str:
        """With the withheld ones."""
        return average(self.standing)

    @property
    def rows(self) -> tuple[Row, ...]:
        whole = max(self.standing, default=0) or 1
        return tuple(
            Row(n, s - w, w, round(100 * (s - w) / whole, 1), round(100 * w / whole, 1))
            for n in _STARS
            for s, w in [(self.standing[n - 1], self.withheld[n - 1])]
        )

    @property
    def unexplained(self) -> int:
        """How many are withheld for reasons that are not told here."""
        return self.hidden - sum(count for _, count in self.reasons)


def average(counts: Sequence[int]) -> str:
    """Stars on average, with one decimal, halves rounded up; empty for no counts. The browser computes the same."""
    total = sum(counts)
    tenths = (20 * sum(n * count for n, count in enumerate(counts, 1)) + total) // (2 * total) if total else 0
    return f"{tenths // 10}.{tenths % 10}" if total else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A merchant's reply; `words` are empty where the site does not have them."""

    index: int
    at: int
    by: str
    words: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """One review as the page shows it. Times in milliseconds; `index` is that of its first entry.

    `claim`: index of the entry that binds its key to the right, None where the bundle does not show it.
    """

    right: str
    index: int
    leaf: str
    at: int
    by: str
    batch: str
    stars: int
    face: Face = Face.MISSING
    words: str = ""
    language: str = ""
    photos: tuple[str, ...] = ()
    aspects: tuple[tuple[str, int], ...] = ()
    amended_at: int = 0
    reason: str = ""
    basis: str = ""
    decided_at: int = 0
    reply: Answer | None = None
    claim: int | None = None
    sealed: bool = True

    @property
    def lot(self) -> str:
        return unquote(self.batch.rpartition("/")[2])


@dataclass(frozen=True, slots=True)
class ReviewsView:
    """A product's reviews page: the newest `limit` entries, newest review first; `reviews` are those that pass."""

    gtin: str
    subject: str
    name: Quote | None
    summary: Summary
    facts: Facts
    now: int
    limit: int
    entries: int  # shown here
    reviews: tuple[Review, ...]
    all: int  # reviews before the filter
    languages: tuple[str, ...]
    stars: int
    language: str

    @property
    def age(self) -> int:
        """Seconds since the seal."""
        return max(0, self.now - self.facts.sealed_at)

    @property
    def whole(self) -> bool:
        """Whether every entry of the stream is here."""
        return self.entries >= self.summary.entries


class LookUpReviews:
    """Answers with summaries and views. Safe for many threads."""

    def __init__(
        self,
        prover: Prover,
        look_up: LookUp,
        contents: Contents,
        reasons: Reasons,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._prover = prover
        self._look_up = look_up
        self._contents = contents
        self._reasons = reasons
        self._clock = clock

    def summary(self, gtin: str) -> Summary:
        """How a product's reviews add up. Raises NothingSealed, DatabaseAway."""
        bundle = orjson.loads(self._prover.prove(f"/reviews/{gtin}", DEFAULT_LIMIT).text)
        shown = bundle["entries"]
        state = entries.decode(bytes.fromhex(shown[-1]["header"])).state if shown else tally.ZERO
        return self._summarise(gtin, bundle, state)

    def look_up(self, gtin: str, *, limit: int = LIMIT, stars: int = 0, language: str = "") -> ReviewsView:
        """The newest `limit` entries of a product's reviews, and of them the reviews with that many stars and in that
        language (0, empty: all). Raises InvalidIdentifier, NothingSealed, DatabaseAway.
        """
        if not 0 < limit <= MOST or not 0 <= stars <= 5:
            raise InvalidIdentifier(f"up to {MOST} entries, and 1 to 5 stars", "n")
        subject = f"/reviews/{gtin}"
        bundle = orjson.loads(self._prover.prove(subject, limit).text)
        read = proof.parse(bundle)
        state = read.main.shown[-1].header.state if read.main.shown else tally.ZERO
        claims = {str(one.body.get("by")): one.index for one in read.support if one.header.kind == Kind.CLAIM}
        contents = self._contents(gtin, limit) if read.main.shown or read.pending else {}
        folded = fold(read.main.shown, read.pending)
        found = [
            replace(filled(one, contents.get(one.right, {})), claim=claims.get(one.by))
            for one in sorted(folded, key=lambda r: r.index, reverse=True)
        ]
        passing = [
            one
            for one in found
            if (not stars or one.stars == stars) and (not language or (one.language == language and one.words))
        ]
        return ReviewsView(
            gtin, subject, self._look_up.label(f"/01/{gtin}").name, self._summarise(gtin, bundle, state),
            facts_of(bundle, read), int(self._clock()), limit, len(read.main.shown) + len(read.pending), tuple(passing),
            len(found), tuple(sorted({one.language for one in found if one.words and one.language})), stars, language,
        )  # fmt: skip

    def _summarise(self, gtin: str, bundle: Mapping[str, Any], state: bytes) -> Summary:
        try:
            counted = tally.decode(state)
        except ProofFault:  # the proof fails on it, and says so
            counted = tally.decode(tally.ZERO)
        hidden = sum(counted.withheld)
        reasons = self._reasons(gtin) if hidden else {}
        known = [(name, count) for name in rules.REASONS if (count := reasons.get(name, 0))]
        if sum(count for _, count in known) > hidden:  # decided since the seal
            known = []
        known.sort(key=lambda one: -one[1])
        count = bundle["head"].get("count", 0)
        return Summary(gtin, count, counted.standing, counted.withheld, tuple(known), bundle["seal"]["sealedAt"])


def fold(shown: Iterable[proof.Shown], pending: Iterable[proof.Shown] = ()) -> list[Review]:
    """What the entries say of each right's review, without any words."""
    reviews: dict[str, Review] = {}
    for sealed, run in ((True, shown), (False, pending)):
        for one in run:
            public = one.body.get("public")
            if isinstance(public, dict) and isinstance(public.get("right"), str):
                right = public["right"]
                reviews[right] = _step(reviews.get(right), one, public, right, sealed)
    return list(reviews.values())


def _step(before: Review | None, one: proof.Shown, public: Mapping[str, Any], right: str, sealed: bool) -> Review:
    header = one.header
    old, new = header.arg >> 3 & 7, header.arg & 7
    by = str(one.body.get("by"))
    if header.kind == Kind.REVIEW:
        return Review(
            right, one.index, one.leaf.hex(), header.at, by, str(public.get("batch")), new,
            aspects=_aspects(public), sealed=sealed,
        )  # fmt: skip
    review = before or Review(right, one.index, one.leaf.hex(), header.at, "", "", old, Face.OLDER, sealed=sealed)
    match header.kind:
        case Kind.REVIEW_AMEND:
            return replace(review, stars=new, amended_at=header.at, aspects=_aspects(public), by=review.by or by)
        case Kind.REVIEW_WITHDRAW:
            return replace(review, face=Face.WITHDRAWN, reason="", basis="", decided_at=header.at)
        case Kind.REVIEW_WITHHOLD:
            said = str(public.get("reason")), str(public.get("basis"))
            return replace(review, face=Face.WITHHELD, reason=said[0], basis=said[1], decided_at=header.at)
        case Kind.REVIEW_RESTORE:
            face = Face.OLDER if review.face is Face.OLDER else Face.MISSING
            return replace(review, face=face, reason="", basis="", decided_at=header.at)
        case Kind.REVIEW_ERASE:
            face = review.face if review.face in (Face.WITHDRAWN, Face.WITHHELD) else Face.ERASED
            return replace(review, face=face, basis=review.basis or str(public.get("basis")), decided_at=header.at)
        case Kind.REVIEW_REPLY:
            return replace(review, reply=Answer(one.index, header.at, by))
    return review


def _aspects(public: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    said = public.get("aspects")
    given = said if isinstance(said, dict) else {}
    return tuple((name, given[name]) for name in rules.ASPECTS if isinstance(given.get(name), int))


def filled(review: Review, content: Mapping[str, Any]) -> Review:
    """The review with the words that the site has of it; without, it stays missing."""
    reply = review.reply
    if reply is not None and isinstance(said := content.get("reply"), Mapping):
        reply = replace(reply, words=str(said.get("words", "")), language=str(said.get("language", "")))
    review = replace(review, reply=reply)
    said = content.get("content")
    if review.face is not Face.MISSING or content.get("state") != "shown" or not isinstance(said, Mapping):
        return review
    return replace(
        review,
        face=Face.SHOWN,
        words=str(said.get("words", "")),
        language=str(said.get("language", "")),
        photos=tuple(str(photo) for photo in said.get("photos", ())),
    )
