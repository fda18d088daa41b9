"""Virtual time: the house reads its clock in `models.base` alone, so it is held there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta, tzinfo
from unittest.mock import patch


class Clock:
    """`now` is aware. It is put forward by whoever plays, and never goes by itself."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    @property
    def today(self) -> date:
        return self.now.astimezone().date()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, this is the time for the house."""
        clock = self

        class Held(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                here = clock.now.astimezone(tz)
                return here if tz is not None else here.replace(tzinfo=None)

        with patch("models.base.datetime", Held):
            yield


def moment(day: date, hour: float) -> datetime:
    """This hour of this day, here: 8.5 is half past eight."""
    return (datetime.combine(day, time.min) + timedelta(hours=hour)).astimezone()
