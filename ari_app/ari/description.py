"""Asterisk's own description of ARI (`rest-api/*.json`), read into dataclasses.

Used by the generator, and by the test that compares what was generated with what an Asterisk ships. The running
client never reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a model. `type` is spelt as Asterisk spells it, for example `List[string]`."""

    name: str
    type: str
    required: bool
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    name: str
    fields: tuple[Field, ...]
    subtypes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """`place` is path, query or body."""

    name: str
    place: str
    type: str
    required: bool
    many: bool
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """`name` is the nickname, `path` has its parameters in braces, `answer` is a model, List[model], void or binary."""

    name: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    answer: str
    errors: tuple[int, ...]
    websocket: bool


@dataclass(frozen=True, slots=True)
class Resource:
    name: str
    operations: tuple[Operation, ...]
    models: tuple[Model, ...]


def read(folder: Path) -> tuple[Resource, ...]:
    """Every resource that `resources.json` in `folder` lists. Raises FileNotFoundError with advice."""
    index = folder / "resources.json"
    if not index.is_file():
        raise FileNotFoundError(f"{folder} holds no resources.json: give the folder .../share/asterisk/rest-api")
    names = [api["path"].split("/")[-1].split(".")[0] for api in json.loads(index.read_text())["apis"]]
    return tuple(_resource(name, json.loads((folder / f"{name}.json").read_text())) for name in sorted(names))


def _resource(name: str, data: dict[str, Any]) -> Resource:
    return Resource(
        name=name,
        operations=tuple(_operations(data)),
        models=tuple(_model(model) for model in data.get("models", {}).values()),
    )


def _operations(data: dict[str, Any]) -> Iterator[Operation]:
    for api in data["apis"]:
        for operation in api["operations"]:
            yield Operation(
                name=operation["nickname"],
                method=operation["httpMethod"],
                path=api["path"].removeprefix("/"),
                parameters=tuple(_parameter(p) for p in operation.get("parameters", ())),
                answer=operation["responseClass"],
                errors=tuple(sorted(int(e["code"]) for e in operation.get("errorResponses", ()))),
                websocket=operation.get("upgrade") == "websocket",
            )


def _parameter(data: dict[str, Any]) -> Parameter:
    return Parameter(
        name=data["name"],
        place=data["paramType"],
        type=data["dataType"],
        required=bool(data.get("required")) or data["paramType"] == "path",
        many=bool(data.get("allowMultiple")),
        values=_values(data),
    )


def _model(data: dict[str, Any]) -> Model:
    fields = (
        Field(name=name, type=p["type"], required=bool(p.get("required")), values=_values(p))
        for name, p in data["properties"].items()
    )
    return Model(name=data["id"], fields=tuple(fields), subtypes=tuple(data.get("subTypes", ())))


def _values(data: dict[str, Any]) -> tuple[str, ...]:
    allowed = data.get("allowableValues") or {}
    return tuple(allowed.get("values", ()))
