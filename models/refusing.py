"""Refusing a form for one field, in both languages: the page shows it beside the field, the API under `fields`."""

from __future__ import annotations

from typing import NoReturn

from models.elder_forms import FieldProblem
from models.register import FormRefused


def refuse(field: str, zh: str, en: str) -> NoReturn:
    """Raises FormRefused."""
    raise FormRefused((FieldProblem(field, zh, en),))
