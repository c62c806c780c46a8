"""Codes are read back by zxing-cpp, whichever writer made them and in whichever form."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from qr.rendering import image_of_svg, texts
from qr.test_gs1 import GTINS, SERIALS
from suyuan_qr import codes, digital_link
from suyuan_qr.codes import Level, Writer
from suyuan_qr.errors import GS1Error

WRITERS = pytest.mark.parametrize("write", [codes.write_plain, codes.write_fast])
LEVELS = pytest.mark.parametrize("level", ["M", "Q"])
LINK = "https://id.example.cn/01/09506000134352/21/SN-000-1"


@WRITERS
@LEVELS
def test_png_and_svg_are_read_back(write: Writer, level: Level) -> None:
    code = write(LINK, level)
    assert texts(Image.open(BytesIO(codes.png(code, mm=15, dpi=300)))) == [LINK]
    assert texts(image_of_svg(codes.svg(code))) == [LINK]


@settings(max_examples=40, deadline=None)
@given(GTINS, SERIALS, st.sampled_from(["M", "Q"]))
def test_both_writers_say_the_same(gtin: str, serial: str, level: Level) -> None:
    link = digital_link.item(gtin, serial, "https://id.example.cn")
    for write in (codes.write_plain, codes.write_fast):
        code = write(link, level)
        assert (code.size - 17) % 4 == 0
        assert [link] == texts(image_of_svg(codes.svg(code)))


@WRITERS
def test_rectangles_cover_the_dark_modules_once(write: Writer) -> None:
    code = write(LINK, "Q")
    painted = bytearray(code.size**2)
    for left, top, width, height in code.rectangles():
        for y in range(top, top + height):
            for x in range(left, left + width):
                painted[y * code.size + x] += 1
    assert code.modules == bytes(painted)


@WRITERS
def test_more_correction_makes_a_bigger_code(write: Writer) -> None:
    assert write("x" * 60, "Q").size > write("x" * 60, "M").size


def test_a_batch_is_written_in_order() -> None:
    few = [f"{LINK}{number}" for number in range(3)]
    many = [f"{LINK}{number}" for number in range(codes.MANY)]
    for batch in (few, many):
        assert batch == [texts(image_of_svg(codes.svg(code)))[0] for code in codes.encode_many(batch)]
    assert codes.write_plain is codes.writer(codes.MANY - 1)
    assert codes.write_fast is codes.writer(codes.MANY)
    assert codes.encode(LINK) == codes.write_plain(LINK)


def test_sizes_are_in_millimetres() -> None:
    code = codes.encode(LINK)
    image = Image.open(BytesIO(codes.png(code, mm=20, dpi=600)))
    pixels = image.size[0]
    assert image.mode == "1"
    assert pixels % (code.size + 2 * codes.QUIET) == 0
    assert pixels / image.info["dpi"][0] * 25.4 == pytest.approx(20, abs=0.01)
    assert 'width="12.5mm"' in codes.svg(code, mm=12.5)


def test_a_quiet_zone_is_left_on_every_side() -> None:
    code = codes.encode(LINK)
    image = Image.open(BytesIO(codes.png(code)))
    module = image.size[0] // (code.size + 2 * codes.QUIET)
    dark = image.convert("L").point([255] + [0] * 255).getbbox()
    quiet = codes.QUIET * module
    assert (quiet, quiet, image.size[0] - quiet, image.size[0] - quiet) == dark


@WRITERS
@pytest.mark.parametrize("text", ["", "茶", "x" * 3000])
def test_what_no_code_can_hold_is_refused(write: Writer, text: str) -> None:
    with pytest.raises(GS1Error):
        write(text, "M")
