"""`suyuan evidence`: all that is recorded of one subject, with its proofs, in one archive."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from suyuan.cli import terminal
from suyuan.core import errors


def evidence(
    subject: Annotated[
        str,
        typer.Argument(help="A path such as /01/…/21/… or /order/…, a GS1 Digital Link, or a right: 64 hex digits."),
    ],
    output: Annotated[Path, typer.Option(help="The ZIP file to write.", dir_okay=False)],
    url: terminal.Url = "",
    rpc: Annotated[
        list[str] | None,
        typer.Option(
            help="JSON-RPC address of the chain, not the site's; may be repeated. Without one the site's own"
            " node is asked, and the pack says so."
        ),
    ] = None,
    need: Annotated[int, typer.Option(min=1, help="How many of these nodes have to agree.")] = 1,
    journal: Annotated[str, typer.Option(help="The Journal's address, known from elsewhere than the site.")] = "",
    chain: Annotated[int, typer.Option(help="The chain's id, known likewise; the site's if not given.")] = 0,
    receipt: Annotated[
        list[Path] | None,
        typer.Option(help="Receipts, to see what became of them; may be repeated.", exists=True, dir_okay=False),
    ] = None,
    typeface: Annotated[
        Path | None,
        typer.Option(
            help="TrueType font with Chinese to embed in the report; without one it asks its reader for a Song face.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    private: Annotated[
        bool,
        typer.Option("--private", help="Of an order, with its private content: on the node, from its data folder."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Gather all that is recorded of a subject, with its proofs. Exit 0 it holds, 1 it fails, 2 not all was checked."""
    from suyuan.bootstrap import open_evidence
    from suyuan.core import canonical, proof
    from suyuan.core.evidence import promises_in
    from suyuan.core.statements import address
    from suyuan.services import evidence as service

    nodes = tuple(dict.fromkeys(rpc or ()))
    if need > max(1, len(nodes)):
        raise errors.Malformed(f"{need} of {len(nodes)} nodes cannot agree", "need")
    pinned = proof.Deployment(chain, address(journal.lower(), "journal")) if journal else None
    promises = tuple(one for file in receipt or () for one in promises_in(canonical.parse(file.read_bytes())))
    draft = output.with_name(f".{output.name}.new")
    with open_evidence("" if private else url) as desk, terminal.bar() as bar:
        tasks: dict[str, int] = {}

        def progress(what: str, done: int, all: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what)
            bar.update(tasks[what], completed=done, total=all)  # type: ignore[arg-type]

        pack = desk.gather(
            subject, pinned=pinned, nodes=nodes, need=need, promises=promises, typeface=typeface, private=private,
            now=int(time.time()), progress=progress,
        )  # fmt: skip
        try:
            with draft.open("wb") as target:
                files = service.write(pack, target)
            draft.replace(output)
        finally:
            draft.unlink(missing_ok=True)
    value = {
        "subject": pack.wanted.subject,
        "file": str(output),
        "result": pack.state.value,
        "independent": pack.independent,
        "files": len(files) + 1,
        "receipts": [one.outcome.value for one in pack.receipts],
        "problems": list(pack.problems),
    }
    lines = [f"{output} has {len(files) + 1} files about {pack.wanted.subject}: {service.summary(pack)}"]
    lines += [f"  receipt for entry {one.promise.receipt.index}: {one.outcome.value}" for one in pack.receipts]
    lines += [f"  {problem}" for problem in pack.problems]
    lines += [f"  {node}: {said}" for node, said in pack.nodes.items() if said != service.ANSWERED]
    sys.stdout.write((json.dumps(value, ensure_ascii=False, sort_keys=True) if as_json else "\n".join(lines)) + "\n")
    raise typer.Exit({proof.State.HOLDS: 0, proof.State.FAILS: 1, proof.State.UNCHECKED: 2}[pack.state])
