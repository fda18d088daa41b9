"""What is refused before it is read: by what the file is, never by what it is called."""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from models import sheet_guard
from models.sheet_guard import SheetError, SheetKind, recognise
from models.sheets import read_sheet

WORKBOOK = (
    '<workbook xmlns:r="r"><sheets><sheet name="a" r:id="rId2"/><sheet name="b" r:id="rId1"/></sheets></workbook>'
)
LINKS = (
    '<Relationships><Relationship Id="rId1" Target="worksheets/sheet2.xml"/>'
    '<Relationship Id="rId2" Target="worksheets/sheet1.xml"/></Relationships>'
)


def _book(first: bytes, second: bytes = b"<worksheet/>", **more: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/workbook.xml", WORKBOOK)
        parts.writestr("xl/_rels/workbook.xml.rels", LINKS)
        parts.writestr("xl/worksheets/sheet1.xml", first)
        parts.writestr("xl/worksheets/sheet2.xml", second)
        for name, part in more.items():
            parts.writestr(name, part)
    return content.getvalue()


def _cells(*cells: str) -> bytes:
    return ("<worksheet><sheetData><row>" + "".join(cells) + "</row></sheetData></worksheet>").encode()


def _formulas() -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["姓名", "备注"])
        sheet.write_formula("B5", "=1+1", value=2)
        sheet.write_array_formula("C7:C8", "{=A1:A2}")
        book.add_worksheet().write_formula("A1", "=1")  # on a sheet that nobody reads
    return content.getvalue()


def _lying() -> bytes:
    """A part that says it has ten bytes and has ten million."""
    raw = bytearray(_book(_cells('<c r="A1"/>'), bomb=b"0" * 10_000_000))
    packed = zlib.compress(b"0" * 10_000_000, 6)
    assert len(packed) < 20_000
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = raw.rindex(mark)
        raw[at + place : at + place + 4] = (10).to_bytes(4, "little")
    return bytes(raw)


def _encrypted_part() -> bytes:
    raw = bytearray(_book(_cells()))
    at = -1
    while (at := raw.find(b"PK\x01\x02", at + 1)) >= 0:
        raw[at + 8] |= 1
    return bytes(raw)


def _zip(parts: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, part in parts.items():
            file.writestr(name, part)
    return content.getvalue()


def _zip_twice() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for _ in range(2):
            file.writestr("xl/workbook.xml", WORKBOOK)
    return content.getvalue()


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "empty"),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n\x00", "no spreadsheet"),
    "web page called .xls": (lambda: b"\xef\xbb\xbf <html><table><tr><td>", "web page"),
    "old workbook": (lambda: sheet_guard._OLE + b"\x00" * 600, "old format"),
    "workbook with password": (
        lambda: sheet_guard._OLE + b"\x00" * 600 + "EncryptedPackage".encode("utf-16-le"),
        "password",
    ),
    "part with password": (_encrypted_part, "password"),
    "other archive": (lambda: _zip({"word/document.xml": b"<x/>"}), r"no \.xlsx"),
    "damaged": (lambda: _book(_cells())[:-30], "damaged"),
    "cut short": (lambda: b"PK\x03\x04", "damaged"),
    "packed too tightly": (lambda: _book(_cells(), bomb=b"0" * 20_000_000), "zip bomb"),
    "lying about its size": (_lying, "zip bomb"),
    "same part twice": (_zip_twice, "zip bomb"),
    "formulas": (_formulas, "2 cells have formulas .B5, C7."),
    "formula under a prefix": (lambda: _book(b'<x:worksheet><x:c r="D3"><x:f>1</x:f></x:c>'), r"formulas .D3."),
    "far row": (lambda: _book(_cells('<c r="A1048576"><v>1</v></c>')), "more than 100010 rows"),
    "far column": (lambda: _book(_cells('<c r="XFD1"><v>1</v></c>')), "more than 300 columns"),
    "formulas in a CSV": ("姓名,备注\n演示·甲,=1+1\n".encode, r"formulas .B2."),
    "wide CSV": (lambda: b"a," * 301, "more than 300 columns"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_sheet_of_ours_is_refused_with_the_reason(what: str, tmp_path: Path) -> None:
    make, hint = REFUSED[what]
    path = tmp_path / "called-anything.xlsx"
    path.write_bytes(make())
    with pytest.raises(SheetError, match=hint) as refused:
        read_sheet(path)
    assert " / " in str(refused.value)


def test_a_file_that_is_too_large_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "register.csv"
    path.write_bytes(b"x" * 11)
    monkeypatch.setattr(sheet_guard, "LARGEST_FILE", 10)
    with pytest.raises(SheetError, match="larger than"):
        recognise(path)


def test_what_a_piece_cuts_in_two_is_found_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cut.xlsx"
    path.write_bytes(_book(_cells('<c r="A1"><v>1</v></c>', '<c r="B2"><f>1</f></c>')))
    for size in range(3, 40):
        monkeypatch.setattr(sheet_guard, "_PIECE", size)
        with pytest.raises(SheetError, match=r"formulas .B2."):
            recognise(path)


@pytest.mark.parametrize("name", ["list.txt", "list", "list.xls"])
def test_a_name_means_nothing(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes("姓名\n演示·甲\n".encode())
    assert recognise(path) is SheetKind.CSV
    assert [row.cells for row in read_sheet(path)] == [("姓名",), ("演示·甲",)]
