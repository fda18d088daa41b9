"""What all operations of the API share: description, reading input, writing answers. No operation lives here."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from models.months import WRITTEN
from models.queries.paging import Page, Progress
from models.text import plain_json
from web.guard import needs
from web.keys import DATABASE
from web.logs import Handler
from web.places import scope_of
from web.problems import Invalid, NotFound, Problem
from web.rights import Right

JSON: Final = "application/json"
Model = TypeVar("Model", bound=BaseModel)
Item = TypeVar("Item")
When = Annotated[datetime, AwareDatetime]
RecordId = Annotated[int, Field(ge=1, le=2**31 - 1)]
Month = Annotated[str, Field(pattern=f"^{WRITTEN}$")]  # 2026-11
RowCount = Annotated[int, Field(ge=0, le=1_000_000)]  # the cursor of a list that is read by `read_page_from`
Limit = Annotated[int, Field(ge=1, le=200)]


class Input(BaseModel):
    """A body or query: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageFilter(Input):
    """What every list is asked for: so many rows, from where the page before ended."""

    limit: Limit = 50
    cursor: RowCount | None = None

    def narrows(self) -> dict[str, Any]:
        """All of it by name, as the queries take it: the `cursor` is their `after`."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        after = given.pop("cursor")
        return {**given, "after": after}


class IdPageFilter(PageFilter):
    """Of a list that goes on from the record it ended with."""

    cursor: RecordId | None = None


class ProgressFilter(PageFilter):
    """What a list of things to do is asked for."""

    state: Progress | None = None


class Output(BaseModel):
    model_config = ConfigDict(frozen=True)


class ListOf(Output, Generic[Item]):
    """One page of a list; `next` is the `cursor` of the page after it."""

    items: list[Item]
    next: str | None


class ErrorBody(Output):
    code: str
    message: str
    fields: dict[str, str] = {}


class ErrorAnswer(Output):
    """Every answer with a status from 400 on."""

    error: ErrorBody


class Done(Output):
    """Nothing more to say than that it was done."""

    ok: bool = True


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path. `result` is any type that pydantic can describe; None: no JSON. `also` are other statuses
    than `status` that bring the same result."""

    method: str
    path: str
    summary: str
    tag: str
    handler: Handler
    public: bool
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    result: Any
    status: int
    media: str
    also: tuple[int, ...] = ()


class Operations:
    """The operations of one module, collected by decorating their handlers."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._all: list[Operation] = []

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._all)

    def __call__(
        self,
        method: str,
        path: str,
        summary: str,
        *,
        right: Right | tuple[Right, ...] | None = None,
        public: bool = False,
        body: type[BaseModel] | None = None,
        query: type[BaseModel] | None = None,
        result: Any = None,
        status: int = 200,
        media: str = JSON,
        also: tuple[int, ...] = (),
    ) -> Callable[[Handler], Handler]:
        """Register the decorated handler; without `public` it needs an account, and the right when one is named (one of
        several)."""

        def register(handler: Handler) -> Handler:
            rights = right if isinstance(right, tuple) else () if right is None else (right,)
            guarded = handler if public else needs(*rights)(handler)
            self._all.append(
                Operation(method, path, summary, self._tag, guarded, public, body, query, result, status, media, also)
            )
            return handler

        return register


async def read_body(request: web.Request, model: type[Model]) -> Model:
    """The JSON body as this model. Raises Problem 415, Invalid with a word for each field."""
    if request.content_type != JSON:
        raise Problem("problem.media_type", status=415)
    try:
        data = json.loads(await request.text())
    except (ValueError, LookupError, RecursionError) as error:  # LookupError: a charset that nobody knows
        raise Invalid("problem.json") from error
    if not isinstance(data, dict):
        raise Invalid("problem.json")
    return _validated(model, data)


def read_query(request: web.Request, model: type[Model]) -> Model:
    """The query string as this model; an empty value counts as not given."""
    return _validated(model, {name: value for name, value in request.query.items() if value})


def _validated(model: type[Model], data: dict[str, Any]) -> Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise Invalid(fields=fields_of(error)) from None


def fields_of(error: ValidationError) -> dict[str, str]:
    """Where and what: field to the key of its text."""
    return {
        ".".join(map(str, problem["loc"])) or "body": f"invalid.{problem['type']}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    }


def number_in_path(request: web.Request, name: str) -> int:
    """A record's number in the address. Raises NotFound when it cannot be one."""
    text = request.match_info[name]
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise NotFound
    return int(text)


def answer(data: Any, *, status: int = 200) -> web.Response:
    """JSON; times RFC 3339 with offset."""
    plain = data.model_dump(mode="python") if isinstance(data, BaseModel) else data
    return web.json_response(plain_json(plain), status=status, dumps=_dumps)


async def page_of(
    request: web.Request, filters: type[PageFilter], find: Callable[..., Awaitable[Page[Item]]], **more: Any
) -> Page[Item]:
    """The page that was asked for of a list of what the account may see; `more`: what else `find` has to know."""
    return await whole_page_of(request, filters, find, scope=scope_of(request), **more)


async def whole_page_of(
    request: web.Request, filters: type[PageFilter], find: Callable[..., Awaitable[Page[Item]]], **more: Any
) -> Page[Item]:
    """The same of a list of the house's own, which is nobody's by place."""
    wanted = read_query(request, filters)
    async with request.app[DATABASE].read() as session:
        return await find(session, **more, **wanted.narrows())


def answer_page(page: Page[Any]) -> web.Response:
    """A `ListOf` the views on this page."""
    return answer({"items": [view_json(item) for item in page.items], "next": page.next})


def view_json(view: Any) -> dict[str, Any]:
    """A view, and the views inside it, by their fields."""
    return {name: _value(getattr(view, name)) for name in view.__dataclass_fields__}


def _value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_value(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): _value(item) for name, item in value.items()}
    return view_json(value) if hasattr(value, "__dataclass_fields__") else value


def _dumps(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
