"""Text messages that come in (H12): each is put on record once, whatever the gateway repeats, as a report of the
handset that sent it; what follows is what follows for any device's (`device_reports.py`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.case import DeviceReport
from models.base import utc_now
from models.device_reports import DeviceReportRow, keep, kind_of, place
from models.elders import Contact, ContactPhone, Elder, Terminal
from models.handset_texts import Meaning, meaning_of, position_in
from models.phone_numbers import canonical, national
from models.text import plain

SHORTEST: Final = 7  # digits of a number that may be somebody's
_PORTS: Final = "106"  # numbers of companies that send messages begin so
_A_MOMENT: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class InboundText:
    """`message`: the gateway's id for it; `sender` as the network gives it; `at`: when it was sent."""

    message: str
    sender: str
    at: datetime
    words: str


def cry_of(text: InboundText, area_code: str) -> DeviceReport:
    """As the procedure reads a message of which nobody can say more: it is an alarm."""
    return _report(text, Meaning.SMS, _as_dialled(text.sender, area_code))


async def keep_text(
    session: AsyncSession, text: InboundText, *, by: str, area_code: str
) -> tuple[DeviceReportRow, bool]:
    """The message on record, and whether it is new. Where the handset is, is written into its file (H14). What is no
    report, such as thanks from family, counts as handed over: nobody is asked for it."""
    same = select(DeviceReportRow).where(DeviceReportRow.by == by, DeviceReportRow.message == plain(text.message))
    known = await session.scalar(same)
    if known is not None:
        return known, False
    number = canonical(text.sender, area_code)
    sender = await _sender(session, number) if number else _Sender()
    meaning, device = _read(text, sender, _as_dialled(text.sender, area_code))
    report = _report(text, meaning, device)
    while True:  # two messages of one second are two: device and time tell reports apart
        row, new = await keep(session, report, said=meaning, data=None, by=by)
        if new:
            break
        report = replace(report, at=report.at + _A_MOMENT)
    row.message, row.elder_id = plain(text.message), sender.elder
    if meaning is Meaning.NOTE:
        row.handed_at = utc_now()
    else:
        await place(session, report, area_code=area_code)
    await session.flush()
    return row, True


@dataclass(frozen=True, slots=True)
class _Sender:
    """`elder`: whose telephone it is, or whose contact's; `is_home`: the elder's own, `serial` the handset's."""

    elder: int | None = None
    is_home: bool = False
    serial: str = ""


async def _sender(session: AsyncSession, number: str) -> _Sender:
    line = select(Terminal.elder_id, Terminal.serial).where(Terminal.line_canonical == number)
    if (handset := (await session.execute(line)).one_or_none()) is not None:
        return _Sender(handset.elder_id, is_home=True, serial=handset.serial)
    home = select(Elder.id).where(Elder.home_phone_canonical == number).order_by(Elder.id).limit(1)
    if (elder := await session.scalar(home)) is not None:
        return _Sender(elder, is_home=True)
    family = select(Contact.elder_id).join(ContactPhone, ContactPhone.contact_id == Contact.id)
    return _Sender(await session.scalar(family.where(ContactPhone.canonical == number).order_by(Contact.id).limit(1)))


def _read(text: InboundText, sender: _Sender, dialled: str) -> tuple[Meaning, str]:
    """What it means, and which device says it: open cases know a handset's alarm by its number, and where it is by its
    serial number."""
    if sender.is_home:
        meaning = meaning_of(text.words, from_handset=True)
        return meaning, dialled if meaning is Meaning.SMS else sender.serial or dialled
    return Meaning.NOTE if _is_company(text.sender) else meaning_of(text.words, from_handset=False), dialled


def _report(text: InboundText, meaning: Meaning, device: str) -> DeviceReport:
    return DeviceReport(device, kind_of(meaning), text.at, position_in(text.words), text.words)


def _as_dialled(sender: str, area_code: str) -> str:
    """The number as it stands on file; a name as it is."""
    number = canonical(sender, area_code) if sender.removeprefix("+").isdecimal() else ""
    return national(number) if number else sender


def _is_company(sender: str) -> bool:
    """A carrier, a bank, an advertiser: nobody who could need help sends from there."""
    digits = sender.removeprefix("+").removeprefix("86")
    return not digits.isdecimal() or len(digits) < SHORTEST or digits.startswith(_PORTS)
