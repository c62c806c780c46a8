"""Sealing, whatever it dies in: the restart settles it, the audit is clean, nothing acknowledged is lost."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from live import GTIN, QUICK, Live, batch_document, document, epc, event, items, product_document
from mortal import Died, Fate, MortalDatabase
from suyuan.bootstrap import Registrar, open_node
from suyuan.client import Author, Site
from suyuan.config import Settings
from suyuan.core import subjects
from suyuan.core.errors import ChainAway, DatabaseAway, SuyuanError, Unavailable
from suyuan.core.proof import Seal
from suyuan.core.rules import Role, Standing
from suyuan.services import relay, seal
from suyuan.services.appeal import Appeals
from suyuan.services.capture import Capture
from suyuan.services.record import Recorder
from suyuan.services.relay import Relay
from suyuan.services.seal import Pace, Sealer, SealMismatch
from suyuan.storage import outbox, registry
from suyuan.storage.database import SEALER_LOCK
from suyuan.storage.sealed import SealState
from toolchain import running_anvil

PACE = Pace(seconds=0.01, entries=1000, confirmations=1, stuck=60)
CHAIN = (
    "journal_head prepare_seal prepare_register seal_record outcome nonce_used batch appeals_since open_appeals"
).split()


class MortalChain:
    """A chain of which a call may be lost, or done and answered with an error."""

    def __init__(self, chain: Any, fate: Fate) -> None:
        self._chain = chain
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        if name in CHAIN:
            self._fate.reach(name)
        return getattr(self._chain, name)

    def send(self, attempt: Any) -> None:
        self._fate.reach("send: lost")
        self._chain.send(attempt)
        self._fate.reach("send: landed, answered with an error")


def seals_of(live: Live) -> list[tuple[int, int, str]]:
    with live.node.database.read() as connection:
        found = connection.execute(text("SELECT number, size, state FROM seals ORDER BY number"))
        return [(n, size, state) for n, size, state in found]


def assert_agreed(live: Live) -> None:
    """Journal and chain have the same seals, each once, and all that is accepted is under them."""
    told = live.node.chain.journal_seals()
    rows = seals_of(live)
    assert [(seal.number, seal.size, SealState.SEALED.value) for seal in told] == rows
    assert [n for n, _, _ in rows] == list(range(1, len(rows) + 1))
    sizes = [0, *(size for _, size, _ in rows)]
    assert all(a < b for a, b in itertools.pairwise(sizes))
    assert sizes[-1] == live.size()
    with live.node.database.read() as connection:
        assert connection.execute(text("SELECT id, state, reason FROM outbox WHERE state <> 'done'")).all() == []


class Workshop:
    """The parts that write, on a mortal database and chain; made anew as by a restart."""

    def __init__(self, live: Live, fate: Fate) -> None:
        self._live = live
        self.fate = fate
        self.database = MortalDatabase(live.node.settings.database_url, fate)
        self.chain: Any = MortalChain(live.node.chain, fate)
        self.restart()

    def restart(self) -> None:
        made: Recorder = self._live.node.recorder
        self.recorder = Recorder(
            self.database, self._live.node.known, made._domains, made._receipts, made._operator, promise=3600
        )
        self.capture = Capture(self.database, self.recorder)
        self.appeals = Appeals(self.database, self.chain, self.recorder, clock=time.time)
        self.sealer = Sealer(self.database, self.chain, PACE, self.appeals)
        self.relay = Relay(self.database, self.chain, stuck=60)
        self._live.node.recorder, self._live.node.capture = self.recorder, self.capture

    def settle(self) -> None:
        """Until nothing waits, as the sealer's thread does it."""
        for _ in range(60):
            self.appeals.step()
            self.sealer.step(now=True)
            self.relay.step()
            with self.database.read() as connection:
                busy = connection.scalar(
                    text(
                        "SELECT (SELECT size FROM journal) >"
                        " coalesce((SELECT max(size) FROM seals WHERE state = 'sealed'), 0)"
                        " OR EXISTS (SELECT 1 FROM outbox WHERE state IN ('waiting', 'sent'))"
                    )
                )
            if not busy:
                return
        raise AssertionError("this never settles")


def story(live: Live, n: int) -> list[tuple[str, Any]]:
    """What one turn sends: signed once, sent again where no answer came."""
    sent: list[tuple[str, Any]] = []

    class Held(Site):
        def post(self, path: str, value: Any, headers: Any = None) -> Any:
            sent.append((path, value))
            return {"location": "/healthz"}

    author = Author(Held("", http=live.http), live.signers["merchant"])
    author.register_batch(GTIN, f"L{n}", batch_document(f"L{n}"), items(f"{n}A", f"{n}B"))
    author.capture(document(event(epc(f"{n}A")), event(epc(f"{n}A"), epc(f"{n}B"))))
    return sent


@pytest.mark.parametrize("error", [Died, ChainAway, DatabaseAway])
def test_whatever_append_and_seal_die_in_the_next_start_settles_it(
    live: Live, error: Callable[[str], BaseException]
) -> None:
    live.merchant.list_product(GTIN, product_document())
    fate = Fate()
    fate.made = error
    shop = Workshop(live, fate)
    met = []
    for step in itertools.count():
        sent = story(live, step)
        fate.left, fate.met = step, ""
        while sent:
            path, value = sent[0]
            try:
                answer = live.http.post(path, json=value)
            except Died:
                shop.restart()
                continue  # no answer came: it is sent again
            if answer.status_code == 503:
                continue
            assert answer.is_success, answer.text
            sent.pop(0)
        try:
            shop.settle()
        except (Died, Unavailable) as end:
            if isinstance(end, Died):
                shop.restart()
            shop.settle()
        assert_agreed(live)
        batch = live.node.chain.batch(subjects.key(f"/01/{GTIN}/10/L{step}"))
        assert batch is not None
        if not fate.met:
            break
        met.append(fate.met)
    wanted = {"write", "send", "journal_head", "prepare_seal", "prepare_register", "outcome", "seal_record"}
    assert {m.partition(":")[0] for m in met} >= wanted
    live.assert_clean()
    assert live.size() == 1 + 4 * (step + 1)
    shop.database.close()


def test_a_node_that_is_opened_again_goes_on_with_what_was_prepared(live: Live) -> None:
    live.merchant.capture_event(event())
    assert live.node.sealer.step(now=True)  # prepared, not sent
    live.restart()
    live.merchant.capture_event(event())
    live.node.seal_now()
    assert_agreed(live)
    assert [size for _, size, _ in seals_of(live)] == [1, 2]
    live.assert_clean()


def test_nothing_is_sealed_before_its_time_or_its_number(live: Live) -> None:
    now = time.time()
    pace = Pace(seconds=60, entries=3, confirmations=1, stuck=60)
    sealer = Sealer(live.node.database, live.node.chain, pace, live.node.appeals, clock=lambda: now)
    live.merchant.capture_event(event())
    assert not sealer.step()
    live.merchant.capture_event(event())
    live.merchant.capture_event(event())
    assert sealer.step()
    early = Sealer(live.node.database, live.node.chain, pace, live.node.appeals, clock=lambda: now)
    while early.step():
        pass
    live.merchant.capture_event(event())
    assert not early.step()
    now += 61
    assert early.step()


def test_a_seal_that_cannot_grow_further_ends_before_an_event_and_never_within(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seal, "MOST", 4)
    for count in (3, 2, 4):
        live.merchant.capture_event(event(*[epc(f"A{n}") for n in range(count)]))
    live.node.seal_now()
    assert [3, 5, 9] == [size for _, size, _ in seals_of(live)]
    assert live.audit().findings == ()


def test_a_registration_counts_after_as_many_blocks_as_are_asked(live: Live) -> None:
    live.list_and_register()
    relay = Relay(live.node.database, live.node.chain, stuck=60, confirmations=2)
    while relay.step():
        pass
    assert outbox_states(live) == ["sent"]
    live.registrar.set_standing(live.partner.id, Standing.WARNED, "one block more")
    assert relay.step()
    assert outbox_states(live) == ["done"]


def outbox_states(live: Live) -> list[str]:
    with live.node.database.read() as connection:
        return [state for (state,) in connection.execute(text("SELECT state FROM outbox ORDER BY id"))]


def test_a_stranger_seal_stops_the_sealer(live: Live) -> None:
    live.merchant.capture_event(event())
    chain = live.node.chain
    chain.transact(chain.prepare_seal(Seal(1, 5, b"\1" * 32, b"\2" * 32, 0), []))
    with pytest.raises(SealMismatch):
        live.node.sealer.step(now=True)
    assert seals_of(live) == []


def test_a_seal_with_our_number_and_another_root_stops_the_sealer(live: Live) -> None:
    live.merchant.capture_event(event())
    assert live.node.sealer.step(now=True)
    chain = live.node.chain
    chain.transact(chain.prepare_seal(Seal(1, 1, b"\1" * 32, b"\2" * 32, 0), []))
    with pytest.raises(SealMismatch):
        live.node.sealer.step(now=True)


def test_a_sealer_that_stopped_shows_in_the_readiness(live: Live) -> None:
    live.merchant.capture_event(event())
    chain = live.node.chain
    chain.transact(chain.prepare_seal(Seal(1, 5, b"\1" * 32, b"\2" * 32, 0), []))
    live.node.start()
    wait_until(lambda: live.node.readiness()["sealing"] == "stopped")
    live.node.stop()
    assert live.http.get("/readyz").status_code == 503


def wait_until(met: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "this does not come"
        time.sleep(0.02)


def test_of_two_sealers_one_works(live: Live) -> None:
    second = open_node(live.node.settings)
    try:
        with live.node.database.alone(SEALER_LOCK) as had:
            assert had
            with second.database.alone(SEALER_LOCK) as also:
                assert not also
            live.merchant.capture_event(event())
            second.seal_now()
            assert seals_of(live) == []
        second.seal_now()
        assert len(seals_of(live)) == 1
        live.node.start()
        second.start()
        for _ in range(12):
            live.merchant.capture_event(event())
            time.sleep(0.02)
        wait_until(lambda: live.node.waiting() == 0)
        live.node.stop()
        second.stop()
    finally:
        second.close()
    assert_agreed(live)
    live.assert_clean()


# -- a real process, killed


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(live: Live, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`suyuan serve` on a world's data, in a session of its own."""
    s = live.node.settings
    environment = {
        **os.environ, "SUYUAN_DATA": str(s.data), "SUYUAN_DATABASE_URL": s.database_url, "SUYUAN_PORT": str(port),
        "SUYUAN_SEAL_SECONDS": "0.05", "SUYUAN_CHAIN_POLL_SECONDS": "0.05",
    }  # fmt: skip
    command = [str(Path(sys.executable).parent / "suyuan"), "serve"]
    with log.open("ab") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:

        def ready() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
            except httpx.HTTPError:
                return False

        wait_until(ready)
        yield process
    finally:
        process.kill()
        process.wait(10)


def test_what_a_killed_process_acknowledged_is_there_after_the_restart(live: Live, tmp_path: Path) -> None:
    live.merchant.list_product(GTIN, product_document())
    acknowledged: list[Any] = []
    port = free_port()
    kills = random_moments(2)
    for kill in kills:
        with serving(live, port, tmp_path / "log") as process:
            timer = threading.Timer(kill, lambda p=process: p.send_signal(signal.SIGKILL))
            timer.start()
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as http:
                author = Author(Site("", http=http), live.signers["merchant"])
                try:
                    while True:
                        acknowledged.append(author.capture_event(event(epc("A1"), epc(f"R{len(acknowledged)}"))))
                except (Unavailable, SuyuanError):
                    pass
            timer.join()
            assert process.wait(10) == -signal.SIGKILL
    live.restart()
    live.node.seal_now()
    assert len(acknowledged) > len(kills)
    for taken in acknowledged:
        found = live.http.get(f"/epcis/events/{taken['eventHash'].replace('?', '%3F')}")
        assert found.status_code == 200, f"lost at {kills}: {taken}"
    assert_agreed(live)
    live.assert_clean()


def random_moments(count: int) -> list[float]:
    import random

    return [random.uniform(0.4, 1.2) for _ in range(count)]


# -- reorganisations


@pytest.fixture
def on_anvil(mould: Any, tmp_path: Path) -> Iterator[Live]:
    """A world whose chain is an anvil node of its own."""
    import shutil

    from suyuan.bootstrap import keystore
    from suyuan.chain import connect

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
        chain.close()
        node = open_node(settings, deploy_missing=True)
        registrar = Registrar(settings)
        registrar.admit(mould.signers["merchant"].address, Role.MERCHANT, "x", ["food"])
        registrar.close()
        live = Live(node, mould.signers)
        yield live
        live.registrar.close()
        live.node.close()


def test_seals_that_a_reorganisation_takes_away_are_sealed_again(on_anvil: Live) -> None:
    live = on_anvil
    live.merchant.capture_event(event())
    live.node.seal_now()
    held = live.node.chain.rpc("evm_snapshot", [])["result"]
    before = live.node.chain.journal_seals()
    for _ in range(2):
        live.merchant.capture_event(event())
        live.node.seal_now()
    assert len(live.node.chain.journal_seals()) == 3
    assert live.node.chain.rpc("evm_revert", [held])["result"] is True
    assert live.node.chain.journal_seals() == before
    taken = live.merchant.capture_event(event())
    live.node.seal_now()
    assert taken["index"] == 3
    assert_agreed(live)
    assert len(seals_of(live)) == 4
    live.assert_clean()


def test_a_reorganisation_while_the_node_is_down_is_settled_at_its_start(on_anvil: Live) -> None:
    live = on_anvil
    held = live.node.chain.rpc("evm_snapshot", [])["result"]
    live.merchant.capture_event(event())
    live.node.seal_now()
    live.node.chain.rpc("evm_revert", [held])
    live.restart()
    live.node.seal_now()
    assert_agreed(live)
    live.assert_clean()


def test_batches_and_recalls_that_a_reorganisation_takes_away_are_registered_again(on_anvil: Live) -> None:
    live = on_anvil
    held = live.node.chain.rpc("evm_snapshot", [])["result"]
    live.list_and_register("L1", "A1")
    live.node.seal_now()
    live.merchant.recall_batch(GTIN, "L1", {"why": "warm"})
    live.node.seal_now()
    live.node.chain.rpc("evm_revert", [held])
    assert live.node.chain.batch(subjects.key(f"/01/{GTIN}/10/L1")) is None
    live.node.seal_now()
    batch = live.node.chain.batch(subjects.key(f"/01/{GTIN}/10/L1"))
    assert batch is not None
    assert batch.recalled_at
    assert_agreed(live)
    live.assert_clean()


def test_a_batch_that_someone_else_brought_to_the_chain_is_settled(live: Live) -> None:
    live.list_and_register("L1", "A1")
    with live.node.database.read() as connection:
        (order,) = outbox.open_orders(connection, 9)
    chain = live.node.chain
    chain.transact(chain.prepare_register([relay._batch(order)], [bytes.fromhex(order.payload["signature"])]))
    live.node.seal_now()
    assert_agreed(live)
    with live.node.database.read() as connection:
        batch = registry.batch(connection, subjects.key(f"/01/{GTIN}/10/L1"))
    assert batch is not None
    assert batch.registered_at
