"""Times of EPCIS: RFC 3339 with a zone, as xsd:dateTimeStamp has it (upper-case T and Z, no leap second)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache

_DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,30}))?"
    r"(?:Z|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))\Z"
)
_EPOCH = datetime(1970, 1, 1)


@lru_cache(maxsize=4096)
def _utc(text: str) -> datetime:
    """Without zone, rounded half to even to milliseconds. Raises ValueError or OverflowError."""
    match = _DATE_TIME.match(text)
    if match is None:
        raise ValueError(f"{text} is not an RFC 3339 time with a zone")
    year, month, day, hour, minute, second, fraction, sign, hours, minutes = match.groups()
    moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second))
    milliseconds = int(fraction[:3].ljust(3, "0")) if fraction else 0
    if fraction and len(fraction) > 3:
        rest = fraction[3:].rstrip("0")
        if rest > "5" or (rest == "5" and milliseconds % 2):
            milliseconds += 1
    if sign is None:
        return moment + timedelta(milliseconds=milliseconds) if milliseconds else moment
    offset = int(hours) * 60 + int(minutes)
    return moment + timedelta(minutes=-offset if sign == "+" else offset, milliseconds=milliseconds)


def milliseconds(text: str) -> int:
    """Milliseconds since 1970 UTC, rounded half to even. Raises ValueError for what is not such a time."""
    try:
        return (_utc(text) - _EPOCH) // timedelta(milliseconds=1)
    except OverflowError as error:
        raise ValueError(f"{text} is beyond the calendar") from error


def canonical(text: str) -> str:
    """`YYYY-MM-DDThh:mm:ss.sssZ` of a time, rounded half to even; the text itself where it is none."""
    try:
        return _utc(text).isoformat(timespec="milliseconds") + "Z"
    except (ValueError, OverflowError):
        return text


def from_milliseconds(ms: int) -> str:
    """Milliseconds since 1970 UTC, as a time with zone Z."""
    return (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds") + "Z"
