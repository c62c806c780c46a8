"""What a request may be: its body's size and type."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from suyuan.core import canonical
from suyuan.core.errors import Malformed, TooLarge

_JSON = ("application/json", "application/ld+json")


async def read_body(request: Request, limit: int) -> bytes:
    """A body of at most `limit` bytes. Raises TooLarge before it has read more."""
    declared = request.headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and int(declared) > limit:
        raise TooLarge(f"a body has at most {limit} bytes, this has {declared}")
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLarge(f"a body has at most {limit} bytes")
        parts.append(part)
    return b"".join(parts)


async def _body(request: Request) -> bytes:
    return await read_body(request, request.app.state.node.settings.body_limit)


async def _json_body(request: Request, body: Annotated[bytes, Depends(_body)]) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _JSON:
        raise HTTPException(415, f"application/json is wanted, {kind or 'nothing'} was sent")
    return body


JsonBody = Annotated[bytes, Depends(_json_body)]


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises Malformed."""
    value = canonical.parse(body)
    if not isinstance(value, dict):
        raise Malformed("an object is wanted")
    return value
