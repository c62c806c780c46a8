"""Custom errors in words."""

from __future__ import annotations

from eth_abi.abi import encode

from suyuan.chain.contracts import explain
from suyuan.core.statements import keccak


def _data(signature: str, types: list[str], values: list[object]) -> bytes:
    return keccak(signature.encode())[:4] + encode(types, values)


def test_explain_names_the_error_and_its_values() -> None:
    data = _data("SizeOutOfBounds(uint64,uint64)", ["uint64", "uint64"], [5, 4])
    assert explain(data) == "SizeOutOfBounds(5, 4)"
    seal = "(uint64,uint64,bytes32,bytes32,uint64)"
    values: list[object] = ["0x" + "ab" * 20, (1, 2, b"\1" * 32, b"\2" * 32, 3)]
    expected = f"NotASeal(0x{'ab' * 20}, (1, 2, 0x{'01' * 32}, 0x{'02' * 32}, 3))"
    assert explain(_data(f"NotASeal(address,{seal})", ["address", seal], values)) == expected


def test_explain_knows_what_solidity_itself_says() -> None:
    assert explain(_data("Error(string)", ["string"], ["too late"])) == "too late"
    assert explain(_data("Panic(uint256)", ["uint256"], [17])) == "Panic(17)"


def test_explain_gives_hex_for_what_it_does_not_know() -> None:
    assert explain(b"") == "no reason given"
    assert explain(b"\1\2\3\4\5") == "0x0102030405"
    cut = _data("SizeOutOfBounds(uint64,uint64)", ["uint64", "uint64"], [5, 4])[:-1]
    assert explain(cut) == f"0x{cut.hex()}"
