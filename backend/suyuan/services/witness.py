"""Witness: cosign a log's tree head if it extends what was cosigned before (C2SP tlog-witness, tlog-cosignature).

A reader who asks for a witness's cosignature cannot be shown another history than the others who do: whoever cosigned
one never cosigns the other. So what is answered is on disk before: for each log one file, the note that was cosigned
last with this witness's own line, replaced at once (written, synced, renamed, and the folder synced). A lock on a file
beside it lets one request at a time read, decide and write, whichever process it is in; killed at any point, it has
either not answered, or answered what the next request finds. It reads the file anew each time.

The folder is the witness's memory: with an older copy of it, or an empty one, the key must not be used again.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from suyuan.core import merkle, notes
from suyuan.core.errors import (
    BadSignature,
    Conflict,
    Malformed,
    NotFound,
    ProofFault,
    SuyuanError,
    Unavailable,
)
from suyuan.core.notes import NoteSigner, TreeHead, Verifier

_BACK = 60  # seconds by which a clock may be set back


class OtherSize(Conflict):
    """Another size was cosigned last; carries it."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} was cosigned last")
        self.size = size


class MemoryLost(SuyuanError):
    """What was cosigned last cannot be read; nothing more of that log is cosigned."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What was cosigned last of a log, and when by this witness's clock (seconds)."""

    head: TreeHead
    note: str
    at: int


class Witness:
    """Cosigns for a list of logs. Any number of threads and processes may share a folder.

    `signer`: of type COSIGNATURE; `check`: raises where a tree head must not be cosigned for a reason of its own.
    """

    def __init__(
        self,
        signer: NoteSigner,
        logs: Sequence[Verifier],
        folder: Path,
        *,
        check: Callable[[TreeHead], object] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._signer = signer
        self._logs = tuple(logs)
        self._folder = folder
        self._check = check
        self._clock = clock
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def verifier(self) -> Verifier:
        """The key that cosigns."""
        return self._signer.verifier

    def add(self, text: str) -> str:
        """Takes a submission; answers with a cosignature line.

        Raises Malformed, NotFound (a log that is not on the list), BadSignature (not signed by it), OtherSize,
        Conflict (another tree of the same size; both notes are kept), ProofFault (does not extend what was cosigned),
        Unavailable (the clock was set back), MemoryLost, and whatever `check` raises.
        """
        given = notes.parse_submission(text)
        note = notes.parse_note(given.note)
        head = notes.parse_tree_head(note.text)
        known = [log for log in self._logs if log.name == head.origin]
        if not known:
            raise NotFound(f"{head.origin} is no log that is witnessed here")
        if not [note.signed_by(log) for log in known if note.names(log)]:
            raise BadSignature(f"not signed by {head.origin}")
        if given.old > head.size:
            raise Malformed(f"{given.old} is more than {head.size}", "old")
        with self._alone(head.origin):
            seen = self.seen(head.origin)
            size = seen.head.size if seen else 0
            forked = seen is not None and notes.contradict(seen.head, head)
            if seen is not None and forked:
                self._keep_fork(seen, given.note)
            if given.old != size:
                raise OtherSize(size)
            if forked:
                raise Conflict(f"{head.origin} signed two trees of {size} entries")
            _check_extends(seen.head if seen else None, head, given.proof)
            self._check(head)
            return self._cosign(head, note.text, seen, [note.line(log) for log in known if note.names(log)])

    def seen(self, origin: str) -> Cosigned | None:
        """What was cosigned last of a log; None: nothing yet. Raises MemoryLost."""
        file = self._file(origin)
        try:
            text = file.read_bytes().decode()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise MemoryLost(f"{file} cannot be read: {error}") from error
        try:
            note = notes.parse_note(text)
            head = notes.parse_tree_head(note.text)
            at = note.signed_by(self.verifier)
        except (Malformed, BadSignature) as error:
            raise MemoryLost(f"{file} is not what this witness wrote: {error}") from error
        if head.origin != origin:
            raise MemoryLost(f"{file} is of {head.origin}, not of {origin}")
        return Cosigned(head, text, at)

    def fork(self, origin: str) -> tuple[str, str] | None:
        """Two notes, both signed by a log, that cannot both be true, if it was caught."""
        held = [self._file(origin, f".fork{n}") for n in (1, 2)]
        return (held[0].read_text(), held[1].read_text()) if held[1].exists() else None

    def _cosign(self, head: TreeHead, text: str, seen: Cosigned | None, lines: list[str]) -> str:
        now, last = int(self._clock()), seen.at if seen else 0
        if now < last - _BACK:
            raise Unavailable(f"the clock stands at {now}, before the cosignature of {last}")
        at = max(now, last)  # what it says never goes back in time
        if seen and at == last and notes.parse_note(seen.note).text == text:
            _sync(self._folder)  # whoever wrote it may have died before
            return notes.parse_note(seen.note).line(self.verifier)  # asking again and again wears no disk out
        line = self._signer.cosign(text, at)
        _write(self._file(head.origin), notes.note(text, [*lines, line]))
        return line

    def _keep_fork(self, seen: Cosigned, note: str) -> None:
        if not self._file(seen.head.origin, ".fork2").exists():
            _write(self._file(seen.head.origin, ".fork1"), seen.note)
            _write(self._file(seen.head.origin, ".fork2"), note)

    def _file(self, origin: str, ending: str = "") -> Path:
        return self._folder / f"{sha256(origin.encode()).hexdigest()[:32]}{ending}"

    @contextmanager
    def _alone(self, origin: str) -> Iterator[None]:
        descriptor = os.open(self._file(origin, ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _check_extends(seen: TreeHead | None, head: TreeHead, proof: Sequence[bytes]) -> None:
    """Raises ProofFault unless the tree extends what was cosigned."""
    if seen is not None and seen.size:
        merkle.check_consistency(seen.size, seen.root, head.size, head.root, proof)
    elif proof:
        raise ProofFault("from nothing there is nothing to prove")
    elif head.size == 0 and head.root != merkle.EMPTY_ROOT:
        raise ProofFault(f"an empty tree has the root {merkle.EMPTY_ROOT.hex()}, met {head.root.hex()}")


def _write(file: Path, content: str) -> None:
    """All of it or nothing, and on disk when this returns."""
    draft = file.with_name(f"{file.name}.draft")  # whoever writes it holds the log's lock
    with draft.open("w", encoding="utf-8") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
    _sync(file.parent)


def _sync(folder: Path) -> None:
    """What was renamed in a folder is on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
