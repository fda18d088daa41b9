"""What a care call plays: spoken words where there is a voice for them, the house's otherwise."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ari_app.care.words import FOLDER, GENERAL, KEPT, Words
from home.asterisk_platform import DIALPLAN
from home.plan_recordings import keep_recording
from home.programs import ProgramMissing
from home.settings import Settings
from home.voice import Unspoken, Voice
from ivr.care.vocabulary import CareQuestion, CareWords
from ivr.case import ElderFile
from ivr.vocabulary import Prompt
from models.care.planning import CareKind
from models.queries.care_messages import CareMessage

pytestmark = pytest.mark.clause("S5")
PROMPTS = Path("/prompts/zh")
ALL = (CareWords.GREETING, CareWords.MESSAGE, CareWords.QUESTION)


class FakeVoice:
    """Knows every word but one name."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def speak(self, text: str, lang: str, target: Path) -> None:
        if "无读音" in text:
            raise Unspoken("no reading for a character")
        self.said.append(text)
        target.write_bytes(b"RIFF")


@pytest.fixture
def voice(monkeypatch: pytest.MonkeyPatch) -> FakeVoice:
    there = FakeVoice()
    monkeypatch.setattr(Voice, "of", lambda settings, gently: there)
    return there


def words_in(home: Path) -> Words:
    return Words(Settings.load({"YJT_HOME": str(home)}), PROMPTS)


def message(name: str = "演示·甲", text: str = "") -> CareMessage:
    latest = datetime(2027, 1, 1, tzinfo=UTC)
    return CareMessage(CareKind.BIRTHDAY, text, False, latest, ElderFile(1, name), CareQuestion.WELL)


async def test_a_plans_own_recording_is_played_in_place_of_its_text(voice: FakeVoice, tmp_path: Path) -> None:
    """Only the one that its record names: another file of that number is not heard."""
    settings, words = Settings.load({"YJT_HOME": str(tmp_path)}), words_in(tmp_path)
    sound = (DIALPLAN / "prompts" / "zh" / "hold.wav").read_bytes()
    told = replace(message(text="该吃药了"), plan=7, recording=keep_recording(settings, 7, sound))
    own = await words.speak(told)
    assert own.files[CareWords.MESSAGE] == tmp_path / "care-recordings" / "7"
    assert words.media(told.kind, ALL, own)[1] == f"sound:{tmp_path}/care-recordings/7"
    assert "该吃药了" not in voice.said
    for missing in (replace(told, recording="0" * 64), replace(told, plan=8)):
        assert (await words.speak(missing)).files[CareWords.MESSAGE].parent.name == FOLDER
    assert voice.said.count("该吃药了") == 1


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


HOUSE = [f"sound:{PROMPTS / name}" for name in (Prompt.CARE_HELLO, Prompt.CARE_BIRTHDAY, Prompt.CARE_QUESTION)]


async def test_name_and_text_are_spoken_once_and_only_we_may_read_them(tmp_path: Path, voice: FakeVoice) -> None:
    words = words_in(tmp_path)
    spoken = await words.speak(message(text="今天有蛋糕。"))
    greeting, said, question = words.media(CareKind.BIRTHDAY, ALL, spoken)
    assert question == HOUSE[2]
    for media in (greeting, said):
        file = Path(media.removeprefix("sound:") + ".wav")
        assert file.parent == tmp_path / FOLDER
        assert mode(file) == 0o600
    await words.speak(message(text="今天有蛋糕。"))
    assert [text.startswith("演示·甲") for text in voice.said] == [True, False]


async def test_without_a_voice_the_general_words_are_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(settings: Settings, gently: bool) -> Voice:
        raise ProgramMissing("no espeak-ng")

    monkeypatch.setattr(Voice, "of", missing)
    words = words_in(tmp_path)
    assert words.media(CareKind.BIRTHDAY, ALL, await words.speak(message(text="今天有蛋糕。"))) == HOUSE


async def test_a_name_that_cannot_be_read_is_left_out(tmp_path: Path, voice: FakeVoice) -> None:
    words = words_in(tmp_path)
    assert words.media(CareKind.BIRTHDAY, ALL, await words.speak(message("无读音"))) == HOUSE
    assert list((tmp_path / FOLDER).iterdir()) == []


async def test_what_was_spoken_is_forgotten_after_two_days(tmp_path: Path, voice: FakeVoice) -> None:
    await words_in(tmp_path).speak(message())
    (file,) = (tmp_path / FOLDER).iterdir()
    os.utime(file, (time.time() - KEPT - 60,) * 2)
    await words_in(tmp_path).speak(message("演示·乙"))
    assert not file.exists()


def test_there_are_general_words_for_every_kind() -> None:
    assert GENERAL.keys() == set(CareKind) - {CareKind.SATISFACTION}  # which has its question alone
