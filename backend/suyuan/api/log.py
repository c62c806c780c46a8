"""The open log, for auditors: entries and bodies by bundle (PROTOCOL section 9).

`/log/tile/entries/N`: entries 256 N to 256 N + 255, each a 2-byte length and its 147-byte header (C2SP tlog-tiles);
`/log/bodies/N`: their bodies, one canonical JSON text a line, in the order of the entries. `.p/W`: the first W of them.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from suyuan.core import entries
from suyuan.core.errors import Malformed, NotFound

router = APIRouter(prefix="/log", tags=["log"])

_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
BundleName = Annotated[str, Path(pattern=r"^(?:x\d{3}/)*\d{3}(?:\.p/\d{1,3})?$")]


def _range(name: str) -> tuple[int, int]:
    path, _, part = name.partition(".p/")
    n = int(path.replace("x", "").replace("/", ""))
    width = int(part) if part else 256
    if not 0 < width <= 256:
        raise Malformed(f"a bundle has 1 to 256 entries, not {width}")
    return n * 256, n * 256 + width


@router.get("/tile/entries/{name:path}", summary="Entry bundles")
def entry_bundle(request: Request, name: BundleName) -> Response:
    begin, end = _range(name)
    headers = request.app.state.node.log.headers(begin, end)
    if len(headers) < end - begin:
        raise NotFound(f"entries {begin} to {end} are not all sealed")
    size = entries.HEADER_SIZE.to_bytes(2, "big")
    return Response(b"".join(size + h for h in headers), 200, _FOREVER, "application/octet-stream")


@router.get("/bodies/{name:path}", summary="The bodies of an entry bundle")
def body_bundle(request: Request, name: BundleName) -> Response:
    begin, end = _range(name)
    bodies = request.app.state.node.log.bodies(begin, end)
    if len(bodies) < end - begin:
        raise NotFound(f"entries {begin} to {end} are not all sealed")
    return Response(b"\n".join(bodies) + b"\n", 200, _FOREVER, "application/jsonl")
