"""What `yijiantong doctor` finds: one thing that was looked at, how it is, what to do. No look is taken here."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

import click

State = Literal["ok", "note", "wrong"]
_MARKS: dict[State, str] = {"ok": "✓", "note": "!", "wrong": "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `do_zh` and `do_en` say what to do, where there is something to do."""

    subject: str
    state: State
    zh: str
    en: str
    do_zh: str = ""
    do_en: str = ""


def ok(subject: str, zh: str, en: str | None = None) -> Finding:
    return Finding(subject, "ok", zh, zh if en is None else en)


def note(subject: str, zh: str, en: str, do_zh: str = "", do_en: str = "") -> Finding:
    """Something that the operator should know; calls are handled all the same."""
    return Finding(subject, "note", zh, en, do_zh, do_en)


def wrong(subject: str, zh: str, en: str, do_zh: str = "", do_en: str = "") -> Finding:
    return Finding(subject, "wrong", zh, en, do_zh, do_en)


def show(findings: Iterable[Finding], *, lang: str, as_json: bool) -> None:
    """On standard output; the next step stands below what is not as it should be."""
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
        return
    for finding in findings:
        text, to_do = (finding.zh, finding.do_zh) if lang == "zh" else (finding.en, finding.do_en)
        click.echo(f"{_MARKS[finding.state]} {finding.subject:<12} {text}")
        if to_do:
            click.echo(f"  {'':<12} → {to_do}")
