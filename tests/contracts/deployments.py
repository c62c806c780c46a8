"""The three contracts on a chain, with their roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from web3.contract import Contract

from contracts.nodes import DAY, ZERO, Node, accounts

NO_SEAL = (0, 0, bytes(32), bytes(32), 0)
PROMISE = DAY
GRACE = 3 * DAY
FEE = 10**15
TERMS = (PROMISE, GRACE, FEE)


@dataclass(frozen=True)
class Deployment:
    """The three contracts. Account 0 is admin, admits and seals; 1 is the regulator; 2 is an admitted merchant."""

    node: Node
    merchants: Contract
    batches: Contract
    journal: Contract

    def send(self, call: Any, sender: int = 0, value: int = 0) -> Any:
        return self.node.send(call, sender, value)

    def call(self, call: Any, sender: int = 0) -> Any:
        return self.node.call(call, sender)


def deploy(chain: Node) -> Deployment:
    """Deploy a journal without predecessor and its registries, with their roles."""
    admin, regulator, merchant = (account.address for account in accounts()[:3])
    merchants = chain.deploy("MerchantRegistry", admin, regulator)
    batches = chain.deploy("BatchRegistry", merchants.address)
    journal = chain.deploy("Journal", merchants.address, batches.address, ZERO, NO_SEAL, *TERMS, admin)
    chain.send(merchants.functions.grantRole(merchants.functions.ADMISSIONS_ROLE().call(), admin))
    chain.send(journal.functions.grantRole(journal.functions.SEALER_ROLE().call(), admin))
    chain.send(merchants.functions.admit(merchant, 1, b"\x11" * 32, ["food"]))
    return Deployment(chain, merchants, batches, journal)
