"""Verify: a saved proof bundle, offline as far as it goes, and against nodes of the chain that must agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from suyuan.core import proof
from suyuan.core.errors import SuyuanError
from suyuan.core.proof import Bundle, Deployment, Judge, Obligation, Proven, Report, State

OpenJudge = Callable[[str], AbstractContextManager[Judge]]


@dataclass(frozen=True, slots=True)
class Verification:
    """The common answer to every obligation, and what each node's was. `need`: how many had to agree."""

    bundle: Bundle
    report: Report
    nodes: Mapping[str, Report | str]
    need: int


def verify(
    bundle: Bundle,
    *,
    pinned: Deployment | None,
    now: int,
    nodes: Sequence[str] = (),
    need: int = 1,
    judge_at: OpenJudge,
) -> Verification:
    """Verifies a bundle as it is at `now` (seconds). An obligation holds where `need` of the nodes' answers hold, and
    fails where as many fail; where both or neither do, it could not be checked. Without nodes what needs one is not.
    So it is with what was proven against the journal, too; a recall counts whoever tells of it.
    """
    of = pinned or bundle.deployment
    answers: dict[str, Report | str] = {}
    for node in nodes:
        try:
            with judge_at(node) as judge:
                answers[node] = proof.verify(bundle, pinned=of, now=now, judge=judge)
        except SuyuanError as error:
            answers[node] = str(error)
    offline = proof.verify(bundle, pinned=of, now=now)
    heard = [report if isinstance(report, Report) else offline for report in answers.values()]
    report = _agreed(offline, heard, need) if nodes else offline
    if pinned is None:
        report = _unpinned(report)
    return Verification(bundle, report, answers, need)


def _agreed(offline: Report, heard: Sequence[Report], need: int) -> Report:
    """What no node is needed for is said by all alike, and by those that are away."""
    obligations = []
    for place, alone in enumerate(offline.obligations):
        said = [report.obligations[place] for report in heard]
        holds = [one for one in said if one.state is State.HOLDS]
        fails = [one for one in said if one.state is State.FAILS]
        if len(holds) >= need > len(fails):
            obligations.append(Obligation(alone.number, State.HOLDS))
        elif len(fails) >= need > len(holds):
            obligations.append(fails[0])
        else:
            detail = f"{len(holds)} nodes say that it holds, {len(fails)} that it fails; {need} have to agree"
            reasons = [one.detail for one in said if one.state is State.UNCHECKED]
            obligations.append(Obligation(alone.number, State.UNCHECKED, "; ".join(dict.fromkeys([detail, *reasons]))))
    recalled = sorted({subject for report in heard for subject in report.recalled})
    proven, doubt = _faults(heard, need)
    if doubt and obligations[0].state is State.HOLDS:
        obligations[0] = Obligation(1, State.UNCHECKED, doubt)
    where = next((report for report in heard if report.obligations[0].state is obligations[0].state), offline)
    return Report(tuple(obligations), offline.not_shown, tuple(recalled), proven, where.line, where.predecessor)


def _faults(heard: Sequence[Report], need: int) -> tuple[tuple[Proven, ...], str]:
    """What was proven against the journals, where `need` nodes say so; and a doubt, where too few or both sides do.

    Receipts that were late are told as the node says that knows of most: they end nothing.
    """
    late: dict[str, int] = {}
    telling: dict[tuple[str, str], int] = {}
    for one in (one for report in heard for one in report.proven):
        late[one.journal] = max(late.get(one.journal, 0), one.late)
        if one.fault:
            telling[one.journal, one.fault] = telling.get((one.journal, one.fault), 0) + 1
    most = max(telling.values(), default=0)
    clean = sum(
        report.obligations[0].state is State.HOLDS and not any(one.fault for one in report.proven) for report in heard
    )
    agreed = {journal: fault for (journal, fault), count in telling.items() if count >= need > clean}
    doubt = ""
    if telling and not agreed and not clean >= need > most:
        doubt = f"{most} nodes say that a fault of the journal is proven, {clean} that none is; {need} have to agree"
    told = [Proven(journal, agreed.get(journal, ""), count) for journal, count in late.items()]
    return tuple(one for one in told if one.fault or one.late), doubt


def _unpinned(report: Report) -> Report:
    first, *rest = report.obligations
    if first.state is State.HOLDS:
        first = Obligation(1, State.UNCHECKED, "no deployment was pinned: the bundle's own word is no evidence")
    return replace(report, obligations=(first, *rest))
