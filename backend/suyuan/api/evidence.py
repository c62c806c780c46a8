"""Evidence packs: what anyone may have of a small subject, in one archive."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request
from fastapi.responses import Response

router = APIRouter(prefix="/v1", tags=["journal"])


@router.get("/evidence", summary="All that is recorded of a small subject, with its proofs, as a ZIP")
def evidence(request: Request, subject: str) -> Response:
    address = request.client.host if request.client else ""
    name, content = request.app.state.node.desk.public(subject, address, now=int(time.time()))
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, 200, headers, "application/zip")
