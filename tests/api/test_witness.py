"""The witness's own application, by the statuses and media types of C2SP tlog-witness."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from live import TestClient
from suyuan.api import witness as door
from suyuan.core import errors
from suyuan.core.notes import KeyType, Submission
from witnessing import LOG, NOW, W1, MadeLog, cosigned, made_witness, signer

LOG_MADE, FORKED = MadeLog(), MadeLog(fork=5)


@pytest.fixture
def http(tmp_path: Path) -> Iterator[TestClient]:
    """A witness that has cosigned ten entries."""
    witness = made_witness(tmp_path)
    witness.add(LOG_MADE.submission(0, 10))
    with TestClient(door.create(witness)) as client:
        yield client


def ask(http: TestClient, body: str | bytes) -> Any:
    return http.post("/add-checkpoint", content=body if isinstance(body, bytes) else body.encode())


def test_what_extends_is_answered_with_a_cosignature(http: TestClient) -> None:
    answer = ask(http, LOG_MADE.submission(10, 20))
    assert answer.status_code == 200
    assert cosigned(answer.text, LOG_MADE.head(20)) == NOW


def test_another_old_size_is_answered_with_the_one_that_was_cosigned(http: TestClient) -> None:
    for old in (0, 9):
        answer = ask(http, LOG_MADE.submission(old, 20))
        assert (answer.status_code, answer.headers["content-type"], answer.text) == (409, "text/x.tlog.size", "10\n")


def test_another_tree_of_the_same_size_is_in_conflict_and_told_in_words(http: TestClient) -> None:
    answer = ask(http, FORKED.submission(10, 10))
    assert (answer.status_code, answer.headers["content-type"]) == (409, "text/plain; charset=utf-8")
    assert "two trees of 10 entries" in answer.text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (MadeLog(by=signer("other.example/log", KeyType.NOTE)).submission(10, 20), 404),
        (LOG_MADE.submission(10, 20).replace("\n20\n", "\n21\n"), 403),
        (Submission(10, LOG_MADE.proof(10, 20), MadeLog(by=W1).note(20)).text(), 404),
        (FORKED.submission(10, 20), 422),
        (Submission(10, LOG_MADE.proof(10, 20)[1:], LOG_MADE.note(20)).text(), 422),
        (Submission(10, (*LOG_MADE.proof(10, 20), bytes(32)), LOG_MADE.note(20)).text(), 422),
        (Submission(10, (bytes(32),), LOG_MADE.note(10)).text(), 422),
        (Submission(10, (bytes(32),) * 64, LOG_MADE.note(20)).text(), 400),
        (Submission(20, (), LOG_MADE.note(10)).text(), 400),
        ("", 400),
        (b"\xff\xfe", 400),
        ("old 10\n\nnot a note\n", 400),
        (Submission(10, (), f"text\n\n{LOG.sign('text')}").text(), 400),
        (b"old 10\n" + b"A" * door.LIMIT, 413),
    ],
)
def test_what_is_not_cosigned_is_answered_by_its_status(http: TestClient, body: str | bytes, expected: int) -> None:
    answer = ask(http, body)
    assert answer.status_code == expected
    assert "\u2014" not in answer.text
    assert ask(http, LOG_MADE.submission(10, 20)).status_code == 200


def test_it_says_its_key(http: TestClient) -> None:
    assert http.get("/").text == f"{W1.verifier}\n"


def test_a_memory_that_is_lost_is_a_fault_of_the_witness(tmp_path: Path) -> None:
    witness = made_witness(tmp_path)
    witness.add(LOG_MADE.submission(0, 10))
    for file in tmp_path.iterdir():
        file.write_text("")
    with TestClient(door.create(witness)) as client:
        assert ask(client, LOG_MADE.submission(10, 20)).status_code == 500


def test_every_error_has_a_status() -> None:
    assert door.TABLE[-1][0] is errors.SuyuanError
