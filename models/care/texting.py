"""Text messages of care: to elders who would rather read than be rung (X2), and to family that wishes to know that the
elder has answered, where the elder agrees. They leave through the same outbox as all others, after them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, selectinload

from ivr.numbers import takes_messages
from models.base import Base, choice
from models.care.bulletins import CareBulletin
from models.care.calls import CareCall, CareState
from models.care.planning import CareKind
from models.care.plans import CarePlan
from models.care.wishes import CareWishes
from models.elders import Contact, Elder
from models.messages import NO_MOBILE, MessageStatus, Outgoing
from models.upsert import insert_or_ignore

WELL: Final = "1"  # the key that says so


class CareText(StrEnum):
    """The names of the texts in `sms/texts.toml`. `CARE_ANSWERED`: by voice, so nobody knows what was said."""

    CARE_NOTE = "care_note"
    CARE_WELL = "care_well"
    CARE_ANSWERED = "care_answered"


class CareTextRow(Outgoing, Base):
    """`contact_id` None: to the elder; each contact gets one a day."""

    __tablename__ = "care_messages"
    __table_args__ = (UniqueConstraint("contact_id", "day"), Index(None, "status", "due_at"))

    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id", ondelete="CASCADE"), index=True)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("care_calls.id", ondelete="SET NULL"), index=True)
    contact_id: Mapped[int | None]
    day: Mapped[date]
    kind: Mapped[CareText] = mapped_column(choice(CareText))

    @property
    def text(self) -> str:
        return str(self.kind)

    @property
    def our_reference(self) -> str:
        return f"care-{self.id}-{self.kind}"


def mobile_of(numbers: Iterable[str]) -> str:
    """The first of them that takes messages; empty: none does."""
    return next(filter(takes_messages, numbers), "")


def is_texted(call: CareCall, wishes: CareWishes | None, plan: CarePlan | None, mobile: str) -> bool:
    """Whether this call goes out as a message instead. One that must be answered, or asks for a key, does not."""
    if wishes is None or not wishes.prefers_sms or not mobile or call.kind is CareKind.SATISFACTION:
        return False
    return plan is not None and not plan.must_answer


async def text_instead(
    session: AsyncSession, call: CareCall, plan: CarePlan, bulletin: CareBulletin | None, mobile: str, *, now: datetime
) -> None:
    """The call is over; what would have been said is in the outbox."""
    words = bulletin.text if bulletin is not None else plan.text or plan.title
    call.state, call.reason, call.ended_at = CareState.TEXTED, None, now
    row = _row(call, CareText.CARE_NOTE, number=mobile, parameters={"words": words}, at=now)
    await insert_or_ignore(session, CareTextRow, [row])


async def tell_family(session: AsyncSession, call: CareCall, *, at: datetime) -> None:
    """The elder has answered: whoever of the contacts wishes to know is told, once a day. Nobody is, unless the elder
    agrees to that."""
    wishes = await session.get(CareWishes, call.elder_id)
    if wishes is None or wishes.family_on is None or not wishes.told:
        return
    elder = await session.get_one(Elder, call.elder_id)
    wanted = select(Contact).where(Contact.elder_id == elder.id, Contact.id.in_(wishes.told))
    contacts = await session.scalars(wanted.options(selectinload(Contact.phones)).order_by(Contact.position))
    kind = CareText.CARE_WELL if call.answer == WELL else CareText.CARE_ANSWERED
    told = {"elder": elder.name, "time": f"{at.astimezone():%H:%M}"}
    rows = []
    for contact in contacts:
        number = mobile_of(phone.number for phone in contact.phones)
        rows.append(_row(call, kind, contact=contact, number=number, parameters=told, at=at))
    await insert_or_ignore(session, CareTextRow, rows)


def _row(
    call: CareCall,
    kind: CareText,
    *,
    number: str,
    parameters: dict[str, str],
    at: datetime,
    contact: Contact | None = None,
) -> dict[str, Any]:
    return {
        "elder_id": call.elder_id,
        "call_id": call.id,
        "contact_id": None if contact is None else contact.id,
        "day": call.day,
        "kind": kind,
        "name": "" if contact is None else contact.name,
        "number": number,
        "parameters": parameters,
        "status": MessageStatus.WAITING if number else MessageStatus.SKIPPED,
        "tries": 0,
        "asked_at": at,
        "due_at": at,
        "sent_at": None,
        "reference": "",
        "problem": "" if number else NO_MOBILE,
    }
