"""Pages from templates: the jinja environment, its filters, what every page knows. No page lives here."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2
from aiohttp import web
from jinja2 import pass_context
from jinja2.runtime import Context

from models.settlement.shares import yuan
from web import rights
from web.keys import ACCOUNT, MIRROR, SETTINGS, TEMPLATES, TEXTS
from web.menu import menu_of
from web.origin import LANG_COOKIE
from web.security import csrf_token
from web.texts import Lang, Texts, as_lang

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
DAYS_FROM: Final = 48  # hours that are told as days; the page's clock as well (`ages.js`)


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
    environment.filters.update(clock=clock, day=day, stamp=stamp, minute=minute, short=short, iso=iso, age=age)
    environment.filters.update(left=left, span=span, spoken=spoken, yuan=yuan)
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
            line_out=request.app[SETTINGS].trunk_contact is not None,
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


def minute(at: datetime | None) -> str:
    """Local date and time to the minute: for lists, where seconds are noise."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M") if at else ""


def short(at: datetime | None) -> str:
    """For narrow lists: today the time alone, this year without the year."""
    if at is None:
        return ""
    here, now = at.astimezone(), datetime.now().astimezone()
    return here.strftime(
        "%H:%M" if here.date() == now.date() else "%m-%d %H:%M" if here.year == now.year else "%Y-%m-%d"
    )


def day(at: Any) -> str:
    return at.isoformat() if at else ""


@pass_context
def age(context: Context, at: datetime | None) -> str:
    """How long ago, as `m:ss`, `h:mm:ss`, or `2 d h:mm`; the page's own clock goes on from there."""
    return span(context, (datetime.now(UTC) - at).total_seconds()) if at else ""


@pass_context
def span(context: Context, seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= DAYS_FROM:
        days = "天" if context.get("lang") == "zh" else " d"
        return f"{hours // 24}{days} {hours % 24}:{minutes:02}"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@pass_context
def left(context: Context, at: datetime | None) -> str:
    """How long it is until then, with a plus how long it is past; the page's own clock goes on from there."""
    if at is None:
        return ""
    seconds = (at - datetime.now(UTC)).total_seconds()
    return span(context, seconds) if seconds >= 0 else f"+{span(context, -seconds)}"


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
