"""API tokens of programs: made and ended by an operator. Only a hash is kept; how a request is recognised by one is the
web's business."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from secrets import token_urlsafe

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit
from models.base import utc_now
from models.database import Database
from models.people import OPERATOR, User, UserProblem
from models.web_sessions import ApiToken


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


async def issue_token(
    db: Database, username: str, *, name: str, life: timedelta, by: str = OPERATOR
) -> tuple[str, datetime]:
    """A new bearer token, told this once, and when it ends.

    Raises:
        UserProblem: there is no such user.
    """
    token, expires_at = token_urlsafe(32), utc_now() + life
    async with db.write() as session:
        user = await session.scalar(select(User.id).where(User.username == username))
        if user is None:
            raise UserProblem(f"没有用户 {username} / there is no user {username}")
        row = ApiToken(user_id=user, name=name, key_hash=hash_of(token), expires_at=expires_at)
        session.add(row)
        await session.flush()
        audit(session, by, "token.issue", f"user:{user}", token=row.id, expires_at=expires_at)
    return token, expires_at


async def list_tokens(session: AsyncSession) -> list[Mapping[str, object]]:
    """Number, user, name, times; oldest first."""
    rows = await session.execute(select(ApiToken, User.username).join(User).order_by(ApiToken.id))
    return [
        {
            "id": token.id,
            "username": username,
            "name": token.name,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
        }
        for token, username in rows
    ]


async def revoke_token(session: AsyncSession, number: int, *, by: str = OPERATOR) -> bool:
    """The token is good for nothing any more; False when there is none of this number."""
    ended = delete(ApiToken).where(ApiToken.id == number).returning(ApiToken.user_id)
    user = await session.scalar(ended)
    if user is not None:
        audit(session, by, "token.revoke", f"user:{user}", token=number)
    return user is not None
