"""A replay of a true journal finds nothing; of a bent one, what is wrong and where; it never throws."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journal_builder import (
    BATCH,
    GTIN,
    MERCHANT,
    OPERATOR,
    ORDER,
    PARTNER,
    PRODUCT,
    REVIEWS,
    RIGHTS,
    SERIALS,
    Journal,
    Shopper,
    build,
    faults,
    link,
    market,
    replay_all,
    right,
    rows_of,
    secret,
    story,
)  # fmt: skip
from suyuan.core import canonical, entries, merkle, subjects, tally
from suyuan.core.entries import Kind
from suyuan.core.proof import CLOCK_SKEW, Seal
from suyuan.core.replay import Fault, Replay

Rows = list[tuple[bytes, bytes]]
FIRST = story().seals[0].size
PARCEL = "/00/095211410000000014"


def found(rows: Any, seals: list[Seal] | None = None) -> dict[Fault, list[int]]:
    return faults(replay_all(rows, story().seals if seals is None else seals))


def bent(index: int, **fields: Any) -> Rows:
    """The rows with other fields in one header."""
    rows = rows_of(story())
    raw, text = rows[index]
    rows[index] = replace(entries.decode(raw), **fields).encode(), text
    return rows


def place_of(subject: str, seq: int) -> int:
    return story().stream(subject)[seq].index


def test_a_true_journal_has_no_findings() -> None:
    assert {} == found(rows_of(story()))


def test_a_journal_without_its_bodies_is_checked_for_the_rest() -> None:
    assert {} == found([(raw, None) for raw, _ in rows_of(story())])


def test_an_empty_journal_has_no_findings() -> None:
    assert {} == found([], [])


NEXT = place_of(REVIEWS, 2)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"version": 2}, {Fault.STREAM: [NEXT, NEXT + 1]}),
        ({"kind": Kind.REVIEW_ERASE}, {Fault.STREAM: [NEXT, NEXT + 1], Fault.BODY: [NEXT], Fault.RIGHTS: [NEXT + 1]}),
        ({"arg": 1 << 3}, {Fault.STREAM: [NEXT, NEXT + 1], Fault.RIGHTS: [NEXT, NEXT + 1]}),
        (
            {"key": b"k" * 32},
            {Fault.STREAM: [NEXT, NEXT + 1], Fault.BODY: [NEXT], Fault.RIGHTS: [NEXT + 1], Fault.HEADS: [3]},
        ),
        ({"seq": 9}, {Fault.STREAM: [NEXT, NEXT + 1]}),
        ({"seq": 2**64 - 1}, {Fault.STREAM: [NEXT, NEXT + 1]}),
        ({"prev": entries.ZERO}, {Fault.STREAM: [NEXT, NEXT + 1]}),
        ({"at": 0}, {Fault.STREAM: [NEXT, NEXT + 1], Fault.TIME: [NEXT]}),
        ({"state": bytes(32)}, {Fault.STREAM: [NEXT, NEXT + 1]}),
        ({"state": b"\xff" * 32}, {Fault.STREAM: [NEXT, NEXT + 1]}),
        ({"body": bytes(32)}, {Fault.STREAM: [NEXT + 1], Fault.BODY: [NEXT], Fault.RIGHTS: [NEXT + 1]}),
    ],
    ids=str,
)  # fmt: skip
def test_a_bent_header_is_found_where_it_is_and_in_the_root(
    fields: dict[str, Any], expected: dict[Fault, list[int]]
) -> None:
    assert {**expected, Fault.ROOT: [3]} == found(bent(NEXT, **fields))


def test_a_time_far_ahead_is_found_by_its_seal_and_by_all_that_come_after() -> None:
    met = found(bent(FIRST - 1, at=2**64 - 1))
    size = story().seals[-1].size
    assert [1, *range(FIRST, story().seals[1].size), 2, *range(story().seals[1].size, size), 3] == met[Fault.TIME]
    assert [1, 2, 3] == met[Fault.ROOT]


@pytest.mark.parametrize("size", [0, 1, 146, 148])
def test_a_header_of_another_length_is_found(size: int) -> None:
    rows = rows_of(story())
    rows[-1] = bytes(size), rows[-1][1]
    assert {Fault.HEADER: [len(rows) - 1], Fault.ROOT: [3], Fault.HEADS: [3]} == found(rows)


def test_a_dropped_entry_is_found_as_missing() -> None:
    rows = rows_of(story())
    assert [3] == found(rows[:-1])[Fault.MISSING]
    met = found(rows[:1] + rows[2:])
    assert [1, 2] == met[Fault.ROOT]  # what the seals cover is another entry now
    assert [1, 2] == met[Fault.HEADS]
    assert [3] == met[Fault.MISSING]


def test_an_inserted_entry_is_found() -> None:
    rows = rows_of(story())
    met = found([*rows[:1], rows[0], *rows[1:]])
    assert ([1], [1, 2, 3]) == (met[Fault.STREAM][:1], met[Fault.ROOT])


def test_entries_in_another_order_are_found() -> None:
    rows = rows_of(story())
    rows[0], rows[1] = rows[1], rows[0]
    # a batch of a product that nobody has listed by then
    assert {Fault.RIGHTS: [0], Fault.TIME: [1], Fault.ROOT: [1, 2, 3]} == found(rows)


def test_events_entries_in_another_order_are_found() -> None:
    rows = rows_of(story())
    rows[2], rows[3] = rows[3], rows[2]
    assert {Fault.BODY: [3], Fault.ROOT: [1, 2, 3]} == found(rows)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda seal: replace(seal, root=bytes(32)), {Fault.ROOT: [2]}),
        (lambda seal: replace(seal, heads=bytes(32)), {Fault.HEADS: [2]}),
        (lambda seal: replace(seal, number=4), {Fault.SEALS: [4, 3]}),
        (lambda seal: replace(seal, sealed_at=0), {Fault.SEALS: [2], Fault.TIME: [2]}),
        (
            lambda seal: replace(seal, sealed_at=seal.sealed_at + 86400),
            {Fault.SEALS: [3], Fault.TIME: [3]},
        ),
        (lambda seal: replace(seal, size=10**6), {Fault.MISSING: [2], Fault.SEALS: [3]}),
    ],
)
def test_a_seal_that_says_otherwise_is_found(change: Callable[[Seal], Seal], fault: dict[Fault, list[int]]) -> None:
    seals = list(story().seals)
    seals[1] = change(seals[1])
    assert fault == found(rows_of(story()), seals)


def test_a_gap_between_seals_is_found() -> None:
    assert {Fault.SEALS: [3]} == found(rows_of(story()), [story().seals[0], story().seals[2]])


def test_a_seal_that_covers_nothing_new_is_found() -> None:
    seals = story().seals
    again = replace(seals[2], number=4)
    assert {Fault.SEALS: [4]} == found(rows_of(story()), [*seals, again])


@pytest.mark.parametrize(("seconds", "fault"), [(CLOCK_SKEW, {}), (CLOCK_SKEW + 1, {Fault.TIME: [1]})])
def test_entries_lie_between_the_times_of_their_seals_or_ten_minutes_off(
    seconds: int, fault: dict[Fault, list[int]]
) -> None:
    journal = Journal()
    journal.record(MERCHANT, Kind.PRODUCT, PRODUCT, {"name": "x"})
    seal = replace(journal.seal(), sealed_at=journal.written[-1].header.at // 1000 - seconds)
    assert fault == found(rows_of(journal), [seal])
    later = build()
    seals = [*later.seals]
    later.record(MERCHANT, Kind.PRODUCT, PRODUCT, {"name": "x"})
    before = later.written[seals[2].size].header.at // 1000 + seconds
    seals[2] = replace(seals[2], sealed_at=before)
    last = replace(later.seal(), sealed_at=before)
    expected = {} if not fault else {Fault.TIME: [4]}
    assert expected == found(rows_of(later), [*seals, last])


# --- bodies


def with_body(change: Callable[[dict[str, Any]], Any], index: int = 0) -> dict[Fault, list[int]]:
    """What is found in a journal of which one body was written otherwise, before it was sealed."""
    rows = rows_of(story())
    value = change(json.loads(rows[index][1]))
    text = value if isinstance(value, bytes) else canonical.encode(value)
    raw = replace(entries.decode(rows[index][0]), body=entries.sha256(text).digest()).encode()
    return {
        fault: where
        for fault, where in found([*rows[:index], (raw, text), *rows[index + 1 :]]).items()
        if fault is Fault.BODY
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda body: json.dumps(body, indent=1).encode(),
        lambda body: b"",
        lambda body: b"\xff",
        lambda body: b"[" * 100_000,
        lambda body: [body],
        lambda body: {**body, "kind": "batch"},
        lambda body: {**body, "kind": 1},
        lambda body: {**body, "kind": "unheard"},
        lambda body: {**body, "subject": BATCH},
        lambda body: {**body, "subject": 7},
        lambda body: {n: v for n, v in body.items() if n != "subject"},
        lambda body: {**body, "named": 1},
        lambda body: {**body, "public": {}},
        lambda body: {**body, "public": None},
        lambda body: {**body, "public": {**body["public"], "note": 1}},
        lambda body: {**body, "by": "me"},
        lambda body: {**body, "nonce": ""},
        lambda body: {**body, "issuedAt": -1},
        lambda body: {**body, "signature": body["signature"][2:]},
        lambda body: {**body, "note": 0.5},
        lambda body: {**body, "ä": 1},
        lambda body: {**body, "note": "x" * 65536},
    ],
)
def test_a_body_that_breaks_its_kinds_rule_is_found(change: Callable[[dict[str, Any]], Any]) -> None:
    assert {Fault.BODY: [0]} == with_body(change)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: {**body, "subject": ""},
        lambda body: {n: v for n, v in body.items() if n != "named"},
        lambda body: {**body, "named": 0},
        lambda body: {**body, "public": {**body["public"], "event": "x"}},
    ],
)
def test_an_events_body_that_breaks_its_rule_is_found(change: Callable[[dict[str, Any]], Any]) -> None:
    index = NEXT - 3  # storing: an event of one subject
    assert Kind.CHECKPOINT == story().written[index].header.kind
    assert {Fault.BODY: [index]} == with_body(change, index)


def test_a_body_of_another_text_is_found() -> None:
    rows, storing = rows_of(story()), NEXT - 3
    rows[storing] = rows[storing][0], rows[storing][1] + b" "
    assert {Fault.BODY: [storing]} == found(rows)


def omitting(subject: str) -> Journal:
    """A journal, truly sealed, of an event that was kept out of one stream that it names, and of one after it."""
    journal = Journal()
    journal.event(PARTNER, epcList=[link(PRODUCT + "/21/1"), link(PRODUCT + "/21/2"), link(PARCEL)])
    kept = [entry for entry in journal.written if entry.subject != subject]
    journal.written = [replace(entry, index=index) for index, entry in enumerate(kept)]
    journal.event(PARTNER, epcList=[link(PRODUCT + "/21/3")])
    journal.seal()
    return journal


@pytest.mark.parametrize("subject", [PRODUCT + "/21/1", PRODUCT + "/21/2", PARCEL])
def test_an_event_kept_out_of_a_stream_that_it_names_is_found(subject: str) -> None:
    journal = omitting(subject)
    assert {Fault.BODY: [2]} == found(rows_of(journal), journal.seals)


def test_a_statement_recorded_twice_is_found() -> None:
    journal = build()
    again = journal.append(Kind.PRODUCT, PRODUCT, json.loads(journal.stream(PRODUCT)[0].text))
    journal.seal()
    assert {Fault.BODY: [again.index]} == found(rows_of(journal), journal.seals)


def test_an_event_recorded_twice_is_found() -> None:
    journal = Journal()
    first = journal.event(PARTNER, epcList=[link(PARCEL)])[0]
    journal.append(Kind.CHECKPOINT, PARCEL, json.loads(first.text))
    journal.seal()
    assert {Fault.BODY: [1]} == found(rows_of(journal), journal.seals)


# --- rights, claims and reviews


def test_a_market_with_all_that_may_happen_has_no_findings() -> None:
    assert {} == found(rows_of(market()), market().seals)


def test_without_a_deployment_shoppers_signatures_are_not_checked() -> None:
    fold = Replay()
    rows = []
    for raw, text in rows_of(market()):
        body = json.loads(text)
        if len(body["signature"]) == 128:
            text = canonical.encode({**body, "signature": "11" * 64})
        rows.append((replace(entries.decode(raw), body=entries.sha256(text).digest()).encode(), text))
    assert {Fault.STREAM} == {finding.fault for raw, text in rows for finding in fold.entry(raw, text)}


Deed = Callable[[Journal], Any]
OTHER_BATCH = subjects.batch(GTIN, "other")
OTHER_PRODUCT = "00000000000017"


def deeds(*steps: Deed) -> Deed:
    def do(journal: Journal) -> None:
        for step in steps:
            step(journal)

    return do


def wrote(*steps: Deed) -> Deed:
    """Claims the second right and writes its review of one star, then the steps."""
    return deeds(lambda j: j.claim("two"), lambda j: j.review("two", 1), *steps)


def decided(kind: Kind, public: dict[str, Any], arg: int = 0) -> Deed:
    return lambda j: j.moderate(OPERATOR, kind, REVIEWS, {"right": right("two"), **public}, arg)


# what is done after the story (three rights are issued, one has reviewed), and what is found at its last step
ATTACKS: dict[str, tuple[Deed, str]] = {
    "a right issued twice": (lambda j: j.issue("one"), "issued before"),
    "more rights than are delivered": (lambda j: j.issue("four"), "are delivered or claimed"),
    "rights for a batch that is none": (lambda j: j.issue("four", batch=OTHER_BATCH), "never registered"),
    "rights in another product's stream": (
        lambda j: j.issue("four", rights="/rights/" + OTHER_PRODUCT), "is no batch of",
    ),
    "more delivered than the batch has": (lambda j: j.order("/order/" + "0e" * 16, (BATCH, 3)), "it has 5"),
    "delivered what is no batch": (lambda j: j.order("/order/" + "0e" * 16, (OTHER_BATCH, 1)), "never registered"),
    "delivered without an order": (
        lambda j: j.moderate(
            OPERATOR, Kind.DELIVERY, "/order/" + "0e" * 16, {"goods": [{"batch": BATCH, "quantity": 1}]}
        ),
        "never recorded",
    ),
    "an order twice": (lambda j: j.moderate(OPERATOR, Kind.ORDER, ORDER, {"private": "ab" * 32}), "recorded before"),
    "a batch of another quantity": (
        lambda j: j.record(MERCHANT, Kind.BATCH, BATCH, {}, quantity=5000, itemsRoot="00" * 32), "has other items",
    ),
    "a right claimed twice": (lambda j: j.claim("one"), "claimed before"),
    "a forged right": (lambda j: j.claim("nobody"), "never issued"),
    "a wrong secret": (lambda j: j.claim("two", secret=secret("one")), "is not the right's"),
    "a claim in another product's stream": (
        lambda j: j.shop(Shopper("two"), Kind.CLAIM, "/rights/" + OTHER_PRODUCT,
                         {"right": right("two"), "secret": secret("two")}), "never issued for that product",
    ),
    "an item claimed twice": (deeds(lambda j: j.claim_item(SERIALS[0]), lambda j: j.claim_item(SERIALS[0])), "before"),
    "an item claimed twice, written otherwise": (
        deeds(lambda j: j.claim_item("2017"), lambda j: claimed_as(j, "2017", "%32017")), "is no subject of a claim",
    ),
    "a wrong code": (lambda j: j.claim_item(SERIALS[0], code="00" * 16), "not the one under this item's patch"),
    "a code at another place": (lambda j: j.claim_item(SERIALS[0], place=1), "not the one under this item's patch"),
    "a place beyond the batch": (lambda j: j.claim_item(SERIALS[0], place=10**6), "not the one under"),
    "another item's code": (lambda j: claimed_as(j, "2017", "2018"), "not the one under this item's patch"),
    "an item of a batch that is none": (
        lambda j: j.shop(Shopper("x"), Kind.CLAIM, subjects.item(GTIN, "2017"),
                         {"batch": OTHER_BATCH, "code": "00" * 16, "place": 0, "proof": []}), "never registered",
    ),
    "a review before its claim": (lambda j: j.review("two", 5), "is not the right's"),
    "a review by another key": (deeds(lambda j: j.claim("two"), lambda j: j.review("two", 5, by="one")), "is not the"),
    "a review by a right never issued": (lambda j: j.review("nobody", 5), "never issued"),
    "a review of another batch": (
        deeds(lambda j: j.claim("two"), lambda j: j.review("two", 5, batch=OTHER_BATCH)), "batch is not the right's",
    ),
    "a review of another product": (
        deeds(lambda j: j.claim("two"), lambda j: j.shop(
            Shopper("two"), Kind.REVIEW, "/reviews/" + OTHER_PRODUCT,
            {"right": right("two"), "batch": BATCH, "stars": 5, "private": "ab" * 32}, 5)), "for that product",
    ),
    "a second review": (wrote(lambda j: j.review("two", 1)), "one right, one review"),
    "a second review after the first was withdrawn": (
        wrote(lambda j: j.withdraw("two", 1), lambda j: j.review("two", 1)), "one right, one review",
    ),
    "other stars counted": (
        deeds(lambda j: j.claim("two"), lambda j: j.shop(Shopper("two"), Kind.REVIEW, REVIEWS, {
            "right": right("two"), "batch": BATCH, "stars": 1, "private": "ab" * 32}, 5)), "arg 5, expected 1",
    ),
    "amended by another": (wrote(lambda j: j.amend("two", 1, 5, by="one")), "another key"),
    "amended from other stars": (wrote(lambda j: j.amend("two", 2, 5)), "expected 13"),
    "amended what was not written": (lambda j: j.amend("two", 2, 5), "no review was written"),
    "amended what is withheld, uncounted": (
        wrote(lambda j: j.amend("two", 1, 2), lambda j: j.withhold("two", 2), lambda j: j.amend("two", 2, 5)), "arg",
    ),
    "amended what is withdrawn": (wrote(lambda j: j.withdraw("two", 1), lambda j: j.amend("two", 2, 1)), "withdrawn"),
    "amended what is erased": (wrote(lambda j: j.erase("two"), lambda j: j.amend("two", 1, 5)), "was erased"),
    "withdrawn by another": (wrote(lambda j: j.withdraw("two", 1, by="one")), "another key"),
    "withdrawn twice": (wrote(lambda j: j.withdraw("two", 1), lambda j: j.withdraw("two", 2)), "was withdrawn"),
    "a withheld one withdrawn as if it were shown": (
        wrote(lambda j: j.amend("two", 1, 2), lambda j: j.withhold("two", 2), lambda j: j.withdraw("two", 2)), "arg",
    ),
    "withheld with other stars": (wrote(lambda j: j.withhold("two", 2)), "expected 8"),
    "withheld twice": (
        wrote(lambda j: j.amend("two", 1, 2), lambda j: j.withhold("two", 2), lambda j: j.withhold("two", 2)),
        "already",
    ),
    "withheld what is withdrawn": (wrote(lambda j: j.withdraw("two", 1), lambda j: j.withhold("two", 2)), "withdrawn"),
    "restored what is not withheld": (
        wrote(lambda j: j.withhold("one", 2), lambda j: j.amend("two", 1, 2), lambda j: j.restore("two", 2)),
        "not withheld",
    ),
    "erased twice": (wrote(lambda j: j.erase("two"), lambda j: j.erase("two")), "erased before"),
    "replied twice": (lambda j: j.reply("one"), "once per review"),
    "a reply by another merchant": (wrote(lambda j: j.reply("two", PARTNER)), "another than the batch's merchant"),
    "a reply to nothing": (lambda j: j.reply("two"), "no review was written"),
    "a reason that is none": (
        wrote(decided(Kind.REVIEW_WITHHOLD, {"reason": "off topic", "basis": "CC-1024"}, 8)), "public/reason",
    ),
    "a basis that does not fit": (wrote(lambda j: j.withhold("two", 1, "abuse", "PIPL-10")), "no basis for abuse"),
    "a restoring reason that is none": (
        wrote(lambda j: j.withhold("two", 1), decided(Kind.REVIEW_RESTORE, {"reason": "x"}, 8)), "public/reason",
    ),
    "an erasing basis that is none": (wrote(lambda j: j.erase("two", "CC-1024")), "public/basis"),
    "stars out of range": (
        deeds(lambda j: j.claim("two"), lambda j: j.shop(Shopper("two"), Kind.REVIEW, REVIEWS, {
            "right": right("two"), "batch": BATCH, "stars": 6, "private": "ab" * 32}, 5)), "public/stars",
    ),
    "rights that are not sorted": (
        lambda j: j.moderate(OPERATOR, Kind.RIGHTS, RIGHTS, {"batch": BATCH, "rights": ["bb" * 32, "aa" * 32]}),
        "public/rights",
    ),
    "rights twice in one entry": (
        lambda j: j.moderate(OPERATOR, Kind.RIGHTS, RIGHTS, {"batch": BATCH, "rights": ["aa" * 32] * 2}),
        "public/rights",
    ),
}  # fmt: skip


def claimed_as(journal: Journal, serial: str, written: str) -> None:
    """The claim of one item, put under a subject that is written otherwise."""
    public = json.loads(build().claim_item(serial).text)["public"]
    journal.shop(Shopper("thief"), Kind.CLAIM, f"{PRODUCT}/21/{written}", public)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_on_reviews_is_found_where_it_is_and_named(name: str) -> None:
    attack, said = ATTACKS[name]
    journal = build()
    try:
        attack(journal)
    except StopIteration:
        pytest.fail("the attack could not be made")
    journal.seal()
    met = replay_all(rows_of(journal), journal.seals)
    assert [(Fault.BODY if said.startswith(("public/", "no basis", "is no subject")) else Fault.RIGHTS,
             len(journal.written) - 1)] == [(finding.fault, finding.where) for finding in met]  # fmt: skip
    assert said in met[0].detail


@pytest.mark.parametrize("state", [bytes(32), tally.step(bytes(32), Kind.REVIEW, 2)], ids=["forgotten", "uncounted"])
def test_what_is_withheld_and_not_counted_is_found(state: bytes) -> None:
    rows = bent(NEXT, state=state)
    assert {Fault.STREAM: [NEXT, NEXT + 1], Fault.ROOT: [3]} == found(rows)


@pytest.mark.parametrize("kind", [Kind.CLAIM, Kind.REVIEW, Kind.REVIEW_AMEND])
def test_a_shoppers_signature_by_nobody_is_found(kind: Kind) -> None:
    journal = build()
    place = next(e.index for e in journal.written if e.header.kind == kind)
    entry = journal.written[place]
    body = json.loads(entry.text)
    text = canonical.encode({**body, "signature": "11" * 64})
    rows = rows_of(journal)
    rows[place] = replace(entry.header, body=entries.sha256(text).digest()).encode(), text
    assert [place] == found(rows)[Fault.SIGNATURE]


@pytest.mark.parametrize(("late", "expected"), [(600, {}), (601, {Fault.SIGNATURE: [-1]})])
def test_a_shoppers_statement_is_issued_before_it_is_accepted_or_a_little_later(
    late: int, expected: dict[Fault, list[int]]
) -> None:
    journal = build()
    public = {"right": right("two"), "secret": secret("two")}
    journal.shop(Shopper("two"), Kind.CLAIM, RIGHTS, public, issued_at=journal.at // 1000 + 1 + late)
    journal.seal()
    last = len(journal.written) - 1
    assert {fault: [last] for fault in expected} == found(rows_of(journal), journal.seals)


# --- anything


@settings(max_examples=60)
@given(st.lists(st.tuples(st.binary(max_size=200), st.none() | st.binary(max_size=80)), max_size=6))
def test_any_bytes_are_findings_and_no_exception(rows: list[tuple[bytes, bytes | None]]) -> None:
    tree = merkle.Tree(entries.leaf(raw) for raw, _ in rows)
    seals = [Seal(1, len(rows), tree.root(), bytes(32), 2**53)] if rows else []
    assert bool(rows) is bool(found(rows, seals))


@settings(max_examples=60)
@given(st.lists(st.binary(min_size=147, max_size=147), min_size=1, max_size=6))
def test_any_headers_are_findings_and_no_exception(headers: list[bytes]) -> None:
    rows = [(raw, b"{}") for raw in headers]
    assert {Fault.BODY, Fault.STREAM} <= set(found(rows, [Seal(1, len(rows), bytes(32), bytes(32), 2**53)]))


@settings(max_examples=150)
@given(st.integers(0, len(rows_of(story())) - 1), st.integers(0, 146), st.integers(1, 255))
def test_any_byte_of_a_header_is_missed_by_its_seal(index: int, byte: int, change: int) -> None:
    rows = rows_of(story())
    raw = bytearray(rows[index][0])
    raw[byte] ^= change
    rows[index] = bytes(raw), rows[index][1]
    assert 3 in found(rows)[Fault.ROOT]


@settings(max_examples=100)
@given(st.integers(0, len(rows_of(story())) - 1), st.data())
def test_any_byte_of_a_body_is_found(index: int, data: st.DataObject) -> None:
    rows = rows_of(story())
    text = bytearray(rows[index][1])
    text[data.draw(st.integers(0, len(text) - 1))] ^= data.draw(st.integers(1, 255))
    rows[index] = rows[index][0], bytes(text)
    assert index in found(rows)[Fault.BODY]
