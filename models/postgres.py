"""How we speak to PostgreSQL: nothing is asked for ever, of a server that hangs as little as of one that is slow.

No session, no table. `models/database.py` is the only user.
"""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from psycopg import AsyncConnection, OperationalError, waiting
from psycopg.abc import PQGen
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

T = TypeVar("T")

# What we call written must outlive the server's death, also where the server is set to answer before it is.
_COMMIT_IS_DURABLE = """
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""

CONNECT_TIMEOUT = 5  # seconds; libpq knows whole ones only
ANSWER_WITHIN = 10.0  # seconds for one statement: as long as SQLite waits for a lock
_SERVER_FIRST = 1.0  # seconds by which a server that lives gives up before we do, and says what it waited for
_LEFT_ALONE = 60.0  # seconds after which the server ends a transaction of somebody who has vanished


class TimedConnection(AsyncConnection[Any]):
    """Closes itself when an answer does not come in time, and when its task is cancelled: psycopg would ask the server
    to stop what it does, and wait for it, which a server that hangs never answers."""

    answer_within = ANSWER_WITHIN

    async def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        try:
            async with asyncio.timeout(self.answer_within if timeout is None else timeout):
                return await waiting.wait_async(gen, self.pgconn.socket, interval=interval)
        except TimeoutError:
            self.pgconn.finish()
            raise OperationalError(f"no answer within {self.answer_within:g} s") from None
        except asyncio.CancelledError:
            self.pgconn.finish()
            raise


def postgres_engine(url: URL, *, answer_within: float = ANSWER_WITHIN, **options: Any) -> AsyncEngine:
    """`answer_within`: seconds for each statement, here and at the server."""
    connect_args = {"connect_timeout": CONNECT_TIMEOUT, "async_creator_fn": TimedConnection.connect}
    engine = create_async_engine(url, hide_parameters=True, connect_args=connect_args, **options)
    limits = {"statement_timeout": answer_within - _SERVER_FIRST, "idle_in_transaction_session_timeout": _LEFT_ALONE}

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        connection.driver_connection.answer_within = answer_within
        cursor = connection.cursor()
        for name, seconds in limits.items():
            cursor.execute(f"SET {name} = {int(seconds * 1000)}")
        cursor.execute("SET jit = off")  # to compile one of our statements takes far longer than to run it
        cursor.execute(_COMMIT_IS_DURABLE)
        cursor.close()
        connection.commit()

    return engine
