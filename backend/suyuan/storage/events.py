"""Finding recorded events by the EPCIS query filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, or_, select

from suyuan.core.entries import Kind
from suyuan.storage.tables import entries, records


@dataclass(frozen=True, slots=True)
class Filters:
    """All of them must be met; each list is met by any of its members. Times in ms; `keys`: of subjects named."""

    types: Sequence[str] = ()
    actions: Sequence[str] = ()
    biz_steps: Sequence[str] = ()
    dispositions: Sequence[str] = ()
    read_points: Sequence[str] = ()
    biz_locations: Sequence[str] = ()
    event_ids: Sequence[str] = ()
    hashes: Sequence[bytes] = ()
    keys: Sequence[bytes] = ()
    event_time_from: int | None = None
    event_time_before: int | None = None
    record_time_from: int | None = None
    record_time_before: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A recorded event: its place in the journal, its hash (32 bytes), when it was recorded (ms), its document."""

    first: int
    event: bytes
    recorded_at: int
    document: bytes


def find(connection: Connection, filters: Filters, after: int, most: int) -> list[Found]:
    """Events that meet the filters, as recorded from index `after` on, at most `most`."""
    r = records.c
    conditions = [r.kind == int(Kind.CHECKPOINT), r.first >= after]
    for column, wanted in (
        (r.event_type, filters.types),
        (r.action, filters.actions),
        (r.biz_step, filters.biz_steps),
        (r.disposition, filters.dispositions),
        (r.read_point, filters.read_points),
        (r.biz_location, filters.biz_locations),
    ):
        if wanted:
            conditions.append(column.in_(wanted))
    if filters.event_ids or filters.hashes:
        conditions.append(or_(r.event_id.in_(filters.event_ids), r.event.in_(filters.hashes)))
    if filters.keys:
        runs = select(entries.c.run).where(entries.c.key.in_(filters.keys))
        conditions.append(r.first.in_(runs))
    if filters.event_time_from is not None:
        conditions.append(r.event_time >= filters.event_time_from)
    if filters.event_time_before is not None:
        conditions.append(r.event_time < filters.event_time_before)
    if filters.record_time_from is not None:
        conditions.append(r.at >= filters.record_time_from)
    if filters.record_time_before is not None:
        conditions.append(r.at < filters.record_time_before)
    found = connection.execute(
        select(r.first, r.event, r.at, r.document).where(and_(*conditions)).order_by(r.first).limit(most)
    )
    return [Found(first, bytes(event), at, bytes(document)) for first, event, at, document in found]
