"""Where the simulated town lives on this machine: addresses and ports, from YJT_TOWN_* in the environment.

Also the rule that keeps the town away from real people: it never starts beside a platform with a live trunk.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from home.ports import Wanted
from home.settings import Settings, SettingsError
from home.settings_written import TOWN_PREFIX
from home.values import RtpPorts, parse_address, parse_database_url, parse_port, parse_rtp_ports


class LiveTrunk(Exception):
    """The platform can reach, or be reached by, somebody outside this machine; the text says which setting."""


def _loopback(address: str) -> str:
    if not ip_address(address).is_loopback:
        raise ValueError("只能用本机回环地址 / the town lives on loopback only: write an address of 127.0.0.0/8")
    return address


Port = Annotated[int, BeforeValidator(parse_port)]
Loopback = Annotated[str, BeforeValidator(parse_address), AfterValidator(_loopback)]


class TownSettings(BaseModel):
    """`carrier_host`: where elders, relatives and services are; `seats_host`: where the seats' phones are;
    `database_url`: where a platform of the drill's own keeps its records, when not in its home: an empty database."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    carrier_host: Loopback = "127.0.0.2"
    seats_host: Loopback = "127.0.0.3"
    sip_port: Port = 5070
    ari_port: Port = 8098
    rtp_ports: Annotated[RtpPorts, BeforeValidator(parse_rtp_ports)] = RtpPorts(20000, 20999)
    database_url: Annotated[str, AfterValidator(parse_database_url)] = ""

    @classmethod
    def load(cls, env: Mapping[str, str] | None = None) -> TownSettings:
        """From the environment. Raises SettingsError naming each wrong or unknown variable."""
        env = os.environ if env is None else env
        written = {label: value for label, value in env.items() if label.startswith(TOWN_PREFIX) and value.strip()}
        raw: dict[str, Any] = {label.removeprefix(TOWN_PREFIX).lower(): value for label, value in written.items()}
        problems: list[str] = []
        for name in raw.keys() - cls.model_fields.keys():
            known = ", ".join(TOWN_PREFIX + field.upper() for field in cls.model_fields)
            problems.append(f"{TOWN_PREFIX}{name.upper()}：没有这项设置 / there is no such setting; there are {known}")
            del raw[name]
        try:
            town = cls.model_validate(raw)
        except ValidationError as error:
            for detail in error.errors():
                label = TOWN_PREFIX + str(detail["loc"][0]).upper()
                value = f"={written.get(label, '')!r}" if label != f"{TOWN_PREFIX}DATABASE_URL" else ""
                problems.append(f"{label}{value}：{detail['msg'].removeprefix('Value error, ')}")
        if problems:
            raise SettingsError(problems)
        return town

    def wanted(self) -> list[Wanted]:
        """The ports to check before a start, each with its setting."""
        return [
            Wanted(self.carrier_host, self.sip_port, f"{TOWN_PREFIX}SIP_PORT", "udp"),
            Wanted(self.seats_host, self.sip_port, f"{TOWN_PREFIX}SIP_PORT", "udp"),
            Wanted("127.0.0.1", self.ari_port, f"{TOWN_PREFIX}ARI_PORT"),
        ]

    def platform_environment(self) -> dict[str, str]:
        """The settings of a platform whose only carrier is this town."""
        return {
            "YJT_TRUNK_MATCH": self.carrier_host,
            "YJT_TRUNK_CONTACT": f"sip:{self.carrier_host}:{self.sip_port}",
        }


def refuse_live_trunks(platform: Settings, town: TownSettings) -> None:
    """Raises LiveTrunk unless everything the platform can talk to is on this machine, and the town among it."""
    refuse_outside(platform)
    if not any(ip_address(town.carrier_host) in ip_network(network, strict=False) for network in platform.trunk_match):
        raise LiveTrunk(
            f"平台不认识演练线路，请设 YJT_TRUNK_MATCH={town.carrier_host} / the platform does not know the town as "
            f"its carrier: set YJT_TRUNK_MATCH={town.carrier_host}"
        )


def refuse_outside(platform: Settings) -> None:
    """Raises LiveTrunk when the platform can reach, or be reached by, somebody outside this machine."""
    for network in platform.trunk_match:
        if not ip_network(network, strict=False).is_loopback:
            raise LiveTrunk(
                f"YJT_TRUNK_MATCH={network}：平台接着真实线路，演练不能启动 / the platform has a live trunk, the town "
                "will not start beside it: run drills with a home of their own (YJT_HOME)"
            )
    contact = platform.trunk_contact
    if contact and not _on_loopback(contact):
        raise LiveTrunk(
            f"YJT_TRUNK_CONTACT={contact}：外呼会到真实线路 / calls would leave this machine, the town will not start: "
            "run drills with a home of their own (YJT_HOME)"
        )


def _on_loopback(contact: str) -> bool:
    host = contact.partition(":")[2]
    host = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
