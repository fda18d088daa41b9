"""The page of the policy: every value with its unit, its bounds and what it does; changed, it is live at once."""

import math

from aiohttp import web

from models.house_policy import POLICY, Fixed, set_value, values_of
from models.live_settings import current, history
from models.refusing import refuse
from models.register import FormRefused
from models.versions import VersionConflict
from web.guard import account_of, needs
from web.keys import DATABASE, SETTINGS
from web.pages.admin.kit import Refused, Typed, done, page, refusal, typed
from web.people_names import names_of_users
from web.policy_groups import grouped
from web.problems import NotFound
from web.rights import Right
from web.telling import tell

routes = web.RouteTableDef()
SHOWN = 30


@routes.get("/admin/policy")
@needs(Right.MANAGE_POLICY)
async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request)


@routes.post("/admin/policy/{name}")
@needs(Right.MANAGE_POLICY)
async def change(request: web.Request) -> web.StreamResponse:
    name, sent = request.match_info["name"], await typed(request)
    try:
        value = None if sent.text("do") == "default" else _number(sent)
        async with request.app[DATABASE].write() as session:
            await set_value(
                session,
                name,
                value,
                version=sent.version,
                by=account_of(request).actor,
                note=sent.text("note"),
                fixed=Fixed.of(request.app[SETTINGS]),
            )
    except KeyError as unknown:
        raise NotFound from unknown
    except (FormRefused, VersionConflict) as why:
        return await _page(request, refusal(request, name, sent, why))
    raise done("/admin/policy", await tell(request, asterisk=False))


def _number(sent: Typed) -> float:
    try:
        value = float(sent.text("value"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        refuse("value", "请填写数字", "write a number")
    return value


async def _page(request: web.Request, refused: Refused | None = None) -> web.Response:
    async with request.app[DATABASE].read() as session:
        values = values_of(Fixed.of(request.app[SETTINGS]), await current(session))
        changes = await history(session, POLICY, limit=SHOWN)
    people = await names_of_users(request, {change.by for change in changes})
    names = {value.name: value for value in values}
    context = {"groups": grouped(values), "changes": changes, "people": people, "names": names, "prefix": POLICY}
    return page(request, "policy", context, refused=refused)
