"""The agent's page: own seat, the case on its screen, every action. What it shows is decided by the mirror, so F5
brings back the same page; what it asks for goes through the API."""

from aiohttp import web

from ivr.vocabulary import Aid, Outcome, Service, Skill, Topic
from web.guard import account_of, needs
from web.keys import FEED, MIRROR
from web.render import render, texts_of
from web.rights import Right
from web.sheet import Sheet

routes = web.RouteTableDef()


@routes.get("/desk")
@needs(Right.HANDLE_CASES)
async def desk(request: web.Request) -> web.StreamResponse:
    return render(request, "desk.html", _context(request))


@routes.get("/fragments/desk")
@needs(Right.HANDLE_CASES)
async def desk_fragment(request: web.Request) -> web.StreamResponse:
    return render(request, "fragments/desk.html", _context(request))


def _context(request: web.Request) -> dict[str, object]:
    mirror = request.app[MIRROR]
    extension = account_of(request).seat
    current = mirror.on_screen(extension) if extension else None
    others = [case for case in mirror.unfinished(extension) if case is not current] if extension else []
    return {
        "seq": request.app[FEED].seq,
        "extension": extension,
        "seat": mirror.seats.get(extension) if extension else None,
        "sheet": Sheet.of_live(current) if current else None,
        "unfinished": [Sheet.of_live(case) for case in others],
        "outcomes": tuple(Outcome),
        "services": (Service.AMBULANCE, Service.POLICE, Service.FIRE),
        "skills": tuple(skill for skill in Skill if skill is not Skill.AGENT),
        "topics": tuple(Topic),
        "aids": tuple(Aid),
        "words": texts_of(request).section("script"),
        "phone_words": texts_of(request).section("phone_says"),
    }
