"""A typed asyncio client of the Asterisk REST Interface, usable by itself: see docs/ari.md.

Here: the connection, the resources, the events. Never: a word of what the calls are about, and no import from outside
this package but aiohttp and yarl.
"""

from . import errors
from .api import Api
from .backoff import Backoff
from .client import Client
from .errors import (
    AriError,
    Conflict,
    Forbidden,
    InvalidParameter,
    LinkError,
    LinkLost,
    MalformedMessage,
    NotConnected,
    NotFound,
    PreconditionFailed,
    RequestRejected,
    RequestTimeout,
    RequestTooLarge,
    ServerError,
    Unauthorized,
    Unprocessable,
)
from .generated import events, models
from .messages import Connected, Disconnected, MalformedEvent, Resynced, StreamItem, UnknownEvent

__all__ = [
    "Api",
    "AriError",
    "Backoff",
    "Client",
    "Conflict",
    "Connected",
    "Disconnected",
    "Forbidden",
    "InvalidParameter",
    "LinkError",
    "LinkLost",
    "MalformedEvent",
    "MalformedMessage",
    "NotConnected",
    "NotFound",
    "PreconditionFailed",
    "RequestRejected",
    "RequestTimeout",
    "RequestTooLarge",
    "Resynced",
    "ServerError",
    "StreamItem",
    "Unauthorized",
    "UnknownEvent",
    "Unprocessable",
    "errors",
    "events",
    "models",
]
