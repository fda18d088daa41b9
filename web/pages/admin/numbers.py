"""The page of numbers: the duty phones, which are live when they change; and what the numbers of the platform mean,
which the operator's settings say."""

import re

from aiohttp import web

from models.house_policy import DUTY_PHONES, Fixed, duty_phones_of, set_duty_phones
from models.live_settings import current, history
from models.register import FormRefused
from models.versions import VersionConflict
from web.guard import account_of, needs
from web.keys import DATABASE, SETTINGS
from web.pages.admin.kit import Refused, done, page, refusal, typed
from web.people_names import names_of_users
from web.rights import Right
from web.telling import tell

routes = web.RouteTableDef()
_BETWEEN = re.compile(r"[\s,;、，；]+")


@routes.get("/admin/numbers")
@needs(Right.MANAGE_POLICY)
async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request)


@routes.post("/admin/numbers/duty")
@needs(Right.MANAGE_POLICY)
async def change(request: web.Request) -> web.StreamResponse:
    sent, settings = await typed(request), request.app[SETTINGS]
    try:
        async with request.app[DATABASE].write() as session:
            await set_duty_phones(
                session,
                [word for word in _BETWEEN.split(sent.text("phones")) if word],
                version=sent.version,
                by=account_of(request).actor,
                fixed=Fixed.of(settings),
                area_code=settings.area_code,
            )
    except (FormRefused, VersionConflict) as why:
        return await _page(request, refusal(request, "duty", sent, why))
    raise done("/admin/numbers", await tell(request, asterisk=True))


async def _page(request: web.Request, refused: Refused | None = None) -> web.Response:
    settings = request.app[SETTINGS]
    async with request.app[DATABASE].read() as session:
        rows = await current(session)
        changes = await history(session, DUTY_PHONES, limit=10)
    row = rows.get(DUTY_PHONES)
    context = {
        "phones": duty_phones_of(Fixed.of(settings), rows),
        "fixed": bool(settings.duty_phones),
        "version": row.number if row is not None else 0,
        "changes": changes,
        "people": await names_of_users(request, {change.by for change in changes}),
        "numbers": {
            "sos": settings.sos_numbers,
            "ordinary": settings.ordinary_numbers,
            "complaint": settings.complaint_numbers,
            "platform": [settings.platform_number] if settings.platform_number else [],
        },
    }
    return page(request, "numbers", context, refused=refused)
