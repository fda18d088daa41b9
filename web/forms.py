"""The registration form (S7) as an HTML form. Its shape only: what is right in it is decided by `models.register`."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from multidict import MultiMapping
from wtforms import (
    BooleanField,
    DateField,
    Field,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional

from ivr.vocabulary import Relation
from models.elder_forms import BLOOD_TYPES, ContactForm, ElderForm, FieldProblem, TerminalForm
from models.elders import ElderStatus
from web.register_views import ElderView
from web.texts import Texts

SHORT, LONG = [Length(max=100)], [Length(max=2_000)]
SPARE_ROWS: Final = 2
MOST_ROWS: Final = 20
_SEPARATORS = re.compile(r"[、;；,，/\n]+")
_ALONE: Final = {"": None, "yes": True, "no": False}


class FormData:
    """aiohttp's multidict in the shape that WTForms reads."""

    def __init__(self, data: MultiMapping[Any]) -> None:
        self._data = data

    def __iter__(self) -> Any:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __contains__(self, name: str) -> bool:
        return name in self._data

    def getlist(self, name: str) -> list[str]:
        return [value for value in self._data.getall(name, []) if isinstance(value, str)]


class ContactRow(Form):  # type: ignore[misc]
    id = HiddenField()
    name = StringField(validators=SHORT)
    kind = SelectField(choices=[])
    relation = StringField(validators=SHORT)
    phones = StringField(validators=[Length(max=300)])


class TerminalRow(Form):  # type: ignore[misc]
    line = StringField(validators=[Length(max=40)])
    model = StringField(validators=SHORT)
    serial = StringField(validators=SHORT)
    installed_on = DateField(validators=[Optional()])


class Registration(Form):  # type: ignore[misc]
    version = HiddenField()
    name = StringField(validators=[InputRequired(), *SHORT])
    sex = SelectField(choices=[])
    born = DateField(validators=[Optional()])
    id_card = StringField(validators=[Length(max=30)])
    home_phone = StringField(validators=[Length(max=40)])
    language = SelectField(choices=[])
    dialect = StringField(validators=SHORT)
    lives_alone = SelectField(choices=[])
    org_unit_id = SelectField(choices=[])
    compound = StringField(validators=SHORT)
    building = StringField(validators=SHORT)
    entrance = StringField(validators=SHORT)
    floor = StringField(validators=SHORT)
    room = StringField(validators=SHORT)
    landmark = StringField(validators=LONG)
    bus_stop = StringField(validators=LONG)
    way_in = TextAreaField(validators=LONG)
    health = TextAreaField(validators=LONG)
    illnesses = TextAreaField(validators=LONG)
    medicines = TextAreaField(validators=LONG)
    allergies = TextAreaField(validators=LONG)
    blood_type = SelectField(choices=[])
    mobility = StringField(validators=LONG)
    hearing = StringField(validators=LONG)
    aids = StringField(validators=LONG)
    doctor = StringField(validators=LONG)
    notes = TextAreaField(validators=LONG)
    service_class = SelectField(choices=[])
    status = SelectField(choices=[])
    status_since = DateField(validators=[Optional()])
    status_until = DateField(validators=[Optional()])
    notice_signed_on = DateField(validators=[Optional()])
    agreement_signed_on = DateField(validators=[Optional()])
    provisional = BooleanField()
    contacts = FieldList(FormField(ContactRow), max_entries=MOST_ROWS)
    terminals = FieldList(FormField(TerminalRow), max_entries=MOST_ROWS)


class FollowUpForm(Form):  # type: ignore[misc]
    version = IntegerField(validators=[InputRequired()])
    result = TextAreaField(validators=[InputRequired(), *LONG])
    satisfaction = SelectField(choices=[])
    note = TextAreaField(validators=LONG)


class ExceptionForm(Form):  # type: ignore[misc]
    version = IntegerField(validators=[InputRequired()])
    cause = SelectField(choices=[])
    explanation = StringField(validators=[InputRequired(), *LONG])


GROUPS: Final = {
    "elders.person": (
        "name", "sex", "born", "id_card", "home_phone", "language", "dialect", "lives_alone", "status", "status_since",
        "status_until",
    ),
    "elders.address": (
        "org_unit_id", "compound", "building", "entrance", "floor", "room", "landmark", "bus_stop", "way_in",
    ),
    "elders.health_file": (
        "health", "illnesses", "medicines", "allergies", "blood_type", "mobility", "hearing", "aids", "doctor",
    ),
    "elders.signed": ("service_class", "notice_signed_on", "agreement_signed_on", "provisional", "notes"),
}  # fmt: skip


def registration(
    t: Texts, communities: Mapping[int, str], *, data: MultiMapping[Any] | None = None, elder: ElderView | None = None
) -> Registration:
    """The form: from what was sent, else from the file, else empty; choices in the visitor's language."""
    values = _values(elder) if elder is not None else {}
    sent = FormData(data) if data is not None else None
    form = Registration(sent, data=values, meta={"locales": ["zh" if t.lang == "zh" else "en"]})
    if data is None:
        for rows in (form.contacts, form.terminals):
            for _ in range(min(SPARE_ROWS, MOST_ROWS - len(rows))):
                rows.append_entry()
    _choose(form, t, communities)
    return form


def _values(elder: ElderView) -> dict[str, Any]:
    values = {name: getattr(elder, name) for name in Registration.__dict__ if hasattr(elder, name)}
    alone = {value: word for word, value in _ALONE.items()}[elder.lives_alone]
    contacts = [
        {"id": c.id, "name": c.name, "kind": c.kind, "relation": c.relation, "phones": "、".join(c.phones)}
        for c in elder.contacts
    ]
    terminals = [
        {"line": t.line, "model": t.model, "serial": t.serial, "installed_on": t.installed_on} for t in elder.terminals
    ]
    unit = "" if elder.org_unit_id is None else str(elder.org_unit_id)
    special = {"lives_alone": alone, "contacts": contacts, "terminals": terminals, "org_unit_id": unit}
    return {**values, **special}


def _choose(form: Registration, t: Texts, communities: Mapping[int, str]) -> None:
    form.sex.choices = [("", ""), *((sex, t(f"sex.{sex}")) for sex in ("female", "male"))]
    form.language.choices = [(lang, t(f"language.{lang}")) for lang in ("zh", "en")]
    form.lives_alone.choices = [("", t("form.not_known")), ("yes", t("form.yes")), ("no", t("form.no"))]
    form.service_class.choices = [(str(number), t(f"service_class.{number}")) for number in (1, 2, 3)]
    form.blood_type.choices = [(group, group or t("form.not_known")) for group in BLOOD_TYPES]
    form.status.choices = [(str(status), t(f"elder_status.{status}")) for status in ElderStatus]
    form.org_unit_id.choices = [("", ""), *((str(unit), name) for unit, name in communities.items())]
    for row in form.contacts:
        row.form.kind.choices = [(str(kind), t(f"relation.{kind}")) for kind in Relation]
    if form.service_class.data is None:
        form.service_class.data = "3"


_CONVERTED: Final = ("version", "contacts", "terminals", "lives_alone", "org_unit_id", "service_class", "status")


def to_elder_form(form: Registration) -> ElderForm:
    """What the form says, for `models.register` to judge. Rows without a name or line are left out."""
    plain: dict[str, Any] = {
        field.name: "" if field.data is None and isinstance(field, StringField | SelectField) else field.data
        for field in form
        if field.name not in _CONVERTED
    }
    return ElderForm(
        **plain,
        lives_alone=_ALONE.get(form.lives_alone.data or ""),
        org_unit_id=int(form.org_unit_id.data) if form.org_unit_id.data else None,
        service_class=int(form.service_class.data),
        status=ElderStatus(form.status.data),
        contacts=tuple(_contact(row.form) for row in _filled(form.contacts, "name")),
        terminals=tuple(_terminal(row.form) for row in _filled(form.terminals, "line")),
    )


def show_problems(form: Registration, problems: Iterable[FieldProblem], t: Texts) -> None:
    """Put each severe problem beside its field."""
    kept = {"contacts": _filled(form.contacts, "name"), "terminals": _filled(form.terminals, "line")}
    for problem in problems:
        if not problem.severe:
            continue
        words = problem.zh if t.lang == "zh" else problem.en
        name, _, rest = problem.field.partition(".")
        at, _, inner = rest.partition(".")
        field: Field = form[name if name in form else "name"]
        if name in kept and at.isdecimal() and int(at) < len(kept[name]):
            field = kept[name][int(at)].form[inner.partition(".")[0]]
        field.errors = [*field.errors, words]


def _filled(rows: FieldList, name: str) -> list[FormField]:
    return [row for row in rows if (row.form[name].data or "").strip()]


def _contact(row: Form) -> ContactForm:
    phones = tuple(part.strip() for part in _SEPARATORS.split(row.phones.data or "") if part.strip())
    number = row.id.data or ""
    known = int(number) if number.isdecimal() and len(number) < 10 else None
    return ContactForm(row.name.data, Relation(row.kind.data), row.relation.data or "", phones, known)


def _terminal(row: Form) -> TerminalForm:
    return TerminalForm(row.line.data, row.model.data or "", row.serial.data or "", row.installed_on.data)
