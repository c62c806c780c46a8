"""What every call costs, to the unit: gas is exact, and the same on both nodes.

`SUYUAN_UPDATE_GAS=1 pytest tests/contracts/test_gas.py` rewrites `contracts/gas-snapshot.json`. Views are measured
as transactions, so that their figures contain the 21,000 and the calldata that an eth_call does not pay.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import pytest
from web3.contract import Contract

from compile_contracts import CONTRACTS
from contracts import heads_reference
from contracts.deployments import FEE, Deployment, deploy
from contracts.nodes import NODES, Node, accounts, compiled, node, sign
from contracts.test_batch_registry import batch, recall_signature, signed
from contracts.test_journal import HEADERS, HEADS, RECEIPT, TREE, begun_at, heads_of, receipt, sealing
from contracts.test_merchant_registry import claim
from contracts.trials import TRIALS, trial
from proof_trees import inclusion, uniform
from toolchain import ROOT

Spend = Callable[..., None]

SNAPSHOT = ROOT / "contracts" / "gas-snapshot.json"
ADMIN, REGULATOR, MERCHANT, STRANGER, OTHER, NEXT = range(6)
# Times are calldata, whose zero bytes are cheaper: these have none, and the chain's clock begins where it has none.
BEGINNING = 0x7F010101
AT = 0x0102030405060708
GROWTHS = (1, 100, 10_000, 1_000_000)
SIZES = {"10^3": 10**3, "10^6": 10**6, "10^9": 10**9, "2^30-1": 2**30 - 1}
CEILINGS = {"10^3": 94_000, "10^6": 92_000, "10^9": 102_000, "2^30-1": 138_000}


def address(index: int) -> str:
    return accounts()[index].address


@pytest.fixture(scope="module", params=NODES)
def measured(request: pytest.FixtureRequest) -> Iterator[dict[str, int]]:
    """Every call on a chain of its own: addresses, and with them signatures and calldata, are always the same."""
    with node(request.param) as chain:
        chain.wait(BEGINNING - chain.now())
        yield measure(chain)


def measure(chain: Node) -> dict[str, int]:
    """Label → gas; a label is contract.function, and what makes the figure differ."""
    deployed = deploy(chain)
    gas: dict[str, int] = {}

    def spend(label: str, call: Any, sender: int = ADMIN, value: int = 0) -> None:
        gas[label] = chain.send(call, sender, value)["gasUsed"]

    for name, contract in contracts(deployed).items():
        for item in contract.abi:
            if item["type"] == "function" and not item["inputs"]:
                spend(f"{name}.{item['name']}", contract.functions[item["name"]]())
    for name in ("MerchantRegistry", "Journal"):
        roles(name, contracts(deployed)[name], spend)
    merchants(deployed, spend)
    batches(deployed, spend)
    journal(deployed, spend)
    seals(deployed, spend)
    judging(chain, gas)
    return gas


def contracts(deployed: Deployment) -> dict[str, Contract]:
    return dict(zip(CONTRACTS, (deployed.merchants, deployed.batches, deployed.journal), strict=True))


def roles(name: str, contract: Contract, spend: Spend) -> None:
    functions, role = contract.functions, bytes(32)
    spend(f"{name}.grantRole", functions.grantRole(role, address(OTHER)))
    spend(f"{name}.hasRole", functions.hasRole(role, address(OTHER)))
    spend(f"{name}.getRoleAdmin", functions.getRoleAdmin(role))
    spend(f"{name}.revokeRole", functions.revokeRole(role, address(OTHER)))
    spend(f"{name}.renounceRole", functions.renounceRole(role, address(OTHER)), OTHER)
    spend(f"{name}.supportsInterface", functions.supportsInterface(b"\1\2\3\4"))


def merchants(deployed: Deployment, spend: Spend) -> None:
    functions = deployed.merchants.functions
    spend("MerchantRegistry.admit", functions.admit(address(OTHER), 1, HEADS[0], ["food"]))
    deployed.node.wait(10)
    spend("MerchantRegistry.setStanding", functions.setStanding(address(OTHER), 2, HEADS[0]), REGULATOR)
    spend("MerchantRegistry.rotateKey", functions.rotateKey(address(OTHER), address(NEXT)), OTHER)
    spend("MerchantRegistry.keyAt", functions.keyAt(address(OTHER), AT))
    spend("MerchantRegistry.standingAt", functions.standingAt(address(OTHER), AT))
    spend("MerchantRegistry.merchant", functions.merchant(address(OTHER)))
    for count in (1, 100):
        made = claim(deployed, AT, subject="/01/09394600625413/10/LOT")
        spend(f"MerchantRegistry.check ({count})", functions.check([made] * count))


def batches(deployed: Deployment, spend: Spend) -> None:
    functions = deployed.batches.functions
    for count in (1, 20):
        made = [batch(sha256(bytes([count, i])).digest()) for i in range(count)]
        call = functions.register([tuple(one.values()) for one in made], [signed(deployed, one) for one in made])
        spend(f"BatchRegistry.register ({count})", call)
    first, second = (sha256(bytes([20, i])).digest() for i in (0, 1))
    spend("BatchRegistry.batch", functions.batch(first))
    spend("BatchRegistry.recall (merchant)", functions.recall(first, HEADS[0]), MERCHANT)
    signature = recall_signature(deployed, MERCHANT, second, HEADS[0])
    spend("BatchRegistry.recallFor", functions.recallFor(second, HEADS[0], signature))
    third = sha256(bytes([20, 2])).digest()
    spend("BatchRegistry.recall (regulator)", functions.recall(third, HEADS[0]), REGULATOR)


def journal(deployed: Deployment, spend: Spend) -> None:
    functions = deployed.journal.functions
    spend("Journal.setReceiptKey (start)", functions.setReceiptKey(address(NEXT), True))
    deployed.node.wait(10)
    made = receipt(AT)
    signature = sign(accounts()[NEXT], deployed.journal, "Receipt", RECEIPT, made)
    spend("Journal.checkReceipt", functions.checkReceipt(tuple(made.values()), signature))
    spend("Journal.receiptKeyAt", functions.receiptKeyAt(address(NEXT), AT))
    spend("Journal.setReceiptKey (stop)", functions.setReceiptKey(address(NEXT), False))

    spend("Journal.publishVerifier", functions.publishVerifier(HEADS[0]))
    spend("Journal.verifierSince", functions.verifierSince(HEADS[0]))

    for which in ("first", "later"):
        spend(f"Journal.appeal (340 bytes, {which})", functions.appeal(b"\x77" * 340), STRANGER, FEE)
    spend("Journal.openAppeal", functions.openAppeal(1))
    spend("Journal.collectFees", functions.collectFees(address(OTHER)), REGULATOR)

    heads = heads_of(40)
    root, size = heads_reference.root(heads), len(HEADERS)
    key, (count, newest) = next(iter(heads.items()))
    siblings, _ = heads_reference.proof(heads, key)
    missing = sha256(b"missing").digest()
    around, met = heads_reference.proof(heads, missing)
    end = met or (bytes(32), 0, bytes(32))
    spend("Journal.seal (first)", functions.seal(size, TREE(0, size), root, [], []))
    sealed = (1, size, TREE(0, size), root, deployed.node.now())
    spend("Journal.isSeal", functions.isSeal(*sealed))
    entry = (HEADERS[3], 3, inclusion(3, size, TREE))
    spend("Journal.decode", functions.decode(HEADERS[3]))
    spend("Journal.verifyEntry", functions.verifyEntry(*entry, size, TREE(0, size)))
    spend("Journal.verifyHead", functions.verifyHead(key, count, newest, siblings, root))
    spend("Journal.verifyAbsence", functions.verifyAbsence(missing, end, around, root))
    spend("Journal.verifySealedEntry", functions.verifySealedEntry(sealed, *entry))
    spend("Journal.verifySealedHead", functions.verifySealedHead(sealed, key, count, newest, siblings))
    spend("Journal.verifySealedAbsence", functions.verifySealedAbsence(sealed, missing, end, around))


def seals(deployed: Deployment, spend: Spend) -> None:
    tree = uniform()
    for name, size in SIZES.items():
        for growth in GROWTHS:
            begun = begun_at(deployed, size, tree)
            spend(f"Journal.seal ({name} + {growth})", sealing(begun, size, size + growth, tree))


def judging(chain: Node, gas: dict[str, int]) -> None:
    """Every proof and answer, each on a journal of its own."""
    for size in ("10^3", "10^6", "10^9"):
        for subjects in ("10^3", "10^6"):
            for name in TRIALS:
                if subjects == "10^3" or name == "proveOmission":
                    chain.wait((BEGINNING - chain.now()) % 2**16)  # times without a zero byte again
                    label = f"{size}, {subjects} subjects" if name == "proveOmission" else size
                    made = trial(deploy(chain), name, SIZES[size], SIZES[subjects])
                    gas[f"Journal.{made.function} ({', '.join(filter(None, (made.what, label)))})"] = chain.send(
                        *made.call
                    )["gasUsed"]


def test_every_call_costs_what_the_snapshot_says(measured: dict[str, int]) -> None:
    if os.environ.get("SUYUAN_UPDATE_GAS"):
        SNAPSHOT.write_text(json.dumps(measured, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    assert json.loads(SNAPSHOT.read_text(encoding="utf-8")) == measured


def test_snapshot_names_every_function_of_every_contract() -> None:
    functions = {
        f"{name}.{item['name']}" for name in CONTRACTS for item in compiled()[name]["abi"] if item["type"] == "function"
    }
    assert functions == {label.split(" ")[0] for label in json.loads(SNAPSHOT.read_text(encoding="utf-8"))}


def test_seal_costs_no_more_than_its_ceiling(measured: dict[str, int]) -> None:
    for name, ceiling in CEILINGS.items():
        for growth in GROWTHS:
            assert measured[f"Journal.seal ({name} + {growth})"] <= ceiling


def test_32_answers_and_a_seal_fit_into_a_transaction(measured: dict[str, int]) -> None:
    assert measured["Journal.seal (32 answers, 10^9)"] < 2**24  # EIP-7825


def test_seal_costs_the_same_in_a_journal_that_grew_by_itself(chain: Node) -> None:
    tree = uniform()
    grown, begun = deploy(chain), begun_at(deploy(chain), 10**6, tree)
    chain.send(sealing(grown.journal, 0, 10**6, tree))
    calls = [sealing(journal, 10**6, 10**6 + 100, tree, HEADS[2]) for journal in (grown.journal, begun)]
    first, second = (chain.send(call)["gasUsed"] for call in calls)
    assert first == second
