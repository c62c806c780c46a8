"""What is signed and by whom, held against eth_account and cryptography."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st
from web3 import Web3

from journal_builder import MERCHANT, Shopper
from suyuan.core import statements
from suyuan.core.errors import BadSignature, Malformed
from suyuan.core.statements import Batch, Recall, Receipt, Signed, Statement

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
CONTRACT = "0x" + "2b" * 20
MEMBERS = {
    "Statement": "string kind,string subject,bytes32 content,uint64 issuedAt,bytes32 nonce",
    "Batch": "bytes32 key,address merchant,uint64 quantity,bytes32 itemsRoot,bytes32 content",
    "Recall": "bytes32 key,bytes32 reason",
    "Receipt": "bytes32 leaves,uint64 index,uint64 count,uint64 issuedAt,uint64 sealBy",
}
hash32 = st.binary(min_size=32, max_size=32)
u64 = st.integers(0, 2**64 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
addresses = st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex())


def eip712(name: str, message: dict[str, Any], chain: int, contract: str) -> bytes:
    """The digest as eth_account computes it."""
    members = [member.split() for member in MEMBERS[name].split(",")]
    signable = encode_typed_data(
        {"name": "Suyuan", "version": "1", "chainId": chain, "verifyingContract": Web3.to_checksum_address(contract)},
        {name: [{"name": member, "type": kind} for kind, member in members]},
        message,
    )
    return statements.keccak(b"\x19" + signable.version + signable.header + signable.body)


@settings(max_examples=30)
@given(texts, texts, hash32, u64, hash32, st.integers(1, 2**53), addresses)
def test_a_statement_is_digested_as_eip_712_has_it(
    kind: str, subject: str, content: bytes, issued_at: int, nonce: bytes, chain: int, contract: str
) -> None:
    message = {"kind": kind, "subject": subject, "content": content, "issuedAt": issued_at, "nonce": nonce}
    statement = Statement(kind, subject, content, issued_at, nonce)
    assert eip712("Statement", message, chain, contract) == statement.digest(statements.domain(chain, contract))


@settings(max_examples=20)
@given(hash32, addresses, u64, hash32, hash32)
def test_a_batch_is_digested_as_eip_712_has_it(
    key: bytes, merchant: str, quantity: int, items_root: bytes, content: bytes
) -> None:
    checksummed = Web3.to_checksum_address(merchant)
    message = {"key": key, "merchant": checksummed, "quantity": quantity, "itemsRoot": items_root, "content": content}
    batch = Batch(key, merchant, quantity, items_root, content)
    assert eip712("Batch", message, 1, CONTRACT) == batch.digest(statements.domain(1, CONTRACT))


@settings(max_examples=20)
@given(hash32, hash32)
def test_a_recall_is_digested_as_eip_712_has_it(key: bytes, reason: bytes) -> None:
    expected = eip712("Recall", {"key": key, "reason": reason}, 1, CONTRACT)
    assert expected == Recall(key, reason).digest(statements.domain(1, CONTRACT))


@settings(max_examples=20)
@given(hash32, u64, u64, u64, u64)
def test_a_receipt_is_digested_as_eip_712_has_it(
    leaves: bytes, index: int, count: int, issued_at: int, seal_by: int
) -> None:
    message = {"leaves": leaves, "index": index, "count": count, "issuedAt": issued_at, "sealBy": seal_by}
    receipt = Receipt(leaves, index, count, issued_at, seal_by)
    assert eip712("Receipt", message, 1, CONTRACT) == receipt.digest(statements.domain(1, CONTRACT))


@settings(max_examples=30)
@given(hash32)
def test_a_signature_recovers_to_its_signer(digest: bytes) -> None:
    assert MERCHANT.address == statements.recover(digest, MERCHANT.sign(digest))


def bent(signature: bytes) -> dict[str, bytes]:
    r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]
    return {
        "high s": r + (ORDER - s).to_bytes(32, "big") + bytes((55 - v,)),
        "v of 0": signature[:64] + b"\0",
        "v of 1": signature[:64] + b"\1",
        "v of 29": signature[:64] + b"\x1d",
        "no r": bytes(32) + signature[32:],
        "r of the order": ORDER.to_bytes(32, "big") + signature[32:],
        "r beyond": b"\xff" * 32 + signature[32:],
        "no s": r + bytes(32) + signature[64:],
        "compact": signature[:64],
        "padded": signature + b"\0",
        "empty": b"",
    }


@pytest.mark.parametrize("how", bent(MERCHANT.sign(bytes(32))))
def test_a_signature_of_another_form_is_refused(how: str) -> None:
    digest = sha256(b"x").digest()
    with pytest.raises(BadSignature):
        statements.recover(digest, bent(MERCHANT.sign(digest))[how])


@pytest.mark.parametrize("digest", [b"", b"x" * 31, b"x" * 33])
def test_a_digest_of_another_length_is_refused(digest: bytes) -> None:
    with pytest.raises(BadSignature):
        statements.recover(digest, MERCHANT.sign(sha256(b"x").digest()))


@given(hash32, st.binary(max_size=70) | st.binary(min_size=64, max_size=64).map(lambda b: b + b"\x1b"))
def test_garbage_recovers_to_some_stranger_or_is_refused(digest: bytes, signature: bytes) -> None:
    try:
        met = statements.recover(digest, signature)
    except BadSignature:
        return
    assert MERCHANT.address != statements.address(met)


def signed_json(**changes: Any) -> dict[str, Any]:
    statement = Statement("product", "/01/09521141012345", bytes(32), 7, b"n" * 32)
    return {**Signed(MERCHANT.address, statement, b"s" * 65).as_json(), **changes}


def test_a_signed_statement_travels_and_comes_back() -> None:
    assert signed_json() == Signed.from_json(signed_json()).as_json()


def test_a_statement_without_a_subject_has_an_empty_one() -> None:
    value = signed_json()
    del value["subject"]
    assert "" == Signed.from_json(value).statement.subject


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "x",
        {},
        signed_json(kind=1),
        signed_json(kind="\ud800"),
        signed_json(subject=None),
        signed_json(subject="/x\udfff"),
        signed_json(issuedAt=True),
        signed_json(issuedAt=-1),
        signed_json(issuedAt=2**53),
        signed_json(issuedAt=1.0),
        signed_json(issuedAt="7"),
        signed_json(content="00" * 31),
        signed_json(content="AA" * 32),
        signed_json(content="0x" + "00" * 31),
        signed_json(content="00" * 31 + "0\n"),
        signed_json(content="٠٠" * 32),
        signed_json(content=None),
        signed_json(nonce=7),
        signed_json(by=MERCHANT.address[2:]),
        signed_json(by=MERCHANT.address.upper()),
        signed_json(by="0x"),
        signed_json(by=None),
        signed_json(signature="00" * 64),
        signed_json(signature=["00" * 65]),
    ],
    ids=repr,
)
def test_another_shape_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed):
        Signed.from_json(value)


def test_a_shoppers_signature_holds_for_its_message_alone() -> None:
    shopper, other = Shopper("one"), Shopper("two")
    statement = Statement("review", "/reviews/09521141012345", bytes(32), 7, bytes(32))
    another = replace(statement, subject="/reviews/00000000000017")
    signature, key = shopper.sign(statement.message(31337, CONTRACT)), shopper.point
    statements.check_shopper(Signed(key, statement, signature), 31337, CONTRACT)
    for signed, chain, journal in (
        (Signed(key, another, signature), 31337, CONTRACT),
        (Signed(key, statement, signature), 1, CONTRACT),
        (Signed(key, statement, signature), 31337, "0x" + "00" * 20),
        (Signed(other.point, statement, signature), 31337, CONTRACT),
        (Signed(key, statement, signature[::-1]), 31337, CONTRACT),
        (Signed(key, statement, bytes(64)), 31337, CONTRACT),
        (Signed(key, statement, b""), 31337, CONTRACT),
        (Signed("04" + "00" * 64, statement, signature), 31337, CONTRACT),
        (Signed("", statement, signature), 31337, CONTRACT),
    ):
        with pytest.raises(BadSignature):
            statements.check_shopper(signed, chain, journal)


def shopper_json(**changes: Any) -> dict[str, Any]:
    statement = Statement("review", "/reviews/09521141012345", bytes(32), 7, b"n" * 32)
    return {**Signed(Shopper("one").point, statement, b"s" * 64).as_json(), **changes}


def test_a_shoppers_statement_travels_and_comes_back() -> None:
    assert shopper_json() == Signed.from_shopper(shopper_json()).as_json()


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        shopper_json(by=MERCHANT.address),
        shopper_json(by="02" + "00" * 32),
        shopper_json(by="06" + Shopper("one").point[2:]),
        shopper_json(by=Shopper("one").point.upper()),
        shopper_json(signature="00" * 65),
        shopper_json(signature=None),
        shopper_json(nonce="00"),
        shopper_json(issuedAt=True),
    ],
    ids=repr,
)
def test_another_shape_is_no_shoppers(value: Any) -> None:
    with pytest.raises(Malformed):
        Signed.from_shopper(value)


def test_a_shopper_signs_what_names_the_deployment() -> None:
    statement = Statement("review", "/reviews/09521141012345", bytes(32), 7, bytes(32))
    zeros = "00" * 32
    expected = (
        f'{{"content":"{zeros}","domain":{{"chain":31337,"journal":"{CONTRACT}"}},"issuedAt":7,"kind":"review",'
        f'"nonce":"{zeros}","subject":"/reviews/09521141012345"}}'
    )
    assert expected.encode() == statement.message(31337, CONTRACT)
