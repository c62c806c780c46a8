"""Transactions as bytes, against eth_account."""

from __future__ import annotations

from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st
from web3 import Web3

from suyuan.chain.keystore import Signer
from suyuan.chain.transactions import Transaction, created_address, decode

SECRET = bytes(range(1, 33))
TO = bytes(range(20))
amounts = st.integers(0, 2**64)


@given(amounts, amounts, amounts, st.sampled_from([b"", TO]), st.binary(max_size=100))
def test_sign_equals_eth_account(nonce: int, tip: int, fee: int, to: bytes, data: bytes) -> None:
    ours = Transaction(31337, nonce, tip, fee, 21_000, to, data)
    prepared = ours.sign(Signer(SECRET))
    fields = {
        "type": 2, "chainId": 31337, "nonce": nonce, "maxPriorityFeePerGas": tip, "maxFeePerGas": fee, "gas": 21_000,
        "value": 0, "data": data,
    } | ({"to": Web3.to_checksum_address(to)} if to else {})  # fmt: skip
    theirs = Account.sign_transaction(fields, SECRET)
    assert (bytes(theirs.raw_transaction), bytes(theirs.hash)) == (prepared.raw, prepared.tx)
    assert (ours, Signer(SECRET).address) == decode(prepared.raw)


@given(amounts, amounts, amounts, amounts)
def test_dearer_is_enough_to_replace(tip: int, fee: int, tip_now: int, fee_now: int) -> None:
    before = Transaction(1, 0, tip, fee, 21_000, TO, b"")
    after = before.dearer(tip_now, fee_now)
    assert 8 * after.tip >= 9 * tip
    assert 8 * after.fee >= 9 * fee
    assert after.tip >= tip_now
    assert after.fee >= max(fee_now, after.tip)


def test_created_address_is_ethereums() -> None:
    # The first contract of anvil's and hardhat's first account.
    sender = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
    assert created_address(sender, 0) == "0x5fbdb2315678afecb367f032d93f642f64180aa3"
