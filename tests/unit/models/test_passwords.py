"""The hash that stands in for an unknown user's: as much work as a real one, and nobody's."""

from __future__ import annotations

from models import passwords


async def test_an_unknown_users_password_costs_the_same_work_and_is_never_right() -> None:
    assert not passwords.is_outdated(passwords.NOBODY)
    shape, own = ([len(part) for part in known.split("$")] for known in (passwords.NOBODY, await passwords.hashed("x")))
    assert shape == own
    assert not await passwords.matches(passwords.NOBODY, "")
