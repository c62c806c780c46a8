"""Events of this project's own to test with, and the strategies that make them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

CONTEXT: list[Any] = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"tea": "https://tea.example/ns/", "vat": "https://vat.example#"},
]
SET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
URN_SAFE = "!'()*+,:;="


def object_event(**changes: Any) -> dict[str, Any]:
    """A typical event; `changes` replace members, None takes one away. An underscore stands for a colon."""
    event: dict[str, Any] = {
        "@context": CONTEXT,
        "type": "ObjectEvent",
        "eventTime": "2026-11-24T10:00:00.000+08:00",
        "eventTimeZoneOffset": "+08:00",
        "epcList": ["urn:epc:id:sgtin:9521141.001234.2017", "https://id.gs1.org/01/09521141012345/21/2018"],
        "action": "OBSERVE",
        "bizStep": "shipping",
        "disposition": "in_transit",
        "readPoint": {"id": "urn:epc:id:sgln:9521141.00001.0", "tea:gate": "4"},
        "bizLocation": {"id": "urn:epc:id:sgln:9521141.00002.0"},
        "bizTransactionList": [
            {"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:9521141000021:4711"},
            {"type": "desadv", "bizTransaction": "urn:epcglobal:cbv:bt:9521141000021:4712"},
        ],
        "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:9521141.00000"}],
        "destinationList": [{"type": "location", "destination": "urn:epc:id:sgln:9521141.00003.7"}],
        "sensorElementList": [
            {
                "sensorMetadata": {"time": "2026-11-24T09:55:00+08:00", "deviceID": "urn:epc:id:giai:9521141.1"},
                "sensorReport": [
                    {"type": "Temperature", "value": 4.5, "uom": "CEL", "tea:sealed": True},
                    {"type": "RelativeHumidity", "value": 40, "uom": "P1"},
                ],
            }
        ],
        "tea:harvest": {"tea:garden": "Longjing", "tea:plots": [3, 1]},
        "vat:batch": "2026-A",
    }
    event.update(changes)
    return {name: value for name, value in event.items() if value is not None}


def document(*events: dict[str, Any]) -> dict[str, Any]:
    return {
        "@context": CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-11-24T02:00:00Z",
        "epcisBody": {"eventList": [{n: v for n, v in event.items() if n != "@context"} for event in events]},
    }


def mod10(digits: str) -> str:
    """GS1 check digit, the slow way."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str((10 - total % 10) % 10)


@st.composite
def epc_forms(draw: st.DrawFn) -> tuple[str, str, str]:
    """(URN, Digital Link on some host, subject) of one thing."""
    prefix = draw(st.from_regex(r"[0-9]{6,12}", fullmatch=True))
    host = draw(st.sampled_from(["https://id.gs1.org", "http://brand.example/some/way", "https://b.example:8443"]))
    text = draw(st.text(SET_82, min_size=1, max_size=20))
    escaped, urn_text = quote(text, safe=""), quote(text, safe=URN_SAFE)
    kind = draw(st.sampled_from(["sgtin", "lgtin", "sscc", "sgln", "pgln", "grai", "gsrn"]))
    size = {"sgtin": 13, "lgtin": 13, "sscc": 17, "gsrn": 17}.get(kind, 12) - len(prefix)
    reference = draw(st.from_regex(rf"[0-9]{{{size}}}", fullmatch=True))
    if kind in ("sgtin", "lgtin"):
        body = reference[0] + prefix + reference[1:]
        scheme, ai = ("id:sgtin", "21") if kind == "sgtin" else ("class:lgtin", "10")
        urn, path = f"urn:epc:{scheme}:{prefix}.{reference}.{urn_text}", f"/01/{body}{mod10(body)}/{ai}/{escaped}"
    elif kind == "sscc":
        body = reference[0] + prefix + reference[1:]
        urn, path = f"urn:epc:id:sscc:{prefix}.{reference}", f"/00/{body}{mod10(body)}"
    elif kind == "sgln":
        body = prefix + reference
        bare = text == "0"
        urn = f"urn:epc:id:sgln:{prefix}.{reference}.{urn_text}"
        path = f"/414/{body}{mod10(body)}" + ("" if bare else f"/254/{escaped}")
    elif kind == "grai":
        body = "0" + prefix + reference
        urn = f"urn:epc:id:grai:{prefix}.{reference}.{quote(text[:16], safe=URN_SAFE)}"
        path = f"/8003/{body}{mod10(body)}{quote(text[:16], safe='')}"
    else:
        body = prefix + reference
        scheme, key = ("pgln", "417") if kind == "pgln" else ("gsrn", "8018")
        urn, path = f"urn:epc:id:{scheme}:{prefix}.{reference}", f"/{key}/{body}{mod10(body)}"
    return urn, host + path, path


scalars = st.one_of(
    st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8).map("t{}".format),
    st.integers(-(2**53), 2**53),
    st.floats(-1e6, 1e6),
    st.booleans(),
)
names = st.from_regex(r"(tea|vat):[a-z]{1,6}", fullmatch=True)
extensions = st.dictionaries(
    names,
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=3,
)
