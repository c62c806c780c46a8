"""Were reviews with few stars withheld more often than others? Fisher's exact test, from public tallies alone.

             1-2 stars   3-5 stars
withheld         a           b            p = P(at least a low ones among a + b drawn from all, without looking)
shown            c           d              = sum over i >= a of C(a+c, i) C(b+d, a+b-i) / C(a+b+c+d, a+b)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from suyuan.core.signs import chance
from suyuan.core.signs.model import ALPHA, Flag, Measure, Reviewed, Sign, Strength

LOW = 2
"""Up to so many stars are low: the two that shoppers read as a warning."""


@dataclass(frozen=True, slots=True)
class Table:
    """The 2x2 table of a product's standing reviews."""

    withheld_low: int
    withheld_other: int
    shown_low: int
    shown_other: int

    @property
    def p(self) -> float:
        """The one-sided p-value; 1 where nothing is withheld."""
        return chance.hypergeometric(*self._drawn)

    @property
    def exact(self) -> Fraction:
        """The same as a fraction, for small tables."""
        return chance.hypergeometric_exact(*self._drawn)

    @property
    def _drawn(self) -> tuple[int, int, int, int]:
        withheld, low = self.withheld_low + self.withheld_other, self.withheld_low + self.shown_low
        return withheld + self.shown_low + self.shown_other, low, withheld, self.withheld_low


def table(shown: Sequence[int], withheld: Sequence[int]) -> Table:
    """From counts by stars, from one star to five (`core.tally`). Raises ValueError for others."""
    if len(shown) != 5 or len(withheld) != 5 or any(n < 0 for n in (*shown, *withheld)):
        raise ValueError(f"no counts by stars: {shown}, {withheld}")
    return Table(sum(withheld[:LOW]), sum(withheld[LOW:]), sum(shown[:LOW]), sum(shown[LOW:]))


def suppression(
    shown: Sequence[int], withheld: Sequence[int], product: str = "", rights: Iterable[str] = (), tests: int = 1
) -> Flag | None:
    """A flag where chance gives so many low stars among the withheld in at most ALPHA of cases."""
    met = table(shown, withheld)
    strength = Strength(Measure.P, met.p, tests)
    if strength.corrected > ALPHA:
        return None
    hidden, seen = met.withheld_low + met.withheld_other, met.shown_low + met.shown_other
    return Flag(
        Sign.WITHHELD_STARS,
        strength,
        {
            "withheld": {"low": met.withheld_low, "other": met.withheld_other},
            "shown": {"low": met.shown_low, "other": met.shown_other},
            "low": LOW,
            "test": "Fisher exact, one-sided",
        },
        f"Of {hidden} withheld reviews {met.withheld_low} have {LOW} stars or fewer; of {seen} shown reviews "
        f"{met.shown_low}. Drawing without regard to stars gives this or more with p = {met.p:.2g}. "
        "Words that may not be shown often come with few stars; the reason for each is on record.",
        f"{hidden} 条被隐藏的评价中有 {met.withheld_low} 条为 {LOW} 星及以下；"
        f"{seen} 条显示的评价中有 {met.shown_low} 条。"
        f"若与星级无关，出现这种或更悬殊情形的概率为 p = {met.p:.2g}。不宜显示的言辞往往也是低星，每条的理由均有记录。",
        products=(product,) if product else (),
        rights=tuple(rights),
    )


def signs(reviews: Iterable[Reviewed]) -> list[Flag]:
    """One test for each product that has withheld reviews."""
    counts: dict[str, tuple[list[int], list[int], list[str]]] = {}
    for review in reviews:
        shown, withheld, rights = counts.setdefault(review.product, ([0] * 5, [0] * 5, []))
        (withheld if review.withheld else shown)[review.stars - 1] += 1
        if review.withheld:
            rights.append(review.right)
    tested = {product: row for product, row in counts.items() if sum(row[1])}
    flags = (
        suppression(shown, withheld, product, sorted(rights), len(tested))
        for product, (shown, withheld, rights) in sorted(tested.items())
    )
    return [flag for flag in flags if flag is not None]
