"""Into a file: for trying out, for the demo, and wherever nothing may leave the machine. One line of JSON each."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime
from pathlib import Path

from sms.gateway import Message, NotNow


class FileGateway:
    """`folder` gets one file a day, readable by us alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: Message) -> str:
        at = datetime.now(UTC)
        line = {
            "at": at.isoformat(),
            "number": message.number,
            "template": message.template,
            "text": message.text,
            "reference": message.reference,
        }
        try:
            await asyncio.to_thread(_append, self._folder / f"{at:%Y-%m-%d}.jsonl", line)
        except OSError as problem:
            raise NotNow(f"the file cannot be written: {problem.strerror}") from problem
        return ""


def _append(path: Path, line: dict[str, str]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(file, json.dumps(line, ensure_ascii=False).encode() + b"\n")
    finally:
        os.close(file)
