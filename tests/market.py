"""A market to test with: goods that are delivered, and buyers with secrets and keys as a browser has them."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from itertools import count
from typing import Any

import httpx
from PIL import Image

from journal_builder import Shopper
from live import GTIN, Live, batch_document, items, product_document
from suyuan.core import canonical, merkle, proof, statements, subjects
from suyuan.core.reviews import right_of
from suyuan.core.statements import Signed, Statement
from suyuan.services.order import Message
from suyuan.storage import registry

Json = dict[str, Any]
LOT = "L1"
BATCH = subjects.batch(GTIN, LOT)
REVIEWS = f"/reviews/{GTIN}"
_numbers = count(1)


def line_secret(secret: bytes, line: int) -> str:
    """The secret of one line of a delivery, in hex (docs/architecture.md, Orders and reviews)."""
    return sha256(b"suyuan right" + secret + bytes((line,))).hexdigest()[:32]


@dataclass
class Buyer:
    """One right's secret, and the key that is to be bound to it."""

    live: Live
    secret: str
    gtin: str = GTIN
    batch: str = BATCH
    key: Shopper = field(default_factory=lambda: Shopper(secrets.token_hex(8)))

    @property
    def right(self) -> str:
        return right_of(self.secret)

    def sign(self, kind: str, subject: str, content: bytes, **changes: Any) -> Json:
        """A statement by this key; `changes` replace what is signed."""
        values = {"issued_at": int(time.time()), "nonce": secrets.token_bytes(32), **changes}
        made = Statement(kind, subject, content, **values)
        d = self.live.node.deployment
        return Signed(self.key.point, made, self.key.sign(made.message(d.chain_id, d.journal))).as_json()

    def claiming(self, **changes: Any) -> Json:
        public = {"right": self.right, "secret": self.secret, **changes}
        return {"statement": self.sign("claim", f"/rights/{self.gtin}", canonical.digest(public)), "public": public}

    def claim(self) -> Any:
        said = self.claiming()
        return self.live.node.claims.claim(said["statement"], said["public"])

    def saying(self, kind: str = "review", stars: int = 5, *, by: Buyer | None = None, **changes: Any) -> Json:
        """What is posted to write, amend or withdraw a review."""
        content = {
            "salt": secrets.token_hex(16), "words": changes.pop("words", "好茶"),
            "language": changes.pop("language", "zh"), "photos": changes.pop("photos", []),
        }  # fmt: skip
        public: Json = {"right": self.right}
        if kind != "review.withdraw":
            public |= {"stars": stars, "private": canonical.digest(content).hex()}
        if kind == "review":
            public["batch"] = self.batch
        public |= changes
        statement = (by or self).sign(kind, f"/reviews/{self.gtin}", canonical.digest(public))
        said: Json = {"statement": statement, "public": public}
        return said if kind == "review.withdraw" else {**said, "content": content}

    def submit(self, kind: str = "review", stars: int = 5, **changes: Any) -> Any:
        said = self.saying(kind, stars, **changes)
        return self.live.node.reviews.submit(said["statement"], said["public"], said.get("content"))

    def asking(self, word: str, **public: Any) -> Json:
        """What is posted to erase or to export."""
        stated = {"right": self.right, **public}
        return {"statement": self.sign(word, f"/reviews/{self.gtin}", canonical.digest(stated)), "public": stated}

    def photo_headers(self, data: bytes, **changes: Any) -> dict[str, str]:
        statement = self.sign("photo", f"/reviews/{self.gtin}", sha256(data).digest(), **changes)
        return {"suyuan-right": self.right, "suyuan-statement": json.dumps(statement), "content-type": "image/png"}

    def send_photo(self, data: bytes) -> httpx.Response:
        return self.live.http.post("/v1/photos", content=data, headers=self.photo_headers(data))


@dataclass
class Market:
    """A product with one batch, and what becomes of it."""

    live: Live
    serials: tuple[str, ...]

    def message(self) -> Message:
        """A shop's message, verified."""
        id = f"m{next(_numbers)}"
        return Message("shop", self.live.merchant.id, id, sha256(id.encode()).digest(), int(time.time()))

    def deliver(self, lines: int, buyer: str = "", contact: Mapping[str, str] | None = None) -> list[Buyer]:
        """Delivers an order of that many lines, of one piece each; a buyer's right for each. They wait."""
        n = next(_numbers)
        orders = self.live.node.orders
        value: Json = {
            "reference": f"R{n}", "buyer": buyer or f"buyer {n}",
            "lines": [{"gtin": GTIN, "lot": LOT, "quantity": 1}] * lines,
        }  # fmt: skip
        if contact is not None:
            value["contact"] = dict(contact)
        orders.place(self.message(), value)
        body = f"0952114{n:010d}"
        sscc = body + str(-sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(body)) % 10)
        orders.ship(self.message(), f"R{n}", {"sscc": sscc})
        secret = secrets.token_bytes(16)
        buyers = [Buyer(self.live, line_secret(secret, i)) for i in range(lines)]
        orders.deliver(self.message(), f"R{n}", {"sscc": sscc, "rights": [b.right for b in buyers]})
        return buyers

    def publish(self) -> None:
        """Publishes the rights that wait."""
        self.live.node.granter.step(now=True)

    def buyers(self, n: int, **order: Any) -> list[Buyer]:
        """That many buyers of one order, with rights that they have claimed."""
        made = self.deliver(n, **order)
        self.publish()
        for one in made:
            one.claim()
        return made

    def claiming_item(self, serial: str, code: bytes | None = None, **changes: Any) -> Json:
        """What is posted to claim an item by its code; `right` is the hash of the browser's own secret."""
        with self.live.node.database.read() as connection:
            held = list(registry.items_of(connection, subjects.key(BATCH)))
        tree = merkle.Tree(proof.item_leaf(i.serial, i.code) for i in held)
        place = self.serials.index(serial)
        public = {
            "batch": BATCH, "code": (code or items(serial)[0].code).hex(), "place": place,
            "proof": [h.hex() for h in merkle.inclusion(tree, place, len(held))], **changes,
        }  # fmt: skip
        key, own = Buyer(self.live, ""), Buyer(self.live, secrets.token_hex(16))
        subject = subjects.item(GTIN, serial)
        return {
            "statement": key.sign("claim", subject, canonical.digest(public)), "public": public, "right": own.right,
        }  # fmt: skip

    def by_participant(self, signer: Any, kind: str, subject: str, public: Json) -> Json:
        """What a participant posts."""
        d = self.live.node.deployment
        made = Statement(kind, subject, canonical.digest(public), int(time.time()), secrets.token_bytes(32))
        signature = signer.sign(made.digest(statements.domain(d.chain_id, d.merchants)))
        return {"statement": Signed(signer.address, made, signature).as_json(), "public": public}

    def replying(self, who: str, right: str, words: str = "谢谢") -> Json:
        content = {"salt": secrets.token_hex(16), "words": words, "language": "zh"}
        public = {"right": right, "private": canonical.digest(content).hex()}
        return {**self.by_participant(self.live.signers[who], "review.reply", REVIEWS, public), "content": content}


def open_market(live: Live, size: int = 12) -> Market:
    """A market on a world of its own."""
    serials = tuple(f"S{n:05}" for n in range(size))
    live.merchant.list_product(GTIN, product_document())
    live.merchant.register_batch(GTIN, LOT, batch_document(LOT), items(*serials))
    return Market(live, serials)


def order_of(live: Live, market: Market) -> str:
    """An order with personal content, delivered and sealed; its subject."""
    market.deliver(1, buyer="a real name", contact={"phone": "13800000000"})
    live.node.seal_now()
    lines = live.http.get(f"/log/bodies/000.p/{live.size()}").text.splitlines()
    return next(body["subject"] for body in map(json.loads, lines) if body["kind"] == "order")


def image(kind: str = "PNG", size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    """An image that no other is the same as."""
    out = BytesIO()
    colour = sha256(b"%d" % next(_numbers)).digest()
    Image.new("RGB", size, (colour[0], colour[1], colour[2])).save(out, kind, **options)
    return out.getvalue()
