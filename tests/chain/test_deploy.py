"""Deploying: once, whatever it dies in, and everyone has their role and no more."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from web3 import Web3

from chain.conftest import ROLES, VERIFIER, World
from suyuan.chain.deploy import deploy
from suyuan.chain.keystore import KeyStore
from suyuan.chain.node import Web3Chain
from suyuan.chain.port import Deployment, Prepared
from suyuan.core.errors import ChainAway, ChainRefused, NotFound


def test_deploy_gives_each_role_to_one(world: World) -> None:
    d, chain = world.deployment, world.chain
    merchants, journal = chain.contract("MerchantRegistry", d.merchants), chain.contract("Journal", d.journal)
    expected = [
        (merchants, chain.call(merchants.functions.ADMISSIONS_ROLE()), "admissions"),
        (merchants, chain.call(merchants.functions.REGULATOR_ROLE()), "regulator"),
        (merchants, bytes(32), "admin"),
        (journal, chain.call(journal.functions.SEALER_ROLE()), "sealer"),
        (journal, bytes(32), "admin"),
    ]
    for contract, role, holder in expected:
        for one in ROLES:
            has = contract.functions.hasRole(role, Web3.to_checksum_address(world.keys.address(one)))
            assert chain.call(has) == (one == holder)
    now = 2**40
    assert [chain.receipt_key_at(world.keys.address(one), now) for one in ("receipts", "sealer")] == [True, False]


def test_deploy_publishes_the_verifier(world: World) -> None:
    assert world.chain.verifier_since(VERIFIER) > 0
    assert world.chain.verifier_since(bytes(32)) == 0


def test_a_newer_verifier_is_published_beside_the_first(world: World) -> None:
    newer = b"\x22" * 32
    world.chain.transact(world.chain.prepare_verifier(world.signer("admin"), newer))
    assert world.chain.verifier_since(newer) >= world.chain.verifier_since(VERIFIER) > 0
    with pytest.raises(ChainRefused, match="VerifierKnown"):
        world.chain.prepare_verifier(world.signer("admin"), newer)


def test_deploy_writes_what_it_returns(world: World, tmp_path: Path) -> None:
    written = json.loads((tmp_path / "deployment.json").read_text())
    assert world.deployment == Deployment.from_json(written)
    assert world.deployment == world.chain.deployment_of(world.deployment.journal)
    assert not list(tmp_path.glob("*.part"))


def test_deploy_goes_on_wherever_it_was_cut_off(
    tmp_path: Path, keys: KeyStore, open_chain: Callable[..., Web3Chain], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each send is lost once, then answered with an error after it landed once."""
    chain = open_chain("", tmp_path / "chain", funded=[keys.address("admin")])
    send = chain.send
    seen: dict[bytes, int] = {}

    def unlucky(attempt: Prepared) -> None:
        seen[attempt.tx] = seen.get(attempt.tx, 0) + 1
        if len(seen) % 2:
            send(attempt)
        raise ChainAway("cut off")

    file = tmp_path / "deployment.json"
    for _ in range(20):
        monkeypatch.setattr(chain, "send", unlucky)
        with pytest.raises(ChainAway):
            deploy(chain, keys, file, verifier=VERIFIER)
        assert not file.exists()
        monkeypatch.setattr(chain, "send", send)
        if _part_is_whole(tmp_path):
            break
        _one_step(chain, keys, file, monkeypatch)
    deployment = deploy(chain, keys, file, verifier=VERIFIER)
    assert deployment == chain.deployment_of(deployment.journal)
    assert chain.block_number() == 7  # three contracts, three grants, the verifier, nothing twice


def _part_is_whole(folder: Path) -> bool:
    return "Journal" in json.loads((folder / "deployment.json.part").read_text())


def _one_step(chain: Web3Chain, keys: KeyStore, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Goes on until one more transaction is sent, and is cut off at the next."""
    send = chain.send
    sent: list[Prepared] = []

    def once(attempt: Prepared) -> None:
        if sent:
            raise ChainAway("cut off again")
        sent.append(attempt)
        send(attempt)

    monkeypatch.setattr(chain, "send", once)
    with pytest.raises(ChainAway):
        deploy(chain, keys, file, verifier=VERIFIER)
    monkeypatch.setattr(chain, "send", send)


def test_deploy_without_a_key_says_which(tmp_path: Path, open_chain: Callable[..., Web3Chain]) -> None:
    store: Any = KeyStore(tmp_path / "keys", tmp_path / "password")
    store.create("admin")
    with pytest.raises(NotFound, match="regulator"):
        deploy(open_chain("", tmp_path / "chain"), store, tmp_path / "deployment.json", verifier=VERIFIER)
