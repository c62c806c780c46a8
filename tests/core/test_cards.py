"""Cards are found however they are written; numbers that shops need are not taken for them."""

from __future__ import annotations

import pytest

from suyuan.core.cards import holds_card, looks_like_card

CARDS = [
    "4111111111111111",  # the networks' own test numbers
    "5555555555554444",
    "378282246310005",
    "6011111111111117",
    "3530111333300000",
    "6200000000000005",
    "2223003122003222",
    "30569309025904",
]


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("form", ["{}", "pay with {} now", "card:{}.", "({})"])
def test_a_card_is_found_in_a_text(card: str, form: str) -> None:
    spaced = [" ".join(card[i : i + 4] for i in range(0, len(card), 4)), "-".join(card), "–".join(card)]
    wide = card.translate({ord("0") + n: ord("０") + n for n in range(10)})
    for text in (card, wide, *spaced):
        assert looks_like_card(form.format(text)), text


@pytest.mark.parametrize("card", CARDS)
def test_one_wrong_digit_is_no_card(card: str) -> None:
    assert not looks_like_card(card[:-1] + str((int(card[-1]) + 1) % 10))


@pytest.mark.parametrize(
    "text",
    [
        "", "u-2107", "+8613800138000", "+86 138 0013 8000", "138 0013 8000", "20261124000012345", "2026-11-24 13:00",
        "4200001234202611245678901234", "order 12345, 2 pieces", "0" * 16, "4111 1111 1111", "41111111111111112222",
    ],
)  # fmt: skip
def test_what_is_no_card_is_left_alone(text: str) -> None:
    assert not looks_like_card(text)


def test_a_card_is_found_anywhere_in_a_value() -> None:
    for value in ({"a": [{"b": CARDS[0]}]}, {CARDS[0]: 1}, [int(CARDS[0])]):
        assert holds_card(value)
    assert not holds_card({"a": [None, True, 1.5, 41, "x"]})
