"""The demo keeps its hands off everything that is real."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from drill.command import drill
from drill.demo import demo_settings
from drill.settings import TownSettings, refuse_live_trunks
from home.settings import SettingsError


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


def test_a_wrong_port_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="YJT_WEB_PORT"):
        demo_settings(tmp_path, TownSettings.load({}), {"YJT_WEB_PORT": "http"})


@pytest.mark.parametrize("agents", [[], ["agent801:x"], ["agent801", "agent802:y"], ["agent801:", "agent802:y"]])
def test_a_drill_without_two_agents_says_what_to_give(agents: list[str]) -> None:
    arguments = ["sos", "--line", "02110000001", *(part for agent in agents for part in ("--agent", agent))]
    result = CliRunner().invoke(drill, arguments)
    assert result.exit_code == 2
    assert "--agent" in result.output
