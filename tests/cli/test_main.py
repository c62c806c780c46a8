"""The command line: what it says, and the exit codes by which programs know."""

from __future__ import annotations

import inspect
import json
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import text

from live import GTIN, PASSWORD, Live, batch_document, document, epc, event, key_file, product_document
from suyuan.api.app import create
from suyuan.chain import keystore
from suyuan.cli import main as cli
from suyuan.core import errors
from suyuan.core.rules import Standing

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `suyuan` with arguments: exit code, output, errors."""

    def one(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["suyuan", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), said.out, said.err

    return one


@pytest.fixture
def site(live: Live) -> Iterator[str]:
    """The address at which the world's site really listens. It does not seal by itself."""
    config = uvicorn.Config(create(live.node), port=0, log_level="critical", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def spoken(live: Live, site: str, who: str = "merchant") -> list[str]:
    key, password = key_file(live, who)
    return ["--key", str(key), "--password-file", str(password), "--url", site]


def written(folder: Path, value: Any, name: str = "file.json") -> Path:
    file = folder / name
    file.write_text(json.dumps(value))
    return file


def audited(live: Live, site: str) -> list[str]:
    return ["audit", "--rpc", f"{site}/rpc", "--journal", live.node.deployment.journal, "--log", site]


# -- exit codes


def test_every_error_has_its_exit_code() -> None:
    kinds = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.SuyuanError)]
    codes = {c.__name__: next(code for kind, code in cli.EXIT_CODES if issubclass(c, kind)) for c in kinds}
    assert codes == {
        "BadSignature": 77, "ChainAway": 75, "ChainRefused": 70, "Conflict": 73, "DatabaseAway": 75,
        "InvalidEvent": 65, "InvalidIdentifier": 65, "InvalidInput": 65, "Malformed": 65, "NoStanding": 77,
        "NotFound": 66, "ProofFault": 70, "Refused": 77, "SuyuanError": 70, "TooLarge": 65, "Unavailable": 75,
        "UnknownSigner": 77,
    }  # fmt: skip
    assert not {0, 1, 2} & {code for _, code in cli.EXIT_CODES}


@pytest.mark.parametrize("kind", [kind for kind, _ in cli.EXIT_CODES])
def test_an_error_is_one_line_and_its_exit_code(
    run: Run, monkeypatch: pytest.MonkeyPatch, kind: type[errors.SuyuanError]
) -> None:
    def broken() -> None:
        raise kind("this went wrong")

    monkeypatch.setattr(cli, "app", broken)
    code, out, err = run("anything")
    assert code == dict(cli.EXIT_CODES)[kind]
    assert (out, err) == ("", "suyuan: this went wrong\n")


def test_a_wrong_command_line_is_2(run: Run) -> None:
    assert run("audit", "--nothing")[0] == 2
    assert run("record", "/nowhere.json", "--key", "/nowhere")[0] == 2


# -- record


def test_record_captures_a_document_and_says_so(live: Live, site: str, run: Run, tmp_path: Path) -> None:
    file = written(tmp_path, document(event(), event()))
    code, out, err = run("record", file, *spoken(live, site))
    assert (code, err) == (0, "")
    assert out.startswith("2 events recorded, job ")
    assert live.size() == 2


def test_record_captures_one_event_and_prints_json(live: Live, site: str, run: Run, tmp_path: Path) -> None:
    file = written(tmp_path, event())
    code, out, _ = run("record", file, "--json", *spoken(live, site))
    assert (code, json.loads(out)["outcome"], json.loads(out)["index"]) == (0, "new", 0)
    code, out, _ = run("record", file, "--json", *spoken(live, site))
    assert (code, json.loads(out)["outcome"]) == (0, "same")


def test_what_record_is_refused_is_one_line(live: Live, site: str, run: Run, tmp_path: Path) -> None:
    live.registrar.set_standing(live.merchant.id, Standing.SUSPENDED, "fakes")
    with live.nothing_written():
        code, out, err = run("record", written(tmp_path, event()), *spoken(live, site))
    assert code == 77
    assert out == ""
    assert err.startswith("suyuan: the site answered 403")
    assert err.count("\n") == 1


def test_record_of_what_is_no_json_is_65(live: Live, site: str, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    for content in ("{", "[]"):
        file.write_text(content)
        code, _, err = run("record", file, *spoken(live, site))
        assert (code, err.count("\n")) == (65, 1)
    code, _, err = run("record", written(tmp_path, {"type": "EPCISDocument"}), *spoken(live, site))
    assert (code, err.count("\n")) == (65, 1)
    assert live.size() == 0


def test_record_to_a_site_that_is_away_is_75(live: Live, run: Run, tmp_path: Path) -> None:
    code, _, err = run("record", written(tmp_path, event()), *spoken(live, "http://127.0.0.1:1"))
    assert (code, err.count("\n")) == (75, 1)


def test_a_wrong_password_is_77_and_is_not_shown(live: Live, site: str, run: Run, tmp_path: Path) -> None:
    key, _ = key_file(live, "merchant")
    wrong = tmp_path / "wrong"
    wrong.write_text("open sesame")
    code, _, err = run("record", written(tmp_path, event()), "--key", key, "--password-file", wrong, "--url", site)
    assert code == 77
    assert "sesame" not in err


# -- a merchant's other commands


def test_a_product_its_batch_and_a_recall_go_by_the_command_line(
    live: Live, site: str, run: Run, tmp_path: Path
) -> None:
    serials, codes = tmp_path / "serials", tmp_path / "codes"
    serials.write_text("A1\nA2\n")
    said = spoken(live, site)
    assert run("product", GTIN, written(tmp_path, product_document()), *said)[0] == 0
    file = written(tmp_path, batch_document("L1"), "b.json")
    register = ["batch", GTIN, "L1", file, "--serials", serials, "--codes", codes]
    code, out, _ = run(*register, "--json", *said)
    assert (code, json.loads(out)["subject"]) == (0, f"/01/{GTIN}/10/L1")
    lines = codes.read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["A1", "A2"]
    assert codes.stat().st_mode & 0o077 == 0
    run(*register, *said)
    assert codes.read_text().splitlines() == lines  # sent again, a batch keeps its codes
    assert run("recall", GTIN, "L1", written(tmp_path, {"why": "warm"}), *said)[0] == 0
    assert run("profile", written(tmp_path, {"name": "Crabs"}), *said)[0] == 0
    live.node.seal_now()
    live.assert_clean()


def test_a_key_is_made_once_and_never_written_over(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keystore, "WORK", 2)
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    code, out, _ = run("keys", "new", tmp_path / "k.json", "--password-file", password, "--json")
    assert code == 0
    assert keystore.load(tmp_path / "k.json", PASSWORD).address == json.loads(out)["address"]
    before = (tmp_path / "k.json").read_bytes()
    assert run("keys", "new", tmp_path / "k.json", "--password-file", password)[0] == 73
    assert (tmp_path / "k.json").read_bytes() == before


def test_the_operator_admits_and_suspends_by_the_command_line(
    live: Live, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUYUAN_DATA", str(live.node.settings.data))
    new = "0x" + "ab" * 20
    code, out, _ = run("admit", new, "--role", "partner", "--licence", "x", "--json")
    assert (code, json.loads(out)["id"]) == (0, new)
    live.node.known.refresh()
    assert live.node.known.participants()[new].role.name == "PARTNER"
    assert run("admit", new, "--role", "partner")[0] == 70
    assert run("standing", new, "suspended", "--reason", "fakes")[0] == 0
    assert run("standing", new, "asleep", "--reason", "x")[0] == 65
    assert run("admit", new, "--role", "king")[0] == 65
    assert run("admit", "0x12", "--role", "partner")[0] == 65
    assert run("rotate-key", new, "0x" + "cd" * 20)[0] == 0


def test_a_command_on_a_folder_without_a_node_is_66(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUYUAN_DATA", str(tmp_path))
    code, _, err = run("admit", "0x" + "ab" * 20)
    assert (code, err.count("\n")) == (66, 1)


# -- audit


@pytest.fixture
def told(live: Live) -> Live:
    live.list_and_register("L1", "A1", "A2")
    live.merchant.capture_event(event(epc("A1")))
    live.node.seal_now()
    live.merchant.capture_event(event(epc("A1"), epc("A2")))
    live.node.seal_now()
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    return live


def test_the_audit_of_a_sound_journal_is_0(told: Live, site: str, run: Run) -> None:
    code, out, err = run(*audited(told, site))
    assert (code, out, err) == (0, f"clean: {told.size()} entries, 2 seals\n", "")
    code, out, _ = run(*audited(told, site), "--json")
    assert code == 0
    assert json.loads(out) == {
        "result": "clean", "entries": told.size(), "seals": 2, "findings": [], "unchecked": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE entries SET header = set_byte(header, 100, get_byte(header, 100) # 1) WHERE index = 2",
        "UPDATE records SET body = replace(convert_from(body, 'utf8'), 'public', 'Public')::bytea WHERE first = 2",
        "UPDATE entries SET header = (SELECT header FROM entries WHERE index = 1) WHERE index = 0",
    ],
)
def test_the_audit_of_a_journal_that_was_tampered_with_is_1(told: Live, site: str, run: Run, tampering: str) -> None:
    with told.node.database.write() as connection:
        assert connection.execute(text(tampering)).rowcount == 1
    code, out, _ = run(*audited(told, site), "--json")
    assert code == 1
    assert json.loads(out)["result"] == "findings"
    assert json.loads(out)["findings"]
    code, out, _ = run(*audited(told, site))
    assert (code, out.startswith("findings: ")) == (1, True)


def test_an_audit_that_gets_no_log_or_no_chain_is_2(told: Live, site: str, run: Run) -> None:
    journal = told.node.deployment.journal
    nowhere = "http://127.0.0.1:1"
    for rpc, log, address in (
        (f"{site}/rpc", nowhere, journal),
        (nowhere, site, journal),
        (f"{site}/rpc", site, "0x" + "12" * 20),
        (f"{site}/rpc", f"{site}/elsewhere", journal),
    ):
        code, out, _ = run("audit", "--rpc", rpc, "--journal", address, "--log", log, "--json")
        assert (code, json.loads(out)["result"]) == (2, "could not be checked"), (rpc, log, address)
        assert json.loads(out)["unchecked"]


def test_an_audit_of_entries_that_are_withheld_is_2(told: Live, site: str, run: Run) -> None:
    with told.node.database.write() as connection:
        connection.execute(text("DELETE FROM entries WHERE index = 2"))
    assert run(*audited(told, site))[0] == 2
