"""Journals of any size with a fault at known places, for what its proof costs: nobody holds their other leaves."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from proof_trees import Subtree, consistency, inclusion, planted

REVIEWS = sha256(b"/reviews/09506000134352").digest()
APPEALS = sha256(b"/appeals").digest()
APPEAL = b"\x77" * 340
BODY = sha256(b"body").digest()
TRIALS = (
    "proveOmission", "proveFork (same seq, ", "proveFork (wrong prev, ", "proveMisstep", "proveBrokenPromise",
    "proveLateness", "answer", "seal (32 answers, ", "seal (1 answer, ",
)  # fmt: skip
SUBJECTS_DEPTH = {10**3: 11, 10**6: 21}  # the mean of siblings that are hashes


def header(
    *, kind: int = 1, arg: int = 0, key: bytes = REVIEWS, seq: int, prev: bytes, state: bytes, body: bytes
) -> bytes:
    """An entry's 147 bytes, its time without a zero byte."""
    at = 0x0101010101010101
    head = bytes([1, kind, arg]) + key + seq.to_bytes(8, "big") + prev
    return head + at.to_bytes(8, "big") + state + body


def leaf(one: bytes) -> bytes:
    return sha256(b"\0" + one).digest()


@dataclass(frozen=True)
class Place:
    """Two headers far apart in a journal of `size`, and the tree with them."""

    size: int
    headers: dict[int, bytes]

    @property
    def tree(self) -> Subtree:
        return planted({index: leaf(one) for index, one in self.headers.items()})

    def evidence(self, seal: tuple[Any, ...], index: int) -> tuple[Any, ...]:
        return (seal, self.headers[index], index, inclusion(index, self.size, self.tree))


def headers(name: str, size: int) -> dict[int, bytes]:
    """The entries that a trial turns on, by index."""
    first, second = size // 3, size // 2
    if name.startswith(("answer", "seal")):
        return {first: header(kind=19, key=APPEALS, seq=3, prev=BODY, state=bytes(32), body=sha256(APPEAL).digest())}
    five = bytes(12) + b"\0\0\1" + bytes(17)
    one = header(
        kind=7,
        arg=5,
        seq=0 if name == "proveMisstep" else 3,
        prev=bytes(32) if name == "proveMisstep" else BODY,
        state=five,
        body=BODY,
    )
    if name == "proveFork (same seq, ":
        return {first: one, second: one[:-32] + sha256(BODY).digest()}
    prev = BODY if name == "proveFork (wrong prev, " else leaf(one)
    return {first: one, second: header(kind=7, arg=4, seq=4, prev=prev, state=five, body=BODY)}


def heads(subjects: int) -> tuple[tuple[bytes, int, bytes], list[bytes], bytes]:
    """A head that counts too few of REVIEWS, its siblings, and the root above."""
    end = (REVIEWS, 3, BODY)
    siblings = [sha256(b"sibling" + bytes([i])).digest() for i in range(SUBJECTS_DEPTH[subjects])]
    root = sha256(b"\2" + end[0] + end[1].to_bytes(8, "big") + end[2]).digest()
    for depth in range(len(siblings), 0, -1):
        sides = (
            [siblings[depth - 1], root]
            if int.from_bytes(REVIEWS, "big") >> 256 - depth & 1
            else [root, siblings[depth - 1]]
        )
        root = sha256(b"\3" + b"".join(sides)).digest()
    return end, siblings, root


def sealing(journal: Any, old: int, place: Place, root: bytes, answers: list[Any]) -> Any:
    tree = place.tree
    proof = consistency(old, place.size, tree)
    return journal.functions.seal(place.size, tree(0, place.size), root, proof, answers)
