"""The script of the ladder: whom each step rings, and what is on record afterwards, whatever is broken."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dialplan.agi import desk, plan, record
from dialplan.agi.__main__ import serve
from dialplan.agi.plan import Desk, Help
from dialplan.agi.snapshot import SCHEMA, SnapshotProblem, find, keys_of, packed
from ivr.case import ContactCard, ElderFile
from ivr.policy import Policy
from ivr.vocabulary import LegKind, Prompt, Result
from models.phone_numbers import canonical

AREA = "021"
SON = ContactCard(17, "演示·儿子", "儿子", ("12000000001", "02110000009"))
POLICEMAN = ContactCard(18, "演示·片警", "民警", ("110", "12000000002"))
ELDER = ElderFile(id=7, name="演示·王奶奶", home_phone="02110000001", contacts=(SON, POLICEMAN))
SEATS, DUTY = ("PJSIP/801", "PJSIP/802"), ("Local/duty_1@sos-person/n",)


@dataclass
class FakeAgi:
    """The channel as the script sees it."""

    variables: dict[str, str] = field(default_factory=dict)

    def get_variable(self, name: str) -> str:
        return self.variables.get(name, "")

    def set_variable(self, name: str, value: str) -> None:
        self.variables[name] = value


@pytest.fixture
def register(tmp_path: Path) -> Path:
    """A snapshot with one elder in it."""
    file = tmp_path / "register.db"
    with sqlite3.connect(file) as db:
        db.executescript(SCHEMA)
        db.execute("insert into about values ('area_code', ?)", (AREA,))
        db.execute("insert into elders values (7, 1, 0, ?)", (packed(ELDER),))
        db.execute("insert into keys values ('+862110000001', 1, 7, '02110000001')")
    db.close()
    return file


def asked(agi: FakeAgi, folder: Path, *, number: int = 0, register: Path | None = None) -> list[str]:
    """Whom this step rings."""
    serve(
        agi,
        register=register or folder / "none.db",
        desk_file=folder / "desk.json",
        record_file=folder / "call.jsonl",
        number=number,
    )
    return [*filter(None, agi.get_variable("YJT_WHOM").split("&"))]


def channel(caller: str = "+8602110000001") -> FakeAgi:
    return FakeAgi({"YJT_CLI": caller, "SEATS": "&".join(SEATS), "DUTY": "&".join(DUTY)})


def test_seats_then_duty_phones_then_contacts_and_again(tmp_path: Path, register: Path) -> None:
    (tmp_path / "desk.json").write_text(desk.text_of(frozenset({"802"}), Policy()), "utf-8")
    rung = [asked(channel(), tmp_path, number=number, register=register) for number in range(7)]
    contacts = ["Local/contact_17@sos-person/n", "Local/contact_18@sos-person/n"]
    assert rung == [["PJSIP/802"], [*DUTY], contacts, [*SEATS], [*DUTY], contacts, [*SEATS]]


def test_each_round_rings_the_next_phone_of_each_contact_and_never_the_police(tmp_path: Path, register: Path) -> None:
    numbers = []
    for number in (2, 5, 8):
        agi = channel()
        asked(agi, tmp_path, number=number, register=register)
        numbers.append((agi.variables["__YJT_contact_17"], agi.variables["__YJT_contact_18"]))
    assert numbers == [(SON.phones[number], "12000000002") for number in (0, 1, 0)]


def test_the_caller_is_welcomed_once_and_told_what_is_done(tmp_path: Path, register: Path) -> None:
    said = []
    for number in range(4):
        agi = channel()
        asked(agi, tmp_path, number=number, register=register)
        said.append(agi.variables["YJT_SAY"])
    assert said == ["", Prompt.PEOPLE_RUNG, Prompt.PEOPLE_RUNG, Prompt.COMFORT]


def test_without_a_snapshot_seats_and_duty_phones_are_left_and_the_record_says_why(tmp_path: Path) -> None:
    rung = [asked(channel(), tmp_path, number=number) for number in range(3)]
    assert rung == [[*SEATS], [*DUTY], [*SEATS]]
    assert '"trouble"' in (tmp_path / "call.jsonl").read_text("utf-8")


@pytest.mark.parametrize("text", ["", "{", '{"ready": 7}', '{"ready": []}'])
def test_a_desk_that_cannot_be_read_makes_every_seat_count(tmp_path: Path, text: str) -> None:
    (tmp_path / "desk.json").write_text(text, "utf-8")
    assert asked(channel(), tmp_path) == [*SEATS]


def test_when_there_is_nobody_the_dialplan_decides(tmp_path: Path) -> None:
    agi = FakeAgi({"YJT_CLI": ""})
    assert asked(agi, tmp_path, number=3) == []


@pytest.mark.parametrize("spoilt", [b"", b"no database at all", None])
def test_a_spoilt_snapshot_is_said_to_be_one(tmp_path: Path, spoilt: bytes | None) -> None:
    file = tmp_path / "spoilt.db"
    if spoilt is not None:
        file.write_bytes(spoilt)
    with pytest.raises(SnapshotProblem):
        find(file, ["+862110000001"])


def test_a_contact_hears_the_number_as_it_is_dialled(tmp_path: Path, register: Path) -> None:
    agi = channel("+8602110000001")
    asked(agi, tmp_path, register=register)
    assert agi.variables["__YJT_ELDER"] == "02110000001"


def test_a_great_centre_and_a_great_family_pass_through_one_line_of_agi(tmp_path: Path) -> None:
    seats = tuple(f"PJSIP/{extension}" for extension in range(800_000, 800_400))
    cards = tuple(ContactCard(9_000_000 + n, "演示", "", (f"1200000{n:04d}",)) for n in range(100))
    there = Help(seats=seats, files=(ElderFile(id=1, name="演示·赵奶奶", contacts=cards),))
    for number in range(2):
        step = plan.step(number, there)
        assert step is not None
        assert len(f'SET VARIABLE "YJT_WHOM" "{"&".join(step.whom)}"\n') < 2048


def test_nobody_is_in_a_round_who_cannot_be_rung() -> None:
    nobody = Help(
        files=(ElderFile(id=1, name="演示·李爷爷", contacts=(ContactCard(1, "演示·女儿", "女儿", ("120", "x")),)),)
    )
    assert plan.step(0, nobody) is None
    assert [plan.step(n, Help(duty=DUTY, desk=Desk())).last for n in range(3)] == [True] * 3  # type: ignore[union-attr]


prefixes = st.sampled_from(["", "+86", "0086", "86", "+860", "00860", "0", "17951", "1795186", "00086"])
numbers = st.sampled_from(["13800000000", "2110000001", "57187654321", "9998765432", "4001234567"])


@given(prefixes, numbers)
@example("", "87654321")
@example("", "7654321")
@example("", "0571-87654321")
@example("00", "85261234567")
@example("+", "85261234567")
@example("", "12349")
@example("", "anonymous")
@example("", "")
def test_whatever_a_carrier_sends_is_found_under_its_one_form(prefix: str, number: str) -> None:
    one = canonical(prefix + number, AREA)
    assert not one or one in keys_of(prefix + number, AREA)


# --- the record -------------------------------------------------------------------------------------------------------


def written(file: Path, *lines: dict[str, object] | str) -> record.Record:
    file.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), "utf-8")
    found = record.read(file)
    assert found is not None
    return found


def lines_of(*steps: Sequence[str]) -> list[dict[str, object]]:
    """One a second."""
    return [
        {"at": 1_767_600_000 + second, **dict(zip(("what", "who", "more"), step, strict=False))}
        for second, step in enumerate(steps)
    ]


ARRIVED = {"at": 1_767_600_000, "what": "arrived", "channel": "yjt-a-1.0", "caller": "021", "recording": "r.wav"}


def test_the_record_tells_who_was_rung_and_who_came(tmp_path: Path) -> None:
    lines = lines_of(
        ("rings", "PJSIP/801&PJSIP/802"),
        ("rang", "NOANSWER"),
        ("rings", "Local/duty_1@sos-person/n&Local/contact_17@sos-person/n"),
        ("dialled", "duty_1", "12000000091"),
        ("dialled", "contact_17", "12000000001"),
        ("answered", "duty_1"),
        ("said", "duty_1", "voicemail"),
        ("over", "duty_1", "ANSWER"),
        ("said", "contact_17", "accepted"),
        ("joined", "Local/contact_17@sos-person-00000002;1"),
        ("rang", "ANSWER", "16"),
        ("ended",),
    )
    found = written(tmp_path / "r.jsonl", ARRIVED, {"at": 1, "what": "names", "names": {"contact_17": "儿子"}}, *lines)
    assert [(one.kind, one.number, one.name, one.result, one.spoke) for one in found.tries] == [
        (LegKind.SEAT, "801", "", Result.NO_ANSWER, False),
        (LegKind.SEAT, "802", "", Result.NO_ANSWER, False),
        (LegKind.DUTY, "12000000091", "", Result.VOICEMAIL, False),
        (LegKind.CONTACT, "12000000001", "儿子", Result.ACCEPTED, True),
    ]
    assert (found.ended_at - found.arrived_at).total_seconds() == 11
    son = found.tries[-1]
    assert son.joined_at is not None
    assert son.ended_at is not None
    assert (son.ended_at - son.joined_at).total_seconds() == 1


def test_who_hangs_up_while_somebody_is_with_them_had_somebody(tmp_path: Path) -> None:
    lines = lines_of(("rings", "PJSIP/801"), ("joined", "PJSIP/801-0000000a"), ("ended",))
    assert written(tmp_path / "r.jsonl", ARRIVED, *lines).tries[0].spoke


def test_a_phone_that_died_in_the_call_was_nobody(tmp_path: Path) -> None:
    lines = lines_of(("rings", "PJSIP/801"), ("joined", "PJSIP/801-0000000a"), ("rang", "ANSWER", "44"), ("ended",))
    assert not written(tmp_path / "r.jsonl", ARRIVED, *lines).tries[0].spoke


def test_who_wanted_to_come_and_was_too_late_was_cancelled(tmp_path: Path) -> None:
    lines = lines_of(
        ("rings", "Local/duty_1@x&Local/duty_2@x"), ("said", "duty_1", "accepted"), ("joined", "Local/duty_2@x-1;1")
    )
    results = [one.result for one in written(tmp_path / "r.jsonl", ARRIVED, *lines).tries]
    assert results == [Result.CANCELLED, Result.ACCEPTED]


@pytest.mark.parametrize("spoilt", ["", "{", "[]", "null", '{"at": "x", "what": "rings"}', '{"at": 1e99, "what": "a"}'])
def test_a_line_that_nobody_understands_is_passed_over(tmp_path: Path, spoilt: str) -> None:
    found = written(tmp_path / "r.jsonl", spoilt, ARRIVED, spoilt, *lines_of(("rings", "PJSIP/801"), ("rang", "BUSY")))
    assert [one.result for one in found.tries] == [Result.BUSY]


def test_a_record_of_nobody_is_none(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text('{"at": 1, "what": "names"}\n', "utf-8")
    assert record.read(tmp_path / "r.jsonl") is None
