"""EPC URNs and Digital Link URIs: their canonical URI and their subject."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.epcis.reference import PAIRS, load, needs_reference
from core.epcis.samples import epc_forms, mod10
from suyuan.core.epcis.identifiers import canonical_uri, check_digit, fault_of, identify, subject_of
from suyuan_qr import digital_link
from suyuan_qr.errors import GS1Error

GTIN = "09521141012345"

# epcis2.js expects of this an SSCC with 19 digits, which is not one; the event hashes have the one with 18.
NOT_AN_SSCC = "https://id.gs1.org/00/0404702301111111225"


def _pairs(kind: str) -> list[dict[str, Any]]:
    pairs: list[dict[str, Any]] = load(PAIRS)[kind] if PAIRS.is_file() else []
    return pairs


@needs_reference
def test_published_uris_normalise_to_what_their_publishers_expect() -> None:
    pairs = [pair for pair in _pairs("normalise") if isinstance(pair["in"], str) and pair["out"] != NOT_AN_SSCC]
    assert len(pairs) > 55
    for pair in pairs:
        found = identify(pair["in"])
        expected = None if pair["out"] == pair["in"] and found is None else pair["out"]
        assert expected == (found and found.uri), pair


@needs_reference
def test_published_urns_and_links_name_the_same() -> None:
    pairs = _pairs("epc_urn_to_dl")
    assert len(pairs) > 30
    for pair in pairs:
        found = identify(pair["urn"])
        assert found is not None, pair
        assert found.fault == ""
        assert unquote(pair["dl"]) == unquote(found.uri), pair
        if pair["agree"] and pair["ralphtro_normaliser"]:
            assert pair["ralphtro_normaliser"] == found.uri, pair


@needs_reference
def test_published_links_have_the_urn_that_their_publishers_expect() -> None:
    compared = 0
    for pair in _pairs("dl_to_epc_urn"):
        link, urn = identify(pair["dl"]), identify(pair["urn"])
        if set(pair["dl"]) & set('"<>?#') or link is None or urn is None or link.fault:
            continue  # not escaped as a URI has to be, too long for its key, or with a wrong check digit
        compared += 1
        assert urn.uri == link.uri, pair
    assert compared > 45


@given(epc_forms())
def test_a_urn_and_a_link_on_any_host_have_one_subject_and_one_uri(forms: tuple[str, str, str]) -> None:
    urn, link, path = forms
    assert path == subject_of(urn)
    assert path == subject_of(link)
    assert canonical_uri(urn) == canonical_uri(link)
    assert canonical_uri(urn) == canonical_uri(canonical_uri(urn))


@given(epc_forms())
def test_the_subject_of_an_epc_is_the_one_that_scanning_it_gives(forms: tuple[str, str, str]) -> None:
    _, link, _ = forms
    assert digital_link.parse(link, strict=False).subject == subject_of(link)


@given(st.from_regex(r"[0-9]{7,17}", fullmatch=True))
def test_check_digits_are_those_of_the_general_specifications(digits: str) -> None:
    assert mod10(digits) == check_digit(digits)


@pytest.mark.parametrize(
    ("uri", "subject"),
    [
        (f"https://id.gs1.org/01/{GTIN}", f"/01/{GTIN}"),
        ("https://shop.example/p/gtin/9521141012345/", f"/01/{GTIN}"),
        (f"https://id.gs1.org/01/{GTIN}/10/L1", f"/01/{GTIN}/10/L1"),
        (f"https://id.gs1.org/01/{GTIN}/10/L1/21/S1", f"/01/{GTIN}/21/S1"),
        (f"https://id.gs1.org/01/{GTIN}/22/2A/10/L1/21/S1?17=271231#x", f"/01/{GTIN}/21/S1"),
        (f"https://id.gs1.org/01/{GTIN}/22/2A", f"/01/{GTIN}"),
        (f"https://id.gs1.org/01/{GTIN}/21/a%2fb%27", f"/01/{GTIN}/21/a%2Fb%27"),
        (f"https://id.gs1.org/01/{GTIN}/235/T1", f"/01/{GTIN}/235/T1"),
        ("urn:epc:idpat:sgtin:9521141.001234.*", f"/01/{GTIN}"),
        ("urn:epc:idpat:sgln:9521141.00001.*", "/414/9521141000014"),
        ("urn:epc:idpat:upui:9521141.001234.*", f"/01/{GTIN}"),
        ("https://id.gs1.org/8018/952114100000000012/8019/3", "/8018/952114100000000012/8019/3"),
        ("https://id.gs1.org/8013/1987654Ad4X4bL5ttr2310c2K", "/8013/1987654Ad4X4bL5ttr2310c2K"),
    ],
)
def test_a_key_has_the_path_of_its_link_as_subject(uri: str, subject: str) -> None:
    assert subject == subject_of(uri)


def test_the_canonical_uri_has_no_instance_of_a_service_relation() -> None:
    link = "https://example.org/8018/952114100000000012/8019/3"
    assert canonical_uri(link) == "https://id.gs1.org/8018/952114100000000012"


@pytest.mark.parametrize(
    "uri",
    [
        "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8",
        "urn:epc:id:usdod:CAGEY.12345678",
        "urn:epc:id:sgtin:9521141.01234.1",
        "urn:epc:id:sgtin:9521141.001234.",
        "urn:epc:id:sgtin:9521141.001234.é",
        "urn:epc:id:sgtin:95211.00123456.1",
        "urn:epc:idpat:sgtin:9521141.*.*",
        "urn:epc:idpat:sgtin:9521141.001234.1",
        "urn:epc:id:itip:9521141.001234.1.02.5",
        "urn:epc:id:cpi:9521141.ABC.x",
        "urn:epc:id:ginc:9521141.",
        "https://example.org/products/01/tea",
        f"https://example.org/01/{GTIN}/21",
        f"https://example.org/01/{GTIN}/21/S/10/L",
        f"https://example.org/01/{GTIN}/21/{'x' * 21}",
        "https://example.org",
        "geo:30.25,120.16",
    ],
)
def test_what_has_no_link_is_a_subject_by_its_whole_uri(uri: str) -> None:
    assert identify(uri) is None
    assert uri == canonical_uri(uri)
    subject = subject_of(uri)
    assert subject.startswith("/epc/")
    assert "/" not in subject[5:]
    assert uri == unquote(subject[5:])


@pytest.mark.parametrize("digit", [digit for digit in "0123456789" if digit != GTIN[-1]])
def test_a_wrong_check_digit_is_said(digit: str) -> None:
    found = identify(f"https://id.gs1.org/01/{GTIN[:-1]}{digit}/10/L")
    assert found is not None
    assert f"should be {GTIN[-1]}" in found.fault
    with pytest.raises(GS1Error):
        digital_link.parse(f"/01/{GTIN[:-1]}{digit}")


def test_uris_of_any_length_are_answered_soon() -> None:
    link = f"https://id.gs1.org/01/{GTIN}/21/1?" + "a=b&" * 1000
    assert subject_of(link) == f"/01/{GTIN}/21/1"
    started = time.perf_counter()
    assert identify("https://example.org" + "/01" * 100_000) is None
    assert time.perf_counter() - started < 1


def test_a_link_on_the_host_of_gs1_has_to_be_one() -> None:
    assert fault_of("https://id.gs1.org/01/95211410123") != ""
    assert fault_of(f"https://id.gs1.org/01/{GTIN}/21/" + "x" * 21) != ""
    assert fault_of("https://example.org/01/95211410123") == ""
    assert fault_of("https://id.gs1.org/8013/1987654Ad4X4bL5ttr2310c2K") == ""
