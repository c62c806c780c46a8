"""The demo: makes a node, tells the story through the public API as the participants would, and serves the site.

A second run finds its data and goes on where it stopped: what was told is told again under the same nonces only if the
site does not have it yet.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import httpx

from buyers import Buyer
from demo_story import Participant, Story, story
from demo_story.purchases import PURCHASES, Purchase, Said
from suyuan.bootstrap import Registrar, add_shop, keystore, make_keys, make_witness_key, witness_key
from suyuan.chain.keystore import create, load
from suyuan.client import Author, Item, Site
from suyuan.config import Settings
from suyuan.core.errors import Conflict
from suyuan.core.rules import Role
from suyuan.core.statements import Signer
from suyuan.shop import Line, Shop, new_secret, packing_event, secrets_of

CHINA = timezone(timedelta(hours=8))


def main() -> None:
    """Runs until interrupted; with --tell-only, ends when the story is told and sealed."""
    for stop in (signal.SIGINT, signal.SIGTERM):  # whoever started this may have had them ignored
        signal.signal(stop, signal.default_int_handler)
    os.environ.setdefault("SUYUAN_RIGHTS_SECONDS", "1")  # nobody waits for the privacy of made-up buyers
    settings = Settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    make_keys(settings)
    witness = Witness(settings)
    with serving(settings) as server, witness.running():
        tell(settings, story())
        write_labels(settings, story())
        show(settings, story())
        if "--tell-only" not in sys.argv:
            server.wait()


@contextmanager
def serving(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """The site, in a process of its own, as an operator runs it."""
    command = [str(Path(sys.executable).parent / "suyuan"), "serve"]
    server = subprocess.Popen(command, env=os.environ)
    try:
        for _ in range(600):
            if server.poll() is not None:
                sys.exit(f"the site ended with {server.returncode}")
            try:
                if httpx.get(f"{settings.url}/readyz", timeout=5).status_code == 200:
                    break
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        else:
            sys.exit(f"the site does not answer at {settings.url}")
        yield server
    except KeyboardInterrupt:
        pass
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


class Witness:
    """A witness of the site's log, in a process of its own. In earnest it is somebody else's, on another machine."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.data / "witness"
        with suppress(Conflict):  # of an earlier run
            make_witness_key(self._folder, "witness.example/demo")
        self._key = witness_key(self._folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._write_policy()
        os.environ["SUYUAN_WITNESSES"] = str(self._policy)

    @property
    def _policy(self) -> Path:
        return self._settings.data / "policy"

    def _write_policy(self, *lines: str) -> None:
        """The site reads whom to ask, and readers whose log, and which cosignatures are enough."""
        witness = f"witness demo {self._key} http://127.0.0.1:{self._port}"
        self._policy.write_text("".join(f"{line}\n" for line in (*lines, witness, "quorum demo")))

    @contextmanager
    def running(self) -> Iterator[None]:
        """The witness, once there is a log for it."""
        log = Site(self._settings.url).get("/v1/journal")["logKey"]
        self._write_policy(f"log {log}")
        command = [str(Path(sys.executable).parent / "suyuan"), "witness", "--folder", str(self._folder)]
        witness = subprocess.Popen([*command, "--port", str(self._port), "--log", log], env=os.environ)
        try:
            yield
        finally:
            witness.send_signal(signal.SIGINT)
            witness.wait(30)


def tell(settings: Settings, told: Story) -> None:
    """Admits the participants (the operator's part), then has each speak for itself."""
    done = Progress(settings.data / "demo.json")
    signers = {p.slug: _signer(settings, p.slug) for p in told.participants}
    registrar = Registrar(settings)
    site = Site(settings.url)
    authors = {slug: Author(site, signer) for slug, signer in signers.items()}
    for p in told.participants:
        with done.once(f"admit {p.slug}", p.name.en) as new:
            if new:
                registrar.admit(authors[p.slug].id, Role[p.role.upper()], p.licence, list(p.categories))
    for p in told.participants:
        with done.once(f"profile {p.slug}", p.name.en) as new:
            if new:
                authors[p.slug].publish_profile(p.document())
    for product in (*told.products, *told.materials):
        with done.once(f"product {product.gtin}", product.name.en) as new:
            if new:
                author = authors[product.producer]
                author.list_product(product.gtin, product.document(author.id))
    for batch in told.batches:
        with done.once(f"batch {batch.subject}", f"{batch.product.name.en}, lot {batch.lot}") as new:
            if new:
                codes = _codes(settings, batch.slug, batch.serials)
                items = [Item(serial, code) for serial, code in codes.items()]
                authors[batch.merchant].register_batch(batch.product.gtin, batch.lot, batch.document(), items)
    for number, capture in enumerate(told.captures):
        events = f"{len(capture.events)} event{'s' * (len(capture.events) > 1)}"
        with done.once(f"capture {number}", f"{events} by {told.participant(capture.author).name.en}") as new:
            if new:
                authors[capture.author].capture(dict(capture.document))
    for recall in told.recalls:
        with done.once(f"recall {recall.batch.subject}", f"recall of lot {recall.batch.lot}") as new:
            if new:
                authors[recall.by].recall_batch(recall.batch.product.gtin, recall.batch.lot, recall.document())
    order = sell(settings, site, authors, done)
    _await_seal(site)
    examples = [example.subject for example in told.examples]
    products = [example.subject.rpartition("/")[2] for example in told.examples if example.kind == "product"]
    others = [f"/{kind}/{gtin}" for kind in ("reviews", "rights") for gtin in products]
    others += [f"/merchant/{author.id}" for author in authors.values()]
    examples += [one for one in (*others, order, "/terms/platform", "/appeals") if _is_recorded(site, one)]
    (settings.data / "examples.json").write_text(json.dumps(examples))


def _is_recorded(site: Site, subject: str) -> bool:
    return "count" in site.bundle(subject, 1)["head"]


def sell(settings: Settings, site: Site, authors: dict[str, Author], done: Progress) -> str:
    """Shops sell and deliver; buyers claim and review; the operator and the merchants answer. Gives one order."""
    sellers = {p.shop.slug: p.shop for p in PURCHASES}
    shops = {slug: _shop(settings, seller, authors[slug].id, done) for slug, seller in sellers.items()}
    file = settings.data / "participants" / "deliveries.json"
    held: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    held |= {p.reference: held.get(p.reference) or new_secret().hex() for p in PURCHASES}
    file.touch(mode=0o600)
    file.write_text(json.dumps(held))
    for p in PURCHASES:
        shop, lines = shops[p.shop.slug], [_line(p)]
        with done.once(f"order {p.reference}", f"{p.quantity} × {p.batch.product.name.en}, {p.shop.name.en}") as new:
            if new:
                shop.place(p.reference, p.buyer, lines, payment=("demo-pay", p.reference))
                packed = packing_event(
                    authors[p.shop.slug], p.sscc, lines, place=p.shop.seat.id.spelled("link"), zone=CHINA
                )
                shop.ship(p.reference, p.sscc, event=packed)
                shop.deliver(p.reference, p.sscc, lines=1, secret=bytes.fromhex(held[p.reference]))
    operator = Author(site, keystore(settings).signer("operator"))
    for p in PURCHASES:
        if p.said is not None:
            (secret,) = secrets_of(bytes.fromhex(held[p.reference]), 1)
            buyer = Buyer(site, secret, p.batch.product.gtin, p.batch.subject)
            review(p, p.said, buyer, authors[p.batch.merchant], operator, done)
    return str(shops[PURCHASES[0].shop.slug].order(PURCHASES[0].reference)["order"])


def review(p: Purchase, said: Said, buyer: Buyer, merchant: Author, operator: Author, done: Progress) -> None:
    """One buyer's review, and what became of it."""
    gtin, right, name = p.batch.product.gtin, buyer.right, p.batch.product.name.en
    with done.once(f"review {p.reference}", f"{said.stars} stars for {name}") as new:
        if new and buyer.await_right() == "issued":
            buyer.claim()
        if new and buyer.await_right() == "claimed":
            buyer.review(said.stars, said.words, said.language, dict(said.aspects))
    if p.amended is not None:
        with done.once(f"amend {p.reference}", f"to {p.amended.stars} stars") as new:
            if new:
                buyer.amend(p.amended.stars, p.amended.words, p.amended.language, dict(p.amended.aspects))
    if p.withheld is not None:
        with done.once(f"withhold {p.reference}", f"{p.withheld[0]}, on {p.withheld[1]}") as new:
            if new:
                operator.withhold(gtin, right, *p.withheld)
    if p.restored:
        with done.once(f"restore {p.reference}", p.restored) as new:
            if new:
                operator.restore(gtin, right, p.restored)
    if p.reply:
        with done.once(f"reply {p.reference}", f"the merchant of {name}") as new:
            if new:
                merchant.reply(gtin, right, p.reply)
    if p.end:
        with done.once(f"end {p.reference}", p.end) as new:
            if new and p.end == "withdrawn":
                buyer.withdraw()
            elif new:
                buyer.erase("PIPL-47")


def _shop(settings: Settings, seller: Participant, merchant: str, done: Progress) -> Shop:
    """A shop, and the secret of its messages in a file of its own."""
    file = settings.data / "participants" / f"{seller.slug}.shop"
    with done.once(f"shop {seller.slug}", seller.name.en) as new:
        if new:
            secret = secrets.token_bytes(32)
            add_shop(settings, seller.slug, merchant, secret)
            file.touch(mode=0o600)
            file.write_text(secret.hex())
    return Shop(settings.url, seller.slug, file.read_text())


def _line(p: Purchase) -> Line:
    serials = tuple(item.path.rpartition("/")[2] for item in p.batch.items(p.first, p.first + p.quantity))
    return Line(p.batch.product.gtin, p.batch.lot, p.quantity, serials)


class Progress:
    """What has been told, on disk after each step, so that a second run repeats nothing."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._done: list[str] = json.loads(file.read_text()) if file.exists() else []

    @contextmanager
    def once(self, step: str, sentence: str) -> Iterator[bool]:
        """Gives whether the step is still to be taken, and remembers it when it has been."""
        new = step not in self._done
        yield new
        if new:
            print(f"  {step.split()[0]:8} {sentence}", flush=True)
            self._done.append(step)
            self._file.write_text(json.dumps(self._done))


def _signer(settings: Settings, slug: str) -> Signer:
    """A participant's key, in its own file with its own password file, as it would be on its own machine."""
    folder = settings.data / "participants"
    folder.mkdir(mode=0o700, exist_ok=True)
    key, password = folder / f"{slug}.json", folder / f"{slug}.password"
    if not password.exists():
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
    if not key.exists():
        return create(key, password.read_text())
    return load(key, password.read_text())


def _codes(settings: Settings, slug: str, serials: tuple[str, ...]) -> dict[str, bytes]:
    """The secret codes of a batch's items, made once and kept for the label printer."""
    file = settings.data / "participants" / f"{slug}.codes.csv"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text("".join(f"{serial},{secrets.token_hex(16)}\n" for serial in serials))
    pairs = (line.split(",") for line in file.read_text().splitlines())
    return {serial: bytes.fromhex(code) for serial, code in pairs}


def _await_seal(site: Site) -> None:
    while True:
        journal: dict[str, Any] = site.get("/v1/journal")
        if journal["sealed"] == journal["size"]:
            return
        time.sleep(0.3)


def write_labels(settings: Settings, told: Story) -> None:
    """A sheet of labels for each batch, and one for the parcels."""
    from suyuan.cli.sheets import write

    folder = settings.data / "labels"
    folder.mkdir(exist_ok=True)
    for batch in told.batches:
        file = folder / f"{batch.slug}.pdf"
        if not file.exists():
            codes = _codes(settings, batch.slug, batch.serials)
            write(settings.url, batch.product.gtin, batch.lot, codes, file, lambda _done, _all: None)


def show(settings: Settings, told: Story) -> None:
    """The addresses to open."""
    journal = Site(settings.url).get("/v1/journal")
    print(f"\n{journal['sealed']} entries in {journal['seals']} seals, all on chain {journal['chain']}.")
    print(f"Labels to print: {settings.data / 'labels'}\n\nOpen:\n  {settings.url}/")
    for example in told.examples:
        print(f"  {settings.url}{example.subject}\n      {example.name.zh} · {example.name.en}")
    print(
        f"\nAudit it:\n  .venv/bin/suyuan audit --rpc {settings.url}/rpc --journal {journal['journal']}"
        f" --log {settings.url}\n\nAsk for its witness:\n  .venv/bin/suyuan log check {settings.url}"
        f" --policy {settings.data / 'policy'} --rpc {settings.url}/rpc --journal {journal['journal']}\n\n"
        "Ctrl-C stops the site; the next `make demo` goes on with this data.",
        flush=True,
    )


if __name__ == "__main__":
    main()
