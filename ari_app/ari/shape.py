"""Shapes of ARI messages: dataclasses that can be read from JSON, with checks, fast enough for every event.

A class is only its fields; the plan for reading it is derived once, on first use. Unknown fields are ignored, because
newer Asterisks say more. A missing required field or a wrong type raises MalformedMessage, never anything else.
What must never live here: knowledge of any single message.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime
from functools import cache
from types import UnionType
from typing import Any, Literal, Self, TypeVar, Union, dataclass_transform, get_args, get_origin

from .errors import MalformedMessage

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
JsonObject = Mapping[str, Json]

_S = TypeVar("_S")
_Convert = Callable[[Any], Any]


class Shape:
    """Something that Asterisk describes: a model or an event."""

    __slots__ = ()

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read one object of decoded JSON. Raises MalformedMessage, which names the class and the field."""
        reader: Callable[[object], Self] = _reader(cls)  # type: ignore[arg-type]  # classes do hash
        return reader(data)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def shape(cls: type[_S]) -> type[_S]:
    """Make a class a frozen, slotted, keyword-only dataclass."""
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)


@dataclass(frozen=True, slots=True)
class _Field:
    """How one field is read: `kind` is taken as it is, everything else goes through `convert`."""

    wire: str
    name: str
    kind: type
    convert: _Convert
    required: bool


@cache
def _reader(cls: type[Any]) -> Callable[[object], Any]:
    # Slots are filled directly: a frozen class's own __init__ would double the cost of every event.
    plan = tuple((f.wire, getattr(cls, f.name).__set__, f.kind, f.convert, f.required) for f in _plan(cls))
    new: Any = cls.__new__

    def read(data: object) -> Any:
        if type(data) is not dict:
            raise MalformedMessage(f"{cls.__name__} must be an object, not {_name_of(data)}")
        made = new(cls)
        get = data.get
        for wire, fill, kind, convert, required in plan:
            value = get(wire)
            if type(value) is kind:
                fill(made, value)
            elif value is not None:
                try:
                    fill(made, convert(value))
                except MalformedMessage as problem:
                    raise MalformedMessage(f"{cls.__name__}.{wire}: {problem}") from None
            elif required:
                raise MalformedMessage(f"{cls.__name__}.{wire} is missing")
            else:
                fill(made, None)
        return made

    return read


def _plan(cls: type[Any]) -> list[_Field]:
    hints = typing.get_type_hints(cls, localns={"Json": Json})
    plan = []
    for field in fields(cls):
        hint = _without_none(hints[field.name])
        kind, convert = _conversion(hint)
        plan.append(
            _Field(
                wire=field.name.removesuffix("_"),
                name=field.name,
                kind=kind,
                convert=convert,
                required=field.default is MISSING,
            )
        )
    return plan


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        left = [part for part in get_args(hint) if part is not type(None)]
        return left[0] if len(left) == 1 else hint
    return hint


def _conversion(hint: Any) -> tuple[type, _Convert]:
    """The JSON type which needs no work, and the conversion for any other value."""
    if get_origin(hint) is Literal:
        return str, _refuse("str")  # a newer Asterisk may know more words: they pass
    if get_origin(hint) is tuple:
        _, convert = _conversion(get_args(hint)[0])
        kind = get_args(hint)[0]
        return _Never, _many(kind, convert)
    if get_origin(hint) is Mapping:
        return dict, _refuse("object")
    if hint is float:
        return float, _number
    if hint is datetime:
        return _Never, _moment
    if isinstance(hint, type) and issubclass(hint, Shape):
        return _Never, hint.from_json
    if hint in (str, int, bool):
        return hint, _refuse(hint.__name__)
    raise TypeError(f"no way to read {hint!r} from JSON")


class _Never:
    """The type of no JSON value."""


def _many(kind: Any, convert: _Convert) -> _Convert:
    plain = kind if kind in (str, int, bool) else (dict if get_origin(kind) is Mapping else _Never)

    def read(value: object) -> tuple[Any, ...]:
        if type(value) is not list:
            raise MalformedMessage(f"must be a list, not {_name_of(value)}")
        return tuple([item if type(item) is plain else convert(item) for item in value])

    return read


def _moment(value: object) -> datetime:
    """Asterisk writes local time with offset; inside everything is UTC."""
    try:
        moment = datetime.fromisoformat(typing.cast(str, value))
        if moment.tzinfo is None:
            raise MalformedMessage("must be a time with offset, not a naive one")
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise MalformedMessage(f"must be a time with offset, not {_name_of(value)}") from None


def _number(value: object) -> float:
    if type(value) is int:
        return float(value)
    raise MalformedMessage(f"must be a number, not {_name_of(value)}")


def _refuse(wanted: str) -> _Convert:
    def refuse(value: object) -> Any:
        raise MalformedMessage(f"must be {wanted}, not {_name_of(value)}")

    return refuse


def _name_of(value: object) -> str:
    return "null" if value is None else type(value).__name__
