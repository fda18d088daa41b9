"""The application: what it is made of and in which order. No page, no rule."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from aiohttp import WSCloseCode, web
from aiohttp_session import session_middleware
from yarl import URL

from home.secrets import Secrets
from home.settings import Settings
from models.database import Database
from models.house_policy import Fixed
from web import api, guard, keys, limits, logs, pages, security, sessions
from web.accounts import Accounts
from web.archiving import ARCHIVES, Archives
from web.care_clock import CareClock
from web.codes import CODES, Codes
from web.condition import Looking
from web.controller.client import Controller
from web.controller.mirror import Mirror
from web.exchange import Exchange
from web.feed import Feed
from web.handing_over import hand_over_later
from web.ice import Servers
from web.importing import Imports
from web.keeping import keep_audit, keep_photos
from web.ladder_log import LadderLog
from web.metrics import Metrics, measuring
from web.origin import origins
from web.overdue import OVERDUE, Overdue
from web.policy_now import POLICY_NOW, PolicyNow
from web.render import STATIC, make_environment
from web.report_keeping import keep_reports
from web.reveals import Reveals
from web.sampling import draw_visits
from web.settling import settle_months
from web.texts import load_texts
from web.throttle import Limits, Throttle
from web.wallboard import Wallboard
from web.watching import Figures

LARGEST_REQUEST: Final = 256 * 1024


def make_app(settings: Settings, secrets: Secrets) -> web.Application:
    """The whole web process as an aiohttp application; nothing is connected before it starts. Raises SecretsError."""
    metrics = Metrics()
    database = Database(settings.database_url)
    feed = Feed()
    mirror = Mirror(feed)
    accounts = Accounts(database, in_a_case=lambda seat: mirror.on_screen(seat) is not None)
    app = web.Application(
        client_max_size=LARGEST_REQUEST,
        middlewares=[
            logs.access_log,
            measuring(metrics),
            origins,
            security.visits,
            guard.problems,
            session_middleware(sessions.DatabaseStorage(accounts)),
            sessions.who_is_asking,
            limits.rates,
            limits.bodies,
            security.forged_requests,
        ],
    )
    controllers = [URL.build(scheme="http", host="127.0.0.1", port=port) for port in settings.control_ports]
    app[keys.SETTINGS] = settings
    app[keys.SECRETS] = secrets
    app[keys.DATABASE] = database
    app[keys.ACCOUNTS] = accounts
    app[keys.METRICS] = metrics
    app[keys.TEXTS] = load_texts()
    app[keys.TEMPLATES] = make_environment()
    app[keys.FEED] = feed
    app[keys.MIRROR] = mirror
    app[keys.CONTROLLER] = Controller(controllers, secrets.control_token)
    app[keys.EXCHANGE] = Exchange(settings, database)
    app[keys.LOOKING] = Looking(settings, secrets, database, app[keys.CONTROLLER])
    app[keys.FIGURES] = Figures(
        metrics,
        app[keys.LOOKING],
        database,
        app[keys.CONTROLLER],
        ladder=LadderLog(settings.home / "asterisk" / "log" / "sos.log"),
        words=app[keys.TEXTS]["zh"],
    )
    app[keys.WALLBOARD] = Wallboard(database)
    app[CODES] = Codes(database)
    app[POLICY_NOW] = PolicyNow(database, Fixed.of(settings))
    app[keys.SOCKETS] = set()
    app[keys.PHONES] = {}
    app[keys.ICE] = Servers.of(settings, secrets)
    app[keys.REVEALS] = Reveals()
    app[keys.LOGINS] = Throttle(burst=10, per_minute=20)
    app[keys.LIMITS] = Limits()
    app[keys.IMPORTS] = Imports(settings, database)
    app[ARCHIVES] = Archives(settings, database, app[keys.TEMPLATES])
    app[OVERDUE] = Overdue(database, Fixed.of(settings))
    app.on_response_prepare.append(security.add_headers)
    app.on_shutdown.append(_say_goodbye)
    app.cleanup_ctx.extend([_database, _controller])
    app.router.add_static("/static/", Path(STATIC), append_version=False)
    pages.add_routes(app)
    api.add_routes(app)
    return app


async def _say_goodbye(app: web.Application) -> None:
    """Live clients are told to come back, so that a restart does not wait for them."""
    sockets = app[keys.SOCKETS]
    for socket in tuple(sockets):
        await socket.close(code=WSCloseCode.SERVICE_RESTART, message=b"restart")


async def _database(app: web.Application) -> AsyncIterator[None]:
    yield
    await app[keys.DATABASE].close()


async def _controller(app: web.Application) -> AsyncIterator[None]:
    async with app[keys.CONTROLLER] as controller:
        tasks = (
            asyncio.create_task(app[keys.MIRROR].run(controller), name="mirror"),
            asyncio.create_task(hand_over_later(app[keys.DATABASE], controller), name="hand-over"),
            asyncio.create_task(app[keys.FIGURES].watch_the_loop(), name="loop-lag"),
            asyncio.create_task(keep_audit(app[keys.DATABASE]), name="audit"),
            asyncio.create_task(keep_photos(app[keys.DATABASE], app[keys.SETTINGS]), name="photos"),
            asyncio.create_task(app[keys.IMPORTS].watch(), name="imports"),
            asyncio.create_task(app[ARCHIVES].watch(), name="archives"),
            asyncio.create_task(keep_reports(app[keys.DATABASE]), name="reports"),
            asyncio.create_task(draw_visits(app[keys.DATABASE], Fixed.of(app[keys.SETTINGS])), name="visits"),
            asyncio.create_task(settle_months(app[keys.DATABASE], Fixed.of(app[keys.SETTINGS])), name="settlement"),
        )
        clock = CareClock(app[keys.DATABASE], app[POLICY_NOW])
        clock.start()
        yield
        clock.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await app[OVERDUE].close()
