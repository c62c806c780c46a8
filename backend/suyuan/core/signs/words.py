"""Near-duplicate words: MinHash with bands, each candidate then held to the exact Jaccard similarity.

    words -> NFKC, case folded, letters and digits alone -> shingles (3 characters of Chinese, 3 words of others)
          -> 64 minima of one hash of each shingle (one permutation; an empty bin is filled from a full one elsewhere)
          -> 16 bands of 4: similarity s meets in some band with chance 1 - (1 - s^4)^16, 0.99 at 0.7

Broder 1997; Li, Owen, Zhang 2012 (one permutation); Shrivastava 2017 (filling from bins drawn afresh).
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from suyuan.core.signs.model import Flag, Measure, Reviewed, Sign, Strength

SIMILAR = 0.7
"""Jaccard from which two reviews are the same but for a word or two; two honest ones of a product seldom reach 0.2."""
MIN_CHARACTERS = 15
"""Shorter Chinese is said by everyone: 质量很好，物流很快，值得购买 (12)."""
MIN_WORDS = 8
"""The same for others: "great product, fast delivery, would buy again" (7)."""
MAX_CHARACTERS = 20_000
"""What follows is not read."""
BINS, BANDS = 64, 16
COMPARED = 8
"""A text is compared with the first and the last few of its bucket: linear work, however full."""
PAIRS_SHOWN = 100
_BY_CHARACTER = ("zh", "ja", "th", "km", "lo", "my", "yue", "wuu")
_SHINGLE = 3


def _probes(place: int) -> tuple[int, ...]:
    """A bin, then all bins in an order of its own: where it is filled from."""
    return (place, *sorted(range(BINS), key=lambda i: blake2b(bytes((place, i)), digest_size=8).digest()))


_PROBES = tuple(map(_probes, range(BINS)))


def normalised(words: str) -> str:
    """Letters and digits, case folded, in words with one space between."""
    folded = unicodedata.normalize("NFKC", words[:MAX_CHARACTERS]).casefold()[:MAX_CHARACTERS]
    return " ".join("".join(c if c.isalnum() else " " for c in folded).split())


def shingles(words: str, language: str) -> frozenset[str]:
    """The shingles of normalised words; empty where they are too short to be evidence."""
    if language.split("-")[0].lower() in _BY_CHARACTER:
        text = words.replace(" ", "")
        if len(text) < MIN_CHARACTERS:
            return frozenset()
        return frozenset(text[i : i + _SHINGLE] for i in range(len(text) - _SHINGLE + 1))
    parts = words.split()
    if len(parts) < MIN_WORDS:
        return frozenset()
    return frozenset(" ".join(parts[i : i + _SHINGLE]) for i in range(len(parts) - _SHINGLE + 1))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared shingles over all shingles."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if one or other else 0.0


class Hasher:
    """Sketches of shingles, the same on every machine; keeps the hashes of shingles it has met."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def sketch(self, items: Iterable[str]) -> tuple[int, ...]:
        """BINS minima; where two sketches agree in a share s of bins, the Jaccard similarity is about s."""
        known = self._known
        minima: dict[int, int] = {}
        for item in items:
            value = known.get(item)
            if value is None:
                digest = blake2b(item.encode("utf-8", "surrogatepass"), digest_size=8).digest()
                value = known[item] = int.from_bytes(digest, "big")
            place, rest = value % BINS, value // BINS
            if minima.get(place, rest) >= rest:
                minima[place] = rest
        if not minima:
            return ()
        filled = []
        for place in range(BINS):
            source = next(p for p in _PROBES[place] if p in minima)
            filled.append(minima[source] * BINS + source)
        return tuple(filled)


def estimate(one: Sequence[int], other: Sequence[int]) -> float:
    """Similarity as two sketches tell it."""
    return sum(a == b for a, b in zip(one, other, strict=True)) / len(one) if one else 0.0


def signs(reviews: Iterable[Reviewed]) -> list[Flag]:
    """One flag for each cluster of texts that hang together by SIMILAR, where more than one buyer wrote them."""
    rows = sorted(reviews, key=lambda r: (r.at, r.right))
    texts: dict[tuple[str, bool], list[Reviewed]] = defaultdict(list)
    for review in rows:
        by_character = review.language.split("-")[0].lower() in _BY_CHARACTER
        texts[normalised(review.words), by_character].append(review)
    kinds: list[list[Reviewed]] = []
    sets: list[frozenset[str]] = []
    for (text, by_character), same in texts.items():
        items = shingles(text, "zh" if by_character else "en")
        if items:
            kinds.append(same)
            sets.append(items)
    similar = _similar(sets)
    return [
        flag
        for members, pairs in _clusters(len(kinds), similar)
        if (flag := _flag([kinds[i] for i in members], [(kinds[i][0], kinds[j][0], similar[i, j]) for i, j in pairs]))
    ]


def _similar(sets: Sequence[frozenset[str]]) -> dict[tuple[int, int], float]:
    """Verified pairs of texts and their similarity."""
    hasher, width = Hasher(), BINS // BANDS
    buckets: dict[tuple[int, tuple[int, ...]], list[int]] = defaultdict(list)
    for i, items in enumerate(sets):
        sketch = hasher.sketch(items)
        for band in range(BANDS):
            buckets[band, sketch[band * width : (band + 1) * width]].append(i)
    met: dict[tuple[int, int], float] = {}
    for bucket in buckets.values():
        for at, j in enumerate(bucket):
            for i in {*bucket[: min(at, COMPARED)], *bucket[max(0, at - COMPARED) : at]}:
                if (i, j) not in met:
                    small, large = sorted((len(sets[i]), len(sets[j])))
                    met[i, j] = jaccard(sets[i], sets[j]) if small >= SIMILAR * large else 0.0
    return {pair: value for pair, value in met.items() if value >= SIMILAR}


def _clusters(n: int, similar: Iterable[tuple[int, int]]) -> list[tuple[list[int], list[tuple[int, int]]]]:
    """Texts that hang together, and the pairs by which they do."""
    root = list(range(n))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    pairs = sorted(similar)
    for i, j in pairs:
        one, other = find(i), find(j)
        root[max(one, other)] = min(one, other)
    found: dict[int, tuple[list[int], list[tuple[int, int]]]] = {}
    for i in range(n):
        found.setdefault(find(i), ([], []))[0].append(i)
    for i, j in pairs:
        found[find(i)][1].append((i, j))
    return list(found.values())


def _flag(texts: Sequence[list[Reviewed]], met: Iterable[tuple[Reviewed, Reviewed, float]]) -> Flag | None:
    """`texts`: the reviews of each text of a cluster; `met`: similar ones of different texts."""
    rows = [row for same in texts for row in same]
    if len({row.right if row.buyer is None else row.buyer for row in rows}) < 2:
        return None
    pairs = [(same[0].right, row.right, 1.0) for same in texts for row in same[1:]]
    pairs += [(one.right, other.right, similarity) for one, other, similarity in met]
    pairs.sort(key=lambda pair: (-pair[2], pair))
    least = pairs[-1][2]
    products = tuple(sorted({row.product for row in rows}))
    return Flag(
        Sign.SAME_WORDS,
        Strength(Measure.SIMILARITY, pairs[0][2]),
        {
            "pairs": [{"rights": [a, b], "similarity": s} for a, b, s in pairs[:PAIRS_SHOWN]],
            "pairs_met": len(pairs),
            "least": least,
            "shingle": _SHINGLE,
            "test": "exact Jaccard of shingles",
        },
        f"{len(rows)} reviews of {len(products)} products have the same words, or nearly (from {least:.2f}).",
        f"{len(products)} 个商品的 {len(rows)} 条评价文字相同或几乎相同（相似度 {least:.2f} 起）。",
        products=products,
        rights=tuple(sorted(row.right for row in rows)),
        buyers=tuple(sorted({row.buyer for row in rows if row.buyer is not None})),
    )
