"""Bans and trusted addresses on record, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from models.database import Database
from models.sip_bans import SipBan, all_bans, all_trusted, bans_now, end_ban, keep_ban, keep_trusted

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def ban(network: str = "203.0.113.5/32", *, times: int = 1, minutes: int = 10) -> SipBan:
    until = NOON + timedelta(minutes=minutes)
    return SipBan(network=network, since=NOON, until=until, failures=30, times=times, lifted_by="")


async def test_the_latest_ban_of_an_address_takes_the_place_of_the_one_before(db: Database) -> None:
    for times, minutes in ((1, 10), (2, 60)):
        async with db.write() as session:
            await keep_ban(session, ban(times=times, minutes=minutes))
    async with db.read() as session:
        (found,) = await all_bans(session)
    assert (found.times, found.since, found.until) == (2, NOON, NOON + timedelta(hours=1))


async def test_those_that_hold_the_longest_first(db: Database) -> None:
    async with db.write() as session:
        for number, minutes in enumerate((10, 600, 60)):
            await keep_ban(session, ban(f"2001:db8:{number}::/64", minutes=minutes))
    async with db.read() as session:
        found = await bans_now(session, NOON + timedelta(minutes=10))
        assert [row.network for row in found] == ["2001:db8:1::/64", "2001:db8:2::/64"]


async def test_a_ban_is_ended_once(db: Database) -> None:
    at = NOON + timedelta(minutes=5)
    async with db.write() as session:
        await keep_ban(session, ban())
    async with db.write() as session:
        assert not await end_ban(session, "198.51.100.1/32", at=at, by="cli")
        assert await end_ban(session, "203.0.113.5/32", at=at, by="cli")
        assert not await end_ban(session, "203.0.113.5/32", at=at, by="cli")
    async with db.read() as session:
        assert await bans_now(session, at) == []
        assert [(row.until, row.lifted_by) for row in await all_bans(session)] == [(at, "cli")]


async def test_trust_is_kept_with_its_last_proof(db: Database) -> None:
    for hours in (0, 2):
        async with db.write() as session:
            await keep_trusted(session, "198.51.100.7/32", NOON + timedelta(hours=hours))
    async with db.read() as session:
        assert [(row.network, row.seen_at) for row in await all_trusted(session)] == [
            ("198.51.100.7/32", NOON + timedelta(hours=2))
        ]
