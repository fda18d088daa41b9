"""Waiting for what happens in the town."""

from __future__ import annotations

import asyncio

import pytest

from drill.chronicle import Chronicle, Note, NotSeen


async def test_what_has_happened_is_found_at_once() -> None:
    chronicle = Chronicle()
    rang = Note("seat 801", "rang")
    chronicle.write(rang)
    assert await chronicle.wait("seat 801", "rang", within=0) is rang


async def test_what_happens_later_wakes_who_waits() -> None:
    chronicle = Chronicle()
    waiting = asyncio.create_task(chronicle.wait("seat 801", "rang", within=5))
    await asyncio.sleep(0)
    chronicle.write(Note("seat 802", "rang"))
    chronicle.write(Note("seat 801", "answered"))
    assert not waiting.done()
    rang = Note("seat 801", "rang")
    chronicle.write(rang)
    assert await waiting is rang


async def test_an_earlier_note_does_not_count_as_a_later_one() -> None:
    chronicle = Chronicle()
    chronicle.write(Note("elder", "answered", clock=10.0))
    chronicle.write(Note("elder", "answered", clock=20.0))
    assert (await chronicle.wait("elder", "answered", within=0, after=15.0)).clock == 20.0
    with pytest.raises(NotSeen):
        await chronicle.wait("elder", "answered", within=0, after=20.0)


async def test_who_waited_in_vain_is_told_what_did_happen() -> None:
    chronicle = Chronicle()
    chronicle.write(Note("120", "rang", "02110000000"))
    with pytest.raises(NotSeen, match=r"120: answered not within 0\.01 s; seen: .* rang 02110000000"):
        await chronicle.wait("120", "answered", within=0.01)


async def test_the_detail_counts_when_it_is_asked_for() -> None:
    chronicle = Chronicle()
    chronicle.write(Note("son", "pressed", "2"))
    assert chronicle.find("son", "pressed") is not None
    assert chronicle.find("son", "pressed", detail="1") is None


async def test_who_listens_hears_every_note() -> None:
    chronicle = Chronicle()
    heard: list[Note] = []
    chronicle.listen(heard.append)
    notes = [Note("elder", what) for what in ("answered", "speaks", "ended")]
    for note in notes:
        chronicle.write(note)
    assert heard == notes == chronicle.notes
