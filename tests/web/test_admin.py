"""Administration from pages and API: each change is on record and on the audit log, and the controller is told; what is
wrong is said beside its field and what was typed stays; who was slower sees what the other left."""

from __future__ import annotations

import io
import re
import wave
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from sqlalchemy import select

from home.asterisk_platform import DIALPLAN, LANGUAGES, link_prompts, prompts_dir, recordings_dir
from home.prompt_files import prompt_texts
from ivr.policy import Policy
from models.audit import AuditEntry
from models.house_policy import Fixed, policy_in_force
from models.live_settings import current
from models.office_hours import OfficeHours
from models.people import User
from models.seats import Seat
from models.working_days import days_of
from tests.web.conftest import HASH, House, bearer, build, csrf_in, log_in
from tests.web.fake_control import TAKE
from web.exchange import seat_lines
from web.keys import FEED, MIRROR
from web.policy_groups import GROUPS
from web.texts import LANGS

PAGES = ("policy", "seats", "users", "prompts", "places", "numbers", "days", "codes")


async def admin(house: House) -> dict[str, str]:
    """Logged in as an administrator; the header that a program sends."""
    async with house.db.write() as session:
        session.add(User(username="boss", password_hash=HASH, name="演示管理员", roles=["admin"]))
    head = await bearer(house.client, "boss")
    await log_in(house.client, "boss")
    return head


async def send(house: House, path: str, **fields: Any) -> tuple[int, str]:
    """A form from a page of ours; status and page."""
    token = csrf_in(await (await house.client.get("/admin/policy")).text())
    data = FormData(
        [("csrf_token", token), *((k, one) for k, v in fields.items() for one in ([v] if isinstance(v, str) else v))]
    )
    answer = await house.client.post(path, data=data, allow_redirects=False)
    return answer.status, await answer.text()


async def audited(house: House) -> list[tuple[str, str, dict[str, Any]]]:
    async with house.db.read() as session:
        rows = await session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(row.action, row.record, row.data) for row in rows if not row.action.startswith("log_in")]


async def told(house: House) -> None:
    """The controller was asked to read again."""
    assert (await house.control.next_asked()).path == "/reload"
    assert house.control.asked.empty()


async def test_a_value_of_the_policy_is_changed_and_put_back(house: House) -> None:
    head = await admin(house)
    assert (await send(house, "/admin/policy/seat_ring", value="20", note="试行", version="0"))[0] == 303
    await told(house)
    async with house.db.read() as session:
        assert await policy_in_force(session, Fixed({})) == Policy.of({"seat_ring": 20})
    page = await (await house.client.get("/admin/policy?live=now")).text()
    assert "立即生效" in page
    assert "试行" in page
    for value, words in (("61", "超出范围，应为 3 – 60"), ("abc", "请填写数字"), ("nan", "请填写数字")):
        status, page = await send(house, "/admin/policy/seat_ring", value=value, note="为何", version="1")
        assert (status, words in page, f'value="{value}"' in page) == (422, True, True)
    status, page = await send(house, "/admin/policy/seat_ring", value="30", version="0")
    assert (status, "现为 20 秒" in page, 'value="30"' in page) == (409, True, True)
    slower = {"value": 30, "version": 0}
    answer = await house.client.put("/api/v1/policy/seat_ring", json=slower, headers=head)
    assert (answer.status, (await answer.json())["error"]["fields"]) == (409, {"version": "1"})
    for name, value, words in (
        ("call_backs", 2.5, "应为整数"),
        ("office_from", 18, "上班时间须早于下班时间"),
        ("lease_beat", 1, "此项由运维人员在配置中固定，不能在此修改"),
    ):
        answer = await house.client.put(f"/api/v1/policy/{name}", json={"value": value, "version": 0}, headers=head)
        assert (answer.status, (await answer.json())["error"]["fields"]) == (422, {"value": words})
    assert (await house.client.put("/api/v1/policy/nothing", json=slower, headers=head)).status == 404
    assert house.control.asked.empty()
    answer = await house.client.put("/api/v1/policy/seat_ring", json={"value": None, "version": 1}, headers=head)
    assert await answer.json() == {"live": "now"}
    values = {
        one["name"]: one for one in (await (await house.client.get("/api/v1/policy", headers=head)).json())["items"]
    }
    assert (values["seat_ring"]["value"], values["seat_ring"]["source"], values["seat_ring"]["version"]) == (
        10,
        "default",
        2,
    )
    assert [entry for entry in await audited(house) if entry[0] == "setting.change"] == [
        ("setting.change", "setting:policy.seat_ring", {"before": 10, "after": 20}),
        ("setting.change", "setting:policy.seat_ring", {"before": 20, "after": 10}),
    ]


def test_every_value_of_the_policy_stands_under_a_heading() -> None:
    shown = [name for names in GROUPS.values() for name in names]
    assert sorted(shown) == sorted(one.name for one in Policy.limits())


async def test_seats_are_added_changed_and_removed(sqlite_house: House) -> None:
    house = sqlite_house
    head = await admin(house)
    for extension, words in (("12", "分机号应为8开头"), ("801", "坐席 801 已存在")):
        status, page = await send(house, "/admin/seats", extension=extension, name="新", skills=["doctor", "agent"])
        assert (status, words in page, 'value="doctor" checked' in page) == (422, True, True)
    status, page = await send(house, "/admin/seats", extension="803", name="新", skills=["doctor", "agent"])
    assert (status, "立即生效" in page or "启动时生效" in page) == (200, True)
    await told(house)
    async with house.db.read() as session:
        seat = await session.get_one(Seat, "803")
    assert (seat.name, seat.skills) == ("新", ["agent", "doctor"])
    assert f"<code data-secret>{seat.sip_password}</code>" in page
    assert seat.sip_password not in await (await house.client.get("/admin/seats/803")).text()
    record = next(one for one in await _records(house, head) if one["extension"] == "803")
    body = {"name": "医生", "skills": ["doctor"], "version": record["version"]}
    answer = await house.client.patch("/api/v1/seat-records/803", json=body, headers=head)
    assert (answer.status, (await answer.json())["live"]) == (200, "at_start")
    await told(house)
    old = str(record["version"])
    status, page = await send(house, "/admin/seats/803", name="旧页", skills="agent", version=old)
    assert (status, 'value="旧页"' in page) == (409, True)
    answer = await house.client.post("/api/v1/seat-records/803/password", headers=head)
    assert (await answer.json())["sip_password"] not in ("", seat.sip_password)
    await told(house)
    await house.control.seat({"extension": "803", "state": "talking", "since": "2026-01-05T00:00:00Z", "case": "x"})
    await house.until(lambda: "803" in house.app[MIRROR].seats)
    record = next(one for one in await _records(house, head) if one["extension"] == "803")
    status, page = await send(house, "/admin/seats/803/remove", version=str(record["version"]))
    assert (status, "正在处理事件" in page) == (422, True)
    await house.control.seat({"extension": "803", "state": "paused", "since": "2026-01-05T00:00:00Z", "case": None})
    await house.until(lambda: house.app[MIRROR].seats["803"].case is None)
    assert (await send(house, "/admin/seats/803/remove", version=str(record["version"])))[0] == 303
    assert [one["extension"] for one in await _records(house, head)] == ["801", "802"]
    actions = [(action, record) for action, record, _ in await audited(house)]
    assert actions == [(f"seat.{what}", "seat:803") for what in ("create", "change", "password", "remove")]


async def _records(house: House, head: dict[str, str]) -> list[dict[str, Any]]:
    answer = await house.client.get("/api/v1/seat-records", headers=head)
    return (await answer.json())["items"]  # type: ignore[no-any-return]


@pytest.mark.clause("S9")
async def test_accounts_are_opened_changed_and_closed(sqlite_house: House) -> None:
    house = sqlite_house
    head = await admin(house)
    form = {"username": "newone", "name": "演示新人", "roles": ["agent", "reviewer"], "language": "zh"}
    status, page = await send(house, "/admin/users", **{**form, "seat": "801"})
    assert (status, "坐席 801 已由 agent801 使用" in page, 'value="演示新人"' in page) == (422, True, True)
    status, page = await send(house, "/admin/users", **form)
    password = re.search("<code data-secret>([^<]+)</code>", page)
    assert password
    await told(house)
    answer = await house.client.post("/api/v1/login", json={"username": "newone", "password": password[1]})
    theirs = {"Authorization": f"Bearer {(await answer.json())['token']}"}
    await log_in(house.client, "boss")
    user = next(one for one in await _users(house, head) if one["username"] == "newone")
    assert (user["roles"], user["active"]) == (["agent", "reviewer"], True)
    body = {"name": "演示新人", "roles": ["reviewer"], "version": user["version"]}
    assert (await house.client.patch("/api/v1/users/newone", json=body, headers=head)).status == 200
    assert (await house.client.get("/api/v1/me", headers=theirs)).status == 401, "other roles end what was begun"
    assert (await house.client.patch("/api/v1/users/newone", json=body, headers=head)).status == 409
    user = next(one for one in await _users(house, head) if one["username"] == "newone")
    assert (await send(house, "/admin/users/newone/active", active="no", version=str(user["version"])))[0] == 303
    answer = await house.client.post("/api/v1/login", json={"username": "newone", "password": password[1]})
    assert answer.status == 401
    me = next(one for one in await _users(house, head) if one["username"] == "boss")
    body = {"name": "演示管理员", "roles": ["agent"], "version": me["version"]}
    answer = await house.client.patch("/api/v1/users/boss", json=body, headers=head)
    assert list((await answer.json())["error"]["fields"]) == ["roles"], "nobody locks the last one out"
    actions = [action for action, _, _ in await audited(house)]
    assert actions == ["user.create", "user.roles", "user.active"]


async def _users(house: House, head: dict[str, str]) -> list[dict[str, Any]]:
    return (await (await house.client.get("/api/v1/users", headers=head)).json())["items"]  # type: ignore[no-any-return]


async def test_two_places_whose_names_would_be_kept_alike_are_refused(house: House) -> None:
    head = await admin(house)
    for name, status in (("\x84", 201), ("\x86", 422)):  # neither character can be kept
        body = {"name": f"演示区{name}", "kind": "district", "parent": None}
        assert (await house.client.post("/api/v1/places", json=body, headers=head)).status == status


async def test_places_are_added_moved_and_removed_when_nothing_belongs_there(house: House) -> None:
    head = await admin(house)
    made = {}
    for name, kind, parent in (
        ("演示区", "district", None),
        ("一街道", "street", "演示区"),
        ("二街道", "street", "演示区"),
        ("甲社区", "community", "一街道"),
    ):
        body = {"name": name, "kind": kind, "parent": made[parent]["id"] if parent else None}
        answer = await house.client.post("/api/v1/places", json=body, headers=head)
        made[name] = await answer.json()
        assert answer.status == 201
    place, there = made["甲社区"], made["二街道"]["id"]
    path, version = f"/admin/places/{place['id']}", str(place["version"])
    form = {"name": "甲社区", "parent": str(there), "manager_phone": "120", "version": version}
    status, page = await send(house, path, **form)
    assert (status, "不能作为负责人手机" in page) == (422, True)
    assert (await send(house, path, **{**form, "manager_phone": "12000000009"}))[0] == 303
    assert (await send(house, path, **form))[0] == 409
    status, page = await send(house, f"/admin/places/{there}/remove", version=str(made["二街道"]["version"]))
    assert (status, "仍在使用：下级 1" in page) == (422, True)
    answer = await house.client.delete(
        f"/api/v1/places/{made['一街道']['id']}?version={made['一街道']['version']}", headers=head
    )
    assert answer.status == 200
    tree = (await (await house.client.get("/api/v1/places", headers=head)).json())["items"]
    assert [(one["name"], one["depth"]) for one in tree] == [("演示区", 0), ("二街道", 1), ("甲社区", 2)]
    assert "机构" in await (await house.client.get("/audit")).text()
    _, record, data = (await audited(house))[-2]
    assert (record, data["after"]["manager_phone"]) == (f"place:{place['id']}", "120****0009")


async def test_duty_phones_and_working_days(house: House) -> None:
    head = await admin(house)
    status, page = await send(house, "/admin/numbers/duty", phones="12000000008\n119", version="0")
    assert (status, "不是可以拨打的号码：119" in page, "12000000008\n119" in page) == (422, True, True)
    assert (await send(house, "/admin/numbers/duty", phones="12000000008、12000000009", version="0"))[0] == 303
    answer = await house.client.get("/api/v1/duty-phones", headers=head)
    assert await answer.json() == {"phones": ["12000000008", "12000000009"], "fixed": False, "version": 1}
    await told(house)
    status, page = await send(house, "/admin/days", year="2031", off="2031-10-08", on="2031-10-08", version="0")
    assert (status, "同时列为放假和上班" in page) == (422, True)
    assert (await send(house, "/admin/days", year="2031", off="2031-10-08", on="2031-10-11", version="0"))[0] == 303
    async with house.db.read() as session:
        office = OfficeHours(9, 17, days_of(await current(session)))
    assert office.knows(2031)
    assert [office.worked_on(date(2031, 10, day)) for day in (8, 10, 11, 12)] == [False, True, True, False]
    answer = await house.client.get("/api/v1/working-days/2031", headers=head)
    assert await answer.json() == {"year": 2031, "off": ["2031-10-08"], "on": ["2031-10-11"], "version": 1}


async def test_what_the_operator_has_fixed_stays(sqlite_url: str, tmp_path: Path) -> None:
    fixed = {"YJT_POLICY__SEAT_RING": "15", "YJT_DUTY_PHONES": "12000000008"}
    async for house in build(sqlite_url, tmp_path, **fixed):
        head = await admin(house)
        for path, body in (("policy/seat_ring", {"value": 20}), ("duty-phones", {"phones": []})):
            answer = await house.client.put(f"/api/v1/{path}", json={**body, "version": 0}, headers=head)
            assert answer.status == 422
        page = await (await house.client.get("/admin/policy")).text()
        assert "由运维配置固定" in page


def tone(seconds: float, *, rate: int = 8000) -> bytes:
    kept = io.BytesIO()
    with wave.open(kept, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"\x10\x10" * int(seconds * rate))
    return kept.getvalue()


async def test_a_prompt_is_replaced_and_put_back(sqlite_house: House) -> None:
    house = sqlite_house
    head = {**await admin(house), "Content-Type": "audio/wav"}
    link_prompts(house.settings)
    played, ours = prompts_dir(house.settings) / "welcome.wav", DIALPLAN / "prompts" / "zh" / "welcome.wav"
    path = "/api/v1/prompts/zh/welcome"
    for sound, words in (
        (b"no sound", "不是 WAV"),
        (tone(1, rate=16000), "此文件为 16000 Hz"),
        (tone(15.1), "时长应为 0.3 至 15 秒"),
        (tone(1).replace(b"\x10\x10", b"\0\0"), "没有声音"),
    ):
        answer = await house.client.put(path, data=sound, headers=head)
        assert (answer.status, words in (await answer.json())["error"]["fields"]["sound"]) == (422, True), words
        assert played.resolve() == ours
    assert (await house.client.put(path, data=tone(1), headers=head)).status == 200
    assert played.read_bytes() == tone(1)
    assert await (await house.client.get(path, headers=head)).read() == tone(1)
    link_prompts(house.settings)
    assert played.read_bytes() == tone(1), "and after a restart"
    token = csrf_in(await (await house.client.get("/admin/prompts")).text())
    form = FormData({"csrf_token": token})
    form.add_field("sound", b"nothing", filename="x.wav", content_type="audio/wav")
    answer = await house.client.post("/admin/prompts/zh/welcome", data=form)
    assert (answer.status, "不是 WAV" in await answer.text()) == (422, True)
    assert (await send(house, "/admin/prompts/zh/welcome/default"))[0] == 303
    assert played.resolve() == ours
    assert not list((house.settings.home / "prompts" / "zh").iterdir())
    assert (await house.client.put("/api/v1/prompts/zh/nothing", data=tone(1), headers=head)).status == 404
    assert [action for action, _, _ in await audited(house)] == ["prompt.replace", "prompt.default"]


async def test_a_prompt_that_is_spoken_into_the_phone_is_used_once_it_will_do(sqlite_house: House) -> None:
    house = sqlite_house
    await admin(house)
    assert (await send(house, "/admin/prompts/zh/hold/takes"))[0] == 409, "this account has no seat"
    at = f"/admin/prompts/zh/hold/takes/{TAKE}"
    assert "正在振铃" in await (await house.client.get(at)).text()
    assert (await house.client.get(f"{at}/sound")).status == 404
    assert (await house.client.get(at.replace(TAKE, "..%2f..%2fx"))).status == 404
    house.control.take_state = "done"
    file = recordings_dir(house.settings) / "prompt-takes" / f"{TAKE}.wav"
    file.parent.mkdir(parents=True)
    file.write_bytes(tone(0.2))
    assert await (await house.client.get(f"{at}/sound")).read() == tone(0.2)
    status, page = await send(house, at)
    assert (status, "时长应为 0.3 至 15 秒" in page) == (422, True)
    file.write_bytes(tone(2))
    assert (await send(house, at))[0] == 303
    assert (house.settings.home / "prompts" / "zh" / "hold.wav").read_bytes() == tone(2)
    assert not file.exists()


def test_every_prompt_has_its_words_and_a_sound() -> None:
    for lang in LANGUAGES:
        assert {path.stem for path in (DIALPLAN / "prompts" / lang).glob("*.wav")} == {t.name for t in prompt_texts()}


@pytest.mark.parametrize("lang", LANGS)
async def test_every_page_of_administration_is_there_in_both_languages(sqlite_house: House, lang: str) -> None:
    await admin(sqlite_house)
    sqlite_house.client.session.cookie_jar.update_cookies({"yjt_lang": lang})
    for name in (*PAGES, "seats/801", "users/boss"):
        answer = await sqlite_house.client.get(f"/admin/{name}")
        page = await answer.text()
        assert (answer.status, f'lang="{"zh-CN" if lang == "zh" else "en"}"' in page) == (200, True), name


async def test_a_sub_code_is_added_renamed_retired_and_offered_again(house: House) -> None:
    head, at = await admin(house), "/admin/codes/other/lost_way"
    new = {"outcome": "other", "code": "lost_way", "zh": "迷路", "en": "lost the way"}
    for wrong, words in (({"code": "Lost"}, "小写字母"), ({"zh": ""}, "请填写"), ({"en": "x" * 31}, "最多30个字")):
        status, page = await send(house, "/admin/codes", **(new | wrong))
        assert (status, words in page, 'value="lost the way"' in page or "en" in wrong) == (422, True, True)
    with house.app[FEED].subscribed(lambda message: message.kind == "codes") as desk:
        assert (await send(house, "/admin/codes", **new))[0] == 303
        assert not desk.queue.empty()
    assert (await send(house, "/admin/codes", **new))[0] == 422
    listed = (await (await house.client.get("/api/v1/dispositions", headers=head)).json())["items"]
    assert [one["code"] for one in listed if one["outcome"] == "other"][-1] == "lost_way"
    version = next(one["version"] for one in listed if one["code"] == "lost_way")
    renamed = {"zh": "走失", "en": "lost", "version": str(version)}
    assert (await send(house, at, **renamed, active="no"))[0] == 303
    status, page = await send(house, at, **renamed, active="no")
    assert (status, "他人刚刚修改过此项" in page, "已停用" in page) == (409, True, True)
    slower = {"zh": "走失", "en": "lost", "version": version}
    patch = "/api/v1/dispositions/other/{}".format
    answer = await house.client.patch(patch("lost_way"), json=slower, headers=head)
    assert answer.status == 409
    current_version = int((await answer.json())["error"]["fields"]["version"])
    again = {"zh": "走失", "en": "lost", "active": True, "version": current_version}
    answer = await house.client.patch(patch("lost_way"), json=again, headers=head)
    assert (answer.status, (await answer.json())["active"]) == (200, True)
    assert (await house.client.patch(patch("nothing"), json=again, headers=head)).status == 404
    taken = {"outcome": "other", "code": "lost_way", "zh": "又", "en": "again"}
    answer = await house.client.post("/api/v1/dispositions", json=taken, headers=head)
    assert (answer.status, set((await answer.json())["error"]["fields"])) == (422, {"code"})
    assert [entry[0] for entry in await audited(house) if entry[1] == "disposition:other/lost_way"] == [
        "disposition.create",
        "disposition.change",
        "disposition.change",
    ]
    assert house.control.asked.empty()


async def test_a_seat_is_disabled_and_enabled_again(house: House) -> None:
    head = await admin(house)
    record = "/api/v1/seat-records"

    async def version() -> int:
        found = (await (await house.client.get(record, headers=head)).json())["items"]
        return int(next(one["version"] for one in found if one["extension"] == "801"))

    first = await version()
    assert (await send(house, "/admin/seats/801/active", active="no", version=str(first)))[0] == 303
    await told(house)
    page = await (await house.client.get("/admin/seats")).text()
    assert "已停用" in page
    page = await (await house.client.get("/admin/seats/801")).text()
    assert "重新启用" in page
    status, page = await send(house, "/admin/seats/801/active", active="no", version=str(first))
    assert (status, "他人刚刚修改过此项" in page) == (409, True)
    lines = await seat_lines(house.db)
    assert [line.extension for line in lines if not line.active] == ["801"]
    wanted = {"active": True, "version": first}
    assert (await house.client.post(f"{record}/801/active", json=wanted, headers=head)).status == 409
    wanted["version"] = await version()
    assert (await house.client.post(f"{record}/801/active", json=wanted, headers=head)).status == 200
    await told(house)
    assert [entry[2] for entry in await audited(house) if entry[0] == "seat.active"] == [
        {"after": False},
        {"after": True},
    ]
    assert await version() == first
