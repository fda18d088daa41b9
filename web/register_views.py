"""An elder's file as pages and API show it: the form, its version, the ids of its parts. Reads and small rewrites of
the form; the rules for writing are in `models.register`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import Relation
from models.elder_forms import ContactForm, ElderForm, TerminalForm
from models.elders import ElderStatus, Terminal
from models.queries.register import file_of
from models.register import NoSuchElder, change_elder, check_place, create_elder, find_elder, form_of
from models.repairs import warranty_until
from models.scope import Scope
from web.guard import account_of
from web.keys import DATABASE, SETTINGS
from web.places import scope_of


@dataclass(frozen=True, slots=True)
class ContactView:
    """`phones` in the order in which they are tried."""

    id: int
    name: str
    kind: Relation
    relation: str
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TerminalView:
    """`warranty_until`: the last day of the two years (X8)."""

    id: int
    line: str
    model: str
    serial: str
    installed_on: date | None
    last_tested_at: datetime | None
    warranty_until: date | None


@dataclass(frozen=True, slots=True)
class ElderView:
    """The whole file. `version` must come back with a change; `address` is made from the parts."""

    id: int
    version: int
    name: str
    sex: str
    born: date | None
    id_card: str
    home_phone: str
    org_unit_id: int | None
    community: str
    compound: str
    building: str
    entrance: str
    floor: str
    room: str
    address: str
    landmark: str
    bus_stop: str
    way_in: str
    lives_alone: bool | None
    language: str
    dialect: str
    service_class: int
    health: str
    illnesses: str
    medicines: str
    allergies: str
    blood_type: str
    mobility: str
    hearing: str
    aids: str
    doctor: str
    notes: str
    notice_signed_on: date | None
    agreement_signed_on: date | None
    status: ElderStatus
    status_since: date | None
    status_until: date | None
    provisional: bool
    contacts: tuple[ContactView, ...]
    terminals: tuple[TerminalView, ...]
    created_at: datetime
    changed_at: datetime


async def elder_view(session: AsyncSession, elder_id: int, *, scope: Scope) -> ElderView:
    """Raises NoSuchElder, also for one who is out of scope."""
    elder = await find_elder(session, elder_id, scope=scope)
    form, version = await form_of(session, elder_id)
    file = await file_of(session, elder_id)
    if file is None:
        raise NoSuchElder(f"there is no elder {elder_id}")
    terminals = await session.scalars(select(Terminal).where(Terminal.elder_id == elder_id).order_by(Terminal.id))
    values = {name: getattr(form, name) for name in _OF_FORM}
    return ElderView(
        id=elder_id,
        version=version,
        community=file.community,
        address=file.address,
        contacts=tuple(
            ContactView(contact.id or 0, contact.name, contact.kind, contact.relation, contact.phones)
            for contact in form.contacts
        ),
        terminals=tuple(
            TerminalView(
                t.id, t.line, t.model, t.serial, t.installed_on, t.last_tested_at, warranty_until(t.installed_on)
            )
            for t in terminals
        ),
        created_at=elder.created_at,
        changed_at=elder.changed_at,
        **values,
    )


_OF_FORM = tuple(
    name
    for name in ElderForm.__dataclass_fields__
    if name not in ("contacts", "terminals") and name in ElderView.__dataclass_fields__
)


def contact_form(contact: ContactView) -> ContactForm:
    return ContactForm(contact.name, contact.kind, contact.relation, contact.phones, contact.id)


def terminal_form(terminal: TerminalView) -> TerminalForm:
    return TerminalForm(terminal.line, terminal.model, terminal.serial, terminal.installed_on)


async def rewrite(
    request: web.Request,
    elder_id: int,
    change: Callable[[ElderForm, ElderView], ElderForm],
    *,
    version: int | None = None,
) -> ElderView:
    """Change the file as it is now, in one transaction; the file afterwards.

    Raises what `models.register.change_elder` raises, and whatever `change` raises.
    """
    area_code, actor = request.app[SETTINGS].area_code, account_of(request).actor
    async with request.app[DATABASE].write() as session:
        scope = scope_of(request)
        before = await elder_view(session, elder_id, scope=scope)
        form, present = await form_of(session, elder_id)
        changed = change(form, before)
        check_place(changed, scope, present=form.org_unit_id)
        await change_elder(
            session,
            elder_id,
            changed,
            version=present if version is None else version,
            by=actor,
            area_code=area_code,
            scope=scope,
        )
        session.expire_all()
        return await elder_view(session, elder_id, scope=scope)


async def make(request: web.Request, form: ElderForm) -> ElderView:
    """A new file, in a place of the account's. Raises FormRefused."""
    area_code, actor, scope = request.app[SETTINGS].area_code, account_of(request).actor, scope_of(request)
    check_place(form, scope)
    async with request.app[DATABASE].write() as session:
        elder = await create_elder(session, form, by=actor, area_code=area_code, scope=scope)
        return await elder_view(session, elder.id, scope=scope)
