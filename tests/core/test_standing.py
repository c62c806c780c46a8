"""Whose key and standing held when, as the MerchantRegistry's own checkpoints say it."""

from __future__ import annotations

import pytest

from suyuan.core.proof import Verdict
from suyuan.core.rules import Role, Standing
from suyuan.core.standing import Participant, Registry
from suyuan.core.statements import SKEW

ID, FIRST, SECOND = "0x" + "aa" * 20, "0x" + "aa" * 20, "0x" + "bb" * 20
ANYONE = Participant(
    ID,
    Role.MERCHANT,
    ((100, Standing.ADMITTED), (200, Standing.SUSPENDED), (200, Standing.WARNED), (300, Standing.EXPELLED)),
    ((100, FIRST), (250, SECOND)),
)
REGISTRY = Registry([ANYONE])


@pytest.mark.parametrize(
    ("second", "standing", "key"),
    [
        (0, Standing.UNKNOWN, ""),
        (99, Standing.UNKNOWN, ""),
        (100, Standing.ADMITTED, FIRST),
        (199, Standing.ADMITTED, FIRST),
        (200, Standing.WARNED, FIRST),  # of two in one second the later
        (249, Standing.WARNED, FIRST),
        (250, Standing.WARNED, SECOND),
        (300, Standing.EXPELLED, SECOND),
        (2**63, Standing.EXPELLED, SECOND),
    ],
)
def test_what_changed_in_a_second_holds_from_that_second_on(second: int, standing: Standing, key: str) -> None:
    assert (standing, key) == (ANYONE.standing_at(second), ANYONE.key_at(second))


@pytest.mark.parametrize(
    ("id", "signer", "at", "issued_at", "verdict"),
    [
        (ID, FIRST, 100, 100, Verdict.VALID),
        (ID, FIRST, 100, 100 + SKEW, Verdict.VALID),
        (ID, FIRST, 100, 101 + SKEW, Verdict.ISSUED_LATE),
        (ID, FIRST, 99, 99, Verdict.UNKNOWN_SIGNER),
        (SECOND, SECOND, 260, 260, Verdict.UNKNOWN_SIGNER),  # a key is not an id
        (ID, SECOND, 249, 249, Verdict.BAD_SIGNATURE),
        (ID, FIRST, 250, 250, Verdict.BAD_SIGNATURE),
        (ID, "", 250, 250, Verdict.BAD_SIGNATURE),
        (ID, SECOND, 300, 300, Verdict.NO_STANDING),
        (ID, FIRST, 300, 300, Verdict.BAD_SIGNATURE),  # the contract asks for the signature first
    ],
)
def test_verdicts_are_those_of_the_contract(id: str, signer: str, at: int, issued_at: int, verdict: Verdict) -> None:
    assert verdict is REGISTRY.verdict(id, signer, at, issued_at)


def test_what_is_learnt_of_a_participant_replaces_what_was_known() -> None:
    registry = Registry([ANYONE])
    registry.put(Participant(ID, Role.PARTNER, ((100, Standing.ADMITTED),), ((100, FIRST),)))
    known = registry.of(ID)
    assert known is not None
    assert (Role.PARTNER, Standing.ADMITTED) == (known.role, known.standing_at(300))
    assert registry.of(SECOND) is None
