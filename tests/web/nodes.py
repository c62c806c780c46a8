"""Judges as nodes of a chain: what `FakeJudge` plays, over JSON-RPC."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from journal_builder import CHAIN, FakeJudge
from suyuan.core.proof import Claim, Seal, Verdict
from suyuan.core.statements import Signed, Statement

CLAIM = "(address,uint64,(string,string,bytes32,uint64,bytes32),bytes)"
SIGNATURES = {
    keccak(text=signature)[:4].hex(): signature.partition("(")[0]
    for signature in (
        "isSeal(uint64,uint64,bytes32,bytes32,uint64)", "seals()", "merchants()", "batches()", f"check({CLAIM}[])",
        "batch(bytes32)", "ended()", "lateReceipts()", "predecessor()", "predecessorSeal()", "verifierSince(bytes32)",
    )
}  # fmt: skip
FAULTS = ["", "omission", "fork", "misstep", "broken promise"]
VERDICTS = list(Verdict)


@contextmanager
def serving(judges: Sequence[FakeJudge], published: dict[bytes, int] | None = None) -> Iterator[str]:
    """A server; `{url}{n}` is a node by the nth judge, and nothing answers beyond. `published`: verifiers' files."""

    class Face(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            place = int(self.path[1:] or 0)
            if place >= len(judges):
                self.send_error(503)
                return
            match asked["method"]:
                case "eth_chainId":
                    result = hex(CHAIN)
                case "eth_blockNumber":
                    result = hex(1000)
                case _:
                    call = asked["params"][0]
                    data = bytes.fromhex(call["data"][2:])
                    result = "0x" + answer(judges[place], call["to"], data, published or {}).hex()
            self._reply(json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode())

        def do_OPTIONS(self) -> None:
            self._reply(b"")

        def _reply(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Access-Control-Allow-Headers", "content-type")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Face) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def lineage(judge: FakeJudge) -> list[FakeJudge]:
    """A journal, those before it, and others of its chain."""
    found, todo = [], [judge]
    while todo:
        one = todo.pop()
        if not any(one is other for other in found):
            found.append(one)
            todo += [*one.others, *([one.before[0]] if one.before else [])]
    return found


def registry(kind: str, judge: FakeJudge) -> str:
    """The address of a judge's registry: a journal's own, but for its first bytes."""
    return {"merchants": "0x2b", "batches": "0x3c"}[kind] + judge.of.journal[4:]


def answer(judge: FakeJudge, to: str, data: bytes, published: dict[bytes, int]) -> bytes:
    """What the contracts answer, of whom the judge plays; those of another address say nothing."""
    name, values = SIGNATURES[data[:4].hex()], data[4:]
    kind = {"check": "merchants", "batch": "batches"}.get(name)
    judges = lineage(judge)
    judge = next((one for one in judges if to == (registry(kind, one) if kind else one.of.journal)), None)  # type: ignore[assignment]
    if judge is None:
        return b""
    match name:
        case "verifierSince":
            return encode(["uint64"], [published.get(values, 0)])
        case "ended":
            return encode(["uint8"], [FAULTS.index(judge.fault)])
        case "lateReceipts":
            return encode(["uint64"], [judge.late])
        case "predecessor":
            return encode(["address"], [judge.before[0].of.journal if judge.before else "0x" + "00" * 20])
        case "predecessorSeal":
            s = judge.before[1] if judge.before else Seal(0, 0, bytes(32), bytes(32), 0)
            return encode(
                ["uint64", "uint64", "bytes32", "bytes32", "uint64"], [s.number, s.size, s.root, s.heads, s.sealed_at]
            )
        case "isSeal":
            number, size, root, top, at = decode(["uint64", "uint64", "bytes32", "bytes32", "uint64"], values)
            return encode(["bool"], [judge.confirms(Seal(number, size, root, top, at))])
        case "seals":
            return encode(["uint64"], [len(judge.seals)])
        case "merchants" | "batches":
            return encode(["address"], [registry(name, judge)])
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
