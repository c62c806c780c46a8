"""What a scrape is told, read by a parser of the format."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx
import pytest

from suyuan.chain.port import Fault as Judged
from suyuan.chain.port import Standings
from suyuan.core.replay import Fault, Finding
from suyuan.services.audit import AuditReport, SealPoint
from suyuan.services.metrics import CONTENT_TYPE, Exporter, Round, exposition

NOW = 1_795_500_100.5
REPORT = AuditReport(
    entries=1234,
    seals=5,
    findings=(Finding(Fault.BODY, 1, "x"), Finding(Fault.BODY, 2, "y"), Finding(Fault.ROOT, 1, "z")),
    unchecked=("one", "two"),
    points=(SealPoint(5, 1234, 1_795_500_000),),
    journal=Standings(Judged.FORK, 0, 5, 3, 1, 1, 1),
)
LAST = Round(REPORT, 12.5, 1_795_500_050)

_SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"\})? (\S+)')


def parsed(text: str) -> dict[str, dict[str, float]]:
    """Samples by metric and label's value. Each metric has its help and type before its samples, once."""
    assert text == "" or text.endswith("\n")
    families: dict[str, dict[str, float]] = {}
    described: list[str] = []
    for line in text.splitlines():
        if line.startswith("# HELP "):
            described.append(line.split(" ")[2])
        elif line.startswith("# TYPE "):
            assert line.split(" ")[2:] == [described[-1], "gauge"]
        else:
            sample = _SAMPLE.fullmatch(line)
            assert sample, line
            name, _, label, value = sample.groups()
            assert name == described[-1]
            assert (label or "") not in families.setdefault(name, {})
            families[name][label or ""] = float(value)
    assert sorted(set(described)) == sorted(described) == sorted(families)
    return {name.removeprefix("suyuan_audit_"): samples for name, samples in families.items()}


def test_a_scrape_tells_how_the_last_audit_went() -> None:
    found = parsed(exposition(LAST, NOW))
    findings = found.pop("findings")
    assert found == {
        "entries": {"": 1234}, "seals": {"": 5}, "unchecked": {"": 2}, "duration_seconds": {"": 12.5},
        "last_success_timestamp_seconds": {"": 1_795_500_050}, "lag_seconds": {"": 100.5}, "appeals_open": {"": 2},
        "journal_ended": {"": 1},
    }  # fmt: skip
    assert set(findings) == {fault.value for fault in Fault}  # also those of which there are none, so that 0 is seen
    assert {fault: count for fault, count in findings.items() if count} == {"body": 2, "root": 1}


def test_what_is_not_known_is_left_out_and_never_zero() -> None:
    assert exposition(None, NOW) == ""
    found = parsed(exposition(Round(replace(REPORT, points=(), journal=None), 1, 0), NOW))
    assert not {"lag_seconds", "last_success_timestamp_seconds", "appeals_open", "journal_ended"} & set(found)


def test_metrics_are_served_on_the_loopback_alone() -> None:
    exporter = Exporter(0, lambda: exposition(LAST, NOW))
    try:
        answer = httpx.get(f"http://127.0.0.1:{exporter.port}/metrics")
        assert (answer.status_code, answer.headers["content-type"]) == (200, CONTENT_TYPE)
        assert answer.text == exposition(LAST, NOW)
        assert httpx.get(f"http://127.0.0.1:{exporter.port}/else").status_code == 404
        assert httpx.post(f"http://127.0.0.1:{exporter.port}/metrics").status_code == 501
        with pytest.raises(OSError, match="in use"):
            Exporter(exporter.port, str)
    finally:
        exporter.close()
