"""Where a request comes from: whose address, over TLS or not, from our own page or another site's; our cookies' names.

What a proxy says counts only when it is one of ours (`YJT_TRUSTED_PROXIES`): anybody can write such a header.
"""

import ipaddress
from functools import cache
from typing import Final

from aiohttp import web
from yarl import URL

from models import audit
from web.keys import SETTINGS
from web.logs import Handler

SESSION_COOKIE: Final = "yjt_session"
VISIT_COOKIE: Final = "yjt_visit"
LANG_COOKIE: Final = "yjt_lang"
MOST_PROXIES: Final = 10  # in a row; more is somebody's play with the header


@web.middleware
async def origins(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What is put on the audit log while this request is served came from its address."""
    token = audit.origin.set(address_of(request))
    try:
        return await handler(request)
    finally:
        audit.origin.reset(token)


def address_of(request: web.Request) -> str:
    """The client's address: the last one in the chain of proxies that is none of ours. `-` when there is none."""
    trusted = tuple(request.app[SETTINGS].trusted_proxies)
    address = request.remote or "-"
    said = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")[-MOST_PROXIES:]
    while said and _is_trusted(address, trusted):
        before = said.pop().strip()
        if not _is_address(before):
            break
        address = before
    return address


def is_https(request: web.Request) -> bool:
    """Whether the browser speaks TLS, to us or to a proxy of ours."""
    behind_proxy = _is_trusted(request.remote or "", tuple(request.app[SETTINGS].trusted_proxies))
    return request.secure or (behind_proxy and request.headers.get("X-Forwarded-Proto") == "https")


def site_of(request: web.Request) -> URL:
    """Where we are reached, for a link that is shown to whoever asks, or printed by them: by `YJT_PUBLIC_URL`, else by
    the name they have asked for; with TLS also where a proxy of ours ends it. On a page that was opened without it no
    phone gives camera or position."""
    if public := request.app[SETTINGS].public_url:
        return URL(public)
    origin = request.url.origin()
    return origin.with_scheme("https") if is_https(request) else origin


def site_for_others(request: web.Request) -> URL | None:
    """The same for a link that is sent to somebody else; None: we do not know. Whoever asks can write any name into
    their request, so without `YJT_PUBLIC_URL` it counts only where it is the very address that they have reached us
    at."""
    if public := request.app[SETTINGS].public_url:
        return URL(public)
    here = request.transport.get_extra_info("sockname") if request.transport else None
    if not isinstance(here, tuple) or request.url.port != here[1]:
        return None
    try:
        reached, named = ipaddress.ip_address(here[0]), request.url.host or ""
        is_it = named == "localhost" if not _is_address(named) else ipaddress.ip_address(named) == reached
    except ValueError:
        return None
    if not is_it or (named == "localhost" and not reached.is_loopback):
        return None
    return request.url.origin().with_scheme("https" if is_https(request) else "http")


def same_origin(request: web.Request) -> bool:
    """False when the browser says that another site's page asks; programs that say nothing pass."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
    try:
        return URL(origin).authority == URL(f"{URL(origin).scheme}://{request.host}").authority
    except ValueError:
        return False


@cache
def _networks(trusted: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(network, strict=False) for network in trusted)


def _is_trusted(address: str, trusted: tuple[str, ...]) -> bool:
    return _is_address(address) and any(ipaddress.ip_address(address) in network for network in _networks(trusted))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
