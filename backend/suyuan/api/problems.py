"""RFC 9457 problem documents: one table from error to status."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from suyuan.core import errors

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

# The first row that an error is an instance of is its answer.
TABLE: tuple[tuple[type[errors.SuyuanError], int, str], ...] = (
    (errors.TooLarge, 413, "Too large"),
    (errors.Unwanted, 422, "Must not be sent here"),
    (errors.InvalidInput, 400, "What was sent cannot be used"),
    (errors.BadSignature, 401, "The signature does not hold"),
    (errors.Refused, 403, "Not allowed"),
    (errors.Conflict, 409, "In conflict with what is recorded"),
    (errors.NotFound, 404, "Not found"),
    (errors.Throttled, 429, "Too often"),
    (errors.Unavailable, 503, "Away for the moment; nothing was written"),
    (errors.ChainRefused, 502, "The contract refused"),
    (errors.ProofFault, 500, "A proof does not hold"),
    (errors.SuyuanError, 500, "Something is wrong here"),
)


def status_of(error: errors.SuyuanError) -> tuple[int, str]:
    """The status and title of an error."""
    return next((status, title) for kind, status, title in TABLE if isinstance(error, kind))


def problem(
    status: int, title: str, detail: str, kind: str = "about:blank", *, retry: int = 2, **more: str | int
) -> JSONResponse:
    """A problem document. `retry`: seconds after which to ask again, where that helps."""
    headers = {"Retry-After": str(retry)} if status in (429, 503) else {}
    content = {"type": kind, "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(content, status, headers, MEDIA_TYPE)


def _ours(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.SuyuanError)
    status, title = status_of(error)
    if status >= 500 and status != 503:
        log.error("%s: %s", type(error).__name__, error)
    more: dict[str, str | int] = {}
    if isinstance(error, errors.InvalidInput) and error.where:
        more["where"] = error.where
    if isinstance(error, errors.TooEarly):
        more["from"] = error.at
    retry = error.after if isinstance(error, errors.Throttled) else 2
    return problem(status, title, str(error), f"urn:suyuan:problem:{type(error).__name__}", retry=retry, **more)


def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    answer = problem(error.status_code, str(error.detail), str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


def _validation(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = "/".join(str(part) for part in first["loc"])
    return problem(400, "What was sent cannot be used", f"{where}: {first['msg']}", where=where)


def _unexpected(_: Request, error: Exception) -> JSONResponse:
    log.error("unexpected %s", type(error).__name__, exc_info=error)
    return problem(500, "Something is wrong here", "The fault was written to the log.")


def install(app: FastAPI) -> None:
    """Has every error answered with a problem document."""
    app.add_exception_handler(errors.SuyuanError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(Exception, _unexpected)
