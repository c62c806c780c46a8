"""`suyuan shop`, `order` and `parcel`: a shop's whole day from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from live import GTIN, URL, Live, key_file
from shopping import SECRET, SHOP, add_shop, rows, sscc

Run = Callable[..., tuple[int, str, str]]
ORDER: dict[str, Any] = {
    "reference": "XY-1",
    "buyer": "u-1",
    "lines": [
        {"gtin": GTIN, "lot": "L1", "quantity": 2, "items": ["A1", "A2"]},
        {"gtin": GTIN, "lot": "L1", "quantity": 1},
    ],
    "contact": {"name": "王小明"},
}


@pytest.fixture
def said(live: Live, site: str, tmp_path: Path) -> list[str]:
    """What every shop's command is told."""
    live.list_and_register()
    add_shop(live)
    file = tmp_path / "secret"
    file.write_text(SECRET.hex() + "\n")
    return ["--shop", SHOP, "--secret-file", str(file), "--url", site]


@pytest.fixture
def order(tmp_path: Path) -> Path:
    file = tmp_path / "order.json"
    file.write_text(json.dumps(ORDER))
    return file


def test_an_order_goes_from_the_shop_to_its_buyer(
    live: Live, run: Run, said: list[str], order: Path, tmp_path: Path
) -> None:
    code, out, err = run("order", "place", order, *said)
    assert (code, err) == (0, "")
    assert out.startswith("/order/")
    key, password = key_file(live, "merchant")
    packs = ["--pack", order, "--key", key, "--password-file", password]
    code, out, _ = run("order", "ship", "XY-1", sscc(1), *packs, *said)
    assert (code, out) == (0, f"/00/{sscc(1)} is on its way with line 0, 1\n")
    links = tmp_path / "links"
    deliver = ["order", "deliver", "XY-1", sscc(1), "--links", links, *said]
    code, link, _ = run(*deliver)
    assert code == 0
    site, _, secret = link.strip().partition("/claim#")
    assert (site, len(bytes.fromhex(secret))) == (live.node.settings.url, 16)
    assert (links / sscc(1)).stat().st_mode & 0o077 == 0
    assert run(*deliver)[1] == link  # sent again, the buyer's link is the same
    code, out, _ = run("order", "show", "XY-1", *said)
    assert [p["deliveredAt"] is None for p in json.loads(out)["parcels"]] == [False]
    assert len(rows(live, "SELECT * FROM rights")) == 2
    live.node.seal_now(rights=True)
    live.assert_clean()


def test_lines_go_in_parcels_of_their_own(live: Live, run: Run, said: list[str], order: Path) -> None:
    run("order", "place", order, *said)
    key, password = key_file(live, "merchant")
    packs = ["--pack", order, "--key", key, "--password-file", password, "--line", 1]
    code, out, _ = run("order", "ship", "XY-1", sscc(1), "--json", *packs, *said)
    assert (code, json.loads(out)) == (0, {"parcel": f"/00/{sscc(1)}", "lines": [1]})
    code, out, _ = run("order", "ship", "XY-1", sscc(2), "--json", *said)
    assert json.loads(out)["lines"] == [0]


def test_what_a_shop_is_refused_is_one_line_and_a_code(
    live: Live, run: Run, said: list[str], order: Path, tmp_path: Path
) -> None:
    links = ["--links", tmp_path / "links"]
    assert run("order", "ship", "XY-1", sscc(1), *said)[0] == 73
    code, _, err = run("order", "deliver", "XY-1", sscc(1), *links, *said)
    assert (code, err.count("\n")) in ((73, 1), (66, 1))
    assert run("order", "deliver", "XY-1", "../x", *links, *said)[0] == 65
    assert run("order", "ship", "XY-1", sscc(1), "--pack", order, *said)[0] == 65
    other = tmp_path / "other"
    other.write_text("00" * 32)
    code, _, err = run("order", "place", order, "--shop", SHOP, "--secret-file", other, *said[4:])
    assert (code, err.count("\n")) == (77, 1)
    order.write_text(json.dumps({**ORDER, "buyer": "4111111111111111"}))
    code, _, err = run("order", "place", order, *said)
    assert (code, "4111" in err) == (65, False)


def test_a_shop_is_added_and_its_secret_is_never_shown(
    live: Live, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = live.node.settings
    monkeypatch.setenv("SUYUAN_DATA", str(settings.data))
    monkeypatch.setenv("SUYUAN_DATABASE_URL", settings.database_url)
    file = tmp_path / "secret"
    merchant = live.signers["merchant"].address
    code, out, err = run("shop", "add", "xianyu", "--merchant", merchant, "--secret-file", file)
    assert (code, err) == (0, "")
    secret = file.read_text().strip()
    assert len(bytes.fromhex(secret)) == 32
    assert secret not in out
    assert file.stat().st_mode & 0o077 == 0
    assert run("shop", "add", "other", "--merchant", merchant, "--secret-file", file)[0] == 73
    again = tmp_path / "again"
    assert run("shop", "add", "xianyu", "--merchant", merchant, "--secret-file", again)[0] == 73
    assert run("shop", "add", "nobodys", "--merchant", "0x" + "00" * 20, "--secret-file", again)[0] == 66
    assert not again.exists()
    assert file.read_text().strip() == secret


def test_a_parcels_label_leads_to_its_page(live: Live, site: str, run: Run, tmp_path: Path) -> None:
    png, pdf = tmp_path / "label.png", tmp_path / "label.pdf"
    assert run("parcel", "label", sscc(1), png, "--url", site)[0] == 0
    with Image.open(png) as image:
        (code,) = zxingcpp.read_barcodes(image)
    assert code.text == f"{live.node.settings.url}/00/{sscc(1)}"
    assert run("parcel", "label", sscc(1), pdf, "--url", site)[0] == 0
    assert pdf.read_bytes().startswith(b"%PDF")
    assert run("parcel", "label", "123", pdf, "--url", site)[0] == 65
    assert URL
