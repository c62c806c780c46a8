"""Every word in both languages, and numbers and times as each writes them."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from string import Formatter

import pytest

from suyuan.core.epcis import vocabulary
from suyuan.services.look_up import CHINA, Concern, Part, Quote, Text
from suyuan.web import pages, words
from suyuan.web.words import WORDS, Words

ZH, EN = Words("zh"), Words("en")
TEMPLATES = "".join(file.read_text() for file in (Path(pages.__file__).parent / "templates").glob("*.html"))


def _fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("key", WORDS)
def test_both_languages_say_the_same_with_the_same_values(key: str) -> None:
    zh, en = WORDS[key]
    assert zh
    assert en
    assert _fields(zh) == _fields(en)


@pytest.mark.parametrize("key", WORDS)
def test_every_word_is_said_somewhere(key: str) -> None:
    stem = re.sub(r"(law|sign|strength)_.+", r"\1_", re.sub(r"[a-z]+$|[0-9]+$", "", key))
    dynamic = stem != "" and f"'{stem}' ~" in TEMPLATES
    suffixed = re.sub(r"_(text|title)$", "", key) in {*Concern, "bad", "missing", "away", "fault"}
    elsewhere = key in {"piece", "pieces", "did_not_occur", "incorrect_data", "bad_check", *Concern}
    kinds = key in {"product", "batch", "item", "parcel", "class"}
    assert dynamic or suffixed or elsewhere or kinds or f"'{key}'" in TEMPLATES


def test_every_word_that_a_template_says_is_there() -> None:
    said = set(re.findall(r"\bw\('([a-z0-9_]+)'[,)]", TEMPLATES))
    assert said <= set(WORDS)
    assert {f"part_{part}" for part in Part if part is not Part.WHAT} <= set(WORDS)
    assert {concern.value for concern in Concern} <= set(WORDS)


def test_the_standard_vocabulary_is_all_there() -> None:
    assert set(vocabulary.BIZ_STEPS) <= set(words.STEPS)
    assert set(vocabulary.DISPOSITIONS) == set(words.DISPOSITIONS)
    assert set(vocabulary.ERROR_REASONS) <= set(WORDS)
    assert set(words.MEASURED) <= set(vocabulary.MEASUREMENTS)


def test_what_is_not_of_the_standard_goes_by_its_last_name() -> None:
    assert ZH.step("https://example.com/steps/tasting") == "tasting"
    assert EN.disposition("urn:example:disp:mouldy") == "mouldy"


def test_a_missing_language_is_stood_in_for_and_said_to_be() -> None:
    only = Text("只有中文", "")
    assert (EN.text(only), EN.language_of(only)) == ("只有中文", "zh")
    assert EN.pointer(Quote(only, "", "/name/*")) == "/name/zh"
    assert ZH.pointer(Quote(Text("a", "a"), "", "/net")) == "/net"


@pytest.mark.parametrize(
    ("value", "uom", "zh", "en"),
    [
        (1, "", "1 件", "1 piece"),
        (1000, "", "1,000 件", "1,000 pieces"),
        (0.8, "KGM", "0.8 kg", "0.8 kg"),
        (93, "P1", "93%", "93%"),
        (2, "XYZ", "2 XYZ", "2 XYZ"),
    ],
)
def test_amounts(value: float, uom: str, zh: str, en: str) -> None:
    assert (ZH.amount(value, uom), EN.amount(value, uom)) == (zh, en)


def test_times_are_china_s_and_say_so() -> None:
    at = datetime(2026, 10, 12, 5, 40, tzinfo=CHINA)
    assert ZH.moment(at) == "2026年10月12日 05:40"
    assert EN.moment(at) == "12 Oct 2026, 05:40"
    assert EN.stamp(at.timestamp()) == "12 Oct 2026, 05:40 UTC+8"


@pytest.mark.parametrize(
    ("seconds", "zh", "en"), [(0, "0 秒", "0 seconds"), (60, "1 分钟", "1 minute"), (200_000, "2 天", "2 days")]
)
def test_ages(seconds: int, zh: str, en: str) -> None:
    assert (ZH.age(seconds), EN.age(seconds)) == (zh, en)
