"""Every page answers for those who may see it, in both languages, with what it is there for."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from ivr.commands import DraftComplaint, DraftOrder
from ivr.vocabulary import Aid, AlarmKind, LegKind
from models.exception_reports import ExceptionReport
from models.follow_ups import FollowUp
from models.journal import JournalEntry, write
from tests.web import stories
from tests.web.conftest import House, csrf_in, csrf_of, log_in
from web.keys import MIRROR
from web.pages.board import ROWS


async def _with_case(house: House) -> None:
    case = stories.emergency(stories.talking(stories.ringing()))
    await house.control.seat(stories.seat_json("801", "talking", case="c1", role="A"))
    await house.control.case(stories.case_json(case, alarms=(AlarmKind.NO_AGREEMENT,)))
    await house.until(lambda: "c1" in house.app[MIRROR].cases)


async def test_nobody_gets_in_without_logging_in(sqlite_house: House) -> None:
    for path in (
        "/board",
        "/cases",
        "/desk",
        "/elders",
        "/elders/new",
        "/follow-ups",
        "/orders",
        "/complaints",
        "/exception-reports",
        "/cases/c1",
    ):
        answer = await sqlite_house.client.get(path, allow_redirects=False)
        assert answer.status == 303, path
        assert answer.headers["Location"].startswith("/login?next="), path


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_each_page_answers(house: House, lang: str) -> None:
    await _with_case(house)
    house.client.session.cookie_jar.update_cookies({"yjt_lang": lang})
    await log_in(house.client)
    paths = (
        "/board",
        "/cases",
        "/cases/c1",
        "/desk",
        "/elders",
        "/elders/new",
        "/follow-ups",
        "/orders",
        "/complaints",
    )
    for path in (*paths, "/api/v1/docs"):
        answer = await house.client.get(path)
        assert answer.status == 200, (path, await answer.text())
        assert f'lang="{"zh-CN" if lang == "zh" else "en"}"' in await answer.text()


async def test_the_board_shows_case_and_seat(sqlite_house: House) -> None:
    await _with_case(sqlite_house)
    await log_in(sqlite_house.client)
    page = await (await sqlite_house.client.get("/board")).text()
    for words in ("演示·李一", "应急中", "社区食堂对面", "801", "802", "120", "无签署协议"):
        assert words in page


async def test_in_a_storm_the_board_shows_who_is_served_and_who_has_waited_longest(sqlite_house: House) -> None:
    ringing = stories.ringing()
    start = ringing.opened_at
    assert start is not None
    alone = tuple(leg for leg in ringing.legs if leg.kind is LegKind.ELDER)
    for number in range(ROWS + 20):
        at = start + timedelta(seconds=number)
        case = replace(ringing, id=f"c-{number:03d}", opened_at=at, legs=alone)
        await sqlite_house.control.case(stories.case_json(case))
    await sqlite_house.control.case(stories.case_json(replace(stories.talking(ringing), id="c-last")))
    await sqlite_house.until(lambda: len(sqlite_house.app[MIRROR].cases) == ROWS + 21)
    await log_in(sqlite_house.client)
    page = await (await sqlite_house.client.get("/board")).text()
    assert page.count('<tr id="case-') == ROWS
    assert 'id="case-c-last"' in page, "an agent is on it"
    assert 'id="case-c-098"' in page
    assert 'id="case-c-099"' not in page
    assert f'<span class="count">{ROWS + 21}</span>' in page
    assert "另有 21 起在排队" in page


async def test_the_desk_shows_file_and_words_for_120(sqlite_house: House) -> None:
    await _with_case(sqlite_house)
    await log_in(sqlite_house.client)
    page = await (await sqlite_house.client.get("/desk")).text()
    for words in ("501室", "单元门密码", "冠心病", "没有已签署的协议", "您是 A 坐席", "忙线", "85岁"):
        assert words in page


async def test_a_seat_without_a_case_waits(sqlite_house: House) -> None:
    await sqlite_house.control.seat(stories.seat_json("802"))
    await sqlite_house.until(lambda: "802" in sqlite_house.app[MIRROR].seats)
    await log_in(sqlite_house.client, "agent802")
    assert "等待来电" in await (await sqlite_house.client.get("/desk")).text()


async def test_a_closed_case_comes_from_the_records(house: House) -> None:
    case = stories.closed(stories.emergency(stories.talking(stories.ringing("c9", file=None))))
    async with house.db.write() as session:
        await write(session, stories.entries(case, alarms=(AlarmKind.NO_AGREEMENT,)), area_code="021")
    await log_in(house.client)
    page = await (await house.client.get("/cases/c9")).text()
    for words in ("已结案", "老人已送医", "启动应急", "忙线", "演示坐席乙", "联系人按键时限 演示·幸福居委会"):
        assert words in page
    assert "ElderFile" not in page
    assert "/cases/c9" in await (await house.client.get("/cases?state=closed")).text()
    assert "/cases/c9" not in await (await house.client.get("/cases?state=open")).text()
    assert "/cases/c9" not in await (await house.client.get("/cases?to=2000-01-01")).text()


async def test_an_unknown_case_is_told_as_such(sqlite_house: House) -> None:
    await log_in(sqlite_house.client)
    answer = await sqlite_house.client.get("/cases/nothing")
    assert answer.status == 404
    assert "没有这个事件" in await answer.text()


async def test_rights_are_kept(sqlite_house: House) -> None:
    await log_in(sqlite_house.client, "keeper")
    assert (await sqlite_house.client.get("/board")).status == 200
    for path in ("/cases", "/elders", "/desk", "/follow-ups", "/orders", "/complaints"):
        assert (await sqlite_house.client.get(path)).status == 403, path


async def test_the_language_can_be_switched(sqlite_house: House) -> None:
    await log_in(sqlite_house.client)
    form = {"lang": "en", "next": "/board", "csrf_token": (await csrf_of(sqlite_house.client))["X-CSRF-Token"]}
    assert "Open cases" in await (await sqlite_house.client.post("/language", data=form)).text()


async def test_a_wrong_name_never_becomes_markup(sqlite_house: House) -> None:
    case = stories.case_json(stories.ringing())
    case["elder"] = {"id": 1, "name": "<script>alert(1)</script>"}
    case["file"]["name"] = '"><img src=x onerror=alert(1)>'
    case["caller"] = "<b>1</b>\u202e😀"
    await sqlite_house.control.case(case)
    await sqlite_house.until(lambda: "c1" in sqlite_house.app[MIRROR].cases)
    await log_in(sqlite_house.client)
    for path in ("/board", "/cases/c1"):
        page = await (await sqlite_house.client.get(path)).text()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b>1</b>" not in page


async def test_the_board_works_while_the_database_is_away(sqlite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.accounts.FRESH", 0.0)
    await _with_case(sqlite_house)
    await log_in(sqlite_house.client)
    assert (await sqlite_house.client.get("/board")).status == 200
    take_away(sqlite_house)
    for path in ("/board", "/desk", "/cases/c1"):
        assert (await sqlite_house.client.get(path)).status == 200, path
    listed = await sqlite_house.client.get("/cases")
    assert "数据库暂不可用" in await listed.text()
    assert (await sqlite_house.client.get("/elders")).status == 503


async def test_a_lost_controller_shows_on_the_board(sqlite_house: House) -> None:
    await log_in(sqlite_house.client)
    await sqlite_house.control.stop()
    await sqlite_house.until(lambda: not sqlite_house.app[MIRROR].reachable)
    assert "呼叫控制器无法连接" in await (await sqlite_house.client.get("/board")).text()
    await sqlite_house.control.start()
    await sqlite_house.until(lambda: sqlite_house.app[MIRROR].reachable)
    assert "呼叫控制器无法连接" not in await (await sqlite_house.client.get("/board")).text()


async def test_a_follow_up_is_done_by_the_form(house: House) -> None:
    case = stories.closed(stories.talking(stories.ringing("c7", file=None)))
    async with house.db.write() as session:
        await write(session, stories.entries(case), area_code="021")
        session.add(FollowUp(case_id="c7", kind="emergency", due_at=case.opened_at))
    await log_in(house.client)
    page = await (await house.client.get("/follow-ups")).text()
    assert "已超期" in page
    form = {"version": "1", "result": "老人平安", "satisfaction": "satisfied", **_token(page)}
    answer = await house.client.post("/follow-ups/1", data=form)
    assert answer.status == 200
    assert "老人平安" in await (await house.client.get("/follow-ups?state=done")).text()
    assert (await house.client.post("/follow-ups/1", data=form)).status == 409


@pytest.mark.clause("S3.1")
async def test_drafts_are_listed_with_elder_and_words(house: House) -> None:
    case = stories.talking(stories.ringing("c8", file=None))
    at = case.opened_at
    commands = (DraftOrder(Aid.MEALS, "每天<b>午饭</b>"), DraftComplaint("演示·食堂", "送餐晚了"))
    drafts = [JournalEntry(case, seq, at, "x", "seat:801", None, {}, (one,)) for seq, one in enumerate(commands, 1)]
    async with house.db.write() as session:
        await write(session, drafts, area_code="021")
        await write(session, drafts, area_code="021")
    await log_in(house.client)
    orders = await (await house.client.get("/orders")).text()
    assert orders.count("每天&lt;b&gt;午饭&lt;/b&gt;") == 1
    assert "助餐" in orders
    assert "/cases/c8" in orders
    complaints = await (await house.client.get("/complaints")).text()
    assert complaints.count("送餐晚了") == 1
    assert "演示·食堂" in complaints


@pytest.mark.clause("K1")
async def test_a_call_that_nobody_answered_is_explained_by_a_supervisor(house: House) -> None:
    case = stories.closed(stories.talking(stories.ringing("c8", file=None)))
    async with house.db.write() as session:
        await write(session, stories.entries(case), area_code="021")
        at = case.opened_at
        session.add(ExceptionReport(case_id="c8", waiting_since=at, opened_at=at + timedelta(seconds=180)))
    await log_in(house.client)
    assert (await house.client.get("/exception-reports")).status == 403
    await house.client.post("/logout", data=_token(await (await house.client.get("/board")).text()))
    await log_in(house.client, "lead")
    page = await (await house.client.get("/exception-reports")).text()
    assert "异常报告" in page
    form = {"version": "1", "cause": "all_busy", "explanation": "演示：两名坐席都在通话", **_token(page)}
    assert (await house.client.post("/exception-reports/1", data=form)).status == 200
    assert "两名坐席都在通话" in await (await house.client.get("/exception-reports?state=done")).text()
    assert (await house.client.post("/exception-reports/1", data=form)).status == 409
    assert (await house.client.post("/exception-reports/1", data={**form, "cause": "why"})).status == 422


def take_away(house: House) -> None:
    """From now on the database has nothing that anybody asks for."""
    with closing(sqlite3.connect(str(house.db.url.database))) as connection:
        for table in ("web_sessions", "users", "cases", "elders", "org_units", "case_notes"):
            connection.execute(f"ALTER TABLE {table} RENAME TO gone_{table}")


def _token(page: str) -> dict[str, str]:
    return {"csrf_token": csrf_in(page)}


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", "系统部分功能异常： 数据库不可用 (the server is down; 4 entries wait)；something new (and why)"),
        ("en", "Working with limits:  no database (the server is down; 4 entries wait)；something new (and why)"),
    ],
)
async def test_what_does_not_work_is_said_in_the_language_of_the_page(
    sqlite_house: House, lang: str, words: str
) -> None:
    house = sqlite_house
    house.client.session.cookie_jar.update_cookies({"yjt_lang": lang})
    await log_in(house.client)
    house.control.degraded = ["database: the server is down; 4 entries wait", "something new: and why"]
    await house.until(lambda: bool(house.app[MIRROR].degraded))
    page = await (await house.client.get("/board")).text()
    assert words in page
