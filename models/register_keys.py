"""Whom a row of a sheet means, and which community. Built once for an import, from the register as it stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.elder_forms import ElderForm
from models.elders import Elder, Terminal
from models.org import OrgKind, OrgUnit
from models.phone_numbers import canonical

Key: TypeAlias = tuple[str, ...]
Path: TypeAlias = tuple[tuple[OrgKind, str], ...]


@dataclass(slots=True, eq=False)
class Draft:
    """What one elder's file will be. `elder_id` None: a new one, else `before` is what stands there; `row`: where the
    sheet spoke of it last; `path`: the community has yet to be made."""

    form: ElderForm
    elder_id: int | None = None
    version: int | None = None
    row: int | None = None
    path: Path = ()
    before: ElderForm | None = None

    @property
    def named(self) -> str:
        return f"{self.elder_id}号档案" if self.row is None else f"第{self.row}行"


class Keys:
    """Finds a draft by ID card, line, or name with home phone."""

    def __init__(self, area_code: str) -> None:
        self._area_code = area_code
        self._elders: dict[Key, int] = {}
        self._drafts: dict[Key, Draft] = {}

    @classmethod
    async def load(cls, session: AsyncSession, area_code: str) -> Keys:
        keys = cls(area_code)
        elders = select(Elder.id, Elder.name, Elder.id_card, Elder.home_phone_canonical).order_by(Elder.id.desc())
        for elder, name, card, home in await session.execute(elders):
            if card:
                keys._elders["card", card] = elder
            if home:
                keys._elders["name", name, home] = elder
        for elder, line in await session.execute(select(Terminal.elder_id, Terminal.line_canonical)):
            keys._elders["line", line] = elder
        return keys

    def elder_of(self, form: ElderForm) -> int | None:
        """The elder on file whom this form means."""
        return next((self._elders[key] for key in self._of(form) if key in self._elders), None)

    def know(self, draft: Draft) -> None:
        """From now on the draft answers for its own keys."""
        for key in self._of(draft.form):
            self._drafts.setdefault(key, draft)

    def find(self, form: ElderForm) -> Draft | None:
        """The draft whom this form means: of an elder on file, or of an earlier row."""
        return next((self._drafts[key] for key in self._of(form) if key in self._drafts), None)

    def others(self, form: ElderForm, draft: Draft) -> Iterator[tuple[str, str]]:
        """Which of the form's ID card and lines belong to somebody else: (`id_card` or `terminals.N.line`, whose)."""
        card = [("id_card", ("card", form.id_card))] if form.id_card else []
        lines = [(f"terminals.{at}.line", key) for at, key in enumerate(self._lines(form))]
        for name, key in [*card, *lines]:
            owner = self._drafts.get(key)
            if owner is not None and owner is not draft:
                yield name, owner.named
            elif owner is None and self._elders.get(key, draft.elder_id) != draft.elder_id:
                yield name, f"{self._elders[key]}号档案"

    def _of(self, form: ElderForm) -> Iterator[Key]:
        if form.id_card:
            yield "card", form.id_card
        yield from self._lines(form)
        if form.home_phone:
            yield "name", form.name, canonical(form.home_phone, self._area_code)

    def _lines(self, form: ElderForm) -> Iterator[Key]:
        for terminal in form.terminals:
            yield "line", canonical(terminal.line, self._area_code)


class UnknownPlace(ValueError):
    """There is no such community, or more than one; the text says what to write, in Chinese and English."""


class Places:
    """The communities below `root`, found by name and, where that is not enough, by what lies above them."""

    def __init__(self, units: Iterable[OrgUnit], root: int | None) -> None:
        self._units = {unit.id: unit for unit in units}
        self._root = root
        self._named: dict[tuple[OrgKind, str], list[OrgUnit]] = defaultdict(list)
        for unit in self._units.values():
            if root is None or root in self._line(unit):
                self._named[unit.kind, unit.name].append(unit)

    @classmethod
    async def load(cls, session: AsyncSession, root: int | None) -> Places:
        return cls((await session.scalars(select(OrgUnit))).all(), root)

    def find(self, path: Path) -> int | None:
        """The unit of this path (city to community, parts may be missing); None when there is none.

        Raises:
            UnknownPlace: several units fit.
        """
        wanted = set(path)
        fitting = [unit for unit in self._named[path[-1]] if wanted <= self._names_above(unit)]
        if len(fitting) > 1:
            name = path[-1][1]
            raise UnknownPlace(
                f"“{name}”不止一个, 请填写街道和区 / there are several {name!r}: give street and district"
            )
        return fitting[0].id if fitting else None

    def _line(self, unit: OrgUnit) -> list[int]:
        line = [unit.id]
        while unit.parent_id is not None:
            unit = self._units[unit.parent_id]
            line.append(unit.id)
        return line

    def _names_above(self, unit: OrgUnit) -> set[tuple[OrgKind, str]]:
        return {(self._units[at].kind, self._units[at].name) for at in self._line(unit)}
