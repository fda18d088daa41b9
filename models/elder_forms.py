"""The registration form (S7) as a value, and what can be wrong with it. Knows no database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, Final

from ivr.numbers import SERVICES
from ivr.vocabulary import Relation
from models.base import utc_now
from models.elders import ElderStatus
from models.id_cards import BadIdCard, read_id_card
from models.masking import is_masked
from models.phone_numbers import InvalidNumber, dialable
from models.text import plain

SEXES: Final = ("", "male", "female")
BLOOD_TYPES: Final = ("", *(f"{group}{rhesus}" for group in ("A", "B", "AB", "O") for rhesus in ("", "+", "-")))
LONGEST: Final = 2000
MOST_CONTACTS: Final = 20
_EARLIEST = date(1890, 1, 1)
_MASKED: Final = ("内容已被遮盖(***), 请先显示全部再修改", "this is masked (***): show all first, then change it")


@dataclass(frozen=True, slots=True)
class ContactForm:
    """`id` of the contact that this was, None for a new one; `phones` in the order in which they are tried."""

    name: str
    kind: Relation = Relation.OTHER
    relation: str = ""
    phones: tuple[str, ...] = ()
    id: int | None = None


@dataclass(frozen=True, slots=True)
class TerminalForm:
    line: str
    model: str = ""
    serial: str = ""
    installed_on: date | None = None


@dataclass(frozen=True, slots=True)
class ElderForm:
    """`sex` is one of `SEXES`, `blood_type` of `BLOOD_TYPES`; `language` a code (`zh`, `en`), `dialect` free
    text; `lives_alone` None: not known."""

    name: str
    sex: str = ""
    born: date | None = None
    id_card: str = ""
    home_phone: str = ""
    org_unit_id: int | None = None
    compound: str = ""
    building: str = ""
    entrance: str = ""
    floor: str = ""
    room: str = ""
    landmark: str = ""
    bus_stop: str = ""
    way_in: str = ""
    lives_alone: bool | None = None
    language: str = "zh"
    dialect: str = ""
    service_class: int = 3
    health: str = ""
    illnesses: str = ""
    medicines: str = ""
    allergies: str = ""
    blood_type: str = ""
    mobility: str = ""
    hearing: str = ""
    aids: str = ""
    doctor: str = ""
    notes: str = ""
    notice_signed_on: date | None = None
    agreement_signed_on: date | None = None
    status: ElderStatus = ElderStatus.ACTIVE
    status_since: date | None = None
    status_until: date | None = None
    provisional: bool = False
    contacts: tuple[ContactForm, ...] = ()
    terminals: tuple[TerminalForm, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """`field` as in the form (`born`, `contacts.0.phones.1`); not `severe`: worth a look, no reason to refuse."""

    field: str
    zh: str
    en: str
    severe: bool = True

    @classmethod
    def of(cls, name: str, error: ValueError) -> FieldProblem:
        """From an error whose text has both languages, divided by ` / `."""
        zh, _, en = str(error).partition(" / ")
        return cls(name, zh, en or zh)


@dataclass(frozen=True, slots=True)
class Checked:
    """The form in its tidy shape; it may be used when no problem is severe."""

    form: ElderForm
    problems: tuple[FieldProblem, ...] = field(default=())

    @property
    def usable(self) -> bool:
        return not any(problem.severe for problem in self.problems)


def check(form: ElderForm, area_code: str) -> Checked:
    """Tidy the form (spaces, numbers ready to be dialled, what the ID card tells) and find what is wrong with it."""
    form = _trimmed(form)
    problems = [*_plain_problems(form), *_date_problems(form)]
    form = _with_id_card(form, problems)
    form = replace(
        form,
        home_phone=_number(form.home_phone, area_code, "home_phone", problems) if form.home_phone else "",
        contacts=tuple(_contact(at, c, area_code, problems) for at, c in enumerate(form.contacts)),
        terminals=tuple(_terminal(at, t, area_code, problems) for at, t in enumerate(form.terminals)),
    )
    lines = [terminal.line for terminal in form.terminals]
    for at, line in enumerate(lines):
        if line and line in lines[:at]:
            problems.append(FieldProblem(f"terminals.{at}.line", "线路号码重复", "this line is given twice"))
    return Checked(form, tuple(problems))


def _trimmed(form: ElderForm) -> ElderForm:
    values = {f.name: getattr(form, f.name) for f in fields(form)}
    texts: dict[str, Any] = {name: plain(value).strip() for name, value in values.items() if type(value) is str}
    return replace(form, **texts)


def _plain_problems(form: ElderForm) -> Iterator[FieldProblem]:
    if not form.name:
        yield FieldProblem("name", "请填写姓名", "a name is needed")
    if form.sex not in SEXES:
        yield FieldProblem("sex", "性别应为男或女", "sex is male, female or empty")
    if form.service_class not in (1, 2, 3):
        yield FieldProblem("service_class", "服务类别应为1、2或3", "the service class is 1, 2 or 3")
    if form.blood_type not in BLOOD_TYPES:
        yield FieldProblem(
            "blood_type", "血型应为A、B、AB或O, 可加+或-", "A, B, AB or O, with + or - where it is known"
        )
    if len(form.contacts) > MOST_CONTACTS:
        yield FieldProblem("contacts", f"联系人最多{MOST_CONTACTS}位", f"{MOST_CONTACTS} contacts at most")
    for f in fields(form):
        value = getattr(form, f.name)
        if isinstance(value, str) and is_masked(value):
            yield FieldProblem(f.name, *_MASKED)
        if isinstance(value, str) and len(value) > LONGEST:
            yield FieldProblem(f.name, f"不得超过{LONGEST}字", f"{LONGEST} characters at most")


def _date_problems(form: ElderForm) -> Iterator[FieldProblem]:
    tomorrow = date.fromordinal(utc_now().date().toordinal() + 1)  # east of Greenwich it may be that already
    for name in ("born", "notice_signed_on", "agreement_signed_on", "status_since"):
        day: date | None = getattr(form, name)
        if day is not None and not _EARLIEST <= day <= tomorrow:
            yield FieldProblem(name, f"日期不合理: {day}", f"this date cannot be: {day}")
    if form.status_until is None:
        return
    if form.status is not ElderStatus.AWAY:
        yield FieldProblem("status_until", "只有外出才有返回日期", "only who is away comes back on a day")
    elif form.status_since is not None and form.status_until < form.status_since:
        yield FieldProblem("status_until", "返回日期早于外出日期", "comes back before leaving")


def _with_id_card(form: ElderForm, problems: list[FieldProblem]) -> ElderForm:
    if not form.id_card:
        return form
    try:
        card = read_id_card(form.id_card)
    except BadIdCard as bad:
        problems.append(FieldProblem.of("id_card", bad))
        return form
    if card.odd:
        zh, en = "身份证号的地区代码未知, 请核对", "the area code of this ID number is unknown: look again"
        problems.append(FieldProblem("id_card", zh, en, severe=False))
    if form.born is not None and form.born != card.born:
        zh, en = f"出生日期与身份证号({card.born})不一致", f"the birthday differs from the ID number's ({card.born})"
        problems.append(FieldProblem("born", zh, en))
    if form.sex and form.sex != card.sex:
        problems.append(FieldProblem("sex", "性别与身份证号不一致", "the sex differs from the ID number's"))
    return replace(form, id_card=card.number, born=form.born or card.born, sex=form.sex or card.sex)


def _contact(at: int, contact: ContactForm, area_code: str, problems: list[FieldProblem]) -> ContactForm:
    name = plain(contact.name).strip()
    if not name:
        problems.append(FieldProblem(f"contacts.{at}.name", "请填写联系人姓名", "the contact needs a name"))
    if not contact.phones:
        problems.append(FieldProblem(f"contacts.{at}.phones", "请填写联系人电话", "the contact needs a phone number"))
    phones = [
        _phone_of_contact(phone, area_code, f"contacts.{at}.phones.{number}", problems)
        for number, phone in enumerate(contact.phones)
    ]
    relation = plain(contact.relation).strip()
    return replace(contact, name=name, relation=relation, phones=tuple(dict.fromkeys(phones)))


def _phone_of_contact(given: str, area_code: str, name: str, problems: list[FieldProblem]) -> str:
    """A service is rung by an agent under its own name, never as somebody's contact."""
    number = _number(given, area_code, name, problems)
    if number in SERVICES:
        zh, en = f"{number}不能作为联系人电话", f"{number} cannot be a contact's number: agents call it by its own key"
        problems.append(FieldProblem(name, zh, en))
    return number


def _terminal(at: int, terminal: TerminalForm, area_code: str, problems: list[FieldProblem]) -> TerminalForm:
    return replace(
        terminal,
        line=_number(terminal.line, area_code, f"terminals.{at}.line", problems),
        model=plain(terminal.model).strip(),
        serial=plain(terminal.serial).strip(),
    )


def _number(given: str, area_code: str, name: str, problems: list[FieldProblem]) -> str:
    try:
        return dialable(given, area_code)
    except InvalidNumber as bad:
        problems.append(FieldProblem.of(name, bad))
        return given
