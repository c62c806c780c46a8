"""An evidence pack's report as PDF, in Chinese and English, for people.

Chinese is set in STSong-Light, which a PDF asks its reader for, or in a TrueType that is embedded: what must read the
same in years is better embedded. A character that the type does not have is shown as 〓; the files have it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    KeepTogether,
    LongTable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)

from suyuan.core import canonical, tally
from suyuan.core.entries import Kind
from suyuan.core.epcis.identifiers import subject_of
from suyuan.core.epcis.model import Event, parse_event
from suyuan.core.epcis.words import DISPOSITIONS, STEPS
from suyuan.core.errors import Malformed, SuyuanError
from suyuan.core.proof import Shown, State
from suyuan.core.rules import Role, Standing
from suyuan.services.evidence import Pack, Proof, terms_in_force
from suyuan.services.evidence_words import (
    CONDITIONS,
    KINDS,
    MAKER,
    OBLIGATIONS,
    OUTCOMES,
    PROVEN,
    ROLES,
    STANDINGS,
    STATES,
    UNPROVEN,
    Both,
    published,
    stamp,
    standpoint,
    verdict,
)

MOST_STEPS = 300  # entries in the timeline; the proofs have all
_SONG = "STSong-Light"
_LATIN, _BOLD, _MONO = "Helvetica", "Helvetica-Bold", "Courier"
_RUN = re.compile(r"([\x20-\x7e\xa0-\xff]+)|[^\x20-\x7e\xa0-\xff]+")
_INK, _SOFT, _RULE, _BAD, _WASH = (HexColor(f"#{c}") for c in ("1c1a17", "6b655c", "cfc8bd", "a3271b", "f5f2ec"))
_WIDTH = A4[0] - 36 * mm
_MARKS: Mapping[State, str] = {State.HOLDS: "[+]", State.FAILS: "[X]", State.UNCHECKED: "[?]"}
_LONGEST = 400  # characters of what somebody wrote, in a cell


def render(pack: Pack, files: Mapping[str, bytes], typeface: Path | None = None) -> bytes:
    """The report of a pack whose other files are `files`. The same pack gives the same bytes.

    `typeface`: a TrueType font with Chinese to embed. Raises Malformed where it is none.
    """
    return _Report(pack, files, _Type(_chinese(typeface))).render()


def _chinese(typeface: Path | None) -> str:
    if typeface is None:
        pdfmetrics.registerFont(UnicodeCIDFont(_SONG))
        return _SONG
    try:
        pdfmetrics.registerFont(TTFont(typeface.stem, typeface))
    except (TTFError, OSError) as error:
        raise Malformed(f"is no TrueType font that can be embedded: {error}", "typeface") from error
    return typeface.stem


class _Type:
    """Sets text that is Chinese and Latin mixed, as reportlab's markup."""

    def __init__(self, chinese: str) -> None:
        self._chinese = chinese
        self._glyphs = getattr(pdfmetrics.getFont(chinese).face, "charToGlyph", None)

    def style(self, size: float, **changes: Any) -> ParagraphStyle:
        values = {"fontName": _LATIN, "fontSize": size, "leading": 1.42 * size, "textColor": _INK, "wordWrap": "CJK"}
        return ParagraphStyle("", **{**values, **changes})

    def markup(self, text: str, latin: str = _LATIN) -> str:
        parts = []
        for match in _RUN.finditer(" ".join(text.split())):
            if match[1]:
                parts.append(f'<font name="{latin}">{escape(match[0])}</font>')
            else:
                shown = "".join(c if self._has(c) else "〓" for c in match[0])
                parts.append(f'<font name="{self._chinese}">{escape(shown)}</font>')
        return "".join(parts)

    def _has(self, char: str) -> bool:
        if not char.isprintable():
            return False
        return char <= "\uffff" if self._glyphs is None else ord(char) in self._glyphs


class _Report:
    def __init__(self, pack: Pack, files: Mapping[str, bytes], type: _Type) -> None:
        self.pack = pack
        self.files = files
        self.type = type
        self.names, self.places = _profiles(pack)
        self.body, self.small = type.style(9), type.style(7.4)
        self.soft = type.style(7.4, textColor=_SOFT)
        self.mono = type.style(6.2, fontName=_MONO)

    def render(self) -> bytes:
        out = io.BytesIO()
        document = SimpleDocTemplate(
            out, pagesize=A4, leftMargin=18 * mm, rightMargin=18 * mm, topMargin=18 * mm, bottomMargin=18 * mm,
            title=f"Evidence pack {self.pack.wanted.subject[:200]}", author="suyuan", invariant=1,
        )  # fmt: skip
        document.build(list(self._story()), canvasmaker=_Numbered)
        return out.getvalue()

    # -- pieces

    def _p(self, text: str, style: ParagraphStyle | None = None, latin: str = _LATIN) -> Paragraph:
        return Paragraph(self.type.markup(text, latin), style or self.body)

    def _title(self, both: Both) -> list[Flowable]:
        style = self.type.style(12.5, spaceBefore=10, spaceAfter=4)
        said = Paragraph(f"{self.type.markup(both[0])}  {self.type.markup(both[1], _BOLD)}", style)
        return [CondPageBreak(45 * mm), said]  # no heading stands alone at a page's end

    def _both(self, both: Both, style: ParagraphStyle | None = None) -> list[Flowable]:
        return [self._p(text, style) for text in both]

    def _table(self, widths: Sequence[float], rows: Sequence[Sequence[Any]], head: Sequence[Both] = ()) -> Flowable:
        """`widths` are shares of the page's."""
        whole = sum(widths)
        made = [[self._both(one, self.soft) for one in head]] if head else []
        made += [[self._cell(one) for one in row] for row in rows]
        rules = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE),
            ("LEFTPADDING", (0, 0), (-1, -1), 3),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            ("TOPPADDING", (0, 0), (-1, -1), 3),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ]
        if head:
            rules.append(("BACKGROUND", (0, 0), (-1, 0), _WASH))
        table = LongTable(made, [w * _WIDTH / whole for w in widths], repeatRows=1 if head else 0, splitInRow=1)
        table.setStyle(TableStyle(rules))
        return table

    def _cell(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._p(value[:_LONGEST] + "…" * (len(value) > _LONGEST), self.small)
        if isinstance(value, tuple):
            return [self._p(text[:_LONGEST], self.small) for text in value if text]
        return value

    def _hash(self, text: str) -> Paragraph:
        return self._p(text, self.mono, _MONO)

    def _state(self, state: State) -> Paragraph:
        zh, en = STATES[state]
        style = self.type.style(7.4, textColor=_BAD if state is State.FAILS else _INK)
        return self._p(f"{_MARKS[state]} {zh} {en}", style, _BOLD)

    # -- the story

    def _story(self) -> Iterator[Flowable]:
        yield from self._first()
        yield from self._checks()
        yield from self._timeline()
        yield from self._reviews()
        yield from self._receipts()
        yield from self._signers()
        yield from self._seals()
        yield from self._hashes()

    def _first(self) -> Iterator[Flowable]:
        pack = self.pack
        yield self._p("证据包  Evidence pack", self.type.style(20, leading=26, spaceAfter=2), _BOLD)
        yield self._hash(pack.wanted.subject + (f"   right {pack.wanted.right}" if pack.wanted.right else ""))
        yield Spacer(1, 8)
        zh, en = verdict(pack)
        grave = pack.state is State.FAILS
        style = self.type.style(13, leading=18, textColor=_BAD if grave else _INK)
        box = LongTable([[[self._p(f"{_MARKS[pack.state]} {zh}", style), self._p(en, style, _BOLD)]]], [_WIDTH])
        box.setStyle(
            TableStyle([
                ("BOX", (0, 0), (-1, -1), 1.4, _BAD if grave else _INK), ("BACKGROUND", (0, 0), (-1, -1), _WASH),
                ("TOPPADDING", (0, 0), (-1, -1), 7), ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
            ])
        )  # fmt: skip
        yield box
        yield Spacer(1, 6)
        if pack.main.bundle.main.count == 0 and not pack.main.bundle.pending:
            yield from self._both(("日志中没有它的任何记录。", "The journal has no record of it."))
        for subject in sorted({s for one in pack.proofs for s in one.met.report.recalled}):
            style = self.type.style(10, textColor=_BAD)
            yield self._p(f"[!] 已召回 RECALLED: {subject}", style, _BOLD)
        for proven in {p.journal: p for one in pack.proofs for p in one.met.report.proven}.values():
            style = self.type.style(10, textColor=_BAD)
            told = proven.fault or f"receipts late: {proven.late}"
            yield self._p(f"[!] 合约已证明此日志有过错 The contract has a proven fault: {told}", style, _BOLD)
        for problem in pack.problems:
            yield self._p(f"[?] {problem}", self.small)
        a = pack.addresses
        rows = [
            (("对象", "About"), self._hash(pack.wanted.subject)),
            (("制作时间", "Made"), stamp(pack.created)),
            (("制作者", "Made by"), MAKER),
            (("链上查询", "Chain asked"), standpoint(pack)),
            (("部署", "Deployment"), self._hash(f"chain {a.chain_id}  journal {a.journal}")),
            (("封存", "Seal"), self._seal_line(pack.main)),
            (
                ("核验程序", "Verifier"),
                [*self._both(published(pack), self.small), self._hash(sha256(pack.verifier).hexdigest())],
            ),
        ]
        yield self._table((1, 5), rows)
        yield from self._title(("证明了什么，没有证明什么", "What is proven, and what is not"))
        yield from self._both(CONDITIONS, self.small)
        proven_, unproven = (
            [self._p(f"· {zh}  {en}", self.small) for zh, en in many] for many in (PROVEN, UNPROVEN)
        )  # fmt: skip
        yield self._table((1, 1), [(proven_, unproven)], (("已证明", "Proven"), ("没有证明", "Not proven")))

    def _seal_line(self, one: Proof) -> str:
        seal = one.bundle.seal
        return f"№ {seal.number} · {stamp(seal.sealed_at)} · {seal.size} entries 条"

    def _checks(self) -> Iterator[Flowable]:
        yield from self._title(("逐项核验", "What was checked"))
        rows: list[tuple[Any, ...]] = [
            (f"({o.number})", OBLIGATIONS[o.number], self._state(o.state), o.detail)
            for o in self.pack.main.met.report.obligations
        ]
        yield self._table(
            (0.4, 3, 1.7, 3), rows, (("", ""), ("核验项", "Obligation"), ("结果", "Answer"), ("依据", "Evidence"))
        )
        if left := self.pack.main.met.report.not_shown:
            yield self._p(f"另有 {left} 条较早的记录未列入。 Older entries not shown: {left}.", self.small)
        yield from self._title(("所依据的其他记录", "What it leans on"))
        rows = []
        for one in (*self.pack.proofs, self.pack.terms):
            worst = [o for o in one.met.report.obligations if o.state is not State.HOLDS]
            said = "; ".join(f"({o.number}) {o.detail}" for o in worst)
            count = f"{one.bundle.main.count}" + (f" + {len(one.bundle.pending)}" if one.bundle.pending else "")
            state = self._state(one.met.report.state)
            rows.append((self._hash(one.bundle.subject), count, f"№ {one.bundle.seal.number}", state, said))
        head = (
            ("对象", "Subject"), ("条数", "Entries"), ("封存", "Seal"), ("结果", "Answer"), ("说明", "Why")
        )  # fmt: skip
        yield self._table((3, 0.8, 0.7, 1.6, 3), rows, head)
        then, newest = terms_in_force(self.pack)
        for (zh, en), entry in ((("当时的平台规则", "Terms in force then"), then), (("最新规则", "Newest"), newest)):
            if entry is not None:
                yield self._p(f"{zh} {en}: #{entry.index}, {stamp(entry.header.at // 1000)}", self.small)
                yield self._hash(f"terms/{_document(entry)}.json")
        if then is None:
            yield self._p("当时没有已公布的平台规则。 No terms had been published by then.", self.small)

    def _timeline(self) -> Iterator[Flowable]:
        shown = self.pack.shown()
        yield from self._title(("经过", "Timeline"))
        if len(shown) > MOST_STEPS:
            yield self._p(
                f"共 {len(shown)} 条，这里列出最新 {MOST_STEPS} 条，其余见 proofs/。"
                f" The newest {MOST_STEPS} of {len(shown)}; the proofs have all.",
                self.small,
            )
        events = dict(_events(self.pack))
        rows = [self._step(entry, events.get(_document(entry))) for entry in shown[-MOST_STEPS:]]
        head = (
            ("受理时间", "Accepted"), ("事项", "What"), ("对象与地点", "Subject, place"), ("签署者", "Signed by"),
            ("序号与文件", "Entry, document"),
        )  # fmt: skip
        yield self._table((1.5, 2.1, 2.7, 2, 2.2), rows, head)

    def _step(self, entry: Shown, event: Event | None) -> tuple[Any, ...]:
        at = entry.header.at // 1000
        zh, en = KINDS.get(entry.header.kind, ("未知", f"kind {entry.header.kind}"))
        what: tuple[str, ...] = (f"{zh} {en}",)
        where = ""
        if event is not None:
            zh, en = STEPS.get(event.biz_step or "", (event.biz_step or "", event.biz_step or ""))
            what = (f"{zh} {en}", _happened(event))
            if event.disposition:
                zh, en = DISPOSITIONS.get(event.disposition, (event.disposition, ""))
                what += (f"{zh} {en}",)
            if event.error_declaration is not None:
                what += ("撤回先前的记录 retracts a record",)
            place = event.read_point or event.biz_location
            where = self.places.get(subject_of(place.id), place.id) if place else ""
        what += (*_said(entry), *self._words(entry))
        state = () if self._sealed(entry) else ("待封存 not sealed yet",)
        return (
            (stamp(at), *state),
            what,
            [self._hash(entry.subject), *([self._p(where[:_LONGEST], self.small)] if where else [])],
            self._who(entry, at),
            [self._p(f"#{entry.index}", self.small), self._hash(_document(entry) or entry.leaf.hex())],
        )

    def _words(self, entry: Shown) -> Iterator[str]:
        """The words that an entry commits to, where they are shown."""
        public = entry.body.get("public")
        text = self.pack.words.get(str(public.get("private"))) if isinstance(public, dict) else None
        if text is not None:
            yield f"“{canonical.parse_trusted(text)['words'][:_LONGEST]}”"

    def _sealed(self, entry: Shown) -> bool:
        return all(entry not in one.bundle.pending for one in self.pack.proofs)

    def _who(self, entry: Shown, at: int) -> tuple[str, ...]:
        by = str(entry.body.get("by", ""))
        one = self.pack.participants.get(by)
        if one is None:
            if by.startswith("04"):
                return ("买家的密钥 a shopper's key", f"{by[:18]}…")
            return (self.names.get(by, ""), by[:44], "登记资料未能查到 not found in the registry" if by else "")
        zh, en = STANDINGS[_value(one.standings, at, Standing.UNKNOWN)]
        role, role_en = ROLES.get(one.role, ROLES[Role.NONE])
        return (self.names.get(by, ""), by, f"{role} {role_en}", f"当时 then: {zh} {en}")

    def _reviews(self) -> Iterator[Flowable]:
        for one in self.pack.proofs:
            if not one.bundle.subject.startswith("/reviews/") or not one.bundle.main.shown:
                continue
            yield from self._title(("评价合计", "Reviews in all"))
            try:
                counted = tally.decode(one.bundle.main.shown[-1].header.state)
            except SuyuanError as error:
                yield self._p(f"[X] {error}", self.small)
                continue
            rows: list[tuple[str, ...]] = [
                (f"{n}", f"{counted.standing[n - 1]}", f"{counted.withheld[n - 1]}", f"{counted.shown[n - 1]}")
                for n in (5, 4, 3, 2, 1)
            ]
            rows.append(("Σ", *(f"{sum(many)}" for many in (counted.standing, counted.withheld, counted.shown))))
            head = (("星级", "Stars"), ("在案", "Standing"), ("其中隐藏", "Withheld"), ("公开显示", "Shown"))
            yield self._table((1, 1, 1, 1), rows, head)

    def _receipts(self) -> Iterator[Flowable]:
        if not self.pack.receipts:
            return
        yield from self._title(("交来的回执", "Receipts handed in"))
        rows = []
        for one in self.pack.receipts:
            r = one.promise.receipt
            zh, en = OUTCOMES[one.outcome.value]
            place = f"#{r.index}" + (f" … #{r.index + r.count - 1}" if r.count > 1 else "")
            due = f"到期 due {stamp(r.seal_by)}"
            rows.append((place, (stamp(r.issued_at), due), f"{zh} {en}", one.detail))
        head = (("序号", "Entries"), ("出具", "Issued"), ("结果", "Outcome"), ("说明", "Why"))
        yield self._table((1, 2.2, 2, 2.5), rows, head)

    def _signers(self) -> Iterator[Flowable]:
        yield from self._title(("签署者与资格", "Who signed, and their standing"))
        rows = []
        for one in self.pack.participants.values():
            zh, en = ROLES.get(one.role, ROLES[Role.NONE])
            history = tuple(f"{stamp(at)}: {' '.join(STANDINGS[value])}" for at, value in one.standings)
            keys = [self._hash(f"{stamp(at)} {key}") for at, key in one.keys]
            who = [self._p(self.names.get(one.id, ""), self.small), self._hash(one.id)]
            rows.append((who, f"{zh} {en}", history, keys))
        head = (("参与者", "Participant"), ("身份", "Role"), ("资格", "Standing"), ("密钥", "Keys"))
        if rows:
            yield self._table((2.4, 1.1, 2.4, 3), rows, head)
        else:
            yield self._p("没有查到登记的签署者。 No registered signer was found.", self.small)

    def _seals(self) -> Iterator[Flowable]:
        yield from self._title(("封存", "Seals"))
        rows = []
        for one in self.pack.seals:
            s = one.seal
            hashes = [self._hash(f"{name} {value}") for name, value in (
                ("root", s.root.hex()), ("heads", s.heads.hex()), ("tx", one.tx or "?")
            )]  # fmt: skip
            rows.append((f"№ {s.number}", (stamp(s.sealed_at), f"{s.size} entries 条", one.problem), hashes))
        yield self._table((0.7, 2, 5), rows)

    def _hashes(self) -> Iterator[Flowable]:
        yield from self._title(("文件与哈希", "Files and their SHA-256"))
        rows = [
            ([self._hash(name)], f"{len(self.files[name])}", [self._hash(sha256(self.files[name]).hexdigest())])
            for name in sorted(self.files)
        ]
        yield self._table((3.1, 0.6, 4.2), rows, (("文件", "File"), ("字节", "Bytes"), ("SHA-256", "")))
        yield KeepTogether(
            self._both(
                (
                    "本报告自身与清单的哈希见 MANIFEST.sha256。报告供人阅读；以证明文件为准。",
                    "This report's own hash is in MANIFEST.sha256. It is for reading; what counts are the proofs.",
                ),
                self.small,
            )
        )


class _Numbered(Canvas):  # type: ignore[misc]
    """A canvas that knows how many pages there are when it writes their numbers."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            self.setFont(_LATIN, 7.5)
            self.setFillColor(_SOFT)
            self.drawString(18 * mm, 10 * mm, "suyuan evidence")
            self.drawRightString(A4[0] - 18 * mm, 10 * mm, f"{number} / {len(self._pages)}")
            super().showPage()
        super().save()


# -- what the proofs say


def _profiles(pack: Pack) -> tuple[dict[str, str], dict[str, str]]:
    """What participants say that they and their places are called: by id, and by the place's subject."""
    names: dict[str, str] = {}
    places: dict[str, str] = {}
    for one in pack.proofs:
        stream = one.bundle.main
        if not stream.subject.startswith("/merchant/"):
            continue
        for entry in stream.shown:
            document = stream.documents.get(_document(entry))
            if not isinstance(document, dict):
                continue
            names[stream.subject.removeprefix("/merchant/")] = _name(document.get("name"))
            for place in _list(document.get("locations")):
                if isinstance(place, dict):
                    ids = [id for id in _list(place.get("ids")) if isinstance(id, str)]
                    ids += [f"https://id.gs1.org/414/{gln}"] if isinstance(gln := place.get("gln"), str) else []
                    places |= {subject_of(id): _name(place.get("name")) for id in ids}
    return names, places


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _name(value: object) -> str:
    if isinstance(value, str):
        return value
    both = [value.get(lang) for lang in ("zh", "en")] if isinstance(value, dict) else []
    return " ".join(one for one in both if isinstance(one, str))


def _events(pack: Pack) -> Iterator[tuple[str, Event]]:
    for one in pack.proofs:
        for stream in (one.bundle.main, *one.bundle.related):
            for name, document in stream.documents.items():
                try:
                    yield name, parse_event(document)
                except SuyuanError:
                    continue  # it is no event, or none that can be read: the proof tells


def _document(entry: Shown) -> str:
    public = entry.body.get("public")
    name = public.get("document") if isinstance(public, dict) else None
    return name if isinstance(name, str) else ""


def _happened(event: Event) -> str:
    """When an event took place, by the clock of where it did."""
    sign = -1 if event.event_time_zone_offset.startswith("-") else 1
    hours, minutes = (int(part) for part in event.event_time_zone_offset[1:].split(":"))
    zone = timezone(sign * timedelta(hours=hours, minutes=minutes))
    local = datetime.fromtimestamp(event.event_time_ms / 1000, UTC).astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M} {event.event_time_zone_offset}"


def _said(entry: Shown) -> Iterable[str]:
    """What a statement says in few words, where it does."""
    public = entry.body.get("public")
    if not isinstance(public, dict):
        return
    kind = entry.header.kind
    if kind in (Kind.REVIEW, Kind.REVIEW_AMEND):
        yield f"{public.get('stars')} 星 stars"
    if kind in (Kind.REVIEW_WITHHOLD, Kind.REVIEW_RESTORE, Kind.REVIEW_ERASE):
        yield " · ".join(str(public[name]) for name in ("reason", "basis") if name in public)
    if kind == Kind.BATCH:
        yield f"{public.get('quantity')} 件 pieces"
    for goods in _list(public.get("goods"))[:3]:
        if isinstance(goods, dict):
            yield f"{goods.get('quantity')} × {goods.get('batch')}"


def _value(history: Sequence[tuple[int, Standing]], at: int, none: Standing) -> Standing:
    return next((value for since, value in reversed(history) if since <= at), none)
