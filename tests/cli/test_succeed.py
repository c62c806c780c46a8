"""`suyuan succeed`, as an operator runs it: on the data folder, with the site stopped."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ending import appeal, end
from live import QUICK, Live, epc, event
from suyuan.bootstrap import keystore, open_node
from suyuan.storage.database import SEALER_LOCK

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def stopped(told: Live, monkeypatch: pytest.MonkeyPatch) -> Live:
    """A site with a batch and two events under two seals, and one more that waits; it is stopped."""
    told.merchant.capture_event(event(epc("A1")))
    settings = told.node.settings
    monkeypatch.setenv("SUYUAN_DATA", str(settings.data))
    monkeypatch.setenv("SUYUAN_DATABASE_URL", str(settings.database_url))
    for name, value in QUICK.items():
        monkeypatch.setenv(f"SUYUAN_{name.upper()}", str(value))
    told.node.close()
    return told


def started(one: Live) -> Live:
    one.attach(open_node(one.node.settings))
    return one


def test_succeed_says_what_was_made_and_again_that_nothing_was_done(stopped: Live, run: Run) -> None:
    old = stopped.node.deployment
    code, out, err = run("succeed")
    live = started(stopped)
    new = live.node.deployment
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"{new.journal} goes on from {old.journal}, from its seal 3 of {live.size()} entries",
        f"  pin {new.chain_id}/{new.journal} from now on, and tell your readers and auditors",
    ]
    live.node.close()
    code, out, _ = run("succeed")
    assert (code, "and has no seal of its own yet: nothing was done" in out) == (0, True)
    assert started(live).node.deployment == new


def test_succeed_speaks_json_to_programs_and_names_open_appeals(stopped: Live, run: Run) -> None:
    live = started(stopped)
    live.node.seal_now()
    appeal(live, b"nobody will answer this")
    end(live)
    old = live.node.deployment
    live.node.close()
    code, out, _ = run("succeed", "--json")
    new = started(live).node.deployment
    made = json.loads(out)
    (open_appeal,) = made.pop("openAppeals")
    assert code == 0
    assert made == {
        "state": "made",
        "journal": new.journal,
        "chain": new.chain_id,
        "predecessor": {"journal": old.journal, "seal": 3, "size": live.size()},
        "ended": "broken promise",
        "sealsLeft": 0,
        "waiting": 0,
    }
    assert (open_appeal["number"], open_appeal["by"]) == (1, keystore(live.node.settings).address("admissions"))


def test_succeed_refuses_while_the_site_runs(stopped: Live, run: Run) -> None:
    live = started(stopped)
    with live.node.database.alone(SEALER_LOCK):
        code, out, err = run("succeed")
    assert (code, out) == (73, "")
    assert err == "suyuan: another process seals this journal: stop the site first\n"


def test_succeed_refuses_a_seal_that_is_not_the_newest_here(stopped: Live, run: Run) -> None:
    code, _, err = run("succeed", "--from-seal", "1")
    assert code == 73
    assert "the newest seal here is 2: to go on from seal 1 restore the database" in err
