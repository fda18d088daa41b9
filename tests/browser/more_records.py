"""What neither the demo district nor a day has, so that every page has something to show: two files of one person, a
paper with its scan, a sheet that was checked, what family says, visits that were drawn and that are owed, complaints
that are archived, a value of the policy and a working day that were changed, an urgent order that was offered by
telephone. Fictitious people only."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Final

from sqlalchemy import select, update

from home import scans
from home.asterisk_platform import DIALPLAN
from home.plan_recordings import keep_recording
from home.settings import Settings
from ivr.offer_call import ACCEPT
from ivr.policy import Policy
from models import complaint_archives, import_actions, papers
from models.base import local_today, utc_now
from models.care.plans import CarePlan
from models.care.recordings import set_recording
from models.database import Database
from models.elder_forms import ElderForm
from models.elders import ContactPhone, Elder
from models.house_policy import Fixed, set_value
from models.import_actions import Choices
from models.import_findings import ImportFiles
from models.import_steps import ImportWork
from models.imports import ImportState, Wrong, begin, find_import
from models.inbound_texts import InboundText, keep_text
from models.orders.by_telephone import answered, not_answered
from models.orders.dispatching import offer
from models.orders.drafting import draft
from models.orders.order_calls import claim, dialled
from models.papers import PaperForm, PaperKind, Scan
from models.people import User
from models.queries.offers import offers_of
from models.register import FormRefused, create_elder, form_of
from models.scope import EVERYWHERE
from models.services.records import Service
from models.visit_samples import draw as draw_visits
from models.working_days import set_days

BY: Final = "demo"
SCAN: Final = b"%PDF-1.4 demo"  # of elder 1
SHEET: Final = """姓名,性别,住宅电话,终端号码,小区,楼号,室,健康状况
演示·新一,女,10009001,10009001,示例新村,3,101,高血压
演示·新二,男,10009002,不是号码,示例新村,3,102,
演示·新三,男,10009003,10009003,样例公寓,12,601,听力差
"""


async def put_on_record(db: Database, settings: Settings) -> None:
    await _a_second_file(db, 2, settings.area_code)
    await _a_paper(db, 1, settings)
    await _a_sheet(db, settings)
    await _what_family_says(db, settings)
    await _changed_values(db, settings)
    await _an_urgent_order(db, 13)
    await _of_this_year(db)
    with suppress(FormRefused):  # the platform may have drawn by itself
        await draw_visits(db, local_today(), policy=Policy(), by=BY)


async def _a_second_file(db: Database, elder: int, area_code: str) -> None:
    """As it comes about when somebody is registered once more, with the phone and without the terminal."""
    async with db.write() as session:
        form, _ = await form_of(session, elder)
        again = ElderForm(name=form.name, sex=form.sex, home_phone=form.home_phone, room=form.room, health="高血压")
        await create_elder(session, again, by=BY, area_code=area_code)


async def _a_paper(db: Database, elder: int, settings: Settings) -> None:
    scan = Scan(*await asyncio.to_thread(scans.keep, settings, BytesIO(SCAN)))
    form = PaperForm(PaperKind.AGREEMENT, date(2026, 1, 6), number="演示-0001", issuer="演示第1社区")
    async with db.write() as session:
        await papers.add(session, elder, form, scan, by=BY, area_code=settings.area_code)


async def _what_family_says(db: Database, settings: Settings) -> None:
    """A text message of a contact and one of a company, and a recording for a plan of care calls."""
    async with db.write() as session:
        phone = (await session.scalars(select(ContactPhone.number).order_by(ContactPhone.id).limit(1))).one()
        for name, sender, words in (("demo-1", phone, "好的"), ("demo-2", "1069000100020003", "演示：您的快递已到")):
            text = InboundText(name, sender, utc_now(), words)
            await keep_text(session, text, by=BY, area_code=settings.area_code)
        plan = (await session.scalars(select(CarePlan).order_by(CarePlan.id).limit(1))).one()
        sound = (DIALPLAN / "prompts" / "zh" / "care_regular.wav").read_bytes()
        await set_recording(session, plan, keep_recording(settings, plan.id, sound), by=BY)


async def _a_sheet(db: Database, settings: Settings) -> None:
    """Looked at, mapped and checked; one of its rows is wrong."""
    content = SHEET.encode()
    async with db.write() as session:
        row = await begin(session, name="演示名册.csv", size=len(content), by=BY, state=ImportState.LOOKING)
        number, run = row.id, row.run
    files = ImportFiles.of(settings.home, number)
    files.prepare()
    await asyncio.to_thread(files.sheet.write_bytes, content)
    await ImportWork(db, settings.home, settings.area_code, number, run).do()
    async with db.write() as session:
        fields = (await find_import(session, number)).mapping["fields"]
        choices = Choices(tuple(fields), wrong=Wrong.GOOD_ROWS)
        run = (await import_actions.start_check(session, number, choices, by=BY)).run
    await ImportWork(db, settings.home, settings.area_code, number, run).do()


async def _of_this_year(db: Database) -> None:
    """Some are on file for long enough to be owed visits; the administrator has the year's complaints archived."""
    year = local_today().year
    async with db.write() as session:
        long_ago = datetime(year - 1, 11, 3, tzinfo=UTC)
        await session.execute(update(Elder).where(Elder.id.between(20, 60)).values(created_at=long_ago))
        admin = await session.scalar(select(User.id).where(User.username == "admin"))
        await complaint_archives.begin(session, year, reason="", by=f"user:{admin}")


async def _changed_values(db: Database, settings: Settings) -> None:
    async with db.write() as session:
        note = "终端改为每四周测试一次"
        await set_value(session, "test_every", 28, version=0, by=BY, note=note, fixed=Fixed.of(settings))
        await set_days(session, local_today().year, off=[f"{local_today().year}-03-12"], on=[], version=0, by=BY)


async def _an_urgent_order(db: Database, elder: int) -> None:
    """Nobody picks up at the supplier who is asked first; the next one takes it with a key."""
    at, policy = utc_now() - timedelta(minutes=9), replace(Policy(), offer_tries=1)
    async with db.write() as session:
        service = (await session.scalars(select(Service.id).where(Service.code == "cleaning"))).one()
        order = await draft(session, elder, service, "厨房漏水，地面湿滑", urgent=True, by=BY, now=at, scope=EVERYWHERE)
        best = (await offers_of(session, order, policy)).offered[0]
        reason = best.reason
        await offer(session, order, best.supplier, reason=reason, by=BY, version=order.version, now=at, policy=policy)
        for key in ("", ACCEPT):
            at += timedelta(minutes=1)
            call = await claim(session, now=at, caller=BY)
            assert call is not None
            await dialled(session, call.id, caller=BY, at=at)
            if key:
                await answered(session, call.id, key, caller=BY, now=at, policy=policy)
            else:
                await not_answered(session, call.id, caller=BY, now=at, policy=policy)
