"""The published EPCIS documents that are kept beside the project, for the tests of `suyuan.core.epcis`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vectors.sources import SHARED

EPCIS = SHARED / "reference" / "epcis"
CAPTURE = EPCIS / "openepcis-test-resources" / "2.0" / "EPCIS" / "JSON" / "Capture"
HASHED = EPCIS / "ralphtro-hash-vectors"
SCHEMA = EPCIS / "gs1-epcis" / "artefacts" / "EPCIS-JSON-Schema.json"
PAIRS = EPCIS / "epc_dl_pairs.json"

needs_reference = pytest.mark.skipif(not EPCIS.is_dir(), reason=f"{EPCIS} is not there")


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def params(folder: Path, pattern: str = "*.json") -> list[Any]:
    """Parameters for `pytest.mark.parametrize`, one a file; where there are none, one that skips and says why."""
    files = sorted(folder.glob(pattern))
    if not files:
        return [pytest.param(None, id="none", marks=pytest.mark.skip(f"{folder} is not there"))]
    return [pytest.param(path, id=path.stem) for path in files]
