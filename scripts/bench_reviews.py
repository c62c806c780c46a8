#!/usr/bin/env python3
"""What reviews cost: to submit, to check in a reader's browser, on-chain, and whether a popular product slows others.

    scripts/bench_reviews.py                       a product that grows to 10, 1,000 and 100,000 reviews
    scripts/bench_reviews.py --most 5000 --json    to fewer, as JSON

`suyuan serve` runs in a process of its own on a temporary folder, and seals meanwhile. Reviews are really signed, each
by a key of its own that a claim in the journal binds to a right; deliveries and what else gives rights are left out.
Submitting: over HTTP, and through the service in this process, each on disk before it is answered, beside a plain
INSERT of the same bytes, one commit each, into the same PostgreSQL by as many clients. Reading: the bundle that the
page /reviews/{gtin} has its reader check, and what `verify` and the whole page take in Debian's Chromium. Others:
reviews of other products, while that one has few and while it has many, and while it is written to by others. Gas:
receipts as scripts/bench_gas.py has them. A ratio is within one round; the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import logging
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

import psycopg
from sqlalchemy import Connection

from bench_gas import GROWTHS, Bench, attestations, seals, structs
from bench_scan import await_port
from buyers import Key
from suyuan.bootstrap import Node, make_keys, open_node
from suyuan.config import Settings
from suyuan.core import canonical, entries, rules, subjects
from suyuan.core.entries import Kind
from suyuan.core.reviews import right_of
from suyuan.core.statements import Signed
from suyuan.services.look_up_reviews import LIMIT
from suyuan.storage import journal
from suyuan.storage.vault import seal
from suyuan_qr import gs1
from toolchain import ToolMissing, running_anvil

Json = dict[str, Any]
Said = tuple[Signed, Json, Json]  # statement, what it states, the words

CLIENTS = (1, 8)
TOGETHER = 4  # clients on one product, and as many on one other product each
CHUNK = 5_000
MOST_SEALED = 10_000
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
WORDS = "味道很好，包装完好，扫码能看到产地。" * 4
VERIFY = """async ([bundle, pinned, times]) => {
  const { verify } = await import('/static/verifier.js');
  const [took, open] = [[], new Set()];
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    const { verdict, obligations } = await verify(bundle, { rpc: '/rpc', pinned });
    took.push(performance.now() - began);
    if (verdict !== 'holds') for (const o of obligations) if (o.state !== 'holds') open.add(JSON.stringify(o));
  }
  return { took, open: [...open] };
}"""
CHECKED = """() => ['holds', 'fails', 'unchecked'].includes(document.getElementById('verdict')?.dataset.state)
  && { state: document.getElementById('verdict').dataset.state, at: performance.now() }"""

_products = count(1)
_said = [f"{WORDS}{i}" for i in range(10)]


def say(sentence: str) -> None:
    """Progress, beside the figures."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {sentence}\n")
    sys.stderr.flush()


def new_product() -> str:
    """A GTIN that has no reviews yet."""
    body = f"0952114{next(_products):06d}"
    return body + str(gs1.check_digit(body))


# -- buyers


class Buyer:
    """One right, the key that is bound to it, and the node's key for what it writes."""

    def __init__(self, node: Node, gtin: str) -> None:
        self._chain, self._journal = node.deployment.chain_id, node.deployment.journal
        self._key = Key()
        self.by = self._key.by
        self.gtin, self.batch = gtin, f"/01/{gtin}/10/L1"
        self.secret = secrets.token_hex(16)
        self.right = right_of(self.secret)
        self.id, self.kept_with = 0, b""

    def claim(self) -> journal.Draft:
        public = {"right": self.right, "secret": self.secret}
        return draft(Kind.CLAIM, self._sign(Kind.CLAIM, f"/rights/{self.gtin}", public), public)

    def review(self, number: int) -> Said:
        content: Json = {"salt": secrets.token_hex(16), "words": _said[number % 10], "language": "zh", "photos": []}
        private = canonical.digest(content).hex()
        public = {"right": self.right, "batch": self.batch, "stars": number % 5 + 1, "private": private}
        return self._sign(Kind.REVIEW, f"/reviews/{self.gtin}", public), public, content

    def body(self, number: int) -> bytes:
        """A review, as it is posted."""
        signed, public, content = self.review(number)
        return canonical.encode({"statement": signed.as_json(), "public": public, "content": content})

    def _sign(self, kind: Kind, subject: str, public: Json) -> Signed:
        return self._key.sign(kind.word, subject, canonical.digest(public), self._chain, self._journal)


def draft(kind: Kind, signed: Signed, public: Json, arg: int = 0) -> journal.Draft:
    """What the recorder makes of a checked statement."""
    body = entries.encode_body(rules.body_of(signed, public))
    key = subjects.key(signed.statement.subject)
    return journal.Draft(kind, (key,), signed.by, signed.statement.nonce, body, b"", b"", None, arg)


def append(connection: Connection, drafts: Sequence[journal.Draft]) -> list[journal.Accepted]:
    """Records them; nobody signs the receipts, which nobody reads here."""
    return journal.append(connection, drafts, now=int(time.time() * 1000), promise=86_400, sign=lambda _: bytes(65))


def copy(connection: Connection, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
    """Rows into a table, all at once."""
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as to:
        for row in rows:
            to.write_row(row)


def bound(node: Node, connection: Connection, gtin: str, number: int) -> list[Buyer]:
    """So many buyers with a right to review the product, claimed in the journal."""
    buyers = [Buyer(node, gtin) for _ in range(number)]
    claims = append(connection, [buyer.claim() for buyer in buyers])
    made = connection.exec_driver_sql(
        "SELECT nextval(pg_get_serial_sequence('buyers', 'id')) FROM generate_series(1, %s)", (number,)
    )
    keys = []
    for buyer, (id,) in zip(buyers, made, strict=True):
        buyer.id = id
        buyer.kept_with, wrapped = node.vault.new_key(f"buyer {id}".encode())
        keys.append((id, wrapped))
    copy(connection, "buyers", "id, key", keys)
    rights = [
        (bytes.fromhex(buyer.right), buyer.batch, buyer.id, 0, 0, claim.first, buyer.by)
        for buyer, claim in zip(buyers, claims, strict=True)
    ]
    copy(connection, "rights", '"right", batch, buyer, granted_at, issued, claimed, by', rights)
    return buyers


def ready(node: Node, gtin: str, number: int) -> list[Buyer]:
    """Buyers who may submit now."""
    with node.database.write() as connection:
        return bound(node, connection, gtin, number)


def grow(node: Node, gtin: str, number: int) -> None:
    """So many more reviews of a product, each by a buyer of its own, with all that is kept of them."""
    for begin in range(0, number, CHUNK):
        with node.database.write() as connection:
            buyers = bound(node, connection, gtin, min(CHUNK, number - begin))
            said = [buyer.review(begin + i) for i, buyer in enumerate(buyers)]
            drafts = [draft(Kind.REVIEW, signed, public, public["stars"]) for signed, public, _ in said]
            kept = []
            for buyer, (_, public, content), one in zip(buyers, said, append(connection, drafts), strict=True):
                right = bytes.fromhex(buyer.right)
                box = seal(buyer.kept_with, canonical.encode(content), b"review " + right)
                kept.append((
                    right, gtin, buyer.batch, buyer.id, buyer.by, public["stars"], "standing", "", "kept", "open",
                    one.at, one.first, one.first, bytes.fromhex(public["private"]), box,
                ))  # fmt: skip
            copy(
                connection, "reviews",
                '"right", product, batch, buyer, by, stars, state, withheld, content_state, reply_state,'
                " at, first, newest, private, content",
                kept,
            )  # fmt: skip
    with node.database.write() as connection:
        connection.exec_driver_sql("ANALYZE")


# -- the site


@dataclass(frozen=True)
class Site:
    """A node in this process, and the site on the same data in another."""

    node: Node
    url: str
    database: str
    durable: dict[str, str]

    def get(self, path: str, *, gzipped: bool = False) -> bytes:
        """What it answers, as it came."""
        asked = Request(self.url + path, headers={"Accept-Encoding": "gzip" if gzipped else "identity"})  # noqa: S310
        with urlopen(asked) as answer:  # noqa: S310
            body: bytes = answer.read()
            return body

    def sealed(self) -> None:
        """Waits until all is sealed."""
        while True:
            state = json.loads(self.get("/v1/journal"))
            if state["size"] == state["sealed"]:
                return
            time.sleep(0.2)


@contextmanager
def running() -> Iterator[Site]:
    """`suyuan serve` on a fresh folder."""
    folder = Path(tempfile.mkdtemp(prefix="suyuan-bench-"))
    folder.chmod(0o755)  # the database server may run as another user
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(data=folder / "data", port=port)
    make_keys(settings)
    node = open_node(settings, deploy_missing=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SUYUAN_")}
    process = subprocess.Popen(
        [sys.executable, "-c", "from suyuan.cli.main import main; main()", "serve"],
        env={**kept, "SUYUAN_DATA": str(settings.data), "SUYUAN_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await_port(process, port)
        database = node.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(database) as connection:
            connection.execute("CREATE TABLE plain (id bigserial PRIMARY KEY, body bytea NOT NULL)")
            durable = {
                name: connection.execute(f"SHOW {name}").fetchone()[0]  # type: ignore[index]
                for name in ("fsync", "synchronous_commit", "full_page_writes")
            }
        yield Site(node, f"http://127.0.0.1:{port}", database, durable)
    finally:
        process.terminate()
        process.wait(60)
        node.close()
        shutil.rmtree(folder, ignore_errors=True)


# -- submitting

Post = Callable[[bytes], None]


@contextmanager
def by_http(site: Site) -> Iterator[Post]:
    """One connection to the site."""
    connection = http.client.HTTPConnection(site.url.removeprefix("http://"), timeout=120)

    def post(body: bytes) -> None:
        connection.request("POST", "/v1/reviews", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
        if response.status != 201:
            raise RuntimeError(answer.decode())

    yield post
    connection.close()


@contextmanager
def by_service(site: Site) -> Iterator[Post]:
    """The service that the site calls, here."""

    def post(body: bytes) -> None:
        value = canonical.parse(body)
        site.node.reviews.submit(value["statement"], value["public"], value["content"])  # type: ignore[index,call-overload]

    yield post


@contextmanager
def by_insert(site: Site) -> Iterator[Post]:
    """One connection to the database, each INSERT committed."""
    with psycopg.connect(site.database, autocommit=True) as connection:

        def post(body: bytes) -> None:
            connection.execute("INSERT INTO plain (body) VALUES (%s)", (body,))

        yield post


WAYS = {"http": by_http, "service": by_service, "insert": by_insert}


def submit(site: Site, way: str, parts: Sequence[Sequence[bytes]]) -> tuple[float, list[list[float]]]:
    """A client for each part, all at once: seconds for all, and of each client those that each review took."""
    took: list[list[float]] = [[] for _ in parts]
    faults: list[BaseException] = []
    barrier = threading.Barrier(len(parts) + 1)

    def client(bodies: Sequence[bytes], mine: list[float]) -> None:
        try:
            with WAYS[way](site) as post:
                barrier.wait()
                for body in bodies:
                    began = time.perf_counter()
                    post(body)
                    mine.append(time.perf_counter() - began)
        except BaseException as fault:
            faults.append(fault)
            barrier.abort()

    threads = [threading.Thread(target=client, args=pair) for pair in zip(parts, took, strict=True)]
    for thread in threads:
        thread.start()
    with suppress(threading.BrokenBarrierError):  # the fault that broke it is told below
        barrier.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return time.perf_counter() - started, took


def bodies(site: Site, gtin: str, number: int) -> list[bytes]:
    """Reviews of a product, signed and ready."""
    return [buyer.body(i) for i, buyer in enumerate(ready(site.node, gtin, number))]


def submitted(site: Site, number: int, rounds: int) -> list[Json]:
    """Reviews a second, each way and by some numbers of clients."""
    for way in ("http", "service"):  # until it is warm
        submit(site, way, [bodies(site, new_product(), 50)])
    rows = []
    for clients in CLIENTS:
        rates: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(rounds):
            gtin = new_product()
            for way in WAYS:
                some = bodies(site, gtin, number)
                seconds, _ = submit(site, way, [some[i::clients] for i in range(clients)])
                rates[way].append(number / seconds)
        ratios = {
            f"{way}_ratio": round(median(a / b for a, b in zip(rates[way], rates["insert"], strict=True)), 3)
            for way in ("http", "service")
        }
        rows.append({"clients": clients, **{way: round(median(met)) for way, met in rates.items()}, **ratios})
    return rows


# -- reading


def timed(times: int, work: Callable[[], object]) -> float:
    """Milliseconds, the median of so many."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return 1000 * median(took)


def proof_path(gtin: str) -> str:
    """The bundle that the page has checked."""
    return f"/v1/proof?subject=/reviews/{gtin}&limit={LIMIT}"


def read(site: Site, browser: Any, gtin: str) -> Json:
    """What a reader's browser gets, and what it takes to check it: by `verify`, `first` on a page, and by the page."""
    path = proof_path(gtin)
    text = site.get(path)
    zipped = site.get(path, gzipped=True)
    assert gzip.decompress(zipped) == text
    answer = timed(20, lambda: site.get(path))
    bundle = json.loads(text)
    pinned = {"chain": site.node.deployment.chain_id, "journal": site.node.deployment.journal}
    shown, took, first = [], [], []
    for _ in range(5):
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{site.url}/reviews/{gtin}")
        checked = page.wait_for_function(CHECKED, timeout=30_000).json_value()
        if checked["state"] != "holds":
            raise RuntimeError(f"the page says {checked['state']}: {page.locator('#verdict').inner_text()}")
        shown.append(checked["at"])
        met = page.evaluate(VERIFY, [bundle, pinned, 7])
        context.close()
        if met["open"]:
            raise RuntimeError(f"does not hold: {met['open']}")
        took += met["took"]
        first.append(met["took"][0])
    return {
        "reviews": bundle["head"]["count"],
        "entries": len(bundle["entries"]),
        "claims": len(bundle["support"]),
        "bytes": len(text),
        "gzipped": len(zipped),
        "answer_ms": round(answer, 1),
        "verify_ms": round(median(took), 1),
        "first_ms": round(median(first), 1),
        "page_ms": round(median(shown)),
    }


# -- one popular product, and the others


def others(site: Site, hot: str, quiet: str, reviews: int, number: int) -> Json:
    """Milliseconds that another product's reviews take while the popular one has so many, and gets `number` more."""
    some = {"hot": bodies(site, hot, number), "other": bodies(site, new_product(), number)}
    plain = bodies(site, new_product(), number)
    took: dict[str, list[float]] = {"hot": [], "other": [], "insert": []}
    for begin in range(0, number, 10):  # in turn, so that all meet the same machine
        for name in ("hot", "other"):
            took[name] += submit(site, "service", [some[name][begin : begin + 10]])[1][0]
        took["insert"] += submit(site, "insert", [plain[begin : begin + 10]])[1][0]
    site.sealed()
    return {
        "reviews": reviews,
        **{f"{name}_ms": round(1000 * median(all_), 2) for name, all_ in took.items()},
        "hot_proof_ms": round(timed(40, lambda: site.get(proof_path(hot))), 2),
        "other_proof_ms": round(timed(40, lambda: site.get(proof_path(quiet))), 2),
    }


def together(site: Site, hot: str, each: int, rounds: int) -> Json:
    """Over HTTP at once: some clients on one product (the popular one, or one without reviews), as many on others."""
    met: dict[str, list[float]] = {}
    ratios = []
    for _ in range(rounds):
        for name in ("calm", "hot"):
            one = hot if name == "hot" else new_product()
            crowd = bodies(site, one, each * TOGETHER)
            parts = [crowd[i::TOGETHER] for i in range(TOGETHER)]
            parts += [bodies(site, new_product(), each) for _ in range(TOGETHER)]
            _, took = submit(site, "http", parts)
            met.setdefault(f"{name}_crowd_ms", []).append(1000 * median(s for t in took[:TOGETHER] for s in t))
            met.setdefault(f"{name}_others_ms", []).append(1000 * median(s for t in took[TOGETHER:] for s in t))
        ratios.append(met["hot_others_ms"][-1] / met["calm_others_ms"][-1])
    return {"clients": 2 * TOGETHER, **{name: round(median(all_), 1) for name, all_ in met.items()}} | {
        "others_ratio": round(median(ratios), 2)
    }


# -- on-chain


def gas() -> list[Json]:
    """What a review costs in a seal of so many, on a journal of 10^6, beside one record each."""
    with running_anvil() as url:
        bench = Bench(url)
        small = islice(seals(bench), 2 * len(GROWTHS))  # what comes after is of larger journals
        sealed = [one for one in small if one.what.startswith("seal at 10^6") and one.records <= MOST_SEALED]
        attest = min(figure.gas for figure in attestations(bench) if figure.what.startswith("EAS attest"))
        write = min(figure.gas for figure in structs(bench))
    made = [(f"review, {figure.records:,} a seal", figure.per_record) for figure in sealed]
    return [
        {"what": what, "gas": round(one, 2), "attest": round(attest / one, 2), "mapping": round(write / one, 2)}
        for what, one in (*made, ("EAS attest", attest), ("mapping write", write))
    ]


# -- all


def measure(most: int, number: int, rounds: int) -> Json:
    """All that needs a site."""
    from playwright.sync_api import sync_playwright

    sizes = sorted({min(10, most), min(1_000, most), most})
    reading, apart = [], []
    with running() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        say(f"submitting, {rounds} rounds of {number}")
        rates = submitted(site, number, rounds)
        hot, quiet = new_product(), new_product()
        grow(site.node, quiet, LIMIT)
        had = 0
        for size in sizes:
            say(f"writing {max(0, size - had):,} reviews of one product")
            grow(site.node, hot, size - had)
            had = max(had, size)
            site.sealed()
            say("reading")
            reading.append(read(site, browser, hot))
            if size in (sizes[0], most):
                say("the others")
                apart.append(others(site, hot, quiet, size, number // 10 * 10))
                had += number // 10 * 10
        say("all together")
        at_once = together(site, hot, max(10, number // 4), rounds)
        browser.close()
    return {
        "database": site.durable,
        "submitting": rates,
        "reading": reading,
        "others": apart,
        "together": at_once,
    }


def table(rows: Sequence[Json]) -> None:
    """One line a row."""
    lines = [list(rows[0])] + [[f"{v:,}" if isinstance(v, int) else str(v) for v in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)))
    print()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=100_000, help="reviews of the popular product in the end")
    parser.add_argument("--number", type=int, default=200, help="reviews submitted for each rate")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    arguments = parser.parse_args()
    if arguments.most < 1 or arguments.number < 10 or arguments.rounds < 1:
        parser.error("too few")
    logging.disable(logging.WARNING)
    load = [round(one, 2) for one in os.getloadavg()]
    try:
        say("gas")
        spent = gas()
    except ToolMissing as error:
        print(error, file=sys.stderr)
        return 2
    figures = measure(arguments.most, arguments.number, arguments.rounds)
    command = shlex.join(sys.argv)
    if arguments.json:
        print(json.dumps({"command": command, "load": load, **figures, "gas": spent}))
        return 0
    durable = ", ".join(f"{name} {value}" for name, value in figures["database"].items())
    print(f"{command}\nload before: {load}; database: {durable}\n")
    print("submitting, reviews a second; ratios to INSERT")
    table(figures["submitting"])
    print(
        f"reading the newest {LIMIT} entries, over HTTP and in Chromium (first_ms: verify on a\n"
        "page just opened; page_ms: from nothing to the page's verdict)"
    )
    table(figures["reading"])
    print("while the popular product has so many: submitting one through the service, and proofs over HTTP")
    table(figures["others"])
    print("at once over HTTP, a crowd on a fresh (calm) or the popular product (hot), as many clients on others")
    table([figures["together"]])
    print("gas of one record; an EAS attest and a write into a mapping are so many times that")
    table(spent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
