"""`suyuan succeed`: go on in a new Journal, from the newest seal of the old one."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

if TYPE_CHECKING:
    from suyuan.services.succeed import Succession


def succeed(
    from_seal: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="The newest seal in this database, where the journal has gone further: after a backup was restored.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Go on in a new Journal that names the old one and its newest seal. Stop the site first, start it afterwards.

    Cut off, it goes on when it is run again. It cannot be undone.
    """
    from suyuan.bootstrap import open_successor
    from suyuan.config import Settings
    from suyuan.services.succeed import Step

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        open_successor(Settings()) as successor,
        Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bars,
    ):
        tasks = {step: bars.add_task(step.value, total=None, visible=False) for step in Step}

        def progress(step: Step, done: int, all: int) -> None:
            bars.update(tasks[step], completed=done, total=all, visible=True)

        made = successor.run(from_seal, progress)
    text = json.dumps(_value(made), ensure_ascii=False, sort_keys=True) if as_json else "\n".join(_lines(made))
    sys.stdout.write(text + "\n")


def _value(made: Succession) -> dict[str, Any]:
    return {
        "state": made.state.value,
        "journal": made.deployment.journal,
        "chain": made.deployment.chain_id,
        "predecessor": {"journal": made.old, "seal": made.seal.number, "size": made.seal.size},
        "ended": made.ended.name.lower().replace("_", " "),
        "sealsLeft": made.left,
        "waiting": made.waiting,
        "openAppeals": [{"number": one.number, "by": one.by, "tx": "0x" + one.tx.hex()} for one in made.open],
    }


def _lines(made: Succession) -> list[str]:
    from suyuan.services.succeed import State

    told = {
        State.MADE: "",
        State.FINISHED: ", as was begun before",
        State.STANDS: " already, and has no seal of its own yet: nothing was done",
    }
    lines = [
        f"{made.deployment.journal} goes on from {made.old}, from its seal {made.seal.number} of {made.seal.size}"
        f" entries{told[made.state]}"
    ]
    if made.ended:
        lines.append(f"  a proven fault has ended the old journal: {made.ended.name.lower().replace('_', ' ')}")
    if made.left:
        lines.append(
            f"  {made.left} newer seals of the old journal are left behind: what they hold is recorded anew, or it is"
            " missing, and everyone can see that"
        )
    if made.waiting:
        lines.append(
            f"  {made.waiting} entries wait for the new journal's next seal; receipts that the old one gave for any of"
            " them are promises of the old one"
        )
    for one in made.open:
        lines.append(
            f"  appeal {one.number} by {one.by} (0x{one.tx.hex()}) does not come along: the new contract does not know"
            " it, its author has to appeal again"
        )
    lines.append(
        f"  pin {made.deployment.chain_id}/{made.deployment.journal} from now on, and tell your readers and auditors"
    )
    return lines
