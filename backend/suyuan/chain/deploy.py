"""Puts the three contracts on a chain and gives everyone their role.

Each creation is written down before it is sent: a deployment that was cut off goes on, and makes nothing twice.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from eth_typing import ChecksumAddress
from web3 import Web3
from web3.contract import Contract

from suyuan.chain import transactions
from suyuan.chain.keystore import KeyStore
from suyuan.chain.node import Web3Chain
from suyuan.chain.port import Deployment, Passed, Prepared
from suyuan.chain.transactions import created_address
from suyuan.core.proof import Seal
from suyuan.core.statements import Signer, keccak

PROMISE_BOUND = 30 * 86_400  # seconds: the furthest off that a receipt may promise a seal
GRACE_PERIOD = 3 * 86_400  # seconds: how long an appeal may wait before nothing is sealed without its answer
APPEAL_FEE = 10**16  # wei; at 20 gwei a gas some five answers, at 100 gwei one
_JOURNAL = "Journal"
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
    who = {role: _holder(keys, role) for role in ("admin", "regulator", "admissions")}
    work = _Work(chain, file)

    merchants = work.contract(admin, "MerchantRegistry", who["admin"], who["regulator"])
    batches = work.contract(admin, "BatchRegistry", merchants.address)
    terms = (promise_bound, grace_period, appeal_fee)
    named = (merchants.address, batches.address, _NOBODY, _NO_SEAL, *terms, who["admin"])
    journal = work.contract(admin, _JOURNAL, *named)
    admits = chain.call(merchants.functions.ADMISSIONS_ROLE())
    work.ensure(
        admin,
        merchants.functions.hasRole(admits, who["admissions"]),
        merchants.functions.grantRole(admits, who["admissions"]),
    )
    _equip(work, admin, keys, journal, verifier)

    deployment = Deployment(
        chain.chain_id(), journal.address.lower(), merchants.address.lower(), batches.address.lower(), work.since
    )
    work.finish(deployment)
    return deployment


def succeed(chain: Web3Chain, keys: KeyStore, file: Path, *, seal: Seal, verifier: bytes) -> Deployment:
    """Deploys a Journal that goes on from a seal of the one in `file`, under the same registries and terms.

    Takes the place of that in `file` when all is done. Raises as `deploy` does.
    """
    admin = keys.signer("admin")
    old = Deployment.from_json(orjson.loads(file.read_bytes()))
    work = _Work(chain, file)
    before = chain.contract(_JOURNAL, old.journal)
    terms = [chain.call(getattr(before.functions, name)()) for name in ("promiseBound", "gracePeriod", "appealFee")]
    from_ = (seal.number, seal.size, seal.root, seal.heads, seal.sealed_at)
    named = [Web3.to_checksum_address(one) for one in (old.merchants, old.batches, old.journal)]
    known_as = f"{_JOURNAL} after seal {seal.number} of {old.journal}"
    journal = work.contract(admin, _JOURNAL, *named, from_, *terms, _holder(keys, "admin"), known_as=known_as)
    _equip(work, admin, keys, journal, verifier)

    passed = (*old.predecessors, Passed(old.journal, seal.number))
    deployment = replace(old, journal=journal.address.lower(), predecessors=passed)
    work.finish(deployment)
    return deployment


def _holder(keys: KeyStore, role: str) -> ChecksumAddress:
    return Web3.to_checksum_address(keys.address(role))


def _equip(work: _Work, admin: Signer, keys: KeyStore, journal: Contract, verifier: bytes) -> None:
    """Gives a Journal its sealer, its receipt key and the verifier's hash."""
    functions = journal.functions
    seals, sealer, receipts = work.call(functions.SEALER_ROLE()), _holder(keys, "sealer"), _holder(keys, "receipts")
    work.ensure(admin, functions.hasRole(seals, sealer), functions.grantRole(seals, sealer))
    work.ensure(admin, functions.receiptKeyAt(receipts, _FOR_EVER), functions.setReceiptKey(receipts, True))
    work.ensure(admin, functions.verifierSince(verifier), functions.publishVerifier(verifier))


class _Work:
    """What has been sent so far, beside the deployment's file: `since`, and each contract's transaction in hex."""

    def __init__(self, chain: Web3Chain, file: Path) -> None:
        self._chain = chain
        self._file = file
        self._part = file.with_name(file.name + ".part")
        self._known: dict[str, Any] = {"since": chain.block_number()}
        if self._part.exists():
            self._known = orjson.loads(self._part.read_bytes())

    @property
    def since(self) -> int:
        """The newest block when it began."""
        return int(self._known["since"])

    def call(self, function: Any) -> Any:
        """Asks a contract's function."""
        return self._chain.call(function)

    def ensure(self, by: Signer, holds: Any, change: Any) -> None:
        """Sends a change unless it holds already."""
        if not self.call(holds):
            self._chain.transact(self._chain.prepare(by, change))

    def contract(self, by: Signer, name: str, *arguments: Any, known_as: str = "") -> Contract:
        """A contract, once it is there. `known_as`: where there may be several of that name."""
        return self._chain.contract(name, self._created(by, name, arguments, known_as or name))

    def _created(self, by: Signer, name: str, arguments: Sequence[Any], known_as: str) -> str:
        if known_as in self._known:
            raw = bytes.fromhex(self._known[known_as])
            sent, sender = transactions.decode(raw)
            attempt = Prepared(raw, keccak(raw), sent.nonce, sent.fee)
            address = created_address(sender, sent.nonce)
            if self._chain.has_code(address):
                return address
            if not self._chain.nonce_used(attempt):
                self._chain.transact(attempt)
                return address
        attempt = self._chain.prepare_deploy(by, name, *arguments)
        self._known[known_as] = attempt.raw.hex()
        write(self._part, self._known)
        self._chain.transact(attempt)
        return created_address(by.address, attempt.nonce)

    def finish(self, deployment: Deployment) -> None:
        """Writes the deployment down; nothing is under way any more."""
        write(self._file, deployment.as_json())
        self._part.unlink()


def write(file: Path, value: Any) -> None:
    """JSON into a file, all or nothing, also when the power goes."""
    draft = file.with_name(f".{file.name}.new")
    with draft.open("wb") as out:
        out.write(orjson.dumps(value, option=orjson.OPT_INDENT_2))
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
