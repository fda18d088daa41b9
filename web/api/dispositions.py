"""What an outcome may be called more exactly: the sub-codes that a case is filed with."""

from aiohttp import web

from models.dispositions import DispositionView
from web.api.kit import Operations, Output, answer, view_json
from web.codes import CODES
from web.rights import Right

operations = Operations("cases")


class DispositionList(Output):
    items: list[DispositionView]
    next: None = None


@operations("GET", "/dispositions", "Sub-codes of the outcomes", right=Right.SEE_CASES, result=DispositionList)
async def get_dispositions(request: web.Request) -> web.StreamResponse:
    return answer({"items": [view_json(one) for one in await request.app[CODES].read()], "next": None})
