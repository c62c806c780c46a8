"""GS1 application identifiers: what their values may be, check digits, element strings.

Rules are those of the GS1 Barcode Syntax Dictionary (`RELEASE`) and the GS1 General Specifications. An
element is a pair `(ai, value)`; elements keep the order in which they came.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from suyuan_qr import _linters
from suyuan_qr._ai_table import RELEASE, ROWS
from suyuan_qr.errors import GS1Error

__all__ = [
    "AI",
    "FNC1",
    "PATHS",
    "RELEASE",
    "RULES",
    "TABLE",
    "Component",
    "Element",
    "bracketed",
    "check",
    "check_digit",
    "check_pair",
    "element_string",
    "gtin14",
    "lookup",
    "parse_bracketed",
    "parse_element_string",
    "sscc",
    "validate",
]

Element = tuple[str, str]

FNC1 = "^"
"""How FNC1 is written in element strings, as no GS1 value can hold it. Scanners send `"\\x1d"`."""

_COMPONENT = re.compile(r"(\[?)([NXYZ])(\.\.)?([0-9]+)\]?")

# GenSpecs 7.8.5: AIs with these first digits have values of predefined length, whether assigned yet or not.
_PREDEFINED = {"00": 18, "01": 14, "02": 14, "03": 14, "04": 16, "20": 2, "41": 13} | dict.fromkeys(
    ("11", "12", "13", "14", "15", "16", "17", "18", "19", "31", "32", "33", "34", "35", "36"), 6
)


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a value: how long it may be, and the rules it keeps, its character set first."""

    least: int
    most: int
    optional: bool
    rules: tuple[Callable[[str], str], ...]


@dataclass(frozen=True, slots=True)
class AI:
    """An application identifier.

    `predefined`: its length is known from its first digits, so that no FNC1 follows it. `attribute`: may
    stand in a Digital Link's query. `requires`: of each group one alternative, all of whose patterns must be
    there. `excludes`: patterns that must not. In patterns `n` is any digit. `qualifiers`: for a Digital Link
    key, the alternative sequences of its qualifiers; empty where it is no key. `least`, `most`: characters
    of a value.
    """

    ai: str
    title: str
    components: tuple[Component, ...]
    predefined: bool
    attribute: bool
    requires: tuple[tuple[tuple[str, ...], ...], ...]
    excludes: tuple[str, ...]
    qualifiers: tuple[tuple[str, ...], ...]
    least: int
    most: int


def _components(text: str) -> tuple[Component, ...]:
    found = []
    for word in text.split():
        shape, *linters = word.split(",")
        match = _COMPONENT.fullmatch(shape)
        if match is None:
            raise ValueError(f"the AI table has a component {word!r}")
        bracket, kind, variable, size = match.groups()
        rules = (_linters.characters(kind), *(_linters.LINTERS[name] for name in linters))
        found.append(Component(1 if variable else int(size), int(size), bool(bracket), rules))
    return tuple(found)


def _entries(row: tuple[str, str, str, str, str]) -> Iterator[AI]:
    ais, flags, shape, attributes, title = row
    components = _components(shape)
    words = [word.partition("=") for word in attributes.split()]
    first, _, last = ais.partition("-")
    for number in range(int(first), int(last or first) + 1):
        yield AI(
            ai=f"{number:0{len(first)}}",
            title=title,
            components=components,
            predefined="*" in flags,
            attribute="?" in flags,
            requires=tuple(
                tuple(tuple(alternative.split("+")) for alternative in value.split(","))
                for name, _, value in words
                if name == "req"
            ),
            excludes=tuple(pattern for name, _, value in words if name == "ex" for pattern in value.split(",")),
            qualifiers=tuple(
                tuple(sequence.split(",")) if sequence else ()
                for name, _, value in words
                if name == "dlpkey"
                for sequence in value.split("|")
            ),
            least=sum(component.least for component in components if not component.optional),
            most=sum(component.most for component in components),
        )


TABLE: dict[str, AI] = {entry.ai: entry for row in ROWS for entry in _entries(row)}
"""Every assigned AI."""

PATHS: frozenset[tuple[str, ...]] = frozenset(
    (entry.ai, *chosen)
    for entry in TABLE.values()
    for sequence in entry.qualifiers
    for size in range(len(sequence) + 1)
    for chosen in combinations(sequence, size)
)
"""The AI sequences that a Digital Link's path may hold: a key, then some of its qualifiers in their order."""

_AI_SIZES = {ai[:2]: len(ai) for ai in TABLE}


def lookup(ai: str, *, unknown: bool = False) -> AI:
    """The table's entry for `ai`; with `unknown`, a permissive one for an AI newer than the table.

    Raises GS1Error: UNKNOWN_AI.
    """
    entry = TABLE.get(ai)
    if entry is not None:
        return entry
    if unknown and ai.isascii() and ai.isdigit() and 2 <= len(ai) <= 4 and _AI_SIZES.get(ai[:2], len(ai)) == len(ai):
        return _unassigned(ai)
    raise GS1Error(f"({ai}) is not a GS1 application identifier.", "UNKNOWN_AI")


@cache
def _unassigned(ai: str) -> AI:
    size = _PREDEFINED.get(ai[:2])
    components = _components(f"X{size}" if size else "X..90")
    return AI(
        ai,
        "UNKNOWN",
        components,
        size is not None,
        False,
        (),
        (),
        (),
        components[0].least,
        components[0].most,
    )


def check(ai: str, value: str, *, unknown: bool = False) -> None:
    """Returns where `value` is a valid value of `ai` by itself; else raises GS1Error with the broken rule."""
    _check(lookup(ai, unknown=unknown), value)


def _check(entry: AI, value: str) -> None:
    size = len(value)
    if size < entry.least:
        raise _refusal(entry, value, "TOO_SHORT")
    if size > entry.most:
        raise _refusal(entry, value, "TOO_LONG")
    start = 0
    for component in entry.components:
        part = value[start : start + component.most]
        start += component.most
        if component.optional and not part:
            continue
        if len(part) < component.least:
            raise _refusal(entry, value, "TOO_SHORT")
        for rule in component.rules:
            code = rule(part)
            if code:
                raise _refusal(entry, value, code, part)


_FLAWS = {
    "NON_DIGIT_CHARACTER": "it may hold digits only",
    "INVALID_CSET82_CHARACTER": "it holds a character outside GS1's set 82",
    "INVALID_CSET39_CHARACTER": "it holds a character outside GS1's set 39",
    "INVALID_CSET64_CHARACTER": "it holds a character outside GS1's set 64",
}


def _refusal(entry: AI, value: str, code: str, part: str = "") -> GS1Error:
    if code == "INCORRECT_CHECK_DIGIT":
        flaw = f"the check digit of {part} should be {_linters.check_digit(part[:-1])}"
    elif code in ("TOO_SHORT", "TOO_LONG"):
        flaw = f"it has {len(value)} characters"
    else:
        flaw = _FLAWS.get(code) or code.lower().replace("_", " ")
    return GS1Error(f"({entry.ai}) {entry.title}: {value!r} is not valid: {flaw}.", code)


# Check digits


def check_digit(digits: str) -> str:
    """The check digit to put after `digits` (a GTIN, SSCC, GLN … without its own). Raises GS1Error."""
    if not (digits.isascii() and digits.isdigit()):
        raise GS1Error(f"{digits!r} must be digits.", "NON_DIGIT_CHARACTER")
    return str(_linters.check_digit(digits))


def check_pair(data: str) -> str:
    """The two check characters to put after a GMN or MUDI of at most 23 characters. Raises GS1Error."""
    if not 0 < len(data) <= 23:
        raise GS1Error(f"{data!r} must have 1 to 23 characters.", "TOO_LONG" if data else "TOO_SHORT")
    if _linters.characters("X")(data):
        raise GS1Error(f"{data!r} must be of GS1's character set 82.", "INVALID_CSET82_CHARACTER")
    return _linters.check_pair(data)


def gtin14(gtin: str) -> str:
    """The 14 digits of a GTIN-8, -12, -13 or -14. Raises GS1Error, also where its check digit is wrong."""
    if len(gtin) in (8, 12, 13):
        gtin = gtin.zfill(14)
    _check(TABLE["01"], gtin)
    return gtin


def sscc(text: str) -> str:
    """`text` if it is an SSCC of 18 digits with the right check digit. Raises GS1Error."""
    _check(TABLE["00"], text)
    return text


# Element strings


def parse_element_string(text: str, *, fnc1: str = FNC1, unknown: bool = False) -> tuple[Element, ...]:
    """The elements of an unbracketed element string, which begins with FNC1. Each value is checked by itself.

    With `unknown`, unassigned AIs are taken where their first two digits tell how long they are.
    Raises GS1Error.
    """
    if not text.startswith(fnc1) or text == fnc1:
        raise GS1Error("An element string begins with FNC1 and holds at least one element.", "MISSING_FNC1")
    elements = []
    rest = text[len(fnc1) :]
    while rest:
        size = _AI_SIZES.get(rest[:2])
        if size is None:
            raise GS1Error(f"No GS1 application identifier begins {rest[:4]!r}.", "UNKNOWN_AI")
        entry = lookup(rest[:size], unknown=unknown)
        end = rest.find(fnc1, size)
        end = len(rest) if end < 0 else end
        if entry.predefined:
            end = min(end, size + entry.most)
        value = rest[size:end]
        _check(entry, value)
        elements.append((entry.ai, value))
        rest = rest[end:].removeprefix(fnc1)
    return tuple(elements)


def parse_bracketed(text: str, *, unknown: bool = False) -> tuple[Element, ...]:
    r"""The elements of a bracketed element string such as `(01)09506000134352(10)AB`.

    An opening bracket inside a value is written `\(`. Each value is checked by itself. Raises GS1Error.
    """
    elements = []
    for number, piece in enumerate(re.split(r"(?<!\\)\(", text)):
        if number == 0 and not piece:
            continue
        ai, bracket, value = piece.partition(")")
        if number == 0 or not bracket:
            raise GS1Error(f"{text!r} is not of the form (ai)value(ai)value.", "NOT_BRACKETED")
        value = value.replace("\\(", "(")
        check(ai, value, unknown=unknown)
        elements.append((ai, value))
    if not elements:
        raise GS1Error("The element string is empty.", "NOT_BRACKETED")
    return tuple(elements)


def element_string(elements: Iterable[Element], *, fnc1: str = FNC1) -> str:
    """The unbracketed element string: FNC1, and the elements, with FNC1 after those of no predefined length."""
    parts: list[str] = []
    separator = fnc1
    for ai, value in elements:
        parts += (separator, ai, value)
        separator = "" if lookup(ai, unknown=True).predefined else fnc1
    return "".join(parts)


def bracketed(elements: Iterable[Element]) -> str:
    """The element string for people: `(01)09506000134352(10)AB`."""
    return "".join(f"({ai}){value.replace('(', chr(92) + '(')}" for ai, value in elements)


# Which elements go together


def validate(elements: Sequence[Element], *, unknown: bool = False) -> None:
    """Returns where all values are valid and the elements may stand together on one item; raises GS1Error.

    What an element requires may be in another carrier on the same item: give the elements of all of them.
    """
    for ai, value in elements:
        check(ai, value, unknown=unknown)
    for rule in RULES.values():
        rule(elements)


def _present(pattern: str, elements: Sequence[Element], but: str) -> bool:
    digits = pattern.rstrip("n")
    return any(len(ai) == len(pattern) and ai.startswith(digits) and ai != but for ai, _ in elements)


def _repeats(elements: Sequence[Element]) -> None:
    """An AI that comes again has the same value."""
    first: dict[str, str] = {}
    for ai, value in elements:
        if first.setdefault(ai, value) != value:
            raise GS1Error(f"({ai}) is there with the values {first[ai]!r} and {value!r}.", "REPEATED_AI")


def _exclusions(elements: Sequence[Element]) -> None:
    """No AI stands with one that it excludes."""
    for ai, _ in elements:
        for pattern in lookup(ai, unknown=True).excludes:
            if _present(pattern, elements, ai):
                raise GS1Error(f"({ai}) may not stand with ({pattern}).", "EXCLUDED_AI")


def _requisites(elements: Sequence[Element]) -> None:
    """Each AI has the ones that it requires."""
    for ai, _ in elements:
        for group in lookup(ai, unknown=True).requires:
            if not any(all(_present(pattern, elements, ai) for pattern in each) for each in group):
                wanted = " or ".join(" with ".join(f"({pattern})" for pattern in each) for each in group)
                raise GS1Error(f"({ai}) must stand with {wanted}.", "REQUIRED_AI")


def _serialised(elements: Sequence[Element]) -> None:
    """A digital signature (8030) beside a GDTI, GCN or GRAI needs the key's serial component."""
    if any(ai == "8030" for ai, _ in elements):
        for ai, value in elements:
            if ai in ("253", "255", "8003") and len(value) == TABLE[ai].least:
                raise GS1Error(f"({ai}) must have a serial component to stand with (8030).", "SERIAL_NOT_PRESENT")


RULES: dict[str, Callable[[Sequence[Element]], None]] = {
    "repeats": _repeats,
    "exclusions": _exclusions,
    "requisites": _requisites,
    "serialised": _serialised,
}
"""What `validate` asks of elements together, rule by rule; each raises GS1Error."""
