"""A saved proof, verified against nodes that may lie, be away or disagree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import pytest

from journal_builder import PINNED, FakeJudge, changed, item_bundle, story
from suyuan.core import proof
from suyuan.core.errors import ChainAway
from suyuan.core.proof import Judge, State
from suyuan.services.verify import Verification, verify

NOW = story().seals[-1].sealed_at + 300
HONEST, OTHER_CHAIN = story().judge(), FakeJudge([], {})


def verified(
    nodes: Mapping[str, FakeJudge | None], need: int = 1, *, pinned: bool = True, **bent: object
) -> Verification:
    @contextmanager
    def judge_at(node: str) -> Iterator[Judge]:
        judge = nodes[node]
        if judge is None:
            raise ChainAway("the chain does not answer")
        yield judge

    bundle = item_bundle()
    for path, value in bent.items():
        bundle = changed(bundle, path.replace("__", "/"), value)
    return verify(
        proof.parse(bundle), pinned=PINNED if pinned else None, now=NOW, nodes=list(nodes), need=need, judge_at=judge_at
    )


def state(met: Verification, number: int) -> State:
    return met.report.obligations[number - 1].state


def test_a_true_proof_holds_by_one_node() -> None:
    assert verified({"a": HONEST}).report.state is State.HOLDS


def test_without_a_node_only_what_needs_the_chain_is_unchecked() -> None:
    met = verified({})
    assert met.report.state is State.UNCHECKED
    assert {o.number for o in met.report.obligations if o.state is State.UNCHECKED} == {1, 7, 9}


def test_two_of_three_agree_though_one_is_away() -> None:
    met = verified({"a": HONEST, "b": None, "c": HONEST}, need=2)
    assert met.report.state is State.HOLDS
    assert met.nodes["b"] == "the chain does not answer"


def test_one_of_two_is_too_few() -> None:
    met = verified({"a": HONEST, "b": None}, need=2)
    assert state(met, 1) is State.UNCHECKED
    assert state(met, 2) is State.HOLDS  # no node is needed for it


def test_nodes_that_disagree_are_no_answer_unless_enough_agree() -> None:
    assert state(verified({"a": HONEST, "b": OTHER_CHAIN}), 1) is State.UNCHECKED
    assert state(verified({"a": HONEST, "b": OTHER_CHAIN, "c": HONEST}, need=2), 1) is State.HOLDS
    assert state(verified({"a": HONEST, "b": OTHER_CHAIN, "c": OTHER_CHAIN}, need=2), 1) is State.FAILS


def test_without_a_pinned_deployment_the_first_obligation_is_not_checked() -> None:
    met = verified({"a": HONEST}, pinned=False)
    assert state(met, 1) is State.UNCHECKED
    assert "pinned" in met.report.obligations[0].detail
    assert state(met, 6) is State.HOLDS


@pytest.mark.parametrize("nodes", [{}, {"a": HONEST}, {"a": HONEST, "b": HONEST}])
def test_a_changed_body_fails_whoever_is_asked(nodes: Mapping[str, FakeJudge | None]) -> None:
    assert state(verified(nodes, entries__0__body__nonce="00" * 32), 4) is State.FAILS


def test_a_recall_that_any_node_tells_of_is_told() -> None:
    recalled = story().judge()
    recalled.batches = {key: replace(batch, recalled_at=NOW) for key, batch in recalled.batches.items()}
    assert verified({"a": HONEST, "b": recalled}).report.recalled


FORKED = replace(HONEST, fault="fork")


@pytest.mark.parametrize(
    ("nodes", "need", "expected"),
    [
        ({"a": FORKED}, 1, State.FAILS),
        ({"a": HONEST, "b": FORKED}, 1, State.UNCHECKED),
        ({"a": HONEST, "b": FORKED}, 2, State.UNCHECKED),
        ({"a": HONEST, "b": HONEST, "c": FORKED}, 2, State.HOLDS),
        ({"a": FORKED, "b": HONEST, "c": FORKED}, 2, State.FAILS),
        ({"a": FORKED, "b": None}, 2, State.UNCHECKED),
        ({"a": FORKED, "b": replace(HONEST, fault="omission")}, 2, State.UNCHECKED),
        ({"a": replace(HONEST, late=2), "b": HONEST}, 1, State.HOLDS),
    ],
)
def test_a_fault_counts_where_enough_nodes_tell_of_it(
    nodes: Mapping[str, FakeJudge | None], need: int, expected: State
) -> None:
    met = verified(nodes, need)
    assert met.report.state is expected
    assert [one.fault for one in met.report.proven if one.fault] == ["fork"] * (expected is State.FAILS)


def test_what_fails_without_a_node_fails_though_all_nodes_are_away() -> None:
    assert state(verified({"a": None}, entries__0__body__nonce="00" * 32), 4) is State.FAILS


def test_receipts_that_were_late_are_told_as_by_the_node_that_knows_of_most() -> None:
    met = verified({"a": replace(HONEST, late=2), "b": replace(HONEST, late=3)}, need=2)
    assert [one.late for one in met.report.proven] == [3]
