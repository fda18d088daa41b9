"""What a care call plays: the house's recordings, and what only this call says (the name, the plan's text) spoken ahead
by the machine's voice, unless the plan has a recording of its own. Without a voice, or when it takes too long, the
general words are played instead."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from home.plan_recordings import recording_of
from home.programs import ProgramMissing
from home.settings import Settings
from home.voice import Unspoken, Voice
from ivr.care.vocabulary import CareWords
from ivr.vocabulary import Prompt
from models.care.planning import CareKind
from models.queries.care_messages import CareMessage

log = structlog.get_logger(__name__)
SPOKEN_WITHIN: Final = 8.0  # seconds: the elder's telephone has not rung yet
KEPT: Final = 2 * 86_400.0  # seconds after which what was spoken is forgotten: there are names in it
FOLDER: Final = "care-voice"
GENERAL: Final[Mapping[CareKind, Prompt]] = {
    CareKind.REGULAR: Prompt.CARE_REGULAR,
    CareKind.BIRTHDAY: Prompt.CARE_BIRTHDAY,
    CareKind.FESTIVAL: Prompt.CARE_FESTIVAL,
    CareKind.SOLAR_TERM: Prompt.CARE_SOLAR_TERM,
    CareKind.WEATHER: Prompt.CARE_WEATHER,
    CareKind.FAMILY: Prompt.CARE_FAMILY,
    CareKind.MEDICINE: Prompt.CARE_MEDICINE,
    CareKind.CHECK_UP: Prompt.CARE_CHECK_UP,
}
_GREETING: Final = {
    "zh": "{name}，您好。这里是一键通，给您打个关爱电话。",
    "en": "Hello, {name}. This is your help line with a friendly call.",
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """Sound files without their suffix, for each of the words; those that are not here are the house's."""

    files: Mapping[CareWords, Path]


class Words:
    """`prompts` is the folder of the prompts in the language of this platform."""

    def __init__(self, settings: Settings, prompts: Path) -> None:
        self._settings = settings
        self._prompts = prompts
        self._folder = settings.home / FOLDER
        self._one_at_a_time = asyncio.Lock()
        self._voice: Voice | None = None
        self._missing = False
        self._cleared = 0.0

    @property
    def lang(self) -> str:
        return self._settings.lang

    def media(self, kind: CareKind, words: tuple[CareWords, ...], spoken: Spoken) -> list[str]:
        """ARI's names of what is played for these words, in order."""
        return [f"sound:{spoken.files.get(one) or self._prompts / _house(kind, one)}" for one in words]

    def prompt(self, name: Prompt) -> str:
        return f"sound:{self._prompts / name}"

    async def aloud(self, text: str) -> str:
        """ARI's name of this text spoken; empty without a voice for it, or when it takes too long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SPOKEN_WITHIN), self._one_at_a_time:
                file = await asyncio.to_thread(self._speak, text)
                return f"sound:{file}" if file is not None else ""
        return ""

    async def speak(self, message: CareMessage) -> Spoken:
        """Whatever of this call can be spoken in time."""
        texts = {CareWords.GREETING: _GREETING[self._settings.lang].format(name=message.file.name)}
        files: dict[CareWords, Path] = {}
        own = await asyncio.to_thread(recording_of, self._settings, message.plan, message.recording)
        if own is not None:
            files[CareWords.MESSAGE] = own.with_suffix("")
        elif message.text:
            texts[CareWords.MESSAGE] = message.text
        with suppress(TimeoutError):
            async with asyncio.timeout(SPOKEN_WITHIN):
                for words, text in texts.items():
                    async with self._one_at_a_time:
                        file = await asyncio.to_thread(self._speak, text)
                    if file is not None:
                        files[words] = file
        return Spoken(files)

    def _speak(self, text: str) -> Path | None:
        """The same words are spoken once; None when there is no voice for them."""
        name = hashlib.sha256(f"{self._settings.lang} {text}".encode()).hexdigest()[:32]
        file = self._folder / f"{name}.wav"
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._clear()
            if not file.exists():
                voice = self._find_voice()
                if voice is None:
                    return None
                voice.speak(text, self._settings.lang, file)
                file.chmod(0o600)
            file.touch()
        except (Unspoken, OSError) as problem:
            log.info("words of a care call cannot be spoken", reason=type(problem).__name__)
            return None
        return file.with_suffix("")

    def _find_voice(self) -> Voice | None:
        if self._voice is None and not self._missing:
            try:
                self._voice = Voice.of(self._settings, gently=True)
            except ProgramMissing:
                self._missing = True
                log.warning("there is no voice for names in care calls: general words are played")
        return self._voice

    def _clear(self) -> None:
        now = time.time()
        if now - self._cleared < KEPT / 24:
            return
        self._cleared = now
        for file in self._folder.glob("*.wav"):
            with suppress(FileNotFoundError):
                if now - file.stat().st_mtime > KEPT:
                    file.unlink()


def _house(kind: CareKind, words: CareWords) -> Prompt:
    match words:
        case CareWords.GREETING:
            return Prompt.CARE_HELLO
        case CareWords.MESSAGE:
            return GENERAL[kind]
        case CareWords.QUESTION:
            return Prompt.CARE_QUESTION
        case CareWords.THANKS:
            return Prompt.CARE_THANKS
        case CareWords.HOW_WAS_SERVICE:
            return Prompt.CARE_HOW_WAS_SERVICE
        case CareWords.HOW_WAS_CONSULTATION:
            return Prompt.CARE_HOW_WAS_CONSULTATION
        case CareWords.SORRY:
            return Prompt.CARE_SORRY
