"""What a buyer does after the review, in a real browser: withdraws, erases, exports, holds a promise to the journal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from journeys.conftest import LiveSite
from journeys.test_reviews import LATE, Counter, _claim, _sealed, _verdict, _write, phone, reader
from suyuan.bootstrap import keystore
from suyuan.config import Settings
from suyuan.core import statements
from suyuan.core.statements import Receipt
from suyuan.shop import Shop
from suyuan_qr.labels import code_text

__all__ = ["phone", "reader"]  # fixtures


@pytest.fixture(scope="module")
def stall(site: LiveSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    """A second shop on the site, so that no other test's buyers are in the way."""
    batch = next(s for s in site.journal["examples"] if "/10/" in s)
    bundle = httpx.get(f"{site.url}/v1/proof", params={"subject": batch, "limit": "all"}).json()
    by = next(e["body"]["by"] for e in bundle["entries"] if e["body"]["kind"] == "batch")
    file = tmp_path_factory.mktemp("stall") / "secret"
    command = [str(Path(sys.executable).parent / "suyuan"), "shop", "add", "stall", "--merchant", by]
    environment = {**os.environ, "SUYUAN_DATA": str(site.data)}
    subprocess.run([*command, "--secret-file", str(file)], env=environment, check=True, timeout=120)
    shop = Shop(site.url, "stall", file.read_text().strip())
    yield Counter(site, shop, batch)
    shop.close()


def reviewed(stall: Counter, page: Page, reference: str, words: str) -> str:
    """Claims and reviews what was delivered, until it is sealed; the right."""
    _claim(page, stall.deliver(reference))
    right = page.url.rpartition("#")[2]
    _write(page, 2, words)
    _sealed(page)
    return right


def pressed_twice(page: Page, right: str, site: str, name: str) -> None:
    page.goto(f"{site}/write#{right}")
    button = page.get_by_role("button", name=name)
    button.click()
    expect(page.locator("#note")).to_have_attribute("data-state", "busy", timeout=LATE)
    button.click()
    expect(page.locator("#note")).to_have_attribute("data-state", "holds", timeout=LATE)


def told(stall: Counter, right: str) -> dict[str, object]:
    answer = httpx.get(f"{stall.site.url}/v1/reviews", params={"product": stall.gtin, "limit": "1000"})
    found: dict[str, object] = answer.json()["contents"][right]
    return found


def test_a_buyer_withdraws_a_review_and_readers_are_told(
    stall: Counter, phone: Page, reader: Callable[[], Page]
) -> None:
    right = reviewed(stall, phone, "W-1", "to be taken back soon")
    pressed_twice(phone, right, stall.site.url, "Withdraw")
    expect(phone.locator("#review")).to_be_hidden()
    _sealed(phone)
    assert told(stall, right) == {"state": "withdrawn"}
    page = reader()
    page.goto(stall.reviews)
    _verdict(page, "holds")
    expect(page.locator(".review[data-face=withdrawn]").first).to_contain_text("Withdrawn by its author")
    assert "to be taken back soon" not in page.content()


def test_a_buyer_exports_what_is_kept_then_has_it_erased_and_every_proof_holds(
    stall: Counter, phone: Page, reader: Callable[[], Page]
) -> None:
    right = reviewed(stall, phone, "E-1", "words that will be gone")
    phone.goto(f"{stall.site.url}/write#{right}")
    with phone.expect_download() as saved:
        phone.get_by_role("button", name="Export my data").click()
    kept = json.loads(Path(saved.value.path()).read_text())
    assert "words that will be gone" in json.dumps(kept)
    assert right in json.dumps(kept)
    pressed_twice(phone, right, stall.site.url, "Erase my data")
    _sealed(phone)
    assert told(stall, right)["state"] == "erased"
    page = reader()
    page.goto(stall.reviews)
    _verdict(page, "holds")
    expect(page.locator(".review[data-face=erased]").first).to_contain_text("Erased at the buyer’s wish")
    assert "words that will be gone" not in page.content()
    phone.goto(f"{stall.site.url}/write#{right}")
    expect(phone.locator("#mine")).to_be_visible(timeout=LATE)
    assert "words that will be gone" not in phone.content()


def test_a_receipt_whose_entry_the_journal_does_not_have_shows_a_broken_promise(site: LiveSite, phone: Page) -> None:
    journal = site.journal["journal"]
    signer = keystore(Settings(data=site.data)).signer("receipts")
    answer = httpx.get(f"{site.url}/v1/entries/3").json()
    at = int.from_bytes(bytes.fromhex(answer["header"])[75:83], "big") // 1000
    receipt = Receipt(bytes(32), 3, 1, at, at + 3600)  # while the key signs receipts, for another entry than is there
    signature = signer.sign(receipt.digest(statements.domain(site.journal["chain"], journal)))
    statement = {"kind": "review", "subject": "/reviews/09521002001013"}
    one = {"id": "lie", "index": 3, "at": at, "statement": statement, "receipt": receipt.as_json(signature)}
    saved = json.dumps({"version": 1, "receipts": [one]}).encode()
    phone.goto(f"{site.url}/receipts")
    phone.locator("#import").set_input_files({"name": "r.json", "mimeType": "application/json", "buffer": saved})
    ticket = phone.locator(".ticket")
    expect(ticket).to_have_attribute("data-state", "fails", timeout=LATE)
    expect(ticket.locator(".answer")).to_have_text("PROMISE BROKEN: keep this receipt")
    expect(ticket.locator(".why")).not_to_be_empty()


def test_an_item_is_claimed_by_its_scratched_code_typed_by_hand(site: LiveSite, phone: Page) -> None:
    codes = (site.data / "participants" / "crabs-october.codes.csv").read_text().splitlines()
    serial, code = codes[-1].split(",")  # none that other tests look at
    item, typed = f"/01/09521002001013/21/{serial}", code_text(bytes.fromhex(code))
    phone.goto(f"{site.url}/claim?item={item}")
    # Debian's Chromium reads no codes from photos: then the page offers typing, and nothing that does not work
    assert phone.evaluate("'BarcodeDetector' in globalThis") is False
    expect(phone.locator("#scan")).to_be_hidden()
    field, note = phone.get_by_label("The code under the patch"), phone.locator("#item-note")
    claim = phone.get_by_role("button", name="Claim this item")
    field.fill(typed[:-1])
    claim.click()
    expect(note).to_have_attribute("data-state", "fails", timeout=LATE)
    field.fill(("A" if typed[0] != "A" else "B") + typed[1:])  # a code, of another item
    claim.click()
    expect(note).to_have_attribute("data-state", "fails", timeout=LATE)
    field.fill(" ".join(typed[at : at + 4] for at in range(0, len(typed), 4)).lower())
    claim.click()
    expect(note).to_have_attribute("data-state", "holds", timeout=LATE)
    _sealed(phone)
    phone.goto(f"{site.url}{item}")
    expect(phone.locator("#claimed")).to_contain_text("Claimed first on", timeout=LATE)
    _verdict(phone, "holds")
