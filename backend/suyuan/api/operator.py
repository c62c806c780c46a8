"""The operator's own door. HTTP Basic: user `operator`, the password in `keys/operator-page` of the data folder."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from suyuan.web import pages

_REALM = "suyuan operator"
_basic = HTTPBasic(realm=_REALM)


def operator(request: Request, given: Annotated[HTTPBasicCredentials, Depends(_basic)]) -> None:
    """Lets the operator pass."""
    if not request.app.state.node.inspector.admits(given.password) or given.username != "operator":
        challenge = {"WWW-Authenticate": f'Basic realm="{_REALM}"'}
        raise HTTPException(401, "the operator's password is wanted", challenge)


router = APIRouter(tags=["operator"], dependencies=[Depends(operator)])


@router.get("/v1/signs", summary="Signs of faking, with their evidence")
def signs(request: Request) -> Response:
    flags = request.app.state.node.inspector.flags()
    return JSONResponse({"flags": [flag.as_json() for flag in flags]}, headers={"Cache-Control": "no-store"})


@router.get("/operator/signs", response_class=HTMLResponse, include_in_schema=False)
def signs_page(request: Request) -> Response:
    return pages.signs(request, request.app.state.node.inspector.flags())
