"""Near-duplicate words."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.core.signs import words
from suyuan.core.signs.model import Reviewed

TEA = "茶汤金黄透亮，香气很足，回甘明显，包装完好，物流第二天就到了"
ENGLISH = "The tea was fresh and the parcel came in two days, my parents liked it very much."


def written(*texts: str, language: str = "zh", buyer: int | None = None) -> list[Reviewed]:
    return [
        Reviewed(f"{i:064x}", f"{i % 3:014}", "", i if buyer is None else buyer, 5, i, text, language)
        for i, text in enumerate(texts)
    ]


def test_the_same_words_in_other_width_case_and_punctuation_are_the_same() -> None:
    (flag,) = words.signs(written(ENGLISH, ENGLISH.upper().replace(",", " ！"), language="en"))
    assert flag.strength.value == 1.0
    assert words.normalised("Ｔｅａ，好！") == words.normalised("tea 好")


def test_a_word_or_two_changed_is_seen_with_its_exact_similarity() -> None:
    changed = TEA.replace("第二天", "第三天")
    (flag,) = words.signs(written(TEA, changed))
    one, other = (words.shingles(words.normalised(text), "zh") for text in (TEA, changed))
    assert flag.evidence["pairs"] == [{"rights": [f"{0:064x}", f"{1:064x}"], "similarity": words.jaccard(one, other)}]


@pytest.mark.parametrize("text", ["很好", "", "质量很好，物流很快，值得购买", "!!!", "\U0001f375" * 50])
def test_what_everyone_says_is_no_evidence(text: str) -> None:
    assert words.signs(written(text, text, text)) == []


def test_one_buyers_own_words_for_several_things_are_no_evidence() -> None:
    assert words.signs(written(TEA, TEA, TEA, buyer=7)) == []


def test_different_words_are_not_alike() -> None:
    other = "罐子有点瘪，不过客服回答很耐心，泡了五六遍还有味道，价格合适"
    assert words.signs(written(TEA, other)) == []


def test_hostile_words_are_read() -> None:
    long = "".join(chr(0x4E00 + i * 7919 % 20_000) for i in range(100_000))
    astral = "".join(chr(0x20000 + i) for i in range(40))
    lone = "\ud800" * 3 + TEA
    found = words.signs(written(long, long + "x", astral, astral, lone, "", "ﷺ" * 100_000, "\0" * 100_000))
    assert sorted(len(flag.rights) for flag in found) == [2, 2]


def test_a_flood_of_one_text_is_one_cluster() -> None:
    (flag,) = words.signs(written(*[f"{TEA}{i}" for i in range(400)]))
    assert len(flag.rights) == 400
    assert len(flag.evidence["pairs"]) == words.PAIRS_SHOWN < flag.evidence["pairs_met"]


@given(st.integers(0, 2**32))
def test_sketches_estimate_the_similarity(seed: int) -> None:
    drawn = random.Random(seed)
    every = [str(drawn.random()) for _ in range(400)]
    one, other = frozenset(every[:300]), frozenset(every[100:])
    hasher = words.Hasher()
    assert abs(words.estimate(hasher.sketch(one), hasher.sketch(other)) - words.jaccard(one, other)) < 0.35


def test_the_mean_error_of_sketches_is_small() -> None:
    drawn = random.Random(1)
    errors = []
    for _ in range(200):
        every = [str(drawn.random()) for _ in range(40)]
        cut = drawn.randrange(1, 20)
        one, other = frozenset(every[:-cut]), frozenset(every[cut:])
        hasher = words.Hasher()
        errors.append(words.estimate(hasher.sketch(one), hasher.sketch(other)) - words.jaccard(one, other))
    assert abs(sum(errors) / len(errors)) < 0.03


def test_a_sketch_is_the_same_on_every_machine() -> None:
    assert words.Hasher().sketch(["a", "b", "c"])[:2] == words.Hasher().sketch(["c", "b", "a"])[:2]
    assert words.Hasher().sketch([]) == ()


def test_pairs_found_are_those_of_brute_force() -> None:
    drawn = random.Random(3)
    base = ["".join(chr(0x4E00 + drawn.randrange(3000)) for _ in range(40)) for _ in range(20)]
    texts = base + [text[:-2] + "好的" for text in base]
    sets = [words.shingles(words.normalised(text), "zh") for text in texts]
    expected = {(i, j) for j in range(len(sets)) for i in range(j) if words.jaccard(sets[i], sets[j]) >= words.SIMILAR}
    found = {tuple(int(r, 16) for r in p["rights"]) for f in words.signs(written(*texts)) for p in f.evidence["pairs"]}
    assert expected == found
