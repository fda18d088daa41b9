"""What all pages of administration share: their menu, what was typed, what was refused, and what became of a change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web
from multidict import MultiMapping

from models.register import FormRefused
from models.versions import VersionConflict
from web.problems import Problem
from web.render import render, texts_of
from web.rights import Right
from web.telling import Live

SECTIONS: Final = (
    (Right.MANAGE_POLICY, "policy"),
    (Right.MANAGE_SEATS, "seats"),
    (Right.MANAGE_USERS, "users"),
    (Right.MANAGE_PROMPTS, "prompts"),
    (Right.MANAGE_PLACES, "places"),
    (Right.MANAGE_POLICY, "numbers"),
    (Right.MANAGE_POLICY, "days"),
    (Right.MANAGE_POLICY, "codes"),
)
LONGEST: Final = 4_000  # characters of one field
SEVERAL: Final = frozenset(
    {"skills", "roles", "areas", "on_days", "told"}
)  # fields of which several values may be chosen


@dataclass(frozen=True, slots=True)
class Refused:
    """Which form was not taken, what was typed into it, what is wrong beside which field. `conflict`: somebody else was
    faster, and the page shows what they have left."""

    form: str
    typed: Mapping[str, Any]
    errors: Mapping[str, str] = field(default_factory=dict)
    conflict: bool = False

    @property
    def status(self) -> int:
        return 409 if self.conflict else 422


@dataclass(frozen=True, slots=True)
class Typed:
    """A form as it came in."""

    data: MultiMapping[Any]

    def text(self, name: str) -> str:
        value = self.data.get(name, "")
        return value.strip()[:LONGEST] if isinstance(value, str) else ""

    def every(self, name: str) -> tuple[str, ...]:
        return tuple(value for value in self.data.getall(name, []) if isinstance(value, str))

    def number(self, name: str) -> int | None:
        text = self.text(name)
        return int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else None

    @property
    def version(self) -> int:
        """Raises Problem: no page of ours sends a form without."""
        if (number := self.number("version")) is None:
            raise Problem
        return number

    def kept(self) -> dict[str, Any]:
        """To fill the form again: a list for what may be chosen more than once."""
        return {name: self.every(name) if name in SEVERAL else self.text(name) for name in self.data}


async def typed(request: web.Request) -> Typed:
    return Typed(await request.post())


def refusal(request: web.Request, form: str, sent: Typed, why: FormRefused | VersionConflict) -> Refused:
    """To show the page again with it."""
    if isinstance(why, VersionConflict):
        return Refused(form, sent.kept(), conflict=True)
    lang = texts_of(request).lang
    errors = {one.field: one.zh if lang == "zh" else one.en for one in why.problems if one.severe}
    return Refused(form, sent.kept(), errors)


def page(
    request: web.Request, section: str, context: Mapping[str, Any], *, refused: Refused | None = None, **more: Any
) -> web.Response:
    """One page of administration; `live` in the address tells what became of the change before."""
    live = more.pop("live", request.query.get("live", ""))
    shown = {
        "section": section,
        "sections": SECTIONS,
        "refused": refused,
        "live": live if live in list(Live) else "",
        **context,
    }
    template = more.pop("template", section)
    return render(
        request, f"admin/{template}.html", shown, status=refused.status if refused else more.get("status", 200)
    )


def done(where: str, live: Live) -> web.HTTPSeeOther:
    """To raise: the change is on record."""
    return web.HTTPSeeOther(f"{where}?live={live}")
