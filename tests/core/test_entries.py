"""Headers of 147 bytes, bodies of at most 64 KiB, and what may follow what in a stream."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.core import entries, tally
from suyuan.core.entries import Head, Header, Kind
from suyuan.core.errors import Malformed, ProofFault

hash32 = st.binary(min_size=32, max_size=32)
u8, u64 = st.integers(0, 255), st.integers(0, 2**64 - 1)
headers = st.builds(Header, u8, u8, hash32, u64, hash32, u64, hash32, hash32, u8)
KEY = sha256(b"/appeals").digest()
BODY = sha256(b"{}").digest()


def first(**changes: Any) -> Header:
    return replace(entries.follow(entries.EMPTY, kind=Kind.PRODUCT, key=KEY, at=5, body=BODY), **changes)


@given(headers)
def test_a_header_is_147_bytes_and_comes_back(header: Header) -> None:
    raw = header.encode()
    assert len(raw) == 147
    assert header == entries.decode(raw)


@given(st.binary(min_size=147, max_size=147))
def test_any_147_bytes_are_a_header(raw: bytes) -> None:
    assert raw == entries.decode(raw).encode()


@pytest.mark.parametrize("size", [0, 1, 146, 148, 294])
def test_other_lengths_are_no_header(size: int) -> None:
    with pytest.raises(Malformed):
        entries.decode(bytes(size))


def test_fields_lie_where_the_protocol_says() -> None:
    header = Header(2, 3, b"k" * 32, 4, b"p" * 32, 5, b"s" * 32, b"b" * 32)
    raw = b"\1\2\3" + b"k" * 32 + (4).to_bytes(8, "big") + b"p" * 32 + (5).to_bytes(8, "big") + b"s" * 32 + b"b" * 32
    assert raw == header.encode()
    assert sha256(b"\0" + raw).digest() == entries.leaf(raw)


def test_every_kind_has_its_word() -> None:
    words = (
        "product batch checkpoint recall rights claim review review.amend review.withdraw review.withhold"
        " review.restore review.erase review.reply order delivery merchant case terms appeal"
    )
    assert {word: number for number, word in enumerate(words.split(), 1)} == entries.BY_WORD


def test_a_body_may_fill_64_kib_and_no_more() -> None:
    assert len(entries.encode_body({"a": "x" * (65536 - 8)})) == 65536
    with pytest.raises(Malformed):
        entries.encode_body({"a": "x" * (65536 - 7)})


@pytest.mark.parametrize("body", [{"a": 0.5}, {"ä": 1}, {"a": 2**53}, {"a": "\ud800"}])
def test_a_body_without_a_strict_canonical_form_is_refused(body: Any) -> None:
    with pytest.raises(Malformed):
        entries.encode_body(body)


def test_what_is_put_on_a_head_may_follow_it() -> None:
    before = first()
    leaf = entries.leaf(before.encode())
    entries.check_follows(None, entries.ZERO, before)
    after = entries.follow(Head(1, leaf, before.state), kind=Kind.PRODUCT, key=KEY, at=5, body=BODY)
    entries.check_follows(before, leaf, after)


@pytest.mark.parametrize(
    "changes",
    [{"version": 0}, {"version": 2}, {"seq": 1}, {"prev": KEY}, {"state": KEY}, {"arg": 1}, {"kind": 7}],
    ids=str,
)
def test_a_bent_first_entry_does_not_begin_a_stream(changes: dict[str, Any]) -> None:
    with pytest.raises(ProofFault):
        entries.check_follows(None, entries.ZERO, first(**changes))


@pytest.mark.parametrize(
    "changes",
    [{"version": 2}, {"seq": 0}, {"seq": 2}, {"prev": entries.ZERO}, {"prev": KEY}, {"at": 4}, {"state": KEY}],
    ids=str,
)
def test_a_bent_next_entry_does_not_follow(changes: dict[str, Any]) -> None:
    before = first()
    leaf = entries.leaf(before.encode())
    after = entries.follow(Head(1, leaf, before.state), kind=Kind.PRODUCT, key=KEY, at=5, body=BODY)
    with pytest.raises(ProofFault):
        entries.check_follows(before, leaf, replace(after, **changes))


def test_an_impossible_step_is_not_put_on_a_head() -> None:
    with pytest.raises(ProofFault):
        entries.follow(entries.EMPTY, kind=Kind.REVIEW_WITHDRAW, key=KEY, at=5, body=BODY, arg=1 << 3)


@given(headers, headers)
def test_any_two_headers_follow_or_are_at_fault(before: Header, after: Header) -> None:
    leaf = entries.leaf(before.encode())
    try:
        entries.check_follows(before, leaf, after)
    except ProofFault:
        return
    assert (before.seq + 1, leaf, tally.step(before.state, after.kind, after.arg)) == (
        after.seq, after.prev, after.state,
    )  # fmt: skip
