"""How one written value becomes a setting: each function takes what TOML or the environment gave and returns the
typed value, or raises ValueError with a text (Chinese and English) that tells what to write instead.
"""

import os
import re
import ssl
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RtpPorts:
    """The UDP ports that Asterisk may use for sound, both ends included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    def __contains__(self, port: object) -> bool:
        return isinstance(port, int) and self.first <= port <= self.last


def parse_port(value: object) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise ValueError("端口应为 1 到 65535 的整数 / a port is a whole number from 1 to 65535")
    return int(text)


def parse_port_or_none(value: object) -> int | None:
    return None if value is None or not str(value).strip() else parse_port(value)


def parse_rtp_ports(value: object) -> RtpPorts:
    if isinstance(value, RtpPorts):
        return value
    found = re.fullmatch(r"([0-9]{1,5})\s*-\s*([0-9]{1,5})", str(value).strip())
    if not found:
        raise ValueError("应写成 10000-10999 / write FIRST-LAST, for example 10000-10999")
    ports = RtpPorts(parse_port(found[1]), parse_port(found[2]))
    if ports.last - ports.first < 3:
        raise ValueError("起止端口次序不对或太少 / FIRST must be smaller than LAST, with at least 4 ports")
    return ports


def parse_address(value: object) -> str:
    try:
        return str(ip_address(str(value).strip()))
    except ValueError:
        raise ValueError("应为 IP 地址，如 127.0.0.1 / write an IP address, for example 127.0.0.1") from None


def parse_words(value: object) -> list[str]:
    """A list as TOML has it, or words separated by commas or spaces as an environment variable has them."""
    if isinstance(value, str):
        return [word for word in re.split(r"[,;\s]+", value) if word]
    if isinstance(value, list) and all(isinstance(word, str | int) for word in value):
        return [str(word) for word in value]
    raise ValueError('应为列表，如 ["a", "b"] 或 a,b / write a list: ["a", "b"], or a,b in the environment')


def parse_networks(value: object) -> list[str]:
    words = parse_words(value)
    for word in words:
        try:
            ip_network(word, strict=False)
        except ValueError:
            raise ValueError(f"{word!r} 不是 IP 地址或网段 / is no IP address or network") from None
    return words


def parse_numbers(value: object) -> list[str]:
    words = parse_words(value)
    for word in words:
        if not re.fullmatch(r"\+?[0-9*#]{1,24}", word):
            raise ValueError(f"{word!r} 不是可拨的号码 / is no number that can be dialled")
    return words


def parse_pairs(value: object) -> list[str]:
    words = parse_words(value)
    for word in words:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,60}=[\x21-\x2b\x2d-\x3a\x3c-\x7e]{1,200}", word):
            raise ValueError(f"{word!r} 应写成 名称=值 / write NAME=VALUE")
    return words


def parse_url(value: object) -> str:
    text = str(value).strip() if value is not None else ""
    if text and not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]{1,200}(/[\x21-\x7e]{0,500})?", text):
        raise ValueError("应写成 https://地址/路径 / write https://HOST/PATH")
    return text


def parse_site(value: object) -> str:
    """Where a site is reached: scheme, name, and a port where it is an unusual one."""
    text = str(value).strip().rstrip("/") if value is not None else ""
    if text and not re.fullmatch(r"https?://([A-Za-z0-9.\-]{1,200}|\[[0-9A-Fa-f:]{2,39}\])(:[0-9]{1,5})?", text):
        raise ValueError("应写成 https://域名，不带路径 / write https://HOST, without a path")
    return text


def parse_phones(value: object) -> list[str]:
    """Telephones of people, which the platform rings by itself."""
    words = parse_words(value)
    for word in words:
        if not re.fullmatch(r"[0-9]{3,15}", word) or word in ("110", "119", "120"):
            raise ValueError(
                f"{word!r} 不能作为值班电话：应为 3 至 15 位数字，且不是 110、119、120 / "
                "is no phone of somebody on duty: write 3 to 15 digits, and not 110, 119 or 120"
            )
    return words


def parse_contact(value: object) -> str | None:
    text = str(value).strip() if value is not None else ""
    if text and not re.fullmatch(r"sips?:[A-Za-z0-9.\-\[\]:]{1,200}", text):
        raise ValueError("应写成 sip:地址:端口 / write sip:HOST:PORT, for example sip:192.0.2.10:5060")
    return text or None


def parse_server(value: object) -> str:
    """HOST:PORT of a STUN or TURN server, "" for none; 3478 where no port is named (RFC 8489, RFC 8656)."""
    text = str(value).strip() if value is not None else ""
    if not text:
        return ""
    found = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9.\-]{0,199}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?", text)
    if not found:
        raise ValueError("应写成 主机:端口 / write HOST:PORT, for example stun.example.org:3478")
    return f"{found[1]}:{parse_port(found[2] or 3478)}"


def parse_address_or_none(value: object) -> str | None:
    return None if value is None or not str(value).strip() else parse_address(value)


def parse_program(value: object) -> Path | None:
    if value is None or not str(value).strip():
        return None
    path = Path(str(value)).expanduser().absolute()
    if not path.is_file() or not os.access(path, os.X_OK):
        raise ValueError(f"{path} 不存在或不可执行 / does not exist or cannot be executed")
    return path


def parse_file(value: object) -> Path | None:
    if value is None or not str(value).strip():
        return None
    path = Path(str(value)).expanduser().absolute()
    if not path.is_file() or not os.access(path, os.R_OK):
        raise ValueError(f"{path} 不存在或不可读 / does not exist or cannot be read")
    return path


def tls_problem(certificate: Path | None, key: Path | None) -> str:
    """Why these PEM files cannot serve TLS, Chinese and English; "" when they can."""
    if certificate is None or key is None:
        return "缺少证书或密钥 / certificate or key is missing"
    try:
        # A key with a password would make Asterisk ask for it at a terminal that it does not have.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ValueError) as error:
        return f"不是配套的 PEM 证书和无密码私钥 / no PEM certificate with its key, without a password ({error})"
    return ""


def parse_folder(value: object) -> Path:
    if not str(value).strip():
        raise ValueError("应为文件夹 / write a folder")
    path = Path(str(value)).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path} 不是文件夹 / is not a folder")
    return path


def parse_database_url(value: object) -> str:
    text = str(value).strip()
    text = re.sub(r"^sqlite://", "sqlite+aiosqlite://", text)
    text = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", text)
    if text and not text.startswith(("sqlite+aiosqlite:///", "postgresql+psycopg://")):
        raise ValueError(
            "应为 sqlite:///文件 或 postgresql://用户:密码@地址/库名 / "
            "write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
        )
    return text
