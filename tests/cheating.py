"""An operator that can do anything: a journal of its own making on a chain, with its files, its log and its site."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from eth_utils.address import to_checksum_address

from journal_builder import Journal, Written, documents_of
from suyuan.chain import connect
from suyuan.chain.deploy import APPEAL_FEE, GRACE_PERIOD, PROMISE_BOUND, deploy
from suyuan.chain.keystore import KeyStore, Signer
from suyuan.chain.node import Web3Chain
from suyuan.chain.port import Deployment
from suyuan.chain.transactions import created_address
from suyuan.core import entries, heads, merkle, statements, subjects
from suyuan.core.errors import NotFound, Unavailable
from suyuan.core.heads import HeadsMap, Met
from suyuan.core.notes import TILE
from suyuan.core.proof import Seal
from suyuan.core.statements import Receipt

ROLES = ("admin", "admissions", "operator", "receipts", "regulator", "sealer")
Heads = dict[bytes, Met]


@dataclass
class World:
    """A chain of its own in a folder, with a deployment and everyone's keys."""

    chain: Web3Chain
    deployment: Deployment
    keys: KeyStore

    def signer(self, role: str) -> Signer:
        return self.keys.signer(role)


def open_world(folder: Path) -> Iterator[World]:
    """For a fixture. Keys are cheap only where `keystore.WORK` was made so."""
    keys = KeyStore(folder / "keys", folder / "keys" / "password")
    for role in ROLES:
        keys.create(role)
    funded = [keys.address(role) for role in ROLES]
    with closing(connect("", folder / "chain", funded=funded)) as chain:
        deployment = deploy(chain, keys, folder / "deployment.json", verifier=bytes(32))
        chain.use(deployment, sealer=keys.signer("sealer"), operator=keys.signer("operator"))
        yield World(chain, deployment, keys)


def successor_of(world: World, last: Seal) -> World:
    """The same chain and keys, with a journal that goes on from that seal."""
    chain, admin, old = world.chain, world.signer("admin"), world.deployment
    addresses = [to_checksum_address(one) for one in (old.merchants, old.batches, old.journal)]
    begun = (last.number, last.size, last.root, last.heads, last.sealed_at)
    terms = (PROMISE_BOUND, GRACE_PERIOD, APPEAL_FEE, to_checksum_address(admin.address))
    attempt = chain.prepare_deploy(admin, "Journal", *addresses, begun, *terms)
    chain.transact(attempt)
    journal = created_address(admin.address, attempt.nonce)
    deployment = replace(old, journal=journal)
    sealer = world.signer("sealer")
    functions = chain.contract("Journal", journal).functions
    role = chain.call(functions.SEALER_ROLE())
    chain.transact(chain.prepare(admin, functions.grantRole(role, to_checksum_address(sealer.address))))
    chain.use(deployment, sealer=sealer, operator=world.signer("operator"))
    chain.transact(chain.prepare_receipt_key(admin, world.signer("receipts").address, True))
    return World(chain, deployment, world.keys)


class Cheat(Journal):
    """A journal that is sealed as its operator likes: honest, until told otherwise."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.begun = 0  # the size that the journal goes on from, where it has a predecessor
        self.wrong: dict[int, Callable[[Heads], Heads]] = {}  # by size: what becomes of the heads that are sealed

    def forge(self, subject: str, after: Written | None = None, **changes: Any) -> Written:
        """An entry as it should be next in a stream, but for what is changed."""
        body = entries.encode_body({"kind": "terms", "subject": subject})
        before = entries.EMPTY if after is None else entries.Head(after.header.seq + 1, after.leaf, after.header.state)
        honest = entries.follow(before, kind=18, key=subjects.key(subject), at=self.at, body=bytes(32))
        header = replace(honest, **changes)
        entry = Written(len(self.written), subject, header, body)
        self.written.append(entry)
        return entry

    def map(self, size: int) -> HeadsMap:
        newest: Heads = {e.header.key: Met(e.header.key, e.header.seq + 1, e.leaf) for e in self.written[:size]}
        top, buckets = heads.in_memory()
        buckets.update(top.update(self.wrong.get(size, lambda right: right)(newest).values()))
        return top

    def seal(self) -> Seal:
        """Puts what there is on the chain."""
        old, new = (self.seals[-1].size if self.seals else self.begun), len(self.written)
        tree = self.tree(new)
        wanted = Seal(len(self.seals) + 1, new, tree.root(), self.map(new).root, 0)
        chain = self.world.chain
        chain.transact(chain.prepare_seal(wanted, merkle.consistency(tree, old, new) if old else []))
        record = chain.seal_record(wanted.number)
        assert record is not None
        self.seals.append(record.seal)
        return record.seal

    # -- what it hands out

    def bundle(self, subject: str, **options: Any) -> dict[str, Any]:
        deployment = self.world.deployment
        chain = {"id": deployment.chain_id, "journal": deployment.journal}
        return {**super().bundle(subject, **options), "chain": chain}

    def under(self, seal: Seal) -> Cheat:
        """What it was when that seal was its newest."""
        past = Cheat(self.world)
        past.written, past.seals = self.written, self.seals[: seal.number]
        past.wrong, past.documents, past.items = self.wrong, self.documents, self.items
        return past

    def entry(self, index: int) -> dict[str, Any]:
        """One entry's proof, as `GET /v1/entries/{index}` gives it."""
        one, seal, deployment = self.written[index], self.seals[-1], self.world.deployment
        answer = {
            "chain": {"id": deployment.chain_id, "journal": deployment.journal}, "subject": one.subject, **one.shown,
            "seal": {
                "number": seal.number, "size": seal.size, "root": seal.root.hex(), "heads": seal.heads.hex(),
                "sealedAt": seal.sealed_at,
            },
        }  # fmt: skip
        if index >= seal.size:
            return {**answer, "pending": True}
        path = merkle.inclusion(self.tree(seal.size), index, seal.size)
        return {**answer, "proof": [one.hex() for one in path]}

    def receipt(self, index: int, *leaves: bytes, issued: int = 1, until: int = 2, by: str = "receipts") -> Any:
        """A receipt for a run, as the API answers a record."""
        made = Receipt(merkle.Tree(leaves).root(), index, len(leaves), issued, until)
        deployment = self.world.deployment
        separator = statements.domain(deployment.chain_id, deployment.journal)
        return {"index": index, "receipt": made.as_json(self.world.signer(by).sign(made.digest(separator)))}

    def _receipt(self, entry: Written) -> dict[str, Any]:
        given: dict[str, Any] = self.receipt(entry.index, entry.leaf, until=2**31, issued=2**31 - 1)["receipt"]
        return given


@dataclass
class OpenLog:
    """The log of a journal. `served`: headers that it serves instead; `read`: what was asked for."""

    journal: Journal
    served: dict[int, bytes] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    away: tuple[str, ...] = ()

    def headers(self, n: int, width: int) -> list[bytes]:
        self._asked("headers")
        return [self.served.get(e.index, e.raw) for e in self.journal.written[n * TILE : n * TILE + width]]

    def hashes(self, level: int, n: int, width: int) -> list[bytes]:
        self._asked("hashes")
        tree = self.journal.tree(self.journal.seals[-1].size)
        return [tree.full(8 * level, n * TILE + i) for i in range(width)]

    def bodies(self, n: int, width: int) -> list[bytes]:
        return [one.text for one in self.journal.written[n * TILE : n * TILE + width]]

    def documents(self, n: int, width: int) -> list[bytes]:
        return documents_of(OpenLog.bodies(self, n, width), self.journal.documents)

    def _asked(self, what: str) -> None:
        self.read.append(what)
        if what in self.away:
            raise Unavailable("the log does not answer")


@dataclass
class OpenSite:
    """What a site answers of a journal."""

    journal: Cheat

    def entry(self, index: int) -> Any:
        if index >= len(self.journal.written):
            raise NotFound(f"there is no entry {index}")
        return self.journal.entry(index)

    def bundle(self, subject: str, limit: int) -> Any:
        return self.journal.bundle(subject, limit=limit)


def file(name: str, value: Any) -> tuple[str, bytes]:
    """A file's name and content."""
    return name, json.dumps(value).encode()


@contextmanager
def listening(cheat: Cheat, methods: Collection[str] = ()) -> Iterator[str]:
    """A node at `/`, of these methods or all, the journal's log at `/log/`, its site at `/v1/`."""
    log, site, chain = OpenLog(cheat), OpenSite(cheat), cheat.world.chain

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

        def do_POST(self) -> None:
            call = json.loads(self.rfile.read(int(self.headers["content-length"])))
            told = {"error": {"code": -32601, "message": "not answered here"}}
            if not methods or call["method"] in methods:
                told = chain.rpc(call["method"], call.get("params", []))
            self._answer(200, json.dumps({"jsonrpc": "2.0", "id": call["id"], **told}).encode())

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            match asked.path.removeprefix("/").split("/"):
                case ["log", "tile", "entries", *name]:
                    headers = log.headers(*_tile(name))
                    self._answer(200, b"".join(len(one).to_bytes(2, "big") + one for one in headers))
                case ["log", "tile", level, *name]:
                    self._answer(200, b"".join(log.hashes(int(level), *_tile(name))))
                case ["log", "bodies", *name]:
                    self._answer(200, b"".join(one + b"\n" for one in log.bodies(*_tile(name))))
                case ["v1", "entries", index]:
                    self._answer(200, json.dumps(site.entry(int(index))).encode())
                case ["v1", "proof"]:
                    bundle = site.bundle(parse_qs(asked.query)["subject"][0], 1)
                    self._answer(404 if "met" in bundle["head"] else 200, json.dumps(bundle).encode())
                case _:
                    self._answer(404, b"{}")

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _tile(name: list[str]) -> tuple[int, int]:
    """A tile's number and width."""
    path, _, width = "/".join(name).partition(".p/")
    return int(path), int(width or 256)
