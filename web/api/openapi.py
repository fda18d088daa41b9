"""openapi.json, made from the operations themselves, and the page to try it (Swagger UI, served by us)."""

import asyncio
import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from web.api.kit import ErrorAnswer, Operation
from web.guard import needs
from web.render import render

REFERENCE: Final = "#/components/schemas/{model}"
_PLACE: Final = re.compile(r"{(\w+)}")
_SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "yjt_session"},
}


def add_routes(app: web.Application, root: str, operations: Iterable[Operation]) -> None:
    every = tuple(operations)

    async def openapi(_: web.Request) -> web.StreamResponse:
        """Made for the first who asks: at the start it would be a good part of the time until the pages answer."""
        return web.json_response(await asyncio.to_thread(describe, root, every))

    @needs()
    async def docs(request: web.Request) -> web.StreamResponse:
        return render(request, "api_docs.html")

    app.router.add_get(f"{root}/openapi.json", openapi)
    app.router.add_get(f"{root}/docs", docs)


@cache
def describe(root: str, operations: tuple[Operation, ...]) -> dict[str, Any]:
    """The OpenAPI 3.1 document; not to be changed."""
    schemas, definitions = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(root + operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "一键通 Yijiantong",
            "version": "1",
            "description": "Times are RFC 3339 with offset. Lists are `{items, next}`; `next` goes into `cursor`.",
        },
        "paths": paths,
        "components": {"schemas": definitions, "securitySchemes": _SCHEMES},
    }


Key = tuple[Any, JsonSchemaMode]


def _schemas(operations: tuple[Operation, ...]) -> tuple[dict[Key, dict[str, Any]], dict[str, Any]]:
    wanted: dict[Key, TypeAdapter[Any]] = {(ErrorAnswer, "serialization"): TypeAdapter(ErrorAnswer)}
    for operation in operations:
        if operation.body is not None:
            wanted[operation.body, "validation"] = TypeAdapter(operation.body)
        if operation.result is not None:
            wanted[operation.result, "serialization"] = TypeAdapter(operation.result)
    inputs: list[tuple[Key, JsonSchemaMode, TypeAdapter[Any]]] = [
        (key, key[1], adapter) for key, adapter in wanted.items()
    ]
    found, extra = TypeAdapter.json_schemas(inputs, ref_template=REFERENCE)
    return {key: schema for (key, _), schema in found.items()}, extra.get("$defs", {})


def _operation(operation: Operation, schemas: dict[Key, dict[str, Any]]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "tags": [operation.tag],
        "operationId": f"{operation.method.lower()}_{re.sub(r'[^a-z]+', '_', operation.path).strip('_')}",
        "parameters": [*_path_parameters(operation), *_query_parameters(operation.query)],
        "responses": {
            **{str(status): _response(operation, schemas) for status in (operation.status, *operation.also)},
            "default": {
                "description": "What went wrong",
                "content": {"application/json": {"schema": schemas[ErrorAnswer, "serialization"]}},
            },
        },
        "security": [] if operation.public else [{"bearer": []}, {"cookie": []}],
    }
    if operation.body is not None:
        schema = schemas[operation.body, "validation"]
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return described


def _response(operation: Operation, schemas: dict[Key, dict[str, Any]]) -> dict[str, Any]:
    if operation.status == 101:
        return {"description": "Switching to WebSocket"}
    schema = {"type": "string"} if operation.result is None else schemas[operation.result, "serialization"]
    return {"description": "Done", "content": {operation.media: {"schema": schema}}}


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PLACE.findall(operation.path)
    ]


def _query_parameters(query: type[BaseModel] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    schema = query.model_json_schema(ref_template=REFERENCE)
    definitions = schema.get("$defs", {})
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": _inlined(part, definitions),
        }
        for name, part in schema["properties"].items()
    ]


def _inlined(part: Any, definitions: dict[str, Any]) -> Any:
    """The schema without references: a query's enums are small."""
    if isinstance(part, dict):
        if "$ref" in part:
            return definitions[part["$ref"].rpartition("/")[2]]
        return {name: _inlined(value, definitions) for name, value in part.items()}
    return [_inlined(item, definitions) for item in part] if isinstance(part, list) else part
