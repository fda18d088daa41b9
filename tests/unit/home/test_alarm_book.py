"""What maintenance is told, and how often: one message for a problem, one for its end, whatever flickers."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from home.alarm_book import GONE_FOR, KEPT, QUIET_FOR, AlarmBook, Notice

A, B = "address-a", "address-b"


class Reader:
    """A book and what was noted in it."""

    def __init__(self, folder: Path, *addresses: str) -> None:
        self.noted: list[Notice] = []
        self.file = folder / "alarms.json"
        self.book = AlarmBook(self.file, addresses, noted=self.noted.append, patience={"slow": 100.0})
        self.book.load()

    @property
    def told(self) -> list[tuple[str, str, int]]:
        return [(notice.kind, notice.code, notice.count) for notice in self.noted]


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path, A)


def test_a_problem_is_told_once_when_it_lasts_and_once_when_it_is_over(reader: Reader) -> None:
    for second in range(40):
        reader.book.present({"database"}, 1000.0 + second)
    assert reader.noted == [Notice("problem", "database", 1000.0)]
    for second in range(200):
        reader.book.present(set(), 1040.0 + second)
    assert reader.told == [("problem", "database", 1), ("over", "database", 1)]


def test_what_passes_at_once_is_not_told(reader: Reader) -> None:
    reader.book.present({"asterisk"}, 0.0)
    reader.book.present({"asterisk"}, 9.0)
    reader.book.present(set(), 10.0)
    reader.book.present({"asterisk"}, 12.0)
    assert reader.told == []


def test_each_problem_has_its_own_patience(reader: Reader) -> None:
    for second in (0.0, 50.0, 99.0):
        reader.book.present({"slow"}, second)
    assert reader.told == []
    reader.book.present({"slow"}, 100.0)
    assert reader.told == [("problem", "slow", 1)]


def test_what_flickers_is_one_problem(reader: Reader) -> None:
    for second in range(0, 1000, 20):
        reader.book.present({"trunk"} if second % 40 == 0 else set(), float(second))
        reader.book.present({"trunk"}, second + 12.0)
    assert reader.told == [("problem", "trunk", 1)]
    reader.book.present(set(), 1000.0 + GONE_FOR)
    assert reader.told == [("problem", "trunk", 1), ("over", "trunk", 1)]


def test_events_that_follow_closely_are_counted_and_told_together(reader: Reader) -> None:
    for second in range(10):
        reader.book.happened("recording_failed", float(second))
    assert reader.told == [("event", "recording_failed", 1)]
    reader.book.tick(QUIET_FOR - 1)
    assert len(reader.told) == 1
    reader.book.tick(QUIET_FOR)
    assert reader.told[1:] == [("event", "recording_failed", 9)]
    reader.book.tick(3 * QUIET_FOR)
    reader.book.happened("recording_failed", 3 * QUIET_FOR)
    assert reader.told[2:] == [("event", "recording_failed", 1)]


def test_events_of_different_names_are_different(reader: Reader) -> None:
    reader.book.happened("process_ended", 0.0, name="web", how="signal SIGKILL")
    reader.book.happened("process_ended", 1.0, name="controller", how="signal SIGKILL")
    assert [notice.names["name"] for notice in reader.noted] == ["web", "controller"]


def test_each_address_gets_each_message_once_and_in_order(tmp_path: Path) -> None:
    book = Reader(tmp_path, A, B).book
    book.happened("ladder", 0.0)
    book.happened("late_answer", 1.0)
    first = book.next_for(A)
    assert first is not None
    book.sent(first, A)
    assert (book.next_for(A), book.next_for(B)) == (Notice("event", "late_answer", 1.0), first)
    book.sent(first, B)
    assert book.next_for(B) == Notice("event", "late_answer", 1.0)


def test_what_is_owed_and_what_is_known_outlives_us(tmp_path: Path) -> None:
    reader = Reader(tmp_path, A, B)
    reader.book.present({"database"}, 0.0)
    reader.book.present({"database"}, 20.0)
    notice = reader.book.next_for(A)
    assert notice is not None
    reader.book.sent(notice, A)
    reader.book.save(running=True)
    again = Reader(tmp_path, A, B)
    assert again.book.running_before
    assert (again.book.next_for(A), again.book.next_for(B)) == (None, notice)
    again.book.present({"database"}, 500.0)
    assert again.told == []
    again.book.present(set(), 500.0 + GONE_FOR)
    assert again.told == [("over", "database", 1)]
    again.book.save(running=False)
    assert not Reader(tmp_path, A, B).book.running_before
    assert stat.S_IMODE(again.file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "spoilt", ["", "{", "[]", '{"problems": {"x": {}}, "owed": [], "running": true}', '{"owed": 3}']
)
def test_a_spoilt_file_is_begun_anew(tmp_path: Path, spoilt: str) -> None:
    (tmp_path / "alarms.json").write_text(spoilt)
    reader = Reader(tmp_path, A)
    assert (reader.book.next_for(A), reader.book.running_before) == (None, False)
    reader.book.happened("ladder", 0.0)
    reader.book.save(running=True)
    assert json.loads(reader.file.read_text())["running"] is True


def test_without_an_address_nothing_is_owed(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    reader.book.happened("ladder", 0.0)
    reader.book.save(running=True)
    assert json.loads(reader.file.read_text())["owed"] == []
    assert reader.told == [("event", "ladder", 1)]


def test_only_so_many_may_wait(reader: Reader) -> None:
    for number in range(KEPT + 5):
        reader.book.happened("ladder", float(number), name=str(number))
    first = reader.book.next_for(A)
    assert first is not None
    assert first.names == {"name": "5"}
