"""One number has one form, however it was sent or written."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.phone_numbers import InvalidNumber, canonical, dialable, national

AREA = "021"
FULL_WIDTH = str.maketrans(string.digits + "+-", "０１２３４５６７８９＋－")

mobiles = st.builds(lambda second, rest: f"1{second}{rest:09d}", st.integers(2, 9), st.integers(0, 999_999_999))
# Area codes without the 0 and how many digits follow them.
areas = st.sampled_from([("10", 8), ("21", 8), ("25", 8), ("571", 8), ("716", 7), ("871", 7), ("999", 7)])
landlines = st.builds(
    lambda area, number: (area[0], f"{number % 10 ** area[1]:0{area[1]}d}"), areas, st.integers(0, 99_999_999)
).filter(lambda line: not line[1].startswith("0"))

PREFIXES = ("", "+86", "0086", "86", "+86 ", "0086-", "00086", "17951", "12593", "tel:+86", "sip:+86")


def _dress(number: str, *, wide: bool, tail: str) -> str:
    dressed = number + tail
    return dressed.translate(FULL_WIDTH) if wide else dressed


@given(mobiles, st.sampled_from([*PREFIXES, "0", "+860", "00860"]), st.booleans(), st.sampled_from(["", " ", "转801"]))
def test_all_forms_of_a_mobile_are_one(mobile: str, prefix: str, wide: bool, tail: str) -> None:
    assert canonical(_dress(prefix + mobile, wide=wide, tail=tail), AREA) == f"+86{mobile}"


@given(landlines, st.sampled_from([*PREFIXES, "+86(0)", "000"]), st.booleans(), st.booleans())
def test_all_forms_of_a_landline_are_one(line: tuple[str, str], prefix: str, zero: bool, dashed: bool) -> None:
    area, local = line
    number = f"{'0' if zero or prefix == '' else ''}{area}{'-' if dashed else ''}{local}"
    assert canonical(prefix + number, AREA) == f"+86{area}{local}"


@given(st.integers(1_000_000, 99_999_999))
def test_a_local_number_belongs_to_the_area(number: int) -> None:
    assert canonical(str(number), "0571") == f"+86571{number}"


@given(st.one_of(mobiles, landlines.map(lambda line: f"0{line[0]}{line[1]}")))
def test_what_is_dialled_has_the_same_canonical_form(number: str) -> None:
    dialled = dialable(number, AREA)
    assert dialled == number
    assert dialable(canonical(number, AREA), AREA) == number
    assert canonical(dialled, AREA) == canonical(number, AREA)


@given(st.text(max_size=60))
def test_no_caller_is_ever_turned_away(anything: str) -> None:
    one = canonical(anything, AREA)
    assert one == "" or one.lstrip("+").isdigit()
    assert canonical(one, AREA) == one
    national(one)


@given(st.text(alphabet=string.digits + "+- ()#转x.,;", max_size=24))
def test_a_form_takes_a_number_or_says_what_to_change(given_number: str) -> None:
    try:
        answer = dialable(given_number, AREA)
    except InvalidNumber as refused:
        answer = str(refused)
    assert " / " in answer or (answer.isdigit() and dialable(answer, AREA) == answer)


@pytest.mark.parametrize(
    ("sent", "one"),
    [
        ("10000001", "+862110000001"),
        ("02110000001", "+862110000001"),
        ("2110000001", "+862110000001"),
        ("+862110000001", "+862110000001"),
        ("02110000001-801", "+862110000001"),
        ("(021) 1000-0001 转 12", "+862110000001"),
        ("021 1000 0001 ext. 7", "+862110000001"),
        ("+12025550123", "+12025550123"),
        ("0012025550123", "+12025550123"),
        ("4001234567", "+864001234567"),
        ("120", "120"),
        ("95555", "95555"),
        ("anonymous", ""),
        ("unknown", ""),
        ("", ""),
        ("1" * 50, "1" * 20),
    ],
)
def test_examples(sent: str, one: str) -> None:
    assert canonical(sent, AREA) == one


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("１２０ ００００ ０００１", "12000000001"),
        ("1000 0001", "02110000001"),
        ("+1 202 555 0123", "0012025550123"),
        ("400-123-4567", "4001234567"),
        ("12345", "12345"),
        ("110", "110"),
    ],
)
def test_what_is_dialled(written: str, dialled: str) -> None:
    assert dialable(written, AREA) == dialled


@pytest.mark.parametrize("written", ["", "  ", "12", "12a0000000", "王先生", "0211234", "1380000000", "1" * 30])
def test_what_forms_refuse(written: str) -> None:
    with pytest.raises(InvalidNumber, match=" / "):
        dialable(written, AREA)
