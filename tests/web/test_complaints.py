"""A complaint from the page to its answer and one level up (H8); what is late shouts; a year of them as one file."""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import jinja2
import pytest
from sqlalchemy import select

from models.audit import AuditEntry
from models.base import utc_now
from models.complaint_archives import STALE, ArchiveState, ComplaintArchive, GivenUp, alive, path_of
from models.complaints import AboutKind, Complaint
from models.journal import write
from models.people import User
from models.sheets import read_sheet
from tests.web import stories
from tests.web.conftest import HASH, House, bearer, csrf_field, log_in
from web.archiving import Archives

Headers = dict[str, str]


async def _people(house: House) -> dict[str, int]:
    """User name to number; with a second leader."""
    async with house.db.write() as session:
        session.add(User(username="second", password_hash=HASH, name="演示主任", roles=["lead"]))
    async with house.db.read() as session:
        return {user.username: user.id for user in await session.scalars(select(User))}


async def _ask(house: House, method: str, path: str, who: Headers, body: Any = None) -> tuple[int, Any]:
    answer = await house.client.request(method, f"/api/v1{path}", json=body, headers=who)
    return answer.status, await answer.json()


async def _step(house: House, who: Headers, number: int, step: str, **more: Any) -> tuple[int, Any]:
    """From the version that it has now."""
    async with house.db.read() as session:
        version = (await session.get_one(Complaint, number)).version
    return await _ask(house, "POST", f"/complaints/{number}/steps", who, {"version": version, "step": step, **more})


@pytest.mark.clause("H8", "X10")
async def test_a_complaint_is_handled_by_others_than_who_is_meant_and_goes_up_when_the_answer_does_not_satisfy(
    sqlite_house: House,
) -> None:
    house, people = sqlite_house, await _people(sqlite_house)
    meant, agent = await bearer(house.client, "agent801"), await bearer(house.client, "agent802")
    lead, second = await bearer(house.client, "lead"), await bearer(house.client, "second")
    new = {"words": "接线员态度不好", "complainant": "演示·家属", "caller": "12000000001", "about_kind": "user"}
    status, told = await _ask(house, "POST", "/complaints", agent, new)
    assert (status, list(told["error"]["fields"])) == (422, ["about_id"])
    new["about_id"] = str(people["agent801"])
    status, told = await _ask(house, "POST", "/complaints", agent, new)
    number = told["complaint"]["id"]
    assert (status, told["complaint"]["state"], told["complaint"]["caller"]) == (201, "draft", "120****0001")
    assert told["complaint"]["contact_due"]
    assert told["complaint"]["answer_due"]

    for to, field in ((people["agent801"], "step"), (people["reader"], "step"), (9_999, "to")):
        status, told = await _step(house, lead, number, "assigned", to=to)
        assert (status, list(told["error"]["fields"])) == (422, [field])
    assert (await _ask(house, "GET", f"/complaints/{number}", meant))[1]["can"] == []
    status, told = await _step(house, agent, number, "assigned", to=people["agent802"])
    assert (status, told["complaint"]["assigned_to"], told["complaint"]["caller"]) == (
        200, people["agent802"], "12000000001",
    )  # fmt: skip
    assert (await _step(house, agent, number, "investigated"))[1]["error"]["fields"].keys() == {"note"}
    for step in ("contacted", "investigated", "opinion"):
        assert (await _step(house, meant, number, step, note="演示"))[0] == 422
        status, told = await _step(house, agent, number, step, note=f"演示：{step}")
        assert status == 200, told
    assert told["complaint"]["contact_due"] is None
    assert (await _step(house, agent, number, "approved", note="同意"))[0] == 422
    assert (await _step(house, lead, number, "approved", note="同意"))[0] == 200
    assert (await _step(house, agent, number, "answered", note="已道歉"))[0] == 200
    status, told = await _step(house, agent, number, "asked", satisfaction="dissatisfied")
    above = told["complaint"]
    assert (above["state"], above["level"], above["assigned_to"]) == ("draft", 2, None)
    assert above["contact_due"]

    assert (await _step(house, lead, number, "assigned", to=people["agent802"]))[
        0
    ] == 422  # leaders only, and was below
    assert (await _step(house, lead, number, "assigned", to=people["lead"]))[0] == 200
    for step in ("investigated", "opinion"):
        assert (await _step(house, lead, number, step, note="演示"))[0] == 200
    assert (await _step(house, lead, number, "approved", note="同意"))[0] == 422  # another leader's to say
    assert (await _step(house, second, number, "approved", note="同意"))[0] == 200
    assert (await _step(house, lead, number, "answered", note="已调换人员"))[0] == 200
    status, told = await _step(house, lead, number, "asked", satisfaction="fairly_satisfied")
    assert (told["complaint"]["state"], told["complaint"]["satisfaction"]) == ("closed", "fairly_satisfied")
    steps = [step["step"] for step in told["steps"]]
    assert (steps[:2], steps.count("escalated")) == (["received", "assigned"], 1)
    body = {"version": 1, "step": "asked", "satisfaction": "satisfied"}
    assert (await _ask(house, "POST", f"/complaints/{number}/steps", lead, body))[0] == 409
    async with house.db.read() as session:
        found = select(AuditEntry.action).where(AuditEntry.record == f"complaint:{number}").order_by(AuditEntry.id)
        actions = list(await session.scalars(found))
    assert actions[0] == "complaint.register"
    assert actions.count("complaint.assigned") == 2
    assert "complaint.escalated" in actions


@pytest.mark.clause("H8")
async def test_the_page_keeps_what_was_typed_says_who_is_meant_and_shouts_when_it_is_late(
    sqlite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.overdue.FRESH", 0.0)
    house, people = sqlite_house, await _people(sqlite_house)
    await log_in(house.client, "lead")
    token = await csrf_field(house.client)
    form = {"complainant": "", "words": "送餐太慢", "target": "supplier", "about": "演示送餐", **token}
    answer = await house.client.post("/complaints/new", data=form)
    page = await answer.text()
    assert (answer.status, "送餐太慢" in page, "请填写投诉人" in page) == (422, True, True)
    answer = await house.client.post("/complaints/new", data={**form, "complainant": "演示·邻居"})
    page = await answer.text()
    assert (answer.status, answer.url.path) == (200, "/complaints/1")
    assert "服务商" in page
    assert "演示送餐" in page
    step = {"version": "1", "step": "assigned", "to": str(people["agent801"]), **token}
    assert (await house.client.post("/complaints/1/steps", data=step)).status == 200
    whom = {"version": "2", "target": f"user:{people['agent801']}", **token}
    page = await (await house.client.post("/complaints/1/about", data=whom)).text()
    assert 'class="tag complaint-draft"' in page  # who is meant has it no longer
    answer = await house.client.post("/complaints/1/steps", data={**step, "version": "3"})
    assert (answer.status, "应当回避" in await answer.text()) == (422, True)

    assert "late=1" not in await (await house.client.get("/complaints")).text()
    async with house.db.write() as session:
        row = await session.get_one(Complaint, 1)
        row.opened_at = utc_now() - timedelta(days=12)
    page = await (await house.client.get("/complaints?late=1&handler=nobody")).text()
    assert 'class="row-late"' in page
    assert "有投诉超过时限" in page
    assert "件投诉超时" in await (await house.client.get("/board")).text()
    answer = await house.client.post(
        "/complaints/export", data={"format": "csv", "late": "1", "state": "open", **token}
    )
    assert "送餐太慢" in (await answer.read()).decode("utf-8-sig")
    none = await house.client.post("/complaints/export", data={"format": "csv", "handler": "mine", **token})
    assert "送餐太慢" not in (await none.read()).decode("utf-8-sig")
    await house.client.post("/logout", data=token)
    await log_in(house.client, "agent801")
    page = await (await house.client.get("/complaints/1")).text()
    assert "您是被投诉人" in page
    assert "演示·邻居" not in page + await (await house.client.get("/complaints")).text()  # nor who complains


async def _filed(house: House) -> Path:
    """A complaint of a call with a recording; its file."""
    case = stories.closed(stories.talking(stories.ringing("c7", file=None)))
    tape = house.settings.home / "recordings" / case.tapes[0].file
    tape.parent.mkdir(parents=True, exist_ok=True)
    tape.write_bytes(b"RIFF" + bytes(400))
    async with house.db.write() as session:
        await write(session, stories.entries(case), area_code="021")
        about = {"case_id": "c7", "case_seq": 1, "drafted_at": utc_now(), "drafted_by": "user:1"}
        session.add(Complaint(**about, about="演示·食堂", words="送餐晚了，请打12000000009"))
        session.add(Complaint(about="", words="太慢", drafted_at=utc_now() - timedelta(days=800), drafted_by="user:1"))
    return tape


@pytest.mark.clause("H8", "S14")
async def test_who_is_complained_about_takes_neither_the_name_nor_the_recording_away(sqlite_house: House) -> None:
    house, _ = sqlite_house, await _filed(sqlite_house)
    people = await _people(house)
    async with house.db.write() as session:
        row = await session.get_one(Complaint, 1)
        row.about_kind, row.about_id, row.complainant = AboutKind.USER, str(people["lead"]), "演示·邻居"
    lead = await bearer(house.client, "lead")
    shown = [(await _ask(house, "GET", path, lead))[1] for path in ("/complaints", "/complaints/1")]
    assert "演示·邻居" not in str(shown)
    assert shown[1]["recordings"] == []
    await log_in(house.client, "lead")
    sent = {"format": "csv", "reason": "核对", **await csrf_field(house.client)}
    answer = await house.client.post("/complaints/export", data=sent)
    assert (answer.status, "演示·邻居" in (await answer.read()).decode("utf-8-sig")) == (200, False)
    told, whole = await _archive(house, lead, reason="年度归档")
    assert (told["done"], told["recordings"]) == (1, 0)
    page = whole.read(next(name for name in whole.namelist() if name.endswith(".html"))).decode()
    assert "演示·邻居" not in page
    assert "12000000009" not in page


@pytest.mark.clause("H8", "S14")
async def test_nothing_is_left_of_an_archive_that_broke_off(sqlite_house: House) -> None:
    """What another process is making, which shows that it lives, is left alone."""
    house, asked = sqlite_house, {"year": 2026, "whole": True, "reason": "归档", "asked_by": "user:3"}
    async with house.db.write() as session:
        session.add(ComplaintArchive(id=5, **asked, alive_at=utc_now() - STALE - timedelta(seconds=1)))
        session.add(ComplaintArchive(id=6, **asked))
    left, others = path_of(house.settings.home, 5), path_of(house.settings.home, 6)
    left.parent.mkdir(exist_ok=True)
    for file in (left, left.with_suffix(".xlsx"), others):
        file.write_bytes(b"half of it")
    archives = Archives(house.settings, house.db, jinja2.Environment(autoescape=True))
    watching = asyncio.create_task(archives.watch())
    async with asyncio.timeout(20):
        while left.exists() or left.with_suffix(".xlsx").exists():  # noqa: ASYNC110 - files tell nobody
            await asyncio.sleep(0.02)
    watching.cancel()
    async with house.db.read() as session:
        states = [(await session.get_one(ComplaintArchive, number)).state for number in (5, 6)]
    assert (states, others.exists()) == ([ArchiveState.FAILED, ArchiveState.WORKING], True)
    async with house.db.write() as session:
        await alive(session, 6)
        with pytest.raises(GivenUp):  # who was frozen meanwhile writes nothing of it any more
            await alive(session, 5)


async def _archive(house: House, who: Headers, **body: Any) -> tuple[dict[str, Any], zipfile.ZipFile]:
    year = utc_now().astimezone().year
    status, told = await _ask(house, "POST", "/complaint-archives", who, {"year": year, **body})
    assert (status, told["state"]) == (202, "working")
    async with asyncio.timeout(20):
        while told["state"] == "working":
            await asyncio.sleep(0.02)
            told = (await _ask(house, "GET", f"/complaint-archives/{told['id']}", who))[1]
    assert told["state"] == "done"
    answer = await house.client.get(f"/complaint-archives/{told['id']}/file", headers=who)
    body_read = await answer.read()
    assert (len(body_read), hashlib.sha256(body_read).hexdigest()) == (told["size"], told["sha256"])
    return told, zipfile.ZipFile(io.BytesIO(body_read))


@pytest.mark.clause("H8")
async def test_a_year_is_one_file_with_its_index_its_pages_and_its_recordings(
    sqlite_house: House, tmp_path: Path
) -> None:
    house, tape = sqlite_house, await _filed(sqlite_house)
    await _people(house)
    lead, second = await bearer(house.client, "lead"), await bearer(house.client, "second")
    told, whole = await _archive(house, lead, reason="年度归档")
    assert (told["total"], told["done"], told["recordings"]) == (1, 1, 1)
    year = utc_now().astimezone().year
    (sound,) = (name for name in whole.namelist() if name.endswith(".wav"))
    assert sound == f"recordings/{year}-000001/c7-1.wav"
    assert whole.read(sound) == tape.read_bytes()
    page = whole.read(f"complaints/{year}-000001.html").decode()
    assert "12000000009" in page
    assert f"../{sound}" in page
    (tmp_path / "index.xlsx").write_bytes(whole.read("index.xlsx"))
    head, line = (row.cells for row in read_sheet(tmp_path / "index.xlsx"))
    assert (head[0], line[0], sound in line) == ("编号", f"{year}-000001", True)

    _, hidden = await _archive(house, lead)
    assert [name for name in hidden.namelist() if name.endswith(".wav")] == []
    assert "120****0009" in hidden.read(f"complaints/{year}-000001.html").decode()
    assert (await house.client.get(f"/complaint-archives/{told['id']}/file", headers=second)).status == 404
    agent = await bearer(house.client)
    assert (await house.client.get(f"/complaint-archives/{told['id']}/file", headers=agent)).status == 403
    assert (await _ask(house, "POST", "/complaint-archives", lead, {"year": 2001, "reason": "x"}))[0] == 422
    async with house.db.write() as session:
        session.add(ComplaintArchive(year=year, whole=False, reason="", asked_by="user:3", state=ArchiveState.WORKING))
    assert (await _ask(house, "POST", "/complaint-archives", lead, {"year": year}))[0] == 422
    async with house.db.read() as session:
        actions = list(await session.scalars(select(AuditEntry.action)))
    assert actions.count("complaint_archive.begin") == actions.count("complaint_archive.made") == 2
    assert actions.count("complaint_archive.read") == 2
