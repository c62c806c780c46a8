"""What buyers, the operator and merchants say of reviews, and what readers ask for."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import JSONResponse, Response

from suyuan.api.limits import JsonBody, parse_object, read_body
from suyuan.core import canonical
from suyuan.core.errors import Malformed, TooLarge
from suyuan.services import photos as pictures
from suyuan.services.prove import DEFAULT_LIMIT

router = APIRouter(prefix="/v1", tags=["reviews"])

BODY_LIMIT = 2**18  # of what is signed with its words
_MOST = 1000
_NOSNIFF = {"X-Content-Type-Options": "nosniff"}
_PLAIN = {**_NOSNIFF, "Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
_PHOTO = {  # withheld tomorrow, it is not to be had from a cache for long
    **_NOSNIFF,
    "Cache-Control": "public, max-age=60",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PRIVATE = {**_NOSNIFF, "Cache-Control": "no-store"}


async def _photo_body(request: Request) -> bytes:
    return await read_body(request, pictures.LIMIT)


PhotoBody = Annotated[bytes, Depends(_photo_body)]
Statement = Annotated[str, Header(alias="Suyuan-Statement")]


def _said(body: bytes) -> dict[str, Any]:
    if len(body) > BODY_LIMIT:
        raise TooLarge(f"has at most {BODY_LIMIT} bytes, this has {len(body)}", "body")
    return parse_object(body)


def _stated(text: str) -> object:
    return canonical.parse(text.encode("latin-1", "replace"))


def _taken(accepted: Any) -> Response:
    content = {"index": accepted.first, "receipt": accepted.receipt.as_json(accepted.signature)}
    return JSONResponse(content, 201, _PRIVATE)


@router.get("/rights/{right}", summary="How a right to review stands")
def right(request: Request, right: str) -> Response:
    return JSONResponse(request.app.state.node.claims.right(right), headers=_PRIVATE)


@router.post("/claims", status_code=201, summary="Claim a right, or an item by the code under its patch")
def claims(request: Request, body: JsonBody) -> Response:
    value = _said(body)
    address = request.client.host if request.client else ""
    claimed = request.app.state.node.claims.claim(
        value.get("statement"), value.get("public"), value.get("right"), address
    )
    return JSONResponse(claimed.as_json(), 201, _PRIVATE)


@router.post("/photos", status_code=201, summary="Send a photo for a right")
def photos(
    request: Request, body: PhotoBody, statement: Statement, right: Annotated[str, Header(alias="Suyuan-Right")]
) -> Response:
    return JSONResponse(request.app.state.node.photos.add(body, right, _stated(statement)), 201, _PRIVATE)


@router.get("/photos/{name}", summary="A photo of a review that is shown")
def photo(request: Request, name: str) -> Response:
    kind, content = request.app.state.node.photos.photo(name)
    return Response(content, 200, _PHOTO, kind)


@router.post("/reviews", status_code=201, summary="Write, amend or withdraw a review")
def submit(request: Request, body: JsonBody) -> Response:
    value = _said(body)
    return _taken(
        request.app.state.node.reviews.submit(value.get("statement"), value.get("public"), value.get("content"))
    )


@router.post("/decisions", status_code=201, summary="Withhold or restore a review")
def decisions(request: Request, body: JsonBody) -> Response:
    value = _said(body)
    return _taken(request.app.state.node.reviews.decide(value.get("statement"), value.get("public")))


@router.post("/replies", status_code=201, summary="Reply to a review")
def replies(request: Request, body: JsonBody) -> Response:
    value = _said(body)
    return _taken(
        request.app.state.node.reviews.reply(value.get("statement"), value.get("public"), value.get("content"))
    )


@router.post("/erasures", status_code=201, summary="Erase what is kept about a buyer")
def erasures(request: Request, body: JsonBody) -> Response:
    value = _said(body)
    erased = request.app.state.node.erasure.erase(value.get("statement"), value.get("public"))
    return JSONResponse(erased.as_json(), 201, _PRIVATE)


@router.post("/exports", summary="All that is kept about a buyer")
def exports(request: Request, body: JsonBody) -> Response:
    value = _said(body)
    kept = request.app.state.node.erasure.export(value.get("statement"), value.get("public"))
    return JSONResponse(kept, headers=_PRIVATE)


@router.get("/reviews", summary="The words of a product's reviews")
def contents(request: Request, product: str, limit: str = str(DEFAULT_LIMIT)) -> Response:
    gtin = product.removeprefix("/01/")
    if not (gtin.isascii() and gtin.isdigit() and len(gtin) == 14):
        raise Malformed("is a GTIN of 14 digits", "product")
    if not (limit.isascii() and limit.isdigit() and 0 < int(limit) <= _MOST):
        raise Malformed(f"is a number up to {_MOST}", "limit")
    node = request.app.state.node
    found = {"contents": node.reviews.contents(gtin, int(limit)), "withheld": node.reviews.withheld(gtin)}
    return JSONResponse(found, headers=_PLAIN)


@router.get("/entries/{index}", summary="One entry's proof under the newest seal")
def entry(request: Request, index: str) -> Response:
    if not (index.isascii() and index.isdigit() and len(index) <= 15):
        raise Malformed("is a number", "index")
    return Response(request.app.state.node.prover.entry(int(index)), 200, _PLAIN, "application/json")


@router.get("/copies", summary="A merchant's items whose code was seen in two cities within an hour")
def copies(request: Request, statement: Statement) -> Response:
    return JSONResponse({"copies": request.app.state.node.watch.copies(_stated(statement))}, headers=_PRIVATE)
