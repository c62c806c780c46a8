"""A process that dies at a step of its own: what tests of kill and restart share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from suyuan.storage.database import Database


class Died(BaseException):
    """The process ends here."""


class Fate:
    """Lets a step raise: the one that is reached when `left` others have been."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.made: Callable[[str], BaseException] = Died
        self.met = ""

    def reach(self, where: str) -> None:
        if self.left is None:
            return
        if self.left == 0:
            self.left, self.met = None, where
            raise self.made(where)
        self.left -= 1


class MortalDatabase(Database):
    """A database of which a write may be lost, or done and answered with an error."""

    def __init__(self, url: str, fate: Fate) -> None:
        super().__init__(url)
        self._fate = fate

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self._fate.reach("write: before it begins")
        with super().write() as connection:
            yield connection
            self._fate.reach("write: before the commit")
        self._fate.reach("write: after the commit")
