"""Payment cards: numbers that must never be taken, found by how they look.

A card's number has 13 to 19 digits, begins as its network's do (ISO/IEC 7812), and ends with a Luhn check digit. A
telephone number in international form, `+` and at most 15 digits, is none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

# Digits with at most one space, dash or dot between two of them.
_DIGITS = re.compile(r"(?<![0-9])(\+?)([0-9](?:[ .\-]?[0-9]){12,18})(?![0-9])")
_NETWORKS = re.compile(r"1[0-9]{14}|2[2-7]|[3-6]|8[12]")
_TELEPHONE = 15


def looks_like_card(text: str) -> bool:
    """Whether a payment card's number may stand in a text, however it is spaced."""
    plain = "".join("-" if unicodedata.category(c) == "Pd" else c for c in unicodedata.normalize("NFKC", text))
    for plus, spaced in _DIGITS.findall(plain):
        digits = re.sub("[^0-9]", "", spaced)
        if plus and len(digits) <= _TELEPHONE:
            continue
        if _NETWORKS.match(digits) and _luhn(digits):
            return True
    return False


def holds_card(value: object) -> bool:
    """Whether a text, a number or a member's name anywhere in a JSON value looks like a card."""
    if isinstance(value, Mapping):
        return any(looks_like_card(name) or holds_card(one) for name, one in value.items())
    if isinstance(value, list):
        return any(map(holds_card, value))
    if isinstance(value, str):
        return looks_like_card(value)
    return type(value) is int and looks_like_card(str(value))


def _luhn(digits: str) -> bool:
    total = sum(int(d) for d in digits[::-2]) + sum(sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return total % 10 == 0
