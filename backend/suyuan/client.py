"""A participant's side: signs statements and speaks HTTP to a site. Needs no database and no chain."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import httpx

from suyuan.core import canonical, merkle, proof, statements, subjects, summary
from suyuan.core.entries import Kind
from suyuan.core.epcis.event_hash import event_hash
from suyuan.core.epcis.model import STATEMENT, document_of
from suyuan.core.errors import (
    BadSignature,
    Conflict,
    InvalidInput,
    Malformed,
    NotFound,
    Refused,
    SuyuanError,
    TooLarge,
    Unavailable,
)
from suyuan.core.notes import tile_path
from suyuan.core.statements import Batch, Recall, Signed, Signer, Statement

Json = dict[str, Any]

_RESTS = (0.2, 1.0)  # seconds before a log is asked again
_PASSING = (429, 502, 503, 504)

_KINDS: Mapping[int, type[SuyuanError]] = {
    400: InvalidInput,
    401: BadSignature,
    403: Refused,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    422: InvalidInput,
    429: Unavailable,
    503: Unavailable,
}


class SiteRefused(SuyuanError):
    """The site answered with a problem; carries its status and words, and `kind`: what error that is."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"the site answered {status}: {detail}")
        self.status = status
        self.kind = _KINDS.get(status, SuyuanError)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a batch: its serial, and the 16-byte code under its scratch-off patch."""

    serial: str
    code: bytes


class Site:
    """A site's public calls. Raises SiteRefused, Unavailable.

    `refused`: told what was posted and not taken, as it was sent, so that its author can appeal.
    """

    def __init__(
        self, url: str, *, http: httpx.Client | None = None, refused: Callable[[Json], None] = lambda _: None
    ) -> None:
        self._http = http or httpx.Client(base_url=url, timeout=120)
        self._refused = refused

    def close(self) -> None:
        """Lets go of connections."""
        self._http.close()

    def get(self, path: str, **parameters: str) -> Any:
        return self._json(lambda: self._http.get(path, params=parameters))

    def entry(self, index: int) -> Any:
        """One entry's proof."""
        return self.get(f"/v1/entries/{index}")

    def bundle(self, subject: str, limit: int) -> Any:
        """A subject's bundle with its newest entries; that of an absent one is answered 404, and given as well."""
        try:
            response = self._http.get("/v1/proof", params={"subject": subject, "limit": limit})
        except httpx.HTTPError as error:
            raise Unavailable(f"the site does not answer: {error}") from error
        if response.status_code not in (200, 404):
            raise SiteRefused(response.status_code, response.text[:200])
        return response.json()

    def file(self, path: str, **parameters: str) -> tuple[int, str, bytes]:
        """Status, type and bytes of what is at a path."""
        try:
            response = self._http.get(path, params=parameters)
        except httpx.HTTPError as error:
            raise Unavailable(f"the site does not answer: {error}") from error
        return response.status_code, response.headers.get("content-type", ""), response.content

    def post(self, path: str, value: Json, headers: Mapping[str, str] | None = None) -> Any:
        sent = {"content-type": "application/json", **(headers or {})}
        try:
            return self._json(lambda: self._http.post(path, content=canonical.encode(value), headers=sent))
        except (SiteRefused, Unavailable):
            self._refused(value)
            raise

    def call(self, method: str, path: str, *, content: bytes = b"", headers: Mapping[str, str] | None = None) -> Any:
        """Any request, as it is given."""
        return self._json(lambda: self._http.request(method, path, content=content, headers=headers))

    def _json(self, call: Callable[[], httpx.Response]) -> Any:
        try:
            response = call()
        except httpx.HTTPError as error:
            raise Unavailable(f"the site does not answer: {error}") from error
        if response.is_success:
            return response.json()
        try:
            detail = str(response.json().get("detail", response.text))
        except ValueError:
            detail = response.text[:200]
        raise SiteRefused(response.status_code, detail)


class Author:
    """A participant who signs: `id` is the address under which it was admitted, `signer` holds its present key."""

    def __init__(self, site: Site, signer: Signer, *, id: str | None = None) -> None:
        self._site = site
        self._signer = signer
        self.id = id or signer.address
        self._deployment: Json | None = None

    # -- calls

    def list_product(self, gtin: str, document: Json) -> Any:
        """Lists a product, or lists it anew."""
        return self._state(Kind.PRODUCT, "/v1/products", subjects.product(gtin), document)

    def publish_profile(self, document: Json) -> Any:
        """Publishes who this participant is."""
        return self._state(Kind.MERCHANT, "/v1/merchants", subjects.merchant(self.id), document)

    def register_batch(self, gtin: str, lot: str, document: Json, items: Sequence[Item]) -> Any:
        """Registers a batch with its items; only hashes of their codes leave this machine."""
        in_order = sorted(items, key=lambda item: item.serial.encode())
        codes = [sha256(item.code).digest() for item in in_order]
        tree = merkle.Tree(proof.item_leaf(item.serial, code) for item, code in zip(in_order, codes, strict=True))
        subject = subjects.batch(gtin, lot)
        public = self._public(document, quantity=len(in_order), itemsRoot=tree.root().hex())
        batch = Batch(subjects.key(subject), self.id, len(in_order), tree.root(), canonical.digest(public))
        return self._state(
            Kind.BATCH,
            "/v1/batches",
            subject,
            document,
            public,
            registration=self._signer.sign(batch.digest(self._domain("batches"))).hex(),
            items=[{"serial": item.serial, "code": code.hex()} for item, code in zip(in_order, codes, strict=True)],
        )

    def recall_batch(self, gtin: str, lot: str, document: Json) -> Any:
        """Recalls a batch: one's own, or as the regulator any."""
        subject = subjects.batch(gtin, lot)
        recall = Recall(subjects.key(subject), canonical.digest(document))
        signature = self._signer.sign(recall.digest(self._domain("batches")))
        return self._state(Kind.RECALL, "/v1/recalls", subject, document, recall=signature.hex())

    def capture(self, document: Json) -> Any:
        """Signs every event of an EPCISDocument and captures it, all or nothing; gives the capture job."""
        signed = self.sign_document(document)
        job = self._site.post("/epcis/capture", signed)
        return self._site.get(job["location"])

    def capture_event(self, event: Json) -> Any:
        """Signs one event, which brings its own `@context`, and captures it."""
        return self._site.post("/epcis/events", self.sign_event(event, None))

    # -- reviews

    def withhold(self, gtin: str, right: str, reason: str, basis: str) -> Any:
        """As the operator, withholds a review, for a reason and on a law of the closed list (`rules.REASONS`)."""
        return self._decide(Kind.REVIEW_WITHHOLD, gtin, {"right": right, "reason": reason, "basis": basis})

    def restore(self, gtin: str, right: str, reason: str) -> Any:
        """As the operator, shows a withheld review again."""
        return self._decide(Kind.REVIEW_RESTORE, gtin, {"right": right, "reason": reason})

    def reply(self, gtin: str, right: str, words: str, language: str = "zh") -> Any:
        """As the merchant of the batch, replies to a review, once."""
        content: Json = {"salt": secrets.token_hex(16), "words": words, "language": language}
        public: Json = {"right": right, "private": canonical.digest(content).hex()}
        signed = self._sign(Kind.REVIEW_REPLY, f"/reviews/{gtin}", public)
        return self._site.post("/v1/replies", {"statement": signed.as_json(), "public": public, "content": content})

    def _decide(self, kind: Kind, gtin: str, public: Json) -> Any:
        signed = self._sign(kind, f"/reviews/{gtin}", public)
        return self._site.post("/v1/decisions", {"statement": signed.as_json(), "public": public})

    # -- audits

    def hand_in_audit(self, deployment: proof.Deployment, audited: summary.Summary) -> Any:
        """Signs the summary of an audit, by whatever key, and hands it in. Raises Conflict at the site of another."""
        met = self._site.get("/v1/journal")
        if (met["chain"], met["journal"]) != (deployment.chain, deployment.journal):
            raise Conflict(f"the site is of {met['journal']} on chain {met['chain']}, audited was {deployment}")
        public = audited.as_json()
        signed = self._sign_as(summary.KIND, summary.SUBJECT, public)
        return self._site.post("/v1/audits", {"statement": signed.as_json(), "public": public})

    # -- signing

    def sign_document(self, document: Json) -> Json:
        """The EPCISDocument with this author's statement on each event."""
        body = document.get("epcisBody")
        events = body.get("eventList") if isinstance(body, dict) else None
        if not isinstance(events, list):
            raise Malformed("has no eventList", "epcisBody")
        signed = [self.sign_event(event, document.get("@context")) for event in events]
        return {**document, "epcisBody": {**document["epcisBody"], "eventList": signed}}

    def sign_event(self, event: Json, context: Any) -> Json:
        """The event with this author's statement on it."""
        content = document_of(event, context)
        public: Json = {"event": event_hash(content), "document": canonical.digest(content).hex()}
        if "errorDeclaration" in content:
            original = {name: value for name, value in content.items() if name != "errorDeclaration"}
            public["corrects"] = canonical.digest(original).hex()
        statement = self._sign(Kind.CHECKPOINT, "", public).as_json()
        return {**event, STATEMENT: statement}

    def _state(
        self, kind: Kind, path: str, subject: str, document: Json, public: Json | None = None, **more: Any
    ) -> Any:
        public = public or self._public(document)
        signed = self._sign(kind, subject, public)
        return self._site.post(path, {"statement": signed.as_json(), "public": public, "document": document, **more})

    def _public(self, document: Json, **more: Any) -> Json:
        return {"document": canonical.digest(document).hex(), **more}

    def _sign(self, kind: Kind, subject: str, public: Json) -> Signed:
        return self._sign_as(kind.word, subject, public)

    def _sign_as(self, kind: str, subject: str, public: Json) -> Signed:
        statement = Statement(kind, subject, canonical.digest(public), int(time.time()), secrets.token_bytes(32))
        return Signed(self.id, statement, self._signer.sign(statement.digest(self._domain("merchants"))))

    def _domain(self, judge: str) -> bytes:
        if self._deployment is None:
            self._deployment = self._site.get("/v1/journal")
        return statements.domain(self._deployment["chain"], self._deployment[judge])


class LogReader:
    """An open log as an auditor reads it, over HTTP (PROTOCOL section 9). Raises Unavailable for what is not served.

    What may pass (a busy site, a lost connection) is asked for again, twice.
    """

    def __init__(self, url: str, *, http: httpx.Client | None = None) -> None:
        base = url.rstrip("/")
        self._base = base if base.endswith("/log") else base + "/log"
        self._http = http or httpx.Client(timeout=60)
        self._is_own = http is None

    def __reduce__(self) -> tuple[type[LogReader], tuple[str]]:
        """For another process, which opens connections of its own."""
        if not self._is_own:
            raise TypeError("a reader over somebody's connections stays in its process")
        return LogReader, (self._base,)

    def close(self) -> None:
        """Lets go of connections."""
        self._http.close()

    def headers(self, n: int, width: int) -> list[bytes]:
        """The first `width` headers of entry bundle `n`."""
        content = self._get("tile/entries", n, width)
        headers, at = [], 0
        while at < len(content):
            size = int.from_bytes(content[at : at + 2], "big")
            if len(content) < at + 2 + size:
                raise Unavailable(f"entry bundle {n} is cut short")
            headers.append(content[at + 2 : at + 2 + size])
            at += 2 + size
        if len(headers) != width:
            raise Unavailable(f"entry bundle {n} has {len(headers)} entries, asked were {width}")
        return headers

    def hashes(self, level: int, n: int, width: int) -> list[bytes]:
        """The first `width` hashes of tile `n` of a level."""
        content = self._get(f"tile/{level}", n, width)
        if len(content) != 32 * width:
            raise Unavailable(f"tile {n} of level {level} has {len(content)} bytes, asked were {width} hashes")
        return [content[at : at + 32] for at in range(0, len(content), 32)]

    def bodies(self, n: int, width: int) -> list[bytes]:
        """The bodies of the first `width` entries of bundle `n`: canonical text, or whatever bytes an appeal's are."""
        lines = self._get("bodies", n, width).split(b"\n")[:-1]
        if len(lines) != width:
            raise Unavailable(f"bundle {n} has {len(lines)} bodies, asked were {width}")
        return [_raw(line) if line.startswith(b'"') else line for line in lines]

    def documents(self, n: int, width: int) -> list[bytes]:
        """The documents of the first `width` entries of bundle `n`, as they are served."""
        *lines, rest = self._get("documents", n, width).split(b"\n")
        if rest:
            raise Unavailable(f"the documents of bundle {n} are cut short")
        return lines

    def _get(self, what: str, n: int, width: int) -> bytes:
        url = f"{self._base}/{what}/{tile_path(n, width)}"
        for rest in (*_RESTS, None):
            try:
                response = self._http.get(url)
            except httpx.HTTPError as error:
                if rest is None:
                    raise Unavailable(f"the log does not answer at {url}") from error
            else:
                if response.status_code == 200:
                    return response.content
                if rest is None or response.status_code not in _PASSING:
                    raise Unavailable(f"the log answered {response.status_code} for {url}")
            time.sleep(rest)
        raise AssertionError("the last attempt answers or raises")


def _raw(line: bytes) -> bytes:
    """The bytes that a line has as base64 in a JSON string; the line itself where it is something else."""
    try:
        return base64.b64decode(line[1:-1], validate=True)
    except binascii.Error:
        return line
