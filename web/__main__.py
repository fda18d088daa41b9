"""`python -m web`: the web process. Reads settings and secrets, serves until SIGTERM or Ctrl-C."""

import gc

# What is loaded below stays for ever; looking through it for garbage meanwhile is a tenth of the whole start.
gc.disable()

import sys

from aiohttp import web

from home.secrets import Secrets, SecretsError
from home.settings import Settings, SettingsError
from models.database import DatabaseUnavailable
from web import logs
from web.app import make_app

gc.enable()


def main() -> int:
    """Exit status 0 after a stop that was asked for, 2 for wrong settings, 1 when the port is taken."""
    logs.set_up()
    try:
        settings = Settings.load()
        app = make_app(settings, Secrets.load_or_create(settings.home))
    except (SettingsError, SecretsError, DatabaseUnavailable) as error:
        print(error, file=sys.stderr)
        return 2
    gc.freeze()  # to look through all this again and again would hold up a page for a fifth of a second
    try:
        web.run_app(
            app,
            host=settings.web_host,
            port=settings.web_port,
            access_log=None,
            print=None,
            shutdown_timeout=5,
        )
    except OSError as error:
        port = f"{settings.web_host}:{settings.web_port}"
        print(
            f"{port} 无法使用，请更改 YJT_WEB_PORT 或 YJT_WEB_HOST / cannot be used ({error.strerror}): "
            "change YJT_WEB_PORT or YJT_WEB_HOST, or stop what listens there",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
