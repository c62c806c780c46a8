"""Publish: the sealed part of the journal, as auditors read it."""

from __future__ import annotations

from suyuan.storage import journal, sealed
from suyuan.storage.database import Database


class Log:
    """Serves sealed entries and their bodies by index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def headers(self, begin: int, end: int) -> list[bytes]:
        """The headers from `begin` to `end`, as many as are sealed."""
        with self._database.read() as connection:
            seal = sealed.newest_sealed(connection)
            return journal.headers(connection, begin, min(end, seal.size if seal else 0))

    def bodies(self, begin: int, end: int) -> list[bytes]:
        """The bodies' canonical texts, one for each sealed entry from `begin` to `end`."""
        with self._database.read() as connection:
            seal = sealed.newest_sealed(connection)
            end = min(end, seal.size if seal else 0)
            texts = []
            for first, count, text in journal.bodies(connection, begin, end):
                texts += [text] * (min(end, first + count) - max(begin, first))
            return texts

    def document(self, name: bytes) -> bytes:
        """A public document's canonical text. Raises NotFound."""
        with self._database.read() as connection:
            return journal.document(connection, name)
