"""The compiled contracts, and their custom errors in words."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from suyuan.core.statements import keccak

NAMES = ("MerchantRegistry", "BatchRegistry", "Journal")


@cache
def artifact(name: str) -> dict[str, Any]:
    """A compiled contract: `abi` and `bytecode`. Read once."""
    found: dict[str, Any] = orjson.loads(files(__package__).joinpath("artifacts", f"{name}.json").read_bytes())
    return found


def explain(data: bytes) -> str:
    """What a contract reverted with, as `Name(values)`; the text of a plain `require`; else hex."""
    found = _errors().get(data[:4])
    if found is None:
        return f"0x{data.hex()}" if data else "no reason given"
    name, types = found
    try:
        values = decode(types, data[4:])
    except DecodingError:
        return f"0x{data.hex()}"
    return str(values[0]) if name == "Error" else f"{name}({', '.join(map(_shown, values))})"


@cache
def _errors() -> dict[bytes, tuple[str, tuple[str, ...]]]:
    found: dict[bytes, tuple[str, tuple[str, ...]]] = {
        keccak(b"Error(string)")[:4]: ("Error", ("string",)),
        keccak(b"Panic(uint256)")[:4]: ("Panic", ("uint256",)),
    }
    for contract in NAMES:
        for item in artifact(contract)["abi"]:
            if item["type"] == "error":
                types = tuple(_type(one) for one in item["inputs"])
                found[keccak(f"{item['name']}({','.join(types)})".encode())[:4]] = (item["name"], types)
    return found


def _type(item: dict[str, Any]) -> str:
    kind: str = item["type"]
    if kind.startswith("tuple"):
        return f"({','.join(_type(one) for one in item['components'])}){kind[5:]}"
    return kind


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, tuple):
        return f"({', '.join(map(_shown, value))})"
    return str(value)
