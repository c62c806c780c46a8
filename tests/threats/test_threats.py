"""The attacks of docs/threat-model.md, tried by the operator: who notices says what the table says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from journal_builder import (
    BATCH,
    GTIN,
    ITEM,
    MERCHANT,
    ORDER,
    PARTNER,
    PRODUCT,
    REVIEWS,
    SERIALS,
    Shopper,
    Written,
    changed,
    claims,
    link,
    private_of,
    right,
)
from suyuan.chain import keystore
from suyuan.core import rules, statements, subjects
from suyuan.core.entries import Kind
from suyuan.core.heads import Met
from suyuan.core.rules import Standing
from threats.operator import Noticed, Operator, Papers, operating

TESTS = Path(__file__).resolve().parents[1]
TABLE = TESTS.parent / "docs" / "threat-model.md"
Attack = Callable[[Operator], Papers]
ATTACKS: dict[str, Attack] = {}


def attack(name: str) -> Callable[[Attack], Attack]:
    """An attack, by its name in the table."""

    def named(function: Attack) -> Attack:
        ATTACKS[name] = function
        return function

    return named


# -- the past


def stored(operator: Operator) -> list[Written]:
    """One more event of the item."""
    return operator.event(PARTNER, bizStep="storing", epcList=[link(ITEM)])


@attack("Rewrite a body")
def _(operator: Operator) -> Papers:
    (first, *_) = operator.stream(ITEM)
    operator.written[first.index] = replace(first, text=first.text.replace(b'"named":2', b'"named":1'))
    return Papers(operator.bundle(ITEM, batch=BATCH))


@attack("Rewrite a header")
def _(operator: Operator) -> Papers:
    (first, *_) = operator.stream(ITEM)
    past = operator.bundle(ITEM, batch=BATCH)
    header = replace(first.header, at=first.header.at - 1)
    operator.written[first.index] = replace(first, header=header)
    return Papers(changed(past, "entries/0/header", header.encode().hex()))


@attack("Delete an entry and rebuild everything after it")
def _(operator: Operator) -> Papers:
    stored(operator)
    operator.seal()
    size = len(operator.written)
    (first, _) = operator.stream(ITEM)
    operator.rebuild([one for one in operator.written if one.index != first.index])
    while len(operator.written) <= size:
        stored(operator)
    return Papers(operator.bundle(ITEM, batch=BATCH), took=operator.tries_to_seal())


@attack("Insert an entry in the past")
def _(operator: Operator) -> Papers:
    past = list(operator.written)
    (new,) = stored(operator)
    (at,) = [place for place, one in enumerate(past) if one.subject == ITEM]
    operator.rebuild([*past[:at], replace(new, header=replace(new.header, at=past[at].header.at)), *past[at:]])
    return Papers(operator.bundle(ITEM, batch=BATCH), took=operator.tries_to_seal())


@attack("Move time backwards")
def _(operator: Operator) -> Papers:
    operator.at -= 60_000
    stored(operator)
    operator.at += 60_000
    took = operator.tries_to_seal()
    return Papers(operator.bundle(ITEM, batch=BATCH), took=took)


@attack("Record for a suspended merchant, with a time at which it was not yet")
def _(operator: Operator) -> Papers:
    operator.clock.now += 3600
    operator.standing(Standing.SUSPENDED)
    operator.at = int(operator.clock.now) * 1000 + 60_000
    stored(operator)
    operator.at -= 7_200_000
    operator.made(SERIALS[2])
    operator.at += 7_200_000
    took = operator.tries_to_seal()
    return Papers(operator.bundle(subjects.item(GTIN, SERIALS[2]), batch=BATCH), [operator.bundle(ITEM)], took)


@attack("Record for a suspended merchant")
def _(operator: Operator) -> Papers:
    operator.clock.now += 3600
    operator.standing(Standing.SUSPENDED)
    operator.at = int(operator.clock.now) * 1000 + 60_000
    operator.made(SERIALS[2])
    took = operator.tries_to_seal()
    return Papers(operator.bundle(subjects.item(GTIN, SERIALS[2]), batch=BATCH), took=took)


# -- what is served


@attack("Deploy a second journal and serve its history")
def _(operator: Operator) -> Papers:
    shown = operator.bundle(ITEM, batch=BATCH)
    return Papers(changed(shown, "chain/journal", "0x" + "5c" * 20), [shown])


@attack("Serve an older head to one reader")
def _(operator: Operator) -> Papers:
    old = operator.bundle(ITEM, batch=BATCH)
    operator.clock.now += 3600
    operator.at = int(operator.clock.now) * 1000
    stored(operator)
    operator.seal()
    return Papers(old, [operator.bundle(ITEM, batch=BATCH)])


@attack("Serve an old prefix with invented heads")
def _(operator: Operator) -> Papers:
    stored(operator)
    newest = operator.seal()
    honest = operator.bundle(ITEM, batch=BATCH)
    (first, _) = operator.stream(ITEM)
    operator.wrong[newest.size] = one_short(first)
    operator.seals[-1] = replace(newest, heads=operator.map(newest.size).root)
    shown = without_newest(operator.bundle(ITEM, batch=BATCH))
    operator.wrong.clear()
    return Papers(shown, [honest])


@attack("Show a past of which only the last entry is in the journal")
def _(operator: Operator) -> Papers:
    """Two entries of which the older was never put in, and a last one that goes on from them."""
    before = list(operator.written)
    stored(operator)
    (first, invented) = operator.stream(ITEM)
    operator.event(PARTNER, bizStep="shipping", epcList=[link(ITEM)])
    last = replace(operator.written[-1], index=len(before))
    operator.written[:] = [*before, last]
    took = operator.tries_to_seal()
    shown = operator.bundle(ITEM, batch=BATCH)
    place = next(one for one in shown["inclusion"] if one["index"] == first.index)
    shown["entries"].insert(1, invented.shown | {"index": first.index})
    shown["documents"][invented.document] = operator.documents[invented.document]
    shown["inclusion"].append(place)
    return Papers(shown, took=took)


@attack("Stop serving bodies")
def _(operator: Operator) -> Papers:
    operator.log.away = ("bodies",)
    shown = operator.bundle(ITEM, batch=BATCH)
    for one in shown["entries"]:
        del one["body"]
    return Papers(shown)


@attack("Stop serving documents")
def _(operator: Operator) -> Papers:
    operator.log.away = ("documents",)
    return Papers(operator.bundle(ITEM, batch=BATCH) | {"documents": {}})


@attack("Show an item under another batch")
def _(operator: Operator) -> Papers:
    other = f"/01/{GTIN}/10/L27"
    operator.registered(other, SERIALS[1:])
    operator.seal()
    return Papers(operator.bundle(ITEM, batch=BATCH) | {"related": [
        {**one, "items": {**one["items"], "serial": SERIALS[0]}}
        for one in operator.bundle(subjects.item(GTIN, SERIALS[1]), batch=other)["related"]
    ]})  # fmt: skip


# -- the heads map


def one_short(first: Written) -> Callable[[dict[bytes, Met]], dict[bytes, Met]]:
    """Heads that stop at the first entry of a stream."""
    return lambda heads: heads | {first.header.key: Met(first.header.key, 1, first.leaf)}


def without_newest(bundle: dict[str, Any]) -> dict[str, Any]:
    """As its heads say that there is one entry less."""
    return bundle | {"entries": bundle["entries"][:-1], "inclusion": bundle["inclusion"][:-1]}


@attack("Seal with a wrong heads map, and mend it in the next seal")
def _(operator: Operator) -> Papers:
    stored(operator)
    (first, second) = operator.stream(ITEM)
    operator.wrong[len(operator.written)] = one_short(first)
    wrong = operator.seal()
    shown = without_newest(operator.under(wrong).bundle(ITEM, batch=BATCH))
    operator.event(PARTNER, bizStep="shipping", epcList=[link(subjects.item(GTIN, SERIALS[1]))])
    took = operator.tries_to_seal()
    return Papers(shown, [operator.entry(second.index)], took)


@attack("Leave out a subject")
def _(operator: Operator) -> Papers:
    operator.made(SERIALS[2])
    third = subjects.item(GTIN, SERIALS[2])
    key = subjects.key(third)
    operator.wrong[len(operator.written)] = lambda heads: {k: met for k, met in heads.items() if k != key}
    took = operator.tries_to_seal()
    return Papers(operator.bundle(third), [operator.entry(operator.stream(third)[0].index)], took)


@attack("Leave an event out of one of the streams that it names")
def _(operator: Operator) -> Papers:
    (one, two) = operator.made(*SERIALS[2:4])
    operator.written.remove(two)
    took = operator.tries_to_seal()
    return Papers(operator.bundle(one.subject, batch=BATCH), took=took)


@attack("Leave an event out, and say that it names one less")
def _(operator: Operator) -> Papers:
    (one, _) = operator.made(*SERIALS[2:4])
    operator.forget(2)
    text = one.text.replace(b'"named":2', b'"named":1')
    operator._put(Kind.CHECKPOINT, one.subject, text, 0, one.document, "")
    took = operator.tries_to_seal()
    return Papers(operator.bundle(one.subject, batch=BATCH), took=took)


@attack("Put two entries at one place of a stream")
def _(operator: Operator) -> Papers:
    stored(operator)
    (_, second) = operator.stream(ITEM)
    third = replace(second, index=len(operator.written), header=replace(second.header, at=second.header.at + 1))
    operator.written.append(third)
    took = operator.tries_to_seal()
    return Papers(operator.bundle(ITEM, batch=BATCH), took=took)


# -- promises


def promised(operator: Operator) -> tuple[dict[str, Any], dict[str, Any]]:
    """An entry's receipt, for a seal within the hour, and what the site answers of the entry until then."""
    (waiting,) = stored(operator)
    issued = int(operator.clock.now)
    kept = operator.receipt(waiting.index, waiting.leaf, issued=issued, until=issued + 3600)
    return kept, operator.entry(waiting.index)


@attack("Give a receipt and never seal")
def _(operator: Operator) -> Papers:
    kept, answer = promised(operator)
    operator.clock.now += 7200
    operator.world.chain.transact(operator.world.chain.prepare_appeal(operator.world.signer("operator"), b"a block"))
    return Papers(receipt=kept, answer=answer)


@attack("Seal late")
def _(operator: Operator) -> Papers:
    kept, _ = promised(operator)
    operator.clock.now += 7200
    took = operator.tries_to_seal()
    return Papers(took=took, receipt=kept, answer=operator.entry(kept["index"]))


@attack("Give a receipt and seal something else in its place")
def _(operator: Operator) -> Papers:
    kept, _ = promised(operator)
    operator.written.pop()
    operator.event(PARTNER, bizStep="storing", epcList=[link(subjects.item(GTIN, SERIALS[1]))])
    took = operator.tries_to_seal()
    return Papers(took=took, receipt=kept, answer=operator.entry(kept["index"]))


# -- signatures


@attack("Replay a signature in another stream")
def _(operator: Operator) -> Papers:
    (listed,) = operator.stream(PRODUCT)
    other = subjects.product("09521141000014")
    body = json.loads(listed.text) | {"subject": other}
    operator.append(Kind.PRODUCT, other, body, document=listed.document)
    took = operator.tries_to_seal()
    return Papers(operator.bundle(other), took=took)


@attack("Replay a signature of another deployment")
def _(operator: Operator) -> Papers:
    public = {"document": operator.document({"name": "碧螺春"})}
    signed = operator.sign(MERCHANT, Kind.PRODUCT, PRODUCT, public)
    elsewhere = statements.domain(31337, "0x" + "5c" * 20)
    signed = replace(signed, signature=MERCHANT.sign(signed.statement.digest(elsewhere)))
    operator.append(Kind.PRODUCT, PRODUCT, rules.body_of(signed, public), document=public["document"])
    took = operator.tries_to_seal()
    return Papers(operator.bundle(PRODUCT), took=took)


# -- reviews


def sold(operator: Operator) -> None:
    """An order of three, and three rights that are claimed."""
    operator.order(ORDER, (BATCH, 3))
    operator.issue("one", "two", "three")
    for name in ("one", "two", "three"):
        operator.claim(name)


def reviews(operator: Operator, *, limit: int = 20) -> Papers:
    """What a reader of the reviews is shown, after a seal."""
    took = operator.tries_to_seal()
    return Papers(operator.bundle(REVIEWS, limit=limit, support=claims(operator)), took=took)


@attack("Use a right twice")
def _(operator: Operator) -> Papers:
    sold(operator)
    operator.review("one", 5)
    operator.shop(Shopper("one"), Kind.REVIEW, REVIEWS, {
        "right": right("one"), "batch": BATCH, "stars": 5, "private": private_of("once more"),
    }, arg=5)  # fmt: skip
    return reviews(operator)


@attack("Write a review without a right")
def _(operator: Operator) -> Papers:
    sold(operator)
    operator.review("nobody", 5)
    return reviews(operator)


@attack("Change a tally outside the window shown")
def _(operator: Operator) -> Papers:
    sold(operator)
    operator.review("one", 1)
    operator.bend(state=bytes(14) + b"\1" + bytes(17))
    operator.review("two", 4)
    operator.review("three", 4)
    shown = reviews(operator, limit=1)
    return replace(shown, files=[operator.bundle(REVIEWS, support=claims(operator))])


@attack("Withhold a review without counting it")
def _(operator: Operator) -> Papers:
    sold(operator)
    operator.review("one", 1)
    before = operator.written[-1].header.state
    operator.withhold("one", 1)
    operator.bend(state=before)
    return reviews(operator)


@attack("Withhold a review for a reason that is on no list")
def _(operator: Operator) -> Papers:
    sold(operator)
    operator.review("one", 1)
    operator.withhold("one", 1, reason="bad for business")
    return reviews(operator)


@attack("Drop a review from the stream")
def _(operator: Operator) -> Papers:
    sold(operator)
    for name, stars in (("one", 5), ("two", 1), ("three", 5)):
        operator.review(name, stars)
    shown = reviews(operator)
    assert shown.bundle is not None
    shown.bundle["entries"].pop(1)
    return shown


# -- the table


def rows() -> dict[str, Noticed]:
    """The table: who notices, by attack."""
    found = {}
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if line.startswith("| ") and len(cells) == 5 and cells[0] != "attack":
            found[cells[0]] = Noticed(*cells[1:])
    return found


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    monkeypatch.setattr(keystore, "WORK", 2)
    with operating(tmp_path, monkeypatch) as one:
        yield one


def test_the_table_has_every_attack_that_is_tried() -> None:
    assert list(ATTACKS) == list(rows())


def test_an_honest_journal_gives_nobody_anything_to_say(operator: Operator) -> None:
    assert operator.noticed(Papers(operator.bundle(ITEM, batch=BATCH))) == Noticed("—", "holds", "clean", "—")


@pytest.mark.parametrize("name", ATTACKS)
def test_who_notices_says_what_the_table_says(operator: Operator, name: str) -> None:
    assert operator.noticed(ATTACKS[name](operator)) == rows().get(name)


def test_what_else_the_table_names_is_tested() -> None:
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", TABLE.read_text())
    assert len(named) >= 9
    assert [one for one in named if f"\ndef {one[1]}(" not in (TESTS / one[0]).read_text()] == []
