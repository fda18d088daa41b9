"""What a text message means: an alarm, unless it says that it is none; and where the handset is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.case import Position
from models.handset_texts import Meaning, meaning_of, position_in

HERE = Position(31.2304, 121.4737)
LATITUDE = st.decimals(-90, 90, places=5)
LONGITUDE = st.decimals(-180, 180, places=5)


@pytest.mark.clause("H14")
@pytest.mark.parametrize(
    "words",
    [
        "SOS 31.2304,121.4737",
        "http://maps.example.invalid/?q=31.2304,121.4737",
        "Lat:31.2304 Lon:121.4737",
        "N31.2304,E121.4737",
        "31.2304N 121.4737E",
        "东经121.4737 北纬31.2304",
        "lng=121.4737&lat=31.2304",
        "位置 121.4737 31.2304",  # no latitude is so large
    ],
)
def test_a_position_is_found_however_it_is_written(words: str) -> None:
    assert position_in(words) == HERE


@pytest.mark.parametrize(
    "words", ["", "SOS", "31.2304", "12.30 13.45", "v1.2.345, 6.789.1", "lat 31.2304 lat 32.2304", "95.12345 190.12345"]
)
def test_what_is_no_position_is_none(words: str) -> None:
    assert position_in(words) is None


@given(LATITUDE, LONGITUDE, st.sampled_from(["lat {} lon {}", "纬度：{} 经度：{}", "latitude={},longitude={}"]))
@settings(max_examples=40, deadline=None)
def test_what_is_labelled_is_read_back(latitude: object, longitude: object, form: str) -> None:
    found = position_in(form.format(latitude, longitude))
    assert found == Position(float(str(latitude)), float(str(longitude)))


@pytest.mark.clause("K7", "H12")
@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("", Meaning.SMS),
        ("31.2304,121.4737", Meaning.SMS),  # it does not say that nothing is wrong
        ("SOS 位置 31.2304,121.4737", Meaning.SMS),
        ("位置 31.2304,121.4737", Meaning.LOCATION),
        ("位置未知", Meaning.SMS),
        ("电量低", Meaning.BATTERY),
        ("电量低, 求助", Meaning.SMS),
        ("好的", Meaning.SMS),  # whatever a handset sends
    ],
)
def test_a_handset_raises_an_alarm_unless_it_says_that_nothing_is_wrong(words: str, meaning: Meaning) -> None:
    assert meaning_of(words, from_handset=True) is meaning


@pytest.mark.clause("X5")
@pytest.mark.parametrize(
    ("words", "meaning"),
    [("好的。", Meaning.NOTE), ("OK!", Meaning.NOTE), ("好的，但是妈妈没开门", Meaning.SMS), ("", Meaning.SMS)],
)
def test_thanks_from_family_are_no_alarm_and_all_else_may_be_one(words: str, meaning: Meaning) -> None:
    assert meaning_of(words, from_handset=False) is meaning


@given(st.text(max_size=60), st.booleans(), st.sampled_from(["SOS", "求救", "help", "摔倒了"]))
@settings(max_examples=60, deadline=None)
def test_who_says_that_they_need_help_is_always_heard(words: str, from_handset: bool, cry: str) -> None:
    assert meaning_of(f"{words} {cry} {words}", from_handset=from_handset) is Meaning.SMS
