"""A merchant, from the command line: is admitted, lists, registers, prints labels, records; its label is scanned."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pypdfium2
import zxingcpp
from playwright.sync_api import Browser, expect

from journeys.conftest import LiveSite

GTIN = "09521111111115"
SERIALS = [f"SN{number:04}" for number in range(30)]


def _suyuan(site: LiveSite, *arguments: str) -> dict[str, object]:
    environment = {**os.environ, "SUYUAN_DATA": str(site.data), "SUYUAN_URL": site.url}
    done = subprocess.run(
        [str(Path(sys.executable).parent / "suyuan"), *arguments], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if "--json" in arguments else {}


def _event(epcs: list[str]) -> dict[str, object]:
    return {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-11-20T08:00:00Z",
        "epcisBody": {
            "eventList": [
                {
                    "type": "ObjectEvent",
                    "eventTime": "2026-11-20T09:00:00.000+08:00",
                    "eventTimeZoneOffset": "+08:00",
                    "epcList": epcs,
                    "action": "ADD",
                    "bizStep": "commissioning",
                    "disposition": "active",
                }
            ]
        },
    }


def test_a_merchant_goes_from_a_new_key_to_a_label_that_a_shopper_scans(
    site: LiveSite, browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("a password for this test")
    key = tmp_path / "key.json"
    signing = ["--key", str(key), "--password-file", str(tmp_path / "password")]

    def written(name: str, value: object) -> str:
        (tmp_path / name).write_text(json.dumps(value, ensure_ascii=False))
        return str(tmp_path / name)

    new = _suyuan(site, "keys", "new", str(key), "--password-file", signing[3], "--json")
    _suyuan(site, "admit", str(new["address"]), "--role", "merchant", "--licence", "9132TEST", "--category", "tea")
    profile = {"name": {"zh": "测试茶庄", "en": "Test Tea House"}}
    listing = {"name": {"zh": "测试红茶", "en": "Test black tea"}, "brand": {"zh": "测试", "en": "Test"}}
    _suyuan(site, "profile", written("profile.json", profile), *signing)
    _suyuan(site, "product", GTIN, written("listing.json", listing), *signing)
    (tmp_path / "serials.txt").write_text("\n".join(SERIALS))
    codes = tmp_path / "codes.csv"
    batch = {"lot": "T-1", "produced": "2026-11-01", "expires": "2028-11-01"}
    batching = ["--serials", str(tmp_path / "serials.txt"), "--codes", str(codes), *signing]
    _suyuan(site, "batch", GTIN, "T-1", written("batch.json", batch), *batching)
    sheet = tmp_path / "labels.pdf"
    _suyuan(site, "labels", GTIN, "T-1", str(codes), str(sheet))
    epcs = [f"https://id.gs1.org/01/{GTIN}/21/{serial}" for serial in SERIALS]
    job = _suyuan(site, "record", written("events.json", _event(epcs)), *signing, "--json")
    assert job["success"] is True

    with pypdfium2.PdfDocument(sheet) as document:
        found = {
            code.text
            for page in document
            for code in zxingcpp.read_barcodes(page.render(scale=300 / 72).to_pil().convert("L"))
        }
    expected = {f"{site.url}/01/{GTIN}/21/{serial}" for serial in SERIALS}
    assert expected == {text for text in found if text.startswith("http")}

    page = browser.new_page(locale="en-US")
    page.goto(f"{site.url}/01/{GTIN}/21/SN0007")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Test black tea")
    expect(page.locator("body")).to_contain_text("Test Tea House")
    page.close()
