"""The port, on the embedded chain and on an anvil node: what it reads, sends, and says when things go wrong."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from chain.conftest import World
from suyuan.chain import connect
from suyuan.chain.keystore import Signer
from suyuan.chain.node import Web3Chain
from suyuan.chain.port import Chain, Outcome, Prepared, TransactionState
from suyuan.core import proof
from suyuan.core.errors import ChainAway, ChainRefused
from suyuan.core.proof import Claim, Judge, Seal, Verdict
from suyuan.core.rules import Role, Standing
from suyuan.core.statements import Batch, Recall, Signed, Statement, domain

HASH = b"\x11" * 32
KEY = b"\x22" * 32


def admitted(world: World, merchant: Signer) -> int:
    """Admits a merchant; the second of it."""
    attempt = world.chain.prepare_admit(
        world.signer("admissions"), merchant.address, Role.MERCHANT, HASH, ["food", "酒"]
    )
    world.chain.transact(attempt)
    (record,), _ = world.chain.participants_since(0)
    return record.keys[0][0]


def signed_batch(world: World, merchant: Signer, key: bytes = KEY) -> tuple[Batch, bytes]:
    batch = Batch(key, merchant.address, 12, b"\x33" * 32, HASH)
    separator = domain(world.deployment.chain_id, world.deployment.batches)
    return batch, merchant.sign(batch.digest(separator))


# -- reading


def test_journal_before_and_after_seals(world: World) -> None:
    chain: Chain = world.chain
    empty = chain.journal_head()
    assert (empty.number, empty.size, empty.heads) == (0, 0, bytes(32))
    assert list(chain.journal_seals()) == []
    assert chain.seal_record(1) is None

    wanted = world.seal(1, 5)
    done = chain.transact(chain.prepare_seal(wanted, []))
    head = chain.journal_head()
    assert (1, 5, wanted.root, wanted.heads) == (head.number, head.size, head.root, head.heads)
    sealed = Seal(1, 5, wanted.root, wanted.heads, head.sealed_at)
    assert [sealed] == list(chain.journal_seals())
    record = chain.seal_record(1)
    assert record is not None
    assert (sealed, done.tx, done.block, 1) == (record.seal, record.tx, record.block, record.confirmations)
    assert chain.confirms(sealed)
    assert not chain.confirms(Seal(1, 6, wanted.root, wanted.heads, head.sealed_at))
    assert abs(head.sealed_at - time.time()) < 600


def test_a_chain_as_of_a_block_stays_there(world: World) -> None:
    then = world.chain.as_of()
    world.chain.transact(world.chain.prepare_seal(world.seal(1, 5), []))
    judge: Judge = then
    assert (then.journal_head().number, world.chain.journal_head().number) == (0, 1)
    assert then.journal_seals() == []
    assert then.seal_record(1) is None
    assert judge.deployment() == proof.Deployment(31337, world.deployment.journal)


def test_participants_are_rebuilt_from_events(world: World) -> None:
    chain, one, two, key = world.chain, Signer.random(), Signer.random(), Signer.random()
    admissions, regulator = world.signer("admissions"), world.signer("regulator")
    found, start = chain.participants_since(0)
    assert found == []
    at = admitted(world, one)
    chain.transact(chain.prepare_admit(admissions, two.address, Role.PARTNER, HASH, []))
    found, start = chain.participants_since(start)
    assert {one.address, two.address} == {record.id for record in found}
    assert ([], start) == chain.participants_since(start)

    chain.transact(chain.prepare_standing(regulator, one.address, Standing.SUSPENDED, HASH))
    chain.transact(chain.prepare_rotate(admissions, one.address, key.address))
    (record,), _ = chain.participants_since(start)
    assert (one.address, Role.MERCHANT, HASH, ("food", "酒")) == (
        record.id,
        record.role,
        record.licence,
        record.categories,
    )
    assert [value for _, value in record.standings] == [Standing.ADMITTED, Standing.SUSPENDED]
    assert [one.address, key.address] == [value for _, value in record.keys]
    assert at == record.standings[0][0] <= record.standings[1][0] <= record.keys[1][0]
    (same, _), _ = chain.participants_since(0)
    everyone = {each.id: each for each in chain.participants_since(0)[0]}
    assert everyone[one.address] == record
    assert same in everyone.values()


def test_verdicts_of_every_kind(world: World) -> None:
    merchant, other, stranger = Signer.random(), Signer.random(), Signer.random()
    at = admitted(world, merchant)
    world.chain.transact(world.chain.prepare_admit(world.signer("admissions"), other.address, Role.MERCHANT, HASH, []))
    late = max(at, world.chain.participants_since(0)[0][-1].keys[0][0]) + 100
    separator = domain(31337, world.deployment.merchants)

    def claim(by: Signer, signer: Signer, issued: int = late, second: int = late) -> Claim:
        statement = Statement("product", "/01/09520000000004", HASH, issued, KEY)
        return Claim(Signed(by.address, statement, signer.sign(statement.digest(separator))), second)

    claims = [
        claim(merchant, merchant),
        claim(stranger, stranger),
        claim(merchant, other),
        claim(merchant, merchant, issued=late + 601),
        claim(merchant, merchant, second=at - 1),
    ]
    expected = [
        Verdict.VALID, Verdict.UNKNOWN_SIGNER, Verdict.BAD_SIGNATURE, Verdict.ISSUED_LATE, Verdict.UNKNOWN_SIGNER,
    ]  # fmt: skip
    assert expected == world.chain.verdicts(claims)
    assert expected * 50 == world.chain.verdicts(claims * 50)
    assert world.chain.verdicts([]) == []


def test_batches_are_registered_and_recalled_by_signature(world: World) -> None:
    chain, merchant = world.chain, Signer.random()
    admitted(world, merchant)
    assert chain.batch(KEY) is None
    batch, signature = signed_batch(world, merchant)
    chain.transact(chain.prepare_register([batch], [signature]))
    state = chain.batch(KEY)
    assert state is not None
    assert (merchant.address, 12, batch.items_root, HASH, 0) == (
        state.merchant, state.quantity, state.items_root, state.content, state.recalled_at,
    )  # fmt: skip
    (record,), start = chain.batches_since(0)
    assert (KEY, state) == (record.key, record.state)

    recall = merchant.sign(Recall(KEY, HASH).digest(domain(31337, world.deployment.batches)))
    chain.transact(chain.prepare_recall(KEY, HASH, recall))
    (record,), start = chain.batches_since(start)
    assert record.state.recalled_at >= state.registered_at > 0
    assert ([], start) == chain.batches_since(start)


def test_receipt_keys_come_and_go(world: World) -> None:
    key, admin = Signer.random().address, world.signer("admin")
    far = 2**40
    for signs in (True, False):
        world.chain.transact(world.chain.prepare_receipt_key(admin, key, signs))
        assert world.chain.receipt_key_at(key, far) is signs


def test_events_wait_for_confirmations(on_anvil: World) -> None:
    patient = on_anvil.again(confirmations=3)
    merchant = Signer.random()
    admitted(on_anvil, merchant)
    found, start = patient.participants_since(0)
    assert found == []
    on_anvil.chain.rpc("anvil_mine", ["0x2"])
    (record,), _ = patient.participants_since(start)
    assert merchant.address == record.id


def test_logs_are_read_in_parts_where_a_node_limits_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.chain.transact(world.chain.prepare_seal(world.seal(1, 5), []))
    chain = world.again()
    make = chain._provider.make_request
    asked: list[int] = []

    def limited(method: Any, params: Any) -> Any:
        if method == "eth_getLogs":
            span = int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1
            asked.append(span)
            if span > 2:
                return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32005, "message": "block range too large"}}
        return make(method, params)

    monkeypatch.setattr(chain._provider, "make_request", limited)
    assert [seal.number for seal in chain.journal_seals()] == [1]
    assert max(asked) > 2 >= min(asked)


# -- refusals


def test_what_a_contract_would_refuse_is_not_sent(world: World) -> None:
    chain, merchant = world.chain, Signer.random()
    admitted(world, merchant)
    chain.transact(chain.prepare_seal(world.seal(1, 5), []))
    batch, signature = signed_batch(world, merchant)
    wrong, _ = signed_batch(world, Signer.random())
    sealer, admissions = world.signer("sealer"), world.signer("admissions")
    before = chain.block_number()
    refusals: list[tuple[Callable[[], Prepared], str]] = [
        (lambda: chain.prepare_seal(world.seal(2, 5), []), "SizeOutOfBounds(5, 5)"),
        (lambda: chain.prepare_seal(world.seal(2, 6), [HASH]), f"NotConsistent(5, 0x{'01' * 32}, 6, 0x{'02' * 32})"),
        (
            lambda: chain.prepare_admit(admissions, merchant.address, Role.MERCHANT, HASH, []),
            f"KeyTaken({merchant.address}, {merchant.address})",
        ),
        (
            lambda: chain.prepare_standing(sealer, merchant.address, Standing.WARNED, HASH),
            f"AccessControlUnauthorizedAccount({sealer.address}, ",
        ),
        (lambda: chain.prepare_register([wrong], [signature]), f"BadSignature(0x{KEY.hex()}, {wrong.merchant}, "),
        (lambda: chain.prepare_recall(KEY, HASH, bytes(65)), f"NotRegistered(0x{KEY.hex()})"),
    ]
    for prepare, expected in refusals:
        with pytest.raises(ChainRefused) as caught:
            prepare()
        assert caught.value.reason.startswith(expected)
    assert before == chain.block_number()
    assert batch.merchant == merchant.address


def test_what_a_block_reverted_says_why(world: World) -> None:
    """Two register the same batch; the second learns of it in its block."""
    chain, merchant = world.chain, Signer.random()
    admitted(world, merchant)
    batch, signature = signed_batch(world, merchant)
    other = world.again()
    other.use(world.deployment, operator=world.signer("regulator"))  # another account with money
    first, second = chain.prepare_register([batch], [signature]), other.prepare_register([batch], [signature])
    chain.transact(first)
    other.send(second)
    outcome = settled(other, second)
    assert TransactionState.REVERTED is outcome.state
    assert outcome.reason == f"AlreadyRegistered(0x{KEY.hex()})"
    with pytest.raises(ChainRefused, match="AlreadyRegistered"):
        other.transact(second)


def settled(chain: Web3Chain, attempt: Prepared) -> Outcome:
    while (outcome := chain.outcome(attempt.tx)).state is TransactionState.PENDING:
        time.sleep(0.01)
    return outcome


def test_sending_again_does_no_harm(world: World) -> None:
    chain = world.chain
    attempt = chain.prepare_seal(world.seal(1, 5), [])
    assert chain.outcome(attempt.tx).state is TransactionState.VANISHED
    assert not chain.nonce_used(attempt)
    for _ in range(3):
        chain.send(attempt)
    assert settled(chain, attempt).state is TransactionState.MINED
    assert chain.nonce_used(attempt)
    assert chain.transact(attempt).tx == attempt.tx
    assert chain.journal_head().number == 1


def test_a_nonce_that_another_took_is_noticed(world: World) -> None:
    chain = world.chain
    one, two = chain.prepare_seal(world.seal(1, 5), []), chain.prepare_seal(world.seal(1, 6), [])
    assert one.nonce == two.nonce
    chain.transact(one)
    chain.send(two)  # too late, which only asking tells
    assert TransactionState.VANISHED is chain.outcome(two.tx).state
    assert chain.nonce_used(two)
    with pytest.raises(ChainRefused, match="nonce"):
        chain.transact(two)


def test_an_account_without_money_is_refused(world: World) -> None:
    poor = world.again()
    poor.use(world.deployment, operator=Signer.random())
    merchant = Signer.random()
    admitted(world, merchant)
    batch, signature = signed_batch(world, merchant)
    with pytest.raises((ChainRefused, ChainAway)):
        poor.send(poor.prepare_register([batch], [signature]))


# -- stuck, replaced, undone


def test_a_stuck_transaction_is_replaced_at_a_higher_fee(on_anvil: World) -> None:
    chain = on_anvil.chain
    chain.rpc("evm_setAutomine", [False])
    stuck = chain.prepare_seal(on_anvil.seal(1, 5), [])
    chain.send(stuck)
    assert TransactionState.PENDING is chain.outcome(stuck.tx).state
    assert not chain.nonce_used(stuck)

    dearer = on_anvil.again().bump(stuck)  # also by a process that has never seen it
    assert dearer.nonce == stuck.nonce
    assert 8 * dearer.fee >= 9 * stuck.fee
    chain.send(dearer)
    assert TransactionState.PENDING is chain.outcome(dearer.tx).state
    chain.rpc("evm_mine", [])
    assert TransactionState.MINED is settled(chain, dearer).state
    assert TransactionState.VANISHED is chain.outcome(stuck.tx).state
    assert chain.nonce_used(stuck)
    assert chain.journal_head().number == 1


def test_transact_outbids_until_it_is_mined(on_anvil: World) -> None:
    chain = on_anvil.chain
    chain.rpc("anvil_setIntervalMining", [1])
    attempt = chain.prepare_seal(on_anvil.seal(1, 5), [])
    done = chain.transact(attempt, stuck=0.1)
    assert TransactionState.MINED is done.state
    assert chain.journal_head().number == 1


def test_a_forgotten_transaction_is_outbid(on_anvil: World) -> None:
    """Somebody died after sending, and nothing of it was written down."""
    chain = on_anvil.chain
    chain.rpc("evm_setAutomine", [False])
    forgotten = chain.prepare_seal(on_anvil.seal(1, 5), [])
    chain.send(forgotten)
    attempt = on_anvil.again().prepare_seal(on_anvil.seal(1, 6), [])
    chain.send(attempt)
    chain.rpc("evm_mine", [])
    assert TransactionState.MINED is settled(chain, attempt).state
    assert chain.journal_head().size == 6


def test_a_reorganisation_is_reported_and_the_same_sent_again(on_anvil: World) -> None:
    chain = on_anvil.chain
    before = chain.rpc("evm_snapshot", [])["result"]
    attempt = chain.prepare_seal(on_anvil.seal(1, 5), [])
    done = chain.transact(attempt)
    assert TransactionState.MINED is done.state
    chain.rpc("evm_revert", [before])
    assert TransactionState.VANISHED is chain.outcome(attempt.tx).state
    assert not chain.nonce_used(attempt)
    assert (chain.journal_head().number, chain.seal_record(1)) == (0, None)
    chain.send(attempt)
    assert TransactionState.MINED is settled(chain, attempt).state
    assert chain.journal_head().number == 1


def test_confirmations_are_counted_and_waited_for(on_anvil: World) -> None:
    chain = on_anvil.again(confirmations=3)
    attempt = chain.prepare_seal(on_anvil.seal(1, 5), [])
    outcomes: list[Outcome] = []
    waiting = Thread(target=lambda: outcomes.append(chain.transact(attempt)))
    waiting.start()
    assert settled_in_block(chain, attempt).confirmations == 1
    assert waiting.is_alive()
    chain.rpc("anvil_mine", ["0x2"])
    waiting.join(30)
    assert [outcome.confirmations for outcome in outcomes] == [3]
    record = chain.seal_record(1)
    assert record is not None
    assert record.confirmations == 3


def settled_in_block(chain: Web3Chain, attempt: Prepared) -> Outcome:
    while (outcome := chain.outcome(attempt.tx)).state is not TransactionState.MINED:
        time.sleep(0.01)
    return outcome


# -- away


def test_a_dead_node_is_away_and_its_access_key_stays_secret(
    open_chain: Callable[..., Web3Chain], on_anvil: World, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    caplog.set_level(logging.INFO)
    dead = open_chain(f"http://127.0.0.1:{port}/v3/access-key")
    dead.use(on_anvil.deployment, sealer=on_anvil.signer("sealer"))
    attempt = on_anvil.chain.prepare_seal(on_anvil.seal(1, 5), [])
    calls: list[Callable[[], Any]] = [
        dead.journal_head, dead.journal_seals, dead.deployment, dead.as_of, lambda: dead.batch(KEY),
        lambda: dead.participants_since(0), lambda: dead.send(attempt), lambda: dead.outcome(attempt.tx),
        lambda: dead.prepare_seal(on_anvil.seal(1, 5), []), lambda: dead.bump(attempt),
        lambda: dead.rpc("eth_blockNumber", []),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ChainAway) as caught:
            call()
        assert "access-key" not in f"{caught.value} {caplog.text}"
        assert caught.value.__suppress_context__


def test_a_chain_without_the_contracts_is_away(tmp_path: Path, on_anvil: World, open_chain: Any) -> None:
    elsewhere = open_chain("", tmp_path / "elsewhere")
    elsewhere.use(on_anvil.deployment)
    for call in (elsewhere.journal_head, lambda: elsewhere.deployment_of(on_anvil.deployment.journal)):
        with pytest.raises(ChainAway, match="no such contract"):
            call()


def test_rpc_is_passed_on(world: World) -> None:
    assert world.chain.rpc("eth_chainId", []) == {"result": "0x7a69"}
    refused = world.chain.rpc("eth_call", [{"to": world.deployment.batches, "data": "0xffffffff"}, "latest"])
    assert refused["error"]["code"] == 3
    assert world.chain.rpc("no_such", [])["error"]["code"] == -32601


def test_nothing_secret_is_logged(world: World, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    caplog.set_level(logging.DEBUG)
    world.chain.transact(world.chain.prepare_seal(world.seal(1, 5), []))
    password = (tmp_path / "keys" / "password").read_text()
    assert password not in caplog.text
    assert password not in repr(vars(world.chain))


def test_connect_needs_a_folder_or_a_url() -> None:
    with pytest.raises(ValueError, match="folder"):
        connect("")
