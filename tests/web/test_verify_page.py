"""The saved verifier: one file, made from the site's own modules, opened from a disk in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

import build_verifier
from journal_builder import CHAIN, JOURNAL, changed, item_bundle, market, market_bundle, review_bundle, story
from succession import NEXT, succession
from suyuan.web.pages import VERIFIER_HEADERS, verify
from web.node import run_node
from web.nodes import serving

NOW = market().seals[-1].sealed_at + 300
OWN = sha256(build_verifier.FILE.read_bytes()).digest()
PUBLISHED = 1_789_000_000
HONEST = market().judge()
HONEST.seals.extend(story().seals)
RECALLED = replace(HONEST, batches={k: replace(b, recalled_at=NOW - 60) for k, b in HONEST.batches.items()})
JUDGES = [
    HONEST,
    replace(HONEST, seals=[]),
    replace(HONEST, fault="fork"),
    RECALLED,
    replace(succession().judges[NEXT]),
]
HOLDS, FORGETS, FORKED, RECALLS, SECOND, AWAY = range(6)
LATE = 15_000  # ms


@pytest.fixture(scope="module")
def nodes() -> Iterator[str]:
    with serving(JUDGES, {OWN: PUBLISHED}) as url:
        yield url


@pytest.fixture
def opened(browser: Browser, tmp_path: Path, nodes: str) -> Iterator[Callable[..., Page]]:
    """Opens a copy of the file from the disk, with a bundle and nodes; fails on any other request or error."""
    asked: list[str] = []

    def make(
        bundle: Any = None, at: tuple[int, ...] = (), *, need: int = 1, pin: str = JOURNAL, lang: str = "en-GB",
        now: int = NOW, width: int = 390,
    ) -> Page:  # fmt: skip
        saved = tmp_path / "saved.html"
        saved.write_bytes(build_verifier.FILE.read_bytes())
        page = browser.new_context(locale=lang, viewport={"width": width, "height": 844}).new_page()
        page.clock.set_fixed_time(now)
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(saved.as_uri() + (f"#{CHAIN}/{pin}" if pin else ""))
        page.locator("#rpc").fill("\n".join(f"{nodes}{place}" for place in at))
        page.locator("#need").fill(str(need))
        if bundle is not None:
            file = tmp_path / "a.proof.json"
            file.write_text(bundle if isinstance(bundle, str) else json.dumps(bundle))
            page.locator("#file").set_input_files(file)
        return page

    yield make
    assert {url.split("#")[0] for url in asked if not url.startswith(nodes)} <= {(tmp_path / "saved.html").as_uri()}


def verdict(page: Page, state: str, title: str) -> None:
    expect(page.locator("#verdict")).to_have_attribute("data-state", state, timeout=LATE)
    expect(page.locator("#verdict h2")).to_have_text(title)


def point(page: Page, number: int, state: str) -> None:
    expect(page.locator(f'[data-point="{number}"]')).to_have_attribute("data-state", state)


# --- the file


def test_it_is_made_to_the_same_bytes_from_the_site_s_modules() -> None:
    assert build_verifier.FILE.read_bytes() == build_verifier.build()


def test_it_needs_nothing_from_elsewhere() -> None:
    text = build_verifier.FILE.read_text(encoding="utf-8")
    assert not re.search(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"'](?!data:)", text)
    assert not re.search(r"@import|url\(|\beval\(|new Function|innerHTML|^\s*(?:import|export)\b", text, re.MULTILINE)


def test_it_allows_its_own_script_and_style_alone() -> None:
    text = build_verifier.FILE.read_text(encoding="utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    script, style = (re.search(rf"<{tag}[^>]*>(.*?)</{tag}>", text, re.DOTALL) for tag in ("script", "style"))
    assert script is not None
    assert style is not None
    assert policy[1] == (
        f"default-src 'none'; script-src {build_verifier._allowed(script[1])}; style-src"
        f" {build_verifier._allowed(style[1])}; connect-src http: https:; img-src data:; base-uri 'none';"
        " form-action 'none'"
    )


def test_the_site_serves_it_byte_for_byte_and_adds_no_policy_that_stops_it() -> None:
    response: Any = verify()
    assert build_verifier.FILE == Path(response.path)
    assert VERIFIER_HEADERS["Content-Security-Policy"] == "frame-ancestors 'none'"


@pytest.mark.parametrize(
    "text", ["import x from './verifier.js';\n", "export default 1;\n", "const a = '</script>';\n"]
)
def test_what_cannot_be_put_together_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_verifier, "source", lambda name: text)
    with pytest.raises(build_verifier.Unreadable, match=r"a\.js"):
        build_verifier.bundled("a.js")


def test_modules_that_need_each_other_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = {"a.js": "b.js", "b.js": "a.js"}
    monkeypatch.setattr(build_verifier, "source", lambda name: f"import {{ x }} from './{other[name]}';\n")
    with pytest.raises(build_verifier.Unreadable, match="imports itself"):
        build_verifier.bundled("a.js")


def test_every_word_is_there_in_both_languages() -> None:
    path = build_verifier.WEB / "static" / "verify_phrases.js"
    program = f"import {{ WORDS }} from {json.dumps(path.as_uri())}; console.log(JSON.stringify(WORDS))"
    zh, en = json.loads(run_node("--input-type=module", "--eval", program).stdout).values()
    assert zh.keys() == en.keys()
    page = (build_verifier.WEB / "templates" / "verify.html").read_text(encoding="utf-8")
    assert set(re.findall(r'data-say="(\w+)"', page)) - {"limits"} <= zh.keys()


# --- what it says


@pytest.mark.parametrize(("lang", "title"), [("en-GB", "It holds"), ("zh-CN", "核验成立")])
def test_a_good_proof_holds_by_the_reader_s_node(opened: Callable[..., Page], lang: str, title: str) -> None:
    page = opened(item_bundle(), (HOLDS,), lang=lang)
    verdict(page, "holds", title)
    expect(page.locator("#points [data-state=holds]")).to_have_count(9)
    expect(page.locator("#journey .step").first).to_be_visible()
    page.get_by_role("button", name={"en-GB": "中文", "zh-CN": "English"}[lang]).click()
    verdict(page, "holds", {"en-GB": "核验成立", "zh-CN": "It holds"}[lang])


def test_offline_what_needs_the_chain_could_not_be_checked(opened: Callable[..., Page]) -> None:
    page = opened(item_bundle())
    verdict(page, "unchecked", "What is on the chain could not be checked")
    for number in range(1, 10):
        point(page, number, "unchecked" if number in (1, 7, 9) else "holds")


def test_a_node_that_is_away_is_no_answer(opened: Callable[..., Page]) -> None:
    verdict(opened(item_bundle(), (AWAY,)), "unchecked", "Some of it could not be checked")


@pytest.mark.parametrize("at", [(), (HOLDS,), (AWAY,)])
def test_a_tampered_proof_fails_whoever_is_asked(opened: Callable[..., Page], at: tuple[int, ...]) -> None:
    page = opened(changed(item_bundle(), "entries/0/body/nonce", "00" * 32), at)
    verdict(page, "fails", "The check failed")
    point(page, 4, "fails")


@pytest.mark.parametrize("at", [(), (HOLDS,)])
def test_another_deployment_than_the_pinned_one_fails(opened: Callable[..., Page], at: tuple[int, ...]) -> None:
    page = opened(item_bundle(), at, pin="0x" + "12" * 20)
    verdict(page, "fails", "The check failed")
    point(page, 1, "fails")


def test_without_a_pin_the_proof_s_own_word_is_no_evidence(opened: Callable[..., Page]) -> None:
    page = opened(item_bundle(), (HOLDS,), pin="")
    verdict(page, "unchecked", "Some of it could not be checked")
    expect(page.locator("#verdict")).to_contain_text("its own word is no evidence")
    page.locator("#pin").fill(f"{CHAIN}.{JOURNAL}")
    page.get_by_role("button", name="Check", exact=True).click()
    verdict(page, "holds", "It holds")


def test_nodes_have_to_agree(opened: Callable[..., Page]) -> None:
    verdict(opened(item_bundle(), (HOLDS, FORGETS)), "unchecked", "Some of it could not be checked")
    page = opened(item_bundle(), (HOLDS, FORGETS, HOLDS), need=2)
    verdict(page, "unchecked", "Some of it could not be checked")  # the same node twice is one
    page = opened(item_bundle(), (HOLDS, FORGETS, RECALLS), need=2)
    verdict(page, "holds", "It holds")
    expect(page.locator("#verdict")).to_contain_text("2 of 3 nodes have to agree")


def test_fewer_nodes_than_have_to_agree_are_no_answer(opened: Callable[..., Page]) -> None:
    page = opened(item_bundle(), (HOLDS,), need=2)
    verdict(page, "unchecked", "Some of it could not be checked")
    expect(page.locator("#verdict")).to_contain_text("2 nodes were to agree, and 1 was entered")


def test_a_proven_fault_is_said_in_red(opened: Callable[..., Page]) -> None:
    page = opened(item_bundle(), (FORKED,))
    verdict(page, "fails", "The contract has a proven fault")
    expect(page.locator("#verdict")).to_contain_text("fork (two different entries in one place)")
    point(page, 1, "holds")


def test_a_recall_is_said_above_all_that_holds(opened: Callable[..., Page]) -> None:
    page = opened(item_bundle(), (RECALLS,))
    verdict(page, "holds", "It holds")
    expect(page.locator("#alerts .alert")).to_contain_text("RECALLED")


def test_reviews_are_totalled(opened: Callable[..., Page]) -> None:
    page = opened(market_bundle(), (HOLDS,))
    verdict(page, "holds", "It holds")
    expect(page.locator("#totals")).to_contain_text(re.compile(r"^3 reviews: 2 shown, .* 1 withheld"))


def test_older_entries_are_named_as_not_checked(opened: Callable[..., Page]) -> None:
    page = opened(review_bundle(limit=2), (HOLDS,))
    expect(page.locator("#notes")).to_contain_text("older entries about /reviews/", timeout=LATE)


def test_a_journal_before_the_pinned_one_is_followed_and_named(opened: Callable[..., Page]) -> None:
    where = succession()
    page = opened(where.bundles["first: item"], (SECOND,), pin=NEXT, now=where.now)
    verdict(page, "holds", "It holds")
    expect(page.locator("#notes")).to_contain_text(f"Recorded in the journal before this one, {JOURNAL}")


def test_a_journal_that_claims_to_go_on_from_the_pinned_one_fails(opened: Callable[..., Page]) -> None:
    where = succession()
    page = opened(where.bundles["third: reviews"], (SECOND,), pin=NEXT, now=where.now)
    verdict(page, "fails", "The check failed")
    expect(page.locator('[data-point="1"]')).to_contain_text("which anyone’s contract can say")


@pytest.mark.parametrize("bad", ["", "{", "null", "[]", '{"version": 1}', "[" * 100_000, '"' + "x" * 10**6 + '"'])
def test_what_is_no_proof_is_said_to_be_none(opened: Callable[..., Page], bad: str) -> None:
    verdict(opened(bad or " ", (HOLDS,)), "fails", "This is no proof")


def test_what_a_proof_says_is_shown_as_text_alone(opened: Callable[..., Page]) -> None:
    evil = "<img src=x onerror=alert(1)><script>alert(1)</script>"
    bundle = changed(market().bundle("/01/09521141012345"), "entries/0/body/by", evil)
    name = next(iter(bundle["documents"]))
    bundle["documents"][name] = {"name": {"en": evil, "zh": evil}, "note": {"en": evil}}
    page = opened(bundle, (HOLDS,))
    verdict(page, "fails", "The check failed")
    page.locator("#journey summary").first.click()
    expect(page.locator("#found")).to_contain_text("onerror")
    assert page.locator("#found img, #found script").count() == 0


def test_its_own_hash_is_looked_up_where_it_is_dropped(opened: Callable[..., Page], tmp_path: Path) -> None:
    page = opened(None, (HOLDS,))
    page.locator("#file").set_input_files(tmp_path / "saved.html")
    expect(page.locator("#hash")).to_contain_text(OWN.hex())
    expect(page.locator("#published")).to_have_attribute("data-state", "holds")
    altered = tmp_path / "altered.html"
    altered.write_bytes(build_verifier.FILE.read_bytes() + b" ")
    page.locator("#file").set_input_files(altered)
    expect(page.locator("#published")).to_have_attribute("data-state", "fails")
    expect(page.locator("#published")).to_contain_text("does not have this file")


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_runs_off_the_screen(opened: Callable[..., Page], width: int) -> None:
    page = opened(item_bundle(), (HOLDS,), width=width)
    verdict(page, "holds", "It holds")
    page.locator("#journey summary").first.click()
    assert page.locator("html").evaluate("e => e.scrollWidth") <= width
