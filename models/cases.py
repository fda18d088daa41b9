"""What became of each alarm: cases, legs, timeline, recordings. Written by `journal.py` alone, read by `queries/`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ivr.vocabulary import CaseKind, CaseState, LegKind, LegState, Mode, Outcome, Place, Rating, Result, Role, Topic
from models.base import Base, choice


class CaseRow(Base):
    """`last_seq` is the journal entry whose state this is: an older one that comes late changes nothing. `again_of` is
    the case of the same need that this one follows (H12); `code` the outcome's sub-code (`dispositions.py`),
    `grade` what the elder said of the call by key."""

    __tablename__ = "cases"
    __table_args__ = (Index(None, "opened_at", "id"), Index(None, "state", "opened_at"))

    id: Mapped[str] = mapped_column(primary_key=True)
    last_seq: Mapped[int]
    kind: Mapped[CaseKind] = mapped_column(choice(CaseKind))
    state: Mapped[CaseState] = mapped_column(choice(CaseState))
    caller: Mapped[str]
    dialled: Mapped[str]
    channel: Mapped[str] = mapped_column(index=True)
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id", ondelete="SET NULL"), index=True)
    opened_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    emergency_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    abandoned: Mapped[bool]
    topic: Mapped[Topic | None] = mapped_column(choice(Topic))
    again: Mapped[int] = mapped_column(default=0)
    again_of: Mapped[str] = mapped_column(default="")
    grade: Mapped[Rating | None] = mapped_column(choice(Rating))
    outcome: Mapped[Outcome | None] = mapped_column(choice(Outcome))
    code: Mapped[str] = mapped_column(default="", server_default="")
    note: Mapped[str]


class CaseLegRow(Base):
    """`contact` names a contact of that day, who may have left the register since."""

    __tablename__ = "case_legs"

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    last_seq: Mapped[int]
    position: Mapped[int]
    kind: Mapped[LegKind] = mapped_column(choice(LegKind))
    role: Mapped[Role | None] = mapped_column(choice(Role))
    mode: Mapped[Mode | None] = mapped_column(choice(Mode))
    number: Mapped[str]
    name: Mapped[str]
    contact: Mapped[int | None]
    phone_index: Mapped[int]
    state: Mapped[LegState] = mapped_column(choice(LegState))
    place: Mapped[Place] = mapped_column(choice(Place))
    result: Mapped[Result | None] = mapped_column(choice(Result))
    dialled_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    cause: Mapped[int | None]


class TimelineRow(Base):
    """`cause` is the seq of the entry that led to this one; `commands` is what was decided then, by the `policy` that
    was given last at this entry or before (what is unlike the default in it)."""

    __tablename__ = "timeline"

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    event: Mapped[str]
    actor: Mapped[str]
    cause: Mapped[int | None]
    data: Mapped[dict[str, Any]]
    commands: Mapped[list[dict[str, Any]]]
    policy: Mapped[dict[str, Any] | None]


class RecordingRow(Base):
    """`path` is relative to the recordings folder; `people` are the legs on it, `place` the bridge, empty for a call
    that came in; `seconds` and `sha256` (hex) are known when it has ended, `problem` may be known before. `removed_at`:
    when the file was deleted because it was over age (`models/recordings.py`)."""

    __tablename__ = "recordings"

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    last_seq: Mapped[int]
    path: Mapped[str]
    place: Mapped[str]
    people: Mapped[list[str]]
    started_at: Mapped[datetime] = mapped_column(index=True)
    seconds: Mapped[float | None]
    problem: Mapped[str]
    sha256: Mapped[str] = mapped_column(default="", server_default="")
    removed_at: Mapped[datetime | None]
