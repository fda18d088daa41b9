"""The watch over the ladder's records: each becomes one case, over deaths of ours and beside another controller."""

from __future__ import annotations

import asyncio
import fcntl
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from ari_app.ari import Client
from ari_app.ladder import Ladder
from ari_app.reception import case_id_of_channel
from ari_app.taking_over import take_over
from ivr.vocabulary import CaseState
from models.database import Database
from tests.unit.ari_app.fakes import refused
from tests.unit.ari_app.platform import CALLER, NUMBER, AwayDatabase, Platform, platform, whole_recordings

__all__ = ["whole_recordings"]
pytestmark = pytest.mark.usefixtures("whole_recordings")
CHANNEL = "yjt-a-1767600000.9"
AT = 1_767_600_000
ARRIVED = datetime.fromtimestamp(AT, UTC)


class Journal:
    """A database that knows these channels, or recordings; `asked` counts the times it was."""

    def __init__(self, *known: str) -> None:
        self.known = known
        self.asked = 0

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Any]:
        self.asked += 1
        yield self

    async def scalars(self, query: Any) -> list[str]:
        (wanted,) = (value for value in query.compile().params.values() if isinstance(value, list))
        return [one for one in self.known if one in wanted]


def arrival(channel: str = CHANNEL, caller: str = NUMBER) -> dict[str, Any]:
    return {"at": AT, "what": "arrived", "channel": channel, "caller": caller, "dialled": "96890", "recording": "r.wav"}


def only_arrived(folder: Path, channel: str = CHANNEL) -> Path:
    """What the dialplan writes before it offers a call."""
    file = folder / f"{channel}.jsonl"
    file.write_text(json.dumps(arrival(channel)) + "\n", "utf-8")
    return file


def record(folder: Path, *, channel: str = CHANNEL, spoke: bool = False, caller: str = NUMBER) -> Path:
    """What the dialplan leaves of a call that the ladder served: it came, and was the ladder's."""
    lines = [arrival(channel, caller)] * 2
    if spoke:
        lines += [
            {"at": AT + 5, "what": "rings", "who": "PJSIP/801"},
            {"at": AT + 9, "what": "joined", "who": "PJSIP/801-00000001"},
        ]
    file = folder / f"{channel}.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return file


def watch(p: Platform, folder: Path, *on_record: str, durable: bool = True) -> Ladder:
    async def is_durable_in_time(case: str, seq: int, timeout: float) -> bool:
        return durable

    def is_durable(case: str, seq: int) -> bool:
        return durable

    p.controller.link_problem = ""
    p.controller.journal.durable = is_durable_in_time  # type: ignore[method-assign] # its database is away
    p.controller.journal.is_durable = is_durable  # type: ignore[method-assign]
    database = Journal(*on_record)
    return Ladder(folder, client=cast(Client, p.ari), database=cast(Database, database), house=p.controller)


async def looks(ladder: Ladder, times: int = 2) -> None:
    for _ in range(times):
        await ladder.look()


async def test_a_record_becomes_one_case_and_is_removed(tmp_path: Path) -> None:
    file = record(tmp_path, spoke=True)
    async with platform(tmp_path) as p:
        await looks(watch(p, tmp_path), 4)
        assert p.case.id == case_id_of_channel(CHANNEL, ARRIVED)
        assert (p.case.state, p.case.caller, p.events[0]) == (CaseState.WRAPPING_UP, NUMBER, "ladder_reported")
        assert "recording_ended" in p.events
    assert not file.exists()


async def test_who_is_still_on_the_line_is_left_to_the_dialplan(tmp_path: Path) -> None:
    file = record(tmp_path)
    async with platform(tmp_path) as p:
        p.ari.living.add(CHANNEL)
        ladder = watch(p, tmp_path)
        await looks(ladder, 3)
        assert (p.controller.runs, file.exists()) == ({}, True)
        p.ari.living.clear()
        await looks(ladder)
        assert p.case.state is CaseState.CALLING_BACK


async def test_a_call_that_was_taken_in_the_end_is_no_second_case(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.sos()
        file = record(tmp_path, channel=CALLER)
        ladder = watch(p, tmp_path)
        await looks(ladder)
        assert p.asked("get channel") == []  # hundreds who wait would be hundreds of requests a second
        await p.ends(CALLER)
        await looks(ladder)
        assert p.case.again == 0
        assert p.events.count("ladder_reported") == 1
    assert not file.exists()


async def test_a_call_whose_case_is_over_is_no_second_case(tmp_path: Path) -> None:
    file = record(tmp_path)
    async with platform(tmp_path) as p:
        await looks(watch(p, tmp_path, CHANNEL))
        assert p.controller.runs == {}
    assert not file.exists()


@pytest.mark.clause("H12")
async def test_a_further_call_of_the_same_elder_belongs_to_their_case(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.sos()
        record(tmp_path)
        await looks(watch(p, tmp_path))
        assert p.case.again == 1


async def test_a_record_stays_until_its_case_is_on_record_and_is_told_once(tmp_path: Path) -> None:
    file = record(tmp_path)
    async with platform(tmp_path) as p:
        await looks(watch(p, tmp_path, durable=False), 4)
        assert file.exists()
        assert p.events.count("ladder_reported") == 1
        await looks(watch(p, tmp_path))
        assert p.events.count("ladder_reported") == 1
    assert not file.exists()


async def test_a_record_that_another_controller_has_is_left_to_it(tmp_path: Path) -> None:
    file = record(tmp_path)
    async with platform(tmp_path) as p:
        with file.open("r+b") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            await looks(watch(p, tmp_path), 3)
            assert p.controller.runs == {}
    assert file.exists()


async def test_two_controllers_open_one_case(tmp_path: Path) -> None:
    record(tmp_path)
    async with platform(tmp_path) as one, platform(tmp_path) as other:
        both = (watch(one, tmp_path), watch(other, tmp_path))
        for _ in range(4):
            await asyncio.gather(*(ladder.look() for ladder in both))
        assert len(one.controller.runs) + len(other.controller.runs) == 1


async def test_without_a_link_or_an_answer_nothing_is_decided(tmp_path: Path) -> None:
    file = record(tmp_path)
    async with platform(tmp_path) as p:
        ladder = watch(p, tmp_path)
        p.ari.refusals["get channel"] = refused(500)
        await looks(ladder)
        p.controller.link_problem = "lost"
        p.ari.refusals.clear()
        await looks(ladder)
        assert (p.controller.runs, file.exists()) == ({}, True)


async def test_the_elder_is_called_back_also_while_the_database_is_away(tmp_path: Path) -> None:
    record(tmp_path)
    async with platform(tmp_path) as p:
        ladder = watch(p, tmp_path)
        ladder._database = cast(Database, AwayDatabase())
        await looks(ladder)
        assert p.case.state is CaseState.CALLING_BACK


async def test_what_is_said_after_the_record_was_taken_is_no_case(tmp_path: Path) -> None:
    record(tmp_path, spoke=True)
    async with platform(tmp_path) as p:
        ladder = watch(p, tmp_path)
        await looks(ladder)
        late = tmp_path / f"{CHANNEL}.jsonl"
        late.write_text(
            json.dumps({"at": AT + 30, "what": "said", "who": "duty_1", "more": "voicemail"}) + "\n", "utf-8"
        )
        await looks(ladder)
        assert p.events.count("ladder_reported") == 1
    assert not late.exists()
    assert not late.with_suffix(".unreadable").exists()


@pytest.mark.clause("H12")
async def test_two_calls_of_one_elder_meanwhile_are_one_case(tmp_path: Path) -> None:
    for channel in (CHANNEL, f"{CHANNEL}0"):
        record(tmp_path, channel=channel)
    async with platform(tmp_path) as p:
        await looks(watch(p, tmp_path))
        assert (p.case.again, p.case.state) == (1, CaseState.CALLING_BACK)


async def test_a_record_of_nobody_is_put_away_for_a_person_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("{}\n", "utf-8")
    record(tmp_path)
    async with platform(tmp_path) as p:
        await looks(watch(p, tmp_path))
        assert p.case.caller == NUMBER
    assert (tmp_path / "x.unreadable").exists()


# --- calls of which nothing is told but that they came ----------------------------------------------------------------


async def test_of_an_ordinary_call_the_record_goes_while_people_talk_and_the_case_hears_nothing_of_it(
    tmp_path: Path,
) -> None:
    async with platform(tmp_path) as p:
        await p.sos()
        file = only_arrived(tmp_path, CALLER)
        ladder = watch(p, tmp_path)
        await looks(ladder, 1)
        assert not file.exists()
        assert p.asked("get channel") == []
        await p.ends(CALLER)
        await looks(ladder, 3)
        assert "ladder_reported" not in p.events


async def test_it_stays_for_as_long_as_the_call_is_on_record_nowhere_else(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.sos()
        file = only_arrived(tmp_path, CALLER)
        unsafe = watch(p, tmp_path, durable=False)
        await looks(unsafe)
        await p.ends(CALLER)
        await looks(unsafe, 4)
        assert file.exists()
        await looks(watch(p, tmp_path), 1)
        assert "ladder_reported" not in p.events
    assert not file.exists()


async def test_who_hung_up_while_a_controller_died_with_their_call_is_called_back(tmp_path: Path) -> None:
    file = only_arrived(tmp_path)
    async with platform(tmp_path) as p:
        p.ari.living.add(CHANNEL)
        ladder = watch(p, tmp_path)
        await looks(ladder, 3)
        assert (p.controller.runs, file.exists()) == ({}, True)  # it may be just being offered
        p.ari.living.clear()
        await looks(ladder)
        assert (p.case.id, p.case.state) == (case_id_of_channel(CHANNEL, ARRIVED), CaseState.CALLING_BACK)
        await looks(watch(p, tmp_path), 3)
        assert p.events.count("ladder_reported") == 1
    assert not file.exists()


@pytest.mark.parametrize("known", [CHANNEL, "r.wav"], ids=["a case of its own", "in the open case of that elder"])
async def test_a_controller_that_died_before_it_removed_the_record_has_told_all_there_is(
    tmp_path: Path, known: str
) -> None:
    file = only_arrived(tmp_path)
    async with platform(tmp_path) as p:
        p.ari.living.add(CHANNEL)  # whoever takes the case over looks after the line
        await looks(watch(p, tmp_path, known), 1)
        assert (p.controller.runs, p.asked("get channel")) == ({}, [])
    assert not file.exists()


async def test_a_case_that_was_taken_over_is_on_record(tmp_path: Path) -> None:
    async with platform(tmp_path) as before:
        await before.sos()
        left = [(before.case, before.run.entries)]
    async with platform(tmp_path) as p:
        take_over(p.controller, left)
        file = only_arrived(tmp_path, CALLER)
        p.controller.link_problem = ""
        database = Journal()
        ladder = Ladder(tmp_path, client=cast(Client, p.ari), database=cast(Database, database), house=p.controller)
        await looks(ladder, 1)
        assert (database.asked, "ladder_reported" in p.events) == (0, False)
    assert not file.exists()


async def test_what_a_storm_leaves_is_asked_for_at_once(tmp_path: Path) -> None:
    """The other machine had the calls: thousands of records are here, and all of it is known."""
    storm = [f"yjt-a-1767600000.{number}" for number in range(1_200)]
    files = [only_arrived(tmp_path, channel) for channel in storm]
    async with platform(tmp_path) as p:
        ladder = watch(p, tmp_path, *storm)
        await looks(ladder, 1)
        assert cast(Journal, ladder._database).asked == 1
        assert (p.controller.runs, p.asked("get channel")) == ({}, [])
    assert not any(file.exists() for file in files)
