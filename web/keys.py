"""What the application and each request carry, each under a typed key. Nothing else is hung on them."""

from collections.abc import Mapping

import jinja2
from aiohttp import web

from home.secrets import Secrets
from home.settings import Settings
from models.database import Database
from web.accounts import Account, Accounts
from web.condition import Looking
from web.controller.client import Controller
from web.controller.mirror import Mirror
from web.exchange import Exchange
from web.feed import Feed
from web.ice import Servers
from web.importing import Imports
from web.metrics import Metrics
from web.reveals import Reveals
from web.texts import Lang, Texts
from web.throttle import Limits, Throttle
from web.wallboard import Wallboard
from web.watching import Figures

SETTINGS = web.AppKey("settings", Settings)
SECRETS = web.AppKey("secrets", Secrets)
DATABASE = web.AppKey("database", Database)
ACCOUNTS = web.AppKey("accounts", Accounts)
CONTROLLER = web.AppKey("controller", Controller)
MIRROR = web.AppKey("mirror", Mirror)
EXCHANGE = web.AppKey("exchange", Exchange)
FEED = web.AppKey("feed", Feed)
METRICS = web.AppKey("metrics", Metrics)
TEXTS = web.AppKey("texts", Mapping[Lang, Texts])
TEMPLATES = web.AppKey("templates", jinja2.Environment)
REVEALS = web.AppKey("reveals", Reveals)
SOCKETS = web.AppKey("sockets", set[web.WebSocketResponse])
ICE = web.AppKey("ice", Servers)
PHONES = web.AppKey("phones", dict[str, web.WebSocketResponse])  # in pages, by seat
LOOKING = web.AppKey("looking", Looking)
FIGURES = web.AppKey("figures", Figures)
WALLBOARD = web.AppKey("wallboard", Wallboard)
LOGINS = web.AppKey("logins", Throttle)
LIMITS = web.AppKey("limits", Limits)
IMPORTS = web.AppKey("imports", Imports)

ACCOUNT = web.RequestKey("account", Account)
BEARER = web.RequestKey("bearer", bool)
VISIT = web.RequestKey("visit", str)
