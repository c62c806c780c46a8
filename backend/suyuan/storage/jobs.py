"""Capture jobs: what became of a document."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from suyuan.core.errors import NotFound
from suyuan.storage.tables import jobs as table


def add(connection: Connection, id: str, created_at: int, finished_at: int, result: dict[str, Any]) -> None:
    """Keeps a job. Times in milliseconds."""
    connection.execute(table.insert().values(id=id, created_at=created_at, finished_at=finished_at, result=result))


def get(connection: Connection, id: str) -> tuple[int, int, dict[str, Any]]:
    """When a job was created and finished, and its result. Raises NotFound."""
    found = connection.execute(
        select(table.c.created_at, table.c.finished_at, table.c.result).where(table.c.id == id)
    ).one_or_none()
    if found is None:
        raise NotFound(f"no capture job {id}")
    return found[0], found[1], found[2]
