"""Bursts: more reviews of a product in a short time than its own rate, and the market's, would bring.

The scan statistic, bounded so that anyone can recompute it. Given n reviews, each falls into a window with chance
`rate`. A window with k of them can be moved so that it begins at a review, hence (union bound over the n)

    P(some window has k or more) <= n * P(Binomial(n - 1, rate) >= k - 1)

`rate` is the larger of the window's share of the time since the product's first review, and its share of other
products' reviews in that time: a sale day fills the whole market.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from suyuan.core.signs import chance
from suyuan.core.signs.model import ALPHA, Flag, Measure, Reviewed, Sign, Strength

DAY = 86_400_000
WINDOWS = (DAY, 7 * DAY)
"""Ms: a campaign of one day, and of a week."""
MIN_REVIEWS = 10
"""A product with fewer has no rate of its own yet."""
MIN_IN_BURST = 6
"""A family or a club may come on one day."""
MIN_RATIO = 4.0
"""Times what the rate brings. New goods and good weather double a rate, which is significant and means nothing."""


@dataclass(frozen=True, slots=True)
class Window:
    """`count` of `n` times from `begin` on for `width` ms, each there with chance `rate`."""

    begin: int
    width: int
    count: int
    n: int
    rate: float

    @property
    def p(self) -> float:
        """The bound above."""
        return min(1.0, self.n * chance.binomial(self.n - 1, self.rate, self.count - 1))


def densest(times: Sequence[int], width: int, market: Sequence[int], least: int, ratio: float) -> Window | None:
    """The least likely window among sorted `times`; `market`: all times, sorted, these among them.

    None where no window has `least`, nor `ratio` times what its rate brings.
    """
    n, best, best_p = len(times), None, 2.0
    if n < least:
        return None
    begin, end = times[0], max(market[-1], times[-1])
    span = max(end - begin + 1, 1)
    others = bisect_right(market, end) - bisect_left(market, begin) - n
    high = 0
    for low in range(n):
        while high < n and times[high] <= times[low] + width:
            high += 1
        count = high - low
        if count < least or count < ratio * n * width / span:
            continue
        inside = bisect_right(market, times[low] + width) - bisect_left(market, times[low]) - count
        rate = min(1.0, max(width / span, inside / others if others > 0 else 0.0))
        if count < ratio * n * rate:
            continue
        window = Window(times[low], width, count, n, rate)
        p = window.p
        if p < best_p:
            best, best_p = window, p
    return best


def signs(reviews: Iterable[Reviewed]) -> list[Flag]:
    """At most one burst for each product, Bonferroni over products and windows."""
    of_product: dict[str, list[Reviewed]] = defaultdict(list)
    market: list[int] = []
    for review in reviews:
        of_product[review.product].append(review)
        market.append(review.at)
    market.sort()
    enough = {product: rows for product, rows in of_product.items() if len(rows) >= MIN_REVIEWS}
    tests = len(enough) * len(WINDOWS)
    flags = []
    for product, rows in sorted(enough.items()):
        rows.sort(key=lambda r: (r.at, r.right))
        times = [row.at for row in rows]
        found = [w for width in WINDOWS if (w := densest(times, width, market, MIN_IN_BURST, MIN_RATIO))]
        if not found:
            continue
        window = min(found, key=lambda w: (w.p, w.width))
        strength = Strength(Measure.P, window.p, tests)
        if strength.corrected <= ALPHA:
            flags.append(_flag(product, rows, window, strength))
    return flags


def _flag(product: str, rows: Sequence[Reviewed], window: Window, strength: Strength) -> Flag:
    inside = [row for row in rows if window.begin <= row.at <= window.begin + window.width]
    five, all_five = sum(row.stars == 5 for row in inside), sum(row.stars == 5 for row in rows)
    hours = window.width // 3_600_000
    outside = window.n - window.count
    return Flag(
        Sign.BURST,
        strength,
        {
            "begin": window.begin,
            "width_ms": window.width,
            "count": window.count,
            "n": window.n,
            "rate": window.rate,
            "five_stars": {"inside": five, "outside": all_five - five},
            "p_five_stars": chance.hypergeometric(window.n, all_five, window.count, five),
            "test": "n P(Binomial(n - 1, rate) >= count - 1)",
        },
        f"{window.count} of the product's {window.n} reviews came within {hours} hours; its rate would bring about "
        f"{window.n * window.rate:.2g}. {five} of them have five stars, of the other {outside} reviews "
        f"{all_five - five}.",
        f"该商品 {window.n} 条评价中有 {window.count} 条在 {hours} 小时内出现；"
        f"按平常速度约为 {window.n * window.rate:.2g} 条。"
        f"其中 {five} 条为五星，其余 {outside} 条中有 {all_five - five} 条。",
        products=(product,),
        rights=tuple(row.right for row in inside),
    )
