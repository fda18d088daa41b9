"""What goes wrong in a request, and how it is told: JSON below `/api/`, a page elsewhere.

    Problem                 status, code, a text key and its values, fields
      Unauthorized     401  who are you
      Forbidden        403  not with your rights
      NotFound         404
      Conflict         409  somebody else was faster, or the case is not in that state
      Invalid          422  the input; `fields` says what is wrong where
      WaitFirst        423  too many wrong passwords; `retry_after` seconds
      TooMany          429  slow down; `retry_after` seconds
      Unavailable      503  controller or database cannot be reached

Problems never carry personal data in `code`; messages go to the person who asked, and to no log.
"""

from collections.abc import Mapping
from math import ceil

from web.texts import Texts


class Problem(Exception):
    """An answer other than success. `key` names the text; `message` is shown when there is no such text."""

    status = 400
    key = "problem.bad_request"

    def __init__(
        self,
        key: str = "",
        *,
        code: str = "",
        fields: Mapping[str, str] | None = None,
        message: str = "",
        status: int = 0,
        values: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(key or self.key)
        self.key = key or self.key
        self.status = status or self.status
        self.code = code or self.key.rpartition(".")[2]
        self.fields = dict(fields or {})
        self._message = message
        self._values = dict(values or {})

    def message(self, t: Texts) -> str:
        return t(self.key, **self._values) if self.key in t else self._message or t(Problem.key)

    def as_json(self, t: Texts) -> dict[str, object]:
        """The one shape of an API error: `{"error": {"code", "message", "fields"}}`."""
        fields = {name: t(text) if text in t else text for name, text in self.fields.items()}
        return {"error": {"code": self.code, "message": self.message(t), "fields": fields}}


class Unauthorized(Problem):
    status = 401
    key = "problem.unauthorized"


class Forbidden(Problem):
    status = 403
    key = "problem.forbidden"


class NotFound(Problem):
    status = 404
    key = "problem.not_found"


class Conflict(Problem):
    status = 409
    key = "problem.conflict"


class Invalid(Problem):
    status = 422
    key = "problem.invalid"


class WaitFirst(Problem):
    status = 423
    key = "problem.locked_out"

    def __init__(self, retry_after: int) -> None:
        super().__init__(values={"minutes": ceil(retry_after / 60)})
        self.retry_after = retry_after


class TooMany(Problem):
    status = 429
    key = "problem.too_many"

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class Unavailable(Problem):
    status = 503
    key = "problem.unavailable"
