"""An open log, read over HTTP: what may pass is asked for again, what is not there is said, appeals are their bytes."""

from __future__ import annotations

import base64
import pickle
from collections.abc import Callable, Sequence

import httpx
import pytest

from suyuan import client
from suyuan.client import LogReader
from suyuan.core.errors import Unavailable

Answer = httpx.Response | Exception


def reader(*answers: Answer) -> tuple[LogReader, list[str]]:
    """A reader that is answered these, one after the other, and the URLs that it asked for."""
    left, asked = list(answers), []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        met = left.pop(0)
        if isinstance(met, Exception):
            raise met
        return met

    return LogReader("http://log.example", http=httpx.Client(transport=httpx.MockTransport(answer))), asked


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited."""
    waited: list[float] = []
    monkeypatch.setattr(client.time, "sleep", waited.append)
    return waited


def lines(*bodies: bytes) -> httpx.Response:
    return httpx.Response(200, content=b"".join(body + b"\n" for body in bodies))


@pytest.mark.parametrize("body", [b"", b"\xff\x00\n", b'{"kind":"appeal"}', b'"quoted"'])
def test_a_body_of_any_bytes_comes_as_they_were(body: bytes) -> None:
    told = b'"' + base64.b64encode(body) + b'"'
    log, _ = reader(lines(b'{"kind":"product"}', told))
    assert [b'{"kind":"product"}', body] == log.bodies(0, 2)


def test_a_string_that_is_no_base64_stays_what_it_is() -> None:
    log, _ = reader(lines(b'"n*ne"'))
    assert [b'"n*ne"'] == log.bodies(0, 1)


@pytest.mark.parametrize("passing", [httpx.Response(503), httpx.Response(429), httpx.ConnectError("refused")], ids=str)
def test_what_may_pass_is_asked_for_again(passing: Answer, rests: list[float]) -> None:
    log, asked = reader(passing, passing, lines(b"{}"))
    assert ([b"{}"], 3, 2) == (log.bodies(0, 1), len(asked), len(rests))


@pytest.mark.parametrize(
    ("answers", "times"),
    [
        ([httpx.Response(404)], 1),
        ([httpx.Response(503)] * 3, 3),
        ([httpx.ReadTimeout("slow")] * 3, 3),
    ],
    ids=["not there", "always busy", "never answers"],
)
def test_what_is_not_served_could_not_be_had(answers: Sequence[Answer], times: int, rests: list[float]) -> None:
    log, asked = reader(*answers)
    with pytest.raises(Unavailable):
        log.bodies(0, 1)
    assert len(asked) == times


Read = Callable[[LogReader], object]


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (b"\x00\x03abc\x00\x09def", lambda log: log.headers(0, 2)),
        (b"\x00\x03abc", lambda log: log.headers(0, 2)),
        (b"\x00", lambda log: log.headers(0, 1)),
        (b"{}", lambda log: log.bodies(0, 1)),
        (b"{}\n{}\n", lambda log: log.bodies(0, 1)),
        (b"{}\n{", lambda log: log.documents(0, 1)),
    ],
)
def test_what_is_cut_short_or_too_long_could_not_be_had(content: bytes, read: Read) -> None:
    log, _ = reader(httpx.Response(200, content=content))
    with pytest.raises(Unavailable):
        read(log)


def test_documents_are_as_many_as_are_served() -> None:
    log, asked = reader(httpx.Response(200, content=b'{"a":1}\n{}\n'), httpx.Response(200, content=b""))
    assert ([b'{"a":1}', b"{}"], []) == (log.documents(0, 256), log.documents(1, 3))
    assert asked == ["http://log.example/log/documents/000", "http://log.example/log/documents/001.p/3"]


def test_headers_come_one_by_one_whatever_their_length() -> None:
    log, asked = reader(httpx.Response(200, content=b"\x00\x03abc\x00\x00\x00\x01d"))
    assert ([b"abc", b"", b"d"], ["http://log.example/log/tile/entries/x001/234.p/3"]) == (log.headers(1234, 3), asked)


def test_another_process_reads_the_same_log_over_connections_of_its_own() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(reader()[0])
    log = LogReader("http://127.0.0.1:9/log")
    copy = pickle.loads(pickle.dumps(log))
    assert copy._base == log._base == "http://127.0.0.1:9/log"
    log.close()
    copy.close()
