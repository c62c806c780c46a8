"""An auditor: rebuilds the journal from the log alone, and is not told otherwise by a site that cheats."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
from playwright.sync_api import Browser, expect

from journeys.conftest import LiveSite


def _audit(*arguments: str) -> tuple[int, dict[str, object]]:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "suyuan"), "audit", *arguments, "--json"], capture_output=True, text=True
    )
    return done.returncode, json.loads(done.stdout)


def test_an_audit_of_the_demo_is_clean_and_covers_every_sealed_entry(site: LiveSite) -> None:
    code, report = _audit("--rpc", f"{site.url}/rpc", "--journal", site.journal["journal"], "--log", site.url)
    assert code == 0, report
    assert report["findings"] == []
    assert int(str(report["entries"])) >= site.journal["sealed"] > 6000


def test_a_log_that_is_not_served_could_not_be_checked(site: LiveSite) -> None:
    code, report = _audit("--rpc", f"{site.url}/rpc", "--journal", site.journal["journal"], "--log", f"{site.url}/no")
    assert code == 2
    assert report["unchecked"] != []


def test_an_address_that_is_no_journal_could_not_be_checked(site: LiveSite) -> None:
    code, report = _audit("--rpc", f"{site.url}/rpc", "--journal", site.journal["merchants"], "--log", site.url)
    assert code == 2
    assert report["unchecked"] != []


def test_the_documents_that_bodies_name_are_served_by_their_hash(site: LiveSite) -> None:
    subject = site.journal["examples"][0]
    bundle = httpx.get(f"{site.url}/v1/proof", params={"subject": subject}).json()
    for name, document in bundle["documents"].items():
        assert httpx.get(f"{site.url}/v1/documents/{name}").json() == document


def test_there_are_examples_of_every_kind_of_subject_and_each_is_proven(site: LiveSite) -> None:
    kinds = set()
    for subject in site.journal["examples"]:
        bundle = httpx.get(f"{site.url}/v1/proof", params={"subject": subject, "limit": 1}).json()
        assert bundle["head"]["count"] > 0, subject
        kinds.add(subject.split("/")[1])
    assert {"01", "00", "reviews", "rights", "merchant", "order"} <= kinds


def test_an_auditor_reads_on_the_page_which_seal_and_which_contracts_it_stands_on(
    site: LiveSite, browser: Browser
) -> None:
    page = browser.new_page(locale="en-US")
    page.goto(site.url + next(subject for subject in site.journal["examples"] if "/00/" in subject))
    for details in page.locator("details").all():
        details.evaluate("node => { node.open = true }")
    expect(page.locator("body")).to_contain_text(site.journal["journal"])
    page.close()
