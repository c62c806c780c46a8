"""Charts: what they draw stays inside their frame, says itself to who cannot see it, and lets nothing of a page in."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.charts import WIDTH, Series, bar_chart, line_chart, short, ticks

SVG = "{http://www.w3.org/2000/svg}"
NOVEMBER = 1_795_500_000  # 2026-11-24 06:00 UTC
HOSTILE = '</title><script>alert("1")</script>&<img src=x onerror=alert(1)>'

numbers = st.floats(allow_nan=True, allow_infinity=True, width=32)
lines = st.lists(
    st.builds(Series, st.text(max_size=30), st.lists(st.tuples(numbers, numbers), max_size=50)), max_size=5
)


def drawn(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in drawn(svg).iter(f"{SVG}text")]


def points(svg: str) -> list[list[tuple[float, float]]]:
    lines = [one.attrib["points"].split() for one in drawn(svg).iter(f"{SVG}polyline")]
    return [[tuple(map(float, one.split(",")))[:2] for one in line] for line in lines]  # type: ignore[misc]


def line(values: list[float], **more: bool) -> str:
    return line_chart("Size", [Series("sealed", list(enumerate(values)))], x_label="seal", y_label="entries", **more)


def test_a_line_rises_where_its_values_do() -> None:
    (line_,) = points(line([1, 2, 4]))
    assert [x for x, _ in line_] == sorted(x for x, _ in line_)
    assert [y for _, y in line_] == sorted((y for _, y in line_), reverse=True)  # in SVG, up is less


def test_an_axis_begins_at_zero_so_that_a_small_change_does_not_look_great() -> None:
    assert "0" in texts(line([1000, 1001]))
    assert {"-2", "0"} <= set(texts(line([-2, 3])))


def test_times_are_days_where_days_are_shown_and_clocks_where_hours_are() -> None:
    days = line_chart(
        "t", [Series("s", [(NOVEMBER, 1), (NOVEMBER + 4 * 86_400, 2)])], x_label="time", y_label="y", x_times=True
    )
    assert {"11-25", "11-27", "time (2026-11-24 – 2026-11-28 UTC)"} <= set(texts(days))
    hours = line_chart(
        "t", [Series("s", [(NOVEMBER, 1), (NOVEMBER + 7200, 2)])], x_label="time", y_label="y", x_times=True
    )
    assert {"06:00", "07:30", "time (2026-11-24 UTC)"} <= set(texts(hours))


def test_one_point_is_a_dot_and_none_is_said_to_be_none() -> None:
    one = drawn(line_chart("t", [Series("s", [(NOVEMBER, 3)])], x_label="x", y_label="y", x_times=True))
    assert (len(list(one.iter(f"{SVG}circle"))), len(list(one.iter(f"{SVG}polyline")))) == (1, 0)
    assert texts(line_chart("t", [], x_label="x", y_label="y")) == ["–"]


def test_several_lines_are_told_apart_by_stroke_and_named() -> None:
    svg = line_chart("t", [Series(name, [(0, 1), (1, 2)]) for name in "abcd"], x_label="x", y_label="y")
    strokes = [one.attrib.get("stroke-dasharray") for one in drawn(svg).iter(f"{SVG}polyline")]
    assert len(set(strokes)) == 4
    assert set("abcd") <= set(texts(svg))


def test_a_long_line_is_thinned_and_keeps_its_peaks_and_its_ends() -> None:
    values = [5.0] * 100_000
    values[51_234] = 900.0
    svg = line(values)
    (thin,) = points(svg)
    assert len(thin) <= 242
    assert len(svg) < 8000
    assert (thin[0][0], thin[-1][0]) == points(line([5.0, 900.0]))[0][0][:1] + points(line([5.0, 900.0]))[0][1][:1]
    assert min(y for _, y in thin) == points(line([5.0, 900.0]))[0][1][1]


def test_bars_are_as_long_as_their_values_and_a_little_is_not_nothing() -> None:
    svg = bar_chart("Kinds", [("checkpoint", 1000), ("review", 500), ("recall", 0.001), ("case", 0)], y_label="entries")
    long = [float(one.attrib["width"]) for one in drawn(svg).iter(f"{SVG}rect")]
    assert long[0] == 2 * long[1]
    assert long[2:] == [1, 0]
    assert {"1k", "500", "0.001", "0"} <= set(texts(svg))


def test_a_long_name_is_cut_and_whole_in_its_title() -> None:
    name = "商品溯源与真实评价账本的读者无需相信记录者"
    svg = bar_chart("t", [(name, 1)], y_label="y")
    assert "商品溯源与真实评价账本的…" in texts(svg)
    assert [one.text for one in drawn(svg).iter(f"{SVG}title")] == ["t", f"{name}: 1"]


@pytest.mark.parametrize(
    "svg",
    [
        line_chart(HOSTILE, [Series(HOSTILE, [(0, 1), (1, 2)])] * 2, x_label=HOSTILE, y_label=HOSTILE),
        bar_chart(HOSTILE, [(HOSTILE, 1)], y_label=HOSTILE),
    ],
)
def test_what_is_given_is_text_and_never_markup(svg: str) -> None:
    assert {one.tag.removeprefix(SVG) for one in drawn(svg).iter()} <= {
        "svg", "title", "desc", "g", "path", "text", "rect", "polyline", "circle",
    }  # fmt: skip
    assert drawn(svg).findtext(f"{SVG}title") == HOSTILE


def test_a_chart_says_itself_to_who_cannot_see_it_and_brings_no_style() -> None:
    for svg in (line([1, 4, 2]), bar_chart("Kinds", [("review", 5)], y_label="entries")):
        root = drawn(svg)
        assert (root.attrib["role"], root[0].tag, root[1].tag) == ("img", f"{SVG}title", f"{SVG}desc")
        assert "style" not in svg
        assert not re.search(r"#[0-9a-f]{6}\b(?!\)|66)", svg)  # every colour is a fallback
    assert "sealed: 1 – 4" in str(drawn(line([1, 4, 2])).findtext(f"{SVG}desc"))


@given(lines, st.booleans())
def test_every_line_is_inside_its_frame(series: list[Series], x_times: bool) -> None:
    svg = line_chart("t", series, x_label="x", y_label="y", x_times=x_times)
    assert "nan" not in svg
    for x, y in (point for one in points(svg) for point in one):
        assert 0 <= x <= WIDTH
        assert 0 <= y <= 220


@given(st.lists(st.tuples(st.text(max_size=30), numbers), max_size=20))
def test_every_bar_is_inside_its_frame(bars: list[tuple[str, float]]) -> None:
    for one in drawn(bar_chart("t", bars, y_label="y")).iter(f"{SVG}rect"):
        assert 0 <= float(one.attrib["width"]) <= WIDTH - float(one.attrib["x"])


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.integers(2, 6))
def test_ticks_are_few_in_order_and_inside(low: float, span: float, most: int) -> None:
    high = low + span
    met = ticks(low, high, most) if high > low else []
    assert met == sorted(met)
    assert len(met) <= most + 1
    assert all(low <= one <= high for one in met)


def test_numbers_are_short() -> None:
    assert [short(n) for n in (0, 0.25, 12, 999, 1234, 1_234_567, 5e9, -1500)] == [
        "0", "0.25", "12", "999", "1.23k", "1.23M", "5G", "-1.5k",
    ]  # fmt: skip
