"""What canonical JSON is: RFC 8785 over what JSON carries exactly, and refusal of the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from suyuan.core import canonical
from suyuan.core.errors import Malformed

SAFE = canonical.SAFE_INTEGER
numbers = st.integers(-SAFE, SAFE) | st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda x: not SAFE < abs(x) < 1e21
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def nested(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


@given(values)
def test_the_bytes_are_those_of_rfc_8785(value: Any) -> None:
    assert rfc8785.dumps(value) == canonical.encode(value)


@given(values)
def test_what_is_written_is_read_and_written_the_same(value: Any) -> None:
    text = canonical.encode(value)
    assert text == canonical.encode(canonical.parse(text))


@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_a_double_is_written_as_ecmascript_writes_it_or_refused(value: float) -> None:
    if SAFE < abs(value) < 1e21:
        with pytest.raises(Malformed):
            canonical.encode(value)
    else:
        assert rfc8785.dumps(value) == canonical.encode(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.0, b"5"),
        (-0.0, b"0"),
        (1e-5, b"0.00001"),
        (1e-6, b"0.000001"),
        (1e-7, b"1e-7"),
        (1e21, b"1e+21"),
        (1e15 + 0.5, b"1000000000000000.5"),
        (5e-324, b"5e-324"),
        (1.7976931348623157e308, b"1.7976931348623157e+308"),
        (4.35, b"4.35"),
    ],
)
def test_doubles_at_the_edges_of_their_notations(value: float, text: bytes) -> None:
    assert text == canonical.encode(value)


def test_names_are_ordered_by_utf_16_units_so_that_astral_ones_come_before_private_ones() -> None:
    assert '{"a":0,"\U0001f35a":1,"\ufb33":2}'.encode() == canonical.encode({"\ufb33": 2, "\U0001f35a": 1, "a": 0})


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":{"b":1,"b":2}}',
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'{"\\ud800":1}',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"9007199254740992",
        b"-9007199254740992",
        b"9007199254740992.0",
        b"1e20",
        b"1" * 400,
        b"1" * 5000,
        b"1e400",
        b"-1e400",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"",
        b"\xef\xbb\xbf1",
        b"{} {}",
        b"[1,]",
        b"01",
        b"'a'",
        b'"\n"',
        b"[" * 100 + b"]" * 100,
        b"[" * 200_000,
        b'{"a":' * 200_000,
    ],
    ids=lambda text: repr(text[:24]),
)
def test_text_that_has_no_exact_meaning_is_refused(text: bytes) -> None:
    with pytest.raises(Malformed):
        canonical.parse(text)


@given(st.binary(max_size=60) | texts.map(str.encode))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    try:
        value = canonical.parse(text)
    except Malformed:
        return
    assert canonical.parse(canonical.encode(value)) == value


@pytest.mark.parametrize("text", [b"9007199254740991", b"-9007199254740991", b"9007199254740991.0"])
def test_the_widest_exact_integers_are_read(text: bytes) -> None:
    assert abs(int(float(text))) == abs(canonical.parse(text))  # type: ignore[arg-type]


def test_a_whole_double_is_the_integer_that_it_is_in_ecmascript() -> None:
    value = canonical.parse(b"[5.0, 1e3, -0.0, -0]")
    assert [5, 1000, 0, 0] == value
    assert [int, int, int, int] == [type(member) for member in value]  # type: ignore[union-attr]


def test_surrogate_pairs_are_one_character() -> None:
    assert canonical.parse(b'"\\ud83c\\udf5a"') == "\U0001f35a"


def test_nesting_has_a_limit() -> None:
    assert canonical.parse(json.dumps(nested(65)).encode()) == nested(65)
    with pytest.raises(Malformed):
        canonical.encode(nested(66))
    with pytest.raises(Malformed):
        canonical.encode(nested(5000))


@pytest.mark.parametrize(
    "value",
    [
        2**53,
        float("nan"),
        float("inf"),
        "\ud800",
        {"\udfff": 1},
        {"é": "\ud800"},
        {1: 2},
        (1,),
        b"",
        {"a": {1}},
        1e20,
    ],
    ids=repr,
)
def test_values_that_json_cannot_carry_are_refused(value: Any) -> None:
    with pytest.raises(Malformed):
        canonical.encode(value)


@pytest.mark.parametrize("body", [{"a": 1.5}, {"a": [1.0]}, {"é": 1}, {"a": [{"五": 1}]}, {"a": 2**53}])
def test_a_body_has_no_floats_and_ascii_names(body: Any) -> None:
    with pytest.raises(Malformed):
        canonical.encode(body, strict=True)


def test_a_body_has_text_of_any_script() -> None:
    assert '{"a":"五常大米 🍚"}'.encode() == canonical.encode({"a": "五常大米 🍚"}, strict=True)


@pytest.mark.parametrize("number", ["0", "-0", "-0.0", "5.0", "4.5", "1e5", "1e-7", "0.00001", "100000000000000.5"])
@pytest.mark.parametrize("form", ['{"a":[%s]}', '{"a": [%s]}', '{"\\u0061":[%s]}', '{"a":[%s],"é":1}'])
def test_a_value_is_the_same_however_it_is_written(number: str, form: str) -> None:
    value = canonical.parse((form % number).encode())
    assert isinstance(value, dict)
    (met,) = value["a"]  # type: ignore[misc]
    wanted = float(number)
    assert (met, type(met)) == (wanted, int if wanted.is_integer() else float)


@pytest.mark.parametrize("text", ['{"a":1,"a":1}', '{"a": 1, "a": 2}', '[{"b":{"a":1,"\\u0061":1}}]', '{"é":1,"é":1}'])
def test_a_name_that_stands_twice_is_refused_however_it_is_written(text: str) -> None:
    with pytest.raises(Malformed, match="twice"):
        canonical.parse(text.encode())
