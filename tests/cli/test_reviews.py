"""`suyuan reviews`: the operator's decisions, on the node's own machine."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from live import GTIN, Live
from market import open_market
from suyuan.chain import keystore as chain_keystore
from suyuan.cli import main


def test_a_review_is_listed_withheld_restored_and_erased(
    live: Live, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(chain_keystore, "WORK", 2)
    market = open_market(live)
    (buyer,) = market.buyers(1)
    buyer.submit(stars=1, words="不好")
    monkeypatch.setenv("SUYUAN_DATA", str(live.node.settings.data))
    monkeypatch.setenv("SUYUAN_DATABASE_URL", live.node.settings.database_url)

    def run(*arguments: str) -> tuple[int, Any]:
        monkeypatch.setattr(sys, "argv", ["suyuan", "reviews", *arguments])
        with pytest.raises(SystemExit) as ended:
            main.main()
        out = capsys.readouterr().out
        return int(ended.value.code or 0), json.loads(out) if out.startswith(("{", "[")) else out

    code, listed = run("list", GTIN, "--json")
    assert (code, [(one["right"], one["stars"], one["withheld"]) for one in listed]) == (0, [(buyer.right, 1, "")])
    code, held = run("withhold", buyer.right, "--reason", "abuse", "--basis", "CC-1024", "--json")
    assert (code, held["index"]) == (0, live.size() - 1)
    assert "withheld: abuse" in run("list", GTIN)[1]
    assert run("withhold", buyer.right, "--reason", "abuse", "--basis", "CC-1024")[0] == 73
    assert run("withhold", buyer.right, "--reason", "taste", "--basis", "CC-1024")[0] == 65
    assert run("restore", buyer.right, "--reason", "mistake")[0] == 0
    code, erased = run("erase", buyer.right, "--basis", "PIPL-47", "--json")
    assert (code, len(erased["entries"])) == (0, 1)
    assert run("erase", "ab" * 32, "--basis", "PIPL-47")[0] == 66
    live.node.seal_now()
    live.assert_clean()
