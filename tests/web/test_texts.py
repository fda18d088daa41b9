"""Every word that is used is there, in both languages; and what is vendored is unaltered."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from enum import StrEnum
from pathlib import Path

import pytest

import cli
import models
from ivr import events, vocabulary
from models.care.bulletins import WeatherLevel
from models.care.calendar import BirthdayBy, Festival, SolarTerm
from models.care.calls import CareState
from models.care.planning import CareKind, CareReason, Weather
from models.care.texting import CareText
from models.complaint_archives import ArchiveState
from models.complaints import AboutKind, CameBy, ComplaintState, Satisfaction, Step
from models.elders import ElderStatus, Relation
from models.exception_reports import ExceptionCause
from models.follow_up_forms import FORMS
from models.follow_ups import Ended, TryResult
from models.journal_entry import snake_case
from models.orders.states import OrderState
from models.papers import PaperKind
from models.queries.answering import TARGETS
from models.reports.definitions import FIGURES, MEANS, SHARES
from models.reports.periods import PeriodKind
from models.services.records import ServiceUnit
from models.settlement.records import LineCause, LineKind
from models.suppliers.records import AwardTitle, Condition, SupplierStatus
from models.suppliers.score import Part
from models.wishes import WishKind
from web import vendor
from web.forms import GROUPS
from web.problems import Problem
from web.report_views import SECTIONS
from web.sheet import TOLD_ELSEWHERE
from web.texts import LANGS, TextsError, load_texts

WEB = Path(vendor.__file__).parent
SOURCES = [*WEB.rglob("*.html"), *WEB.rglob("*.py")]
KEY = re.compile(r"""(?<!import )(?<!include )(?<!extends )["']([a-z_]+\.(?!html)[a-z_0-9]*[a-z0-9])["']""")
ZH = load_texts()["zh"]
# What looks like a key and is none: verbs of the audit log, names of templates, beginnings of keys.
OTHERS = {"elder.read", "elder.print", "terminal.collected", "audit.xlsx", "prompt.replace", "prompt.default"}
VOCABULARY: dict[str, type[StrEnum]] = {
    "case_kind": vocabulary.CaseKind,
    "case_state": vocabulary.CaseState,
    "leg_kind": vocabulary.LegKind,
    "leg_state": vocabulary.LegState,
    "place": vocabulary.Place,
    "result": vocabulary.Result,
    "outcome": vocabulary.Outcome,
    "follow_up_kind": vocabulary.FollowUpKind,
    "exception_cause": ExceptionCause,
    "alarm": vocabulary.AlarmKind,
    "tape_problem": vocabulary.TapeProblem,
    "skill": vocabulary.Skill,
    "prompt": vocabulary.Prompt,
    "timer": vocabulary.TimerKind,
    "refusal": vocabulary.Refusal,
    "topic": vocabulary.Topic,
    "aid": vocabulary.Aid,
    "order_state": OrderState,
    "complaint_state": ComplaintState,
    "complaint_step": Step,
    "about_kind": AboutKind,
    "came_by": CameBy,
    "satisfaction": Satisfaction,
    "archive_state": ArchiveState,
    "follow_up_ended": Ended,
    "try_result": TryResult,
    "elder_status": ElderStatus,
    "relation": Relation,
    "paper_kind": PaperKind,
    "care_kind": CareKind,
    "care_state": CareState,
    "care_reason": CareReason,
    "weather_level": WeatherLevel,
    "care_text": CareText,
    "festival": Festival,
    "solar_term": SolarTerm,
    "weather": Weather,
    "birthday_by": BirthdayBy,
    "supplier_status": SupplierStatus,
    "supplier_condition": Condition,
    "supplier_part": Part,
    "award_title": AwardTitle,
    "service_unit": ServiceUnit,
    "line_kind": LineKind,
    "line_cause": LineCause,
    "wish_kind": WishKind,
}


def _used() -> set[str]:
    sections = {key.partition(".")[0] for key in _all()}
    found = {key for source in SOURCES for key in KEY.findall(source.read_text("utf-8"))}
    return {key for key in found if key.partition(".")[0] in sections}


def _all() -> Iterable[str]:
    return (f"{section}.{name}" for section in _sections() for name in ZH.section(section))


def _sections() -> list[str]:
    files = (WEB / "words").glob("*.toml")
    return [section for file in files for section in re.findall(r"^\[(\w+)\]$", file.read_text("utf-8"), re.MULTILINE)]


def test_every_key_that_is_used_is_there() -> None:
    assert sorted(key for key in _used() - OTHERS if key not in ZH) == []


def test_every_word_of_the_vocabulary_has_a_text() -> None:
    missing = [
        f"{name}.{value}" for name, values in VOCABULARY.items() for value in values if f"{name}.{value}" not in ZH
    ]
    missing += [f"event.{name}" for name in _event_names() if f"event.{name}" not in ZH]
    assert missing == []


def _event_names() -> list[str]:
    return [snake_case(event.__name__) for event in events.Event.__args__]


def test_every_question_of_a_follow_up_has_a_text_and_its_answers_have() -> None:
    asked = {question for form in FORMS.values() for question in form}
    keys = {f"follow_up_question.{one.name}" for one in asked}
    keys |= {f"follow_up_answer.{choice}" for one in asked for choice in one.choices}
    assert sorted(key for key in keys if key not in ZH) == []


def test_every_figure_of_a_report_has_a_name_and_says_how_it_is_counted() -> None:
    for figure in FIGURES.values():
        assert [key for key in (figure.word_key, figure.how_key) if key not in ZH] == []
    assert [name for name in (*SHARES, *MEANS) if f"report_figure.{name}" not in ZH] == []
    told = {name for _, names in SECTIONS for name in names} | {"answer_time", "arrival_time", "score_points"}
    hidden = {f"alarms_known_{seconds}" for seconds in TARGETS} | {"station_time", "centre_time", "ended_unknown"}
    assert told | hidden == {*FIGURES, *SHARES, *MEANS}
    assert [name for name, _ in SECTIONS if f"report_section.{name}" not in ZH] == []
    assert [kind for kind in PeriodKind if f"report_period.{kind}" not in ZH] == []


def test_every_problem_has_a_text() -> None:
    kinds = [Problem, *Problem.__subclasses__()]
    assert [kind.__name__ for kind in kinds if kind.key not in ZH] == []


def test_every_field_of_the_form_has_a_label() -> None:
    assert [name for names in GROUPS.values() for name in names if f"elder.{name}" not in ZH] == []
    assert [title for title in GROUPS if title not in ZH] == []


def test_both_languages_take_the_same_values() -> None:
    texts = load_texts()
    for key in _all():
        values = [set(re.findall(r"{(\w+)}", texts[lang](key))) for lang in LANGS]
        assert values[0] == values[1], key


def test_english_is_english() -> None:
    english = load_texts()["en"]
    assert [key for key in _all() if re.search(r"[\u4e00-\u9fff]", english(key))] == []


def test_a_text_without_a_language_is_refused(tmp_path: Path) -> None:
    (tmp_path / "nav.toml").write_text('[nav]\nhome = { zh = "首页" }\n', "utf-8")
    with pytest.raises(TextsError, match=r"nav\.home has no en"):
        load_texts(tmp_path)


def test_a_section_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text('[nav]\nhome = { zh = "首页", en = "home" }\n', "utf-8")
    with pytest.raises(TextsError, match=r"b\.toml: nav stands in another file"):
        load_texts(tmp_path)


def test_no_template_has_inline_script_or_style() -> None:
    for source in WEB.rglob("*.html"):
        text = source.read_text("utf-8")
        assert not re.search(r"<script(?![^>]*(src=|application/json))", text), source.name
        assert not re.search(r"<style|\sstyle=|\son\w+=", text), source.name


def test_the_layout_stays_small() -> None:
    assert len((WEB / "templates" / "layout.html").read_text("utf-8").splitlines()) < 100


def test_vendored_files_are_those_of_the_manifest() -> None:
    assert vendor.problems() == []


def test_an_altered_vendored_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendor, "FOLDER", tmp_path)
    first, *rest = vendor.read_manifest()
    (tmp_path / first.target).parent.mkdir(parents=True)
    (tmp_path / first.target).write_text("altered")
    (tmp_path / "stranger.js").write_text("?")
    found = vendor.problems()
    assert f"{first.target}: not the file of {first.package}" in found
    assert "stranger.js: not in the manifest" in found
    assert f"{rest[0].target}: missing" in found


def test_what_a_timeline_says_has_a_word_in_both_languages() -> None:
    """Fields of events that are shown; what is a record of its own is told by its name or not at all."""
    told = {
        field.name
        for _, event in inspect.getmembers(events, inspect.isclass)
        if issubclass(event, events.Happened)
        for field in fields(event)
        if field.name not in TOLD_ELSEWHERE and not str(field.type).startswith(("tuple", "DeviceReport"))
    }
    for texts in load_texts().values():
        assert [name for name in sorted(told) if f"field.{name}" not in texts] == []


def audited(room: Path) -> Iterator[str]:
    """What is put on the audit log by name, anywhere in this room."""
    for source in room.rglob("*.py"):
        for call in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "audit" and len(call.args) > 2:
                action = call.args[2]
                if isinstance(action, ast.Constant) and isinstance(action.value, str):
                    yield action.value


def test_whatever_is_on_the_audit_log_has_words_there() -> None:
    rooms = [Path(room.__file__ or "").parent for room in (cli, models)]
    actions = {action for room in (*rooms, WEB) for action in audited(room)}
    actions |= {f"order.{state}" for state in OrderState}
    assert len(actions) > 100
    assert sorted(action for action in actions if f"audit_action.{action}" not in ZH) == []
