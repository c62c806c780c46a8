"""Who reviewed what with whom: products with more reviewers in common than chance allows, and buyers who go together.

The relation that tells bought reviews best in the field: He, Hollenbeck, Overgoor, Proserpio, Tosyali, "Detecting
fake-review buyers using network structure: Direct evidence from Amazon", PNAS 119 (2022), doi 10.1073/pnas.2211932119.

Chance here is the urn in which each product draws its reviewers, made stricter twice, since honest buyers are no urn:
busy buyers share products whatever they do, and a shop's own customers return to it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from math import exp, lgamma, log

from suyuan.core.signs import chance
from suyuan.core.signs.model import ALPHA, Flag, Measure, Reviewed, Sign, Strength

MIN_SHARED = 5
"""Fewer common reviewers are no network: an ordinary household shares three or four products with its neighbours."""
MIN_OVERLAP = 0.1
"""Share of the smaller product's reviewers. Tea drinkers buy two teas; seldom a tenth of them the same two."""
BUSY = 100
"""Buyers of more products make no pairs: they would make BUSY^2 / 2 of them, and share anything by chance."""
QUIET = 5
"""Products. Busy buyers share any two, so pairs are looked at once more among buyers of at most so many."""
DAY = 86_400_000
CLOSE = 7 * DAY
MIN_CLOSE = 0.5
"""Share of common reviewers who reviewed one of the two within CLOSE: a taste is spread over a year."""
TOGETHER = 3 * DAY
"""Ms between two buyers' reviews of one product that count as together: while a campaign's parcels arrive."""
MIN_PRODUCTS = 3
MIN_BUYERS = 3
"""Three buyers at three products: two may be a couple, and two products one basket."""
NEIGHBOURS = 40
"""A review is held against so many following ones: in a rush all are together, which says nothing."""


def shared_reviewers(reviews: Iterable[Reviewed], shops: Mapping[str, str] | None = None) -> list[Flag]:
    """Pairs of products, Bonferroni over all with reviewers enough, once more among QUIET. `shops`: product -> shop."""
    of_buyer: dict[int, dict[str, int]] = defaultdict(dict)
    for review in reviews:
        if review.buyer is not None:
            products = of_buyer[review.buyer]
            products[review.product] = min(review.at, products.get(review.product, review.at))
    quiet = {buyer: products for buyer, products in of_buyer.items() if len(products) <= QUIET}
    networks = [_Network(of_buyer, shops or {}, "all"), _Network(quiet, shops or {}, f"of at most {QUIET} products")]
    tests = max(1, sum(network.pairs for network in networks))
    found: dict[tuple[str, str], Flag] = {}
    for network in networks:
        for one, other, met in network.overlaps():
            flag = network.flag(one, other, met, tests)
            kept = found.get((one, other))
            if flag and (kept is None or flag.strength.value < kept.strength.value):
                found[one, other] = flag
    return [flag for _, flag in sorted(found.items())]


class _Network:
    """Products linked by the buyers who reviewed both. `buyers`: buyer -> product -> ms; `who`: which they are."""

    def __init__(self, buyers: Mapping[int, Mapping[str, int]], shops: Mapping[str, str], who: str) -> None:
        self._buyers, self._shops, self._who = buyers, shops, who
        self._of_product: dict[str, set[int]] = defaultdict(set)
        for buyer, products in buyers.items():
            for product in products:
                self._of_product[product].add(buyer)
        self._in_shop: dict[str, set[int]] = defaultdict(set)
        for product, those in self._of_product.items():
            if product in shops:
                self._in_shop[shops[product]] |= those
        enough = sum(len(those) >= MIN_SHARED for those in self._of_product.values())
        self.pairs = enough * (enough - 1) // 2
        links = sum(map(len, buyers.values()))
        self._activity = sum(len(p) * (len(p) - 1) for p in buyers.values()) / max(1, links**2)

    def overlaps(self) -> list[tuple[str, str, int]]:
        """Pairs of products with common reviewers enough to look at, and how many."""
        overlaps: Counter[tuple[str, str]] = Counter()
        for products in self._buyers.values():
            if 1 < len(products) <= BUSY:
                overlaps.update(combinations(sorted(products), 2))
        return [
            (one, other, met)
            for (one, other), met in sorted(overlaps.items())
            if met >= MIN_SHARED and met >= MIN_OVERLAP * min(len(self._of_product[one]), len(self._of_product[other]))
        ]

    def flag(self, one: str, other: str, met: int, tests: int) -> Flag | None:
        """The larger of both p-values; the population of two products of one shop are that shop's reviewers."""
        a, b = len(self._of_product[one]), len(self._of_product[other])
        shared = sorted(self._of_product[one] & self._of_product[other])
        close = max(_most_within([self._buyers[buyer][product] for buyer in shared]) for product in (one, other))
        if close < MIN_CLOSE * met:
            return None
        shop = self._shops.get(one)
        same = shop is not None and self._shops.get(other) == shop
        population = len(self._in_shop[shop]) if same and shop is not None else len(self._buyers)
        by_urn, by_activity = a * b / population, a * b * self._activity
        urn, busy = chance.hypergeometric(population, a, b, met), chance.poisson(by_activity, met)
        strength = Strength(Measure.P, max(urn, busy), tests)
        if strength.corrected > ALPHA:
            return None
        evidence = {
            "among_buyers": self._who,
            "reviewers": [a, b],
            "shared": met,
            "population": population,
            "same_shop": same,
            "within_ms": CLOSE,
            "shared_within": close,
            "expected_by_urn": by_urn,
            "p_by_urn": urn,
            "expected_by_activity": by_activity,
            "p_by_activity": busy,
            "test": "larger of the hypergeometric tail and the Poisson tail at a b sum d(d-1) / (sum d)^2",
        }
        expected = max(by_urn, by_activity)
        among = zhong = ""
        if self._who != "all":
            among, zhong = f", counting buyers {self._who}", f"（只计评价不超过 {QUIET} 个商品的买家）"
        return Flag(
            Sign.SHARED_REVIEWERS,
            strength,
            evidence,
            f"{met} buyers reviewed both products, of {a} and {b} reviewers{among}; chance would give about "
            f"{expected:.2g} (p = {strength.value:.2g}, {tests} comparisons). "
            f"{close} of them reviewed one of the two within {CLOSE // DAY} days.",
            f"有 {met} 位买家同时评价了这两个商品，两者各有 {a} 和 {b} 位评价者{zhong}；按随机计约为 {expected:.2g} 位"
            f"（p = {strength.value:.2g}，共比较 {tests} 次）。"
            f"其中 {close} 位在 {CLOSE // DAY} 天内评价了其中一个商品。",
            products=(one, other),
            buyers=tuple(shared),
        )


def _most_within(times: Iterable[int]) -> int:
    """How many of the times lie within CLOSE, at most."""
    rows, high, most = sorted(times), 0, 0
    for low, begin in enumerate(rows):
        while high < len(rows) and rows[high] <= begin + CLOSE:
            high += 1
        most = max(most, high - low)
    return most


def together(reviews: Iterable[Reviewed]) -> list[Flag]:
    """Groups of buyers who reviewed the same products within TOGETHER, found greedily; each buyer is in one."""
    first: dict[tuple[int, str], Reviewed] = {}
    for review in sorted(reviews, key=lambda r: (r.at, r.right)):
        if review.buyer is not None:
            first.setdefault((review.buyer, review.product), review)
    if not first:
        return []
    degree: Counter[int] = Counter(buyer for buyer, _ in first)
    size: Counter[str] = Counter(product for _, product in first)
    by_product: dict[str, list[Reviewed]] = defaultdict(list)
    for (buyer, product), review in first.items():
        if MIN_PRODUCTS <= degree[buyer]:
            by_product[product].append(review)
    shared = _met_together(by_product)
    near: dict[int, set[int]] = defaultdict(set)
    for one, other in shared:
        near[one].add(other)
        near[other].add(one)
    times = [review.at for review in first.values()]
    market = _Market(len(first), sum(d >= MIN_PRODUCTS for d in degree.values()), len(size), max(times) - min(times))
    flags: list[Flag] = []
    taken: set[int] = set()
    for (one, other), products in sorted(shared.items(), key=lambda item: (-len(item[1]), item[0])):
        if one in taken or other in taken:
            continue
        group, common = _grow([one, other], products, near, shared, taken)
        if len(group) < MIN_BUYERS:
            continue
        taken.update(group)
        flags.append(_group_flag(sorted(group), sorted(common), first, degree, size, market))
    return [flag for flag in flags if flag.strength.corrected <= ALPHA]


def signs(reviews: Sequence[Reviewed], shops: Mapping[str, str] | None = None) -> list[Flag]:
    """Both."""
    return shared_reviewers(reviews, shops) + together(reviews)


def _met_together(by_product: Mapping[str, list[Reviewed]]) -> dict[tuple[int, int], frozenset[str]]:
    """Pairs of buyers that were together at MIN_PRODUCTS products or more, and at which."""
    met: dict[tuple[int, int], list[str]] = defaultdict(list)
    for product, rows in sorted(by_product.items()):
        for i, review in enumerate(rows):
            for later in rows[i + 1 : i + 1 + NEIGHBOURS]:
                if later.at - review.at > TOGETHER:
                    break
                if review.buyer is not None and later.buyer is not None:
                    met[min(review.buyer, later.buyer), max(review.buyer, later.buyer)].append(product)
    return {pair: frozenset(products) for pair, products in met.items() if len(products) >= MIN_PRODUCTS}


def _grow(
    group: list[int],
    common: frozenset[str],
    near: Mapping[int, set[int]],
    shared: Mapping[tuple[int, int], frozenset[str]],
    taken: set[int],
) -> tuple[list[int], frozenset[str]]:
    """The group with whoever was together with all its members, as long as MIN_PRODUCTS products are left to it."""
    candidates = (near[group[0]] & near[group[1]]) - taken
    while candidates:
        best: tuple[int, int] | None = None
        left: frozenset[str] = frozenset()
        for buyer in candidates:
            rest = common
            for member in group:
                rest &= shared[min(buyer, member), max(buyer, member)]
            if len(rest) >= MIN_PRODUCTS and (best is None or (-len(rest), buyer) < best):
                best, left = (-len(rest), buyer), rest
        if best is None:
            break
        group.append(best[1])
        common = left
        candidates &= near[best[1]]
    return group, common


class _Market:
    """Sizes of what groups are found in. `links`: buyer-product pairs, `span`: ms."""

    def __init__(self, links: int, buyers: int, products: int, span: int) -> None:
        self.links, self.buyers, self.products, self.span = links, buyers, products, max(span, 1)


def _group_flag(
    group: list[int],
    products: list[str],
    first: Mapping[tuple[int, str], Reviewed],
    degree: Mapping[int, int],
    size: Mapping[str, int],
    market: _Market,
) -> Flag:
    """Strength: how many such groups chance makes (first moment; an upper bound of the chance that there is one).

    C(B, k) C(P, m) * product over j of [ product over b of min(1, d_b n_j / R) * min(1, k (w / T)^(k - 1)) ]
    """
    k, m = len(group), len(products)
    days = min(1.0, TOGETHER / market.span)
    expected = _log_comb(market.buyers, k) + _log_comb(market.products, m)
    for product in products:
        expected += sum(min(0.0, log(degree[b] * size[product] / market.links)) for b in group)
        expected += min(0.0, log(k) + (k - 1) * log(days))
    rows = [first[b, p] for p in products for b in group]
    five = sum(row.stars == 5 for row in rows)
    evidence = {
        "buyers_reviews": [degree[b] for b in group],
        "products_reviewers": [size[p] for p in products],
        "market": {"reviews": market.links, "buyers": market.buyers, "products": market.products, "ms": market.span},
        "within_ms": TOGETHER,
        "five_stars": five,
        "log_expected": expected,
        "test": "expected number of such groups by chance",
    }
    return Flag(
        Sign.TOGETHER,
        Strength(Measure.P, exp(max(-700.0, min(0.0, expected)))),
        evidence,
        f"{k} buyers reviewed the same {m} products, each within {TOGETHER // DAY} days of one another; "
        f"{five} of these {len(rows)} reviews have five stars.",
        f"{k} 位买家评价了同样的 {m} 个商品，每个商品的评价时间彼此相距不超过 {TOGETHER // DAY} 天；"
        f"这 {len(rows)} 条评价中有 {five} 条为五星。",
        products=tuple(products),
        rights=tuple(sorted(row.right for row in rows)),
        buyers=tuple(group),
    )


def _log_comb(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(max(0, n - k) + 1)
