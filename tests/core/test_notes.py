"""Signed notes, tree heads and cosignatures, against a note that others signed."""

from __future__ import annotations

import base64
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.core.errors import BadSignature, Malformed
from suyuan.core.notes import KeyType, NoteSigner, TreeHead, Verifier, note, parse_note, parse_tree_head

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
