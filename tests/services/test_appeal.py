"""Appeals: what a platform refuses comes into the journal by way of the chain, whatever the operator wants."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from live import GTIN, QUICK, URL, Live, epc, event, product_document
from mortal import Died, Fate
from services.test_seal import Workshop, assert_agreed, seals_of, wait_until
from suyuan.bootstrap import Registrar, keystore, open_node
from suyuan.chain import connect
from suyuan.chain.deploy import deploy
from suyuan.client import Author, LogReader, Site
from suyuan.config import Settings
from suyuan.core import appeal, canonical, entries, merkle
from suyuan.core.entries import Kind
from suyuan.core.errors import (
    ChainAway,
    ChainRefused,
    DatabaseAway,
    InvalidInput,
    Malformed,
    NotFound,
    TooLarge,
    Unavailable,
)
from suyuan.core.rules import Role
from suyuan.services import appeal as service
from suyuan.services.appeal import State
from suyuan.services.seal import Pace, Sealer
from suyuan.storage import journal
from toolchain import running_anvil

GRACE = 60


def ask(live: Live, *bodies: bytes) -> None:
    """Appeals, as somebody with money; each in a transaction of its own."""
    chain = live.node.chain
    by = keystore(live.node.settings).signer("admissions")
    for body in bodies:
        chain.transact(chain.prepare_appeal(by, body))


def refused(live: Live, name: str = "Hairy crab") -> dict[str, Any]:
    """A product's record as its merchant signed and sent it, and the site never took it."""
    sent: list[dict[str, Any]] = []

    class Held(Site):
        def post(self, path: str, value: Any, headers: Any = None) -> Any:
            sent.append(value)
            return {}

    Author(Held("", http=live.http), live.signers["merchant"]).list_product(GTIN, product_document(name))
    return sent[0]


def held(live: Live) -> list[tuple[int, bytes]]:
    """Index and body of each entry of `/appeals`."""
    with live.node.database.read() as connection:
        return [(row.index, row.body) for row in journal.stream(connection, appeal.KEY, 0)]


def queue(live: Live) -> tuple[int, int]:
    standings = live.node.chain.standings()
    return standings.asked, standings.answered


# -- what an appeal says


def test_an_appeal_holds_what_was_refused_and_reads_as_such(live: Live) -> None:
    sent = refused(live)
    made = appeal.compose(sent)
    value = json.loads(made.body)
    assert made.left_out == ()
    assert (value["kind"], value["subject"]) == ("appeal", "/appeals")
    assert value["public"] == sent
    asked = appeal.read(made.body)
    assert asked is not None
    assert (asked.kind, asked.subject, asked.by) == ("product", f"/01/{GTIN}", live.signers["merchant"].address)
    assert appeal.shown(made.body) == made.body


def test_an_appeal_for_an_event_holds_the_event(live: Live) -> None:
    signed = live.merchant.sign_event(event(epc("A1")), None)
    made = appeal.compose(signed)
    public = json.loads(made.body)["public"]
    assert "suyuan:statement" not in public["document"]
    assert public["public"]["document"] == canonical.digest(public["document"]).hex()
    document = {"type": "EPCISDocument", "@context": signed["@context"]}
    whole = {**document, "epcisBody": {"eventList": [{n: v for n, v in signed.items() if n != "@context"}]}}
    assert appeal.compose(whole) == made
    with pytest.raises(Malformed, match="one event"):
        appeal.compose({**document, "epcisBody": {"eventList": [signed, signed]}})


def test_what_is_private_or_too_long_stays_out(live: Live) -> None:
    sent = refused(live, "x" * 5000)
    made = appeal.compose({**sent, "content": {"words": "nobody is to read this for ever"}})
    assert made.left_out == ("document", "content")
    assert b"nobody" not in made.body
    assert len(made.body) <= appeal.LIMIT
    report = {"type": "Temperature", "value": 26.3, "uom": "CEL"}
    warm = event(epc("A1"), sensorElementList=[{"sensorReport": [report]}])
    assert appeal.compose(live.merchant.sign_event(warm, None)).left_out == ("document",)


def test_an_appeal_that_cannot_be_short_enough_is_told_by_how_much(live: Live) -> None:
    sent = refused(live)
    sent["public"] = {**sent["public"], "more": "x" * 4096}
    sent["statement"]["content"] = canonical.digest(sent["public"]).hex()
    del sent["document"]
    with pytest.raises(TooLarge, match=r"the appeal has \d+ bytes, \d+ more than the contract takes"):
        appeal.compose(sent)


def test_what_nobody_signed_is_no_appeal(live: Live) -> None:
    sent = refused(live)
    for broken in (
        {},
        {"statement": sent["statement"]},
        {**sent, "public": {**sent["public"], "document": "00" * 32}},
        {**sent, "statement": {**sent["statement"], "kind": "nothing"}},
        {**sent, "statement": {**sent["statement"], "kind": 3}},
        {**sent, "statement": {**sent["statement"], "subject": "/order/1"}},
        {**sent, "statement": {**sent["statement"], "signature": "00"}},
    ):
        with pytest.raises(InvalidInput):
            appeal.compose(broken)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"null", b'{"kind":"appeal","subject":"/appeals","public":[]}'])
def test_junk_is_nothing_that_can_be_read(body: bytes) -> None:
    assert appeal.read(body) is None


@pytest.mark.parametrize("body", [b"", b"\xff\x00", b"[]", b'{"b":1,"a":2}', b'{"a":1.5}', b'{"a":1}\n', b'"e30="'])
def test_a_body_that_is_no_canonical_object_is_shown_as_base64(body: bytes) -> None:
    assert base64.b64decode(json.loads(appeal.shown(body)), validate=True) == body


# -- the sealer takes them


JUNK = [b"", b"\x00\xff junk\n\n", b'{"b": 1, "a": 2}', b'{"a":1}', b"x" * 4096]


def test_appeals_become_entries_byte_for_byte_and_the_next_seal_answers_them(live: Live) -> None:
    composed = appeal.compose(refused(live)).body
    ask(live, *JUNK, composed)
    live.node.seal_now()
    assert [body for _, body in held(live)] == [*JUNK, composed]
    assert queue(live) == (6, 6)
    for index, body in held(live):
        told = live.http.get(f"/v1/entries/{index}").json()
        assert told["subject"] == "/appeals"
        header = entries.decode(bytes.fromhex(told["header"]))
        assert (header.kind, header.key, header.body) == (Kind.APPEAL, appeal.KEY, sha256(body).digest())
    assert_agreed(live)
    live.assert_clean()


def test_the_log_and_the_bundle_carry_any_body(live: Live) -> None:
    ask(live, *JUNK)
    live.merchant.capture_event(event())
    live.node.seal_now()
    lines = live.http.get("/log/bodies/000.p/6").content.split(b"\n")[:-1]
    raw = [base64.b64decode(one) if isinstance(one, str) else canonical.encode(one) for one in map(json.loads, lines)]
    assert set(JUNK) < set(raw)
    assert LogReader(URL, http=live.http).bodies(0, 6) == raw
    bundle = live.http.get("/v1/proof", params={"subject": "/appeals", "limit": "all"}).json()
    shown = [one["body"] for one in bundle["entries"]]
    assert [canonical.encode(one) if isinstance(one, dict) else base64.b64decode(one) for one in shown] == JUNK


def test_the_same_body_twice_is_one_entry_and_two_answers(live: Live) -> None:
    ask(live, b"again", b"again", b"other")
    live.node.seal_now()
    assert [body for _, body in held(live)] == [b"again", b"other"]
    assert queue(live) == (3, 3)
    ask(live, b"again")
    live.merchant.capture_event(event())
    live.node.seal_now()
    assert len(held(live)) == 2
    assert queue(live) == (4, 4)
    live.assert_clean()


def test_where_nothing_else_waits_the_terms_make_room_for_an_answer(live: Live) -> None:
    ask(live, b"again")
    live.node.seal_now()
    assert not live.node.appeals.need_growth()
    ask(live, b"again")
    live.node.start()
    try:
        wait_until(lambda: queue(live) == (2, 2))
    finally:
        live.node.stop()
    live.node.seal_now()
    assert live.size() == 2
    live.assert_clean()


def test_junk_by_the_hundred_neither_stops_sealing_nor_starves_the_others(live: Live) -> None:
    """Every seal answers at most 32, the oldest first; ordinary entries go on-chain with the first of them."""
    bodies = [b"junk %d" % n for n in range(100)]
    ask(live, *bodies)
    taken = live.merchant.capture_event(event())
    live.node.seal_now()
    assert taken["index"] < seals_of(live)[-1][1]
    assert queue(live) == (100, 32)
    assert [body for _, body in held(live)] == bodies
    for answered in (64, 96, 100):
        live.merchant.capture_event(event())
        live.node.seal_now()
        assert queue(live) == (100, answered)
    assert_agreed(live)
    live.assert_clean()


def test_appeals_are_read_on_from_where_reading_ended(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(live, b"one")
    live.node.seal_now()
    live.restart()
    asked: list[int] = []
    real = live.node.chain.appeals_since

    def read(block: int) -> Any:
        asked.append(block)
        return real(block)

    monkeypatch.setattr(live.node.chain, "appeals_since", read)
    first = live.node.chain.block_number()
    for _ in range(3):
        live.node.appeals.step()
    assert asked[0] > live.node.deployment.since
    assert asked[1:] == [first + 1] * 2


def test_a_node_that_tells_of_other_appeals_than_the_contract_is_not_believed(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = live.node.chain.appeals_since

    def without_one(block: int) -> Any:
        news = real(block)
        return news and type(news)(news.asked[1:], news.answered, news.total, news.next)

    ask(live, b"one", b"two")
    monkeypatch.setattr(live.node.chain, "appeals_since", without_one)
    assert live.node.appeals.step()  # it does not go on: all is read again
    with live.nothing_written(), pytest.raises(ChainAway):
        live.node.appeals.step()
    monkeypatch.setattr(live.node.chain, "appeals_since", real)
    live.node.seal_now()
    assert queue(live) == (2, 2)
    live.assert_clean()


# -- whatever it dies in


@pytest.mark.parametrize("error", [Died, ChainAway, DatabaseAway])
def test_whatever_an_answer_dies_in_the_next_start_settles_it(
    live: Live, error: Callable[[str], BaseException]
) -> None:
    fate = Fate()
    fate.made = error
    shop = Workshop(live, fate)
    met = []
    for step in itertools.count():
        ask(live, b"%d" % step, b"always the same", b"junk %d" % step)
        fate.left, fate.met = step, ""
        try:
            shop.settle()
        except (Died, Unavailable) as end:
            if isinstance(end, Died):
                shop.restart()
            shop.settle()
        assert_agreed(live)
        assert queue(live) == (3 * step + 3, 3 * step + 3)
        if not fate.met:
            break
        met.append(fate.met)
    assert {m.partition(":")[0] for m in met} >= {"write", "send", "appeals_since", "open_appeals", "prepare_seal"}
    live.assert_clean()
    assert [body for _, body in held(live)].count(b"always the same") == 1
    shop.database.close()


def test_an_answer_that_somebody_else_gave_first_holds_up_no_seal(live: Live) -> None:
    ask(live, b"one")
    live.node.seal_now()
    ask(live, b"one")
    live.merchant.capture_event(event())
    node = live.node
    while node.appeals.step():
        pass
    assert node.sealer.step(now=True)  # prepared
    (seal,) = node.chain.journal_seals()
    ((index, _),) = held(live)
    with node.database.read() as connection:
        header = journal.stream(connection, appeal.KEY, 0)[0].header
    proof = merkle.inclusion(node.sealer._tree, index, seal.size)
    real = node.chain.prepare_seal

    def overtaken(*arguments: Any) -> Any:
        from suyuan.chain.port import Evidence

        by = keystore(node.settings).signer("admissions")
        node.chain.transact(node.chain.prepare_answer(by, Evidence(seal, header, index, proof)))
        node.chain.prepare_seal = real  # type: ignore[method-assign]
        return real(*arguments)

    node.chain.prepare_seal = overtaken  # type: ignore[method-assign]
    node.seal_now()
    assert queue(live) == (2, 2)
    assert_agreed(live)
    live.assert_clean()


# -- on a chain of one's own: reorganisations, confirmations, time


@pytest.fixture
def on_anvil(mould: Any, tmp_path: Path) -> Iterator[Live]:
    """A world whose journal gives a minute of grace, on an anvil node of its own."""
    data = tmp_path / "anvil"
    data.mkdir()
    shutil.copytree(mould.data / "keys", data / "keys")
    _, url = mould.server.create()
    with running_anvil() as rpc:
        settings = Settings(data=data, database_url=url, chain_url=rpc, **QUICK)
        keys = keystore(settings)
        chain = connect(rpc)
        for role in ("admin", "admissions", "operator", "regulator", "sealer"):
            chain.rpc("anvil_setBalance", [keys.address(role), hex(10**24)])
        deploy(chain, keys, data / "deployment.json", verifier=bytes(31) + b"\1", grace_period=GRACE)
        chain.close()
        node = open_node(settings, deploy_missing=True)
        registrar = Registrar(settings)
        registrar.admit(mould.signers["merchant"].address, Role.MERCHANT, "x", ["food"])
        registrar.close()
        live = Live(node, mould.signers)
        yield live
        live.registrar.close()
        live.node.close()


def pass_time(live: Live, seconds: int) -> None:
    live.node.chain.rpc("evm_increaseTime", [seconds])
    live.node.chain.rpc("evm_mine", [])


def test_an_operator_that_ignores_an_appeal_cannot_seal_past_the_grace_period(on_anvil: Live) -> None:
    live = on_anvil
    node = live.node
    live.merchant.capture_event(event())
    node.seal_now()
    ask(live, b"what this platform will not have")
    deaf = Sealer(node.database, node.chain, Pace(0.01, 1000, 1, 60), node.appeals)
    live.merchant.capture_event(event())
    while deaf.step(now=True):  # within the grace period it can
        pass
    assert len(seals_of(live)) == 2
    pass_time(live, GRACE + 1)
    live.merchant.capture_event(event())
    assert deaf.step(now=True)
    with pytest.raises(ChainRefused, match="AppealOverdue"):
        deaf.step(now=True)
    node.appeals.step = lambda: False  # type: ignore[method-assign]
    node.start()
    wait_until(lambda: node.readiness()["sealing"] == "stopped")
    node.stop()
    assert live.http.get("/readyz").status_code == 503
    assert len(node.chain.journal_seals()) == 2
    (listed,) = service.standing(node.chain, now=time.time() + 2 * GRACE)
    assert listed.state is State.OVERDUE


def test_a_seal_that_was_prepared_before_an_overdue_appeal_makes_room_for_its_answer(on_anvil: Live) -> None:
    live = on_anvil
    node = live.node
    live.merchant.capture_event(event())
    node.seal_now()
    ask(live, b"while the node was down", b"another")
    live.merchant.capture_event(event())
    assert node.sealer.step(now=True)  # prepared without what it needs
    pass_time(live, GRACE + 1)
    live.restart()
    live.node.seal_now()
    assert queue(live) == (2, 2)
    assert_agreed(live)
    assert [number for number, _, _ in seals_of(live)] == [1, 2]
    live.assert_clean()


def test_hundreds_that_are_overdue_let_each_seal_through_with_answers_to_32(on_anvil: Live) -> None:
    live = on_anvil
    ask(live, *(b"junk %d" % n for n in range(70)))
    pass_time(live, GRACE + 1)
    for answered in (32, 64, 70):
        live.merchant.capture_event(event())
        live.node.seal_now()
        assert queue(live) == (70, answered)
    assert_agreed(live)
    live.assert_clean()


def test_an_appeal_that_a_reorganisation_takes_away_and_another_in_its_place(on_anvil: Live) -> None:
    live = on_anvil
    live.merchant.capture_event(event())
    live.node.seal_now()
    chain = live.node.chain
    snapshot = chain.rpc("evm_snapshot", [])["result"]
    ask(live, b"taken away")
    while live.node.appeals.step():
        pass
    assert chain.rpc("evm_revert", [snapshot])["result"] is True
    ask(live, b"in its place")
    live.node.seal_now()
    live.merchant.capture_event(event())
    live.node.seal_now()
    assert [body for _, body in held(live)] == [b"taken away", b"in its place"]
    assert queue(live) == (1, 1)
    assert_agreed(live)


def test_a_seal_with_answers_that_a_reorganisation_takes_away_is_sealed_with_them_again(on_anvil: Live) -> None:
    live = on_anvil
    live.merchant.capture_event(event())
    live.node.seal_now()
    ask(live, b"one", b"two")
    chain = live.node.chain
    snapshot = chain.rpc("evm_snapshot", [])["result"]
    live.node.seal_now()
    assert queue(live) == (2, 2)
    chain.rpc("evm_revert", [snapshot])
    assert queue(live) == (2, 0)
    live.node.seal_now()
    assert queue(live) == (2, 2)
    assert_agreed(live)
    live.assert_clean()


def test_an_appeal_counts_after_as_many_blocks_as_a_seal(on_anvil: Live) -> None:
    live = on_anvil
    slow = connect(live.node.settings.chain_url, confirmations=3)
    slow.use(live.node.deployment)
    begun = slow.appeals_since(0)
    assert begun is not None
    ask(live, b"young")
    news = slow.appeals_since(begun.next)
    assert news is None or (news.asked, news.total) == ([], (0, 0))
    pass_time(live, 1)
    pass_time(live, 1)
    news = slow.appeals_since(begun.next)
    assert news is not None
    assert ([one.body for one in news.asked], news.total) == ([b"young"], (1, 0))
    slow.close()


# -- an author's side


def test_an_author_appeals_and_sees_when_an_answer_is_due(live: Live) -> None:
    chain, told = live.node.chain, []
    body = appeal.compose(refused(live)).body
    by = keystore(live.node.settings).signer("admissions")
    sent = service.send(chain, by, body, told.append)
    terms = live.node.appeals.terms()
    assert (sent.number, sent.due) == (1, sent.asked_at + terms.grace)
    assert told[0].fee == terms.fee
    assert 0 < sent.gas <= told[0].gas
    (standing,) = service.standing(chain, 1, now=time.time())
    assert (standing.state, standing.record.body, standing.record.by) == (State.OPEN, body, by.address)
    assert standing.asks is not None
    live.node.seal_now()
    (standing,) = service.standing(chain, now=time.time())
    assert (standing.state, standing.record.answered) == (State.ANSWERED, (1, 0))
    with pytest.raises(NotFound):
        service.standing(chain, 2, now=time.time())


def test_the_operator_sees_what_is_open_and_what_each_asks(live: Live) -> None:
    ask(live, b"junk", appeal.compose(refused(live)).body)
    while live.node.appeals.step():
        pass
    junk, readable = live.node.appeals.open()
    assert (junk.asks, junk.state, junk.size) == (None, State.OPEN, 4)
    assert readable.asks is not None
    assert readable.asks.subject == f"/01/{GTIN}"
    assert [one.number for one in live.node.appeals.newest()] == [2, 1]
    live.node.seal_now()
    live.node.appeals.step()
    assert live.node.appeals.open() == []
    assert [one.seal for one in live.node.appeals.newest()] == [1, 1]
