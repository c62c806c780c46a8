"""A sensor's series as an SVG curve: the agreed range as a band, what left it marked by shape and words.

Presentation is by class names alone, since the page's policy allows no inline styles.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from suyuan.charts import ticks
from suyuan.services.look_up import Reading, Series

WIDTH, HEIGHT = 400, 170
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 22, 24
_MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place; `anchor` as SVG has it."""

    x: float
    y: float
    text: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template draws, in the units of its viewBox."""

    line: str
    breaches: tuple[str, ...]
    marks: tuple[tuple[float, float], ...]
    band: tuple[float, float] | None
    high: float | None
    low: float | None
    peak: Label | None
    ticks: tuple[Label, ...]
    times: tuple[Label, ...]


def clock(at: float, offset: str) -> str:
    """A time (milliseconds) by the clock of an offset like +08:00."""
    sign = -1 if offset.startswith("-") else 1
    zone = timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6])))
    return f"{datetime.fromtimestamp(at / 1000, zone):%m-%d %H:%M}"


def _thinned(readings: tuple[Reading, ...]) -> list[Reading]:
    """At most so many, among them every one that left the range."""
    step = -(-len(readings) // _MOST_POINTS)
    return [r for n, r in enumerate(readings) if n % step == 0 or r.alarm or n == len(readings) - 1]


def draw(series: Series, offset: str) -> Chart | None:
    """The curve of a series with at least two readings; times by the clock of `offset` (+08:00)."""
    points = _thinned(series.readings)
    if len(points) < 2 or points[0].at == points[-1].at:
        return None
    bounds = [v for v in (series.low, series.high, series.least, series.most) if v is not None]
    pad = (max(bounds) - min(bounds)) * 0.08 or 1
    low, high = min(bounds) - pad, max(bounds) + pad
    begin, end = points[0].at, points[-1].at

    def x(at: float) -> float:
        return round(LEFT + (at - begin) / (end - begin) * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    outside = [r for r in points if r.alarm]
    worst = max(outside, key=lambda r: _distance(r.value, series), default=None)
    runs: list[list[Reading]] = []
    for r in points:
        if r.alarm:
            runs[-1].append(r) if runs and runs[-1] else runs.append([r])
        elif runs and runs[-1]:
            runs.append([])
    top = y(series.high) if series.high is not None else TOP
    bottom = y(series.low) if series.low is not None else HEIGHT - BOTTOM
    peak = None
    if worst is not None:
        peak = Label(min(max(x(worst.at), 60), WIDTH - 40), y(worst.value) - 10, f"{worst.value:g}", "middle")
    return Chart(
        line=" ".join(f"{x(r.at)},{y(r.value)}" for r in points),
        breaches=tuple(" ".join(f"{x(r.at)},{y(r.value)}" for r in run) for run in runs if len(run) > 1),
        marks=tuple((x(r.at), y(r.value)) for r in outside),
        band=(top, bottom) if series.low is not None or series.high is not None else None,
        high=None if series.high is None else top,
        low=None if series.low is None else bottom,
        peak=peak,
        ticks=tuple(Label(LEFT - 8, y(v) + 4, f"{v:g}", "end") for v in ticks(low, high)),
        times=(
            Label(LEFT, HEIGHT - 6, clock(begin, offset)),
            Label(WIDTH - RIGHT, HEIGHT - 6, clock(end, offset), "end"),
        ),
    )  # fmt: skip


def _distance(value: float, series: Series) -> float:
    over = value - series.high if series.high is not None else 0
    under = series.low - value if series.low is not None else 0
    return max(over, under)
