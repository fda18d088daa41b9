"""The demo keeps its hands off everything that is real."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from drill.command import drill
from drill.demo import demo_settings
from drill.own_platform import own_settings, ports_of_its_own
from drill.scripts import SCRIPTS
from drill.scripts.story import Story
from drill.settings import TownSettings, refuse_live_trunks
from home.settings import SettingsError
from ivr.policy import Policy


def test_a_real_platforms_settings_do_not_reach_the_demo(tmp_path: Path) -> None:
    real = {
        "YJT_HOME": "/srv/real",
        "YJT_DATABASE_URL": "postgresql://real@192.0.2.1/real",
        "YJT_TRUNK_MATCH": "192.0.2.10",
        "YJT_TRUNK_CONTACT": "sip:192.0.2.10:5060",
        "YJT_SOS_NUMBERS": "96890",
        "YJT_WEB_PORT": "18080",
        "YJT_LANG": "en",
    }
    town = TownSettings.load({})
    settings = demo_settings(tmp_path, town, real)
    refuse_live_trunks(settings, town)
    assert settings.home == tmp_path
    assert str(tmp_path) in settings.database_url
    assert (settings.web_port, settings.lang) == (18080, "en")
    assert settings.emergency_route == "trunk"


def test_a_drill_of_its_own_takes_free_ports_whatever_the_environment_says(tmp_path: Path) -> None:
    real = {"YJT_WEB_PORT": "8080", "YJT_TRUNK_CONTACT": "sip:192.0.2.10:5060", "YJT_TOWN_SIP_PORT": "5070"}
    ports, town = ports_of_its_own(real)
    settings = own_settings(tmp_path, town, real, own=ports)
    refuse_live_trunks(settings, town)
    assert settings.web_port != 8080
    assert town.sip_port != 5070
    assert len({settings.web_port, settings.sip_port, settings.ari_port, settings.ami_port, town.sip_port}) == 5


def test_a_wrong_port_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="YJT_WEB_PORT"):
        demo_settings(tmp_path, TownSettings.load({}), {"YJT_WEB_PORT": "http"})


@pytest.mark.parametrize("story", [script.story for script in SCRIPTS.values()])
def test_the_settings_of_every_story_are_settings_of_the_platform(story: type[Story], tmp_path: Path) -> None:
    ports, town = ports_of_its_own({})
    settings = own_settings(tmp_path, town, {}, own={**story.settings, **ports})
    Policy.of(settings.policy)


def test_help_tells_every_story_in_both_languages() -> None:
    told = CliRunner().invoke(drill, ["sos", "--help"]).output
    for name, script in SCRIPTS.items():
        assert f"{name} " in told
        assert f"{script.words[0]} / {script.words[1]}" in told


def test_an_unknown_story_is_told_with_those_that_there_are() -> None:
    result = CliRunner().invoke(drill, ["sos", "--script", "romance"])
    assert result.exit_code == 2
    assert "romance" in result.output
    assert "no-response" in result.output


def test_no_drill_beside_a_live_trunk(tmp_path: Path) -> None:
    env = {"YJT_HOME": str(tmp_path), "YJT_TRUNK_CONTACT": "sip:192.0.2.10:5060"}
    result = CliRunner().invoke(drill, ["sos", "--script", "silent"], env=env)
    assert result.exit_code == 1
    assert "YJT_TRUNK_CONTACT" in result.output


def test_agents_without_a_line_are_not_enough() -> None:
    result = CliRunner().invoke(drill, ["sos", "--agent", "a:x", "--agent", "b:y"])
    assert result.exit_code == 2
    assert "--line" in result.output


@pytest.mark.parametrize("agents", [[], ["agent801:x"], ["agent801", "agent802:y"], ["agent801:", "agent802:y"]])
def test_a_drill_without_two_agents_says_what_to_give(agents: list[str]) -> None:
    arguments = ["sos", "--line", "02110000001", *(part for agent in agents for part in ("--agent", agent))]
    result = CliRunner().invoke(drill, arguments)
    assert result.exit_code == 2
    assert "--agent" in result.output
