"""The printed care call: asked of the code, complete, up to date in `docs/`; every event in every state."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from click.testing import CliRunner

from cli.care_procedure import QUESTION_NAMES, STATE_NAMES, care_procedure, cell, happenings, page
from ivr.care.events import CareEvent
from ivr.care.vocabulary import SUCCESSORS, CareCallState, CareQuestion

PAGE = Path(__file__).parents[3] / "docs" / "care-call.md"


def test_the_page_in_docs_is_what_the_code_says() -> None:
    told = "docs/care-call.md is out of date: yijiantong care-procedure --write docs/care-call.md"
    assert PAGE.read_text(encoding="utf-8") == page(), told


def test_every_event_in_every_state_leads_where_the_law_allows() -> None:
    assert {type(event) for _, event in happenings()} == set(get_args(CareEvent))
    for state in CareCallState:
        for _, event in happenings():
            follows = cell(state, event)
            if follows.startswith("→ "):
                assert CareCallState(follows[2:].partition(":")[0]) in SUCCESSORS[state]


def test_every_step_of_the_law_but_for_promises_can_be_seen_in_the_table() -> None:
    """What an elder has been promised (contacts are asked) and the last try need another call than the page's."""
    seen = {(state, cell(state, event)[2:].partition(":")[0]) for state in CareCallState for _, event in happenings()}
    missing = {
        (state, str(after)) for state, nexts in SUCCESSORS.items() for after in nexts if (state, str(after)) not in seen
    }
    assert {after for _, after in missing} <= {"asking_contacts", "ended"}


def test_all_states_have_a_name_and_the_command_writes_the_page(tmp_path: Path) -> None:
    assert set(STATE_NAMES) == set(CareCallState)
    assert set(QUESTION_NAMES) == set(CareQuestion)
    target = tmp_path / "care-call.md"
    assert CliRunner().invoke(care_procedure, ["--write", str(target)]).exit_code == 0
    assert target.read_text(encoding="utf-8") == page() == CliRunner().invoke(care_procedure, []).output
