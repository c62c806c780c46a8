"""Capture: EPCIS documents and events come in, jobs tell what became of them (EPCIS 2.0 REST binding)."""

from __future__ import annotations

import secrets
import time
from enum import StrEnum
from typing import Any

from suyuan.core.epcis.model import Event, parse_document, parse_event
from suyuan.core.errors import Conflict, InvalidEvent, InvalidInput, NotFound, Refused, SuyuanError
from suyuan.services.record import Recorder, Taken
from suyuan.storage import jobs
from suyuan.storage.database import Database


class OnError(StrEnum):
    """`GS1-Capture-Error-Behaviour`: all or nothing, or all that can be."""

    ROLLBACK = "rollback"
    PROCEED = "proceed"


class Capture:
    """Takes events in and keeps jobs."""

    def __init__(self, database: Database, recorder: Recorder) -> None:
        self._database = database
        self._recorder = recorder

    def event(self, value: dict[str, Any]) -> Taken:
        """Records one event."""
        event = parse_event(value)
        (taken,) = self._recorder.events([_stated(event, "")])
        return taken

    def document(self, value: dict[str, Any], on_error: OnError) -> str:
        """Records an EPCISDocument's events and gives the id of the job that tells of it.

        With rollback, the first fault raises and nothing is written; with proceed, faults stand in the job.
        """
        created = int(time.time() * 1000)
        events = parse_document(value)
        where = "/epcisBody/eventList/{}"
        taken: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        if on_error is OnError.ROLLBACK:
            stated = [_stated(event, where.format(i)) for i, event in enumerate(events)]
            taken = [one.as_json() for one in self._recorder.events(stated)]
        else:
            for i, event in enumerate(events):
                try:
                    (one,) = self._recorder.events([_stated(event, where.format(i))])
                    taken.append(one.as_json())
                except (InvalidInput, Refused, NotFound, Conflict) as error:
                    errors.append(_problem(error, where.format(i)))
        result = {
            "running": False,
            "success": not errors,
            "captureErrorBehaviour": on_error.value,
            "errors": errors,
            "events": taken,
        }
        job = secrets.token_hex(16)
        with self._database.write() as connection:
            jobs.add(connection, job, created, int(time.time() * 1000), result)
        return job

    def job(self, id: str) -> dict[str, Any]:
        """A capture job. Raises NotFound."""
        if "\0" in id:
            raise NotFound("no capture job has such an id")
        with self._database.read() as connection:
            created, finished, result = jobs.get(connection, id)
        return {"captureID": id, "createdAt": _moment(created), "finishedAt": _moment(finished), **result}


def _stated(event: Event, where: str) -> Event:
    if event.statement is None:
        raise InvalidEvent("is missing: an event is signed by its author", f"{where}/suyuan:statement")
    return event


def _problem(error: SuyuanError, where: str) -> dict[str, Any]:
    return {"type": f"urn:suyuan:problem:{type(error).__name__}", "title": str(error), "where": where}


def _moment(ms: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03}Z"
