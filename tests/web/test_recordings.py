"""Recordings: the sound in ranges, for those who may hear it, from the recordings folder alone, on the audit log."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest
from sqlalchemy import select, update

from models.audit import AuditEntry
from models.cases import RecordingRow
from models.journal import write
from tests.web import stories
from tests.web.conftest import House, bearer


def _sound(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(range(256)) * 100)
    return path.read_bytes()


async def _record(house: House) -> bytes:
    case = stories.closed(stories.ringing("r1", file=None))
    async with house.db.write() as session:
        await write(session, stories.entries(case))
    return _sound(house.settings.home / "recordings" / case.tapes[0].file)


async def test_the_sound_comes_whole_and_in_parts(house: House) -> None:
    sound = await _record(house)
    headers = await bearer(house.client)
    whole = await house.client.get("/api/v1/recordings/r1-1", headers=headers)
    assert (whole.status, whole.content_type, await whole.read()) == (200, "audio/wav", sound)
    part = await house.client.get("/api/v1/recordings/r1-1", headers={**headers, "Range": "bytes=100-199"})
    assert (part.status, await part.read()) == (206, sound[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(sound)}"
    beyond = await house.client.get("/api/v1/recordings/r1-1", headers={**headers, "Range": "bytes=9999999-"})
    assert beyond.status == 416
    async with house.db.read() as session:
        heard = (await session.scalars(select(AuditEntry.record).where(AuditEntry.action == "recording.hear"))).all()
    assert heard == ["recording:r1-1"]


async def test_no_part_is_heard_unseen(sqlite_house: House) -> None:
    """Whoever leaves the first byte out is on the log as well."""
    await _record(sqlite_house)
    for username in ("agent801", "reader"):
        headers = {**await bearer(sqlite_house.client, username), "Range": "bytes=1-"}
        assert (await sqlite_house.client.get("/api/v1/recordings/r1-1", headers=headers)).status == 206
    async with sqlite_house.db.read() as session:
        heard = (await session.scalars(select(AuditEntry.actor).where(AuditEntry.action == "recording.hear"))).all()
    assert heard == ["user:1", "user:5"]


async def test_only_who_may_hear_hears(sqlite_house: House) -> None:
    await _record(sqlite_house)
    assert (await sqlite_house.client.get("/api/v1/recordings/r1-1")).status == 401
    for username, status in (("keeper", 403), ("reader", 200)):
        headers = await bearer(sqlite_house.client, username)
        assert (await sqlite_house.client.get("/api/v1/recordings/r1-1", headers=headers)).status == status


@pytest.mark.parametrize("path", ["../secrets.toml", "/etc/hostname", "missing.wav", "."])
async def test_nothing_outside_the_folder_is_served(sqlite_house: House, path: str) -> None:
    await _record(sqlite_house)
    async with sqlite_house.db.write() as session:
        await session.execute(update(RecordingRow).values(path=path))
    headers = await bearer(sqlite_house.client)
    answer = await sqlite_house.client.get("/api/v1/recordings/r1-1", headers=headers)
    assert (answer.status, (await answer.json())["error"]["code"]) == (404, "recording_gone")
