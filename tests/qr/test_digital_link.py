"""Digital Links: what is parsed is what was built, and the subject is what is named."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qr.test_gs1 import GTINS, SERIALS
from suyuan_qr import digital_link
from suyuan_qr.errors import GS1Error

BASES = st.sampled_from(["", "https://id.example.cn", "http://a:8000/stem", "https://xn--fiq228c.cn/a/b/"])
CANONICAL = re.compile(r"(?:/[0-9]{2,4}/(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})+)+")


@given(GTINS, st.none() | SERIALS, st.none() | SERIALS, st.none() | SERIALS, BASES)
def test_parse_inverts_build(gtin: str, variant: str | None, lot: str | None, serial: str | None, base: str) -> None:
    optional = (("22", variant), ("10", lot), ("21", serial))
    elements = (("01", gtin), *((ai, value) for ai, value in optional if value is not None))
    link = digital_link.build(tuple(reversed(elements)), base)
    assert elements == link.elements
    assert link == digital_link.parse(link.uri) == digital_link.parse(link.uri, strict=False)
    assert link.stem == base.rstrip("/")


@given(GTINS, SERIALS, SERIALS, BASES)
def test_a_subject_is_canonical_and_names_itself(gtin: str, lot: str, serial: str, base: str) -> None:
    subject = digital_link.parse(digital_link.item(gtin, serial, base, lot=lot)).subject
    assert f"/01/{gtin}/21/{digital_link.escape(serial)}" == subject
    assert CANONICAL.fullmatch(subject)
    assert subject == digital_link.parse(subject).subject
    assert f"/01/{gtin}/10/{digital_link.escape(lot)}" == digital_link.parse(digital_link.batch(gtin, lot)).subject


@given(GTINS, SERIALS, SERIALS)
def test_attributes_come_back(gtin: str, order: str, internal: str) -> None:
    link = digital_link.build([("99", internal), ("01", gtin), ("400", order), ("17", "281130")], "https://a")
    assert (("17", "281130"), ("99", internal), ("400", order)) == link.attributes
    assert link == digital_link.parse(link.uri)
    assert f"/01/{gtin}" == link.subject


@given(st.text())
def test_escapes_are_ascii_and_come_back_byte_by_byte(text: str) -> None:
    text = text.replace("\0", "").encode("utf-8", "ignore").decode()
    expected = text.encode().decode("latin-1")
    assert re.fullmatch(r"(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})*", digital_link.escape(text))
    assert expected == digital_link.unescape(digital_link.escape(text))
    assert expected == digital_link.unescape_query(digital_link.escape_query(text))


@given(GTINS, st.integers(1, 9))
def test_a_wrong_check_digit_is_refused_however_tolerant(gtin: str, off: int) -> None:
    wrong = gtin[:-1] + str((int(gtin[-1]) + off) % 10)
    for strict in (True, False):
        with pytest.raises(GS1Error, match="check digit"):
            digital_link.parse(f"/01/{wrong}", strict=strict)


@given(st.text(max_size=60), st.booleans())
def test_no_text_breaks_the_parser(text: str, strict: bool) -> None:
    for candidate in (text, "/01/09506000134352" + text, "https://a/01/09506000134352?" + text):
        try:
            assert digital_link.parse(candidate, strict=strict).elements
        except GS1Error:
            continue


@pytest.mark.parametrize(
    ("uri", "subject"),
    [
        ("/01/09506000134352", "/01/09506000134352"),
        ("https://a.cn/x/01/09506000134352/10/L%2f1", "/01/09506000134352/10/L%2F1"),
        ("/01/09506000134352/10/L1/21/S1", "/01/09506000134352/21/S1"),
        ("/01/09506000134352/22/V/10/L1/21/S1?17=281130", "/01/09506000134352/21/S1"),
        ("/01/09506000134352/22/V", "/01/09506000134352"),
        ("/01/09506000134352/235/X", "/01/09506000134352/235/X"),
        ("/00/106141412345678908", "/00/106141412345678908"),
        ("/8006/095060001343520102/10/L/21/S", "/8006/095060001343520102/21/S"),
        ("/414/9521141000014/254/A%2FB", "/414/9521141000014/254/A%2FB"),
        ("/8003/09521141000014R1", "/8003/09521141000014R1"),
        ("/8010/1234A/8011/12", "/8010/1234A/8011/12"),
        ("/01/09506000134352/21/%41%2d%5F%2e", "/01/09506000134352/21/A-_."),
    ],
)
def test_subjects(uri: str, subject: str) -> None:
    assert subject == digital_link.parse(uri).subject


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("/01/9506000134352/", "/01/09506000134352"),
        ("/01/09506000134352/21/S1//", "/01/09506000134352/21/S1"),
        ("/gtin/9506000134352/ser/S1", "/01/09506000134352/21/S1"),
        ("https://a.cn/gtin/gtin/9506000134352", "/01/09506000134352"),
        ("/01/02345673", "/01/00000002345673"),
        ("/8004/9520614141234567?01=02345673", "/8004/9520614141234567"),
    ],
)
def test_what_only_tolerance_takes(text: str, subject: str) -> None:
    assert subject == digital_link.parse(text, strict=False).subject
    with pytest.raises(GS1Error):
        digital_link.parse(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "NOT_A_URI"),
        ("01/09506000134352", "NOT_A_URI"),
        ("ftp://a/01/09506000134352", "NOT_A_URI"),
        ("https://a/01/09506000134352/21/茶", "NOT_A_URI"),
        ("/", "NO_KEY"),
        ("/tea/green", "NO_KEY"),
        ("/21/S1", "NO_KEY"),
        ("/01/09506000134352/21/S1/10/L1", "INVALID_PATH_SEQUENCE"),
        ("/01/09506000134352?10=L1", "BELONGS_IN_PATH"),
        ("/01/09506000134352?21=S1", "NOT_AN_ATTRIBUTE"),
        ("/01/09506000134352?99=A&99=A", "REPEATED_AI"),
        ("/01/09506000134352?89=A", "UNKNOWN_AI"),
        ("/01/09506000134352/21/S%00", "ILLEGAL_NULL"),
        ("/01/09506000134352/21/%E8%8C%B6", "INVALID_CSET82_CHARACTER"),
        ("/01/09506000134352/21/" + "x" * 21, "TOO_LONG"),
    ],
)
def test_what_nothing_takes(text: str, code: str) -> None:
    for strict in (True, False):
        with pytest.raises(GS1Error) as refused:
            digital_link.parse(text, strict=strict)
        assert code == refused.value.code


def test_links_for_people_who_make_them() -> None:
    base = "https://id.example.cn/"
    assert digital_link.product("9506000134352", base) == "https://id.example.cn/01/09506000134352"
    assert digital_link.batch("9506000134352", "L1", base) == "https://id.example.cn/01/09506000134352/10/L1"
    assert digital_link.item("9506000134352", "S/1", lot="L1") == "/01/09506000134352/10/L1/21/S%2F1"
    assert digital_link.parcel("106141412345678908") == "/00/106141412345678908"
    for bad in ("example.cn", "https://a?b", "https://a#b", "https://a b"):
        with pytest.raises(GS1Error):
            digital_link.product("9506000134352", bad)
    with pytest.raises(GS1Error):
        digital_link.build([("10", "L1")])


def test_the_parts_of_a_link() -> None:
    link = digital_link.parse("https://id.example.cn:8443/a/01/09506000134352/21/S1?17=281130&linkType=all#top")
    assert (link.domain, link.stem) == ("id.example.cn:8443", "https://id.example.cn:8443/a")
    assert link.path == (("01", "09506000134352"), ("21", "S1"))
    assert (link.get("17"), link.get("10")) == ("281130", None)


def test_importing_the_pure_parts_loads_nothing_heavy() -> None:
    heavy = "{'qrcode', 'zxingcpp', 'reportlab', 'PIL', 'numpy', 'suyuan'}"
    code = f"import sys, suyuan_qr.gs1, suyuan_qr.digital_link; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
