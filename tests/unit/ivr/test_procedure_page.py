"""The printed procedure: read from the code, complete, and up to date in `docs/`."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from click.testing import CliRunner

from cli.procedure import EVENT_NAMES, STATE_NAMES, page, procedure, table
from ivr.events import Event, Request
from ivr.vocabulary import SUCCESSORS, CaseState

PAGE = Path(__file__).parents[3] / "docs" / "procedure.md"
EVENTS = {event.__name__ for event in get_args(Event)}


def test_the_page_in_docs_is_what_the_code_says() -> None:
    told = "docs/procedure.md is out of date: yijiantong procedure --write docs/procedure.md"
    assert PAGE.read_text(encoding="utf-8") == page(), told


def test_every_state_names_every_event_once() -> None:
    for state, arms in table().items():
        assert set(arms) == EVENTS, state
    assert set(table()) == set(CaseState)


def test_every_handler_says_what_it_does() -> None:
    silent = {handler.name for arms in table().values() for handler in arms.values() if not handler.says}
    assert silent == set()


def test_what_is_only_recorded_was_asked_for_by_nobody() -> None:
    requests = {request.__name__ for request in get_args(Request)}
    for state, arms in table().items():
        recorded = {event for event, handler in arms.items() if handler.name == "record_only"}
        assert not recorded & requests, state


def test_the_chinese_names_are_complete_and_differ() -> None:
    assert set(EVENT_NAMES) == EVENTS
    assert set(STATE_NAMES) == set(CaseState)
    assert len(set(EVENT_NAMES.values())) == len(EVENTS)


def test_the_diagram_has_every_step_and_no_other() -> None:
    lines = page().split("```mermaid")[1].split("```")[0].splitlines()
    drawn = {tuple(line.split(" --> ")) for line in (line.strip() for line in lines) if " --> " in line}
    steps = {(str(before), str(after)) for before, nexts in SUCCESSORS.items() for after in nexts}
    assert drawn == steps | {("[*]", "arriving"), ("closed", "[*]")}


def test_the_command_prints_the_page_and_writes_it(tmp_path: Path) -> None:
    assert CliRunner().invoke(procedure, []).output == page()
    target = tmp_path / "procedure.md"
    assert CliRunner().invoke(procedure, ["--write", str(target)]).exit_code == 0
    assert target.read_text(encoding="utf-8") == page()
