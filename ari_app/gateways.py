"""Which SMS gateway the settings ask for."""

from __future__ import annotations

import aiohttp

from home.secrets import Secrets, SecretsError
from home.settings import Settings
from sms import Aliyun, FileGateway, HttpGateway, SmsGateway, Tencent, aliyun, tencent


def gateway_of(settings: Settings, keys: Secrets, session: aiohttp.ClientSession) -> SmsGateway | None:
    """None where no messages are sent.

    Raises:
        SecretsError: the gateway needs a key that is not in secrets.toml.
    """
    match settings.sms_gateway:
        case "none":
            return None
        case "file":
            return FileGateway(settings.home / "sms")
        case "http":
            secret = {"Authorization": keys.sms_authorization} if keys.sms_authorization else {}
            return HttpGateway(session, url=settings.sms_url, headers={**settings.pairs("sms_headers"), **secret})
        case "aliyun":
            return Aliyun(
                session,
                key=_needed(keys, "sms_key"),
                secret=_needed(keys, "sms_secret"),
                sign=settings.sms_sign,
                templates=settings.pairs("sms_templates"),
                url=settings.sms_url or aliyun.URL,
            )
        case "tencent":
            return Tencent(
                session,
                key=_needed(keys, "sms_key"),
                secret=_needed(keys, "sms_secret"),
                app=settings.sms_app,
                sign=settings.sms_sign,
                templates=settings.pairs("sms_templates"),
                region=settings.sms_region,
                url=settings.sms_url or tencent.URL,
            )


def _needed(keys: Secrets, name: str) -> str:
    value: str = getattr(keys, name)
    if not value:
        raise SecretsError(f"secrets.toml: 缺少 {name}（短信密钥） / {name} is missing: the key of the SMS service")
    return value
