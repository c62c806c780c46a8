"""A journal that went on in a second deployment, and what readers may be shown of either: for both verifiers' tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from journal_builder import (
    BATCH,
    CHAIN,
    ITEM,
    JOURNAL,
    PALLET,
    PRODUCT,
    REVIEWS,
    RIGHTS,
    FakeJudge,
    Journal,
    build_market,
    changed,
    claims,
)
from suyuan.core.proof import Deployment, Seal

NEXT, THIRD, IMPOSTOR, NEXT_MERCHANTS = ("0x" + byte * 20 for byte in ("4d", "5e", "6f", "7a"))


@dataclass(frozen=True)
class Succession:
    """Bundles by name, of the first journal, the second (other registries) and a third; their judges by address."""

    bundles: dict[str, Any]
    judges: dict[str, FakeJudge]
    handed: Seal
    now: int


@cache
def succession() -> Succession:
    """Shared: not to be written to."""
    journal = build_market()
    bundles = {
        "first: item": journal.bundle(ITEM, batch=BATCH, containers=[PALLET]),
        "first: reviews": journal.bundle(REVIEWS, support=claims(journal)),
        "first: product": journal.bundle(PRODUCT),
    }
    handed = journal.seals[-1]
    journal.succeed(NEXT, NEXT_MERCHANTS)
    _sell(journal, "ten")
    journal.seal()
    bundles |= {
        "second: item": journal.bundle(ITEM, batch=BATCH, containers=[PALLET]),
        "second: reviews": journal.bundle(REVIEWS, support=claims(journal)),
        "second: rights": journal.bundle(RIGHTS),
    }
    second = journal.judge()
    journal.succeed(THIRD)
    _sell(journal, "eleven")
    journal.seal()
    bundles["third: reviews"] = journal.bundle(REVIEWS, support=claims(journal))
    bundles["impostor: reviews"] = changed(bundles["third: reviews"], "chain/journal", IMPOSTOR)
    third = journal.judge()
    assert second.before is not None
    first = second.before[0]
    third.before = (second, third.before[1]) if third.before else None
    impostor = replace(third, of=Deployment(CHAIN, IMPOSTOR), before=(second, second.seals[-1]))
    judges = {JOURNAL: first, NEXT: second, THIRD: third, IMPOSTOR: impostor}
    for judge in judges.values():
        judge.others = [one for one in judges.values() if one is not judge]
    return Succession(bundles, judges, handed, journal.at // 1000 + 300)


def _sell(journal: Journal, name: str) -> None:
    """One more review, from its right on."""
    journal.issue(name)
    journal.claim(name)
    journal.review(name, 5)
