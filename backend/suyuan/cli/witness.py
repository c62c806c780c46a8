"""`suyuan witness`: cosign logs' tree heads. `suyuan log check`: hold a checkpoint against a policy."""

from __future__ import annotations

import logging
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from suyuan.cli import terminal
from suyuan.core import errors
from suyuan.core.proof import State

if TYPE_CHECKING:
    from suyuan.core.notes import Verifier
    from suyuan.core.policy import Policy
    from suyuan.core.proof import Bundle
    from suyuan.services.checkpoint import Answer

witness_app = typer.Typer(help="Cosign what extends what was seen before (C2SP tlog-witness).")

Folder = Annotated[
    Path, typer.Option("--folder", help="Folder of the witness's key and memory; an older copy must never be used.")
]
Logs = Annotated[list[str] | None, typer.Option("--log", help="A log's key, name+id+base64; may be repeated.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
_FOLDER = Path("witness")
_REQUESTS = 256  # that are answered at once
_EXIT = {State.HOLDS: 0, State.FAILS: 1, State.UNCHECKED: 2}


@witness_app.callback(invoke_without_command=True)
def witness(
    context: typer.Context,
    folder: Folder = _FOLDER,
    log: Logs = None,
    policy: Annotated[
        Path | None, typer.Option(help="Policy file (C2SP tlog-policy) that names logs.", exists=True, dir_okay=False)
    ] = None,
    chain: Annotated[str, typer.Option(help="JSON-RPC address: cosign only what is sealed on that chain.")] = "",
    journal: Annotated[str, typer.Option(help="Address of the Journal contract there.")] = "",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8100,
) -> None:
    """Run a witness: it cosigns the tree heads of these logs that extend what it has cosigned."""
    if context.invoked_subcommand is not None:
        return
    if bool(chain) != bool(journal):
        raise errors.Malformed("--chain and --journal go together", "chain")
    logs = _keys(log) + ([known.verifier for known in _policy(policy).logs] if policy else [])
    if not logs:
        raise errors.Malformed("a witness has a log: --log or --policy", "log")
    import uvicorn
    from uvicorn.importer import import_from_string

    from suyuan.bootstrap import open_witness

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    opened = open_witness(folder, logs, rpc=chain, journal=terminal.address(journal, "journal") if journal else "")
    sys.stderr.write(f"{opened.verifier} cosigns {', '.join(one.name for one in logs)} at http://{host}:{port}\n")
    uvicorn.run(
        import_from_string("suyuan.api.witness:create")(opened),  # a door imports no other
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        limit_concurrency=_REQUESTS,
    )


@witness_app.command("key")
def witness_key(
    name: Annotated[str, typer.Argument(help="The witness's name, like witness.example/w1.")],
    folder: Folder = _FOLDER,
    as_json: AsJson = False,
) -> None:
    """Make a witness's key, and print its public half for policies."""
    from suyuan.bootstrap import make_witness_key

    key = str(make_witness_key(folder, name))
    terminal.say({"key": key, "folder": str(folder)}, key, as_json)


def log_check(
    source: Annotated[str, typer.Argument(help="A log's address, its exported folder, or a checkpoint's file.")],
    policy: Annotated[Path, typer.Option(help="Policy file (C2SP tlog-policy).", exists=True, dir_okay=False)],
    log: Logs = None,
    rpc: Annotated[str, typer.Option(help="JSON-RPC address of the chain: yours, not the site's.")] = "",
    journal: Annotated[str, typer.Option(help="Address of the Journal contract.")] = "",
    seen: Annotated[
        Path | None,
        typer.Option(help="File with the checkpoint seen last; this one takes its place if it holds.", dir_okay=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold a checkpoint against a policy. Exit 0 it holds, 1 it fails, 2 it could not be checked."""
    from suyuan.bootstrap import chain_as_of
    from suyuan.services.checkpoint import Source, check

    if bool(rpc) != bool(journal):
        raise errors.Malformed("--rpc and --journal go together", "rpc")
    by, logs = _policy(policy), _keys(log)
    before = seen.read_text() if seen is not None and seen.exists() else None
    with ExitStack() as stack:
        read = Source(source)
        stack.callback(read.close)
        try:
            note = read.checkpoint()
            chain = stack.enter_context(chain_as_of(rpc, terminal.address(journal, "journal"))) if rpc else None
            report = check(note, by, logs=logs, chain=chain, seen=before, hashes=read.hashes, newest=read.live)
        except (errors.Unavailable, errors.Malformed) as error:
            state = State.UNCHECKED
            terminal.say({"result": state.value, "detail": str(error)}, f"{state.value}: {error}", as_json)
            raise typer.Exit(_EXIT[state]) from None
    if seen is not None and report.state is State.HOLDS:
        draft = seen.with_name(f".{seen.name}.draft")
        draft.write_text(note)
        draft.replace(seen)
    head, cosigned = report.policy.head, report.policy.cosigned
    value = {
        "result": report.state.value,
        "origin": head.origin,
        "size": head.size,
        "root": head.root.hex(),
        "heads": head.heads.hex(),
        "cosigned": dict(cosigned),
        "answers": [{"against": a.against.value, "state": a.state.value, "detail": a.detail} for a in report.answers],
    }
    lines = [f"{report.state.value}: {head.origin}, {head.size} entries"]
    lines += [f"  {a.against.value}: {a.state.value}{a.detail and ': '}{a.detail}" for a in report.answers]
    lines += [f"  {name} cosigned at {_when(at)}" for name, at in cosigned.items()]
    terminal.say(value, "\n".join(lines), as_json)
    raise typer.Exit(_EXIT[report.state])


def witnessed(bundle: Bundle, policy: Path, checkpoint: str) -> Answer:
    """Whether a proof's seal is what a policy's witnesses cosigned, by a checkpoint at an address or in a file."""
    from suyuan.services.checkpoint import Against, Answer, Source, check_witnessed

    by, read = _policy(policy), Source(checkpoint)
    try:
        return check_witnessed(read.checkpoint(), by, bundle.deployment, bundle.seal)
    except (errors.Unavailable, errors.Malformed) as error:
        return Answer(Against.PROOF, State.UNCHECKED, str(error))
    finally:
        read.close()


def _policy(file: Path) -> Policy:
    from suyuan.core.policy import parse_policy

    return parse_policy(file.read_bytes())


def _keys(texts: list[str] | None) -> list[Verifier]:
    from suyuan.core.notes import KeyType, Verifier

    keys = [Verifier.parse(text) for text in texts or ()]
    for key in keys:
        if key.type is not KeyType.NOTE:
            raise errors.Malformed(f"{key.name} has a witness's key", "log")
    return keys


def _when(second: int) -> str:
    """A time as UTC; what no calendar has (a witness may say anything) as it is."""
    try:
        return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}Z"
    except (ValueError, OverflowError, OSError):
        return f"second {second}"
