"""The page of work orders: so far the drafts that agents took down, the latest first."""

from typing import Final

from aiohttp import web

from web.guard import needs
from web.keys import DATABASE
from web.order_records import list_orders
from web.people_names import names_of_users
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()
PAGE: Final = 50


@routes.get("/orders")
@needs(Right.SEE_ORDERS)
async def orders(request: web.Request) -> web.StreamResponse:
    cursor = request.query.get("cursor", "")
    after = int(cursor) if cursor.isdecimal() and len(cursor) < 10 else None
    async with request.app[DATABASE].read() as session:
        page = await list_orders(session, limit=PAGE, after=after)
    people = await names_of_users(request, {item.drafted_by for item in page.items})
    return render(request, "orders.html", {"page": page, "people": people})
