"""A witness cosigns one history of a log, whatever it is sent, and whatever becomes of its process."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from suyuan.core import merkle, notes
from suyuan.core.errors import BadSignature, Conflict, Malformed, NotFound, ProofFault, SuyuanError, Unavailable
from suyuan.core.notes import KeyType, Submission, TreeHead, Verifier
from suyuan.services.witness import MemoryLost, OtherSize, Witness
from witnessing import LOG, NOW, ORIGIN, W1, MadeLog, cosigned, made_witness, signer

# Requests of litewitness's tests (torchwood, internal/witness): a log of 1, 3 and 5 entries, and its key.
FOREIGN = "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562"
FOREIGN_KEY = bytes.fromhex("ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f")
TO_ONE = f"""old 0

{FOREIGN}
1
KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

— {FOREIGN} UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=
"""
TO_THREE = f"""old 1
KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

{FOREIGN}
3
RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=

— {FOREIGN} UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=
"""
TO_FIVE = f"""old 1
KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=
KgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

{FOREIGN}
5
QrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=

— {FOREIGN} UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=
"""


def test_another_implementations_requests_are_cosigned_in_their_order_and_never_back(tmp_path: Path) -> None:
    witness = made_witness(tmp_path, Verifier(FOREIGN, KeyType.NOTE, FOREIGN_KEY))
    for request in (TO_ONE, TO_FIVE):
        line = witness.add(request)
        head = notes.parse_tree_head(notes.parse_note(notes.parse_submission(request).note).text)
        assert cosigned(line, head) == NOW
    for request in (TO_ONE, TO_THREE, TO_FIVE):
        with pytest.raises(OtherSize) as met:
            witness.add(request)
        assert met.value.size == 5


LEAF = sha256(b"\x00leaf").digest()


@pytest.mark.parametrize(
    ("known", "old", "size", "root", "proof", "expected"),
    [  # litewitness's table of empty trees
        (0, 0, 0, merkle.EMPTY_ROOT, (), None),
        (0, 0, 0, LEAF, (), ProofFault),
        (0, 0, 0, bytes(32), (), ProofFault),
        (0, 0, 0, merkle.EMPTY_ROOT, (LEAF,), ProofFault),
        (0, 0, 1, LEAF, (), None),
        (0, 0, 1, LEAF, (LEAF,), ProofFault),
        (1, 0, 1, LEAF, (LEAF,), OtherSize),
        (1, 1, 0, merkle.EMPTY_ROOT, (), Malformed),
    ],
)
def test_trees_without_entries_are_cosigned_as_others_do(
    tmp_path: Path, known: int, old: int, size: int, root: bytes, proof: Any, expected: type[SuyuanError] | None
) -> None:
    def asked(old: int, size: int, root: bytes, proof: Any = ()) -> str:
        text = TreeHead(ORIGIN, size, root).text()
        return Submission(old, proof, notes.note(text, [LOG.sign(text)])).text()

    witness = made_witness(tmp_path)
    if known:
        witness.add(asked(0, 1, LEAF))
    if expected is None:
        assert cosigned(witness.add(asked(old, size, root, proof)), TreeHead(ORIGIN, size, root)) == NOW
    else:
        with pytest.raises(expected):
            witness.add(asked(old, size, root, proof))


def test_what_extends_is_cosigned_from_any_size_to_any(tmp_path: Path) -> None:
    log = MadeLog(20)
    for old in range(1, 20):
        for size in range(old, 20):
            witness = made_witness(tmp_path / f"{old}-{size}")
            witness.add(log.submission(0, old))
            assert cosigned(witness.add(log.submission(old, size)), log.head(size)) == NOW


def test_a_log_that_forks_is_refused_and_both_notes_prove_it(tmp_path: Path) -> None:
    log, forked = MadeLog(), MadeLog(fork=5)
    witness = made_witness(tmp_path)
    witness.add(log.submission(0, 10))
    with pytest.raises(ProofFault):
        witness.add(forked.submission(10, 20))
    assert witness.fork(ORIGIN) is None  # anybody can send a note with a wrong proof
    with pytest.raises(Conflict):
        witness.add(forked.submission(10, 10))
    proven = witness.fork(ORIGIN)
    assert proven is not None
    one, other = map(notes.parse_note, proven)
    assert one.signed_by(LOG.verifier) == other.signed_by(LOG.verifier) == 0
    assert notes.contradict(notes.parse_tree_head(one.text), notes.parse_tree_head(other.text))
    assert cosigned(witness.add(log.submission(10, 20)), log.head(20)) == NOW
    assert witness.fork(ORIGIN) == proven


def test_a_fork_is_kept_even_where_the_old_size_is_another(tmp_path: Path) -> None:
    witness = made_witness(tmp_path)
    witness.add(MadeLog().submission(0, 10))
    with pytest.raises(OtherSize):
        witness.add(MadeLog(fork=5).submission(0, 10))
    assert witness.fork(ORIGIN) is not None


def test_two_heads_maps_for_one_size_are_refused(tmp_path: Path) -> None:
    witness = made_witness(tmp_path)
    witness.add(MadeLog().submission(0, 10))
    for other in ("others", ""):
        with pytest.raises(Conflict):
            witness.add(MadeLog(heads=other).submission(10, 10))
    assert witness.fork(ORIGIN) is not None


def test_a_log_that_is_not_on_the_list_is_not_cosigned(tmp_path: Path) -> None:
    other = signer("other.example/log", KeyType.NOTE)
    with pytest.raises(NotFound):
        made_witness(tmp_path).add(MadeLog(by=other).submission(0, 10))


def test_a_log_of_that_name_with_another_key_is_not_cosigned(tmp_path: Path) -> None:
    other = notes.NoteSigner(ORIGIN, KeyType.NOTE, bytes(32))
    with pytest.raises(BadSignature):
        made_witness(tmp_path).add(MadeLog(by=other).submission(0, 10))
    assert made_witness(tmp_path).seen(ORIGIN) is None


def test_a_signature_that_does_not_hold_is_refused(tmp_path: Path) -> None:
    bent = MadeLog().submission(0, 10).replace("\n10\n", "\n11\n")
    with pytest.raises(BadSignature):
        made_witness(tmp_path).add(bent)


def test_a_smaller_tree_is_refused(tmp_path: Path) -> None:
    log, witness = MadeLog(), made_witness(tmp_path)
    witness.add(log.submission(0, 10))
    with pytest.raises(Malformed):
        witness.add(Submission(10, (), log.note(5)).text())
    with pytest.raises(OtherSize):
        witness.add(log.submission(3, 5))
    assert cosigned(witness.add(log.submission(10, 10)), log.head(10)) == NOW


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    log = MadeLog()
    made_witness(tmp_path).add(log.submission(0, 10))
    with pytest.raises(Conflict):
        made_witness(tmp_path).add(MadeLog(fork=5).submission(10, 10))
    assert cosigned(made_witness(tmp_path).add(log.submission(10, 12)), log.head(12)) == NOW


def test_logs_are_kept_apart(tmp_path: Path) -> None:
    other = signer("other.example/log", KeyType.NOTE)
    witness = made_witness(tmp_path, LOG.verifier, other.verifier)
    witness.add(MadeLog().submission(0, 10))
    witness.add(MadeLog(by=other, fork=0).submission(0, 10))
    assert {name: seen.head.size for name in (ORIGIN, "other.example/log") if (seen := witness.seen(name))} == {
        ORIGIN: 10,
        "other.example/log": 10,
    }


# -- the clock


def at(folder: Path, second: float) -> Witness:
    return made_witness(folder, clock=second)


def test_a_clock_that_is_set_back_a_little_gives_no_earlier_time(tmp_path: Path) -> None:
    log = MadeLog()
    at(tmp_path, NOW).add(log.submission(0, 10))
    assert cosigned(at(tmp_path, NOW - 30).add(log.submission(10, 11)), log.head(11)) == NOW


def test_a_clock_that_is_set_back_far_cosigns_nothing_until_it_is_right(tmp_path: Path) -> None:
    log = MadeLog()
    at(tmp_path, NOW).add(log.submission(0, 10))
    with pytest.raises(Unavailable):
        at(tmp_path, NOW - 3600).add(log.submission(10, 11))
    assert cosigned(at(tmp_path, NOW + 5).add(log.submission(10, 11)), log.head(11)) == NOW + 5


def test_the_same_tree_is_cosigned_again_with_the_time_of_now(tmp_path: Path) -> None:
    log = MadeLog()
    first = at(tmp_path, NOW).add(log.submission(0, 10))
    assert at(tmp_path, NOW).add(log.submission(10, 10)) == first
    assert cosigned(at(tmp_path, NOW + 9).add(log.submission(10, 10)), log.head(10)) == NOW + 9


# -- what the process dies in


class Died(BaseException):
    """The process ends here."""


@pytest.fixture
def fate(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets so many steps of writing happen, and nothing after them."""
    left = [-1]

    def mortal(step: Callable[..., Any]) -> Callable[..., Any]:
        def once(*given: Any, **more: Any) -> Any:
            if left[0] == 0:
                left[0] = -1
                raise Died
            done = step(*given, **more)
            left[0] -= left[0] > 0
            return done

        return once

    monkeypatch.setattr(os, "fsync", mortal(os.fsync))
    monkeypatch.setattr(Path, "replace", mortal(Path.replace))

    def die_after(steps: int) -> None:
        left[0] = steps

    return die_after


@pytest.mark.parametrize("steps", range(4))
@pytest.mark.parametrize("old", [0, 10])
def test_a_witness_that_dies_anywhere_never_cosigns_two_histories(
    tmp_path: Path, fate: Callable[[int], None], steps: int, old: int
) -> None:
    log, forked = MadeLog(), MadeLog(fork=old)
    if old:
        made_witness(tmp_path).add(log.submission(0, old))
    answered: list[str] = []

    def ask(request: str) -> None:
        try:
            answered.append(made_witness(tmp_path).add(request))
        except (Died, Conflict, ProofFault):
            answered.append("")

    fate(steps)
    ask(log.submission(old, 20))
    assert bool(answered[0]) == (steps == 3)  # fsync, rename, fsync of the folder: and then it answers
    fate(-1)
    stored = made_witness(tmp_path).seen(ORIGIN)
    size = stored.head.size if stored else 0
    assert size in (old, 20)
    ask(forked.submission(size, 20) if size == old else Submission(20, (), forked.note(20)).text())
    assert bool(answered[1]) == (size == old)  # what was neither kept nor answered was not cosigned
    assert not all(answered)
    log_that_holds, head = (forked, forked.head(21)) if size == old else (log, log.head(21))
    assert cosigned(made_witness(tmp_path).add(log_that_holds.submission(20, 21)), head) == NOW


def test_half_a_draft_of_a_witness_that_died_is_nothing(tmp_path: Path) -> None:
    log = MadeLog()
    made_witness(tmp_path).add(log.submission(0, 10))
    (file,) = [one for one in tmp_path.iterdir() if not one.suffix]
    file.with_name(file.name + ".draft").write_text(log.note(20)[:50])
    assert cosigned(made_witness(tmp_path).add(log.submission(10, 20)), log.head(20)) == NOW


@pytest.mark.parametrize("lost", ["", "junk", "bent", "other", "unsigned"])
def test_a_memory_that_cannot_be_read_is_no_empty_one(tmp_path: Path, lost: str) -> None:
    log = MadeLog()
    made_witness(tmp_path).add(log.submission(0, 10))
    (file,) = [one for one in tmp_path.iterdir() if not one.suffix]
    whole = file.read_text()
    other = MadeLog(by=signer("other.example/log", KeyType.NOTE)).note(10, W1)
    held = {"bent": whole.replace("\n10\n", "\n9\n"), "other": other, "unsigned": log.note(10)}
    file.write_text(held.get(lost, lost))
    for request in (log.submission(0, 10), log.submission(10, 20)):
        with pytest.raises(MemoryLost):
            made_witness(tmp_path).add(request)


# -- a reason of its own


def test_what_its_check_refuses_is_not_cosigned(tmp_path: Path) -> None:
    def check(head: TreeHead) -> None:
        raise Unavailable(f"{head.size} are not sealed")

    witness = Witness(W1, [LOG.verifier], tmp_path, check=check)
    with pytest.raises(Unavailable, match="10 are not sealed"):
        witness.add(MadeLog().submission(0, 10))
    assert witness.seen(ORIGIN) is None
