"""Puts the three contracts on a chain and gives everyone their role.

Each creation is written down before it is sent: a deployment that was cut off goes on, and makes nothing twice.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
from web3 import Web3
from web3.contract import Contract

from suyuan.chain import transactions
from suyuan.chain.keystore import KeyStore
from suyuan.chain.node import Web3Chain
from suyuan.chain.port import Deployment, Prepared
from suyuan.chain.transactions import created_address
from suyuan.core.statements import Signer, keccak

PROMISE_BOUND = 30 * 86_400  # seconds: the furthest off that a receipt may promise a seal
GRACE_PERIOD = 3 * 86_400  # seconds: how long an appeal may wait before nothing is sealed without its answer
APPEAL_FEE = 10**16  # wei; at 20 gwei a gas some five answers, at 100 gwei one
_FOR_EVER = 2**64 - 1
_NOBODY = "0x" + "00" * 20
_NO_SEAL = (0, 0, bytes(32), bytes(32), 0)


def deploy(
    chain: Web3Chain,
    keys: KeyStore,
    file: Path,
    *,
    verifier: bytes,
    promise_bound: int = PROMISE_BOUND,
    grace_period: int = GRACE_PERIOD,
    appeal_fee: int = APPEAL_FEE,
) -> Deployment:
    """Deploys and writes `file` (deployment.json) when all is done; what is under way stands beside it, in `….part`.

    Takes the keys of `admin` (opened), `regulator`, `admissions`, `sealer` and `receipts` (their addresses).
    `verifier`: the SHA-256 of the verifier's file, which is published.
    Raises NotFound (a key), ChainAway (call again: it goes on), ChainRefused.
    """
    admin = keys.signer("admin")
    roles = ("admin", "regulator", "admissions", "sealer", "receipts")
    who = {role: Web3.to_checksum_address(keys.address(role)) for role in roles}
    work = _Work(chain, file.with_name(file.name + ".part"))

    def contract(name: str, *arguments: Any) -> Contract:
        return chain.contract(name, work.created(admin, name, *arguments))

    def ensure(holds: Any, change: Any) -> None:
        if not chain.call(holds):
            chain.transact(chain.prepare(admin, change))

    merchants = contract("MerchantRegistry", who["admin"], who["regulator"])
    batches = contract("BatchRegistry", merchants.address)
    terms = (promise_bound, grace_period, appeal_fee)
    journal = contract("Journal", merchants.address, batches.address, _NOBODY, _NO_SEAL, *terms, who["admin"])
    admits = chain.call(merchants.functions.ADMISSIONS_ROLE())
    seals = chain.call(journal.functions.SEALER_ROLE())
    ensure(
        merchants.functions.hasRole(admits, who["admissions"]),
        merchants.functions.grantRole(admits, who["admissions"]),
    )
    ensure(journal.functions.hasRole(seals, who["sealer"]), journal.functions.grantRole(seals, who["sealer"]))
    ensure(
        journal.functions.receiptKeyAt(who["receipts"], _FOR_EVER),
        journal.functions.setReceiptKey(who["receipts"], True),
    )
    ensure(journal.functions.verifierSince(verifier), journal.functions.publishVerifier(verifier))

    deployment = Deployment(
        chain.chain_id(), journal.address.lower(), merchants.address.lower(), batches.address.lower(), work.since
    )
    write(file, deployment.as_json())
    work.file.unlink()
    return deployment


class _Work:
    """What has been sent so far: `since`, and each contract's transaction in hex."""

    def __init__(self, chain: Web3Chain, file: Path) -> None:
        self._chain = chain
        self.file = file
        self._known: dict[str, Any] = {"since": chain.block_number()}
        if file.exists():
            self._known = orjson.loads(file.read_bytes())

    @property
    def since(self) -> int:
        """The newest block when it began."""
        return int(self._known["since"])

    def created(self, by: Signer, name: str, *arguments: Any) -> str:
        """A contract's address, once it is there."""
        if name in self._known:
            raw = bytes.fromhex(self._known[name])
            sent, sender = transactions.decode(raw)
            attempt = Prepared(raw, keccak(raw), sent.nonce, sent.fee)
            address = created_address(sender, sent.nonce)
            if self._chain.has_code(address):
                return address
            if not self._chain.nonce_used(attempt):
                self._chain.transact(attempt)
                return address
        attempt = self._chain.prepare_deploy(by, name, *arguments)
        self._known[name] = attempt.raw.hex()
        write(self.file, self._known)
        self._chain.transact(attempt)
        return created_address(by.address, attempt.nonce)


def write(file: Path, value: Any) -> None:
    """JSON into a file, all or nothing, also when the power goes."""
    draft = file.with_name(f".{file.name}.new")
    with draft.open("wb") as out:
        out.write(orjson.dumps(value, option=orjson.OPT_INDENT_2))
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
