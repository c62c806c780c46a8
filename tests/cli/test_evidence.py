"""`suyuan evidence`: what it writes, what it says, and its exit codes."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from live import GTIN, Live, event
from market import open_market, order_of
from suyuan.core import subjects

Run = Callable[..., tuple[int, str, str]]
ITEM = subjects.item(GTIN, "S00001")


@pytest.fixture
def sold(live: Live) -> Live:
    open_market(live, 3)
    live.node.seal_now()
    return live


def names(file: Path) -> set[str]:
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return set(archive.namelist())


def test_a_pack_by_the_reader_s_node_holds(sold: Live, site: str, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "pack.zip"
    journal = sold.node.deployment.journal
    given = ("--url", site, "--rpc", f"{site}/rpc", "--journal", journal, "--output", file)
    code, out, err = run("evidence", ITEM, *given)
    assert (code, err) == (0, "")
    assert out.startswith(f"{file} has ")
    assert out.endswith(": it holds\n")
    assert {"report.pdf", "README.txt", "说明.txt", "MANIFEST.sha256", "verify.html"} <= names(file)
    for proof in (name for name in names(file) if name.startswith("proofs/")):
        with zipfile.ZipFile(file) as archive:
            archive.extract(proof, tmp_path)
        given = ("--rpc", f"{site}/rpc", "--journal", journal, "--chain", sold.node.deployment.chain_id)
        assert run("verify", tmp_path / proof, *given)[0] == 0


def test_what_the_site_s_own_node_says_is_not_independent(sold: Live, site: str, run: Run, tmp_path: Path) -> None:
    given = ("--url", site, "--journal", sold.node.deployment.journal, "--output", tmp_path / "pack.zip")
    code, out, _ = run("evidence", ITEM, "--json", *given)
    value = json.loads(out)
    assert (code, value["result"], value["independent"]) == (0, "holds", False)
    assert value["files"] == len(names(tmp_path / "pack.zip"))
    assert "not independently verified" in run("evidence", ITEM, *given)[1]


def test_nothing_pinned_is_2_and_another_deployment_is_1(sold: Live, site: str, run: Run, tmp_path: Path) -> None:
    given = ("--url", site, "--output", tmp_path / "pack.zip")
    code, out, _ = run("evidence", ITEM, *given)
    assert code == 2
    assert "no deployment was pinned" in out
    code, out, _ = run("evidence", ITEM, *given, "--journal", "0x" + "ab" * 20)
    assert code == 1
    assert "FAILS" in out
    assert names(tmp_path / "pack.zip")


def test_receipts_are_handed_in_as_a_site_answers_them(sold: Live, site: str, run: Run, tmp_path: Path) -> None:
    taken = sold.site.post("/epcis/events", sold.merchant.sign_event(event(), None))
    sold.node.seal_now()
    receipt = tmp_path / "receipt.json"
    receipt.write_text(json.dumps(taken))
    given = ("--url", site, "--output", tmp_path / "pack.zip", "--receipt", receipt, "--rpc", f"{site}/rpc")
    _, out, _ = run("evidence", ITEM, *given)
    assert f"receipt for entry {taken['index']}: kept" in out
    receipt.write_text("{}")
    assert run("evidence", ITEM, *given)[0] == 65


@pytest.mark.parametrize("subject", ["/../../etc/passwd", "nonsense", "/order/1", "/01/1"])
def test_what_is_no_subject_is_65_and_writes_nothing(
    sold: Live, site: str, run: Run, tmp_path: Path, subject: str
) -> None:
    assert run("evidence", subject, "--url", site, "--output", tmp_path / "pack.zip")[0] == 65
    assert not list(tmp_path.glob("*pack.zip*"))


def test_a_site_that_is_away_is_75(run: Run, tmp_path: Path) -> None:
    given = ("--url", "http://127.0.0.1:1", "--output", tmp_path / "pack.zip")
    assert run("evidence", ITEM, *given)[0] == 75
    assert not list(tmp_path.glob("*pack.zip*"))


def test_private_content_is_opened_on_the_node_alone(
    live: Live, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = order_of(live, open_market(live, 3))
    settings = live.node.settings
    monkeypatch.setenv("SUYUAN_DATA", str(settings.data))
    monkeypatch.setenv("SUYUAN_DATABASE_URL", settings.database_url)
    file = tmp_path / "pack.zip"
    code, _, _ = run("evidence", order, "--private", "--output", file, "--journal", live.node.deployment.journal)
    assert code == 0
    assert [name for name in names(file) if name.startswith("private/")]
    assert run("evidence", ITEM, "--private", "--output", tmp_path / "other.zip")[0] == 77
