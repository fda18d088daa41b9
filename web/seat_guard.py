"""What must not be done to a seat at which somebody is at work."""

from aiohttp import web

from models.refusing import refuse
from web.keys import MIRROR


def check_idle(request: web.Request, extension: str) -> None:
    """Raises FormRefused: the seat is in a case; its phone must not vanish from Asterisk in the middle of a call."""
    seat = request.app[MIRROR].seats.get(extension)
    if seat is not None and seat.case is not None:
        refuse("extension", "该坐席正在处理事件，请稍后再删除", "this seat is in a case: remove it afterwards")
