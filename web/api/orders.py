"""Work orders: so far the drafts that agents took down. One is made with the action `draft_order` of its case."""

from aiohttp import web

from models.orders.states import OrderState
from models.queries.work_orders import OrderView, list_orders
from web.api.kit import Input, Limit, ListOf, Operations, RecordId, answer_page, read_query
from web.keys import DATABASE
from web.places import scope_of
from web.rights import Right

operations = Operations("orders")


class OrderFilter(Input):
    state: OrderState | None = None
    elder: RecordId | None = None
    limit: Limit = 50
    cursor: RecordId | None = None


class OrderList(ListOf[OrderView]):
    pass


@operations(
    "GET", "/orders", "Work orders, the latest first", right=Right.SEE_ORDERS, query=OrderFilter, result=OrderList
)
async def get_orders(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, OrderFilter)
    async with request.app[DATABASE].read() as session:
        page = await list_orders(
            session,
            scope=scope_of(request),
            state=wanted.state,
            elder=wanted.elder,
            limit=wanted.limit,
            after=wanted.cursor,
        )
    return answer_page(page)
