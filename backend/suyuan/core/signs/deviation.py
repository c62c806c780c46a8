"""Stars that depart from what others gave: a buyer's, a batch's, those of buyers who reviewed nothing else.

A buyer: had their stars been drawn from each product's own reviews (theirs among them), what is the chance of a sum so
high, or so low? The exact distribution of the sum is the convolution of the products' counts by stars. Batches and
once-only buyers: Fisher's exact test on a 2x2 table. (Once-only buyers: Xie, Wang, Lin, Yu, KDD 2012.)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from suyuan.core.signs import chance
from suyuan.core.signs.model import ALPHA, Flag, Measure, Reviewed, Sign, Strength

MIN_OTHERS = 5
"""Reviews by others from which a product has an opinion to depart from."""
MIN_BY_BUYER = 4
"""Reviews from which a buyer has a habit."""
DEPARTS = 1.5
"""Stars, on average, from the others' mean. Whoever always gives five departs by about 0.7, and is no sign."""
MIN_IN_GROUP = 10
"""Reviews in each row of a 2x2 table."""
MIN_DIFFERENCE = 0.25
"""Difference of shares between the rows; less is the weather."""
_FIVE, _LOW = 5, 2


def _tail(counts: Sequence[Sequence[int]], total: int, high: bool) -> float:
    """P(sum of one draw from each of `counts` (by stars 1..5) is at least `total`, or at most)."""
    sums = [1.0]
    for row in counts:
        n = sum(row)
        after = [0.0] * (len(sums) + 4)
        for i, chance_so_far in enumerate(sums):
            for stars, count in enumerate(row):
                after[i + stars] += chance_so_far * count / n
        sums = after
    at = total - len(counts)
    return min(1.0, sum(sums[at:] if high else sums[: at + 1]))


def buyers(reviews: Iterable[Reviewed]) -> list[Flag]:
    """Buyers whose stars depart by DEPARTS or more, and not by chance; twice the smaller tail."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * 5)
    of_buyer: dict[int, list[Reviewed]] = defaultdict(list)
    for review in reviews:
        counts[review.product][review.stars - 1] += 1
        if review.buyer is not None:
            of_buyer[review.buyer].append(review)
    size = {product: sum(row) for product, row in counts.items()}
    total = {product: sum((i + 1) * n for i, n in enumerate(row)) for product, row in counts.items()}
    tests, departing = 0, []
    for buyer, given in sorted(of_buyer.items()):
        rows = [row for row in given if size[row.product] > MIN_OTHERS]
        if len(rows) < MIN_BY_BUYER:
            continue
        tests += 1
        others = sum((total[row.product] - row.stars) / (size[row.product] - 1) for row in rows)
        mean = (sum(row.stars for row in rows) - others) / len(rows)
        if abs(mean) >= DEPARTS:
            departing.append((buyer, sorted(rows, key=lambda row: row.right), mean))
    flags = []
    for buyer, rows, mean in departing:
        stars = sum(row.stars for row in rows)
        p = min(1.0, 2 * _tail([counts[row.product] for row in rows], stars, high=mean > 0))
        strength = Strength(Measure.P, p, tests)
        if strength.corrected > ALPHA:
            continue
        by_product = [{"product": r.product, "stars": r.stars, "counts": list(counts[r.product])} for r in rows]
        flags.append(
            Flag(
                Sign.BUYER_STARS,
                strength,
                {"reviews": by_product, "mean_difference": mean, "test": "exact convolution, twice the smaller tail"},
                f"In {len(rows)} reviews this buyer gave {abs(mean):.1f} stars {'more' if mean > 0 else 'fewer'} than "
                f"the products' other buyers on average (p = {p:.2g}).",
                f"该买家的 {len(rows)} 条评价平均比同商品其他买家{'高' if mean > 0 else '低'} "
                f"{abs(mean):.1f} 星（p = {p:.2g}）。",
                products=tuple(sorted({row.product for row in rows})),
                rights=tuple(row.right for row in rows),
                buyers=(buyer,),
            )
        )
    return flags


def batches(reviews: Iterable[Reviewed]) -> list[Flag]:
    """Batches beside the product's other batches: shares of five stars, and of one or two."""
    of_product: dict[str, list[Reviewed]] = defaultdict(list)
    for review in reviews:
        of_product[review.product].append(review)
    tables = []
    for product, rows in sorted(of_product.items()):
        for batch, size in sorted(Counter(row.batch for row in rows).items()):
            if batch and size >= MIN_IN_GROUP and len(rows) - size >= MIN_IN_GROUP:
                inside = [row for row in rows if row.batch == batch]
                tables.append((product, batch, inside, [row for row in rows if row.batch != batch]))
    flags = []
    for product, batch, inside, outside in tables:
        for five in (True, False):
            if flag := _compare(Sign.BATCH_STARS, product, batch, inside, outside, five, 2 * len(tables)):
                flags.append(flag)
    return flags


def once_only(reviews: Iterable[Reviewed]) -> list[Flag]:
    """A product's buyers who reviewed nothing else, beside its others: shares of five stars, and of one or two."""
    known = [review for review in reviews if review.buyer is not None]
    written = Counter(review.buyer for review in known)
    of_product: dict[str, tuple[list[Reviewed], list[Reviewed]]] = defaultdict(lambda: ([], []))
    for review in known:
        of_product[review.product][written[review.buyer] > 1].append(review)
    tables = {p: rows for p, rows in sorted(of_product.items()) if min(map(len, rows)) >= MIN_IN_GROUP}
    flags = []
    for product, (once, often) in tables.items():
        for five in (True, False):
            if flag := _compare(Sign.ONCE_ONLY_STARS, product, "", once, often, five, 2 * len(tables)):
                flags.append(flag)
    return flags


def signs(reviews: Sequence[Reviewed]) -> list[Flag]:
    """All three."""
    return buyers(reviews) + batches(reviews) + once_only(reviews)


def _compare(
    sign: Sign, product: str, batch: str, inside: list[Reviewed], outside: list[Reviewed], five: bool, tests: int
) -> Flag | None:
    """A flag where the share of five stars (or of low ones) inside departs from that outside."""

    def marked(rows: Sequence[Reviewed]) -> int:
        return sum(row.stars == _FIVE if five else row.stars <= _LOW for row in rows)

    a, b, n, m = marked(inside), marked(outside), len(inside), len(outside)
    if abs(a / n - b / m) < MIN_DIFFERENCE:
        return None
    one, met = (n, a) if a / n > b / m else (m, b)
    p = min(1.0, 2 * chance.hypergeometric(n + m, a + b, one, met))
    strength = Strength(Measure.P, p, tests)
    if strength.corrected > ALPHA:
        return None
    stars, xing = ("five stars", "五星") if five else ("one or two stars", "一二星")
    who, shei = (
        (f"of batch {batch}", f"批次 {batch} ") if batch else ("by buyers of one review", "只写过一条评价的买家")
    )
    evidence = {
        "stars": "5" if five else "1-2",
        "inside": {"marked": a, "other": n - a},
        "outside": {"marked": b, "other": m - b},
        "test": "Fisher exact, twice the smaller tail",
    }
    return Flag(
        sign,
        strength,
        evidence | ({"batch": batch} if batch else {}),
        f"{a} of {n} reviews {who} have {stars}, of the product's other {m} reviews {b} (p = {p:.2g}).",
        f"{shei}的 {n} 条评价中有 {a} 条为{xing}，该商品其余 {m} 条中有 {b} 条（p = {p:.2g}）。",
        products=(product,),
        rights=tuple(sorted(row.right for row in inside)),
    )
