"""Asterisk's files: rendered whole or not at all, the operator's own kept, and no value breaks out of its line."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from home.asterisk import AsteriskError, RenderError, SeatLine, render, render_platform
from home.programs import Program
from home.secrets import Secrets
from home.settings import Settings

SEATS = [SeatLine("801", "password-801", "坐席一"), SeatLine("802", "password-802")]


def template(folder: Path, name: str, text: str) -> Path:
    path = folder / "templates" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Nothing of it is started here."""
    folders = {"modules": tmp_path / "modules", "data": tmp_path / "data"}
    return Program("asterisk", (str(tmp_path / "asterisk"),), tmp_path, "22.10.1", folders=folders)


class Platform:
    """Renders a platform and shows its files."""

    def __init__(self, home: Path, program: Program) -> None:
        self.home, self.program = home, program
        self.secrets = Secrets()

    def file(self, name: str, seats: list[SeatLine] = SEATS, **env: str) -> str:
        settings = Settings.load({"YJT_HOME": str(self.home), **env})
        render_platform(settings, self.secrets, seats, program=self.program)
        return (self.home / "asterisk/etc" / name).read_text("utf-8")


@pytest.fixture
def platform(tmp_path: Path, program: Program) -> Platform:
    return Platform(tmp_path / "home", program)


def test_a_file_says_who_wrote_it_and_includes_the_operators_own(tmp_path: Path) -> None:
    made = render([template(tmp_path, "a.conf", "[x]\ny = {{ z }}\n")], tmp_path / "etc", {"z": 5})
    text = (tmp_path / "etc/a.conf").read_text()
    assert [change.path for change in made] == [tmp_path / "etc/a.conf"]
    assert text.startswith("; written by yijiantong, edit a_custom.conf instead")
    assert "y = 5\n" in text
    assert text.endswith(f'#include "{tmp_path}/etc/a_custom.conf"\n')
    for path in (tmp_path / "etc/a.conf", tmp_path / "etc/a_custom.conf"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_did_not_change_is_not_written(tmp_path: Path) -> None:
    templates = [template(tmp_path, "a.conf", "{{ a }}"), template(tmp_path, "b.conf", "{{ b }}")]
    render(templates, tmp_path / "etc", {"a": 1, "b": 1})
    custom = tmp_path / "etc/a_custom.conf"
    custom.write_text("; my own")
    kept = (tmp_path / "etc/a.conf").stat()
    made = render(templates, tmp_path / "etc", {"a": 1, "b": 2})
    assert [change.path.name for change in made] == ["b.conf"]
    assert (tmp_path / "etc/a.conf").stat().st_ino == kept.st_ino
    assert custom.read_text() == "; my own"
    assert render(templates, tmp_path / "etc", {"a": 1, "b": 2}) == []


def test_a_plan_touches_nothing_and_its_diff_hides_passwords(tmp_path: Path) -> None:
    templates = [template(tmp_path, "a.conf", "port = {{ port }}\npassword = {{ word }}\nsecret={{ word }}\n")]
    render(templates, tmp_path / "etc", {"port": 1, "word": "old-word"})
    before = (tmp_path / "etc/a.conf").read_text()
    (change,) = render(templates, tmp_path / "etc", {"port": 2, "word": "new-word"}, write=False)
    assert (tmp_path / "etc/a.conf").read_text() == before
    diff = change.diff()
    assert "-port = 1" in diff
    assert "+port = 2" in diff
    assert diff.count("********") == 4
    assert "word" not in diff.replace("password", "")
    assert not list((tmp_path / "etc").glob(".*"))


def test_a_missing_value_names_template_and_value_and_writes_nothing(tmp_path: Path) -> None:
    templates = [template(tmp_path, "a.conf", "{{ a }}"), template(tmp_path, "b.conf", "{{ nobody }}")]
    with pytest.raises(RenderError, match=r"b\.conf.*nobody"):
        render(templates, tmp_path / "etc", {"a": 1})
    assert not (tmp_path / "etc").exists()


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\x00b", "a\x1bb", "a\x85b", "a\u2028b"])
def test_a_value_cannot_begin_a_line_of_its_own(tmp_path: Path, value: str) -> None:
    with pytest.raises(RenderError, match=r"a\.conf.*line break"):
        render([template(tmp_path, "a.conf", "x = {{ x }}")], tmp_path / "etc", {"x": value})


def test_a_semicolon_does_not_begin_a_comment(tmp_path: Path) -> None:
    render([template(tmp_path, "a.conf", "x = {{ x }}")], tmp_path / "etc", {"x": "sip:a;transport=udp"})
    assert r"x = sip:a\;transport=udp" in (tmp_path / "etc/a.conf").read_text()


def test_browsers_are_told_the_outer_address_as_well(platform: Platform) -> None:
    assert "[ice_host_candidates]" not in platform.file("rtp.conf")
    text = platform.file("rtp.conf", YJT_SIP_HOST="192.0.2.5", YJT_MEDIA_ADDRESS="198.51.100.5")
    assert "\n[ice_host_candidates]\n192.0.2.5 => 198.51.100.5,include_local_address\n" in text


def test_seats_stand_in_pjsip_and_in_the_ladder(platform: Platform) -> None:
    text = platform.file("pjsip.conf")
    assert 'callerid = "坐席一" <801>' in text
    assert "password = password-802" in text
    assert "SEATS = PJSIP/801&PJSIP/802\n" in platform.file("extensions.conf")
    disabled = SeatLine("803", "password-803", active=False)
    assert "SEATS = PJSIP/801\n" in platform.file("extensions.conf", seats=[SEATS[0], disabled])
    assert "[803](seat-line)" in platform.file("pjsip.conf", seats=[disabled])
    assert "SEATS = \n" in platform.file("extensions.conf", seats=[])


def test_a_seats_name_cannot_end_its_quotes(platform: Platform) -> None:
    odd = SeatLine("801", "password-801", 'a"b<c>;d\\e\nf\U0001f600' + "x" * 10_000)
    (line,) = set(re.findall(r"^callerid = .*$", platform.file("pjsip.conf", seats=[odd]), re.MULTILINE))
    assert line == 'callerid = "abcdef\U0001f600' + "x" * 33 + '" <801>'


@pytest.mark.parametrize(
    "seats",
    [
        [SeatLine("80a", "password-801")],
        [SeatLine("801](trunk", "password-801")],
        [SeatLine("01", "password-801")],
        [SeatLine("801", "password-801"), SeatLine("801", "password-802")],
        [SeatLine("801", "short")],
        [SeatLine("801", "pass word;801")],
    ],
)
def test_a_seat_that_asterisk_could_misread_is_refused(platform: Platform, seats: list[SeatLine]) -> None:
    with pytest.raises(RenderError, match=r"80|01"):
        platform.file("pjsip.conf", seats=seats)


@pytest.mark.parametrize("folder", ["a,b", "a&b", "a${b}", "a;b", "a:b", "a(b)"])
def test_a_home_that_the_dialplan_could_misread_is_refused(tmp_path: Path, program: Program, folder: str) -> None:
    with pytest.raises(RenderError, match="YJT_HOME"):
        Platform(tmp_path / folder, program).file("extensions.conf")


def test_a_home_too_deep_for_a_socket_is_refused(tmp_path: Path, program: Program) -> None:
    with pytest.raises(AsteriskError, match="YJT_HOME"):
        Platform(tmp_path / ("x" * 100), program).file("asterisk.conf")


def test_ari_and_ami_are_bound_to_loopback_whatever_the_settings(platform: Platform) -> None:
    open_to_all = {"YJT_SIP_HOST": "0.0.0.0", "YJT_WEB_HOST": "0.0.0.0"}
    for name in ("http.conf", "manager.conf"):
        assert "bindaddr = 127.0.0.1\n" in platform.file(name, **open_to_all)


def test_sound_is_bound_to_the_sip_address_unless_that_is_all(platform: Platform) -> None:
    assert "media_address = 127.0.0.1\nbind_rtp_to_media_address = yes" in platform.file("pjsip.conf")
    assert "media_address" not in platform.file("pjsip.conf", YJT_SIP_HOST="0.0.0.0")
    assert "bind = [::1]:5060\n" in platform.file("pjsip.conf", YJT_SIP_HOST="::1")


def test_a_trunk_without_addresses_lets_nobody_in(platform: Platform) -> None:
    assert "type = identify" not in platform.file("pjsip.conf")
    text = platform.file("pjsip.conf", YJT_TRUNK_MATCH="192.0.2.1,198.51.100.0/24")
    assert "match = 192.0.2.1\nmatch = 198.51.100.0/24\n" in text


def test_the_configured_numbers_are_the_only_ones(platform: Platform) -> None:
    inside = platform.file("extensions.conf", YJT_SOS_NUMBERS="12349,*99").split("[sos]")[0]
    assert "exten => 12349,1,Goto(sos,s,1)" in inside
    assert inside.count("exten => *99") == 1
    assert "YJT_SOS_NUMBERS" in inside
    anyone = platform.file("extensions.conf").split("[sos]")[0]
    assert "!,1,Goto(sos,s,1)" in anyone
    assert "YJT_SOS_NUMBERS" not in anyone


def test_ordinary_calls_come_in_beside_the_configured_alarm_numbers(platform: Platform) -> None:
    numbers = {"YJT_SOS_NUMBERS": "12349", "YJT_ORDINARY_NUMBERS": "12350", "YJT_COMPLAINT_NUMBERS": "12351"}
    inside = platform.file("extensions.conf", **numbers).split("[sos]")[0]
    assert "exten => 12349,1,Goto(sos,s,1)" in inside
    assert "exten => 12350,1,Goto(sos,s,1)" in inside
    assert "exten => 12351,1,Goto(sos,s,1)" in inside


def test_every_file_is_for_its_owner_only(platform: Platform) -> None:
    assert platform.secrets.ari_password in platform.file("ari.conf")
    found = list((platform.home / "asterisk/etc").iterdir())
    assert len(found) > 20
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (platform.home / "asterisk").iterdir()} == {0o700}
