"""The passwords and keys of one platform, generated at its first start into HOME/secrets.toml (mode 0600).

No secret has a default, none is ever logged, shown or committed.
"""

import os
import secrets
import tomllib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Self

FILE = "secrets.toml"
_FROM_OUTSIDE = frozenset({"sms_key", "sms_secret", "sms_authorization", "maintenance_urls", "turn_secret"})


class SecretsError(Exception):
    """secrets.toml cannot be read or lacks something; the text says what to do."""


def _token() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the processes of one platform know and nobody else. `repr` shows no value."""

    ari_user: str = "yijiantong"
    ari_password: str = field(default_factory=_token, repr=False)
    ami_user: str = "yijiantong"
    ami_password: str = field(default_factory=_token, repr=False)
    control_token: str = field(default_factory=_token, repr=False)
    session_key: str = field(default_factory=_token, repr=False)
    # Of services outside; the operator writes them in, most have none. `maintenance_urls`: where alarms of the platform
    # go, as apprise writes addresses, with spaces between them.
    sms_key: str = field(default="", repr=False)
    sms_secret: str = field(default="", repr=False)
    sms_authorization: str = field(default="", repr=False)
    maintenance_urls: str = field(default="", repr=False)
    turn_secret: str = field(default="", repr=False)  # shared with the TURN server

    @classmethod
    def load_or_create(cls, home: Path) -> Self:
        """Read HOME/secrets.toml, or write a new one. Two processes that start together get the same.

        Raises SecretsError when the file is damaged: it is never replaced silently, for that would lock out
        every process and session that still uses the old values.
        """
        path = home / FILE
        if not path.exists():
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write_new(path, cls())
        return cls._read(path)

    @classmethod
    def _read(cls, path: Path) -> Self:
        advice = "修复或删除它（删除后将生成新密钥） / repair it, or delete it to have new secrets made"
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SecretsError(f"{path}: {error}; {advice}") from error
        names = {item.name for item in fields(cls)}
        bad = sorted(n for n in names | values.keys() if n not in names or not _fits(n, values.get(n)))
        if bad:
            raise SecretsError(f"{path}: {', '.join(bad)}: 缺失、过短或多余 / missing, short or unknown; {advice}")
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        return cls(**values)


def _fits(name: str, value: object) -> bool:
    if name not in _FROM_OUTSIDE:
        return _usable(value)
    return value is None or (isinstance(value, str) and value.isascii() and value.isprintable())


def _usable(value: object) -> bool:
    # The values are written into Asterisk's files: nothing that could end a line or start a comment there.
    return isinstance(value, str) and len(value) >= 8 and all(c.isascii() and (c.isalnum() or c in "-_") for c in value)


def _write_new(path: Path, values: Secrets) -> None:
    lines = ["# 自动生成，请勿外传 / generated at first start; show it to nobody", ""]
    lines += [f'{name} = "{value}"' for name, value in asdict(values).items() if value]
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # unlike a rename this never replaces what another process wrote first
    except FileExistsError:
        pass
    finally:
        draft.unlink()
