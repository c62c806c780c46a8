"""The pages: what a scanned code opens, for people; and errors as pages where a browser asks."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from suyuan import charts
from suyuan.core import rules, subjects
from suyuan.core.entries import BY_WORD
from suyuan.core.errors import InvalidIdentifier, InvalidInput, NotFound, SuyuanError, Unavailable
from suyuan.core.signs.model import Flag
from suyuan.services import look_up_reviews, oversee
from suyuan.services.look_up import About, Label, View
from suyuan.services.review import PHOTOS_LIMIT, WORDS_LIMIT
from suyuan.web import chart
from suyuan.web.words import LANGS, LANGUAGES, TAGS, Lang, Words
from suyuan_qr import digital_link, gs1
from suyuan_qr.errors import GS1Error

_HERE = Path(__file__).parent
_COOKIE = "lang"
_YEAR = 365 * 86400

_NOSNIFF = {"X-Content-Type-Options": "nosniff"}
HEADERS: Mapping[str, str] = {
    # A reader may have any node asked about the chain, which is the point: hence connect-src *. Nothing can be sent
    # there but what this origin's own two scripts send, and they hold no secrets.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src *;"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "Accept, Accept-Encoding, Accept-Language, Cookie",
    "Cache-Control": "no-cache",
    **_NOSNIFF,
}

# The pages that hold a buyer's keys and secrets: they speak to this site alone, and show photos that are not sent yet.
BUYER_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}

# The saved verifier says in itself what its scripts may do, so that it is the same file wherever it lies.
VERIFIER_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
    **_NOSNIFF,
}


class _Route(APIRoute):
    """A page's address: HEAD is answered like GET; it is the server that leaves the body out."""

    def __init__(self, path: str, endpoint: Callable[..., Any], *, methods: Iterable[str], **more: Any) -> None:
        super().__init__(path, endpoint, methods=[*methods, "HEAD"], **more)


router = APIRouter(include_in_schema=False, route_class=_Route)
_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class _Static(StaticFiles):
    """Files that a browser asks for again each time, since modules import each other by plain names."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers.update({"Cache-Control": "no-cache", **_NOSNIFF})
        return response


def install(app: FastAPI) -> None:
    """Serves the pages, and has errors answered with pages where a browser asks."""
    app.include_router(router)
    app.mount("/static", GZipMiddleware(_Static(directory=_HERE / "static"), minimum_size=1000), name="static")
    kinds: tuple[type[Exception], ...] = (SuyuanError, HTTPException, RequestValidationError, Exception)
    for kind in kinds:
        if kind in app.exception_handlers:
            app.add_exception_handler(kind, _for_people(app.exception_handlers[kind]))


# --- language


def _language(request: Request) -> Lang:
    """What the address asks for, else the cookie, else the browser, else Chinese."""
    wanted = [request.query_params.get("lang"), request.cookies.get(_COOKIE)]
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, weight = part.strip().lower().partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0"):
            wanted.append(tag.partition("-")[0])  # browsers write the best first
    return next((lang for w in wanted for lang in LANGS if w == lang), "zh")


def _here(request: Request, **query: str) -> str:
    """This page's address, without its host."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in ("lang", *query)]
    text = urlencode([*kept, *query.items()])
    return _path(request) + (f"?{text}" if text else "")


def _path(request: Request) -> str:
    raw: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    return raw.partition(b"?")[0].decode("ascii", "replace")


def _page(request: Request, name: str, *, status: int = 200, canonical: str = "", **values: Any) -> HTMLResponse:
    words = Words(_language(request))
    node = request.app.state.node
    site, heard = node.settings.url, node.listener.heard()
    here = canonical or _path(request)
    text = _templates.get_template(name).render(
        w=words,
        tags=TAGS,
        site=site,
        canonical=site + here,
        here=_here(request),
        switch=_here(request, lang=words.other),
        draw=chart.draw,
        reasons=rules.REASONS,
        laws={law for laws in (*rules.REASONS.values(), rules.ERASE_LAWS) for law in laws},
        clock=chart.clock,
        heard=heard,
        queue=heard.queue(time.time()) if heard else "",
        **values,
    )
    response = HTMLResponse(text, status, dict(HEADERS))
    if "gzip" in request.headers.get("accept-encoding", ""):  # nothing in a page is secret: no BREACH
        response.body = gzip.compress(response.body, 5, mtime=0)
        response.headers.update({"Content-Encoding": "gzip", "Content-Length": str(len(response.body))})
    response.headers["Content-Language"] = words.tag
    if request.query_params.get("lang") in LANGS:
        response.set_cookie(_COOKIE, words.lang, max_age=_YEAR, samesite="lax", httponly=True)
    return response


# --- errors


def _wants_page(request: Request) -> bool:
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")


def _for_people(answer: Callable[..., Any]) -> Callable[[Request, Exception], Any]:
    """The answer to programs, but a page for a browser, with the same status."""

    def respond(request: Request, error: Exception) -> Any:
        response = answer(request, error)
        if not _wants_page(request):
            return response
        with suppress(Unavailable):
            page = _page(
                request, "error.html", status=response.status_code, words=_apology(error, response.status_code),
                detail=str(error) if isinstance(error, SuyuanError) else "",
            )  # fmt: skip
            for name in ("Retry-After", "WWW-Authenticate"):
                if name in response.headers:
                    page.headers[name] = response.headers[name]
            return page
        return response

    return respond


def _apology(error: Exception, status: int) -> str:
    """Which words say what went wrong."""
    if isinstance(error.__cause__, GS1Error) and error.__cause__.code == "INCORRECT_CHECK_DIGIT":
        return "bad_check"
    if isinstance(error, InvalidInput):
        return "bad"
    return {400: "bad", 404: "missing", 405: "missing", 503: "away"}.get(status, "fault")


# --- routes


@router.get("/", response_class=HTMLResponse)
def home(request: Request) -> Response:
    node = request.app.state.node
    labels: list[Label] = []
    with suppress(Unavailable):
        for subject in node.overview().get("examples", ()):
            with suppress(InvalidIdentifier):
                labels.append(node.look_up.label(subject))
    groups = {about: [label for label in labels if label.about is about] for about in About}
    return _page(request, "home.html", groups={about: found for about, found in groups.items() if found})


@router.get("/about", response_class=HTMLResponse)
def about(request: Request) -> Response:
    return _page(request, "about.html")


@router.get("/audit", response_class=HTMLResponse)
def audit(request: Request) -> Response:
    """What the operator says of its own work, for those who will not believe it."""
    node = request.app.state.node
    o = node.overseer.overview()
    grown = charts.Series("", [(one.sealed_at, one.size) for one in o.points])
    spent = charts.Series("", [(one.sealed_at, one.gas) for one in o.points if one.gas is not None])
    return _page(
        request, "audit.html", o=o, handed=node.overseer.handed_in(), facts=node.overview(), now=time.time(),
        promise=node.settings.promise_seconds, shown=oversee.SHOWN, grown=grown, spent=spent if spent.points else None,
        lines=_lines, columns=_columns, coins=_coins,
    )  # fmt: skip


@router.get("/appeal", response_class=HTMLResponse)
def appeal(request: Request, before: str = "") -> Response:
    """How to go past this platform, and who did; `before`: older appeals than that number."""
    if before and not (before.isascii() and before.isdigit() and len(before) <= 15):
        raise InvalidIdentifier("a number is wanted", "before")
    node = request.app.state.node
    terms, listed = None, []
    with suppress(Unavailable):
        terms = node.appeals.terms()
        listed = node.appeals.newest(int(before) if before else None)
    return _page(
        request, "appeal.html", terms=terms, listed=listed, counts=node.appeals.counts() if terms else (0, 0),
        more=listed[-1].number if listed and listed[-1].number > 1 else 0, kinds=BY_WORD, coins=_coins,
        chain=node.deployment.chain_id, journal=node.deployment.journal,
    )  # fmt: skip


def _lines(title: str, series: charts.Series, x_label: str, y_label: str) -> Markup:
    return Markup(charts.line_chart(title, [series], x_label=x_label, y_label=y_label, x_times=True))  # noqa: S704 - it escapes


def _columns(title: str, bars: Sequence[tuple[str, float]], y_label: str) -> Markup:
    return Markup(charts.bar_chart(title, bars, y_label=y_label))  # noqa: S704 - it escapes


def _coins(wei: int) -> str:
    """Wei as the chain's coin, to the last one."""
    text = f"{Decimal(wei).scaleb(-18):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@router.get("/verify", response_class=HTMLResponse)
def verify() -> Response:
    """The verifier's file, byte for byte what the contract has the hash of."""
    return FileResponse(_HERE / "verify.html", media_type="text/html; charset=utf-8", headers=dict(VERIFIER_HEADERS))


@router.get("/find")
def find(code: str = "") -> Response:
    """Where a typed or pasted code leads."""
    return RedirectResponse(subject_typed(code), 303)


def subject_typed(code: str) -> str:
    """The subject in what a person types: a link, a path, digits, or AIs in brackets. Raises InvalidIdentifier."""
    code = code.strip()
    try:
        if code.startswith("("):
            subject = digital_link.build(gs1.parse_bracketed(code)).subject
        elif code.replace(" ", "").replace("-", "").isdigit():
            digits = code.replace(" ", "").replace("-", "")
            subject = digital_link.parcel(digits) if len(digits) == 18 else digital_link.product(digits)
        else:
            subject = digital_link.parse(code, strict=False).subject
    except GS1Error as error:
        raise InvalidIdentifier(str(error), "code") from error
    return subject


@router.get("/reviews/{gtin}", response_class=HTMLResponse)
def reviews(request: Request, gtin: str, n: str = "", stars: str = "", language: str = "") -> Response:
    """The newest `n` entries of a product's reviews; `stars` and `language` leave out others."""
    try:
        canonical = gs1.gtin14(gtin)
    except GS1Error as error:
        raise InvalidIdentifier(str(error), "gtin") from error
    if canonical != gtin:
        asked = request.scope["query_string"].decode("latin-1")
        return RedirectResponse(f"/reviews/{canonical}" + (f"?{asked}" if asked else ""), 308)
    node = request.app.state.node
    if not node.look_up.is_listed(gtin):
        return _subject(request, node.look_up.look_up(subjects.product(gtin)))
    view = node.look_up_reviews.look_up(
        gtin, limit=_number(n, look_up_reviews.LIMIT), stars=_number(stars, 0), language=language
    )

    def query(**changes: Any) -> str:
        kept = {"n": view.limit if n else "", "stars": view.stars, "language": view.language, **changes}
        text = urlencode({name: value for name, value in kept.items() if value})
        return f"?{text}" if text else ""

    return _page(
        request, "reviews.html", canonical=view.subject, v=view, query=query,
        proof=f"/v1/proof?{urlencode({'subject': view.subject, 'limit': view.limit})}",
        file=f"reviews-{gtin}.proof.json",
    )  # fmt: skip


def _number(text: str, default: int) -> int:
    """What a query says. Raises InvalidIdentifier."""
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise InvalidIdentifier("a number is wanted", "query")
    return int(text)


def signs(request: Request, flags: Sequence[Flag]) -> Response:
    """The operator's page of flags; who asks has shown that it is the operator."""
    page = _page(request, "signs.html", flags=flags)
    page.headers["Cache-Control"] = "no-store"
    return page


def _buyer_page(request: Request, name: str, **values: Any) -> Response:
    response = _page(request, name, **values)
    response.headers.update(BUYER_HEADERS)
    return response


@router.get("/claim", response_class=HTMLResponse)
def claim(request: Request, item: str = "") -> Response:
    """Claims what the address's fragment gives a right to, which no server sees; or `item` by its code."""
    if item:
        try:
            item = digital_link.parse(item, strict=False).subject
        except GS1Error as error:
            raise InvalidIdentifier(str(error), "item") from error
        if "/21/" not in item or not item.startswith("/01/"):
            raise InvalidIdentifier(f"{item} is no item", "item")
    return _buyer_page(request, "claim.html", item=item)


@router.get("/write", response_class=HTMLResponse)
def write(request: Request) -> Response:
    return _buyer_page(
        request, "write.html", words_limit=WORDS_LIMIT, photos_limit=PHOTOS_LIMIT, languages=LANGUAGES,
        aspects=rules.ASPECTS, erase_laws=rules.ERASE_LAWS,
    )  # fmt: skip


@router.get("/receipts", response_class=HTMLResponse)
def receipts(request: Request) -> Response:
    return _page(request, "receipts.html")


@router.get("/01/{_:path}", response_class=HTMLResponse)
@router.get("/00/{_:path}", response_class=HTMLResponse)
def subject_page(request: Request) -> Response:
    path = _path(request)
    try:
        link = digital_link.parse(path, strict=False)
    except GS1Error as error:
        raise InvalidIdentifier(str(error), "code") from error
    lot = link.get("10") or ""
    item_with_lot = link.subject.count("/21/") == 1 and link.uri == path
    if path != link.subject and not item_with_lot:
        query = request.scope["query_string"].decode("latin-1")
        return RedirectResponse(link.subject + (f"?{query}" if query else ""), 308)
    _watch(request, link.subject)
    view = request.app.state.node.look_up.look_up(link.subject, lot=lot if "/21/" in link.subject else "")
    return _subject(request, view, lot)


def _subject(request: Request, view: View, lot: str = "") -> Response:
    """The page of a subject, of a parcel that is only announced, or of what is absent."""
    there = view.known or bool(view.announced)
    if not there and not _wants_page(request):
        raise NotFound(f"nothing is recorded of {view.subject}")
    summary = request.app.state.node.look_up_reviews.summary(view.gtin) if view.known and view.gtin else None
    return _page(
        request, "subject.html" if view.known else "absent.html", status=200 if there else 404,
        canonical=view.subject, v=view, label_lot=lot, summary=summary,
        proof=f"/v1/proof?{urlencode({'subject': view.subject})}",
        file=subjects.key(view.subject).hex()[:12] + ".proof.json",
    )  # fmt: skip


def _watch(request: Request, subject: str) -> None:
    """Has an item's scan noticed, if the operator's own proxy says from which city it comes."""
    node = request.app.state.node
    city = request.headers.get(node.settings.city_header, "") if node.settings.city_header else ""
    if city and "/21/" in subject and request.method == "GET" and _wants_page(request):
        with suppress(Unavailable):  # the page is there without it
            node.watch.scanned(subject, city.encode("latin-1").decode(errors="replace"))
