"""The page of one's own account: who I am here, with which duties, for which place. Where those begin who have no list
of their own to look at."""

from aiohttp import web

from models.org import way_to
from models.people import User
from web.guard import account_of, needs
from web.keys import DATABASE
from web.render import render

routes = web.RouteTableDef()


@routes.get("/account")
@needs()
async def own(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        user = await session.get_one(User, account_of(request).id)
        place = await way_to(session, user.org_unit_id) if user.org_unit_id is not None else ""
    return render(request, "account.html", {"place": place})
