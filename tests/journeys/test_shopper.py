"""A shopper scans a code: the page says what could hurt, and the shopper's own browser checks it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from journeys.conftest import LiveSite
from suyuan_qr import codes

PHONE = {"width": 390, "height": 844}


def _example(site: LiveSite, part: str, number: int = 0) -> str:
    return str([subject for subject in site.journal["examples"] if part in subject][number])


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A Chinese shopper's phone; what goes wrong on a page, or leaves its origin, fails the test."""
    context = browser.new_context(viewport=PHONE, locale="zh-CN")  # type: ignore[arg-type]
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if "Content Security" in message.text else None)
    page.on("request", lambda request: wrong.append(request.url) if "//127.0.0.1" not in request.url else None)
    yield page
    context.close()
    assert wrong == []


def _verdict(page: Page, state: str) -> None:
    expect(page.locator("#verdict")).to_have_attribute("data-state", state, timeout=15_000)


def test_a_scanned_item_is_checked_by_the_browser_and_marked_as_not_independent(site: LiveSite, phone: Page) -> None:
    subject = _example(site, "/21/", 2)
    printed = codes.png(codes.encode(site.url + subject))
    (scanned,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(printed)).convert("L"))
    phone.goto(scanned.text)
    _verdict(phone, "holds")
    expect(phone.locator("#verdict")).to_contain_text("不是独立核验")
    states = [point.get_attribute("data-state") for point in phone.locator("[data-point]").all()]
    assert ["holds"] * 9 == states


@pytest.mark.parametrize("part", ["/01/", "/10/", "/21/", "/00/"])
def test_every_kind_of_subject_holds(site: LiveSite, phone: Page, part: str) -> None:
    phone.goto(site.url + _example(site, part))
    _verdict(phone, "holds")


def test_a_recalled_item_says_so_first_and_in_red(site: LiveSite, phone: Page) -> None:
    recalled = next(s for s in site.journal["examples"] if s.endswith("/21/D28BMZTKJDFG"))
    phone.goto(site.url + recalled)
    alert = phone.get_by_text("已召回").first
    expect(alert).to_be_visible()
    assert alert.bounding_box()["y"] < PHONE["height"] / 2  # type: ignore[index]
    _verdict(phone, "holds")


def test_the_page_speaks_english_when_asked(site: LiveSite, phone: Page) -> None:
    phone.goto(site.url + _example(site, "/21/"))
    phone.get_by_role("link", name="English").click()
    expect(phone.locator("html")).to_have_attribute("lang", "en")
    expect(phone.get_by_role("heading", level=2, name="The journey")).to_be_visible()
    _verdict(phone, "holds")


def test_a_node_that_does_not_answer_leaves_it_unchecked_and_never_good(site: LiveSite, phone: Page) -> None:
    phone.goto(site.url + _example(site, "/10/"))
    _verdict(phone, "holds")
    phone.locator("#rpc").fill("http://127.0.0.1:9/")
    phone.locator("#node button").first.click()
    _verdict(phone, "unchecked")
    phone.locator("#rpc-reset").click()
    _verdict(phone, "holds")


def _document(bundle: dict[str, Any]) -> None:
    name = next(iter(bundle["documents"]))
    bundle["documents"][name]["description"] = {"zh": "改过的", "en": "altered"}


def _newest(bundle: dict[str, Any]) -> None:
    bundle["entries"].pop()


def _body(bundle: dict[str, Any]) -> None:
    bundle["entries"][-1]["body"]["by"] = "0x" + "11" * 20


def _journal(bundle: dict[str, Any]) -> None:
    bundle["seal"]["size"] += 1


@pytest.mark.parametrize("tamper", [_document, _newest, _body, _journal], ids=lambda t: t.__name__.strip("_"))
def test_a_page_whose_proof_was_tampered_with_fails(
    site: LiveSite, phone: Page, tamper: Callable[[dict[str, Any]], None]
) -> None:
    subject = _example(site, "/10/")

    def answer(route: Route) -> None:
        response = route.fetch()
        bundle = response.json()
        if bundle["subject"] == subject:
            tamper(bundle)
        route.fulfill(response=response, body=json.dumps(bundle))

    phone.route("**/v1/proof*", answer)
    phone.goto(site.url + subject)
    _verdict(phone, "fails")
    expect(phone.locator("#verdict")).to_contain_text("请不要相信本页的内容")


def test_another_deployment_than_the_remembered_one_fails(site: LiveSite, phone: Page) -> None:
    pin = f"{site.journal['chain']}.0x{'12' * 20}"
    phone.goto(f"{site.url}{_example(site, '/21/')}#{pin}")
    _verdict(phone, "fails")


def test_what_was_never_recorded_is_proven_to_be_absent(site: LiveSite, phone: Page) -> None:
    answer = phone.goto(site.url + _example(site, "/01/") + "/21/NEVERSOLD")
    assert answer is not None
    assert answer.status == 404
    _verdict(phone, "holds")
    expect(phone.locator("#verdict")).to_have_attribute("data-absent", "")


def test_without_scripts_the_page_is_complete_and_claims_nothing(site: LiveSite, browser: Browser) -> None:
    context = browser.new_context(viewport=PHONE, locale="zh-CN", java_script_enabled=False)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(site.url + _example(site, "/21/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("阳澄湖大闸蟹")
    assert page.locator(".step").count() > 5
    expect(page.locator("#verdict")).to_have_attribute("data-state", "waiting")
    context.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(site: LiveSite, phone: Page, width: int) -> None:
    phone.set_viewport_size({"width": width, "height": 900})
    for subject in ("/", *site.journal["examples"]):
        phone.goto(site.url + subject)
        assert phone.evaluate("document.documentElement.scrollWidth") <= width, subject


def test_a_page_weighs_less_than_100_kb(site: LiveSite, phone: Page) -> None:
    phone.goto(site.url + _example(site, "/10/"), wait_until="networkidle")
    weight = phone.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".filter(({name}) => !name.includes('/v1/')).reduce((sum, {transferSize}) => sum + transferSize, 0)"
    )
    assert 10_000 < weight < 100_000


def test_a_wrong_check_digit_is_a_page_in_plain_words(site: LiveSite, phone: Page) -> None:
    answer = phone.goto(f"{site.url}/01/09521002001014/21/X")
    assert answer is not None
    assert answer.status == 400
    assert "text/html" in answer.headers["content-type"]
    expect(phone.get_by_role("heading", level=1)).to_be_visible()
