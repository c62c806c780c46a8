"""Sheets: every code that is printed is read off the rendered page, and nothing that matters is cut."""

from __future__ import annotations

import random
import shutil
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
import reportlab
from hypothesis import given
from hypothesis import strategies as st

from qr.rendering import pages, texts
from suyuan_qr import gs1, labels
from suyuan_qr.errors import GS1Error
from suyuan_qr.labels import LAYOUTS, Deployment, Label, Layout

BASE = "https://id.example.cn"
GTIN = "6901234567892"
DEPLOYMENT = Deployment(31337, "0x8f3Cf7ad23Cd3CaDbD9735AFf958023239c6A063")
NAMES = ("武夷山正山小种 特级", "Lapsang Souchong, Wuyi")
CODED = ["2x4", "2x7", "3x7"]


def items(count: int, *, coded: bool) -> list[Label]:
    chance = random.Random(count)
    return [
        labels.item_label(
            *NAMES,
            GTIN,
            f"SN26{number:08}",
            lot="L2611-A",
            expires=date(2028, 11, 30),
            code=chance.randbytes(labels.CODE_BYTES) if coded else None,
        )
        for number in range(count)
    ]


def sheets(chosen: list[Label], layout: Layout, **options: object) -> bytes:
    out = BytesIO()
    labels.write_sheets(out, chosen, base=BASE, deployment=DEPLOYMENT, layout=layout, **options)  # type: ignore[arg-type]
    return out.getvalue()


def printed(chosen: list[Label]) -> list[str]:
    """What must be read off the sheets."""
    hidden = [labels.code_text(label.code) for label in chosen if label.code is not None]
    return sorted([label.uri(BASE) for label in chosen] + hidden)


def read(pdf: bytes, folder: Path) -> list[str]:
    return sorted(text for page in pages(pdf, folder) for text in texts(page))


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_code_of_a_sheet_is_read_back(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    chosen = items(layout.count + 2, coded=False)
    assert printed(chosen) == read(sheets(chosen, layout), tmp_path)


@pytest.mark.parametrize("name", CODED)
@pytest.mark.parametrize("level", ["M", "Q"])
def test_so_is_every_hidden_code(name: str, level: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    chosen = items(layout.count + 1, coded=True)
    assert printed(chosen) == read(sheets(chosen, layout, level=level, guides=True), tmp_path)


def test_batches_products_and_parcels_have_labels_too(tmp_path: Path) -> None:
    sscc = "06901234500000001"
    chosen = [
        labels.product_label(*NAMES, GTIN),
        labels.batch_label(*NAMES, GTIN, "L2611/A", expires=date(2028, 11, 30)),
        labels.parcel_label(*NAMES, sscc + gs1.check_digit(sscc)),
    ]
    expected = [f"{BASE}/01/06901234567892", f"{BASE}/01/06901234567892/10/L2611%2FA"]
    assert sorted([*expected, f"{BASE}/00/{sscc}{gs1.check_digit(sscc)}"]) == printed(chosen)
    for name, layout in LAYOUTS.items():
        folder = tmp_path / name
        folder.mkdir()
        assert printed(chosen) == read(sheets(chosen, layout), folder)


def test_labels_stand_where_the_sheet_is_cut(tmp_path: Path) -> None:
    layout = LAYOUTS["3x7"]
    (page,) = pages(sheets(items(layout.count, coded=True), layout), tmp_path, dpi=254)
    for row in range(layout.rows):
        for column in range(layout.columns):
            left = 10 * (layout.left + column * (layout.width + layout.across))
            top = 10 * (layout.top + row * (layout.height + layout.down))
            label = page.crop((int(left), int(top), int(left + 10 * layout.width), int(top + 10 * layout.height)))
            assert len(texts(label)) == 2
    inked = page.point([255] * 200 + [0] * 56).getbbox()
    assert inked is not None
    assert inked[0] >= 10 * layout.left
    assert inked[3] <= 10 * (layout.top + layout.rows * layout.height)


@pytest.mark.skipif(not shutil.which("pdftoppm"), reason="pdfium stands in no font for STSong-Light by itself")
def test_chinese_is_drawn(tmp_path: Path) -> None:
    blank = labels.product_label(" ", "Tea", GTIN)
    named = labels.product_label("武夷山正山小种", "Tea", GTIN)
    ink = []
    for number, label in enumerate((blank, named)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (page,) = pages(sheets([label], LAYOUTS["2x4"]), folder)
        ink.append(page.histogram()[0])
    assert ink[1] > ink[0] + 1000


def test_a_batch_that_is_written_twice_is_the_same_file() -> None:
    chosen = items(5, coded=True)
    assert sheets(chosen, LAYOUTS["3x7"]) == sheets(chosen, LAYOUTS["3x7"])


def test_a_started_sheet_can_be_used_up(tmp_path: Path) -> None:
    layout = LAYOUTS["5x13"]
    chosen = items(10, coded=False)
    found = list(pages(sheets(chosen, layout, skip=layout.count - 4), tmp_path))
    assert [len(texts(page)) for page in found] == [4, 6]


def test_progress_is_told_after_each_sheet() -> None:
    told: list[tuple[int, int]] = []
    sheets(items(50, coded=False), LAYOUTS["3x7"], progress=lambda done, total: told.append((done, total)))
    assert told == [(21, 50), (42, 50), (50, 50)]


@pytest.mark.parametrize(
    ("layout", "label"),
    [
        ("4x10", items(1, coded=True)[0]),
        ("5x13", items(1, coded=True)[0]),
        ("5x13", labels.item_label(*NAMES, GTIN, "%" * 20, lot="%" * 20)),
        ("3x7", labels.item_label("茶\n", "Tea", GTIN, "1")),
        ("3x7", labels.item_label("茶🍵", "Tea", GTIN, "1")),
    ],
)
def test_what_cannot_be_printed_well_is_refused(layout: str, label: Label) -> None:
    with pytest.raises(GS1Error):
        sheets([label], LAYOUTS[layout])


def test_long_names_are_shortened_and_long_serials_are_not(tmp_path: Path) -> None:
    chosen = [labels.item_label("长" * 200, "Long " * 80, GTIN, "W" * 20, lot="W" * 20, expires=date(2028, 1, 1))]
    assert printed(chosen) == read(sheets(chosen, LAYOUTS["3x7"]), tmp_path)


def test_elements_are_checked() -> None:
    with pytest.raises(GS1Error):
        labels.item_label(*NAMES, GTIN[:-1] + "3", "1")
    with pytest.raises(GS1Error):
        labels.item_label(*NAMES, GTIN, "茶")
    with pytest.raises(GS1Error):
        labels.item_label(*NAMES, GTIN, "1", code=b"short")
    with pytest.raises(GS1Error):
        labels.item_label(*NAMES, GTIN, "1", expires=date(2100, 1, 1))
    with pytest.raises(GS1Error):
        Deployment(1, "0x1234")


@given(st.binary(min_size=16, max_size=16), st.sampled_from([" ", "-", "", "\n"]), st.booleans())
def test_typed_codes_come_back(code: bytes, gap: str, lower: bool) -> None:
    text = labels.code_text(code)
    assert len(text) == labels.CODE_CHARACTERS
    typed = gap.join(text[at : at + 3] for at in range(0, len(text), 3)).replace("O", "0").replace("I", "1")
    assert code == labels.parse_code_text(typed.lower() if lower else typed)


@given(st.text(max_size=30))
def test_other_texts_are_no_codes(text: str) -> None:
    try:
        assert len(labels.parse_code_text(text)) == 16
    except GS1Error:
        return


@pytest.mark.parametrize("text", ["", "A" * 25, "A" * 27, "A" * 25 + "B", "!" * 26])
def test_codes_that_are_not_whole_are_refused(text: str) -> None:
    with pytest.raises(GS1Error):
        labels.parse_code_text(text)


def test_a_typeface_without_chinese_is_refused() -> None:
    typeface = Path(reportlab.__file__).parent / "fonts/Vera.ttf"
    with pytest.raises(GS1Error, match="cannot show"):
        sheets([labels.product_label("Tea", "Tea", GTIN)], LAYOUTS["3x7"], typeface=typeface)


def test_pages_are_a4(tmp_path: Path) -> None:
    (page,) = pages(sheets(items(1, coded=False), LAYOUTS["3x7"]), tmp_path, dpi=254)
    assert page.size == pytest.approx((2100, 2970), abs=1)
