"""A curve tells what left the agreed range by shape and words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.services.look_up import Reading, Series
from suyuan.web.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, clock, draw


def _series(*values: float, low: float | None = None, high: float | None = None) -> Series:
    def alarm(v: float) -> bool:
        return (low is not None and v < low) or (high is not None and v > high)

    readings = tuple(Reading(n * 600_000, v, alarm(v)) for n, v in enumerate(values))
    return Series("Temperature", "CEL", readings, low, high, min(values), max(values))


def test_only_what_left_the_range_is_marked_and_the_worst_is_named() -> None:
    chart = draw(_series(4, 9, 12, 5, high=8, low=2), "+08:00")
    assert chart is not None
    assert len(chart.marks) == 2
    assert len(chart.breaches) == 1
    assert chart.peak is not None
    assert chart.peak.text == "12"
    assert chart.band is not None


def test_without_limits_there_is_no_band_and_no_mark() -> None:
    chart = draw(_series(4, 9, 5), "+08:00")
    assert chart is not None
    assert (chart.band, chart.marks, chart.peak, chart.high, chart.low) == (None, (), None, None, None)


@pytest.mark.parametrize("values", [(4.0,)])
def test_one_reading_is_no_curve(values: tuple[float, ...]) -> None:
    assert draw(_series(*values), "+08:00") is None


def test_many_readings_are_thinned_but_never_the_ones_that_matter() -> None:
    values = [5.0] * 5000
    values[1234] = 30.0
    chart = draw(_series(*values, high=8), "+08:00")
    assert chart is not None
    assert len(chart.line.split()) <= 402
    assert len(chart.marks) == 1


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50),
    st.none() | st.floats(-1e6, 1e6),
    st.none() | st.floats(-1e6, 1e6),
)
def test_every_point_is_inside_the_frame(values: list[float], low: float | None, high: float | None) -> None:
    chart = draw(_series(*values, low=low, high=high), "-05:30")
    assert chart is not None
    for point in chart.line.split():
        x, y = map(float, point.split(","))
        assert LEFT <= x <= WIDTH - RIGHT
        assert TOP <= y <= HEIGHT - BOTTOM


def test_clocks_are_those_of_the_place() -> None:
    assert [clock(0, "+08:00"), clock(0, "-03:30")] == ["01-01 08:00", "12-31 20:30"]
