"""`suyuan audit`: rebuild a journal from its log, hold it against the chain, and report; once, or for ever."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from suyuan.cli import terminal
from suyuan.core import errors
from suyuan.services.report import Format

if TYPE_CHECKING:
    from suyuan.services.alarm import Channel
    from suyuan.services.audit import AuditReport

_UNCHECKED = 2
_SUFFIXES = {".txt": Format.TEXT, ".json": Format.JSON, ".sarif": Format.SARIF, ".html": Format.HTML}
_RECEIPT_LIMIT = 2**20

Run = Callable[[Callable[[int, int], None]], "AuditReport"]


def audit(
    rpc: Annotated[str, typer.Option(help="JSON-RPC address of the chain: yours, not the site's.")],
    journal: Annotated[str, typer.Option(help="Address of the Journal contract.")],
    log: Annotated[str, typer.Option(help="Address of the open log.")],
    state: Annotated[
        Path | None, typer.Option(dir_okay=False, help="File in which to keep where it stopped, to go on from there.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0: as many as there are cores.")] = 0,
    receipt: Annotated[
        list[Path] | None, typer.Option(exists=True, dir_okay=False, help="A receipt to check; may be repeated.")
    ] = None,
    site: Annotated[str | None, typer.Option(help="Also compare what this site serves with what the log says.")] = None,
    form: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TEXT,
    output: Annotated[
        list[Path] | None,
        typer.Option(dir_okay=False, help="Write the report, by its ending: .txt .json .sarif .html. May be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    publish: Annotated[
        str, typer.Option(help="Sign a summary of the audit and hand it in to this site. Needs --key.")
    ] = "",
    key: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The auditor's encrypted key file; any key may sign."),
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="File with the key's password; asked for if not given.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Audit for ever, and say a line when something changes.")
    ] = False,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds from one audit to the next.")] = 60,
    patience: Annotated[int, typer.Option(min=1, help="How many audits in a row may fail before it alerts.")] = 3,
    webhook: Annotated[str, typer.Option(help="Where to POST alerts as JSON.")] = "",
    webhook_secret: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="File with the secret that signs them (HMAC).")
    ] = None,
    mail_to: Annotated[list[str] | None, typer.Option(help="Who gets alerts by mail; may be repeated.")] = None,
    mail_from: Annotated[str, typer.Option(help="Who sends them.")] = "",
    smtp: Annotated[str, typer.Option(help="Mail server, HOST:PORT.")] = "",
    smtp_user: Annotated[str, typer.Option(help="Name at the mail server.")] = "",
    smtp_password_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="File with the password at the mail server.")
    ] = None,
    metrics: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Serve Prometheus metrics on 127.0.0.1 at this port.")
    ] = None,
) -> None:
    """Rebuild the journal from its log and compare it with the chain. Exit 0 clean, 1 findings, 2 could not check."""
    from suyuan.bootstrap import open_auditor

    form = Format.JSON if as_json else form
    outputs = [(file, _form_of(file)) for file in output or ()]
    _demand(not publish or key is not None, "--publish needs --key")
    _demand(not publish or not watch, "--publish is of one audit, not of a watch")
    _demand(
        not publish or Format.JSON in {one for _, one in outputs},
        "--publish needs --output FILE.json: the report whose hash is signed, to show to who asks",
    )
    alarming = bool(webhook or mail_to or metrics is not None)
    _demand(watch or not alarming, "--webhook, --mail-to and --metrics are for --watch")
    _demand(bool(mail_to) == bool(mail_from) == bool(smtp), "mail needs --mail-to, --mail-from and --smtp")
    _demand(not webhook_secret or bool(webhook), "--webhook-secret needs --webhook")
    _demand(bool(smtp_user) == bool(smtp_password_file), "--smtp-user and --smtp-password-file go together")
    _demand(not watch or form in (Format.TEXT, Format.JSON), "--watch prints lines: use --output for SARIF and HTML")
    task = _Task(
        rpc, terminal.address(journal), log, form, outputs,
        open_auditor(
            rpc, terminal.address(journal), log,
            state=state, jobs=jobs, receipts=[_receipt(file) for file in receipt or ()], site=site,
        ),
    )  # fmt: skip
    if not watch:
        with _progress() as progress:
            report = task.run(progress)
        task.write(report)
        written = form in (Format.SARIF, Format.HTML) and form in {one for _, one in outputs}
        sys.stdout.write(task.rendered(report, Format.TEXT if written else form))
        sys.stdout.flush()
        if publish and key is not None:
            _publish(task, report, publish, key, password_file)
        raise typer.Exit(report.result.exit_code)
    channels: list[Channel] = []
    with _stopping() as stop:
        if webhook:
            channels.append(_webhook(webhook, webhook_secret, stop))
        if smtp:
            channels.append(_mail(smtp, mail_from, mail_to or [], smtp_user, smtp_password_file))
        code = _watch(task, every, patience, channels, metrics, stop)
    raise typer.Exit(code)


@dataclass
class _Task:
    """What is audited, how, and how it is told."""

    rpc: str
    journal: str
    log: str
    form: Format
    outputs: list[tuple[Path, Format]]
    run: Run
    at: int = 0

    def rendered(self, report: AuditReport, form: Format) -> str:
        from suyuan.services.report import Asked, render

        self.at = self.at or int(time.time())
        return render(report, Asked(self.rpc, self.journal, self.log, self.at), form)

    def write(self, report: AuditReport) -> None:
        """Writes each file whole or not at all: it may be served meanwhile."""
        for file, form in self.outputs:
            part = file.with_name(file.name + ".part")
            part.write_text(self.rendered(report, form), encoding="utf-8")
            os.replace(part, file)


# -- once


def _publish(task: _Task, report: AuditReport, url: str, key: Path, password_file: Path | None) -> None:
    """Hands in the summary of an audit, signed."""
    from suyuan.bootstrap import chain_as_of
    from suyuan.chain.keystore import load
    from suyuan.client import Author, Site
    from suyuan.core.summary import Result, Summary

    if report.deployment is None or not report.points:
        raise errors.Unavailable("the audit reached no seal: there is nothing to hand in")
    newest = report.points[-1]
    with chain_as_of(task.rpc, task.journal) as chain:
        roots = [
            seal.root for seal in chain.journal_seals() if (seal.number, seal.size) == (newest.number, newest.size)
        ]
    if not roots:
        raise errors.Unavailable(f"the chain has no seal {newest.number} any more: audit again")
    summary = Summary(
        entries=report.entries,
        seals=report.seals,
        seal=newest.number,
        root=roots[0].hex(),
        result=Result(report.result.value),
        findings=len(report.findings),
        report=sha256(task.rendered(report, Format.JSON).encode()).hexdigest(),
        audited_at=task.at,
    )
    signer = load(key, terminal.password(password_file))
    site = Site(url)
    try:
        Author(site, signer).hand_in_audit(report.deployment, summary)
    finally:
        site.close()
    sys.stderr.write(f"handed in to {url}, signed by {signer.address}\n")


# -- for ever


class _Stopped(BaseException):
    """The watch was told to end while it was auditing. No error: nothing may take it for one."""


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Set by SIGTERM or SIGINT; the second one ends the process, as ever."""
    stop = threading.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    before = {one: signal.getsignal(one) for one in signals}

    def restore() -> None:
        for one, handler in before.items():
            signal.signal(one, handler)

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        restore()

    for one in signals:
        signal.signal(one, told)
    try:
        yield stop
    finally:
        restore()


def _watch(
    task: _Task, every: float, patience: int, channels: list[Channel], port: int | None, stop: threading.Event
) -> int:
    """Audits until it is stopped; the exit code of the last audit."""
    from suyuan.services.alarm import Alarm, Vigil
    from suyuan.services.metrics import Exporter, Round, exposition
    from suyuan.services.report import headline, when

    vigil, alarm = Vigil(task.journal, patience), Alarm(channels)
    last: Round | None = None
    said = ""
    with ExitStack() as opened:
        opened.callback(alarm.close)
        if port is not None:
            exporter = _exporter(port, lambda: exposition(last, time.time()), Exporter)
            opened.callback(exporter.close)
            sys.stderr.write(f"metrics are at http://127.0.0.1:{exporter.port}/metrics\n")
        with suppress(_Stopped):
            while not stop.is_set():
                began = time.monotonic()
                with _progress(stop) as progress:
                    report = task.run(progress)
                if stop.is_set() and report.unchecked:
                    break  # the processes that read were told to end as well: that is not the log's doing
                task.at = int(time.time())
                checked_at = task.at if not report.unchecked else last.checked_at if last else 0
                last = Round(report, time.monotonic() - began, checked_at)
                if headline(report) != said:
                    said = headline(report)
                    task.write(report)
                    line = f"{when(task.at)}  {said}\n"
                    sys.stdout.write(task.rendered(report, Format.JSON) if task.form is Format.JSON else line)
                    sys.stdout.flush()
                for failure in alarm.tell(vigil.hears(report, task.at)):
                    sys.stderr.write(f"{failure}\n")
                stop.wait(max(0.0, every - (time.monotonic() - began)))
    return last.report.result.exit_code if last else _UNCHECKED


def _exporter(port: int, say: Callable[[], str], exporter: Callable[..., Any]) -> Any:
    try:
        return exporter(port, say)
    except OSError as error:
        raise errors.Unavailable(f"port {port} cannot be listened on: {error.strerror}") from error


def _webhook(url: str, secret: Path | None, stop: threading.Event) -> Channel:
    from suyuan.services.alarm import Webhook

    _demand(url.startswith(("http://", "https://")), "--webhook is an http or https address")
    content = secret.read_bytes().strip() if secret is not None else b""
    if secret is not None and len(content) < 16:
        raise errors.Malformed("holds at least 16 bytes", str(secret))
    return Webhook(url, content, rest=stop.wait)


def _mail(server: str, sender: str, to: list[str], user: str, password: Path | None) -> Channel:
    from suyuan.services.alarm import Mail

    host, _, port = server.rpartition(":")
    _demand(bool(host) and port.isascii() and port.isdigit() and 0 < int(port) < 65536, "--smtp is HOST:PORT")
    _demand(all(one.isprintable() and "@" in one for one in (sender, *to)), "a mail address has an @")
    return Mail(host, int(port), sender, tuple(to), user, password.read_text().strip() if password is not None else "")


# -- all of it


@contextmanager
def _progress(stop: threading.Event | None = None) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr where that is a terminal. Ends an audit that is told to stop."""
    with terminal.bar() as bar:
        task = bar.add_task("entries")

        def progress(done: int, all: int) -> None:
            if stop is not None and stop.is_set():
                raise _Stopped
            bar.update(task, completed=done, total=all)

        yield progress


def _receipt(file: Path) -> dict[str, Any]:
    from suyuan.core import canonical

    if file.stat().st_size > _RECEIPT_LIMIT:
        raise errors.TooLarge(f"{file} is larger than a receipt")
    value = canonical.parse(file.read_bytes())
    if not isinstance(value, dict):
        raise errors.Malformed("holds no JSON object", str(file))
    return value


def _form_of(file: Path) -> Format:
    form = _SUFFIXES.get(file.suffix.lower())
    _demand(form is not None, f"--output ends with {', '.join(_SUFFIXES)}")
    assert form is not None
    return form


def _demand(holds: bool, sentence: str) -> None:
    if not holds:
        raise typer.BadParameter(sentence)
