"""One thing has one subject, whoever names it and however."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.core import subjects
from suyuan.core.errors import InvalidIdentifier

GTIN = "09521141012345"
ADDRESS = "0x" + "0123456789abcdef" * 2 + "01234567"
CANONICAL = [
    f"/01/{GTIN}",
    f"/01/{GTIN}/10/LOT-7",
    f"/01/{GTIN}/21/A%2F1",
    "/00/095211411234567892",
    f"/reviews/{GTIN}",
    f"/rights/{GTIN}",
    f"/merchant/{ADDRESS}",
    "/order/" + "0a" * 16,
    "/case/" + "ff" * 16,
    "/terms/reviews-1.2",
    "/terms/%E8%AF%84%E8%AE%BA",
    "/appeals",
    "/epc/urn%3Aepc%3Aid%3Aadi%3A2S194..1234",
]


@pytest.mark.parametrize("subject", CANONICAL)
def test_a_canonical_subject_is_itself(subject: str) -> None:
    assert subject == subjects.parse(subject)


@pytest.mark.parametrize(
    ("given", "subject"),
    [
        (f"https://id.gs1.org/01/{GTIN}", f"/01/{GTIN}"),
        (f"https://brand.example/some/way/01/{GTIN}/21/2017?17=261231", f"/01/{GTIN}/21/2017"),
        (f"/01/{GTIN}/10/L1/21/2017", f"/01/{GTIN}/21/2017"),
        (f"/01/{GTIN}/22/2A/10/L1", f"/01/{GTIN}/10/L1"),
        (f"/01/{GTIN}/22/2A", f"/01/{GTIN}"),
        (f"/01/{GTIN[1:]}/", f"/01/{GTIN}"),
        (f"/gtin/{GTIN}/lot/L1", f"/01/{GTIN}/10/L1"),
        (f"/01/{GTIN}/21/%41%2f1", f"/01/{GTIN}/21/A%2F1"),
        (f"/01/{GTIN}/21/A(1)", f"/01/{GTIN}/21/A%281%29"),
        ("/414/9521141000014/254/7", "/414/9521141000014/254/7"),
    ],
)
def test_other_ways_to_name_a_thing_lead_to_its_subject(given: str, subject: str) -> None:
    assert subject == subjects.parse(given)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "//",
        "/01/09521141012346",  # check digit
        "/01/٠٩٥٢١١٤١٠١٢٣٤٥",
        "/reviews/٠٩٥٢١١٤١٠١٢٣٤٥",
        "/reviews/9521141012345",
        f"/reviews/{GTIN}/",
        f"/reviews/{GTIN}\n",
        f"/merchant/{ADDRESS.upper()}",
        f"/merchant/{ADDRESS}0",
        "/order/" + "0A" * 16,
        "/order/" + "0a" * 15,
        "/terms/",
        "/terms/a/b",
        "/terms/%e8",
        "/terms/%41",  # an escape that need not be: a second name of /terms/A
        "/epc/urn:epc:x",
        "/appeals/1",
        "appeals",
        "/99/1",
        f"/01/{GTIN}/21/",
        f"/01/{GTIN}/21/%00",
        f"/01/{GTIN}/21/\ud800",
        f"/01/{GTIN}/21/{'1' * 21}",
        f"/01/{GTIN}/99/1",
        "javascript:alert(1)",
        "/01/" + "1" * 100_000,
    ],
    ids=lambda text: repr(text[:40]),
)
def test_what_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier):
        subjects.parse(text)


@given(st.text(max_size=40) | st.sampled_from(CANONICAL).flatmap(lambda s: st.text(max_size=3).map(lambda x: s + x)))
def test_any_text_is_refused_or_leads_to_a_subject_that_is_itself(text: str) -> None:
    try:
        subject = subjects.parse(text)
    except InvalidIdentifier:
        return
    assert subject == subjects.parse(subject)


def test_a_key_is_the_hash_of_the_subject() -> None:
    assert sha256(b"/appeals").digest() == subjects.key("/appeals")


def test_subjects_are_built_escaped() -> None:
    assert f"/01/{GTIN}" == subjects.product(GTIN)
    assert f"/01/{GTIN}/10/L%2F7" == subjects.batch(GTIN, "L/7")
    assert f"/01/{GTIN}/21/%22-._" == subjects.item(GTIN, '"-._')
    assert f"/merchant/{ADDRESS}" == subjects.merchant(ADDRESS)
