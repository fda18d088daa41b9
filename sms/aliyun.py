"""Aliyun's SMS service (Dysmsapi 2017-05-25, SendSms), signed with HMAC-SHA1 as its RPC interface asks for:
https://help.aliyun.com/document_detail/101343.html"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote

import aiohttp

from sms.gateway import Message, NotNow, Refused
from sms.http import post

URL = "https://dysmsapi.aliyuncs.com/"
_LATER = ("Throttling", "ServiceUnavailable", "InternalError", "isp.SYSTEM_ERROR", "isv.BUSINESS_LIMIT_CONTROL")


def signature(parameters: Mapping[str, str], secret: str, *, method: str = "POST") -> str:
    """Of the parameters without `Signature` itself."""
    query = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(parameters.items()))
    text = f"{method}&{_encoded('/')}&{_encoded(query)}"
    return base64.b64encode(hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()).decode()


def _encoded(text: str) -> str:
    return quote(text, safe="~")


class Aliyun:
    """`templates`: our names of templates to Aliyun's codes; `sign` is the signature name that is registered there."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        key: str,
        secret: str,
        sign: str,
        templates: Mapping[str, str],
        url: str = URL,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._session = session
        self._key = key
        self._secret = secret
        self._sign = sign
        self._templates = templates
        self._url = url
        self._now = now

    async def send(self, message: Message) -> str:
        if message.template not in self._templates:
            raise Refused(f"no template for {message.template}")
        form = {
            "AccessKeyId": self._key,
            "Action": "SendSms",
            "Format": "JSON",
            "OutId": message.reference,
            "PhoneNumbers": message.number,
            "SignName": self._sign,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureNonce": secrets.token_hex(16),
            "SignatureVersion": "1.0",
            "TemplateCode": self._templates[message.template],
            "TemplateParam": json.dumps(dict(message.parameters), ensure_ascii=False),
            "Timestamp": f"{self._now():%Y-%m-%dT%H:%M:%SZ}",
            "Version": "2017-05-25",
        }
        status, answer = await post(self._session, self._url, data={**form, "Signature": signature(form, self._secret)})
        code = str(answer.get("Code", f"HTTP {status}"))
        if code == "OK":
            return str(answer.get("BizId", ""))
        raise NotNow(code) if code.startswith(_LATER) else Refused(code)
