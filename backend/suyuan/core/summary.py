"""The summary of an audit that its auditor signs and hands in to a site (docs/architecture.md, Audits handed in).

It holds nothing personal and no free text. What was found stands in the report whose hash it names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from suyuan.core.errors import Malformed

KIND = "audit"
SUBJECT = "/terms/audit"
_HASH = re.compile(r"[0-9a-f]{64}")
_COUNTS = ("entries", "seals", "seal", "findings", "auditedAt")


class Result(StrEnum):
    """What an audit came to."""

    CLEAN = "clean"
    FINDINGS = "findings"
    UNCHECKED = "could not be checked"


@dataclass(frozen=True, slots=True)
class Summary:
    """An audit of so many entries under so many seals. `seal`: number of the newest, `root` its root, as rebuilt;
    `report`: SHA-256 of the report as JSON; both in hex. `audited_at` in seconds.
    """

    entries: int
    seals: int
    seal: int
    root: str
    result: Result
    findings: int
    report: str
    audited_at: int

    def as_json(self) -> dict[str, Any]:
        """What is signed: `public` of the statement."""
        return {
            "entries": self.entries,
            "seals": self.seals,
            "seal": self.seal,
            "root": self.root,
            "result": self.result.value,
            "findings": self.findings,
            "report": self.report,
            "auditedAt": self.audited_at,
        }


def parse(public: object) -> Summary:
    """Reads what `as_json` gave. Raises Malformed for anything else, or for what cannot be true of any audit."""
    if not isinstance(public, dict) or public.keys() != {*_COUNTS, "root", "result", "report"}:
        raise Malformed(
            f"holds {', '.join(sorted((*_COUNTS, 'root', 'result', 'report')))}, and nothing else", "public"
        )
    for name in _COUNTS:
        if type(public[name]) is not int or not 0 <= public[name] < 2**53:
            raise Malformed("is a number", f"public/{name}")
    for name in ("root", "report"):
        if not isinstance(public[name], str) or not _HASH.fullmatch(public[name]):
            raise Malformed("is a SHA-256 in lower-case hex", f"public/{name}")
    if public["result"] not in list(Result):
        raise Malformed(f"is one of: {'; '.join(Result)}", "public/result")
    result = Result(public["result"])
    if (result is Result.CLEAN and public["findings"]) or (result is Result.FINDINGS and not public["findings"]):
        raise Malformed(f"with {public['findings']} findings is not {result}", "public/result")
    return Summary(
        public["entries"], public["seals"], public["seal"], public["root"], result, public["findings"],
        public["report"], public["auditedAt"],
    )  # fmt: skip
