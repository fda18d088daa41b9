"""Papers as pages handle them: the form with the file in it. Scans: `paper_scans.py`; rules: `models/papers.py`."""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiohttp import web
from multidict import MultiMapping
from wtforms import DateField, Form, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from home.plan_recordings import forget_recording
from models.care.recordings import recorded_for
from models.elder_forms import FieldProblem
from models.papers import LONGEST, PaperForm, PaperKind, Scan, is_kept, scans_of
from models.register import delete_elder
from web.forms import FormData
from web.guard import account_of
from web.keys import DATABASE, SETTINGS
from web.paper_scans import forget, keep, no_scan
from web.places import scope_of
from web.texts import Texts


class PaperEntry(Form):  # type: ignore[misc]
    kind = SelectField(choices=[])
    issued_on = DateField(validators=[InputRequired()])
    valid_until = DateField(validators=[Optional()])
    number = StringField(validators=[Length(max=LONGEST)])
    issuer = StringField(validators=[Length(max=LONGEST)])


def entry(t: Texts, *, data: MultiMapping[Any] | None = None, kind: str = "") -> PaperEntry:
    """The form: from what was sent, else empty but for the kind."""
    sent = FormData(data) if data is not None else None
    locales = ["zh" if t.lang == "zh" else "en"]
    form = PaperEntry(sent, data={"kind": kind or PaperKind.NOTICE}, meta={"locales": locales})
    form.kind.choices = [(str(one), t(f"paper_kind.{one}")) for one in PaperKind]
    return form


def paper_form(form: PaperEntry) -> PaperForm:
    return PaperForm(
        kind=PaperKind(form.kind.data),
        issued_on=form.issued_on.data,
        valid_until=form.valid_until.data,
        number=form.number.data or "",
        issuer=form.issuer.data or "",
    )


async def scan_in(request: web.Request, *, needed: bool = False) -> Scan | None:
    """The file that was sent with the form, on the disk; None when there was none. Raises FormRefused."""
    field = (await request.post()).get("scan")
    if not isinstance(field, web.FileField) or not field.filename:
        if needed:
            raise no_scan("empty")
        return None
    return await keep(request, field.file)


async def delete_with_scans(request: web.Request, elder: int, *, version: int) -> None:
    """The elder's file with all personal data, those on the disk as well. Raises NoSuchElder, VersionConflict."""
    async with request.app[DATABASE].write() as session:
        before, spoken = await scans_of(session, elder), await recorded_for(session, elder)
        await delete_elder(session, elder, version=version, by=account_of(request).actor, scope=scope_of(request))
        left = [scan for scan in before if not await is_kept(session, scan)]
    for scan in left:
        await forget(request, scan)
    for plan in spoken:
        await asyncio.to_thread(forget_recording, request.app[SETTINGS], plan)


def show_problems(form: PaperEntry, problems: Iterable[FieldProblem], t: Texts) -> list[str]:
    """Put each problem beside its field; those of the file, which is no field of the form."""
    of_file = []
    for problem in problems:
        words = problem.zh if t.lang == "zh" else problem.en
        if problem.field in form:
            form[problem.field].errors = [*form[problem.field].errors, words]
        else:
            of_file.append(words)
    return of_file
