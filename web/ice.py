"""Servers by which the phone in a page finds a way for its sound where there is none without: what each page is handed.

TURN is asked with a log-in that ends by itself (coturn's `use-auth-secret`, eturnal's `secret`): its user name is the
second in which it ends, its password follows from both by a secret that TURN server and platform share.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from home.secrets import Secrets, SecretsError
from home.settings import Settings

GOOD_FOR: Final = 24 * 3600  # seconds; a page asks anew each hour


@dataclass(frozen=True, slots=True)
class IceServer:
    """As a browser's RTCPeerConnection wants it."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class Servers:
    """`stun`, `turn`: HOST:PORT, "" for none."""

    stun: str
    turn: str
    secret: str

    @classmethod
    def of(cls, settings: Settings, secrets: Secrets) -> Servers:
        """Raises SecretsError: a TURN server is named, and there is no secret for it."""
        if settings.turn and not secrets.turn_secret:
            raise SecretsError(
                "YJT_TURN：请在 secrets.toml 中写入 turn_secret / put the secret of the TURN server into secrets.toml: "
                'turn_secret = "..."'
            )
        return cls(settings.stun, settings.turn, secrets.turn_secret)

    def handed_out(self, who: str, now: float) -> list[IceServer]:
        """To this page, at this second since 1970; `who` stands in the TURN server's log."""
        found = [IceServer((f"stun:{self.stun}",))] if self.stun else []
        if self.turn:
            username = f"{int(now) + GOOD_FOR}:{who}"
            proof = hmac.new(self.secret.encode(), username.encode(), hashlib.sha1).digest()
            # by TCP as well: where no UDP gets out at all, it is the only way
            urls = tuple(f"turn:{self.turn}?transport={way}" for way in ("udp", "tcp"))
            found.append(IceServer(urls, username, base64.b64encode(proof).decode()))
        return found
