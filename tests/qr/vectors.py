"""The vectors of the GS1 Barcode Syntax Engine, kept beside the project (`../shared/reference`), not in it.

`SUYUAN_VECTORS=folder[:folder…]` adds folders with more files of the same form.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).resolve().parents[3] / "shared/reference/digitallink"
DICTIONARY = REFERENCE / "gs1-syntax-engine/gs1-syntax-dictionary.txt"


@cache
def _documents() -> tuple[dict[str, Any], ...]:
    folders = [REFERENCE, *map(Path, filter(None, os.environ.get("SUYUAN_VECTORS", "").split(":")))]
    files = sorted({path for folder in folders for path in folder.rglob("*.json")})
    loaded = (json.loads(path.read_text(encoding="utf-8")) for path in files)
    return tuple(document for document in loaded if isinstance(document, dict) and "uri_unescape" in document)


def cases(kind: str) -> list[Any]:
    """Parameters for a test: each vector of a kind, or one that skips and says why."""
    found = [vector for document in _documents() for vector in document.get(kind, ())]
    if not found:
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"{REFERENCE} is not there"), id="absent")]
    return [pytest.param(vector, id=str(number)) for number, vector in enumerate(found)]
