"""What an SOS call must have left behind: on its timeline, in the elder's ear, in the recording.

Each finding becomes one step of the report. Nothing is played here, and nothing is taken on trust.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from drill.ear import Ear
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


def prove_sound(report: StoryReport, *, elder: Elder, recording: bytes, voices: Sequence[str]) -> None:
    """What the elder heard, and what the platform's recording holds. `voices`: who must have spoken with the elder.

    Takes seconds of a processor: call it in a thread.
    """
    ear = Ear.of_the_town()
    try:
        heard = _prove_elders_ear(report, ear, elder=elder, voices=voices)
        _prove_recording(report, ear, recording, elder=elder, heard=heard)
    except SoundError as problem:
        report.expect(("录音可读", "the sound can be read"), False, detail=str(problem))


def _prove_elders_ear(report: StoryReport, ear: Ear, *, elder: Elder, voices: Sequence[str]) -> dict[str, float]:
    hearing = ear.listen(elder.line.ear)
    # Time that is not in the recording may have been silent: it counts as such below.
    lost = max(0.0, elder.line.seconds - hearing.seconds)
    times = f"{hearing.seconds:.1f} s of {elder.line.seconds:.1f} s"
    report.expect(("老人的耳朵没有漏听", "the elder's ear missed nothing"), lost < _TIME_LOST, detail=times)
    welcome = hearing.prompt("welcome")
    words = ("老人听到欢迎语", "the elder heard the welcome")
    report.expect(words, welcome >= ENOUGH, detail=f"{welcome:.1f} s")
    heard = {voice: hearing.voice(voice) for voice in voices}
    for voice, seconds in heard.items():
        report.expect((f"老人听到 {voice}", f"the elder heard {voice}"), seconds >= ENOUGH, detail=f"{seconds:.1f} s")
    silence = hearing.longest_silence()
    report.expect(
        ("老人没有听到长静音", "no long silence for the elder"),
        silence.seconds + lost <= LONGEST_SILENCE,
        detail=f"longest {silence.seconds:.2f} s, at {silence.start:.1f} s",
    )
    return heard


def _prove_recording(report: StoryReport, ear: Ear, recording: bytes, *, elder: Elder, heard: dict[str, float]) -> None:
    """The recording holds the elder, and each voice for as long as the elder heard it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "call.wav"
        path.write_bytes(recording)
        hearing = ear.listen(path)
    wanted = {elder.voice: ENOUGH, **{voice: max(ENOUGH, _MOST * seconds) for voice, seconds in heard.items()}}
    found = {voice: hearing.voice(voice) for voice in wanted}
    whole = all(found[voice] >= seconds for voice, seconds in wanted.items())
    detail = ", ".join(f"{voice} {seconds:.1f} s" for voice, seconds in found.items())
    report.expect(("录音有各方声音", "every voice in the recording"), whole, detail=detail)


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
