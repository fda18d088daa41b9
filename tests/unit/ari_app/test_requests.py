"""What people ask for: every action of the contract, and anything else that JSON can hold."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.requests import NOTE_LENGTH, BadRequest, actor_of, parse_action
from ivr.actions import Action
from ivr.events import (
    ArrivalReported,
    CallRequested,
    ClassifyRequested,
    CloseRequested,
    DraftComplaintRequested,
    DraftOrderRequested,
    EmergencyRequested,
    HandOverRequested,
    HangupRequested,
    HeardRequested,
    IdentifyRequested,
    IntercomEndRequested,
    IntercomRequested,
    MergeRequested,
    Request,
    ReturnRequested,
    SilentRequested,
    SplitRequested,
    StandDownRequested,
    SuperviseEndRequested,
    SuperviseRequested,
    SwapRequested,
    TakeOverRequested,
    ThreeWayRequested,
    TransferRequested,
)
from ivr.vocabulary import Aid, Mode, Outcome, Role, Skill, Topic

AT = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
ACTOR = "seat:801"
WHO = {"at": AT, "actor": ACTOR}

GOOD: list[tuple[dict[str, object], Request]] = [
    ({"action": "emergency"}, EmergencyRequested(**WHO)),
    ({"action": "silent"}, SilentRequested(**WHO)),
    ({"action": "heard"}, HeardRequested(**WHO)),
    ({"action": "identify", "elder": 7}, IdentifyRequested(**WHO, elder=7)),
    ({"action": "identify", "elder": "7"}, IdentifyRequested(**WHO, elder=7)),
    *(
        ({"action": "call", "target": target}, CallRequested(**WHO, target=target))
        for target in ("110", "119", "120", "contacts", "elder", "contact:7", "number:02100000001")
    ),
    ({"action": "merge", "leg": "120-1"}, MergeRequested(**WHO, leg="120-1")),
    ({"action": "split", "leg": "120-1"}, SplitRequested(**WHO, leg="120-1")),
    ({"action": "intercom"}, IntercomRequested(**WHO)),
    ({"action": "intercom_end"}, IntercomEndRequested(**WHO)),
    ({"action": "swap"}, SwapRequested(**WHO)),
    ({"action": "take_over", "role": "A"}, TakeOverRequested(**WHO, role=Role.A, extension="801")),
    (
        {"action": "take_over", "role": "B", "extension": "805"},
        TakeOverRequested(**WHO, role=Role.B, extension="805"),
    ),
    *(
        ({"action": "supervise", "mode": mode.value}, SuperviseRequested(**WHO, mode=mode, extension="801"))
        for mode in Mode
    ),
    (
        {"action": "supervise", "mode": "listen", "leg": "a-1", "extension": "880"},
        SuperviseRequested(**WHO, mode=Mode.LISTEN, extension="880", leg="a-1"),
    ),
    ({"action": "supervise_end"}, SuperviseEndRequested(**WHO)),
    ({"action": "hangup", "leg": "a-1"}, HangupRequested(**WHO, leg="a-1")),
    ({"action": "transfer", "skill": "doctor"}, TransferRequested(**WHO, skill=Skill.DOCTOR)),
    ({"action": "consult", "skill": "lawyer"}, TransferRequested(**WHO, skill=Skill.LAWYER)),
    ({"action": "three_way"}, ThreeWayRequested(**WHO)),
    ({"action": "return"}, ReturnRequested(**WHO)),
    ({"action": "hand_over"}, HandOverRequested(**WHO)),
    ({"action": "classify", "topic": "legal"}, ClassifyRequested(**WHO, topic=Topic.LEGAL)),
    (
        {"action": "draft_order", "aid": "meals", "wish": " 午饭 "},
        DraftOrderRequested(**WHO, aid=Aid.MEALS, wish="午饭"),
    ),
    (
        {"action": "draft_complaint", "about": "演示·食堂", "words": "送餐晚了"},
        DraftComplaintRequested(**WHO, about="演示·食堂", words="送餐晚了"),
    ),
    ({"action": "draft_complaint", "words": "太慢"}, DraftComplaintRequested(**WHO, about="", words="太慢")),
    ({"action": "arrived"}, ArrivalReported(**WHO)),
    ({"action": "stand_down"}, StandDownRequested(**WHO)),
    (
        {"action": "close", "outcome": "rescued", "note": "好 🙂"},
        CloseRequested(**WHO, outcome=Outcome.RESCUED, note="好 🙂"),
    ),
    ({"action": "close", "outcome": "other"}, CloseRequested(**WHO, outcome=Outcome.OTHER, note="")),
    ({"action": "close", "outcome": "other", "note": None}, CloseRequested(**WHO, outcome=Outcome.OTHER, note="")),
]


@pytest.mark.parametrize(("body", "event"), GOOD, ids=lambda value: str(value)[:40])
def test_every_action(body: dict[str, object], event: Request) -> None:
    assert parse_action({**body, "actor": ACTOR}, AT) == event


def test_the_good_ones_are_all_there_are() -> None:
    assert {str(body["action"]) for body, _ in GOOD} == set(Action)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "action"),
        ({"action": None}, "action"),
        ({"action": ["emergency"]}, "action"),
        ({"action": "Emergency"}, "action"),
        *(({"action": "identify", "elder": elder}, "elder") for elder in (None, "", "x", -1, 10**9, "٧", [7])),
        ({"action": "call"}, "target"),
        ({"action": "call", "target": 120}, "target"),
        ({"action": "call", "target": "121"}, "target"),
        ({"action": "call", "target": "120 "}, "target"),
        ({"action": "call", "target": "120\n"}, "target"),
        ({"action": "call", "target": "contact:"}, "target"),
        ({"action": "call", "target": "contact:-1"}, "target"),
        ({"action": "call", "target": "contact:١"}, "target"),
        ({"action": "call", "target": "number:12"}, "target"),
        ({"action": "call", "target": "number:+8612345"}, "target"),
        ({"action": "call", "target": "number:" + "1" * 16}, "target"),
        ({"action": "merge"}, "leg"),
        ({"action": "merge", "leg": ""}, "leg"),
        ({"action": "hangup", "leg": "x" * 61}, "leg"),
        ({"action": "hangup", "leg": {"id": "a-1"}}, "leg"),
        ({"action": "split"}, "leg"),
        ({"action": "take_over"}, "role"),
        ({"action": "take_over", "role": "X"}, "role"),
        ({"action": "take_over", "role": "A", "extension": "80"}, "extension"),
        ({"action": "take_over", "role": "A", "extension": "PJSIP/801"}, "extension"),
        ({"action": "take_over", "role": "A", "actor": "user:7"}, "extension"),
        ({"action": "supervise"}, "mode"),
        ({"action": "supervise", "mode": "off"}, "mode"),
        ({"action": "supervise", "mode": "listen", "leg": "x" * 61}, "leg"),
        ({"action": "supervise", "mode": "listen", "actor": "user:7"}, "extension"),
        ({"action": "transfer"}, "skill"),
        ({"action": "transfer", "skill": "plumber"}, "skill"),
        ({"action": "transfer", "skill": 10**5000}, "skill"),
        ({"action": "consult"}, "skill"),
        ({"action": "classify"}, "topic"),
        ({"action": "classify", "topic": "weather"}, "topic"),
        ({"action": "draft_order", "wish": "午饭"}, "aid"),
        ({"action": "draft_order", "aid": "dancing", "wish": "午饭"}, "aid"),
        ({"action": "draft_order", "aid": "meals"}, "wish"),
        ({"action": "draft_order", "aid": "meals", "wish": " \n"}, "wish"),
        ({"action": "draft_complaint", "about": "演示·食堂"}, "words"),
        ({"action": "draft_complaint", "about": 7, "words": "太慢"}, "about"),
        ({"action": "draft_complaint", "words": "x" * (NOTE_LENGTH + 1)}, "words"),
        ({"action": "close"}, "outcome"),
        ({"action": "close", "outcome": "fine"}, "outcome"),
        ({"action": "close", "outcome": "other", "note": "x" * (NOTE_LENGTH + 1)}, "note"),
        ({"action": "close", "outcome": "other", "note": ["x"]}, "note"),
        ({"action": "emergency", "actor": None}, "actor"),
        ({"action": "emergency", "actor": "user:"}, "actor"),
        ({"action": "emergency", "actor": "user:7\n"}, "actor"),
        ({"action": "emergency", "actor": "system"}, "actor"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_write(body: dict[str, object], field: str) -> None:
    with pytest.raises(BadRequest) as bad:
        parse_action({"actor": ACTOR, **body}, AT)
    assert list(bad.value.fields) == [field]
    assert str(bad.value).startswith(f"{field}: ")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*Action, ACTOR]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FIELDS = {
    "elder",
    "target",
    "leg",
    "role",
    "mode",
    "extension",
    "skill",
    "outcome",
    "code",
    "note",
    "topic",
    "aid",
    "wish",
    "about",
    "words",
}
names = st.sampled_from(["action", "actor", *sorted(FIELDS)])


def understood(body: dict[str, object]) -> Request | BadRequest:
    try:
        return parse_action(body, AT)
    except BadRequest as bad:
        return bad


@given(body=st.dictionaries(names, json_values, max_size=7))
def test_any_json_is_understood_or_refused_by_field(body: dict[str, object]) -> None:
    event = understood(body)
    if isinstance(event, BadRequest):
        assert len(event.fields) == 1
        assert set(event.fields) <= FIELDS | {"action", "actor"}
    else:
        assert event.actor == actor_of(body)


@given(
    action=st.sampled_from(Action),
    rest=st.dictionaries(names.filter(lambda name: name not in {"action", "actor"}), json_values, max_size=5),
)
def test_any_field_of_any_action(action: str, rest: dict[str, object]) -> None:
    event = understood({**rest, "action": action, "actor": ACTOR})
    if isinstance(event, BadRequest):
        assert set(event.fields) < FIELDS
    else:
        assert event.at == AT
