"""A reader holds a checkpoint against a policy, the chain, and the one that was seen before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from live import URL, Live, event
from suyuan.core import merkle, notes
from suyuan.core.errors import ChainAway, Malformed, ProofFault, Unavailable
from suyuan.core.notes import TILE, KeyType, TreeHead
from suyuan.core.policy import Policy, parse_policy
from suyuan.core.proof import Deployment, Seal, State
from suyuan.services.checkpoint import (
    Against,
    CheckpointReport,
    Hashes,
    NotSealed,
    Source,
    Tiles,
    check,
    check_sealed,
    check_witnessed,
)
from witnessing import LOG, W1, MadeLog, signer

POLICY = parse_policy(f"log {LOG.verifier}\nwitness W1 {W1.verifier}\nquorum none\n".encode())
LARGE = MadeLog(70_000)  # three levels of tiles


def tiles_of(log: MadeLog, size: int) -> Hashes:
    """What a log of so many entries serves."""

    def hashes(level: int, n: int, width: int) -> list[bytes]:
        if not 0 < width <= min(TILE, (size >> 8 * level) - n * TILE):
            raise Unavailable(f"no {width} hashes in {n} of level {level}")
        return [log.tree.full(8 * level, n * TILE + i) for i in range(width)]

    return hashes


def answer(report: CheckpointReport, against: Against = Against.SEEN) -> State:
    (found,) = [one.state for one in report.answers if one.against is against]
    return found


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 1000, 65_535, 65_536, 65_537, 69_999])
def test_tiles_give_the_root_of_every_size(size: int) -> None:
    tiles = Tiles(tiles_of(LARGE, size), size)
    for smaller in {1, size // 3 or 1, size // 2 or 1, size - 1 or 1, size}:
        assert merkle.root(tiles, smaller) == LARGE.tree.root(smaller)


def test_a_larger_tree_that_holds_the_one_seen_before_extends_it() -> None:
    report = check(LARGE.note(69_000), POLICY, seen=LARGE.note(300), hashes=tiles_of(LARGE, 69_000))
    assert (report.state, answer(report)) == (State.HOLDS, State.HOLDS)


def test_the_same_tree_is_no_news() -> None:
    assert answer(check(LARGE.note(300), POLICY, seen=LARGE.note(300))) is State.HOLDS


def test_an_older_head_is_seen_by_who_has_a_newer_one() -> None:
    report = check(LARGE.note(300), POLICY, seen=LARGE.note(301), hashes=tiles_of(LARGE, 300))
    assert report.state is State.FAILS
    assert "301 entries were seen before" in report.answers[-1].detail


def test_two_histories_of_one_size_are_seen_by_who_has_both_notes() -> None:
    report = check(MadeLog(fork=5).note(30), POLICY, seen=MadeLog().note(30))
    assert answer(report) is State.FAILS
    assert "the two notes prove it" in report.answers[-1].detail


@pytest.mark.parametrize("served", [MadeLog(), MadeLog(fork=5)])
def test_a_past_that_was_rewritten_fits_no_tiles(served: MadeLog) -> None:
    report = check(MadeLog(fork=5).note(39), POLICY, seen=MadeLog().note(30), hashes=tiles_of(served, 39))
    assert answer(report) is State.FAILS


def test_tiles_that_are_not_served_could_not_be_checked() -> None:
    for hashes in (None, tiles_of(LARGE, 200)):
        report = check(LARGE.note(300), POLICY, seen=LARGE.note(200), hashes=hashes)
        assert (report.state, answer(report)) == (State.UNCHECKED, State.UNCHECKED)


def test_tiles_that_are_cut_prove_nothing() -> None:
    def cut(level: int, n: int, width: int) -> list[bytes]:
        return list(tiles_of(LARGE, 300)(level, n, width))[:-1]

    assert answer(check(LARGE.note(300), POLICY, seen=LARGE.note(200), hashes=cut)) is State.FAILS


def test_what_was_seen_has_to_be_a_checkpoint_of_a_known_log() -> None:
    other = MadeLog(by=signer("other.example/log", KeyType.NOTE))
    for seen in ("junk", other.note(30), MadeLog().note(30).replace("\n30\n", "\n31\n")):
        with pytest.raises(Malformed):
            check(MadeLog().note(30), POLICY, seen=seen)


def test_a_failure_outweighs_what_could_not_be_checked() -> None:
    needs = parse_policy(f"log {LOG.verifier}\nwitness W1 {W1.verifier}\nquorum W1\n".encode())
    report = check(MadeLog().note(20), needs, seen=MadeLog().note(30))
    assert (answer(report, Against.POLICY), answer(report), report.state) == (
        State.UNCHECKED,
        State.FAILS,
        State.FAILS,
    )


# -- a log's address, or its files


@pytest.fixture
def told(live: Live) -> Live:
    for _ in range(3):
        live.merchant.capture_event(event())
        live.node.seal_now()
    return live


def source(live: Live, where: str = URL) -> Source:
    return Source(where, http=live.http)


def test_a_log_is_read_at_its_address_however_it_is_written(told: Live) -> None:
    expected = told.http.get("/log/checkpoint").text
    for where in ("", "/", "/log", "/log/", "/log/checkpoint"):
        assert source(told, URL + where).checkpoint() == expected
    assert len(source(told).hashes(0, 0, 3)) == 3


def test_a_log_is_read_from_the_folder_that_it_was_exported_to(told: Live, tmp_path: Path) -> None:
    told.node.log.export(tmp_path)
    for where in (tmp_path, tmp_path / "checkpoint"):
        files = Source(str(where))
        assert files.checkpoint() == told.http.get("/log/checkpoint").text
        assert files.hashes(0, 0, 3) == source(told).hashes(0, 0, 3)
        files.close()


def test_what_is_not_served_is_unavailable(told: Live, tmp_path: Path) -> None:
    files = Source(str(tmp_path))
    for ask in (files.checkpoint, lambda: files.hashes(0, 0, 256), lambda: source(told).hashes(0, 0, 256)):
        with pytest.raises(Unavailable):
            ask()
    (tmp_path / "checkpoint").write_bytes(b"\xff")
    with pytest.raises(Malformed):
        files.checkpoint()
    files.close()
    away = Source("http://127.0.0.1:1")
    with pytest.raises(Unavailable):
        away.checkpoint()
    away.close()


# -- the chain


def heads_of(live: Live) -> list[TreeHead]:
    name = notes.parse_tree_head(notes.parse_note(live.http.get("/log/checkpoint").text).text).origin
    return [TreeHead(name, seal.size, seal.root, seal.heads) for seal in live.node.chain.journal_seals()]


def test_every_sealed_tree_head_is_on_the_chain(told: Live) -> None:
    heads = heads_of(told)
    assert [head.size for head in heads] == [1, 2, 3]
    for number, head in enumerate(heads, 1):
        assert check_sealed(told.node.chain, head).number == number


def test_a_tree_head_that_the_chain_has_not_or_has_otherwise_is_not_sealed(told: Live) -> None:
    newest = heads_of(told)[-1]
    old = heads_of(told)[0]
    for wrong in (
        replace(newest, root=bytes(32)),
        replace(newest, heads=bytes(32)),
        replace(newest, heads=b""),
        replace(newest, size=0),
        replace(newest, origin="suyuan/1/0x" + "00" * 20),
        replace(old, root=bytes(32)),
    ):
        with pytest.raises(ProofFault):
            check_sealed(told.node.chain, wrong)
    with pytest.raises(NotSealed):
        check_sealed(told.node.chain, replace(newest, size=4))


def test_the_chain_is_one_answer_of_a_check(told: Live) -> None:
    note = told.http.get("/log/checkpoint").text
    by = parse_policy(f"log {told.node.log.verifier}\nquorum none\n".encode())
    assert check(note, by, chain=told.node.chain).state is State.HOLDS

    class Away:
        def deployment(self) -> object:
            raise ChainAway("nobody answers")

    assert answer(check(note, by, chain=Away()), Against.CHAIN) is State.UNCHECKED  # type: ignore[arg-type]


def test_a_proofs_seal_is_held_against_what_was_cosigned(told: Live) -> None:
    note = told.http.get("/log/checkpoint").text
    text = notes.parse_note(note).text
    log = f"log {told.node.log.verifier}\nwitness W1 {W1.verifier}\n"
    by, needs = (parse_policy(f"{log}quorum {quorum}\n".encode()) for quorum in ("none", "W1"))
    deployment = told.node.chain.deployment()
    newest, older = told.node.chain.journal_seals()[-1], told.node.chain.journal_seals()[0]

    def state(seal: Seal, policy: Policy = by, note: str = note, where: Deployment = deployment) -> State:
        return check_witnessed(note, policy, where, seal).state

    assert state(newest) is State.HOLDS
    assert state(newest, needs) is State.UNCHECKED
    assert state(newest, needs, note + W1.cosign(text, 1)) is State.HOLDS
    assert state(older) is State.UNCHECKED
    assert state(replace(newest, heads=bytes(32))) is State.FAILS
    assert state(replace(newest, root=bytes(32))) is State.FAILS
    assert state(newest, where=replace(deployment, chain=1)) is State.FAILS


def test_an_older_head_that_is_served_to_one_reader_is_seen_on_the_chain(told: Live) -> None:
    by = parse_policy(f"log {told.node.log.verifier}\nquorum none\n".encode())
    old = told.http.get("/log/checkpoint").text
    assert check(old, by, chain=told.node.chain, newest=True).state is State.HOLDS
    told.merchant.capture_event(event())
    told.node.seal_now()
    served = check(old, by, chain=told.node.chain, newest=True)
    assert (served.state, answer(served, Against.NEWEST)) == (State.UNCHECKED, State.UNCHECKED)
    assert check(old, by, chain=told.node.chain).state is State.HOLDS  # one that somebody kept is not the newest


def test_a_reader_follows_a_log_that_grows(told: Live) -> None:
    by = parse_policy(f"log {told.node.log.verifier}\nquorum none\n".encode())
    seen = source(told).checkpoint()
    told.list_and_register()
    told.node.seal_now()
    newer = source(told).checkpoint()
    assert check(newer, by, seen=seen, hashes=source(told).hashes).state is State.HOLDS
    assert check(seen, by, seen=newer, hashes=source(told).hashes).state is State.FAILS
