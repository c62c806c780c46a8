"""`suyuan audit`: what it prints and writes, its exit codes, and how it watches."""

from __future__ import annotations

import hmac
import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from live import PASSWORD, Live
from suyuan import bootstrap
from suyuan.chain import keystore
from suyuan.core.proof import Deployment
from suyuan.core.replay import Fault, Finding
from suyuan.services.audit import AuditReport, SealPoint

Run = Callable[..., tuple[int, str, str]]

JOURNAL = "0x" + "ab" * 20
THERE = ["audit", "--rpc", "http://127.0.0.1:1/KEY", "--journal", JOURNAL, "--log", "http://127.0.0.1:1"]
CLEAN = AuditReport(deployment=Deployment(1, JOURNAL), entries=10, seals=1, points=(SealPoint(1, 10, 1_795_500_000),))
BAD = replace(CLEAN, findings=(Finding(Fault.BODY, 7, "hashes to aa"),))
AWAY = AuditReport(unchecked=("the log does not answer",))


def audited(live: Live, site: str) -> list[str]:
    return ["audit", "--rpc", f"{site}/rpc", "--journal", live.node.deployment.journal, "--log", site]


# -- once


def test_the_audit_of_a_sound_journal_is_0(told: Live, site: str, run: Run) -> None:
    code, out, err = run(*audited(told, site))
    assert (code, out.splitlines()[0], err) == (0, f"clean: {told.size()} entries, 2 seals", "")
    code, out, _ = run(*audited(told, site), "--json")
    value = json.loads(out)
    assert code == 0
    assert {name: value[name] for name in ("result", "entries", "seals", "findings", "unchecked")} == {
        "result": "clean", "entries": told.size(), "seals": 2, "findings": [], "unchecked": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE entries SET header = set_byte(header, 100, get_byte(header, 100) # 1) WHERE index = 2",
        "UPDATE records SET body = replace(convert_from(body, 'utf8'), 'public', 'Public')::bytea WHERE first = 2",
        "UPDATE entries SET header = (SELECT header FROM entries WHERE index = 1) WHERE index = 0",
    ],
)
def test_the_audit_of_a_journal_that_was_tampered_with_is_1(told: Live, site: str, run: Run, tampering: str) -> None:
    with told.node.database.write() as connection:
        assert connection.execute(text(tampering)).rowcount == 1
    code, out, _ = run(*audited(told, site), "--json")
    assert code == 1
    assert json.loads(out)["result"] == "findings"
    assert json.loads(out)["findings"]
    code, out, _ = run(*audited(told, site))
    assert (code, out.startswith("findings: ")) == (1, True)


def test_an_audit_that_gets_no_log_or_no_chain_is_2(told: Live, site: str, run: Run) -> None:
    journal = told.node.deployment.journal
    nowhere = "http://127.0.0.1:1"
    for rpc, log, address in (
        (f"{site}/rpc", nowhere, journal),
        (nowhere, site, journal),
        (f"{site}/rpc", site, "0x" + "12" * 20),
        (f"{site}/rpc", f"{site}/elsewhere", journal),
    ):
        code, out, _ = run("audit", "--rpc", rpc, "--journal", address, "--log", log, "--json")
        assert (code, json.loads(out)["result"]) == (2, "could not be checked"), (rpc, log, address)
        assert json.loads(out)["unchecked"]


def test_an_audit_of_entries_that_are_withheld_is_2(told: Live, site: str, run: Run) -> None:
    with told.node.database.write() as connection:
        connection.execute(text("DELETE FROM entries WHERE index = 2"))
    assert run(*audited(told, site))[0] == 2


def test_an_audit_with_a_state_goes_on_where_it_stopped(told: Live, site: str, run: Run, tmp_path: Path) -> None:
    said = [*audited(told, site), "--state", str(tmp_path / "state"), "--jobs", "1", "--json"]
    first, again = json.loads(run(*said)[1]), json.loads(run(*said)[1])
    assert (first["began"], again["began"]) == (0, told.size())
    assert again["entries"] == first["entries"] == told.size()


def test_an_audit_is_handed_in_signed_and_the_site_says_by_whom(
    told: Live, site: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keystore, "WORK", 2)
    password, report = tmp_path / "password", tmp_path / "report.json"
    password.write_text(PASSWORD)
    signer = keystore.create(tmp_path / "auditor.json", PASSWORD)
    handing = ["--key", tmp_path / "auditor.json", "--password-file", password, "--output", report]
    code, _, err = run(*audited(told, site), "--publish", site, *handing)
    assert (code, err) == (0, f"handed in to {site}, signed by {signer.address}\n")
    (kept,) = told.http.get("/v1/audits").json()["audits"]
    newest = told.node.prover.newest_seal()
    assert newest
    assert (kept["statement"]["by"], kept["registered"]) == (signer.address, None)
    assert {name: kept["public"][name] for name in ("entries", "seals", "seal", "root", "result", "report")} == {
        "entries": told.size(), "seals": 2, "seal": 2, "root": newest.root.hex(), "result": "clean",
        "report": sha256(report.read_bytes()).hexdigest(),
    }  # fmt: skip


def test_an_audit_is_not_handed_in_to_the_site_of_another_journal(
    told: Live, site: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keystore, "WORK", 2)
    (tmp_path / "password").write_text(PASSWORD)
    keystore.create(tmp_path / "auditor.json", PASSWORD)
    monkeypatch.setattr(told.node, "overview", lambda: {"chain": 1, "journal": JOURNAL})
    handing = ["--key", tmp_path / "auditor.json", "--password-file", tmp_path / "password"]
    code, _, err = run(*audited(told, site), "--publish", site, *handing, "--output", tmp_path / "r.json")
    assert (code, err.count("\n")) == (73, 1)
    assert told.http.get("/v1/audits").json()["audits"] == []


# -- an engine that reports what a test tells it


class Engine:
    """Reports in turn. After the last, the process is told to end."""

    def __init__(self) -> None:
        self.reports: list[AuditReport] = []
        self.opened: dict[str, Any] = {}
        self.ends_by = signal.SIGTERM
        self.before: Callable[[], None] = lambda: None

    def open(
        self, rpc: str, journal: str, log: str, **more: Any
    ) -> Callable[[Callable[[int, int], None]], AuditReport]:
        self.opened = {"rpc": rpc, "journal": journal, "log": log, **more}
        return self.run

    def run(self, progress: Callable[[int, int], None]) -> AuditReport:
        progress(1, 2)
        self.before()
        report = self.reports.pop(0)
        if not self.reports:
            os.kill(os.getpid(), self.ends_by)
        return report


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    one = Engine()
    monkeypatch.setattr(bootstrap, "open_auditor", one.open)
    return one


@pytest.fixture
def once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """One that is asked once, and tells nobody to end."""
    monkeypatch.setattr(engine, "run", lambda progress: engine.reports[0])
    return engine


def test_what_it_is_told_reaches_the_audit(once: Engine, run: Run, tmp_path: Path) -> None:
    once.reports = [CLEAN]
    receipt = tmp_path / "receipt.json"
    receipt.write_text('{"index": 3}')
    run(*THERE, "--state", tmp_path / "s", "--jobs", 3, "--receipt", receipt, "--site", "http://127.0.0.1:2")
    assert once.opened == {
        "rpc": "http://127.0.0.1:1/KEY", "journal": JOURNAL, "log": "http://127.0.0.1:1", "state": tmp_path / "s",
        "jobs": 3, "receipts": [{"index": 3}], "site": "http://127.0.0.1:2",
    }  # fmt: skip


@pytest.mark.parametrize(("report", "code"), [(CLEAN, 0), (BAD, 1), (AWAY, 2)])
def test_every_format_is_printed_with_the_same_exit_code(
    once: Engine, run: Run, report: AuditReport, code: int
) -> None:
    once.reports = [report]
    starts = {"text": report.result.value, "json": '{"', "sarif": '{"$schema"', "html": "<!doctype html>"}
    for form, start in starts.items():
        met, out, _ = run(*THERE, "--format", form)
        assert (met, out.startswith(start), "KEY" in out) == (code, True, False), form


def test_a_report_is_written_by_its_files_ending_and_words_are_printed(once: Engine, run: Run, tmp_path: Path) -> None:
    once.reports = [BAD]
    files = [tmp_path / f"report.{ending}" for ending in ("txt", "json", "sarif", "html")]
    outputs = [word for file in files for word in ("--output", file)]
    code, out, _ = run(*THERE, "--format", "html", *outputs)
    assert (code, out) == (1, files[0].read_text())
    assert [file.read_text()[:4] for file in files] == ["find", '{"au', '{"$s', "<!do"]
    assert sorted(tmp_path.iterdir()) == sorted(files)


@pytest.mark.parametrize(
    "options",
    [
        ["--output", "report.docx"],
        ["--format", "pdf"],
        ["--publish", "http://127.0.0.1:1"],
        ["--webhook", "http://127.0.0.1:1"],
        ["--metrics", "0"],
        ["--watch", "--format", "html"],
        ["--watch", "--webhook", "ftp://127.0.0.1"],
        ["--watch", "--mail-to", "a@x.example"],
        ["--watch", "--mail-to", "a@x.example", "--mail-from", "b@x.example", "--smtp", "nowhere"],
        ["--watch", "--mail-to", "nobody", "--mail-from", "b@x.example", "--smtp", "127.0.0.1:25"],
        ["--watch", "--smtp-user", "me"],
        ["--watch", "--every", "0"],
    ],
)
def test_a_wrong_command_line_is_2_and_says_why(once: Engine, run: Run, options: list[str]) -> None:
    once.reports = [CLEAN]
    code, out, err = run(*THERE, *options)
    assert (code, out) == (2, "")
    assert "Usage" in err


def test_what_is_no_receipt_is_65(once: Engine, run: Run, tmp_path: Path) -> None:
    once.reports = [CLEAN]
    file = tmp_path / "receipt.json"
    for content in (b"[]", b"{", b"{" + b" " * 2**20 + b"}"):
        file.write_bytes(content)
        code, _, err = run(*THERE, "--receipt", file)
        assert (code, err.count("\n")) == (65, 1)


# -- for ever


@pytest.fixture
def hook() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A webhook that takes what it gets: its address and what came."""
    got: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *values: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/alerts", got
    server.shutdown()
    server.server_close()
    thread.join(10)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


WATCH = [*THERE, "--watch", "--every", "0.1"]


def test_a_watch_says_a_line_when_something_changes_and_ends_with_the_last_result(engine: Engine, run: Run) -> None:
    engine.reports = [CLEAN, CLEAN, replace(CLEAN, entries=11), AWAY, BAD]
    code, out, _ = run(*WATCH)
    assert code == 1
    assert [line.split("  ", 1)[1] for line in out.splitlines()] == [
        "clean: 10 entries, 1 seal",
        "clean: 11 entries, 1 seal",
        "could not be checked: 0 entries, 0 seals, 1 not checked",
        "findings: 10 entries, 1 seal, 1 finding",
    ]


@pytest.mark.parametrize(("number", "report", "code"), [(signal.SIGINT, CLEAN, 0), (signal.SIGTERM, AWAY, 2)])
def test_a_watch_is_ended_by_either_signal(
    engine: Engine, run: Run, number: signal.Signals, report: AuditReport, code: int
) -> None:
    engine.reports, engine.ends_by = [report], number
    before = signal.getsignal(number)
    assert run(*WATCH)[0] == code
    assert signal.getsignal(number) is before


def test_a_watch_that_is_ended_within_an_audit_does_not_go_through_with_it(engine: Engine, run: Run) -> None:
    engine.reports = [BAD, CLEAN, CLEAN]

    def end_in_the_second() -> None:
        if len(engine.reports) == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    engine.before = end_in_the_second
    real = engine.run

    def goes_on(progress: Callable[[int, int], None]) -> AuditReport:
        report = real(progress)
        progress(2, 2)
        return report

    engine.run = goes_on  # type: ignore[method-assign]
    code, out, _ = run(*WATCH)
    assert (code, out.count("\n"), len(engine.reports)) == (1, 1, 1)


def test_an_audit_that_failed_because_the_watch_was_ended_says_nothing(engine: Engine, run: Run) -> None:
    engine.reports = [CLEAN, AWAY]
    code, out, _ = run(*WATCH)
    assert (code, out.count("\n")) == (0, 1)


def test_a_watch_alerts_once_signed_and_tells_when_it_is_over(
    engine: Engine, run: Run, hook: tuple[str, list[tuple[dict[str, str], bytes]]], tmp_path: Path
) -> None:
    url, got = hook
    secret = tmp_path / "secret"
    secret.write_text("a secret of some length\n")
    engine.reports = [CLEAN, BAD, BAD, CLEAN, AWAY, AWAY, AWAY, CLEAN]
    run(*WATCH, "--webhook", url, "--webhook-secret", secret, "--patience", 2)
    told = [json.loads(body)["event"] for _, body in got]
    assert told == ["findings", "recovered", "unchecked", "recovered"]
    for headers, body in got:
        signed = headers["suyuan-time"].encode() + b"\n" + body
        assert headers["suyuan-signature"] == hmac.new(b"a secret of some length", signed, sha256).hexdigest()


def test_a_watch_goes_on_where_nobody_can_be_told(engine: Engine, run: Run) -> None:
    engine.reports = [BAD, BAD]
    code, out, err = run(
        *WATCH, "--mail-to", "a@x.example", "--mail-from", "b@x.example", "--smtp", "127.0.0.1:1"
    )  # fmt: skip
    assert (code, out.count("\n")) == (1, 1)
    assert err.count("mail by 127.0.0.1 does not go out") == 2
    assert "x.example" not in err


def test_a_short_secret_is_refused(engine: Engine, run: Run, tmp_path: Path) -> None:
    engine.reports = [CLEAN]
    (tmp_path / "secret").write_text("short")
    code, _, err = run(*WATCH, "--webhook", "http://127.0.0.1:1", "--webhook-secret", tmp_path / "secret")
    assert (code, "short" in err.replace(str(tmp_path), "")) == (65, False)


def test_a_watch_serves_metrics_and_writes_its_report_anew(engine: Engine, run: Run, tmp_path: Path) -> None:
    scrapes: list[str] = []
    file = tmp_path / "report.html"
    engine.reports = [CLEAN, BAD, BAD]

    port = free_port()
    engine.before = lambda: scrapes.append(httpx.get(f"http://127.0.0.1:{port}/metrics").text)
    code, _, err = run(*WATCH, "--metrics", port, "--output", file)
    assert code == 1
    assert f"http://127.0.0.1:{port}/metrics" in err
    assert scrapes[0] == ""
    assert 'suyuan_audit_findings{fault="body"} 0.0' in scrapes[1]
    assert 'suyuan_audit_findings{fault="body"} 1.0' in scrapes[2]
    assert "hashes to aa" in file.read_text()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/metrics")


def test_a_port_that_is_taken_is_75(engine: Engine, run: Run, hook: tuple[str, Any]) -> None:
    engine.reports = [CLEAN]
    code, _, err = run(*WATCH, "--metrics", hook[0].split(":")[2].split("/")[0])
    assert (code, err.count("\n")) == (75, 1)
