"""Pages from templates: the jinja environment, its filters, what every page knows. No page lives here."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2
from aiohttp import web

from models.settlement.shares import yuan
from web import rights
from web.keys import ACCOUNT, MIRROR, SETTINGS, TEMPLATES, TEXTS
from web.menu import menu_of
from web.origin import LANG_COOKIE
from web.security import csrf_token
from web.texts import Lang, Texts, as_lang

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"


@cache
def make_environment() -> jinja2.Environment:
    """One for the whole process: it keeps what it has compiled."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        enable_async=False,
    )
    environment.filters.update(clock=clock, day=day, stamp=stamp, iso=iso, age=age, left=left, span=span, spoken=spoken)
    environment.filters.update(yuan=yuan)
    environment.globals.update(static=static_url)
    return environment


def lang_of(request: web.Request) -> Lang:
    """The language that was switched to, else the account's, else the platform's."""
    account = request.get(ACCOUNT)
    default = as_lang(account.lang if account else None, request.app[SETTINGS].lang)
    return as_lang(request.cookies.get(LANG_COOKIE), default)


def texts_of(request: web.Request) -> Texts:
    return request.app[TEXTS][lang_of(request)]


def render(
    request: web.Request, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> web.Response:
    """An HTML answer in the visitor's language."""
    t = texts_of(request)
    account = request.get(ACCOUNT)
    text = (
        request.app[TEMPLATES]
        .get_template(template)
        .render(
            t=t,
            lang=t.lang,
            account=account,
            may=lambda right: account is not None and rights.may(account, rights.Right(right)),
            csrf=csrf_token(request),
            now=datetime.now(UTC),
            here=request.path,
            menu=menu_of(account),
            mirror=request.app[MIRROR],
            **(context or {}),
        )
    )
    return web.Response(text=text, content_type="text/html", status=status)


@cache
def static_url(name: str) -> str:
    """The address of a file of ours; it changes with the file, so that browsers never run an old one."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


# --- filters: times leave as UTC in attributes and as local time in text --------------------------------------------


def iso(at: datetime | None) -> str:
    """RFC 3339 with offset, to the millisecond; for `<time datetime>`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds") if at else ""


def clock(at: datetime | None) -> str:
    """Local time of day with milliseconds."""
    return at.astimezone().strftime("%H:%M:%S.%f")[:-3] if at else ""


def stamp(at: datetime | None) -> str:
    """Local date and time to the second."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""


def day(at: Any) -> str:
    return at.isoformat() if at else ""


def age(at: datetime | None) -> str:
    """How long ago, as `m:ss` or `h:mm:ss`; the page's own clock goes on from there."""
    return span((datetime.now(UTC) - at).total_seconds()) if at else ""


def span(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def left(at: datetime | None) -> str:
    """How long it is until then, with a plus how long it is past; the page's own clock goes on from there."""
    if at is None:
        return ""
    seconds = (at - datetime.now(UTC)).total_seconds()
    return span(seconds) if seconds >= 0 else f"+{span(-seconds)}"


def spoken(number: str) -> str:
    """A telephone number in groups that can be read aloud."""
    digits = number.strip()
    if digits.isdigit() and len(digits) == 11 and digits.startswith("1"):
        return f"{digits[:3]} {digits[3:7]} {digits[7:]}"
    if digits.isdigit() and digits.startswith("0") and len(digits) in (11, 12):
        area = 3 if digits[1] in "12" else 4
        rest = digits[area:]
        return f"{digits[:area]} {rest[:4]} {rest[4:]}"
    return digits
