"""The listener: what Asterisk says, told to whom it concerns, once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from ari_app.ari.messages import Connected, Disconnected, MalformedEvent, Resynced, StreamItem, UnknownEvent
from ari_app.lines import Lines, Sound
from ari_app.listener import REMEMBERED, Listener
from ivr import ids
from ivr.events import Event, KeyPressed, LegAnswered, LegEnded, LegHeld, LegRinging, LegUnheld, PromptFinished
from ivr.ids import Address
from ivr.vocabulary import Prompt
from tests.unit.ari_app.fakes import START, channel_frame, event, picture, playback_frame

CALLER = "1767600000.7"  # an id of Asterisk's own
SEAT = ids.channel_id("one", "a-1")
HOSTILE = ["'\"; DROP TABLE cases; --", "🙂" * 50, "x" * 10_000, "\x00\x07\x1b[2J\r\n", "${SHELL(id)}", "\ud800"]


@dataclass
class FakeHouse:
    """Keeps what it is told."""

    posted: list[tuple[str, Event]] = field(default_factory=list)
    told: list[tuple[object, ...]] = field(default_factory=list)
    at_desk: set[str] = field(default_factory=set)

    def post(self, case: str, event: Event) -> None:
        self.posted.append((case, event))

    def call_offered(self, channel: str) -> None:
        self.told.append(("offered", channel))

    def call_came_in(self, channel: str, args: tuple[str, ...]) -> None:
        self.told.append(("came in", channel, args))

    def side_call_event(self, event: StreamItem) -> None:
        self.told.append(("side call", type(event).__name__))

    def care_line_sounds(self, line: Address, *, sounds: bool) -> None:
        self.told.append(("care line", line, sounds))

    def holds_at_desk(self, channel: str) -> bool:
        return channel in self.at_desk

    def seat_registered(self, endpoint: str, *, is_registered: bool) -> None:
        self.told.append(("phone", endpoint, is_registered))

    def link_lost(self, reason: str, *, final: bool) -> None:
        self.told.append(("lost", reason, final))

    def resynced(self, picture: Resynced) -> None:
        self.told.append(("resynced", picture))


class Ear:
    """A listener that knows one caller, of case `one`."""

    def __init__(self) -> None:
        self.lines = Lines()
        self.lines.arrived(CALLER, "one")
        self.house = FakeHouse()
        self.listener = Listener(self.lines, self.house, lambda: START)

    def hears(self, *items: StreamItem) -> list[Event]:
        """What the case is told of them."""
        before = len(self.house.posted)
        for item in items:
            self.listener.hear(item)
        told = self.house.posted[before:]
        assert {case for case, _ in told} <= {"one"}
        return [event for _, event in told]


def of_channel(kind: str, name: str, state: str = "Up", *, at: str | None = None, **more: object) -> StreamItem:
    moment = {} if at is None else {"at": at}
    return event(kind, channel=channel_frame(name, state), **moment, **more)


def destroyed(name: str, cause: int = 16) -> StreamItem:
    return of_channel("ChannelDestroyed", name, cause=cause, cause_txt="")


def hangup_request(name: str, cause: int | None, at: str) -> StreamItem:
    return of_channel("ChannelHangupRequest", name, at=at, **({} if cause is None else {"cause": cause}))


def moment(second: int) -> str:
    return f"2026-01-05T08:{second // 60:02d}:{second % 60:02d}.000+0000"


def finished(playback: str, name: str, state: str = "done") -> StreamItem:
    return event("PlaybackFinished", playback=playback_frame(playback, f"channel:{name}", state))


def goes_on(playback: str, name: str, media: str) -> StreamItem:
    frame = {**playback_frame(playback, f"channel:{name}", "continuing"), "next_media_uri": media}
    return event("PlaybackContinuing", playback=frame)


def test_a_telephone_that_holds_and_takes_back() -> None:
    ear = Ear()
    pressed = of_channel("ChannelHold", SEAT, at=moment(1)), of_channel("ChannelUnhold", SEAT, at=moment(2))
    held = ear.hears(pressed[0], pressed[0], pressed[1], pressed[1])  # Asterisk tells of each twice
    assert held == [LegHeld(at=START, leg="a-1"), LegUnheld(at=START, leg="a-1")]
    assert not ear.hears(of_channel("ChannelHold", "of nobody"))
    ear.house.at_desk.add(SEAT)
    assert ear.hears(of_channel("ChannelUnhold", SEAT, at=moment(3))) == [LegHeld(at=START, leg="a-1")]


def test_a_call_that_is_offered() -> None:
    ear = Ear()
    assert not ear.hears(of_channel("CallBroadcast", "new", "Ring", caller="123", called="1"))
    assert ear.house.told == [("offered", "new")]


def test_a_call_that_comes_in_and_one_that_is_ours() -> None:
    ear = Ear()
    assert not ear.hears(of_channel("StasisStart", "new", "Ring", args=["sos", "1", "2", "3"]))
    assert ear.house.told == [("came in", "new", ("sos", "1", "2", "3"))]
    assert ear.hears(of_channel("StasisStart", SEAT, args=[])) == [LegAnswered(at=START, leg="a-1")]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_goes_through_as_it_is(text: str) -> None:
    ear = Ear()
    item = event(
        "StasisStart",
        args=["sos", text, text, text],
        channel=channel_frame("new", "Ring", caller={"name": text, "number": text}, accountcode=text),
    )
    assert not ear.hears(item)
    assert ear.house.told == [("came in", "new", ("sos", text, text, text))]


@pytest.mark.parametrize("name", [*HOSTILE, "yjt.", "yjt..", "yjt.one", "yjt.one.", "yjt..elder", "sos.one.a-1"])
def test_a_channel_by_an_odd_name_is_nobodys(name: str) -> None:
    ear = Ear()
    assert not ear.hears(
        of_channel("ChannelStateChange", name),
        of_channel("ChannelDtmfReceived", name, digit="1", duration_ms=100),
        of_channel("ChannelHangupRequest", name, cause=17),
        finished("sound", name),
        destroyed(name),
    )
    assert ear.house.told == [("side call", "PlaybackFinished"), ("side call", "ChannelDestroyed")]
    assert not ear.lines.causes


def test_what_a_leg_does_until_it_is_answered() -> None:
    ear = Ear()
    assert ear.hears(
        of_channel("ChannelStateChange", SEAT, "Down"),
        of_channel("ChannelStateChange", SEAT, "Ringing"),
        of_channel("ChannelStateChange", SEAT, "Up"),  # our own leg is there when it enters Stasis, not before
        of_channel("ChannelStateChange", CALLER, "Up"),
    ) == [LegRinging(at=START, leg="a-1"), LegAnswered(at=START, leg="elder")]


@pytest.mark.parametrize("digit", [*"0123456789*#"])
def test_every_key(digit: str) -> None:
    pressed = of_channel("ChannelDtmfReceived", SEAT, digit=digit, duration_ms=100)
    assert Ear().hears(pressed) == [KeyPressed(at=START, leg="a-1", key=digit)]


@pytest.mark.parametrize("digit", ["A", "", "11", "١", *HOSTILE])
def test_what_is_no_key(digit: str) -> None:
    assert not Ear().hears(of_channel("ChannelDtmfReceived", SEAT, digit=digit, duration_ms=100))


def test_overlapping_subscriptions_are_heard_once() -> None:
    twice = [
        of_channel("ChannelStateChange", SEAT, "Ringing"),
        of_channel("ChannelDtmfReceived", SEAT, digit="4", duration_ms=100),
        of_channel("StasisStart", SEAT, args=[]),
        destroyed(SEAT, 17),
    ]
    assert len(Ear().hears(*(item for item in twice for _ in range(2)))) == len(twice)


def test_the_same_key_later_is_another_press() -> None:
    presses = [
        of_channel("ChannelDtmfReceived", SEAT, digit="4", duration_ms=100, at=moment(second)) for second in range(3)
    ]
    assert len(Ear().hears(*presses)) == 3


def test_what_was_heard_is_not_remembered_for_ever() -> None:
    ear = Ear()
    ear.hears(
        *(
            of_channel("ChannelDtmfReceived", SEAT, digit="4", duration_ms=9, at=moment(s))
            for s in range(REMEMBERED * 2)
        )
    )
    assert len(ear.listener._heard) == REMEMBERED


@pytest.mark.parametrize(
    ("requested", "at_last", "cause"),
    [
        ([], 16, 16),
        ([], 19, 19),
        ([], 0, 16),  # Asterisk often says nothing: it ended like any call
        ([17], 0, 17),
        ([17], 16, 17),
        ([None, 17], 16, 17),
        ([32], 16, 16),  # our own hang-up, told by Asterisk's own flag
        ([32, 18], 16, 18),
        ([21, 16], 16, 21),  # the first that says something is the true one
        ([0, 21], 16, 21),
    ],
)
def test_why_a_leg_ended(requested: list[int | None], at_last: int, cause: int) -> None:
    asked = [hangup_request(SEAT, c, moment(n)) for n, c in enumerate(requested)]
    ear = Ear()
    assert ear.hears(*asked, destroyed(SEAT, at_last)) == [LegEnded(at=START, leg="a-1", cause=cause)]
    assert not ear.lines.causes


def test_what_a_channel_leaves_behind_is_forgotten() -> None:
    ear = Ear()
    ear.lines.sounds[CALLER] = Sound("s", Prompt.WELCOME)
    ear.lines.music.add(CALLER)
    assert ear.hears(hangup_request(CALLER, 17, moment(1)), destroyed(CALLER)) == [
        LegEnded(at=START, leg="elder", cause=17)
    ]
    assert ear.lines == Lines()
    assert not ear.hears(of_channel("ChannelStateChange", CALLER))


def test_a_prompt_that_was_heard_out_and_one_that_broke_off() -> None:
    ear = Ear()
    for state in ("done", "failed"):
        ear.lines.sounds[CALLER] = Sound("s", Prompt.WELCOME, started=True)
        assert ear.hears(finished("s", CALLER, state)) == [PromptFinished(at=START, leg="elder", prompt=Prompt.WELCOME)]
    assert not ear.hears(finished("s", CALLER)), "it ended already"


def test_a_prompt_is_over_when_its_music_begins() -> None:
    ear = Ear()
    ear.lines.sounds[CALLER] = Sound("s", Prompt.CONTACT_THANKS, music="sound:calm", started=True)
    over = [PromptFinished(at=START, leg="elder", prompt=Prompt.CONTACT_THANKS)]
    assert not ear.hears(goes_on("s", CALLER, "sound:digit_7"))
    assert ear.hears(goes_on("s", CALLER, "sound:calm")) == over
    assert not ear.hears(finished("s", CALLER)), "the music has come to its end"


def test_an_older_sound_that_ends_late_is_not_the_new_one_of_the_same_id() -> None:
    ear = Ear()
    ear.lines.sounds[CALLER] = Sound("s", Prompt.WELCOME)
    assert not ear.hears(finished("s", CALLER))
    assert ear.lines.sounds


def test_a_prompt_that_was_stopped_or_replaced_is_not_finished() -> None:
    ear = Ear()
    assert not ear.hears(finished("stopped", CALLER))
    ear.lines.sounds[CALLER] = Sound("new", Prompt.COMFORT, started=True)
    assert not ear.hears(finished("old", CALLER))
    assert ear.hears(finished("new", CALLER)) == [PromptFinished(at=START, leg="elder", prompt=Prompt.COMFORT)]


def test_phones_of_seats_come_and_go() -> None:
    ear = Ear()
    for technology, state in (("PJSIP", "online"), ("PJSIP", "offline"), ("PJSIP", "unknown"), ("Local", "online")):
        endpoint = {"technology": technology, "resource": "801", "state": state, "channel_ids": []}
        ear.listener.hear(event("EndpointStateChange", endpoint=endpoint))
    assert ear.house.told == [("phone", "801", True), ("phone", "801", False), ("phone", "801", False)]


def test_the_link() -> None:
    ear = Ear()
    whole = picture()
    for item in (Connected(), whole, Disconnected("gone", final=True)):
        ear.listener.hear(item)
    assert ear.house.told == [("resynced", whole), ("lost", "gone", True)]


@pytest.mark.parametrize(
    "item",
    [
        UnknownEvent("Novelty", {"type": "Novelty"}),
        MalformedEvent("no channel", {"type": "StasisStart"}),
        event("ApplicationReplaced"),
        of_channel("ChannelVarset", SEAT, variable="X", value=HOSTILE[0]),
        of_channel("ChannelCreated", SEAT),
        of_channel("StasisEnd", SEAT),
    ],
    ids=lambda item: type(item).__name__,
)
def test_what_concerns_nobody(item: StreamItem) -> None:
    ear = Ear()
    assert not ear.hears(item)
    assert not ear.house.told


def test_its_clock_is_aware() -> None:
    at = Listener(Lines(), FakeHouse())._now()
    assert isinstance(at, datetime)
    assert at.tzinfo is not None


def test_a_channel_that_listened_has_ended_when_it_leaves_and_no_other_has() -> None:
    ear = Ear()
    assert ear.hears(of_channel("StasisEnd", ids.channel_id("one", ids.snoop_leg(1)))) == [
        LegEnded(at=START, leg="snoop-1", cause=16)
    ]
    assert ear.hears(of_channel("StasisEnd", SEAT), of_channel("StasisEnd", CALLER)) == []
