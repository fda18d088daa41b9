"""`python -m web.import_worker NUMBER RUN`: one step of one import, in a process of its own.

The web process goes on answering meanwhile, and loses nothing when a sheet that got past every check breaks its reader:
this process may use so much memory and no more. It ends with the web process, and what it leaves is found
(`importing.py`). Never a page here.
"""

import asyncio
import os
import resource
import sys
from contextlib import suppress
from typing import Final

from home.failures import where_it_failed
from home.settings import Settings
from models.database import Database, DatabaseUnavailable
from models.import_steps import ImportWork
from models.imports import GivenUp, ImportState, find_import
from web import logs
from web.logs import log

GIVES_WAY: Final = 10  # nice, while nothing is written: calls come first
MOST_MEMORY: Final = 4 * 1024**3  # bytes of address space; 100 000 rows take a third of it


async def work(settings: Settings, number: int, run: int) -> int:
    """Exit status: 0 when the step was done or is somebody else's now."""
    database = Database(settings.database_url)
    try:
        async with database.read() as session:
            state = (await find_import(session, number)).state
        if state not in (ImportState.WRITING, ImportState.TAKING_BACK, ImportState.UNDOING):
            with suppress(OSError):  # never while it writes: who gives way with SQLite's lock in hand makes others wait
                os.nice(GIVES_WAY)
        await ImportWork(database, settings.home, settings.area_code, number, run).do()
    except GivenUp:
        log.info("import_given_up", number=number)
    except (DatabaseUnavailable, OSError) as problem:
        log.error("import_failed", number=number, **where_it_failed(problem))
        return 1
    except Exception as error:  # noqa: BLE001 - the process's outermost guard: nothing personal may reach the log
        log.error("import_failed", number=number, **where_it_failed(error))
        return 1
    finally:
        await database.close()
    return 0


def main() -> int:
    logs.set_up()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    number, run = map(int, sys.argv[1:3])
    return asyncio.run(work(Settings.load(), number, run))


if __name__ == "__main__":
    sys.exit(main())
