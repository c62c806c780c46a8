#!/usr/bin/env python3
"""Compile the contracts to `contracts/artifacts`, the same bytes on every machine.

scripts/compile_contracts.py            writes the artifacts
scripts/compile_contracts.py --check    writes nothing; exits 1 where they differ from the sources
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import solcx

from toolchain import ROOT, SOLC_VERSION, ToolMissing, solc

ARTIFACTS = ROOT / "contracts" / "artifacts"
CONTRACTS = ("MerchantRegistry", "BatchRegistry", "Journal")
INTERFACES = ("IMerchantRegistry", "IBatchRegistry", "IJournal")

SETTINGS: dict[str, Any] = {
    "optimizer": {"enabled": True, "runs": 200},
    # A quarter off the cost of a hash, without a line of assembly of our own.
    "viaIR": True,
    # Newer than what L2s and consortium chains run gains nothing here.
    "evmVersion": "cancun",
    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
    "remappings": ["@openzeppelin/=node_modules/@openzeppelin/"],
}
# "`at` will be a keyword": it is the protocol's word for the time of acceptance, and the compiler is pinned.
ACCEPTED_WARNINGS = {"6335"}
OUTPUT = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]


class CompilationFailed(Exception):
    """The compiler refused the sources, or warned about ours; the text is the compiler's."""


def compile_files(
    paths: list[Path], settings: dict[str, Any] | None = None, module: str = "solc"
) -> dict[str, dict[str, Any]]:
    """Compile Solidity files below the project's root.

    Returns name of contract → `{"contractName", "abi", "bytecode", "deployedBytecode"}`, bytecode as 0x-hex.
    `module` names the npm package of the compiler where the pinned one is not meant. Raises `CompilationFailed`.
    """
    names = [path.resolve().relative_to(ROOT).as_posix() for path in paths]
    request = {
        "language": "Solidity",
        "sources": {name: {"content": (ROOT / name).read_text(encoding="utf-8")} for name in names},
        "settings": {**(settings or SETTINGS), "outputSelection": {name: {"*": OUTPUT} for name in names}},
    }
    try:
        answer = solcx.compile_standard(request, base_path=ROOT, allow_paths=ROOT, solc_binary=solc(module))
    except solcx.exceptions.SolcError as error:
        raise CompilationFailed(error.message) from error
    ours = [
        problem["formattedMessage"]
        for problem in answer.get("errors", ())
        if problem["errorCode"] not in ACCEPTED_WARNINGS
        and not problem.get("sourceLocation", {}).get("file", "").startswith("node_modules/")
    ]
    if ours:
        raise CompilationFailed("\n".join(ours))
    return {
        contract: {
            "contractName": contract,
            "abi": output["abi"],
            "bytecode": "0x" + output["evm"]["bytecode"]["object"],
            "deployedBytecode": "0x" + output["evm"]["deployedBytecode"]["object"],
        }
        for name in names
        for contract, output in answer["contracts"][name].items()
    }


def build() -> dict[str, str]:
    """File name in `contracts/artifacts` → its text, for every contract and interface."""
    folder = ROOT / "contracts"
    paths = [folder / f"{name}.sol" for name in CONTRACTS]
    paths += [folder / "interfaces" / f"{name}.sol" for name in INTERFACES]
    compiled = compile_files(paths)
    return {
        f"{name}.json": json.dumps(
            {**compiled[name], "compiler": {"version": SOLC_VERSION, "settings": SETTINGS}}, indent=1, sort_keys=True
        )
        + "\n"
        for name in (*CONTRACTS, *INTERFACES)
    }


def differing(built: dict[str, str]) -> list[str]:
    """Names of the artifacts that are missing, stale or without a source, sorted."""
    there = {path.name: path.read_text(encoding="utf-8") for path in ARTIFACTS.glob("*.json")}
    return sorted(name for name in built.keys() | there.keys() if built.get(name) != there.get(name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where artifacts differ")
    arguments = parser.parse_args()
    try:
        built = build()
    except (CompilationFailed, ToolMissing) as error:
        print(error, file=sys.stderr)
        return 2
    stale = differing(built)
    if arguments.check:
        for name in stale:
            print(f"contracts/artifacts/{name} is not what the sources compile to", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        if name in built:
            (ARTIFACTS / name).write_text(built[name], encoding="utf-8")
        else:
            (ARTIFACTS / name).unlink()
        print(f"contracts/artifacts/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
