"""Contents: what a parcel holds, as its packing and unpacking events tell it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from suyuan.core.epcis.identifiers import subject_of
from suyuan.core.epcis.model import Event


@dataclass(frozen=True, slots=True)
class Held:
    """Subjects of what is told apart, and amounts (None: not said) of what is not, by class and unit."""

    pieces: tuple[str, ...]
    amounts: dict[tuple[str, str], float | None]


def held_in(parcel: str, events: Iterable[Event]) -> Held:
    """What a parcel holds after these events, which come in the order of their times. `parcel`: its subject."""
    pieces: dict[str, None] = {}
    amounts: dict[tuple[str, str], float | None] = {}
    for event in events:
        if event.type != "AggregationEvent" or event.parent_id is None or subject_of(event.parent_id) != parcel:
            continue
        children = [subject_of(epc) for epc in event.child_epcs]
        classes = [((subject_of(q.epc_class), q.uom or ""), q.quantity) for q in event.child_quantity_list]
        if event.action == "DELETE":
            if not children and not classes:
                pieces, amounts = {}, {}
            for child in children:
                pieces.pop(child, None)
            for what, amount in classes:
                before = amounts.pop(what, None)
                if before is not None and amount is not None and before > amount:
                    amounts[what] = before - amount
            continue
        if event.action == "OBSERVE":  # what was seen in it, packed by whomever
            pieces |= dict.fromkeys(children)
            amounts = {**dict(classes), **amounts}
            continue
        pieces |= dict.fromkeys(children)
        for what, amount in classes:
            before = amounts.get(what, 0)
            amounts[what] = None if before is None or amount is None else before + amount
    return Held(tuple(pieces), amounts)
