"""Every bad input gets its problem document, and leaves nothing behind."""

from __future__ import annotations

import gzip
import inspect
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from live import GTIN, Live, document, epc, event
from suyuan.api.problems import MEDIA_TYPE, TABLE, status_of
from suyuan.chain.keystore import Signer
from suyuan.client import Author
from suyuan.core import errors
from suyuan.core.epcis.model import STATEMENT
from suyuan.core.rules import Standing

JSON = {"content-type": "application/json"}


def assert_problem(answer: httpx.Response, status: int) -> Any:
    """The answer is an RFC 9457 problem document of that status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    value = answer.json()
    assert value["status"] == status
    assert all(isinstance(value[name], str) and value[name] for name in ("type", "title", "detail"))
    return value


CLASSES = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.SuyuanError)]


def test_every_error_has_its_row() -> None:
    expected = {
        "BadSignature": 401, "ChainAway": 503, "ChainRefused": 502, "Conflict": 409, "DatabaseAway": 503,
        "InvalidEvent": 400, "InvalidIdentifier": 400, "InvalidInput": 400, "Malformed": 400, "NoStanding": 403,
        "NotFound": 404, "ProofFault": 500, "Refused": 403, "SuyuanError": 500, "Throttled": 429, "TooEarly": 409,
        "TooLarge": 413, "Unavailable": 503, "UnknownSigner": 403, "Unwanted": 422,
    }  # fmt: skip
    assert {c.__name__: status_of(c("x"))[0] for c in CLASSES} == expected


def test_no_row_is_hidden_by_one_before_it() -> None:
    for place, (kind, _, _) in enumerate(TABLE):
        assert not any(issubclass(kind, before) for before, _, _ in TABLE[:place])


def test_a_problem_of_ours_names_its_kind_and_one_that_passes_says_when_to_ask_again(live: Live) -> None:
    answer = live.http.get("/v1/proof", params={"subject": f"/01/{GTIN}"})
    assert assert_problem(answer, 503)["type"] == "urn:suyuan:problem:NothingSealed"
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"a": 1, "a": 2}', b'{"a": NaN}', b'{"a": "\xff"}', b'{"a": "\\ud800"}', b"[" * 5000],
    ids=["empty", "cut", "list", "null", "twice", "nan", "utf8", "surrogate", "deep"],
)
def test_what_is_not_a_json_object_is_400(live: Live, body: bytes) -> None:
    for path in ("/epcis/capture", "/epcis/events", "/v1/products", "/v1/batches", "/v1/recalls", "/v1/merchants"):
        assert_problem(live.http.post(path, content=body, headers=JSON), 400)
    assert set(live.counts().values()) == {0}


def test_a_schema_fault_is_400_and_points_at_its_place(live: Live) -> None:
    signed = live.merchant.sign_document(document(event(), event()))
    signed["epcisBody"]["eventList"][1]["action"] = "EAT"
    with live.nothing_written():
        answer = live.http.post("/epcis/capture", json=signed)
    assert assert_problem(answer, 400)["where"] == "/epcisBody/eventList/1/action"


def test_a_wrong_check_digit_is_400_and_points_at_its_place(live: Live) -> None:
    one = {**live.merchant.sign_event(event(), None), "epcList": [epc("A1"), epc("A2", "09521141012346")]}
    with live.nothing_written():
        answer = live.http.post("/epcis/events", json=one)
        assert assert_problem(answer, 400)["where"].endswith("/epcList/1")
        answer = live.http.get("/v1/proof", params={"subject": "/01/09521141012346"})
        assert_problem(answer, 400)


def test_a_statement_without_its_parts_is_400(live: Live) -> None:
    good = live.merchant.sign_event(event(), None)
    for name in ("by", "kind", "content", "issuedAt", "nonce", "signature"):
        broken = {**good, STATEMENT: {n: v for n, v in good[STATEMENT].items() if n != name}}
        with live.nothing_written():
            assert_problem(live.http.post("/epcis/events", json=broken), 400)


def test_whoever_may_not_write_is_403(live: Live) -> None:
    stranger = Author(live.site, Signer.random())
    live.registrar.set_standing(live.other.id, Standing.SUSPENDED, "fakes")
    with live.nothing_written():
        for author, kind in ((stranger, "UnknownSigner"), (live.other, "NoStanding"), (live.regulator, "NoStanding")):
            answer = live.http.post("/epcis/events", json=author.sign_event(event(), None))
            assert assert_problem(answer, 403)["type"] == f"urn:suyuan:problem:{kind}"


def test_a_bad_signature_is_401(live: Live) -> None:
    one = live.merchant.sign_event(event(), None)
    one[STATEMENT] = {**one[STATEMENT], "signature": "22" * 64 + "1b"}
    with live.nothing_written():
        assert_problem(live.http.post("/epcis/events", json=one), 401)


def test_a_replay_with_other_content_is_409(live: Live) -> None:
    one = event()
    live.merchant.capture_event(one)
    with live.nothing_written():
        other = live.merchant.sign_event({**one, "recordTime": "2026-11-01T00:00:00Z"}, None)
        assert_problem(live.http.post("/epcis/events", json=other), 409)


def test_a_body_over_the_limit_is_413_by_its_length_and_as_a_stream(make_live: Any) -> None:
    live = make_live(body_limit=2048)
    with live.nothing_written():
        assert_problem(live.http.post("/epcis/capture", content=b" " * 2049, headers=JSON), 413)

        def parts() -> Iterator[bytes]:
            for _ in range(5):
                yield b" " * 512

        assert_problem(live.http.post("/epcis/capture", content=parts(), headers=JSON), 413)
    assert_problem(live.http.post("/epcis/capture", content=b" " * 2048, headers=JSON), 400)


def test_a_length_that_is_no_number_does_no_harm(live: Live) -> None:
    headers = {b"content-length": b"\xb2", b"content-type": b"application/json"}
    answer = live.http.post("/epcis/capture", content=b"{}", headers=headers)
    assert_problem(answer, 400)


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", ""])
def test_another_media_type_is_415(live: Live, kind: str) -> None:
    with live.nothing_written():
        answer = live.http.post("/epcis/capture", content=b"{}", headers={"content-type": kind})
        assert_problem(answer, 415)


def test_a_character_set_beside_the_media_type_is_fine(live: Live) -> None:
    one = live.merchant.sign_event(event(), None)
    answer = live.http.post("/epcis/events", json=one, headers={"content-type": "application/json; charset=utf-8"})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "path",
    [
        "/epcis/capture/nobody", "/epcis/events/urn:uuid:nobody", f"/v1/documents/{'ab' * 32}", "/v1/nowhere",
        "/log/tile/entries/000", "/log/bodies/000.p/1", "/log/tile/entries/" + "x999/" * 9 + "999",
        "/epcis/capture/%00", "/epcis/events/%00",
    ],
)  # fmt: skip
def test_what_is_not_there_is_404(live: Live, path: str) -> None:
    assert_problem(live.http.get(path, headers={"accept": "application/json"}), 404)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/documents/xyz", "/v1/proof", "/v1/proof?subject=", "/v1/proof?subject=/01/1", "/log/tile/entries/1",
        "/log/tile/entries/000.p/0", "/log/tile/entries/000.p/257", "/log/tile/entries/x001",
        f"/v1/proof?subject=/01/{GTIN}&limit=many", "/epcis/events/ni:///sha-256;xyz",
    ],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_400(live: Live, path: str) -> None:
    assert_problem(live.http.get(path, headers={"accept": "application/json"}), 400)


def test_of_a_sealed_journal_the_log_serves_what_there_is_and_no_more(live: Live) -> None:
    live.merchant.capture_event(event())
    live.node.seal_now()
    for kind in ("tile/entries", "bodies", "documents"):
        assert live.http.get(f"/log/{kind}/000.p/1").status_code == 200
        for beyond in ("000", "000.p/2", "001.p/1", "x999/" * 9 + "999"):
            assert_problem(live.http.get(f"/log/{kind}/{beyond}"), 404)


def test_an_identifier_with_a_character_that_no_text_has_is_400(live: Live) -> None:
    with live.nothing_written():
        for changes in ({"eventID": "urn:x:a\0b"}, {"readPoint": {"id": "urn:x:a\0b"}}, {"bizStep": "urn:x:a\0b"}):
            one = {**live.merchant.sign_event(event(), None), **changes}
            assert_problem(live.http.post("/epcis/events", json=one), 400)


@pytest.mark.parametrize("headers", [{"content-encoding": "gzip"}, {"content-encoding": "identity, br"}])
@pytest.mark.parametrize("path", ["/epcis/events", "/v1/claims", "/v1/photos"])
def test_a_body_that_is_packed_is_415_and_the_coding_is_named(live: Live, path: str, headers: dict[str, str]) -> None:
    needed = {"content-type": "application/json", "suyuan-statement": "{}", "suyuan-right": "ab" * 32}
    answer = live.http.post(path, content=gzip.compress(b"{}"), headers=needed | headers)
    assert_problem(answer, 415)
    assert headers["content-encoding"] in answer.json()["detail"]
    assert answer.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("kind", "status", "says"),
    [
        ("application/json; charset=gb18030", 415, "gb18030"),
        ('application/ld+json; charset="UTF-16"', 415, "utf-16"),
        ('application/json; charset="UTF-8"', 400, ""),
        ("application/json;charset=utf-8", 400, ""),
        ("application/json", 400, ""),
    ],
)
def test_a_body_in_another_charset_is_415_and_it_is_named(live: Live, kind: str, status: int, says: str) -> None:
    answer = live.http.post("/epcis/events", content=b"{}", headers={"content-type": kind})
    assert_problem(answer, status)
    assert says in answer.json()["detail"]


def test_another_method_is_405(live: Live) -> None:
    assert_problem(live.http.delete("/epcis/events"), 405)


def test_a_fault_of_our_own_is_500_without_its_words(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    from live import URL, TestClient
    from suyuan.api.app import create

    def broken(*_: Any) -> Any:
        raise RuntimeError("the inside of the house")

    monkeypatch.setattr(live.node.finder, "query", broken)
    quiet = TestClient(create(live.node), base_url=URL, raise_server_exceptions=False)
    value = assert_problem(quiet.get("/epcis/events"), 500)
    assert "inside" not in str(value)
