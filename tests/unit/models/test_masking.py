"""What is masked and what stays: numbers of people, addresses from the house on, health; never ids, times, services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from models.masking import address, could_be, is_masked, masked, number, numbers_in


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("12000000001", "120****0001"),
        ("+8612000000001", "+861******0001"),
        ("02110000001", "021****0001"),
        ("021-10000001", "021-****0001"),
        ("10000001", "10****01"),
        ("310101194103050022", "310101********0022"),
        ("110", "110"),
        ("801", "801"),
        ("", ""),
    ],
)
def test_numbers(plain: str, shown: str) -> None:
    assert number(plain) == shown
    assert is_masked(shown) == (plain != shown)


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("演示市演示区幸福路1弄2号401室", "演示市演示区幸福路***"),
        ("演示市演示区安康小区三号楼", "演示市演示区安康小区***"),
        ("演示市第1街道第2社区示例新村3号楼401室", "演示市第1街道第2社区示例新村***"),
        ("演示路12", "演示路***"),
        ("演示路", "***"),
        ("", ""),
    ],
)
def test_addresses_end_before_the_house(plain: str, shown: str) -> None:
    assert address(plain) == shown


@pytest.mark.parametrize(
    ("shown", "digits", "fits"),
    [
        ("021****0001", "10000001", True),
        ("02110000001", "10000001", True),
        ("021****0001", "10000002", False),
        ("0001", "10000001", False),
        ("", "1", False),
    ],
)
def test_what_a_masked_number_could_be(shown: str, digits: str, fits: bool) -> None:
    assert could_be(shown, digits) == fits


def test_numbers_in_sentences_but_no_ids_and_times() -> None:
    said = "请打12000000001或021-10000001, 事件20261125-225637-abcdef0123, 2026-11-25T10:00:00.123456+00:00, 120"
    assert numbers_in(said) == said.replace("12000000001", "120****0001").replace("021-10000001", "021-****0001")


@dataclass(frozen=True, slots=True)
class _Contact:
    id: int
    name: str
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _File:
    id: int
    name: str
    born: date
    health: str
    contacts: tuple[_Contact, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    field: str
    old: str
    new: str


def test_views_lists_and_json_alike() -> None:
    file = _File(1, "演示·李一", date(1941, 3, 5), "高血压", (_Contact(11, "演示·女", ("12000000001",)),))
    shown = masked(file)
    assert shown == _File(1, "演示·李一", date(1941, 3, 5), "***", (_Contact(11, "演示·女", ("120****0001",)),))
    assert masked((file,)) == (shown,)
    assert masked([{"id": "12000000001", "caller": "12000000001", "state": "talking", "again": 2}]) == [
        {"id": "12000000001", "caller": "120****0001", "state": "talking", "again": 2}
    ]
    assert masked({"position": {"latitude": 31.23456, "longitude": 121.45678, "words": "x"}}) == {
        "position": {"latitude": 31.23, "longitude": 121.46, "words": "x"}
    }


def test_a_files_history_is_masked_by_what_changed() -> None:
    changes = (
        _Change("home_phone", "12000000001", "12000000002"),
        _Change("contacts", "演示·女 12000000001", ""),
        _Change("room", "401", "402"),
        _Change("service_class", "1", "2"),
    )
    assert masked(changes) == (
        _Change("home_phone", "120****0001", "120****0002"),
        _Change("contacts", "***", ""),
        _Change("room", "***", "***"),
        _Change("service_class", "1", "2"),
    )
