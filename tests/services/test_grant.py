"""Rights are published together, once each, whatever the publisher dies in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from live import GTIN, Live, batch_document, items
from mortal import Died, Fate, MortalDatabase
from shopping import add_shop, delivered, line, rows
from suyuan.core.rules import RIGHTS_LIMIT
from suyuan.services.grant import Granter, left
from suyuan.storage import orders
from suyuan.storage.orders import Right, Supply


def published(live: Live) -> list[dict[str, Any]]:
    """What the rights entries state, in the journal's order."""
    bodies = [orjson.loads(body) for (body,) in rows(live, "SELECT body FROM records WHERE kind = 5 ORDER BY first")]
    return [body["public"] for body in bodies]


def waiting(live: Live) -> int:
    return int(rows(live, "SELECT count(*) FROM rights WHERE issued IS NULL")[0][0])


@pytest.fixture
def two_batches(make_live: Callable[..., Live]) -> Live:
    live = make_live()
    live.list_and_register("L1", "A1", "A2", "A3")
    live.merchant.register_batch(GTIN, "L2", batch_document("L2"), items("B1", "B2"))
    shop = add_shop(live)
    delivered(shop, "XY-1", 1, line("A1"), line("B1", lot="L2"))
    delivered(shop, "XY-2", 2, line("A2"))
    return live


def granter(live: Live, **changes: Any) -> Granter:
    return Granter(**{"database": live.node.database, "recorder": live.node.recorder, "wait": 600, **changes})


def test_rights_wait_for_the_oldest_and_go_together(two_batches: Live) -> None:
    live = two_batches
    since = rows(live, "SELECT min(granted_at) FROM rights")[0][0]
    heard: list[bool] = []
    now = [since + 599.0]
    one = granter(live, clock=lambda: now[0], heard=lambda: heard.append(True))
    assert one.due() == since + 600
    assert not one.step()
    assert (published(live), waiting(live)) == ([], 3)
    now[0] = since + 600
    assert one.step()
    assert [(p["batch"], len(p["rights"])) for p in published(live)] == [
        (f"/01/{GTIN}/10/L1", 2),
        (f"/01/{GTIN}/10/L2", 1),
    ]
    assert all(p["rights"] == sorted(p["rights"]) for p in published(live))
    ((first, last),) = rows(live, "SELECT min(first), max(first) FROM records WHERE kind = 5")
    assert last - first == 1  # one after the other, with nothing between
    assert heard == [True]
    assert not one.step(now=True)
    assert one.due() is None
    live.node.seal_now()
    live.assert_clean()


def test_each_right_knows_the_entry_that_published_it(two_batches: Live) -> None:
    live = two_batches
    granter(live).step(now=True)
    for right, batch, issued in rows(live, 'SELECT "right", batch, issued FROM rights'):
        ((body,),) = rows(live, "SELECT body FROM records WHERE first = :first", first=issued)
        public = orjson.loads(body)["public"]
        assert public["batch"] == batch
        assert bytes(right).hex() in public["rights"]


def test_many_rights_of_a_batch_are_several_entries(live: Live) -> None:
    count = RIGHTS_LIMIT + 3
    live.list_and_register("L1", *(f"A{n:05}" for n in range(count)))
    shop = add_shop(live)
    placed = [line(f"A{n:05}") for n in range(count)]
    for number, begin in enumerate(range(0, count, 200)):
        delivered(shop, f"XY-{number}", number, *placed[begin : begin + 200])
    live.node.seal_now(rights=True)
    assert [len(p["rights"]) for p in published(live)] == [RIGHTS_LIMIT, 3]
    live.assert_clean()


@pytest.mark.parametrize("step", range(9))
def test_whatever_it_dies_in_each_right_is_published_once(
    two_batches: Live, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = two_batches
    fate = Fate()
    fate.left = step
    database = MortalDatabase(live.node.database.engine.url.render_as_string(hide_password=False), fate)
    with monkeypatch.context() as patch:
        for name in ("lock_waiting", "issue"):
            real = getattr(orders, name)

            def mortal(*values: Any, real: Any = real, name: str = name) -> Any:
                fate.reach(f"before {name}")
                answer = real(*values)
                fate.reach(f"after {name}")
                return answer

            patch.setattr(orders, name, mortal)
        one = granter(live, database=database, heard=lambda: fate.reach("before it is told"))
        with pytest.raises(Died):
            one.step(now=True)
    assert fate.met
    database.close()
    done = len(published(live))
    assert (done, waiting(live)) in ((0, 3), (2, 0))  # all of it or nothing
    live.restart()
    live.node.seal_now(rights=True)
    assert (len(published(live)), waiting(live)) == (2, 0)
    live.assert_clean()


def test_several_publishers_publish_once(two_batches: Live) -> None:
    live = two_batches
    threads = [threading.Thread(target=lambda: granter(live).step(now=True)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(published(live)) == 2
    live.node.seal_now()
    live.assert_clean()


def test_the_node_publishes_in_the_background(make_live: Callable[..., Live]) -> None:
    live = make_live(rights_seconds=0)
    live.list_and_register()
    delivered(add_shop(live), "XY-1", 1, line("A1"))
    live.node.start()
    for _ in range(200):
        if not waiting(live) and not live.node.waiting():
            break
        threading.Event().wait(0.05)
    live.node.stop()
    assert waiting(live) == 0
    live.node.seal_now()
    live.assert_clean()


def test_a_publisher_that_fails_does_not_stop_the_sealing(
    make_live: Callable[..., Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    live = make_live(rights_seconds=0)
    live.list_and_register()
    delivered(add_shop(live), "XY-1", 1, line("A1"))

    def fails(**_: Any) -> bool:
        raise orders.Conflict("no more")

    monkeypatch.setattr(live.node.granter, "step", fails)
    live.node.start()
    for _ in range(200):
        if not live.node.waiting():
            break
        threading.Event().wait(0.05)
    live.node.stop()
    assert live.node.waiting() == 0


@pytest.mark.parametrize(
    ("supply", "more", "expected"),
    [
        ((10, 0, 0, 0), {}, 0),
        ((10, 4, 0, 1), {}, 3),
        ((10, 4, 0, 1), {"delivered": 2}, 5),
        ((10, 10, 10, 9), {}, 1),
        ((10, 10, 10, 10), {"claimed": 1}, 0),
        ((10, 0, 2, 5), {}, 0),
    ],
)
def test_a_batch_gives_rights_for_what_is_delivered_or_claimed(
    supply: tuple[int, int, int, int], more: dict[str, int], expected: int
) -> None:
    assert left(Supply("b", "m", *supply), **more) == expected


def test_a_right_tells_its_product() -> None:
    assert Right(b"", f"/01/{GTIN}/10/L1", 1, None, None, 0).gtin == GTIN
