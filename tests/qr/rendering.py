"""Reads codes back as a camera would see them: out of PNGs, SVGs and rendered PDF pages."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageDraw

_RECTANGLE = re.compile(r"M(\d+) (\d+)h(\d+)v(\d+)h-(\d+)z")


def texts(image: Image.Image) -> list[str]:
    """What the QR codes in an image say, in no order."""
    found = zxingcpp.read_barcodes(image.convert("L"), formats=zxingcpp.barcode_formats_from_str("QRCode"))
    return [code.text for code in found]


def image_of_svg(text: str, scale: int = 4) -> Image.Image:
    """A picture of an SVG whose paths are rectangles in whole units, `scale` pixels a unit; it may hold no more."""
    root = ElementTree.fromstring(text)
    left, top, width, height = map(int, root.attrib["viewBox"].split())
    assert (left, top) == (0, 0)
    image = Image.new("L", (width * scale, height * scale), 128)
    draw = ImageDraw.Draw(image)
    for path in root:
        fill = 255 if path.get("fill") == "#fff" else 0
        assert not _RECTANGLE.sub("", path.attrib["d"])
        for match in _RECTANGLE.finditer(path.attrib["d"]):
            x, y, wide, tall, back = map(int, match.groups())
            assert wide == back
            draw.rectangle((x * scale, y * scale, (x + wide) * scale - 1, (y + tall) * scale - 1), fill=fill)
    return image


def pages(pdf: bytes, folder: Path, dpi: int = 200) -> Iterator[Image.Image]:
    """The pages of a PDF as pictures, by pdftoppm, or by pypdfium2 where that is not installed."""
    if shutil.which("pdftoppm"):
        source = folder / "sheet.pdf"
        source.write_bytes(pdf)
        subprocess.run(["pdftoppm", "-gray", "-r", str(dpi), source, folder / "page"], check=True)
        for page in sorted(folder.glob("page-*.pgm")):
            with Image.open(BytesIO(page.read_bytes())) as image:
                yield image.convert("L")
        return
    pdfium = pytest.importorskip("pypdfium2", reason="neither pdftoppm nor pypdfium2 is installed")
    document = pdfium.PdfDocument(pdf)
    for page in document:
        yield page.render(scale=dpi / 72).to_pil().convert("L")
    document.close()
