"""Orders that leave no trace of goods: parcels without checkpoints, one buyer's many orders, claims all at once.

A brushed order (刷单) sends an empty parcel, or none. A parcel's own checkpoints are on record here; so is their lack.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from suyuan.core.signs import chance
from suyuan.core.signs.bursts import densest
from suyuan.core.signs.model import ALPHA, Bought, Delivery, Flag, Measure, Sign, Strength

ALLOWED = 0.05
"""Share of parcels whose carrier may record nothing: about what lost scans come to; more where most shops have more."""
MIN_EMPTY = 5
"""Delivered orders of one product without checkpoints; fewer is a carrier's bad day."""
DAY = 86_400_000
REPEATED = 6
"""Orders of one product by one buyer within REPEATED_WITHIN: nearly one a day is no household."""
REPEATED_WITHIN = 7 * DAY
CLAIM_WITHIN = 10_000
"""Ms: a person needs longer to open a parcel and scan than a script between two claims."""
MIN_CLAIMS = 5
CLAIM_RATIO = 4.0


def no_parcel(bought: Iterable[Bought]) -> list[Flag]:
    """A shop's product whose delivered orders lack checkpoints more often than allowed, and than elsewhere (median)."""
    of_product: dict[tuple[str, str], dict[str, Bought]] = defaultdict(dict)  # an order's line with most checkpoints
    for line in bought:
        if line.delivered is not Delivery.UNDERWAY:
            orders = of_product[line.shop, line.product]
            other = orders.get(line.order)
            if other is None or line.parcel_checkpoints > other.parcel_checkpoints:
                orders[line.order] = line
    enough = {key: list(orders.values()) for key, orders in sorted(of_product.items()) if len(orders) >= MIN_EMPTY}
    empty = {key: [line for line in lines if line.parcel_checkpoints == 0] for key, lines in enough.items()}
    shares = sorted(len(empty[key]) / len(lines) for key, lines in enough.items())
    flags = []
    for (shop, product), lines in enough.items():
        met = len(empty[shop, product])
        if met < MIN_EMPTY:
            continue
        own = bisect_left(shares, met / len(lines))
        others = shares[:own] + shares[own + 1 :]
        usual = max(ALLOWED, median(others)) if others else ALLOWED
        strength = Strength(Measure.P, chance.binomial(len(lines), usual, met), len(enough))
        if strength.corrected > ALPHA:
            continue
        flags.append(
            Flag(
                Sign.NO_PARCEL,
                strength,
                {
                    "shop": shop,
                    "orders": sorted(line.order for line in empty[shop, product]),
                    "without": met,
                    "delivered": len(lines),
                    "rate": usual,
                    "test": "P(Binomial(delivered, rate) >= without)",
                },
                f"{met} of {len(lines)} delivered orders have parcels without a checkpoint of their own; "
                f"{usual:.0%} is allowed for (p = {strength.value:.2g}).",
                f"{len(lines)} 个已送达订单中有 {met} 个的包裹没有自己的物流记录；"
                f"通常允许 {usual:.0%}（p = {strength.value:.2g}）。",
                products=(product,),
                buyers=tuple(sorted({line.buyer for line in empty[shop, product]})),
            )
        )
    return flags


def repeated(bought: Iterable[Bought]) -> list[Flag]:
    """One buyer's orders of one product, REPEATED or more within REPEATED_WITHIN. No test: the number speaks."""
    of_pair: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    for line in bought:
        orders = of_pair[line.buyer, line.product]
        orders[line.order] = min(line.at, orders.get(line.order, line.at))
    flags = []
    for (buyer, product), orders in sorted(of_pair.items()):
        if len(orders) < REPEATED:
            continue
        rows = sorted((at, order) for order, at in orders.items())
        begin = most = high = 0
        for low in range(len(rows)):
            while high < len(rows) and rows[high][0] <= rows[low][0] + REPEATED_WITHIN:
                high += 1
            if high - low > most:
                begin, most = low, high - low
        if most < REPEATED:
            continue
        inside = rows[begin : begin + most]
        flags.append(
            Flag(
                Sign.REPEATED_ORDERS,
                Strength(Measure.ORDERS, float(most)),
                {"orders": [{"order": order, "at": at} for at, order in inside], "within_ms": REPEATED_WITHIN},
                f"One buyer placed {most} orders of this product within {REPEATED_WITHIN // DAY} days.",
                f"同一买家在 {REPEATED_WITHIN // DAY} 天内对该商品下了 {most} 个订单。",
                products=(product,),
                buyers=(buyer,),
            )
        )
    return flags


def claimed_together(bought: Iterable[Bought]) -> list[Flag]:
    """A shop's rights claimed by different buyers within CLAIM_WITHIN, more than its rate and the market's bring."""
    of_shop: dict[str, list[Bought]] = defaultdict(list)
    seen: set[tuple[str, int]] = set()
    for line in sorted(bought, key=lambda line: (line.claimed or 0, line.order, line.product)):
        if line.claimed is not None and (line.order, line.buyer) not in seen:
            seen.add((line.order, line.buyer))
            of_shop[line.shop].append(line)
    market = sorted(line.claimed or 0 for lines in of_shop.values() for line in lines)
    enough = {shop: lines for shop, lines in sorted(of_shop.items()) if len(lines) >= MIN_CLAIMS}
    flags = []
    for shop, lines in enough.items():
        times = [line.claimed or 0 for line in lines]
        window = densest(times, CLAIM_WITHIN, market, MIN_CLAIMS, CLAIM_RATIO)
        if window is None:
            continue
        strength = Strength(Measure.P, window.p, len(enough))
        inside = [line for line in lines if 0 <= (line.claimed or 0) - window.begin <= window.width]
        if strength.corrected > ALPHA or len({line.buyer for line in inside}) < MIN_CLAIMS:
            continue
        flags.append(
            Flag(
                Sign.CLAIMED_TOGETHER,
                strength,
                {
                    "shop": shop,
                    "begin": window.begin,
                    "width_ms": window.width,
                    "count": window.count,
                    "n": window.n,
                    "rate": window.rate,
                    "orders": sorted(line.order for line in inside),
                    "test": "n P(Binomial(n - 1, rate) >= count - 1)",
                },
                f"Rights from {window.count} orders of one shop were claimed within {CLAIM_WITHIN // 1000} seconds "
                f"(p = {strength.value:.2g}).",
                f"同一店铺 {window.count} 个订单的评价权在 {CLAIM_WITHIN // 1000} 秒内被领取"
                f"（p = {strength.value:.2g}）。",
                products=tuple(sorted({line.product for line in inside})),
                buyers=tuple(sorted({line.buyer for line in inside})),
            )
        )
    return flags


def shops(bought: Iterable[Bought]) -> Mapping[str, str]:
    """Product -> the shop that sells it; a product of several shops is none's."""
    sellers: dict[str, set[str]] = defaultdict(set)
    for line in bought:
        sellers[line.product].add(line.shop)
    return {product: min(those) for product, those in sellers.items() if len(those) == 1}


def signs(bought: Sequence[Bought]) -> list[Flag]:
    """All three."""
    return no_parcel(bought) + repeated(bought) + claimed_together(bought)
