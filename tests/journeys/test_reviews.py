"""A shop delivers, a buyer claims and reviews, a reader's browser checks it; and a site that lies is found out."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from journeys.conftest import LiveSite
from suyuan.bootstrap import keystore
from suyuan.client import Author, Site
from suyuan.config import Settings
from suyuan.core.entries import Kind
from suyuan.shop import Line, Shop

LATE = 20_000  # ms
WORDS = "蟹很新鲜，个头也大。\n<b>Crabs</b> & ginger!"
PHONE = {"width": 390, "height": 844}


@dataclass(frozen=True)
class Counter:
    """A shop that sells one batch on the site."""

    site: LiveSite
    shop: Shop
    batch: str

    @property
    def gtin(self) -> str:
        return self.batch[4:18]

    @property
    def reviews(self) -> str:
        return f"{self.site.url}/reviews/{self.gtin}"

    def deliver(self, reference: str) -> str:
        """Orders, ships and delivers one piece; the buyer's link."""
        lot = self.batch.rpartition("/")[2]
        sscc = f"3952114{abs(hash(reference)) % 10**10:010d}"
        sscc += str(-sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(sscc)) % 10)
        self.shop.place(reference, "buyer of " + reference, [Line(self.gtin, lot, 1)])
        self.shop.ship(reference, sscc)
        return self.shop.deliver(reference, sscc).link


@pytest.fixture(scope="module")
def counter(site: LiveSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    batch = next(s for s in site.journal["examples"] if "/10/" in s)
    bundle = httpx.get(f"{site.url}/v1/proof", params={"subject": batch, "limit": "all"}).json()
    by = next(e["body"]["by"] for e in bundle["entries"] if e["body"]["kind"] == "batch")
    file = tmp_path_factory.mktemp("shop") / "secret"
    command = [str(Path(sys.executable).parent / "suyuan"), "shop", "add", "market", "--merchant", by]
    environment = {**os.environ, "SUYUAN_DATA": str(site.data)}
    subprocess.run([*command, "--secret-file", str(file)], env=environment, check=True, timeout=120)
    shop = Shop(site.url, "market", file.read_text().strip())
    yield Counter(site, shop, batch)
    shop.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A buyer's phone; what goes wrong on a page, or leaves its origin, fails the test."""
    context = browser.new_context(viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if "Content Security" in message.text else None)
    home = ("http://127.0.0.1", "blob:", "data:")
    page.on("request", lambda r: None if r.url.startswith(home) else wrong.append(r.url))
    yield page
    context.close()
    assert wrong == []


@pytest.fixture
def reader(browser: Browser) -> Callable[[], Page]:
    def make(**settings: Any) -> Page:
        page = browser.new_context(viewport=PHONE, locale="en-GB", **settings).new_page()  # type: ignore[arg-type]
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        return page

    return make


def _claim(page: Page, link: str) -> None:
    """Opens the link and claims the one right."""
    page.goto(link)
    ticket = page.locator(".ticket")
    expect(ticket).to_have_count(1, timeout=LATE)
    assert "#" not in page.url
    for _ in range(40):  # rights are published by the sealing worker
        if ticket.get_attribute("data-state") == "issued":
            break
        time.sleep(0.5)
        page.reload()
        expect(ticket).to_have_count(1, timeout=LATE)
    ticket.get_by_role("button", name="Claim and write a review").click()
    page.wait_for_url("**/write#*")
    expect(page.locator("#review")).to_be_visible(timeout=LATE)


def _write(page: Page, stars: int, words: str) -> None:
    page.get_by_role("radio", name=f"{stars} star").check()
    page.get_by_label("Your words").fill(words)
    page.locator("#send").click()
    expect(page.locator("#note")).to_have_attribute("data-state", "holds", timeout=LATE)


def _sealed(page: Page) -> None:
    """Waits on the receipts' page until every promise is kept."""
    for _ in range(40):
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + "/receipts")
        rows = page.locator(".ticket")
        expect(rows.first).to_be_visible(timeout=LATE)
        expect(page.locator(".ticket .answer:not(:empty)")).to_have_count(rows.count(), timeout=LATE)
        if page.locator(".ticket[data-state=holds]").count() == rows.count():
            return
        time.sleep(0.5)
    pytest.fail(page.locator("#receipts").inner_text())


def _verdict(page: Page, state: str) -> None:
    expect(page.locator("#verdict")).to_have_attribute("data-state", state, timeout=LATE)


def _withhold(counter: Counter, right: str) -> None:
    signer = keystore(Settings(data=counter.site.data)).signer("operator")
    site = Site(counter.site.url)
    public = {"right": right, "reason": "abuse", "basis": "CC-1024"}
    signed = Author(site, signer)._sign(Kind.REVIEW_WITHHOLD, f"/reviews/{counter.gtin}", public)
    site.post("/v1/decisions", {"statement": signed.as_json(), "public": public})
    for _ in range(60):
        journal = site.get("/v1/journal")
        if journal["sealed"] == journal["size"]:
            break
        time.sleep(0.25)
    site.close()


@pytest.fixture(scope="module")
def told(counter: Counter, browser: Browser) -> Counter:
    """Two reviews, one of them withheld, all sealed."""
    for number, (stars, words) in enumerate([(5, WORDS), (1, "never to be seen again")]):
        page = browser.new_context(viewport=PHONE, locale="en-GB").new_page()  # type: ignore[arg-type]
        _claim(page, counter.deliver(f"T-{number}"))
        right = page.url.rpartition("#")[2]
        _write(page, stars, words)
        _sealed(page)
        page.context.close()
    _withhold(counter, right)
    return counter


def test_a_buyer_claims_reviews_and_sees_the_promise_kept(counter: Counter, phone: Page) -> None:
    link = counter.deliver("A-1")
    _claim(phone, link)
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), "orange").save(picture, "PNG")
    phone.locator("#photos").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": picture.getvalue()})
    expect(phone.locator("#previews img")).to_have_count(1)
    phone.get_by_label("Freshness").select_option("5")
    _write(phone, 4, "Sweet and fresh.")
    _sealed(phone)
    phone.goto(counter.reviews)
    _verdict(phone, "holds")
    expect(phone.get_by_text("Sweet and fresh.")).to_be_visible()
    expect(phone.locator(".review .photos img").first).to_be_visible()
    phone.goto(counter.site.url + "/claim")
    phone.get_by_role("link", name="See or amend my review").click()
    expect(phone.get_by_label("Your words")).to_have_value("Sweet and fresh.")
    _write(phone, 3, "On second thoughts.")
    _sealed(phone)
    phone.goto(counter.reviews)
    _verdict(phone, "holds")
    expect(phone.get_by_text("On second thoughts.")).to_be_visible()
    expect(phone.get_by_text("Sweet and fresh.")).to_have_count(0)
    phone.goto(link)  # again: it is known here
    expect(phone.locator(".ticket")).to_have_count(1)


def test_a_reader_s_browser_checks_them_all(told: Counter, reader: Callable[[], Page]) -> None:
    page = reader()
    page.goto(told.reviews)
    _verdict(page, "holds")
    assert page.locator(".review .words").filter(has_text="ginger").text_content() == WORDS
    expect(page.locator(".review[data-face=withheld]").first).to_contain_text("Withheld: abusive language")
    assert "never to be seen" not in page.content()
    expect(page.locator("#summary")).to_contain_text("abusive language")
    assert page.locator(".review[data-checked=yes]").count() == page.locator(".review").count() > 1
    page.goto(f"{told.reviews}?stars=5")
    _verdict(page, "holds")
    page.goto(f"{told.site.url}/01/{told.gtin}")
    _verdict(page, "holds")
    expect(page.locator("#notes")).to_contain_text("reviews on this page are the journal’s", timeout=LATE)


def _altered(pattern: str, by: str) -> Callable[[Route], None]:
    def answer(route: Route) -> None:
        response = route.fetch()
        body, count = re.subn(pattern, by, response.text(), count=1, flags=re.DOTALL)
        assert count == 1
        route.fulfill(response=response, body=body)

    return answer


@pytest.mark.parametrize(
    ("pattern", "by", "says"),
    [
        ("个头也大", "个头很小", "are not those that were signed"),
        (r'<li class="review"[^>]*data-face="withheld".*?</li>', "", "is withheld, and the page does not say so"),
        (r'data-standing="(\d+)', 'data-standing="9', "The site shows"),
        (r'(data-face="withheld".*?data-reason=)"abuse"', r'\1"fake"', "The reason why"),
    ],
    ids=["words", "dropped", "total", "reason"],
)
def test_a_page_that_lies_is_found_out_and_told_how(
    told: Counter, reader: Callable[[], Page], pattern: str, by: str, says: str
) -> None:
    page = reader()
    page.route(re.compile(r"/reviews/\d{14}$"), _altered(pattern, by))
    page.goto(told.reviews)
    _verdict(page, "fails")
    expect(page.locator(".problems")).to_contain_text(says)
    expect(page.locator("#verdict")).to_contain_text("Do not rely on these reviews")


def test_words_that_are_edited_in_the_answer_too_do_not_hash(told: Counter, reader: Callable[[], Page]) -> None:
    page = reader()
    page.route(re.compile(r"/reviews/\d{14}$"), _altered("个头也大", "个头很小"))
    page.route("**/v1/reviews?*", _altered("个头也大", "个头很小"))
    page.goto(told.reviews)
    _verdict(page, "fails")
    expect(page.locator(".review[data-checked=no] .problem")).to_contain_text("not those that were signed")


def test_reviews_are_all_there_without_scripts(told: Counter, reader: Callable[..., Page]) -> None:
    page = reader(java_script_enabled=False)
    page.goto(told.reviews)
    assert page.locator(".review").count() >= 2
    expect(page.locator("#verdict")).to_have_attribute("data-state", "waiting")
    page.locator(".review .one summary").first.click()
    expect(page.locator(".review .one dd").first).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(told: Counter, reader: Callable[[], Page], width: int) -> None:
    page = reader()
    page.set_viewport_size({"width": width, "height": 900})
    item = next(s for s in told.site.journal["examples"] if "/21/" in s)
    for path in (f"/reviews/{told.gtin}", "/claim", f"/claim?item={item}", "/write", "/receipts"):
        page.goto(told.site.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
