"""An operator that cheats is proven wrong from files alone; an honest one never is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cheating import Cheat, OpenLog, OpenSite, World, file, open_world, successor_of
from journal_builder import BATCH, ITEM, MERCHANT, PALLET, PARTNER, REVIEWS, Written
from suyuan.chain import keystore
from suyuan.chain.port import Evidence, Fault, Fork, Misstep
from suyuan.core import faults, merkle, subjects
from suyuan.core.entries import Kind
from suyuan.core.errors import ChainRefused
from suyuan.core.faults import Exhibit
from suyuan.core.heads import Met
from suyuan.services import challenge
from suyuan.services.challenge import Accused, Case, Judged, Ruling

NOW = 2**31 - 10
ONE, TWO = "/terms/one", "/terms/two"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(keystore, "WORK", 2)
    yield from open_world(tmp_path)


@pytest.fixture
def cheat(world: World) -> Cheat:
    return Cheat(world)


def examined(cheat: Cheat, *values: Any, log: Any = None, site: Any = None) -> Case:
    papers = challenge.read(file(f"file{n}", value) for n, value in enumerate(values))
    return challenge.examine(Accused(cheat.world.chain, log, site), papers, now=NOW)


def judged(cheat: Cheat, case: Case) -> list[Judged]:
    return [challenge.judge(cheat.world.chain, one) for one in case.charges]


def assert_ends(cheat: Cheat, case: Case, fault: Fault) -> Judged:
    """The contract takes the first charge, which is sent by somebody who is nobody, and the journal is at its end."""
    one = judged(cheat, case)[0]
    assert (fault, Ruling.TAKEN) == (one.charge.fault, one.ruling), one
    assert one.gas > 0
    assert one.wei > 0
    chain = cheat.world.chain
    assert [one.charge] == challenge.needed([one], chain.standings().ended)
    sent = challenge.send(chain, cheat.world.signer("admissions"), one.charge)
    assert 0 < sent.gas <= one.gas
    assert fault is chain.standings().ended
    assert [] == challenge.needed(judged(cheat, case), chain.standings().ended)
    return one


def assert_nothing(case: Case) -> None:
    assert () == case.charges


# -- omission


def test_a_bundle_of_one_seal_and_a_head_of_a_later_one_that_forgot_are_an_omission(cheat: Cheat) -> None:
    first = cheat.forge(ONE)
    cheat.forge(TWO)
    cheat.forge(ONE, first)
    earlier = cheat.seal()
    cheat.forge(TWO, cheat.written[1])
    cheat.wrong[4] = lambda right: {**right, first.header.key: Met(first.header.key, 1, first.leaf)}
    cheat.seal()
    told = cheat.under(earlier).bundle(ONE), cheat.bundle(ONE)
    one = assert_ends(cheat, examined(cheat, *told), Fault.OMISSION)
    assert f"entry 2 has place 1 in {ONE}, and seal 2's heads count 1 there: it is left out" == one.charge.says


def test_a_subject_that_is_left_out_altogether_is_an_omission(cheat: Cheat) -> None:
    first = cheat.forge(ONE)
    cheat.forge(TWO)
    cheat.wrong[2] = lambda right: {key: met for key, met in right.items() if key != first.header.key}
    cheat.seal()
    one = assert_ends(cheat, examined(cheat, cheat.bundle(ONE), cheat.entry(0)), Fault.OMISSION)
    assert one.charge.says.endswith(f"seal 1's heads know nothing of {ONE}")


def test_another_entry_as_the_newest_at_its_place_is_an_omission(cheat: Cheat) -> None:
    first = cheat.forge(ONE)
    cheat.wrong[1] = lambda right: {first.header.key: Met(first.header.key, 1, b"\7" * 32)}
    cheat.seal()
    assert_ends(cheat, examined(cheat, cheat.bundle(ONE)), Fault.OMISSION)


def test_the_head_that_an_absent_subjects_path_meets_counts_as_well(cheat: Cheat) -> None:
    first = cheat.forge(ONE)
    cheat.forge(ONE, first)
    cheat.wrong[2] = lambda right: {first.header.key: Met(first.header.key, 1, first.leaf)}
    cheat.seal()
    assert_ends(cheat, examined(cheat, cheat.bundle("/terms/nobody"), cheat.entry(1)), Fault.OMISSION)


def test_a_wrong_map_that_the_next_seal_mends_is_an_omission_with_the_log(cheat: Cheat) -> None:
    first = cheat.forge(ONE)
    cheat.forge(ONE, first)
    cheat.wrong[2] = lambda right: {first.header.key: Met(first.header.key, 1, first.leaf)}
    bad = cheat.seal()
    cheat.forge(TWO)
    cheat.seal()
    wrong = cheat.under(bad).bundle(ONE)
    wrong["entries"] = [first.shown]
    wrong["inclusion"] = [{"index": 0, "proof": [0]}]
    wrong["hashes"] = [cheat.written[1].leaf.hex()]
    mended = cheat.bundle(ONE)
    alone = examined(cheat, wrong, mended)
    assert_nothing(alone)
    assert "--log says where" in alone.unchecked[0]
    assert_ends(cheat, examined(cheat, wrong, mended, log=OpenLog(cheat)), Fault.OMISSION)


def test_a_bundle_that_lies_about_how_many_there_are_is_an_omission_with_the_log(cheat: Cheat) -> None:
    first = cheat.forge(ONE)
    cheat.forge(ONE, first)
    cheat.wrong[2] = lambda right: {first.header.key: Met(first.header.key, 1, first.leaf)}
    cheat.seal()
    log = OpenLog(cheat)
    bundle = cheat.bundle(ONE)
    bundle["entries"], bundle["inclusion"] = bundle["entries"][:1], bundle["inclusion"][:1]
    assert_ends(cheat, examined(cheat, bundle, log=log), Fault.OMISSION)
    assert {"headers", "hashes"} == set(log.read)


# -- forks, missteps


def two_at_a_place(cheat: Cheat) -> None:
    first = cheat.forge(ONE)
    cheat.forge(ONE, first)
    cheat.forge(ONE, first, at=cheat.at + 1)


def another_before(cheat: Cheat) -> None:
    first = cheat.forge(ONE)
    cheat.forge(ONE, first, prev=b"\7" * 32)


def one_before_the_first(cheat: Cheat) -> None:
    cheat.forge(ONE, prev=b"\7" * 32)


@pytest.mark.parametrize("cheating", [two_at_a_place, another_before, one_before_the_first])
def test_a_stream_that_forks_is_a_fork(cheat: Cheat, cheating: Any) -> None:
    cheating(cheat)
    cheat.seal()
    singles = [cheat.entry(index) for index in range(len(cheat.written))]
    assert_ends(cheat, examined(cheat, *singles), Fault.FORK)


def time_back(cheat: Cheat) -> None:
    cheat.forge(ONE)
    cheat.forge(TWO, at=cheat.at - 1)


def a_state_that_does_not_follow(cheat: Cheat) -> None:
    first = cheat.forge(ONE)
    cheat.forge(ONE, first, state=b"\7" * 32)


def another_version(cheat: Cheat) -> None:
    cheat.forge(ONE, version=2)


def a_first_state(cheat: Cheat) -> None:
    cheat.forge(ONE, state=b"\7" * 32)


@pytest.mark.parametrize("cheating", [time_back, a_state_that_does_not_follow, another_version, a_first_state])
def test_a_step_that_does_not_follow_is_a_misstep(cheat: Cheat, cheating: Any) -> None:
    cheating(cheat)
    cheat.forge("/terms/three", at=cheat.at + 9)
    cheat.seal()
    singles = [cheat.entry(index) for index in range(len(cheat.written))]
    assert_ends(cheat, examined(cheat, *singles), Fault.MISSTEP)


@pytest.mark.parametrize(
    ("cheating", "fault"),
    [(two_at_a_place, Fault.FORK), (another_before, Fault.FORK), (a_state_that_does_not_follow, Fault.MISSTEP)],
)
def test_a_finding_of_an_audit_is_proven_from_the_log_alone(cheat: Cheat, cheating: Any, fault: Fault) -> None:
    cheating(cheat)
    cheat.seal()
    where = len(cheat.written) - 1
    report = {"result": "findings", "findings": [{"fault": "stream", "where": where, "detail": "seq 1, expected 2"}]}
    without = examined(cheat, report)
    assert_nothing(without)
    assert "--log" in without.unchecked[0]
    assert_ends(cheat, examined(cheat, report, log=OpenLog(cheat)), fault)


def test_time_that_goes_back_is_proven_from_the_log_with_the_latest_before_it(cheat: Cheat) -> None:
    cheat.forge(ONE, at=cheat.at + 50)
    cheat.forge(TWO)
    cheat.seal()
    report = {"result": "findings", "findings": [{"fault": "time", "where": 1, "detail": ""}]}
    one = assert_ends(cheat, examined(cheat, report, log=OpenLog(cheat)), Fault.MISSTEP)
    assert one.charge.says.startswith("entry 1 lies behind entry 0 and was accepted before it")


def test_heads_that_an_audit_finds_wrong_are_an_omission_with_what_the_site_serves(cheat: Cheat) -> None:
    first = cheat.forge(ONE)
    cheat.seal()
    cheat.forge(TWO)
    cheat.wrong[2] = lambda right: {key: met for key, met in right.items() if key != first.header.key}
    cheat.seal()
    report = {"result": "findings", "findings": [{"fault": "heads", "where": 2, "detail": ""}]}
    without = examined(cheat, report, log=OpenLog(cheat))
    assert_nothing(without)
    assert "--site says where" in without.unchecked[0]
    assert_ends(cheat, examined(cheat, report, log=OpenLog(cheat), site=OpenSite(cheat)), Fault.OMISSION)


def test_heads_that_were_mended_cannot_be_shown_by_the_site(cheat: Cheat) -> None:
    cheat.forge(ONE)
    cheat.wrong[1] = lambda right: {}
    cheat.seal()
    cheat.forge(TWO)
    cheat.seal()
    report = {"result": "findings", "findings": [{"fault": "heads", "where": 1, "detail": ""}]}
    case = examined(cheat, report, log=OpenLog(cheat), site=OpenSite(cheat))
    assert_nothing(case)
    assert "a bundle that was saved under the seal in question would show it" in case.unchecked[0]


NO_CONTRACT = "of what no contract can judge"


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        *(({"fault": fault, "where": 0}, NO_CONTRACT) for fault in ("root", "body", "signature", "rights", "anything")),
        ({"fault": "time", "where": 0, "place": "seal"}, NO_CONTRACT),
        ({"fault": "receipt", "where": 0}, "which the receipts themselves prove: give them"),
        ({"fault": "proven", "where": -1}, "which the contract has been shown"),
    ],
)
def test_what_no_contract_judges_is_named_as_for_audits(cheat: Cheat, finding: dict[str, Any], said: str) -> None:
    cheat.forge(ONE)
    cheat.seal()
    case = examined(cheat, {"result": "findings", "findings": [finding] * 3}, log=OpenLog(cheat))
    assert_nothing(case)
    assert (f"3 findings of {finding['fault']!r}: {said}",) == case.audits


def test_a_report_of_another_journal_is_not_looked_up(cheat: Cheat) -> None:
    another_before(cheat)
    cheat.seal()
    deployment = cheat.world.deployment
    for address, found in ((deployment.journal, 1), ("0x" + "12" * 20, 0)):
        report = {
            "journal": {"chain": deployment.chain_id, "address": address},
            "findings": [{"fault": "stream", "where": 1, "place": "entry", "detail": ""}],
        }
        papers = challenge.read([file("audit.json", report)])
        assert [address] == [one.journal for one in papers.deployments()]
        case = examined(cheat, report, log=OpenLog(cheat))
        assert found == len(case.charges)


def test_a_gap_in_a_stream_proves_nothing_and_is_told(cheat: Cheat) -> None:
    first = cheat.forge(ONE)
    cheat.forge(ONE, first, seq=5)
    cheat.seal()
    report = {"result": "findings", "findings": [{"fault": "stream", "where": 1, "detail": ""}]}
    case = examined(cheat, report, log=OpenLog(cheat))
    assert_nothing(case)
    assert "1 finding of 'stream'" in " ".join(case.audits)


def test_a_log_that_serves_other_headers_than_are_sealed_proves_nothing(cheat: Cheat) -> None:
    first = cheat.forge(ONE)
    cheat.forge(ONE, first)
    cheat.seal()
    bad = cheat.written[1].raw[:43] + b"\7" * 32 + cheat.written[1].raw[75:]
    report = {"result": "findings", "findings": [{"fault": "stream", "where": 1, "detail": ""}]}
    case = examined(cheat, report, log=OpenLog(cheat, served={1: bad}))
    assert_nothing(case)
    assert "what the log serves of entry 1 does not lead to seal 1" in case.audits


@pytest.mark.parametrize("away", [("headers",), ("hashes",), ("headers", "hashes")])
def test_a_log_that_is_away_takes_nothing_from_the_files(cheat: Cheat, away: tuple[str, ...]) -> None:
    another_before(cheat)
    cheat.seal()
    log = OpenLog(cheat, away=away)
    report = {"result": "findings", "findings": [{"fault": "stream", "where": 1, "detail": ""}]}
    case = examined(cheat, report, log=log)
    assert_nothing(case)
    assert "the log does not answer" in case.unchecked
    assert_ends(cheat, examined(cheat, cheat.entry(0), cheat.entry(1), log=log), Fault.FORK)


def test_what_the_contract_would_refuse_is_never_sent(cheat: Cheat) -> None:
    cheat.forge(ONE)
    seal, chain = cheat.seal(), cheat.world.chain
    honest = challenge.Charge(Fault.FORK, Fork([Evidence(seal, cheat.written[0].raw, 0, [])]), "nothing is wrong")
    told = challenge.judge(chain, honest)
    assert (Ruling.REFUSED, "NoFault(2)") == (told.ruling, told.reason)
    assert [] == challenge.needed([told], Fault.NONE)
    before = chain.block_number()
    with pytest.raises(ChainRefused, match="NoFault"):
        challenge.send(chain, cheat.world.signer("operator"), honest)
    assert before == chain.block_number()


# -- receipts


def kept(cheat: Cheat, index: int, **options: Any) -> Any:
    """A receipt for what is in the journal there, due in good time."""
    return cheat.receipt(index, cheat.written[index].leaf, **{"issued": NOW - 20, "until": NOW + 20, **options})


def test_a_receipt_and_another_entry_in_its_place_are_a_broken_promise(cheat: Cheat) -> None:
    cheat.forge(ONE)
    cheat.forge(TWO)
    promise = cheat.receipt(1, b"\7" * 32, issued=NOW - 20, until=NOW + 20)
    cheat.seal()
    one = assert_ends(cheat, examined(cheat, promise, cheat.entry(1)), Fault.BROKEN_PROMISE)
    assert one.charge.says.startswith("entry 1 was promised to be 0707070707070707…, and in seal 1 it is ")


def test_a_receipt_by_itself_is_looked_up_in_the_log_without_reading_all_of_it(cheat: Cheat) -> None:
    cheat.forge(ONE)
    promise = cheat.receipt(0, b"\7" * 32, issued=NOW - 20, until=NOW + 20)
    cheat.seal()
    alone = examined(cheat, promise)
    assert_nothing(alone)
    assert "--log has it" in alone.unchecked[0]
    log = OpenLog(cheat)
    assert_ends(cheat, examined(cheat, promise, log=log), Fault.BROKEN_PROMISE)
    assert {"hashes"} == set(log.read)


@pytest.mark.parametrize("shown", ["bundle", "entry"])
def test_a_run_is_broken_with_what_was_shown_while_it_waited(cheat: Cheat, shown: str) -> None:
    first = cheat.forge(ONE)
    cheat.seal()
    promised = [cheat.forge(TWO), cheat.forge(ONE, first)]
    promise = cheat.receipt(1, *(one.leaf for one in promised), issued=NOW - 20, until=NOW + 20)
    waiting = cheat.bundle(ONE) if shown == "bundle" else cheat.entry(2)
    cheat.written.pop()
    cheat.forge(ONE, first, at=cheat.at + 1)
    cheat.seal()
    if shown == "bundle":
        assert [one["index"] for one in waiting["pending"]] == [2]
        waiting["pending"][0]["receipt"] = promise["receipt"]
        given = [waiting]
    else:
        given = [waiting, promise]
    log = OpenLog(cheat)
    less = examined(cheat, promise, log=log)
    assert_nothing(less)
    assert "which leaf differs takes the bundles that showed it while it waited" in less.audits[0]
    assert_ends(cheat, examined(cheat, *given, log=log), Fault.BROKEN_PROMISE)


def test_late_receipts_are_counted_once_each_and_the_journal_goes_on(cheat: Cheat) -> None:
    cheat.forge(ONE)
    cheat.seal()
    cheat.forge(TWO)
    late = cheat.receipt(1, cheat.written[1].leaf), cheat.receipt(7, b"\7" * 32)
    exported = {"version": 1, "receipts": [{"id": "x", **one, "statement": {}} for one in late]}
    cheat.seal()
    case = examined(cheat, exported, log=OpenLog(cheat))
    assert [Fault.LATENESS] * 2 == [one.fault for one in case.charges]
    assert case.charges[0].says.startswith(
        "entry 1 was promised a seal until 1970-01-01 00:00:02Z, seal 2, the first to cover it, came at 20"
    )
    assert case.charges[1].says == "entry 7 was promised a seal until 1970-01-01 00:00:02Z, and no seal covers it"
    assert [Ruling.TAKEN] * 2 == [one.ruling for one in judged(cheat, case)]
    chain = cheat.world.chain
    for one in challenge.needed(judged(cheat, case), Fault.NONE):
        challenge.send(chain, cheat.world.signer("operator"), one)
    assert (Fault.NONE, 2) == (chain.standings().ended, chain.standings().late)
    assert [(Ruling.COUNTED, "")] * 2 == [(one.ruling, one.reason) for one in judged(cheat, case)]
    assert [] == challenge.needed(judged(cheat, case), Fault.NONE)


def test_a_log_that_shows_what_was_promised_and_not_what_was_sealed_keeps_no_promise(cheat: Cheat) -> None:
    promised = cheat.forge(ONE)
    promise = kept(cheat, 0)
    shown = Cheat(cheat.world)
    shown.written = [promised]
    cheat.written = []
    cheat.forge(ONE, at=7)
    shown.seals = [cheat.seal()]
    case = examined(cheat, promise, log=OpenLog(shown))
    assert_nothing(case)
    assert [] == [note for note in case.notes if "kept" in note]
    assert "what the log serves of entry 0 does not lead to seal 1" in case.audits
    assert_ends(cheat, examined(cheat, promise, cheat.entry(0), log=OpenLog(shown)), Fault.BROKEN_PROMISE)


def test_a_receipt_that_is_kept_or_waits_is_told_so(cheat: Cheat) -> None:
    cheat.forge(ONE)
    cheat.seal()
    cheat.forge(TWO)
    case = examined(cheat, kept(cheat, 0), kept(cheat, 1), log=OpenLog(cheat))
    assert_nothing(case)
    assert "file0: the receipt of entry 0 is kept by seal 1" in case.notes
    assert "file1: the receipt of entry 1 waits: it promises a seal until 2038-01-19 03:14:18Z" in case.notes


def test_receipts_that_do_not_count_are_told_in_words(cheat: Cheat) -> None:
    chain, admin = cheat.world.chain, cheat.world.signer("admin")
    cheat.forge(ONE)
    cheat.seal()
    nobody = cheat.receipt(0, b"\7" * 32)
    nobody["receipt"]["signature"] = "00" * 65
    empty = cheat.receipt(0)
    far = cheat.receipt(0, b"\7" * 32, until=2**40)
    case = examined(cheat, nobody, cheat.receipt(0, b"\7" * 32, by="admin"), empty, far, log=OpenLog(cheat))
    assert "file0: the receipt of entry 0 does not count: nobody signed the receipt" in case.notes
    assert "file1: the receipt of entry 0 does not count: its signer's receipts do not count" in " ".join(case.notes)
    assert "file2: the receipt does not count: it promises nothing" in " ".join(case.notes)
    (refused,) = judged(cheat, case)
    assert (Ruling.REFUSED, True) == (refused.ruling, "further off" in refused.reason)

    chain.transact(chain.prepare_receipt_key(admin, cheat.world.signer("receipts").address, False))
    assert_nothing(examined(cheat, cheat.receipt(0, b"\7" * 32), log=OpenLog(cheat)))  # 30 days after, at NOW


def test_signers_that_anyone_can_make_up_are_not_all_asked_about(cheat: Cheat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(challenge, "_SIGNERS", 1)
    cheat.forge(ONE)
    cheat.seal()
    strangers = [cheat.receipt(0, b"\7" * 32, by=role) for role in ("admin", "operator", "sealer")]
    case = examined(cheat, *strangers)
    assert_nothing(case)
    assert len([note for note in case.notes if "does not count" in note]) == 1
    assert len([said for said in case.unchecked if "was not asked about" in said]) == 2


def test_a_node_that_has_forgotten_seals_tells_nothing_of_receipts_but_the_rest_goes_on(
    cheat: Cheat, monkeypatch: pytest.MonkeyPatch
) -> None:
    another_before(cheat)
    cheat.seal()
    cheat.forge(TWO)
    last = cheat.seal()
    promise = cheat.receipt(0, b"\7" * 32)
    monkeypatch.setattr(type(cheat.world.chain), "journal_seals", lambda _: [last])
    for log in (None, OpenLog(cheat)):
        case = examined(cheat, promise, cheat.entry(0), cheat.entry(1), log=log)
        assert [Fault.FORK] == [one.fault for one in case.charges]
        assert ("the node tells of 1 of 2 seals: the log and receipts need them all",) == case.unchecked


def test_a_receipt_for_what_was_sealed_before_a_journal_went_on_from_another_is_no_fault_of_its_own(
    cheat: Cheat,
) -> None:
    cheat.forge(ONE)
    last = cheat.seal()
    theirs = cheat.receipt(0, b"\7" * 32)
    successor = Cheat(successor_of(cheat.world, last))
    successor.written = cheat.written
    successor.forge(TWO)
    successor.begun = last.size
    successor.seal()
    assert_nothing(strange := examined(successor, theirs, log=OpenLog(successor)))
    assert "not one of this journal's" in strange.notes[0]
    case = examined(successor, successor.receipt(0, successor.written[0].leaf), log=OpenLog(successor))
    assert_nothing(case)
    assert "file0: the receipt of entry 0 is for what was sealed before this journal went on from another" in case.notes
    late = examined(successor, successor.receipt(1, successor.written[1].leaf))
    assert [(Fault.LATENESS, Ruling.TAKEN)] == [(one.charge.fault, one.ruling) for one in judged(successor, late)]


# -- the contract


@pytest.mark.parametrize("seed", range(3))
def test_the_contract_judges_every_pair_as_it_is_judged_here(cheat: Cheat, seed: int) -> None:
    """Entries as wrong as can be: few keys, places, times, states, and some that name one another."""
    draw = Random(seed)
    for _ in range(6):
        prev = draw.choice([bytes(32), b"\7" * 32, *(one.leaf for one in cheat.written)])
        changes = {"seq": draw.choice([0, 1, 2]), "at": draw.choice([1, 2]), "version": draw.choice([1, 1, 1, 2])}
        kind, arg = draw.choice([(18, 0), (7, 1), (9, 8), (7, 9)])
        state = draw.choice([bytes(32), b"\0\0\1" + bytes(29), b"\7" * 32])
        cheat.forge(draw.choice([ONE, TWO]), prev=prev, kind=kind, arg=arg, state=state, **changes)
    seal, chain = cheat.seal(), cheat.world.chain
    tree = cheat.tree(seal.size)
    verdicts: set[tuple[type[Fork | Misstep], int, bool]] = set()
    for pair in (*((one,) for one in cheat.written), *product(cheat.written, repeat=2)):
        shown = [Exhibit.of(one.raw, one.index, 1) for one in pair]
        evidence = [Evidence(seal, one.raw, one.index, merkle.inclusion(tree, one.index, seal.size)) for one in pair]
        for proof, here in ((Fork(evidence), faults.forked(*shown)), (Misstep(evidence), faults.misstepped(*shown))):
            try:
                chain.judge_fault(proof)
                there = True
            except ChainRefused as refused:
                there = not refused.reason.startswith("NoFault(")
            assert here is there, (type(proof), pair)
            verdicts.add((type(proof), len(pair), here))
    assert len(verdicts) > 5


# -- two journals


def test_bundles_of_two_journals_prove_nothing_on_chain_and_are_named_as_evidence(cheat: Cheat, tmp_path: Path) -> None:
    cheat.forge(ONE)
    cheat.seal()
    second = next(made := open_world(tmp_path / "second"))
    other = Cheat(second)
    other.forge(ONE, at=7)
    other.forge(ONE, other.written[0])
    other.seal()
    bundles = cheat.bundle(ONE), other.bundle(ONE)
    here, there = cheat.world.deployment.journal, second.deployment.journal
    assert here != there
    case = examined(cheat, *bundles)
    assert_nothing(case)
    told = f"two journals tell of {ONE}, as the files have it: {here} counts 1, {there} counts 2"
    assert (told,) == case.audits
    assert f"file1: of journal {there} on chain 31337, not of {here} on 31337" in case.notes
    made.close()


# -- what proves nothing


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"{}", b"null", b'{"version": 1}', b"[" * 100_000, b'{"findings": 3}', b'{"receipts": "abc"}',
        b'{"findings": [{"fault": [], "where": {}}]}', b'{"receipt": {"index": 1e308}}', b'{"receipt": null}',
        b'{"version":1,"hashes":[],"head":{}}', b'{"header": "00", "index": 0, "seal": 5}', b"\xff\xfe",
        b'{"events": 1}', b'{"findings": [], "journal": []}',
        b'{"findings": [], "journal": {"chain": [], "address": "0x' + b"11" * 20 + b'"}}',
        b'{"hashes": ["' + b"a" * 100_000 + b'"], "version": 1, "seal": {}, "chain": {}, "subject": "/x"}',
        b'{"receipt": {"leaves": "' + b"00" * 32 + b'", "index": -1, "count": 1, "issuedAt": 1, "sealBy": 1}}',
    ],
)  # fmt: skip
def test_a_hostile_file_is_one_note(content: bytes) -> None:
    papers = challenge.read([("bad.json", content)])
    (note,) = papers.notes
    assert note.startswith("bad.json: ")
    assert len(note) < 220
    assert ([], [], {}, []) == (papers.bundles, papers.entries, papers.receipts, papers.findings)


def test_a_file_that_is_too_large_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(challenge, "FILE_LIMIT", 1 << 20)
    assert ["big: more than 1 MiB"] == challenge.read([("big", b" " * ((1 << 20) + 1))]).notes


NAMES = (
    "version subject chain seal head entries inclusion hashes receipt receipts events findings header index pending"
    " fault where leaves"
).split()
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES), inner),
)


@given(ANYTHING)
def test_no_json_whatever_is_more_than_a_note(value: Any) -> None:
    papers = challenge.read([file("x", value)])
    assert len(papers.notes) <= 1


def bent(bundle: dict[str, Any], bend: Any) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(bundle))
    bend(copy)
    return copy


def other_seal(value: dict[str, Any]) -> None:
    value["seal"]["sealedAt"] += 1


def other_head(value: dict[str, Any]) -> None:
    value["head"]["count"] -= 1


def other_header(value: dict[str, Any]) -> None:
    value["entries"][0]["header"] = value["entries"][0]["header"][:86] + "07" * 32 + value["entries"][0]["header"][150:]


def no_proof(value: dict[str, Any]) -> None:
    value["inclusion"] = []


def many_siblings(value: dict[str, Any]) -> None:
    value["head"]["siblings"] = ["00" * 32] * 20_000


@pytest.mark.parametrize(
    ("bend", "said"),
    [
        (other_seal, "the contract does not know its seal 1"),
        (other_head, f"what does not lead to seal 1: the head of {ONE}"),
        (other_header, "what does not lead to seal 1: entry 0"),
        (no_proof, "what does not lead to seal 1: entry 0, entry 1"),
        (many_siblings, f"what does not lead to seal 1: the head of {ONE}"),
    ],
)
def test_what_a_file_makes_up_proves_nothing_and_is_named(cheat: Cheat, bend: Any, said: str) -> None:
    first = cheat.forge(ONE)
    cheat.forge(ONE, first)
    cheat.seal()
    good = cheat.bundle(ONE)
    case = examined(cheat, good, bent(good, bend), cheat.entry(1))
    assert_nothing(case)
    assert f"file1: {said}" in case.notes


# -- an honest operator


def honest(world: World) -> tuple[Cheat, list[Any]]:
    """A journal of many subjects under several seals, and every file that was ever handed out of it."""
    journal = Cheat(world)
    files: list[Any] = []

    def hand_out(*run: Written) -> None:
        promise = {"issued": NOW - 20, "until": NOW + 20}
        files.append(journal.receipt(run[0].index, *(one.leaf for one in run), **promise))

    hand_out(journal.record(MERCHANT, Kind.PRODUCT, "/01/09521141012345", {"name": "tea"}))
    hand_out(journal.batch(MERCHANT, BATCH, ["1", "2"]))
    items = ["https://id.gs1.org" + one for one in (ITEM, ITEM[:-1] + "8")]
    for n in range(4):
        hand_out(*journal.event(PARTNER, epcList=items, eventTime=f"2026-09-2{n}T10:00:00.000Z"))
        hand_out(*journal.event(PARTNER, epcList=["https://id.gs1.org" + PALLET], eventTime=f"2026-09-2{n}T11:00:00Z"))
        seal = journal.seal()
        if n == 1:
            journal.issue("one")
            journal.claim("one")
        if n > 1:
            hand_out(journal.review("one", 4) if n == 2 else journal.amend("one", 4, 2))
        past = journal.under(seal)
        files += [past.bundle(one) for one in (ITEM, PALLET, REVIEWS, BATCH, "/01/09521141000014")]
        files += [past.bundle(ITEM, limit=1)]
        files += [past.entry(index) for index in range(0, seal.size, 3)]
    journal.seal()
    files.append({"result": "findings", "findings": [{"fault": "stream", "where": n, "detail": ""} for n in (3, 8)]})
    files.append({"result": "findings", "findings": [{"fault": "heads", "where": 2, "detail": ""}]})
    return journal, files


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cheat, list[Any]]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keystore, "WORK", 2)
        made = open_world(tmp_path_factory.mktemp("honest"))
        yield honest(next(made))
        made.close()


@given(some=st.sets(st.integers(0, 60), max_size=25), log=st.booleans(), site=st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_is_ever_proven_of_an_honest_journal(
    told: tuple[Cheat, list[Any]], some: set[int], log: bool, site: bool
) -> None:
    journal, files = told
    given = [files[n % len(files)] for n in some]
    case = examined(journal, *given, log=OpenLog(journal) if log else None, site=OpenSite(journal) if site else None)
    assert_nothing(case)
    assert [] == [note for note in case.notes if "kept by" not in note]


def test_nothing_is_proven_of_an_honest_journal_by_all_of_its_files(told: tuple[Cheat, list[Any]]) -> None:
    journal, files = told
    for log in (None, OpenLog(journal)):
        assert_nothing(examined(journal, *files, log=log, site=OpenSite(journal)))
    assert len(files) > 40
    assert len({subjects.key(one.subject) for one in journal.written}) > 5
    tree = journal.tree(len(journal.written))
    assert merkle.root(tree, len(journal.written)) == journal.seals[-1].root
