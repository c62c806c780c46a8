#!/usr/bin/env python3
"""Bytes and milliseconds to verify one item in Chromium, as the journal grows.

    scripts/bench_verify.py                 at 1,000, 100,000 and 1,000,000 subjects
    scripts/bench_verify.py --sizes 1000    at another size

Items at random, each with its batch's proof. `fetched`: over HTTP from a worker on the same machine. `verified`: all
nine obligations, by a node that is in the page and answers at once, with yes: a real one's five round trips, one after
another, come on top. `first`: in a page that was just opened, with nothing compiled yet.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import shlex
import shutil
import statistics
import sys
import time
from typing import Any

import httpx
from playwright.sync_api import Browser, sync_playwright

from bench_scan import AUTHOR, JOURNAL, SIZES, Growing, fresh_database, serving, subject, warmed

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
ITEMS = 30

# The node says yes to all, in a registry that has the batch as its entry says.
PROGRAM = """async ([paths, journal, author]) => {
  const { SELECTORS, hashOf, verify } = await import('/static/verifier.js');
  const word = (n) => n.toString(16).padStart(64, '0');
  const names = Object.fromEntries(Object.entries(SELECTORS).map(([name, selector]) => [selector, name]));
  const nodeOf = async (bundle) => {
    const { public: batch } = bundle.related[0].entries.find(({ body }) => body.kind === 'batch').body;
    const record = [author.slice(2).padStart(64, '0'), word(batch.quantity), word(1), word(0), batch.itemsRoot, await hashOf(batch), word(0)];
    const answers = {
      isSeal: () => word(1), seals: () => word(9), merchants: () => '11'.repeat(32), batches: () => '22'.repeat(32), batch: () => record.join(''),
      check: (data) => { const n = parseInt(data.slice(74, 138), 16); return word(32) + word(n) + word(0).repeat(n); },
      ended: () => word(0), lateReceipts: () => word(0), predecessor: () => word(0),
    };
    return async (method, [call]) => (method === 'eth_chainId' ? '0x7a69' : method === 'eth_blockNumber' ? '0x9'
      : '0x' + answers[names[call.data.slice(2, 10)]](call.data));
  };
  const out = [];
  for (const path of paths) {
    const began = performance.now();
    const bundle = await (await fetch(path, { cache: 'no-store' })).json();
    const fetched = performance.now();
    const rpc = await nodeOf(bundle);
    const asked = performance.now();
    const { verdict, obligations } = await verify(bundle, { rpc, pinned: { chain: 31337, journal } });
    out.push({ verdict, codes: obligations.filter(({ state }) => state !== 'holds').map(({ number, code }) => `${number} ${code}`),
      fetched: fetched - began, verified: performance.now() - asked });
  }
  return out;
}"""  # noqa: E501


def measure(browser: Browser, port: int, size: int) -> dict[str, Any]:
    """Medians over items at random; what does not hold is no figure."""
    chosen = random.Random(size)  # noqa: S311
    paths = [f"/v1/proof?subject={subject(chosen.randrange(size))}" for _ in range(ITEMS)]
    url = f"http://127.0.0.1:{port}"
    sizes = []
    for path in paths:
        text = httpx.get(url + path, headers={"Accept-Encoding": "identity"}).raise_for_status().content
        sizes.append((len(text), len(gzip.compress(text, 5))))
    first = []
    for path in paths[:5]:
        page = browser.new_context().new_page()
        page.goto(f"{url}/static/seal.svg")
        first += page.evaluate(PROGRAM, [[path], JOURNAL, AUTHOR])
        page.context.close()
    page = browser.new_context().new_page()
    page.goto(f"{url}/static/seal.svg")
    met = page.evaluate(PROGRAM, [paths, JOURNAL, AUTHOR])
    page.context.close()
    if wrong := [one for one in (*first, *met) if one["verdict"] != "holds"]:
        raise RuntimeError(f"{len(wrong)} do not hold: {wrong[0]['codes']}")
    return {
        "subjects": size,
        "bytes": round(statistics.median(one for one, _ in sizes)),
        "gzip": round(statistics.median(one for _, one in sizes)),
        "first": round(statistics.median(one["verified"] for one in first), 1),
        "fetched": round(statistics.median(one["fetched"] for one in met[ITEMS // 3 :]), 1),
        "verified": round(statistics.median(one["verified"] for one in met[ITEMS // 3 :]), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of subjects, growing")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    command = shlex.join(sys.argv)
    rows = []
    if not arguments.json:
        print(f"{command}\none item with its batch, in Chromium\n")
        print(
            f"{'subjects':>10}{'bytes':>9}{'gzip':>8}{'first ms':>10}{'fetched ms':>12}{'verified ms':>13}"
            + f"{'made in':>10}"
        )
    with fresh_database() as (database, url), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or "/usr/bin/chromium", args=FLAGS
        )
        growing = Growing(database, batches=True)
        for size in sorted(arguments.sizes):
            started = time.perf_counter()
            growing.to(size)
            made = time.perf_counter() - started
            with serving("site", url) as port:
                warmed(port)
                row = measure(browser, port, size)
            rows.append(row)
            if not arguments.json:
                print(
                    f"{size:>10,}{row['bytes']:>9,}{row['gzip']:>8,}{row['first']:>10}{row['fetched']:>12}"
                    f"{row['verified']:>13}{made:>8.1f} s",
                    flush=True,
                )
        browser.close()
    if arguments.json:
        print(json.dumps({"command": command, "rows": rows}))


if __name__ == "__main__":
    main()
