"""The recordings folder: can it be written, what is in it, what is deleted. The files: `ari_app/test_recordings`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from home import sound_files
from home.sound_files import FULL, Folder, examine_folder, is_inside, remove


class Usage:
    def __init__(self, free: int) -> None:
        self.free = free


def test_a_folder_with_room(tmp_path: Path) -> None:
    found = examine_folder(tmp_path)
    assert (found.problem, found.made) == ("", False)
    assert found.free > FULL
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_gone_is_made_for_us_alone(tmp_path: Path) -> None:
    assert examine_folder(tmp_path / "a/recordings").made
    assert (tmp_path / "a/recordings").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["file", "file/recordings"])
def test_what_stands_in_its_place_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("mine")
    assert examine_folder(tmp_path / name) == Folder("folder_gone")
    assert (tmp_path / "file").read_text() == "mine"


def test_one_whose_disk_has_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_files.shutil, "disk_usage", lambda _: Usage(FULL - 1))
    assert examine_folder(tmp_path) == Folder("disk_full", FULL - 1)


def test_one_that_is_full_for_us(tmp_path: Path) -> None:
    """As under a quota: there is room, and yet nothing can be written. /dev/full says so to every writer."""
    (tmp_path / ".writable").symlink_to("/dev/full")
    assert examine_folder(tmp_path) == Folder("disk_full")


def test_one_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refused(*_: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", refused)
    assert examine_folder(tmp_path) == Folder("not_writable")


@pytest.mark.parametrize("name", ["", "/etc/hostname", "../x.wav", "2026/../../x.wav"])
def test_a_name_that_leads_outside(name: str) -> None:
    assert not is_inside(name)


def test_the_last_recording_of_a_day_takes_its_folders_along(tmp_path: Path) -> None:
    one, other = tmp_path / "2026/01/05/a.wav", tmp_path / "2026/01/06/b.wav"
    for path in (one, other):
        path.parent.mkdir(parents=True)
        path.touch()
    assert list(sound_files.sound_files(tmp_path)) == ["2026/01/05/a.wav", "2026/01/06/b.wav"]
    assert remove(tmp_path, "2026/01/05/a.wav")
    assert sorted(path.name for path in (tmp_path / "2026/01").iterdir()) == ["06"]
    assert remove(tmp_path, "2026/01/06/b.wav")
    assert list(tmp_path.iterdir()) == []
    assert not remove(tmp_path, "2026/01/06/b.wav")
