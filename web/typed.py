"""What was typed into a form of ours: texts, whole numbers, days; and, when it was refused, what is wrong beside which
field. For forms whose rules stand in `models`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from aiohttp import web
from multidict import MultiDict, MultiMapping

from models.register import FormRefused
from models.versions import VersionConflict
from web.problems import Problem
from web.render import texts_of


def whole_number(text: object, *, digits: int = 9) -> int | None:
    """None for what is no number, or a longer one."""
    given = str(text or "").strip()
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= digits else None


def day_in(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text or "").strip())
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields of a form, and what is wrong with them; `problem` is about none of them. What a page shows when
    nothing was typed yet is given to `text`."""

    fields: MultiMapping[Any] = field(default_factory=MultiDict)
    wrong: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    status: int = 200

    def __bool__(self) -> bool:
        return len(self.fields) > 0

    def text(self, name: str, given: object = "") -> str:
        value = self.fields.get(name, given) if self.fields else given
        return value if isinstance(value, str) else "" if value is None else str(value)

    def all(self, name: str) -> list[str]:
        return [value for value in self.fields.getall(name, []) if isinstance(value, str)]

    def number(self, name: str) -> int | None:
        return whole_number(self.text(name))

    def day(self, name: str) -> date | None:
        return day_in(self.text(name))

    @property
    def version(self) -> int:
        """Raises Problem: a form of ours has one."""
        version = self.number("version")
        if version is None:
            raise Problem
        return version

    def refused(self, request: web.Request, why: FormRefused | VersionConflict) -> Typed:
        """The same form with the reason why it was not taken."""
        t = texts_of(request)
        if isinstance(why, VersionConflict):
            return Typed(self.fields, {}, t("problem.version"), 409)
        wrong = {one.field: one.zh if t.lang == "zh" else one.en for one in why.problems}
        known = {name: words for name, words in wrong.items() if name in self.fields}
        rest = [words for name, words in wrong.items() if name not in self.fields]
        return Typed(self.fields, known, "；".join(rest) if t.lang == "zh" else "; ".join(rest), 422)


async def typed(request: web.Request) -> Typed:
    return Typed(await request.post())
