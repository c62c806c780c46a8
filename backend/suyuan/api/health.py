"""Alive, and able: two questions, two answers."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="The process is alive")
def healthz() -> Response:
    return JSONResponse({"status": "alive"})


@router.get("/readyz", summary="Records can be taken: database and chain answer")
def readyz(request: Request) -> Response:
    state = request.app.state.node.readiness()
    return JSONResponse(state, 200 if all(v == "ready" for v in state.values()) else 503)
