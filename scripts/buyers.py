"""A buyer as a browser is one: keys of its own, one for each right, and statements signed with them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from suyuan.client import Site
from suyuan.core import canonical
from suyuan.core.entries import Kind
from suyuan.core.reviews import right_of
from suyuan.core.statements import Signed, Statement

Json = dict[str, Any]


class Key:
    """A shopper's P-256 key. `by`: as entries name it; `seed`: what makes it again, a random one if there is none."""

    def __init__(self, seed: bytes | None = None) -> None:
        number = int.from_bytes(sha256(seed or secrets.token_bytes(32)).digest(), "big") >> 8
        self._key = ec.derive_private_key(number, ec.SECP256R1())
        self.by = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()

    def sign(self, kind: str, subject: str, content: bytes, chain: int, journal: str) -> Signed:
        """A statement of now, for that deployment."""
        made = Statement(kind, subject, content, int(time.time()), secrets.token_bytes(32))
        r, s = decode_dss_signature(self._key.sign(made.message(chain, journal), ec.ECDSA(hashes.SHA256())))
        return Signed(self.by, made, r.to_bytes(32, "big") + s.to_bytes(32, "big"))


class Buyer:
    """One right, and the key that is bound to it."""

    def __init__(self, site: Site, secret: str, gtin: str, batch: str) -> None:
        self._site = site
        self._secret = secret
        self._key = Key(b"key" + bytes.fromhex(secret))  # a browser makes and keeps a random one
        self._journal = site.get("/v1/journal")
        self.gtin = gtin
        self.batch = batch
        self.right = right_of(secret)

    def await_right(self) -> str:
        """How the right stands (issued, claimed or reviewed), once it is published."""
        while (state := str(self._site.get(f"/v1/rights/{self.right}")["state"])) == "waiting":
            time.sleep(0.3)
        return state

    def claim(self) -> Json:
        """Binds the key to the right."""
        public = {"right": self.right, "secret": self._secret}
        return self._post("/v1/claims", Kind.CLAIM.word, f"/rights/{self.gtin}", public)

    def review(self, stars: int, words: str, language: str = "zh", aspects: Mapping[str, int] | None = None) -> Json:
        """Writes the review."""
        return self._write(Kind.REVIEW, {"batch": self.batch}, stars, words, language, aspects)

    def amend(self, stars: int, words: str, language: str = "zh", aspects: Mapping[str, int] | None = None) -> Json:
        """Changes it."""
        return self._write(Kind.REVIEW_AMEND, {}, stars, words, language, aspects)

    def withdraw(self) -> Json:
        """Takes it back."""
        return self._post("/v1/reviews", Kind.REVIEW_WITHDRAW.word, f"/reviews/{self.gtin}", {"right": self.right})

    def erase(self, basis: str) -> Json:
        """Has all that is kept about this buyer erased."""
        return self._post("/v1/erasures", "erase", f"/reviews/{self.gtin}", {"right": self.right, "basis": basis})

    def _write(
        self,
        kind: Kind,
        more: Json,
        stars: int,
        words: str,
        language: str,
        aspects: Mapping[str, int] | None,
        photos: Sequence[str] = (),
    ) -> Json:
        content = {"salt": secrets.token_hex(16), "words": words, "language": language, "photos": list(photos)}
        public: Json = {"right": self.right, "stars": stars, "private": canonical.digest(content).hex(), **more}
        if aspects:
            public["aspects"] = dict(aspects)
        return self._post("/v1/reviews", kind.word, f"/reviews/{self.gtin}", public, content=content)

    def _post(self, path: str, kind: str, subject: str, public: Json, **more: Any) -> Json:
        at = self._journal["chain"], self._journal["journal"]
        statement = self._key.sign(kind, subject, canonical.digest(public), *at)
        answer: Json = self._site.post(path, {"statement": statement.as_json(), "public": public, **more})
        return answer
