"""Charts as inline SVG: pure, no scripts, no style attributes (a strict Content-Security-Policy allows none).

Colours are custom properties of the page that shows them, with fallbacks that read on light and on dark; series differ
by their strokes, too, since colour alone tells nothing to many. Everything that is given is escaped. A title is a name
for screen readers: whoever shows the chart writes the heading above it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

WIDTH = 400  # of the viewBox: its text stays readable where the chart is as narrow as a phone
_HEIGHT = 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 24, 38
_MOST_POINTS = 240
_ROW, _NUMBERS = 20, 56  # of bars: a row's height, and how wide numbers are
_LONGEST_NAME = 26  # columns, of which a Chinese character takes two
_COLUMN = 7.4  # units of a Latin letter; a Chinese one takes two

_INK, _SOFT, _RULE = "var(--ink, currentColor)", "var(--soft, #8a8377)", "var(--rule, #8a837766)"
_STROKES = (
    ("var(--cinnabar, #c4483a)", ""),
    ("var(--jade, #2f8a6d)", "6 3"),
    ("var(--amber, #a8761a)", "2 3"),
    (_INK, "9 3 2 3"),
)
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DAY = 86_400
_TIME_STEPS = (
    *(1, 2, 5, 10, 30), *(60 * n for n in (1, 2, 5, 10, 30)), *(3600 * n for n in (1, 2, 3, 6, 12)),
    *(_DAY * n for n in (1, 2, 7, 14, 30, 90, 180, 365)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Series:
    """A line: its name, and (x, y) in the order in which they are joined. What is no number is left out."""

    name: str
    points: Sequence[tuple[float, float]]


def line_chart(title: str, series: Sequence[Series], *, x_label: str, y_label: str, x_times: bool = False) -> str:
    """Lines over a common x, which is unix seconds where `x_times`. The y axis always has 0 on it."""
    lines = [Series(one.name, _thinned([p for p in one.points if all(map(_drawable, p))])) for one in series]
    lines = [one for one in lines if one.points]
    if not lines:
        return _frame(title, "–", _HEIGHT, _text(WIDTH / 2, _HEIGHT / 2, "–", "middle"))
    xs = [x for one in lines for x, _ in one.points]
    ys = [y for one in lines for _, y in one.points]
    left, right = _range(min(xs), max(xs), 3600 if x_times else 1)
    low, high = min(0.0, *ys), max(1.0 if not any(ys) else 0.0, *ys)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - left) / (right - left) * (WIDTH - _LEFT - _RIGHT)
        return round(_LEFT + across, 1), round(_TOP + (high - y) / (high - low) * (_HEIGHT - _TOP - _BOTTOM), 1)

    when = _clock(left, right) if x_times else short
    parts = []
    for y in ticks(low, high, 5):
        level = place(left, y)[1]
        parts.append(f'<path d="M{_LEFT} {level}H{WIDTH - _RIGHT}" stroke="{_RULE}"/>')
        parts.append(_text(_LEFT - 6, level + 4, short(y), "end"))
    for x in _time_ticks(left, right) if x_times else ticks(left, right):
        across = place(x, low)[0]
        parts.append(f'<path d="M{across} {_HEIGHT - _BOTTOM}v4" stroke="{_SOFT}"/>')
        anchor = "end" if across > WIDTH - _RIGHT - 16 else "middle"
        parts.append(_text(across, _HEIGHT - _BOTTOM + 16, when(x), anchor))
    x_label = f"{x_label} ({_days(left, right)} UTC)" if x_times else x_label
    parts.append(_text(_LEFT, _TOP - 12, y_label, soft=True))
    parts.append(_text(WIDTH - _RIGHT, _HEIGHT - 6, x_label, "end", soft=True))
    for n, one in enumerate(lines):
        colour, dashes = _STROKES[n % len(_STROKES)]
        at = [place(x, y) for x, y in one.points]
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        if len(at) == 1:
            parts.append(f'<circle cx="{at[0][0]}" cy="{at[0][1]}" r="3" fill="{colour}"/>')
        else:
            joined = " ".join(f"{x:g},{y:g}" for x, y in at)
            parts.append(f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="1.6"{dash}/>')
        if len(lines) > 1:
            begin, level = _LEFT + 6, _TOP + 8 + 15 * n
            parts.append(f'<path d="M{begin} {level}h22" stroke="{colour}" stroke-width="1.6"{dash}/>')
            parts.append(_text(begin + 28, level + 4, one.name))
    said = [
        f"{one.name}: {short(min(y for _, y in one.points))} – {short(max(y for _, y in one.points))}" for one in lines
    ]
    return _frame(title, f"{y_label}. {'; '.join(said)}. {x_label}: {when(left)} – {when(right)}", _HEIGHT, *parts)


def bar_chart(title: str, bars: Sequence[tuple[str, float]], *, y_label: str) -> str:
    """A row for each bar, with its name and its number (0 or more); `y_label` says of what."""
    height = _TOP + _ROW * max(len(bars), 1) + 8
    left = 12 + _COLUMN * max((_columns(_cut(name)) for name, _ in bars), default=0)
    longest = max((value for _, value in bars if _drawable(value)), default=0) or 1
    parts = [_text(0, _TOP - 10, y_label, soft=True)]
    for n, (name, value) in enumerate(bars):
        top = _TOP + _ROW * n
        share = min(max(value / longest, 0), 1) if _drawable(value) else 0
        long = max(round(share * (WIDTH - left - _NUMBERS), 1), 1 if share else 0)
        parts.append(
            f"<g><title>{_safe(name)}: {short(value)}</title>"
            f"{_text(left - 8, top + 14, _cut(name), 'end')}"
            f'<rect x="{left:g}" y="{top + 4}" width="{long}" height="{_ROW - 8}" fill="{_STROKES[0][0]}"/>'
            f"{_text(left + long + 6, top + 14, short(value))}</g>"
        )
    parts.append(f'<path d="M{left:g} {_TOP}v{height - _TOP - 8}" stroke="{_SOFT}"/>')
    said = "; ".join(f"{name}: {short(value)}" for name, value in bars)
    return _frame(title, f"{y_label}. {said or '–'}", height, *parts)


def ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Round values from `low` to `high`, in steps of 1, 2 or 5 times a power of ten, at most `most` steps."""
    span = high - low
    power = math.floor(math.log10(span / most))
    step = next(s * 10.0**p for p in (power, power + 1) for s in (1, 2, 5) if span / (s * 10.0**p) <= most)
    first = math.ceil(low / step)
    return [n * step for n in range(first, first + most + 2) if low <= n * step <= high]


def short(value: float) -> str:
    """A number as axes show it: three digits, then k, M or G."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _safe(text: str) -> str:
    """Text as XML holds it; what XML cannot hold is shown as one that is not known."""
    return escape(_NO_XML.sub("\ufffd", text))


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """Few enough to draw: of each stretch its lowest and its highest, and always the first and the last."""
    if len(points) <= _MOST_POINTS:
        return points
    step = math.ceil(2 * len(points) / (_MOST_POINTS - 2))
    kept = {0, len(points) - 1}
    for begin in range(0, len(points), step):
        stretch = range(begin, min(begin + step, len(points)))
        kept.add(min(stretch, key=lambda n: points[n][1]))
        kept.add(max(stretch, key=lambda n: points[n][1]))
    return [points[n] for n in sorted(kept)]


def _range(low: float, high: float, around: float) -> tuple[float, float]:
    if low < high:
        return low, high
    around = max(around, abs(low) * 1e-9)
    return low - around, high + around


def _drawable(value: float) -> bool:
    return abs(value) < 1e300  # neither NaN nor so great that a range overflows


def _time_ticks(begin: float, end: float) -> Iterator[float]:
    step = next((s for s in _TIME_STEPS if (end - begin) / s <= 4), None)
    if step is None:
        step = _TIME_STEPS[-1] * math.ceil((end - begin) / _TIME_STEPS[-1] / 4)
    first = math.ceil(begin / step)
    yield from (n * step for n in range(first, first + 6) if n * step <= end)


def _clock(begin: float, end: float) -> Callable[[float], str]:
    span = end - begin
    form = "%H:%M:%S" if span < 240 else "%H:%M" if span < 2 * _DAY else "%m-%d" if span < 400 * _DAY else "%Y-%m"
    return lambda at: f"{_time(at):{form}}"


def _days(begin: float, end: float) -> str:
    first, last = f"{_time(begin):%Y-%m-%d}", f"{_time(end):%Y-%m-%d}"
    return first if first == last else f"{first} – {last}"


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(min(max(at, 0), 253_402_300_799), UTC)  # a datetime ends with the year 9999


def _columns(text: str) -> int:
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)


def _cut(name: str) -> str:
    if _columns(name) <= _LONGEST_NAME:
        return name
    kept = name[:_LONGEST_NAME]
    while _columns(kept) >= _LONGEST_NAME:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def _text(x: float, y: float, text: str, anchor: str = "start", *, soft: bool = False) -> str:
    anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:g}" y="{y:g}"{anchored} fill="{_SOFT if soft else _INK}">{_safe(text)}</text>'


def _frame(title: str, said: str, height: float, *parts: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="100%" role="img" '
        f'font-family="system-ui, sans-serif" font-size="11"><title>{_safe(title)}</title><desc>{_safe(said)}</desc>'
        f"{''.join(parts)}</svg>"
    )
