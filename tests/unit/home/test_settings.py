"""Settings and secrets: what is written is understood or refused by the name under which it was written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from home.secrets import Secrets, SecretsError
from home.settings import RtpPorts, Settings, SettingsError


def refused(env: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.load(env)
    return caught.value.problems


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def in_file(home: Path, text: str) -> dict[str, str]:
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(text, "utf-8")
    return {"YJT_HOME": str(home)}


def test_without_anything_the_defaults_hold() -> None:
    settings = Settings.load({})
    assert settings.home == Path("var").absolute()
    assert settings.database_url == f"sqlite+aiosqlite:///{Path('var').absolute()}/yijiantong.db"
    assert (settings.web_host, settings.web_port, settings.sip_port) == ("127.0.0.1", 8080, 5060)
    assert settings.rtp_ports == RtpPorts(10000, 10999)
    assert settings.emergency_route == "none"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("YJT_WEB_PORT", "0"),
        ("YJT_WEB_PORT", "65536"),
        ("YJT_WEB_PORT", "８０８０"),
        ("YJT_SIP_HOST", "localhost"),
        ("YJT_RTP_PORTS", "20000-10000"),
        ("YJT_RTP_PORTS", "10000"),
        ("YJT_TRUNK_MATCH", "192.0.2.1,nowhere"),
        ("YJT_TRUNK_CONTACT", "192.0.2.1"),
        ("YJT_TRUNK_CONTACT", "sip:192.0.2.1\nmatch=0.0.0.0/0"),
        ("YJT_SIP_NEVER_BAN", "203.0.113.0/24,office"),
        ("YJT_SIP_BAN_FAILURES", "1"),
        ("YJT_SIP_BAN_WINDOW", "soon"),
        ("YJT_SIP_BAN_FIRST", "0"),
        ("YJT_SIP_TLS_PORT", "70000"),
        ("YJT_SIP_TLS_CERTIFICATE", "/no/such/file"),
        ("YJT_SIP_TLS_KEY", "/no/such/file"),
        ("YJT_SIP_SRTP", "yes"),
        ("YJT_SOS_NUMBERS", "12,abc"),
        ("YJT_ORDINARY_NUMBERS", "96890,x"),
        ("YJT_COMPLAINT_NUMBERS", "96892,x"),
        ("YJT_DUTY_PHONES", "12000000001,0210000x"),
        ("YJT_DUTY_PHONES", "12"),
        ("YJT_DUTY_PHONES", "120"),
        ("YJT_ASTERISK", "/no/such/asterisk"),
        ("YJT_LANG", "fr"),
        ("YJT_AREA_CODE", "21"),
        ("YJT_EMERGENCY_ROUTE", "yes"),
        ("YJT_NODE", "a b"),
        ("YJT_POLICY__SEAT_RING", "soon"),
        ("YJT_POLICY__SEAT_RING", "nan"),
        ("YJT_POLICY__SEAT_RING", "-1"),
        ("YJT_DATABASE_URL", "mysql://host/name"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(name: str, value: str) -> None:
    problems = refused({name: value})
    assert len(problems) == 1
    assert problems[0].startswith(name)


def test_all_wrong_values_are_named_at_once() -> None:
    problems = refused({"YJT_WEB_PORT": "x", "YJT_LANG": "x", "YJT_NODE": "!"})
    assert sorted(line.split("=")[0] for line in problems) == ["YJT_LANG", "YJT_NODE", "YJT_WEB_PORT"]


def test_a_password_in_a_wrong_database_url_is_not_shown() -> None:
    assert "hunter2" not in "".join(refused({"YJT_DATABASE_URL": "mysql://me:hunter2@host/name"}))


def test_an_unknown_variable_is_refused_with_the_nearest_name() -> None:
    assert "YJT_WEB_PORT" in refused({"YJT_WEBPORT": "8080"})[0].removeprefix("YJT_WEBPORT")


def test_addresses_with_keys_are_no_setting(home: Path) -> None:
    for written in ({"YJT_MAINTENANCE_URLS": "json://user:hidden@127.0.0.1"}, {}):
        home.mkdir(exist_ok=True)
        (home / "config.toml").write_text("" if written else 'maintenance_urls = "json://user:hidden@127.0.0.1"\n')
        with pytest.raises(SettingsError, match=r"secrets\.toml") as refused:
            Settings.load({"YJT_HOME": str(home), **written})
        assert "hidden" not in str(refused.value)


def test_the_file_is_read_and_the_environment_wins(home: Path) -> None:
    env = in_file(home, 'web_port = 9000\nsip_port = 9001\ntrunk_match = ["192.0.2.1", "198.51.100.0/24"]\n')
    settings = Settings.load({**env, "YJT_WEB_PORT": "9100"})
    assert (settings.web_port, settings.sip_port) == (9100, 9001)
    assert settings.trunk_match == ["192.0.2.1", "198.51.100.0/24"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("web_port = true", "web_port (config.toml)"),
        ("webport = 1", "web_port (config.toml)"),
        ("home = '/tmp'", "home (config.toml)"),
        ("[policy]\nseat_ring = 'x'", "policy.seat_ring (config.toml)"),
        ("trunk_match = 5", "trunk_match (config.toml)"),
        ("web_port = ", "config.toml"),
    ],
)
def test_a_wrong_file_is_refused_by_its_name(home: Path, text: str, named: str) -> None:
    assert named in "".join(refused(in_file(home, text)))


def test_policy_comes_from_file_and_environment(home: Path) -> None:
    env = in_file(home, "[policy]\nseat_ring = 8\nwrap_up = 60.5\n")
    settings = Settings.load({**env, "YJT_POLICY__SEAT_RING": "9"})
    assert settings.policy == {"seat_ring": 9.0, "wrap_up": 60.5}


def test_two_services_on_one_port_are_refused_by_both_names() -> None:
    assert refused({"YJT_WEB_PORT": "9000", "YJT_ARI_PORT": "9000"})[0].startswith("YJT_WEB_PORT, YJT_ARI_PORT")
    assert "YJT_RTP_PORTS" in refused({"YJT_SIP_PORT": "10500"})[0]


def test_a_number_for_alarms_and_for_ordinary_calls_is_refused_by_both_names() -> None:
    problem = refused({"YJT_SOS_NUMBERS": "96890,96891", "YJT_ORDINARY_NUMBERS": "96891"})[0]
    assert problem.startswith("YJT_SOS_NUMBERS, YJT_ORDINARY_NUMBERS")
    assert "96891" in problem


def test_a_number_for_complaints_and_for_anything_else_is_refused_by_both_names() -> None:
    problem = refused({"YJT_COMPLAINT_NUMBERS": "96892", "YJT_ORDINARY_NUMBERS": "96891,96892"})[0]
    assert problem.startswith("YJT_ORDINARY_NUMBERS, YJT_COMPLAINT_NUMBERS")


def test_tls_needs_both_files_and_srtp_needs_tls(tmp_path: Path) -> None:
    file = tmp_path / "file.pem"
    file.write_text("no PEM\n")
    (problem,) = refused({"YJT_SIP_TLS_PORT": "5061", "YJT_SIP_TLS_CERTIFICATE": str(file)})
    assert "YJT_SIP_TLS_PORT, YJT_SIP_TLS_KEY" in problem
    (problem,) = refused({"YJT_SIP_SRTP": "required"})
    assert "YJT_SIP_SRTP, YJT_SIP_TLS_PORT" in problem
    both = {"YJT_SIP_TLS_CERTIFICATE": str(file), "YJT_SIP_TLS_KEY": str(file)}
    (problem,) = refused({"YJT_SIP_TLS_PORT": "5061", **both})
    assert "YJT_SIP_TLS_CERTIFICATE, YJT_SIP_TLS_KEY" in problem
    assert "PEM" in problem
    (problem,) = refused({"YJT_SIP_TLS_PORT": "8080", **both})
    assert "YJT_WEB_PORT, YJT_SIP_TLS_PORT" in problem


def test_servers_for_the_pages_phone() -> None:
    settings = Settings.load({"YJT_STUN": "stun.example.org", "YJT_TURN": "[2001:db8::5]:5349"})
    assert (settings.stun, settings.turn) == ("stun.example.org:3478", "[2001:db8::5]:5349")
    for wrong in ("turn:example.org", "example.org:99999", "a b", "example.org;x"):
        assert "YJT_TURN" in refused({"YJT_TURN": wrong})[0]
    both = {"YJT_MEDIA_ADDRESS": "198.51.100.5", "YJT_SIP_HOST": "0.0.0.0"}
    assert refused(both)[0].startswith("YJT_SIP_HOST, YJT_MEDIA_ADDRESS")
    assert Settings.load({**both, "YJT_SIP_HOST": "192.0.2.5"}).media_address == "198.51.100.5"


def test_settings_survive_the_way_to_another_process(home: Path) -> None:
    env = in_file(home, "web_port = 9000\n[policy]\nseat_ring = 8\n")
    settings = Settings.load({**env, "YJT_SOS_NUMBERS": "12349 *7", "YJT_TRUNK_CONTACT": "sip:127.0.0.2:5070"})
    assert Settings.load(settings.environment()) == settings


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert Settings.load({"YJT_WEB_PORT": "", "YJT_TRUNK_CONTACT": ""}) == Settings.load({})


def test_the_home_is_for_us_alone(home: Path) -> None:
    Settings.load({"YJT_HOME": str(home)}).prepare_home()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_secrets_are_made_once_and_kept_private(home: Path) -> None:
    first = Secrets.load_or_create(home)
    assert Secrets.load_or_create(home) == first
    assert stat.S_IMODE((home / "secrets.toml").stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == ["secrets.toml"]


def test_no_two_homes_share_a_secret(tmp_path: Path) -> None:
    one, other = (Secrets.load_or_create(tmp_path / name) for name in ("one", "other"))
    values = [
        getattr(secrets, name)
        for secrets in (one, other)
        for name in ("ari_password", "ami_password", "control_token", "session_key")
    ]
    assert len(set(values)) == len(values)
    assert not any(value in repr(one) + repr(other) for value in values)


def test_a_file_that_others_could_read_is_closed(home: Path) -> None:
    Secrets.load_or_create(home)
    (home / "secrets.toml").chmod(0o644)
    Secrets.load_or_create(home)
    assert stat.S_IMODE((home / "secrets.toml").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("old", "new"),
    [("ari_password", "ari_pass"), ('control_token = "', 'control_token = "a;b'), ("session_key =", "session_key")],
)
def test_damaged_secrets_are_refused_and_not_replaced(home: Path, old: str, new: str) -> None:
    Secrets.load_or_create(home)
    path = home / "secrets.toml"
    path.write_text(path.read_text().replace(old, new))
    damaged = path.read_text()
    with pytest.raises(SecretsError, match=r"secrets\.toml"):
        Secrets.load_or_create(home)
    assert path.read_text() == damaged


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_we_may_not_read_is_named(home: Path) -> None:
    env = in_file(home, "web_port = 1")
    (home / "config.toml").chmod(0)
    assert "config.toml" in refused(env)[0]
