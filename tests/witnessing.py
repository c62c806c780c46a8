"""A log that grows, or forks, at will: what tests of witnesses submit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import uvicorn

from suyuan.api.witness import create
from suyuan.core import merkle, notes
from suyuan.core.notes import KeyType, NoteSigner, Submission, TreeHead, Verifier
from suyuan.services.witness import Witness

ORIGIN = "suyuan/31337/0x" + "1a" * 20
NOW = 1_790_000_000


def signer(name: str, type: KeyType = KeyType.COSIGNATURE) -> NoteSigner:
    """A key that everybody can make again."""
    return NoteSigner(name, type, sha256(f"{name} {type}".encode()).digest())


LOG = signer(ORIGIN, KeyType.NOTE)
W1, W2, W3 = (signer(f"witness.example/w{n}") for n in (1, 2, 3))


class MadeLog:
    """A log under one key. `fork`: from which leaf on it tells another story."""

    def __init__(self, size: int = 40, *, fork: int | None = None, heads: str = "heads", by: NoteSigner = LOG) -> None:
        at = size if fork is None else fork
        self.tree = merkle.Tree(sha256(b"leaf %d %d" % (n, n >= at)).digest() for n in range(size))
        self._heads = heads
        self._by = by

    def head(self, size: int) -> TreeHead:
        heads = sha256(f"{self._heads} {size}".encode()).digest() if self._heads else b""
        return TreeHead(self._by.verifier.name, size, self.tree.root(size), heads)

    def note(self, size: int, *others: NoteSigner, at: int = NOW) -> str:
        """The tree head, signed, and cosigned by others."""
        text = self.head(size).text()
        return notes.note(text, [self._by.sign(text), *(one.cosign(text, at) for one in others)])

    def proof(self, old: int, size: int) -> tuple[bytes, ...]:
        return tuple(merkle.consistency(self.tree, old, size)) if old else ()

    def submission(self, old: int, size: int) -> str:
        return Submission(old, self.proof(old, size), self.note(size)).text()


def made_witness(folder: Path, *logs: Verifier, clock: float = NOW) -> Witness:
    """The first witness, of the made log unless it is told of others."""
    return Witness(W1, logs or (LOG.verifier,), folder, clock=lambda: clock)


def cosigned(line: str, head: TreeHead, by: NoteSigner = W1) -> int:
    """The time that a cosignature line gives, if it holds."""
    return notes.parse_note(notes.note(head.text(), [line])).signed_by(by.verifier)


@contextmanager
def listening(witness: Witness) -> Iterator[str]:
    """The address at which a witness really listens."""
    server = uvicorn.Server(uvicorn.Config(create(witness), port=0, log_level="critical", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


def wait_until(met: Callable[[], bool], seconds: float = 60) -> None:
    """Returns when it is so."""
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end
        time.sleep(0.01)
