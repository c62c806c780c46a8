"""A report says what was read, what is wrong, where, what can be done, and nothing that the log would make it say."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.chain.port import Fault as Judged
from suyuan.chain.port import Standings
from suyuan.core.entries import BY_WORD
from suyuan.core.proof import Deployment
from suyuan.core.replay import Fault, Finding
from suyuan.services.audit import AuditReport, Result, SealPoint, Stage
from suyuan.services.report import SHOWN, Asked, Format, host, render
from suyuan.services.report_words import ENDED, KINDS, RESULTS, RULES, VERDICTS, Act

JOURNAL = "0x" + "ab" * 20
ASKED = Asked("https://me:secret@node.example/v2/KEY?token=T", JOURNAL, "https://site.example/log", 1_795_545_600)
GOES_ON = Standings(Judged.NONE, 0, 3, 3, 0, 259_200, 10**16)
CLEAN = AuditReport(
    deployment=Deployment(31337, JOURNAL),
    began=40,
    entries=1000,
    seals=2,
    kinds={"checkpoint": 900, "review": 100},
    points=(SealPoint(1, 400, 1_795_500_000), SealPoint(2, 1000, 1_795_500_060)),
    stages=(Stage("headers", 960, 0.5), Stage("signatures", 900, 0.03)),
    journal=GOES_ON,
)
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>{0}[x](http://evil)\x1b[31m\u202e\ud800'
FOUND = replace(
    CLEAN,
    findings=(
        Finding(Fault.HEADS, 2, "rebuilt aa, sealed is bb"),
        Finding(Fault.BODY, 12, HOSTILE),
        Finding(Fault.PROVEN, -1, "omission, in 0x12"),
    ),
    journal=Standings(Judged.OMISSION, 2, 5, 3, 1_795_500_000, 259_200, 10**16),
)
UNCHECKED = AuditReport(unchecked=(f"the log does not answer {HOSTILE}",))
ALL = (CLEAN, FOUND, UNCHECKED, replace(FOUND, unchecked=("no bodies",)))

# What SARIF 2.1.0 demands of what is used here, after the standard's own schema.
MESSAGE = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string"}},
    "additionalProperties": False,
}
RULE = {
    "type": "object", "required": ["id"], "additionalProperties": False,
    "properties": {
        "id": {"type": "string"}, "name": {"type": "string"}, "shortDescription": MESSAGE, "fullDescription": MESSAGE,
        "help": MESSAGE, "defaultConfiguration": {"type": "object"}, "properties": {"type": "object"},
    },
}  # fmt: skip
LOGICAL = {
    "type": "object", "additionalProperties": False,
    "properties": {name: {"type": "string"} for name in ("name", "fullyQualifiedName", "kind")},
}  # fmt: skip
SARIF = {
    "type": "object", "required": ["version", "runs"], "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"enum": ["2.1.0"]},
        "runs": {"type": "array", "minItems": 1, "items": {
            "type": "object", "required": ["tool"], "additionalProperties": False,
            "properties": {
                "tool": {"type": "object", "required": ["driver"], "additionalProperties": False, "properties": {
                    "driver": {"type": "object", "required": ["name"], "additionalProperties": False, "properties": {
                        "name": {"type": "string"}, "version": {"type": "string"},
                        "rules": {"type": "array", "uniqueItems": True, "items": RULE},
                        "notifications": {"type": "array", "uniqueItems": True, "items": RULE},
                    }},
                }},
                "automationDetails": {"type": "object", "properties": {"id": {"type": "string"}}},
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "invocations": {"type": "array", "items": {
                    "type": "object", "required": ["executionSuccessful"], "additionalProperties": False,
                    "properties": {
                        "executionSuccessful": {"type": "boolean"}, "exitCode": {"type": "integer"},
                        "endTimeUtc": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
                        "toolExecutionNotifications": {"type": "array", "items": {
                            "type": "object", "required": ["message"], "additionalProperties": False,
                            "properties": {
                                "message": MESSAGE, "level": {"enum": ["none", "note", "warning", "error"]},
                                "descriptor": {"type": "object", "properties": {"id": {"type": "string"}}},
                            },
                        }},
                    },
                }},
                "results": {"type": "array", "items": {
                    "type": "object", "required": ["message"], "additionalProperties": False,
                    "properties": {
                        "ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": 0},
                        "level": {"enum": ["none", "note", "warning", "error"]}, "message": MESSAGE,
                        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
                        "properties": {"type": "object"},
                        "locations": {"type": "array", "items": {
                            "type": "object", "additionalProperties": False,
                            "properties": {"logicalLocations": {"type": "array", "items": LOGICAL}},
                        }},
                    },
                }},
                "properties": {"type": "object"},
            },
        }},
    },
}  # fmt: skip


class Page(HTMLParser):
    """A page's elements with their attributes, and its text by language."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def loaded(report: AuditReport, form: Format = Format.JSON) -> Any:
    return json.loads(render(report, ASKED, form))


# -- words


def test_every_fault_and_every_result_has_its_words_in_both_languages() -> None:
    assert set(RULES) == set(Fault)
    assert set(VERDICTS) == set(RESULTS) == set(Result)
    assert set(KINDS) == set(BY_WORD)
    assert set(ENDED) == set(Judged) - {Judged.NONE, Judged.LATENESS}  # lateness ends no journal
    for rule in RULES.values():
        for words in (rule.name, rule.meaning, rule.act.value):
            assert re.search("[a-z]", words.en)
            assert re.search("[\u4e00-\u9fff]", words.zh)


# -- text


def test_the_first_line_is_the_audit_in_short() -> None:
    firsts = [render(report, ASKED, Format.TEXT).splitlines()[0] for report in ALL]
    assert firsts == [
        "clean: 1000 entries, 2 seals",
        "findings: 1000 entries, 2 seals, 3 findings",
        "could not be checked: 0 entries, 0 seals, 1 not checked",
        "findings: 1000 entries, 2 seals, 3 findings, 1 not checked",
    ]


def test_sentences_say_what_was_read_what_is_wrong_where_and_what_to_do() -> None:
    text = render(FOUND, ASKED, Format.TEXT)
    assert "headers of 960, signatures of 900" in text
    assert "40 of the 1,000 entries were checked by an earlier run" in text
    assert "newest seal: 2, of 1,000 entries, 2026-11-24 06:01:00 UTC" in text
    assert "5 asked, 2 open; receipts proven late: 2; the oldest open appeal is due 2026-11-27 06:00:00 UTC" in text
    assert "the contract has ended this journal: an omission was proven" in text
    assert "seal 2: rebuilt aa, sealed is bb" in text
    assert RULES[Fault.HEADS].act is Act.CHALLENGE
    assert "→ `suyuan challenge` with this report" in text
    assert "the journal: omission, in 0x12" in text


def test_a_clean_report_claims_no_more_than_was_checked() -> None:
    assert "It says nothing about whether what was recorded is true." in render(CLEAN, ASKED, Format.TEXT)


def test_a_journal_without_a_seal_is_said_to_be_one() -> None:
    empty = AuditReport(deployment=Deployment(31337, JOURNAL))
    assert "nothing is sealed yet" in render(empty, ASKED, Format.TEXT)
    assert "nothing is sealed yet" not in render(UNCHECKED, ASKED, Format.TEXT)


def test_a_node_and_a_log_at_one_host_are_not_taken_for_two_witnesses() -> None:
    one = replace(ASKED, rpc="https://site.example/rpc")
    for form in (Format.TEXT, Format.HTML):
        assert "are at one host" in render(CLEAN, one, form)
        assert "are at one host" not in render(CLEAN, ASKED, form)


def test_more_than_twenty_findings_of_a_kind_are_summed_up() -> None:
    many = replace(CLEAN, findings=tuple(Finding(Fault.BODY, n, f"detail {n}") for n in range(500)))
    for form in (Format.TEXT, Format.HTML):
        text = render(many, ASKED, form)
        assert text.count("detail 1") == 11  # 1, 10 to 19
        assert "detail 20" not in text
        assert "and 480 more" in text
        assert SHOWN == 20
    assert len(loaded(many)["findings"]) == 500


def test_what_was_served_cannot_steer_a_terminal() -> None:
    for report in (FOUND, UNCHECKED):
        text = render(report, ASKED, Format.TEXT)
        assert all(letter.isprintable() or letter == "\n" for letter in text)
        assert text.encode()  # half a surrogate pair would not


# -- JSON


def test_the_json_holds_everything_and_keeps_its_names() -> None:
    value = loaded(FOUND)
    assert (value["result"], value["entries"], value["seals"], value["unchecked"]) == ("findings", 1000, 2, [])
    assert value["findings"][0] == {"fault": "heads", "where": 2, "place": "seal", "detail": "rebuilt aa, sealed is bb"}
    assert [one["place"] for one in value["findings"]] == ["seal", "entry", None]
    assert value["journal"] == {"chain": 31337, "address": JOURNAL}
    assert value["newestSeal"] == {"number": 2, "size": 1000, "sealedAt": 1_795_500_060}
    assert (value["standings"]["ended"], value["standings"]["oldestAppealAt"]) == ("omission", 1_795_500_000)
    assert loaded(CLEAN)["standings"]["ended"] is None
    assert loaded(UNCHECKED)["standings"] is None


# -- SARIF


@pytest.mark.parametrize("report", ALL)
def test_sarif_keeps_to_its_standard(report: AuditReport) -> None:
    jsonschema.Draft202012Validator(SARIF).validate(loaded(report, Format.SARIF))


def test_a_sarif_result_names_its_rule_and_where_it_is() -> None:
    (run,) = loaded(FOUND, Format.SARIF)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [one["id"] for one in rules] == [fault.value for fault in RULES]
    for result, finding in zip(run["results"], FOUND.findings, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding.fault.value
    where = [[at["logicalLocations"][0]["name"] for at in one.get("locations", [])] for one in run["results"]]
    assert where == [["seal/2"], ["entry/12"], []]
    assert len({one["partialFingerprints"]["suyuanFinding/v1"] for one in run["results"]}) == 3


def test_a_sarif_message_holds_no_link_and_no_placeholder_of_the_log() -> None:
    (run,) = loaded(FOUND, Format.SARIF)["runs"]
    text = run["results"][1]["message"]["text"]
    assert "{{0}}" in text
    assert not re.search(r"(?<!\\)\[", text)


def test_what_could_not_be_checked_is_no_sarif_run_without_results() -> None:
    for report, succeeded in ((CLEAN, True), (FOUND, True), (UNCHECKED, False), (ALL[3], False)):
        (run,) = loaded(report, Format.SARIF)["runs"]
        (invocation,) = run["invocations"]
        assert invocation["executionSuccessful"] is succeeded
        assert invocation["exitCode"] == report.result.exit_code
        assert len(invocation["toolExecutionNotifications"]) == len(report.unchecked)


# -- HTML


@pytest.mark.parametrize("report", ALL)
def test_the_page_is_one_file_without_scripts_that_says_the_result_in_both_languages(report: AuditReport) -> None:
    text = render(report, ASKED, Format.HTML)
    page = Page(text)
    assert text.startswith("<!doctype html>")
    assert not {"script", "link", "img", "iframe", "object", "form"} & {tag for tag, _ in page.elements}
    names = {name for _, attributes in page.elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name in ("src", "href", "style")]
    for words in (RESULTS[report.result], VERDICTS[report.result]):
        assert words.zh in page.text
        assert words.en in page.text


def test_the_pages_policy_allows_its_own_style_and_nothing_else() -> None:
    text = render(FOUND, ASKED, Format.HTML)
    style = text.split("<style>")[1].split("</style>")[0]
    hashed = base64.b64encode(sha256(style.encode()).digest()).decode()
    (policy,) = [a["content"] for tag, a in Page(text).elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == f"default-src 'none'; style-src 'sha256-{hashed}'; base-uri 'none'; form-action 'none'"


def test_the_page_plots_growth_pace_kinds_and_speeds_where_there_are_any() -> None:
    titles = [CLEAN, replace(CLEAN, points=CLEAN.points[:1], kinds={}), UNCHECKED]
    assert [render(one, ASKED, Format.HTML).count("<svg xmlns") for one in titles] == [4, 1, 0]


def test_a_kind_that_there_is_none_of_is_shown_by_its_number() -> None:
    assert ">77 <" in render(replace(CLEAN, kinds={"77": 1}), ASKED, Format.HTML)


def test_result_shapes_differ() -> None:
    shapes = {re.findall('class="verdict ([a-z]+)"', render(one, ASKED, Format.HTML))[0] for one in ALL[:3]}
    assert shapes == {"ring", "cross", "dash"}


@given(st.text(max_size=200), st.sampled_from(list(Fault)), st.integers(-1, 2**53))
def test_no_detail_becomes_markup(detail: str, fault: Fault, where: int) -> None:
    def shape(text: str) -> list[str]:
        return [tag for tag, _ in Page(text).elements]

    said = replace(CLEAN, findings=(Finding(fault, where, detail),), unchecked=(detail,))
    plain = replace(CLEAN, findings=(Finding(fault, where, "x"),), unchecked=("x",))
    assert shape(render(said, ASKED, Format.HTML)) == shape(render(plain, ASKED, Format.HTML))


# -- secrets


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("report", ALL)
def test_no_report_holds_the_key_in_the_nodes_address(report: AuditReport, form: Format) -> None:
    text = render(report, ASKED, form)
    assert not re.search("secret|KEY|token", text)
    assert form is Format.TEXT or "https://node.example" in text


def test_a_host_is_all_that_is_kept_of_an_address() -> None:
    assert host("http://127.0.0.1:8545/x") == "http://127.0.0.1:8545"
    assert host("https://me:pw@node.example/KEY") == "https://node.example"
    assert host("http://[::1]:8545/KEY") == "http://[::1]:8545"
    assert [host(one) for one in ("http://[::1", "http://x:99999999/KEY", "KEY", "")] == [""] * 4
