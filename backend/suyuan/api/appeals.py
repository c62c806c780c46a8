"""Appeals as this node has read them from the chain, newest first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

router = APIRouter(prefix="/v1", tags=["journal"])

_ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}


@router.get("/appeals", summary="Appeals: what was asked, and whether it is answered")
def appeals(
    request: Request,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    node = request.app.state.node
    listed, terms, (asked, answered) = node.appeals.newest(before, limit), node.appeals.terms(), node.appeals.counts()
    content = {
        "chain": node.deployment.chain_id,
        "journal": node.deployment.journal,
        "fee": str(terms.fee),
        "grace": terms.grace,
        "asked": asked,
        "answered": answered,
        "appeals": [one.as_json() for one in listed],
        "before": listed[-1].number if len(listed) == limit and listed[-1].number > 1 else None,
    }
    return JSONResponse(content, headers=_ANY_ORIGIN)
