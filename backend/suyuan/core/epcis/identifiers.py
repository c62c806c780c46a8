"""EPCs as GS1 Digital Link URIs and as subjects.

An EPC comes as a pure identity, class or pattern URN (GS1 EPC Tag Data Standard) or as a GS1 Digital Link URI
on any host. Each has one canonical URI, that of the finest key it holds without attributes (CBV 2.0, 8.9):

    https://id.gs1.org/{key}/{value}[/{qualifier}/{value}]
    key/qualifier: 00, 01, 01/21, 01/10, 01/235, 253, 255, 401, 402, 414, 414/254, 417, 8003, 8004,
                   8006, 8006/21, 8006/10, 8010, 8010/8011, 8017, 8018

and one subject (PROTOCOL section 1), as `suyuan_qr.digital_link` has it for what is scanned: the same path
with every byte but `A-Za-z0-9-._~` percent-encoded. The canonical URI leaves `'`, `;` and `=` as they are,
which is what the published event hashes do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

from suyuan_qr import digital_link
from suyuan_qr.digital_link import SHORT_NAMES
from suyuan_qr.errors import GS1Error

CANONICAL_HOST = "https://id.gs1.org"
_GS1_HOSTS = ("https://id.gs1.org/", "http://id.gs1.org/")
_CACHED_LENGTH = 256


class Identifier(NamedTuple):
    """A GS1 key as an EPC states it.

    `uri` is the canonical Digital Link URI, `subject` its subject, `fault` what is wrong with it: nothing
    (empty), or its check digit. URNs carry no check digits, so theirs are always right.
    """

    uri: str
    subject: str
    fault: str


def identify(uri: str) -> Identifier | None:
    """The GS1 key that `uri` states, or None where it states none (or none that has a Digital Link form)."""
    if len(uri) > _CACHED_LENGTH:
        return _identify(uri)
    return _identify_cached(uri)


def canonical_uri(uri: str) -> str:
    """The canonical Digital Link URI of an EPC; `uri` itself where it has none."""
    found = identify(uri)
    return found.uri if found else uri


def subject_of(uri: str) -> str:
    """The subject that an EPC names; `/epc/{uri}` where it has no Digital Link form."""
    found = identify(uri)
    if found is not None:
        return found.subject
    if uri.startswith(("https://", "http://")):
        with suppress(GS1Error):  # keys that are no EPCs, such as a model's (8013)
            return digital_link.parse(uri, strict=False).subject
    return f"/epc/{quote(uri, safe='')}"


def fault_of(uri: str) -> str:
    """What is wrong with an EPC that is a Digital Link by its form, or has to be one by its host; else empty."""
    found = identify(uri)
    if found is not None:
        return found.fault
    if uri.startswith(_GS1_HOSTS):
        try:
            digital_link.parse(uri, strict=False)
        except GS1Error as error:
            return str(error)
    return ""


def check_digit(digits: str) -> str:
    """The GS1 check digit that belongs after `digits`: weights 3, 1, 3 … from the right, modulo 10."""
    values = digits.encode()
    threes = len(values) + 1 >> 1
    weighted = 3 * sum(values[-1::-2]) + sum(values[-2::-2]) - 48 * (len(values) + 2 * threes)
    return str(-weighted % 10)


def _fault(ai: str, digits: str) -> str:
    right = check_digit(digits[:-1])
    return "" if digits[-1] == right else f"check digit of ({ai}){digits} is {digits[-1]}, should be {right}"


def _identify(uri: str) -> Identifier | None:
    if uri.startswith("urn:epc:"):
        return _from_urn(uri)
    if uri.startswith(("https://", "http://")):
        return _from_link(uri)
    return None


_identify_cached = lru_cache(maxsize=16384)(_identify)

_PLAIN = re.compile(r"[A-Za-z0-9\-._]*\Z")


def _identifier(key: str, value: str, qualifier: str = "", detail: str = "", fault: str = "") -> Identifier:
    """Of decoded values."""
    if _PLAIN.match(value) and _PLAIN.match(detail):
        path = f"/{key}/{value}/{qualifier}/{detail}" if qualifier else f"/{key}/{value}"
        return Identifier(CANONICAL_HOST + path, path, fault)
    paths = []
    for safe in ("';=", ""):
        path = f"/{key}/{quote(value, safe=safe)}"
        paths.append(f"{path}/{qualifier}/{quote(detail, safe=safe)}" if qualifier else path)
    return Identifier(CANONICAL_HOST + paths[0], paths[1], fault)


# --- URNs. A company prefix has 6 to 12 digits; what follows it is shorter by as many.

_URN = re.compile(r"urn:epc:(id|class|idpat):([a-z]+):([0-9]{6,12})\.(.*)\Z")
_SET_82 = r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]"
_TEXT_20 = re.compile(rf"{_SET_82}{{1,20}}\Z")
_TEXT_28 = re.compile(rf"{_SET_82}{{1,28}}\Z")
_TEXT_30 = re.compile(rf"{_SET_82}{{1,30}}\Z")
_PART_30 = re.compile(r"[#\-/0-9A-Z]{1,30}\Z")
_DIGITS = re.compile(r"[0-9]*\Z")
_DIGITS_12 = re.compile(r"[0-9]{1,12}\Z")

_Decoder = Callable[[str, str], "Identifier | None"]


def _from_urn(uri: str) -> Identifier | None:
    match = _URN.match(uri)
    if match is None:
        return None
    kind, scheme, prefix, rest = match.groups()
    if kind == "idpat":
        return _from_pattern(scheme, prefix, rest)
    decode = _URNS.get((kind, scheme))
    return decode(prefix, rest) if decode else None


def _checked(prefix: str, reference: str, length: int) -> str | None:
    """A key of `length` digits with its check digit after; None where the reference does not fill it."""
    if len(prefix) + len(reference) != length or not _DIGITS.match(reference):
        return None
    digits = prefix + reference
    return digits + check_digit(digits)


def _gtin(prefix: str, reference: str) -> str | None:
    """The item reference starts with the indicator digit, which leads the GTIN."""
    return _checked(reference[:1] + prefix, reference[1:], 13)


def _trade_item(qualifier: str, length: re.Pattern[str]) -> _Decoder:
    """sgtin, lgtin, upui: prefix.reference.text"""

    def decode(prefix: str, rest: str) -> Identifier | None:
        reference, _, detail = rest.partition(".")
        gtin = _gtin(prefix, reference)
        detail = unquote(detail)
        if gtin is None or not length.match(detail):
            return None
        return _identifier("01", gtin, qualifier, detail)

    return decode


def _piece(prefix: str, reference: str, piece: str, total: str) -> str | None:
    gtin = _gtin(prefix, reference)
    counts = piece + total
    return gtin + counts if gtin and len(piece) == len(total) == 2 and _DIGITS.match(counts) else None


def _item_piece(prefix: str, rest: str) -> Identifier | None:
    """itip: prefix.reference.piece.total.serial"""
    parts = rest.split(".", 3)
    if len(parts) != 4:
        return None
    value, serial = _piece(prefix, *parts[:3]), unquote(parts[3])
    return _identifier("8006", value, "21", serial) if value and _TEXT_20.match(serial) else None


def _number(key: str, length: int, *, rotated: bool = False) -> _Decoder:
    """sscc (whose extension digit stands before the reference), gsrn, gsrnp, gsin, pgln: prefix.reference"""

    def decode(prefix: str, rest: str) -> Identifier | None:
        value = _checked(rest[:1] + prefix, rest[1:], length) if rotated else _checked(prefix, rest, length)
        return _identifier(key, value) if value else None

    return decode


def _location(prefix: str, rest: str) -> Identifier | None:
    """sgln: prefix.reference.extension, where 0 means none"""
    reference, _, extension = rest.partition(".")
    gln = _checked(prefix, reference, 12)
    extension = unquote(extension)
    if gln is None or not _TEXT_20.match(extension):
        return None
    return _identifier("414", gln) if extension == "0" else _identifier("414", gln, "254", extension)


def _numbered(key: str, serial: re.Pattern[str], lead: str = "") -> _Decoder:
    """grai, gdti, sgcn: prefix.type.serial, the serial a part of the key"""

    def decode(prefix: str, rest: str) -> Identifier | None:
        reference, _, detail = rest.partition(".")
        base = _checked(lead + prefix, reference, 12 + len(lead))
        detail = unquote(detail)
        return _identifier(key, base + detail) if base and serial.match(detail) else None

    return decode


def _free(key: str) -> _Decoder:
    """giai, ginc: prefix.reference, 30 characters in all"""

    def decode(prefix: str, rest: str) -> Identifier | None:
        value = prefix + unquote(rest)
        return _identifier(key, value) if rest and _TEXT_30.match(value) else None

    return decode


def _part(prefix: str, reference: str) -> str | None:
    value = prefix + unquote(reference)
    return value if reference and _PART_30.match(value) else None


def _component(prefix: str, rest: str) -> Identifier | None:
    """cpi: prefix.reference.serial"""
    reference, _, serial = rest.rpartition(".")
    value = _part(prefix, reference)
    return _identifier("8010", value, "8011", serial) if value and _DIGITS_12.match(serial) else None


_URNS: dict[tuple[str, str], _Decoder] = {
    ("id", "sgtin"): _trade_item("21", _TEXT_20),
    ("id", "upui"): _trade_item("235", _TEXT_28),
    ("id", "sscc"): _number("00", 17, rotated=True),
    ("id", "sgln"): _location,
    ("id", "grai"): _numbered("8003", re.compile(rf"{_SET_82}{{1,16}}\Z"), lead="0"),
    ("id", "giai"): _free("8004"),
    ("id", "gsrn"): _number("8018", 17),
    ("id", "gsrnp"): _number("8017", 17),
    ("id", "gdti"): _numbered("253", re.compile(rf"{_SET_82}{{1,17}}\Z")),
    ("id", "cpi"): _component,
    ("id", "sgcn"): _numbered("255", _DIGITS_12),
    ("id", "ginc"): _free("401"),
    ("id", "gsin"): _number("402", 16),
    ("id", "itip"): _item_piece,
    ("id", "pgln"): _number("417", 12),
    ("class", "lgtin"): _trade_item("10", _TEXT_20),
}


def _from_pattern(scheme: str, prefix: str, rest: str) -> Identifier | None:
    """A pattern whose last component alone is open, which makes it the class of what it matches."""
    *fixed, last = rest.split(".")
    if last != "*":
        return None
    match scheme, fixed:
        case (("sgtin" | "upui"), [reference]):
            key, value = "01", _gtin(prefix, reference)
        case (("sgln" | "gdti" | "sgcn"), [reference]):
            key = {"sgln": "414", "gdti": "253", "sgcn": "255"}[scheme]
            value = _checked(prefix, reference, 12)
        case "grai", [reference]:
            key, value = "8003", _checked("0" + prefix, reference, 13)
        case "cpi", [reference]:
            key, value = "8010", _part(prefix, reference)
        case "itip", [reference, piece, total]:
            key, value = "8006", _piece(prefix, reference, piece, total)
        case _:
            return None
    return _identifier(key, value) if value else None


# --- Digital Link URIs


class _Key(NamedTuple):
    """A primary key: its value, how many of its digits end in a check digit (0: none), its qualifiers.

    `qualifiers` are (AI, its value) in the order in which they may stand; those in `finest` identify
    something, the most specific first.
    """

    value: re.Pattern[str]
    checked: int
    qualifiers: tuple[tuple[str, re.Pattern[str]], ...] = ()
    finest: tuple[str, ...] = ()


_VARIANT, _LOT, _SERIAL = ("22", _TEXT_20), ("10", _TEXT_20), ("21", _TEXT_20)
_SERVICE = (("8019", re.compile(r"[0-9]{1,10}\Z")),)

_KEYS = {
    "00": _Key(re.compile(r"[0-9]{18}\Z"), 18),
    "01": _Key(
        re.compile(r"(?:[0-9]{8}|[0-9]{12,14})\Z"),
        14,
        (_VARIANT, _LOT, _SERIAL, ("235", _TEXT_28)),
        ("21", "235", "10"),
    ),
    "253": _Key(re.compile(rf"[0-9]{{13}}{_SET_82}{{0,17}}\Z"), 13),
    "255": _Key(re.compile(r"[0-9]{13,25}\Z"), 13),
    "401": _Key(re.compile(rf"[0-9]{{4}}{_SET_82}{{1,26}}\Z"), 0),
    "402": _Key(re.compile(r"[0-9]{17}\Z"), 17),
    "414": _Key(re.compile(r"[0-9]{13}\Z"), 13, (("254", _TEXT_20),), ("254",)),
    "417": _Key(re.compile(r"[0-9]{13}\Z"), 13),
    # Unchecked: even among the published examples of valid events there are assets with a wrong check digit.
    "8003": _Key(re.compile(rf"0[0-9]{{13}}{_SET_82}{{0,16}}\Z"), 0),
    "8004": _Key(re.compile(rf"[0-9]{{4}}{_SET_82}{{1,26}}\Z"), 0),
    "8006": _Key(re.compile(r"[0-9]{18}\Z"), 14, (_VARIANT, _LOT, _SERIAL), ("21", "10")),
    "8010": _Key(re.compile(r"[0-9]{4}[#\-/0-9A-Z]{1,26}\Z"), 0, (("8011", _DIGITS_12),), ("8011",)),
    "8017": _Key(re.compile(r"[0-9]{18}\Z"), 18, _SERVICE),
    "8018": _Key(re.compile(r"[0-9]{18}\Z"), 18, _SERVICE),
}

_LONGEST = 10  # segments: a key and its four qualifiers, each with its value
_LINK = re.compile(r"https?://[^/?#]+/([^?#]+)")

# Nearly all of them: an item, batch, product or parcel right after the host, nothing escaped. Only faster.
_COMMON = re.compile(r"https?://[^/?#]+/(?:01/([0-9]{14})(?:/(21|10)/([A-Za-z0-9\-._]{1,20}))?|00/([0-9]{18}))\Z")


def _from_link(uri: str) -> Identifier | None:
    match = _COMMON.match(uri)
    if match is not None:
        gtin, qualifier, detail, sscc = match.groups()
        if gtin is None:
            path, fault = f"/00/{sscc}", _fault("00", sscc)
        else:
            path = f"/01/{gtin}/{qualifier}/{detail}" if qualifier else f"/01/{gtin}"
            fault = _fault("01", gtin)
        return Identifier(CANONICAL_HOST + path, path, fault)
    match = _LINK.match(uri)
    if match is None:
        return None
    segments = match[1].removesuffix("/").split("/")
    for at in range(max(0, len(segments) - _LONGEST), len(segments) - 1):
        name = segments[at]
        ai = SHORT_NAMES.get(name, name)
        key = _KEYS.get(ai)
        if key is not None:
            found = _from_segments(ai, key, segments[at + 1 :])
            if found is not None:
                return found
    return None


def _from_segments(ai: str, key: _Key, segments: list[str]) -> Identifier | None:
    """The key whose value and qualifiers `segments` are, all of them; else None."""
    if len(segments) % 2 == 0:
        return None
    value = unquote(segments[0])
    if not key.value.match(value):
        return None
    details: dict[str, str] = {}
    allowed = iter(key.qualifiers)
    for name, detail in zip(segments[1::2], segments[2::2], strict=True):
        qualifier = SHORT_NAMES.get(name, name)
        pattern = next((pattern for wanted, pattern in allowed if wanted == qualifier), None)
        detail = unquote(detail)
        if pattern is None or not pattern.match(detail):
            return None
        details[qualifier] = detail
    if ai == "01":
        value = value.zfill(14)
    fault = _fault(ai, value[: key.checked]) if key.checked else ""
    finest = next((qualifier for qualifier in key.finest if qualifier in details), "")
    found = _identifier(ai, value, finest, details.get(finest, ""), fault)
    if "8019" in details:  # a service relation's instance: of the subject, not of the canonical URI
        return found._replace(subject=f"{found.subject}/8019/{details['8019']}")
    return found
