"""The foreign vectors through `verifier.js`, by Node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vectors.sources import JOURNALS, MERKLE, journal_params, journal_vector_files, merkle_params, merkle_vector_files
from web.node import run_node

RUNNER = Path(__file__).with_name("javascript.mjs")
AT_ONCE = 200


@pytest.fixture(scope="module")
def verdicts() -> dict[Path, dict[str, Any]]:
    """What Node found in each file: how many checks it made, and its faults."""
    files = [*journal_vector_files(), *merkle_vector_files()]
    found: dict[Path, dict[str, Any]] = {}
    for start in range(0, len(files), AT_ONCE):
        some = [str(path) for path in files[start : start + AT_ONCE]]
        done = run_node(str(RUNNER), *some)
        assert done.returncode == 0, done.stderr
        found.update({Path(name): verdict for name, verdict in json.loads(done.stdout).items()})
    return found


@pytest.mark.parametrize("path", journal_params())
def test_journal_vector_agrees(path: Path, verdicts: dict[Path, dict[str, Any]]) -> None:
    assert verdicts[path]["faults"] == []
    assert verdicts[path]["checks"] > 0


@pytest.mark.parametrize("path", merkle_params())
def test_merkle_vector_is_answered_as_it_wants(path: Path, verdicts: dict[Path, dict[str, Any]]) -> None:
    assert verdicts[path] == {"checks": 1, "faults": []}


@pytest.mark.skipif(not JOURNALS.is_dir(), reason=f"no vectors: {JOURNALS} is not there")
def test_journal_vectors_are_all_there() -> None:
    assert len(journal_vector_files()) >= 3


@pytest.mark.skipif(not MERKLE.is_dir(), reason=f"no vectors: {MERKLE} is not there")
def test_merkle_vectors_are_all_there() -> None:
    assert len(merkle_vector_files()) >= 196
