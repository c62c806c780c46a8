"""MerchantRegistry: who may write, with which key, and since when."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.deployments import Deployment
from contracts.nodes import ZERO, Refused, accounts, malformed, sign

ADMIN, REGULATOR, MERCHANT, STRANGER, OTHER, NEXT, LAST = range(7)
UNKNOWN, ADMITTED, WARNED, SUSPENDED, EXPELLED = range(5)
VALID, UNKNOWN_SIGNER, BAD_SIGNATURE, NO_STANDING, ISSUED_LATE = range(5)
NO_ROLE, A_MERCHANT, A_PARTNER = range(3)
STATEMENT = "string kind,string subject,bytes32 content,uint64 issuedAt,bytes32 nonce"
END_OF_TIME = 2**64 - 1
REASON = b"\x22" * 32
DEFAULT_ADMIN = bytes(32)


def address(index: int) -> str:
    return accounts()[index].address


def statement(issued_at: int, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "checkpoint",
        "subject": "",
        "content": b"\x33" * 32,
        "issuedAt": issued_at,
        "nonce": b"\x44" * 32,
        **changes,
    }


def claim(deployed: Deployment, at: int, by: int = MERCHANT, key: int = MERCHANT, **changes: Any) -> Any:
    said = statement(changes.pop("issued_at", at), **changes)
    signature = sign(accounts()[key], deployed.merchants, "Statement", STATEMENT, said)
    return (address(by), at, tuple(said.values()), signature)


def check(deployed: Deployment, *claims: Any) -> list[int]:
    return list(deployed.call(deployed.merchants.functions.check(list(claims))))


def standing(deployed: Deployment, to: int, by: int = REGULATOR) -> int:
    """Change the merchant's standing; the time from which it holds."""
    deployed.send(deployed.merchants.functions.setStanding(address(MERCHANT), to, REASON), by)
    return deployed.node.now()


def test_admit_records_everything_with_the_id_as_first_key(deployed: Deployment) -> None:
    receipt = deployed.send(deployed.merchants.functions.admit(address(OTHER), A_PARTNER, REASON, ["food", "toys"]))

    now = deployed.node.now()
    assert [A_PARTNER, ADMITTED, address(OTHER), REASON, now] == deployed.call(
        deployed.merchants.functions.merchant(address(OTHER))
    )
    assert [
        ("Admitted", {"id": address(OTHER), "role": A_PARTNER, "licence": REASON, "categories": ["food", "toys"]})
    ] == deployed.node.events(deployed.merchants, receipt)
    assert address(OTHER) == deployed.call(deployed.merchants.functions.keyAt(address(OTHER), now))
    assert ZERO == deployed.call(deployed.merchants.functions.keyAt(address(OTHER), now - 1))
    assert UNKNOWN == deployed.call(deployed.merchants.functions.standingAt(address(OTHER), now - 1))


def test_merchant_is_zeros_for_a_stranger(deployed: Deployment) -> None:
    assert [0, UNKNOWN, ZERO, bytes(32), 0] == deployed.call(deployed.merchants.functions.merchant(address(STRANGER)))


def test_admit_without_the_role_is_refused(deployed: Deployment) -> None:
    role = deployed.call(deployed.merchants.functions.ADMISSIONS_ROLE())
    for sender in (REGULATOR, MERCHANT, STRANGER):
        with pytest.raises(Refused) as refused:
            deployed.call(deployed.merchants.functions.admit(address(OTHER), A_MERCHANT, REASON, []), sender)
        assert ("AccessControlUnauthorizedAccount", (address(sender).lower(), role)) == (
            refused.value.name,
            refused.value.values,
        )


def test_admit_twice_is_refused(deployed: Deployment) -> None:
    with pytest.raises(Refused) as refused:
        deployed.send(deployed.merchants.functions.admit(address(MERCHANT), A_PARTNER, REASON, []))
    assert Refused("KeyTaken", (address(MERCHANT).lower(), address(MERCHANT).lower())) == refused.value


def test_admit_of_nobody_or_in_no_role_is_refused(deployed: Deployment) -> None:
    with pytest.raises(Refused) as refused:
        deployed.send(deployed.merchants.functions.admit(ZERO, A_MERCHANT, REASON, []))
    assert Refused("ZeroAddress", ()) == refused.value

    with pytest.raises(Refused) as refused:
        deployed.send(deployed.merchants.functions.admit(address(OTHER), NO_ROLE, REASON, []))
    assert Refused("RoleMissing", (address(OTHER).lower(),)) == refused.value


def test_admit_of_another_ones_key_is_refused(deployed: Deployment) -> None:
    deployed.send(deployed.merchants.functions.rotateKey(address(MERCHANT), address(NEXT)))
    for key in (MERCHANT, NEXT):
        with pytest.raises(Refused) as refused:
            deployed.send(deployed.merchants.functions.admit(address(key), A_MERCHANT, REASON, []))
        assert Refused("KeyTaken", (address(key).lower(), address(MERCHANT).lower())) == refused.value


def test_set_standing_is_read_back_at_every_past_time(deployed: Deployment) -> None:
    history = [(deployed.node.now(), ADMITTED)]
    for to in (WARNED, SUSPENDED, ADMITTED, EXPELLED):
        deployed.node.wait(10)
        history.append((standing(deployed, to), to))

    for (since, held), (until, _) in zip(history, [*history[1:], (END_OF_TIME + 1, 0)], strict=True):
        for at in (since, until - 1):
            assert held == deployed.call(deployed.merchants.functions.standingAt(address(MERCHANT), at))


def test_set_standing_emits_the_reason(deployed: Deployment) -> None:
    call = deployed.merchants.functions.setStanding(address(MERCHANT), WARNED, REASON)
    receipt = deployed.send(call, REGULATOR)
    assert [
        ("StandingChanged", {"id": address(MERCHANT), "standing": WARNED, "reason": REASON})
    ] == deployed.node.events(deployed.merchants, receipt)


def test_set_standing_by_anyone_but_the_regulator_is_refused(deployed: Deployment) -> None:
    role = deployed.call(deployed.merchants.functions.REGULATOR_ROLE())
    for sender in (ADMIN, MERCHANT, STRANGER):
        with pytest.raises(Refused) as refused:
            standing(deployed, WARNED, sender)
        assert Refused("AccessControlUnauthorizedAccount", (address(sender).lower(), role)) == refused.value


def test_set_standing_of_a_stranger_or_to_unknown_is_refused(deployed: Deployment) -> None:
    with pytest.raises(Refused) as refused:
        deployed.send(deployed.merchants.functions.setStanding(address(STRANGER), WARNED, REASON), REGULATOR)
    assert Refused("NotAdmitted", (address(STRANGER).lower(),)) == refused.value

    with pytest.raises(Refused) as refused:
        standing(deployed, UNKNOWN)
    assert Refused("StandingMissing", (address(MERCHANT).lower(),)) == refused.value


def test_regulator_role_is_given_by_regulators_alone(deployed: Deployment) -> None:
    role = deployed.call(deployed.merchants.functions.REGULATOR_ROLE())
    grant = deployed.merchants.functions.grantRole(role, address(ADMIN))
    with pytest.raises(Refused) as refused:
        deployed.send(grant, ADMIN)
    assert Refused("AccessControlUnauthorizedAccount", (address(ADMIN).lower(), role)) == refused.value

    deployed.send(grant, REGULATOR)
    standing(deployed, WARNED, ADMIN)


def test_admissions_role_is_given_by_the_admin_and_can_be_taken(deployed: Deployment) -> None:
    role = deployed.call(deployed.merchants.functions.ADMISSIONS_ROLE())
    with pytest.raises(Refused) as refused:
        deployed.send(deployed.merchants.functions.grantRole(role, address(STRANGER)), STRANGER)
    assert Refused("AccessControlUnauthorizedAccount", (address(STRANGER).lower(), DEFAULT_ADMIN)) == refused.value

    deployed.send(deployed.merchants.functions.grantRole(role, address(STRANGER)))
    deployed.send(deployed.merchants.functions.revokeRole(role, address(ADMIN)))
    admit = deployed.merchants.functions.admit(address(OTHER), A_MERCHANT, REASON, [])
    with pytest.raises(Refused):
        deployed.send(admit, ADMIN)
    deployed.send(admit, STRANGER)


def test_rotate_key_by_the_current_key_or_admissions_is_read_back_at_past_times(deployed: Deployment) -> None:
    first = deployed.node.now()
    deployed.node.wait(10)
    receipt = deployed.send(deployed.merchants.functions.rotateKey(address(MERCHANT), address(NEXT)), MERCHANT)
    second = deployed.node.now()
    assert [("KeyRotated", {"id": address(MERCHANT), "key": address(NEXT)})] == deployed.node.events(
        deployed.merchants, receipt
    )
    deployed.node.wait(10)
    deployed.send(deployed.merchants.functions.rotateKey(address(MERCHANT), address(LAST)), ADMIN)
    third = deployed.node.now()

    held = [
        (first - 1, ZERO), (first, address(MERCHANT)), (second - 1, address(MERCHANT)), (second, address(NEXT)),
        (third - 1, address(NEXT)), (third, address(LAST)), (END_OF_TIME, address(LAST)),
    ]  # fmt: skip
    for at, key in held:
        assert key == deployed.call(deployed.merchants.functions.keyAt(address(MERCHANT), at))


def test_rotate_key_by_anyone_else_is_refused(deployed: Deployment) -> None:
    deployed.send(deployed.merchants.functions.rotateKey(address(MERCHANT), address(NEXT)))
    for sender in (REGULATOR, MERCHANT, STRANGER):  # the merchant's first key is a past one by now
        with pytest.raises(Refused) as refused:
            deployed.send(deployed.merchants.functions.rotateKey(address(MERCHANT), address(LAST)), sender)
        assert Refused("NotAllowedToRotate", (address(MERCHANT).lower(), address(sender).lower())) == refused.value


def test_rotate_key_to_a_used_key_or_to_nobody_is_refused(deployed: Deployment) -> None:
    deployed.send(deployed.merchants.functions.admit(address(OTHER), A_MERCHANT, REASON, []))
    deployed.send(deployed.merchants.functions.rotateKey(address(MERCHANT), address(NEXT)))
    taken = [(MERCHANT, MERCHANT), (NEXT, MERCHANT), (OTHER, OTHER)]
    for key, owner in taken:
        with pytest.raises(Refused) as refused:
            deployed.send(deployed.merchants.functions.rotateKey(address(MERCHANT), address(key)))
        assert Refused("KeyTaken", (address(key).lower(), address(owner).lower())) == refused.value

    with pytest.raises(Refused) as refused:
        deployed.send(deployed.merchants.functions.rotateKey(address(MERCHANT), ZERO))
    assert Refused("ZeroAddress", ()) == refused.value


def test_rotate_key_of_a_stranger_is_refused(deployed: Deployment) -> None:
    with pytest.raises(Refused) as refused:
        deployed.send(deployed.merchants.functions.rotateKey(address(STRANGER), address(NEXT)))
    assert Refused("NotAdmitted", (address(STRANGER).lower(),)) == refused.value


def test_check_judges_many_in_order_and_none_as_none(deployed: Deployment) -> None:
    now = deployed.node.now()
    claims = [
        claim(deployed, now),
        claim(deployed, now, by=STRANGER, key=STRANGER),
        claim(deployed, now, key=STRANGER),
        claim(deployed, now, subject="/01/09394600625413/10/批", kind="recall"),
    ]
    assert [VALID, UNKNOWN_SIGNER, BAD_SIGNATURE, VALID] == check(deployed, *claims)
    assert [] == check(deployed)


def test_check_of_hundreds_costs_little(deployed: Deployment) -> None:
    one = claim(deployed, deployed.node.now())
    call = deployed.merchants.functions.check([one] * 300)
    assert [VALID] * 300 == deployed.call(call)
    assert call.estimate_gas({"from": address(ADMIN)}) < 12_000_000


def test_check_of_a_changed_statement_is_bad_signature(deployed: Deployment) -> None:
    now = deployed.node.now()
    by, at, said, signature = claim(deployed, now)
    for i, value in enumerate(("recall", "/terms/x", b"\x99" * 32, now - 1, b"\x99" * 32)):
        changed = (*said[:i], value, *said[i + 1 :])
        assert [BAD_SIGNATURE] == check(deployed, (by, at, changed, signature))


def test_check_of_a_malformed_or_malleable_signature_is_bad_signature(deployed: Deployment) -> None:
    by, at, said, signature = claim(deployed, deployed.node.now())
    bad = malformed(signature)
    assert [BAD_SIGNATURE] * len(bad) == check(deployed, *((by, at, said, other) for other in bad))


def test_check_of_a_statement_for_another_registry_is_bad_signature(deployed: Deployment) -> None:
    now = deployed.node.now()
    said = statement(now)
    elsewhere = sign(accounts()[MERCHANT], deployed.batches, "Statement", STATEMENT, said)
    assert [BAD_SIGNATURE] == check(deployed, (address(MERCHANT), now, tuple(said.values()), elsewhere))


def test_check_goes_by_the_key_of_the_time(deployed: Deployment) -> None:
    before = deployed.node.now()
    deployed.node.wait(10)
    deployed.send(deployed.merchants.functions.rotateKey(address(MERCHANT), address(NEXT)))
    after = deployed.node.now()

    verdicts = check(
        deployed,
        claim(deployed, before - 1),
        claim(deployed, before),
        claim(deployed, before, key=NEXT),
        claim(deployed, after - 1),
        claim(deployed, after),
        claim(deployed, after, key=NEXT),
        claim(deployed, END_OF_TIME, key=NEXT),
    )
    assert [UNKNOWN_SIGNER, VALID, BAD_SIGNATURE, VALID, BAD_SIGNATURE, VALID, VALID] == verdicts


def test_check_goes_by_the_standing_of_the_time(deployed: Deployment) -> None:
    expected = {WARNED: VALID, SUSPENDED: NO_STANDING, ADMITTED: VALID, EXPELLED: NO_STANDING}
    times = []
    for to in expected:
        deployed.node.wait(10)
        times.append(standing(deployed, to))
    assert list(expected.values()) == check(deployed, *(claim(deployed, at) for at in times))
    assert [VALID, VALID] == check(deployed, *(claim(deployed, at) for at in (times[0] - 1, times[1] - 1)))


def test_check_of_a_retired_keys_holder_finds_no_other_id(deployed: Deployment) -> None:
    deployed.send(deployed.merchants.functions.admit(address(OTHER), A_MERCHANT, REASON, []))
    now = deployed.node.now()
    assert [BAD_SIGNATURE, VALID] == check(
        deployed, claim(deployed, now, by=MERCHANT, key=OTHER), claim(deployed, now, by=OTHER, key=OTHER)
    )


def test_check_allows_clocks_ten_minutes(deployed: Deployment) -> None:
    now = deployed.node.now()
    issued = [0, now, now + 600, now + 601, END_OF_TIME]
    assert [VALID, VALID, VALID, ISSUED_LATE, ISSUED_LATE] == check(
        deployed, *(claim(deployed, now, issued_at=time) for time in issued)
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(kind=st.text(max_size=40), subject=st.text(max_size=200), content=st.binary(min_size=32, max_size=32))
def test_check_holds_for_any_text(shared_deployment: Deployment, kind: str, subject: str, content: bytes) -> None:
    now = shared_deployment.node.now()
    made = claim(shared_deployment, now, kind=kind, subject=subject, content=content)
    swapped = (*made[:2], (subject, kind, *made[2][2:]), made[3])
    assert [VALID, VALID if kind == subject else BAD_SIGNATURE] == check(shared_deployment, made, swapped)
