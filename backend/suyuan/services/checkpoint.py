"""Checkpoint: what a reader can hold a log's tree head against: a policy, the chain, and one that was seen before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import httpx

from suyuan.chain.port import ChainHead
from suyuan.client import LogReader
from suyuan.core import merkle, notes, policy
from suyuan.core.errors import Malformed, ProofFault, Unavailable
from suyuan.core.notes import TILE, TreeHead, Verifier, tile_path
from suyuan.core.policy import Policy, PolicyReport
from suyuan.core.proof import Deployment, Seal, State

Hashes = Callable[[int, int, int], Sequence[bytes]]  # level, number and width of a tile

_HEIGHT = 8  # of a tile
_MOST = 1_000_000  # bytes of what is read


class Against(StrEnum):
    """What a checkpoint was held against."""

    POLICY = "signed by its log, and cosigned as the policy asks"
    CHAIN = "sealed on the chain"
    NEWEST = "the newest that is sealed there"
    SEEN = "extends the one that was seen before"
    PROOF = "the proof's seal is what the witnesses signed"


@dataclass(frozen=True, slots=True)
class Answer:
    """How one question was answered."""

    against: Against
    state: State
    detail: str = ""


def worst(states: Iterable[State]) -> State:
    """What several answers come to."""
    met = set(states)
    return next(state for state in (State.FAILS, State.UNCHECKED, State.HOLDS) if state in met)


@dataclass(frozen=True, slots=True)
class CheckpointReport:
    """A checkpoint's answers; `cosigned`: witnesses by the policy's names, with the second that each gives."""

    policy: PolicyReport
    answers: tuple[Answer, ...]

    @property
    def state(self) -> State:
        return worst(answer.state for answer in self.answers)


class SealSource(Protocol):
    """The chain, as far as it is asked. Raises ChainAway."""

    def deployment(self) -> Deployment: ...

    def journal_head(self) -> ChainHead: ...

    def journal_seals(self) -> Sequence[Seal]: ...

    def confirms(self, seal: Seal) -> bool: ...


class NotSealed(Unavailable):
    """The chain has no seal of so many entries yet."""


def check_sealed(chain: SealSource, head: TreeHead) -> Seal:
    """The seal that a tree head is of.

    Raises ProofFault where the chain has another one, or went past that size without one; NotSealed where it has not
    come so far; ChainAway.
    """
    deployment = chain.deployment()
    expected = notes.origin_of(deployment.chain, deployment.journal)
    if head.origin != expected:
        raise ProofFault(f"the chain has seals of {expected}, met {head.origin}")
    newest = chain.journal_head()
    if newest.size < head.size:
        raise NotSealed(f"the chain has {newest.size} entries sealed, met {head.size}")
    of_newest = Seal(newest.number, newest.size, newest.root, newest.heads, newest.sealed_at)
    seals = [of_newest] if newest.size == head.size else chain.journal_seals()
    seal = next((one for one in seals if one.size == head.size), None)
    if seal is None or not chain.confirms(seal):
        raise ProofFault(f"the chain has no seal of {head.size} entries")
    if (seal.root, seal.heads) != (head.root, head.heads):
        raise ProofFault(
            f"seal {seal.number} has root {seal.root.hex()} and heads {seal.heads.hex()},"
            f" met {head.root.hex()} and {head.heads.hex()}"
        )
    return seal


def check_newest(chain: SealSource, head: TreeHead) -> None:
    """Returns if the chain has nothing newer. Raises Unavailable: between two reads a seal may have come; ChainAway."""
    newest = chain.journal_head()
    if newest.size > head.size:
        raise Unavailable(f"the chain has {newest.size} entries sealed by now; if that lasts, an old head is served")


class Tiles:
    """A log's tree as `merkle.Nodes`, from its tiles; `hashes` gives the first so many of a level's tile.

    Nothing in it is believed: a root has to come out.
    """

    def __init__(self, hashes: Hashes, size: int) -> None:
        self._hashes = hashes
        self._size = size
        self._held: dict[tuple[int, int], tuple[bytes, ...]] = {}

    def full(self, height: int, i: int) -> bytes:
        level, above = divmod(height, _HEIGHT)
        n, place = divmod(i << above, TILE)
        rows = self._rows(level, n)
        place >>= above
        h = rows[above][32 * place : 32 * place + 32]
        if len(h) != 32:
            raise ProofFault(f"no full subtree {i} of height {height} in a tree of {self._size}")
        return h

    def _rows(self, level: int, n: int) -> tuple[bytes, ...]:
        if (level, n) not in self._held:
            width = min(TILE, (self._size >> _HEIGHT * level) - n * TILE)
            self._held[level, n] = merkle.rows(b"".join(self._hashes(level, n, width)), _HEIGHT - 1)
        return self._held[level, n]


class Source:
    """Where a log is read: an address, a folder that it was exported to, or a checkpoint's own file. For tests: `http`.

    Raises Unavailable for what is not served.
    """

    def __init__(self, where: str, *, http: httpx.Client | None = None) -> None:
        self._http = http or httpx.Client(timeout=30)
        self._file = Path(where)
        self._log: LogReader | None = None
        if where.startswith(("http://", "https://")):
            base = where.rstrip("/").removesuffix("/checkpoint").removesuffix("/log")
            self._url = f"{base}/log/checkpoint"
            self._log = LogReader(base, http=self._http)
        elif self._file.is_dir():
            self._file /= "checkpoint"

    @property
    def live(self) -> bool:
        """Whether it is what a log serves now, not what somebody kept."""
        return self._log is not None

    def close(self) -> None:
        """Lets go of connections."""
        self._http.close()

    def checkpoint(self) -> str:
        """The newest tree head's note. Raises Malformed too."""
        content = _file(self._file) if self._log is None else self._get(self._url)
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise Malformed("is not UTF-8", "checkpoint") from None

    def hashes(self, level: int, n: int, width: int) -> list[bytes]:
        """The first `width` hashes of tile `n` of a level."""
        if self._log is not None:
            return self._log.hashes(level, n, width)
        content = _file(self._file.parent / f"tile/{level}/{tile_path(n, width)}")
        return [content[at : at + 32] for at in range(0, len(content), 32)]

    def _get(self, url: str) -> bytes:
        content = b""
        try:
            with self._http.stream("GET", url) as response:
                for part in response.iter_bytes():
                    content += part
                    if len(content) > _MOST:
                        raise Unavailable(f"the log answers without end at {url}")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"the log does not answer at {url}") from error
        if response.status_code != 200:
            raise Unavailable(f"the log answered {response.status_code} for {url}")
        return content


def _file(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_MOST)
    except OSError as error:
        raise Unavailable(f"{file} cannot be read: {error.strerror}") from error


def check_extends(seen: TreeHead, head: TreeHead, tiles: merkle.Nodes | None) -> None:
    """Returns if a tree head is the same as, or extends, one that was seen before. Raises ProofFault, Unavailable.

    `tiles`: the log's tree; without it only what contradicts by itself is seen.
    """
    if seen.origin != head.origin:
        raise ProofFault(f"{seen.origin} was seen before, met {head.origin}")
    if notes.contradict(seen, head):
        raise ProofFault(f"{head.origin} signed two trees of {head.size} entries: the two notes prove it")
    if head.size < seen.size:
        raise ProofFault(f"{seen.size} entries were seen before, met an older one of {head.size}")
    if head.size == seen.size:
        return
    if tiles is None:
        raise Unavailable(f"from {seen.size} to {head.size} needs the log's address")
    for one in (seen, head):
        root = merkle.root(tiles, one.size)
        if root != one.root:
            raise ProofFault(f"the log's tiles give {root.hex()} for {one.size} entries, signed is {one.root.hex()}")


def check(
    note: str,
    by: Policy,
    *,
    logs: Sequence[Verifier] = (),
    chain: SealSource | None = None,
    seen: str | None = None,
    hashes: Hashes | None = None,
    newest: bool = False,
) -> CheckpointReport:
    """Holds a checkpoint's note against a policy, and, where they are given, the chain and a note that was seen before.

    `logs`: keys of logs known from elsewhere than the policy; `hashes`: of the log's tiles; `newest`: the note is what
    the log serves now, so that the chain should have nothing newer. Raises Malformed for what is no checkpoint.
    """
    met = policy.satisfied(by, note, logs)
    answers = [Answer(Against.POLICY, met.state, met.detail)]
    if chain is not None:
        answers.append(_answer(Against.CHAIN, lambda: check_sealed(chain, met.head)))
        if newest:
            answers.append(_answer(Against.NEWEST, lambda: check_newest(chain, met.head)))
    if seen is not None:
        before = policy.satisfied(by, seen, logs)
        if before.state is State.FAILS:
            raise Malformed(f"is no checkpoint of this log: {before.detail}", "seen")
        tiles = None if hashes is None else Tiles(hashes, met.head.size)
        answers.append(_answer(Against.SEEN, lambda: check_extends(before.head, met.head, tiles)))
    return CheckpointReport(met, tuple(answers))


def check_witnessed(note: str, by: Policy, deployment: Deployment, seal: Seal) -> Answer:
    """Whether a proof's seal is what the log signed and the policy's witnesses cosigned. Raises Malformed."""
    met = policy.satisfied(by, note)
    head = TreeHead(notes.origin_of(deployment.chain, deployment.journal), seal.size, seal.root, seal.heads)
    if met.state is not State.HOLDS:
        return Answer(Against.PROOF, met.state, met.detail)
    if met.head.origin != head.origin:
        return Answer(Against.PROOF, State.FAILS, f"the checkpoint is of {met.head.origin}, the proof of {head.origin}")
    if met.head.size != head.size:
        detail = f"the checkpoint is of {met.head.size} entries, the proof of {head.size}: get both at one time"
        return Answer(Against.PROOF, State.UNCHECKED, detail)
    if met.head != head:
        return Answer(Against.PROOF, State.FAILS, f"the log signed another tree of {head.size} entries")
    return Answer(Against.PROOF, State.HOLDS)


def _answer(against: Against, ask: Callable[[], object]) -> Answer:
    try:
        ask()
    except Unavailable as error:
        return Answer(against, State.UNCHECKED, str(error))
    except ProofFault as error:
        return Answer(against, State.FAILS, str(error))
    return Answer(against, State.HOLDS)
