"""The open log: signed tree heads, tiles, bundles; and the same as files."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from live import Live, epc, event
from suyuan.client import LogReader
from suyuan.core import entries, merkle
from suyuan.core.errors import BadSignature
from suyuan.core.notes import Verifier, parse_note, parse_tree_head
from suyuan.services.audit import audit


@pytest.fixture
def told(live: Live) -> Live:
    live.list_and_register()
    for _ in range(300):
        live.merchant.capture_event(event())
    live.node.seal_now()
    return live


@contextmanager
def served(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_the_tree_head_is_signed_and_is_that_of_the_seal(told: Live) -> None:
    journal = told.http.get("/v1/journal").json()
    met = parse_note(told.http.get("/log/checkpoint").text)
    assert met.signed_by(Verifier.parse(journal["logKey"])) == 0
    head = parse_tree_head(met.text)
    seal = told.node.prover.newest_seal()
    assert seal is not None
    assert (head.size, head.root, head.heads) == (seal.size, seal.root, seal.heads)
    assert head.origin == f"suyuan/{journal['chain']}/{journal['journal']}"
    bent = parse_note(told.http.get("/log/checkpoint").text.replace(f"\n{head.size}\n", f"\n{head.size + 1}\n"))
    with pytest.raises(BadSignature):
        bent.signed_by(Verifier.parse(journal["logKey"]))


def test_before_the_first_seal_there_is_no_tree_head(live: Live) -> None:
    assert live.http.get("/log/checkpoint").status_code == 404


def test_tiles_hold_the_hashes_of_the_tree(told: Live) -> None:
    size = told.size()
    headers = LogReader("http://testserver", http=told.http).headers(0, 256)
    hashes = told.http.get("/log/tile/0/000").content
    assert hashes == b"".join(map(entries.leaf, headers))
    above = told.http.get("/log/tile/1/000.p/1").content
    assert above == merkle.Tree(map(entries.leaf, headers)).root()
    part = told.http.get(f"/log/tile/0/001.p/{size - 256}")
    assert len(part.content) == 32 * (size - 256)
    assert "immutable" in part.headers["cache-control"]


@pytest.mark.parametrize(
    "path", ["tile/0/001", "tile/1/000", "tile/1/000.p/2", "tile/7/000.p/1", "tile/0/x001/000", "tile/entries/001"]
)
def test_what_is_not_sealed_is_not_served(told: Live, path: str) -> None:
    assert told.http.get(f"/log/{path}").status_code == 404


@pytest.mark.parametrize("path", ["tile/8/000", "tile/-1/000", "tile/0/000.p/0", "tile/0/000.p/257", "tile/0/..%2f"])
def test_what_names_no_tile_is_refused(told: Live, path: str) -> None:
    assert told.http.get(f"/log/{path}").status_code in (400, 404)


def test_the_log_as_files_is_audited_like_the_site(told: Live, tmp_path: Path) -> None:
    files = told.node.log.export(tmp_path / "log")
    assert files == len([f for f in (tmp_path / "log").rglob("*") if f.is_file()])
    assert (tmp_path / "log" / "checkpoint").read_text() == told.http.get("/log/checkpoint").text
    with served(tmp_path) as url:
        report = audit(told.node.chain, LogReader(url))
    assert (report.findings, report.unchecked, report.entries) == ((), (), told.size())


def test_documents_stand_beside_the_bodies_each_once_as_they_first_appear(live: Live) -> None:
    live.list_and_register()
    live.merchant.capture_event(event(*[epc(f"N{n}") for n in range(300)]))
    live.merchant.capture_event(event())
    live.node.seal_now()
    log = LogReader("http://testserver", http=live.http)
    for n, width in ((0, 256), (0, 2), (1, live.size() - 256)):
        named = dict.fromkeys(json.loads(body)["public"]["document"] for body in log.bodies(n, width))
        assert list(named) == [sha256(text).hexdigest() for text in log.documents(n, width)]
    assert "immutable" in live.http.get("/log/documents/000").headers["cache-control"]
    assert live.http.get(f"/log/documents/001.p/{live.size() - 255}").status_code == 404


def test_a_second_export_writes_only_what_is_new(told: Live, tmp_path: Path) -> None:
    log = tmp_path / "log"
    told.node.log.export(log)
    before = {f: f.stat().st_mtime_ns for f in log.rglob("*") if f.is_file() and f.name != "checkpoint"}
    assert told.node.log.export(log) == 1
    told.merchant.capture_event(event())
    told.node.seal_now()
    assert told.node.log.export(log) > 1
    assert before == {f: f.stat().st_mtime_ns for f in before}


@pytest.mark.parametrize("what", ["bodies", "documents"])
def test_a_file_that_is_missing_could_not_be_checked(told: Live, tmp_path: Path, what: str) -> None:
    told.node.log.export(tmp_path / "log")
    (tmp_path / "log" / what / "000").unlink()
    with served(tmp_path) as url:
        report = audit(told.node.chain, LogReader(url))
    assert report.findings == ()
    assert report.unchecked
