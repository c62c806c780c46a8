"""Times: what is one, and how it is written in a pre-hash string."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.core.epcis import times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T10:00:00Z", "2026-11-24T10:00:00.000Z"),
        ("2026-11-24T10:00:00.5+08:00", "2026-11-24T02:00:00.500Z"),
        ("2026-11-24T23:30:00-06:30", "2026-11-25T06:00:00.000Z"),
        ("2023-02-02T11:04:03.1415Z", "2023-02-02T11:04:03.142Z"),
        ("2023-02-02T11:04:03.1414999Z", "2023-02-02T11:04:03.141Z"),
        ("2023-02-02T11:04:03.1425Z", "2023-02-02T11:04:03.142Z"),
        ("2023-02-02T11:04:03.14250000001Z", "2023-02-02T11:04:03.143Z"),
        ("2023-12-31T23:59:59.9996Z", "2024-01-01T00:00:00.000Z"),
        ("0999-01-01T00:00:00Z", "0999-01-01T00:00:00.000Z"),
    ],
)
def test_a_time_is_written_in_utc_with_milliseconds_rounded_half_to_even(text: str, expected: str) -> None:
    assert expected == times.canonical(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-24",
        "2026-11-24T10:00:00",
        "2026-11-24 10:00:00Z",
        "2026-11-24t10:00:00z",
        "2026-11-24T10:00Z",
        "2026-02-30T10:00:00Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T23:59:60Z",
        "2026-11-24T10:00:00.Z",
        "2026-11-24T10:00:00+0800",
        "2026-11-24T10:00:00+24:00",
        "2026-11-24T10:00:00Z\n",
        "٢٠٢٦-11-24T10:00:00Z",
        "9999-12-31T23:59:59.9999Z",
    ],
)
def test_what_is_no_time_is_refused_and_stays_as_it_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"RFC 3339|range|month|hour|second|calendar"):
        times.milliseconds(text)
    assert text == times.canonical(text)


@given(
    st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)),
    st.integers(-14 * 60, 14 * 60),
)
def test_the_zone_in_which_a_time_is_written_does_not_matter(moment: datetime, minutes: int) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert times.canonical(moment.isoformat()) == times.canonical(elsewhere.isoformat())
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert expected == times.milliseconds(elsewhere.isoformat())
