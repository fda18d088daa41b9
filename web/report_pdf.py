"""A report as a PDF on A4, with lines to sign on: what the page for paper shows, without a browser. Figures come in as
the lines of `report_views.py`; nothing is counted or worded here.

Its Chinese is in the file where a font is found whose outlines can be put there (`yijiantong asterisk fetch --part
fonts` brings one); else it names STSong-Light, which every reader of PDF knows to replace.
"""

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table

from home.programs import ProgramMissing, find
from home.settings import Settings
from web.report_views import Line

_NAMED: Final = "STSong-Light"
_MARGIN: Final = 15 * mm
_WIDTH: Final = A4[0] - 2 * _MARGIN
_GRID: Final = ("GRID", (0, 0), (-1, -1), 0.4, colors.grey)
_TOP: Final = ("VALIGN", (0, 0), (-1, -1), "TOP")
_one_at_a_time: Final = threading.Lock()  # a font counts what is used of it


@dataclass(frozen=True, slots=True)
class Sheet:
    """`about`: lines below the title; `sections`: each with its name; `places`: head, a row for each place below and
    the sum, none where there are none; `signatures`: who is to sign, with the word for the date."""

    title: str
    about: Sequence[str]
    sections: Sequence[tuple[str, Sequence[Line]]]
    places: tuple[str, Sequence[Sequence[str]]] | None
    signatures: Sequence[str]
    date: str
    missed: str


def report_pdf(sheet: Sheet, font_file: Path | None) -> bytes:
    """Takes a second with many places: not for the loop that serves others."""
    with _one_at_a_time:
        font, made = _font(font_file), io.BytesIO()
        small, plain, large = (
            ParagraphStyle(f"{size}", fontName=font, fontSize=size, leading=1.3 * size, wordWrap="CJK")
            for size in (7, 9, 15)
        )
        parts: list[Flowable] = [_text(sheet.title, large), Spacer(0, 2 * mm)]
        parts += [_text(line, plain) for line in sheet.about]
        for name, lines in sheet.sections:
            table = _section(lines, sheet.missed, plain)
            parts.append(KeepTogether([Spacer(0, 3 * mm), _text(name, plain), table]))
        if sheet.places:
            name, rows = sheet.places
            parts += [Spacer(0, 3 * mm), _text(name, plain), _places(rows, small)]
        parts.append(KeepTogether([Spacer(0, 12 * mm), _signatures(sheet, plain)]))

        def number(canvas: Any, document: Any) -> None:
            canvas.setFont(font, 8)
            canvas.drawCentredString(A4[0] / 2, 8 * mm, str(document.page))

        margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), _MARGIN)
        document = SimpleDocTemplate(made, pagesize=A4, title=sheet.title, **margins)
        document.build(parts, onFirstPage=number, onLaterPages=number)
        return made.getvalue()


def chinese_font(settings: Settings) -> Path | None:
    """The machine's, or the fetched one; None: there is none."""
    try:
        return Path(find("fonts", settings).argv()[-1])
    except ProgramMissing:
        return None


@cache
def _font(file: Path | None) -> str:
    """The name by which the font for Chinese is known."""
    if file is not None:
        try:
            registerFont(TTFont("Chinese", str(file)))
            return "Chinese"
        except TTFError:
            pass  # its outlines are of a kind that cannot be put into a file
    registerFont(UnicodeCIDFont(_NAMED))
    return _NAMED


def _text(words: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(words), style)


def _section(lines: Sequence[Line], missed: str, style: ParagraphStyle) -> Table:
    rows = [[line.word, line.value, f"{line.target} {missed if line.missed else ''}".strip()] for line in lines]
    return _table(rows, [0.55, 0.2, 0.25], style)


def _places(rows: Sequence[Sequence[str]], style: ParagraphStyle) -> Table:
    others = len(rows[0]) - 1
    return _table(rows, [0.2, *[0.8 / others] * others], style, repeatRows=1)


def _table(rows: Sequence[Sequence[str]], widths: Sequence[float], style: ParagraphStyle, **more: Any) -> Table:
    cells = [[_text(cell, style) for cell in row] for row in rows]
    return Table(cells, [_WIDTH * width for width in widths], style=[_GRID, _TOP], **more)


def _signatures(sheet: Sheet, style: ParagraphStyle) -> Table:
    """Who signs, room and a line for it, the day; side by side, with a gap between them."""
    rows: list[list[Any]] = [[], [], []]
    lines: list[Any] = [_TOP]
    for at, who in enumerate(sheet.signatures):
        for row, cell in zip(rows, (_text(who, style), "", _text(sheet.date, style)), strict=True):
            row += [cell, ""]
        lines.append(("LINEBELOW", (2 * at, 1), (2 * at, 1), 0.6, colors.black))
    each = _WIDTH / len(sheet.signatures)
    return Table(rows, [0.85 * each, 0.15 * each] * len(sheet.signatures), [None, 14 * mm, None], style=lines)
