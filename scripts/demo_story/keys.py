"""GS1 keys of the demo, each in both of its spellings: EPC URN and GS1 Digital Link.

All of them lie under company prefixes that begin with 952, which GS1 keeps for demonstrations: none names a real thing.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Literal, NamedTuple

Dialect = Literal["urn", "link"]

_SERIAL_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class Id(NamedTuple):
    """What a key names. `path` is that of its Digital Link, which is also its subject in the journal."""

    urn: str
    path: str

    def spelled(self, dialect: Dialect) -> str:
        return self.urn if dialect == "urn" else f"https://id.gs1.org{self.path}"


def check_digit(digits: str) -> int:
    """GS1's modulo 10 digit for what stands before it."""
    return -sum(int(digit) * (3, 1)[at % 2] for at, digit in enumerate(reversed(digits))) % 10


def with_check_digit(digits: str) -> str:
    return f"{digits}{check_digit(digits)}"


def gtin(prefix: str, item: str) -> str:
    """GTIN-14 of a 7-digit company prefix and a 6-digit item reference, of which the first digit is the indicator."""
    return with_check_digit(f"{item[0]}{prefix}{item[1:]}")


def gln(prefix: str, location: str) -> str:
    return with_check_digit(f"{prefix}{location}")


def item_class(prefix: str, item: str, lot: str) -> Id:
    return Id(f"urn:epc:class:lgtin:{prefix}.{item}.{lot}", f"/01/{gtin(prefix, item)}/10/{lot}")


def item_instance(prefix: str, item: str, serial: str) -> Id:
    return Id(f"urn:epc:id:sgtin:{prefix}.{item}.{serial}", f"/01/{gtin(prefix, item)}/21/{serial}")


def logistic_unit(prefix: str, serial: str) -> Id:
    """SSCC of a 10-digit serial reference, of which the first digit is the extension."""
    sscc = with_check_digit(f"{serial[0]}{prefix}{serial[1:]}")
    return Id(f"urn:epc:id:sscc:{prefix}.{serial}", f"/00/{sscc}")


def location(prefix: str, reference: str) -> Id:
    return Id(f"urn:epc:id:sgln:{prefix}.{reference}.0", f"/414/{gln(prefix, reference)}")


def party(prefix: str, reference: str) -> Id:
    return Id(f"urn:epc:id:pgln:{prefix}.{reference}", f"/417/{gln(prefix, reference)}")


def asset(prefix: str, reference: str) -> Id:
    return Id(f"urn:epc:id:giai:{prefix}.{reference}", f"/8004/{prefix}{reference}")


def serials(gtin: str, lot: str, count: int) -> tuple[str, ...]:
    """`count` serials of a lot, 12 letters and digits each: always the same, all different, in no order to be seen."""
    found: dict[str, None] = {}
    attempt = 0
    while len(found) < count:
        digest = sha256(f"suyuan demo/{gtin}/{lot}/{attempt}".encode()).digest()
        found["".join(_SERIAL_LETTERS[byte % 32] for byte in digest[:12])] = None
        attempt += 1
    return tuple(found)
