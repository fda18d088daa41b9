"""Care calls on the pages and by the API: one story from a plan to what became of its calls."""

from __future__ import annotations

import io
import re
import wave
from datetime import date, timedelta

import numpy as np
import pytest
from aiohttp import FormData
from sqlalchemy import select

from ivr.vocabulary import FollowUpKind, Rating
from models.audit import AuditEntry
from models.base import utc_now
from models.care.calls import CareCall, CareState
from models.care.planning import moment
from models.demo_care import make_care
from models.elder_forms import ContactForm, ElderForm
from models.elders import Contact
from models.follow_ups import FollowUp
from models.register import create_elder
from tests.web.conftest import House, bearer, csrf_field, log_in
from tests.web.fake_control import TAKE
from tests.web.test_admin import tone
from web.care_clock import CareClock
from web.keys import DATABASE
from web.policy_now import POLICY_NOW

pytestmark = pytest.mark.clause("S5")
TODAY = date.today()  # noqa: DTZ011 - the local day, as pages have it
TOMORROW = TODAY + timedelta(days=1)
NAMES = ("演示·甲", "演示·乙")


@pytest.fixture
async def elders(sqlite_house: House) -> list[int]:
    async with sqlite_house.db.write() as session:
        born = date(1940, 2, 29)
        forms = [ElderForm(name=name, home_phone="10000001", born=born) for name in NAMES]
        return [(await create_elder(session, form, by="test", area_code="021")).id for form in forms]


async def _page(house: House, path: str, *, status: int = 200) -> str:
    answer = await house.client.get(path)
    text = await answer.text()
    assert answer.status == status, text
    return text


async def _send(house: House, path: str, status: int, **form: object) -> str:
    fields = await csrf_field(house.client)
    answer = await house.client.post(path, data={**fields, **form}, allow_redirects=False)
    text = await answer.text()
    assert answer.status == status, text
    return text


@pytest.mark.clause("X2")
async def test_from_consent_to_the_result(sqlite_house: House, elders: list[int]) -> None:
    house, (one, other) = sqlite_house, elders
    await log_in(house.client, "lead")
    assert "没有同意记录" in await _page(house, f"/elders/{one}/care")
    wishes = {"version": 0, "consent_on": TODAY, "consent_by": "本人", "nap_from": "12:30", "nap_to": "12:30"}
    refused = await _send(house, f"/elders/{one}/care", 422, **{k: str(v) for k, v in wishes.items()})
    assert "请填写起止时间" in refused
    assert 'value="本人"' in refused  # what was typed stays
    wishes |= {"nap_to": "14:00", "birthday_by": "lunar"}
    await _send(house, f"/elders/{one}/care", 303, **{k: str(v) for k, v in wishes.items()})
    await _send(house, f"/elders/{one}/care", 409, **{k: str(v) for k, v in wishes.items()})  # twice from one page

    plan = {"kind": "regular", "title": "每日问候", "times": "13:00", "starts_on": str(TODAY), "text": "您好"}
    refused = await _send(house, "/care/plans", 422, **{**plan, "times": "25:00"})
    assert "请填写1至4个时间" in refused
    assert 'value="每日问候"' in refused
    await _send(house, "/care/plans", 303, **plan)
    link = re.search(r"/care/plans/([0-9]+)", await _page(house, "/care/plans"))
    assert link
    number = link[1]
    for path in (f"/elders/{one}/care", "/care", "/care/calls", "/care/plans"):
        assert "请维护人员设置 YJT_TRUNK_CONTACT" in await _page(house, path)
    assert [one["code"] for one in (await (await house.client.get("/ready")).json())["reasons"]] == ["line_out"]
    assert "每日问候" in await _page(house, f"/elders/{one}/care")
    trial = await _page(house, f"/care/trial?day={TOMORROW}")
    assert NAMES[0] in trial
    assert "14:00" in trial  # after the nap
    assert NAMES[1] not in trial  # has not agreed
    calendar = await _page(house, f"/care?week={TOMORROW}")
    assert "定期关爱" in calendar

    clock = CareClock(house.app[DATABASE], house.app[POLICY_NOW])
    assert (await clock.look(moment(TOMORROW, 60)))[0] >= 1
    assert (await clock.look(moment(TOMORROW, 1200)))[1] >= 1  # closed by the evening
    calls = await _page(house, f"/care/calls?day={TOMORROW}")
    assert "错过" in calls
    assert "超过最晚时间" in calls
    assert NAMES[0] in await _page(house, "/care/unreached")
    report = await _page(house, f"/care/report?from={TODAY}&to={TOMORROW}")
    assert "错过" in report
    await _send(house, f"/care/plans/{number}/halt", 303, version="1", halted="1")
    assert "已停" in await _page(house, "/care/plans")
    await _send(house, f"/care/plans/{number}", 409, **plan, version="1")
    await _send(house, f"/care/plans/{number}", 303, **{**plan, "title": "改名"}, version="2")
    assert "改名" in await _page(house, "/care/plans")
    assert "没有计划的电话" in await _page(house, f"/elders/{other}/care")


@pytest.mark.clause("K8")
async def test_the_stop_button_is_pressed_once_and_on_the_log(sqlite_house: House) -> None:
    house = sqlite_house
    await log_in(house.client, "lead")
    await _send(house, "/care/halt", 303, version="0", halted="1", note="演示")
    assert "关爱电话已全部停止" in await _page(house, "/care")
    await _send(house, "/care/halt", 409, version="0", halted="1")
    head = await bearer(house.client, "lead")
    answer = await house.client.get("/api/v1/care-halt", headers=head)
    told = await answer.json()
    assert (told["halted"], told["version"]) == (True, 1)
    answer = await house.client.put("/api/v1/care-halt", json={"version": 1, "halted": False}, headers=head)
    assert (await answer.json())["halted"] is False
    async with house.db.read() as session:
        entries = (await session.scalars(select(AuditEntry).where(AuditEntry.record == "setting:care.halted"))).all()
    assert [entry.data["after"] for entry in entries] == [True, False]


async def test_a_bulletin_reaches_the_plan_and_can_be_withdrawn(sqlite_house: House, elders: list[int]) -> None:
    house = sqlite_house
    head = await bearer(house.client, "lead")

    async def ask(method: str, path: str, body: object = None, status: int = 200) -> dict[str, object]:
        answer = await house.client.request(method, f"/api/v1{path}", json=body, headers=head)
        assert answer.status == status, await answer.text()
        told: dict[str, object] = await answer.json()
        return told

    agreed = {"version": 0, "consent_on": str(TODAY), "consent_by": "女儿"}
    await ask("PUT", f"/elders/{elders[0]}/care", agreed)
    plan = {"kind": "weather", "title": "天气", "starts_on": str(TODAY), "times": ["09:00"], "on_days": ["heat"]}
    made = await ask("POST", "/care-plans", plan, 201)
    assert (await ask("GET", f"/care-plans/{made['id']}"))["title"] == "天气"
    heat = {"kind": "heat", "starts_on": str(TOMORROW), "ends_on": str(TODAY), "text": "高温"}
    refused = await ask("POST", "/care-bulletins", heat, 422)
    assert list(refused["error"]["fields"]) == ["ends_on"]  # type: ignore[index]
    bulletin = await ask("POST", "/care-bulletins", {**heat, "ends_on": str(TOMORROW)}, 201)
    (coming,) = (await ask("GET", f"/elders/{elders[0]}/care"))["coming"]  # type: ignore[misc]
    assert (coming["kind"], coming["text"]) == ("weather", "高温")
    await log_in(house.client, "lead")
    await _send(house, f"/care/bulletins/{bulletin['id']}/withdraw", 303)
    assert "已撤回" in await _page(house, "/care/bulletins")
    assert (await ask("GET", f"/elders/{elders[0]}/care"))["coming"] == []
    assert "请填写内容" in await _send(
        house, "/care/bulletins", 422, kind="heat", starts_on=str(TODAY), ends_on=str(TODAY), text=" "
    )
    patched = await ask("PATCH", f"/care-plans/{made['id']}", {"version": 1, "title": "高温提醒", "times": ["10:00"]})
    assert (patched["title"], patched["version"], patched["on_days"]) == ("高温提醒", 2, ["heat"])


@pytest.mark.clause("K6")
async def test_the_sums_of_the_report_are_the_sums_of_the_calls(sqlite_house: House, elders: list[int]) -> None:
    house = sqlite_house
    async with house.db.write() as session:
        for number in range(7):
            await create_elder(session, ElderForm(name=f"演示·{number}"), by="test", area_code="021")
        await make_care(session)
    async with house.db.read() as session:
        states = (await session.scalars(select(CareCall.state))).all()
    head = await bearer(house.client, "lead")
    answer = await house.client.post("/care/report/export", data={"format": "csv"}, headers=head)
    lines = [line.split(",") for line in (await answer.read()).decode("utf-8-sig").strip().splitlines()]
    days = [line for line in lines[1:] if line[0][:2] == "20"]
    places = [line for line in lines[1:] if line[0] == ""]
    total = lines[-1]
    assert int(total[2]) == len(states) > 0
    assert int(total[3]) == states.count(CareState.REACHED)
    for column in range(2, 8):
        for part in (days, places):
            assert sum(int(line[column]) for line in part) == int(total[column])
    for path in ("/care/calls/export", "/care/unreached/export"):
        answer = await house.client.post(path, data={"format": "csv"}, headers=head)
        assert answer.status == 200
        assert "演示·" in (await answer.read()).decode("utf-8-sig")
    one_plan = {"format": "csv", "plan": "999999"}
    answer = await house.client.post("/care/calls/export", data=one_plan, headers=head)
    assert (answer.status, "演示·" in (await answer.read()).decode("utf-8-sig")) == (200, False)
    await log_in(house.client, "lead")
    for path in ("/care", "/care?month=2026-02", "/care?kind=festival", "/care/plans/new?kind=check_up"):
        await _page(house, path)
    await _page(house, "/care?month=1700-01", status=422)
    await _page(house, "/care/report?from=2020-01-01&to=2026-01-01", status=422)


@pytest.mark.clause("H4", "T7", "S14")
async def test_who_is_dissatisfied_is_seen_and_who_is_to_be_told_is_chosen(sqlite_house: House) -> None:
    house = sqlite_house
    async with house.db.write() as session:
        daughter = ContactForm("演示·女儿", phones=("12000000009",))
        elder = await create_elder(session, ElderForm(name=NAMES[0], contacts=(daughter,)), by="test", area_code="021")
        said = {"said": Rating.DISSATISFIED, "said_at": utc_now()}
        due = utc_now() + timedelta(days=1)
        owed = FollowUp(kind=FollowUpKind.CONSULTATION, elder_id=elder.id, due_at=due, **said)
        session.add_all([owed, FollowUp(kind=FollowUpKind.CARE, elder_id=elder.id, due_at=due)])
        await session.flush()
        contact = await session.scalar(select(Contact.id))
        number = owed.id
    await log_in(house.client, "lead")
    assert "按键表示不满意" in await _page(house, "/follow-ups")
    narrowed = await _page(house, "/follow-ups?overdue=dissatisfied")
    assert narrowed.count('id="follow-up-') == 1
    assert "电话按键评价 不满意" in narrowed
    assert "请致电了解原因" in await _page(house, f"/follow-ups/{number}")
    await _send(house, f"/follow-ups/{number}", 303, version="1", satisfaction="fairly_satisfied", result="已说明")
    assert "按键表示不满意" not in await _page(house, "/follow-ups")

    agreed = {"version": "0", "consent_on": str(TODAY), "consent_by": "本人", "tells_family": "1"}
    refused = await _send(house, f"/elders/{elder.id}/care", 422, **agreed, told="999")
    assert "只能选择该老人的联系人" in refused
    await _send(house, f"/elders/{elder.id}/care", 303, **agreed, told=str(contact))
    assert f'name="told" value="{contact}" checked' in await _page(house, f"/elders/{elder.id}/care")
    head = await bearer(house.client, "lead")
    wishes = (await (await house.client.get(f"/api/v1/elders/{elder.id}/care", headers=head)).json())["wishes"]
    assert (wishes["tells_family"], wishes["told"]) == (True, [contact])


def _song(seconds: float, rate: int) -> bytes:
    """Stereo, as a mobile phone records it: a tone that a telephone carries, and one far above."""
    at = np.arange(round(seconds * rate)) / rate
    mono = 8_000 * (np.sin(2 * np.pi * 1_000 * at) + np.sin(2 * np.pi * 10_000 * at))
    kept = io.BytesIO()
    with wave.open(kept, "wb") as file:
        file.setparams((2, 2, rate, 0, "NONE", ""))
        file.writeframes(np.repeat(mono.astype("<i2"), 2).tobytes())
    return kept.getvalue()


async def test_a_plan_is_told_in_a_childs_own_voice(sqlite_house: House, elders: list[int]) -> None:
    house, head = sqlite_house, await bearer(sqlite_house.client, "agent801")
    plan = {"kind": "medicine", "title": "吃药", "starts_on": str(TODAY), "times": ["09:00"], "text": "妈，该吃药了"}
    made = await (
        await house.client.post("/api/v1/care-plans", json={**plan, "elder_id": elders[0]}, headers=head)
    ).json()
    page, api = f"/care/plans/{made['id']}", f"/api/v1/care-plans/{made['id']}/recording"
    await log_in(house.client)
    assert "没有录音" in await _page(house, page)

    async def upload(sound: bytes) -> tuple[int, str]:
        form = FormData(await csrf_field(house.client))
        form.add_field("sound", sound, filename="妈妈.wav", content_type="audio/wav")
        answer = await house.client.post(f"{page}/recording", data=form, allow_redirects=False)
        return answer.status, await answer.text()

    for sound, words in ((b"no sound", "不是 WAV"), (_song(15.1, 16_000), "时长应为"), (tone(1, rate=7000), "7000 Hz")):
        status, text = await upload(sound)
        assert (status, words in text) == (422, True), words
    assert (await upload(_song(2, 48_000)))[0] == 303
    kept = house.settings.home / "care-recordings" / f"{made['id']}.wav"
    assert kept.stat().st_mode & 0o777 == 0o600
    answer = await house.client.get(api, headers=head)
    with wave.open(io.BytesIO(await answer.read())) as file:
        assert file.getparams()[:4] == (1, 2, 8000, 16_000)
        heard = np.abs(np.fft.rfft(np.frombuffer(file.readframes(16_000), "<i2")))
    assert heard.argmax() == 2_000  # 1000 Hz
    assert heard[4_000] < heard[2_000] / 100  # where the other one would be folded to
    assert f'src="{api}"' in await _page(house, page)
    assert "播放录音" in await _page(house, "/care/plans")

    kept.write_bytes(tone(1))  # not what the record names
    assert "录音文件不在本机" in await _page(house, page)
    assert (await house.client.get(api, headers=head)).status == 404

    take = house.settings.home / "recordings" / "prompt-takes" / f"{TAKE}.wav"
    take.parent.mkdir(parents=True)
    take.write_bytes(tone(2))
    house.control.take_state = "done"
    await _send(house, f"{page}/recording/takes", 303)
    assert "妈，该吃药了" in await _page(house, f"{page}/recording/takes/{TAKE}")
    await _send(house, f"{page}/recording/takes/{TAKE}", 303)
    assert await (await house.client.get(api, headers=head)).read() == tone(2)
    assert "录音文件不在本机" not in await _page(house, page)
    await _send(house, f"{page}/recording/default", 303)
    assert (kept.exists(), "没有录音" in await _page(house, page)) == (False, True)

    wav = {**head, "Content-Type": "audio/wav"}
    assert (await house.client.put(api, data=tone(1), headers=wav)).status == 200
    weather = {**plan, "kind": "weather", "on_days": ["heat"]}
    other = await (await house.client.post("/api/v1/care-plans", json=weather, headers=head)).json()
    refused = await house.client.put(f"/api/v1/care-plans/{other['id']}/recording", data=tone(1), headers=wav)
    assert (refused.status, (await refused.json())["error"]["fields"].keys()) == (422, {"sound"})
    assert (await house.client.delete(f"/api/v1/elders/{elders[0]}?version=1", headers=head)).status == 200
    assert not kept.exists()  # gone with the file of the elder
