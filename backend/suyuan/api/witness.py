"""A witness's own small application (C2SP tlog-witness): `POST /add-checkpoint`, and at `/` its key.

| status | says |
|---|---|
| 200 | a cosignature line |
| 400 | malformed, or the old size is larger than the new one |
| 403 | not signed by the log |
| 404 | a log that is not on the list |
| 409 | another size was cosigned last: that size, as `text/x.tlog.size`; or another tree of the same size: a sentence |
| 422 | the proof does not hold, or (with a chain) the chain has another seal |
| 503 | the chain has no such seal yet, or something is away |
"""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response

from suyuan.api.limits import read_body
from suyuan.core import errors
from suyuan.services.witness import OtherSize, Witness

log = logging.getLogger(__name__)

LIMIT = 128 * 1024  # bytes: 63 hashes, and a note with more signatures than any log has

# The first row that an error is an instance of is its answer.
TABLE: tuple[tuple[type[errors.SuyuanError], int], ...] = (
    (errors.TooLarge, 413),
    (errors.InvalidInput, 400),
    (errors.Refused, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.ProofFault, 422),
    (errors.Unavailable, 503),
    (errors.SuyuanError, 500),
)


async def _submitted(request: Request) -> bytes:
    return await read_body(request, LIMIT)


def create(witness: Witness) -> FastAPI:
    """The application of a witness."""
    app = FastAPI(title="Suyuan witness", version="0.1.0", docs_url=None, redoc_url=None)

    @app.post("/add-checkpoint", summary="Cosign a tree head that extends the one before")
    def add_checkpoint(body: Annotated[bytes, Depends(_submitted)]) -> Response:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise errors.Malformed("is not UTF-8") from None
        return Response(witness.add(text), media_type="text/plain; charset=utf-8")

    @app.get("/", summary="Its key")
    def key() -> Response:
        return Response(f"{witness.verifier}\n", media_type="text/plain; charset=utf-8")

    app.add_exception_handler(errors.SuyuanError, _refused)
    return app


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, errors.SuyuanError)
    if isinstance(error, OtherSize):
        return Response(f"{error.size}\n", 409, {"content-type": "text/x.tlog.size"})  # clients compare all of it
    status = next(status for kind, status in TABLE if isinstance(error, kind))
    (log.error if status == 500 else log.info)("%s: %s", type(error).__name__, error)
    return Response(f"{error}\n", status, media_type="text/plain; charset=utf-8")
