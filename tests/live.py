"""A real node to test with: PostgreSQL, chain, contracts, keys and participants, all of them the product's own.

What is slow is made once a session (a server, a deployment, three admissions) and copied for each test.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from suyuan.api.app import create
from suyuan.bootstrap import Node, Registrar, keystore, make_keys, open_node
from suyuan.chain import keystore as chain_keystore
from suyuan.chain.keystore import Signer, load
from suyuan.client import Author, Item, LogReader, Site
from suyuan.config import Settings
from suyuan.core.rules import Role
from suyuan.services.audit import AuditReport, audit
from suyuan.storage import journal
from suyuan.storage.database import EmbeddedServer

with warnings.catch_warnings():  # starlette wants its test client to run on a fork of httpx, which we do not use
    warnings.filterwarnings("ignore", "Using `httpx` with `starlette.testclient` is deprecated")
    from fastapi.testclient import TestClient

Json = dict[str, Any]

URL = "http://testserver"
GTIN = "09521141012345"
OTHER_GTIN = "09521141012338"
SSCC = "095211410000000014"
PASSWORD = "correct horse"
ROLES = {
    "merchant": Role.MERCHANT,
    "other": Role.MERCHANT,
    "partner": Role.PARTNER,
    "regulator": Role.REGULATOR,
}
CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"]
QUICK: Json = {"chain_poll_seconds": 0.001, "seal_seconds": 0.05}

_numbers = count(1)


# -- what is said


def epc(serial: str, gtin: str = GTIN) -> str:
    return f"https://id.gs1.org/01/{gtin}/21/{serial}"


def event(*epcs: str, **changes: Any) -> Json:
    """An event that no other is the same as; `changes` replace members, None takes one away."""
    n = next(_numbers)
    value: Json = {
        "@context": CONTEXT,
        "type": "ObjectEvent",
        "eventTime": f"2026-10-{n // 86400 + 1:02}T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}.000+08:00",
        "eventTimeZoneOffset": "+08:00",
        "epcList": list(epcs) or [epc(f"S{n}")],
        "action": "OBSERVE",
        "bizStep": "shipping",
        "disposition": "in_transit",
        "readPoint": {"id": "urn:epc:id:sgln:9521141.00001.0"},
    }
    value.update(changes)
    return {name: one for name, one in value.items() if one is not None}


def packing(parent: str, *epcs: str, **changes: Any) -> Json:
    """An AggregationEvent that puts items into a parcel."""
    return event(
        type="AggregationEvent", parentID=parent, childEPCs=list(epcs), epcList=None, action="ADD", bizStep="packing",
        **changes,
    )  # fmt: skip


def document(*events: Json) -> Json:
    """An EPCISDocument of events."""
    return {
        "@context": CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-10-24T02:00:00Z",
        "epcisBody": {"eventList": [{n: v for n, v in one.items() if n != "@context"} for one in events]},
    }


def declared_wrong(value: Json, **changes: Any) -> Json:
    """The event with an error declaration."""
    return {**value, "errorDeclaration": {"declarationTime": "2026-10-25T00:00:00Z", **changes}}


def product_document(name: str = "Hairy crab") -> Json:
    return {"name": {"zh": "大闸蟹", "en": name}}


def batch_document(lot: str) -> Json:
    return {"lot": lot, "productionDate": "2026-10-01"}


def items(*serials: str) -> list[Item]:
    return [Item(serial, sha256(serial.encode()).digest()[:16]) for serial in serials]


# -- the node


@dataclass
class Live:
    """A node, its site and those who speak to it."""

    node: Node
    signers: dict[str, Signer]
    http: TestClient = field(init=False)
    site: Site = field(init=False)
    registrar: Registrar = field(init=False)

    def __post_init__(self) -> None:
        self.attach(self.node)

    def attach(self, node: Node) -> None:
        """Goes on with another node, as after a restart."""
        self.node = node
        self.http = TestClient(create(node), base_url=URL)
        self.site = Site(URL, http=self.http)
        self.registrar = Registrar(node.settings)

    def restart(self) -> Node:
        """Closes the node and opens one on the same data."""
        self.node.close()
        self.attach(open_node(self.node.settings))
        return self.node

    def author(self, name: str) -> Author:
        return Author(self.site, self.signers[name])

    @property
    def merchant(self) -> Author:
        return self.author("merchant")

    @property
    def other(self) -> Author:
        return self.author("other")

    @property
    def partner(self) -> Author:
        return self.author("partner")

    @property
    def regulator(self) -> Author:
        return self.author("regulator")

    def size(self) -> int:
        with self.node.database.read() as connection:
            return journal.size(connection)

    def counts(self) -> dict[str, int]:
        """How many rows each table of what is recorded has."""
        tables = ("records", "entries", "batches", "items", "outbox", "jobs")
        with self.node.database.read() as connection:
            return {t: int(connection.scalar(text(f"SELECT count(*) FROM {t}")) or 0) for t in tables} | {
                "journal": journal.size(connection)
            }

    @contextmanager
    def nothing_written(self) -> Iterator[None]:
        """Fails if anything is recorded in the block."""
        before = self.counts()
        yield
        assert self.counts() == before

    def audit(self) -> AuditReport:
        """The product's own audit, of this node's chain and open log."""
        return audit(self.node.chain, LogReader(URL, http=self.http))

    def assert_clean(self) -> None:
        """All that is accepted is sealed, and the audit finds nothing."""
        report = self.audit()
        assert (report.findings, report.unchecked) == ((), ())
        assert report.entries == self.size()

    def list_and_register(self, lot: str = "L1", *serials: str, gtin: str = GTIN) -> Any:
        """Lists the product and registers a batch of it."""
        self.merchant.list_product(gtin, product_document())
        return self.merchant.register_batch(gtin, lot, batch_document(lot), items(*(serials or ("A1", "A2", "A3"))))


def next_second() -> None:
    """Waits for it: of one second the registry keeps the last standing alone."""
    time.sleep(1.01 - time.time() % 1)


class Server:
    """One PostgreSQL for the session, a database for each who asks."""

    def __init__(self, folder: Path) -> None:
        self._url = make_url(EmbeddedServer(folder).url).set(drivername="postgresql+psycopg")
        self._admin = create_engine(self._url, isolation_level="AUTOCOMMIT")
        self._count = count(1)

    def create(self, template: str = "template1") -> tuple[str, str]:
        """A new database: its name and URL."""
        name = f"test{next(self._count)}"
        with self._admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        url = self._url.set(drivername="postgresql", database=name)
        return name, url.render_as_string(hide_password=False)

    def allow(self, name: str, yes: bool) -> None:
        """Whether a database may be connected to; if not, whoever is gets thrown out."""
        with self._admin.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {str(yes).lower()}"))
            if not yes:
                connection.execute(
                    text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name}
                )

    def close(self) -> None:
        self._admin.dispose()


@dataclass(frozen=True)
class Mould:
    """What every world is copied from."""

    server: Server
    database: str
    data: Path
    signers: dict[str, Signer]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    # Not in pytest's folder: each run that starts closes that to other users, the server's own among them.
    folder = Path(tempfile.mkdtemp(prefix="suyuan-pg-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # runs after the server's own, which stops it
    one = Server(folder)
    yield one
    one.close()


@pytest.fixture(scope="session")
def mould(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Mould:
    data = tmp_path_factory.mktemp("mould")
    name, url = server.create()
    settings = Settings(data=data, database_url=url, **QUICK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chain_keystore, "WORK", 2)
        make_keys(settings)
        folder = data / "participants"
        folder.mkdir()
        (folder / "password").write_text(PASSWORD)
        signers = {who: chain_keystore.create(folder / f"{who}.json", PASSWORD) for who in ROLES}
    open_node(settings, deploy_missing=True).close()
    registrar = Registrar(settings)
    for who, role in ROLES.items():
        registrar.admit(signers[who].address, role, f"licence of {who}", ["food"])
    registrar.close()
    return Mould(server, name, data, signers)


@pytest.fixture
def make_live(mould: Mould, tmp_path: Path) -> Iterator[Callable[..., Live]]:
    """Makes worlds that share nothing; `settings` replace a node's."""
    made: list[Live] = []

    def make(**settings: Any) -> Live:
        data = tmp_path / f"node{len(made)}"
        shutil.copytree(mould.data, data)
        _, url = mould.server.create(mould.database)
        node = open_node(Settings(**{"data": data, "database_url": url, **QUICK, **settings}))
        made.append(Live(node, mould.signers))
        return made[-1]

    yield make
    for one in made:
        one.registrar.close()
        one.node.close()


@pytest.fixture
def live(make_live: Callable[..., Live]) -> Live:
    """A world of the test's own."""
    return make_live()


def key_file(one: Live, name: str) -> tuple[Path, Path]:
    """A participant's key file and the file of its password."""
    folder = one.node.settings.data / "participants"
    assert load(folder / f"{name}.json", PASSWORD).address == one.signers[name].address
    return folder / f"{name}.json", folder / "password"


def receipt_key(one: Live) -> str:
    return keystore(one.node.settings).address("receipts")
