"""Recordings of calls: the sound itself, in ranges, for those who may hear it; each hearing is on the audit log."""

from pathlib import Path

from aiohttp import web

from models.audit import audit
from models.cases import CaseRow
from models.queries.cases import recording_row
from web.api.kit import Operations
from web.guard import account_of
from web.keys import DATABASE, REVEALS, SETTINGS
from web.problems import NotFound
from web.rights import Right

operations = Operations("recordings")
WAV = "audio/wav"
EMPTY_HEADER = 44


@operations("GET", "/recordings/{id}", "The sound of a call", right=Right.HEAR_RECORDINGS, media=WAV)
async def get_recording(request: web.Request) -> web.StreamResponse:
    database = request.app[DATABASE]
    async with database.read() as session:
        row = await recording_row(session, request.match_info["id"])
    if row is None:
        raise NotFound("problem.no_recording")
    path = _file(request.app[SETTINGS].home / "recordings", row.path)
    if path is None:
        raise NotFound("problem.recording_gone")
    account, record, heard = account_of(request), f"recording:{row.id}", request.app[REVEALS]
    if not heard.covers(account, record):  # a player asks for part after part: that is one hearing
        async with database.write() as session:
            case = await session.get(CaseRow, row.case_id)
            audit(session, account.actor, "recording.hear", record, elder=None if case is None else case.elder_id)
        heard.add(account, record)
    return web.FileResponse(path, headers={"Content-Type": WAV, "Content-Disposition": "inline"})


def _file(folder: Path, name: str) -> Path | None:
    """The file, when it lies inside the folder and holds more than a header."""
    path = (folder / name).resolve()
    inside = path.is_relative_to(folder.resolve())
    return path if inside and path.is_file() and path.stat().st_size > EMPTY_HEADER else None
