"""Where a request comes from: over TLS or not, from our own page or another site's; the names of our cookies."""

from typing import Final

from aiohttp import web
from yarl import URL

SESSION_COOKIE: Final = "yjt_session"
VISIT_COOKIE: Final = "yjt_visit"
LANG_COOKIE: Final = "yjt_lang"


def is_https(request: web.Request) -> bool:
    """Whether the browser speaks TLS, to us or to a proxy on this machine."""
    behind_proxy = request.remote in ("127.0.0.1", "::1")
    return request.secure or (behind_proxy and request.headers.get("X-Forwarded-Proto") == "https")


def same_origin(request: web.Request) -> bool:
    """False when the browser says that another site's page asks; programs that say nothing pass."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
    try:
        return URL(origin).authority == URL(f"{URL(origin).scheme}://{request.host}").authority
    except ValueError:
        return False
