"""The published event hashes (CBV 2.0): `X.jsonld` or `X.json` beside `X.hashes`, one a line in document order.

`SUYUAN_EPCIS_VECTORS=folder[:folder…]` adds folders of the same form, read with all below them. In a folder called
`expected_equal` all events of a file hash alike. XML is not read: this project takes JSON.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from suyuan.core.epcis import document_hashes, event_hash
from vectors.sources import SHARED

PUBLISHED = SHARED / "reference" / "epcis" / "ralphtro-hash-vectors"


def _documents() -> list[Path]:
    folders = [Path(name) for name in os.environ.get("SUYUAN_EPCIS_VECTORS", "").split(os.pathsep) if name]
    for missing in (path for path in folders if not path.is_dir()):
        raise FileNotFoundError(f"SUYUAN_EPCIS_VECTORS names {missing}, which is not a folder")
    return sorted(path for folder in (PUBLISHED, *folders) for path in folder.rglob("*.json*"))


def _params(files: list[Path]) -> list[Any]:
    if not files:
        return [pytest.param(None, id="none", marks=pytest.mark.skip(f"no vectors: {PUBLISHED} is not there"))]
    return [pytest.param(path, id="/".join(path.parts[-2:])) for path in files]


def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _hashes(document: Any) -> list[str]:
    return document_hashes(document) if "epcisBody" in document else [event_hash(document)]


HASHED = [path for path in _documents() if path.with_suffix(".hashes").is_file()]
EQUAL = [path for path in _documents() if path.parent.name == "expected_equal"]


@pytest.mark.parametrize("path", _params(HASHED))
def test_events_have_their_published_hashes(path: Path) -> None:
    expected = path.with_suffix(".hashes").read_text(encoding="utf-8").split()
    assert expected == _hashes(_load(path))


@pytest.mark.parametrize("path", _params(EQUAL))
def test_events_that_are_the_same_hash_alike(path: Path) -> None:
    hashes = _hashes(_load(path))
    assert len(hashes) > 1
    assert len(set(hashes)) == 1
