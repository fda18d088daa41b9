"""AMI's link and events, against a small AMI that says what a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_address

import pytest

from ari_app import ami
from ari_app.ami import AmiLink, SecurityEvent, SecurityKind, read_event

HEADERS = {
    "Event": "ChallengeSent",
    "Service": "PJSIP",
    "AccountID": "801",
    "RemoteAddress": "IPV4/UDP/203.0.113.5/5060",
}


def test_an_event_is_read() -> None:
    expected = SecurityEvent(SecurityKind.CHALLENGED, "PJSIP", "801", ip_address("203.0.113.5"))
    assert read_event(HEADERS) == expected


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("IPV6/UDP/2001:db8::5/5060", "2001:db8::5"),
        ("IPV4/TLS/203.0.113.5/5061", "203.0.113.5"),
        ("IPV4/WSS/203.0.113.5/443", "203.0.113.5"),
    ],
)
def test_addresses_of_every_transport_are_read(remote: str, address: str) -> None:
    found = read_event({**HEADERS, "RemoteAddress": remote})
    assert found is not None
    assert found.address == ip_address(address)


def test_of_a_header_that_comes_twice_the_last_is_asterisks() -> None:
    found = read_event({**HEADERS, "RemoteAddress": ["IPV4/UDP/9.9.9.9/1", "IPV4/UDP/203.0.113.5/5060"]})
    assert found is not None
    assert found.address == ip_address("203.0.113.5")


@pytest.mark.parametrize(("kind", "account"), [("InvalidAccountID", "801"), ("ChallengeSent", "<unknown>")])
def test_a_strangers_account_is_nobodys(kind: str, account: str) -> None:
    found = read_event({**HEADERS, "Event": kind, "AccountID": account})
    assert found is not None
    assert found.account == ""


@pytest.mark.parametrize(
    "spoilt",
    [
        {"RemoteAddress": ""},
        {"RemoteAddress": "IPV4/UDP/203.0.113.5"},
        {"RemoteAddress": "IPV4/UDP/not-an-address/5060"},
        {"RemoteAddress": "IPV4/UDP/203.0.113.5/5060 x"},
        {"Event": "FullyBooted"},
        {"Event": ""},
    ],
)
def test_what_is_torn_or_no_matter_of_security_is_no_event(spoilt: dict[str, str]) -> None:
    assert read_event({**HEADERS, **spoilt}) is None


class SmallAmi:
    """Lets in who knows the password; `say` reaches everybody who is in."""

    def __init__(self) -> None:
        self.writers: list[asyncio.StreamWriter] = []
        self.server: asyncio.Server | None = None
        self.port = 0
        self.deaf = False

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self.server is not None
        self.server.close()
        for writer in self.writers:
            writer.close()
        self.writers.clear()

    def say(self, text: str) -> None:
        for writer in self.writers:
            writer.write(text.replace("\n", "\r\n").encode())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        self.writers.append(writer)
        while action := (await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""):
            fields = dict(line.split(": ", 1) for line in action.decode().strip().split("\r\n"))
            good = fields["Action"] == "Ping" or fields["Secret"] == "secret"
            if not self.deaf:
                answer = "Success" if good else "Error\r\nMessage: Authentication failed"
                writer.write(f"Response: {answer}\r\nActionID: {fields['ActionID']}\r\n\r\n".encode())


@pytest.fixture
async def small() -> AsyncIterator[SmallAmi]:
    made = SmallAmi()
    await made.start()
    yield made
    await made.stop()


class Listening:
    """A link that runs, and what it has told."""

    def __init__(self, port: int, password: str = "secret") -> None:
        self.events: asyncio.Queue[SecurityEvent] = asyncio.Queue()
        self.links: asyncio.Queue[None] = asyncio.Queue()
        self.link = AmiLink(
            port,
            user="yijiantong",
            password=password,
            linked=lambda: self.links.put_nowait(None),
            heard=self.events.put_nowait,
        )

    async def __aenter__(self) -> Listening:
        self._task = asyncio.create_task(self.link.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


EVENT = "Event: SuccessfulAuth\nService: PJSIP\nAccountID: 801\nRemoteAddress: IPV4/UDP/203.0.113.5/5060\n\n"


async def test_events_are_heard_and_a_link_that_ends_comes_back(small: SmallAmi) -> None:
    async with asyncio.timeout(20), Listening(small.port) as listening:
        for _ in range(2):
            await listening.links.get()
            assert listening.link.linked
            small.say("Event: FullyBooted\n\n" + EVENT)
            assert (await listening.events.get()).kind is SecurityKind.PROVEN
            await small.stop()
            await small.start()


async def test_an_event_torn_by_a_strangers_line_breaks_is_not_heard(small: SmallAmi) -> None:
    torn = "Event: InvalidAccountID\nAccountID: x\n\nEvent: FailedACL\nRemoteAddress: IPV4/UDP/9/1\n\n"
    async with asyncio.timeout(20), Listening(small.port) as listening:
        await listening.links.get()
        small.say(torn + "SessionID: 1\nRemoteAddress: IPV4/UDP/203.0.113.9/5060\n\n" + EVENT)
        assert (await listening.events.get()).address == ip_address("203.0.113.5")
        assert listening.events.empty()


async def test_a_refused_password_and_a_silent_ami_are_problems_after_a_while(
    small: SmallAmi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ami, "SILENT_FOR", 0.0)
    monkeypatch.setattr(ami, "ANSWER_WITHIN", 0.2)
    for password, deaf, reason in (("wrong", False, "refuses our password"), ("secret", True, "no answer within")):
        small.deaf = deaf
        async with asyncio.timeout(20), Listening(small.port, password) as listening:
            while not listening.link.problem:  # noqa: ASYNC110 - a property of another task has no event
                await asyncio.sleep(0.01)
            assert reason in listening.link.problem
            assert not listening.link.linked


async def test_an_ami_that_falls_silent_is_noticed(small: SmallAmi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ami, "PING_EVERY", 0.05)
    monkeypatch.setattr(ami, "ANSWER_WITHIN", 0.2)
    async with asyncio.timeout(20), Listening(small.port) as listening:
        await listening.links.get()
        small.deaf = True
        while listening.link.linked:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
        small.deaf = False
        await listening.links.get()


async def test_in_a_flood_the_link_is_left_for_a_while(small: SmallAmi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ami, "DEAF_FOR", 0.05)
    monkeypatch.setattr(ami, "MOST_A_SECOND", 100)
    async with asyncio.timeout(20), Listening(small.port) as listening:
        await listening.links.get()
        small.say(EVENT * 1000)
        await listening.links.get()
        assert listening.events.qsize() <= 200  # a second may have turned between
        small.say(EVENT)
        while listening.events.qsize():
            await listening.events.get()
        small.say(EVENT)
        assert (await listening.events.get()).kind is SecurityKind.PROVEN
        assert not listening.link.problem
