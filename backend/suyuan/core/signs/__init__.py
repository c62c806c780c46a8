"""Signs of faking, shown and not judged: what departs from chance, with the numbers to recompute it.

Pure: rows in, flags out, the same whatever the rows' order. A flag is a reason to look, never to withhold.
"""

from __future__ import annotations

from collections.abc import Iterable

from suyuan.core.signs import brushing, bursts, deviation, graph, suppression, words
from suyuan.core.signs.model import Bought, Flag, Reviewed


def inspect(reviews: Iterable[Reviewed], bought: Iterable[Bought] = ()) -> list[Flag]:
    """Every sign, strongest first. Each is corrected for the comparisons within it, at most `model.ALPHA`."""
    rows = sorted(reviews, key=lambda row: (row.at, row.right))
    lines = sorted(bought, key=lambda line: (line.at, line.order, line.product))
    flags = [
        *graph.signs(rows, brushing.shops(lines)),
        *bursts.signs(rows),
        *words.signs(rows),
        *deviation.signs(rows),
        *suppression.signs(rows),
        *brushing.signs(lines),
    ]
    return sorted(flags, key=lambda flag: flag.order)
