"""The demo's content: three merchants, their partners, six batches and what became of them.

`story()` gives all of it. Pure and always the same: no clock, no randomness, no IO. Who tells it signs, makes the
scratch codes and speaks HTTP.
"""

from __future__ import annotations

from itertools import groupby

from demo_story import crabs, formula, rice
from demo_story.cast import ASSETS, PARTICIPANTS
from demo_story.goods import (
    BATCHES,
    CRAB_CASE,
    CRAB_FEMALE,
    CRABS_NOVEMBER,
    CRABS_OCTOBER,
    FORMULA,
    FORMULA_GOOD,
    FORMULA_PALLET_WARM,
    FORMULA_RECALLED,
    LOTS,
    MATERIALS,
    PARCELS,
    PRODUCTS,
    RICE_5KG,
    RICE_EAST,
    RICE_PALLET,
    RICE_WEST,
)
from demo_story.model import (
    Asset,
    Batch,
    Capture,
    Example,
    Lot,
    Parcel,
    Participant,
    Place,
    Product,
    Recall,
    Story,
    Text,
    Waypoint,
    Written,
)
from demo_story.scribe import CONTEXT

__all__ = [
    "Asset",
    "Batch",
    "Capture",
    "Example",
    "Lot",
    "Parcel",
    "Participant",
    "Place",
    "Product",
    "Recall",
    "Story",
    "Text",
    "Waypoint",
    "Written",
    "story",
]


def story() -> Story:
    written = sorted(
        (*crabs.october(), *crabs.november(), *rice.rice(), *formula.formula()),
        key=lambda event: event.recorded,
    )
    return Story(
        participants=PARTICIPANTS,
        products=PRODUCTS,
        materials=MATERIALS,
        lots=LOTS,
        batches=BATCHES,
        parcels=PARCELS,
        assets=ASSETS,
        captures=tuple(
            _capture(author, list(events))
            for (author, _), events in groupby(written, key=lambda event: (event.author, event.recorded[:10]))
        ),
        recalls=(formula.RECALL,),
        examples=_examples(),
    )


def _capture(author: str, written: list[Written]) -> Capture:
    """What one author wrote in a day, before another took the pen."""
    document = {
        "@context": CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": written[-1].recorded,
        "epcisBody": {"eventList": [dict(one.event) for one in written]},
    }
    return Capture(author, document)


def _examples() -> tuple[Example, ...]:
    return (
        Example("product", CRAB_FEMALE.subject, CRAB_FEMALE.name),
        Example("product", RICE_5KG.subject, RICE_5KG.name),
        Example("product", FORMULA.subject, FORMULA.name),
        Example("batch", CRABS_OCTOBER.subject, Text("10 月的母蟹", "The females of October")),
        Example("batch", CRABS_NOVEMBER.subject, Text("11 月的公蟹", "The males of November")),
        Example("batch", RICE_EAST.subject, Text("3 号地块的大米", "Rice of field 3")),
        Example("batch", RICE_WEST.subject, Text("5 号地块的大米", "Rice of field 5")),
        Example("batch", FORMULA_GOOD.subject, Text("合格的一批奶粉", "The formula batch that is well")),
        Example("batch", FORMULA_RECALLED.subject, Text("已召回的一批奶粉", "The formula batch that was recalled")),
        Example("item", CRABS_OCTOBER.item(0).path, Text("静安店售出的一只蟹", "A crab sold in Jing'an")),
        Example("item", RICE_EAST.item(0).path, Text("朝阳店售出的一袋米", "A bag of rice sold in Chaoyang")),
        Example("item", FORMULA_GOOD.item(0).path, Text("合格的一罐奶粉", "A can of formula that is well")),
        Example("item", FORMULA_RECALLED.item(0).path, Text("召回前已售出的一罐", "A can sold before the recall")),
        Example(
            "item",
            FORMULA_RECALLED.item(6).path,
            Text("召回后销毁的一罐", "A can destroyed after the recall"),
        ),
        Example("parcel", CRAB_CASE.id.path, CRAB_CASE.name),
        Example("parcel", RICE_PALLET.id.path, RICE_PALLET.name),
        Example(
            "parcel",
            FORMULA_PALLET_WARM.id.path,
            Text("途中超温的托盘", "The pallet that got warm on the road"),
        ),
    )
