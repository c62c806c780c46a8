"""`suyuan order`, `suyuan shop`, `suyuan parcel`: a shop's messages, its secret, and labels for its parcels."""

from __future__ import annotations

import os
import secrets
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from suyuan.cli import terminal
from suyuan.core import errors

if TYPE_CHECKING:
    from suyuan.shop import Line, Shop

order_app = typer.Typer(help="Place, ship and deliver orders, as a shop.", no_args_is_help=True)
shop_app = typer.Typer(help="Shops that this node listens to.", no_args_is_help=True)
parcel_app = typer.Typer(help="Parcels.", no_args_is_help=True)


ShopId = Annotated[str, typer.Option("--shop", envvar="SUYUAN_SHOP", help="The shop's id.")]
SecretFile = Annotated[
    Path, typer.Option("--secret-file", help="File with the shop's secret.", exists=True, dir_okay=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Reference = Annotated[str, typer.Argument(help="The shop's order number.")]
Sscc = Annotated[str, typer.Argument(help="The parcel's SSCC, 18 digits.")]


@shop_app.command("add")
def shop_add(
    id: Annotated[str, typer.Argument(help="The shop's id: lower-case letters, digits, dashes.")],
    merchant: Annotated[str, typer.Option(help="The participant who answers for it.")],
    secret_file: Annotated[Path, typer.Option(help="Where to write its secret; it is shown nowhere.", dir_okay=False)],
    as_json: AsJson = False,
) -> None:
    """Add a shop to this node, and write the secret of its messages to a file for its owner alone."""
    from suyuan.bootstrap import add_shop
    from suyuan.config import Settings

    secret = secrets.token_bytes(32)
    _write_private(secret_file, secret.hex() + "\n")  # first: a shop whose secret nobody has would be of no use
    try:
        add_shop(Settings(), id, merchant.lower(), secret)
    except BaseException:
        secret_file.unlink()
        raise
    terminal.say({"shop": id, "file": str(secret_file)}, f"the secret of {id} is in {secret_file}", as_json)


@order_app.command("place")
def order_place(
    file: Annotated[
        Path, typer.Argument(help="JSON: reference, buyer, lines, payment, contact.", exists=True, dir_okay=False)
    ],
    shop: ShopId,
    secret_file: SecretFile,
    url: terminal.Url = "",
    as_json: AsJson = False,
) -> None:
    """Place an order."""
    from suyuan.core import canonical

    value = canonical.parse(file.read_bytes())
    if not isinstance(value, dict):
        raise errors.Malformed("holds no JSON object", str(file))
    with closing(_shop(url, shop, secret_file)) as speaker:
        answer = speaker.send("/v1/orders", value)
    terminal.say(answer, f"{answer['order']} is recorded at {answer['index']}", as_json)


@order_app.command("ship")
def order_ship(
    reference: Reference,
    sscc: Sscc,
    shop: ShopId,
    secret_file: SecretFile,
    line: Annotated[
        list[int] | None, typer.Option(help="A line in this parcel, from 0; may be repeated. All, if not given.")
    ] = None,
    pack: Annotated[
        Path | None,
        typer.Option(help="The order's file: a signed packing event says what is inside.", exists=True, dir_okay=False),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="Key file of who packs.", exists=True, dir_okay=False)
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="File with the key's password; asked for if not given.")
    ] = None,
    id: Annotated[str, typer.Option(help="The address of who packs, if its key was rotated since.")] = "",
    url: terminal.Url = "",
    as_json: AsJson = False,
) -> None:
    """Ship a parcel of an order."""
    from suyuan.chain.keystore import load
    from suyuan.client import Author, Site
    from suyuan.shop import packing_event

    if (pack is None) != (key is None):
        raise errors.Malformed("--pack and --key go together: what was packed, and who says so", "pack")
    event = None
    if pack is not None and key is not None:
        with closing(Site(url)) as site:
            author = Author(site, load(key, terminal.password(password_file)), id=id.lower() or None)
            event = packing_event(author, sscc, _lines(pack, line))
    with closing(_shop(url, shop, secret_file)) as speaker:
        answer = speaker.ship(reference, sscc, lines=line or None, event=event)
    terminal.say(answer, f"{answer['parcel']} is on its way with line {', '.join(map(str, answer['lines']))}", as_json)


@order_app.command("deliver")
def order_deliver(
    reference: Reference,
    sscc: Sscc,
    shop: ShopId,
    secret_file: SecretFile,
    links: Annotated[
        Path, typer.Option(help="Folder that keeps the deliveries' secrets, so that one sent again has the same link.")
    ] = Path("deliveries"),
    url: terminal.Url = "",
    as_json: AsJson = False,
) -> None:
    """Record that a parcel arrived, and print the link for its buyer."""
    from suyuan.shop import new_secret
    from suyuan_qr import gs1
    from suyuan_qr.errors import GS1Error

    try:
        kept = links / gs1.sscc(sscc)
    except GS1Error as error:
        raise errors.InvalidIdentifier(str(error), "sscc") from None
    if not kept.exists():
        links.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_private(kept, new_secret().hex() + "\n")
    secret = bytes.fromhex(kept.read_text().strip())
    with closing(_shop(url, shop, secret_file)) as speaker:
        done = speaker.deliver(reference, sscc, secret=secret)
    terminal.say({"link": done.link, "index": done.index, "rights": list(done.rights)}, done.link, as_json)


@order_app.command("show")
def order_show(reference: Reference, shop: ShopId, secret_file: SecretFile, url: terminal.Url = "") -> None:
    """Show how far an order has come, as JSON."""
    with closing(_shop(url, shop, secret_file)) as speaker:
        terminal.say(speaker.order(reference), "", True)


@parcel_app.command("label")
def parcel_label(
    sscc: Sscc,
    output: Annotated[Path, typer.Argument(help="The PDF to write, or a PNG of the code alone.", dir_okay=False)],
    name: Annotated[str, typer.Option(help="What the label says in Chinese.")] = "包裹",
    english: Annotated[str, typer.Option(help="And in English.")] = "Parcel",
    url: terminal.Url = "",
    as_json: AsJson = False,
) -> None:
    """Write a parcel's label: its SSCC and a QR code that shows what is inside."""
    from suyuan.cli.sheets import write_parcel

    write_parcel(url, sscc, name, english, output)
    terminal.say({"parcel": f"/00/{sscc}", "file": str(output)}, f"the label is in {output}", as_json)


def _shop(url: str, id: str, secret_file: Path) -> Shop:
    from suyuan.shop import Shop

    return Shop(url, id, secret_file.read_text().strip())


def _lines(file: Path, numbers: list[int] | None) -> list[Line]:
    from suyuan.core import canonical
    from suyuan.shop import Line

    value: Any = canonical.parse(file.read_bytes())
    try:
        lines = [Line(one["gtin"], one["lot"], one["quantity"], tuple(one.get("items", ()))) for one in value["lines"]]
        return lines if not numbers else [lines[number] for number in numbers]
    except (KeyError, TypeError, IndexError, AttributeError):
        raise errors.Malformed("has not these lines", str(file)) from None


def _write_private(file: Path, content: str) -> None:
    """A new file for its owner alone. Raises Conflict where it is."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise errors.Conflict(f"{file} is there already") from None
    with os.fdopen(descriptor, "w") as out:
        out.write(content)
