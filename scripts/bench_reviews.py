#!/usr/bin/env python3
"""Reviews submitted, and what a reader's browser needs to check them, however many there are.

Submitting: signed reviews through the service that the site calls, each on disk before it is answered, beside a plain
INSERT of as many bytes into the same PostgreSQL. Reading: the bundle of a product's reviews, and how long `verify`
takes over it in Debian's Chromium. The others: a product's reviews while another has as many as the largest.
"""

from __future__ import annotations

import argparse
import json
import logging
import secrets
import shlex
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import uvicorn
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from suyuan.bootstrap import Node, make_keys, open_node
from suyuan.config import Settings
from suyuan.core import canonical, entries, rules, subjects
from suyuan.core.entries import Kind
from suyuan.core.reviews import right_of
from suyuan.core.statements import Signed, Statement
from suyuan.storage import journal
from suyuan.storage.journal import Draft
from suyuan_qr import gs1

CLIENTS = (1, 8)
SIZES = (10, 1_000, 100_000)
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()


class Writer:
    """A buyer with a right of its own: signs as a browser does."""

    def __init__(self, node: Node, gtin: str) -> None:
        self._deployment = node.deployment
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()
        self.gtin, self.batch = gtin, f"/01/{gtin}/10/L1"
        self.secret = secrets.token_hex(16)
        self.right = right_of(self.secret)

    def claim(self) -> tuple[Signed, dict[str, Any]]:
        public = {"right": self.right, "secret": self.secret}
        return self._sign(Kind.CLAIM, f"/rights/{self.gtin}", public), public

    def review(self, stars: int) -> tuple[Signed, dict[str, Any], dict[str, Any]]:
        words = "味道很好，包装完好，扫码能看到产地。" * 4
        content = {"salt": secrets.token_hex(16), "words": words, "language": "zh", "photos": []}
        private = canonical.digest(content).hex()
        public = {"right": self.right, "batch": self.batch, "stars": stars, "private": private}
        return self._sign(Kind.REVIEW, f"/reviews/{self.gtin}", public), public, content

    def _sign(self, kind: Kind, subject: str, public: dict[str, Any]) -> Signed:
        made = Statement(kind.word, subject, canonical.digest(public), int(time.time()), secrets.token_bytes(32))
        message = made.message(self._deployment.chain_id, self._deployment.journal)
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(hashes.SHA256())))
        return Signed(self.point, made, r.to_bytes(32, "big") + s.to_bytes(32, "big"))


@contextmanager
def opened() -> Iterator[Node]:
    """A node on data of its own."""
    folder = Path(tempfile.mkdtemp(prefix="suyuan-bench-"))
    settings = Settings(data=folder / "data", rights_seconds=0)
    make_keys(settings)
    node = open_node(settings, deploy_missing=True)
    try:
        yield node
    finally:
        node.close()
        shutil.rmtree(folder, ignore_errors=True)


def product(number: int) -> str:
    body = f"0952114{number:06d}"
    return body + str(gs1.check_digit(body))


def bound(node: Node, writers: Sequence[Writer]) -> None:
    """Gives the writers their rights, as deliveries and claims do, without either."""
    with node.database.write() as connection:
        claims = [_draft(Kind.CLAIM, *writer.claim()) for writer in writers]
        accepted = _append(connection, claims)
        key = node.vault
        buyers = []
        for _ in writers:
            id = connection.exec_driver_sql("INSERT INTO buyers DEFAULT VALUES RETURNING id").scalar_one()
            wrapped = key.new_key(f"buyer {id}".encode())[1]
            connection.exec_driver_sql("UPDATE buyers SET key = %s WHERE id = %s", (wrapped, id))
            buyers.append(id)
        for writer, one, buyer in zip(writers, accepted, buyers, strict=True):
            connection.exec_driver_sql(
                'INSERT INTO rights ("right", batch, buyer, granted_at, issued, claimed, by)'
                " VALUES (%s, %s, %s, 0, 0, %s, %s)",
                (bytes.fromhex(writer.right), writer.batch, buyer, one.first, writer.point),
            )


def _draft(kind: Kind, signed: Signed, public: dict[str, Any], arg: int = 0) -> Draft:
    body = entries.encode_body(rules.body_of(signed, public))
    return Draft(
        kind, (subjects.key(signed.statement.subject),), signed.by, signed.statement.nonce, body, b"", b"", None, arg
    )


def _append(connection: Any, drafts: Sequence[Draft]) -> Any:
    return journal.append(connection, drafts, now=int(time.time() * 1000), promise=86_400, sign=lambda _: bytes(65))


def timed(clients: int, work: Callable[[int], object], count: int) -> float:
    """Calls of `work` a second, by that many threads."""
    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(work, range(count)))
    return count / (time.perf_counter() - started)


def submitting(node: Node, signed: Sequence[tuple[Signed, dict[str, Any], dict[str, Any]]]) -> Callable[[int], object]:
    def one(number: int) -> object:
        statement, public, content = signed[number]
        return node.reviews.submit(statement.as_json(), public, content)

    return one


def submitted(node: Node, count: int) -> list[dict[str, Any]]:
    rows = []
    for number, clients in enumerate(CLIENTS):
        writers = [Writer(node, product(900 + number)) for _ in range(count)]
        bound(node, writers)
        signed = [writer.review(i % 5 + 1) for i, writer in enumerate(writers)]
        size = sum(len(canonical.encode(public)) + len(canonical.encode(content)) for _, public, content in signed)
        reviews = timed(clients, submitting(node, signed), count)
        inserts = inserted(node, clients, count, size // count)
        rows.append({"clients": clients, "reviews": round(reviews), "inserts": round(inserts)})
    return rows


def inserted(node: Node, clients: int, count: int, size: int) -> float:
    url = node.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    local = threading.local()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS plain (id bigserial PRIMARY KEY, body bytea)")

    def one(_: int) -> None:
        if not hasattr(local, "connection"):
            local.connection = psycopg.connect(url, autocommit=True)
        local.connection.execute("INSERT INTO plain (body) VALUES (%s)", (secrets.token_bytes(size),))

    return timed(clients, one, count)


def grown(node: Node, gtin: str, count: int) -> None:
    """A product with so many reviews, really signed; the newest 40 writers have rights and claims."""
    writers = [Writer(node, gtin) for _ in range(min(count, 40))]
    bound(node, writers)
    anybody = Writer(node, gtin)
    for begin in range(0, count, 5_000):
        drafts = []
        for i in range(begin, min(count, begin + 5_000)):
            writer = writers[i - count] if count - i <= len(writers) else anybody
            signed, public, _ = writer.review(i % 5 + 1)
            drafts.append(_draft(Kind.REVIEW, signed, public, i % 5 + 1))
        with node.database.write() as connection:
            _append(connection, drafts)


def read(node: Node, sizes: Sequence[int], say: Callable[[str], None]) -> list[dict[str, Any]]:
    from playwright.sync_api import sync_playwright

    from suyuan.api.app import create

    for size in sizes:
        say(f"writing {size:,} reviews")
        grown(node, product(size), size)
    node.seal_now()
    server = uvicorn.Server(uvicorn.Config(create(node), port=0, log_level="critical", lifespan="off"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    pinned = {"chain": node.deployment.chain_id, "journal": node.deployment.journal}
    rows = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = chromium.new_page()
        page.goto(f"{url}/about")
        for size in sizes:
            subject = f"/reviews/{product(size)}"
            took = []
            for _ in range(20):
                started = time.perf_counter()
                text = node.prover.prove(subject, 19).text  # not the limit whose answers are kept
                took.append(time.perf_counter() - started)
            met = page.evaluate(
                """async ([bundle, pinned]) => {
                  const { verify } = await import('/static/verifier.js');
                  const times = [];
                  let report;
                  for (let i = 0; i < 7; i++) {
                    const began = performance.now();
                    report = await verify(bundle, { rpc: '/rpc', pinned });
                    times.push(performance.now() - began);
                  }
                  return { verdict: report.verdict, obligations: report.obligations, times };
                }""",
                [json.loads(text), pinned],
            )
            if met["verdict"] != "holds":
                raise RuntimeError([o for o in met["obligations"] if o["state"] != "holds"])
            rows.append(
                {
                    "reviews": size,
                    "bytes": len(text),
                    "prove_ms": round(statistics.median(took) * 1000, 2),
                    "chromium_ms": round(statistics.median(met["times"]), 1),
                }
            )
        chromium.close()
    server.should_exit = True
    return rows


def others(node: Node, hot: str, count: int) -> dict[str, int]:
    """Reviews a second of a product that has none, and of one that has many."""
    rates = {}
    for name, gtin in (("popular", hot), ("other", product(800))):
        writers = [Writer(node, gtin) for _ in range(count)]
        bound(node, writers)
        signed = [writer.review(5) for writer in writers]
        rates[name] = round(timed(1, submitting(node, signed), count))
    return rates


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="reviews of a product")
    parser.add_argument("--count", type=int, default=400, help="reviews submitted for each rate")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)

    def say(sentence: str) -> None:
        sys.stderr.write(sentence + "\n")

    with opened() as node:
        rates = submitted(node, arguments.count)
        reading = read(node, arguments.sizes, say)
        apart = others(node, product(max(arguments.sizes)), arguments.count)
    command = shlex.join(sys.argv)
    if arguments.json:
        print(json.dumps({"command": command, "submitting": rates, "reading": reading, "others": apart}))
        return 0
    print(f"{command}\n\n{'clients':>8}{'reviews/s':>12}{'INSERTs/s':>12}{'ratio':>8}")
    for row in rates:
        print(f"{row['clients']:>8}{row['reviews']:>12,}{row['inserts']:>12,}{row['reviews'] / row['inserts']:>8.2f}")
    print(f"\n{'reviews':>10}{'bundle, bytes':>15}{'to answer, ms':>15}{'verify in Chromium, ms':>25}")
    for row in reading:
        print(f"{row['reviews']:>10,}{row['bytes']:>15,}{row['prove_ms']:>15}{row['chromium_ms']:>25}")
    popular, other = apart["popular"], apart["other"]
    print(f"\nsubmitting to the largest {popular:,}/s, to a product without reviews {other:,}/s: {popular / other:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
