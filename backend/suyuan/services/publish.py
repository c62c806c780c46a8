"""Publish: the sealed part of the journal as an open log, as auditors read it (PROTOCOL section 9, C2SP tlog-tiles).

What is full never changes, so any file server or object store can serve it: `export` writes the same paths to a folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from suyuan.core import appeal, entries, notes
from suyuan.core.entries import Kind
from suyuan.core.errors import NotFound
from suyuan.core.notes import TILE, NoteSigner, TreeHead, tile_path
from suyuan.storage import cosignatures, journal, sealed
from suyuan.storage.database import Database

_LEVELS = 8  # 256^8 entries are more than there can be


class Log:
    """Serves sealed entries, their bodies and documents, and the tree's hashes.

    `signer`: of tree heads; its name is the origin.
    """

    def __init__(self, database: Database, signer: NoteSigner) -> None:
        self._database = database
        self._signer = signer

    @property
    def verifier(self) -> str:
        """The key that signs tree heads, as C2SP writes it."""
        return str(self._signer.verifier)

    def tree_head(self) -> str:
        """The newest seal as a signed note, with its cosignatures so far. Raises NotFound while nothing is sealed."""
        with self._database.read() as connection:
            seal = sealed.newest_sealed(connection)
            cosigned = cosignatures.of_size(connection, seal.size) if seal else {}
        if seal is None:
            raise NotFound("nothing is sealed yet")
        text = TreeHead(self._signer.verifier.name, seal.size, seal.root, seal.heads).text()
        return notes.note(text, [self._signer.sign(text), *cosigned.values()])

    def tile(self, level: int, n: int, width: int) -> bytes:
        """The first `width` hashes of a tile, 32 bytes each. Raises NotFound for what is not sealed."""
        with self._database.read() as connection:
            seal = sealed.newest_sealed(connection)
            whole = (seal.size if seal else 0) >> 8 * level
            if n * TILE + width > whole:
                raise NotFound(f"level {level} has {whole} hashes")
            return b"".join(sealed.tile(connection, level, n)[:width])

    def entry_bundle(self, n: int, width: int) -> bytes:
        """The first `width` headers of a bundle, each after its length. Raises NotFound for what is not sealed."""
        begin, end = n * TILE, n * TILE + width
        with self._database.read() as connection:
            seal = sealed.newest_sealed(connection)
            headers = journal.headers(connection, begin, min(end, seal.size if seal else 0))
        if len(headers) < width:
            raise NotFound(f"entries {begin} to {end} are not all sealed")
        size = entries.HEADER_SIZE.to_bytes(2, "big")
        return b"".join(size + header for header in headers)

    def body_bundle(self, n: int, width: int) -> bytes:
        """The bodies of a bundle's first `width` entries, one canonical text a line. Raises NotFound.

        An appeal's may be any bytes: what is no canonical object is a JSON string, base64 of it.
        """
        begin, end = n * TILE, n * TILE + width
        with self._database.read() as connection:
            seal = sealed.newest_sealed(connection)
            most = min(end, seal.size if seal else 0)
            texts: list[bytes] = []
            for first, count, kind, body in journal.bodies(connection, begin, most):
                text = appeal.shown(body) if kind == Kind.APPEAL else body
                texts += [text] * (min(most, first + count) - max(begin, first))
        if len(texts) < width:
            raise NotFound(f"entries {begin} to {end} are not all sealed")
        return b"\n".join(texts) + b"\n"

    def document_bundle(self, n: int, width: int) -> bytes:
        """The documents of a bundle's first `width` entries, each once, as they first appear, one a line."""
        begin, end = n * TILE, n * TILE + width
        with self._database.read() as connection:
            seal = sealed.newest_sealed(connection)
            if end > (seal.size if seal else 0):
                raise NotFound(f"entries {begin} to {end} are not all sealed")
            texts = journal.documents(connection, begin, end)
        return b"".join(text + b"\n" for text in texts)

    def document(self, name: bytes) -> bytes:
        """A public document's canonical text. Raises NotFound."""
        with self._database.read() as connection:
            return journal.document(connection, name)

    def export(self, folder: Path, progress: Callable[[int, int], None] = lambda _done, _all: None) -> int:
        """Writes the log into a folder, what is there already excepted; the tree head last. Gives how many files."""
        head = self.tree_head()
        size = notes.parse_tree_head(notes.parse_note(head).text).size
        written = 0
        for path, begin, make in self._files(size):
            file = folder / path
            if not file.exists():
                _write(file, make())
                written += 1
            progress(min(begin, size), size)
        _write(folder / "checkpoint", head.encode())
        progress(size, size)
        return written + 1

    def _files(self, size: int) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
        for n, width, name in _parts(size):
            yield f"tile/entries/{name}", n * TILE, partial(self.entry_bundle, n, width)
            yield f"bodies/{name}", n * TILE, partial(self.body_bundle, n, width)
            yield f"documents/{name}", n * TILE, partial(self.document_bundle, n, width)
        for level in range(_LEVELS):
            for n, width, name in _parts(size >> 8 * level):
                yield f"tile/{level}/{name}", size, partial(self.tile, level, n, width)


def _parts(count: int) -> Iterator[tuple[int, int, str]]:
    """Of so many, each tile's number and width, and its name."""
    for n in range(-(-count // TILE)):
        width = min(TILE, count - n * TILE)
        yield n, width, tile_path(n, width)


def _write(file: Path, content: bytes) -> None:
    """All of it or nothing: a reader never sees half a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(file)
