"""Withheld against shown stars: the table, its exact test, and when it speaks."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.core.signs.model import Reviewed, Sign
from suyuan.core.signs.suppression import signs, suppression, table

counts = st.tuples(*[st.integers(0, 2)] * 5)


@given(counts, counts)
def test_the_p_value_is_the_share_of_all_ways_to_withhold_as_many(
    shown: tuple[int, ...], withheld: tuple[int, ...]
) -> None:
    low = [stars <= 2 for row in (shown, withheld) for stars, n in enumerate(row, 1) for _ in range(n)]
    met = sum(withheld[:2])
    if len(low) > 12:
        low = low[:0]
    if low:
        ways = [sum(low[i] for i in way) >= met for way in combinations(range(len(low)), sum(withheld))]
        assert table(shown, withheld).exact == Fraction(sum(ways), len(ways))


def test_nothing_withheld_says_nothing() -> None:
    assert suppression((9, 9, 9, 9, 9), (0, 0, 0, 0, 0)) is None
    assert table((9, 9, 9, 9, 9), (0, 0, 0, 0, 0)).p == 1.0


def test_withholding_few_stars_alone_is_seen_with_its_table() -> None:
    flag = suppression((3, 2, 10, 30, 55), (8, 2, 0, 0, 0), "06900000000001")
    assert flag is not None
    assert flag.sign is Sign.WITHHELD_STARS
    assert flag.evidence["withheld"] == {"low": 10, "other": 0}
    assert flag.evidence["shown"] == {"low": 5, "other": 95}
    assert flag.strength.value == float(table((3, 2, 10, 30, 55), (8, 2, 0, 0, 0)).exact)


def test_withholding_many_stars_is_not_this_sign() -> None:
    assert suppression((30, 20, 10, 3, 5), (0, 0, 0, 0, 10)) is None


def test_withholding_in_the_same_shares_is_not_seen() -> None:
    assert suppression((100, 100, 100, 100, 100), (10, 10, 10, 10, 10)) is None


@pytest.mark.parametrize("row", [(1, 2, 3), (1, 1, 1, 1, -1)])
def test_what_is_no_tally_is_refused(row: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="no counts"):
        table(row, (0, 0, 0, 0, 0))


def test_reviews_give_what_their_tallies_give() -> None:
    rows = [Reviewed(f"{i:064x}", "p", "", None, 1, i, withheld="abuse") for i in range(8)]
    rows += [Reviewed(f"{i:064x}", "p", "", None, 5, i) for i in range(8, 60)]
    (flag,) = signs(rows)
    assert flag.strength == suppression((0, 0, 0, 0, 52), (8, 0, 0, 0, 0)).strength  # type: ignore[union-attr]
    assert len(flag.rights) == 8
