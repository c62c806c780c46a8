"""Report: an audit's outcome as sentences, as JSON, as SARIF 2.1.0, and as one HTML file. Pure.

What the log served is hostile: everything of it is escaped or made printable. The chain's address may hold its owner's
key, so that no report shows more of it than its host.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from itertools import groupby, pairwise
from typing import Any
from urllib.parse import SplitResult, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from suyuan.chain.port import Fault as Judged
from suyuan.charts import Series, bar_chart, line_chart
from suyuan.core.replay import Fault, Finding
from suyuan.services.audit import AuditReport, Result
from suyuan.services.report_words import ENDED, KINDS, LIMITS, RESULTS, RULES, VERDICTS, Place, Words

SHOWN = 20  # findings of one kind that a person is shown
_LONGEST = 400  # characters of one detail that a person is shown
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


class Format(StrEnum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was audited: addresses as they were given, and when (seconds)."""

    rpc: str
    journal: str
    log: str
    at: int


def render(report: AuditReport, asked: Asked, form: Format) -> str:
    """The report in a form, with a newline at its end."""
    if form is Format.TEXT:
        return as_text(report, asked) + "\n"
    if form is Format.HTML:
        return as_html(report, asked)
    value = as_json(report, asked) if form is Format.JSON else as_sarif(report, asked)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n"
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair is no text, and many readers refuse it


# -- JSON


def as_json(report: AuditReport, asked: Asked) -> dict[str, Any]:
    """Everything that the report says. Times in seconds; a finding's `where` is what `place` names, -1 nothing."""
    newest = report.points[-1] if report.points else None
    state = report.journal
    return {
        "result": report.result.value,
        "journal": {"chain": report.deployment and report.deployment.chain, "address": asked.journal},
        "rpc": host(asked.rpc),
        "log": _public(asked.log),
        "auditedAt": asked.at,
        "began": report.began,
        "entries": report.entries,
        "seals": report.seals,
        "newestSeal": newest and {"number": newest.number, "size": newest.size, "sealedAt": newest.sealed_at},
        "kinds": dict(report.kinds),
        "findings": [
            {"fault": f.fault.value, "where": f.where, "place": _place(f), "detail": f.detail} for f in report.findings
        ],
        "unchecked": list(report.unchecked),
        "stages": [{"name": s.name, "entries": s.entries, "seconds": round(s.seconds, 3)} for s in report.stages],
        "standings": state
        and {
            "ended": None if state.ended is Judged.NONE else state.ended.name.lower(),
            "lateReceipts": state.late,
            "appealsAsked": state.asked,
            "appealsAnswered": state.answered,
            "oldestAppealAt": state.waiting_since or None,
            "graceSeconds": state.grace,
        },
    }


# -- sentences


def as_text(report: AuditReport, asked: Asked) -> str:
    """What a person reads; its first line is all of it in short."""
    lines = [headline(report)]
    if report.deployment:
        lines.append(f"  journal {report.deployment.journal} on chain {report.deployment.chain}, {when(asked.at)}")
    lines += [f"  {sentence.en}" for sentence in _read(report, asked)]
    lines += [f"  {sentence.en}" for sentence in _stands(report)]
    for fault, findings in grouped(report.findings):
        rule = RULES[fault]
        lines += [
            "",
            f"  {fault.value}: {rule.name.en} ({_counted(len(findings), 'finding')})",
            f"    {rule.meaning.en}",
        ]
        lines += [f"    {place(f).en}: {plain(f.detail)}" for f in findings[:SHOWN]]
        lines += [f"    and {len(findings) - SHOWN} more"] * (len(findings) > SHOWN)
        lines.append(f"    → {rule.act.value.en}")
    if report.unchecked:
        lines += ["", *(f"  not checked: {plain(reason)}" for reason in report.unchecked[:SHOWN])]
        lines += [f"  not checked: {len(report.unchecked) - SHOWN} more"] * (len(report.unchecked) > SHOWN)
    lines += ["", f"  {VERDICTS[report.result].en}"]
    return "\n".join(lines)


def headline(report: AuditReport) -> str:
    """An audit in one line."""
    found = f", {_counted(len(report.findings), 'finding')}" if report.findings else ""
    missed = f", {len(report.unchecked)} not checked" if report.unchecked else ""
    return (
        f"{report.result.value}: {_counted(report.entries, 'entry')}, {_counted(report.seals, 'seal')}{found}{missed}"
    )


def grouped(findings: Sequence[Finding]) -> list[tuple[Fault, list[Finding]]]:
    """Findings by fault, in the order of `Fault`, each in the order of where it is."""
    order = {fault: n for n, fault in enumerate(Fault)}
    ordered = sorted(findings, key=lambda f: (order[f.fault], f.where))
    return [(fault, list(those)) for fault, those in groupby(ordered, key=lambda f: f.fault)]


def place(finding: Finding) -> Words:
    """Where a finding is, in words."""
    if finding.where < 0:
        return Words("the journal", "整个账本")
    named = {Place.ENTRY: ("entry", "条目"), Place.SEAL: ("seal", "封存"), Place.EITHER: ("at", "位于")}
    en, zh = named[RULES[finding.fault].place]
    return Words(f"{en} {finding.where}", f"{zh} {finding.where}")


def plain(text: str) -> str:
    """What was served, as a terminal or a page may show it: printable, on one line, not too long."""
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:_LONGEST])
    return shown + "…" * (len(text) > _LONGEST)


def when(second: float) -> str:
    """A time as people and programs read it."""
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S} UTC"


def host(url: str) -> str:
    """Scheme and host of an address: what else it holds may be its owner's key. Empty where it is none."""
    parts = _parts(url)
    if parts is None or not parts.hostname:
        return ""
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{name}" + (f":{parts.port}" if parts.port else "")


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # read here: it raises, too
    except ValueError:
        return None
    return parts


def _public(url: str) -> str:
    parts = _parts(url)
    return host(url) + parts.path if parts else ""


def _read(report: AuditReport, asked: Asked) -> Iterator[Words]:
    """What was read, from which place on, up to which seal."""
    checked = {stage.name: stage.entries for stage in report.stages if stage.name in _CHECKS}
    if checked:
        en = ", ".join(f"{name} of {count:,}" for name, count in checked.items())
        zh = "、".join(f"{_STAGES[name]} {count:,}" for name, count in checked.items())
        yield Words(f"checked in this run, by entries: {en}", f"本次核对的条目数：{zh}")
    if report.began:
        yield Words(
            f"{report.began:,} of the {report.entries:,} entries were checked by an earlier run",
            f"{report.entries:,} 条中有 {report.began:,} 条已在此前核对",
        )
    node, log = _parts(asked.rpc), _parts(asked.log)
    if node and log and node.hostname == log.hostname:
        yield Words(
            "the chain's node and the log are at one host: whoever runs it answered both; repeat this over another",
            "链节点与日志在同一主机上：两者由同一方答复，请换用其他节点重做",
        )
    if report.deployment and not report.seals:
        yield Words("nothing is sealed yet, so there was nothing to check", "尚无封存，没有可核对的内容")
    if report.points:
        newest = report.points[-1]
        yield Words(
            f"newest seal: {newest.number}, of {newest.size:,} entries, {when(newest.sealed_at)}",
            f"最新封存：第 {newest.number} 次，条目 {newest.size:,} 条，{when(newest.sealed_at)}",
        )


def _stands(report: AuditReport) -> Iterator[Words]:
    """How the contract says that the journal stands."""
    state = report.journal
    if state is None:
        return
    open_ = state.asked - state.answered
    en = f"appeals: {state.asked} asked, {open_} open; receipts proven late: {state.late}"
    zh = f"申诉：共 {state.asked} 件，未答复 {open_} 件；已证明逾期的收据：{state.late} 份"
    if state.waiting_since:
        en += f"; the oldest open appeal is due {when(state.waiting_since + state.grace)}"
        zh += f"；最早一件应于 {when(state.waiting_since + state.grace)} 前答复"
    yield Words(en, zh)
    if state.ended is not Judged.NONE:
        fault = ENDED[state.ended]
        yield Words(
            f"the contract has ended this journal: {fault.en} was proven", f"合约已终止此账本：已证明{fault.zh}"
        )


_CHECKS = ("headers", "bodies", "signatures", "documents")
_STAGES = {
    "fetching": "读取", "headers": "条目头", "bodies": "正文", "signatures": "签名", "documents": "文档",
    "rules": "规则", "heads": "流首表", "state": "进度保存",
}  # fmt: skip


def _counted(count: int, what: str) -> str:
    several = what[:-1] + "ies" if what.endswith("y") else what + "s"
    return f"{count} {what if count == 1 else several}"


def _place(finding: Finding) -> str | None:
    return None if finding.where < 0 else RULES[finding.fault].place.value


# -- SARIF


def as_sarif(report: AuditReport, asked: Asked) -> dict[str, Any]:
    """A SARIF 2.1.0 log of one run. Where something could not be checked, that run says that it did not succeed."""
    journal = f"{report.deployment.chain if report.deployment else 0}/{asked.journal}"
    order = {fault: n for n, fault in enumerate(RULES)}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "suyuan audit",
                        "version": version("suyuan"),
                        "rules": [_rule(fault) for fault in RULES],
                        "notifications": [
                            {"id": "unchecked", "shortDescription": {"text": "something could not be checked"}}
                        ],
                    }
                },
                "automationDetails": {"id": f"suyuan/audit/{journal}/"},
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": not report.unchecked,
                        "exitCode": report.result.exit_code,
                        "endTimeUtc": f"{datetime.fromtimestamp(asked.at, UTC):%Y-%m-%dT%H:%M:%SZ}",
                        "toolExecutionNotifications": [
                            {"descriptor": {"id": "unchecked"}, "level": "error", "message": {"text": _message(reason)}}
                            for reason in report.unchecked
                        ],
                    }
                ],
                "results": [_result(finding, order[finding.fault], journal) for finding in report.findings],
                "properties": {n: v for n, v in as_json(report, asked).items() if n not in ("findings", "unchecked")},
            }
        ],
    }


def _rule(fault: Fault) -> dict[str, Any]:
    rule = RULES[fault]
    return {
        "id": fault.value,
        "name": "".join(word.capitalize() for word in fault.value.split("-")),
        "shortDescription": {"text": rule.name.en},
        "fullDescription": {"text": rule.meaning.en},
        "help": {"text": f"{rule.meaning.en} {rule.act.value.en}"},
        "defaultConfiguration": {"level": "error"},
        "properties": {"zh": {"name": rule.name.zh, "meaning": rule.meaning.zh, "help": rule.act.value.zh}},
    }


def _result(finding: Finding, rule: int, journal: str) -> dict[str, Any]:
    words, at = RULES[finding.fault], place(finding)
    identity = f"{journal}\n{finding.fault.value}\n{finding.where}\n{finding.detail}"
    value: dict[str, Any] = {
        "ruleId": finding.fault.value,
        "ruleIndex": rule,
        "level": "error",
        "message": {"text": _message(f"{words.name.en}, {at.en}: {finding.detail}")},
        "partialFingerprints": {"suyuanFinding/v1": sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()},
        "properties": {"zh": f"{words.name.zh}，{at.zh}", "detail": finding.detail, "where": finding.where},
    }
    if finding.where >= 0:
        kind = words.place.value
        name = f"{kind}/{finding.where}"
        logical = {"name": name, "fullyQualifiedName": f"{journal}/{name}", "kind": kind}
        value["locations"] = [{"logicalLocations": [logical]}]
    return value


def _message(text: str) -> str:
    """Text as a message string: braces would be placeholders, brackets a link."""
    return text.replace("{", "{{").replace("}", "}}").replace("[", "\\[").replace("]", "\\]")


# -- HTML


@lru_cache
def _templates() -> Environment:
    """Read once, when the first page is asked for."""
    return Environment(
        loader=PackageLoader("suyuan.services"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def as_html(report: AuditReport, asked: Asked) -> str:
    """One file in Chinese and English: no scripts, nothing from elsewhere; its policy allows its own style alone."""
    templates = _templates()
    style, _, _ = templates.loader.get_source(templates, "audit_report.css")  # type: ignore[union-attr]
    return templates.get_template("audit_report.html").render(
        report=report,
        asked=asked,
        style=Markup(style),  # noqa: S704  # ours, from the package
        style_hash=base64.b64encode(sha256(style.encode()).digest()).decode(),
        version=version("suyuan"),
        result=RESULTS[report.result],
        verdict=VERDICTS[report.result],
        limits=LIMITS,
        read=[*_read(report, asked), *_stands(report)],
        groups=[(fault, RULES[fault], found) for fault, found in grouped(report.findings)],
        charts=[(words, Markup(svg)) for words, svg in _charts(report)],  # noqa: S704  # escaped by suyuan.charts
        shown=SHOWN,
        shape={Result.CLEAN: "ring", Result.FINDINGS: "cross", Result.UNCHECKED: "dash"}[report.result],
        place=place,
        plain=plain,
        when=when,
        host=host,
        public=_public,
    )


def _charts(report: AuditReport) -> Iterator[tuple[Words, str]]:
    points = report.points
    if len(points) > 1:
        grown = Series("entries", [(p.sealed_at, p.size) for p in points])
        yield (
            Words("Sealed entries", "已封存条目"),
            line_chart("Sealed entries 已封存条目", [grown], x_label="time 时间", y_label="entries 条目", x_times=True),
        )
        waited = Series("seconds", [(b.sealed_at, b.sealed_at - a.sealed_at) for a, b in pairwise(points)])
        yield (
            Words("From seal to seal", "相邻封存的间隔"),
            line_chart("From seal to seal 封存间隔", [waited], x_label="time 时间", y_label="seconds 秒", x_times=True),
        )
    if report.kinds:
        most = sorted(report.kinds.items(), key=lambda one: -one[1])
        kinds = [(f"{kind} {KINDS.get(kind, '')}", count) for kind, count in most]
        yield Words("Entries by kind", "各类条目"), bar_chart("Entries by kind 各类条目", kinds, y_label="entries 条目")
    speeds = [(f"{s.name} {_STAGES.get(s.name, '')}", s.entries / s.seconds) for s in report.stages if s.seconds > 0]
    if speeds:
        yield (
            Words("Speed of each stage", "各步骤速度"),
            bar_chart("Speed of each stage 各步骤速度", speeds, y_label="entries a second of one process 条目/秒·进程"),
        )


def counts(report: AuditReport) -> Mapping[Fault, int]:
    """How many findings there are of each fault, of those that there are any of."""
    return {fault: len(found) for fault, found in grouped(report.findings)}
