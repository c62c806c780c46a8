"""The open log, for auditors: C2SP tlog-tiles, and bodies and documents beside it (PROTOCOL section 9).

`/log/checkpoint`: the newest seal as a signed note. `/log/tile/L/N`: 256 hashes of level L.
`/log/tile/entries/N`: entries 256 N to 256 N + 255, each a 2-byte length and its 147-byte header;
`/log/bodies/N`: their bodies, one canonical JSON text a line, in the order of the entries. `.p/W`: the first W of them.
`/log/documents/N`: the documents of those entries, each once, as they first appear, one canonical JSON text a line.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from suyuan.core.errors import Malformed
from suyuan.core.notes import TILE

router = APIRouter(prefix="/log", tags=["log"])

_ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", **_ANY_ORIGIN}
TileName = Annotated[str, Path(pattern=r"^(?:x\d{3}/)*\d{3}(?:\.p/\d{1,3})?$")]
Level = Annotated[int, Path(ge=0, le=7)]


def _tile(name: str) -> tuple[int, int]:
    """A tile's number and width."""
    path, _, part = name.partition(".p/")
    width = int(part) if part else TILE
    if not 0 < width <= TILE:
        raise Malformed(f"a tile has 1 to {TILE} of them, not {width}")
    return int(path.replace("x", "").replace("/", "")), width


@router.get("/checkpoint", summary="The newest seal, as a signed note")
def tree_head(request: Request) -> Response:
    text = request.app.state.node.log.tree_head()
    return Response(text, 200, {"Cache-Control": "no-cache", **_ANY_ORIGIN}, "text/plain; charset=utf-8")


@router.get("/tile/entries/{name:path}", summary="Entry bundles")
def entry_bundle(request: Request, name: TileName) -> Response:
    content = request.app.state.node.log.entry_bundle(*_tile(name))
    return Response(content, 200, _FOREVER, "application/octet-stream")


@router.get("/tile/{level}/{name:path}", summary="Tiles of hashes")
def tile(request: Request, level: Level, name: TileName) -> Response:
    content = request.app.state.node.log.tile(level, *_tile(name))
    return Response(content, 200, _FOREVER, "application/octet-stream")


@router.get("/bodies/{name:path}", summary="The bodies of an entry bundle")
def body_bundle(request: Request, name: TileName) -> Response:
    content = request.app.state.node.log.body_bundle(*_tile(name))
    return Response(content, 200, _FOREVER, "application/jsonl")


@router.get("/documents/{name:path}", summary="The documents of an entry bundle")
def document_bundle(request: Request, name: TileName) -> Response:
    content = request.app.state.node.log.document_bundle(*_tile(name))
    return Response(content, 200, _FOREVER, "application/jsonl")
