"""The embedded chain: what it keeps, whoever dies, and how it answers."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from suyuan.chain.embedded import CALL_GAS, CHAIN_ID, EmbeddedNode
from suyuan.chain.keystore import Signer
from suyuan.chain.transactions import Transaction, created_address
from suyuan.core.errors import ChainAway

ONE, TWO = (Signer(bytes([n]) * 32) for n in (1, 2))
# Emits a log whose one topic is its calldata's first word, and stores 42 in slot 0; reverts where that word is zero.
CODE = bytes.fromhex("600035801560135760006000a1602a600055005b600080fd")
INIT = bytes.fromhex(f"60{len(CODE):02x}600c60003960{len(CODE):02x}6000f3") + CODE


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., EmbeddedNode]]:
    opened: list[EmbeddedNode] = []

    def one(**options: Any) -> EmbeddedNode:
        opened.append(EmbeddedNode(tmp_path, funded=[ONE.address, TWO.address], **options))
        return opened[-1]

    yield one
    for node in opened:
        node.close()


@pytest.fixture
def node(start: Callable[..., EmbeddedNode]) -> EmbeddedNode:
    return start()


def ask(node: EmbeddedNode, method: str, *params: Any) -> Any:
    return node.rpc(method, params)["result"]


def refusal(node: EmbeddedNode, method: str, *params: Any) -> dict[str, Any]:
    error: dict[str, Any] = node.rpc(method, params)["error"]
    return error


def signed(nonce: int, to: str = "", data: bytes = b"", by: Signer = ONE, **changes: int) -> str:
    fields = {"chain_id": CHAIN_ID, "tip": 10**9, "fee": 3 * 10**9, "gas": 200_000} | changes
    raw = Transaction(nonce=nonce, to=bytes.fromhex(to[2:]), data=data, **fields).sign(by).raw
    return "0x" + raw.hex()


def send(node: EmbeddedNode, *arguments: Any, **changes: Any) -> str:
    answer = node.rpc("eth_sendRawTransaction", [signed(*arguments, **changes)])
    assert "result" in answer, answer
    return str(answer["result"])


def topic(number: int) -> str:
    return f"0x{number:064x}"


def test_restart_goes_on_with_the_same_chain(start: Callable[..., EmbeddedNode]) -> None:
    first = start()
    tx = send(first, 0, "", INIT)
    contract = created_address(ONE.address, 0)
    asked: Sequence[tuple[Any, ...]] = [
        ("eth_getBlockByNumber", "0x0", False), ("eth_getBlockByNumber", "latest", True), ("eth_getCode", contract),
        ("eth_getTransactionReceipt", tx), ("eth_getTransactionByHash", tx), ("eth_getBalance", ONE.address),
    ]  # fmt: skip
    before = [ask(first, *one) for one in asked]
    first.close()
    second = start()
    assert before == [ask(second, *one) for one in asked]
    assert "0x" + CODE.hex() == before[2]
    send(second, 1, contract, b"\1" * 32)
    assert ask(second, "eth_blockNumber") == "0x2"


def test_two_nodes_on_a_folder_are_one_chain(start: Callable[..., EmbeddedNode]) -> None:
    first, second = start(), start()
    for nonce in range(6):
        send((first, second)[nonce % 2], nonce, TWO.address)
        assert ask(first, "eth_getBlockByNumber", "latest", True) == ask(second, "eth_getBlockByNumber", "latest", True)


CHILD = """
import sys
from pathlib import Path
from suyuan.chain.embedded import CALL_GAS, CHAIN_ID, EmbeddedNode
from suyuan.chain.keystore import Signer
from suyuan.chain.transactions import Transaction
node = EmbeddedNode(Path(sys.argv[1]))
signer = Signer(bytes([int(sys.argv[2])]) * 32)
for _ in range(int(sys.argv[3])):
    nonce = int(node.rpc("eth_getTransactionCount", [signer.address])["result"], 16)
    sent = Transaction(CHAIN_ID, nonce, 10**9, 3 * 10**9, 200_000, bytes(20), b"").sign(signer)
    answer = node.rpc("eth_sendRawTransaction", ["0x" + sent.raw.hex()])
    sys.stdout.write(answer["result"] + "\\n")
    sys.stdout.flush()
"""


def child(folder: Path, account: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(folder), str(account), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_kill_9_loses_no_acknowledged_block(tmp_path: Path, start: Callable[..., EmbeddedNode]) -> None:
    node = start()
    genesis = ask(node, "eth_getBlockByNumber", "0x0", False)
    send(node, 0, "", INIT)
    acknowledged: list[str] = []
    chance = random.Random(20261124)
    for _ in range(6):
        process = child(tmp_path, 1, 10_000)
        assert process.stdout is not None
        for _ in range(chance.randint(1, 40)):  # then it dies in whatever it is doing by now
            acknowledged.append(process.stdout.readline().strip())
        process.send_signal(signal.SIGKILL)
        acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
        process.stdout.close()
        process.wait()
    again = start()
    assert genesis == ask(again, "eth_getBlockByNumber", "0x0", False)
    assert ask(again, "eth_getCode", created_address(ONE.address, 0)) == "0x" + CODE.hex()
    lost = [tx for tx in acknowledged if ask(again, "eth_getTransactionReceipt", tx)["status"] != "0x1"]
    assert lost == []
    height = int(ask(again, "eth_blockNumber"), 16)
    assert len(acknowledged) + 1 <= height <= len(acknowledged) + 1 + 6
    parent = genesis["hash"]
    for number in range(1, height + 1):
        block = ask(again, "eth_getBlockByNumber", hex(number), False)
        assert block["parentHash"] == parent
        assert len(block["transactions"]) == 1
        parent = block["hash"]
    assert int(ask(again, "eth_getTransactionCount", ONE.address), 16) == height
    send(again, height, TWO.address)


def test_two_processes_send_at_once(tmp_path: Path, start: Callable[..., EmbeddedNode]) -> None:
    start()
    processes = [child(tmp_path, account, 25) for account in (1, 2)]
    answers = [process.communicate()[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    node = start()
    assert int(ask(node, "eth_blockNumber"), 16) == 50
    mined = [tx for n in range(1, 51) for tx in ask(node, "eth_getBlockByNumber", hex(n), False)["transactions"]]
    assert sorted(mined) == sorted(answers[0] + answers[1])


def test_two_processes_begin_one_chain(tmp_path: Path) -> None:
    processes = [child(tmp_path, account, 0) for account in (1, 2)]
    assert [process.wait() for process in processes] == [0, 0]
    for process in processes:
        assert process.stdout is not None
        process.stdout.close()


def test_a_refused_transaction_leaves_nothing(node: EmbeddedNode) -> None:
    send(node, 0, TWO.address)
    raw = signed(0, TWO.address)
    cases = {
        raw: "already known",
        signed(0, TWO.address, b"x"): "nonce too low",
        signed(2, TWO.address): "nonce too high",
        signed(1, TWO.address, tip=0, fee=1): "max fee per gas less than block base fee",
        signed(1, TWO.address, gas=10**9): "exceeds block gas limit",
        signed(1, TWO.address, gas=21_000, tip=10**30, fee=10**30): "insufficient funds",
        signed(1, TWO.address, chain_id=1): "invalid chain id",
        "0x02c0": "not a signed transaction",
        "0x00": "not a signed transaction",
        "0x": "not a signed transaction",
    }
    for sent, expected in cases.items():
        assert expected in refusal(node, "eth_sendRawTransaction", sent)["message"]
    assert ask(node, "eth_blockNumber") == "0x1"
    send(node, 1, TWO.address)


def test_times_are_the_walls_and_never_go_back(start: Callable[..., EmbeddedNode]) -> None:
    now = [1_800_000_000.9]
    node = start(clock=lambda: now[0])
    times = []
    for nonce, second in enumerate((1_800_000_000.9, 1_800_000_000.95, 1_800_000_007, 1_799_999_000)):
        now[0] = second
        send(node, nonce, TWO.address)
        times.append(int(ask(node, "eth_getBlockByNumber", "latest", False)["timestamp"], 16))
    assert times == [1_800_000_000, 1_800_000_000, 1_800_000_007, 1_800_000_007]


def test_call_is_as_of_a_block_and_changes_nothing(node: EmbeddedNode) -> None:
    send(node, 0, "", INIT)
    contract = created_address(ONE.address, 0)
    call = {"to": contract, "data": topic(1)}
    assert ask(node, "eth_call", call) == "0x"
    assert ask(node, "eth_getStorageAt", contract, "0x0") == topic(0)
    send(node, 1, contract, bytes(31) + b"\1")
    assert ask(node, "eth_getStorageAt", contract, "0x0", "latest") == topic(42)
    assert ask(node, "eth_getStorageAt", contract, "0x0", "0x1") == topic(0)
    assert ask(node, "eth_getCode", contract, "0x0") == "0x"
    first = ask(node, "eth_getBlockByNumber", "0x1", False)["hash"]
    assert ask(node, "eth_getCode", contract, {"blockHash": first}) == "0x" + CODE.hex()
    assert ask(node, "eth_getTransactionCount", ONE.address, {"blockNumber": "0x1"}) == "0x1"


def test_calls_have_little_gas(node: EmbeddedNode) -> None:
    gas_left = "0x5a60005260206000f3"
    for given in ({}, {"gas": hex(10**12)}):
        assert int(ask(node, "eth_call", {"data": gas_left, **given}), 16) < CALL_GAS


def test_dear_precompiles_are_not_there(node: EmbeddedNode) -> None:
    sha256 = ask(node, "eth_call", {"to": "0x" + "2".rjust(40, "0")})
    assert sha256 == "0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for number in (6, 7, 8, 10, 11, 15):  # an unknown address answers nothing
        assert ask(node, "eth_call", {"to": f"0x{number:040x}", "data": "0x" + "00" * 384}) == "0x"


def test_reverts_carry_their_data(node: EmbeddedNode) -> None:
    send(node, 0, "", INIT)
    contract = created_address(ONE.address, 0)
    expected = {"code": 3, "message": "execution reverted", "data": "0x"}
    assert expected == refusal(node, "eth_call", {"to": contract})
    assert expected == refusal(node, "eth_estimateGas", {"to": contract, "from": ONE.address})
    reverted = send(node, 1, contract)
    assert ask(node, "eth_getTransactionReceipt", reverted)["status"] == "0x0"


def test_estimate_is_enough(node: EmbeddedNode) -> None:
    gas = int(ask(node, "eth_estimateGas", {"from": ONE.address, "data": "0x" + INIT.hex()}), 16)
    created = send(node, 0, "", INIT, gas=gas)
    assert ask(node, "eth_getTransactionReceipt", created)["status"] == "0x1"


def test_logs_by_block_address_and_topic(node: EmbeddedNode) -> None:
    send(node, 0, "", INIT)
    contract = created_address(ONE.address, 0)
    for nonce, number in enumerate((5, 6, 5), start=1):
        send(node, nonce, contract, number.to_bytes(32, "big"))

    def blocks(**wanted: Any) -> list[str]:
        return [log["blockNumber"] for log in ask(node, "eth_getLogs", {"fromBlock": "0x0", **wanted})]

    assert ["0x2", "0x3", "0x4"] == blocks() == blocks(address=contract) == blocks(address=[contract, ONE.address])
    assert ["0x2", "0x4"] == blocks(topics=[topic(5)]) == blocks(topics=[[topic(5), topic(7)]])
    assert blocks(topics=[None]) == ["0x2", "0x3", "0x4"]
    assert [] == blocks(topics=[topic(5), topic(6)]) == blocks(address=TWO.address)
    assert blocks(fromBlock="0x3", toBlock="0x3") == ["0x3"]
    assert blocks(fromBlock="latest") == ["0x4"]
    block = ask(node, "eth_getBlockByNumber", "0x3", False)
    (log,) = ask(node, "eth_getLogs", {"blockHash": block["hash"]})
    assert (log["topics"], log["blockTimestamp"]) == ([topic(6)], block["timestamp"])
    receipt = ask(node, "eth_getTransactionReceipt", log["transactionHash"])
    assert [log] == receipt["logs"]
    bloom = int(receipt["logsBloom"], 16)
    assert bloom != 0
    assert int(block["logsBloom"], 16) == bloom


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("eth_mine", [], -32601),
        ("eth_call", [], -32602),
        ("eth_call", ["x"], -32602),
        ("eth_call", [{"to": "0x12"}], -32602),
        ("eth_call", [{"to": ONE.address}, "0xffff"], -32000),
        ("eth_call", [{"to": ONE.address}, "-0x1"], -32602),
        ("eth_call", [{"to": ONE.address, "value": hex(10**30)}], -32000),
        ("eth_call", [{"to": ONE.address}, {"blockHash": topic(1)}], -32000),
        ("eth_getStorageAt", [ONE.address, "0x" + "f" * 80], -32602),
        ("eth_getLogs", [{"fromBlock": "0x" + "f" * 40}], -32602),
        ("eth_getLogs", [{"topics": [topic(1)] * 5}], -32602),
        ("eth_getLogs", [{"topics": [{}]}], -32602),
        ("eth_getLogs", [[]], -32602),
    ],
)
def test_rpc_refuses_what_makes_no_sense(node: EmbeddedNode, method: str, params: list[Any], code: int) -> None:
    assert refusal(node, method, *params)["code"] == code


def test_rpc_knows_not_what_is_not_there(node: EmbeddedNode) -> None:
    for method in ("eth_getTransactionByHash", "eth_getTransactionReceipt", "eth_getBlockByHash"):
        assert ask(node, method, topic(1)) is None
    assert ask(node, "eth_getBlockByNumber", "0xffff", False) is None


def test_rpc_says_what_chain_it_is(node: EmbeddedNode) -> None:
    assert (ask(node, "eth_chainId"), ask(node, "net_version")) == ("0x7a69", "31337")
    assert int(ask(node, "eth_gasPrice"), 16) > 0


def test_a_closed_or_broken_chain_is_away(tmp_path: Path, node: EmbeddedNode) -> None:
    node.close()
    with pytest.raises(ChainAway):
        node.rpc("eth_blockNumber", [])
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "chain.sqlite").write_bytes(os.urandom(4096))
    with pytest.raises(ChainAway):
        EmbeddedNode(broken)
