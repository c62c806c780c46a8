"""Metrics of an audit that watches, in Prometheus' text format 0.0.4, and the small server that shows them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from suyuan.chain.port import Fault as Judged
from suyuan.core.replay import Fault
from suyuan.services.audit import AuditReport
from suyuan.services.report import counts

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Round:
    """One audit of a watch: its report, how long it took, and when the last one ended that could check everything.

    Both in seconds; `checked_at` 0: none did yet.
    """

    report: AuditReport
    seconds: float
    checked_at: int


def exposition(last: Round | None, now: float) -> str:
    """What a scrape at a time (seconds) is answered. What is not known is left out."""
    return "".join(_lines(last, now)) if last else ""


def _lines(last: Round, now: float) -> Iterator[str]:
    report = last.report
    yield _gauge("entries", "Entries that have been audited.", report.entries)
    yield _gauge("seals", "Seals that the contract told of.", report.seals)
    found = counts(report)
    by_fault = {f'{{fault="{fault.value}"}}': float(found.get(fault, 0)) for fault in Fault}
    yield _family("findings", "Findings by fault.", by_fault)
    yield _gauge("unchecked", "Reasons for which the last audit could not check something.", len(report.unchecked))
    yield _gauge("duration_seconds", "How long the last audit took.", last.seconds)
    if last.checked_at:
        yield _gauge(
            "last_success_timestamp_seconds", "When the last audit ended that could check everything.", last.checked_at
        )
    if report.points:
        yield _gauge("lag_seconds", "Age of the newest seal.", now - report.points[-1].sealed_at)
    if report.journal:
        yield _gauge("appeals_open", "Appeals that wait for an answer.", report.journal.asked - report.journal.answered)
        yield _gauge(
            "journal_ended", "1: a proven fault has ended the journal.", report.journal.ended is not Judged.NONE
        )


def _gauge(name: str, help: str, value: float) -> str:
    return _family(name, help, {"": float(value)})


def _family(name: str, help: str, samples: Mapping[str, float]) -> str:
    name = f"suyuan_audit_{name}"
    lines = [f"# HELP {name} {help}", f"# TYPE {name} gauge"]
    return "\n".join([*lines, *(f"{name}{labels} {value!r}" for labels, value in samples.items())]) + "\n"


class Exporter:
    """Serves `/metrics` on 127.0.0.1 in a thread. Raises OSError where the port is taken."""

    def __init__(self, port: int, say: Callable[[], str]) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                if self.path.partition("?")[0] != "/metrics":
                    self.send_error(404)
                    return
                content = say().encode()
                self.send_response(200)
                self.send_header("Content-Type", CONTENT_TYPE)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *values: object) -> None:
                """A scrape is nothing to talk about."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stops serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
