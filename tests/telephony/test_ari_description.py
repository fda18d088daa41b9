"""What the ARI client knows is what this Asterisk says of itself. When it fails: regenerate, and read the diff."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ari_app.ari import generate
from ari_app.ari.description import Resource, read
from ari_app.ari.generated import events, models
from home.programs import Program

GENERATED = Path(generate.__file__).parent / "generated"


@pytest.fixture(scope="module")
def described(asterisk_program: Program) -> tuple[Resource, ...]:
    return read(Path(asterisk_program.folders["data"]) / "rest-api")


def test_the_generated_files_are_those_of_this_asterisk(described: tuple[Resource, ...]) -> None:
    wanted = generate.render(described)
    assert sorted(wanted) == sorted(path.name for path in GENERATED.glob("*.py"))
    for name, text in wanted.items():
        assert GENERATED.joinpath(name).read_text("utf-8") == text, f"{name} is out of date"


def test_every_field_of_every_event_and_model_is_known(described: tuple[Resource, ...]) -> None:
    checked = 0
    for resource in described:
        for model in resource.models:
            ours = events.EVENTS.get(model.name) or getattr(models, model.name, None)
            if ours is None:
                assert model.subtypes or model.name == "RESTResponse", f"{model.name} is not known"
                continue
            required = {f.name: f.default is dataclasses.MISSING for f in dataclasses.fields(ours)}
            for field in model.fields:
                name = generate.python_name(field.name)
                assert required.get(name) == field.required, f"{model.name}.{field.name}"
                checked += 1
    assert checked > 250


def test_every_operation_is_there(described: tuple[Resource, ...]) -> None:
    for resource in described:
        module = __import__(f"ari_app.ari.generated.{generate.module_of(resource)}", fromlist=["x"])
        ours = getattr(module, generate.class_of(resource))
        for operation in resource.operations:
            if operation.websocket:
                continue
            method = getattr(ours, operation.name)
            names = {generate.python_name(parameter.name) for parameter in operation.parameters}
            assert set(method.__kwdefaults__ or {}) | names == names
            assert names <= set(method.__code__.co_varnames)
