"""`suyuan appeal` and `suyuan appeals`: an author's side, over a node that really listens, and the operator's."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from live import GTIN, Live, key_file, product_document
from suyuan.bootstrap import keystore
from suyuan.chain import keystore as chain_keystore
from suyuan.client import Author, Site

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def rpc(live: Live) -> Iterator[str]:
    """The address of a node that takes transactions, too."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

        def do_POST(self) -> None:
            call = json.loads(self.rfile.read(int(self.headers["content-length"])))
            told = live.node.chain.rpc(call["method"], call.get("params", []))
            answer = json.dumps({"jsonrpc": "2.0", "id": call["id"], **told}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def refused(live: Live, tmp_path: Path) -> Path:
    """What a merchant sent and the site did not take."""
    sent: list[Any] = []

    class Held(Site):
        def post(self, path: str, value: Any, headers: Any = None) -> Any:
            sent.append(value)
            return {}

    Author(Held("", http=live.http), live.signers["merchant"]).list_product(GTIN, product_document())
    file = tmp_path / "refused.json"
    file.write_text(json.dumps(sent[0]))
    return file


@pytest.fixture
def who(live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A key with money: the node's own admissions key."""
    monkeypatch.setattr(chain_keystore, "WORK", 2)
    folder = live.node.settings.data / "keys"
    assert keystore(live.node.settings).has("admissions")
    return ["--key", str(folder / "admissions.json"), "--password-file", str(folder / "password")]


@pytest.fixture
def operator(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUYUAN_DATA", str(live.node.settings.data))
    monkeypatch.setenv("SUYUAN_DATABASE_URL", live.node.settings.database_url)


@pytest.mark.usefixtures("operator")
def test_a_refused_record_is_appealed_answered_and_seen_by_both_sides(
    live: Live, rpc: str, refused: Path, who: list[str], run: Run
) -> None:
    at = ["--rpc", rpc, "--journal", live.node.deployment.journal]
    code, out, err = run("appeal", refused, *at, *who)
    assert code == 0
    assert out.startswith("appeal 1 is on-chain in block ")
    assert "an answer is due by 20" in out
    assert f"a product about /01/{GTIN}, signed as {live.signers['merchant'].address}" in err
    assert "the fee of 0.01 ETH and at most " in err

    code, out, _ = run("appeal", "status", 1, *at)
    assert (code, out.startswith("1  open, due 20")) == (0, True)
    live.node.appeals.step()
    code, out, _ = run("appeals")
    assert (code, out.startswith("1  open, asked 20")) == (0, True)
    assert f"a product about /01/{GTIN}" in out

    live.node.seal_now()
    code, out, _ = run("appeal", "status", "--all", *at, "--json")
    (told,) = json.loads(out)
    assert (told["state"], told["seal"], told["index"]) == ("answered", 1, 0)
    live.node.appeals.step()
    assert run("appeals")[1] == "no appeal is open\n"
    (listed,) = json.loads(run("appeals", "--all", "--json")[1])
    assert (listed["state"], listed["asks"]["kind"]) == ("answered", "product")
    live.assert_clean()


def test_json_says_the_number_and_when_an_answer_is_due(
    live: Live, rpc: str, refused: Path, who: list[str], run: Run
) -> None:
    code, out, _ = run("appeal", refused, "--rpc", rpc, "--journal", live.node.deployment.journal, *who, "--json")
    told = json.loads(out)
    assert (code, told["number"], told["leftOut"]) == (0, 1, [])
    assert told["due"] - told["askedAt"] == live.node.appeals.terms().grace


def test_a_dry_run_needs_no_key_and_sends_nothing(live: Live, rpc: str, refused: Path, run: Run) -> None:
    at = ["--rpc", rpc, "--journal", live.node.deployment.journal]
    code, out, _ = run("appeal", refused, *at, "--dry-run")
    assert (code, "nothing was sent" in out) == (0, True)
    assert live.node.chain.standings().asked == 0
    assert run("appeal", refused, *at)[0] == 65
    assert run("appeal", "status", *at)[0] == 65
    assert run("appeal", "status", 1, *at)[0] == 66


def test_what_is_no_signed_record_is_refused_before_anything_is_sent(
    live: Live, rpc: str, tmp_path: Path, run: Run
) -> None:
    file = tmp_path / "plain.json"
    file.write_text(json.dumps(product_document()))
    code, _, err = run("appeal", file, "--rpc", rpc, "--journal", live.node.deployment.journal)
    assert (code, "an appeal is what its author signed" in err) == (65, True)


@pytest.mark.usefixtures("operator")
def test_junk_is_listed_without_being_shown(live: Live, run: Run) -> None:
    chain = live.node.chain
    chain.transact(chain.prepare_appeal(keystore(live.node.settings).signer("admissions"), b"\x1b[2J\x07 <script>"))
    live.node.appeals.step()
    code, out, _ = run("appeals")
    assert code == 0
    assert "14 bytes that cannot be read as an appeal" in out
    assert out.isprintable() or out.removesuffix("\n").isprintable()


def test_what_a_site_refuses_is_kept_to_appeal_with(live: Live, site: str, run: Run, tmp_path: Path) -> None:
    live.other.list_product(GTIN, product_document())  # another's product: the merchant's record is refused
    file, kept = tmp_path / "listing.json", tmp_path / "refused.json"
    file.write_text(json.dumps(product_document()))
    key, password = key_file(live, "merchant")
    spoken = ["--key", key, "--password-file", password, "--url", site, "--refused", kept]
    code, _, err = run("product", GTIN, file, *spoken)
    assert (code, f"suyuan appeal {kept}" in err) == (77, True)
    assert kept.stat().st_mode & 0o077 == 0
    code, out, _ = run("appeal", kept, "--rpc", "http://127.0.0.1:1", "--journal", "0x" + "11" * 20, "--dry-run")
    assert (code, f"a product about /01/{GTIN}" in out) == (0, True)
