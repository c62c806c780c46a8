"""`suyuan appeal`, `suyuan appeals`: go past a platform that refuses a record; and what a platform has to answer."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from suyuan.cli import terminal
from suyuan.core import errors

if TYPE_CHECKING:
    from suyuan.core.appeal import Asked
    from suyuan.services.appeal import Cost, Sent, Standing

_ETHER = 10**18
_SEND = "send"


class _FileFirst(TyperGroup):
    """`suyuan appeal FILE` is `suyuan appeal send FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = [_SEND, *args]
        return super().parse_args(ctx, args)


appeal_app = typer.Typer(
    cls=_FileFirst,
    help="Put a record that a site refuses on-chain: `suyuan appeal FILE …`; the journal then has to take it up.",
    no_args_is_help=True,
)

Rpc = Annotated[str, typer.Option(help="JSON-RPC address of the chain: yours, not the site's.")]
Journal = Annotated[str, typer.Option(help="Address of the Journal contract.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@appeal_app.command(_SEND)
def send(
    file: Annotated[
        Path,
        typer.Argument(
            help="What the site refused, as it was sent: the signed statement with what it states.",
            exists=True,
            dir_okay=False,
        ),
    ],
    rpc: Rpc,
    journal: Journal,
    key: Annotated[
        Path | None, typer.Option(help="Key file of who pays: anyone with money.", exists=True, dir_okay=False)
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="File with the key's password; asked for if not given.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would be, and send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Appeal: put a refused record on-chain, and say by when an answer is due."""
    from suyuan.bootstrap import chain_at
    from suyuan.chain.keystore import load
    from suyuan.core import appeal, canonical
    from suyuan.core.statements import address
    from suyuan.services import appeal as service

    value = canonical.parse(file.read_bytes())
    if not isinstance(value, dict):
        raise errors.Malformed("holds no JSON object", str(file))
    made = appeal.compose(value)
    asked = appeal.read(made.body)
    assert asked is not None  # it was composed just now
    about = [f"an appeal of {len(made.body)} bytes for {_asks(asked)}"]
    about += [f"  left out, and named by its hash alone or not at all: {name}" for name in made.left_out]
    told: dict[str, Any] = {"bytes": len(made.body), "leftOut": list(made.left_out), "asks": _as_json(asked)}
    if dry_run:
        terminal.say({**told, "body": made.body.decode()}, "\n".join([*about, "  nothing was sent"]), as_json)
        return
    if key is None:
        raise errors.Malformed("says who pays; or give --dry-run", "--key")
    signer = load(key, terminal.password(password_file))
    _note([*about])
    with chain_at(rpc, address(journal.lower(), "journal")) as chain:
        sent = service.send(chain, signer, made.body, lambda cost: _note([_cost(cost)]))
    terminal.say(told | _sent_json(sent), _sent(sent), as_json)


@appeal_app.command()
def status(
    rpc: Rpc,
    journal: Journal,
    number: Annotated[int | None, typer.Argument(help="The appeal's number.", min=1)] = None,
    all: Annotated[bool, typer.Option("--all", help="Every appeal.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show whether an appeal is answered, by the contract's word."""
    from suyuan.bootstrap import chain_at
    from suyuan.core.statements import address
    from suyuan.services import appeal as service

    if (number is None) != all:
        raise errors.Malformed("give a number, or --all", "number")
    with chain_at(rpc, address(journal.lower(), "journal")) as chain:
        found = service.standing(chain, number, now=time.time())
    lines = [_standing(one) for one in found] or ["the contract was asked no appeal"]
    value = [_standing_json(one) for one in found]
    terminal.say(value if all else value[0], "\n".join(lines), as_json)


def appeals(
    every: Annotated[bool, typer.Option("--all", help="Also those that are answered.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the appeals that this node has to answer, the oldest first, and what each asks by its own word."""
    from suyuan.bootstrap import open_node
    from suyuan.config import Settings

    node = open_node(Settings())
    try:
        rows = []
        after, before = 0, None
        while part := node.appeals.newest(before) if every else node.appeals.open(after):
            rows += part
            after = before = part[-1].number
    finally:
        node.close()
    rows.sort(key=lambda one: one.number)
    lines = [
        f"{one.number}  {one.state.value}, asked {_when(one.asked_at)}, due {_when(one.due)}, entry {one.index}: "
        + (_asks(one.asks) if one.asks else f"{one.size} bytes that cannot be read as an appeal, SHA-256 {one.body}")
        for one in rows
    ]
    terminal.say([one.as_json() for one in rows], "\n".join(lines or ["no appeal is open"]), as_json)


# -- words


def _asks(asked: Asked) -> str:
    """What is asked by its own word; subjects and addresses hold nothing but plain characters."""
    about = f" about {asked.subject}" if asked.subject else ""
    by = asked.by if asked.by.startswith("0x") else f"the shopper's key {asked.by[:16]}…"
    return f"a {asked.kind}{about}, signed as {by}"


def _as_json(asked: Asked | None) -> dict[str, Any] | None:
    if asked is None:
        return None
    return {"kind": asked.kind, "subject": asked.subject, "by": asked.by, "issuedAt": asked.issued_at}


def _cost(cost: Cost) -> str:
    most = cost.fee + cost.gas * cost.gas_price
    return (
        f"it costs the fee of {_ether(cost.fee)} and at most {cost.gas} gas of {cost.gas_price / 10**9:.9g} gwei: "
        f"{_ether(most)} in all; sending"
    )


def _sent(one: Sent) -> str:
    return (
        f"appeal {one.number} is on-chain in block {one.block}, for {one.gas} gas; an answer is due by "
        f"{_when(one.due)}: past that a seal is taken only with answers to the oldest overdue"
    )


def _sent_json(one: Sent) -> dict[str, Any]:
    return {
        "number": one.number, "tx": "0x" + one.tx.hex(), "block": one.block, "askedAt": one.asked_at, "due": one.due,
        "gas": one.gas, "paid": str(one.paid),
    }  # fmt: skip


def _standing(one: Standing) -> str:
    record = one.record
    asks = _asks(one.asks) if one.asks else f"{len(record.body)} bytes that cannot be read as an appeal"
    if record.answered is not None:
        seal, index = record.answered
        return f"{record.number}  answered by entry {index}, against seal {seal}: {asks}"
    past = one.state.value == "overdue"
    due = f"overdue since {_when(one.due)}" if past else f"due {_when(one.due)}"
    return f"{record.number}  open, {due}: {asks}"


def _standing_json(one: Standing) -> dict[str, Any]:
    record = one.record
    seal, index = record.answered or (None, None)
    return {
        "number": record.number, "state": one.state.value, "by": record.by, "tx": "0x" + record.tx.hex(),
        "askedAt": record.asked_at, "due": one.due, "seal": seal, "index": index, "asks": _as_json(one.asks),
        "body": record.body.hex(),
    }  # fmt: skip


def _ether(wei: int) -> str:
    return f"{wei / _ETHER:.6g} ETH"


def _when(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _note(lines: Sequence[str]) -> None:
    """For a person who waits; a program reads the other output."""
    sys.stderr.write("".join(line + "\n" for line in lines))
