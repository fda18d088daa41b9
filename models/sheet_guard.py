"""What a file that somebody hands in is, told by its content and not by its name; and what is refused unread.

A workbook is a ZIP of XML: a few hundred bytes can become gigabytes, or one cell in the last corner of the grid a table
of seventeen thousand million. So it is unpacked once, in pieces that are thrown away, and everything is counted first.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import IO, Final
from xml.etree import ElementTree as ET

LARGEST_FILE: Final = 64 * 1024 * 1024  # bytes: a register of 100 000 elders is 17 MB as XLSX, as CSV as well
LARGEST_UNPACKED: Final = 1024 * 1024 * 1024  # bytes: that register unpacks to a third of it
MOST_PACKED: Final = 200  # times: sheets pack 10 to 40 times
_SMALL: Final = 1024 * 1024  # bytes that may be packed as tightly as one likes
MOST_ROWS: Final = 100_010  # 100 000 elders, and what stands above them
MOST_COLUMNS: Final = 300
TOLD_AT_MOST: Final = 20  # cells named in one refusal
_MOST_PARTS: Final = 2_000  # files in a workbook
_PIECE: Final = 1024 * 1024
_LONGEST_TAG: Final = 1024 * 1024

_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_A_CELL: Final = 400  # bytes of XML before a cell's formula
_CELL: Final = re.compile(rb"""\br\s*=\s*["']([A-Z]{1,3}[0-9]{1,7})["']""")
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s/>]")
# Columns from KA on, rows from 100 000 on: few enough to be looked at one by one.
_FAR_OUT: Final = re.compile(rb"""r\s*=\s*["'](?=[A-Z]{3}|[K-Z][A-Z]|[A-Z]{1,2}[0-9]{6})([A-Z]{1,9})([0-9]{1,9})["']""")
_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class SheetError(Exception):
    """The file cannot be read or written as a table; the text says why, in Chinese and English, divided by ` / `."""


class SheetKind(StrEnum):
    XLSX = "xlsx"
    CSV = "csv"


def recognise(path: Path) -> SheetKind:
    """What this file is, once nothing speaks against reading it.

    Raises:
        SheetError: it is too large, no sheet, protected by a password, a bomb, or has formulas.
        OSError
    """
    size = path.stat().st_size
    if size == 0:
        raise SheetError("文件是空的 / the file is empty")
    if size > LARGEST_FILE:
        raise SheetError(
            f"文件超过{LARGEST_FILE >> 20}MB, 请分批导入 / the file is larger than {LARGEST_FILE >> 20} MB: split it"
        )
    with path.open("rb") as file:
        head = file.read(_PIECE)
        if head.startswith(_OLE):
            raise _old_or_encrypted(head + file.read())
        if head.startswith(b"PK"):
            file.seek(0)
            _look_into(file)
            return SheetKind.XLSX
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise SheetError("这是网页或XML文件, 请用电子表格软件另存为.xlsx / this is a web page or XML: save it as .xlsx")
    if _BINARY.search(head):
        raise SheetError("不是电子表格, 请用.xlsx或.csv / this is no spreadsheet: use .xlsx or .csv")
    return SheetKind.CSV


def _old_or_encrypted(content: bytes) -> SheetError:
    if _ENCRYPTED in content:
        return SheetError("工作簿设有密码, 请取消密码后再上传 / the workbook has a password: take it off first")
    return SheetError("旧格式(.xls), 请另存为.xlsx / this is the old format (.xls): save it as .xlsx")


def _look_into(file: IO[bytes]) -> None:
    try:
        with zipfile.ZipFile(file) as parts:
            infos = parts.infolist()
            names = {info.filename for info in infos}
            if "xl/workbook.xml" not in names:
                raise SheetError("不是.xlsx工作簿, 请另存为.xlsx / this is no .xlsx workbook: save it as .xlsx")
            if len(infos) > _MOST_PARTS or len(names) != len(infos):
                raise _bomb()
            if any(info.flag_bits & 0x1 for info in infos):
                raise SheetError("工作簿设有密码, 请取消密码后再上传 / the workbook has a password: take it off first")
            if sum(info.file_size for info in infos) > LARGEST_UNPACKED:
                raise _bomb()
            budget = LARGEST_UNPACKED
            first = _first_sheet(file, {info.filename: info for info in infos})
            for info in infos:
                watched = info.filename == first or (not first and info.filename.startswith("xl/worksheets/"))
                budget -= _unpack(file, info, budget, _Looking() if watched else None)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ET.ParseError) as error:
        raise SheetError(f"文件损坏或不是电子表格 / damaged, or not a readable spreadsheet: {error}") from None


def _first_sheet(file: IO[bytes], parts: Mapping[str, zipfile.ZipInfo]) -> str:
    """The part that holds the sheet which will be read; empty when that cannot be told, and all are looked at."""
    book = ET.fromstring(_small_part(file, parts["xl/workbook.xml"]))
    sheet = book.find(".//{*}sheet")
    links = parts.get("xl/_rels/workbook.xml.rels")
    if sheet is None or links is None:
        return ""
    wanted = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), "")
    for link in ET.fromstring(_small_part(file, links)):
        if link.get("Id") == wanted:
            target = link.get("Target", "")
            return target[1:] if target.startswith("/") else f"xl/{target}"
    return ""


def _small_part(file: IO[bytes], info: zipfile.ZipInfo) -> bytes:
    content = b""
    for piece in _pieces(file, info):
        content += piece
        if len(content) > _SMALL:
            raise _bomb()
    return content


def _bomb() -> SheetError:
    return SheetError(
        "解压后内容异常庞大(疑似压缩炸弹), 已拒绝 / it unpacks to far more than a sheet does (a zip bomb?): refused"
    )


def _unpack(file: IO[bytes], info: zipfile.ZipInfo, budget: int, look: _Looking | None) -> int:
    """How many bytes this part has, whatever it says itself: nobody's figures are believed but our own count."""
    total = 0
    for piece in _pieces(file, info):
        total += len(piece)
        if total > budget or total > max(_SMALL, info.compress_size * MOST_PACKED):
            raise _bomb()
        if look is not None:
            look.at(piece)
    if look is not None:
        look.done()
    return total


def _pieces(file: IO[bytes], info: zipfile.ZipInfo) -> Iterator[bytes]:
    file.seek(info.header_offset)
    header = file.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile("a part is missing")
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
    left = info.compress_size
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile("an unusual kind of compression")
    inflate = zlib.decompressobj(-15) if info.compress_type == zipfile.ZIP_DEFLATED else None
    while left > 0 and (packed := file.read(min(_PIECE, left))):
        left -= len(packed)
        if inflate is None:
            yield packed
            continue
        while unpacked := inflate.decompress(packed, _PIECE):
            yield unpacked
            packed = inflate.unconsumed_tail


class _Looking:
    """Reads a worksheet's XML for what is refused: cells too far out, formulas. A piece may end within a tag. Nearly
    all of it is passed over by searches for a few bytes: a register is 250 MB of XML."""

    def __init__(self) -> None:
        self._rest = b""
        self._seen = b""  # the end of the piece before: where a cell's name may stand
        self._formulas: list[str] = []
        self._count = 0

    def at(self, piece: bytes) -> None:
        text = self._rest + piece
        end = text.rfind(b"<")
        end = len(text) if end < 0 else end
        self._rest = text[end:]
        if len(self._rest) > _LONGEST_TAG:
            raise SheetError("文件损坏或不是电子表格 / damaged, or not a readable spreadsheet")
        self._scan(text[:end])

    def done(self) -> None:
        self._scan(self._rest)
        if self._formulas:
            raise formulas_refused(self._formulas, self._count)

    def _scan(self, text: bytes) -> None:
        for found in _FAR_OUT.finditer(text):
            column, row = found.groups()
            if len(column) > 2 or _number(column) > MOST_COLUMNS:
                raise too_many_columns()
            if int(row) > MOST_ROWS:
                raise too_many_rows()
        if b"<f" in text or b":f" in text:
            for found in _FORMULA.finditer(text):
                self._count += 1
                if len(self._formulas) < TOLD_AT_MOST:
                    self._formulas.append(_cell_before(self._seen + text[: found.start()]))
        self._seen = (self._seen + text)[-_A_CELL:] if len(text) < _A_CELL else text[-_A_CELL:]


def _cell_before(text: bytes) -> str:
    """The name of the last cell that begins here; `?` where the program that wrote it gives cells no names."""
    named = _CELL.findall(text, max(0, len(text) - _A_CELL))
    return str(named[-1].decode()) if named else "?"


def _number(letters: bytes) -> int:
    """`A` -> 1, `AA` -> 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def cell_name(row: int, place: int) -> str:
    """Row from 1, place from 0, as a spreadsheet program names the cell: `B5`."""
    letters, place = "", place + 1
    while place:
        place, letter = divmod(place - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row}"


def too_many_rows() -> SheetError:
    return SheetError(f"超过{MOST_ROWS}行, 请分批导入 / more than {MOST_ROWS} rows: split the file")


def too_many_columns() -> SheetError:
    return SheetError(f"超过{MOST_COLUMNS}列 / more than {MOST_COLUMNS} columns")


def formulas_refused(cells: list[str], count: int) -> SheetError:
    named = ", ".join(cells[:TOLD_AT_MOST]) + (" …" if count > TOLD_AT_MOST else "")
    return SheetError(
        f"有{count}个公式单元格({named}), 请选择性粘贴为数值后再上传 / "
        f"{count} cells have formulas ({named}): paste them as values first"
    )
