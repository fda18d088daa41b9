"""What is heard in a care call, and what it is worth."""

from __future__ import annotations

import pytest

from ari_app.care.hearing import Hearing

pytestmark = pytest.mark.clause("S5")


def asked(longest: float = 4.0) -> Hearing:
    hearing = Hearing(longest)
    hearing.we_speak()
    return hearing


def test_hello_is_no_answer_and_a_word_after_the_question_is_one() -> None:
    hearing = asked()
    hearing.begins(0)
    assert not hearing.ends(1)
    hearing.we_ask()
    hearing.begins(6)
    assert hearing.ends(7.5)


def test_a_word_that_began_before_the_question_was_over_is_none() -> None:
    hearing = asked()
    hearing.begins(4)
    hearing.we_ask()
    assert not hearing.ends(6)


def test_who_speaks_on_while_we_speak_is_a_machine_and_its_words_never_count() -> None:
    hearing = asked()
    hearing.begins(0)
    assert not hearing.is_machine(3.9)
    assert hearing.is_machine(4)  # it still speaks
    assert not hearing.ends(5)
    hearing.we_ask()
    hearing.begins(7)
    assert not hearing.ends(8)
    assert hearing.is_machine(9)


def test_an_elder_who_tells_a_long_story_is_no_machine_but_is_asked_again() -> None:
    hearing = asked()
    hearing.we_ask()
    hearing.begins(6)
    assert not hearing.is_machine(20)
    assert not hearing.ends(20)
    assert not hearing.is_machine(21)


def test_an_end_without_a_beginning_is_nothing() -> None:
    assert not asked().ends(3)
