"""`verifier.js` and `core.proof` on the same bundles, by one chain: both believe, or both refuse and name the same."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import pytest

from journal_builder import (
    BATCH,
    CHAIN,
    ITEM,
    JOURNAL,
    OPERATOR,
    PALLET,
    PRODUCT,
    REVIEWS,
    RIGHTS,
    FakeJudge,
    absence_bundle,
    build,
    changed,
    found_at,
    item_bundle,
    market,
    market_bundle,
    review_bundle,
    story,
)
from succession import NEXT, THIRD, succession
from suyuan.core import proof
from suyuan.core.errors import ChainAway, Malformed
from suyuan.core.proof import APPEALS, Deployment, Judge, State
from suyuan.services.verify import verify
from web.node import run_node
from web.nodes import serving

VERIFIER = Path(__file__).resolve().parents[2] / "backend" / "suyuan" / "web" / "static" / "verifier.js"
NOW = market().seals[-1].sealed_at + 300
JUDGE = market().judge()
JUDGE.seals.extend(story().seals)
LINE = succession()
FORKED, AMNESIAC = replace(JUDGE, fault="fork"), replace(JUDGE, seals=[])
JUDGES = [JUDGE, *LINE.judges.values(), FORKED, AMNESIAC]
PROGRAM = (
    f"import {{ verify }} from {json.dumps(VERIFIER.as_uri())};"
    "let text = ''; for await (const part of process.stdin) text += part;"
    "const { bundles, options } = JSON.parse(text); const out = [];"
    "for (const bundle of bundles) {"
    " const { obligations } = await verify(bundle, options);"
    " const of = (state) => obligations.filter((o) => o.state === state).map((o) => o.number);"
    " out.push([of('fails'), of('unchecked')]); }"
    "console.log(JSON.stringify(out));"
)


@pytest.fixture(scope="module")
def rpc() -> Iterator[str]:
    """Each judge's chain over JSON-RPC, at a path by its place in JUDGES."""
    with serving(JUDGES) as url:
        yield url


def by_javascript(
    bundles: list[Any], rpc: str, journal: str = JOURNAL, now: int = NOW
) -> list[tuple[set[int], set[int]]]:
    options = {"rpc": rpc, "pinned": {"chain": CHAIN, "journal": journal}, "now": now}
    program = json.dumps({"bundles": bundles, "options": options})
    done = run_node("--input-type=module", "--eval", PROGRAM, stdin=program)
    assert done.returncode == 0, done.stderr
    return [(set(fails), set(unchecked)) for fails, unchecked in json.loads(done.stdout)]


def by_python(
    bundle: Any, judge: FakeJudge = JUDGE, journal: str = JOURNAL, now: int = NOW
) -> tuple[set[int], set[int]]:
    pinned = Deployment(CHAIN, journal)
    try:
        report = proof.verify(proof.parse(bundle), pinned=pinned, now=now, judge=judge)
    except Malformed:
        return set(range(1, 10)), set()
    of = {state: {o.number for o in report.obligations if o.state is state} for state in State}
    return of[State.FAILS], of[State.UNCHECKED]


TRUE = {
    "item": item_bundle(),
    "item of the market": market().bundle(ITEM, batch=BATCH, containers=[PALLET]),
    "reviews": review_bundle(),
    "newest reviews": review_bundle(limit=2),
    "the market's reviews": market_bundle(),
    "newest of the market's": market_bundle(limit=3),
    "absence": absence_bundle(),
    **{subject: market().bundle(subject) for subject in (PRODUCT, BATCH, PALLET, RIGHTS)},
    "story's rights": story().bundle(RIGHTS),
    "a pallet of another thing": market().bundle(PRODUCT, containers=[PALLET]),
    "a pallet of a batch alone": market().bundle(BATCH, containers=[PALLET]),
    "an item without its pallet": market().bundle(ITEM, batch=BATCH),
    "reviews without claims": market().bundle(REVIEWS),
}


def test_both_believe_the_same_bundles(rpc: str) -> None:
    python = {name: by_python(bundle) for name, bundle in TRUE.items()}
    assert python == dict(zip(TRUE, by_javascript(list(TRUE.values()), rpc), strict=True))
    doubted = {name for name, answers in python.items() if answers != (set(), set())}
    assert doubted == {n for n in TRUE if n.startswith(("a pallet", "an item without", "reviews without"))}


# --- what is bent

FIELDS = {"version": 0, "kind": 1, "arg": 2, "key": 3, "seq": 42, "prev": 43, "at": 82, "state": 83, "body": 115}
BODY: dict[str, Any] = {
    "kind": "review.erase", "subject": RIGHTS, "by": "04" + "11" * 64, "issuedAt": 1, "nonce": "00" * 32,
    "signature": "11" * 64, "public": {}, "public/right": "ab" * 32, "public/private": "ab" * 32, "public/stars": 5,
    "public/batch": PRODUCT, "public/reason": "order", "public/basis": "GDPR-6", "public/aspects": {"quality": 5},
    "public/secret": "00" * 16, "note": "x",
}  # fmt: skip
ELSEWHERE: dict[str, Any] = {
    "seal/root": "00" * 32, "seal/heads": "00" * 32, "seal/size": 30, "seal/number": 3, "seal/sealedAt": NOW,
    "head/count": 3, "head/leaf": "00" * 32, "head/siblings": [], "hashes/0": "00" * 32, "inclusion/0/proof": [],
    "support/0/index": 0, "support/1/subject": REVIEWS, "support": [], "chain/id": 1, "entries/3/index": 3,
    "entries/0/body/by": OPERATOR.address, "entries/2/body/by": "04" + "22" * 64,
}  # fmt: skip
VERSION_IS_OF = {4, 8}  # the browser finds a version with the body, the core with the tally


def matrix() -> dict[str, Any]:
    """The market's reviews, bent: each field of each header, each member of each body, and the rest."""
    bundle = market_bundle()
    found: dict[str, Any] = {}
    places = [f"{part}/{i}" for part in ("entries", "support") for i in range(len(bundle[part]))]
    for place in places:
        for name, byte in FIELDS.items():
            raw = bytearray.fromhex(found_at(bundle, f"{place}/header"))
            raw[byte] ^= 1
            found[f"{place} {name}"] = changed(bundle, f"{place}/header", raw.hex())
        body = found_at(bundle, f"{place}/body")
        for path, value in BODY.items():
            if path == "note" or "/" not in path or path.removeprefix("public/") in body["public"]:
                found[f"{place}/body {path}"] = changed(bundle, f"{place}/body/{path}", value)
    for path, value in ELSEWHERE.items():
        found[path] = changed(bundle, path, value)
    for i in range(1, len(bundle["entries"])):  # without the oldest it holds, and says so
        found[f"without entry {i}"] = {**bundle, "entries": bundle["entries"][:i] + bundle["entries"][i + 1 :]}
    for i in range(len(bundle["support"])):
        found[f"without claim {i}"] = {**bundle, "support": bundle["support"][:i] + bundle["support"][i + 1 :]}
    return {name: bent for name, bent in found.items() if bent != bundle}


def same(name: str, python: tuple[set[int], set[int]], javascript: tuple[set[int], set[int]]) -> bool:
    drop: Callable[[set[int]], set[int]] = lambda numbers: numbers - (VERSION_IS_OF if "version" in name else set())  # noqa: E731
    return drop(python[0]) == drop(javascript[0]) and drop(python[1]) == drop(javascript[1])


def test_both_refuse_the_same_bent_reviews_and_name_the_same_obligations(rpc: str) -> None:
    bent = matrix()
    javascript = dict(zip(bent, by_javascript(list(bent.values()), rpc), strict=True))
    python = {name: by_python(bundle) for name, bundle in bent.items()}
    assert not [name for name in bent if python[name] == (set(), set())]
    assert not [name for name in bent if not javascript[name][0] and not javascript[name][1]]
    differ = {name: (python[name], javascript[name]) for name in bent if not same(name, python[name], javascript[name])}
    assert {} == differ
    assert len(bent) > 300


# --- journals that go on from one another, and what is put on-chain as it is


@pytest.mark.parametrize("pinned", [JOURNAL, NEXT, THIRD])
def test_both_follow_the_same_journals_and_no_other(rpc: str, pinned: str) -> None:
    judge = LINE.judges[pinned]
    place = next(i for i, one in enumerate(JUDGES) if one is judge)
    javascript = by_javascript(list(LINE.bundles.values()), f"{rpc}{place}", pinned, LINE.now)
    python = {name: by_python(bundle, judge, pinned, LINE.now) for name, bundle in LINE.bundles.items()}
    assert python == dict(zip(LINE.bundles, javascript, strict=True))
    held = {name.split(":")[0] for name, answers in python.items() if answers == (set(), set())}
    assert held == {JOURNAL: {"first"}, NEXT: {"first", "second"}, THIRD: {"first", "second", "third"}}[pinned]


def test_both_refuse_the_same_bent_successors(rpc: str) -> None:
    judge = LINE.judges[NEXT]
    place = next(i for i, one in enumerate(JUDGES) if one is judge)
    bundle = LINE.bundles["second: reviews"]
    bent = {
        f"{part}/{i}/body/{path}": changed(bundle, f"{part}/{i}/body/{path}", value)
        for part in ("entries", "support")
        for i in range(len(bundle[part]))
        for path, value in {"signature": "11" * 64, "by": "04" + "22" * 64, "nonce": "00" * 32}.items()
    }
    javascript = dict(zip(bent, by_javascript(list(bent.values()), f"{rpc}{place}", NEXT, LINE.now), strict=True))
    assert {name: by_python(one, judge, NEXT, LINE.now) for name, one in bent.items()} == javascript
    assert all(fails for fails, _ in javascript.values())


def test_both_read_an_appeal_s_bytes_alike(rpc: str) -> None:
    journal = build()
    for raw in (b"\0\xffjunk", b"x" * 4096, b""):
        journal.appeal(raw)
    journal.seal()
    bundle = journal.bundle(APPEALS)
    JUDGE.seals.extend(journal.seals)
    texts = ["", "eA==", "eA=", "eB==", "eA==\n", "e-A=", "?", "A" * 8000, b64encode(b"x" * 4096).decode()]
    bent = {"as it is": bundle, **{text[:9]: changed(bundle, "entries/0/body", text) for text in texts}}
    bent["a product's"] = changed(story().bundle(PRODUCT), "entries/0/body", "eA==")
    javascript = dict(zip(bent, by_javascript(list(bent.values()), rpc), strict=True))
    python = {name: by_python(one) for name, one in bent.items()}
    assert python == javascript
    assert [name for name, answers in python.items() if answers == (set(), set())] == ["as it is"]


# --- several nodes

AWAY = len(JUDGES)  # a path at which nothing answers
HONEST, LIES, FORGETS = 0, len(JUDGES) - 2, len(JUDGES) - 1
QUORUM = (
    f"import {{ verifyBy }} from {json.dumps(VERIFIER.with_name('quorum.js').as_uri())};"
    "let text = ''; for await (const part of process.stdin) text += part;"
    "const { cases, bundle, bent, options } = JSON.parse(text); const out = [];"
    "for (const { nodes, need } of cases) for (const one of [bundle, bent]) {"
    " const { verdict, obligations, proven } = await verifyBy(one, { ...options, nodes, need });"
    " const of = (state) => obligations.filter((o) => o.state === state).map((o) => o.number);"
    " out.push([verdict, of('fails'), of('unchecked'), proven.map(({ fault }) => fault)]); }"
    "console.log(JSON.stringify(out));"
)
WORDS = {"holds": State.HOLDS, "fails": State.FAILS, "unchecked": State.UNCHECKED}


def test_both_count_the_nodes_alike(rpc: str) -> None:
    bundle = market_bundle()
    bent = changed(bundle, "entries/0/body/nonce", "00" * 32)
    some = [
        list(nodes) for size in range(4) for nodes in combinations_with_replacement([HONEST, LIES, FORGETS, AWAY], size)
    ]
    cases = [{"nodes": nodes, "need": need} for nodes in some for need in (1, 2) if need <= max(1, len(nodes))]
    given = [{"nodes": [f"{rpc}{place}" for place in c["nodes"]], "need": c["need"]} for c in cases]
    options = {"pinned": {"chain": CHAIN, "journal": JOURNAL}, "now": NOW}
    done = run_node(
        "--input-type=module", "--eval", QUORUM,
        stdin=json.dumps({"cases": given, "bundle": bundle, "bent": bent, "options": options}),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    javascript = [
        (WORDS[verdict], set(fails), set(unchecked), proven)
        for verdict, fails, unchecked, proven in json.loads(done.stdout)
    ]
    python = [by_nodes(one, [str(n) for n in c["nodes"]], c["need"]) for c in cases for one in (bundle, bent)]
    assert python == javascript
    assert {verdict for verdict, *_ in python} == set(State)


def by_nodes(bundle: Any, nodes: list[str], need: int) -> tuple[State, set[int], set[int], list[str]]:
    @contextmanager
    def judge_at(node: str) -> Iterator[Judge]:
        if int(node) == AWAY:
            raise ChainAway("nobody answers")
        yield JUDGES[int(node)]

    # the same node twice stands for two that say the same
    names = [f"{node} " + " " * i for i, node in enumerate(nodes)]
    met = verify(
        proof.parse(bundle), pinned=Deployment(CHAIN, JOURNAL), now=NOW, nodes=names, need=need, judge_at=judge_at
    )
    of = {state: {o.number for o in met.report.obligations if o.state is state} for state in State}
    told = [one.fault for one in met.report.proven]
    return met.report.state, of[State.FAILS], of[State.UNCHECKED], told
