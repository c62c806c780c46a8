"""`suyuan reviews`: what the operator decides of reviews, with the node's own key, on the node's own machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from suyuan.cli import terminal

if TYPE_CHECKING:
    from suyuan.bootstrap import Node

review_app = typer.Typer(help="Withhold, restore, erase and list reviews, on the node.", no_args_is_help=True)

Right = Annotated[str, typer.Argument(help="The right that the review was written with: 64 hex digits.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@contextmanager
def _node() -> Iterator[Node]:
    from suyuan.bootstrap import open_node
    from suyuan.config import Settings

    node = open_node(Settings())
    try:
        yield node
    finally:
        node.close()


def _decided(act: Callable[[Node], Any], right: str, done: str, as_json: bool) -> None:
    with _node() as node:
        accepted = act(node)
    terminal.say({"right": right, "index": accepted.first}, f"{done}, recorded at {accepted.first}", as_json)


@review_app.command()
def withhold(
    right: Right,
    reason: Annotated[str, typer.Option(help="abuse, illegal, personal, advertising, fake or order.")],
    basis: Annotated[str, typer.Option(help="The law that it stands on, as CC-1024.")],
    as_json: AsJson = False,
) -> None:
    """Withhold a review; it stays counted, with the reason."""
    _decided(lambda node: node.reviews.withhold(right, reason, basis), right, "withheld", as_json)


@review_app.command()
def restore(
    right: Right,
    reason: Annotated[str, typer.Option(help="mistake, appeal or order.")],
    as_json: AsJson = False,
) -> None:
    """Show a withheld review again."""
    _decided(lambda node: node.reviews.restore(right, reason), right, "restored", as_json)


@review_app.command()
def erase(
    right: Right,
    basis: Annotated[str, typer.Option(help="PIPL-47 or GDPR-17.")],
    as_json: AsJson = False,
) -> None:
    """Destroy all that is kept about the buyer of a right who asked for it; proofs stay whole."""
    with _node() as node:
        erased = node.erasure.by_operator(right, basis)
    indices = [one.first for _, one in erased.reviews]
    terminal.say(
        {"right": right, "entries": indices}, f"the buyer is erased, and with it reviews: {len(indices)}", as_json
    )  # fmt: skip


@review_app.command("list")
def list_reviews(
    gtin: Annotated[str, typer.Argument(help="14 digits.")],
    as_json: AsJson = False,
) -> None:
    """List a product's reviews, without their words."""
    with _node() as node:
        rows = node.reviews.about(gtin)
    value = [
        {
            "right": row.right.hex(), "index": row.first, "stars": row.review.stars, "state": row.review.state.value,
            "withheld": row.review.withheld, "content": row.review.content.value, "reply": row.review.reply.value,
        }
        for row in rows
    ]  # fmt: skip
    lines = [
        f"{one['right']}  {one['stars']}  {one['withheld'] and 'withheld: '}{one['withheld'] or one['state']}"
        f"{', erased' if one['content'] == 'erased' else ''}"
        for one in value
    ]
    terminal.say(value, "\n".join(lines) or "none", as_json)


@review_app.command("inspect")
def inspect_reviews(as_json: AsJson = False) -> None:
    """Print signs of faking among reviews and orders, with their evidence: to be looked into, not verdicts."""
    with _node() as node:
        flags = node.inspector.flags()
    lines = []
    for flag in flags:
        strength = flag.strength
        lines += [f"{flag.sign.value}  {strength.name.value} {strength.corrected:.2g}", f"  {flag.english}"]
        lines += [f"  {flag.chinese}", f"  {json.dumps(dict(flag.evidence), ensure_ascii=False, sort_keys=True)}"]
    terminal.say([flag.as_json() for flag in flags], "\n".join(lines) or "nothing was seen", as_json)
