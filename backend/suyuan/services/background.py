"""Work that is done apart from requests."""

from __future__ import annotations

import threading
from collections.abc import Callable

_PATIENCE = 30  # seconds for which a work that was told to stop is waited for


class Background:
    """A work in a thread of its own. It is given an event that is set when it has to come to its end."""

    def __init__(self, name: str, work: Callable[[threading.Event], None]) -> None:
        self._name = name
        self._work = work
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def runs(self) -> bool:
        """Whether it was started, and not stopped since."""
        return self._thread is not None

    def start(self) -> None:
        """Begins."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._work, args=(self._stopping,), name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends it, and waits for that."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=_PATIENCE)
            self._thread = None
