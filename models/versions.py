"""Records that several people may change at once: each has a version, and a change made from an old one is refused."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.orm.exc import StaleDataError


class Versioned:
    """`version` is counted up by each change: a form that was filled in beside another is refused."""

    version: Mapped[int] = mapped_column(default=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - called with the class
        return {"version_id_col": cls.version}


Record = TypeVar("Record", bound=Versioned)


def fingerprint(*values: object) -> int:
    """The version of a record that has no column for it: another one whenever these values of it are others."""
    return zlib.crc32(json.dumps(values, ensure_ascii=False, default=str).encode())


class NoSuchRecord(Exception):
    """There is no record of this id."""


class VersionConflict(Exception):
    """Somebody else changed the record meanwhile; it has version `current` now."""

    def __init__(self, current: int) -> None:
        super().__init__(f"the record has version {current} now")
        self.current = current


@asynccontextmanager
async def changing(session: AsyncSession, record: Record | None, *, version: int | None) -> AsyncIterator[Record]:
    """What the block changes is written at its end. `version` is the one that the change was made from, None when
    nobody had read the record before.

    Raises:
        NoSuchRecord: there is none.
        VersionConflict: the record has changed since, before the block or beside it.
    """
    if record is None:
        raise NoSuchRecord
    present = record.version
    if version is not None and version != present:
        raise VersionConflict(present)
    try:
        yield record
        await session.flush()
    except StaleDataError:
        raise VersionConflict(present + 1) from None
