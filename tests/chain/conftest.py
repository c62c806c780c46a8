"""Chains to test on: the embedded one, and an anvil node of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from suyuan.chain import connect, keystore
from suyuan.chain.deploy import deploy
from suyuan.chain.keystore import KeyStore, Signer
from suyuan.chain.node import Web3Chain
from suyuan.chain.port import Deployment
from suyuan.core.proof import Seal
from toolchain import running_anvil

ROLES = ("admin", "admissions", "operator", "receipts", "regulator", "sealer")
MONEY = hex(10**24)
VERIFIER = b"\x11" * 32

Anvil = Callable[..., str]


@pytest.fixture(autouse=True)
def _fast_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keystore, "WORK", 2)


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    store = KeyStore(tmp_path / "keys", tmp_path / "keys" / "password")
    for role in ROLES:
        store.create(role)
    return store


@pytest.fixture
def open_chain() -> Iterator[Callable[..., Web3Chain]]:
    """`connect`, closed at the end."""
    opened: list[Web3Chain] = []

    def one(*arguments: Any, **options: Any) -> Web3Chain:
        opened.append(connect(*arguments, **options))
        return opened[-1]

    yield one
    for chain in opened:
        chain.close()


@pytest.fixture
def anvil(keys: KeyStore, open_chain: Callable[..., Web3Chain]) -> Iterator[str]:
    """The URL of an anvil node on which every role has money."""
    with running_anvil() as url:
        chain = open_chain(url)
        for role in ROLES:
            chain.rpc("anvil_setBalance", [keys.address(role), MONEY])
        yield url


@dataclass(frozen=True)
class World:
    """A deployment, its keys, and how to reach it again."""

    kind: str
    chain: Web3Chain
    deployment: Deployment
    keys: KeyStore
    again: Callable[..., Web3Chain]

    def signer(self, role: str) -> Signer:
        return self.keys.signer(role)

    def seal(self, number: int, size: int) -> Seal:
        """A first seal that the contract takes as it is: nothing is proven from an empty journal."""
        return Seal(number, size, bytes([number]) * 32, b"\7" * 32, 0)


@pytest.fixture(params=["embedded", "anvil"])
def world(
    request: pytest.FixtureRequest, tmp_path: Path, keys: KeyStore, open_chain: Callable[..., Web3Chain]
) -> World:
    url = request.getfixturevalue("anvil") if request.param == "anvil" else ""
    return make_world(request.param, url, tmp_path, keys, open_chain)


@pytest.fixture
def on_anvil(anvil: str, tmp_path: Path, keys: KeyStore, open_chain: Callable[..., Web3Chain]) -> World:
    return make_world("anvil", anvil, tmp_path, keys, open_chain)


def make_world(kind: str, url: str, folder: Path, keys: KeyStore, open_chain: Callable[..., Web3Chain]) -> World:
    funded = [keys.address(role) for role in ROLES]

    def again(**options: Any) -> Web3Chain:
        chain = open_chain(url, folder / "chain", funded=funded, **options)
        if (folder / "deployment.json").exists():
            chain.use(deployment, sealer=keys.signer("sealer"), operator=keys.signer("operator"))
        return chain

    deployment = deploy(again(), keys, folder / "deployment.json", verifier=VERIFIER)
    return World(kind, again(), deployment, keys, again)
