"""The card with the code that is fixed in an elder's home (Y1): on A4, or as a sticker."""

from typing import Final

import segno
from aiohttp import web

from models.audit import audit
from models.orders.codes import code_of, grouped, replace_code
from models.register import find_elder
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE
from web.origin import site_of
from web.pages.worker import PAGE
from web.places import scope_of
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()
SIZES: Final = ("a4", "sticker")


@routes.get("/elders/{id}/visit-card")
@needs(Right.DISPATCH_ORDERS)
async def card(request: web.Request) -> web.StreamResponse:
    """To be printed; the first time it is asked for it makes the code."""
    number, by = number_in_path(request, "id"), account_of(request).actor
    size = request.query.get("size", "")
    async with request.app[DATABASE].write() as session:
        elder = await find_elder(session, number, scope=scope_of(request))
        code = await code_of(session, number, by=by)
        audit(session, by, "visit_code.print", f"elder:{number}")
    address = site_of(request).with_path(PAGE).with_fragment(f"code={code}")
    picture = segno.make_qr(str(address), error="q").svg_data_uri(scale=6, border=2)
    context = {
        "elder": elder.id,
        "name": elder.name,
        "code": grouped(code),
        "picture": picture,
        "sizes": SIZES,
        "size": size if size in SIZES else SIZES[0],
    }
    return render(request, "visit_card.html", context)


@routes.post("/elders/{id}/visit-card")
@needs(Right.DISPATCH_ORDERS)
async def new_code(request: web.Request) -> web.StreamResponse:
    number = number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        await find_elder(session, number, scope=scope_of(request))
        await replace_code(session, number, by=account_of(request).actor)
    raise web.HTTPSeeOther(f"/elders/{number}/visit-card")
