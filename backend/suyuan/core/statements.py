"""EIP-712 statements, batches and receipts, signed with secp256k1 (PROTOCOL sections 6 and 7).

Domain: name `Suyuan`, version `1`, chain id, and as verifying contract the one that judges. A signature is 65 bytes,
r || s || v with v 27 or 28 and a low s. Times in signed structs are seconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from coincurve import PublicKey
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from tiny_keccak import keccak256 as _keccak256

from suyuan.core import canonical
from suyuan.core.errors import BadSignature, Malformed

SKEW = 600  # seconds by which `issuedAt` may lie after `at`
_HEX = re.compile(r"(?:[0-9a-f]{2})*")
_LONE = re.compile("[\ud800-\udfff]")
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def keccak(data: bytes) -> bytes:
    """Keccak-256, as Ethereum uses it."""
    return bytes(_keccak256(data))


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


_DOMAIN_TYPE = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_STATEMENT_TYPE = keccak(b"Statement(string kind,string subject,bytes32 content,uint64 issuedAt,bytes32 nonce)")
_BATCH_TYPE = keccak(b"Batch(bytes32 key,address merchant,uint64 quantity,bytes32 itemsRoot,bytes32 content)")
_RECALL_TYPE = keccak(b"Recall(bytes32 key,bytes32 reason)")
_RECEIPT_TYPE = keccak(b"Receipt(bytes32 leaves,uint64 index,uint64 count,uint64 issuedAt,uint64 sealBy)")


@lru_cache(maxsize=64)
def domain(chain: int, contract: str) -> bytes:
    """The EIP-712 domain separator. `contract`: 0x address of the contract that judges."""
    return keccak(_DOMAIN_TYPE + keccak(b"Suyuan") + keccak(b"1") + _word(chain) + _word(int(contract, 16)))


def _digest(separator: bytes, struct: bytes) -> bytes:
    return keccak(b"\x19\x01" + separator + keccak(struct))


@lru_cache(maxsize=256)
def _text(value: str) -> bytes:
    return keccak(value.encode())


@dataclass(frozen=True, slots=True)
class Statement:
    """What an author signs: hashes are 32 bytes, `issued_at` in seconds, `subject` empty for a checkpoint."""

    kind: str
    subject: str
    content: bytes
    issued_at: int
    nonce: bytes

    def digest(self, separator: bytes) -> bytes:
        return _digest(
            separator,
            _STATEMENT_TYPE
            + _text(self.kind)
            + (_text("") if not self.subject else keccak(self.subject.encode()))
            + self.content
            + _word(self.issued_at)
            + self.nonce,
        )

    def message(self, chain: int, journal: str) -> bytes:
        """What a shopper's key signs: JCS that names the deployment."""
        return canonical.encode(
            {
                "domain": {"chain": chain, "journal": journal},
                "kind": self.kind,
                "subject": self.subject,
                "content": self.content.hex(),
                "issuedAt": self.issued_at,
                "nonce": self.nonce.hex(),
            }
        )


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement with its author and signature. A participant: its id (0x address, lower-case), 65 bytes r || s || v.
    A shopper: its P-256 key (65 bytes in hex, uncompressed), 64 bytes r || s.
    """

    by: str
    statement: Statement
    signature: bytes

    def as_json(self) -> dict[str, Any]:
        """The form in which it travels."""
        s = self.statement
        return {
            "by": self.by,
            "kind": s.kind,
            "subject": s.subject,
            "content": s.content.hex(),
            "issuedAt": s.issued_at,
            "nonce": s.nonce.hex(),
            "signature": self.signature.hex(),
        }

    @classmethod
    def from_json(cls, value: object) -> Signed:
        """Reads the form in which a participant's travels. Raises Malformed."""
        found, statement = _statement(value)
        by = address(found.get("by"), "statement/by")
        return cls(by, statement, from_hex(found.get("signature"), 65, "statement/signature"))

    @classmethod
    def from_shopper(cls, value: object) -> Signed:
        """Reads the form in which a shopper's travels. Raises Malformed."""
        found, statement = _statement(value)
        by = from_hex(found.get("by"), 65, "statement/by").hex()
        if not by.startswith("04"):
            raise Malformed("a shopper's key is an uncompressed point", "statement/by")
        return cls(by, statement, from_hex(found.get("signature"), 64, "statement/signature"))


def _statement(value: object) -> tuple[dict[str, Any], Statement]:
    if not isinstance(value, dict):
        raise Malformed("a statement is an object", "statement")
    issued = value.get("issuedAt")
    if type(issued) is not int or not 0 <= issued < 2**53:
        raise Malformed("issuedAt is a number of seconds", "statement")
    statement = Statement(
        text(value.get("kind"), "statement/kind"),
        text(value.get("subject", ""), "statement/subject"),
        from_hex(value.get("content"), 32, "statement/content"),
        issued,
        from_hex(value.get("nonce"), 32, "statement/nonce"),
    )
    return value, statement


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as its merchant registers it. `key`: of its subject; `content`: SHA-256(JCS(public)) of its entry."""

    key: bytes
    merchant: str
    quantity: int
    items_root: bytes
    content: bytes

    def digest(self, separator: bytes) -> bytes:
        return _digest(
            separator,
            _BATCH_TYPE
            + self.key
            + _word(int(self.merchant, 16))
            + _word(self.quantity)
            + self.items_root
            + self.content,
        )


@dataclass(frozen=True, slots=True)
class Recall:
    """A recall of a batch; `reason`: SHA-256(JCS(public)) of its journal entry."""

    key: bytes
    reason: bytes

    def digest(self, separator: bytes) -> bytes:
        return _digest(separator, _RECALL_TYPE + self.key + self.reason)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A promise: the journal's leaves from `index` on, `count` of them, have root `leaves`, sealed by `seal_by`."""

    leaves: bytes
    index: int
    count: int
    issued_at: int
    seal_by: int

    def digest(self, separator: bytes) -> bytes:
        return _digest(
            separator,
            _RECEIPT_TYPE
            + self.leaves
            + _word(self.index)
            + _word(self.count)
            + _word(self.issued_at)
            + _word(self.seal_by),
        )

    def as_json(self, signature: bytes) -> dict[str, Any]:
        return {
            "leaves": self.leaves.hex(),
            "index": self.index,
            "count": self.count,
            "issuedAt": self.issued_at,
            "sealBy": self.seal_by,
            "signature": signature.hex(),
        }


class Signer(Protocol):
    """Holds a key, and shows only its address."""

    @property
    def address(self) -> str: ...

    def sign(self, digest: bytes) -> bytes:
        """65 bytes r || s || v over a 32-byte digest."""


def recover(digest: bytes, signature: bytes) -> str:
    """The address that signed. Raises BadSignature for one that no key could have made, or a high s."""
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise BadSignature("a signature is r, s and v: 65 bytes, v 27 or 28")
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        raise BadSignature("a signature with a high s")
    try:
        key = PublicKey.from_signature_and_message(signature[:64] + bytes((signature[64] - 27,)), digest, hasher=None)
    except ValueError as error:
        raise BadSignature("no key makes this signature") from error
    return address_of(key.format(compressed=False))


def check_shopper(signed: Signed, chain: int, journal: str) -> None:
    """Returns if a shopper's key signed its statement for that deployment (ES256, raw r || s). Raises BadSignature."""
    message, signature = signed.statement.message(chain, journal), signed.signature
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes.fromhex(signed.by))
        point.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature) as error:
        raise BadSignature("not signed by the shopper's key") from error


def address_of(public_key: bytes) -> str:
    """The address of a 65-byte uncompressed public key."""
    return "0x" + keccak(public_key[1:])[12:].hex()


def from_hex(value: object, size: int, where: str = "") -> bytes:
    """`size` bytes from lower-case hex. Raises Malformed."""
    if not isinstance(value, str) or len(value) != 2 * size or not _HEX.fullmatch(value):
        raise Malformed(f"{size} bytes in lower-case hex are wanted", where)
    return bytes.fromhex(value)


def text(value: object, where: str = "") -> str:
    """Text that UTF-8 can carry. Raises Malformed."""
    if not isinstance(value, str) or _LONE.search(value):
        raise Malformed("text is wanted, without lone surrogates", where)
    return value


def address(value: object, where: str = "") -> str:
    """A lower-case 0x address. Raises Malformed."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise Malformed("an address is 0x and 40 hex digits", where)
    from_hex(value[2:], 20, where)
    return value
