"""The reception: what comes in at the same moment, or after the end, finds its case."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ari_app.controller import RETIRE_AFTER
from ari_app.dialled import DialledNumbers
from ari_app.reception import new_case_id
from ivr.case import DeviceReport
from ivr.events import CloseRequested
from ivr.vocabulary import CaseKind, DeviceKind, Outcome
from tests.unit.ari_app.fakes import channel_frame, event
from tests.unit.ari_app.platform import CALLER, NUMBER, platform, whole_recordings
from tests.unit.ari_app.virtual_time import passes, settled

__all__ = ["whole_recordings"]
VIRTUAL_TIME = True
pytestmark = [pytest.mark.usefixtures("whole_recordings"), pytest.mark.clause("H12")]


async def test_two_calls_of_one_number_in_the_same_instant_are_one_case(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        calls = [
            event("StasisStart", args=["sos", "", NUMBER, "r.wav"], channel=channel_frame(f"1767600000.{n}", "Ring"))
            for n in (1, 2)
        ]
        await p.hears(*calls)
        assert [leg.id for leg in p.case.legs] == ["elder", "elder-again-1"]


async def test_reports_of_one_device_in_the_same_instant_are_one_case(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        report = DeviceReport("S-1", DeviceKind.FALL, p.controller.now())
        later = replace(report, kind=DeviceKind.SMOKE, at=report.at.replace(year=2030))
        taken = await asyncio.gather(
            *(p.controller.reception.report(one, by="user:9") for one in (report, report, later))
        )
        assert {one.case for one in taken} == {p.case.id}
        assert (p.case.kind, p.case.reports) == (CaseKind.SENSOR, (report, later))


async def test_a_call_after_the_case_is_gone_names_it(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        first = await p.sos()
        await p.ends(first.case.channel)
        closing = CloseRequested(at=p.controller.now(), actor="seat:801", outcome=Outcome.OTHER, note="")
        assert await first.request(closing) is None
        await settled()
        await passes(RETIRE_AFTER + 1)
        assert not p.controller.runs
        await p.call("sos", "", NUMBER, "r.wav", channel="1767600000.2")
        assert p.case.again_of == first.case.id


@pytest.mark.clause("K8", "S2.2")
async def test_an_alarm_ends_the_question_how_the_call_before_was(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.controller.reception._dialled = DialledNumbers({CaseKind.ORDINARY: ["96891"]}, area_code="021")
        p.seats("801")
        await p.call("sos", "96891", NUMBER, "r.wav")
        await p.hears(event("ChannelStateChange", channel=channel_frame(CALLER, "Up")))
        await p.elder_speaks()
        await p.answers("a-1")
        await p.ends(p.channel("a-1"))
        asked = p.run
        assert asked.case.grading
        await p.call("sos", "96890", NUMBER, "r.wav", channel="1767600000.2")
        alarm = next(run.case for run in p.controller.runs.values() if run is not asked)
        assert (alarm.kind, alarm.again_of, alarm.channel) == (CaseKind.SOS, asked.case.id, "1767600000.2")
        assert [told["channel"] for _, told in p.asked("hangup")] == [CALLER]


def test_thousands_who_call_in_the_same_second_have_a_case_each() -> None:
    at = datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert len({new_case_id(at) for _ in range(5_000)}) == 5_000
