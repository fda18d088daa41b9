"""What to do: frozen, imperative. The switchboard carries out the ones about lines, the desk those about seats, the
journal those about records. A command that failed comes back as `events.CommandFailed`."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.vocabulary import (
    Aid,
    AlarmKind,
    FollowUpKind,
    LegKind,
    MessageKind,
    Place,
    Prompt,
    Refusal,
    Role,
    SeatRelease,
    Skill,
    TimerKind,
    Urgency,
)


@dataclass(frozen=True, slots=True)
class Timer:
    """`leg` where each leg has its own."""

    kind: TimerKind
    leg: str = ""


# --- lines ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    leg: str


@dataclass(frozen=True, slots=True)
class Dial:
    """Ring an extension or a number for at most `ring` seconds. A service (110/120/119) is irrevocable: it waits for
    the journal and is never repeated by the machine."""

    leg: str
    kind: LegKind
    number: str
    ring: float


@dataclass(frozen=True, slots=True)
class Snoop:
    """Open a channel that hears both sides of this target; with `whisper`, what it is told goes to the target's ear
    alone. It ends with the target."""

    leg: str
    target: str
    whisper: bool


@dataclass(frozen=True, slots=True)
class Hangup:
    leg: str


@dataclass(frozen=True, slots=True)
class MakeBridge:
    place: Place


@dataclass(frozen=True, slots=True)
class Join:
    """Move the leg to this bridge, out of the one it may be in."""

    leg: str
    place: Place


@dataclass(frozen=True, slots=True)
class Record:
    """Record what is said in this bridge, until the last line has left it; `file` below the recordings folder."""

    place: Place
    file: str


@dataclass(frozen=True, slots=True)
class Leave:
    leg: str
    place: Place


@dataclass(frozen=True, slots=True)
class RemoveBridge:
    place: Place


@dataclass(frozen=True, slots=True)
class DetectSpeech:
    """Tell with `SpeechHeard` when somebody speaks on this line. `level` is the mean |sample| of 16-bit sound from
    which on it counts as speech."""

    leg: str
    level: float


@dataclass(frozen=True, slots=True)
class Announce:
    """Play a prompt to everybody in this bridge."""

    place: Place
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Play:
    """Play a prompt, and `then` these as one with it, to one leg; stops the leg's music and the prompt before. With
    `music` some music follows even if nobody is there to order it: the prompt is over when that begins."""

    leg: str
    prompt: Prompt
    then: tuple[Prompt, ...] = ()
    music: bool = False


@dataclass(frozen=True, slots=True)
class StopSound:
    """Stop prompt and music of this leg."""

    leg: str


@dataclass(frozen=True, slots=True)
class StartMusic:
    leg: str


# --- the house ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Starts it afresh when it runs already; `seconds`."""

    timer: Timer
    seconds: float


@dataclass(frozen=True, slots=True)
class StopTimer:
    timer: Timer


@dataclass(frozen=True, slots=True)
class LookUp:
    """Whose number this is, or else whose device."""

    caller: str
    device: str = ""


@dataclass(frozen=True, slots=True)
class PassOn:
    """A call that came in for this case and that it cannot take any more: it opens a case of its own (H12)."""

    leg: str
    channel: str
    caller: str
    dialled: str
    recording: str


@dataclass(frozen=True, slots=True)
class FindSeat:
    """Reserve the longest-idle ready seat with this skill, now or as soon as there is one. `community`: that
    community's own seat (H2), else the centre's; `any_seat`: whatever its skill and place. Said again for the same
    role it takes the place of what was said before."""

    role: Role
    skill: Skill
    urgency: Urgency = Urgency.EMERGENCY
    community: int | None = None
    any_seat: bool = False


@dataclass(frozen=True, slots=True)
class StopFindingSeat:
    role: Role


@dataclass(frozen=True, slots=True)
class ReleaseSeat:
    extension: str
    why: SeatRelease


@dataclass(frozen=True, slots=True)
class ChangeRole:
    """What this seat does in the case from here on."""

    extension: str
    role: Role


@dataclass(frozen=True, slots=True)
class ShowFile:
    """Put the case on this seat's screen; sent before the seat is rung."""

    extension: str
    role: Role


@dataclass(frozen=True, slots=True)
class Alarm:
    kind: AlarmKind
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The answer to a request that cannot be carried out."""

    reason: Refusal
    detail: str = ""


# --- records --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenProvisionalFile:
    """An unknown caller gets a file of their own (X5), once for each number."""

    caller: str


@dataclass(frozen=True, slots=True)
class BookFollowUp:
    """Once for each case; `days` from now (S1.8)."""

    kind: FollowUpKind
    days: float


@dataclass(frozen=True, slots=True)
class SendMessage:
    """An SMS to a contact, once of each kind in a case; an empty `number`: they have none that takes one."""

    kind: MessageKind
    contact: int
    name: str
    number: str


@dataclass(frozen=True, slots=True)
class OpenExceptionReport:
    """Nobody has answered for so long that it has to be explained (K1); once for each case. `seconds` so far."""

    seconds: float


@dataclass(frozen=True, slots=True)
class DraftOrder:
    """A life service that the elder wants, in the agent's words (S3.1)."""

    aid: Aid
    wish: str


@dataclass(frozen=True, slots=True)
class DraftComplaint:
    """`about`: whom or what; `words`: what was said (H5)."""

    about: str
    words: str


SoundCommand = Play | StopSound | StartMusic | Announce | DetectSpeech
LineCommand = Answer | Dial | Snoop | Hangup | MakeBridge | Join | Record | Leave | RemoveBridge | SoundCommand
SeatCommand = FindSeat | StopFindingSeat | ReleaseSeat | ChangeRole | ShowFile
RecordCommand = OpenProvisionalFile | BookFollowUp | SendMessage | OpenExceptionReport | DraftOrder | DraftComplaint
Command = LineCommand | SeatCommand | RecordCommand | StartTimer | StopTimer | LookUp | PassOn | Alarm | Refuse
