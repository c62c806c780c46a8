"""Signed notes, tree heads and cosignatures (C2SP signed-note, tlog-checkpoint, tlog-cosignature), what a witness is
sent (tlog-witness), and tiles' names.

    note       = text (lines) || newline || signature lines
    line       = "— " || name || " " || base64(key id (4) || signature) || newline
    key id     = SHA-256(name || 0x0A || type || public key)[:4]
    type       = 0x01 Ed25519 over the text · 0x04 Ed25519 over "cosignature/v1\\ntime {t}\\n" || text, time (8) first
    tree head  = origin || newline || size || newline || base64(root) || newline || extension lines
    submission = "old " || size || newline || consistency proof, base64 a line || newline || note

A log's own extension line, `heads {base64}`, commits to the heads map of the same seal.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from suyuan.core.errors import BadSignature, Malformed

_NAME = re.compile(r"[^\s+\u2014]{1,255}")
_LINE = re.compile(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_MOST_SIGNATURES = 100
_MOST_HASHES = 63  # of a consistency proof
_OLD = "old "
_HEADS = "heads "
TILE = 256  # hashes in a tile, entries in a bundle


class KeyType(IntEnum):
    """What a key signs."""

    NOTE = 1
    COSIGNATURE = 4


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name, written `name+id+base64(type || key)`."""

    name: str
    type: KeyType
    key: bytes

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + bytes((self.type,)) + self.key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes((self.type,)) + self.key).decode()}"

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Reads one. Raises Malformed."""
        name, plus, rest = text.partition("+")
        id, _, coded = rest.partition("+")
        raw = _unbase64(coded, "key")
        if not plus or not _NAME.fullmatch(name) or len(raw) != 33 or raw[0] not in tuple(KeyType):
            raise Malformed("a verifier key is name+id+base64", "key")
        verifier = cls(name, KeyType(raw[0]), raw[1:])
        if verifier.id.hex() != id:
            raise Malformed(f"key id {id}, expected {verifier.id.hex()}", "key")
        return verifier


class NoteSigner:
    """An Ed25519 key with its name; shows only its public half."""

    __slots__ = ("__key", "_verifier")

    def __init__(self, name: str, type: KeyType, secret: bytes) -> None:
        if not _NAME.fullmatch(name):
            raise Malformed("a key's name has no spaces and no plus", "name")
        self.__key = Ed25519PrivateKey.from_private_bytes(secret)
        self._verifier = Verifier(name, type, self.__key.public_key().public_bytes_raw())

    @property
    def verifier(self) -> Verifier:
        return self._verifier

    def sign(self, text: str) -> str:
        """A signature line over a note's text."""
        return _line(self._verifier, self.__key.sign(text.encode()))

    def cosign(self, text: str, time: int) -> str:
        """A cosignature line over a tree head; `time` in seconds."""
        return _line(self._verifier, time.to_bytes(8, "big") + self.__key.sign(_cosigned(text, time)))

    def __repr__(self) -> str:
        return f"<NoteSigner {self._verifier.name}>"

    def __reduce__(self) -> str:
        raise TypeError("a key is not copied out of its signer")


@dataclass(frozen=True, slots=True)
class Note:
    """A text, and who signed it as far as is said: (name, key id, signature)."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    def signed_by(self, verifier: Verifier) -> int:
        """Returns if that key signed: for a cosignature the time that it gives, else 0. Raises BadSignature."""
        signature = self._signature(verifier)
        if signature is None:
            raise BadSignature(f"not signed by {verifier.name}")
        return _check(self.text, verifier, signature)

    def names(self, verifier: Verifier) -> bool:
        """Whether a signature is said to be that key's, be it true or not."""
        return self._signature(verifier) is not None

    def line(self, verifier: Verifier) -> str:
        """The line of that key's signature. Raises BadSignature if there is none, or if it does not hold."""
        self.signed_by(verifier)
        return _line(verifier, self._signature(verifier) or b"")

    def _signature(self, verifier: Verifier) -> bytes | None:
        wanted = verifier.name, verifier.id
        return next((raw for name, id, raw in self.signatures if (name, id) == wanted), None)


def parse_note(text: str) -> Note:
    """Reads a signed note, at most 1 MB. Raises Malformed."""
    body, gap, rest = text.rpartition("\n\n")
    lines = rest.split("\n")
    if not gap or len(text) > 1_000_000 or lines[-1] or not 0 < len(lines) - 1 <= _MOST_SIGNATURES:
        raise Malformed("a note is text, an empty line and signatures")
    if any(ord(c) < 0x20 and c != "\n" for c in text):
        raise Malformed("a note has no control characters")
    signatures = []
    for line in lines[:-1]:
        met = _LINE.fullmatch(line)
        raw = b"" if met is None else _unbase64(met[2], "signature")
        if met is None or len(raw) < 5:
            raise Malformed("a signature line is a dash, a name and base64")
        signatures.append((met[1], raw[:4], raw[4:]))
    return Note(body + "\n", tuple(signatures))


def note(text: str, lines: Sequence[str]) -> str:
    """A signed note of its text and signature lines."""
    return text + "\n" + "".join(lines)


@dataclass(frozen=True, slots=True)
class TreeHead:
    """A log's size and root under its name; `heads`: root of the heads map, empty where it is not said."""

    origin: str
    size: int
    root: bytes
    heads: bytes = b""

    def text(self) -> str:
        more = f"{_HEADS}{base64.b64encode(self.heads).decode()}\n" if self.heads else ""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n{more}"


def parse_tree_head(text: str) -> TreeHead:
    """Reads the text of a tree head's note; extension lines of others are skipped. Raises Malformed."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]) or not _NUMBER.fullmatch(lines[1]):
        raise Malformed("a tree head is an origin, a size and a root, a line each, and no line is empty")
    root = _unbase64(lines[2], "root")
    said = [_unbase64(line.removeprefix(_HEADS), "heads") for line in lines[3:-1] if line.startswith(_HEADS)]
    heads = said[0] if said else b""
    if len(root) != 32 or len(heads) not in (0, 32) or len(said) > 1 or int(lines[1]) >= 2**63:
        raise Malformed("a root has 32 bytes", "root")
    return TreeHead(lines[0], int(lines[1]), root, heads)


def origin_of(chain: int, journal: str) -> str:
    """The name of a deployment's log."""
    return f"suyuan/{chain}/{journal}"


def contradict(one: TreeHead, other: TreeHead) -> bool:
    """Whether two tree heads of one log cannot both be true: one size, and another root or another heads map."""
    return one.origin == other.origin and one.size == other.size and one != other


@dataclass(frozen=True, slots=True)
class Submission:
    """A tree head's note for a witness, with the consistency proof from the `old` size that it has cosigned."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        lines = (base64.b64encode(h).decode() + "\n" for h in self.proof)
        return f"{_OLD}{self.old}\n{''.join(lines)}\n{self.note}"


def parse_submission(text: str) -> Submission:
    """Reads one; the note in it is not looked at. Raises Malformed."""
    head, gap, note = text.partition("\n\n")
    first, *hashes = head.split("\n")
    size = first.removeprefix(_OLD)
    if not gap or not first.startswith(_OLD) or not _NUMBER.fullmatch(size) or int(size) >= 2**63:
        raise Malformed("a submission is an old size, a proof, an empty line and a note")
    if len(hashes) > _MOST_HASHES:
        raise Malformed(f"a consistency proof has at most {_MOST_HASHES} hashes, this has {len(hashes)}", "proof")
    proof = tuple(_unbase64(line, "proof") for line in hashes)
    if any(len(h) != 32 for h in proof):
        raise Malformed("a hash has 32 bytes", "proof")
    return Submission(int(size), proof, note)


def tile_path(n: int, width: int = TILE) -> str:
    """A tile's name in C2SP tlog-tiles: groups of three digits, all but the last with an x, `.p/W` if not full."""
    digits = str(n).zfill(-(-len(str(n)) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    part = "" if width == TILE else f".p/{width}"
    return "/".join([*("x" + g for g in groups[:-1]), groups[-1]]) + part


def _line(verifier: Verifier, signature: bytes) -> str:
    return f"\u2014 {verifier.name} {base64.b64encode(verifier.id + signature).decode()}\n"


def _cosigned(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _check(text: str, verifier: Verifier, signature: bytes) -> int:
    time, message = 0, text.encode()
    if verifier.type is KeyType.COSIGNATURE:
        if len(signature) != 72:
            raise BadSignature("a cosignature is a time and 64 bytes")
        time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        if time >= 2**63:
            raise BadSignature(f"{time} is no time")
        message = _cosigned(text, time)
    try:
        Ed25519PublicKey.from_public_bytes(verifier.key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise BadSignature(f"the signature of {verifier.name} does not hold") from error
    return time


def _unbase64(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("is not base64", where) from error
