"""What A reads out to 110, 120 and 119, in both languages; and 110 at the top when nobody else can go there (S4.4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.case import Case, Tape
from ivr.commands import SendMessage
from ivr.vocabulary import OUT_OF_ORDER, AlarmKind, CaseState, LegKind, LegState, MessageKind, Place, Result
from models.journal import write
from tests.web import stories
from tests.web.conftest import House, log_in
from web.controller.shapes import parse_case
from web.keys import MIRROR
from web.sheet import Sheet
from web.texts import load_texts

NO_ANSWER = (AlarmKind.NO_RESPONSE, AlarmKind.OFFER_POLICE)


def emergency() -> Case:
    return stories.emergency(stories.talking(stories.ringing()))


def no_response() -> Case:
    case = emergency()
    legs = tuple(leg for leg in case.legs if leg.kind is not LegKind.SERVICE)
    return replace(case, state=CaseState.NO_RESPONSE, legs=legs)


def words(case: Case, lang: str, *alarms: AlarmKind) -> dict[str, str]:
    sheet = Sheet.of_live(parse_case(stories.case_json(case, alarms=alarms)))
    return dict(sheet.words_for_rescue(load_texts()[lang]))


def test_everything_that_120_asks_for_stands_there_in_chinese() -> None:
    said = words(emergency(), "zh")
    assert list(said) == [
        *("求助人", "地址", "附近标志", "公交站", "进门方式"),
        *("目前情况", "病史与健康状况", "联系人", "电话"),
    ]
    assert "501室" in said["地址"]
    assert said["目前情况"] == "老人按了求助键"


def test_and_in_english() -> None:
    said = words(emergency(), "en", AlarmKind.NO_RESPONSE)
    assert list(said)[5:] == ["Condition", "Illnesses", "Contact", "Telephone"]
    assert "answers no call-back" in said["Condition"]


def test_what_is_not_known_is_left_out() -> None:
    case = emergency()
    assert case.file is not None
    said = words(replace(case, file=replace(case.file, landmark="", bus_stop="", health="", contacts=())), "zh")
    assert not {"附近标志", "公交站", "病史与健康状况", "联系人"} & said.keys()


@pytest.mark.parametrize(
    ("alarms", "condition"),
    [
        ((AlarmKind.SILENT,), "电话里没有声音"),
        ((AlarmKind.SILENT, AlarmKind.NO_RESPONSE), "无人应答"),
        ((AlarmKind.NO_RESPONSE, AlarmKind.ELDER_SPOKE), "现已能通话"),
    ],
)
def test_how_the_elder_is_follows_from_what_happened(alarms: tuple[AlarmKind, ...], condition: str) -> None:
    assert condition in words(emergency(), "zh", *alarms)["目前情况"]


def test_the_contact_on_site_is_who_has_accepted() -> None:
    case = emergency()
    assert "现场联系人" not in words(case, "zh")
    assert words(case, "zh")["联系人"] == "演示·李小一 12000000001"
    legs = tuple(replace(leg, result=Result.ACCEPTED) if leg.id == "contact-12-1" else leg for leg in case.legs)
    assert words(replace(case, legs=legs), "zh")["现场联系人"] == "演示·王邻居 12000000002"


def test_an_unknown_caller_is_told_of_as_one() -> None:
    case = replace(emergency(), file=None)
    assert words(case, "zh")["求助人"] == "未登记的来电者"


async def shown(house: House, case: Case, *alarms: AlarmKind) -> str:
    await house.control.seat(stories.seat_json("801", "talking", case="c1", role="A"))
    await house.control.case(stories.case_json(case, alarms=alarms))
    await house.until(lambda: "c1" in house.app[MIRROR].cases)
    await log_in(house.client)
    return await (await house.client.get("/desk")).text()


@pytest.mark.clause("S4.4")
async def test_110_is_offered_at_the_top_with_the_address(sqlite_house: House) -> None:
    page = await shown(sqlite_house, no_response(), *NO_ANSWER)
    offer = page.index('id="offer-110"')
    assert page.index("501室") < offer < page.index('role="toolbar"')


@pytest.mark.parametrize(
    ("case", "alarms"),
    [
        (no_response(), (AlarmKind.NO_RESPONSE,)),
        (emergency(), NO_ANSWER),
        (replace(no_response(), arrived_at=no_response().opened_at), NO_ANSWER),
    ],
)
async def test_110_is_not_offered_without_need(sqlite_house: House, case: Case, alarms: tuple[AlarmKind, ...]) -> None:
    assert 'id="offer-110"' not in await shown(sqlite_house, case, *alarms)


async def test_the_words_stand_out_while_a_service_is_on_the_line(sqlite_house: House) -> None:
    page = await shown(sqlite_house, emergency())
    assert "正在呼叫 120" in page


async def test_who_was_reached_and_whose_line_broke_off_is_shown_as_lost_and_of_120_the_agent_is_told(
    sqlite_house: House,
) -> None:
    case = emergency()
    gone = {"state": LegState.ENDED, "place": Place.NOWHERE, "result": Result.ACCEPTED, "cause": OUT_OF_ORDER}
    legs = tuple(replace(leg, **gone) if leg.kind is LegKind.CONTACT else leg for leg in case.legs)  # type: ignore[arg-type]
    page = await shown(sqlite_house, replace(case, legs=legs), AlarmKind.SERVICE_LOST)
    assert '<span class="tag result-lost">线路中断</span>' in page
    assert "与救援单位的通话中断" in page


async def test_the_page_of_a_case_tells_of_messages_and_of_every_recording(sqlite_house: House) -> None:
    tape = Tape(
        "2026/11/22/c1-2.wav", stories.ringing().tapes[0].started_at, place=Place.RESCUE, people=("a-1", "120-1")
    )
    case = emergency()
    case = replace(case, tapes=(*case.tapes, tape))
    asked = SendMessage(MessageKind.HELP_NEEDED, 13, "演示·幸福居委会", "")
    entries = [*stories.entries(case)]
    entries[-1] = replace(entries[-1], commands=(asked,))
    async with sqlite_house.db.write() as session:
        await write(session, entries)
    await log_in(sqlite_house.client, "lead")
    page = await (await sqlite_house.client.get("/cases/c1")).text()
    for words in ("救援通话", "请求前往帮助", "未发送", "没有可接收短信的手机号"):
        assert words in page
