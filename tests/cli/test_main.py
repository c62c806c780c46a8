"""The command line: what it says, and the exit codes by which programs know."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from live import GTIN, PASSWORD, Live, batch_document, document, event, key_file, product_document
from suyuan.chain import keystore
from suyuan.cli import main as cli
from suyuan.core import errors
from suyuan.core.rules import Standing

Run = Callable[..., tuple[int, str, str]]


def spoken(live: Live, site: str, who: str = "merchant") -> list[str]:
    key, password = key_file(live, who)
    return ["--key", str(key), "--password-file", str(password), "--url", site]


def written(folder: Path, value: Any, name: str = "file.json") -> Path:
    file = folder / name
    file.write_text(json.dumps(value))
    return file


# -- exit codes


def test_every_error_has_its_exit_code() -> None:
    kinds = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.SuyuanError)]
    codes = {c.__name__: next(code for kind, code in cli.EXIT_CODES if issubclass(c, kind)) for c in kinds}
    assert codes == {
        "BadSignature": 77, "ChainAway": 75, "ChainRefused": 70, "Conflict": 73, "DatabaseAway": 75,
        "InvalidEvent": 65, "InvalidIdentifier": 65, "InvalidInput": 65, "Malformed": 65, "NoStanding": 77,
        "NotFound": 66, "ProofFault": 70, "Refused": 77, "SuyuanError": 70, "Throttled": 75, "TooEarly": 73,
        "TooLarge": 65, "Unavailable": 75, "UnknownSigner": 77, "Unwanted": 65,
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


# -- verify


def saved(told: Live, folder: Path, **parameters: str) -> Path:
    file = folder / "a1.proof.json"
    file.write_bytes(told.http.get("/v1/proof", params={"subject": f"/01/{GTIN}/21/A1", **parameters}).content)
    return file


def pinned(told: Live) -> list[object]:
    return ["--journal", told.node.deployment.journal, "--chain", told.node.deployment.chain_id]


def test_a_saved_proof_is_verified_against_nodes_of_the_chain(told: Live, site: str, run: Run, tmp_path: Path) -> None:
    file = saved(told, tmp_path)
    rpc = f"{site}/rpc"
    code, out, _ = run("verify", file, "--rpc", rpc, "--rpc", f"{rpc}?again", "--need", 2, *pinned(told), "--json")
    assert (code, json.loads(out)["result"]) == (0, "holds"), out
    code, out, _ = run("verify", file, "--rpc", rpc, *pinned(told))
    assert (code, out.splitlines()[0]) == (0, f"holds: /01/{GTIN}/21/A1, seal 2 of {told.size()} entries")


def test_a_saved_proof_without_a_chain_or_a_pin_could_not_be_checked(
    told: Live, site: str, run: Run, tmp_path: Path
) -> None:
    file = saved(told, tmp_path)
    assert run("verify", file, *pinned(told))[0] == 2
    assert run("verify", file, "--rpc", f"{site}/rpc")[0] == 2
    assert run("verify", file, "--rpc", "http://127.0.0.1:1", *pinned(told))[0] == 2


def test_a_saved_proof_that_was_tampered_with_or_is_of_another_deployment_fails(
    told: Live, site: str, run: Run, tmp_path: Path
) -> None:
    file = saved(told, tmp_path)
    rpc = ["--rpc", f"{site}/rpc"]
    assert run("verify", file, *rpc, "--journal", "0x" + "12" * 20, "--chain", 31337)[0] in (1, 2)
    bundle = json.loads(file.read_text())
    bundle["entries"][-1]["body"]["issuedAt"] += 1
    file.write_text(json.dumps(bundle))
    code, out, _ = run("verify", file, *rpc, *pinned(told))
    assert (code, "(4)" in out) == (1, True)


def test_more_nodes_than_are_named_cannot_agree(told: Live, site: str, run: Run, tmp_path: Path) -> None:
    rpc = f"{site}/rpc"
    assert run("verify", saved(told, tmp_path), "--rpc", rpc, "--need", 2)[0] == 65
    assert run("verify", saved(told, tmp_path), "--rpc", rpc, "--rpc", rpc, "--need", 2)[0] == 65


def test_the_log_is_exported_as_files(told: Live, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUYUAN_DATA", str(told.node.settings.data))
    monkeypatch.setenv("SUYUAN_DATABASE_URL", told.node.settings.database_url)
    code, out, _ = run("log", "export", tmp_path / "log", "--json")
    assert (code, json.loads(out)["folder"]) == (0, str(tmp_path / "log"))
    assert (tmp_path / "log" / "checkpoint").exists()
