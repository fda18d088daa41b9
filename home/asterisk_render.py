"""Asterisk's files from templates: rendered, compared, written. Knows no setting of ours and no word of our trade.

Must never: leave a half-written file, overwrite an operator's `*_custom.conf`, or let a value break out of its line.
"""

from __future__ import annotations

import difflib
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2

_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]")
_SECRET_LINE = re.compile(r"^([ +-]\s*(?:password|secret)\s*=>?\s*).+$", re.MULTILINE)


class RenderError(Exception):
    """A template asks for what it was not given, or a value cannot stand in an Asterisk file."""


@dataclass(frozen=True, slots=True)
class Change:
    """One file that differs from what stands on disk. `before` is empty for a new file."""

    path: Path
    before: str
    after: str

    def diff(self) -> str:
        """A unified diff for human eyes; passwords are masked."""
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            fromfile=f"{self.path} (now)",
            tofile=f"{self.path} (new)",
        )
        return _SECRET_LINE.sub(r"\1********", "".join(lines))


def render(
    templates: Iterable[Path], target: Path, context: Mapping[str, object], *, write: bool = True
) -> list[Change]:
    """Renders each template into the folder `target` under its own name; returns what changed.

    Each file ends by including NAME_custom.conf, which is created empty and then belongs to the operator.
    With `write=False` nothing on disk is touched. Raises RenderError.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        finalize=_one_line,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    # All are rendered before the first is written: a bad value must not leave half a configuration.
    texts = {target / template.name: _text(environment, template, target, context) for template in templates}
    changes = [Change(path, _read(path), text) for path, text in texts.items() if _read(path) != text]
    if write:
        target.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        for path in texts:
            _create_custom(path)
        for change in changes:
            write_private(change.path, change.after)
    return changes


def write_private(path: Path, text: str) -> None:
    """Replaces `path` in one step; readable by its owner only."""
    write_private_bytes(path, text.encode("utf-8"))


def write_private_bytes(path: Path, content: bytes) -> None:
    """The same for what is no text."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, _PRIVATE_FILE)
            file.write(content)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def custom_name(path: Path) -> Path:
    """`pjsip.conf` -> `pjsip_custom.conf`, beside it."""
    return path.with_name(f"{path.stem}_custom{path.suffix}")


def _text(environment: jinja2.Environment, template: Path, target: Path, context: Mapping[str, object]) -> str:
    try:
        body = environment.from_string(template.read_text(encoding="utf-8")).render(context)
    except (jinja2.TemplateError, RenderError) as error:
        raise RenderError(f"{template.name}: {error}") from error
    custom = custom_name(target / template.name)
    return (
        f"; written by yijiantong, edit {custom.name} instead: this file is replaced at every start\n"
        f'{body.rstrip()}\n\n#include "{custom}"\n'
    )


def _one_line(value: object) -> str:
    text = str(value)
    if _CONTROL.search(text):
        raise RenderError(f"a value holds a line break or control character: {text[:40]!r}")
    return text.replace(";", r"\;")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _create_custom(path: Path) -> None:
    custom = custom_name(path)
    if not custom.exists():
        write_private(custom, f"; yours: read at the end of {path.name}, never overwritten\n")
