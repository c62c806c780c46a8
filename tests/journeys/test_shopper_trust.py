"""What a shopper's browser remembers, whom it asks, and what it does with a page that says other than its proof."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from journeys.conftest import LiveSite

LATE = 15_000  # ms


@pytest.fixture
def open_page(browser: Browser) -> Callable[..., Page]:
    def make(**settings: object) -> Page:
        page = browser.new_context(locale="en-GB", **settings).new_page()  # type: ignore[arg-type]
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        return page

    return make


def _item(site: LiveSite, number: int = 0) -> str:
    return str([subject for subject in site.journal["examples"] if "/21/" in subject][number])


def _verdict(page: Page, state: str) -> None:
    expect(page.locator("#verdict")).to_have_attribute("data-state", state, timeout=LATE)


def test_another_node_than_the_site_s_makes_it_independent(site: LiveSite, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto(site.url + _item(site))
    _verdict(page, "holds")
    expect(page.locator("#verdict")).not_to_have_attribute("data-independent", "")
    page.locator("#rpc").fill(site.url.replace("127.0.0.1", "localhost") + "/rpc")  # another origin
    page.get_by_role("button", name="Use it and check again").click()
    expect(page.locator("#verdict")).to_have_attribute("data-independent", "", timeout=LATE)
    expect(page.locator("#verdict h2")).to_have_text("Checked by your own browser")
    page.reload()
    expect(page.locator("#verdict")).to_have_attribute("data-independent", "", timeout=LATE)


def test_the_first_visit_remembers_the_contracts_and_the_next_one_holds_to_them(
    site: LiveSite, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    page.goto(site.url + _item(site))
    _verdict(page, "holds")
    expect(page.locator("#verdict")).to_contain_text("your first visit")
    page.goto(site.url + _item(site, 1))
    _verdict(page, "holds")
    expect(page.locator("#verdict")).not_to_contain_text("your first visit")
    page.evaluate(f"localStorage.setItem('suyuan:deployment', '{site.journal['chain']}.0x{'12' * 20}')")
    page.reload()
    _verdict(page, "fails")
    expect(page.locator('[data-point="1"]')).to_have_attribute("data-state", "fails")


def test_the_label_s_print_is_held_to(site: LiveSite, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto(f"{site.url}{_item(site)}#{site.journal['chain']}.{site.journal['journal']}")
    _verdict(page, "holds")
    expect(page.locator("#notes")).to_contain_text("printed on the label")


@pytest.mark.parametrize(
    ("altered", "by"),
    [
        (r"(<h1>.*?data-at=\"/name/en\"[^>]*>)[^<]+", r"\1Something much dearer"),
        (r"(class=\"note\">.*?<span [^>]*>)[^<]+", r"\1All was well"),
        (r"(data-index=\"\d+\" data-document=\")[0-9a-f]{8}", r"\g<1>00000000"),
    ],
    ids=["name", "note", "step"],
)
def test_a_page_that_says_other_than_its_proof_is_found_out(
    site: LiveSite, open_page: Callable[..., Page], altered: str, by: str
) -> None:
    page = open_page()

    def answer(route: Route) -> None:
        response = route.fetch()
        body, count = re.subn(altered, by, response.text(), count=1, flags=re.DOTALL)
        assert count == 1
        route.fulfill(response=response, body=body)

    page.route(f"**{_item(site)}", answer)
    page.goto(site.url + _item(site))
    _verdict(page, "fails")
    expect(page.locator("#verdict")).to_contain_text("Do not rely on this page")
    assert page.locator(".differs, .step[data-checked=no]").count() >= 1


def test_every_step_of_the_journey_is_marked_as_checked(site: LiveSite, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto(site.url + _item(site))
    _verdict(page, "holds")
    steps = page.locator(".step")
    assert steps.count() == page.locator(".step[data-checked=yes]").count() > 5
    expect(page.locator("#notes")).to_contain_text(re.compile(r"(\d+) of \1 profiles hold"), timeout=LATE)
    assert page.locator(".differs").count() == 0


def test_all_of_it_can_be_reached_by_keyboard(site: LiveSite, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto(site.url + _item(site))
    _verdict(page, "holds")
    wanted = page.eval_on_selector_all(
        "a[href], button, input, summary", "all => all.filter(e => e.checkVisibility()).length"
    )
    for _ in range(wanted):
        page.keyboard.press("Tab")
        page.evaluate("document.activeElement.dataset.reached = 'yes'")
    assert page.locator("[data-reached]").count() == wanted
    page.locator("#points summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator('[data-point="9"] h3')).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(site: LiveSite, open_page: Callable[..., Page], scheme: str) -> None:
    """WCAG 2.2 AA: 4.5 to 1."""
    page = open_page(color_scheme=scheme)
    page.goto(site.url + _item(site, 3))
    _verdict(page, "holds")
    faint = page.evaluate(
        """() => {
          const light = (rgb) => rgb.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const parse = (text) => text.match(/[\\d.]+/g).map(Number);
          const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
            if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
          return [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility() && !e.closest('svg, .mark')
            && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())).map((e) => {
              const colours = [parse(getComputedStyle(e).color).slice(0, 3), ground(e)];
              const [a, b] = colours.map(light).sort((x, y) => y - x);
              return [(a + 0.05) / (b + 0.05), e.className, e.textContent.trim().slice(0, 30)];
            }).filter(([ratio]) => ratio < 4.5);
        }"""
    )
    assert faint == []
