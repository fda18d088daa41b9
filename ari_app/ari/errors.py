"""What can go wrong between a program and ARI. Every error raised by this package is one of these:

    AriError
    ├── LinkError                 the connection, not the request
    │   ├── NotConnected          there is no link now; nothing was sent
    │   └── LinkLost              the link broke while the request waited: it may or may not have been done
    ├── RequestTimeout            no answer before the deadline: it may or may not have been done
    ├── RequestTooLarge           Asterisk would not read it; nothing was sent
    ├── MalformedMessage          Asterisk said something that cannot be read as its own description says
    └── RequestRejected           Asterisk answered with an error status
        ├── InvalidParameter      400
        ├── Unauthorized          401
        ├── Forbidden             403
        ├── NotFound              404
        ├── Conflict              409 (on HTTP it can be stale: see its docstring)
        ├── PreconditionFailed    412
        ├── Unprocessable         422
        └── ServerError           5xx

Error texts carry the path of a request, never its query or body: those can hold names and telephone numbers.
"""

from __future__ import annotations


class AriError(Exception):
    """The root: catches everything that this package raises on purpose."""


class LinkError(AriError):
    """The connection to Asterisk is at fault."""


class NotConnected(LinkError):
    """No link at this moment, so nothing was sent. The client is reconnecting unless it was closed."""


class LinkLost(LinkError):
    """The link ended while a request waited. Ask Asterisk (GET) before repeating what must not happen twice."""


class RequestTimeout(AriError):
    """The deadline passed. Ask Asterisk (GET) before repeating what must not happen twice."""


class RequestTooLarge(AriError):
    """The request is bigger than Asterisk reads (40,960 bytes of body over HTTP, 65,535 in a frame)."""


class MalformedMessage(AriError):
    """An answer or event lacks a required field, or a field has another type than described."""


class RequestRejected(AriError):
    """Asterisk refused a request.

    `status` and `reason` are those of HTTP, `message` is Asterisk's own explanation when it gave one,
    `method` and `uri` name the request (path only).
    """

    def __init__(self, status: int, reason: str, *, method: str, uri: str, message: str = "") -> None:
        self.status = status
        self.reason = reason
        self.method = method
        self.uri = uri
        self.message = message
        said = f": {message}" if message else ""
        super().__init__(f"{method} /{uri} was answered {status} {reason}{said}")


class InvalidParameter(RequestRejected):
    """400: a parameter is missing, unknown or senseless; also a request which Asterisk could not parse."""


class Unauthorized(RequestRejected):
    """401: check the user and password in ari.conf."""


class Forbidden(RequestRejected):
    """403: the user is read-only, or access rules keep this address out."""


class NotFound(RequestRejected):
    """404: no such channel, bridge, application ... any more, or never."""


class Conflict(RequestRejected):
    """409: wrong state, or the id is in use.

    Over a kept-alive HTTP connection a failed originate or create can be told as 409 because an EARLIER one was a
    duplicate (Asterisk keeps the errno per thread). Before believing that an id lives, GET it.
    """


class PreconditionFailed(RequestRejected):
    """412: the channel is in a state which does not allow this."""


class Unprocessable(RequestRejected):
    """422: understood, yet impossible: unknown format, event source, role ..."""


class ServerError(RequestRejected):
    """5xx: on originate mostly an endpoint without a registered contact ("Allocation failed")."""


_BY_STATUS: dict[int, type[RequestRejected]] = {
    400: InvalidParameter,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    422: Unprocessable,
}


def rejection(status: int, reason: str, *, method: str, uri: str, message: str = "") -> RequestRejected:
    """The error that fits an HTTP status of 400 or more."""
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else RequestRejected)
    return kind(status, reason, method=method, uri=uri, message=message)
