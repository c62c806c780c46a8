"""`suyuan witness` in processes that are killed, and `suyuan log check`."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from live import Live, event
from suyuan.chain import keystore as chain_keystore
from suyuan.core import notes
from suyuan.core.notes import Submission, Verifier
from witnessing import LOG, W1, W2, MadeLog, wait_until

Run = Callable[..., tuple[int, str, str]]


class Process:
    """A witness in a process of its own."""

    def __init__(self, folder: Path, *more: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [str(Path(sys.executable).parent / "suyuan"), "witness", "--folder", str(folder), "--port", str(port)]
        with (folder / f"{port}.log").open("wb") as out:
            self._process = subprocess.Popen([*command, *more], stdout=out, stderr=out)
        wait_until(self._answers)

    def _answers(self) -> bool:
        assert self._process.poll() is None
        try:
            return httpx.get(self.url).status_code == 200
        except httpx.HTTPError:
            return False

    def ask(self, body: str) -> httpx.Response:
        return httpx.post(f"{self.url}/add-checkpoint", content=body.encode(), timeout=30)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    running: list[Process] = []

    def one(folder: Path, *more: str) -> Process:
        running.append(Process(folder, *more))
        return running[-1]

    yield one
    for process in running:
        process.kill()


@pytest.fixture
def folder(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Verifier]:
    """A witness's folder with a key, and the key."""
    monkeypatch.setattr(chain_keystore, "WORK", 2)
    code, said, _ = run("witness", "key", "witness.example/w9", "--folder", tmp_path / "w9", "--json")
    assert code == 0
    return tmp_path / "w9", Verifier.parse(json.loads(said)["key"])


def test_a_key_is_made_once_for_its_owner_alone(run: Run, folder: tuple[Path, Verifier]) -> None:
    assert oct(folder[0].stat().st_mode & 0o777) == "0o700"
    assert oct((folder[0] / "witness.json").stat().st_mode & 0o777) == "0o600"
    assert run("witness", "key", "witness.example/w9", "--folder", folder[0])[0] == 73
    assert run("witness", "key", "no name", "--folder", folder[0].parent / "other")[0] == 65
    assert not (folder[0].parent / "other").exists()


def test_a_witness_needs_a_log_and_a_key(run: Run, folder: tuple[Path, Verifier], tmp_path: Path) -> None:
    assert run("witness", "--folder", folder[0])[0] == 65
    assert run("witness", "--folder", folder[0], "--log", str(W1.verifier))[0] == 65
    assert run("witness", "--folder", folder[0], "--log", str(LOG.verifier), "--chain", "http://127.0.0.1:1")[0] == 65
    assert run("witness", "--folder", tmp_path / "none", "--log", str(LOG.verifier))[0] == 66


def test_a_witness_that_is_killed_goes_on_with_what_it_cosigned(
    start: Callable[..., Process], folder: tuple[Path, Verifier]
) -> None:
    log, forked = MadeLog(), MadeLog(fork=5)
    policy = folder[0] / "policy"
    policy.write_text(f"log {LOG.verifier}\nquorum none\n")
    first = start(folder[0], "--policy", str(policy))
    line = first.ask(log.submission(0, 10)).text
    notes.parse_note(notes.note(log.head(10).text(), [line])).signed_by(folder[1])
    first.kill()
    second = start(folder[0], "--log", str(LOG.verifier))
    assert second.ask(forked.submission(10, 10)).status_code == 409
    assert second.ask(forked.submission(10, 20)).status_code == 422
    assert second.ask(log.submission(10, 20)).status_code == 200


def test_two_processes_on_one_folder_cosign_one_history_between_them(
    start: Callable[..., Process], folder: tuple[Path, Verifier]
) -> None:
    both = [start(folder[0], "--log", str(LOG.verifier)) for _ in range(2)]
    history: list[bytes] = []
    for size in range(20):
        ways = [[*history, sha256(b"%d %d" % (size, way)).digest()] for way in range(2)]
        asked = [(process, way) for way in ways for process in both]
        with ThreadPoolExecutor(len(asked)) as pool:
            answers = [pool.submit(process.ask, grown(way).submission(size, size + 1)) for process, way in asked]
            statuses = [answer.result().status_code for answer in answers]
        assert sorted(statuses) == [200, 409, 409, 409]
        history = asked[statuses.index(200)][1]


def grown(leaves: list[bytes]) -> MadeLog:
    """The made log with these leaves."""
    log = MadeLog(0)
    log.tree.extend(leaves)
    return log


@pytest.fixture
def told(live: Live) -> Live:
    live.merchant.capture_event(event())
    live.node.seal_now()
    return live


def written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def test_a_checkpoint_is_checked_against_policy_chain_and_memory(
    told: Live, site: str, run: Run, tmp_path: Path
) -> None:
    key = told.node.log.verifier
    journal = told.node.deployment.journal
    plain = written(tmp_path / "plain", f"log {key}\nquorum none\n")
    seen = tmp_path / "seen"
    asked: list[Any] = ["log", "check", site, "--policy", plain, "--rpc", f"{site}/rpc", "--journal", journal]
    code, said, _ = run(*asked, "--seen", seen)
    assert code == 0, said
    assert "sealed on the chain: holds" in said
    old = seen.read_text()
    assert old == told.http.get("/log/checkpoint").text

    told.merchant.capture_event(event())
    told.node.seal_now()
    code, said, _ = run(*asked, "--seen", seen, "--json")
    assert (code, json.loads(said)["size"], len(json.loads(said)["answers"])) == (0, 2, 4)
    assert seen.read_text() != old

    code, said, _ = run("log", "check", written(tmp_path / "old", old), "--policy", plain, "--seen", seen)
    assert code == 1
    assert "2 entries were seen before" in said
    assert "older" in said


def test_what_a_policy_lacks_could_not_be_checked(told: Live, site: str, run: Run, tmp_path: Path) -> None:
    key = told.node.log.verifier
    text = told.http.get("/log/checkpoint").text
    note = text + W1.cosign(notes.parse_note(text).text, 1_790_000_000)
    file = written(tmp_path / "checkpoint", note)
    witnesses = f"log {key}\nwitness one {W1.verifier}\nwitness two {W2.verifier}\n"
    both = written(tmp_path / "both", f"{witnesses}group all-of-them all one two\nquorum all-of-them\n")
    one = written(tmp_path / "one", f"{witnesses}quorum one\n")
    code, said, _ = run("log", "check", file, "--policy", one)
    assert code == 0, said
    assert "one cosigned at 2026-09-21 14:13:20Z" in said
    code, said, _ = run("log", "check", file, "--policy", both)
    assert code == 2
    assert "no cosignature of two" in said
    other = written(tmp_path / "other", f"log {LOG.verifier}\nquorum none\n")
    assert run("log", "check", file, "--policy", other)[0] == 1
    assert run("log", "check", file, "--policy", other, "--log", key)[0] == 0
    assert run("log", "check", "http://127.0.0.1:1", "--policy", one)[0] == 2
    nobody = ["--rpc", "http://127.0.0.1:1", "--journal", told.node.deployment.journal]
    assert run("log", "check", file, "--policy", one, *nobody)[0] == 2
    assert run("log", "check", file, "--policy", one, "--seen", written(tmp_path / "empty", ""))[0] == 2
    assert run("log", "check", written(tmp_path / "junk", "junk"), "--policy", one)[0] == 2
    assert run("log", "check", file, "--policy", file)[0] == 65
    assert run("log", "check", file, "--policy", one, "--rpc", f"{site}/rpc")[0] == 65


def test_a_proof_is_verified_with_its_witnesses(told: Live, site: str, run: Run, tmp_path: Path) -> None:
    subject = "/01/09521141000014"  # nobody has recorded it, and that too is under the seal
    proof = written(tmp_path / "one.proof.json", told.http.get("/v1/proof", params={"subject": subject}).text)
    text = told.http.get("/log/checkpoint").text
    note = written(tmp_path / "checkpoint", text + W1.cosign(notes.parse_note(text).text, 1_790_000_000))
    policy = written(tmp_path / "policy", f"log {told.node.log.verifier}\nwitness w {W1.verifier}\nquorum w\n")
    journal, rpc = told.node.deployment, f"{site}/rpc"
    asked: list[Any] = ["verify", proof, "--rpc", rpc, "--journal", journal.journal, "--chain", journal.chain_id]
    assert run(*asked)[0] == 0
    code, said, _ = run(*asked, "--policy", policy, "--checkpoint", note)
    assert code == 0, said
    assert "the proof's seal is what the witnesses signed: holds" in said
    code, said, _ = run(*asked, "--policy", policy, "--checkpoint", site, "--json")
    assert (code, json.loads(said)["witnesses"][0]["state"]) == (2, "could not be checked")
    note.write_text(note.read_text().replace("\n1\n", "\n2\n"))
    assert run(*asked, "--policy", policy, "--checkpoint", note)[0] == 1
    assert run(*asked, "--policy", policy, "--checkpoint", tmp_path / "none")[0] == 2
    assert run(*asked, "--policy", policy)[0] == 65


def test_a_witness_with_a_chain_cosigns_only_what_is_sealed(
    told: Live, site: str, run: Run, start: Callable[..., Process], folder: tuple[Path, Verifier]
) -> None:
    text = told.http.get("/log/checkpoint").text
    chain = ["--chain", f"{site}/rpc", "--journal", told.node.deployment.journal]
    assert run("witness", "--folder", folder[0], "--log", str(LOG.verifier), *chain)[0] == 65
    process = start(folder[0], "--log", told.node.log.verifier, *chain)
    assert process.ask(Submission(0, (), text).text()).status_code == 200
