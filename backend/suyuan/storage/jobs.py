"""Capture jobs: what became of a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, select

from suyuan.core.errors import NotFound
from suyuan.storage.database import fetch
from suyuan.storage.journal import Outcome
from suyuan.storage.tables import jobs as table


@dataclass(frozen=True, slots=True)
class Job:
    """A document's capture. Times in ms; `events`: how each was taken and the first index of its record, where the rest
    stands; `errors`: problems of those that were not.
    """

    id: str
    created_at: int
    finished_at: int
    behaviour: str
    events: list[tuple[Outcome, int]]
    errors: list[dict[str, Any]]


def add(connection: Connection, job: Job) -> None:
    """Keeps a job."""
    result = orjson.dumps(
        {"behaviour": job.behaviour, "events": [(o.value, first) for o, first in job.events], "errors": job.errors}
    )
    query = "INSERT INTO jobs (id, created_at, finished_at, result) VALUES (%s, %s, %s, %s::jsonb) RETURNING id"
    fetch(connection, query, (job.id, job.created_at, job.finished_at, result.decode()))


def get(connection: Connection, id: str) -> Job:
    """A job. Raises NotFound."""
    found = connection.execute(
        select(table.c.created_at, table.c.finished_at, table.c.result).where(table.c.id == id)
    ).one_or_none()
    if found is None:
        raise NotFound(f"no capture job {id}")
    created_at, finished_at, result = found
    events = [(Outcome(outcome), first) for outcome, first in result["events"]]
    return Job(id, created_at, finished_at, result["behaviour"], events, result["errors"])
