"""The operator's own calls. HTTP Basic: user `operator`, the password in `keys/operator-page` of the data folder."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials

router = APIRouter(prefix="/v1", tags=["operator"])

_basic = HTTPBasic(realm="suyuan operator")


def operator(request: Request, given: Annotated[HTTPBasicCredentials, Depends(_basic)]) -> None:
    """Lets the operator pass."""
    if not request.app.state.node.inspector.admits(given.password) or given.username != "operator":
        raise HTTPException(
            401, "the operator's password is wanted", {"WWW-Authenticate": 'Basic realm="suyuan operator"'}
        )


@router.get("/signs", summary="Signs of faking, with their evidence", dependencies=[Depends(operator)])
def signs(request: Request) -> Response:
    flags = request.app.state.node.inspector.flags()
    return JSONResponse({"flags": [flag.as_json() for flag in flags]}, headers={"Cache-Control": "no-store"})
