"""How the journal stands, audits that are handed in, and the transactions that both lead to."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from suyuan.api.limits import JsonBody, parse_object
from suyuan.core.errors import Malformed, TooLarge
from suyuan.services import oversee

router = APIRouter(prefix="/v1", tags=["oversight"])

_MOST = 100
_OPEN = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}  # a reader from elsewhere may ask


@router.get("/standing", summary="How the contract says the journal stands")
def standing(request: Request) -> Response:
    return JSONResponse(request.app.state.node.overseer.standing(), headers=_OPEN)


@router.get("/audits", summary="Audits that were handed in, the newest first")
def audits(request: Request, by: str = "", limit: str = str(_MOST)) -> Response:
    if not (limit.isascii() and limit.isdigit() and 0 < int(limit) <= _MOST):
        raise Malformed(f"is a number up to {_MOST}", "limit")
    found = request.app.state.node.overseer.handed_in(int(limit), by.lower())
    return JSONResponse({"audits": [one.as_json() for one in found]}, headers=_OPEN)


@router.post("/audits", status_code=201, summary="Hand in the signed summary of an audit")
def hand_in(request: Request, body: JsonBody) -> Response:
    if len(body) > oversee.BODY_LIMIT:
        raise TooLarge(f"has at most {oversee.BODY_LIMIT} bytes, this has {len(body)}", "body")
    value = parse_object(body)
    address = request.client.host if request.client else ""
    taken = request.app.state.node.overseer.hand_in(value.get("statement"), value.get("public"), address)
    return JSONResponse(taken.as_json(), 201, _OPEN)


@router.get("/transactions/{hash}", summary="A transaction and its receipt, as this site's node gives them")
def transaction(request: Request, hash: str) -> Response:
    return JSONResponse(request.app.state.node.overseer.transaction(hash), headers=_OPEN)
