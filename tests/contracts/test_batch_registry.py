"""BatchRegistry: batches by their merchants' signatures, and recalls."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.deployments import Deployment
from contracts.nodes import ZERO, Refused, accounts, malformed, sign

ADMIN, REGULATOR, MERCHANT, STRANGER, OTHER, NEXT = range(6)
ADMITTED, WARNED, SUSPENDED, EXPELLED = range(1, 5)
BATCH = "bytes32 key,address merchant,uint64 quantity,bytes32 itemsRoot,bytes32 content"
RECALL = "bytes32 key,bytes32 reason"
KEY, REASON = b"\x55" * 32, b"\x66" * 32
NOTHING = (ZERO, 0, 0, 0, bytes(32), bytes(32), bytes(32))


def address(index: int) -> str:
    return accounts()[index].address


def batch(key: bytes = KEY, **changes: Any) -> dict[str, Any]:
    made = {"merchant": address(MERCHANT), "quantity": 12, "itemsRoot": b"\x77" * 32, "content": b"\x88" * 32}
    return {"key": key, **made, **changes}


def signed(deployed: Deployment, made: dict[str, Any], key: int = MERCHANT) -> bytes:
    return sign(accounts()[key], deployed.batches, "Batch", BATCH, made)


def register(deployed: Deployment, *batches: dict[str, Any], key: int = MERCHANT, sender: int = STRANGER) -> Any:
    return deployed.send(
        deployed.batches.functions.register(
            [tuple(made.values()) for made in batches], [signed(deployed, made, key) for made in batches]
        ),
        sender,
    )


def recall_signature(deployed: Deployment, key: int, batch_key: bytes = KEY, reason: bytes = REASON) -> bytes:
    return sign(accounts()[key], deployed.batches, "Recall", RECALL, {"key": batch_key, "reason": reason})


def read(deployed: Deployment, key: bytes = KEY) -> tuple[Any, ...]:
    return tuple(deployed.call(deployed.batches.functions.batch(key)))


def standing(deployed: Deployment, to: int) -> None:
    deployed.send(deployed.merchants.functions.setStanding(address(MERCHANT), to, REASON), REGULATOR)


def lower(*values: Any) -> tuple[Any, ...]:
    return tuple(value.lower() if isinstance(value, str) else value for value in values)


def test_merchants_is_the_registry_given(deployed: Deployment) -> None:
    assert deployed.merchants.address == deployed.call(deployed.batches.functions.merchants())


def test_register_keeps_what_was_signed_whoever_sends(deployed: Deployment) -> None:
    receipt = register(deployed, batch())

    now = deployed.node.now()
    assert (address(MERCHANT), 12, now, 0, b"\x77" * 32, b"\x88" * 32, bytes(32)) == read(deployed)
    assert [("Registered", batch())] == deployed.node.events(deployed.batches, receipt)


def test_register_takes_many_batches_of_many_merchants(deployed: Deployment) -> None:
    deployed.send(deployed.merchants.functions.admit(address(OTHER), 1, REASON, []))
    mine, theirs = batch(b"\1" * 32), batch(b"\2" * 32, merchant=address(OTHER))
    deployed.send(
        deployed.batches.functions.register(
            [tuple(mine.values()), tuple(theirs.values())],
            [signed(deployed, mine), signed(deployed, theirs, OTHER)],
        )
    )
    assert [address(MERCHANT), address(OTHER)] == [read(deployed, key * 32)[0] for key in (b"\1", b"\2")]


def test_register_of_none_changes_nothing(deployed: Deployment) -> None:
    assert [] == deployed.node.events(deployed.batches, register(deployed))


def test_register_with_another_number_of_signatures_is_refused(deployed: Deployment) -> None:
    made = batch()
    with pytest.raises(Refused) as refused:
        deployed.call(deployed.batches.functions.register([tuple(made.values())], []))
    assert Refused("LengthsDiffer", (1, 0)) == refused.value


def test_register_twice_is_refused_also_in_one_call(deployed: Deployment) -> None:
    with pytest.raises(Refused) as refused:
        register(deployed, batch(), batch(quantity=13))
    assert Refused("AlreadyRegistered", (KEY,)) == refused.value
    assert NOTHING == read(deployed)

    register(deployed, batch())
    for again in (batch(), batch(quantity=13)):
        with pytest.raises(Refused) as refused:
            register(deployed, again)
        assert Refused("AlreadyRegistered", (KEY,)) == refused.value
    assert 12 == read(deployed)[1]


def test_register_by_another_key_is_refused(deployed: Deployment) -> None:
    for key in (STRANGER, REGULATOR, ADMIN):
        with pytest.raises(Refused) as refused:
            register(deployed, batch(), key=key)
        assert Refused("BadSignature", lower(KEY, address(MERCHANT), address(key))) == refused.value


def test_register_by_a_malformed_or_malleable_signature_is_refused(deployed: Deployment) -> None:
    made = batch()
    for bad in malformed(signed(deployed, made)):
        with pytest.raises(Refused) as refused:
            deployed.call(deployed.batches.functions.register([tuple(made.values())], [bad]))
        assert Refused("BadSignature", lower(KEY, address(MERCHANT), ZERO)) == refused.value


def test_register_for_a_stranger_is_refused(deployed: Deployment) -> None:
    made = batch(merchant=address(STRANGER))
    with pytest.raises(Refused) as refused:
        register(deployed, made, key=STRANGER)
    assert Refused("BadSignature", lower(KEY, address(STRANGER), address(STRANGER))) == refused.value

    nobody = batch(merchant=address(OTHER))
    with pytest.raises(Refused) as refused:  # no key of nobody's is the zero address
        deployed.call(deployed.batches.functions.register([tuple(nobody.values())], [bytes(65)]))
    assert Refused("BadSignature", lower(KEY, address(OTHER), ZERO)) == refused.value


def test_register_of_changed_values_is_refused(deployed: Deployment) -> None:
    made = batch()
    signature = signed(deployed, made)
    for changed in (
        batch(b"\x56" * 32), batch(quantity=13), batch(itemsRoot=bytes(32)), batch(content=bytes(32)),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            deployed.call(deployed.batches.functions.register([tuple(changed.values())], [signature]))
        assert "BadSignature" == refused.value.name


def test_register_signed_for_another_deployment_is_refused(deployed: Deployment) -> None:
    other = deployed.node.deploy("BatchRegistry", deployed.merchants.address)
    made = batch()
    signature = sign(accounts()[MERCHANT], other, "Batch", BATCH, made)
    with pytest.raises(Refused) as refused:
        deployed.call(deployed.batches.functions.register([tuple(made.values())], [signature]))
    assert "BadSignature" == refused.value.name


def test_register_goes_by_the_current_key(deployed: Deployment) -> None:
    deployed.send(deployed.merchants.functions.rotateKey(address(MERCHANT), address(NEXT)))
    with pytest.raises(Refused) as refused:
        register(deployed, batch())
    assert Refused("BadSignature", lower(KEY, address(MERCHANT), address(MERCHANT))) == refused.value
    register(deployed, batch(), key=NEXT)


def test_register_goes_by_the_current_standing(deployed: Deployment) -> None:
    for to in (SUSPENDED, EXPELLED):
        standing(deployed, to)
        with pytest.raises(Refused) as refused:
            register(deployed, batch())
        assert Refused("NoStanding", lower(address(MERCHANT), to)) == refused.value
    standing(deployed, WARNED)
    register(deployed, batch())


def test_batch_is_zeros_where_there_is_none(deployed: Deployment) -> None:
    assert NOTHING == read(deployed)


@pytest.mark.parametrize("sender", [MERCHANT, REGULATOR])
def test_recall_marks_the_batch_for_good(deployed: Deployment, sender: int) -> None:
    register(deployed, batch())
    before = read(deployed)
    receipt = deployed.send(deployed.batches.functions.recall(KEY, REASON), sender)

    now = deployed.node.now()
    assert (*before[:3], now, *before[4:6], REASON) == read(deployed)
    assert [("Recalled", {"key": KEY, "by": address(sender), "reason": REASON})] == deployed.node.events(
        deployed.batches, receipt
    )
    with pytest.raises(Refused) as refused:
        deployed.send(deployed.batches.functions.recall(KEY, bytes(32)), sender)
    assert Refused("AlreadyRecalled", (KEY, now)) == refused.value
    with pytest.raises(Refused) as refused:
        register(deployed, batch())
    assert Refused("AlreadyRegistered", (KEY,)) == refused.value


def test_recall_of_what_is_not_registered_is_refused(deployed: Deployment) -> None:
    with pytest.raises(Refused) as refused:
        deployed.send(deployed.batches.functions.recall(KEY, REASON), REGULATOR)
    assert Refused("NotRegistered", (KEY,)) == refused.value


def test_recall_by_anyone_else_is_refused(deployed: Deployment) -> None:
    deployed.send(deployed.merchants.functions.admit(address(OTHER), 1, REASON, []))
    register(deployed, batch())
    for sender in (ADMIN, STRANGER, OTHER):
        with pytest.raises(Refused) as refused:
            deployed.send(deployed.batches.functions.recall(KEY, REASON), sender)
        assert Refused("NotAllowedToRecall", lower(KEY, address(sender))) == refused.value


def test_recall_goes_by_the_current_key_whatever_the_standing(deployed: Deployment) -> None:
    register(deployed, batch())
    deployed.send(deployed.merchants.functions.rotateKey(address(MERCHANT), address(NEXT)))
    standing(deployed, EXPELLED)
    with pytest.raises(Refused) as refused:
        deployed.send(deployed.batches.functions.recall(KEY, REASON), MERCHANT)
    assert Refused("NotAllowedToRecall", lower(KEY, address(MERCHANT))) == refused.value
    deployed.send(deployed.batches.functions.recall(KEY, REASON), NEXT)


@pytest.mark.parametrize("key", [MERCHANT, REGULATOR])
def test_recall_for_takes_the_signature_from_anyone(deployed: Deployment, key: int) -> None:
    register(deployed, batch())
    call = deployed.batches.functions.recallFor(KEY, REASON, recall_signature(deployed, key))
    receipt = deployed.send(call, STRANGER)
    assert [("Recalled", {"key": KEY, "by": address(key), "reason": REASON})] == deployed.node.events(
        deployed.batches, receipt
    )
    with pytest.raises(Refused) as refused:
        deployed.send(call, STRANGER)
    assert Refused("AlreadyRecalled", (KEY, deployed.node.now())) == refused.value


def test_recall_for_by_another_key_is_refused(deployed: Deployment) -> None:
    register(deployed, batch())
    signature = recall_signature(deployed, STRANGER)
    with pytest.raises(Refused) as refused:
        deployed.send(deployed.batches.functions.recallFor(KEY, REASON, signature), MERCHANT)
    assert Refused("NotAllowedToRecall", lower(KEY, address(STRANGER))) == refused.value


def test_recall_for_another_batch_or_reason_is_refused(deployed: Deployment) -> None:
    register(deployed, batch(), batch(b"\x56" * 32))
    signature = recall_signature(deployed, MERCHANT)
    for key, reason in ((b"\x56" * 32, REASON), (KEY, bytes(32))):
        with pytest.raises(Refused) as refused:
            deployed.send(deployed.batches.functions.recallFor(key, reason, signature))
        assert "NotAllowedToRecall" == refused.value.name


def test_recall_for_by_a_malformed_or_malleable_signature_is_refused(deployed: Deployment) -> None:
    register(deployed, batch())
    for bad in malformed(recall_signature(deployed, MERCHANT)):
        with pytest.raises(Refused) as refused:
            deployed.call(deployed.batches.functions.recallFor(KEY, REASON, bad))
        assert Refused("NotAllowedToRecall", lower(KEY, ZERO)) == refused.value


def test_recall_for_what_is_not_registered_is_refused(deployed: Deployment) -> None:
    signature = recall_signature(deployed, MERCHANT)
    with pytest.raises(Refused) as refused:
        deployed.send(deployed.batches.functions.recallFor(KEY, REASON, signature))
    assert Refused("NotRegistered", (KEY,)) == refused.value


hashes = st.binary(min_size=32, max_size=32)


@settings(max_examples=10, deadline=None)
@given(key=hashes, quantity=st.integers(0, 2**64 - 1), items=hashes, content=hashes, flipped=st.integers(0, 519))
def test_register_holds_for_any_values_and_no_changed_signature(
    shared_deployment: Deployment, key: bytes, quantity: int, items: bytes, content: bytes, flipped: int
) -> None:
    made = batch(key, quantity=quantity, itemsRoot=items, content=content)
    signature = signed(shared_deployment, made)
    shared_deployment.call(shared_deployment.batches.functions.register([tuple(made.values())], [signature]))

    changed = bytearray(signature)
    changed[flipped // 8] ^= 1 << flipped % 8
    with pytest.raises(Refused) as refused:
        shared_deployment.call(shared_deployment.batches.functions.register([tuple(made.values())], [bytes(changed)]))
    assert "BadSignature" == refused.value.name
