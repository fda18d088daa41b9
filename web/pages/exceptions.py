"""The page of exception reports: cases that nobody answered in time, each with a form to say why (K1)."""

from aiohttp import web

from models.exception_reports import ExceptionCause, explain
from models.queries.exception_reports import list_exceptions
from web.api.kit import number_in_path
from web.forms import ExceptionForm, FormData
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.listing import LINES, cursor_of, progress_of
from web.places import scope_of
from web.problems import Invalid
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()


@routes.get("/exception-reports")
@needs(Right.EXPLAIN_EXCEPTIONS)
async def exceptions(request: web.Request) -> web.StreamResponse:
    wanted = request.query.get("state", "open")
    async with request.app[DATABASE].read() as session:
        page = await list_exceptions(
            session, scope=scope_of(request), state=progress_of(wanted), limit=LINES, after=cursor_of(request, digits=6)
        )
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
            scope=scope_of(request),
            version=form.version.data,
            by=account_of(request).actor,
            cause=ExceptionCause(form.cause.data),
            explanation=form.explanation.data,
        )
    raise web.HTTPSeeOther("/exception-reports")
