"""Our own calls: statements that are not events, proofs, documents, the deployment."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from suyuan.api.limits import JsonBody, parse_object
from suyuan.core import rules, statements, subjects
from suyuan.core.entries import BY_WORD, Kind
from suyuan.core.errors import Malformed, NotFound
from suyuan.services.prove import DEFAULT_LIMIT

router = APIRouter(prefix="/v1", tags=["journal"])

_ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}  # a verifier from elsewhere may ask
_LIMIT = 1000


class _Direct(APIRoute):
    """A route whose function takes the request as it is: FastAPI's own reading of it takes as long as a proof."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return handler


async def proof(request: Request) -> Response:
    """A subject's bundle; with status 404 where it has no entries, which the bundle then proves."""
    asked = request.query_params
    subject, limit = asked.get("subject"), asked.get("limit", "")
    if subject is None:
        raise Malformed("is missing", "subject")
    most: int | None = DEFAULT_LIMIT
    if limit == "all":
        most = None
    elif limit.isascii() and limit.isdigit() and 0 < int(limit) <= _LIMIT:
        most = int(limit)
    elif "limit" in asked:
        raise Malformed(f"is a number up to {_LIMIT}, or all", "limit")
    state, subject = request.app.state, subjects.parse(subject)
    prover = state.node.prover
    # The one call that is not `def` throughout: a thread takes longer than what is in memory, or in a database that
    # answered a moment ago.
    proven = prover.known(subject, most)
    if proven is None:
        quick = prover.quick(most)
        ask = state.together.prove(subject, most) if quick else run_in_threadpool(prover.prove, subject, most)
        proven = await ask
    return Response(proven.text, 200 if proven.known else 404, _ANY_ORIGIN, "application/json")


def _asked(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": "default" not in schema, "schema": schema}


router.add_api_route(
    "/proof",
    proof,
    summary="A subject's proof bundle",
    route_class_override=_Direct,
    openapi_extra={
        "parameters": [
            _asked("subject", {"type": "string"}),
            _asked("limit", {"type": "string", "default": str(DEFAULT_LIMIT)}),
        ]
    },
)


def _record(request: Request, kind: Kind, body: bytes) -> Response:
    value = parse_object(body)
    signed = statements.Signed.from_json(value.get("statement"))
    accepted = request.app.state.node.recorder.statement(
        kind, signed, value.get("public"), value.get("document"), value
    )
    content = {
        "subject": signed.statement.subject,
        "outcome": accepted.outcome.value,
        "index": accepted.first,
        "receipt": accepted.receipt.as_json(accepted.signature),
    }
    return JSONResponse(content, 201)


@router.post("/products", status_code=201, summary="List a product")
def products(request: Request, body: JsonBody) -> Response:
    return _record(request, Kind.PRODUCT, body)


@router.post("/batches", status_code=201, summary="Register a batch and its items")
def batches(request: Request, body: JsonBody) -> Response:
    return _record(request, Kind.BATCH, body)


@router.post("/recalls", status_code=201, summary="Recall a batch")
def recalls(request: Request, body: JsonBody) -> Response:
    return _record(request, Kind.RECALL, body)


@router.post("/merchants", status_code=201, summary="Publish a participant's profile")
def merchants(request: Request, body: JsonBody) -> Response:
    return _record(request, Kind.MERCHANT, body)


@router.get("/journal", summary="The deployment, and how far the journal and its seals have come")
def journal(request: Request) -> Response:
    return JSONResponse(request.app.state.node.overview(), headers=_ANY_ORIGIN)


@router.get("/schemas/{kind}", summary="The JSON Schema of a kind's bodies")
def schema(kind: str) -> Response:
    if kind not in BY_WORD:
        raise NotFound(f"no kind {kind}")
    return JSONResponse(rules.schema(BY_WORD[kind]), headers=_ANY_ORIGIN, media_type="application/schema+json")


@router.get("/documents/{name}", summary="A public document, by its hash")
def document(request: Request, name: str) -> Response:
    text = request.app.state.node.log.document(statements.from_hex(name, 32, "name"))
    headers = {"Cache-Control": "public, max-age=31536000, immutable", **_ANY_ORIGIN}
    return Response(text, 200, headers, "application/json")
