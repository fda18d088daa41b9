"""Forms of suppliers, workers and services as pages send them; what is right in them is decided by `models`. A field is
named as its problem is: `papers.tax.issued_on`, `prices.3`, `rules.2`."""

from datetime import date
from typing import Final

from ivr.vocabulary import Aid
from models.elder_forms import FieldProblem
from models.register import FormRefused
from models.services.catalogue import CLASSES, MOST_PRICE, ClassRule, ServiceForm
from models.services.records import ServiceUnit
from models.suppliers.awards import AwardForm
from models.suppliers.records import AwardTitle, Condition, SupplierStatus
from models.suppliers.supplier_forms import PaperForm, SupplierForm
from models.suppliers.workers import WorkerForm
from web.pages.admin.kit import Typed
from web.pages.repairs import fen_of

PRICES: Final = "prices."


class _Reading:
    """Reads fields and notes what cannot be read; `done` tells all of it at once."""

    def __init__(self, sent: Typed) -> None:
        self._sent = sent
        self._problems: list[FieldProblem] = []

    def day(self, name: str) -> date | None:
        text = self._sent.text(name)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            self._wrong(name, "不是日期", "this is no date")
            return None

    def fen(self, name: str) -> int:
        """An amount that was written in yuan."""
        amount = fen_of(self._sent.text(name))
        if amount is None or amount > MOST_PRICE:
            self._wrong(name, "不是金额（元，最多两位小数）", "no amount in yuan, with two decimals at most")
            return 1
        return amount

    def whole(self, name: str, *, empty: int = 0) -> int:
        if not self._sent.text(name):
            return empty
        number = self._sent.number(name)
        if number is None:
            self._wrong(name, "应为整数", "must be a whole number")
        return number or 0

    def done(self) -> None:
        """Raises FormRefused."""
        if self._problems:
            raise FormRefused(tuple(self._problems))

    def _wrong(self, name: str, zh: str, en: str) -> None:
        self._problems.append(FieldProblem(name, zh, en))


def supplier_form(sent: Typed) -> SupplierForm:
    """Raises FormRefused: a date, a number or an amount is none."""
    read = _Reading(sent)
    papers = {
        one: PaperForm(
            number=sent.text(f"papers.{one}.number"),
            issuer=sent.text(f"papers.{one}.issuer"),
            issued_on=read.day(f"papers.{one}.issued_on"),
            valid_until=read.day(f"papers.{one}.valid_until"),
        )
        for one in Condition
    }
    prices = {
        int(number): read.fen(name)
        for name in sent.data
        if name.startswith(PRICES) and (number := name.removeprefix(PRICES)).isdecimal() and sent.text(name)
    }
    form = SupplierForm(
        name=sent.text("name"),
        licence=sent.text("licence"),
        phone=sent.text("phone"),
        sms_number=sent.text("sms_number"),
        contact_name=sent.text("contact_name"),
        address=sent.text("address"),
        capital=read.whole("capital"),
        agreement_from=read.day("agreement_from"),
        agreement_until=read.day("agreement_until"),
        notes=sent.text("notes"),
        papers=papers,
        prices=prices,
        areas=frozenset(int(one) for one in sent.every("areas") if one.isdecimal() and len(one) <= 9),
    )
    read.done()
    return form


def worker_form(sent: Typed) -> WorkerForm:
    """Raises FormRefused: a date is none."""
    read = _Reading(sent)
    form = WorkerForm(
        name=sent.text("name"),
        phone=sent.text("phone"),
        badge_number=sent.text("badge_number"),
        training=sent.text("training"),
        trained_on=read.day("trained_on"),
        trained_until=read.day("trained_until"),
        active=sent.text("active") != "no",
    )
    read.done()
    return form


def award_form(sent: Typed) -> AwardForm:
    """Raises FormRefused: no award was chosen."""
    try:
        title = AwardTitle(sent.text("title"))
    except ValueError:
        raise FormRefused.of("title", "请选择奖项", "choose the award") from None
    return AwardForm(sent.number("year") or 0, title, sent.text("reason"))


def service_form(sent: Typed) -> ServiceForm:
    """Raises FormRefused: a number or an amount is none."""
    read = _Reading(sent)
    rules = {one: ClassRule(sent.text(f"offered.{one}") == "yes", read.whole(f"rules.{one}")) for one in CLASSES}
    form = ServiceForm(
        aid=_aid(sent.text("aid")),
        name_zh=sent.text("name_zh"),
        name_en=sent.text("name_en"),
        unit=_unit(sent.text("unit")),
        price_limit=read.fen("price_limit"),
        minimum_minutes=read.whole("minimum_minutes"),
        counts_as_visit=sent.text("counts_as_visit") == "yes",
        description=sent.text("description"),
        active=sent.text("active") != "no",
        rules=rules,
    )
    read.done()
    return form


def status_in(text: str) -> SupplierStatus:
    """Raises FormRefused."""
    try:
        return SupplierStatus(text)
    except ValueError:
        raise FormRefused.of("status", "没有此状态", "there is no such status") from None


def _aid(text: str) -> Aid:
    try:
        return Aid(text)
    except ValueError:
        raise FormRefused.of("aid", "请选择服务类别", "choose the kind of service") from None


def _unit(text: str) -> ServiceUnit:
    try:
        return ServiceUnit(text)
    except ValueError:
        raise FormRefused.of("unit", "请选择计价单位", "choose the unit") from None
