"""Signed notes, tree heads and cosignatures, against a note that others signed."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.core.errors import BadSignature, Malformed
from suyuan.core.notes import (
    KeyType,
    NoteSigner,
    Submission,
    TreeHead,
    Verifier,
    contradict,
    note,
    parse_note,
    parse_submission,
    parse_tree_head,
)

# of golang.org/x/mod/sumdb/note
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
HEAD = TreeHead("suyuan/31337/0x" + "1a" * 20, 1000, sha256(b"root").digest(), sha256(b"heads").digest())
LOG = NoteSigner(HEAD.origin, KeyType.NOTE, sha256(b"log").digest())
WITNESS = NoteSigner("witness.example/w1", KeyType.COSIGNATURE, sha256(b"witness").digest())


def signed() -> str:
    text = HEAD.text()
    return note(text, [LOG.sign(text), WITNESS.cosign(text, 1_790_000_000)])


def test_a_note_that_others_signed_holds() -> None:
    assert parse_note(NOTE).signed_by(Verifier.parse(KEY)) == 0
    assert str(Verifier.parse(KEY)) == KEY


def test_a_changed_note_does_not_hold() -> None:
    with pytest.raises(BadSignature):
        parse_note(NOTE.replace("answer", "cause")).signed_by(Verifier.parse(KEY))


def test_a_tree_head_is_signed_by_its_log_and_cosigned_with_a_time() -> None:
    met = parse_note(signed())
    assert parse_tree_head(met.text) == HEAD
    assert met.signed_by(LOG.verifier) == 0
    assert met.signed_by(WITNESS.verifier) == 1_790_000_000


def test_a_cosignature_of_another_time_does_not_hold() -> None:
    text = HEAD.text()
    line = WITNESS.cosign(text, 1_790_000_000)
    raw = bytearray(base64.b64decode(line.split(" ")[2]))
    raw[11] ^= 1
    bent = f"\u2014 {WITNESS.verifier.name} {base64.b64encode(raw).decode()}\n"
    with pytest.raises(BadSignature):
        parse_note(note(text, [bent])).signed_by(WITNESS.verifier)


def test_a_note_without_a_keys_signature_is_not_signed_by_it() -> None:
    with pytest.raises(BadSignature):
        parse_note(NOTE).signed_by(LOG.verifier)


def test_a_key_of_the_same_name_is_another_key() -> None:
    other = NoteSigner(HEAD.origin, KeyType.NOTE, sha256(b"other").digest())
    with pytest.raises(BadSignature):
        parse_note(signed()).signed_by(other.verifier)


@pytest.mark.parametrize(
    "text",
    ["", "a\n", "a\n\n", "a\n\nb\n", NOTE[:-1], NOTE.replace("\u2014", "-"), NOTE.replace("x08g", "!!!!"), "\t" + NOTE],
)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse_note(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "a\n-1\nAA==\n",
        "a\n01\n" + "A" * 43 + "=\n",
        "a\n1\nAA==\n",
        "\n1\n" + "A" * 43 + "=\n",
        "a\n1\n!\n",
    ],
)
def test_what_is_no_tree_head_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse_tree_head(text)


@pytest.mark.parametrize("text", ["", "a", "a+b", KEY[:-4], KEY.replace("c74f", "c74e"), KEY.replace("+AR", "+CR")])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        Verifier.parse(text)


def test_lines_that_others_add_to_a_tree_head_are_skipped() -> None:
    assert parse_tree_head(HEAD.text() + "more 1\n") == HEAD


@given(st.text())
def test_any_text_is_a_note_or_malformed(text: str) -> None:
    try:
        parse_note(text)
    except Malformed:
        return
    assert "\n\n" in text


def test_a_signer_shows_no_secret() -> None:
    assert repr(LOG) == f"<NoteSigner {HEAD.origin}>"
    with pytest.raises(TypeError):
        LOG.__reduce__()


def test_a_keys_line_is_taken_out_of_a_note_if_it_holds() -> None:
    text = HEAD.text()
    line = WITNESS.cosign(text, 1_790_000_000)
    assert parse_note(signed()).line(WITNESS.verifier) == line
    with pytest.raises(BadSignature):
        parse_note(signed().replace("\n1000\n", "\n1001\n")).line(WITNESS.verifier)
    with pytest.raises(BadSignature):
        parse_note(NOTE).line(WITNESS.verifier)


def test_a_cosignature_of_a_time_beyond_all_clocks_does_not_hold() -> None:
    with pytest.raises(BadSignature):
        parse_note(note(HEAD.text(), [WITNESS.cosign(HEAD.text(), 2**63)])).signed_by(WITNESS.verifier)


def test_a_tree_head_has_no_empty_line() -> None:
    with pytest.raises(Malformed):
        parse_tree_head(HEAD.text() + "\nmore\n")


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (HEAD, False),
        (replace(HEAD, root=bytes(32)), True),
        (replace(HEAD, heads=bytes(32)), True),
        (replace(HEAD, heads=b""), True),
        (replace(HEAD, size=1001, root=bytes(32)), False),
        (replace(HEAD, origin="other", root=bytes(32)), False),
    ],
)
def test_two_trees_of_one_size_and_one_log_contradict_each_other(other: TreeHead, expected: bool) -> None:
    assert expected == contradict(HEAD, other) == contradict(other, HEAD)


@given(st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63), st.text())
def test_a_submission_is_read_as_it_was_written(old: int, proof: list[bytes], note: str) -> None:
    given = Submission(old, tuple(proof), note)
    assert parse_submission(given.text()) == given


@pytest.mark.parametrize(
    "text",
    ["", "old 1", "old 1\n", "old 01\n\n", "old -1\n\n", "old  1\n\n", "new 1\n\n", "old 1\nAA==\n\n", "old 1\n!\n\n",
     f"old {2**63}\n\n", "old 1\n\u0661\n\n", f"old 1\n{'A' * 43}=x\n\n", "old 1\n" + ("A" * 43 + "=\n") * 64 + "\n"],
)  # fmt: skip
def test_what_is_no_submission_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse_submission(text + NOTE)


PIECES = st.sampled_from(["\n", "\n\n", "\u2014 ", " ", "+", "=", "\u2028", "\x85", "\0", "\x7f", "\u00a0", "old 1",
                          HEAD.origin, WITNESS.cosign(HEAD.text(), 7), LOG.sign(HEAD.text()), HEAD.text()])  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join))
def test_hostile_text_is_read_or_malformed_and_never_anything_else(text: str) -> None:
    for read in (parse_note, parse_tree_head, parse_submission, Verifier.parse):
        with suppress(Malformed):
            read(text)
    with suppress(Malformed, BadSignature):
        met = parse_note(text)
        met.signed_by(LOG.verifier)
        assert met.text == HEAD.text()  # it signed nothing else
        assert met.line(LOG.verifier) == LOG.sign(HEAD.text())
