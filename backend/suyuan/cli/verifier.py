"""`suyuan verifier`: the saved verifier's file, and whether the journal's contract has its hash."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from suyuan.cli import terminal

verifier_app = typer.Typer(help="The verifier's file, verify.html.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@verifier_app.command()
def publish(as_json: AsJson = False) -> None:
    """Put the hash of this package's verifier on-chain, with the node's admin key, if it is not there."""
    from suyuan.bootstrap import Registrar, verifier_hash
    from suyuan.config import Settings

    registrar = Registrar(Settings())
    try:
        tx = registrar.publish_verifier()
    finally:
        registrar.close()
    hash = verifier_hash().hex()
    terminal.say(
        {"sha256": hash, "tx": tx or None}, f"{hash} {'is published' if tx else 'was published before'}", as_json
    )


@verifier_app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A saved verify.html.", exists=True, dir_okay=False)],
    rpc: Annotated[str, typer.Option(help="JSON-RPC address of the chain, not the site's.")],
    journal: Annotated[str, typer.Option(help="The Journal's address, known from elsewhere than the file.")],
    as_json: AsJson = False,
) -> None:
    """Whether a journal's contract has the hash of a verifier's file. Exit 0 it has, 1 it has not."""
    from suyuan.bootstrap import verifier_since
    from suyuan.core.statements import address

    hash = sha256(file.read_bytes()).digest()
    since = verifier_since(rpc, address(journal.lower(), "journal"), hash)
    told = f"has it since {since}" if since else "does not have it: it is not what was published, or was altered"
    terminal.say({"sha256": hash.hex(), "since": since or None}, f"{hash.hex()}: the contract {told}", as_json)
    raise typer.Exit(0 if since else 1)
