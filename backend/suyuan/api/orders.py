"""What a shop's system posts: orders, shipments and deliveries, each request signed with the shop's secret."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from suyuan.api.limits import JsonBody, parse_object
from suyuan.core.errors import Malformed, TooLarge
from suyuan.services.order import CONTACT, Message
from suyuan.services.order import Request as Signed

Json = dict[str, Any]

BODY_LIMIT = 2**20

_RULES = """
Every request is signed. Headers:

- `Suyuan-Shop`: the shop's id
- `Suyuan-Time`: seconds since 1970; it may differ from the site's clock by five minutes
- `Suyuan-Message`: an id of your own for this message, up to 64 letters, digits and `. _ ~ : -`
- `Suyuan-Signature`: hex HMAC-SHA256, keyed with the shop's secret (32 bytes, given in hex), over
  `time \\n message \\n METHOD \\n path \\n hex SHA-256(body)`; `path` as it is sent, percent-encoded, without a query

The same message again (the same id, method, path and body; a new time and signature) is answered as before and does
nothing. What comes too early, a delivery before its shipment or a shipment before its order, is answered 409 with what
it waits for; nothing of it is kept: send it again. `suyuan.shop.Shop` does all of this.
"""

_HASH: Json = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_HEADERS: list[Json] = [
    {"name": "Suyuan-Shop", "in": "header", "required": True, "schema": {"type": "string"}, "example": "xianyu"},
    {"name": "Suyuan-Time", "in": "header", "required": True, "schema": {"type": "integer"}, "example": 1795500000},
    {
        "name": "Suyuan-Message",
        "in": "header",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._~:-]{1,64}$"},
        "example": "order-XY-1001",
    },
    {"name": "Suyuan-Signature", "in": "header", "required": True, "schema": _HASH},
]
_RECEIPT: Json = {
    "type": "object",
    "description": "The site's signed promise to seal the entry (EIP-712 `Receipt`)",
    "properties": {
        "leaves": _HASH,
        "index": {"type": "integer"},
        "count": {"type": "integer"},
        "issuedAt": {"type": "integer"},
        "sealBy": {"type": "integer"},
        "signature": {"type": "string"},
    },
}
_INDEX: Json = {"type": "integer", "description": "Index of the entry in the journal"}
_SSCC: Json = {"type": "string", "pattern": "^[0-9]{18}$", "description": "GS1 SSCC with its check digit"}
_LINES: Json = {"type": "array", "items": {"type": "integer", "minimum": 0}, "description": "Lines' numbers, from 0"}


def _object(required: list[str], example: Json | None = None, /, **properties: Json) -> Json:
    schema: Json = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return schema | ({"example": example} if example else {})


_text: Json = {"type": "string", "minLength": 1}
_ORDER = _object(
    ["reference", "buyer", "lines"],
    {
        "reference": "XY-1001",
        "buyer": "u-2107",
        "lines": [{"gtin": "09521141012345", "lot": "L1", "quantity": 2, "items": ["A1", "A2"]}],
        "payment": {"provider": "example-pay", "reference": "T-20261124-7"},
        "contact": {"name": "王小明", "phone": "+8613800000000"},
    },
    reference={"type": "string", "pattern": "^[A-Za-z0-9#][!-.0-~]{0,63}$", "description": "Your order number"},
    buyer={**_text, "maxLength": 128, "description": "Your own name for the buyer, such as an account's id"},
    lines={
        "type": "array",
        "minItems": 1,
        "maxItems": 200,
        "items": _object(
            ["gtin", "lot", "quantity"],
            gtin={"type": "string", "pattern": "^[0-9]{8}([0-9]{4,6})?$"},
            lot=_text,
            quantity={"type": "integer", "minimum": 1},
            items={
                "type": "array",
                "items": _text,
                "description": "Where serialised: the serials, as many as the quantity",
            },
        ),
    },
    payment=_object(
        ["provider", "reference"],
        provider={**_text, "maxLength": 64},
        reference={**_text, "maxLength": 128, "description": "The provider's; only a salted hash of it is kept"},
    )
    | {"description": "Never a card's or an account's number: what looks like one is refused with 422"},
    contact=_object([], **{name: {**_text, "maxLength": 300} for name in CONTACT})
    | {"description": "Kept encrypted with the buyer's key, and destroyed with it"},
)
_SHIPMENT = _object(
    ["sscc"],
    {"sscc": "095211410000000014", "lines": [0]},
    sscc=_SSCC,
    lines=_LINES | {"minItems": 1, "description": "Lines in this parcel, from 0; all that were not shipped if missing"},
    event={
        "type": "object",
        "description": "The packing event, signed: an AggregationEvent, action ADD, whose parent is the parcel",
    },
)
_DELIVERY = _object(
    ["sscc", "rights"],
    {"sscc": "095211410000000014", "rights": ["4f" * 32]},
    sscc=_SSCC,
    rights={
        "type": "array",
        "minItems": 1,
        "maxItems": 200,
        "items": _HASH,
        "description": "One hash for each of the parcel's lines, in their order: "
        "SHA-256(SHA-256('suyuan right' || secret || i)[:16]), i one byte from 0, of the delivery's 16-byte secret",
    },
)
_PROBLEM: Json = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "where": {"type": "string"},
    },
}
_WHY = {
    400: "Not JSON, a member that is missing or unknown, or GS1 syntax that does not hold",
    401: "Not signed with a known shop's secret, or of another time",
    403: "The shop's merchant may not write",
    404: "A batch or an item that was never registered",
    409: "Too early (send again after what it names), done before in another message, or more than the batch has",
    413: "Over 1 MiB",
    415: "Not application/json in UTF-8, or packed (Content-Encoding)",
    422: "Looks like a payment card's number; it was not kept",
    503: "Away for the moment; nothing was written; send again",
}


def _answers(status: int, schema: Json, example: Json) -> dict[int | str, dict[str, Any]]:
    good: dict[str, Any] = {
        "description": "Recorded, or what was answered before",
        "content": {"application/json": {"schema": schema, "example": example}},
    }
    problems: dict[int | str, dict[str, Any]] = {
        code: {"description": why, "content": {"application/problem+json": {"schema": _PROBLEM}}}
        for code, why in _WHY.items()
    }
    return {status: good, **problems}


def _described(schema: Json | None, sentence: str) -> dict[str, Any]:
    extra: Json = {"parameters": _HEADERS}
    if schema is not None:
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return {"openapi_extra": extra, "description": sentence + "\n" + _RULES}


_RECEIPT_EXAMPLE = {
    "leaves": "ab" * 32, "index": 41, "count": 1, "issuedAt": 1795500000, "sealBy": 1795586400, "signature": "cd" * 65,
}  # fmt: skip

router = APIRouter(prefix="/v1/orders", tags=["orders"])


def _sent(request: Request) -> str:
    """The path as it was sent, percent-encoded: what the shop signed."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return raw.partition(b"?")[0].decode("latin-1")


def _number(request: Request) -> str:
    """The order number in the path, from what was signed."""
    return unquote(_sent(request).split("/")[3])


def _message(request: Request, body: bytes) -> Message:
    if len(body) > BODY_LIMIT:
        raise TooLarge(f"a body has at most {BODY_LIMIT} bytes here")
    read = {}
    for name in ("Shop", "Time", "Message", "Signature"):
        values = request.headers.getlist(f"suyuan-{name}")
        if len(values) != 1:
            raise Malformed("is a header that stands once", f"Suyuan-{name}")
        read[name] = values[0]
    path = _sent(request)
    signed = Signed(read["Shop"], read["Time"], read["Message"], read["Signature"], request.method, path, body)
    message: Message = request.app.state.node.shops.verify(signed)
    return message


@router.post(
    "",
    status_code=201,
    summary="Place an order",
    responses=_answers(
        201,
        _object(["order", "index", "receipt"], order=_text, index=_INDEX, receipt=_RECEIPT),
        {"order": "/order/0f1e2d3c4b5a69788796a5b4c3d2e1f0", "index": 41, "receipt": _RECEIPT_EXAMPLE},
    ),
    **_described(
        _ORDER,
        "The journal gets one hash of it, with a salt. All else is kept encrypted with a key of the buyer's own.",
    ),
)
def place(request: Request, body: JsonBody) -> Response:
    message = _message(request, body)
    return JSONResponse(request.app.state.node.orders.place(message, parse_object(body)), 201)


@router.post(
    "/{reference}/shipments",
    status_code=201,
    summary="Ship a parcel of an order",
    responses=_answers(
        201,
        _object(["parcel", "lines"], parcel=_text, lines=_LINES),
        {"parcel": "/00/095211410000000014", "lines": [0]},
    ),
    **_described(
        _SHIPMENT,
        "The packing event is recorded as `/epcis/events` would; scanning the parcel then shows what is inside.",
    ),
)
def ship(request: Request, reference: str, body: JsonBody) -> Response:  # noqa: ARG001 - it is in what was signed
    message = _message(request, body)
    return JSONResponse(request.app.state.node.orders.ship(message, _number(request), parse_object(body)), 201)


@router.post(
    "/{reference}/deliveries",
    status_code=201,
    summary="Deliver a parcel, and give its buyer rights to review",
    responses=_answers(
        201,
        _object(
            ["index", "receipt", "rights"],
            index=_INDEX,
            receipt=_RECEIPT,
            rights={
                "type": "array",
                "items": {"enum": ["waiting", "none"]},
                "description": "For each line: the right waits to be published, or the batch has none left to give",
            },
        ),
        {"index": 43, "receipt": _RECEIPT_EXAMPLE, "rights": ["waiting"]},
    ),
    **_described(
        _DELIVERY,
        "The journal gets batches and quantities. The buyer gets `{site}/claim#{secret in hex}` from you; keep the "
        "secret before you send, so that a delivery that is sent again has the same link.",
    ),
)
def deliver(request: Request, reference: str, body: JsonBody) -> Response:  # noqa: ARG001 - it is in what was signed
    message = _message(request, body)
    return JSONResponse(request.app.state.node.orders.deliver(message, _number(request), parse_object(body)), 201)


@router.get(
    "/{reference}",
    summary="How far an order of yours has come",
    responses=_answers(
        200,
        {"type": "object"},
        {
            "order": "/order/0f1e2d3c4b5a69788796a5b4c3d2e1f0",
            "placedAt": 1795500000,
            "lines": [{"batch": "/01/09521141012345/10/L1", "quantity": 2, "parcel": "/00/095211410000000014"}],
            "parcels": [
                {
                    "parcel": "/00/095211410000000014",
                    "lines": [0],
                    "shippedAt": 1795503600,
                    "deliveredAt": None,
                }
            ],
        },
    ),
    **_described(None, "Nothing personal. Signed as the others are, over an empty body."),
)
def status(request: Request, reference: str) -> Response:  # noqa: ARG001
    message = _message(request, b"")
    return JSONResponse(request.app.state.node.orders.status(message.shop, _number(request)))
