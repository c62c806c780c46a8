"""An image is what its bytes are; only its pixels are kept."""

from __future__ import annotations

import struct
import zlib
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from live import Live
from market import Market, image, open_market
from suyuan.core.errors import InvalidInput, Malformed, TooLarge
from suyuan.services.photos import LIMIT, MOST, picture


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def png_of(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG whose header says more than it has."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_three_kinds_are_taken_and_the_same_bytes_give_the_same_bytes(kind: str) -> None:
    data = image(kind)
    made = picture(data)
    assert made == picture(data)
    assert (made.type, made.width, made.height) == ("image/jpeg", 64, 48)
    assert opened(made.content).format == "JPEG"


def test_what_is_clear_stays_clear() -> None:
    out = BytesIO()
    Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(out, "PNG")
    made = picture(out.getvalue())
    assert (made.type, opened(made.content).mode) == ("image/webp", "RGBA")


def test_a_place_a_camera_and_a_comment_are_gone() -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    data = image("JPEG", exif=exif, comment=b"SecretComment", icc_profile=b"SecretProfile" * 20)
    assert b"SecretCamera" in data
    made = picture(data).content
    assert b"Secret" not in made
    assert not opened(made).getexif()
    assert set(opened(made).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}


def test_an_image_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    made = picture(image("JPEG", (100, 40), exif=exif))
    assert (made.width, made.height) == (40, 100)


def test_a_large_image_is_made_smaller() -> None:
    made = picture(image("PNG", (4000, 1000)))
    assert (made.width, made.height) == (2048, 512)


@pytest.mark.parametrize("size", [(30_000, 30_000), (2**31 - 1, 1), (100_000, 1000)])
def test_an_image_bomb_is_refused_by_what_its_header_says(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidInput):
        picture(png_of(*size, zlib.compress(b"\0" * 1000)))


def test_a_bomb_that_is_a_webp_is_refused_before_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    canvas = (16382).to_bytes(3, "little") * 2
    for chunk in (b"VP8X" + struct.pack("<I", 10) + bytes(4) + canvas,
                  b"VP8L" + struct.pack("<I", 10) + b"\x2f" + (0x3FFF | 0x3FFF << 14).to_bytes(4, "little") + bytes(5),
                  b"VP8 " + struct.pack("<I", 10) + bytes(3) + b"\x9d\x01\x2a" + b"\xff\x3f\xff\x3f"):  # fmt: skip
        with monkeypatch.context() as patch:
            patch.setattr(Image, "open", lambda *_: pytest.fail("it was opened"))
            with pytest.raises(TooLarge):
                picture(b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk)


def test_a_webp_and_a_png_that_move_are_refused() -> None:
    for kind in ("WEBP", "PNG"):
        out = BytesIO()
        frames = [Image.new("RGB", (8, 8), (n * 90, 0, 0)) for n in range(3)]
        frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
        with pytest.raises(Malformed, match="move"):
            picture(out.getvalue())


@pytest.mark.parametrize(
    "data",
    [
        b"", b"x", b"GIF89a" + bytes(20), b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%PDF-1.7", b"MZ" + bytes(100), image("GIF"), image("BMP"), image("TIFF"), image("PNG")[:60],
        image("JPEG")[:200], b"RIFF\0\0\0\0WEBPVP8 ", b"RIFF\0\0\0\0WEBPJUNK" + bytes(40),
        b"\xff\xd8\xff\xe0" + bytes(40),
    ],
)  # fmt: skip
def test_what_is_no_whole_image_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        picture(data)


def test_another_file_behind_the_image_is_gone() -> None:
    made = picture(image("PNG") + b"PK\x03\x04<script>alert(1)</script>")
    assert b"script" not in made.content


def test_an_upload_has_a_limit() -> None:
    with pytest.raises(TooLarge):
        picture(bytes(LIMIT + 1))


# -- over HTTP


@pytest.fixture
def market(live: Live) -> Market:
    return open_market(live)


def test_a_photo_is_taken_from_the_rights_key_alone(market: Market) -> None:
    one, other = market.buyers(2)
    data = image()
    answer = one.send_photo(data).json()
    assert (answer["type"], answer["width"], answer["height"]) == ("image/jpeg", 64, 48)
    assert answer["photo"] == sha256(picture(data).content).hexdigest()
    assert one.send_photo(data).json() == answer

    def status(content: bytes, **headers: Any) -> int:
        return market.live.http.post("/v1/photos", content=content, headers=headers).status_code

    signed = other.photo_headers(data) | {"suyuan-right": one.right}
    assert status(data, **signed) == 401
    assert status(image(), **one.photo_headers(data)) == 401
    assert status(data, **one.photo_headers(data, issued_at=1_700_000_000)) == 401
    assert status(data, **(one.photo_headers(data) | {"suyuan-right": "ab" * 32})) == 404
    assert status(data, **{"suyuan-right": one.right}) == 400
    assert status(data, **(one.photo_headers(data) | {"suyuan-statement": "{"})) == 400
    bad = b"<script>"
    assert status(bad, **one.photo_headers(bad)) == 400
    large = bytes(LIMIT + 1)
    assert status(large, **one.photo_headers(large)) == 413


def test_a_name_says_nothing_of_what_a_photo_is(market: Market) -> None:
    (buyer,) = market.buyers(1)
    data = image("JPEG")
    headers = buyer.photo_headers(data) | {
        "content-type": "text/html", "content-disposition": 'attachment; filename="<script>alert(1)</script>.html"',
    }  # fmt: skip
    name = market.live.http.post("/v1/photos", content=data, headers=headers).json()["photo"]
    buyer.submit(photos=[name])
    answer = market.live.http.get(f"/v1/photos/{name}")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert sha256(answer.content).hexdigest() == name


def test_a_right_keeps_few_photos(market: Market) -> None:
    (buyer,) = market.buyers(1)
    assert [buyer.send_photo(image()).status_code for _ in range(MOST + 1)] == [201] * MOST + [409]
