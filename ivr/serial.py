"""Events and cases <-> plain JSON values, so that a case can be replayed from its journal. One rule for all: a
dataclass is an object with its class name under `type`; read back by the type hints, strictly."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class SerialError(ValueError):
    """The JSON does not describe what was asked for; the text says where."""


def to_json(value: object) -> Json:
    """Plain JSON values for a dataclass of `ivr` or anything within one."""
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value):
        body: dict[str, Json] = {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
        return {"type": type(value).__name__, **body}
    if isinstance(value, frozenset):
        return [to_json(item) for item in sorted(value)]
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    raise SerialError(f"{type(value).__name__} has no place in the journal")


def from_json(hint: Any, data: object) -> Any:
    """The value of this type that `to_json` wrote.

    Raises:
        SerialError: the data is not of this type.
    """
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _from_union(hint, data)
    if origin in (tuple, frozenset):
        if not isinstance(data, list):
            raise SerialError(f"expected a list, not {type(data).__name__}")
        return origin(from_json(get_args(hint)[0], item) for item in data)
    if is_dataclass(hint) and isinstance(hint, type):
        return _from_object(hint, data)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _parsed(hint, data)
    if hint in (datetime, date):
        return _parsed(hint.fromisoformat, data)
    if hint is float and isinstance(data, int):
        return float(data)
    if isinstance(hint, type) and isinstance(data, hint):
        return data
    raise SerialError(f"expected {hint}, not {data!r:.40}")


def _from_union(hint: Any, data: object) -> Any:
    options = get_args(hint)
    if data is None and type(None) in options:
        return None
    if isinstance(data, dict):
        named = _named(hint).get(str(data.get("type")))
        if named is None:
            raise SerialError(f"{data.get('type')!r:.40} is none of {hint}")
        return _from_object(named, data)
    (only,) = (option for option in options if option is not type(None))
    return from_json(only, data)


def _from_object(cls: type, data: object) -> Any:
    if not isinstance(data, dict) or data.get("type") != cls.__name__:
        raise SerialError(f"expected {cls.__name__}, not {data!r:.40}")
    hints = _hints(cls)
    unknown = data.keys() - hints.keys() - {"type"}
    if unknown:
        raise SerialError(f"{cls.__name__} has no {', '.join(sorted(unknown))}")
    try:
        return cls(**{name: from_json(hints[name], item) for name, item in data.items() if name != "type"})
    except TypeError as missing:
        raise SerialError(str(missing)) from missing


def _parsed(parse: Any, data: object) -> Any:
    try:
        return parse(data)
    except (TypeError, ValueError) as wrong:
        raise SerialError(str(wrong)) from wrong


@cache
def _named(hint: Any) -> dict[str, type]:
    """What a union may be, by name. Asked of the hint, not of our modules: the ladder's script, which reads elders'
    files only, starts in half of the time without events and commands."""
    return {option.__name__: option for option in get_args(hint) if is_dataclass(option) and isinstance(option, type)}


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)
