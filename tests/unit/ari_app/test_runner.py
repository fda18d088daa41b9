"""The runner: one case, its events in order, its commands in order, its timers, and what goes wrong on the way."""

from __future__ import annotations

import asyncio

import pytest

from ari_app import runner
from ari_app.desk import UnknownSeat
from ari_app.runner import CaseRun
from ari_app.switchboard import LineGone, NoRoute
from ivr.case import Case
from ivr.commands import (
    Answer,
    DetectSpeech,
    Dial,
    FindSeat,
    Join,
    MakeBridge,
    Play,
    Refuse,
    ReleaseSeat,
    ShowFile,
)
from ivr.decide import decide
from ivr.events import (
    CallerIdentified,
    CallRequested,
    CloseRequested,
    EmergencyRequested,
    Event,
    FileShown,
    HangupRequested,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegRinging,
    PromptFinished,
    RecordingEnded,
    SeatReserved,
    SpeechHeard,
)
from ivr.policy import Policy
from ivr.turn import COMFORT, Decision
from ivr.vocabulary import AlarmKind, CaseState, LegKind, Outcome, Place, Prompt, Refusal, Role
from tests.unit.ari_app.fakes import START, refused
from tests.unit.ari_app.one_case import FILE, Call, FakeHouse, call
from tests.unit.ari_app.virtual_time import passes, settled

VIRTUAL_TIME = True


async def test_commands_go_out_in_the_order_of_the_decisions() -> None:
    async with call() as c:
        await c.arrives()
        assert c.house.commands == [
            Answer("elder"),
            DetectSpeech("elder", c.house.policy.speech_level),
            Play("elder", Prompt.WELCOME, music=True),
            MakeBridge(Place.ELDER),
        ]
        assert c.house.looked_up == ["02100000007"]
        assert [type(command) for command in c.house.seat_commands] == [FindSeat]
        assert [entry.seq for entry in c.house.entries] == [1, 2]
        assert c.house.entries == c.run.entries
        assert c.house.changes == 2


async def test_events_that_come_in_a_burst_are_decided_in_order() -> None:
    async with call() as c:
        await c.arrives()
        keys = [KeyPressed(at=START, leg="elder", key=str(n % 10)) for n in range(50)]
        await c.tells(*keys)
        assert [entry.data["key"] for entry in c.house.entries[2:]] == [key.key for key in keys]


async def test_deciding_never_waits_for_asterisk() -> None:
    async with call() as c:
        c.house.may_go.clear()
        await c.is_talking()
        assert c.house.commands == []
        assert not c.run.idle
        c.house.may_go.set()
        await settled()
        assert Join("a-1", Place.ELDER) in c.house.commands
        assert c.run.idle


async def test_the_file_is_shown_before_the_phone_is_rung() -> None:
    async with call() as c:
        c.house.may_go.clear()
        await c.arrives()
        await c.tells(SeatReserved(at=START, actor="system", role=Role.A, extension="801"))
        assert ShowFile("801", Role.A) in c.house.seat_commands


async def test_a_command_that_fails_comes_back_with_its_cause() -> None:
    async with call(wrong={Dial: refused(500, "Allocation failed")}) as c:
        await c.arrives()
        await c.tells(SeatReserved(at=START, actor="system", role=Role.A, extension="801"))
        assert c.house.happened[-2:] == [("seat_reserved", 1), ("command_failed", 3)]
        assert "Allocation failed" in str(c.house.entries[-1].data["reason"])
        assert [type(s) for s in c.house.seat_commands[-2:]] == [ReleaseSeat, FindSeat]


async def test_a_number_without_a_route_comes_back_as_well() -> None:
    async with call(wrong={Dial: NoRoute("YJT_TRUNK_CONTACT is empty")}) as c:
        await c.arrives()
        await c.tells(SeatReserved(at=START, actor="system", role=Role.A, extension="801"))
        assert c.house.entries[-1].data["reason"] == "YJT_TRUNK_CONTACT is empty"


async def test_a_line_that_is_gone_is_no_failure() -> None:
    async with call(wrong={Answer: LineGone(), Play: LineGone()}) as c:
        await c.arrives()
        assert c.house.happened == [("call_arrived", None), ("leg_answered", 1)]
        assert not c.house.alarms
        assert c.house.missing == ["elder", "elder"]  # its end may have been told before the case had the leg


async def test_nobody_looks_for_the_line_of_a_leg_that_has_ended() -> None:
    async with call(wrong={Play: LineGone()}) as c:
        c.house.may_go.clear()
        await c.is_talking()
        await c.tells(LegEnded(at=START, leg="elder", cause=16))
        c.house.may_go.set()
        await settled()
        assert c.house.missing == []


async def test_a_mistake_of_ours_in_one_command_does_not_silence_the_next() -> None:
    async with call(wrong={Answer: ZeroDivisionError()}) as c:
        await c.arrives()
        assert Play("elder", Prompt.WELCOME, music=True) in c.house.commands
        assert c.house.happened[-1] == ("command_failed", 1)
        assert c.house.entries[-1].data["reason"] == "ZeroDivisionError"
        assert [alarm.kind for alarm in c.house.alarms] == [AlarmKind.COMMAND_FAILED]


async def test_a_seat_that_the_desk_does_not_know_is_a_failure() -> None:
    async with call(wrong={ReleaseSeat: UnknownSeat("801")}) as c:
        await c.is_talking()
        await c.tells(LegEnded(at=START, leg="a-1", cause=38))
        assert c.house.happened[-1] == ("command_failed", 6)
        assert "801" in str(c.house.entries[-1].data["reason"])


async def test_an_event_that_cannot_be_decided_does_not_end_the_case(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumbling(case: Case, event: Event, policy: Policy) -> Decision:
        if isinstance(event, KeyPressed):
            raise AssertionError("a mistake of ours")
        return decide(case, event, policy)

    monkeypatch.setattr(runner, "decide", stumbling)
    async with call() as c:
        await c.arrives()
        before = c.run.case
        await c.tells(KeyPressed(at=START, leg="elder", key="1"))
        assert c.run.case == before
        assert [(alarm.kind, alarm.detail) for alarm in c.house.alarms] == [(AlarmKind.UNEXPECTED, "KeyPressed")]
        await c.tells(LegEnded(at=START, leg="elder", cause=16))
        assert c.run.case.state is CaseState.CALLING_BACK


async def test_who_asked_is_answered_though_the_request_cannot_be_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumbling(case: Case, event: Event, policy: Policy) -> Decision:
        raise AssertionError("a mistake of ours")

    async with call() as c:
        await c.arrives()
        monkeypatch.setattr(runner, "decide", stumbling)
        assert await c.run.request(EmergencyRequested(at=START, actor="seat:801")) is None
        assert [alarm.kind for alarm in c.house.alarms] == [AlarmKind.UNEXPECTED]


async def test_a_refusal_reaches_who_asked_and_the_record() -> None:
    async with call() as c:
        await c.arrives()
        answer = await c.run.request(EmergencyRequested(at=START, actor="seat:801"))
        assert isinstance(answer, Refuse)
        assert answer.reason is Refusal.NOT_IN_THIS_STATE
        assert c.house.entries[-1].event == "emergency_requested"
        await c.tells(
            SeatReserved(at=START, actor="system", role=Role.A, extension="801"), LegAnswered(at=START, leg="a-1")
        )
        assert await c.run.request(EmergencyRequested(at=START, actor="seat:801")) is None
        assert c.run.case.state is CaseState.EMERGENCY


async def test_who_waits_for_an_answer_gets_one_when_the_case_ends() -> None:
    house = FakeHouse()
    run = CaseRun(house, Case(id="one"))  # not started: nothing is decided
    asking = asyncio.create_task(run.request(HangupRequested(at=START, actor="user:1", leg="elder")))
    await settled()
    await run.stop()
    assert await asyncio.wait_for(asking, 1) == Refuse(Refusal.CASE_CLOSED)
    assert await run.request(HangupRequested(at=START, actor="user:1", leg="elder")) == Refuse(Refusal.CASE_CLOSED)


async def test_who_goes_away_while_asking_disturbs_nobody() -> None:
    async with call() as c:
        await c.arrives()
        asking = asyncio.create_task(c.run.request(EmergencyRequested(at=START, actor="seat:801")))
        await asyncio.sleep(0)
        asking.cancel()
        await c.tells(LegEnded(at=START, leg="elder", cause=16))
        assert c.run.case.state is CaseState.CALLING_BACK


# --- timers -----------------------------------------------------------------------------------------------------------


def comfort(house: FakeHouse) -> list[float]:
    return [at for at, command in house.done if command == Play("elder", Prompt.COMFORT, music=True)]


async def heard_out(c: Call, prompt: Prompt) -> None:
    await c.tells(PromptFinished(at=c.house.now(), leg="elder", prompt=prompt))


async def test_a_timer_fires_once_when_it_is_due() -> None:
    async with call() as c:
        await c.arrives()
        await heard_out(c, Prompt.WELCOME)
        await passes(c.house.policy.comfort_every * 5)
        assert comfort(c.house) == [12.0]
        assert next(what for what in c.house.happened if what[0] == "timer_fired") == ("timer_fired", 3)


async def test_a_timer_that_is_started_afresh_begins_anew() -> None:
    async with call() as c:
        await c.arrives()
        await heard_out(c, Prompt.WELCOME)
        await passes(10)
        await heard_out(c, Prompt.WELCOME)
        await passes(10)
        assert comfort(c.house) == []
        await passes(10)
        assert comfort(c.house) == [22.0]


async def test_a_timer_that_is_stopped_never_fires() -> None:
    async with call() as c:
        await c.arrives()
        await heard_out(c, Prompt.WELCOME)
        await c.tells(SpeechHeard(at=START, leg="elder"))
        await c.tells(
            SeatReserved(at=START, actor="system", role=Role.A, extension="801"), LegAnswered(at=START, leg="a-1")
        )
        await passes(3600)
        assert comfort(c.house) == []
        assert "timer_fired" not in dict(c.house.happened)


async def test_nothing_runs_after_the_stop() -> None:
    async with call() as c:
        await c.arrives()
        await heard_out(c, Prompt.WELCOME)
        await c.run.stop()
        before = list(c.house.entries)
        c.run.post(LegEnded(at=START, leg="elder", cause=16))
        await passes(3600)
        assert c.house.entries == before
        assert all(task.done() for task in c.run._tasks)
        await c.run.stop()  # twice is no harm


async def test_timers_of_a_former_boot_go_on_with_what_is_left_of_them() -> None:
    async with call() as first:
        await first.arrives()
        entries, case = list(first.run.entries), first.run.case
    house = FakeHouse()
    run = CaseRun(house, case, entries)
    run.start({COMFORT: 4.5})
    await passes(60)
    assert comfort(house) == [4.5]
    assert [entry.seq for entry in house.entries] == [3]
    await run.stop()


async def test_numbers_go_on_where_the_record_ends_though_entries_are_missing() -> None:
    """A number that is used twice would be dropped by the journal, which takes it for a repetition."""
    async with call() as first:
        await first.is_talking()
        entries, case = list(first.run.entries), first.run.case
    house = FakeHouse()
    run = CaseRun(house, case, [*entries[:2], *entries[3:]])
    run.start()
    run.post(LegEnded(at=START, leg="a-1", cause=16))
    await settled()
    assert [entry.seq for entry in house.entries] == [6]
    await run.stop()


# --- what cannot be undone --------------------------------------------------------------------------------------------


async def test_a_service_is_dialled_when_that_is_on_record() -> None:
    async with call(journal_takes=0.4) as c:
        await c.is_emergency()
        assert c.house.asked_durable == [], "seats are rung without waiting"
        began = c.house.passed
        assert await c.run.request(CallRequested(at=START, actor="seat:801", target="120")) is None
        await passes(1)
        at, dialled = next((at, d) for at, d in c.house.done if isinstance(d, Dial) and d.kind is LegKind.SERVICE)
        assert dialled.number == "120"
        assert at == pytest.approx(began + 0.4, abs=0.11)
        assert c.house.asked_durable == [len(c.house.entries)]
        assert not c.house.alarms


async def test_a_service_is_dialled_with_an_alarm_when_the_record_is_late() -> None:
    async with call(journal_takes=1.0, on_record=False) as c:
        await c.is_emergency()
        await c.run.request(CallRequested(at=START, actor="seat:801", target="120"))
        await passes(2)
        assert [d.number for d in c.house.commands if isinstance(d, Dial) and d.kind is LegKind.SERVICE] == ["120"]
        assert [(alarm.kind, alarm.detail) for alarm in c.house.alarms] == [(AlarmKind.COMMAND_FAILED, "journal")]


# --- one whole call ---------------------------------------------------------------------------------------------------


async def test_every_step_of_a_call_names_its_cause() -> None:
    """Causes are seqs: 1 arrived, 5 the seat reserved, 9 the emergency ..."""
    async with call() as c:
        await c.arrives()
        await c.tells(
            CallerIdentified(at=START, actor="system", file=FILE),
            PromptFinished(at=START, leg="elder", prompt=Prompt.WELCOME),
            SeatReserved(at=START, actor="system", role=Role.A, extension="801"),
            FileShown(at=START, actor="seat:801", extension="801"),
            LegRinging(at=START, leg="a-1"),
            LegAnswered(at=START, leg="a-1"),
            EmergencyRequested(at=START, actor="seat:801"),
            SeatReserved(at=START, actor="system", role=Role.B, extension="802"),
            LegAnswered(at=START, leg="b-1"),
            CallRequested(at=START, actor="seat:801", target="120"),
            LegRinging(at=START, leg="120-1"),
            LegAnswered(at=START, leg="120-1"),
            LegAnswered(at=START, leg="contact-1-1"),
            KeyPressed(at=START, leg="contact-1-1", key="1"),
        )
        assert c.house.happened == [
            ("call_arrived", None),
            ("leg_answered", 1),
            ("caller_identified", 1),
            ("prompt_finished", 1),
            ("seat_reserved", 1),
            ("file_shown", 5),
            ("leg_ringing", 5),
            ("leg_answered", 5),
            ("emergency_requested", None),
            ("seat_reserved", 9),
            ("leg_answered", 10),
            ("call_requested", None),
            ("leg_ringing", 12),
            ("leg_answered", 12),
            ("leg_answered", 12),
            ("key_pressed", 12),
        ]
        assert c.house.answered == ["801", "802"]


async def test_the_end_is_told_once() -> None:
    async with call() as c:
        await c.is_talking()
        await c.tells(
            CloseRequested(at=START, actor="seat:801", outcome=Outcome.FALSE_ALARM, note=""),
            LegEnded(at=START, leg="a-1", cause=16),
            LegEnded(at=START, leg="elder", cause=16),
            LegEnded(at=START, leg="elder", cause=16),
            RecordingEnded(at=START, actor="system", recording="r.wav", seconds=1.0, problem=""),
        )
        assert c.run.case.state is CaseState.CLOSED
        assert c.house.finishes == 1
        assert c.house.ended == ["r.wav"]


async def test_causes_of_a_former_boot_are_still_known() -> None:
    async with call() as first:
        await first.is_talking()
        entries, case = list(first.run.entries), first.run.case
    house = FakeHouse()
    run = CaseRun(house, case, entries)
    run.start()
    run.post(LegEnded(at=START, leg="a-1", cause=16))
    await settled()
    assert house.happened == [("leg_ended", 3)]
    assert house.entries[0].seq == 6
    await run.stop()
