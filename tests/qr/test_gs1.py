"""AI values, check digits and element strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan_qr import gs1
from suyuan_qr._ai_table import ROWS
from suyuan_qr._linters import CSET82, LINTERS
from suyuan_qr.errors import GS1Error
from suyuan_qr.gs1 import Element

GTINS = st.text("0123456789", min_size=13, max_size=13).map(lambda digits: digits + gs1.check_digit(digits))
SERIALS = st.text(CSET82, min_size=1, max_size=20)
ELEMENTS = st.lists(
    st.one_of(
        st.tuples(st.just("01"), GTINS),
        st.tuples(st.sampled_from(["10", "21", "22", "400", "91"]), SERIALS),
        st.tuples(st.just("3103"), st.text("0123456789", min_size=6, max_size=6)),
        st.tuples(st.just("17"), st.dates().map(lambda day: f"{day:%y%m%d}")).filter(
            lambda element: element[1][2:] != "0229"
        ),
    ),
    min_size=1,
    max_size=8,
).map(tuple)


@given(ELEMENTS)
def test_element_strings_come_back(elements: tuple[Element, ...]) -> None:
    assert elements == gs1.parse_element_string(gs1.element_string(elements))
    assert elements == gs1.parse_element_string(gs1.element_string(elements, fnc1="\x1d"), fnc1="\x1d")


@given(ELEMENTS.filter(lambda elements: not any("\\" in value for _, value in elements)))
def test_bracketed_strings_come_back(elements: tuple[Element, ...]) -> None:
    assert elements == gs1.parse_bracketed(gs1.bracketed(elements))


@given(st.sampled_from([7, 11, 12, 13]), st.data())
def test_gtins_are_filled_up_to_14_digits(size: int, data: st.DataObject) -> None:
    digits = data.draw(st.text("0123456789", min_size=size, max_size=size))
    gtin = digits + gs1.check_digit(digits)
    assert gtin.rjust(14, "0") == gs1.gtin14(gtin)


@given(GTINS, st.integers(1, 9))
def test_a_wrong_check_digit_is_always_refused(gtin: str, off: int) -> None:
    wrong = gtin[:-1] + str((int(gtin[-1]) + off) % 10)
    with pytest.raises(GS1Error, match="should be") as refused:
        gs1.gtin14(wrong)
    assert refused.value.code == "INCORRECT_CHECK_DIGIT"


@given(GTINS, st.integers(0, 13), st.integers(1, 9))
def test_any_one_wrong_digit_is_refused(gtin: str, place: int, off: int) -> None:
    wrong = gtin[:place] + str((int(gtin[place]) + off) % 10) + gtin[place + 1 :]
    with pytest.raises(GS1Error):
        gs1.gtin14(wrong)


@given(st.text("0123456789", min_size=17, max_size=17))
def test_sscc(digits: str) -> None:
    right = digits + gs1.check_digit(digits)
    assert right == gs1.sscc(right)
    with pytest.raises(GS1Error):
        gs1.sscc(digits + str((int(right[-1]) + 1) % 10))


@given(st.text("0123456789", min_size=4, max_size=4), st.text(CSET82, min_size=1, max_size=19))
def test_check_pairs(company: str, rest: str) -> None:
    pair = gs1.check_pair(company + rest)
    gs1.check("8013", company + rest + pair)
    swapped = "22" if pair != "22" else "33"
    with pytest.raises(GS1Error):
        gs1.check("8013", company + rest + swapped)


@given(st.text(min_size=1, max_size=24), st.sampled_from(sorted(gs1.TABLE)))
def test_whatever_is_given_is_taken_or_refused_with_a_sentence(value: str, ai: str) -> None:
    refusal = None
    try:
        gs1.check(ai, value)
    except GS1Error as error:
        refusal = error
    if refusal is None:
        assert value.isascii()
    else:
        assert str(refusal).endswith(".")
        assert refusal.code.isupper()


@given(st.text(max_size=40))
def test_no_text_breaks_the_parsers(text: str) -> None:
    for parse in (gs1.parse_element_string, gs1.parse_bracketed):
        try:
            assert parse(text)
        except GS1Error:
            continue


def test_every_linter_of_the_table_is_one() -> None:
    named = {name for row in ROWS for word in row[2].split() for name in word.split(",")[1:]}
    assert set(LINTERS) == named


@pytest.mark.parametrize(
    ("ai", "value", "code"),
    [
        ("00", "106141412345678908", ""),
        ("10", "A B", "INVALID_CSET82_CHARACTER"),
        ("17", "280200", ""),
        ("17", "270229", "ILLEGAL_DAY"),
        ("7006", "240229", ""),
        ("7006", "240200", "ILLEGAL_DAY"),
        ("7250", "19000229", "ILLEGAL_DAY"),
        ("7250", "20000229", ""),
        ("4309", "1800000000" + "3600000000", ""),
        ("4309", "1800000000" + "3600000001", "INVALID_LONGITUDE"),
        ("7041", "PX", ""),
        ("7041", "??", "INVALID_PACKAGE_TYPE"),
        ("7040", "1ABC", ""),
        ("7040", "1AB+", "INVALID_IMPORT_IDX_CHARACTER"),
        ("7241", "11", "INVALID_MEDIA_TYPE"),
        ("8003", "1" + "0614141000012", "NOT_ZERO"),
        ("8001", "123412345123" + "2" + "8", "INVALID_WINDING_DIRECTION"),
        ("8006", "12345678901231" + "0302", "PIECE_NUMBER_EXCEEDS_TOTAL"),
        ("8006", "12345678901231" + "0200", "ZERO_TOTAL_PIECES"),
        ("8007", "GB98MIDL07009312345678", ""),
        ("8007", "GB98MIDL", "IBAN_TOO_SHORT"),
        ("8010", "1234#-/AZ", ""),
        ("8010", "1234a", "INVALID_CSET39_CHARACTER"),
        ("8013", "1987654Ad4X4bL5ttr2310c2K", ""),
        ("8013", "1987654Ad4X4bL5ttr2310cXK", "INCORRECT_CHECK_PAIR"),
        ("8014", "1987654" + gs1.check_pair("1987654"), ""),
        ("8030", "QUJD" + "RA==", "INVALID_CSET64_PADDING"),
        ("8112", "001234561234560123456", ""),
        ("8112", "0012345612345601234567", "COUPON_EXCESS_DATA"),
        ("8110", "012345612345611110123" + "9" + "2011", ""),
        ("4330", "000123-", ""),
        ("7258", "1/3", ""),
        ("20", "A1", "NON_DIGIT_CHARACTER"),
        ("20", "١٢", "NON_DIGIT_CHARACTER"),
        ("999", "1", "UNKNOWN_AI"),
    ],
)
def test_single_values(ai: str, value: str, code: str) -> None:
    if not code:
        gs1.check(ai, value)
        return
    with pytest.raises(GS1Error) as refused:
        gs1.check(ai, value)
    assert code == refused.value.code


def test_unknown_ais_are_taken_where_asked_for() -> None:
    assert gs1.parse_bracketed("(89)X", unknown=True) == (("89", "X"),)
    assert gs1.parse_element_string("^419123456789012310A", unknown=True) == (("419", "1234567890123"), ("10", "A"))
    for text in ("(011)X", "(80)X", "(4199)X", "(1)X", "(12345)X", "(8A)X"):
        with pytest.raises(GS1Error):
            gs1.parse_bracketed(text, unknown=True)


def test_elements_that_may_not_stand_together_are_refused() -> None:
    gs1.validate([("01", "09506000134352"), ("10", "L1"), ("21", "S1")])
    for elements, code in (
        ([("21", "S1")], "REQUIRED_AI"),
        ([("01", "09506000134352"), ("37", "5")], "EXCLUDED_AI"),
        ([("01", "09506000134352"), ("10", "A"), ("10", "B")], "REPEATED_AI"),
    ):
        with pytest.raises(GS1Error) as refused:
            gs1.validate(elements)
        assert code == refused.value.code
