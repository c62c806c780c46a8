"""A review stream's totals, held against a model that keeps plain counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.core import tally
from suyuan.core.errors import ProofFault

REVIEW, AMEND, WITHDRAW, WITHHOLD, RESTORE, ERASE, REPLY = range(7, 14)
MOST = 2**24 - 1
Counts = dict[tuple[str, int], int]


def state_of(counts: Counts) -> bytes:
    rows = [counts.get((row, stars), 0) for row in ("standing", "withheld") for stars in range(1, 6)]
    return b"".join(n.to_bytes(3, "big") for n in rows) + b"\0\0"


def arg(h: int = 0, a: int = 0, b: int = 0) -> int:
    return h << 6 | a << 3 | b


def model(counts: Counts, kind: int, h: int, a: int, b: int) -> Counts | None:
    """The counts after a step; None where it may not be taken."""
    wanted = {REVIEW: "b", AMEND: "hab", WITHDRAW: "ha", WITHHOLD: "a", RESTORE: "a", ERASE: "", REPLY: ""}[kind]
    given_fields = {"a": a, "b": b}
    if any(n not in range(1, 6) if name in wanted else n != 0 for name, n in given_fields.items()):
        return None
    if h > (1 if "h" in wanted else 0):
        return None
    after = dict(counts)
    rows = ["standing"] if kind in (REVIEW, AMEND, WITHDRAW) else []
    rows += ["withheld"] * h
    for row in rows:
        for stars, change in ((a, -1), (b, 1)):
            if stars:
                after[row, stars] = after.get((row, stars), 0) + change
    if kind in (WITHHOLD, RESTORE):
        after["withheld", a] = after.get(("withheld", a), 0) + (1 if kind == WITHHOLD else -1)
    for stars in range(1, 6):
        standing, withheld = (after.get((row, stars), 0) for row in ("standing", "withheld"))
        if not 0 <= withheld <= standing <= MOST:
            return None
    return after


def stepped(before: bytes, kind: int, how: int) -> bytes | None:
    try:
        return tally.step(before, kind, how)
    except ProofFault:
        return None


steps = st.lists(
    st.tuples(
        st.integers(REVIEW, REPLY), st.integers(0, 1), st.integers(0, 3), st.integers(0, 3)
    ).map(lambda s: (s[0], s[1] * (s[0] in (AMEND, WITHDRAW)), s[2] * (8 <= s[0] <= 11), s[3] * (s[0] <= 8))),
    max_size=40,
)  # fmt: skip


@given(steps)
def test_any_sequence_counts_as_the_model_does(sequence: list[tuple[int, int, int, int]]) -> None:
    counts: Counts = {}
    for kind, h, a, b in sequence:
        after = model(counts, kind, h, a, b)
        expected = None if after is None else state_of(after)
        assert expected == stepped(state_of(counts), kind, arg(h, a, b))
        counts = counts if after is None else after


@given(st.integers(REVIEW, REPLY), st.integers(0, 255), st.lists(st.integers(0, 3), min_size=10, max_size=10))
def test_any_arg_is_taken_or_refused_as_by_the_model(kind: int, how: int, rows: list[int]) -> None:
    places = [(row, stars) for row in ("standing", "withheld") for stars in range(1, 6)]
    counts = {place: n + (3 if place[0] == "standing" else 0) for place, n in zip(places, rows, strict=True)}
    after = model(counts, kind, how >> 6, how >> 3 & 7, how & 7)
    assert (None if after is None else state_of(after)) == stepped(state_of(counts), kind, how)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 255), st.integers(0, 255))
def test_any_bytes_step_or_are_at_fault(before: bytes, kind: int, how: int) -> None:
    after = stepped(before, kind, how)
    assert after is None or 32 == len(after)


@pytest.mark.parametrize("kind", [0, 1, 6, 14, 19, 20, 255])
def test_other_kinds_carry_the_state_on_and_have_no_arg(kind: int) -> None:
    assert b"x" * 32 == tally.step(b"x" * 32, kind, 0)
    assert None is stepped(b"x" * 32, kind, 1)


@pytest.mark.parametrize(
    ("kind", "how"),
    [(WITHDRAW, arg(a=3)), (AMEND, arg(a=3, b=4)), (WITHHOLD, arg(a=3)), (RESTORE, arg(a=3)), (AMEND, arg(1, 3, 4))],
)
def test_nothing_is_taken_from_nothing(kind: int, how: int) -> None:
    assert None is stepped(tally.ZERO, kind, how)


def test_a_count_is_full_at_24_bits() -> None:
    almost = state_of({("standing", 5): MOST - 1})
    full = tally.step(almost, REVIEW, arg(b=5))
    assert state_of({("standing", 5): MOST}) == full
    assert None is stepped(full, REVIEW, arg(b=5))
    assert state_of({("standing", 5): MOST, ("standing", 4): 1}) == tally.step(full, REVIEW, arg(b=4))


def test_no_more_are_withheld_than_stand() -> None:
    one = tally.step(tally.ZERO, REVIEW, arg(b=1))
    withheld = tally.step(one, WITHHOLD, arg(a=1))
    assert None is stepped(withheld, WITHHOLD, arg(a=1))
    assert None is stepped(withheld, WITHDRAW, arg(a=1))  # it says that it is not withheld
    assert tally.ZERO == tally.step(withheld, WITHDRAW, arg(1, 1))


@pytest.mark.parametrize(
    "state",
    [b"\0" * 31 + b"\1", b"\0" * 30 + b"\1\0", state_of({("withheld", 2): 1})],
    ids=["last byte", "byte before", "withheld that do not stand"],
)
def test_bytes_that_no_reviews_make_are_no_tally(state: bytes) -> None:
    with pytest.raises(ProofFault):
        tally.decode(state)


def test_shown_is_what_stands_and_is_not_withheld() -> None:
    counts = tally.decode(state_of({("standing", 1): 5, ("standing", 5): 7, ("withheld", 1): 4}))
    assert ((5, 0, 0, 0, 7), (4, 0, 0, 0, 0), (1, 0, 0, 0, 7)) == (counts.standing, counts.withheld, counts.shown)
