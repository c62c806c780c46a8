"""What a request may be: its body's size and type."""

from __future__ import annotations

from email.message import Message
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from suyuan.core import canonical
from suyuan.core.errors import Malformed, TooLarge

_JSON = ("application/json", "application/ld+json")
_CHARSETS = ("utf-8", "utf8", "us-ascii")


async def read_body(request: Request, limit: int) -> bytes:
    """A body of at most `limit` bytes, as it is. Raises TooLarge before it has read more; HTTPException (415)."""
    coding = ", ".join(request.headers.getlist("content-encoding")).lower()
    if coding not in ("", "identity"):
        raise HTTPException(415, f"a body is sent as it is, not as {coding}", {"Accept-Encoding": "identity"})
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
    header = Message()
    header["content-type"] = request.headers.get("content-type", "")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _JSON:
        raise HTTPException(415, f"application/json is wanted, {kind or 'nothing'} was sent")
    if (charset := header.get_content_charset("utf-8")) not in _CHARSETS:
        raise HTTPException(415, f"JSON is UTF-8, {charset} was sent")
    return body


JsonBody = Annotated[bytes, Depends(_json_body)]


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises Malformed."""
    value = canonical.parse(body)
    if not isinstance(value, dict):
        raise Malformed("an object is wanted")
    return value
