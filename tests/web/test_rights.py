"""Who reaches what: every route of the application, with every role and with nobody. A route without a row fails."""

from __future__ import annotations

import re
from datetime import timedelta
from secrets import token_urlsafe

import pytest
from sqlalchemy import select

from models.base import utc_now
from models.people import User, UserRole
from models.web_sessions import ApiToken
from tests.web.conftest import House
from web.accounts import hash_of

# One letter for each role; the order is that of the rows below.
ROLES = {
    "A": UserRole.ADMIN,
    "L": UserRole.LEAD,
    "G": UserRole.AGENT,
    "P": UserRole.PROFESSIONAL,
    "R": UserRole.REVIEWER,
    "D": UserRole.DISPATCHER,
    "M": UserRole.MAINTENANCE,
    "U": UserRole.AUDITOR,
    "W": UserRole.GATEWAY,
}
# Route; who is let in; what they are answered (there is no such record, nothing was sent); what nobody is answered:
# 303 leads to the log-in. Everybody else is answered 403.
TABLE = """
GET /                                       all     303 303
GET /admin                                  A       303 303
GET /admin/days                             A       200 303
POST /admin/days                            A       400 403
GET /admin/numbers                          A       200 303
POST /admin/numbers/duty                    A       400 403
GET /admin/places                           A       200 303
POST /admin/places                          A       422 403
GET /admin/places/{id}                      A       404 303
POST /admin/places/{id}                     A       404 403
POST /admin/places/{id}/remove              A       400 403
GET /admin/policy                           A       200 303
POST /admin/policy/{name}                   A       422 403
GET /admin/prompts                          A       200 303
POST /admin/prompts/{lang}/{name}           A       404 403
POST /admin/prompts/{lang}/{name}/default   A       404 403
POST /admin/prompts/{lang}/{name}/takes     A       404 403
GET /admin/prompts/{lang}/{name}/takes/{take} A     404 303
POST /admin/prompts/{lang}/{name}/takes/{take} A    404 403
GET /admin/prompts/{lang}/{name}/takes/{take}/sound A 404 303
GET /admin/seats                            A       200 303
POST /admin/seats                           A       422 403
GET /admin/seats/{extension}                A       404 303
POST /admin/seats/{extension}               A       400 403
POST /admin/seats/{extension}/password      A       404 403
POST /admin/seats/{extension}/remove        A       400 403
GET /admin/users                            A       200 303
POST /admin/users                           A       422 403
GET /admin/users/{username}                 A       404 303
POST /admin/users/{username}                A       400 403
POST /admin/users/{username}/active         A       400 403
POST /admin/users/{username}/password       A       404 403
POST /admin/users/{username}/unlock         A       404 403
GET /audit                                  AU      200 303
GET /audit/export                           AU      200 303
GET /board                                  ALGPRDM 200 303
GET /cases                                  ALGPRD  200 303
GET /cases/{id}                             ALGPRD  404 303
GET /complaints                             ALGPR   200 303
GET /desk                                   ALGP    200 303
GET /elders                                 ALGPRD  200 303
GET /elders/new                             ALGP    200 303
POST /elders/new                            ALGP    422 403
GET /elders/{id}                            ALGPRD  404 303
POST /elders/{id}/delete                    ALGP    400 403
GET /elders/{id}/edit                       ALGP    404 303
POST /elders/{id}/edit                      ALGP    404 403
GET /exception-reports                      AL      200 303
POST /exception-reports/{id}                AL      422 403
GET /follow-ups                             ALGPD   200 303
POST /follow-ups/{id}                       ALGPD   422 403
GET /fragments/board                        ALGPRDM 200 401
GET /fragments/cases/{id}                   ALGPRD  404 401
GET /fragments/desk                         ALGP    200 401
GET /health                                 all     200 200
POST /language                              all     303 403
GET /login                                  all     303 200
POST /login                                 all     401 403
POST /logout                                all     303 403
GET /metrics                                all     200 200
GET /orders                                 ALGPD   200 303
GET /ready                                  all     200 200
GET /terminals                              ALDM    200 303
GET /terminals/export                       ALDM    200 303
POST /api/v1/alarms                         ALGPW   415 401
GET /api/v1/audit                           AU      200 401
GET /api/v1/cases                           ALGPRD  200 401
GET /api/v1/cases/{id}                      ALGPRD  404 401
POST /api/v1/cases/{id}/actions             ALGP    415 401
GET /api/v1/cases/{id}/messages             ALGPRD  404 401
POST /api/v1/cases/{id}/shown               ALGP    415 401
GET /api/v1/complaints                      ALGPR   200 401
GET /api/v1/docs                            all     200 401
GET /api/v1/elders                          ALGPRD  200 401
POST /api/v1/elders                         ALGP    415 401
DELETE /api/v1/elders/{id}                  ALGP    422 401
GET /api/v1/elders/{id}                     ALGPRD  404 401
PATCH /api/v1/elders/{id}                   ALGP    415 401
GET /api/v1/elders/{id}/contacts            ALGPRD  404 401
POST /api/v1/elders/{id}/contacts           ALGP    415 401
DELETE /api/v1/elders/{id}/contacts/{part}  ALGP    404 401
GET /api/v1/elders/{id}/contacts/{part}     ALGPRD  404 401
PATCH /api/v1/elders/{id}/contacts/{part}   ALGP    415 401
GET /api/v1/elders/{id}/terminals           ALGPRD  404 401
POST /api/v1/elders/{id}/terminals          ALGP    415 401
DELETE /api/v1/elders/{id}/terminals/{part} ALGP    404 401
GET /api/v1/elders/{id}/terminals/{part}    ALGPRD  404 401
PATCH /api/v1/elders/{id}/terminals/{part}  ALGP    415 401
GET /api/v1/exception-reports               AL      200 401
PATCH /api/v1/exception-reports/{id}        AL      415 401
GET /api/v1/follow-ups                      ALGPD   200 401
PATCH /api/v1/follow-ups/{id}               ALGPD   415 401
GET /api/v1/health                          all     200 200
GET /api/v1/live                            ALGPRDM 400 401
POST /api/v1/login                          all     415 415
POST /api/v1/logout                         all     200 401
GET /api/v1/me                              all     200 401
GET /api/v1/metrics                         all     200 200
GET /api/v1/openapi.json                    all     200 200
GET /api/v1/orders                          ALGPD   200 401
GET /api/v1/ready                           all     200 200
GET /api/v1/recordings/{id}                 ALGPR   404 401
GET /api/v1/recordings/{id}/proof           ALGPR   404 401
POST /api/v1/reveals                        ALGPD   415 401
GET /api/v1/seats                           ALGPRDM 200 401
POST /api/v1/seats/{extension}/state        all     415 401
POST /api/v1/terminal-tests                 ALDM    415 401
GET /api/v1/terminals                       ALDM    200 401
GET /api/v1/duty-phones                     A       200 401
PUT /api/v1/duty-phones                     A       415 401
GET /api/v1/places                          A       200 401
POST /api/v1/places                         A       415 401
DELETE /api/v1/places/{id}                  A       422 401
PATCH /api/v1/places/{id}                   A       415 401
GET /api/v1/policy                          A       200 401
PUT /api/v1/policy/{name}                   A       415 401
GET /api/v1/prompts                         A       200 401
DELETE /api/v1/prompts/{lang}/{name}        A       404 401
GET /api/v1/prompts/{lang}/{name}           A       404 401
PUT /api/v1/prompts/{lang}/{name}           A       415 401
GET /api/v1/seat-records                    A       200 401
POST /api/v1/seat-records                   A       415 401
DELETE /api/v1/seat-records/{extension}     A       422 401
PATCH /api/v1/seat-records/{extension}      A       415 401
POST /api/v1/seat-records/{extension}/password A    404 401
GET /api/v1/users                           A       200 401
POST /api/v1/users                          A       415 401
PATCH /api/v1/users/{username}              A       415 401
POST /api/v1/users/{username}/password      A       404 401
GET /api/v1/working-days/{year}             A       200 401
PUT /api/v1/working-days/{year}             A       415 401
POST /api/v1/users/{username}/unlock        A       404 401
"""


async def _token(house: House, letter: str) -> str:
    """A bearer token of somebody of this role."""
    token, role = token_urlsafe(16), ROLES[letter]
    async with house.db.write() as session:
        user = await session.scalar(select(User).where(User.username == f"role-{role}"))
        if user is None:
            user = User(username=f"role-{role}", password_hash="-", name=str(role), roles=[str(role)])
            session.add(user)
            await session.flush()
        later = utc_now() + timedelta(hours=1)
        session.add(ApiToken(user_id=user.id, name="test", key_hash=hash_of(token), expires_at=later))
    return token


def _routes(house: House) -> list[str]:
    """`METHOD /path/{part}` of every route, static files apart: those are for everybody."""
    return sorted(
        {
            f"{route.method} {route.resource.canonical}"
            for route in house.app.router.routes()
            if route.resource is not None and route.method != "HEAD" and route.resource.canonical != "/static"
        }
    )


async def _ask(house: House, route: str, token: str | None) -> int:
    """With nothing but who is asking: no record of these ids, no body."""
    method, path = route.split()
    address = re.sub(r"{\w+}", "999", path)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = await house.client.request(method, address, headers=headers, allow_redirects=False)
    return answer.status


def _rows() -> dict[str, tuple[str, int, int]]:
    rows = {}
    for line in TABLE.strip().splitlines():
        method, path, who, let_in, nobody = line.split()
        rows[f"{method} {path}"] = ("".join(ROLES) if who == "all" else who, int(let_in), int(nobody))
    return rows


def test_every_route_has_a_row(sqlite_house: House) -> None:
    assert _routes(sqlite_house) == sorted(_rows())


@pytest.mark.parametrize("letter", ROLES)
async def test_a_role_reaches_what_it_may_and_nothing_else(sqlite_house: House, letter: str) -> None:
    rows, token = _rows(), await _token(sqlite_house, letter)
    last = sorted(rows, key=lambda route: route.endswith("/logout"))  # which ends the token
    found = {route: await _ask(sqlite_house, route, token) for route in last}
    assert found == {route: let_in if letter in who else 403 for route, (who, let_in, _) in rows.items()}


async def test_nobody_reaches_anything_but_the_door(sqlite_house: House) -> None:
    rows = _rows()
    found = {route: await _ask(sqlite_house, route, None) for route in rows}
    assert found == {route: nobody for route, (_, _, nobody) in rows.items()}
    open_to_all = {route for route, status in found.items() if status == 200}
    operator = {f"GET {root}/{name}" for root in ("", "/api/v1") for name in ("health", "ready", "metrics")}
    assert open_to_all == {"GET /login", "GET /api/v1/openapi.json", *operator}


async def test_nobody_sets_a_seat_that_is_not_theirs(sqlite_house: House) -> None:
    for letter, status in (("A", 200), ("L", 200), ("G", 403), ("R", 403), ("M", 403), ("U", 403), ("W", 403)):
        headers = {"Authorization": f"Bearer {await _token(sqlite_house, letter)}"}
        body = {"state": "paused", "reason": "rest"}
        answer = await sqlite_house.client.post("/api/v1/seats/801/state", json=body, headers=headers)
        assert answer.status == status, letter
