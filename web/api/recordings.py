"""Recordings of calls: the sound itself, in ranges, for those who may hear it; each hearing is on the audit log. A file
that is not the one that was made is handed out, and said to be changed."""

import asyncio

from aiohttp import web

from models.audit import audit
from models.cases import CaseRow, RecordingRow
from models.queries.cases import recording_row
from web.api.kit import Operations, Output, answer
from web.guard import account_of
from web.keys import DATABASE, REVEALS, SETTINGS
from web.places import scope_of
from web.problems import NotFound
from web.recording_files import FileState, file_of, state_of
from web.rights import Right

operations = Operations("recordings")
WAV = "audio/wav"
STATE = "X-Recording-State"


class Proof(Output):
    """`sha256` in hex, of the file when the call had ended; `state`: whether it is that file still."""

    id: str
    sha256: str
    state: FileState


@operations("GET", "/recordings/{id}", "The sound of a call", right=Right.HEAR_RECORDINGS, media=WAV)
async def get_recording(request: web.Request) -> web.StreamResponse:
    row = await _row(request)
    settings = request.app[SETTINGS]
    state = await asyncio.to_thread(state_of, settings, row)
    path = await asyncio.to_thread(file_of, settings, row)
    if state is FileState.REMOVED:
        raise NotFound("problem.recording_removed")
    if state is FileState.ELSEWHERE:
        raise NotFound("problem.recording_elsewhere")
    if path is None:
        raise NotFound("problem.recording_gone")
    account, record, heard = account_of(request), f"recording:{row.id}", request.app[REVEALS]
    if not heard.covers(account, record):  # a player asks for part after part: that is one hearing
        async with request.app[DATABASE].write() as session:
            case = await session.get(CaseRow, row.case_id)
            elder = None if case is None else case.elder_id
            audit(session, account.actor, "recording.hear", record, elder=elder, state=state.value)
        heard.add(account, record)
    headers = {"Content-Type": WAV, "Content-Disposition": "inline", STATE: state.value}
    return web.FileResponse(path, headers=headers)


@operations(
    "GET",
    "/recordings/{id}/proof",
    "Whether a recording is the one that was made",
    right=Right.HEAR_RECORDINGS,
    result=Proof,
)
async def get_proof(request: web.Request) -> web.Response:
    row = await _row(request)
    state = await asyncio.to_thread(state_of, request.app[SETTINGS], row)
    return answer(Proof(id=row.id, sha256=row.sha256, state=state))


async def _row(request: web.Request) -> RecordingRow:
    async with request.app[DATABASE].read() as session:
        row = await recording_row(session, request.match_info["id"], scope=scope_of(request))
    if row is None:
        raise NotFound("problem.no_recording")
    return row
