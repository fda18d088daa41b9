"""`python -m ari_app`: the controller of one home, until it is told to stop."""

from __future__ import annotations

import asyncio
import sys

from ari_app import bootstrap, logs
from home.secrets import Secrets, SecretsError
from home.settings import Settings, SettingsError
from ivr.policy import PolicyError
from models.database import DatabaseUnavailable


def main() -> int:
    try:
        settings = Settings.load()
        settings.prepare_home()
        logs.configure()
        asyncio.run(bootstrap.run(settings, Secrets.load_or_create(settings.home)))
    except (
        SettingsError,
        SecretsError,
        PolicyError,
        DatabaseUnavailable,
        bootstrap.AlreadyRunning,
        bootstrap.Broken,
    ) as problem:
        print(problem, file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"{problem} (YJT_CONTROL_PORT)", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
