"""Who may log in, and with what; seats and their SIP passwords."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from ivr.vocabulary import Skill
from models.base import utc_now
from models.database import Database
from models.people import (
    FAILURES_ALLOWED,
    LockedOut,
    LogInRefused,
    User,
    UserProblem,
    UserRole,
    check_password,
    create_user,
    generate_password,
    list_users,
    set_password,
    verify_password,
)
from models.seats import SeatProblem, SeatState, add_seat, list_seats, set_seat_state

GOOD = "Correct-Horse-7"


async def _user(db: Database, username: str = "demo") -> User:
    return await create_user(db, username, GOOD, name="演示", roles=[UserRole.AGENT])


async def _set(db: Database, **columns: object) -> None:
    async with db.write() as session:
        await session.execute(update(User).values(**columns))


async def test_the_right_password_and_no_other(db: Database) -> None:
    await _user(db, "Demo")
    assert (await verify_password(db, " DEMO ", GOOD)).roles == ["agent"]
    for username, password in (("demo", GOOD.lower()), ("demo", ""), ("nobody", GOOD), ("demo", "x" * 100_000)):
        with pytest.raises(LogInRefused):
            await verify_password(db, username, password)


async def test_five_failures_lock_the_name_for_a_quarter_of_an_hour(db: Database) -> None:
    await _user(db)
    await _set(db, failed_logins=FAILURES_ALLOWED - 2)
    with pytest.raises(LogInRefused) as refused:
        await verify_password(db, "demo", "wrong")
    assert not isinstance(refused.value, LockedOut)
    with pytest.raises(LockedOut):
        await verify_password(db, "demo", "wrong")
    with pytest.raises(LockedOut) as locked:
        await verify_password(db, "demo", GOOD)
    left = locked.value.until - utc_now()
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    await _set(db, locked_until=utc_now() - timedelta(seconds=1))
    assert (await verify_password(db, "demo", GOOD)).username == "demo"


async def test_a_success_forgets_the_failures(db: Database) -> None:
    await _user(db)
    await _set(db, failed_logins=FAILURES_ALLOWED - 1)
    await verify_password(db, "demo", GOOD)
    with pytest.raises(LogInRefused) as refused:
        await verify_password(db, "demo", "wrong")
    assert not isinstance(refused.value, LockedOut)


async def test_a_new_password_unlocks(db: Database) -> None:
    await _user(db)
    await _set(db, locked_until=utc_now() + timedelta(hours=1))
    await set_password(db, "demo", GOOD + "x")
    await verify_password(db, "demo", GOOD + "x")
    with pytest.raises(LogInRefused):
        await verify_password(db, "demo", GOOD)


async def test_an_inactive_user_is_refused_like_an_unknown_one(db: Database) -> None:
    await _user(db)
    await _set(db, active=False)
    with pytest.raises(LogInRefused) as refused:
        await verify_password(db, "demo", GOOD)
    assert not isinstance(refused.value, LockedOut)


async def test_passwords_are_kept_as_hashes_only(db: Database) -> None:
    await _user(db)
    async with db.read() as session:
        user = (await session.scalars(select(User))).one()
    assert user.password_hash.startswith("$argon2id$")


@pytest.mark.parametrize("password", ["", "Short-1", "alllowercase", "ONLYUPPER123", "xDemo-12345", "Aa1" * 100])
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(UserProblem, match=" / "):
        check_password(password, "demo")


def test_generated_passwords_fulfil_the_rule_and_differ() -> None:
    made = {generate_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        check_password(password, "someone")


@pytest.mark.parametrize(
    ("username", "roles", "seat"),
    [
        ("", ["agent"], None),
        ("Ä", ["agent"], None),
        ("a b", ["agent"], None),
        ("x" * 41, ["agent"], None),
        ("fine", [], None),
        ("fine", ["king"], None),
        ("fine", ["agent"], "899"),
    ],
)
async def test_users_that_cannot_be(db: Database, username: str, roles: list[str], seat: str | None) -> None:
    with pytest.raises(UserProblem, match=" / "):
        await create_user(db, username, GOOD, name="演示", roles=roles, seat=seat)
    async with db.read() as session:
        assert await list_users(session) == []


async def test_a_user_name_is_taken_once(db: Database) -> None:
    await _user(db)
    with pytest.raises(UserProblem, match="taken"):
        await _user(db, "DEMO")
    with pytest.raises(UserProblem, match="no user"):
        await set_password(db, "nobody", GOOD)


async def test_seats_have_generated_passwords_and_keep_their_state(db: Database) -> None:
    async with db.write() as session:
        await add_seat(session, "802", skills=[Skill.DOCTOR])
        await add_seat(session, "801", name="一")
        await set_seat_state(session, "801", SeatState.READY)
        changed = await set_seat_state(session, "801", SeatState.PAUSED, reason="午餐")
        since = changed.state_since
        again = await set_seat_state(session, "801", SeatState.PAUSED, reason="午餐")
        assert again.state_since == since
    async with db.read() as session:
        first, second = await list_seats(session)
    assert (first.extension, first.skills, first.state, first.reason) == ("801", ["agent"], SeatState.PAUSED, "午餐")
    assert second.skills == ["doctor"]
    assert len({first.sip_password, second.sip_password}) == 2
    assert min(len(first.sip_password), len(second.sip_password)) >= 20
    await create_user(db, "demo", GOOD, name="演示", roles=[UserRole.AGENT], seat="801")


@pytest.mark.parametrize(
    ("extension", "skills"), [("901", ["agent"]), ("80", ["agent"]), ("8a1", ["agent"]), ("801", []), ("801", ["cook"])]
)
async def test_seats_that_cannot_be(db: Database, extension: str, skills: list[str]) -> None:
    async with db.write() as session:
        with pytest.raises(SeatProblem, match=" / "):
            await add_seat(session, extension, skills=skills)
        with pytest.raises(SeatProblem, match="no seat"):
            await set_seat_state(session, "801", SeatState.READY)
        await add_seat(session, "801")
        with pytest.raises(SeatProblem, match="exists already"):
            await add_seat(session, "801")
