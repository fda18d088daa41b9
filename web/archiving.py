"""A year's complaints as one ZIP (H8): an index as a workbook, a page for each complaint with its steps and opinions,
and the recordings of its call. Made beside the requests, with its progress on record; what it is for stands in
`models/complaint_archives.py`."""

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import jinja2
from aiohttp import web

from home.failures import where_it_failed
from home.settings import Settings
from home.sound_files import hash_of
from models.audit import audit
from models.base import utc_now
from models.complaint_archives import (
    ALIVE_EVERY,
    ArchiveState,
    ComplaintArchive,
    GivenUp,
    alive,
    broken_off,
    over_age,
    path_of,
    silent,
)
from models.database import Database, DatabaseUnavailable
from models.house_policy import Fixed, office_hours
from models.people import list_users
from models.queries.complaints import count_complaints, list_complaints, recordings_of, steps_of
from models.queries.suppliers import names_of_suppliers
from web.archive_file import ArchiveFile, Asked, remove
from web.logs import log
from web.repeating import again_and_again

AT_ONCE: Final = 50
FIRST_AFTER: Final = 2.0  # seconds: pages are served first
LOOK_EVERY: Final = 30.0


class Archives:
    """Who is at work on which archive."""

    def __init__(self, settings: Settings, database: Database, templates: jinja2.Environment) -> None:
        self._settings = settings
        self._database = database
        self._templates = templates
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, asked: Asked) -> None:
        task = asyncio.create_task(self._follow(asked), name=f"archive-{asked.number}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def watch(self) -> None:
        """For ever: say of those whose maker is gone that they broke off; remove what is over age."""
        try:
            await again_and_again(
                self._look, every=LOOK_EVERY, first=FIRST_AFTER, failure="archives cannot be looked after"
            )
        finally:
            for task in tuple(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _look(self) -> None:
        """Most often there is nothing to be done: SQLite has one writer, who is needed for calls."""
        now = utc_now()
        async with self._database.read() as session:
            is_left, is_old = await silent(session, now), bool(await over_age(session, now))
        if is_left:
            async with self._database.write() as session:
                left = await broken_off(session, now)
            for number in left:
                await asyncio.to_thread(remove, path_of(self._settings.home, number))
        if is_old:
            await self._tidy()

    async def _follow(self, asked: Asked) -> None:
        """One archive, and what becomes of it when it fails, or when this process ends."""
        living = asyncio.create_task(self._show_life(asked.number), name=f"archive-{asked.number}-lives")
        try:
            await self._make(asked)
        except GivenUp:
            log.warning("archive_given_up", number=asked.number)
            await asyncio.to_thread(remove, path_of(self._settings.home, asked.number))
        except asyncio.CancelledError:
            await self._failed(asked.number)
            raise
        except Exception as error:  # noqa: BLE001 - the task's outermost guard
            log.error("archive_failed", number=asked.number, **where_it_failed(error))
            await self._failed(asked.number)
        finally:
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)

    async def _failed(self, number: int) -> None:
        await asyncio.to_thread(remove, path_of(self._settings.home, number))
        with suppress(DatabaseUnavailable, GivenUp):
            await self._told(number, state=ArchiveState.FAILED, ended_at=utc_now())

    async def _show_life(self, number: int) -> None:
        """Until it is cancelled, or the archive is not ours any more, which whoever makes it finds as well."""
        with suppress(GivenUp):
            while True:
                await asyncio.sleep(ALIVE_EVERY)
                with suppress(DatabaseUnavailable):
                    async with self._database.write() as session:
                        await alive(session, number)

    async def _make(self, asked: Asked) -> None:
        async with self._database.read() as session:
            row = await session.get_one(ComplaintArchive, asked.number)
            office = await office_hours(session, Fixed.of(self._settings))
            since, until = year_of(row.year)
            total = await count_complaints(session, scope=asked.scope, office=office, since=since, until=until)
            people = {f"user:{user.id}": user.name for user in await list_users(session)}
            people |= {f"supplier:{number}": name for number, name in (await names_of_suppliers(session)).items()}
        await self._told(asked.number, total=total)
        path = path_of(self._settings.home, asked.number)
        await asyncio.to_thread(path.parent.mkdir, mode=0o700, parents=True, exist_ok=True)
        making = ArchiveFile(self._settings, self._templates, asked, people, path, whole=row.whole)
        await asyncio.to_thread(making.open)
        try:
            done, after = 0, None
            while True:
                async with self._database.read() as session:
                    page = await list_complaints(
                        session, scope=asked.scope, office=office, since=since, until=until, limit=AT_ONCE, after=after
                    )
                    found = [(view, await steps_of(session, view.id)) for view in page.items]
                    sounds = {view.id: await recordings_of(session, view.case) for view in page.items}
                for view, steps in found:
                    await asyncio.to_thread(making.add, view, steps, sounds[view.id])
                done += len(found)
                await self._told(asked.number, done=done, recordings=making.recordings)
                if page.next is None:
                    break
                after = int(page.next)
        finally:
            await asyncio.to_thread(making.close)
        size = (await asyncio.to_thread(path.stat)).st_size
        digest = await asyncio.to_thread(hash_of, path)
        await self._told(asked.number, state=ArchiveState.DONE, size=size, sha256=digest, ended_at=utc_now())

    async def _told(self, number: int, **values: Any) -> None:
        """Raises GivenUp."""
        async with self._database.write() as session:
            await alive(session, number)
            row = await session.get_one(ComplaintArchive, number)
            for name, value in values.items():
                setattr(row, name, value)
            if row.state is ArchiveState.DONE:
                told: dict[str, Any] = {
                    "year": row.year,
                    "complaints": row.done,
                    "recordings": row.recordings,
                    "sha256": row.sha256,
                }
                audit(session, row.asked_by, "complaint_archive.made", f"archive:{number}", **told)

    async def _tidy(self) -> None:
        async with self._database.write() as session:
            for row in await over_age(session, utc_now()):
                await asyncio.to_thread(path_of(self._settings.home, row.id).unlink, missing_ok=True)
                row.state = ArchiveState.REMOVED
                audit(session, "system", "complaint_archive.removed", f"archive:{row.id}")


def year_of(year: int) -> tuple[datetime, datetime]:
    """When this year begins and ends here."""
    return datetime(year, 1, 1).astimezone(), datetime(year + 1, 1, 1).astimezone()


ARCHIVES = web.AppKey("archives", Archives)
