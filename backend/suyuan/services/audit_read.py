"""Reading a log's entries by themselves, a chunk at a time, in as many processes as there are cores for it."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from multiprocessing import get_context, parent_process
from time import perf_counter, thread_time
from typing import Protocol

from suyuan.core import entries, replay
from suyuan.core.entries import Kind
from suyuan.core.errors import Unavailable
from suyuan.core.notes import TILE
from suyuan.core.proof import Deployment
from suyuan.core.replay import Reading

CHUNK = 8 * TILE  # entries that are read, folded and kept together
_AHEAD = 2  # chunks that wait for the fold, besides one for each process


class Log(Protocol):
    """The log, as far as an audit asks it. Raises Unavailable for what it does not serve.

    To be read in several processes it has to be picklable.
    """

    def headers(self, n: int, width: int) -> list[bytes]: ...

    def bodies(self, n: int, width: int) -> list[bytes]: ...

    def documents(self, n: int, width: int) -> list[bytes]: ...


@dataclass(frozen=True, slots=True)
class Task:
    """Entries from `begin` to `end` of a log of `total`; their authors signed for a deployment and its registry."""

    begin: int
    end: int
    total: int
    deployment: Deployment
    merchants: str


@dataclass(slots=True)
class Chunk:
    """What was read. `stopped`: why there are fewer entries than asked; `missing`: why bodies or documents are not
    there.

    `bundles`: digests of bundles as they were served; `before`: of what the first has before the chunk begins, if
    anything; `seconds`: by stage.
    """

    readings: list[Reading] = field(default_factory=list)
    stopped: str = ""
    missing: list[str] = field(default_factory=list)
    bundles: dict[int, bytes] = field(default_factory=dict)
    before: bytes = b""
    seconds: dict[str, float] = field(default_factory=dict)


def tasks(begin: int, end: int, total: int, deployment: Deployment, merchants: str) -> Iterator[Task]:
    """The chunks from `begin` to `end`, cut at whole bundles."""
    while begin < end:
        cut = min(end, (begin // CHUNK + 1) * CHUNK)
        yield Task(begin, cut, total, deployment, merchants)
        begin = cut


def digest(headers: Iterable[bytes], bodies: Iterable[bytes]) -> bytes:
    """What is remembered of a bundle."""
    met = sha256()
    for part in (*headers, *bodies):
        met.update(sha256(part).digest())
    return met.digest()


def read(log: Log, task: Task) -> Chunk:
    """Reads a chunk, each entry by itself."""
    chunk = Chunk()
    started = perf_counter()
    raws: list[bytes] = []
    texts: list[bytes | None] = []
    served: dict[int, list[bytes]] = {}
    for n in range(task.begin // TILE, -(-task.end // TILE)):
        width = min(TILE, task.total - n * TILE)
        wanted = slice(max(0, task.begin - n * TILE), min(width, task.end - n * TILE))
        try:
            headers = log.headers(n, width)
        except Unavailable as error:
            chunk.stopped = str(error)
            break
        raws += headers[wanted]
        try:
            bodies = log.bodies(n, width)
        except Unavailable as error:
            chunk.missing.append(str(error))
            texts += [None] * len(headers[wanted])
            continue
        texts += bodies[wanted]
        chunk.bundles[n] = digest(headers, bodies)
        if wanted.start:
            chunk.before = digest(headers[: wanted.start], bodies[: wanted.start])
        try:
            served[n] = log.documents(n, width)
        except Unavailable as error:
            chunk.missing.append(str(error))
    waited = perf_counter() - started
    begun = thread_time()  # work is what a core did, however many others wanted it
    leaves = [entries.leaf(raw) for raw in raws]
    hashed = thread_time()
    before: tuple[bytes, bytes | None] = b"", None
    places: list[int] = []  # in `parsed`: an event's entries share one body
    parsed = []
    for raw, text in zip(raws, texts, strict=True):
        if text is None:
            places.append(-1)
        else:
            if before != (raw[1:2], text):
                parsed.append(replay.parse(raw, text))
            places.append(len(parsed) - 1)
        before = raw[1:2], text
    read_ = thread_time()
    signed = [
        body if statement is None else replay.sign(body, statement, task.deployment, task.merchants)
        for body, statement in parsed
    ]
    chunk.readings = [
        Reading(raw, leaf, None if place < 0 else signed[place])
        for raw, leaf, place in zip(raws, leaves, places, strict=True)
    ]
    done = thread_time()
    for n, documents in served.items():
        _hold_against(documents, chunk, n, task.begin)
    shown = thread_time()
    chunk.seconds = {
        "fetching": waited,
        "headers": hashed - begun,
        "bodies": read_ - hashed,
        "signatures": done - read_,
        "documents": shown - done,
    }
    return chunk


def _hold_against(documents: list[bytes], chunk: Chunk, n: int, begin: int) -> None:
    """Looks up what the bodies of bundle `n` name among its documents; of a chunk from `begin` on."""
    held = {sha256(text).digest(): text for text in documents}
    shown: dict[bytes, replay.Shown] = {}  # a run's document is read once
    lost = []
    first = max(begin, n * TILE)
    for place, reading in enumerate(chunk.readings[first - begin : n * TILE + TILE - begin], first - begin):
        body = reading.body
        if body is None or not body.document or body.digest != reading.raw[-32:]:
            continue
        text = held.get(body.document)
        if text is None:
            lost.append(begin + place)
        elif body.kind == Kind.CHECKPOINT:
            if body.document not in shown:
                shown[body.document] = replay.show(text)
            wrong = replay.misfit(reading.raw, body, shown[body.document])
            if wrong:
                chunk.readings[place] = reading._replace(misfit=wrong)
    if lost:
        chunk.missing.append(f"the documents of {len(lost)} entries are not served, the first of entry {lost[0]}")


@contextmanager
def reading(log: Log, jobs: int) -> Iterator[Callable[[Iterable[Task]], Iterator[Chunk]]]:
    """Reads chunks in order, ahead of who folds them: in `jobs` processes, with 1 in this one as they are asked for."""
    if jobs == 1:
        yield lambda wanted: (read(log, task) for task in wanted)
        return
    # Not forked: a copy of a process with threads may hang.
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_open, initargs=(log,))
    try:
        yield lambda wanted: _ahead(pool, wanted, jobs + _AHEAD)
    finally:
        pool.shutdown(cancel_futures=True)


def _ahead(pool: ProcessPoolExecutor, wanted: Iterable[Task], most: int) -> Iterator[Chunk]:
    waiting: deque[Future[Chunk]] = deque()
    left = iter(wanted)
    try:
        for task in left:
            waiting.append(pool.submit(_read, task))
            if len(waiting) >= most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise Unavailable("a process that read the log has died") from error


_log: Log  # of a process that reads


def _open(log: Log) -> None:
    global _log
    _log = log
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _read(task: Task) -> Chunk:
    return read(_log, task)


def _end_with_parent() -> None:
    """A parent that is killed cannot say so; nobody would ever end its readers."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
