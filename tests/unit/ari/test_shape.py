"""Reading JSON into typed messages: what passes, what is refused, and how the refusal is worded."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.ari import MalformedEvent, MalformedMessage, UnknownEvent
from ari_app.ari.generated.events import EVENTS, Event, StasisStart
from ari_app.ari.generated.models import AsteriskInfo, Channel, RTPstat, TextMessage
from ari_app.ari.messages import read
from tests.unit.ari.fake_asterisk import channel, event


def test_times_are_utc() -> None:
    made = Channel.from_json(channel(creationtime="2026-11-22T08:00:00.250+0800")).creationtime

    assert made == datetime(2026, 11, 22, 0, 0, 0, 250_000, tzinfo=UTC)
    assert made.tzinfo is UTC


def test_nested_messages_and_lists_become_types() -> None:
    start = read(event("StasisStart", args=["a", "b"], channel=channel("c-1")))

    assert isinstance(start, StasisStart)
    assert start.args == ("a", "b")
    assert start.channel.dialplan.priority == 1
    assert start.replace_channel is None


def test_messages_are_frozen_and_can_be_compared() -> None:
    one, other = Channel.from_json(channel()), Channel.from_json(channel())

    assert one == other
    assert dataclasses.replace(one, state="Down").state == "Down"
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.id = "x"  # type: ignore[misc]


def test_a_word_reserved_in_python_gets_an_underscore() -> None:
    assert TextMessage.from_json({"from": "a", "to": "b", "body": "c"}).from_ == "a"


def test_whole_numbers_pass_where_fractions_are_meant() -> None:
    numbers = {f.name: 0 for f in dataclasses.fields(RTPstat) if f.name != "channel_uniqueid"}
    assert RTPstat.from_json({**numbers, "rtt": 1, "channel_uniqueid": "c"}).rtt == 1.0


def test_null_is_the_same_as_absent() -> None:
    assert Channel.from_json(channel(tenantid=None)).tenantid is None
    with pytest.raises(MalformedMessage, match=r"^Channel\.id is missing$"):
        Channel.from_json(channel(id=None))


def test_new_words_and_new_fields_pass() -> None:
    made = Channel.from_json(channel(state="Levitating", brand_new={"a": [1]}))
    assert str(made.state) == "Levitating"


def test_everything_may_be_absent_where_asterisk_says_so() -> None:
    assert AsteriskInfo.from_json({}).build is None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"id": 7}, "Channel.id: must be str, not int"),
        ({"caller": []}, "Channel.caller: CallerID must be an object, not list"),
        ({"caller": {"name": "x"}}, "Channel.caller: CallerID.number is missing"),
        ({"dialplan": {}}, "Channel.dialplan: DialplanCEP.context is missing"),
        ({"creationtime": "yesterday"}, "Channel.creationtime: must be a time with offset, not str"),
        ({"creationtime": "2026-11-22T05:11:00"}, "Channel.creationtime: must be a time with offset, not a naive one"),
        ({"creationtime": "0001-01-01T00:00:00+0800"}, "Channel.creationtime: must be a time with offset, not str"),
        ({"channelvars": "a=b"}, "Channel.channelvars: must be object, not str"),
    ],
)
def test_a_refusal_names_the_field(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        Channel.from_json(channel(**changes))
    assert str(refusal.value) == problem


@pytest.mark.parametrize("args", ["ab", [1], [None], {"a": 1}])
def test_a_list_of_texts_is_nothing_else(args: Any) -> None:
    assert isinstance(read(event("StasisStart", args=args, channel=channel())), MalformedEvent)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@given(_JSON)
def test_no_json_at_all_breaks_the_reader(data: Any) -> None:
    assert isinstance(read(data), Event | UnknownEvent | MalformedEvent)


@given(st.sampled_from(sorted(EVENTS)), st.dictionaries(st.sampled_from(["channel", "args", "bridge", "cause"]), _JSON))
def test_no_content_of_a_known_event_breaks_the_reader(kind: str, fields: dict[str, Any]) -> None:
    assert isinstance(read({**event(kind), **fields}), Event | MalformedEvent)
