"""`verifier.js` and `core.proof` on the same bundles, by one chain: both believe, or both refuse and name the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from journal_builder import (
    BATCH,
    CHAIN,
    ITEM,
    JOURNAL,
    MERCHANTS,
    OPERATOR,
    PALLET,
    PINNED,
    PRODUCT,
    REVIEWS,
    RIGHTS,
    FakeJudge,
    absence_bundle,
    changed,
    found_at,
    item_bundle,
    market,
    market_bundle,
    review_bundle,
    story,
)
from suyuan.core import proof
from suyuan.core.errors import Malformed
from suyuan.core.proof import Claim, Seal, State, Verdict
from suyuan.core.statements import Signed, Statement
from web.node import run_node

VERIFIER = Path(__file__).resolve().parents[2] / "backend" / "suyuan" / "web" / "static" / "verifier.js"
BATCHES = "0x" + "3c" * 20
NOW = market().seals[-1].sealed_at + 300
CLAIM = "(address,uint64,(string,string,bytes32,uint64,bytes32),bytes)"
SIGNATURES = {
    keccak(text=signature)[:4].hex(): signature.partition("(")[0]
    for signature in (
        "isSeal(uint64,uint64,bytes32,bytes32,uint64)", "seals()", "merchants()", "batches()", f"check({CLAIM}[])",
        "batch(bytes32)",
    )
}  # fmt: skip
VERDICTS = list(Verdict)
JUDGE = market().judge()
JUDGE.seals.extend(story().seals)
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


def answer(judge: FakeJudge, to: str, data: bytes) -> bytes:
    """What the contracts answer, of whom the judge plays."""
    name, values = SIGNATURES[data[:4].hex()], data[4:]
    assert to == {"check": MERCHANTS, "batch": BATCHES}.get(name, JOURNAL)
    match name:
        case "isSeal":
            number, size, root, top, at = decode(["uint64", "uint64", "bytes32", "bytes32", "uint64"], values)
            return encode(["bool"], [judge.confirms(Seal(number, size, root, top, at))])
        case "seals":
            return encode(["uint64"], [len(judge.seals)])
        case "merchants" | "batches":
            return encode(["address"], [MERCHANTS if name == "merchants" else BATCHES])
        case "check":
            verdicts = [
                VERDICTS.index(judge.verdicts([Claim(Signed(by, Statement(*statement), signature), at)])[0])
                for by, at, statement, signature in decode([f"{CLAIM}[]"], values)[0]
            ]
            return encode(["uint8[]"], [verdicts])
    state = judge.batch(values)
    row = (
        ("0x" + "00" * 20, 0, 0, 0, bytes(32), bytes(32), bytes(32))
        if state is None
        else (
            state.merchant,
            state.quantity,
            state.registered_at,
            state.recalled_at,
            state.items_root,
            state.content,
            bytes(32),
        )
    )
    return encode(["(address,uint64,uint64,uint64,bytes32,bytes32,bytes32)"], [row])


@pytest.fixture(scope="module")
def rpc() -> Iterator[str]:
    """The market's chain over JSON-RPC."""

    class Face(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            match asked["method"]:
                case "eth_chainId":
                    result = hex(CHAIN)
                case "eth_blockNumber":
                    result = hex(1000)
                case _:
                    call = asked["params"][0]
                    result = "0x" + answer(JUDGE, call["to"], bytes.fromhex(call["data"][2:])).hex()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Face) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def by_javascript(bundles: list[Any], rpc: str) -> list[tuple[set[int], set[int]]]:
    options = {"rpc": rpc, "pinned": {"chain": CHAIN, "journal": JOURNAL}, "now": NOW}
    program = json.dumps({"bundles": bundles, "options": options})
    done = run_node("--input-type=module", "--eval", PROGRAM, stdin=program)
    assert done.returncode == 0, done.stderr
    return [(set(fails), set(unchecked)) for fails, unchecked in json.loads(done.stdout)]


def by_python(bundle: Any) -> tuple[set[int], set[int]]:
    try:
        report = proof.verify(proof.parse(bundle), pinned=PINNED, now=NOW, judge=JUDGE)
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
