"""The generator, on a description small enough to read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ari_app.ari import generate
from ari_app.ari.description import Model, Operation, Resource, read

CHANNELS: dict[str, Any] = {
    "apis": [
        {
            "path": "/channels/{channelId}/play",
            "operations": [
                {
                    "httpMethod": "POST",
                    "nickname": "play",
                    "responseClass": "Playback",
                    "parameters": [
                        {"name": "channelId", "paramType": "path", "dataType": "string"},
                        {
                            "name": "media",
                            "paramType": "query",
                            "dataType": "string",
                            "required": True,
                            "allowMultiple": True,
                        },
                        {"name": "from", "paramType": "query", "dataType": "int"},
                    ],
                    "errorResponses": [{"code": "409"}, {"code": 404}],
                }
            ],
        }
    ],
    "models": {"Playback": {"id": "Playback", "properties": {"id": {"type": "string", "required": True}}}},
}


def write(folder: Path, **resources: dict[str, Any]) -> Path:
    for name, content in resources.items():
        folder.joinpath(f"{name}.json").write_text(json.dumps(content))
    index = {"apis": [{"path": f"/api-docs/{name}.{{format}}"} for name in resources]}
    folder.joinpath("resources.json").write_text(json.dumps(index))
    return folder


def test_a_description_is_read(tmp_path: Path) -> None:
    (channels,) = read(write(tmp_path, channels=CHANNELS))

    (play,) = channels.operations
    assert (play.name, play.method, play.path) == ("play", "POST", "channels/{channelId}/play")
    assert play.errors == (404, 409)
    assert [(p.name, p.place, p.required, p.many) for p in play.parameters] == [
        ("channelId", "path", True, False),
        ("media", "query", True, True),
        ("from", "query", False, False),
    ]
    assert [(m.name, [f.name for f in m.fields]) for m in channels.models] == [("Playback", ["id"])]


def test_an_operation_becomes_a_method() -> None:
    operation = Operation("ring", "POST", "channels/{channelId}/ring", (), "void", (404,), websocket=False)
    resource = Resource("channels", (operation,), (Model("Event", (), ()),))

    text = generate._resource_file(resource)

    assert "    async def ring(self) -> None:\n" in text
    assert '        """POST /channels/{channelId}/ring; may be refused with 404."""\n' in text


def test_parameters_keep_their_names_and_their_way(tmp_path: Path) -> None:
    (channels,) = read(write(tmp_path, channels=CHANNELS))

    text = generate._resource_file(channels)

    assert "channelId: str, media: str | Sequence[str], from_: int | None = None) -> Playback:" in text
    assert 'f"channels/{segment(channelId)}/play"' in text
    assert '"media": listed(media),\n                "from": from_,' in text
    compile(text, "channels.py", "exec")


@pytest.mark.parametrize(
    ("described", "ours"),
    [("string", "str"), ("long", "int"), ("Date", "datetime"), ("List[Channel]", "tuple[Channel, ...]")],
)
def test_types_are_translated(described: str, ours: str) -> None:
    assert generate.python_type(described) == ours


def test_a_wrong_folder_is_explained(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"give the folder .*rest-api"):
        read(tmp_path)


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main([]) == 2
    assert "REST_API_DIR" in capsys.readouterr().err
