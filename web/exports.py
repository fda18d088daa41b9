"""A list as a table to take away, XLSX or CSV: one way for all of them. Which rows belong to it is told by the query of
the list's page; here is who may have them unmasked, and that every export is on the audit log.

What is personal is masked, unless the account may see it and says why. A CSV leaves while it is being read; a workbook
can leave only when it is whole. Either way the log knows of it before the first row has left.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from aiohttp import web
from multidict import MultiDict, MultiMapping

from models.audit import audit
from models.masking import numbers_in
from models.sheets import CSV, XLSX, SheetKind, TableWriter, csv_lines, table_writer
from web.guard import account_of
from web.keys import DATABASE, SETTINGS
from web.problems import Forbidden, Invalid, Problem
from web.rights import Right, may

Rows: TypeAlias = AsyncIterator[Sequence[Sequence[str]]]
MARK: Final = b"\xef\xbb\xbf"  # so that spreadsheet programs read the Chinese
_PIECE: Final = 256 * 1024
_REASON: Final = (2, 200)  # characters


@dataclass(frozen=True, slots=True)
class Table:
    """`kind` is the file's name and the verb of the log (`cases.export`); `rows(mask)` reads them, some at a time;
    `filters`: what the list was narrowed to, as asked for."""

    kind: str
    title: str
    head: Sequence[str]
    rows: Callable[[bool], Rows]
    filters: Mapping[str, str]


async def read_form(request: web.Request) -> MultiMapping[str]:
    """The fields of the form, as texts; every one at most 200 characters."""
    sent = await request.post()
    return MultiDict((name, value[:200]) for name, value in sent.items() if isinstance(value, str))


async def send(request: web.Request, table: Table, form: MultiMapping[str]) -> web.StreamResponse:
    """The table in the `format` that the form asks for; with its `reason`, unmasked.

    Raises:
        Forbidden: unmasked is not for this account.
        Invalid: a reason that says nothing.
        Problem: no such format.
    """
    try:
        kind = SheetKind(form.get("format", SheetKind.XLSX))
    except ValueError:
        raise Problem from None
    reason = form.get("reason", "").strip()
    if reason and not may(account_of(request), Right.SEE_PERSONAL):
        raise Forbidden
    if reason and not _REASON[0] <= len(reason) <= _REASON[1]:
        raise Invalid("problem.reason", fields={"reason": "problem.reason"})
    told: dict[str, Any] = {"filters": dict(table.filters), "format": kind, "shown": "all" if reason else "masked"}
    if reason:
        told["reason"] = numbers_in(reason)
    if kind is SheetKind.CSV:
        return await _stream(request, table, told)
    return await _workbook(request, table, told)


async def _stream(request: web.Request, table: Table, told: Mapping[str, Any]) -> web.StreamResponse:
    await _log(request, f"{table.kind}.export_begun", told)
    response = web.StreamResponse(headers=_headers(table, "csv", f"{CSV}; charset=utf-8"))
    rows, whole = 0, False
    try:
        head = csv_lines([table.head]).encode()
        async for some in table.rows("reason" not in told):
            if not response.prepared:  # only now: what fails before is told as any other failure
                await response.prepare(request)
                await response.write(MARK + head)
            await response.write(csv_lines(some).encode())
            rows += len(some)
        whole = True
    finally:
        try:
            await _log(request, f"{table.kind}.export", {**told, "rows": rows, "whole": whole})
        finally:
            if not whole and request.transport is not None and response.prepared:
                request.transport.abort()  # half a table must not look like a whole one
    await response.write_eof()
    return response


async def _workbook(request: web.Request, table: Table, told: Mapping[str, Any]) -> web.StreamResponse:
    with tempfile.TemporaryDirectory(prefix="export-", dir=request.app[SETTINGS].home) as folder:
        path, rows = Path(folder) / "table.xlsx", 0
        with table_writer(path, SheetKind.XLSX, name=table.title[:31]) as writer:
            writer.write(table.head)
            async for some in table.rows("reason" not in told):
                await asyncio.to_thread(_write_all, writer, some)
                rows += len(some)
            await asyncio.to_thread(writer.close)
        await _log(request, f"{table.kind}.export", {**told, "rows": rows, "whole": True})
        response = web.StreamResponse(headers=_headers(table, "xlsx", XLSX))
        response.content_length = path.stat().st_size
        await response.prepare(request)
        with path.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE):
                await response.write(piece)
        await response.write_eof()
    return response


def _write_all(writer: TableWriter, rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        writer.write(row)


async def _log(request: web.Request, action: str, told: Mapping[str, Any]) -> None:
    async with request.app[DATABASE].write() as session:
        audit(session, account_of(request).actor, action, **told)


def _headers(table: Table, suffix: str, media: str) -> dict[str, str]:
    return {
        "Content-Type": media,
        "Content-Disposition": f'attachment; filename="{table.kind}.{suffix}"',
        "Cache-Control": "no-store",
    }
