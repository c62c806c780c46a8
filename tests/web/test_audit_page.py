"""The auditor's page, and the banner of a proven fault on every page, as a browser without scripts gets them."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from httpx import Response
from typer.main import get_command

from live import GTIN, Live, epc, event
from market import REVIEWS, open_market
from services.test_oversee import prove_a_fork, summed_up
from suyuan.bootstrap import keystore
from suyuan.chain.port import Fault
from suyuan.cli.main import app
from suyuan.core.errors import ChainAway
from suyuan.services.known import Heard, Listener
from suyuan.web import pages
from suyuan.web.words import WORDS

HTML = {"accept": "text/html", "accept-language": "en"}
PAGES = [
    "/",
    "/about",
    "/audit",
    f"/01/{GTIN}",
    f"/01/{GTIN}/21/A1",
    f"/reviews/{GTIN}",
    "/claim",
    "/receipts",
    "/nothing",
]


@pytest.fixture
def world(live: Live) -> Live:
    live.list_and_register("L1", "A1", "A2")
    live.merchant.capture_event(event(epc("A1")))
    live.node.seal_now()
    return live


def get(live: Live, path: str, **more: Any) -> Response:
    return live.http.get(path, headers=HTML, **more)  # type: ignore[no-any-return]


def page(live: Live, path: str = "/audit") -> str:
    """A page's text, with the figures of now."""
    live.node.overseer.step()
    live.node.overseer.refresh()
    return unescape(get(live, path).text)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_is_strict_whole_and_in_its_language(world: Live, lang: str) -> None:
    response = get(world, f"/audit?lang={lang}")
    assert (response.status_code, response.headers["content-language"][:2]) == (200, lang)
    text = response.text
    assert not re.search(r"\sstyle=|\son[a-z]+=|<script|<style", text)
    assert "script-src 'self'" in response.headers["content-security-policy"]
    assert text.count("<h1") == 1
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert all(label in ids for label in re.findall(r'aria-labelledby="([^"]+)"', text))
    assert len(response.content) < 100_000


def test_the_page_says_whose_word_it_is_and_what_to_run_instead(world: Live) -> None:
    text = page(world)
    assert WORDS["audit_lead"][1] in text
    commands = re.findall(r"<pre[^>]*>suyuan ([^<]+)</pre>", text.replace(" \\\n ", ""))
    assert len(commands) == 3
    for command in commands:
        assert f"--rpc {world.node.settings.url}/rpc --journal {world.node.deployment.journal}" in command
        _assert_runs(command.split())
    assert world.node.log.verifier in text


def _assert_runs(words: list[str]) -> None:
    """There is such a command, with these options, and it needs no other."""
    command: Any = get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    options = {name: one for one in command.params for name in one.opts if name.startswith("--")}
    given = {word for word in words if word.startswith("--")}
    assert given <= set(options)
    assert {name for name, one in options.items() if one.required} <= given


def test_every_link_of_the_page_leads_to_what_it_says(live: Live) -> None:
    world, market = live, open_market(live)
    (buyer,) = market.buyers(1)
    buyer.submit(stars=1)
    operator = keystore(world.node.settings).signer("operator")
    public = {"right": buyer.right, "reason": "abuse", "basis": "ECO-7"}
    said = market.by_participant(operator, "review.withhold", REVIEWS, public)
    world.node.reviews.decide(said["statement"], said["public"])
    chain = world.node.chain
    chain.transact(chain.prepare_appeal(operator, b"junk"))
    world.node.seal_now()
    handed = summed_up(world)
    world.node.overseer.hand_in(handed["statement"], handed["public"])
    text = page(world)
    links = set(re.findall(r'href="(/(?!static)[^"#]*)', text))
    for kind in (
        "/v1/transactions/",
        "/v1/audits?by=",
        "/v1/proof?subject=/reviews/",
        "/log/checkpoint",
        "/v1/standing",
    ):
        assert any(link.startswith(kind) for link in links), kind
    for link in links:
        assert get(world, link).status_code == 200, link


def test_figures_are_those_of_the_journal(world: Live) -> None:
    text = page(world)
    assert f"{world.size()} entries" in text
    assert text.count('role="img"') == 4
    assert re.search(r"half within \d+ s, 95% within \d+ s, at worst \d+ s; receipts promise 1 day", text)
    assert re.search(r"[\d,]{6,} in all, [\d,]{5,} a seal", text)
    assert "No fault was proven to the contract" in text
    assert "No audit was handed in yet." in text


def test_an_audit_is_shown_with_who_signed_and_whether_its_root_is_the_seals(world: Live) -> None:
    for changes, who in (
        ({}, "regulator"),
        ({"root": "cd" * 32, "result": "findings", "findings": 2, "auditedAt": int(time.time()) - 90_000}, ""),
    ):
        said = summed_up(world, world.signers[who] if who else None, **changes)
        world.node.overseer.hand_in(said["statement"], said["public"])
    text = page(world)
    assert re.search(r"✓ clean.*regulator, in good standing.*root is that of the seal", text, re.DOTALL)
    assert re.search(r"✕ findings: 2.*NOT that of the seal.*anybody can make one", text, re.DOTALL)
    assert "The operator could drop one that found something" in text


# -- what the contract says, on every page


@pytest.mark.parametrize("path", PAGES)
def test_a_sound_journal_has_no_banner(world: Live, path: str) -> None:
    assert "standing-of-journal" not in get(world, path).text


@pytest.mark.parametrize("lang", [0, 1])
def test_a_proven_fault_is_told_on_every_page_with_its_transaction(world: Live, lang: int) -> None:
    tx = "0x" + prove_a_fork(world).hex()
    for path in PAGES:
        text = get(world, path, params={"lang": ("zh", "en")[lang]}).text
        banner = text.partition('id="journal-ended"')[2].partition("</aside>")[0]
        assert WORDS["ended_title"][lang].format(fault=WORDS["fault_2"][lang]) in banner
        assert f'href="/v1/transactions/{tx}"' in banner
        assert 'href="/audit#faults"' in banner
    text = page(world)
    assert "No fault was proven" not in text
    assert f'href="/v1/transactions/{tx}"' in text.partition('id="faults"')[2].partition("</section>")[0]


def _says(monkeypatch: pytest.MonkeyPatch, heard: Heard | None) -> None:
    monkeypatch.setattr(Listener, "heard", lambda _: heard)


@pytest.mark.parametrize("fault", list(Fault)[1:])
def test_every_fault_has_a_name_and_a_meaning(world: Live, monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    sound = world.node.listener.now()
    _says(monkeypatch, replace(sound, standings=replace(sound.standings, ended=fault)))
    text = unescape(get(world, "/").text)
    assert WORDS[f"fault_{fault.value}"][1] in text
    assert WORDS[f"meaning_{fault.value}"][1] in text
    assert "/v1/transactions/" not in text  # which was not found yet


def test_an_overdue_appeal_is_told_on_every_page_and_one_that_waits_is_not(
    world: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = world.node.listener.now()
    for since, told in ((int(time.time()) - 60, False), (int(time.time()) - sound.standings.grace - 60, True)):
        _says(monkeypatch, replace(sound, standings=replace(sound.standings, asked=1, waiting_since=since)))
        for path in PAGES:
            assert ('id="journal-overdue"' in get(world, path).text) is told


def test_nothing_is_claimed_while_the_chain_is_away(world: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> Any:
        raise ChainAway("the node does not answer")

    world.node.overseer.refresh()
    for name in ("rpc", "standings", "appeals", "faults", "predecessor"):
        monkeypatch.setattr(world.node.chain, name, away)
    time.sleep(0.01)
    text = page(world) if world.node.overseer.refresh() else ""
    assert "No fault was proven" not in text
    assert text.count(WORDS["audit_chain_away"][1]) == 3
    assert 'id="journal-ended"' not in text


def test_an_appeal_past_its_time_is_marked_as_overdue(world: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = world.node.chain
    chain.transact(chain.prepare_appeal(keystore(world.node.settings).signer("operator"), b"junk"))
    found = world.node.overseer.refresh()
    assert found.chain is not None
    assert "overdue" not in page(world)
    (one,) = found.chain.open
    late = replace(found, chain=replace(found.chain, open=(replace(one, due=int(time.time()) - 1),)))
    monkeypatch.setattr(world.node.overseer, "overview", lambda: late)
    assert '<tr class="late">' in get(world, "/audit").text
    assert "✕ overdue" in get(world, "/audit").text


def test_wei_is_shown_to_the_last_one() -> None:
    assert [pages._coins(n) for n in (0, 1, 10**18, 188_271_853_961_712)] == [
        "0", "0.000000000000000001", "1", "0.000188271853961712",
    ]  # fmt: skip
