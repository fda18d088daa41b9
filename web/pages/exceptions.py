"""The page of exception reports: cases that nobody answered in time, each with a form to say why (K1)."""

from aiohttp import web

from models.exception_reports import ExceptionCause
from web.api.kit import number_in_path
from web.exception_records import State, explain, list_exceptions
from web.forms import ExceptionForm, FormData
from web.guard import account_of, needs
from web.keys import DATABASE
from web.problems import Invalid
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()
PAGE = 50


@routes.get("/exception-reports")
@needs(Right.EXPLAIN_EXCEPTIONS)
async def exceptions(request: web.Request) -> web.StreamResponse:
    wanted = request.query.get("state", "open")
    cursor = request.query.get("cursor", "")
    after = int(cursor) if cursor.isdecimal() and len(cursor) < 7 else 0
    state: State | None = "done" if wanted == "done" else "open" if wanted == "open" else None
    async with request.app[DATABASE].read() as session:
        page = await list_exceptions(session, state=state, limit=PAGE, after=after)
    return render(request, "exceptions.html", {"page": page, "state": wanted, "causes": tuple(ExceptionCause)})


@routes.post("/exception-reports/{id}")
@needs(Right.EXPLAIN_EXCEPTIONS)
async def explained(request: web.Request) -> web.StreamResponse:
    form = ExceptionForm(FormData(await request.post()))
    form.cause.choices = [(cause.value, cause.value) for cause in ExceptionCause]
    if not form.validate():
        raise Invalid(fields={f"exceptions.{name}": "problem.invalid" for name in form.errors})
    async with request.app[DATABASE].write() as session:
        await explain(
            session,
            number_in_path(request, "id"),
            version=form.version.data,
            by=account_of(request).actor,
            cause=ExceptionCause(form.cause.data),
            explanation=form.explanation.data,
        )
    raise web.HTTPSeeOther("/exception-reports")
