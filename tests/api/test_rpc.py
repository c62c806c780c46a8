"""The read-only way to the chain."""

from __future__ import annotations

import json
from typing import Any

import pytest

from live import Live, event
from suyuan.api.rpc import METHODS


def ask(live: Live, body: Any) -> Any:
    headers = {"content-type": "application/json"}
    answer = live.http.post("/rpc", content=json.dumps(body), headers=headers)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    return answer.json()


def call(method: str, *params: Any, id: Any = 1) -> Any:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": list(params)}


def test_what_reads_is_answered(live: Live) -> None:
    assert ask(live, call("eth_chainId"))["result"] == hex(live.node.deployment.chain_id)
    assert int(ask(live, call("eth_blockNumber"))["result"], 16) > 0
    code = ask(live, call("eth_getCode", live.node.deployment.journal, "latest"))["result"]
    assert len(code) > 1000


def test_a_contract_is_called(live: Live) -> None:
    live.merchant.capture_event(event())
    live.node.seal_now()
    from suyuan.core.statements import keccak

    data = "0x" + keccak(b"seals()")[:4].hex()
    answer = ask(live, call("eth_call", {"to": live.node.deployment.journal, "data": data}, "latest"))
    assert int(answer["result"], 16) == 1


@pytest.mark.parametrize(
    "method",
    [
        "eth_sendRawTransaction", "eth_sendTransaction", "eth_accounts", "eth_sign", "personal_unlockAccount",
        "debug_traceCall", "anvil_setBalance", "evm_revert", "admin_peers", "eth_getStorageAt", "",
    ],
)  # fmt: skip
def test_what_does_not_read_is_refused(live: Live, method: str) -> None:
    before = live.node.chain.block_number()
    answer = ask(live, call(method, "0x00"))
    assert answer["error"]["code"] == -32601
    assert live.node.chain.block_number() == before


def test_no_method_that_is_let_through_writes() -> None:
    assert not [m for m in METHODS if "send" in m.lower() or "sign" in m.lower()]
    assert all(m.startswith(("eth_", "net_", "web3_")) for m in METHODS)


def test_a_batch_is_answered_in_its_order(live: Live) -> None:
    answers = ask(live, [call("eth_chainId", id="a"), call("eth_sendRawTransaction", "0x", id="b"), 7])
    assert [one["id"] for one in answers] == ["a", "b", None]
    assert "result" in answers[0]
    assert [one["error"]["code"] for one in answers[1:]] == [-32601, -32600]


def test_a_batch_has_one_to_fifty_calls(live: Live) -> None:
    assert len(ask(live, [call("eth_chainId")] * 50)) == 50
    assert ask(live, [call("eth_chainId")] * 51)["error"]["code"] == -32600
    assert ask(live, [])["error"]["code"] == -32600


@pytest.mark.parametrize("body", [{}, {"method": 1}, "eth_chainId", None, 1.5])
def test_what_is_no_call_is_an_error_of_the_protocol(live: Live, body: Any) -> None:
    assert ask(live, body)["error"]["code"] == -32600


def test_what_is_no_json_is_an_error_of_the_protocol(live: Live) -> None:
    answer = live.http.post("/rpc", content=b"{", headers={"content-type": "application/json"})
    assert answer.json()["error"]["code"] == -32700


def test_parameters_that_make_no_sense_are_an_error_and_no_more(live: Live) -> None:
    assert ask(live, {**call("eth_call"), "params": {}})["error"]["code"] == -32602
    for params in ([], [1, 2, 3, 4], [None], [{"to": "0xzz"}, "latest"], ["x", "y"]):
        assert "error" in ask(live, call("eth_call", *params))


def test_a_browser_may_ask_from_elsewhere(live: Live) -> None:
    answer = live.http.options("/rpc")
    assert (answer.status_code, answer.headers["access-control-allow-methods"]) == (204, "POST")


def test_a_chain_that_is_away_is_an_error_of_the_protocol(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    from suyuan.core.errors import ChainAway

    def away(*_: Any) -> Any:
        raise ChainAway("gone")

    monkeypatch.setattr(live.node.chain, "rpc", away)
    assert ask(live, call("eth_chainId"))["error"]["code"] == -32000
