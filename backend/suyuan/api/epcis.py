"""The EPCIS 2.0 REST binding: capture and query."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from suyuan.api.limits import JsonBody, parse_object
from suyuan.core.errors import Malformed
from suyuan.services.capture import OnError

router = APIRouter(prefix="/epcis", tags=["EPCIS"])

_VERSIONS = {"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0", "GS1-Extensions": "suyuan=1"}


@router.post("/capture", status_code=202, summary="Capture an EPCISDocument")
def capture(request: Request, body: JsonBody) -> Response:
    node = request.app.state.node
    wanted = request.headers.get("GS1-Capture-Error-Behaviour", OnError.ROLLBACK)
    if wanted not in list(OnError):
        raise Malformed("is rollback or proceed", "GS1-Capture-Error-Behaviour")
    job = node.capture.document(parse_object(body), OnError(wanted))
    location = f"/epcis/capture/{job}"
    return JSONResponse({"captureID": job, "location": location}, 202, {"Location": location, **_VERSIONS})


@router.get("/capture/{job}", summary="A capture job")
def capture_job(request: Request, job: str) -> Response:
    return JSONResponse(request.app.state.node.capture.job(job), headers=_VERSIONS)


@router.post("/events", status_code=201, summary="Capture one event")
def capture_event(request: Request, body: JsonBody) -> Response:
    taken = request.app.state.node.capture.event(parse_object(body))
    location = f"/epcis/events/{taken.event.replace('?', '%3F')}"
    return JSONResponse(taken.as_json(), 201, {"Location": location, **_VERSIONS})


@router.get("/events", summary="Query events")
def query_events(request: Request) -> Response:
    names = [name for name, _ in request.query_params.multi_items()]
    if len(set(names)) != len(names):
        raise Malformed("a parameter that stands twice")
    page = request.app.state.node.finder.query(dict(request.query_params))
    headers = dict(_VERSIONS)
    if page.next is not None:
        following = request.url.include_query_params(nextPageToken=page.next)
        headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return Response(page.text, 200, headers, "application/json")


@router.get("/events/{event_id:path}", summary="One event, by its id or hash")
def read_event(request: Request, event_id: str) -> Response:
    return Response(request.app.state.node.finder.event(event_id), 200, _VERSIONS, "application/json")
