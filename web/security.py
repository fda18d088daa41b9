"""What protects a browser: strict headers, and tokens against forged requests (CSRF). No right is decided here."""

import hashlib
import hmac
from secrets import token_urlsafe
from typing import Final

from aiohttp import web

from web.keys import BEARER, SECRETS, VISIT
from web.logs import Handler
from web.origin import SESSION_COOKIE, VISIT_COOKIE, is_https, same_origin
from web.problems import Forbidden

FIELD: Final = "csrf_token"
LOGIN: Final = "/api/v1/login"
HEADER: Final = "X-CSRF-Token"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

CONTENT_POLICY: Final = "; ".join([
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "media-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
])  # fmt: skip
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}
STAY_WITH_TLS: Final = "max-age=31536000"


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every answer, files and errors included (`on_response_prepare`)."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "yijiantong"  # which version of what is nobody's business
    if is_https(request):
        response.headers.setdefault("Strict-Transport-Security", STAY_WITH_TLS)
    if not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")


def csrf_token(request: web.Request, session_key: str | None = None) -> str:
    """Bound to this browser and, once logged in, to its session (or the one that is just being made)."""
    session_key = request.cookies.get(SESSION_COOKIE, "") if session_key is None else session_key
    secret = request.app[SECRETS].session_key.encode()
    return hmac.new(secret, f"{request[VISIT]}|{session_key}".encode(), hashlib.sha256).hexdigest()


@web.middleware
async def visits(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives each browser a nonce, which its form tokens are bound to."""
    visit = request.cookies.get(VISIT_COOKIE, "")
    fresh = len(visit) < 20
    request[VISIT] = token_urlsafe(24) if fresh else visit
    response = await handler(request)
    page = response.content_type == "text/html" or request.path == LOGIN
    if fresh and page and not response.prepared:
        secure = is_https(request)
        response.set_cookie(VISIT_COOKIE, request[VISIT], httponly=True, samesite="Lax", secure=secure)
    return response


@web.middleware
async def forged_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses an unsafe request that did not come from a page of ours. Bearer tokens cannot be forged by a browser."""
    is_socket = request.headers.get("Upgrade", "").lower() == "websocket"
    if (request.method in SAFE and not is_socket) or request.get(BEARER):
        return await handler(request)
    if not same_origin(request):
        raise Forbidden("problem.foreign_origin")
    by_cookie = SESSION_COOKIE in request.cookies
    if is_socket or (request.path.startswith("/api/") and not by_cookie):
        return await handler(request)  # nothing that a browser adds by itself vouches for this request
    if request.path == LOGIN and request.content_type == "application/json":
        return await handler(request)  # a form of another site cannot send JSON
    given = request.headers.get(HEADER) or await _form_token(request)
    if not hmac.compare_digest(given.encode(), csrf_token(request).encode()):
        raise Forbidden("problem.csrf")
    return await handler(request)


async def _form_token(request: web.Request) -> str:
    if request.content_type not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return ""
    value = (await request.post()).get(FIELD, "")
    return value if isinstance(value, str) else ""
