"""`python -m ari_app [--second]`: one of the controllers of a home, until it is told to stop."""

from __future__ import annotations

import gc

# What is loaded below stays for ever; looking through it for garbage meanwhile is a tenth of the whole start.
gc.disable()

import asyncio
import sys

from ari_app import logs, process
from home.secrets import Secrets, SecretsError
from home.settings import Settings, SettingsError
from ivr.policy import PolicyError
from models.database import DatabaseUnavailable

gc.enable()


def main(words: list[str]) -> int:
    if words not in ([], ["--second"]):
        print(__doc__, file=sys.stderr)
        return 2
    place = process.Place.SECOND if words else process.Place.FIRST
    try:
        settings = Settings.load()
        settings.prepare_home()
        logs.configure()
        asyncio.run(process.run(settings, Secrets.load_or_create(settings.home), place))
    except (
        SettingsError,
        SecretsError,
        PolicyError,
        DatabaseUnavailable,
        process.AlreadyRunning,
        process.Broken,
    ) as problem:
        print(problem, file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"{problem} ({place.setting})", file=sys.stderr)
        return 1
    return 0


sys.exit(main(sys.argv[1:]))
