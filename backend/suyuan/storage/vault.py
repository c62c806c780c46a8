"""Personal data at rest: AES-256-GCM with a key per buyer, each key wrapped by the node's own.

Who destroys a buyer's key destroys all that was encrypted with it. Every box is bound to what it is of (`of`), so that
none can be put in another's place.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from hmac import digest

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from suyuan.core.errors import ProofFault

_NONCE = 12


def seal(key: bytes, content: bytes, of: bytes) -> bytes:
    """nonce (12) || ciphertext || tag (16), under a 32-byte key."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, of)


def unseal(key: bytes, box: bytes, of: bytes) -> bytes:
    """What `seal` put in. Raises ProofFault for another key, another `of` or changed bytes."""
    try:
        return AESGCM(key).decrypt(box[:_NONCE], box[_NONCE:], of)
    except (InvalidTag, ValueError) as error:
        raise ProofFault("an encrypted record does not open: it was changed, or its key was") from error


class Vault:
    """Makes, wraps and unwraps keys. `master`: 32 bytes that the node keeps among its keys."""

    __slots__ = ("__master",)

    def __init__(self, master: bytes) -> None:
        self.__master = master

    def new_key(self, of: bytes) -> tuple[bytes, bytes]:
        """A fresh key, and the same wrapped."""
        key = secrets.token_bytes(32)
        return key, self.wrap(key, of)

    def wrap(self, secret: bytes, of: bytes) -> bytes:
        """A secret, encrypted with the node's own key."""
        return seal(self.__master, secret, of)

    def unwrap(self, wrapped: bytes, of: bytes) -> bytes:
        """What `wrap` took. Raises ProofFault."""
        return unseal(self.__master, wrapped, of)

    def reference(self, shop: str, name: str) -> bytes:
        """A keyed hash by which a shop's own name for something is found again, and not guessed."""
        return digest(self.__master, sha256(f"{shop}\0{name}".encode()).digest(), "sha256")

    def __repr__(self) -> str:
        return "<Vault>"
