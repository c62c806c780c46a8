"""`suyuan challenge`: show the contract what an operator did."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from suyuan.cli import terminal
from suyuan.core import errors

if TYPE_CHECKING:
    from suyuan.chain.port import Fault
    from suyuan.services.challenge import Accused, Case, Judged, Papers, Sent

_PROVEN, _NOTHING, _UNCHECKED = 0, 1, 2
_WEI = 10**18
_MOST = 20  # lines of one sort
_LONGEST = 500


def challenge(
    file: Annotated[
        list[Path],
        typer.Argument(
            help="Proof bundles, one-entry proofs, receipts, reports of `audit --json`.", exists=True, dir_okay=False
        ),
    ],
    rpc: Annotated[str, typer.Option(help="JSON-RPC address of the chain: yours, not the site's.")],
    journal: Annotated[
        str, typer.Option(help="Address of the Journal contract, where the files do not name one.")
    ] = "",
    log: Annotated[str, typer.Option(help="Address of the open log, to look up what the files leave open.")] = "",
    site: Annotated[str, typer.Option(help="Address of the site, to ask for its proofs of what an audit found.")] = "",
    key: Annotated[
        Path | None,
        typer.Option(help="Key file of who sends and pays; without one it is only tried.", exists=True, dir_okay=False),
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="File with the key's password; asked for if not given.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try it on the contract, and send nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Prove to the contract what an operator did wrong. Exit 0 proven, 1 nothing is, 2 could not be checked."""
    from suyuan.bootstrap import challenge_at
    from suyuan.chain.keystore import load
    from suyuan.services import challenge as service

    by = load(key, terminal.password(password_file)) if key is not None else None
    papers = service.read((str(one), _content(one)) for one in file)
    told = _Told(_Way.SENDS if by is not None and not dry_run else _Way.TRIES if by is not None else _Way.HAS_NO_KEY)
    try:
        told.journal = _journal(papers, journal)
        with challenge_at(rpc, told.journal, log, site) as accused, terminal.bar() as bar:
            task = bar.add_task("entries", visible=bool(log))
            told.case = service.examine(
                accused, papers, now=int(time.time()), progress=lambda n, all: bar.update(task, completed=n, total=all)
            )
            told.judged = [
                service.judge(accused.chain, one, by)
                for one in bar.track(told.case.charges, description="proofs tried")
            ]
            told.before = accused.chain.standings().ended
            if by is not None and told.way is _Way.SENDS:
                for charge in service.needed(told.judged, told.before):
                    told.sent[id(charge)] = service.send(accused.chain, by, charge)
            told.stand(accused)
    except errors.Unavailable as error:
        told.error = str(error)
    except errors.ChainRefused as error:
        told.error = f"it was not sent: {error}"
    if told.case is None:
        told.case = service.Case((), tuple(papers.notes), (*papers.audits, *service.two_journals(papers)), ())
    said = json.dumps(told.as_json(), ensure_ascii=False, sort_keys=True) if as_json else "\n".join(told.lines())
    sys.stdout.write(said + "\n")
    raise typer.Exit(told.exit_code)


class _Way(StrEnum):
    """What becomes of a proof; the word: why it was not sent."""

    SENDS = "the contract needs nothing more"
    TRIES = "it was tried"
    HAS_NO_KEY = "--key says who sends it"


class _Told:
    """What there is to say."""

    def __init__(self, way: _Way) -> None:
        self.way = way
        self.journal = ""
        self.case: Case | None = None
        self.judged: list[Judged] = []
        self.sent: dict[int, Sent] = {}  # by the charge's id
        self.error = ""
        self.before: Fault | None = None  # what had ended the journal when it was tried
        self.ended = ""
        self.late = 0

    def stand(self, accused: Accused) -> None:
        """How the journal stands now."""
        standings = accused.chain.standings()
        self.ended = _word(standings.ended) if standings.ended else ""
        self.late = standings.late

    @property
    def proven(self) -> list[Judged]:
        from suyuan.services.challenge import Ruling

        return [one for one in self.judged if one.ruling is not Ruling.REFUSED]

    @property
    def exit_code(self) -> int:
        if self.error and not self.sent:
            return _UNCHECKED
        if self.proven:
            return _PROVEN
        return _UNCHECKED if self.case is not None and self.case.unchecked else _NOTHING

    @property
    def result(self) -> str:
        if self.exit_code == _PROVEN:
            return "proven" if self.way is _Way.SENDS else "provable"
        return "nothing is proven by these files" if self.exit_code == _NOTHING else "could not be checked"

    def as_json(self) -> dict[str, Any]:
        case = self.case
        assert case is not None
        return {
            "result": self.result,
            "journal": self.journal,
            "proofs": [self._proof(one) for one in self.judged],
            "notes": list(case.notes),
            "audits": list(case.audits),
            "unchecked": [*case.unchecked, *([self.error] if self.error else [])],
            "ended": self.ended,
            "late": self.late,
        }

    def _proof(self, one: Judged) -> dict[str, Any]:
        sent = self.sent.get(id(one.charge))
        return {
            "fault": _word(one.charge.fault),
            "says": one.charge.says,
            "ruling": one.ruling.name.lower(),
            "reason": one.reason,
            "gas": one.gas,
            "wei": one.wei,
            "sent": sent and {"tx": "0x" + sent.tx.hex(), "block": sent.block, "gas": sent.gas},
        }

    def lines(self) -> list[str]:
        case = self.case
        assert case is not None
        lines = [f"{self.result}{': ' + self.journal if self.journal else ''}"]
        for one in self.judged:
            lines += _some(f"{_word(one.charge.fault)}: ", [one.charge.says])
            lines.append(f"    {one.ruling}{': ' + one.reason if one.reason else self._effect(one)}{_cost(one)}")
            sent = self.sent.get(id(one.charge))
            if sent is not None:
                lines.append(f"    sent: 0x{sent.tx.hex()}, in block {sent.block}, {sent.gas:,} gas")
        lines += _some("", case.notes)
        lines += _some("for audits and readers, not for the contract: ", case.audits)
        lines += _some("not checked: ", (*case.unchecked, *([self.error] if self.error else [])))
        if self.proven and not self.sent and not self.error:
            lines.append(f"  nothing was sent: {self.way}")
        if self.ended:
            lines.append(f"  the journal is ended by a proven fault: {self.ended}")
        if self.late:
            lines.append(f"  receipts proven late: {self.late}")
        return lines

    def _effect(self, one: Judged) -> str:
        from suyuan.chain.port import Fault
        from suyuan.services.challenge import Ruling

        if one.ruling is Ruling.COUNTED:
            return ""
        if one.charge.fault is Fault.LATENESS:
            return ", and counts a late receipt; the journal goes on"
        if self.before:
            return "; the journal was at its end before"
        return ", and it ends the journal: no seal after"


def _journal(papers: Papers, named: str) -> str:
    """The journal that is meant. Raises Unavailable where neither the files nor the reader say which."""
    from suyuan.core.statements import address

    if named:
        return address(named.lower(), "journal")
    journals = list(dict.fromkeys(one.journal for one in papers.deployments()))
    if len(journals) != 1:
        said = f"the files are of {len(journals)} journals" if journals else "the files name no journal"
        raise errors.Unavailable(f"{said}: --journal says which is meant")
    return journals[0]


def _content(file: Path) -> bytes:
    """No more of a file than shows that it is too large."""
    from suyuan.services.challenge import FILE_LIMIT

    with file.open("rb") as opened:
        return opened.read(FILE_LIMIT + 1)


def _word(fault: Any) -> str:
    return str(fault.name).lower().replace("_", " ")


def _some(begin: str, told: Sequence[str]) -> list[str]:
    """A line each, of what strangers' files may say: no more lines, and nothing in them, than a terminal can bear."""
    lines = [f"  {begin}{''.join(c if c.isprintable() else '?' for c in one[:_LONGEST])}" for one in told[:_MOST]]
    return lines + [f"  {begin}and {len(told) - _MOST} more"] * (len(told) > _MOST)


def _cost(one: Judged) -> str:
    return f"; about {one.gas:,} gas, for at most {one.wei / _WEI:.6f} of the chain's coin" if one.gas else ""
