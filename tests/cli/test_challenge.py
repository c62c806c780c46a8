"""`suyuan challenge`: what it says and sends, over a node, a log and a site that really listen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cheating import Cheat, World, listening, open_world
from live import GTIN, Live, epc, event
from suyuan.api.rpc import METHODS
from suyuan.chain import keystore
from suyuan.chain.port import Fault
from suyuan.core.heads import Met

Run = Callable[..., tuple[int, str, str]]
ONE, TWO = "/terms/one", "/terms/two"
PASSWORD = "open sesame"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(keystore, "WORK", 2)
    yield from open_world(tmp_path)


@pytest.fixture
def cheat(world: World) -> Cheat:
    return Cheat(world)


@pytest.fixture
def node(cheat: Cheat) -> Iterator[str]:
    with listening(cheat) as url:
        yield url


@pytest.fixture
def keep(tmp_path: Path) -> Callable[..., Path]:
    """Keeps JSON, or bytes, in a file."""

    def one(name: str, value: Any) -> Path:
        file = tmp_path / name
        file.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
        return file

    return one


def key_of(world: World, role: str, folder: Path) -> list[object]:
    password = folder / "keys" / "password"
    return ["--key", folder / "keys" / f"{role}.json", "--password-file", password]


def left_out(cheat: Cheat) -> dict[str, Any]:
    """A bundle whose own entry its heads leave out."""
    first = cheat.forge(ONE)
    cheat.forge(ONE, first)
    cheat.wrong[2] = lambda right: {first.header.key: Met(first.header.key, 1, first.leaf)}
    cheat.seal()
    return cheat.bundle(ONE)


def forked(cheat: Cheat) -> dict[str, Any]:
    first = cheat.forge(ONE)
    cheat.forge(ONE, first, prev=b"\7" * 32)
    cheat.seal()
    return cheat.bundle(ONE)


def misstepped(cheat: Cheat) -> dict[str, Any]:
    first = cheat.forge(ONE)
    cheat.forge(ONE, first, state=b"\7" * 32)
    cheat.seal()
    return cheat.bundle(ONE)


def broken(cheat: Cheat) -> dict[str, Any]:
    promise: dict[str, Any] = cheat.receipt(0, b"\7" * 32, issued=2**31 - 1, until=2**31)
    cheat.forge(ONE)
    cheat.seal()
    return {**cheat.entry(0), **promise}


def late(cheat: Cheat) -> dict[str, Any]:
    promise: dict[str, Any] = cheat.receipt(0, cheat.forge(ONE).leaf)
    cheat.seal()
    return promise


CHEATING = {
    "omission": left_out,
    "fork": forked,
    "misstep": misstepped,
    "broken promise": broken,
    "lateness": late,
}


@pytest.mark.parametrize(("fault", "cheating"), CHEATING.items(), ids=CHEATING)
def test_each_fault_is_tried_then_sent_then_known_to_be_proven(
    cheat: Cheat, node: str, run: Run, keep: Callable[..., Path], tmp_path: Path, fault: str, cheating: Any
) -> None:
    file = keep("evidence.json", cheating(cheat))
    chain, journal = cheat.world.chain, cheat.world.deployment.journal
    asked = ["challenge", file, "--rpc", node, "--journal", journal]
    keyed = [*asked, *key_of(cheat.world, "admissions", tmp_path)]

    for tried, said in ((asked, "--key says who sends it"), ([*keyed, "--dry-run"], "it was tried")):
        code, out, err = run(*tried)
        assert (code, err) == (0, ""), out
        assert out.startswith(f"provable: {journal}\n  {fault}: ")
        assert "the contract takes it" in out
        assert " gas, for at most 0.0" in out
        assert f"nothing was sent: {said}\n" in out
    assert [] == list(chain.faults())

    code, out, _ = run(*keyed)
    assert code == 0
    assert out.startswith(f"proven: {journal}\n  {fault}: ")
    (record,) = chain.faults()
    assert f"    sent: 0x{record.tx.hex()}, in block {record.block}, " in out
    ends = fault != "lateness"
    assert (f"the journal is ended by a proven fault: {fault}" in out) == ends
    assert ("receipts proven late: 1" in out) == (not ends)

    code, out, _ = run(*keyed)
    assert code == 0
    assert "nothing was sent: the contract needs nothing more" in out
    assert ("the contract takes it; the journal was at its end before" in out) == ends
    assert ("the contract has counted that receipt already\n" in out) == (not ends)
    assert len(list(chain.faults())) == 1


def test_it_tells_programs_the_same_in_json(
    cheat: Cheat, node: str, run: Run, keep: Callable[..., Path], tmp_path: Path
) -> None:
    file = keep("evidence.proof.json", forked(cheat))
    code, out, _ = run("challenge", file, "--rpc", node, "--json", *key_of(cheat.world, "operator", tmp_path))
    told = json.loads(out)
    (record,) = cheat.world.chain.faults()
    (proof,) = told["proofs"]
    assert (0, "proven", "fork", 0) == (code, told["result"], told["ended"], told["late"])
    assert ("fork", "taken", "") == (proof["fault"], proof["ruling"], proof["reason"])
    assert ("0x" + record.tx.hex(), record.block) == (proof["sent"]["tx"], proof["sent"]["block"])
    assert 0 < proof["sent"]["gas"] <= proof["gas"]
    assert {"journal", "notes", "audits", "unchecked"} < told.keys()


def test_a_node_for_reading_tries_a_proof_without_an_estimate(
    cheat: Cheat, run: Run, keep: Callable[..., Path]
) -> None:
    file = keep("evidence.proof.json", forked(cheat))
    with listening(cheat, METHODS) as url:
        code, out, _ = run("challenge", file, "--rpc", url)
    assert code == 0
    assert "the contract takes it, and it ends the journal: no seal after\n" in out


def test_a_sender_without_money_sends_nothing(
    cheat: Cheat, node: str, run: Run, keep: Callable[..., Path], tmp_path: Path
) -> None:
    file = keep("evidence.proof.json", forked(cheat))
    password = keep("password", PASSWORD.encode())
    poor = tmp_path / "poor.json"
    keystore.create(poor, PASSWORD)
    code, out, _ = run("challenge", file, "--rpc", node, "--key", poor, "--password-file", password)
    assert code == 2
    assert "it was not sent: the contract refused" in out
    assert Fault.NONE is cheat.world.chain.standings().ended


def test_files_of_an_honest_journal_are_1(cheat: Cheat, node: str, run: Run, keep: Callable[..., Path]) -> None:
    first = cheat.forge(ONE)
    cheat.forge(ONE, first)
    cheat.seal()
    files = [keep("a.json", cheat.bundle(ONE)), keep("b.json", cheat.entry(1)), keep("c.json", cheat.bundle(TWO))]
    for more in ([], ["--log", node], ["--log", node, "--site", node]):
        code, out, err = run("challenge", *files, "--rpc", node, *more)
        expected = f"nothing is proven by these files: {cheat.world.deployment.journal}\n"
        assert (1, expected, "") == (code, out, err)


def test_an_audits_report_is_looked_up_in_the_log_and_at_the_site(
    cheat: Cheat, node: str, run: Run, keep: Callable[..., Path]
) -> None:
    first = cheat.forge(ONE)
    for n in range(300):
        cheat.forge(f"/terms/{n}")
    cheat.seal()
    cheat.forge(TWO)
    cheat.wrong[302] = lambda right: {key: met for key, met in right.items() if key != first.header.key}
    cheat.seal()
    report = {"result": "findings", "findings": [{"fault": "heads", "where": 2, "detail": "rebuilt …"}]}
    asked = ["challenge", keep("audit.json", report), "--rpc", node, "--journal", cheat.world.deployment.journal]
    assert run(*asked)[0] == 2
    code, out, _ = run(*asked, "--log", node)
    assert (2, True) == (code, "--site says where" in out)
    code, out, _ = run(*asked, "--log", node, "--site", node)
    assert code == 0
    assert f"omission: entry 0 has place 0 in {ONE}, and seal 2's heads know nothing of {ONE}" in out


@pytest.mark.parametrize("fault", ["fork", "misstep"])
def test_what_the_audit_writes_is_proven_as_it_is(
    cheat: Cheat, node: str, run: Run, keep: Callable[..., Path], tmp_path: Path, fault: str
) -> None:
    CHEATING[fault](cheat)
    journal = cheat.world.deployment.journal
    code, report, _ = run("audit", "--rpc", node, "--journal", journal, "--log", node, "--json")
    assert code == 1
    file = keep("audit.json", report.encode())
    keyed = key_of(cheat.world, "operator", tmp_path)
    code, out, _ = run("challenge", file, "--rpc", node, "--log", node, *keyed)
    assert code == 0, out
    assert f"the journal is ended by a proven fault: {fault}" in out


def test_what_is_away_is_2(cheat: Cheat, node: str, run: Run, keep: Callable[..., Path]) -> None:
    cheat.forge(ONE)
    cheat.seal()
    bundle, nowhere = keep("a.json", cheat.bundle(ONE)), "http://127.0.0.1:1"
    receipt = keep("r.json", cheat.receipt(5, b"\7" * 32, issued=2**31 - 1, until=2**31))
    journal = ["--journal", cheat.world.deployment.journal]
    for asked in (
        [bundle, "--rpc", nowhere],
        [bundle, "--rpc", node, "--log", nowhere],
        [bundle, "--rpc", node, "--journal", "0x" + "12" * 20],
        [receipt, "--rpc", node],
    ):
        code, out, err = run("challenge", *asked)
        assert (2, "") == (code, err), out
        assert out.startswith("could not be checked")
        assert "  not checked: " in out
    assert "the files name no journal: --journal says which is meant" in out
    assert run("challenge", receipt, "--rpc", node, *journal)[0] == 1


def test_hostile_files_are_a_line_each(cheat: Cheat, node: str, run: Run, keep: Callable[..., Path]) -> None:
    cheat.forge(ONE)
    cheat.seal()
    good = keep("good.json", cheat.bundle(ONE))
    bad = [
        keep(f"bad{n}.json", content)
        for n, content in enumerate([b"", b"[" * 10**6, b"{}", b'{"version": 1, "hashes": 5}', b"\xff" * 100])
    ]
    code, out, err = run("challenge", *bad, good, "--rpc", node)
    assert (1, "") == (code, err)
    assert [f"  {one}" for one in bad] == [line.partition(":")[0] for line in out.splitlines()[1:]]


def test_what_a_stranger_wrote_moves_no_cursor_and_fills_no_screen(
    cheat: Cheat, node: str, run: Run, keep: Callable[..., Path]
) -> None:
    subject = "/terms/\x1b[2J\n" + "x" * 2000
    cheat.forge(subject, prev=b"\7" * 32)
    cheat.seal()
    bundle = cheat.bundle(subject)
    strangers = [cheat.receipt(n, b"\7" * 32, by="operator") for n in range(30)]
    files = [keep("evidence.json", bundle), keep("r.json", {"receipts": strangers})]
    code, out, _ = run("challenge", *files, "--rpc", node)
    assert code == 0
    lines = out.splitlines()
    assert "  fork: entry 0 is the first of /terms/?[2J?xxx" in lines[1]
    assert len(lines[1]) < 550
    assert "  and 10 more" in lines
    assert len(lines) == 1 + 2 + 20 + 1 + 1


def test_files_of_two_journals_need_to_hear_which_is_meant(
    cheat: Cheat, node: str, run: Run, keep: Callable[..., Path]
) -> None:
    cheat.forge(ONE)
    cheat.seal()
    here = cheat.bundle(ONE)
    there = {**here, "chain": {**here["chain"], "journal": "0x" + "12" * 20}}
    files = [keep("here.json", here), keep("there.json", there)]
    code, out, _ = run("challenge", *files, "--rpc", node)
    assert code == 2
    assert "the files are of 2 journals: --journal says which is meant" in out
    assert f"for audits and readers, not for the contract: two journals tell of {ONE}" in out
    code, out, _ = run("challenge", *files, "--rpc", node, "--journal", here["chain"]["journal"])
    assert code == 1
    assert "there.json: of journal 0x1212" in out


def test_nothing_is_proven_of_a_site_that_works_by_what_it_served(
    live: Live, site: str, run: Run, keep: Callable[..., Path]
) -> None:
    receipts = [live.list_and_register("L1", "A1", "A2"), live.merchant.capture_event(event(epc("A1")))]
    live.node.seal_now()
    first = live.http.get("/v1/proof", params={"subject": f"/01/{GTIN}/21/A1"}).json()
    receipts.append(live.merchant.capture_event(event(epc("A1"), epc("A2"))))
    waiting = live.http.get("/v1/proof", params={"subject": f"/01/{GTIN}/21/A2"}).json()
    assert waiting["pending"]
    live.node.seal_now()
    files = [
        keep("first.json", first),
        keep("waiting.json", waiting),
        keep("absent.json", live.http.get("/v1/proof", params={"subject": "/00/095211410000000014"}).json()),
        keep("entry.json", live.http.get("/v1/entries/2").json()),
        *(keep(f"receipt{n}.json", one) for n, one in enumerate(receipts)),
    ]
    journal = live.node.deployment.journal
    _, report, _ = run("audit", "--rpc", f"{site}/rpc", "--journal", journal, "--log", site, "--json")
    files.append(keep("audit.json", report.encode()))
    code, out, err = run("challenge", *files, "--rpc", f"{site}/rpc", "--log", site, "--site", site)
    assert (1, "") == (code, err)
    first_line, *notes = out.splitlines()
    assert first_line == f"nothing is proven by these files: {journal}"
    assert notes
    assert [] == [note for note in notes if " is kept by seal " not in note]
