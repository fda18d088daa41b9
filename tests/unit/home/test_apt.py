"""The machine's apt sources in both of their forms, and which of them serve us."""

from __future__ import annotations

from pathlib import Path

import pytest

from home.apt import AptError, Source, choose, machine_sources, os_release, parse_list, parse_sources

DEB822 = """\
# kept by an installer
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBFtest
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: http://other.example/debian
Suites: bookworm
Components: main
"""

ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/etc/apt/keyrings/d.gpg] http://mirror.example/debian bookworm main contrib # tail
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/debian-security bookworm-security main
deb https://packages.example/node nodistro main
"""


def test_deb822_entries_are_read_with_their_options() -> None:
    first, second = parse_sources(DEB822)
    assert first.types == ("deb", "deb-src")
    assert first.suites == ("bookworm", "bookworm-updates")
    assert first.components == ("main", "contrib")
    assert first.options == {"Signed-By": "/usr/share/keyrings/debian-archive-keyring.gpg"}
    assert "mQINBFtest" in second.options["Signed-By"]


def test_one_line_entries_are_read_with_their_options() -> None:
    found = parse_list(ONE_LINE)
    assert [source.types for source in found] == [("deb",), ("deb-src",), ("deb",), ("deb",)]
    assert found[0].options == {"Architectures": "amd64", "Signed-By": "/etc/apt/keyrings/d.gpg"}
    assert found[0].components == ("main", "contrib")


@pytest.mark.parametrize("text", [DEB822, ONE_LINE])
def test_both_forms_lead_to_the_same_choice(text: str) -> None:
    sources = parse_sources(text) or parse_list(text)
    host = choose(sources, "host", "bookworm")
    assert [source.uris[0] for source in host] == [
        "http://mirror.example/debian",
        "http://mirror.example/debian-security",
    ]
    (sid,) = choose(sources, "sid", "bookworm")
    assert (sid.uris, sid.suites, sid.components) == (("http://mirror.example/debian",), ("sid",), ("main",))
    assert sid.types == ("deb",)


def test_an_entry_keeps_its_key_when_it_is_written() -> None:
    for source in choose(parse_sources(DEB822), "host", "bookworm"):
        assert parse_sources(source.stanza()) == [
            Source(
                source.types, source.uris, source.suites, source.components, {**source.options, "Targets": "Packages"}
            )
        ]


def test_a_machine_without_a_debian_mirror_is_told_so() -> None:
    with pytest.raises(AptError, match="sources"):
        choose(parse_list("deb https://packages.example/node nodistro main"), "sid", "bookworm")


def test_a_security_archive_alone_cannot_serve_unstable() -> None:
    with pytest.raises(AptError):
        choose(parse_list("deb http://mirror.example/debian-security bookworm-security main"), "sid", "bookworm")


def test_all_files_of_the_machine_are_read_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://one.example/debian bookworm main\n")
    (tmp_path / "sources.list.d" / "two.sources").write_text(DEB822)
    (tmp_path / "sources.list.d" / "three.list.save").write_text("deb http://saved.example/debian bookworm main\n")
    uris = {source.uris[0] for source in machine_sources(tmp_path)}
    assert uris == {
        "http://one.example/debian",
        "http://mirror.example/debian",
        "http://mirror.example/debian-security",
    }


def test_os_release_is_read_with_and_without_quotes(tmp_path: Path) -> None:
    path = tmp_path / "os-release"
    path.write_text('ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n\n# note\nVERSION_CODENAME=bookworm\n')
    told = os_release(path)
    assert (told["ID"], told["VERSION_CODENAME"]) == ("debian", "bookworm")
    assert os_release(tmp_path / "absent") == {}
