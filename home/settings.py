"""The settings of one platform: one typed object, read once, from the environment and HOME/config.toml.

Wrong values stop the start, all of them at once, each named as the operator wrote it. Never read a
setting from `os.environ` anywhere else, and never put a secret here (see `home/secrets.py`).
"""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from home import values
from home.settings_written import PREFIX, explain, from_environment, from_file, home_of
from home.values import RtpPorts

CHECKOUT = Path(__file__).resolve().parent.parent
CONFIG_FILE = "config.toml"
TEMPLATES = ("help_needed", "help_arrived", "called_off")  # what messages there are, see sms/texts.toml


class SettingsError(Exception):
    """Settings that cannot be used; the text has one line for each, Chinese and English."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


Port = Annotated[int, BeforeValidator(values.parse_port)]
Address = Annotated[str, BeforeValidator(values.parse_address)]
Folder = Annotated[Path, BeforeValidator(values.parse_folder)]


class Settings(BaseModel):
    """What may differ between two platforms. The ports of ARI, AMI and control listen on loopback only."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, validate_default=True)

    home: Folder = Path("var")
    parts_dir: Folder = CHECKOUT / ".parts"
    database_url: Annotated[str, BeforeValidator(values.parse_database_url)] = ""
    web_host: Address = "127.0.0.1"
    web_port: Port = 8080
    public_url: Annotated[str, BeforeValidator(values.parse_site)] = ""  # for links that are sent and printed
    trusted_proxies: Annotated[list[str], BeforeValidator(values.parse_networks)] = Field(
        default_factory=lambda: ["127.0.0.1/32", "::1/128"]
    )
    sip_host: Address = "127.0.0.1"
    sip_port: Port = 5060
    sip_never_ban: Annotated[list[str], BeforeValidator(values.parse_networks)] = Field(default_factory=list)
    sip_ban_failures: Annotated[int, Field(ge=5, le=10_000)] = 30  # in the window; a phone that errs makes two a minute
    sip_ban_window: Annotated[float, Field(ge=5, le=3600)] = 60.0  # seconds
    sip_ban_first: Annotated[float, Field(ge=1, le=604_800)] = 600.0  # seconds; each further ban is longer
    sip_tls_port: Annotated[int | None, BeforeValidator(values.parse_port_or_none)] = None
    sip_tls_certificate: Annotated[Path | None, BeforeValidator(values.parse_file)] = None
    sip_tls_key: Annotated[Path | None, BeforeValidator(values.parse_file)] = None
    sip_srtp: Literal["none", "optional", "required"] = "none"
    ari_port: Port = 8088
    ari_link_port: Annotated[int | None, BeforeValidator(values.parse_port_or_none)] = None
    ami_port: Port = 5038
    control_port: Port = 8090
    standby_port: Port = 8091
    rtp_ports: Annotated[RtpPorts, BeforeValidator(values.parse_rtp_ports)] = RtpPorts(10000, 10999)
    stun: Annotated[str, BeforeValidator(values.parse_server)] = ""
    turn: Annotated[str, BeforeValidator(values.parse_server)] = ""
    media_address: Annotated[str | None, BeforeValidator(values.parse_address_or_none)] = None
    trunk_match: Annotated[list[str], BeforeValidator(values.parse_networks)] = Field(default_factory=list)
    trunk_contact: Annotated[str | None, BeforeValidator(values.parse_contact)] = None
    sos_numbers: Annotated[list[str], BeforeValidator(values.parse_numbers)] = Field(default_factory=list)
    ordinary_numbers: Annotated[list[str], BeforeValidator(values.parse_numbers)] = Field(default_factory=list)
    complaint_numbers: Annotated[list[str], BeforeValidator(values.parse_numbers)] = Field(default_factory=list)
    duty_phones: Annotated[list[str], BeforeValidator(values.parse_phones)] = Field(default_factory=list)
    asterisk: Annotated[Path | None, BeforeValidator(values.parse_program)] = None
    lang: Literal["zh", "en"] = "zh"
    area_code: Annotated[str, Field(pattern=r"^0[1-9][0-9]{1,2}$")] = "021"
    emergency_route: Literal["none", "trunk"] = "none"
    platform_number: Annotated[str, Field(pattern=r"^(\+?[0-9]{1,20})?$")] = ""
    node: Annotated[str, Field(pattern=r"^[a-z0-9]{1,12}$")] = "a"
    sms_gateway: Literal["none", "file", "http", "aliyun", "tencent"] = "file"
    sms_url: Annotated[str, BeforeValidator(values.parse_url)] = ""
    sms_headers: Annotated[list[str], BeforeValidator(values.parse_pairs)] = Field(default_factory=list)
    sms_sign: Annotated[str, Field(max_length=40)] = ""
    sms_templates: Annotated[list[str], BeforeValidator(values.parse_pairs)] = Field(default_factory=list)
    sms_app: Annotated[str, Field(pattern=r"^[0-9]{0,20}$")] = ""
    sms_region: Annotated[str, Field(pattern=r"^[a-z]{2,10}(-[a-z0-9]{1,15}){1,3}$")] = "ap-guangzhou"
    recordings: Literal["", "here", "elsewhere"] = ""  # empty: here, but for `up --stand-by`
    recordings_room: Annotated[int, Field(ge=10, le=10_000_000)] = 2000  # MB free, below which it is said
    keep_ordinary_days: Annotated[int, Field(ge=30, le=36500)] = 365
    keep_emergency_days: Annotated[int, Field(ge=30, le=36500)] = 1095
    keep_visit_photos_days: Annotated[int, Field(ge=30, le=36500)] = 365
    keep_complaint_years: Annotated[int, Field(ge=1, le=100)] = 5
    policy: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _database_in_home(cls, raw: dict[str, Any]) -> dict[str, Any]:
        if not raw.get("database_url"):
            home = Path(str(raw.get("home", "var"))).expanduser().absolute()
            return {**raw, "database_url": f"sqlite+aiosqlite:///{home / 'yijiantong.db'}"}
        return raw

    @model_validator(mode="before")
    @classmethod
    def _standby_beside_control(cls, raw: dict[str, Any]) -> dict[str, Any]:
        """The stand-by's port follows the controller's, so that a second home needs no further setting."""
        control = str(raw.get("control_port", cls.model_fields["control_port"].default))
        if not raw.get("standby_port") and control.strip().isdecimal():
            return {**raw, "standby_port": str(int(control) + 1)}
        return raw

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        seen: dict[int, str] = {}
        for name in ("web_port", "ari_port", "ami_port", "control_port", "standby_port", "sip_tls_port"):
            port = getattr(self, name)
            if port is None:
                continue
            if port in seen:
                raise ValueError(f"{seen[port]}={port}\t{name}\t端口重复 / two services cannot share port {port}")
            seen[port] = name
        if self.sip_port in self.rtp_ports:
            raise ValueError(
                f"sip_port={self.sip_port}\trtp_ports\t端口重叠 / the SIP port lies inside {self.rtp_ports}"
            )
        return self

    @model_validator(mode="after")
    def _media_address_stands_for_one(self) -> Self:
        if self.media_address is not None and ip_address(self.sip_host).is_unspecified:
            raise ValueError(
                f"sip_host={self.sip_host}\tmedia_address\t须先写明本机地址 / say which of our addresses it stands for"
            )
        return self

    @model_validator(mode="after")
    def _sip_can_be_encrypted(self) -> Self:
        if self.sip_tls_port is None:
            if self.sip_srtp != "none":
                raise ValueError(
                    f"sip_srtp={self.sip_srtp}\tsip_tls_port\t没有 TLS，声音密钥会以明文传送 / "
                    "without TLS the keys of the sound would be sent for all to read"
                )
            return self
        for name in ("sip_tls_certificate", "sip_tls_key"):
            if getattr(self, name) is None:
                raise ValueError(f"sip_tls_port={self.sip_tls_port}\t{name}\tTLS 需要此项 / TLS needs it")
        if problem := values.tls_problem(self.sip_tls_certificate, self.sip_tls_key):
            raise ValueError(f"sip_tls_certificate={self.sip_tls_certificate}\tsip_tls_key\t{problem}")
        return self

    @model_validator(mode="after")
    def _one_meaning_for_each_number(self) -> Self:
        """Alarms, ordinary calls and complaints come in on different numbers."""
        for one, other in combinations(("sos_numbers", "ordinary_numbers", "complaint_numbers"), 2):
            if both := set(getattr(self, one)) & set(getattr(self, other)):
                number = min(both)
                raise ValueError(
                    f"{one}={number}\t{other}\t{number} 不能有两种用途（求助、普通、投诉） / "
                    f"{number} cannot be for two kinds of calls (alarms, ordinary calls, complaints)"
                )
        return self

    @model_validator(mode="after")
    def _gateway_is_complete(self) -> Self:
        wanted = {"http": ("sms_url",), "aliyun": ("sms_sign",), "tencent": ("sms_sign", "sms_app")}
        for name in wanted.get(self.sms_gateway, ()):
            if not getattr(self, name):
                raise ValueError(f"sms_gateway={self.sms_gateway}\t{name}\t短信网关缺少此项 / the SMS gateway needs it")
        missing = set(TEMPLATES) - self.pairs("sms_templates").keys()
        if self.sms_gateway in ("aliyun", "tencent") and missing:
            names = ", ".join(sorted(missing))
            raise ValueError(
                f"sms_gateway={self.sms_gateway}\tsms_templates\t缺少模板 / write NAME=CODE for the templates: {names}"
            )
        return self

    @property
    def control_ports(self) -> tuple[int, int]:
        """Of the two controllers on loopback; the one that stands by refers to the other."""
        return self.control_port, self.standby_port

    @property
    def ari_url(self) -> str:
        """Where the controllers reach ARI: Asterisk itself, or whatever stands in between on this machine."""
        return f"http://127.0.0.1:{self.ari_link_port or self.ari_port}"

    @property
    def recordings_here(self) -> bool:
        """Whether HOME/recordings holds what Asterisk records: a second machine, beside the Asterisk of the first, must
        not take for lost what it cannot see."""
        return self.recordings != "elsewhere"

    def pairs(self, name: str) -> dict[str, str]:
        """A setting that was written as NAME=VALUE words."""
        return dict(word.split("=", 1) for word in getattr(self, name))

    @classmethod
    def load(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """Read the environment (or `env`) and HOME/config.toml; the environment wins.

        Raises SettingsError that lists every wrong value and unknown name.
        """
        env = os.environ if env is None else env
        problems: list[str] = []
        written = from_environment(env, cls.model_fields, problems)
        home = home_of(written)
        for name, setting in from_file(home / CONFIG_FILE, cls.model_fields, problems).items():
            written.setdefault(name, setting)
        raw: dict[str, Any] = {"policy": {}}
        for name, setting in written.items():
            if name.startswith("policy."):
                raw["policy"][name.removeprefix("policy.")] = setting.value
            else:
                raw[name] = setting.value
        try:
            settings = cls.model_validate(raw)
        except ValidationError as error:
            problems += explain(error, written)
        if problems:
            raise SettingsError(problems)
        return settings

    def environment(self) -> dict[str, str]:
        """These settings as environment variables, for a process of the same platform."""
        found: dict[str, str] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if name == "policy":
                found |= {f"{PREFIX}POLICY__{key.upper()}": repr(seconds) for key, seconds in value.items()}
            else:
                text = ",".join(value) if isinstance(value, list) else "" if value is None else str(value)
                found[PREFIX + name.upper()] = text
        return found

    def prepare_home(self) -> None:
        """Create the home folder for us alone (0700); it holds personal data and secrets."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        (self.home / "log").mkdir(exist_ok=True)
