"""The SMS gateways: signatures as the services publish them, requests as a local server receives them, and what an
answer means."""

from __future__ import annotations

import json
import stat
import string
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from ari_app.gateways import gateway_of
from home.ports import free_ports
from home.secrets import Secrets, SecretsError
from home.settings import TEMPLATES, Settings, SettingsError
from ivr.vocabulary import MessageKind
from models.care.texting import CareText
from models.orders.messages import OrderText
from sms import Aliyun, FileGateway, HttpGateway, Message, NotNow, Refused, Tencent, text_of
from sms.aliyun import signature
from sms.tencent import authorization
from sms.texts import texts

PARAMETERS = {"elder": "演示·王奶奶", "place": "演示小区3号楼", "phone": "02110000000"}
MESSAGE = Message("12000000001", "help_needed", PARAMETERS, text_of("help_needed", PARAMETERS, "zh"), "case-1")
CODES = {"help_needed": "SMS_1"}
AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@dataclass
class Service:
    """Somebody's SMS service: keeps what it is asked, and answers as it is told."""

    url: str = ""
    status: int = 200
    answer: Any = field(default_factory=dict)
    asked: list[tuple[dict[str, str], str]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.asked.append((dict(request.headers), await request.text()))
        body = self.answer if isinstance(self.answer, str) else json.dumps(self.answer)
        return web.Response(status=self.status, text=body)


@pytest_asyncio.fixture
async def service() -> AsyncIterator[Service]:
    found = Service()
    app = web.Application()
    app.router.add_post("/", found.take)
    async with TestServer(app) as server:
        found.url = str(server.make_url("/"))
        yield found


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


# --- what they say ----------------------------------------------------------------------------------------------------


def test_every_message_has_its_words_in_both_languages_with_the_same_blanks() -> None:
    of_orders = {
        OrderText.ORDER_OFFERED: ["order", "service", "place", "minutes", "phone"],
        OrderText.ORDER_TAKEN_BACK: ["order", "service", "phone"],
        OrderText.VISIT_PLANNED: ["order", "service", "day", "link", "phone"],
        OrderText.VISIT_CALLED_OFF: ["order", "service", "day", "phone"],
    }
    of_care = {
        CareText.CARE_NOTE: ["words", "phone"],
        CareText.CARE_WELL: ["elder", "time", "phone"],
        CareText.CARE_ANSWERED: ["elder", "time", "phone"],
    }
    assert {str(kind) for kind in MessageKind} == set(TEMPLATES)
    assert set(texts()) == {*TEMPLATES, *OrderText, *CareText}
    for name, words in texts().items():
        blanks = [[blank for _, blank, _, _ in string.Formatter().parse(words[lang]) if blank] for lang in ("zh", "en")]
        assert blanks[0] == blanks[1] == {**of_orders, **of_care}.get(name, ["elder", "place", "phone"]), name


def test_a_message_in_a_log_tells_nothing_of_people() -> None:
    assert not any(word in repr(MESSAGE) for word in ("王奶奶", "演示小区", "12000000001"))


# --- file -------------------------------------------------------------------------------------------------------------


async def test_a_file_for_each_day_that_nobody_else_can_read(tmp_path: Path) -> None:
    gateway = FileGateway(tmp_path / "sms")
    await gateway.send(MESSAGE)
    await gateway.send(MESSAGE)
    (path,) = (tmp_path / "sms").iterdir()
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [line["text"] for line in lines] == [MESSAGE.text] * 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_full_disk_is_no_reason_to_give_up(tmp_path: Path) -> None:
    (tmp_path / "sms").write_text("a file where the folder should be")
    with pytest.raises(NotNow):
        await FileGateway(tmp_path / "sms").send(MESSAGE)


# --- http -------------------------------------------------------------------------------------------------------------


async def test_http_posts_one_object_with_our_headers(session: aiohttp.ClientSession, service: Service) -> None:
    service.answer = {"id": 77}
    gateway = HttpGateway(session, url=service.url, headers={"Authorization": "Bearer x", "X-App": "yjt"})
    assert await gateway.send(MESSAGE) == "77"
    ((headers, body),) = service.asked
    assert (headers["Authorization"], headers["X-App"]) == ("Bearer x", "yjt")
    assert json.loads(body) == {
        "number": "12000000001",
        "template": "help_needed",
        "parameters": PARAMETERS,
        "text": MESSAGE.text,
        "reference": "case-1",
    }


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(400, Refused), (401, Refused), (302, Refused), (429, NotNow), (408, NotNow), (500, NotNow), (503, NotNow)],
)
async def test_what_an_http_answer_means(
    session: aiohttp.ClientSession, service: Service, status: int, outcome: type[Exception]
) -> None:
    service.status = status
    with pytest.raises(outcome):
        await HttpGateway(session, url=service.url, headers={}).send(MESSAGE)


async def test_an_answer_without_json_is_an_answer(session: aiohttp.ClientSession, service: Service) -> None:
    service.answer = "OK"
    assert await HttpGateway(session, url=service.url, headers={}).send(MESSAGE) == ""


async def test_a_service_that_is_away_is_asked_again(session: aiohttp.ClientSession) -> None:
    (port,) = free_ports(1)
    with pytest.raises(NotNow):
        await HttpGateway(session, url=f"http://127.0.0.1:{port}/", headers={}).send(MESSAGE)


# --- Aliyun -----------------------------------------------------------------------------------------------------------


def test_the_signature_that_aliyun_publishes_as_its_example() -> None:
    example = {
        "AccessKeyId": "testId",
        "Action": "SendSms",
        "Format": "XML",
        "OutId": "123",
        "PhoneNumbers": "15300000001",
        "RegionId": "cn-hangzhou",
        "SignName": "阿里云短信测试专用",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "45e25e9b-0a6f-4070-8c85-2956eda1b466",
        "SignatureVersion": "1.0",
        "TemplateCode": "SMS_71390007",
        "TemplateParam": '{"customer":"test"}',
        "Timestamp": "2017-07-12T02:42:19Z",
        "Version": "2017-05-25",
    }
    assert signature(example, "testSecret", method="GET") == "zJDF+Lrzhj/ThnlvIToysFRq6t4="


def aliyun(session: aiohttp.ClientSession, service: Service) -> Aliyun:
    return Aliyun(session, key="id", secret="s", sign="一键通", templates=CODES, url=service.url, now=lambda: AT)


async def test_aliyun_gets_a_signed_form(session: aiohttp.ClientSession, service: Service) -> None:
    service.answer = {"Code": "OK", "BizId": "9^0"}
    assert await aliyun(session, service).send(MESSAGE) == "9^0"
    ((_, body),) = service.asked
    form = dict(parse_qsl(body, keep_blank_values=True))
    signed = form.pop("Signature")
    assert signed == signature(form, "s")
    assert (form["PhoneNumbers"], form["TemplateCode"], form["SignName"]) == ("12000000001", "SMS_1", "一键通")
    assert json.loads(form["TemplateParam"]) == PARAMETERS
    assert form["Timestamp"] == "2026-11-22T08:30:00Z"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", NotNow),
        ("isp.SYSTEM_ERROR", NotNow),
        ("Throttling.User", NotNow),
        ("isv.MOBILE_NUMBER_ILLEGAL", Refused),
        ("SignatureDoesNotMatch", Refused),
    ],
)
async def test_what_aliyun_answers(
    session: aiohttp.ClientSession, service: Service, code: str, outcome: type[Exception]
) -> None:
    service.answer = {"Code": code, "Message": "12000000001"}
    with pytest.raises(outcome, match=code):
        await aliyun(session, service).send(MESSAGE)


# --- Tencent ----------------------------------------------------------------------------------------------------------


def test_the_signature_that_tencent_publishes_as_its_example() -> None:
    header = authorization(
        key="AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
        secret="Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
        service="cvm",
        host="cvm.tencentcloudapi.com",
        payload='{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}',
        at=datetime.fromtimestamp(1551113065, UTC),
    )
    assert header == (
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host, Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    )


def tencent(session: aiohttp.ClientSession, service: Service) -> Tencent:
    return Tencent(
        session, key="id", secret="s", app="140", sign="一键通", templates=CODES, url=service.url, now=lambda: AT
    )


async def test_tencent_gets_a_signed_json(session: aiohttp.ClientSession, service: Service) -> None:
    service.answer = {"Response": {"SendStatusSet": [{"SerialNo": "77:1", "Code": "Ok"}], "RequestId": "r"}}
    assert await tencent(session, service).send(MESSAGE) == "77:1"
    ((headers, body),) = service.asked
    sent = json.loads(body)
    assert (sent["PhoneNumberSet"], sent["TemplateId"], sent["SmsSdkAppId"]) == (["+8612000000001"], "SMS_1", "140")
    assert sent["TemplateParamSet"] == list(PARAMETERS.values())
    host = headers["Host"]
    assert headers["Authorization"] == authorization(
        key="id", secret="s", service="sms", host=host, payload=body, at=AT
    )
    assert headers["X-TC-Timestamp"] == str(int(AT.timestamp()))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"Response": {"Error": {"Code": "AuthFailure.SignatureFailure"}}}, Refused),
        ({"Response": {"Error": {"Code": "RequestLimitExceeded"}}}, NotNow),
        ({"Response": {"SendStatusSet": [{"Code": "InvalidParameterValue.IncorrectPhoneNumber"}]}}, Refused),
        ({"Response": {"SendStatusSet": [{"Code": "LimitExceeded.PhoneNumberThirtySecondLimit"}]}}, NotNow),
        ({}, Refused),
    ],
)
async def test_what_tencent_answers(
    session: aiohttp.ClientSession, service: Service, answer: dict[str, Any], outcome: type[Exception]
) -> None:
    service.answer = answer
    with pytest.raises(outcome):
        await tencent(session, service).send(MESSAGE)


# --- settings ---------------------------------------------------------------------------------------------------------

ALL_CODES = ",".join(f"{name}=SMS_{number}" for number, name in enumerate(TEMPLATES))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"SMS_GATEWAY": "pigeon"}, "YJT_SMS_GATEWAY"),
        ({"SMS_GATEWAY": "http"}, "YJT_SMS_URL"),
        ({"SMS_GATEWAY": "http", "SMS_URL": "ftp://x"}, "YJT_SMS_URL"),
        ({"SMS_HEADERS": "X-App"}, "YJT_SMS_HEADERS"),
        ({"SMS_GATEWAY": "aliyun", "SMS_TEMPLATES": ALL_CODES}, "YJT_SMS_SIGN"),
        ({"SMS_GATEWAY": "aliyun", "SMS_SIGN": "一键通", "SMS_TEMPLATES": "help_needed=SMS_1"}, "called_off"),
        ({"SMS_GATEWAY": "tencent", "SMS_SIGN": "一键通", "SMS_TEMPLATES": ALL_CODES}, "YJT_SMS_APP"),
    ],
)
def test_settings_that_cannot_work_stop_the_start(settings: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        Settings.load({f"YJT_{name}": value for name, value in settings.items()})


async def test_a_key_that_is_missing_is_named_and_one_that_is_there_is_kept_to_us(
    tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    env = {"YJT_SMS_GATEWAY": "aliyun", "YJT_SMS_SIGN": "一键通", "YJT_SMS_TEMPLATES": ALL_CODES}
    settings = Settings.load({"YJT_HOME": str(tmp_path), **env})
    with pytest.raises(SecretsError, match="sms_key"):
        gateway_of(settings, Secrets.load_or_create(tmp_path), session)
    with (tmp_path / "secrets.toml").open("a") as file:
        file.write('sms_key = "LTAI example"\nsms_secret = "+/="\n')
    keys = Secrets.load_or_create(tmp_path)
    assert isinstance(gateway_of(settings, keys, session), Aliyun)
    assert "LTAI" not in repr(keys)
    assert Settings.load(settings.environment()) == settings
