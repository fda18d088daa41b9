"""What kind of call it is, by the number that was dialled."""

from __future__ import annotations

import pytest

from ari_app.dialled import DialledNumbers
from ivr.vocabulary import CaseKind

NUMBERS = DialledNumbers({CaseKind.ORDINARY: ["96891", "02110000077"], CaseKind.COMPLAINT: ["96892"]}, area_code="021")


@pytest.mark.parametrize("dialled", ["96891", "02110000077", "+862110000077", "10000077"])
def test_an_ordinary_call_in_any_form_that_carriers_send(dialled: str) -> None:
    assert NUMBERS.kind(dialled) is CaseKind.ORDINARY


def test_the_complaint_line_is_told_by_its_number() -> None:
    assert NUMBERS.kind("96892") is CaseKind.COMPLAINT


@pytest.mark.parametrize("dialled", ["96890", "", "s", "10000078"])
def test_any_other_call_is_an_alarm(dialled: str) -> None:
    assert NUMBERS.kind(dialled) is CaseKind.SOS
