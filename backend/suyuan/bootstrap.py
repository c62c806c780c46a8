"""Wires a node from its settings, and an auditor from two addresses. Nothing is opened before this is called."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from suyuan.chain import connect
from suyuan.chain.deploy import deploy, succeed
from suyuan.chain.keystore import KeyStore, write_once
from suyuan.chain.node import Web3Chain
from suyuan.chain.port import Deployment, Prepared, TransactionState
from suyuan.client import LogReader, Site
from suyuan.config import Settings
from suyuan.core import proof, rules, statements
from suyuan.core.errors import ChainRefused, Conflict, Malformed, NotFound, SuyuanError, Unavailable
from suyuan.core.evidence import promises_in
from suyuan.core.notes import KeyType, NoteSigner, Verifier, origin_of
from suyuan.core.policy import Policy, parse_policy
from suyuan.core.rules import Role, Standing
from suyuan.services import audit_beside
from suyuan.services.appeal import Appeals
from suyuan.services.audit import AuditReport, audit
from suyuan.services.authorise import Authority
from suyuan.services.background import Background
from suyuan.services.capture import Capture
from suyuan.services.challenge import Accused
from suyuan.services.checkpoint import check_sealed
from suyuan.services.claim import Claims
from suyuan.services.cosign import Cosigner
from suyuan.services.erase import Erasure
from suyuan.services.evidence import Desk, NodeSource, RemoteSource
from suyuan.services.find import Finder
from suyuan.services.grant import Granter
from suyuan.services.inspect import Inspector
from suyuan.services.known import Known, Listener
from suyuan.services.look_up import LookUp
from suyuan.services.look_up_reviews import LookUpReviews
from suyuan.services.order import Orders, Shops
from suyuan.services.oversee import Overseer
from suyuan.services.photos import Photos
from suyuan.services.prove import Prover
from suyuan.services.publish import Log
from suyuan.services.record import Domains, Recorder
from suyuan.services.relay import Relay
from suyuan.services.restate import Restater
from suyuan.services.review import Reviews
from suyuan.services.seal import Pace, Sealer, SealMismatch
from suyuan.services.succeed import Successor
from suyuan.services.watch import Watch
from suyuan.services.witness import Witness
from suyuan.storage import journal
from suyuan.storage.cosignatures import COSIGNER_LOCK
from suyuan.storage.database import SEALER_LOCK, Database, EmbeddedServer
from suyuan.storage.vault import Vault

log = logging.getLogger(__name__)

ROLES = ("admin", "admissions", "regulator", "operator", "sealer", "receipts", "log", "vault")
_DEPLOYMENT = "deployment.json"  # in the data folder
_OWN = "this node"  # what a node's own chain is called among those that a pack asked
_REST = 0.2  # seconds between looks for something to seal
_REST_AFTER_FAULT = 2.0
_REST_OF_COSIGNER = 1.0


@dataclass
class Node:
    """Everything that serves a site: one for each process."""

    settings: Settings
    database: Database
    chain: Web3Chain
    deployment: Deployment
    known: Known
    recorder: Recorder
    capture: Capture
    prover: Prover
    finder: Finder
    log: Log
    cosigner: Cosigner
    look_up: LookUp
    appeals: Appeals
    sealer: Sealer
    relay: Relay
    vault: Vault
    shops: Shops
    orders: Orders
    granter: Granter
    restater: Restater
    claims: Claims
    reviews: Reviews
    photos: Photos
    erasure: Erasure
    watch: Watch
    look_up_reviews: LookUpReviews
    inspector: Inspector
    listener: Listener
    overseer: Overseer

    def __post_init__(self) -> None:
        self._works: list[Prover | Listener | Overseer | Background] = [self.prover, self.listener, self.overseer]
        self._works.append(Background("sealer", self._seal_for_ever))
        if self.cosigner.witnesses:
            self._works.append(Background("cosigner", self._cosign_for_ever))
        self.sealing = "ready"
        source = NodeSource(self.overview, self.prover, self.reviews, self.photos, self.claims)
        self.desk = Desk(source, self._chain_of, _OWN, private=self.orders.private)

    @contextmanager
    def _chain_of(self, rpc: str, journal: str) -> Iterator[Web3Chain]:
        if rpc != _OWN:
            with chain_as_of(rpc, journal) as chain:
                yield chain
            return
        if journal != self.deployment.journal:
            raise Unavailable(f"this node is one of {self.deployment.journal}")
        yield self.chain.as_of()

    def start(self) -> None:
        """Begins to seal in the background, if no other worker does, and to read what proofs will need."""
        for work in self._works:
            work.start()

    def stop(self) -> None:
        """Stops sealing; what was begun is settled at the next start."""
        for work in self._works:
            work.stop()

    def seal_now(self, *, rights: bool = False) -> None:
        """Seals all that waits, and settles the outbox, before it returns; for commands and tests.

        `rights`: those that wait are published first, however young they are.
        """
        with self.database.alone(SEALER_LOCK) as had:
            if had:
                self.granter.step(now=rights)
            while had and (self.appeals.step() | self.sealer.step(now=True) | self.relay.step() or self.waiting()):
                pass

    def waiting(self) -> int:
        """How many entries are accepted and not sealed."""
        newest = self.prover.newest_seal()
        with self.database.read() as connection:
            return journal.size(connection) - (newest.size if newest else 0)

    def _seal_for_ever(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            rest = _REST
            try:
                with self.database.alone(SEALER_LOCK) as had:
                    while had and not stopping.is_set():
                        # Appeals first: a seal may not be taken without.
                        went = self.appeals.step() | self.sealer.step() | self.relay.step() | self.granter.step()
                        if not (went | self.restater.step(now=self.appeals.need_growth() or self._begins())):
                            stopping.wait(_REST)
                        self.sealing = "ready"
            except Unavailable as error:
                log.warning("sealing waits: %s", error)
                rest = _REST_AFTER_FAULT
            except (ChainRefused, SealMismatch) as error:
                log.error("sealing stopped: %s", error)
                self.sealing, rest = "stopped", 30 * _REST_AFTER_FAULT
            except SuyuanError as error:
                log.error("sealing failed: %s", error)
                rest = _REST_AFTER_FAULT
            stopping.wait(rest)

    def _begins(self) -> bool:
        """Whether the journal goes on from another one, and has no seal of its own yet."""
        newest = self.prover.newest_seal()
        return newest is not None and newest.before != self.deployment.before

    def _cosign_for_ever(self, stopping: threading.Event) -> None:
        """Apart from sealing, which no witness may delay."""
        while not stopping.is_set():
            try:
                with self.database.alone(COSIGNER_LOCK) as had:
                    while had and not stopping.is_set():
                        self.cosigner.step()
                        stopping.wait(_REST_OF_COSIGNER)
            except Unavailable as error:
                log.warning("cosigning waits: %s", error)
            except SuyuanError as error:
                log.error("cosigning failed: %s", error)
            stopping.wait(_REST_AFTER_FAULT)

    def overview(self) -> dict[str, Any]:
        """The deployment, sizes, and in the demo what there is to look at."""
        newest = self.prover.newest_seal()
        with self.database.read() as connection:
            size = journal.size(connection)
        d = self.deployment
        examples = self.settings.data / "examples.json"
        return {
            "chain": d.chain_id,
            "journal": d.journal,
            "merchants": d.merchants,
            "batches": d.batches,
            "size": size,
            "sealed": newest.size if newest else 0,
            "seals": newest.own if newest and newest.before == d.before else 0,
            "sealedAt": newest.sealed_at if newest else None,
            "site": self.settings.url,
            "rpc": f"{self.settings.url}/rpc",
            "log": f"{self.settings.url}/log",
            "logKey": self.log.verifier,
            "predecessor": asdict(d.predecessors[-1]) if d.predecessors else None,
            **({"examples": orjson.loads(examples.read_bytes())} if examples.exists() else {}),
        }

    def readiness(self) -> dict[str, str]:
        """What a record needs: the database and the chain; and how sealing goes."""
        state = {"database": "ready", "chain": "ready", "sealing": self.sealing}
        try:
            with self.database.read() as connection:
                if journal.before(connection) != self.deployment.before:  # it was handed over
                    state["sealing"] = "stopped"
        except Unavailable:
            state["database"] = "away"
        try:
            self.chain.journal_head()
        except Unavailable:
            state["chain"] = "away"
        if self.listener.ended():
            state["sealing"] = "stopped"
        return state

    def close(self) -> None:
        """Lets go of everything."""
        self.stop()
        self.cosigner.close()
        self.chain.close()
        self.database.close()


def verifier_hash() -> bytes:
    """The SHA-256 of the verifier's file, as it is packaged here."""
    return sha256((Path(__file__).parent / "web" / "verify.html").read_bytes()).digest()


def keystore(settings: Settings) -> KeyStore:
    """The node's keys: encrypted files in the data folder, their password in a file beside them."""
    return KeyStore(settings.data / "keys", settings.data / "keys" / "password")


def make_keys(settings: Settings) -> None:
    """Makes the keys that the node does not have yet."""
    keys = keystore(settings)
    for role in ROLES:
        if not keys.has(role):
            keys.create(role)


def make_witness_key(folder: Path, name: str) -> Verifier:
    """Makes a witness's key in its folder; its public half. Raises Conflict where there is one, Malformed."""
    NoteSigner(name, KeyType.COSIGNATURE, bytes(32))  # refuses what is no name before anything is written
    keys = _witness_keys(folder)
    if keys.has("witness"):
        raise Conflict(f"a witness's key is in {folder} already")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "name").write_text(name)
    keys.create("witness")
    return witness_key(folder)


def witness_key(folder: Path) -> Verifier:
    """The public half of the key in a witness's folder. Raises NotFound."""
    return _witness_signer(folder).verifier


def open_witness(folder: Path, logs: Sequence[Verifier], *, rpc: str = "", journal: str = "") -> Witness:
    """A witness of these logs, with the key and the memory in its folder.

    `rpc` and `journal`: it cosigns only what that Journal has sealed, on the chain at that address. Raises NotFound
    (no key), Malformed (another log than the Journal's), ChainAway.
    """
    signer = _witness_signer(folder)
    if not rpc:
        return Witness(signer, logs, folder / "logs")
    chain = connect(rpc)
    deployment = chain.deployment_of(journal)
    chain.use(deployment)
    expected = origin_of(deployment.chain_id, deployment.journal)
    for log in logs:
        if log.name != expected:
            raise Malformed(f"the Journal's log is {expected}, met {log.name}", "log")
    return Witness(signer, logs, folder / "logs", check=lambda head: check_sealed(chain, head))


def _witness_keys(folder: Path) -> KeyStore:
    return KeyStore(folder, folder / "password")


def _witness_signer(folder: Path) -> NoteSigner:
    secret = _witness_keys(folder).derived("witness", "suyuan witness")
    return NoteSigner((folder / "name").read_text(), KeyType.COSIGNATURE, secret)


def add_shop(settings: Settings, id: str, merchant: str, secret: bytes) -> None:
    """Adds a shop for which a registered participant answers; `secret` (32 bytes) is that of its messages.

    Raises NotFound where nobody has that address, Malformed, Conflict.
    """
    node = open_node(settings)
    try:
        if node.known.participant(merchant) is None:
            raise NotFound(f"{merchant} is not registered: `suyuan admit` first")
        node.shops.add(id, merchant, secret)
    finally:
        node.close()


class Registrar:
    """Admits participants and changes their standing, with the node's admissions and regulator keys."""

    def __init__(self, settings: Settings) -> None:
        self._keys = keystore(settings)
        self._chain = connect(settings.chain_url, settings.data / "chain", confirmations=settings.confirmations)
        self._chain.use(_deployment(settings))

    def close(self) -> None:
        """Lets go of the chain."""
        self._chain.close()

    def admit(self, id: str, role: Role, licence: str, categories: Sequence[str]) -> str:
        """Admits a participant; the transaction's hash. `id`: the address of its first key."""
        by = self._keys.signer("admissions")
        return self._transact(
            self._chain.prepare_admit(by, id, role, sha256(licence.encode()).digest(), list(categories))
        )

    def set_standing(self, id: str, standing: Standing, reason: str) -> str:
        """Changes a participant's standing; the transaction's hash."""
        by = self._keys.signer("regulator")
        return self._transact(self._chain.prepare_standing(by, id, standing, sha256(reason.encode()).digest()))

    def rotate(self, id: str, key: str) -> str:
        """Gives a participant another key; the transaction's hash."""
        return self._transact(self._chain.prepare_rotate(self._keys.signer("admissions"), id, key))

    def publish_verifier(self) -> str:
        """Puts the hash of the packaged verifier's file on-chain; the transaction's hash, "" where it is there."""
        if self._chain.verifier_since(verifier_hash()):
            return ""
        return self._transact(self._chain.prepare_verifier(self._keys.signer("admin"), verifier_hash()))

    def _transact(self, prepared: Prepared) -> str:
        outcome = self._chain.transact(prepared)
        if outcome.state is not TransactionState.MINED:
            raise ChainRefused(outcome.reason or outcome.state.value)
        return "0x" + outcome.tx.hex()


def open_auditor(
    rpc: str,
    journal: str,
    log_url: str,
    *,
    state: Path | None = None,
    jobs: int = 0,
    receipts: Sequence[Mapping[str, Any]] = (),
    site: str | None = None,
) -> Callable[[Callable[[int, int], None]], AuditReport]:
    """An audit of the journal at an address, over a chain's RPC and an open log: no database, no site's word.

    Each call of what it gives goes on from where the one before stopped, if there is a `state`; `jobs` 0: a process for
    each core. Raises Malformed for what is no receipt.
    """
    promises = [promise for one in receipts for promise in promises_in(one)]

    def run(progress: Callable[[int, int], None]) -> AuditReport:
        with ExitStack() as opened:
            chain, reader = connect(rpc), LogReader(log_url)
            opened.callback(chain.close)
            opened.callback(reader.close)
            checks = [audit_beside.kept(promises)]
            if site:
                asked = Site(site)
                opened.callback(asked.close)
                checks.append(audit_beside.serves(asked))
            try:
                chain.use(chain.deployment_of(journal))
                return audit(chain, reader, progress, state=state, jobs=jobs, also=checks)
            except SuyuanError as error:
                return AuditReport(unchecked=(str(error),))

    return run


@contextmanager
def chain_at(rpc: str, journal: str) -> Iterator[Web3Chain]:
    """The chain at an RPC address with the deployment of a Journal, to read and to send. Raises ChainAway."""
    with closing(connect(rpc)) as chain:
        chain.use(chain.deployment_of(journal))
        yield chain


@contextmanager
def chain_as_of(rpc: str, journal: str) -> Iterator[Web3Chain]:
    """The same, every answer as of its newest block. Raises ChainAway."""
    with chain_at(rpc, journal) as chain:
        yield chain.as_of()


@contextmanager
def open_evidence(url: str) -> Iterator[Desk]:
    """Where packs of a site's subjects are asked for. `url`: the site's; empty: the node of this data folder is opened,
    which also opens its orders.
    """
    if not url:
        node = open_node(Settings())
        try:
            yield node.desk
        finally:
            node.close()
        return
    with closing(Site(url)) as site:
        yield Desk(RemoteSource(site), chain_as_of, f"{url.rstrip('/')}/rpc")


@contextmanager
def open_successor(settings: Settings) -> Iterator[Successor]:
    """What lets the node of a data folder go on in a new journal. Raises NotFound where nothing is deployed."""
    node = open_node(settings)
    deploys = partial(succeed, node.chain, keystore(settings), settings.data / _DEPLOYMENT, verifier=verifier_hash())
    try:
        yield Successor(
            node.database,
            node.chain,
            node.deployment,
            node.sealer,
            node.appeals,
            lambda seal: deploys(seal=seal),
            partial(time.sleep, _REST),
        )
    finally:
        node.close()


@contextmanager
def challenge_at(rpc: str, journal: str, log: str = "", site: str = "") -> Iterator[Accused]:
    """A journal with its log and its site, where they are named, to be shown what it did. Raises ChainAway."""
    with ExitStack() as opened:
        chain = opened.enter_context(chain_at(rpc, journal))
        reader, asked = LogReader(log) if log else None, Site(site) if site else None
        for one in (reader, asked):
            if one is not None:
                opened.callback(one.close)
        yield Accused(chain, reader, asked)


def verifier_since(rpc: str, journal: str, hash: bytes) -> int:
    """Since when the Journal has the verifier's file with that SHA-256, by a node; 0: it has not. Raises ChainAway."""
    with chain_at(rpc, journal) as chain:
        return chain.verifier_since(hash)


def _deployment(settings: Settings) -> Deployment:
    file = settings.data / _DEPLOYMENT
    if not file.exists():
        raise NotFound(f"nothing is deployed in {settings.data}: `suyuan deploy` first")
    return Deployment.from_json(orjson.loads(file.read_bytes()))


def _terms(settings: Settings) -> dict[str, Any]:
    """What the platform promises, as it stands in its settings and in the rules."""
    return {
        "sealSeconds": str(settings.seal_seconds),
        "promiseSeconds": settings.promise_seconds,
        "rightsSeconds": str(settings.rights_seconds),
        "withholdReasons": {reason: list(laws) for reason, laws in rules.REASONS.items()},
        "restoreReasons": list(rules.RESTORE_REASONS),
        "eraseLaws": list(rules.ERASE_LAWS),
    }


def _page_password(settings: Settings) -> str:
    """The password of the operator's pages, made once, in a file for its owner alone."""
    file = settings.data / "keys" / "operator-page"
    if not file.exists():
        with suppress(Conflict):  # another worker made it
            write_once(file, secrets.token_urlsafe(24).encode())
    return file.read_text().strip()


def _log_signer(keys: KeyStore, deployment: Deployment) -> NoteSigner:
    name = origin_of(deployment.chain_id, deployment.journal)
    return NoteSigner(name, KeyType.NOTE, keys.derived("log", "suyuan tree heads"))


def _witnesses(settings: Settings) -> Policy:
    if not settings.witnesses:
        return parse_policy(b"quorum none\n")
    file = Path(settings.witnesses)
    if not file.is_file():
        raise NotFound(f"no policy in {file}")
    return parse_policy(file.read_bytes())


def open_node(settings: Settings, *, deploy_missing: bool = False) -> Node:
    """Opens database, chain and keys. Deploys the contracts if there are none and it is told to."""
    witnesses = _witnesses(settings)
    settings.data.mkdir(parents=True, exist_ok=True)
    keys = keystore(settings)
    database = Database(settings.database_url or EmbeddedServer(settings.data.resolve() / "postgres"))
    database.migrate()
    addresses = [keys.address(role) for role in ROLES if keys.has(role)]
    chain = connect(settings.chain_url, settings.data / "chain", funded=addresses, confirmations=settings.confirmations)
    file = settings.data / _DEPLOYMENT
    if deploy_missing and not file.exists():
        deploy(chain, keys, file, verifier=verifier_hash())
    deployment = _deployment(settings)
    chain.use(deployment, sealer=keys.signer("sealer"), operator=keys.signer("operator"))
    if deploy_missing:
        admissions = keys.signer("admissions")
        for role in (Role.OPERATOR, Role.REGULATOR):
            with suppress(ChainRefused):  # it was admitted at an earlier start
                id = keys.address(role.name.lower())
                chain.transact(chain.prepare_admit(admissions, id, role, bytes(32), []))
    known = Known(database, chain, poll=settings.chain_poll_seconds)
    listener = Listener(chain, poll=settings.chain_poll_seconds)
    domains = Domains(
        statements.domain(deployment.chain_id, deployment.merchants),
        statements.domain(deployment.chain_id, deployment.batches),
        statements.domain(deployment.chain_id, deployment.journal),
        deployment.chain_id,
        deployment.journal,
        deployment.before,
    )
    own = proof.Deployment(deployment.chain_id, deployment.journal)
    prover = Prover(database, own, journal_after=deployment.journal_after)
    recorder = Recorder(
        database,
        known,
        domains,
        keys.signer("receipts"),
        keys.signer("operator"),
        promise=settings.promise_seconds,
        heard=prover.heard,
        ended=listener.ended,
    )
    vault = Vault(keys.derived("vault", "suyuan vault"))
    shops = Shops(database, vault)
    appeals = Appeals(database, chain, recorder, clock=time.time, heard=prover.heard)
    pace = Pace(settings.seal_seconds, settings.seal_entries, settings.confirmations, settings.stuck_seconds)
    capture = Capture(database, recorder)
    look_up = LookUp(prover, known, database)
    log_signer = _log_signer(keys, deployment)
    authority = Authority(known, domains)
    reviews = Reviews(database, recorder, vault, heard=prover.heard)
    return Node(
        settings,
        database,
        chain,
        deployment,
        known,
        recorder,
        capture,
        prover,
        Finder(database),
        Log(database, log_signer),
        Cosigner(database, log_signer, witnesses),
        look_up,
        appeals,
        Sealer(database, chain, pace, appeals, before=deployment.before),
        Relay(database, chain, stuck=settings.stuck_seconds, confirmations=settings.confirmations),
        vault,
        shops,
        Orders(database, recorder, capture, known, vault, heard=prover.heard),
        Granter(database, recorder, wait=settings.rights_seconds, heard=prover.heard),
        Restater(database, recorder, _terms(settings), heard=prover.heard),
        Claims(database, recorder, vault, look_up, wait=settings.rights_seconds, heard=prover.heard),
        reviews,
        Photos(database, vault, authority),
        Erasure(database, recorder, vault, authority, heard=prover.heard),
        Watch(database, authority),
        LookUpReviews(prover, look_up, reviews.contents, reviews.reasons),
        Inspector(database, vault, _page_password(settings)),
        listener,
        Overseer(database, chain, known, listener, domains.merchants),
    )
