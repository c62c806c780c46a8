"""Sheets of labels as PDF: for items (with a code to scratch off, if wanted), batches, products and parcels.

A label has a QR code with the link to what it is on, names, lot, serial, date, the element string for people, and
the deployment: who has the label knows which chain and journal to believe. Lengths are millimetres, sizes of type
points. Codes are vectors.
"""

from __future__ import annotations

import re
from base64 import b32decode, b32encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from suyuan_qr import digital_link, gs1
from suyuan_qr.codes import QUIET, Code, Level, pdf_operators, writer
from suyuan_qr.errors import GS1Error
from suyuan_qr.gs1 import Element

CODE_BYTES = 16
"""Random bytes under a scratch-off patch."""

CODE_CHARACTERS = 26
"""The same in base32."""

SMALLEST_MODULE = 0.25
"""Millimetres: a smaller module is not printed, as office printers blur it."""

_SONG = "STSong-Light"
_SANS = "Helvetica"
_BOLD = "Helvetica-Bold"
_MONO = "Courier-Bold"
# grey levels, 0 is black
_INK = 0.07
_MUTED = 0.42
_HAIR = 0.72
# points of the deployment's type, and millimetres of height below which a label has no line to spare
_PIN = 3.7
_MINI = 24
_RUN = re.compile(r"([\x20-\x7e\xa0-\xff…·]+)|[^\x20-\x7e\xa0-\xff…·]+")
_TYPED = str.maketrans("018", "OIB", " -\t\r\n")


@dataclass(frozen=True, slots=True)
class Layout:
    """Labels on an A4 sheet: how many, their size, the first one's distance from the edges, the gaps."""

    columns: int
    rows: int
    width: float
    height: float
    left: float
    top: float
    across: float = 0.0
    down: float = 0.0

    @property
    def count(self) -> int:
        """Labels a sheet."""
        return self.columns * self.rows


LAYOUTS = {
    "2x4": Layout(2, 4, 99.1, 67.7, 4.65, 13.1, across=2.6),
    "2x7": Layout(2, 7, 99.1, 38.1, 4.65, 15.15, across=2.6),
    "3x7": Layout(3, 7, 63.5, 38.1, 7.21, 15.15, across=2.54),
    "4x10": Layout(4, 10, 45.7, 25.4, 9.7, 21.5, across=2.6),
    "5x13": Layout(5, 13, 38.1, 21.2, 4.75, 10.7, across=2.5),
}
"""Common pre-cut sheets: parcels, wide, standard, small, mini. Only the first three have room for a code."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """The chain and journal that a label pins."""

    chain: int
    journal: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"0x[0-9A-Fa-f]{40}", self.journal):
            raise GS1Error(f"{self.journal!r} is not the address of a journal.", "NOT_AN_ADDRESS")


@dataclass(frozen=True, slots=True)
class Label:
    """What one label says: names, elements in the order in which they are printed, and the hidden code."""

    name: str
    english: str
    elements: tuple[Element, ...]
    code: bytes | None = None

    def __post_init__(self) -> None:
        gs1.validate(self.elements)
        if self.code is not None and len(self.code) != CODE_BYTES:
            raise GS1Error(f"A code to scratch off has {CODE_BYTES} bytes.", "WRONG_CODE_SIZE")

    def uri(self, base: str) -> str:
        """The link in the label's QR code: the shortest that names its subject."""
        link = digital_link.build(self.elements, base)
        return link.stem + link.subject


def item_label(
    name: str,
    english: str,
    gtin: str,
    serial: str,
    *,
    lot: str | None = None,
    expires: date | None = None,
    code: bytes | None = None,
) -> Label:
    """A label for one item; `code` is what its scratch-off patch hides. Raises GS1Error."""
    return Label(name, english, (*_goods(gtin, lot, expires), ("21", serial)), code)


def batch_label(name: str, english: str, gtin: str, lot: str, *, expires: date | None = None) -> Label:
    """A label for a batch. Raises GS1Error."""
    return Label(name, english, _goods(gtin, lot, expires))


def product_label(name: str, english: str, gtin: str) -> Label:
    """A label for a product as such. Raises GS1Error."""
    return Label(name, english, _goods(gtin, None, None))


def parcel_label(name: str, english: str, sscc: str) -> Label:
    """A label for a parcel, case or pallet. Raises GS1Error."""
    return Label(name, english, (("00", gs1.sscc(sscc)),))


def _goods(gtin: str, lot: str | None, expires: date | None) -> tuple[Element, ...]:
    found = [("01", gs1.gtin14(gtin))]
    if expires is not None:
        if not 2000 <= expires.year <= 2099:
            raise GS1Error(f"{expires} is no date that a label can show: its year has two digits.", "ILLEGAL_YEAR")
        found.append(("17", f"{expires:%y%m%d}"))
    if lot is not None:
        found.append(("10", lot))
    return tuple(found)


def code_text(code: bytes) -> str:
    """A hidden code as it is typed: 26 characters of base32."""
    return b32encode(code).decode().rstrip("=")


def parse_code_text(text: str) -> bytes:
    """The bytes of a typed code, whatever its case and grouping, with 0, 1 and 8 read as O, I and B.

    Raises GS1Error.
    """
    typed = text.translate(_TYPED).upper()
    try:
        code = b32decode(typed + "======")
    except ValueError:
        code = b""
    if len(code) != CODE_BYTES or code_text(code) != typed:
        raise GS1Error(f"{text!r} is not a code of {CODE_CHARACTERS} letters and digits.", "NOT_A_CODE")
    return code


def write_sheets(
    target: BinaryIO,
    labels: Sequence[Label],
    *,
    base: str,
    deployment: Deployment,
    layout: Layout = LAYOUTS["3x7"],
    level: Level = "M",
    typeface: Path | None = None,
    guides: bool = False,
    skip: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Writes `labels` as a PDF of A4 sheets to `target`, row by row.

    `base` is the resolver's URI. `typeface` is a TrueType font (`glyf` outlines) with Chinese glyphs to embed;
    without one the PDF asks its reader for Adobe's STSong-Light, or what stands in for it. Acrobat, poppler and
    systems with Chinese fonts have that; for a printer that may not, give a typeface. `guides` draws where to
    cut, `skip` leaves that many labels of the first sheet free. `progress` is told after each sheet how many
    labels of how many are done.
    Raises GS1Error, also where a label's text or codes do not fit.
    """
    canvas = Canvas(target, pagesize=A4, pageCompression=1, invariant=1)
    canvas.setTitle("Labels")
    canvas.setCreator("suyuan_qr")
    painter = _Painter(canvas, layout, deployment, _chinese(typeface))
    write = writer(len(labels))
    for number, label in enumerate(labels, start=skip):
        place = number % layout.count
        if place == 0 and number > skip:
            canvas.showPage()
            if progress is not None:
                progress(number - skip, len(labels))
        row, column = divmod(place, layout.columns)
        left = (layout.left + column * (layout.width + layout.across)) * mm
        bottom = A4[1] - (layout.top + row * (layout.height + layout.down) + layout.height) * mm
        hidden = None if label.code is None else write(code_text(label.code), level)
        painter.paint(label, write(label.uri(base), level), hidden, left, bottom)
        if guides:
            canvas.setStrokeGray(_HAIR)
            canvas.setLineWidth(0.2)
            canvas.roundRect(left, bottom, layout.width * mm, layout.height * mm, 1.5 * mm)
    canvas.save()
    if progress is not None:
        progress(len(labels), len(labels))


def _chinese(typeface: Path | None) -> str:
    """The name of the registered font for Chinese."""
    if typeface is None:
        pdfmetrics.registerFont(UnicodeCIDFont(_SONG))
        return _SONG
    pdfmetrics.registerFont(TTFont(typeface.stem, typeface))
    return typeface.stem


class _Painter:
    """Draws labels of one layout on a canvas. Positions and widths are points, `y` upwards."""

    def __init__(self, canvas: Canvas, layout: Layout, deployment: Deployment, chinese: str) -> None:
        self.canvas = canvas
        self.layout = layout
        self.deployment = deployment
        self.type = _Type(chinese)
        # type and margins grow with the label, from mini to parcel
        self.scale = min(1.5, max(0.72, layout.height / 38.1))

    def paint(self, label: Label, code: Code, hidden: Code | None, left: float, bottom: float) -> None:
        """One label with its lower left corner at (left, bottom)."""
        width, height = self.layout.width * mm, self.layout.height * mm
        margin = 2.4 * self.scale * mm
        foot = margin + self._pin_height()
        module = min(
            (height - foot) / (code.size + 2 * QUIET),
            (height - foot - margin) / (code.size + QUIET),
            0.38 * width / code.size,
        )
        quiet, side = QUIET * module, code.size * module
        # the modules align with the margins where their quiet zone fits into them
        edge = max(margin, quiet)
        self._code(code, left + edge - quiet, bottom + height - edge - side - quiet, side + 2 * quiet)
        self._pin(left + edge, bottom + margin, side + 0.8 * quiet)
        start, end, floor = left + edge + side + max(quiet, margin), left + width - margin, bottom + margin
        if hidden is not None and label.code is not None:
            end, floor = self._patch(hidden, code_text(label.code), start, end, floor)
        self._words(label, start, end, bottom + height - margin, floor)

    def _code(self, code: Code, left: float, bottom: float, side: float) -> None:
        """A code, with its quiet zone `side` a side."""
        if side / (code.size + 2 * QUIET) < SMALLEST_MODULE * mm:
            raise GS1Error(f"The code for {code.text!r} is too dense for this label.", "TOO_SMALL")
        self.canvas.setFillGray(0)
        self.canvas.addLiteral(pdf_operators(code, left, bottom, side))

    def _pin_lines(self) -> list[str]:
        """The call to scan, the chain, and all of the journal's address: a part of it could be searched for."""
        chain, journal = self.deployment.chain, self.deployment.journal
        if self.layout.height < _MINI:
            return [f"扫码溯源  Chain {chain}", journal[:21], journal[21:]]
        return ["扫码溯源  Scan to verify", f"链 Chain {chain}", journal[:21], journal[21:]]

    def _pin_height(self) -> float:
        return _PIN * self.scale * (1.28 * len(self._pin_lines()) + 0.2)

    def _pin(self, left: float, bottom: float, width: float) -> None:
        size = _PIN * self.scale
        call, *rest = self._pin_lines()
        for line in reversed(rest):
            self._line(line, left, bottom, width, size, grey=_MUTED, least=2.6, elide=False)
            bottom += 1.28 * size
        self._line(call, left, bottom + 0.2 * size, width, 1.12 * size, least=2.6, elide=False)

    def _patch(self, hidden: Code, text: str, start: float, end: float, floor: float) -> tuple[float, float]:
        """The area to scratch off, lower right; answers the right edge and floor that are left for words."""
        wide, tall = 27.0 * mm, 12.2 * mm
        left = end - wide
        if left < start or self.layout.height < 35:
            raise GS1Error("This layout has no room for a code to scratch off.", "TOO_SMALL")
        self.canvas.setStrokeGray(_MUTED)
        self.canvas.setLineWidth(0.35)
        self.canvas.setDash(1.6, 1.2)
        self.canvas.roundRect(left, floor, wide, tall, 1.2 * mm)
        self.canvas.setDash()
        self._code(hidden, left + 0.3 * mm, floor + 0.3 * mm, tall - 0.6 * mm)
        for row, (first, last) in enumerate(((0, 9), (9, 18), (18, 26))):
            groups = " ".join(text[at : min(at + 3, last)] for at in range(first, last, 3))
            self._line(groups, left + tall, floor + 7.9 * mm - row * 2.5 * mm, wide - tall, 5.6, latin=_MONO)
        self._line("刮开验真  Scratch to claim", left, floor + tall + 0.7 * mm, wide, 4.1, grey=_MUTED)
        if left - start > 26 * mm:
            return left - 2 * mm, floor
        return end, floor + tall + 2.8 * mm

    def _words(self, label: Label, left: float, right: float, top: float, floor: float) -> None:
        """Names, fields and the element string, from `top` down to `floor`."""
        scale, width = self.scale, right - left
        wide = width > 24 * mm
        y = top - 7.4 * scale
        self._line(label.name, left, y, width, 9.6 * scale, grey=0, least=6.5 * scale)
        y -= 7.2 * scale
        self._line(label.english, left, y, width, 5.4 * scale, grey=_MUTED, least=4.2 * scale)
        y -= 3.6 * scale
        self.canvas.setStrokeGray(_HAIR)
        self.canvas.setLineWidth(0.4)
        self.canvas.line(left, y, right, y)
        y -= 1.2 * scale
        size = 3.8 * scale
        lines = self._wrapped(label.elements, size, width)
        fields = list(_fields(label))
        room = y - floor - 1.2 * size * len(lines) - 0.8 * size
        step = min(8.4 * scale, room / len(fields))
        if step < 6.2 * scale:
            raise GS1Error(f"What the label of {label.english!r} says does not fit on it.", "TOO_SMALL")
        indent = (13.5 if wide else 7.5) * scale * mm
        for chinese, english, value in fields:
            y -= step
            caption = f"{chinese}  {english}" if wide else chinese
            self._line(caption, left, y, indent - mm, 4.5 * scale, grey=_MUTED)
            self._line(value, left + indent, y, width - indent, 6.0 * scale, latin=_BOLD, elide=False)
        y = floor + 1.2 * size * (len(lines) - 1)
        for line in lines:
            self._line(line, left, y, width, size, grey=_MUTED, elide=False)
            y -= 1.2 * size

    def _wrapped(self, elements: tuple[Element, ...], size: float, width: float) -> list[str]:
        """The bracketed element string, broken between elements."""
        lines = [""]
        for element in elements:
            piece = gs1.bracketed([element])
            if lines[-1] and self.type.width(lines[-1] + piece, _SANS) * size > width:
                lines.append("")
            lines[-1] += piece
        return lines

    def _line(
        self,
        text: str,
        x: float,
        y: float,
        width: float,
        size: float,
        *,
        grey: float = _INK,
        least: float = 2.8,
        latin: str = _SANS,
        elide: bool = True,
    ) -> None:
        """One line from (x, y), in smaller type if that is needed, down to `least`; then elided or refused."""
        fitted, size = self.type.fitted(text, latin, size, least, width)
        if fitted != text and not elide:
            raise GS1Error(f"{text!r} does not fit on this label.", "TOO_SMALL")
        line = self.canvas.beginText(x, y)
        line.setFillGray(grey)
        for font, run in self.type.runs(fitted, latin):
            line.setFont(font, size)
            line.textOut(run)
        self.canvas.drawText(line)


class _Type:
    """Measures text that is set in a Chinese font and, where it can be, a Latin one."""

    def __init__(self, chinese: str) -> None:
        self.chinese = chinese
        self.runs = lru_cache(maxsize=4096)(self._runs)
        self.width = lru_cache(maxsize=4096)(self._width)
        self.fitted = lru_cache(maxsize=4096)(self._fitted)

    def _runs(self, text: str, latin: str) -> list[tuple[str, str]]:
        """(font, text) pairs. Raises GS1Error: NOT_PRINTABLE."""
        runs = [(latin if match[1] else self.chinese, match[0]) for match in _RUN.finditer(text)]
        chinese = "".join(run for font, run in runs if font == self.chinese)
        if not text.isprintable() or not all(map(self.shows, chinese)):
            raise GS1Error(f"{text!r} holds characters that a label cannot show.", "NOT_PRINTABLE")
        return runs

    def shows(self, char: str) -> bool:
        """Whether the Chinese font has a character. STSong-Light cannot be asked, and has none beyond the BMP."""
        glyphs = getattr(pdfmetrics.getFont(self.chinese).face, "charToGlyph", None)
        return char <= "\uffff" if glyphs is None else ord(char) in glyphs

    def _width(self, text: str, latin: str) -> float:
        """How wide text of one point is, in points."""
        runs = self.runs(text, latin)
        return sum(pdfmetrics.stringWidth(run, font, 1000) for font, run in runs) / 1000  # type: ignore[no-any-return]

    def _fitted(self, text: str, latin: str, size: float, least: float, width: float) -> tuple[str, float]:
        """The text and the size, at most `size`, at which it is no wider than `width`; elided below `least`."""
        size = min(size, max(least, width / max(self.width(text, latin), 0.001)))
        if self.width(text, latin) * size <= width + 0.01:
            return text, size
        while text and self._width(text + "…", latin) * size > width:
            text = text[:-1]
        return text + "…", size


def _fields(label: Label) -> Iterator[tuple[str, str, str]]:
    """(Chinese caption, English caption, value) of what people look for."""
    values = dict(label.elements)
    if "00" in values:
        yield "箱码", "SSCC", values["00"]
    elif len(values) == 1:
        yield "商品码", "GTIN", values["01"]
    if "10" in values:
        yield "批号", "Lot", values["10"]
    if "21" in values:
        yield "序列号", "Serial", values["21"]
    if "17" in values:
        year, month, day = values["17"][:2], values["17"][2:4], values["17"][4:]
        yield "有效期", "Use by", f"20{year}-{month}" + (f"-{day}" if day != "00" else "")
