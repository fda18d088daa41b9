"""Recordings: the sound in ranges, for those who may hear it, from the recordings folder alone, on the audit log."""

from __future__ import annotations

import hashlib
import re
import wave
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from models.audit import AuditEntry
from models.cases import RecordingRow
from models.journal import write
from tests.web import stories
from tests.web.conftest import House, bearer, build, log_in
from web.keys import MIRROR
from web.origin import LANG_COOKIE


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


# --- is it still the file that was made? ------------------------------------------------------------------------------


async def _proven(house: House) -> Path:
    """A recording whose hash is on record; its file."""
    sound = await _record(house)
    async with house.db.write() as session:
        values = {"seconds": 1.6, "sha256": hashlib.sha256(sound).hexdigest()}
        await session.execute(update(RecordingRow).values(values))
        row = (await session.scalars(select(RecordingRow))).one()
    return house.settings.home / "recordings" / row.path


async def _page(house: House, lang: str = "zh") -> str:
    await log_in(house.client, "reader")
    house.client.session.cookie_jar.update_cookies({LANG_COOKIE: lang})
    return await (await house.client.get("/cases/r1")).text()


async def _proof(house: House) -> dict[str, str]:
    answer = await house.client.get("/api/v1/recordings/r1-1/proof", headers=await bearer(house.client, "reader"))
    assert answer.status == 200
    proof: dict[str, str] = await answer.json()
    return proof


async def test_an_unchanged_file_is_said_to_be_the_one_that_was_made(house: House) -> None:
    path = await _proven(house)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert await _proof(house) == {"id": "r1-1", "sha256": digest, "state": "whole"}
    page = await _page(house)
    assert "校验一致" in page
    assert digest[:16] in page
    case = await (await house.client.get("/api/v1/cases/r1")).json()
    assert (case["recordings"][0]["sha256"], case["recordings"][0]["removed_at"]) == (digest, None)


async def test_a_changed_file_is_said_to_be_changed_wherever_it_is_heard(house: House) -> None:
    path = await _proven(house)
    assert (await _proof(house))["state"] == "whole"
    with path.open("r+b") as file:
        file.seek(500)
        file.write(b"\0\0\0\0")
    assert (await _proof(house))["state"] == "changed"
    answer = await house.client.get("/api/v1/recordings/r1-1", headers=await bearer(house.client, "reader"))
    assert (answer.status, answer.headers["X-Recording-State"]) == (200, "changed")
    assert "在通话结束后被改动" in await _page(house)
    async with house.db.read() as session:
        heard = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "recording.hear"))).one()
    assert heard.data == {"state": "changed"}


async def test_a_file_that_is_lost_is_said_to_be_lost(sqlite_house: House) -> None:
    (await _proven(sqlite_house)).unlink()
    assert (await _proof(sqlite_house))["state"] == "missing"
    assert "录音文件已丢失" in await _page(sqlite_house)


async def test_a_file_that_was_over_age_is_said_to_be_removed(house: House) -> None:
    path = await _proven(house)
    path.unlink()
    async with house.db.write() as session:
        await session.execute(update(RecordingRow).values(removed_at=datetime(2026, 11, 1, 4, tzinfo=UTC)))
    assert (await _proof(house))["state"] == "removed"
    answer = await house.client.get("/api/v1/recordings/r1-1", headers=await bearer(house.client, "reader"))
    assert (answer.status, (await answer.json())["error"]["code"]) == (404, "recording_removed")
    page = await _page(house)
    assert re.search(r"已按保存期限于 2026-1\d-\d\d [\d:]+ 删除", page)
    assert "<audio" not in page


async def test_a_machine_without_the_files_does_not_call_them_lost(sqlite_url: str, tmp_path: Path) -> None:
    async for house in build(sqlite_url, tmp_path, YJT_RECORDINGS="elsewhere"):
        (await _proven(house)).unlink()
        assert (await _proof(house))["state"] == "elsewhere"
        answer = await house.client.get("/api/v1/recordings/r1-1", headers=await bearer(house.client, "reader"))
        assert (answer.status, (await answer.json())["error"]["code"]) == (404, "recording_elsewhere")
        assert "录音在另一台机器上" in await _page(house)


# --- what is not recorded ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "words"),
    [("zh", ("录音失败", "磁盘已满")), ("en", ("Recording failed", "the disk is full"))],
)
@pytest.mark.parametrize("path", ["/cases/c1", "/board", "/desk"])
async def test_a_call_that_is_not_recorded_is_said_everywhere(
    sqlite_house: House, path: str, lang: str, words: tuple[str, str]
) -> None:
    house = sqlite_house
    case = stories.talking(stories.ringing())
    case = replace(case, tapes=(replace(case.tapes[0], problem="disk_full"),))
    told = stories.case_json(case)
    told["alarms"] = [{"kind": "recording_failed", "detail": "disk_full", "at": told["opened_at"]}]
    await house.control.case(told)
    await house.control.seat(stories.seat_json("801", "talking", case="c1"))
    await house.until(lambda: "c1" in house.app[MIRROR].cases and "801" in house.app[MIRROR].seats)
    await log_in(house.client, "agent801" if path == "/desk" else "lead")
    house.client.session.cookie_jar.update_cookies({LANG_COOKIE: lang})
    page = await (await house.client.get(path)).text()
    for word in words:
        assert word in page


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", "录音磁盘空间不足，请尽快清理 (1.4 GB)"), ("en", "nearly full, make room soon (1.4 GB)")]
)
async def test_too_little_room_is_said_on_the_board(sqlite_house: House, lang: str, words: str) -> None:
    house = sqlite_house
    house.control.degraded = ["recordings_low: 1.4 GB"]
    await house.until(lambda: bool(house.app[MIRROR].degraded))
    await log_in(house.client, "lead")
    house.client.session.cookie_jar.update_cookies({LANG_COOKIE: lang})
    assert words in await (await house.client.get("/board")).text()
    ready = await (await house.client.get("/api/v1/ready")).json()
    assert ready["ready"] is True
    assert [why.partition(":")[0] for why in ready["degraded"]] == ["recordings_low"]
