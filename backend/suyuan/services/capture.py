"""Capture: EPCIS documents and events come in, jobs tell what became of them (EPCIS 2.0 REST binding)."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from suyuan.core.epcis import times
from suyuan.core.epcis.event_hash import hash_uri
from suyuan.core.epcis.model import Event, parse_document, parse_event
from suyuan.core.errors import Conflict, InvalidEvent, InvalidInput, NotFound, Refused, SuyuanError
from suyuan.services.record import Recorder
from suyuan.storage import jobs, journal
from suyuan.storage.appender import Answers
from suyuan.storage.database import Database
from suyuan.storage.jobs import Job
from suyuan.storage.journal import Accepted, Draft

_WHERE = "/epcisBody/eventList/{}"


class OnError(StrEnum):
    """`GS1-Capture-Error-Behaviour`: all or nothing, or all that can be."""

    ROLLBACK = "rollback"
    PROCEED = "proceed"


@dataclass(frozen=True, slots=True)
class Taken:
    """A recorded event: its CBV hash URI, and what the journal answered."""

    event: str
    accepted: Accepted

    def as_json(self) -> dict[str, Any]:
        a = self.accepted
        return {
            "eventHash": self.event,
            "outcome": a.outcome.value,
            "index": a.first,
            "receipt": a.receipt.as_json(a.signature),
        }


class Capture:
    """Takes events in and keeps jobs."""

    def __init__(self, database: Database, recorder: Recorder) -> None:
        self._database = database
        self._recorder = recorder

    def event(self, value: dict[str, Any]) -> Taken:
        """Records one event."""
        event = parse_event(value)
        draft = self._recorder.draft(_stated(event, ""))
        assert draft.event is not None
        (answer,) = self._recorder.record([[draft]])
        if not isinstance(answer, list):
            raise answer
        return Taken(hash_uri(draft.event.event), answer[0])

    def document(self, value: dict[str, Any], on_error: OnError) -> str:
        """Records an EPCISDocument's events and gives the id of the job that tells of it.

        With rollback, the first fault raises and nothing is written; with proceed, faults stand in the job.
        """
        id, created = secrets.token_hex(16), int(time.time() * 1000)
        drafts: dict[int, Draft] = {}
        faults: dict[int, SuyuanError] = {}  # both by place in the document
        for place, event in enumerate(parse_document(value)):
            try:
                drafts[place] = self._recorder.draft(_stated(event, _WHERE.format(place)), drafts.values())
            except (InvalidInput, Refused, NotFound, Conflict) as fault:
                if on_error is OnError.ROLLBACK:
                    raise
                faults[place] = fault
        places = [list(drafts)] if on_error is OnError.ROLLBACK else [[place] for place in drafts]

        def keep_job(connection: Connection, answers: Answers) -> None:
            events = [(one.outcome, one.first) for answer in answers if isinstance(answer, list) for one in answer]
            refused = {at[0]: a for at, a in zip(places, answers, strict=True) if not isinstance(a, list)}
            if refused and on_error is OnError.ROLLBACK:
                return
            errors = [_problem(fault, _WHERE.format(place)) for place, fault in sorted((faults | refused).items())]
            jobs.add(connection, Job(id, created, int(time.time() * 1000), on_error.value, events, errors))

        answers = self._recorder.record([[drafts[place] for place in part] for part in places], keep_job)
        if on_error is OnError.ROLLBACK and not isinstance(answers[0], list):
            raise answers[0]
        return id

    def job(self, id: str) -> dict[str, Any]:
        """A capture job. Raises NotFound."""
        if "\0" in id:
            raise NotFound("no capture job has such an id")
        with self._database.read() as connection:
            job = jobs.get(connection, id)
            records = journal.taken(connection, [first for _, first in job.events])
        events = []
        for outcome, first in job.events:
            event, accepted = records[first]
            events.append(Taken(hash_uri(event), replace(accepted, outcome=outcome)).as_json())
        return {
            "captureID": id,
            "createdAt": times.from_milliseconds(job.created_at),
            "finishedAt": times.from_milliseconds(job.finished_at),
            "running": False,
            "success": not job.errors,
            "captureErrorBehaviour": job.behaviour,
            "errors": job.errors,
            "events": events,
        }


def _stated(event: Event, where: str) -> Event:
    if event.statement is None:
        raise InvalidEvent("is missing: an event is signed by its author", f"{where}/suyuan:statement")
    return event


def _problem(error: SuyuanError, where: str) -> dict[str, Any]:
    return {"type": f"urn:suyuan:problem:{type(error).__name__}", "title": str(error), "where": where}
