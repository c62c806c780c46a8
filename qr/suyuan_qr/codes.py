"""QR codes: text to modules, and modules to PNG, SVG or PDF operators.

Two writers make the modules, with one interface: the `qrcode` package in plain Python, and zxing-cpp, which is some
twenty times faster. `encode` takes `qrcode`; `encode_many` takes zxing-cpp from `MANY` texts on. They may choose
another mask, so that their codes look different; both decode to the same text (tests/qr/test_codes.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from math import isqrt
from typing import Literal

import qrcode
import zxingcpp
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M, ERROR_CORRECT_Q

from suyuan_qr.errors import GS1Error

Level = Literal["M", "Q"]
"""Error correction: M restores 15 % of a code, Q 25 %."""

QUIET = 4
"""Modules that must stay empty on every side of a code (ISO/IEC 18004)."""

MANY = 50
"""From so many texts on, zxing-cpp writes them."""

_DARK = re.compile(rb"\x01+")
_INCH = 25.4


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code without its quiet zone: `size` modules a side, `modules` row by row, 1 dark and 0 light."""

    text: str
    size: int
    modules: bytes

    def rectangles(self) -> Iterator[tuple[int, int, int, int]]:
        """The dark area as rectangles (left, top, width, height) in modules: runs of a row, joined downwards."""
        growing: dict[tuple[int, int], int] = {}
        for top in range(self.size + 1):
            row = self.modules[top * self.size : (top + 1) * self.size]
            spans = {match.span() for match in _DARK.finditer(row)}
            for span in growing.keys() - spans:
                began = growing.pop(span)
                yield span[0], began, span[1] - span[0], top - began
            for span in spans:
                growing.setdefault(span, top)


Writer = Callable[[str, Level], Code]


def write_plain(text: str, level: Level = "M") -> Code:
    """A code by the `qrcode` package. Raises GS1Error: NOT_ASCII, TOO_LONG."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_Q if level == "Q" else ERROR_CORRECT_M, border=0)
    code.add_data(_ascii(text))
    try:
        code.make()
    except ValueError as error:
        raise GS1Error(f"A QR code cannot hold {len(text)} characters.", "TOO_LONG") from error
    return Code(text, len(code.modules), b"".join(bytes(map(bool, row)) for row in code.modules))


def write_fast(text: str, level: Level = "M") -> Code:
    """A code by zxing-cpp. Raises GS1Error: NOT_ASCII, TOO_LONG."""
    try:
        code = zxingcpp.create_barcode(_ascii(text), zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    except ValueError as error:
        raise GS1Error(f"A QR code cannot hold {len(text)} characters.", "TOO_LONG") from error
    image = code.to_image(scale=1, add_quiet_zones=False)
    modules = bytes(memoryview(image)).translate(_LIGHTNESS)  # type: ignore[arg-type]  # its stub has no buffer
    return Code(text, isqrt(len(modules)), modules)


_LIGHTNESS = bytes([1] + [0] * 255)


def _ascii(text: str) -> str:
    if not text or not text.isascii():
        raise GS1Error(f"{text!r} must be ASCII, and something, to go into a QR code.", "NOT_ASCII")
    return text


def writer(count: int) -> Writer:
    """The writer for a batch of so many codes."""
    return write_fast if count >= MANY else write_plain


def encode(text: str, level: Level = "M") -> Code:
    """One code. `text` is ASCII. Raises GS1Error."""
    return write_plain(text, level)


def encode_many(texts: Sequence[str], level: Level = "M") -> Iterator[Code]:
    """A code for each text, in their order, as they are asked for. Raises GS1Error."""
    write = writer(len(texts))
    return (write(text, level) for text in texts)


def png(code: Code, *, mm: float = 20.0, dpi: int = 600) -> bytes:
    """A PNG of one bit a pixel, `mm` a side with the quiet zone, which its physical size says.

    A module has as many pixels as come next to `dpi`, at least one.
    """
    side = code.size + 2 * QUIET
    scale = max(1, round(mm / _INCH * dpi / side))
    image = Image.new("1", (side, side), 1)
    image.paste(Image.frombytes("L", (code.size, code.size), code.modules.translate(_WHITENESS)), (QUIET, QUIET))
    out = BytesIO()
    exact = side * scale / mm * _INCH
    image.resize((side * scale, side * scale), Image.Resampling.NEAREST).save(out, "PNG", dpi=(exact, exact))
    return out.getvalue()


_WHITENESS = bytes([255] + [0] * 255)


def svg(code: Code, *, mm: float = 20.0) -> str:
    """An SVG document, `mm` a side with the quiet zone: white ground, and one path in units of modules."""
    side = code.size + 2 * QUIET
    path = "".join(
        f"M{left + QUIET} {top + QUIET}h{width}v{height}h-{width}z" for left, top, width, height in code.rectangles()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{mm:g}mm" height="{mm:g}mm" viewBox="0 0 {side} {side}" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/><path d="{path}"/></svg>'
    )


def pdf_operators(code: Code, left: float, bottom: float, side: float) -> str:
    """PDF operators that fill the code's modules, with the quiet zone `side` points a side from (left, bottom)."""
    module = side / (code.size + 2 * QUIET)
    top = code.size + QUIET
    path = " ".join(f"{x + QUIET} {top - y - height} {width} {height} re" for x, y, width, height in code.rectangles())
    return f"q {module:.5f} 0 0 {module:.5f} {left:.3f} {bottom:.3f} cm {path} f Q"
