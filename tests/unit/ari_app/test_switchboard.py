"""The switchboard: each command as requests to Asterisk, what may be dialled, and what a refusal means."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from ari_app.ari import Client
from ari_app.ari.errors import AriError
from ari_app.lines import SOUNDS, Lines
from ari_app.switchboard import START_WITHIN, LineGone, NoRoute, Routes, Switchboard
from ivr import ids
from ivr.commands import (
    Answer,
    Dial,
    Hangup,
    Join,
    Leave,
    LineCommand,
    MakeBridge,
    Play,
    Record,
    RemoveBridge,
    Snoop,
    StartMusic,
    StopSound,
)
from ivr.events import Event, PromptFinished
from ivr.vocabulary import LegKind, Place, Prompt
from tests.unit.ari_app.fakes import FakeAri, refused
from tests.unit.ari_app.virtual_time import passes

VIRTUAL_TIME = True
CALLER = "1767600000.7"
SEAT = ids.channel_id("one", "a-1")
BRIDGE = ids.bridge_id("one", Place.ELDER)
SNOOP = {"channel": SEAT, "snoop": ids.channel_id("one", "snoop-1"), "app": "sos-a-1", "spy": "both"}
TRUNK = "sip:127.0.0.2:5070"


class Exchange:
    """A switchboard that knows the caller of case `one`."""

    def __init__(self, *, trunk: str | None = TRUNK, emergency: bool = True) -> None:
        self.ari = FakeAri()
        self.lines = Lines()
        self.lines.arrived(CALLER, "one")
        self.told: list[tuple[str, Event]] = []
        self.board = Switchboard(
            cast(Client, self.ari),
            self.lines,
            app="sos-a-1",
            routes=Routes(trunk=trunk, emergency=emergency, caller_id="96890"),
            prompts=Path("/prompts"),
            music=Path("/music/calm"),
            tell=lambda case, event: self.told.append((case, event)),
        )

    async def does(self, *commands: LineCommand, shown_number: str = "") -> list[tuple[str, dict[str, Any]]]:
        """What Asterisk was asked for."""
        before = len(self.ari.asked)
        for command in commands:
            await self.board.carry_out("one", command, shown_number=shown_number)
        return self.ari.asked[before:]


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        (Answer("elder"), ("answer", {"channel": CALLER})),
        (Hangup("a-1"), ("hangup", {"channel": SEAT})),
        (Snoop("snoop-1", "a-1", whisper=False), ("snoop", {**SNOOP, "whisper": "none"})),
        (Snoop("snoop-1", "a-1", whisper=True), ("snoop", {**SNOOP, "whisper": "out"})),
        (MakeBridge(Place.ELDER), ("create", {"bridge": BRIDGE})),
        (Join("elder", Place.ELDER), ("add", {"bridge": BRIDGE, "channel": CALLER})),
        (Record(Place.ELDER, "2026/1.wav"), ("record", {"bridge": BRIDGE, "file": "2026/1.wav"})),
        (Leave("a-1", Place.ELDER), ("remove", {"bridge": BRIDGE, "channel": SEAT})),
        (RemoveBridge(Place.ELDER), ("destroy", {"bridge": BRIDGE})),
        (StartMusic("elder"), ("startMoh", {"channel": CALLER})),
    ],
)
async def test_one_request_for_each_command(command: LineCommand, asked: tuple[str, dict[str, Any]]) -> None:
    assert await Exchange().does(command) == [asked]


async def test_several_prompts_are_played_as_one() -> None:
    ((name, asked),) = await Exchange().does(Play("a-1", Prompt.CONTACT_THANKS, (Prompt.DIGIT_7, Prompt.WHAT_KEY)))
    assert (name, asked["media"]) == ("play", "contact_thanks digit_7 what_key")


@pytest.mark.parametrize(
    ("kind", "number", "endpoint", "caller_id"),
    [
        (LegKind.SEAT, "801", "PJSIP/801", "02100000007"),
        (LegKind.SERVICE, "120", "PJSIP/trunk/sip:120@127.0.0.2:5070", "96890"),
        (LegKind.CONTACT, "13000000001", "PJSIP/trunk/sip:13000000001@127.0.0.2:5070", "96890"),
        (LegKind.NUMBER, "02100000001", "PJSIP/trunk/sip:02100000001@127.0.0.2:5070", "96890"),
        (LegKind.ELDER, "02100000007", "PJSIP/trunk/sip:02100000007@127.0.0.2:5070", "96890"),
    ],
)
async def test_where_a_number_is_dialled(kind: LegKind, number: str, endpoint: str, caller_id: str) -> None:
    ((name, asked),) = await Exchange().does(Dial("x-1", kind, number, 9.6), shown_number="02100000007")
    assert name == "originate"
    assert (asked["endpoint"], asked["callerId"]) == (endpoint, caller_id)
    assert (asked["channel"], asked["app"], asked["timeout"]) == (ids.channel_id("one", "x-1"), "sos-a-1", 10)


ODD = ["", "12", "1" * 16, "801@evil", "801&PJSIP/802", "801/x", "١٢٠", "80 1", "+8621", "8\n01", "801\n"]


@pytest.mark.parametrize("number", ODD)
@pytest.mark.parametrize("kind", LegKind)
async def test_what_is_no_number_is_never_dialled(kind: LegKind, number: str) -> None:
    exchange = Exchange()
    with pytest.raises(NoRoute, match="not a number"):
        await exchange.does(Dial("x-1", kind, number, 10))
    assert exchange.ari.asked == []


async def test_a_service_is_dialled_only_where_the_operator_opened_it() -> None:
    with pytest.raises(NoRoute, match="YJT_EMERGENCY_ROUTE"):
        await Exchange(emergency=False).does(Dial("120-1", LegKind.SERVICE, "120", 60))


@pytest.mark.parametrize("kind", [LegKind.SERVICE, LegKind.CONTACT, LegKind.NUMBER, LegKind.ELDER])
async def test_nothing_goes_out_without_a_trunk(kind: LegKind) -> None:
    with pytest.raises(NoRoute, match="YJT_TRUNK_CONTACT"):
        await Exchange(trunk=None).does(Dial("x-1", kind, "120", 60))


async def test_a_409_is_believed_only_of_a_channel_that_lives() -> None:
    dial = Dial("120-1", LegKind.SERVICE, "120", 60)
    exchange = Exchange()
    exchange.ari.refusals["originate"] = refused(409)
    with pytest.raises(AriError):  # nobody is being rung, and no event will ever say so
        await exchange.does(dial)
    exchange.ari.living.add(ids.channel_id("one", "120-1"))
    assert [name for name, _ in await exchange.does(dial)] == ["originate", "get channel"]


@pytest.mark.parametrize("command", [Hangup("a-1"), RemoveBridge(Place.ELDER)])
async def test_what_is_gone_already_is_as_wished(command: LineCommand) -> None:
    exchange = Exchange()
    exchange.ari.refusals |= {"hangup": refused(404), "destroy": refused(404)}
    await exchange.does(command)


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize("command", [Answer("elder"), Join("elder", Place.ELDER), Play("elder", Prompt.HOLD)])
async def test_a_line_that_is_gone_is_told_from_a_command_that_failed(command: LineCommand, status: int) -> None:
    for message, what in (("Channel not found", LineGone), ("Bridge not found", AriError)):
        exchange = Exchange()
        exchange.ari.refusals = dict.fromkeys(("answer", "add", "play"), refused(status, message))
        with pytest.raises(what):
            await exchange.does(command)


async def test_a_bridge_that_was_never_made_is_made_when_somebody_is_to_go_in() -> None:
    exchange = Exchange()
    exchange.ari.refusals["add"] = refused(404, "Bridge not found")
    exchange.ari.watched["create"] = exchange.ari.refusals.clear
    asked = await exchange.does(Join("elder", Place.ELDER))
    assert [name for name, _ in asked] == ["add", "create", "add"]


# --- what a leg hears -------------------------------------------------------------------------------------------------


async def test_a_prompt_takes_the_place_of_what_was_heard() -> None:
    exchange = Exchange()
    first = await exchange.does(Play("elder", Prompt.WELCOME))
    assert [(name, asked["media"]) for name, asked in first] == [("play", "welcome")]
    second = await exchange.does(Play("elder", Prompt.COMFORT))
    assert second[0] == ("stop", {"playback": first[0][1]["playback"]})
    assert second[1][1]["playback"] != first[0][1]["playback"]
    assert exchange.lines.sounds[CALLER].prompt is Prompt.COMFORT


async def test_music_ends_with_a_prompt_and_with_silence() -> None:
    for command in (Play("elder", Prompt.COMFORT), StopSound("elder")):
        exchange = Exchange()
        asked = await exchange.does(StartMusic("elder"), command, command)
        assert [name for name, _ in asked if name.endswith("Moh")] == ["startMoh", "stopMoh"]
        assert not exchange.lines.music


async def test_words_for_who_waits_go_on_with_music_by_themselves() -> None:
    """Until the controller orders music of its own, in whose place a channel can do other things."""
    exchange = Exchange()
    ((_, words),) = await exchange.does(Play("elder", Prompt.WELCOME, music=True))
    assert words["media"] == "welcome calm"
    assert exchange.lines.goes_on(CALLER, words["playback"], "sound:/music/calm") is Prompt.WELCOME
    asked = await exchange.does(StartMusic("elder"))
    assert [(name, sound.get("playback")) for name, sound in asked] == [("stop", words["playback"]), ("startMoh", None)]


async def test_what_a_former_boot_left_playing_is_stopped_once() -> None:
    former = Exchange()
    ((_, words),) = await former.does(Play("elder", Prompt.WELCOME, music=True))
    exchange = Exchange()
    exchange.lines.may_sound.add(CALLER)
    exchange.ari.refusals["stop"] = refused(404)
    asked = await exchange.does(StopSound("elder"), StopSound("elder"))
    assert words["playback"] in [sound["playback"] for name, sound in asked if name == "stop"]
    assert len(asked) == SOUNDS


async def test_a_prompt_that_ended_by_itself_meanwhile_can_be_stopped() -> None:
    exchange = Exchange()
    await exchange.does(Play("elder", Prompt.WELCOME))
    exchange.ari.refusals["stop"] = refused(404)
    await exchange.does(StopSound("elder"))
    assert not exchange.lines.sounds


async def test_legs_hear_each_their_own() -> None:
    exchange = Exchange()
    await exchange.does(Play("elder", Prompt.COMFORT), Play("contact-1-1", Prompt.CONTACT_OFFER))
    asked = await exchange.does(StopSound("contact-1-1"))
    assert len(asked) == 1
    assert list(exchange.lines.sounds) == [CALLER]


async def test_a_prompt_that_never_starts_is_not_waited_for() -> None:
    exchange = Exchange()
    await exchange.does(Play("elder", Prompt.WELCOME))
    await passes(START_WITHIN + 1)
    ((case, event),) = exchange.told
    assert case == "one"
    assert isinstance(event, PromptFinished)
    assert (event.prompt, bool(event.problem)) == (Prompt.WELCOME, True)


@pytest.mark.parametrize("why", ["started", "stopped", "replaced", "ended", "gone"])
async def test_a_prompt_that_did_start_or_is_not_wanted_any_more(why: str) -> None:
    exchange = Exchange()
    await exchange.does(Play("elder", Prompt.WELCOME))
    sound = exchange.lines.sounds[CALLER]
    match why:
        case "started":
            exchange.lines.sound_started(CALLER, sound.playback)
        case "stopped":
            await exchange.does(StopSound("elder"))
        case "replaced":
            await exchange.does(Play("elder", Prompt.COMFORT))
            exchange.lines.sound_started(CALLER, exchange.lines.sounds[CALLER].playback)
        case "ended":
            exchange.lines.heard_out(CALLER, sound.playback)
        case _:
            exchange.lines.gone(CALLER)
    await passes(START_WITHIN + 1)
    assert exchange.told == []
