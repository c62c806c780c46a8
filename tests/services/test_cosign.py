"""The site takes its tree heads to its witnesses, and serves what they sign."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from live import Live, TestClient, event
from suyuan.api.witness import create
from suyuan.bootstrap import keystore
from suyuan.core import notes
from suyuan.core.errors import NotFound
from suyuan.core.notes import KeyType, NoteSigner, Verifier
from suyuan.core.policy import Policy, parse_policy, satisfied
from suyuan.core.proof import State
from suyuan.services.cosign import Cosigner
from suyuan.services.witness import Witness
from witnessing import NOW, W1, W2, listening, wait_until

URL = "http://testserver"


class Site:
    """A site with a made witness, and a clock that only tests move."""

    def __init__(self, live: Live, folder: Path) -> None:
        self.live = live
        self.node = live.node
        self.key = Verifier.parse(self.node.log.verifier)
        secret = keystore(self.node.settings).derived("log", "suyuan tree heads")
        self.log_signer = NoteSigner(self.key.name, KeyType.NOTE, secret)
        self.witness = Witness(W1, [self.key], folder / "witness", clock=lambda: NOW)
        self.now = 0.0

    def policy(self, more: str = "") -> Policy:
        text = f"log {self.key}\nwitness W1 {W1.verifier} {URL}\n{more}quorum W1\n"
        return parse_policy(text.encode())

    def cosigner(self, http: httpx.Client | None = None, policy: Policy | None = None) -> Cosigner:
        return Cosigner(
            self.node.database,
            self.log_signer,
            policy or self.policy(),
            http=http or TestClient(create(self.witness), base_url=URL),
            clock=lambda: self.now,
        )

    def seal(self, events: int = 1) -> int:
        for _ in range(events):
            self.live.merchant.capture_event(event())
        self.node.seal_now()
        return self.live.size()

    def checkpoint(self) -> str:
        return self.live.http.get("/log/checkpoint").text


@pytest.fixture
def site(live: Live, tmp_path: Path) -> Site:
    return Site(live, tmp_path)


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    """A witness that answers as it is told."""
    return httpx.Client(transport=httpx.MockTransport(answer))


def test_a_tree_head_is_cosigned_and_served_with_what_was_signed(site: Site, tmp_path: Path) -> None:
    cosigner = site.cosigner()
    assert not cosigner.step()  # nothing is sealed
    size = site.seal()
    assert satisfied(site.policy(), site.checkpoint()).state is State.UNCHECKED
    assert cosigner.step()
    met = satisfied(site.policy(), site.checkpoint())
    assert (met.state, met.head.size, met.cosigned) == (State.HOLDS, size, {"W1": NOW})
    assert not cosigner.step()
    site.node.log.export(tmp_path / "log")
    assert (tmp_path / "log" / "checkpoint").read_text() == site.checkpoint()


def test_the_next_tree_head_is_proven_to_extend_the_one_before(site: Site) -> None:
    cosigner = site.cosigner()
    for events in (1, 3, 1):
        size = site.seal(events)
        assert satisfied(site.policy(), site.checkpoint()).state is State.UNCHECKED
        assert cosigner.step()
        seen = site.witness.seen(site.key.name)
        assert seen is not None
        assert seen.head.size == size


def test_a_site_that_forgot_what_its_witness_signed_is_told(site: Site) -> None:
    site.seal(2)
    site.cosigner().step()
    with site.node.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM cosignatures")
    size = site.seal()
    assert site.cosigner().step()
    met = satisfied(site.policy(), site.checkpoint())
    assert (met.state, met.head.size) == (State.HOLDS, size)


def test_a_witness_that_has_seen_more_is_not_believed_and_asked_later(site: Site) -> None:
    site.seal()
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(notes.parse_submission(request.content.decode()).note)
        return httpx.Response(409, headers={"content-type": "text/x.tlog.size"}, content=b"1000\n")

    assert not site.cosigner(answering(answer)).step()
    assert len(asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: httpx.Response(503),
        lambda _: httpx.Response(302, headers={"location": "http://elsewhere.example"}),
        lambda _: httpx.Response(200, content=b""),
        lambda _: httpx.Response(200, content=b"\xff"),
        lambda _: httpx.Response(200, content=b"x" * 100_000),
        lambda _: httpx.Response(200, text=W2.cosign("something else\n", NOW)),
        lambda _: httpx.Response(200, text=W1.cosign("something else\n", NOW)),
        lambda _: httpx.Response(409, headers={"content-type": "text/x.tlog.size"}, content=b"01\n"),
        lambda _: httpx.Response(409, headers={"content-type": "text/plain"}, content=b"1\n"),
        lambda _: httpx.Response(422),
    ],
)
def test_what_is_no_cosignature_is_not_kept_and_the_witness_is_asked_again_later_and_later(
    site: Site, answer: Callable[[httpx.Request], httpx.Response]
) -> None:
    site.seal()
    calls: list[float] = []

    def counted(request: httpx.Request) -> httpx.Response:
        calls.append(site.now)
        return answer(request)

    cosigner = site.cosigner(answering(counted))
    for second in range(16):
        site.now = second
        assert not cosigner.step()
    assert calls == [0, 1, 3, 7, 15]
    assert notes.parse_note(site.checkpoint()).signatures[1:] == ()


def test_a_witness_that_is_away_keeps_no_other_from_signing(site: Site) -> None:
    with TestClient(create(site.witness), base_url=URL) as there:

        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.host == "away.example":
                raise httpx.ConnectError("refused")
            return httpx.Response(200, content=there.post("/add-checkpoint", content=request.content).content)

        both = site.policy(f"witness W2 {W2.verifier} http://away.example/\n")
        size = site.seal()
        assert site.cosigner(answering(answer), both).step()
    met = satisfied(both, site.checkpoint())
    assert (met.state, met.head.size, met.cosigned) == (State.HOLDS, size, {"W1": NOW})


def test_a_witness_without_an_address_is_not_asked(site: Site) -> None:
    silent = parse_policy(f"witness W1 {W1.verifier}\nquorum W1\n".encode())
    assert site.cosigner(policy=silent).witnesses == ()


def test_a_running_node_asks_its_witnesses_by_itself(make_live: Callable[..., Live], tmp_path: Path) -> None:
    key = Verifier.parse(make_live().node.log.verifier)  # every world has the mould's keys
    file = tmp_path / "policy"
    with listening(Witness(W1, [key], tmp_path / "witness")) as url:
        file.write_text(f"log {key}\nwitness W1 {W1.verifier} {url}\nquorum W1\n")
        live = make_live(witnesses=str(file))
        with live.http:  # starts the node, and stops it
            live.merchant.capture_event(event())
            wait_until(lambda: live.http.get("/log/checkpoint").status_code == 200)
            by = parse_policy(file.read_bytes())
            wait_until(lambda: satisfied(by, live.http.get("/log/checkpoint").text).state is State.HOLDS)


def test_a_policy_that_is_not_there_opens_no_node(make_live: Callable[..., Live], tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        make_live(witnesses=str(tmp_path / "none"))
