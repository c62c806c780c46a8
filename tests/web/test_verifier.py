"""`verifier.js`: its Node tests, and that what it says to the chain is what the contracts understand."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from web.node import run_node

ROOT = Path(__file__).resolve().parents[2]
VERIFIER = ROOT / "backend" / "suyuan" / "web" / "static" / "verifier.js"
REVIEWS = VERIFIER.with_name("reviews.js")
ARTIFACTS = ROOT / "contracts" / "artifacts"
NODE_TESTS = sorted(Path(__file__).with_name("verifier").glob("*.test.mjs"))

CLAIM = "(address,uint64,(string,string,bytes32,uint64,bytes32),bytes)"
SIGNATURES = {
    "isSeal": "isSeal(uint64,uint64,bytes32,bytes32,uint64)",
    "seals": "seals()",
    "merchants": "merchants()",
    "batches": "batches()",
    "check": f"check({CLAIM}[])",
    "batch": "batch(bytes32)",
    "ended": "ended()",
    "lateReceipts": "lateReceipts()",
    "predecessor": "predecessor()",
    "predecessorSeal": "predecessorSeal()",
    "verifierSince": "verifierSince(bytes32)",
}
RECEIPT = "(bytes32,uint64,uint64,uint64,uint64)"
RECEIPT_SIGNATURES = {"checkReceipt": f"checkReceipt({RECEIPT},bytes)", "head": "head()"}  # of reviews.js
CONTRACT = {"check": "MerchantRegistry", "batch": "BatchRegistry"}  # the others are the Journal's


def evaluate(expression: str, value: Any = None) -> Any:
    """A JavaScript expression of `v` (the verifier), `r` (reviews.js) and `value`, as JSON."""
    program = (
        f"import * as v from {json.dumps(VERIFIER.as_uri())};"
        f"import * as r from {json.dumps(REVIEWS.as_uri())};"
        "let text = ''; for await (const part of process.stdin) text += part;"
        f"const value = JSON.parse(text); console.log(JSON.stringify(await ({expression})));"
    )
    done = run_node("--input-type=module", "--eval", program, stdin=json.dumps(value))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("path", NODE_TESTS, ids=lambda path: path.name.removesuffix(".test.mjs"))
def test_node_tests_pass(path: Path) -> None:
    done = run_node("--test", "--test-reporter=tap", str(path))
    failed = [line for line in done.stdout.splitlines() if line.lstrip().startswith("not ok")]
    assert (done.returncode, failed) == (0, []), done.stdout[-20000:] + done.stderr


def test_node_tests_are_found() -> None:
    assert {path.name for path in NODE_TESTS} >= {
        "answers.test.mjs",
        "primitives.test.mjs",
        "reviews.test.mjs",
        "tamper.test.mjs",
    }


def test_selectors_are_those_of_the_signatures() -> None:
    for signatures, selectors in ((SIGNATURES, "v.SELECTORS"), (RECEIPT_SIGNATURES, "r.RECEIPT_SELECTORS")):
        computed = {name: keccak(text=signature)[:4].hex() for name, signature in signatures.items()}
        assert computed == evaluate(selectors)


def _type(value: Mapping[str, Any]) -> str:
    if not value["type"].startswith("tuple"):
        return str(value["type"])
    return "(" + ",".join(map(_type, value["components"])) + ")" + value["type"].removeprefix("tuple")


@pytest.mark.parametrize("name", [*SIGNATURES, *RECEIPT_SIGNATURES])
def test_signatures_are_those_of_the_compiled_contracts(name: str) -> None:
    path = ARTIFACTS / f"{CONTRACT.get(name, 'Journal')}.json"
    if not path.is_file():
        pytest.skip(f"{path.name} is not compiled")
    abi = json.loads(path.read_text(encoding="utf-8"))["abi"]
    [function] = [item for item in abi if item["type"] == "function" and item["name"] == name]
    assert f"{name}({','.join(map(_type, function['inputs']))})" == {**SIGNATURES, **RECEIPT_SIGNATURES}[name]
    outputs = {
        "isSeal": ["bool"], "seals": ["uint64"], "merchants": ["address"], "batches": ["address"], "check": ["uint8[]"],
        "batch": ["(address,uint64,uint64,uint64,bytes32,bytes32,bytes32)"],
        "ended": ["uint8"], "lateReceipts": ["uint64"], "predecessor": ["address"], "verifierSince": ["uint64"],
        "predecessorSeal": ["(uint64,uint64,bytes32,bytes32,uint64)"],
        "checkReceipt": ["uint8"], "head": ["uint64", "uint64", "bytes32", "bytes32"],
    }  # fmt: skip
    assert [_type(output) for output in function["outputs"]] == outputs[name]


def test_check_is_encoded_as_the_abi_has_it() -> None:
    claims = [
        {
            "by": "0x" + secrets.token_hex(20),
            "at": 1790000000 + n,
            "statement": {
                "kind": ("checkpoint", "batch", "")[n % 3],
                "subject": "/01/09521234543213/10/批次" * (n % 5),
                "content": secrets.token_hex(32),
                "issuedAt": 1790000000 - n,
                "nonce": secrets.token_hex(32),
            },
            "signature": secrets.token_hex(65),
        }
        for n in range(17)
    ]
    calldata = bytes.fromhex(evaluate("v.encodeCheck(value)", claims)[10:])
    values = [
        (
            c["by"], c["at"],
            (
                c["statement"]["kind"], c["statement"]["subject"], bytes.fromhex(c["statement"]["content"]),
                c["statement"]["issuedAt"], bytes.fromhex(c["statement"]["nonce"]),
            ),
            bytes.fromhex(c["signature"]),
        )
        for c in claims
    ]  # fmt: skip
    assert encode([f"{CLAIM}[]"], [values]).hex() == calldata.hex()
    assert list(decode([f"{CLAIM}[]"], calldata)[0]) == values


def test_is_seal_is_encoded_as_the_abi_has_it() -> None:
    seal = {
        "number": 52,
        "size": 2**40,
        "root": secrets.token_hex(32),
        "heads": secrets.token_hex(32),
        "sealedAt": 1790000000,
    }
    calldata = bytes.fromhex(evaluate("v.encodeIsSeal(value)", seal)[10:])
    types = ["uint64", "uint64", "bytes32", "bytes32", "uint64"]
    values = (52, 2**40, bytes.fromhex(seal["root"]), bytes.fromhex(seal["heads"]), 1790000000)
    assert encode(types, values).hex() == calldata.hex()


def test_check_receipt_is_encoded_as_the_abi_has_it() -> None:
    receipt = {
        "leaves": secrets.token_hex(32),
        "index": 2**40,
        "count": 1,
        "issuedAt": 1790000000,
        "sealBy": 1790003600,
    }
    signature = secrets.token_hex(65)
    calldata = bytes.fromhex(evaluate("r.encodeCheckReceipt(value)", {**receipt, "signature": signature})[10:])
    values = [(bytes.fromhex(receipt["leaves"]), 2**40, 1, 1790000000, 1790003600), bytes.fromhex(signature)]
    assert encode([RECEIPT, "bytes"], values).hex() == calldata.hex()


def test_subjects_are_those_of_the_core() -> None:
    identifiers = pytest.importorskip("suyuan.core.epcis.identifiers")
    pairs = ROOT.parent / "shared" / "reference" / "epcis" / "epc_dl_pairs.json"
    if not pairs.is_file():
        pytest.skip(f"{pairs} is not there")
    rows = [row for rows in json.loads(pairs.read_text(encoding="utf-8")).values() for row in rows]
    uris = sorted({v for row in rows for v in row.values() if isinstance(v, str) and v.startswith(("urn:", "http"))})
    assert {uri: identifiers.subject_of(uri) for uri in uris} == dict(
        zip(uris, evaluate("value.map(v.subjectOf)", uris), strict=True)
    )
