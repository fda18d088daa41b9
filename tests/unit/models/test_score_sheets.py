"""Scores by a sheet: points within what an item is worth, 0 once a fatal item was missed; where reviewers differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quality.calibrations import differences
from models.quality.score_sheets import Item, checked, scored
from models.register import FormRefused

pytestmark = pytest.mark.clause("K5")
ITEMS = (
    Item("1", "应答", 40),
    Item("2", "安抚", 60),
    Item("3", "延误", 0, fatal=True),
    Item("4", "泄露", 0, fatal=True),
)


def _fields(refused: pytest.ExceptionInfo[FormRefused]) -> list[str]:
    return [problem.field for problem in refused.value.problems]


@given(st.integers(0, 40), st.integers(0, 60), st.sets(st.sampled_from(["3", "4"])))
def test_one_fatal_item_makes_it_nothing(first: int, second: int, missed: set[str]) -> None:
    score = scored(ITEMS, {"1": first, "2": second}, missed)
    assert score.total == (0 if missed else first + second)
    assert score.points == {"1": first, "2": second}


@pytest.mark.parametrize("given", [None, -1, 41])
def test_points_that_cannot_be_are_refused_beside_their_item(given: int | None) -> None:
    with pytest.raises(FormRefused) as refused:
        scored(ITEMS, {"1": given, "2": 10}, ())
    assert _fields(refused) == ["points.1"]


def test_what_is_not_on_the_sheet_is_refused() -> None:
    for points, missed in (({"1": 1, "2": 1, "9": 1}, ()), ({"1": 1, "2": 1}, ("1",))):
        with pytest.raises(FormRefused) as refused:
            scored(ITEMS, points, missed)
        assert _fields(refused) == ["sheet"]


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([], "items"),
        ([Item("x", "应答", 99)], "items"),
        ([Item("x", "应答", 50), Item("y", "应答", 50)], "items"),
        ([Item("x", "应答", 100, fatal=True)], "points.1"),
        ([Item("x", "应答", 100), Item("y", "安抚", 0)], "points.2"),
        ([Item("x", " ", 100)], "text.1"),
    ],
)
def test_what_is_no_sheet_is_refused(items: list[Item], field: str) -> None:
    with pytest.raises(FormRefused) as refused:
        checked(items)
    assert _fields(refused) == [field]


def test_items_get_their_keys_in_order() -> None:
    assert checked([Item("", " 应答 ", 100), Item("", "延误", 0, fatal=True)]) == [
        Item("1", "应答", 100),
        Item("2", "延误", 0, fatal=True),
    ]


def test_differences_between_reviewers() -> None:
    found = differences(ITEMS, [({"1": 40, "2": 50}, []), ({"1": 30, "2": 50}, ["3"])])
    assert [(one.item.key, one.values, one.spread) for one in found] == [
        ("1", (40, 30), 10),
        ("2", (50, 50), 0),
        ("3", (0, 1), 1),
        ("4", (0, 0), 0),
    ]
