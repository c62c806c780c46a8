"""GS1 Digital Link URIs (uncompressed): parse, build, and the subject that a link names.

    [scheme://domain] [stem] /key/value [/qualifier/value]… [?ai=value&…]

The path's last AI sequence that begins with a key counts; what is before it is the stem. Source: GS1 Digital
Link Standard: URI Syntax, and the key qualifiers and attributes of the GS1 Barcode Syntax Dictionary.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from suyuan_qr import gs1
from suyuan_qr.errors import GS1Error
from suyuan_qr.gs1 import PATHS, TABLE, Element

__all__ = [
    "SHORT_NAMES",
    "DigitalLink",
    "batch",
    "build",
    "escape",
    "escape_query",
    "item",
    "parcel",
    "parse",
    "product",
    "unescape",
    "unescape_query",
]

_URI = re.compile(
    r"((?:(?:https?|HTTPS?)://([A-Za-z0-9\-.:\[\]]+))?)"
    r"(/[A-Za-z0-9\-._~:/\[\]@!$&'()*+,;=%]*)"
    r"(?:\?([A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]*))?"
    r"(?:#[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*)?"
)
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")

SHORT_NAMES = {
    "cpid": "8010",
    "cpsn": "8011",
    "cpv": "22",
    "gcn": "255",
    "gdti": "253",
    "giai": "8004",
    "ginc": "401",
    "gln": "414",
    "glnx": "254",
    "gmn": "8013",
    "grai": "8003",
    "gsin": "402",
    "gsrn": "8018",
    "gsrnp": "8017",
    "gtin": "01",
    "itip": "8006",
    "lot": "10",
    "party": "417",
    "refno": "8020",
    "ser": "21",
    "srin": "8019",
    "sscc": "00",
}
"""Names that early Digital Links had in place of AIs. GS1 withdrew them; codes with them are still about."""


@dataclass(frozen=True, slots=True)
class DigitalLink:
    """A Digital Link's elements, in order: the first `depth` are its path, the others its query.

    `domain` is empty where a path was parsed; `stem` is all before the key (`https://example.com/a`), without
    a slash at its end.
    """

    domain: str
    elements: tuple[Element, ...]
    depth: int
    stem: str = ""

    @property
    def path(self) -> tuple[Element, ...]:
        """The key and its qualifiers."""
        return self.elements[: self.depth]

    @property
    def attributes(self) -> tuple[Element, ...]:
        """The elements of the query."""
        return self.elements[self.depth :]

    def get(self, ai: str) -> str | None:
        """The value of an AI, if the link has it."""
        for each, value in self.elements:
            if each == ai:
                return value
        return None

    @property
    def uri(self) -> str:
        """The link as a URI, or as a path where it has no domain."""
        query = "&".join(f"{ai}={escape_query(value)}" for ai, value in self.attributes)
        path = "".join(f"/{ai}/{escape(value)}" for ai, value in self.path)
        return f"{self.stem}{path}?{query}" if query else self.stem + path

    @property
    def subject(self) -> str:
        """The canonical path of what the link names (PROTOCOL section 1).

        A serial or, without one, a lot says which items are meant: a GTIN or ITIP goes without its other
        qualifiers then, and a consumer product variant by itself is of its product. Other keys keep theirs.
        """
        key, *qualifiers = self.path
        named = dict(qualifiers)
        if "21" in named:
            qualifiers = [("21", named["21"])]
        elif "10" in named:
            qualifiers = [("10", named["10"])]
        elif "22" in named:
            qualifiers = []
        return "".join(f"/{ai}/{escape(value)}" for ai, value in (key, *qualifiers))


def parse(text: str, *, strict: bool = True, short_gtin: bool | None = None, names: bool | None = None) -> DigitalLink:
    """The Digital Link in a URI, or in a path that begins with a slash. Raises GS1Error.

    Strict holds to the standard. Otherwise slashes at the end of the path, GTINs of 8, 12 or 13 digits
    (`short_gtin`) and withdrawn names for AIs (`names`) are taken too, and normalised; either of the last two
    can be asked for by itself. Each value is checked; `gs1.validate` tells whether elements go together.
    """
    short_gtin = not strict if short_gtin is None else short_gtin
    names = not strict if names is None else names
    match = _URI.fullmatch(text)
    if match is None:
        raise GS1Error(f"{text!r} is not an http or https URI, nor a path.", "NOT_A_URI")
    origin, domain, path, query = match.groups()
    parts = (path if strict else path.rstrip("/")).split("/")
    start = len(parts) - 2
    while start > 0:
        if names:
            parts[start] = SHORT_NAMES.get(parts[start], parts[start])
        entry = TABLE.get(parts[start])
        if entry is None:
            start = 0
        elif entry.qualifiers:
            break
        else:
            start -= 2
    if start <= 0:
        raise GS1Error(f"{path!r} has no GS1 key with a value.", "NO_KEY")
    elements = []
    for index in range(start, len(parts), 2):
        ai, value = parts[index], parts[index + 1]
        if "%" in value:
            value = unescape(value)
        if ai == "01" and short_gtin and len(value) in (8, 12, 13):
            value = value.zfill(14)
        gs1.check(ai, value)
        elements.append((ai, value))
    sequence = tuple(parts[start::2])
    if sequence not in PATHS:
        raise GS1Error(f"{path!r} has qualifiers in an order that GS1 does not allow.", "INVALID_PATH_SEQUENCE")
    if query:
        elements += _attributes(query, sequence, short_gtin)
    return DigitalLink(domain or "", tuple(elements), len(sequence), origin + "/".join(parts[:start]))


def _attributes(query: str, sequence: tuple[str, ...], short_gtin: bool) -> list[Element]:
    found: list[Element] = []
    for parameter in query.split("&"):
        ai, equals, value = parameter.partition("=")
        if not equals or not ai.isdigit():
            continue
        value = unescape_query(value)
        if ai == "01" and short_gtin and len(value) in (8, 12, 13):
            value = value.zfill(14)
        gs1.check(ai, value)
        if ai in sequence or any(ai == other for other, _ in found):
            raise GS1Error(f"({ai}) is there twice.", "REPEATED_AI")
        if not TABLE[ai].attribute:
            raise GS1Error(f"({ai}) may not stand in a Digital Link's query.", "NOT_AN_ATTRIBUTE")
        if any((*sequence[:place], ai, *sequence[place:]) in PATHS for place in range(1, len(sequence) + 1)):
            raise GS1Error(f"({ai}) belongs in the path beside ({sequence[0]}).", "BELONGS_IN_PATH")
        found.append((ai, value))
    return found


def build(elements: Sequence[Element], base: str = "", *, unknown: bool = False) -> DigitalLink:
    """The Digital Link of `elements`: the first key and its qualifiers as path, the others as query.

    `base` is a resolver's URI, to which the path is added. A repeated element is written once. With
    `unknown`, unassigned AIs are taken as attributes. Values are checked, and not whether elements go
    together, since others may be in another carrier. Raises GS1Error.
    """
    values: dict[str, str] = {}
    for ai, value in elements:
        gs1.check(ai, value, unknown=unknown)
        values.setdefault(ai, value)
    key = next((ai for ai in values if ai in TABLE and TABLE[ai].qualifiers), None)
    if key is None:
        raise GS1Error("No element is a key of a Digital Link.", "NO_KEY")
    sequences = ([ai for ai in sequence if ai in values] for sequence in TABLE[key].qualifiers)
    path = [key, *max(sequences, key=len)]
    attributes = [ai for ai in values if ai not in path]
    for ai in attributes:
        if not (TABLE[ai].attribute if ai in TABLE else unknown):
            raise GS1Error(f"({ai}) may not stand in the query of a link to ({key}).", "NOT_AN_ATTRIBUTE")
    attributes.sort(key=lambda ai: not gs1.lookup(ai, unknown=unknown).predefined)
    stem = base.removesuffix("/")
    match = _URI.fullmatch(stem + "/")
    if match is None or "?" in stem or "#" in stem:
        raise GS1Error(f"{base!r} is not an http or https URI, nor a path.", "NOT_A_URI")
    return DigitalLink(match[2] or "", tuple((ai, values[ai]) for ai in path + attributes), len(path), stem)


def product(gtin: str, base: str = "") -> str:
    """The link to a product: `{base}/01/{gtin14}`. A shorter GTIN is filled up. Raises GS1Error."""
    return build([("01", gs1.gtin14(gtin))], base).uri


def batch(gtin: str, lot: str, base: str = "") -> str:
    """The link to a batch: `{base}/01/{gtin14}/10/{lot}`. Raises GS1Error."""
    return build([("01", gs1.gtin14(gtin)), ("10", lot)], base).uri


def item(gtin: str, serial: str, base: str = "", *, lot: str | None = None) -> str:
    """The link to one item, with its lot if one is given: `{base}/01/{gtin14}[/10/{lot}]/21/{serial}`.

    Raises GS1Error.
    """
    lots = [] if lot is None else [("10", lot)]
    return build([("01", gs1.gtin14(gtin)), *lots, ("21", serial)], base).uri


def parcel(sscc: str, base: str = "") -> str:
    """The link to a parcel, case or pallet: `{base}/00/{sscc}`. Raises GS1Error."""
    return build([("00", sscc)], base).uri


# Escapes


def escape(text: str) -> str:
    """`text` for a path: every byte of its UTF-8 but `A-Z a-z 0-9 - . _ ~` as `%` and upper-case hex."""
    return quote(text, safe="")


def escape_query(text: str) -> str:
    """`text` for a query's value: as for a path, but a space is `+`."""
    return quote_plus(text, safe="")


def unescape(text: str) -> str:
    """The inverse of `escape`, a character a byte; `%` without two hex digits stays. No null: GS1Error."""
    plain = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    if "\0" in plain:
        raise GS1Error(f"{text!r} holds a null.", "ILLEGAL_NULL")
    return plain


def unescape_query(text: str) -> str:
    """The inverse of `escape_query`, a character a byte."""
    return unescape(text.replace("+", " "))
