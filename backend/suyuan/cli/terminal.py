"""What every command does at a terminal: say a result, ask for a password, show how far it has come."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def _site(url: str) -> str:
    from suyuan.config import Settings

    return url or Settings().url


Url = Annotated[
    str,
    typer.Option(
        "--url",
        envvar="SUYUAN_URL",
        callback=_site,
        help="The site's address; by default that of SUYUAN_HOST and SUYUAN_PORT.",
    ),
]


def say(value: Any, sentence: str, as_json: bool) -> None:
    """JSON for a program, a sentence for a person."""
    sys.stdout.write((json.dumps(value, ensure_ascii=False, sort_keys=True) if as_json else sentence) + "\n")


def password(file: Path | None) -> str:
    """A key's password: what the file holds, else what is typed."""
    if file is not None:
        return file.read_text().strip()
    return str(typer.prompt("Password", hide_input=True, err=True))


def bar() -> Progress:
    """How far a long work has come, on stderr where that is a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def address(text: str, field: str = "address") -> str:
    """An address, in whatever letters it was typed. Raises Malformed."""
    from suyuan.core import statements

    return statements.address(text.lower(), field)
