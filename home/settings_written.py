"""How settings are written, in the environment and in HOME/config.toml, and what is wrong with them in the operator's
words. What they are and mean: `settings.py`."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

PREFIX = "YJT_"
TOWN_PREFIX = "YJT_TOWN_"  # settings of the simulated town: read in drill/settings.py


@dataclass(frozen=True, slots=True)
class Written:
    """A value and the name under which the operator wrote it."""

    label: str
    value: Any


def home_of(written: Mapping[str, Written]) -> Path:
    value = written["home"].value if "home" in written else "var"
    return Path(value or "var").expanduser().absolute()


_SECRET = {
    "maintenance_urls": "地址含密钥，请写入 HOME/secrets.toml / the addresses hold keys: put them into secrets.toml"
}


def _unknown(label: str, known: Mapping[str, str], problems: list[str]) -> None:
    if text := _SECRET.get(label.removeprefix(PREFIX).lower().partition(" ")[0]):
        problems.append(f"{label}：{text}")
        return
    close = get_close_matches(label, known.values(), n=1)
    zh, en = (f"，是否想写 {close[0]}", f", did you mean {close[0]}?") if close else ("", "")
    problems.append(f"{label}：没有这项设置{zh} / there is no such setting{en}")


def from_environment(env: Mapping[str, str], fields: Collection[str], problems: list[str]) -> dict[str, Written]:
    """What the environment sets of these fields; what is no setting goes to `problems`."""
    known = {name: PREFIX + name.upper() for name in fields if name != "policy"}
    by_label = {label: name for name, label in known.items()}
    written: dict[str, Written] = {}
    for label, value in env.items():
        if not label.startswith(PREFIX) or label.startswith(TOWN_PREFIX):
            continue
        if label.startswith(PREFIX + "POLICY__"):
            name = label.removeprefix(PREFIX + "POLICY__").lower()
            written[f"policy.{name}"] = Written(label, value)
        elif label in by_label:
            written[by_label[label]] = Written(label, value)
        else:
            _unknown(label, known, problems)
    # An empty variable is one that was not set: `YJT_TRUNK_CONTACT= make run` must not be a mistake.
    return {name: setting for name, setting in written.items() if setting.value.strip()}


def from_file(path: Path, fields: Collection[str], problems: list[str]) -> dict[str, Written]:
    """What this file sets of these fields; a file that is not there sets nothing."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{path}：无法读取 / cannot be read: {error}")
        return {}
    known = {name: name for name in fields if name != "home"}
    written: dict[str, Written] = {}
    for name, value in content.items():
        if name == "policy" and isinstance(value, dict):
            for key, seconds in value.items():
                written[f"policy.{key}"] = Written(f"policy.{key} ({path.name})", seconds)
        elif name in known:
            written[name] = Written(f"{name} ({path.name})", value)
        else:
            _unknown(f"{name} ({path.name})", {key: f"{key} ({path.name})" for key in known}, problems)
    return written


_IN_PLAIN_WORDS = {
    "lang": "应为 zh 或 en / write zh or en",
    "sip_ban_failures": "应为 5 到 10000 的整数 / write a whole number from 5 to 10000",
    "sip_ban_window": "应为 5 到 3600 秒 / write 5 to 3600 seconds",
    "sip_ban_first": "应为 1 到 604800 秒 / write 1 to 604800 seconds",
    "sip_srtp": "应为 none、optional 或 required / write none, optional or required",
    "emergency_route": "应为 none 或 trunk / write none or trunk",
    "area_code": "应为区号，如 021 或 0571 / write an area code, for example 021 or 0571",
    "platform_number": "应为电话号码，只含数字和开头的 + / write a telephone number: digits, + in front",
    "node": "应为 1 到 12 个小写字母或数字 / write 1 to 12 small letters or digits",
    "sms_gateway": "应为 none、file、http、aliyun 或 tencent / write none, file, http, aliyun or tencent",
    "sms_sign": "应为不超过40字的短信签名 / write the registered signature, 40 characters at most",
    "sms_app": "应为腾讯云 SmsSdkAppId 的数字 / write the digits of the SmsSdkAppId",
    "sms_region": "应为地域，如 ap-guangzhou / write a region, for example ap-guangzhou",
    "recordings": "应为 here 或 elsewhere / write here or elsewhere",
    "recordings_room": "应为 10 到 10000000 的整数，单位 MB / write a whole number of MB, 10 to 10000000",
    "keep_ordinary_days": "应为 30 到 36500 的天数 / write a number of days, 30 to 36500",
    "keep_emergency_days": "应为 30 到 36500 的天数 / write a number of days, 30 to 36500",
    "keep_visit_photos_days": "应为 30 到 36500 的天数 / write a number of days, 30 to 36500",
    "keep_complaint_years": "应为 1 到 100 的年数 / write a number of years, 1 to 100",
    "policy": "应为不小于 0 的秒数 / write a number of seconds, 0 or more",
}


def explain(error: ValidationError, written: Mapping[str, Written]) -> list[str]:
    """A line for each wrong value, Chinese and English, by the name that the operator wrote."""
    problems = []
    for detail in error.errors():
        place = [str(part) for part in detail["loc"]]
        text = detail["msg"].removeprefix("Value error, ")
        if not place:  # two settings that do not go together
            first, second, text = text.split("\t")
            names = [first.split("=")[0], second]
            labels = [written[name].label if name in written else PREFIX + name.upper() for name in names]
            problems.append(f"{labels[0]}, {labels[1]}：{text}")
            continue
        setting = written.get(".".join(place)) or written.get(place[0])
        label = setting.label if setting else PREFIX + place[0].upper()
        value = f"={str(setting.value)[:80]!r}" if setting and place[0] != "database_url" else ""
        problems.append(f"{label}{value}：{_IN_PLAIN_WORDS.get(place[0], text)}")
    return problems
