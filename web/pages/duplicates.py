"""Files that may be of one person: the list of pairs, two files side by side, and making them one."""

from aiohttp import web

from models.elder_mapping import COLUMNS
from models.masking import masked
from models.merging import are_different, merge
from models.queries.duplicates import list_duplicates
from models.register import form_of, shown_texts
from models.versions import VersionConflict
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE, SETTINGS
from web.pages.elder_history import WORDS_OF
from web.pages.listing import LINES
from web.personal import sees_elder
from web.places import in_sight, scope_of
from web.problems import Conflict, Problem
from web.register_views import elder_view
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()


@routes.get("/duplicates")
@needs(Right.EDIT_ELDERS)
async def duplicates(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        page = await list_duplicates(
            session, scope=scope_of(request), limit=LINES, after=request.query.get("cursor", "")[:40]
        )
    return render(request, "duplicates.html", {"page": page})


@routes.get("/duplicates/{id}/{other}")
@needs(Right.EDIT_ELDERS)
async def side_by_side(request: web.Request) -> web.StreamResponse:
    """What is the same in both is shown once; what differs, to be chosen from."""
    keep, gone = number_in_path(request, "id"), number_in_path(request, "other")
    if keep == gone:
        raise Problem
    async with request.app[DATABASE].read() as session:
        scope = scope_of(request)
        files = await elder_view(session, keep, scope=scope), await elder_view(session, gone, scope=scope)
        texts = [await shown_texts(session, (await form_of(session, elder))[0]) for elder in (keep, gone)]
    hidden = [not sees_elder(request, elder) for elder in (keep, gone)]
    rows = [_row(name, texts, hidden) for name in COLUMNS if any(text[name] for text in texts)]
    shown = tuple(masked(view) if hide else view for view, hide in zip(files, hidden, strict=True))
    context = {"files": shown, "rows": rows, "hidden": hidden, "words_of": WORDS_OF}
    return render(request, "merge.html", context)


@routes.post("/duplicates/{id}/{other}")
@needs(Right.EDIT_ELDERS)
async def make_one(request: web.Request) -> web.StreamResponse:
    keep, gone, form = number_in_path(request, "id"), number_in_path(request, "other"), await request.post()
    versions = str(form.get("version", "")), str(form.get("other_version", ""))
    if form.get("confirm") != "yes" or not all(v.isdecimal() and len(v) < 10 for v in versions):
        raise Problem
    take = frozenset(name for name in COLUMNS if form.get(f"take.{name}") == "other")
    by, area_code = account_of(request).actor, request.app[SETTINGS].area_code
    try:
        async with request.app[DATABASE].write() as session:
            await in_sight(request, session, keep, gone)
            told = int(versions[0]), int(versions[1])
            await merge(session, keep, gone, take=take, versions=told, by=by, area_code=area_code)
    except VersionConflict as error:
        raise Conflict("problem.version") from error
    raise web.HTTPSeeOther(f"/elders/{keep}?saved=1")


@routes.post("/duplicates/{id}/{other}/different")
@needs(Right.EDIT_ELDERS)
async def two_people(request: web.Request) -> web.StreamResponse:
    one, other = number_in_path(request, "id"), number_in_path(request, "other")
    async with request.app[DATABASE].write() as session:
        await in_sight(request, session, one, other)
        await are_different(session, one, other, by=account_of(request).actor)
    raise web.HTTPSeeOther("/duplicates")


def _row(name: str, texts: list[dict[str, str]], hidden: list[bool]) -> dict[str, object]:
    """One field of the form in both files. Masked values may look alike and differ: what differs is told beforehand."""
    one, other = (text[name] for text in texts)
    shown = [masked({name: text[name]})[name] if hide else text[name] for text, hide in zip(texts, hidden, strict=True)]
    return {"name": name, "shown": shown, "differs": one != other, "choose": bool(one != other and one and other)}
