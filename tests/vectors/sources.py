"""Where the foreign test vectors lie, for every implementation that runs them.

They are kept beside the project (`../shared`), not in it. `SUYUAN_VECTORS=folder[:folder…]` adds folders; each
`*.json` below them is taken for what it holds: a journal (the form of `../shared/vectors`) or one Merkle proof
with its verdict (`wantErr`, the form of transparency-dev/merkle).
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
JOURNALS = SHARED / "vectors"
MERKLE = SHARED / "reference" / "merkle"

# `bytes32` cannot be given its three-byte roots; every other vector with a value of another length is to be refused.
ACCEPTED_BUT_NOT_HASHES = "sizes-are-equal-one-and-proof-is-empty"


@dataclass(frozen=True)
class MerkleVector:
    """One inclusion or consistency proof and its verdict.

    `sizes` are (index, tree size) of an inclusion and (old, new) of a consistency; `roots` are (leaf hash, root)
    and (old, new). `hashes` says whether all values are 32 bytes long, which a typed verifier may insist on.
    """

    name: str
    kind: str
    sizes: tuple[int, int]
    roots: tuple[bytes, bytes]
    proof: tuple[bytes, ...]
    valid: bool

    @property
    def hashes(self) -> bool:
        return all(len(value) == 32 for value in (*self.roots, *self.proof))


def journal_vector_files() -> list[Path]:
    """Files of the form of `../shared/vectors/*.json`, in order of their paths; empty where there are none."""
    return [path for path in _files(JOURNALS) if "entries" in load(path)]


def merkle_vector_files() -> list[Path]:
    """Files of the form of transparency-dev/merkle's testdata, likewise."""
    return [path for path in _files(MERKLE) if "wantErr" in load(path)]


@cache
def load(path: Path) -> dict[str, Any]:
    """The file's JSON. Shared between callers: not to be changed."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def merkle_vector(path: Path) -> MerkleVector:
    """Decode one file of `merkle_vector_files`."""
    raw = load(path)
    proof = tuple(base64.b64decode(value) for value in raw["proof"] or ())
    name = "/".join(path.with_suffix("").parts[-3:])
    if "leafIdx" in raw:
        sizes, roots = (raw["leafIdx"], raw["treeSize"]), (raw["leafHash"], raw["root"])
        kind = "inclusion"
    else:
        sizes, roots = (raw["size1"], raw["size2"]), (raw["root1"], raw["root2"])
        kind = "consistency"
    old, new = (base64.b64decode(value or "") for value in roots)
    return MerkleVector(name, kind, sizes, (old, new), proof, not raw["wantErr"])


def params(files: Sequence[Path], folder: Path) -> list[Any]:
    """Parameters for `pytest.mark.parametrize`, one a file; where there are none, one that skips and says why."""
    if not files:
        return [pytest.param(None, id="none", marks=pytest.mark.skip(f"no vectors: {folder} is not there"))]
    return [pytest.param(path, id="/".join(path.with_suffix("").parts[-3:])) for path in files]


def journal_params() -> list[Any]:
    """`params` of the journal vectors."""
    return params(journal_vector_files(), JOURNALS)


def merkle_params() -> list[Any]:
    """`params` of the Merkle vectors."""
    return params(merkle_vector_files(), MERKLE)


def _files(folder: Path) -> Iterator[Path]:
    added = [Path(name) for name in os.environ.get("SUYUAN_VECTORS", "").split(os.pathsep) if name]
    for missing in (path for path in added if not path.is_dir()):
        raise FileNotFoundError(f"SUYUAN_VECTORS names {missing}, which is not a folder")
    for place in (folder, *added):
        yield from sorted(place.rglob("*.json"))
