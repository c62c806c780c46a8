"""Subjects: what a stream of entries is about (PROTOCOL section 1).

Grammar: `/01/{gtin14}`, `/01/{gtin14}/10/{lot}`, `/01/{gtin14}/21/{serial}`, `/00/{sscc}`, `/reviews/{gtin14}`,
`/rights/{gtin14}`, `/merchant/{0x address}`, `/order/{id}`, `/case/{id}`, `/terms/{name}`, `/appeals`, the Digital Link
path of another GS1 key, or `/epc/{URI}`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote, unquote, unquote_to_bytes

from suyuan.core.errors import InvalidIdentifier
from suyuan_qr import digital_link
from suyuan_qr.errors import GS1Error

_PART = r"(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})+"
_PLAIN = re.compile(
    rf"/(?:reviews/[0-9]{{14}}|rights/[0-9]{{14}}|merchant/0x[0-9a-f]{{40}}|(?:order|case)/[0-9a-f]{{32}}"
    rf"|terms/{_PART}|appeals|epc/{_PART})\Z"
)
_CACHED_LENGTH = 256


def key(subject: str) -> bytes:
    """The 32-byte key of a subject: SHA-256 of its UTF-8."""
    return sha256(subject.encode()).digest()


def parse(text: str) -> str:
    """The canonical subject that a path or GS1 Digital Link URI names. Raises InvalidIdentifier."""
    return _parse_cached(text) if len(text) <= _CACHED_LENGTH else _parse(text)


def _parse(text: str) -> str:
    if _PLAIN.match(text):
        return text if "%" not in text else _escaped_once(text)
    try:
        return digital_link.parse(text, strict=False).subject
    except GS1Error as error:
        raise InvalidIdentifier(str(error), "subject") from error


_parse_cached = lru_cache(maxsize=65536)(_parse)


def _escaped_once(text: str) -> str:
    """`text`, if it escapes what must be and nothing else: a thing has one subject."""
    part = text.rpartition("/")[2]
    if quote(unquote_to_bytes(part), safe="") != part:
        raise InvalidIdentifier(f"{text} escapes what needs no escape", "subject")
    return text


def product(gtin: str) -> str:
    """Subject of a product; `gtin` has 14 digits."""
    return f"/01/{gtin}"


def batch(gtin: str, lot: str) -> str:
    """Subject of a batch."""
    return f"/01/{gtin}/10/{quote(lot, safe='')}"


def item(gtin: str, serial: str) -> str:
    """Subject of one item."""
    return f"/01/{gtin}/21/{quote(serial, safe='')}"


def merchant(identifier: str) -> str:
    """Subject of a merchant or other participant, by its address (lower-case, with 0x)."""
    return f"/merchant/{identifier}"


def serial_of(subject: str) -> str:
    """The serial of an item's subject, as it was before it was escaped."""
    return unquote(subject.partition("/21/")[2])
