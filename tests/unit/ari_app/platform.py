"""A whole controller, wired by its own assembly, between a fake Asterisk and a database that is away.

For a clock that jumps: no socket, no thread, no file is touched.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from ari_app import assembly, recordings
from ari_app.ari import Client
from ari_app.ari.messages import StreamItem
from ari_app.background import Background
from ari_app.controller import Controller
from ari_app.desk import SeatSetup
from ari_app.figures import Figures
from ari_app.lease import Unshared
from ari_app.listener import Listener
from ari_app.runner import CaseRun
from home.settings import Settings
from home.sound_files import SoundFile
from ivr import ids
from ivr.case import Case, ElderFile
from ivr.events import SpeechHeard
from ivr.policy import Policy
from ivr.vocabulary import Skill
from models.database import Database, DatabaseUnavailable
from tests.unit.ari_app.fakes import FakeAri, channel_frame, event
from tests.unit.ari_app.virtual_time import passes, settled

APP = "sos-a-1"
CALLER = "1767600000.7"
NUMBER = "02100000007"


class AwayDatabase:
    """Every use fails at once, as it does when the server is down."""

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Any]:
        raise DatabaseUnavailable("away")
        yield

    write = read


async def no_snapshot(caller: str, device: str) -> Sequence[ElderFile]:
    return ()


class Platform:
    """`ari.asked` is what the controller wanted of Asterisk; `told(kind)` what consoles saw."""

    def __init__(self, home: Path, policy: Policy) -> None:
        self.ari = FakeAri()
        self.background = Background()
        self.controller, self.records, _ = assembly.assemble(
            Settings.load({"YJT_HOME": str(home), "YJT_TRUNK_CONTACT": "sip:127.0.0.1:5999"}),
            APP,
            cast(Client, self.ari),
            cast(Database, AwayDatabase()),
            self.background,
            Controller.now,
            Unshared(),
            Figures(),
        )
        self.controller.reception._register._last_known = no_snapshot  # type: ignore[method-assign] # files need threads
        self.controller.use(policy)
        self.controller.link.restored()  # as after the first picture
        self.listener = Listener(self.controller.lines, self.controller, self.controller.now)

    # --- what happens -------------------------------------------------------------------------------------------------

    def seats(self, *extensions: str, skill: Skill = Skill.AGENT) -> None:
        """On record, registered and ready."""
        desk = self.controller.desk
        known = [SeatSetup(e, s.name, skills=s.skills) for e, s in desk.seats.items()]
        new = [SeatSetup(e, f"seat {e}", skills=frozenset({skill}), willing=True) for e in extensions]
        desk.load([*known, *new])
        for extension in extensions:
            desk.registered(extension, is_registered=True)

    async def hears(self, *items: StreamItem) -> None:
        for item in items:
            self.listener.hear(item)
        await settled()

    async def call(self, *args: str, channel: str = CALLER, state: str = "Ring") -> None:
        """A call of the dialplan comes in."""
        self.ari.living.add(channel)
        await self.hears(event("StasisStart", args=list(args), channel=channel_frame(channel, state)))

    async def sos(self, channel: str = CALLER) -> CaseRun:
        """Somebody presses the key and is answered."""
        await self.call("sos", "96890", NUMBER, "2026/01/05/x.wav", channel=channel)
        await self.hears(event("ChannelStateChange", channel=channel_frame(channel, "Up")))
        return self.run

    async def answers(self, leg: str) -> None:
        name = self.channel(leg)
        self.ari.living.add(name)
        await self.hears(event("StasisStart", args=[], channel=channel_frame(name)))

    async def elder_speaks(self, run: CaseRun | None = None) -> None:
        """In this case, or in the only one."""
        (run or self.run).post(SpeechHeard(at=self.controller.now(), leg="elder"))
        await settled()

    async def ends(self, name: str, cause: int = 16) -> None:
        self.ari.living.discard(name)
        await self.hears(event("ChannelDestroyed", channel=channel_frame(name), cause=cause, cause_txt=""))

    # --- looking ------------------------------------------------------------------------------------------------------

    @property
    def run(self) -> CaseRun:
        (run,) = self.controller.runs.values()
        return run

    @property
    def case(self) -> Case:
        return self.run.case

    def channel(self, leg: str) -> str:
        return ids.channel_id(self.case.id, leg)

    def told(self, kind: str) -> list[Any]:
        return [message.data for message in self.controller.bus._ring if message.kind == kind]

    def asked(self, *names: str) -> list[tuple[str, dict[str, Any]]]:
        """The requests of these names, or all."""
        return [one for one in self.ari.asked if not names or one[0] in names]

    @property
    def events(self) -> list[str]:
        return [entry.event for entry in self.run.entries]


@asynccontextmanager
async def platform(home: Path, *, policy: Policy | None = None) -> AsyncIterator[Platform]:
    """No task that it starts beside the call may fail unnoticed."""
    with capture_logs() as logs:
        made = Platform(home, policy or Policy())
        try:
            yield made
        finally:
            await made.controller.close()
            await made.background.close()
    assert not [line for line in logs if line["event"] == "a background task failed"]


@pytest.fixture
def whole_recordings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every recording is there at once: looking at files takes threads, which this clock cannot wait for."""

    async def check(folder: Path, name: str) -> SoundFile:
        return SoundFile(seconds=12.0)

    monkeypatch.setattr(recordings, "check", check)


__all__ = ["APP", "CALLER", "NUMBER", "Platform", "passes", "platform", "whole_recordings"]
