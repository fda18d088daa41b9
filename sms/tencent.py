"""Tencent Cloud's SMS service (2021-01-11, SendSms), signed with TC3-HMAC-SHA256:
https://cloud.tencent.com/document/api/382/52071"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp

from sms.gateway import Message, NotNow, Refused
from sms.http import post

URL = "https://sms.tencentcloudapi.com/"
CONTENT_TYPE = "application/json; charset=utf-8"
_LATER = ("InternalError", "RequestLimitExceeded", "LimitExceeded", "FailedOperation.InsufficientBalance")


def authorization(*, key: str, secret: str, service: str, host: str, payload: str, at: datetime) -> str:
    """The `Authorization` header of a POST of this JSON text, with content type and host signed."""
    day = f"{at:%Y-%m-%d}"
    request = f"POST\n/\n\ncontent-type:{CONTENT_TYPE}\nhost:{host}\n\ncontent-type;host\n{_sha256(payload)}"
    scope = f"{day}/{service}/tc3_request"
    text = f"TC3-HMAC-SHA256\n{int(at.timestamp())}\n{scope}\n{_sha256(request)}"
    signing = _hmac(_hmac(_hmac(f"TC3{secret}".encode(), day), service), "tc3_request")
    signed = _hmac(signing, text).hex()
    return f"TC3-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders=content-type;host, Signature={signed}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Tencent:
    """`templates`: our names of templates to Tencent's ids; `app` is the SmsSdkAppId."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        key: str,
        secret: str,
        app: str,
        sign: str,
        templates: Mapping[str, str],
        region: str = "ap-guangzhou",
        url: str = URL,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._session = session
        self._key = key
        self._secret = secret
        self._app = app
        self._sign = sign
        self._templates = templates
        self._region = region
        self._url = url
        self._now = now

    async def send(self, message: Message) -> str:
        if message.template not in self._templates:
            raise Refused(f"no template for {message.template}")
        payload = json.dumps(
            {
                "PhoneNumberSet": [f"+86{message.number}"],
                "SmsSdkAppId": self._app,
                "SignName": self._sign,
                "TemplateId": self._templates[message.template],
                "TemplateParamSet": list(message.parameters.values()),
                "SessionContext": message.reference,
            }
        )
        at, host = self._now(), urlsplit(self._url).netloc
        headers = {
            "Authorization": authorization(
                key=self._key, secret=self._secret, service="sms", host=host, payload=payload, at=at
            ),
            "Content-Type": CONTENT_TYPE,
            "Host": host,
            "X-TC-Action": "SendSms",
            "X-TC-Version": "2021-01-11",
            "X-TC-Timestamp": str(int(at.timestamp())),
            "X-TC-Region": self._region,
        }
        status, answer = await post(self._session, self._url, data=payload.encode(), headers=headers)
        response = answer.get("Response", {})
        error, sent = response.get("Error"), response.get("SendStatusSet") or [{}]
        code = str(error.get("Code") if error else sent[0].get("Code", f"HTTP {status}"))
        if code == "Ok":
            return str(sent[0].get("SerialNo", ""))
        raise NotNow(code) if code.startswith(_LATER) else Refused(code)
