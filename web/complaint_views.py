"""A complaint as page and API show it, whole: with its steps, its recordings, and what the account can do with it."""

from dataclasses import dataclass, replace

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from models.complaint_handling import facts_of, find
from models.complaint_rules import Facts, Person, is_about, possible
from models.complaints import Step
from models.house_policy import Fixed, office_hours
from models.masking import hidden, masked
from models.office_hours import OfficeHours
from models.queries.cases import recording_view
from models.queries.complaints import ComplaintView, StepView, complaint_view, recordings_of, steps_of
from models.versions import NoSuchRecord
from models.views import RecordingView
from web.guard import account_of
from web.keys import REVEALS, SETTINGS
from web.personal import sees_elder
from web.places import scope_of
from web.rights import Right, may


@dataclass(frozen=True, slots=True)
class ComplaintSheet:
    """`can`: the steps that this account can do now; `concerned`: it is the one who is complained about."""

    complaint: ComplaintView
    steps: tuple[StepView, ...]
    recordings: tuple[RecordingView, ...]
    can: tuple[Step, ...]
    concerned: bool
    is_masked: bool


async def office_of(request: web.Request, session: AsyncSession) -> OfficeHours:
    """The working hours in force, by which complaints are due."""
    return await office_hours(session, Fixed.of(request.app[SETTINGS]))


def person_of(request: web.Request) -> Person:
    """Who asks, as the rules of complaints know people."""
    account = account_of(request)
    return Person(account.id, account.seat, frozenset(account.roles))


async def read_sheet(request: web.Request, session: AsyncSession, number: int) -> ComplaintSheet:
    """The complaint of this number, as the account may see it. Raises NoSuchRecord."""
    scope, person = scope_of(request), person_of(request)
    view = await complaint_view(session, number, scope=scope, office=await office_of(request, session))
    if view is None:
        raise NoSuchRecord
    facts = await facts_of(session, await find(session, number, scope=scope))
    acts = may(account_of(request), Right.HANDLE_COMPLAINTS)
    recordings = tuple(recording_view(row) for row in await recordings_of(session, view.case))
    sheet = ComplaintSheet(
        complaint=view,
        steps=await steps_of(session, number),
        recordings=recordings,
        can=possible(facts, person) if acts else (),
        concerned=is_about(facts, person),
        is_masked=False,
    )
    if sheet.concerned:
        sheet = replace(sheet, complaint=seen_by(person, view), recordings=())
    return sheet if not sheet.concerned and _sees(request, view) else replace(masked(sheet), is_masked=True)


def is_concerned(view: ComplaintView, person: Person) -> bool:
    """Whether it is this person who is complained about."""
    return is_about(Facts(view.state, view.level, view.about_kind, view.about_id, view.assigned_to), person)


def seen_by(person: Person, view: ComplaintView) -> ComplaintView:
    """To who is complained about nobody tells who complains, nor the call in which they did."""
    if not is_concerned(view, person):
        return view
    return replace(
        masked(view),
        elder=None,
        elder_name=hidden(view.elder_name),
        complainant=hidden(view.complainant),
        caller="",
        community="",
        case=None,
    )


def _sees(request: web.Request, view: ComplaintView) -> bool:
    """Whoever is responsible, at once; others who may, after they have said why."""
    account = account_of(request)
    if not may(account, Right.SEE_PERSONAL):
        return False
    if view.assigned_to == account.id or request.app[REVEALS].covers(account, f"complaint:{view.id}"):
        return True
    return view.elder is not None and sees_elder(request, view.elder)
