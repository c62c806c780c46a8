"""The door for shops: signed requests, problem documents for all else, and a description that others can build on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from live import GTIN, Live
from shopping import SECRET, SHOP, add_shop, line, order_counts, sscc
from suyuan.api.orders import BODY_LIMIT
from suyuan.core import canonical
from suyuan.core.messages import signature_of
from suyuan.shop import Shop

ORDER: dict[str, Any] = {"reference": "XY-1", "buyer": "u-1", "lines": [{"gtin": GTIN, "lot": "L1", "quantity": 1}]}


@pytest.fixture
def shop(live: Live) -> Shop:
    live.list_and_register()
    return add_shop(live)


def send(
    live: Live, body: bytes, path: str = "/v1/orders", *, message: str = "m1", at: int = 0, secret: bytes = SECRET,
    signed: bytes | None = None, shop: str = SHOP, method: str = "POST", **headers: str,
) -> httpx.Response:  # fmt: skip
    now = int(time.time()) + at
    given = {
        "content-type": "application/json",
        "suyuan-shop": shop,
        "suyuan-time": str(now),
        "suyuan-message": message,
        "suyuan-signature": signature_of(secret, now, message, method, path, body if signed is None else signed),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return live.http.request(method, path, content=body, headers=given)  # type: ignore[return-value]


def problem(response: httpx.Response, status: int, words: str = "") -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    value: dict[str, Any] = response.json()
    assert words in value["detail"]
    return value


def test_an_order_is_taken_and_its_replay_does_nothing(live: Live, shop: Shop) -> None:
    body = canonical.encode(ORDER)
    first = send(live, body)
    assert first.status_code == 201
    assert set(first.json()) == {"order", "index", "receipt"}
    before = order_counts(live)
    again = send(live, body, at=1)
    assert (again.status_code, again.json()) == (201, first.json())
    assert order_counts(live) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"signed": b"{}"},
        {"secret": b"x" * 32},
        {"shop": "nobody"},
        {"at": -400},
        {"at": 400},
        {"suyuan_message": "m2"},
        {"suyuan_signature": ""},
        {"suyuan_signature": "00" * 32},
    ],
)
def test_what_is_not_signed_as_it_came_is_refused(live: Live, shop: Shop, changes: dict[str, Any]) -> None:
    before = order_counts(live)
    problem(send(live, canonical.encode(ORDER), **changes), 401)
    assert order_counts(live) == before


def test_a_signature_is_for_one_path_and_method(live: Live, shop: Shop) -> None:
    now = str(int(time.time()))
    body = canonical.encode({"sscc": sscc(1)})
    headers = {
        "content-type": "application/json",
        "suyuan-shop": SHOP,
        "suyuan-time": now,
        "suyuan-message": "m",
        "suyuan-signature": signature_of(SECRET, now, "m", "POST", "/v1/orders/A/shipments", body),
    }
    problem(live.http.post("/v1/orders/A/shipments", content=body, headers=headers), 409, "send again after the order")
    problem(live.http.post("/v1/orders/B/shipments", content=body, headers=headers), 401)
    problem(live.http.post("/v1/orders/A/deliveries", content=body, headers=headers), 401)


@pytest.mark.parametrize("name", ["suyuan-shop", "suyuan-time", "suyuan-message", "suyuan-signature"])
def test_every_header_stands_once(live: Live, shop: Shop, name: str) -> None:
    body = canonical.encode(ORDER)
    now = str(int(time.time()))
    headers = {
        "content-type": "application/json", "suyuan-shop": SHOP, "suyuan-time": now, "suyuan-message": "m",
        "suyuan-signature": signature_of(SECRET, now, "m", "POST", "/v1/orders", body),
    }  # fmt: skip
    without = {n: v for n, v in headers.items() if n != name}
    problem(live.http.post("/v1/orders", content=body, headers=without), 400, "stands once")
    twice = [*headers.items(), (name, headers[name])]
    problem(live.http.post("/v1/orders", content=body, headers=twice), 400, "stands once")


def test_a_huge_body_another_type_and_no_json_are_refused(live: Live, shop: Shop) -> None:
    problem(send(live, b" " * (BODY_LIMIT + 1)), 413)
    problem(send(live, canonical.encode(ORDER), content_type="text/plain"), 415)
    for body in (b"", b"{", b"[]", b'"x"', b"\xff", b'{"a":1,"a":2}', b"[" * 100_000):
        problem(send(live, body), 400)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"card": "x"}, "body"),
        ({"reference": "a/b"}, "reference"),
        ({"reference": ""}, "reference"),
        ({"reference": ".."}, "reference"),
        ({"reference": "x" * 65}, "reference"),
        ({"reference": None}, "reference"),
        ({"buyer": " "}, "buyer"),
        ({"buyer": "a\x00"}, "buyer"),
        ({"buyer": "x" * 129}, "buyer"),
        ({"lines": []}, "lines"),
        ({"lines": [{"gtin": GTIN, "lot": "L1", "quantity": 1}] * 201}, "lines"),
        ({"lines": [7]}, "lines/0"),
        ({"lines": [{"gtin": GTIN, "lot": "L1", "quantity": 0}]}, "lines/0/quantity"),
        ({"lines": [{"gtin": GTIN, "lot": "L1", "quantity": True}]}, "lines/0/quantity"),
        ({"lines": [{"gtin": GTIN, "lot": "L1", "quantity": 1.5}]}, "lines/0/quantity"),
        ({"lines": [{"gtin": GTIN, "lot": "L1", "quantity": 2**40}]}, "lines/0/quantity"),
        ({"lines": [{"gtin": "09521141012346", "lot": "L1", "quantity": 1}]}, "lines/0/gtin"),
        ({"lines": [{"gtin": 9521141012345, "lot": "L1", "quantity": 1}]}, "lines/0/gtin"),
        ({"lines": [{"gtin": GTIN, "lot": "蟹", "quantity": 1}]}, "lines/0/lot"),
        ({"lines": [{"gtin": GTIN, "lot": "x" * 21, "quantity": 1}]}, "lines/0/lot"),
        ({"lines": [{"gtin": GTIN, "lot": "L1", "quantity": 1, "price": 3}]}, "lines/0"),
        ({"lines": [{"gtin": GTIN, "lot": "L1", "quantity": 2, "items": ["A1"]}]}, "lines/0/items"),
        ({"lines": [{"gtin": GTIN, "lot": "L1", "quantity": 1, "items": [""]}]}, "lines/0/items/0"),
        ({"lines": [{"gtin": GTIN, "lot": "L1", "quantity": 1, "items": [1]}]}, "lines/0/items/0"),
        ({"lines": [{"gtin": GTIN, "lot": "L1"}]}, "lines/0/quantity"),
        ({"contact": {"wechat": "x"}}, "contact"),
        ({"contact": {"name": 7}}, "contact/name"),
        ({"contact": []}, "contact"),
        ({"payment": {"provider": "x"}}, "payment/reference"),
        ({"payment": {"provider": "x", "reference": "y", "account": "z"}}, "payment"),
    ],
)
def test_a_member_that_is_wrong_is_named_and_not_repeated(
    live: Live, shop: Shop, change: dict[str, Any], where: str
) -> None:
    before = order_counts(live)
    answer = problem(send(live, canonical.encode({**ORDER, **change})), 400)
    assert answer["where"] == where
    assert order_counts(live) == before


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("shipments", {"sscc": sscc(1)[:-1] + "x"}, "sscc"),
        ("shipments", {"sscc": "095211410000000015"}, "sscc"),
        ("shipments", {"sscc": sscc(1), "lines": []}, "lines"),
        ("shipments", {"sscc": sscc(1), "lines": [0, 0]}, "lines"),
        ("shipments", {"sscc": sscc(1), "lines": [-1]}, "lines"),
        ("shipments", {"sscc": sscc(1), "lines": [True]}, "lines"),
        ("shipments", {"sscc": sscc(1), "event": []}, "event"),
        ("shipments", {"sscc": sscc(1), "to": "x"}, "body"),
        ("deliveries", {"sscc": sscc(1)}, "rights"),
        ("deliveries", {"sscc": sscc(1), "rights": []}, "rights"),
        ("deliveries", {"sscc": sscc(1), "rights": ["AB" * 32]}, "rights/0"),
        ("deliveries", {"sscc": sscc(1), "rights": ["ab" * 32] * 2}, "rights"),
    ],
)
def test_a_shipment_or_delivery_that_is_wrong_is_named(
    live: Live, shop: Shop, path: str, value: dict[str, Any], where: str
) -> None:
    path = f"/v1/orders/XY-1/{path}"
    assert problem(send(live, canonical.encode(value), path), 400)["where"] == where


def test_an_unsigned_packing_event_is_refused(live: Live, shop: Shop) -> None:
    shop.place("XY-1", "u", [line(quantity=1)])
    value = {"sscc": sscc(1), "event": {"type": "AggregationEvent"}}
    problem(send(live, canonical.encode(value), "/v1/orders/XY-1/shipments"), 400)


def test_an_order_number_may_hold_what_a_path_escapes(live: Live, shop: Shop) -> None:
    number = "#10%25?x=1&y"
    shop.place(number, "u", [line(quantity=1)])
    shop.ship(number, sscc(1))
    assert shop.order(number)["lines"] == [{"batch": f"/01/{GTIN}/10/L1", "quantity": 1, "parcel": f"/00/{sscc(1)}"}]
    problem(send(live, b"", "/v1/orders/none", method="GET"), 404)
    problem(live.http.get("/v1/orders/none"), 400)  # type: ignore[arg-type]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(1 - 2**53, 2**53 - 1)
    | st.text(max_size=20)
    | st.sampled_from([GTIN, "L1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@pytest.fixture
def fuzzed(make_live: Callable[..., Live]) -> Live:
    live = make_live()
    live.list_and_register()
    shop = add_shop(live)
    shop.place("XY-1", "u", [line(quantity=1)])
    return live


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_shop_sends_is_taken_or_refused_with_a_reason(fuzzed: Live, data: st.DataObject) -> None:
    path, names = data.draw(
        st.sampled_from(
            [
                ("/v1/orders", ["reference", "buyer", "lines", "payment", "contact"]),
                ("/v1/orders/XY-1/shipments", ["sscc", "lines", "event"]),
                ("/v1/orders/XY-1/deliveries", ["sscc", "rights"]),
            ]
        )
    )
    value = data.draw(st.dictionaries(st.sampled_from(names) | st.text(max_size=8), values, max_size=5))
    response = send(fuzzed, canonical.encode(value), path)
    assert response.status_code in (400, 404, 409, 422), response.text
    assert response.headers["content-type"] == "application/problem+json"


def test_the_description_says_what_the_site_does(live: Live, shop: Shop) -> None:
    description = live.http.get("/openapi.json").json()
    paths = {path: item for path, item in description["paths"].items() if path.startswith("/v1/orders")}
    assert set(paths) == {
        "/v1/orders",
        "/v1/orders/{reference}",
        "/v1/orders/{reference}/shipments",
        "/v1/orders/{reference}/deliveries",
    }
    for path, methods in paths.items():
        for operation in methods.values():
            names = {p["name"] for p in operation["parameters"]}
            assert {"Suyuan-Shop", "Suyuan-Time", "Suyuan-Message", "Suyuan-Signature"} <= names
            assert ("{reference}" in path) == ("reference" in names)
            if "requestBody" in operation:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                Draft202012Validator.check_schema(schema)
                Draft202012Validator(schema).validate(schema["example"])
    schema = paths["/v1/orders"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert send(live, canonical.encode(schema["example"])).status_code == 201
