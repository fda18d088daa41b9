"""Who may reach what: seats dial nothing but their star codes, the trunk reaches no seat and never itself, nobody
speaks as somebody else, and no answer of a telephone makes us dial."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from .conftest import SEATS, TRUNK_HOST, PlatformAsterisk
from .raw_sip import RawSip, header, status
from .sip_phone import SipPhone
from .test_dialplan import controller_of, quiet, until
from .test_hostile_words import Dialog

SEAT_HOST = "127.0.0.3"
PASSWORDS = {seat.extension: seat.password for seat in SEATS}


@asynccontextmanager
async def carrier(asterisk: PlatformAsterisk) -> AsyncIterator[RawSip]:
    """The far end of the trunk: whatever is dialled to the outside arrives here."""
    assert asterisk.settings.trunk_contact is not None
    port = int(asterisk.settings.trunk_contact.rpartition(":")[2])
    async with RawSip.at(TRUNK_HOST, asterisk.sip, port=port) as far_end:
        yield far_end
        while not far_end.answers.empty():
            assert not far_end.answers.get_nowait().startswith("INVITE")


@pytest.mark.parametrize("number", ["120", "PJSIP%2F120%40trunk"])
async def test_what_a_seat_dials_never_leaves_the_house(platform_asterisk: PlatformAsterisk, number: str) -> None:
    async with (
        carrier(platform_asterisk),
        SipPhone.plugged_in(SEAT_HOST, platform_asterisk.sip, user="801", password=PASSWORDS["801"]) as seat,
        SipPhone.plugged_in("127.0.0.5", platform_asterisk.sip, user="802", password=PASSWORDS["802"]) as other,
    ):
        assert await seat.register() == await other.register() == 200
        if await seat.call(number) == 200:
            async with asyncio.timeout(10):
                await seat.ended.wait()
            assert seat.ear.sound_seconds > 1  # "not allowed", in words
        assert not other.invited.is_set()
    await quiet(platform_asterisk)


@pytest.mark.parametrize("number", ["801", "802", "*41", "*44", "*45", "*40", "120", "PJSIP%2F801"])
async def test_from_the_trunk_every_number_is_a_call_for_help(platform_asterisk: PlatformAsterisk, number: str) -> None:
    async with (
        carrier(platform_asterisk),
        controller_of(platform_asterisk) as controller,
        SipPhone.plugged_in(SEAT_HOST, platform_asterisk.sip, user="801", password=PASSWORDS["801"]) as seat,
        SipPhone.plugged_in(TRUNK_HOST, platform_asterisk.sip) as caller,
    ):
        assert await seat.register() == 200
        calling = asyncio.create_task(caller.call(number))
        call = await controller.next_call()
        assert call.args[0] == "sos"
        assert not seat.invited.is_set()
        await controller.client.channels.hangup(channelId=call.channel.id)
        await calling
    await quiet(platform_asterisk)


async def test_a_call_of_the_trunk_is_the_trunks_whatever_its_from(platform_asterisk: PlatformAsterisk) -> None:
    async with (
        controller_of(platform_asterisk) as controller,
        SipPhone.plugged_in(TRUNK_HOST, platform_asterisk.sip) as caller,
    ):
        calling = asyncio.create_task(caller.call("*44", sender='"802" <sip:801@{host}>'))
        call = await controller.next_call()
        assert (call.args[0], call.args[2]) == ("sos", "801")
        await controller.client.channels.hangup(channelId=call.channel.id)
        await calling
    await quiet(platform_asterisk)


@pytest.mark.parametrize("method", ["INVITE", "REGISTER", "MESSAGE"])
async def test_a_seat_cannot_speak_as_another(platform_asterisk: PlatformAsterisk, method: str) -> None:
    async with RawSip.at(SEAT_HOST, platform_asterisk.sip) as sip:
        uri = f"sip:*44@{sip.server[0]}:{sip.server[1]}"
        for account, password in (("802", PASSWORDS["802"]), ("801", PASSWORDS["802"])):
            answer = await sip.ask_as_seat(
                method, user="801", account=account, password=password, uri=uri, body=sip.sdp()
            )
            assert status(answer) == 401


async def test_a_seat_cannot_be_registered_by_another(platform_asterisk: PlatformAsterisk) -> None:
    async with RawSip.at(SEAT_HOST, platform_asterisk.sip) as sip:
        answer = await sip.ask_as_seat(
            "REGISTER",
            user="801",
            password=PASSWORDS["801"],
            uri=f"sip:{sip.server[0]}",
            to=f"<sip:802@{sip.server[0]}>",
            extra="Expires: 120\r\n",
        )
        assert status(answer) == 404
    assert SEAT_HOST not in await platform_asterisk.process.cli("pjsip show aor 802")


async def test_neither_refer_nor_replaces_moves_a_call(platform_asterisk: PlatformAsterisk) -> None:
    async with (
        carrier(platform_asterisk),
        controller_of(platform_asterisk) as controller,
        RawSip.at(TRUNK_HOST, platform_asterisk.sip) as elder,
        RawSip.at(SEAT_HOST, platform_asterisk.sip) as seat,
    ):
        dialog = Dialog(elder, user="02155550101")
        inviting = asyncio.create_task(dialog.invite())
        call = await controller.next_call()
        await controller.client.channels.answer(channelId=call.channel.id)
        answer = await inviting
        assert await dialog.is_not_done("REFER", extra=f"Refer-To: <sip:120@{TRUNK_HOST}>\r\n")
        theirs, ours = (header(answer, name).rpartition("tag=")[2] for name in ("From", "To"))
        stolen = f"Replaces: {header(answer, 'Call-ID')};to-tag={ours};from-tag={theirs}\r\n"
        for extra, answered in ((stolen, 200), (f"Require: replaces\r\n{stolen}", 420)):
            taking = await seat.ask_as_seat(
                "INVITE", user="801", password=PASSWORDS["801"], body=seat.sdp(), extra=extra
            )
            assert status(taking) == answered  # 200 is "not allowed", in words
        refer = await seat.ask_as_seat(
            "REFER", user="801", password=PASSWORDS["801"], extra=f"Refer-To: <sip:120@{TRUNK_HOST}>\r\n"
        )
        assert status(refer) >= 400
        channels = await controller.client.channels.list()
        assert call.channel.id in [one.id for one in channels], "the elder's call has been taken away"
        assert await dialog.ask("BYE") == 200
    await platform_asterisk.process.cli("channel request hangup all")
    await quiet(platform_asterisk)


@pytest.mark.parametrize("status_line", ["302 Moved Temporarily", "380 Alternative Service"])
async def test_a_seat_that_forwards_has_refused_the_controllers_call(
    platform_asterisk: PlatformAsterisk, status_line: str
) -> None:
    async with (
        carrier(platform_asterisk),
        Forwarding.registered(platform_asterisk, status_line) as seat,
        controller_of(platform_asterisk) as controller,
    ):
        await controller.client.channels.originate(
            endpoint="PJSIP/801", app=controller.client.app, channelId="forwarded", timeout=5
        )
        await until(lambda: seat.refused >= 1, 8)
        await quiet(platform_asterisk, 10)
        assert controller.calls.empty(), "somebody has answered in place of the seat"


async def test_a_seat_that_forwards_has_refused_the_dialplans_call(platform_asterisk: PlatformAsterisk) -> None:
    async with (
        carrier(platform_asterisk),
        Forwarding.registered(platform_asterisk, "302 Moved Temporarily") as seat,
        SipPhone.plugged_in(TRUNK_HOST, platform_asterisk.sip) as caller,
    ):
        assert await caller.call("12349") == 200
        steps = platform_asterisk.sos_log().count(" step ")
        await until(lambda: platform_asterisk.sos_log().count(" step ") > steps, 30)
        assert seat.refused >= 1
        assert "Local/" not in await platform_asterisk.process.cli("core show channels concise")
    await quiet(platform_asterisk)


async def test_a_relative_who_forwards_makes_us_dial_nothing(platform_asterisk: PlatformAsterisk) -> None:
    async with carrier(platform_asterisk) as far_end, controller_of(platform_asterisk) as controller:
        # By its address: our carrier answers nothing, so Asterisk thinks that its contact is away.
        relative = f"PJSIP/trunk/sip:12000000001@{far_end.host}:{far_end.port}"
        await controller.client.channels.originate(
            endpoint=relative, app=controller.client.app, channelId="forwarded", timeout=8
        )
        async with asyncio.timeout(8):
            while not (invite := await far_end.answers.get()).startswith("INVITE"):
                pass
        far_end.send(moved(invite, "302 Moved Temporarily"))
        await quiet(platform_asterisk, 10)
        assert controller.calls.empty(), "the forward came in as a call for help"


def moved(invite: str, status_line: str) -> str:
    """The answer of a telephone that is forwarded to 120."""
    kept = "".join(f"{name}: {header(invite, name)}\r\n" for name in ("Via", "From", "Call-ID", "CSeq"))
    return (
        f"SIP/2.0 {status_line}\r\n{kept}To: {header(invite, 'To')};tag=forward\r\n"
        f"Contact: <sip:120@{TRUNK_HOST}>, <sip:12349@{TRUNK_HOST}>\r\nContent-Length: 0\r\n\r\n"
    )


class Forwarding(SipPhone):
    """A seat's telephone that answers every call with a forward to 120."""

    refused = 0
    status_line = ""

    @classmethod
    @asynccontextmanager
    async def registered(cls, asterisk: PlatformAsterisk, status_line: str) -> AsyncIterator[Forwarding]:
        async with cls.plugged_in(SEAT_HOST, asterisk.sip, user="801", password=PASSWORDS["801"]) as phone:
            assert isinstance(phone, Forwarding)
            phone.status_line = status_line
            assert await phone.register() == 200
            yield phone

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode("utf-8", "replace")
        if not text.startswith("INVITE"):
            super().datagram_received(data, addr)
            return
        self.refused += 1
        self.signalling.sendto(moved(text, self.status_line).encode(), self.server)
