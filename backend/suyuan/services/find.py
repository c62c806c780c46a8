"""Find: recorded events by the EPCIS query parameters (EPCIS 2.0 section 8.2.7), page by page."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from suyuan.core import subjects
from suyuan.core.epcis import times
from suyuan.core.epcis.identifiers import fault_of, subject_of
from suyuan.core.errors import Malformed, NotFound
from suyuan.storage import events
from suyuan.storage.database import Database
from suyuan.storage.events import Filters

PAGE = 30
MOST = 1000
_CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"


def _time(text: str) -> int:
    try:
        return times.milliseconds(text)
    except ValueError as error:
        raise Malformed(str(error)) from error


def _keys(values: Sequence[str]) -> list[bytes]:
    for value in values:
        if fault := fault_of(value):
            raise Malformed(f"{value}: {fault}", "MATCH")
    return [subjects.key(subject_of(value)) for value in values]


# EPCIS parameter -> field of Filters, and how its values are read
_LISTS: Mapping[str, tuple[str, Callable[[Sequence[str]], Sequence[Any]]]] = {
    "eventType": ("types", list),
    "EQ_action": ("actions", list),
    "EQ_bizStep": ("biz_steps", list),
    "EQ_disposition": ("dispositions", list),
    "EQ_readPoint": ("read_points", list),
    "EQ_bizLocation": ("biz_locations", list),
    "EQ_eventID": ("event_ids", list),
    "MATCH_anyEPC": ("keys", _keys),
    "MATCH_anyEPCClass": ("keys", _keys),
    "MATCH_epc": ("keys", _keys),
    "MATCH_epcClass": ("keys", _keys),
}
_TIMES = {
    "GE_eventTime": "event_time_from",
    "LT_eventTime": "event_time_before",
    "GE_recordTime": "record_time_from",
    "LT_recordTime": "record_time_before",
}
_PAGING = ("perPage", "nextPageToken")


@dataclass(frozen=True, slots=True)
class Page:
    """An EPCISQueryDocument as JSON text, and the token of the next page, if there is one."""

    text: bytes
    next: str | None


class Finder:
    """Answers event queries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def query(self, parameters: Mapping[str, str]) -> Page:
        """Events that meet every parameter; within one, `|` separates what may match. Raises Malformed."""
        filters: dict[str, Any] = {}
        for name, value in parameters.items():
            if "\0" in value:
                raise Malformed("holds a character that no text has", name)
            if name in _LISTS:
                field, read = _LISTS[name]
                filters[field] = [*filters.get(field, ()), *read(value.split("|"))]
            elif name in _TIMES:
                filters[_TIMES[name]] = _time(value)
            elif name not in _PAGING:
                raise Malformed("is not a parameter that is known here", name)
        most = _whole(parameters.get("perPage", str(PAGE)), "perPage", 1, MOST)
        after = _whole(parameters.get("nextPageToken", "0"), "nextPageToken", 0, 2**62)
        with self._database.read() as connection:
            found = events.find(connection, Filters(**filters), after, most + 1)
        return Page(_document(found[:most]), str(found[most].first) if len(found) > most else None)

    def event(self, name: str) -> bytes:
        """The documents of one event, by its id or hash, as an EPCISQueryDocument. Raises NotFound."""
        hashes: list[bytes] = []
        if "\0" in name:
            raise NotFound("no event has such an id")
        if name.startswith("ni:///sha-256;"):
            try:
                hashes = [bytes.fromhex(name.removeprefix("ni:///sha-256;")[:64])]
            except ValueError as error:
                raise Malformed("not an event hash", "eventID") from error
        with self._database.read() as connection:
            found = events.find(connection, Filters(event_ids=[name], hashes=hashes), 0, MOST)
        if not found:
            raise NotFound(f"no event {name}")
        return _document(found)


def _whole(text: str, where: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise Malformed(f"a number from {least} to {most} is wanted", where)
    return int(text)


def _document(found: Sequence[events.Found]) -> bytes:
    results = []
    for one in found:
        event = orjson.loads(one.document)
        event["recordTime"] = times.from_milliseconds(one.recorded_at)
        event.setdefault("eventID", f"ni:///sha-256;{one.event.hex()}?ver=CBV2.0")
        results.append(event)
    return orjson.dumps(
        {
            "@context": [_CONTEXT],
            "type": "EPCISQueryDocument",
            "schemaVersion": "2.0",
            "creationDate": times.from_milliseconds(int(time.time() * 1000)),
            "epcisBody": {"queryResults": {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": results}}},
        }
    )
