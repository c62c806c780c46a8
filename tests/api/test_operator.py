"""The operator's door: signs of faking, for whoever has the password in the node's own folder, and nobody else."""

from __future__ import annotations

import httpx
import pytest

from live import Live
from market import open_market


def password(live: Live) -> str:
    return (live.node.settings.data / "keys" / "operator-page").read_text()


@pytest.mark.parametrize("path", ["/v1/signs", "/operator/signs"])
@pytest.mark.parametrize("auth", [None, ("operator", ""), ("operator", "wrong"), ("somebody", None)])
def test_nobody_else_sees_them(live: Live, path: str, auth: tuple[str, str | None] | None) -> None:
    given = auth and httpx.BasicAuth(auth[0], password(live) if auth[1] is None else auth[1])
    answer = live.http.get(path, auth=given, headers={"accept": "text/html"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_the_password_is_for_its_owner_alone(live: Live) -> None:
    file = live.node.settings.data / "keys" / "operator-page"
    assert file.stat().st_mode & 0o077 == 0
    assert len(password(live)) >= 32


def test_the_operator_sees_what_departs_from_chance_with_its_evidence(live: Live) -> None:
    market = open_market(live)
    for _ in range(6):
        market.deliver(1, buyer="somebody")  # six orders of one product to one buyer, whose parcels nobody scanned
    auth = httpx.BasicAuth("operator", password(live))
    flags = live.http.get("/v1/signs", auth=auth).json()["flags"]
    assert "repeated-orders" in [flag["sign"] for flag in flags]
    (repeated,) = [flag for flag in flags if flag["sign"] == "repeated-orders"]
    assert repeated["evidence"]
    assert repeated["english"]
    assert repeated["chinese"]
    page = live.http.get("/operator/signs", auth=auth, headers={"accept": "text/html", "accept-language": "en"})
    assert page.status_code == 200
    assert repeated["english"] in page.text
    assert page.headers["cache-control"] == "no-store"
