"""Messages of shops: what a shop signs and a site checks (docs/architecture.md, Orders and reviews)."""

from __future__ import annotations

from hashlib import sha256
from hmac import digest as hmac


def signature_of(secret: bytes, at: int | str, message: str, method: str, path: str, body: bytes) -> str:
    """The hex HMAC-SHA256 that a shop's request carries. `at`: seconds; `path`: as it is sent, percent-encoded."""
    return hmac(secret, f"{at}\n{message}\n{method}\n{path}\n{sha256(body).hexdigest()}".encode(), "sha256").hex()
