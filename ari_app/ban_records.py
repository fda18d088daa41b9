"""A ban of a SIP address as it is written down: a row for the next boot, a line for programs beside us."""

from __future__ import annotations

import os
from ipaddress import ip_network
from pathlib import Path

from ari_app.strangers import Ban
from models.sip_bans import SipBan


def row_of(ban: Ban, *, lifted_by: str = "") -> SipBan:
    """As it is kept."""
    return SipBan(
        network=str(ban.network),
        since=ban.since,
        until=ban.until,
        failures=ban.failures,
        times=ban.times,
        lifted_by=lifted_by,
    )


def ban_of(row: SipBan) -> Ban:
    """As it was kept."""
    return Ban(ip_network(row.network), row.since, row.until, row.failures, row.times)


def line_of(ban: Ban) -> str:
    """For fail2ban and its like: nothing in it is a stranger's choice but the address."""
    return f"{ban.since:%Y-%m-%d %H:%M:%S} sip-ban {ban.network} for {ban.seconds} s after {ban.failures} failures\n"


def append(file: Path, lines: list[str]) -> None:
    """Opened anew each time, so that it may be rotated."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as opened:
        opened.writelines(lines)
