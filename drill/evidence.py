"""What an SOS call must have left behind: on its timeline, in the elder's ear, in the recording.

Each finding becomes one step of the report. Nothing is played here, and nothing is taken on trust.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from drill.ear import Ear
from drill.hearing import Hearing
from drill.people import Elder
from drill.report import StoryReport
from drill.sound import SoundError
from drill.telling import Words
from models.views import CaseView, TimelineView

LONGEST_SILENCE = 3.0  # seconds: the elder never hears nothing for longer that is our doing
ENOUGH = 1.5  # seconds of a voice that count as having been heard
_MOST = 0.75  # of what the elder heard must be found in the recording, where two talk at the same time
_TIME_LOST = 1.0  # seconds that the ear may lack of what the clock says


def prove_timeline(report: StoryReport, view: CaseView, *, a: str, b: str) -> None:
    """Every step that the agents' seats `a` and `b` and the others took is on the record, with its time."""
    entries = _Entries(report, view)
    entries.expect(("求助电话到达", "call arrived"), "call_arrived")
    entries.expect(("档案上屏", "file on the agent's screen"), "file_shown")
    entries.expect((f"坐席 {a} 振铃", f"seat {a} rings"), "leg_ringing", number=a)
    entries.expect((f"A（{a}）通话", f"A ({a}) talks"), "leg_answered", number=a)
    entries.expect(("启动应急", "emergency"), "emergency_requested")
    entries.expect((f"B（{b}）通话", f"B ({b}) talks"), "leg_answered", number=b)
    entries.expect(("120 接听", "120 answers"), "leg_answered", number="120")
    contacts = [leg for leg in view.legs if leg.kind == "contact"]
    for leg in contacts:
        at = leg.ended_at or leg.answered_at
        words = (f"联系人 {leg.name}", f"contact {leg.number}")
        report.expect(words, leg.result is not None, at=at, detail=leg.result or "no result")
    accepted = any(leg.result == "accepted" for leg in contacts)
    report.expect(("有联系人按 1 前来", "a contact accepts with 1"), accepted)
    entries.expect(("联系人接入老人通话", "a contact is brought to the elder"), "merge_requested")
    entries.expect(("救援到达", "arrival"), "arrival_reported")
    closed = view.state == "closed" and view.outcome == "rescued"
    report.expect(("结案", "closed with an outcome"), closed, at=view.closed_at, detail=view.outcome or view.state)


def prove_ears(report: StoryReport, *, elder: Elder, hears: Sequence[str]) -> dict[str, float]:
    """What the elder heard on each call, no long silence of ours among it, and in all of them what they had to hear.

    `hears`: prompts and voices; returns for how many seconds each was heard. Takes seconds of a processor: call it in a
    thread.
    """
    heard = dict.fromkeys(hears, 0.0)
    lines = [line for line in elder.lines if line.answered is not None]
    hearings = Ear.of_the_town().listen_to([line.ear for line in lines])
    for number, (line, hearing) in enumerate(zip(lines, hearings, strict=True), start=1):
        if isinstance(hearing, SoundError):
            report.expect(("录音可读", "the sound can be read"), False, detail=str(hearing))
            continue
        _prove_hearing(report, number, hearing, stood=line.seconds)
        for name in heard:
            heard[name] += hearing.prompt(name) + hearing.voice(name)
    for name, seconds in heard.items():
        report.expect((f"老人听到 {name}", f"the elder heard {name}"), seconds >= ENOUGH, detail=f"{seconds:.1f} s")
    return heard


def _prove_hearing(report: StoryReport, number: int, hearing: Hearing, *, stood: float) -> None:
    # Time that is not in the recording may have been silent: it counts as such below.
    lost = max(0.0, stood - hearing.seconds)
    times = f"{hearing.seconds:.1f} s of {stood:.1f} s"
    words = (f"第 {number} 通：老人的耳朵没有漏听", f"call {number}: the elder's ear missed nothing")
    report.expect(words, lost < _TIME_LOST, detail=times)
    words = (f"第 {number} 通：老人听到的", f"call {number}: what the elder heard")
    report.expect(words, bool(hearing.heard), detail=_summary(hearing))
    silence = hearing.longest_silence()
    words = (f"第 {number} 通：没有长静音", f"call {number}: no long silence")
    detail = f"longest {silence.seconds:.2f} s, at {silence.start:.1f} s"
    report.expect(words, silence.seconds + lost < LONGEST_SILENCE, detail=detail)


def _summary(hearing: Hearing) -> str:
    """Each sound by its name, in the order in which it was heard first, with its seconds."""
    seconds: dict[str, float] = {}
    for item in hearing.heard:
        name = item.name if item.kind in {"prompt", "voice"} else str(item.kind)
        seconds[name] = seconds.get(name, 0.0) + item.seconds
    return ", ".join(f"{name} {heard:.1f} s" for name, heard in seconds.items())


def prove_recording(report: StoryReport, recording: bytes, *, elder: Elder, heard: Mapping[str, float]) -> None:
    """The platform's recording holds the elder, and each voice for as long as the elder heard it. In a thread."""
    words = ("录音有各方声音", "every voice in the recording")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "call.wav"
        path.write_bytes(recording)
        try:
            hearing = Ear.of_the_town().listen(path)
        except SoundError as problem:
            report.expect(words, False, detail=str(problem))
            return
    wanted = {elder.voice: ENOUGH, **{voice: max(ENOUGH, _MOST * seconds) for voice, seconds in heard.items()}}
    found = {voice: hearing.voice(voice) for voice in wanted}
    detail = ", ".join(f"{voice} {seconds:.1f} s" for voice, seconds in found.items())
    report.expect(words, all(found[voice] >= seconds for voice, seconds in wanted.items()), detail=detail)


class _Entries:
    """The timeline of a case, searched by what happened and on whose leg."""

    def __init__(self, report: StoryReport, view: CaseView) -> None:
        self._report = report
        self._view = view

    def expect(self, words: Words, event: str, *, number: str | None = None) -> None:
        legs = {leg.id for leg in self._view.legs if number in (None, leg.number)}
        found = next((entry for entry in self._view.timeline if _is(entry, event, legs if number else None)), None)
        self._report.expect(words, found is not None, at=found.at if found else None)


def _is(entry: TimelineView, event: str, legs: set[str] | None) -> bool:
    return entry.event == event and (legs is None or entry.data.get("leg") in legs)
