"""What a parcel holds follows from what was put in and taken out, in that order."""

from __future__ import annotations

from typing import Any

import pytest

from live import GTIN, SSCC, epc, packing
from suyuan.core.epcis.model import Event, parse_event
from suyuan.services.contents import held_in

PARCEL = f"/00/{SSCC}"
PARENT = f"https://id.gs1.org{PARCEL}"
LOT = f"/01/{GTIN}/10/L1"


def packed(*serials: str, lot: float | None = None, **changes: Any) -> Event:
    amounts = [{"epcClass": f"https://id.gs1.org{LOT}", "quantity": lot}] if lot is not None else None
    return parse_event({**packing(PARENT, *map(epc, serials), childQuantityList=amounts), **changes})


def item(serial: str) -> str:
    return f"/01/{GTIN}/21/{serial}"


@pytest.mark.parametrize(
    ("events", "pieces", "amount"),
    [
        ([], (), None),
        ([packed("A1", "A2")], ("A1", "A2"), None),
        ([packed("A1"), packed("A1", "A2", lot=3)], ("A1", "A2"), 3),
        ([packed("A1", lot=3), packed(lot=2)], ("A1",), 5),
        ([packed("A1", "A2", lot=3), packed("A1", lot=1, action="DELETE")], ("A2",), 2),
        ([packed(lot=3), packed(lot=3, action="DELETE")], (), None),
        ([packed("A1", lot=3), packed(action="DELETE")], (), None),
        ([packed("A1", action="OBSERVE"), packed("A2")], ("A1", "A2"), None),
        ([packed("A1", parentID="https://id.gs1.org/00/095211410000000021")], (), None),
    ],
)
def test_a_parcel_holds_what_was_put_in_and_not_taken_out(
    events: list[Event], pieces: tuple[str, ...], amount: float | None
) -> None:
    held = held_in(PARCEL, events)
    assert set(held.pieces) == set(map(item, pieces))
    assert held.amounts == ({} if amount is None else {(LOT, ""): amount})
