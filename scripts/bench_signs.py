#!/usr/bin/env python3
"""How often the signs of faking speak, rightly and wrongly, and how fast they are.

    scripts/bench_signs.py                        made markets, honest and with campaigns; speed
    scripts/bench_signs.py --worlds 20 --sizes 1000000
    scripts/bench_signs.py --labelled PATH        a labelled data set of one's own

Made markets are seeded. Honest buyers have tastes, baskets, sale days and habits of always giving five; texts are put
together from stock phrases. They are our own idea of a market: the figures say that the tests do what they are
meant to, not how they would do in the field. Flags in honest markets are false positives, all of them.

PATH may be a `deceptive-opinion.csv` (Ott et al. 2011: deceptive,hotel,polarity,source,text; words), a folder of
rgmining-synthetic-dataset (review.dat, reviewer.dat: reviewer, product, score, no times, no words), or a Yelp (Chi,
NYC, Zip) `metadata` (user, product, rating, label, date, by tabs; -1 is filtered).
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import shlex
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from suyuan.core.signs import brushing, bursts, deviation, graph, inspect, suppression, words
from suyuan.core.signs.model import Bought, Delivery, Flag, Reviewed, Sign

DAY = 86_400_000
START = 1_735_689_600_000
DAYS = 365
SIZES = (10_000, 100_000)
PHRASES = [
    "茶汤金黄透亮", "香气很足", "回甘明显", "包装完好", "物流第二天就到了", "送给父母喝的",
    "比上次买的要淡一些", "叶底匀整", "价格还算合适", "客服回答很耐心", "有一点碎末", "泡了五六遍还有味道",
    "扫码能看到采摘日期", "和描述的一样", "罐子有点瘪", "朋友推荐来的", "第二次购买了", "闻起来有花香",
    "口感顺滑", "不太适合空腹喝", "水温高了会苦", "保质期还很新", "分量足", "孩子也爱吃",
    "肉质紧实", "冰袋还没化", "颜色比图片深", "味道偏咸", "回购看活动", "老人说不错",
]  # fmt: skip
SUBJECTS = ["上周", "昨天晚上", "公司聚会", "中秋节", "出差回来", "给同事", "家里老人", "周末", "早上", "露营时"]


@dataclass
class World:
    """A market, and what in it was made by campaigns (by sign)."""

    reviews: list[Reviewed] = field(default_factory=list)
    bought: list[Bought] = field(default_factory=list)
    faked: dict[Sign, set[object]] = field(default_factory=dict)


class Maker:
    """Makes one world from a seed."""

    def __init__(self, seed: int, size: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a made market is no secret
        self.world = World()
        self.n = 0
        self.products = [f"{6_900_000_000_000 + i:014}" for i in range(max(20, size // 40))]
        self.shop = {p: f"shop{i // 4}" for i, p in enumerate(self.products)}
        self.quality = {p: self.random.choice((3.6, 4.2, 4.4, 4.6, 4.8)) for p in self.products}
        self.taste = {p: self.random.randrange(max(2, len(self.products) // 25)) for p in self.products}
        self.launch = {p: self.random.randrange(DAYS // 2) for p in self.products}
        self.weight = {p: self.random.paretovariate(1.3) for p in self.products}
        self.of_taste: dict[int, list[str]] = {}
        for p in self.products:
            self.of_taste.setdefault(self.taste[p], []).append(p)
        self.next_buyer = size

    def text(self) -> str:
        """An honest review: one in four is short and common."""
        r = self.random
        if r.random() < 0.25:
            return r.choice(("很好", "好评", "不错，推荐", "质量很好，物流很快", "此用户没有填写评价"))
        parts = r.sample(PHRASES, r.randint(2, 6))
        parts.insert(r.randrange(len(parts)), f"{r.choice(SUBJECTS)}{r.randint(2, 90)}{r.choice('克包盒人天元')}")
        return "，".join(parts)

    def add(
        self, product: str, buyer: int, stars: int, at: int, text: str, parcel: int = 5, claimed: int = 0
    ) -> Reviewed:
        """An order, its claim and its review."""
        self.n += 1
        right = f"{self.n:064x}"
        review = Reviewed(right, product, f"L{(at - START) // (90 * DAY)}", buyer, stars, at, text)
        self.world.reviews.append(review)
        line = Bought(f"{self.n:032x}", buyer, self.shop[product], product, at - 5 * DAY, parcel, Delivery.DELIVERED)
        self.world.bought.append(replace(line, claimed=claimed or at - self.random.randrange(DAY)))
        return review

    def stars(self, product: str, always_five: bool = False) -> int:
        """From the product's quality: J-shaped, as in shops."""
        if always_five:
            return 5
        if self.random.random() < 0.08 + 0.1 * (4.8 - self.quality[product]):
            return self.random.choice((1, 1, 2))
        return min(5, max(1, round(self.random.gauss(self.quality[product] + 0.2, 0.8))))

    def honest(self, size: int) -> None:
        """Buyers with tastes, baskets, loyalty; sale days; launches; a third of buyers always give five."""
        r, buyer = self.random, 0
        while len(self.world.reviews) < size:
            buyer += 1
            own = self.of_taste.get(r.randrange(max(2, len(self.products) // 25))) or self.products
            five = r.random() < 0.33
            day = 0.0
            seen: set[str] = set()
            for _ in range(min(40, int(r.paretovariate(0.9)))):
                pool = own if r.random() < 0.6 else self.products
                p = r.choices(pool, [self.weight[q] for q in pool])[0]
                if p in seen:
                    continue
                basket = [p]
                if r.random() < 0.15:  # a second thing of the same shop, in the same parcel
                    basket += [q for q in r.sample(self.products, 1) if self.shop[q] == self.shop[p]] or [
                        q for q in own if self.shop[q] == self.shop[p]
                    ][:1]
                life = DAYS - self.launch[p]
                day = self.launch[p] + min(
                    life - 1e-3, r.expovariate(3 / life) if r.random() < 0.4 else r.random() * life
                )
                if r.random() < 0.12:  # sale days
                    day = r.choice((168, 315)) + 5 + r.random() * 5
                for q in dict.fromkeys(basket):
                    if q in seen:
                        continue
                    seen.add(q)
                    at = START + int((day + r.random() * 0.05) * DAY)
                    self.add(
                        q, buyer, self.stars(q, five), at, self.text(), 0 if r.random() < 0.02 else r.randint(2, 9)
                    )
        for i, review in enumerate(self.world.reviews):
            if r.random() < (0.03 if review.stars <= 2 else 0.003):  # abuse, mostly with few stars
                self.world.reviews[i] = replace(review, withheld="abuse")

    def note(self, sign: Sign, *keys: object) -> None:
        self.world.faked.setdefault(sign, set()).update(keys)

    def campaigns(self) -> None:
        """Five kinds; each is noted under the signs by which it should be seen."""
        r, least = self.random, max(2, len(self.products) // 40)
        sellers = r.sample(self.products, 4 * least)
        for c in range(
            least
        ):  # a ring reviews three to five products of several shops, over days, new accounts beside old
            theirs = sellers[c * 4 : c * 4 + r.randint(3, 4)]
            ring = [self.next_buyer + i for i in range(r.randint(8, 30))]
            self.next_buyer += len(ring)
            copied = [self.text() + "，" + "，".join(r.sample(PHRASES, 4)) for _ in range(4)]
            for p in theirs:
                begin = r.randrange(30, DAYS - 20)
                for b in ring:
                    if r.random() < 0.85:
                        at = START + int((begin + r.random() * 5) * DAY)
                        text = r.choice(copied) if r.random() < 0.3 else self.text()
                        if text in copied and r.random() < 0.5:
                            text += r.choice(("！", "。", "，赞"))
                        review = self.add(p, b, 5, at, text)
                        if words.shingles(words.normalised(text), "zh") and any(text.startswith(t) for t in copied):
                            self.note(Sign.SAME_WORDS, review.right)
                self.note(Sign.BURST, p)
            self.note(Sign.TOGETHER, *ring)
            self.note(Sign.SHARED_REVIEWERS, *((a, b) for a in theirs for b in theirs if a < b))
        busy = [p for p, n in Counter(x.product for x in self.world.reviews).items() if n >= 40]
        for p in r.sample(busy, min(least, len(busy))):  # brushed: once-only accounts, empty parcels, scripted claims
            at = START + int(r.uniform(30, DAYS - 20) * DAY)
            for i in range(r.randint(15, 40)):
                self.next_buyer += 1
                self.add(p, self.next_buyer, 5, at + i * DAY // 4, self.text(), 0, at - DAY + i * 700)
            self.note(Sign.NO_PARCEL, p)
            self.note(Sign.CLAIMED_TOGETHER, self.shop[p])
            self.note(Sign.ONCE_ONLY_STARS, p)
            self.note(Sign.BURST, p)
        for _ in range(least):  # one account buys one thing again and again
            p, b = r.choice(self.products), self.next_buyer + 1
            self.next_buyer += 1
            for i in range(r.randint(6, 15)):
                order = f"{self.n:030x}{i:02x}"
                at = START + 100 * DAY + i * DAY // 3
                self.world.bought.append(Bought(order, b, self.shop[p], p, at, 4, Delivery.DELIVERED))
            self.note(Sign.REPEATED_ORDERS, b)
        worst = sorted(busy, key=lambda p: self.quality[p])[: max(8, len(busy) // 3)]
        for _ in range(least):  # haters and praisers for hire
            self.next_buyer += 1
            high = r.random() < 0.3
            for p in r.sample(worst if high else busy, min(8, len(busy), len(worst))):
                at = START + int(r.random() * DAYS * DAY)
                self.add(p, self.next_buyer, 5 if high else 1, at, self.text())
            self.note(Sign.BUYER_STARS, self.next_buyer)
        for p in r.sample(busy, min(least, len(busy))):  # an operator that withholds what a merchant dislikes
            for i, review in enumerate(self.world.reviews):
                if review.product == p and review.stars <= 2 and r.random() < 0.6:
                    self.world.reviews[i] = replace(review, withheld="off topic")
            self.note(Sign.WITHHELD_STARS, p)


def world(seed: int, size: int, faked: bool) -> World:
    """A market of about `size` reviews."""
    maker = Maker(seed, size)
    maker.honest(size)
    if faked:
        maker.campaigns()
    return maker.world


def said(flag: Flag) -> set[object]:
    """What a flag is about, in the keys of `World.faked`."""
    if flag.sign is Sign.SHARED_REVIEWERS:
        return {flag.products}
    if flag.sign is Sign.CLAIMED_TOGETHER:
        return {flag.evidence["shop"]}
    if flag.sign is Sign.SAME_WORDS:
        return set(flag.rights)
    if flag.sign in (Sign.TOGETHER, Sign.REPEATED_ORDERS, Sign.BUYER_STARS):
        return set(flag.buyers)
    return set(flag.products)


def quality(first: int, worlds: int, size: int) -> list[dict[str, Any]]:
    """Precision and recall for each sign over faked worlds, and flags in as many honest ones."""
    made, met, right, honest, at_least_one = (Counter[Sign]() for _ in range(5))
    for seed in range(first, first + worlds):
        market = world(seed, size, faked=True)
        spoken: dict[Sign, set[object]] = {}
        for flag in inspect(market.reviews, market.bought):
            spoken.setdefault(flag.sign, set()).update(said(flag))
        for sign in Sign:
            truth, seen = market.faked.get(sign, set()), spoken.get(sign, set())
            made[sign] += len(truth)
            met[sign] += len(seen)
            right[sign] += len(truth & seen)
        clean = world(1_000_000 + seed, size, faked=False)
        counted = Counter(flag.sign for flag in inspect(clean.reviews, clean.bought))
        honest.update(counted)
        at_least_one.update(counted.keys())
    return [
        {
            "sign": sign.value,
            "made": made[sign],
            "flagged": met[sign],
            "precision": round(right[sign] / met[sign], 3) if met[sign] and made[sign] else None,
            "recall": round(right[sign] / made[sign], 3) if made[sign] else None,
            "honest_flags": honest[sign],
            "honest_worlds": at_least_one[sign],
            "worlds": worlds,
        }
        for sign in Sign
    ]


def speed(size: int) -> dict[str, Any]:
    """Seconds for each part, beside a plain pass that counts stars by product."""
    market = world(7, size, faked=True)
    rows, lines = market.reviews, market.bought
    parts = {
        "graph": lambda: graph.signs(rows, brushing.shops(lines)),
        "bursts": lambda: bursts.signs(rows),
        "words": lambda: words.signs(rows),
        "deviation": lambda: deviation.signs(rows),
        "suppression": lambda: suppression.signs(rows),
        "brushing": lambda: brushing.signs(lines),
        "all": lambda: inspect(rows, lines),
        "plain pass": lambda: Counter((row.product, row.stars) for row in rows),
    }
    taken: dict[str, Any] = {"reviews": len(rows)}
    for name, work in parts.items():
        started = time.perf_counter()
        work()
        taken[name] = round(time.perf_counter() - started, 3)
    return taken


def read_labelled(path: Path) -> tuple[str, list[Reviewed], set[str], set[int]]:
    """What it is, its reviews, the rights and the buyers that its makers call faked."""
    rows: list[Reviewed] = []
    if path.is_dir():
        named = (line.split(" ", 1) for line in (path / "reviewer.dat").read_text().splitlines())
        odd = {int(number) for number, name in named if "anomaly" in name}
        for i, line in enumerate((path / "review.dat").read_text().splitlines()):
            buyer, product, score = line.split()
            stars = min(5, int(float(score)) + 1)  # scores run from 0 to 5
            rows.append(Reviewed(f"{i:064x}", product, "", int(buyer), stars, START))
        return "rgmining synthetic: buyers", rows, {r.right for r in rows if r.buyer in odd}, odd
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        if file.readline().startswith("deceptive,"):
            faked: set[str] = set()
            for i, (label, hotel, polarity, _, text) in enumerate(csv.reader(file)):
                right = f"{i:064x}"
                rows.append(Reviewed(right, hotel, "", None, 5 if polarity == "positive" else 1, START, text, "en"))
                if label == "deceptive":
                    faked.add(right)
            return "Ott et al.: words", rows, faked, set()
        file.seek(0)
        filtered: set[str] = set()
        for i, (user, product, rating, label, day) in enumerate(csv.reader(file, delimiter="\t")):
            at = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)
            rows.append(Reviewed(f"{i:064x}", product, "", int(user), round(float(rating)), at))
            if label == "-1":
                filtered.add(rows[-1].right)
    return "Yelp metadata: reviews that Yelp filters", rows, filtered, set()


def labelled(path: Path) -> list[dict[str, Any]]:
    """For each sign that speaks: how much of what it speaks of is labelled, beside the share of all."""
    kind, rows, faked, odd = read_labelled(path)
    spoken: dict[str, tuple[set[str], set[int]]] = {}
    for flag in inspect(rows):
        rights, buyers = spoken.setdefault(flag.sign.value, (set(), set()))
        rights.update(flag.rights)
        buyers.update(flag.buyers)
    if odd:
        stars = deviation_ranks(rows, odd)
        spoken_of = {name: (len(b), len(b & odd)) for name, (_, b) in spoken.items()}
        total, all_odd = len({row.buyer for row in rows}), len(odd)
    else:
        stars = {}
        spoken_of = {name: (len(r), len(r & faked)) for name, (r, _) in spoken.items()}
        total, all_odd = len(rows), len(faked)
    table = [{"data": kind, "sign": "(all)", "flagged": total, "labelled": all_odd} | stars]
    table += [{"data": kind, "sign": name, "flagged": n, "labelled": k} for name, (n, k) in sorted(spoken_of.items())]
    for row in table:
        row["precision"] = round(row["labelled"] / row["flagged"], 3) if row["flagged"] else None
        row["recall"] = round(row["labelled"] / all_odd, 3) if all_odd else None
    return table


def deviation_ranks(rows: list[Reviewed], odd: set[int]) -> dict[str, Any]:
    """Without the threshold: how well the mean departure alone ranks labelled buyers (area under the curve)."""
    total: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for row in rows:
        total[row.product] += row.stars
        size[row.product] += 1
    departs: dict[int, list[float]] = {}
    for row in rows:
        if row.buyer is not None and size[row.product] > 1:
            others = (total[row.product] - row.stars) / (size[row.product] - 1)
            departs.setdefault(row.buyer, []).append(row.stars - others)
    score = {buyer: abs(sum(all_) / len(all_)) for buyer, all_ in departs.items()}
    yes, no = [score[b] for b in score if b in odd], [score[b] for b in score if b not in odd]
    wins = sum((a > b) + (a == b) / 2 for a in yes for b in no)
    return {"auc_mean_departure": round(wins / (len(yes) * len(no)), 3)} if yes and no else {}


def show(rows: list[dict[str, Any]]) -> None:
    """A table with one line a row."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    texts = [
        [("-" if row.get(n) is None else f"{row[n]:,}" if isinstance(row[n], int) else str(row[n])) for n in names]
        for row in rows
    ]
    widths = [max(len(n), *(len(line[i]) for line in texts)) for i, n in enumerate(names)]
    for line in [names, *texts]:
        print("  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)), flush=True)
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of reviews for the speed")
    parser.add_argument("--worlds", type=int, default=10, help="markets of each kind, honest and faked")
    parser.add_argument("--world-size", type=int, default=5_000, help="reviews in each of these")
    parser.add_argument("--seed", type=int, default=100, help="of the first market (thresholds were chosen on 0 to 4)")
    parser.add_argument("--labelled", type=Path, help="measure this data set instead")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    arguments = parser.parse_args()
    command = shlex.join(sys.argv)
    if not arguments.json:
        print(f"{command}\n")
    figures: dict[str, list[dict[str, Any]]] = {}
    if arguments.labelled:
        figures["labelled"] = labelled(arguments.labelled)
    else:
        figures["quality"] = quality(arguments.seed, arguments.worlds, arguments.world_size)
        figures["seconds"] = [speed(size) for size in arguments.sizes]
    if arguments.json:
        print(json.dumps({"command": command} | figures))
        return
    for rows in figures.values():
        show(rows)


if __name__ == "__main__":
    main()
