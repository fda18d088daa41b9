"""What happened: frozen, past tense. `at` is aware UTC; `actor` says who: `line`, `timer`, `system`, `seat:801`,
`user:7`. The union `Event` at the end is closed: every state function handles each member."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ivr.case import DeviceReport, ElderFile, LadderTry
from ivr.commands import Command, Timer
from ivr.vocabulary import (
    Aid,
    CaseKind,
    Mode,
    Outcome,
    Prompt,
    Role,
    Skill,
    Topic,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    at: datetime
    actor: str = "line"


# --- the line -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallArrived(Happened):
    """A call reached us. `caller` is the CLI reduced to digits and +; `recording` runs already; `kind` is told by the
    number that was dialled; `again_of` is the case of the same elder that was over when they called (H12). Or a care
    call hands over the line of whom it rang, without `recording`; without `channel` too when nobody has answered."""

    channel: str
    caller: str
    dialled: str
    recording: str
    kind: CaseKind = CaseKind.SOS
    again_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRinging(Happened):
    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAnswered(Happened):
    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEnded(Happened):
    """`cause` is Q.850 (16 normal clearing, 17 busy, 19 no answer ...)."""

    leg: str
    cause: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegHeld(Happened):
    """Whoever speaks on this line has pressed HOLD, on their telephone or at their desk: they neither hear nor are
    heard."""

    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegUnheld(Happened):
    """They have taken the call back."""

    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesBroke(Happened):
    """Asterisk was started anew at `since`: every line that was begun before, and every bridge, is gone, and nobody has
    hung up. `wait`: seconds until it is this elder's turn to be rung, for many may have broken off at once."""

    since: datetime
    wait: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPressed(Happened):
    leg: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechHeard(Happened):
    """Somebody speaks on this line: an energy test, so a television counts as well."""

    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ElderCalledAgain(Happened):
    """The elder of this case rings us once more, from this line or another of theirs (H12)."""

    leg: str
    channel: str
    caller: str = ""
    dialled: str = ""
    recording: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceReported(Happened):
    """A device has sent a report (`actor` is whoever handed it in). `caller`: the number that an SMS came from;
    `again_of` is the case of the same elder that was over by then (H12)."""

    report: DeviceReport
    caller: str = ""
    again_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderReported(Happened):
    """A call has ended that no controller took: what the ladder below, which served it, has left on record. `caller`,
    `kind`, `again_of` as of a call that arrives."""

    channel: str
    caller: str
    dialled: str
    recording: str
    arrived_at: datetime
    ended_at: datetime
    tries: tuple[LadderTry, ...] = ()
    kind: CaseKind = CaseKind.SOS
    again_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptFinished(Happened):
    """The prompt was heard to its end, or could not be played (`problem` says why); never after it was stopped."""

    leg: str
    prompt: Prompt
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingEnded(Happened):
    """`seconds` of a checked file; `problem` (a TapeProblem) when it is not whole; `sha256` in hex of what is there."""

    recording: str
    seconds: float
    problem: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingLost(Happened):
    """While the call goes on, what is said does not come into this file any more; `problem` is a TapeProblem."""

    recording: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPossible(Happened):
    """There is a folder with room to write into (again), after a recording of this case was lost."""


# --- the house ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdentified(Happened):
    """`in_hours`: it is a working day within the communities' working hours (H2). `others` live behind the same number:
    who it is has to be asked. `again_of` is another open case of this elder (H12), which could not be known before."""

    file: ElderFile
    in_hours: bool = False
    others: tuple[ElderFile, ...] = ()
    again_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerUnknown(Happened):
    """Nobody has this number, or the register did not answer in time (`reason`)."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatReserved(Happened):
    role: Role
    extension: str
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued(Happened):
    """No seat is free for agent A: the case stands in the row, and so many others are served before it."""

    ahead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileShown(Happened):
    """The agent's screen says that it shows this case."""

    extension: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired(Happened):
    timer: Timer


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFailed(Happened):
    command: Command
    reason: str


# --- what people ask for --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested(Happened):
    """What an agent asks for: one of those below. A state that has no use for it refuses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOutRequested(Requested):
    """An agent rings somebody of their own accord: `number`, of the person `name`, about the elder of the `file`. The
    desk keeps the seat for the case already."""

    extension: str
    number: str
    agent: str = ""
    name: str = ""
    file: ElderFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyRequested(Requested):
    """Button or `*44`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentRequested(Requested):
    """`*45`: the line is open, nobody speaks; counts as an emergency (S4.1), and the elder is called back (S4.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardRequested(Requested):
    """The agent hears the elder, however faintly: they are not silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifyRequested(Requested):
    """Of the people behind this number it is this one; `elder` is the file's id."""

    elder: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequested(Requested):
    """`target`: `120`, `110`, `119`, `contacts`, `contact:<id>`, `elder`, `number:<n>`."""

    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRequested(Requested):
    """Bring this leg into the elder's bridge."""

    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRequested(Requested):
    """Take this leg out of the elder's bridge, to the rescue side."""

    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntercomRequested(Requested):
    """A and B speak with each other alone; the elder does not hear it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntercomEndRequested(Requested):
    """B goes back to the elder, A to the rescue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapRequested(Requested):
    """A and B change roles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOverRequested(Requested):
    """This seat takes over the role of A or B. The desk keeps the seat for the case already."""

    role: Role
    extension: str
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuperviseRequested(Requested):
    """A supervisor at this seat wants to listen, whisper or barge in, on this leg (empty: whoever is with the elder).
    The desk keeps the seat for the case already."""

    mode: Mode
    extension: str
    agent: str = ""
    leg: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuperviseEndRequested(Requested):
    """Whoever supervises the case leaves it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangupRequested(Requested):
    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRequested(Requested):
    """A professional is asked for: to be consulted first, or in an emergency to join at once (S2.1)."""

    skill: Skill


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreeWayRequested(Requested):
    """All together: elder, agent and professional."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRequested(Requested):
    """The professional leaves, or is not waited for any more; agent and elder go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverRequested(Requested):
    """The agent leaves, the professional keeps the elder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalReported(Requested):
    """Help is at the elder's door."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandDownRequested(Requested):
    """The alarm was false or is over: rescue is called off, the conversation goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRequested(Requested):
    """`code`: the sub-code of the outcome, empty where it has none."""

    outcome: Outcome
    note: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRequested(Requested):
    """What an agent writes down beside the call: one of the three below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifyRequested(PaperRequested):
    """What the call is about."""

    topic: Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftOrderRequested(PaperRequested):
    """The elder wants a life service (S3.1)."""

    aid: Aid
    wish: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftComplaintRequested(PaperRequested):
    """The caller complains of somebody or something (H5)."""

    about: str
    words: str


Paper = ClassifyRequested | DraftOrderRequested | DraftComplaintRequested

Request = (
    CallOutRequested
    | EmergencyRequested
    | SilentRequested
    | HeardRequested
    | IdentifyRequested
    | CallRequested
    | MergeRequested
    | SplitRequested
    | IntercomRequested
    | IntercomEndRequested
    | SwapRequested
    | TakeOverRequested
    | SuperviseRequested
    | SuperviseEndRequested
    | HangupRequested
    | TransferRequested
    | ArrivalReported
    | StandDownRequested
    | CloseRequested
    | ThreeWayRequested
    | ReturnRequested
    | HandOverRequested
    | Paper
)

Event = (
    CallArrived
    | LegRinging
    | LegAnswered
    | LegEnded
    | LegHeld
    | LegUnheld
    | LinesBroke
    | KeyPressed
    | SpeechHeard
    | ElderCalledAgain
    | DeviceReported
    | LadderReported
    | PromptFinished
    | RecordingEnded
    | RecordingLost
    | RecordingPossible
    | CallerIdentified
    | CallerUnknown
    | SeatReserved
    | Queued
    | FileShown
    | TimerFired
    | CommandFailed
    | Request
)
