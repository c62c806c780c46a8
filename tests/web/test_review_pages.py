"""The pages of reviews, and of those who write them, as a browser without scripts gets them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from live import GTIN, Live, epc, event
from market import open_market
from suyuan.core import rules
from suyuan.core.signs.model import Flag, Measure, Sign, Strength
from suyuan.services.look_up import LookUp
from suyuan.services.look_up_reviews import Answer, Face, LookUpReviews, Review, Summary, average
from suyuan.web import pages
from suyuan.web.words import TAGS, WORDS, Words
from web.node import run_node

HTML = {"accept": "text/html", "accept-language": "en"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"
RIGHT = "ab" * 32
NODE_TESTS = sorted((Path(__file__).parent / "reviews").glob("*.test.mjs"))
COUNTS = (0, 1, 0, 2, 4)
HIDDEN = (0, 1, 0, 0, 2)

REVIEW = Review(
    RIGHT, 41, "cd" * 32, 1_790_000_000_000, "04" + "11" * 64, f"/01/{GTIN}/10/L1", 4, Face.SHOWN, HOSTILE, "en",
    ("ef" * 32,), (("quality", 5),), 1_790_000_100_000,
    reply=Answer(50, 1_790_000_200_000, "0x" + "12" * 20, HOSTILE, "zh"), claim=40,
)  # fmt: skip


@pytest.fixture
def world(live: Live) -> Live:
    live.list_and_register("L1", "A1", "A2")
    live.merchant.capture_event(event(epc("A1")))
    live.node.seal_now()
    return live


def _get(live: Live, path: str, **more: Any) -> Response:
    return live.http.get(path, headers=HTML | more.pop("headers", {}), follow_redirects=False, **more)  # type: ignore[no-any-return]


def _showing(monkeypatch: pytest.MonkeyPatch, *reviews: Review, **changes: Any) -> None:
    """Has the page show these, whatever the journal says."""
    look_up = LookUpReviews.look_up

    def shown(self: LookUpReviews, gtin: str, **more: Any) -> Any:
        view = look_up(self, gtin, **more)
        summary = Summary(gtin, 9, COUNTS, HIDDEN, (("abuse", 2), ("illegal", 1)), 1_790_000_000)
        return replace(
            view, summary=summary, reviews=reviews, entries=len(reviews), all=len(reviews), languages=("en", "zh"),
            **changes,
        )  # fmt: skip

    monkeypatch.setattr(LookUpReviews, "look_up", shown)
    monkeypatch.setattr(
        LookUpReviews, "summary",
        lambda _self, gtin: Summary(gtin, 9, COUNTS, HIDDEN, (("abuse", 2), ("illegal", 1)), 1_790_000_000),
    )  # fmt: skip


PATHS = [f"/reviews/{GTIN}", "/claim", f"/claim?item=/01/{GTIN}/21/A1", "/write", "/receipts", f"/01/{GTIN}"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_is_strict_whole_and_in_its_language(world: Live, path: str, lang: str) -> None:
    response = _get(world, path + ("&" if "?" in path else "?") + f"lang={lang}")
    assert response.status_code == 200
    assert response.headers["content-language"].startswith(lang)
    text = response.text
    assert text.count("<h1") == 1
    assert not re.search(r"\sstyle=|\son[a-z]+=|<script(?! type=\"module\" src=\"/static/[a-z_]+\.js\")", text)
    assert "script-src 'self'" in response.headers["content-security-policy"]
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'<label[^>]* for="([^"]+)"', text)) <= set(ids)


@pytest.mark.parametrize("path", ["/claim", "/write"])
def test_pages_that_hold_keys_speak_to_this_site_alone(world: Live, path: str) -> None:
    assert "connect-src 'self'" in _get(world, path).headers["content-security-policy"]


def test_hostile_words_are_only_words(world: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    _showing(monkeypatch, replace(REVIEW, language=HOSTILE, batch=f"/01/{GTIN}/10/%3Cscript%3E"))
    text = _get(world, f"/reviews/{GTIN}").text
    assert "<script>" not in text
    assert "onerror=alert(1)>" not in text
    assert unescape(text).count(HOSTILE) == 3
    assert "alert(1)&gt;49" not in text


def test_a_review_shows_all_that_it_has(world: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    _showing(monkeypatch, replace(REVIEW, words="Sweet."))
    text = _get(world, f"/reviews/{GTIN}").text
    for part in ('lang="en">Sweet.</p>', "4 stars", "lot L1", "amended", "Quality", "The merchant replied"):
        assert part in text
    assert f'src="/v1/photos/{"ef" * 32}"' in text
    assert 'loading="lazy"' in text
    assert f'limit=100" download="reviews-{GTIN}.proof.json"' in text
    for proof in (REVIEW.leaf, REVIEW.by, "entry 40"):
        assert proof in text


@pytest.mark.parametrize(
    ("face", "says"),
    [
        (Face.WITHHELD, "Withheld: abusive language"),
        (Face.ERASED, "Erased at the buyer’s wish (Personal Information Protection Law, art. 47)"),
        (Face.WITHDRAWN, "Withdrawn by its author"),
        (Face.MISSING, "Missing: the site does not show what was recorded."),
        (Face.OLDER, "older than the entries shown"),
    ],
)
def test_what_is_not_shown_is_said_and_never_silent(
    world: Live, monkeypatch: pytest.MonkeyPatch, face: Face, says: str
) -> None:
    basis = "PIPL-47" if face is Face.ERASED else "CC-1024"
    _showing(monkeypatch, replace(REVIEW, face=face, words="never said", reason="abuse", basis=basis, reply=None))
    text = _get(world, f"/reviews/{GTIN}").text
    assert says in text
    assert "never said" not in text
    assert "/v1/photos/" not in text


@pytest.mark.parametrize("path", [f"/01/{GTIN}", f"/01/{GTIN}/10/L1", f"/01/{GTIN}/21/A1", f"/reviews/{GTIN}"])
def test_both_averages_and_the_reasons_are_shown(world: Live, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    _showing(monkeypatch)
    text = " ".join(unescape(re.sub(r"<[^>]+>", "", _get(world, path).text)).split())
    assert "4.5" in text
    assert "4.3 with the withheld ones: 7 in all" in text
    assert "3 withheld: 2 abusive language, 1 illegal content" in text


def test_an_item_can_be_claimed_from_its_page(world: Live) -> None:
    text = _get(world, f"/01/{GTIN}/21/A1").text
    assert f'href="/claim?item=/01/{GTIN}/21/A1"' in text
    assert f'data-item="/01/{GTIN}/21/A1"' in _get(world, f"/claim?item=/01/{GTIN}/21/A1").text


@pytest.mark.parametrize("query", ["n=0", "n=1001", "n=x", "stars=6", "stars=-1"])
def test_what_is_no_filter_is_refused(world: Live, query: str) -> None:
    assert _get(world, f"/reviews/{GTIN}?{query}").status_code == 400


def test_the_filter_says_of_how_many(world: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    _showing(monkeypatch, REVIEW, stars=4)
    text = _get(world, f"/reviews/{GTIN}?stars=4").text
    assert "1 of the newest 1 entries" in text
    assert f'href="/reviews/{GTIN}?stars=4&amp;language=zh#list"' in text
    assert re.search(r'\?stars=4#list" aria-current="true"', text)


def test_a_shorter_gtin_leads_to_the_page(world: Live) -> None:
    assert _get(world, f"/reviews/{GTIN[1:]}").headers["location"] == f"/reviews/{GTIN}"


def test_a_page_of_another_thing_is_no_claim(world: Live) -> None:
    assert _get(world, f"/claim?item=/01/{GTIN}").status_code == 400


def test_averages_are_the_same_here_and_in_the_browser() -> None:
    cases = [(0, 0, 0, 0, 0), (1, 0, 0, 0, 0), (0, 0, 0, 1, 1), COUNTS, (3, 1, 4, 1, 5), (7, 0, 0, 0, 13)]
    module = json.dumps((Path(pages.__file__).parent / "static" / "reviews_check.js").as_uri())
    program = f"import {{ averageOf }} from {module}; console.log(JSON.stringify({json.dumps(cases)}.map(averageOf)))"
    done = run_node("--input-type=module", "--eval", program)
    assert json.loads(done.stdout) == [average(case) for case in cases]
    assert average((0, 0, 0, 1, 1)) == "4.5"
    assert average(()) == ""


def test_every_reason_law_and_sign_has_words() -> None:
    laws = {law for laws in rules.REASONS.values() for law in laws} | set(rules.ERASE_LAWS)
    wanted = [f"reason_{r}" for r in rules.REASONS] + [f"law_{law}" for law in laws]
    wanted += [f"aspect_{a}" for a in rules.ASPECTS] + [f"sign_{s}" for s in Sign] + [f"strength_{m}" for m in Measure]
    assert set(wanted) <= set(WORDS)
    assert {key for key in WORDS if key.startswith("law_")} == {f"law_{law}" for law in laws}


def test_signs_are_listed_with_their_evidence() -> None:
    flag = Flag(
        Sign.BURST, Strength(Measure.P, 0.0001, 3), {"count": 12, "times": [1, 2], "x": HOSTILE}, HOSTILE, "突增",
        (f"/01/{GTIN}",),
    )  # fmt: skip
    template = pages._templates.get_template("signs.html")
    base = {"w": Words("en"), "tags": TAGS, "canonical": "/", "switch": "/", "site": "", "here": "/", "heard": None}
    text = template.render(**base, flags=[flag])
    assert "A burst of reviews" in text
    assert "0.0003" in text
    assert "突增" in text
    assert "<script>alert" not in text
    assert "No signs." in template.render(**base, flags=[])


@pytest.mark.parametrize("path", NODE_TESTS, ids=lambda path: path.name.removesuffix(".test.mjs"))
def test_node_tests_pass(path: Path) -> None:
    done = run_node("--test", "--test-reporter=tap", str(path))
    failed = [line for line in done.stdout.splitlines() if line.lstrip().startswith("not ok")]
    assert (done.returncode, failed) == (0, []), done.stdout[-20000:] + done.stderr


def test_recorded_reviews_are_on_the_page_and_those_withheld_are_said(live: Live) -> None:
    market = open_market(live)
    buyers = market.buyers(3)
    for stars, buyer in enumerate(buyers, 3):
        buyer.submit(stars=stars, words=f"{HOSTILE} {stars}")
    live.node.reviews.withhold(buyers[0].right, "abuse", "CC-1024")
    live.node.seal_now()
    page = _get(live, f"/reviews/{GTIN}")
    assert page.status_code == 200
    faces = re.findall(r'data-face="([a-z]+)" data-stars="(\d)"', page.text)
    assert faces == [("shown", "5"), ("shown", "4"), ("withheld", "3")]
    assert "1 withheld: " in unescape(re.sub(r"<[^>]+>", "", page.text))
    assert f"{HOSTILE} 3" not in unescape(page.text)
    assert unescape(page.text).count(HOSTILE) == 2
    assert 'data-average="4.5"' in page.text
    assert 'data-average-all="4.0"' in page.text
    assert len(re.findall(r'class="review"', _get(live, f"/reviews/{GTIN}?stars=5").text)) == 1
    assert 'data-standing="0 0 1 1 1"' in _get(live, f"/01/{GTIN}").text


def test_an_item_that_was_claimed_or_copied_says_so(world: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 'id="claimed"' not in _get(world, f"/01/{GTIN}/21/A1").text
    look_up = LookUp.look_up
    monkeypatch.setattr(
        LookUp, "look_up", lambda *a, **more: replace(look_up(*a, **more), claimed_at=1_790_000_000, copied_at=1)
    )
    text = _get(world, f"/01/{GTIN}/21/A1").text
    assert "Claimed first on" in text
    assert "two cities within the hour" in text
