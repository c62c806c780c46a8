"""`suyuan verifier`, and what `suyuan verify` says of a journal with a proven fault."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from build_verifier import FILE
from cli.conftest import Run
from live import Live
from suyuan import bootstrap
from suyuan.chain.node import Web3Chain
from suyuan.core.proof import Proven

HASH = sha256(FILE.read_bytes()).hexdigest()


def _asked(live: Live, site: str) -> list[str]:
    return ["--rpc", f"{site}/rpc", "--journal", live.node.deployment.journal]


def test_a_deployment_has_the_packaged_verifier_s_hash(live: Live, site: str, run: Run) -> None:
    code, said, _ = run("verifier", "check", FILE, *_asked(live, site))
    assert (0, True) == (code, said.startswith(f"{HASH}: the contract has it since "))


def test_an_altered_verifier_is_found_out(live: Live, site: str, run: Run, tmp_path: Path) -> None:
    altered = tmp_path / "verify.html"
    altered.write_bytes(FILE.read_bytes() + b"\n")
    code, said, _ = run("verifier", "check", altered, *_asked(live, site), "--json")
    assert (1, None) == (code, json.loads(said)["since"])


def test_a_newer_verifier_is_published_once(
    live: Live, site: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = tmp_path / "verify.html"
    newer.write_bytes(b"newer")
    monkeypatch.setenv("SUYUAN_DATA", str(live.node.settings.data))
    monkeypatch.setattr(bootstrap, "verifier_hash", lambda: sha256(b"newer").digest())
    assert run("verifier", "publish")[:2] == (0, f"{sha256(b'newer').hexdigest()} is published\n")
    assert run("verifier", "publish")[:2] == (0, f"{sha256(b'newer').hexdigest()} was published before\n")
    assert run("verifier", "check", newer, *_asked(live, site))[0] == 0
    assert run("verifier", "check", FILE, *_asked(live, site))[0] == 0


def test_a_proven_fault_is_said_and_fails(
    told: Live, site: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.proof.json"
    file.write_bytes(httpx.get(f"{site}/v1/proof", params={"subject": "/01/09521141012345"}).content)
    journal = told.node.deployment.journal
    asked = [*_asked(told, site), "--chain", str(told.node.deployment.chain_id)]
    assert run("verify", file, *asked)[0] == 0
    monkeypatch.setattr(Web3Chain, "proven", lambda _: Proven(journal, "fork", 1))
    code, said, _ = run("verify", file, *asked)
    assert code == 1
    assert f"FAULT: the contract has a proven fault of the journal {journal}: fork" in said
    assert json.loads(run("verify", file, *asked, "--json")[1])["proven"] == [
        {"journal": journal, "fault": "fork", "late": 1}
    ]
