"""All vectors of the GS1 Barcode Syntax Engine for Digital Links, AI values, element strings and AI combinations.

The engine's settings map to arguments: permitZeroSuppressedGTIN to `short_gtin`, permitConvenienceAlphas to `names`,
permitUnknownAIs to `unknown`. Its scan data of other symbologies and its link compression are not in these files.
Left out is one vector, by what it says (`LOST`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import generate_ai_table
from qr.vectors import DICTIONARY, cases
from suyuan_qr import digital_link, gs1
from suyuan_qr.errors import GS1Error

# The engine's own test builds this string in a loop (the most AIs that fit); in the file it is empty, and so it
# contradicts the vector after it, which refuses the same empty string.
LOST = {"ok": True, "bracketed": "", "expect_element_string": "", "flags": {}}

RULES = {
    "validateAIrepeats": "repeats",
    "validateAImutex": "exclusions",
    "validateAIrequisites": "requisites",
    "validateDigSigRequiresSerialisedKey": "serialised",
}


@pytest.mark.parametrize("vector", cases("parse"))
def test_parse(vector: dict[str, Any]) -> None:
    flags = vector["flags"]
    options = {
        "short_gtin": flags.get("permitZeroSuppressedGTIN", False),
        "names": flags.get("permitConvenienceAlphas", False),
    }
    if vector["valid"]:
        link = digital_link.parse(vector["uri"], **options)
        assert vector["expect_element_string"] == gs1.element_string(link.elements)
    else:
        with pytest.raises(GS1Error):
            digital_link.parse(vector["uri"], **options)


@pytest.mark.parametrize("vector", cases("generate"))
def test_generate(vector: dict[str, Any]) -> None:
    flags = vector["flags"]
    known = flags.get("permitUnknownAIs", False)
    attributes = known and not flags.get("validation_vUNKNOWN_AI_NOT_DL_ATTR", True)
    elements = gs1.parse_bracketed(vector["bracketed"], unknown=known)
    if vector["ok"]:
        assert vector["expect_uri"] == digital_link.build(elements, vector["stem"], unknown=attributes).uri
    else:
        with pytest.raises(GS1Error):
            digital_link.build(elements, vector["stem"], unknown=attributes)


@pytest.mark.parametrize("vector", cases("uri_unescape"))
def test_unescape(vector: dict[str, str]) -> None:
    assert vector["path"] == digital_link.unescape(vector["in"])
    assert vector["query"] == digital_link.unescape_query(vector["in"])


@pytest.mark.parametrize("vector", cases("uri_escape"))
def test_escape(vector: dict[str, str]) -> None:
    assert vector["path"] == digital_link.escape(vector["in"])
    assert vector["query"] == digital_link.escape_query(vector["in"])


@pytest.mark.parametrize("vector", cases("valid_path_ai_sequences"))
def test_path_sequences(vector: list[str]) -> None:
    assert tuple(vector) in gs1.PATHS


@pytest.mark.parametrize("vector", cases("ai_element_string_validate"))
def test_element_strings(vector: dict[str, Any]) -> None:
    unknown = vector["flags"].get("permitUnknownAIs", False)
    if vector["ok"]:
        elements = gs1.parse_element_string(vector["unbracketed"], unknown=unknown)
        assert vector["unbracketed"].removesuffix("^") == gs1.element_string(elements)
    else:
        with pytest.raises(GS1Error):
            gs1.parse_element_string(vector["unbracketed"], unknown=unknown)


@pytest.mark.parametrize("vector", cases("ai_parse_bracketed"))
def test_bracketed(vector: dict[str, Any]) -> None:
    if vector == LOST:
        pytest.skip("the file lost this vector's text: it contradicts the next one")
    unknown = vector["flags"].get("permitUnknownAIs", False)
    if vector["ok"]:
        elements = gs1.parse_bracketed(vector["bracketed"], unknown=unknown)
        assert vector["expect_element_string"] == gs1.element_string(elements)
    else:
        with pytest.raises(GS1Error):
            gs1.parse_bracketed(vector["bracketed"], unknown=unknown)


@pytest.mark.parametrize("vector", cases("ai_linters"))
def test_linters(vector: dict[str, str]) -> None:
    try:
        gs1.parse_bracketed(vector["bracketed"])
        code = "OK"
    except GS1Error as error:
        code = error.code
    assert vector["expected"] == code


@pytest.mark.parametrize("vector", cases("ai_validation_rules"))
def test_combinations(vector: dict[str, Any]) -> None:
    elements = gs1.parse_bracketed(vector["bracketed"], unknown=True)
    rule = gs1.RULES[RULES[vector["rule"]]]
    if vector["ok"]:
        rule(elements)
    else:
        with pytest.raises(GS1Error):
            rule(elements)
        with pytest.raises(GS1Error):
            gs1.validate(elements, unknown=True)


@pytest.mark.skipif(not DICTIONARY.exists(), reason=f"{DICTIONARY} is not there")
def test_the_table_is_the_dictionary() -> None:
    table = sys.modules["suyuan_qr._ai_table"].__file__
    assert table is not None
    assert generate_ai_table.render(DICTIONARY.read_text(encoding="utf-8")) == Path(table).read_text(encoding="utf-8")
