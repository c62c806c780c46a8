"""The saved verifier as the site serves it, and pages of a journal with a proven fault."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from journeys.conftest import ROOT, LiveSite
from suyuan.core.statements import keccak

LATE = 15_000  # ms
FILE = ROOT / "backend" / "suyuan" / "web" / "verify.html"
ENDED = "0x" + keccak(b"ended()")[:4].hex()
FORK = f"0x{2:064x}"


@pytest.fixture
def page(browser: Browser) -> Page:
    page = browser.new_context(locale="en-GB", viewport={"width": 390, "height": 844}).new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    return page


def _pin(site: LiveSite) -> str:
    return f"{site.journal['chain']}/{site.journal['journal']}"


def test_what_the_site_serves_is_the_file_whose_hash_the_contract_has(site: LiveSite, page: Page) -> None:
    assert httpx.get(f"{site.url}/verify").content == FILE.read_bytes()
    page.goto(f"{site.url}/verify#{_pin(site)}")
    expect(page.locator("#hash")).to_contain_text(sha256(FILE.read_bytes()).hexdigest(), timeout=LATE)
    page.locator("#rpc").fill(f"{site.url}/rpc")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("#published")).to_have_attribute("data-state", "holds", timeout=LATE)


@pytest.mark.parametrize("what", ["item", "reviews"])
def test_a_proof_downloaded_from_its_page_is_verified_offline_and_by_a_node(
    site: LiveSite, page: Page, tmp_path: Path, what: str
) -> None:
    item = next(subject for subject in site.journal["examples"] if "/21/" in subject)
    page.goto(site.url + (item if what == "item" else f"/reviews/{item[4:18]}"))
    page.locator("#facts summary").click()
    with page.expect_download() as download:
        page.get_by_text("Download the proof").click()
    saved = tmp_path / "a.proof.json"
    download.value.save_as(saved)
    page.get_by_text("The verifier, to save").click()
    expect(page.locator("#pin")).to_have_value(_pin(site))
    page.locator("#file").set_input_files(saved)
    expect(page.locator("#verdict")).to_have_attribute("data-state", "unchecked", timeout=LATE)
    page.locator("#rpc").fill(site.url.replace("127.0.0.1", "localhost") + "/rpc")  # another origin
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("#verdict")).to_have_attribute("data-state", "holds", timeout=LATE)
    expect(page.locator("#verdict h2")).to_have_text("It holds")


def test_a_proven_fault_is_said_in_red_by_the_reader_s_own_browser(site: LiveSite, page: Page) -> None:
    def answer(route: Route) -> None:
        asked = json.loads(route.request.post_data or "{}")
        if asked["method"] == "eth_call" and asked["params"][0]["data"].startswith(ENDED):
            route.fulfill(json={"jsonrpc": "2.0", "id": asked["id"], "result": FORK})
        else:
            route.continue_()

    page.route("**/rpc", answer)
    item = next(subject for subject in site.journal["examples"] if "/21/" in subject)
    for path in (item, f"/reviews/{item[4:18]}"):
        page.goto(site.url + path)
        expect(page.locator("#verdict")).to_have_attribute("data-state", "fails", timeout=LATE)
        expect(page.locator("#verdict h2")).to_have_text("The contract has a proven fault")
        expect(page.locator("#verdict")).to_contain_text("fork (two different entries in one place)")
        expect(page.locator('[data-point="1"]')).to_have_attribute("data-state", "holds")
