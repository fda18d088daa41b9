"""Who may log in, and with what; seats and their SIP passwords."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from ivr.vocabulary import Skill
from models import log_in_tries, passwords
from models.api_tokens import issue_token
from models.audit import AuditEntry
from models.base import utc_now
from models.database import Database
from models.log_in_tries import ADDRESS, NAME, PAIR, LogInTries
from models.org import OrgKind, get_or_create
from models.people import (
    SPLIT,
    LockedOut,
    LogInRefused,
    User,
    UserProblem,
    UserRole,
    check_password,
    create_user,
    generate_password,
    list_users,
    set_active,
    set_password,
    set_place,
    set_roles,
    unlock,
    verify_password,
)
from models.seats import SeatProblem, SeatState, add_seat, list_seats, set_seat_state
from models.web_sessions import LOG_IN_TOKEN, ApiToken, WebSession
from tests.web.conftest import quick_passwords

GOOD = "Correct-Horse-7"
REAL_HASHES = {"test_the_right_password_and_no_other", "test_a_hash_of_other_parameters_is_made_anew"}


@pytest.fixture(autouse=True)
def hashes(request: pytest.FixtureRequest) -> Iterator[None]:
    """As cheap as they can be, but where they are what is tested."""
    if request.node.originalname in REAL_HASHES:
        yield
    else:
        with quick_passwords():
            yield


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


async def _refused(db: Database, address: str, *, password: str = "wrong", username: str = "demo") -> LogInRefused:
    with pytest.raises(LogInRefused) as refused:
        await verify_password(db, username, password, address=address)
    return refused.value


async def _fail(db: Database, times: int, *, username: str = "demo", address: str = "192.0.2.1") -> datetime | None:
    """So many wrong passwords, without the work of hashing them."""
    until = None
    for _ in range(times):
        async with db.write() as session:
            until = await log_in_tries.failed(session, username, address)
    return until


async def test_failures_lock_a_name_at_its_address_for_longer_and_longer(db: Database) -> None:
    await _user(db)
    assert await _fail(db, PAIR.allowed - 2) is None
    assert not isinstance(await _refused(db, "192.0.2.1"), LockedOut)
    for minutes in (1, 2, 4, 8, 15, 15):
        locked = await _refused(db, "192.0.2.1")
        assert isinstance(locked, LockedOut)
        assert timedelta(minutes=minutes - 1) < locked.until - utc_now() <= timedelta(minutes=minutes)
        assert isinstance(await _refused(db, "192.0.2.1", password=GOOD), LockedOut)
        async with db.write() as session:
            await session.execute(update(LogInTries).values(locked_until=utc_now() - timedelta(seconds=1)))
    assert (await verify_password(db, "demo", GOOD, address="192.0.2.1")).username == "demo"
    assert not isinstance(await _refused(db, "192.0.2.1"), LockedOut)  # a success forgets the failures


async def test_names_that_nobody_has_are_locked_alike(db: Database) -> None:
    await _fail(db, PAIR.allowed - 1, username="ghost")
    assert isinstance(await _refused(db, "192.0.2.1", username="ghost"), LockedOut)


async def test_an_outsider_cannot_shut_an_agent_out(db: Database) -> None:
    await _user(db)
    await verify_password(db, "demo", GOOD, address="10.0.0.5")
    for number in range(NAME.allowed + 3):
        await _fail(db, 1, address=f"198.51.100.{number}")
    assert isinstance(await _refused(db, "203.0.113.9", password=GOOD), LockedOut)  # a place that nobody knows waits
    assert (await verify_password(db, "demo", GOOD, address="10.0.0.5")).username == "demo"


async def test_an_address_that_tries_many_names_waits(db: Database) -> None:
    await _user(db)
    for number in range(ADDRESS.allowed):
        await _fail(db, 1, username=f"someone{number}", address="198.51.100.7")
    assert isinstance(await _refused(db, "198.51.100.7", password=GOOD), LockedOut)
    assert (await verify_password(db, "demo", GOOD, address="10.0.0.5")).username == "demo"


async def test_an_operator_unlocks_and_it_is_on_the_audit_log(db: Database) -> None:
    await _user(db)
    await _fail(db, PAIR.allowed)
    async with db.read() as session:
        assert set(await log_in_tries.locks(session, ["demo", "other"])) == {"demo"}
    async with db.write() as session:
        await unlock(session, "demo", by="cli:test")
    assert (await verify_password(db, "demo", GOOD, address="192.0.2.1")).username == "demo"
    assert ("cli:test", "user.unlock") in await _audited(db)


async def test_no_name_and_no_address_is_kept_with_the_failures(db: Database) -> None:
    await _fail(db, 1, username="My-Password-1", address="192.0.2.1")
    async with db.read() as session:
        kept = str((await session.scalars(select(LogInTries.key))).all())
    assert "password" not in kept.lower()
    assert "192.0.2.1" not in kept


async def test_a_new_password_unlocks_and_ends_sessions(db: Database) -> None:
    user = await _user(db)
    await _fail(db, PAIR.allowed)
    await _begin(db, user)
    await set_password(db, "demo", GOOD + "x", by="cli:test")
    assert await _begun(db) == ["gateway"]  # a program's own token is for the operator to end
    assert isinstance(await verify_password(db, "demo", GOOD + "x", address="192.0.2.1"), User)
    assert not isinstance(await _refused(db, "192.0.2.1", password=GOOD), LockedOut)


async def test_other_duties_end_sessions_and_are_on_the_audit_log(db: Database) -> None:
    user = await _user(db)
    await _begin(db, user)
    await set_roles(db, "demo", ["reviewer"], by="cli:test")
    assert await _begun(db) == ["gateway"]
    async with db.read() as session:
        entry = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "user.roles"))).one()
    assert (entry.record, entry.data) == (
        f"user:{user.id}",
        {"before": {"roles": ["agent"]}, "after": {"roles": ["reviewer"]}},
    )


async def _begin(db: Database, user: User) -> None:
    later = utc_now() + timedelta(hours=1)
    async with db.write() as session:
        session.add(WebSession(key_hash="k", user_id=user.id, data={}, expires_at=later))
        session.add(ApiToken(key_hash="t", user_id=user.id, name=LOG_IN_TOKEN, expires_at=later))
    await issue_token(db, "demo", name="gateway", life=timedelta(days=1))


async def _begun(db: Database) -> list[str]:
    async with db.read() as session:
        return [*await session.scalars(select(WebSession.key_hash)), *await session.scalars(select(ApiToken.name))]


async def _audited(db: Database) -> list[tuple[str, str]]:
    async with db.read() as session:
        rows = await session.execute(select(AuditEntry.actor, AuditEntry.action).order_by(AuditEntry.id))
        return [(actor, action) for actor, action in rows]


async def test_log_ins_failures_and_lock_outs_are_on_the_audit_log(db: Database) -> None:
    user = await _user(db)
    await verify_password(db, "demo", GOOD, address="192.0.2.1")
    await _refused(db, "192.0.2.1")
    await _fail(db, PAIR.allowed - 2)
    await _refused(db, "192.0.2.1")
    told = [("operator", "user.create"), (f"user:{user.id}", "log_in"), ("nobody", "log_in.failed")]
    assert await _audited(db) == [*told, ("nobody", "log_in.locked")]


async def test_a_hash_of_other_parameters_is_made_anew(db: Database) -> None:
    await _user(db)
    await _set(db, password_hash=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD))
    await verify_password(db, "demo", GOOD)
    async with db.read() as session:
        assert "m=65536,t=3,p=4" in (await session.scalars(select(User.password_hash))).one()
    await verify_password(db, "demo", GOOD)


async def test_the_time_of_an_answer_does_not_tell_who_exists(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A known and an unknown name cost the same work: one hash of the same parameters."""
    looked_at: list[str] = []
    matches = passwords.matches

    async def counted(known: str, password: str) -> bool:
        looked_at.append(known.rsplit("$", 2)[0])
        return await matches(known, password)

    monkeypatch.setattr(passwords, "matches", counted)
    await _user(db)
    await _refused(db, "192.0.2.1")
    await _refused(db, "192.0.2.1", username="ghost")
    assert len(looked_at) == 2
    assert looked_at[0] == looked_at[1]


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


@pytest.mark.parametrize(
    "password",
    [
        "",
        "Short-1",
        "alllowercase",
        "ONLYUPPER123",
        "xDemo-12345",
        "Aa1" * 100,
        "Password-2026",
        "P@ssw0rd123!",
        "Yijiantong1",
        "1qaz@WSX3edc",
        "Aa1-Aa1-Aa1",
    ],
)
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


async def _duties(db: Database, username: str) -> list[str]:
    async with db.read() as session:
        return (await session.scalars(select(User.roles).where(User.username == username))).one()


THREE = (UserRole.SYSTEM_ADMIN, UserRole.SECURITY_ADMIN, UserRole.AUDITOR)


@pytest.mark.clause("S9")
@pytest.mark.parametrize(
    ("roles", "place", "why"),
    [
        ((UserRole.SYSTEM_ADMIN, UserRole.SECURITY_ADMIN), False, "different accounts"),
        ((UserRole.AUDITOR, UserRole.SECURITY_ADMIN), False, "different accounts"),
        ((UserRole.AUDITOR, UserRole.LEAD), False, "goes with no other"),
        ((UserRole.ADMIN, UserRole.AUDITOR), False, "goes with no other"),
        ((UserRole.OFFICIAL,), False, "needs a unit"),
        ((UserRole.AGENT, UserRole.STATION), False, "needs a unit"),
        ((UserRole.SECURITY_ADMIN,), True, "belongs to no unit"),
        ((), False, "at least one"),
    ],
)
async def test_duties_that_do_not_go_together(db: Database, roles: tuple[UserRole, ...], place: bool, why: str) -> None:
    await _user(db)
    async with db.write() as session:
        unit = (await get_or_create(session, OrgKind.CITY, "演示市")).id if place else None
    with pytest.raises(UserProblem, match=why):
        await create_user(db, "anna", GOOD, name="演示", roles=roles, org_unit_id=unit)
    with pytest.raises(UserProblem, match=why):
        await set_roles(db, "demo", roles, org_unit_id=unit)
    assert await _duties(db, "demo") == ["agent"]


async def test_a_place_is_given_and_changed(db: Database) -> None:
    async with db.write() as session:
        city = (await get_or_create(session, OrgKind.CITY, "演示市")).id
        there = (await get_or_create(session, OrgKind.DISTRICT, "示范区", parent=city)).id
    await create_user(db, "anna", GOOD, name="演示", roles=[UserRole.OFFICIAL], org_unit_id=there)
    await set_place(db, "anna", city)
    for unit, why in ((None, "needs a unit"), (999, "no unit 999")):
        with pytest.raises(UserProblem, match=why):
            await set_place(db, "anna", unit)
    await set_roles(db, "anna", [UserRole.LEAD], org_unit_id=None)
    async with db.read() as session:
        told = [row.data for row in await session.scalars(select(AuditEntry).where(AuditEntry.action == "user.place"))]
    assert [(data["before"]["org_unit_id"], data["after"]["org_unit_id"]) for data in told] == [
        (there, city),
        (city, None),
    ]


@pytest.mark.clause("S9")
async def test_the_one_administrator_is_split_when_there_are_three(db: Database) -> None:
    """`admin` is all three until each has an open account; from then on it keeps the machine only."""
    await create_user(db, "root", GOOD, name="演示", roles=[UserRole.ADMIN])
    await create_user(db, "boss", GOOD, name="演示", roles=[UserRole.ADMIN, UserRole.LEAD])
    for role in THREE[:2]:
        await create_user(db, role.replace("_", "."), GOOD, name="演示", roles=[role])
    await create_user(db, "watcher", GOOD, name="演示", roles=[UserRole.AGENT])
    assert await _duties(db, "root") == ["admin"]
    await set_roles(db, "watcher", [UserRole.AUDITOR])
    assert (await _duties(db, "root"), await _duties(db, "boss")) == (["system_admin"], ["lead"])
    async with db.read() as session:
        split = (await session.scalars(select(AuditEntry).where(AuditEntry.actor == SPLIT))).all()
    assert [(entry.action, entry.data["after"]) for entry in split] == [
        ("user.roles", {"roles": ["lead"]}),
        ("user.roles", {"roles": ["system_admin"]}),
    ]
    with pytest.raises(UserProblem, match="no admin any more"):
        await set_roles(db, "boss", [UserRole.ADMIN])
    await set_active(db, "watcher", False)
    await set_roles(db, "boss", [UserRole.ADMIN])  # the way back, while one of the three is missing
    await set_active(db, "watcher", True)
    assert await _duties(db, "boss") == ["system_admin"]
