"""A controller that only keeps its journal: the world of the procedure's tests, with an entry for each event."""

from __future__ import annotations

from dataclasses import dataclass, field

from ivr.commands import Command
from ivr.events import Event, RecordingEnded
from models.journal import JournalEntry
from models.journal_entry import snake_case
from models.text import Json
from tests.unit.ivr.world import World


@dataclass
class KeepingWorld(World):
    entries: list[JournalEntry] = field(default_factory=list)

    def feed(self, event: Event) -> tuple[Command, ...]:
        commands = super().feed(event)
        data: dict[str, Json] = {"leg": getattr(event, "leg", None)}
        if isinstance(event, RecordingEnded):
            data = {"recording": event.recording, "seconds": event.seconds, "problem": event.problem}
        self.entries.append(
            JournalEntry(
                case=self.case,
                seq=len(self.entries) + 1,
                at=event.at,
                event=snake_case(type(event).__name__),
                actor=event.actor,
                cause=len(self.entries) or None,
                data=data,
                commands=commands,
            )
        )
        return commands
