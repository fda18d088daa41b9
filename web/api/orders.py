"""Work orders: so far the drafts that agents took down. One is made with the action `draft_order` of its case."""

from aiohttp import web
from pydantic import Field

from models.work_orders import OrderState
from web.api.elders import view_json
from web.api.kit import Input, Operations, Output, answer, read_query
from web.keys import DATABASE
from web.order_records import OrderView, list_orders
from web.rights import Right

operations = Operations("orders")


class OrderFilter(Input):
    state: OrderState | None = None
    elder: int | None = Field(None, ge=1, le=2**31 - 1)
    limit: int = Field(50, ge=1, le=200)
    cursor: int | None = Field(None, ge=1, le=2**31 - 1)


class OrderList(Output):
    items: list[OrderView]
    next: str | None


@operations(
    "GET", "/orders", "Work orders, the latest first", right=Right.SEE_ORDERS, query=OrderFilter, result=OrderList
)
async def get_orders(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, OrderFilter)
    async with request.app[DATABASE].read() as session:
        page = await list_orders(
            session, state=wanted.state, elder=wanted.elder, limit=wanted.limit, after=wanted.cursor
        )
    return answer({"items": [view_json(item) for item in page.items], "next": page.next})
