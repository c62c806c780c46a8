"""The two EVMs that the contracts are tested on, behind one face: py-evm in this process, and an anvil node."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionFailed
from web3 import EthereumTesterProvider, HTTPProvider, Web3
from web3.contract import Contract
from web3.exceptions import ContractCustomError

from compile_contracts import CONTRACTS, compile_files
from toolchain import ROOT, running_anvil

NODES = ("eth-tester", "anvil")
MNEMONIC = "test test test test test test test test test test test junk"
# eth-tester's; given to anvil as well, so that signatures and therefore calldata and gas are the same on both.
CHAIN_ID = 131277322940537
ZERO = "0x" + "00" * 20
DAY = 86400


@dataclass(frozen=True)
class Refused(Exception):
    """The contract reverted with its custom error `name` and these values."""

    name: str
    values: tuple[Any, ...]


@cache
def compiled() -> dict[str, dict[str, Any]]:
    """Every contract, those for tests too, by name."""
    paths = [ROOT / "contracts" / f"{name}.sol" for name in CONTRACTS]
    return compile_files([*paths, *sorted((ROOT / "contracts" / "test").glob("*.sol"))])


@cache
def accounts() -> tuple[LocalAccount, ...]:
    """Ten funded accounts, with their keys, the same on both nodes."""
    Account.enable_unaudited_hdwallet_features()
    return tuple(Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{i}") for i in range(10))


class Node:
    """A chain of its own, whose accounts are `accounts()`; the first one sends unless told."""

    def __init__(self, w3: Web3, tester: EthereumTester | None) -> None:
        self.w3 = w3
        self._tester = tester

    def deploy(self, name: str, *arguments: Any) -> Contract:
        """Deploy a contract by name and return it. Raises `Refused` where its constructor reverts."""
        artifact = compiled()[name]
        factory = self.w3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
        transaction = factory.constructor(*arguments).build_transaction(self._envelope(0))
        self._refusing(artifact["abi"], lambda: self.w3.eth.call(transaction))
        receipt = self._mined(self.w3.eth.send_transaction(transaction))
        contract: Contract = self.w3.eth.contract(receipt["contractAddress"], abi=artifact["abi"])
        return contract

    def send(self, call: Any, sender: int = 0, value: int = 0) -> Any:
        """Send a transaction from an account, and return its receipt. Raises `Refused` where it would revert."""
        self.call(call, sender, value)
        receipt = self._mined(call.transact({**self._envelope(sender), "value": value}))
        assert receipt["status"] == 1
        return receipt

    def send_blindly(self, call: Any, sender: int = 0) -> Any:
        """Send a transaction that may fail, and return its receipt."""
        return self._mined(self.w3.eth.send_transaction(call.build_transaction(self._envelope(sender))))

    def call(self, call: Any, sender: int = 0, value: int = 0) -> Any:
        """Call without sending. Raises `Refused` where it reverts with a custom error."""
        return self._refusing(
            call.contract_abi, lambda: call.call({"from": accounts()[sender].address, "value": value})
        )

    def now(self) -> int:
        """The time of the newest block, seconds."""
        return int(self.w3.eth.get_block("latest")["timestamp"])

    def wait(self, seconds: int) -> int:
        """Let time pass; the time of the block that ends it."""
        end = self.now() + seconds
        if self._tester is not None:
            self._tester.time_travel(end)
            self._tester.mine_block()
        else:
            self.w3.provider.make_request("evm_setNextBlockTimestamp", [end])  # type: ignore[arg-type]
            self.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
        return self.now()

    def events(self, contract: Contract, receipt: Any) -> list[tuple[str, dict[str, Any]]]:
        """The contract's events in a receipt: name and values."""
        names = {Web3.keccak(text=_signature(item)): item["name"] for item in contract.abi if item["type"] == "event"}
        return [
            (name, dict(contract.events[name]().process_log(log)["args"]))
            for log in receipt["logs"]
            if log["address"] == contract.address
            for name in [names[log["topics"][0]]]
        ]

    def _envelope(self, sender: int) -> dict[str, Any]:
        # Gas and fee given, or web3 asks the node for each.
        return {"from": accounts()[sender].address, "gas": 10_000_000, "gasPrice": 10**10}

    def _mined(self, transaction: Any) -> Any:
        return self.w3.eth.wait_for_transaction_receipt(transaction, timeout=30, poll_latency=0.005)

    def _refusing(self, abi: Any, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except ContractCustomError as error:
            data = bytes.fromhex(str(error.data).removeprefix("0x"))
        except TransactionFailed as error:
            data = _quoted(str(error))
        raise _refused(self.w3, abi, data)


@contextmanager
def node(kind: str) -> Iterator[Node]:
    """A fresh chain of a kind in `NODES`."""
    if kind == "eth-tester":
        tester = EthereumTester(PyEVMBackend.from_mnemonic(MNEMONIC, hd_path="m/44'/60'/0'/0"))
        yield Node(Web3(EthereumTesterProvider(tester)), tester)
        return
    with running_anvil("--chain-id", str(CHAIN_ID), "--mnemonic", MNEMONIC) as url:
        provider = HTTPProvider(url)
        try:
            yield Node(Web3(provider), None)
        finally:
            provider._request_session_manager.session_cache.clear()


def sign(account: LocalAccount, contract: Contract, primary: str, fields: str, message: dict[str, Any]) -> bytes:
    """The account's EIP-712 signature for `contract` over one flat struct; `fields` as in its type's encoding."""
    types = {primary: [dict(zip(("type", "name"), field.split(" "), strict=True)) for field in fields.split(",")]}
    domain = {"name": "Suyuan", "version": "1", "chainId": CHAIN_ID, "verifyingContract": contract.address}
    return bytes(account.sign_typed_data(domain, types, message).signature)


def high_s(signature: bytes) -> bytes:
    """The other signature of the same message by the same key, which has a high s."""
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    s = order - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


def malformed(signature: bytes) -> Sequence[bytes]:
    """Signatures that name nobody: high s, cut, padded, compact (EIP-2098), v of 0 and 1, zeros, nothing."""
    r, s, v = signature[:32], signature[32:64], signature[64]
    compact = r + bytes([s[0] | (v - 27) << 7]) + s[1:]
    return [
        high_s(signature), signature[:64], signature + b"\0", compact, r + s + bytes([v - 27]), bytes(65), b"",
    ]  # fmt: skip


def _quoted(text: str) -> bytes:
    # eth-tester quotes the revert data as a Python literal in its sentence.
    found = re.search(r"b(['\"]).*\1$", text, re.DOTALL)
    assert found, text
    literal = ast.literal_eval(found.group(0))
    assert isinstance(literal, bytes)
    return literal


def _refused(w3: Web3, abi: Any, data: bytes) -> Refused:
    for entry in abi:
        if entry["type"] == "error" and Web3.keccak(text=_signature(entry))[:4] == data[:4]:
            return Refused(entry["name"], w3.codec.decode([*map(_canonical, entry["inputs"])], data[4:]))
    raise AssertionError(f"not a custom error of the contract: {data.hex()}")


def _signature(entry: Any) -> str:
    return f"{entry['name']}({','.join(map(_canonical, entry['inputs']))})"


def _canonical(item: dict[str, Any]) -> str:
    kind = str(item["type"])
    return kind.replace("tuple", f"({','.join(map(_canonical, item['components']))})") if "tuple" in kind else kind
