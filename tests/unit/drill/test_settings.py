"""Where the town may live, and beside which platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from drill.settings import LiveTrunk, TownSettings, refuse_live_trunks
from home.settings import Settings, SettingsError


def platform(home: Path, **env: str) -> Settings:
    return Settings.load({"YJT_HOME": str(home), **env})


def test_the_town_and_its_platform_belong_together(tmp_path: Path) -> None:
    town = TownSettings.load({"YJT_TOWN_SIP_PORT": "20570"})
    settings = platform(tmp_path, **town.platform_environment())
    refuse_live_trunks(settings, town)
    assert settings.trunk_contact == "sip:127.0.0.2:20570"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("YJT_TRUNK_MATCH", "127.0.0.2,192.0.2.10"),
        ("YJT_TRUNK_MATCH", "127.0.0.2,0.0.0.0/0"),
        ("YJT_TRUNK_CONTACT", "sip:192.0.2.10:5060"),
        ("YJT_TRUNK_CONTACT", "sip:gateway.example:5060"),
        ("YJT_TRUNK_CONTACT", "sip:[2001:db8::1]:5060"),
        ("YJT_TRUNK_MATCH", "127.0.0.9"),
        ("YJT_TRUNK_MATCH", ""),
    ],
)
def test_a_platform_with_a_live_trunk_is_refused_by_the_name_of_the_setting(
    tmp_path: Path, setting: str, value: str
) -> None:
    town = TownSettings.load({})
    settings = platform(tmp_path, **{**town.platform_environment(), setting: value})
    with pytest.raises(LiveTrunk, match=setting):
        refuse_live_trunks(settings, town)


@pytest.mark.parametrize("contact", ["sip:127.0.0.2:5070", "sip:localhost:5070", "sip:[::1]:5070"])
def test_a_contact_on_this_machine_is_no_live_trunk(tmp_path: Path, contact: str) -> None:
    town = TownSettings.load({})
    env = {**town.platform_environment(), "YJT_TRUNK_CONTACT": contact}
    refuse_live_trunks(platform(tmp_path, **env), town)


def test_every_wrong_setting_is_named_at_once() -> None:
    wrong = {
        "YJT_TOWN_SIP_PORT": "70000",
        "YJT_TOWN_CARRIER_HOST": "192.0.2.1",
        "YJT_TOWN_RTP_PORTS": "9",
        "YJT_TOWN_SIPPORT": "5070",
    }
    with pytest.raises(SettingsError) as caught:
        TownSettings.load(wrong)
    for name in wrong:
        assert name in str(caught.value)
    assert len(caught.value.problems) == len(wrong)


def test_the_platforms_own_settings_leave_the_towns_alone(tmp_path: Path) -> None:
    env = {"YJT_TOWN_SIP_PORT": "20570", "YJT_HOME": str(tmp_path)}
    assert Settings.load(env).sip_port == Settings.load({"YJT_HOME": str(tmp_path)}).sip_port
    assert TownSettings.load(env).sip_port == 20570
