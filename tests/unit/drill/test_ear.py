"""What the ear makes of sounds whose contents are known, as they come out of a telephone line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drill import voices
from drill.ear import Ear, silences
from drill.hearing import Hearing
from drill.sound import RATE, Sound, SoundError, read, through_alaw, write
from home.settings import CHECKOUT

PROMPTS = CHECKOUT / "dialplan" / "prompts" / "zh"
MUSIC = CHECKOUT / "dialplan" / "music" / "default" / "calm.wav"


@pytest.fixture(scope="module")
def ear() -> Ear:
    return Ear.of_the_town()


def blank(seconds: float) -> Sound:
    return np.zeros(int(seconds * RATE), np.float32)


def voice(name: str) -> Sound:
    return read(voices.clip(name))


def put(track: Sound, sound: Sound, at: float, *, level: float = 1.0) -> None:
    """Mixes `sound` in at that second, as far as the track goes."""
    begin = int(at * RATE)
    part = sound[: len(track) - begin]
    track[begin : begin + len(part)] += np.float32(level) * part


def heard_as(hearing: Hearing) -> list[tuple[str, str]]:
    return [(item.kind, item.name) for item in hearing.heard]


def test_prompt_then_music_then_voice_are_told_with_their_times(ear: Ear) -> None:
    track = blank(30)
    welcome = read(PROMPTS / "welcome.wav")
    put(track, welcome, 0.37)
    put(track, read(MUSIC)[: 8 * RATE], 8.0)
    put(track, voice("agent_a"), 17.13)

    hearing = ear.hear(through_alaw(track))

    assert heard_as(hearing) == [("prompt", "welcome"), ("music", "calm"), ("voice", "agent_a")]
    prompt, music, agent = hearing.heard
    assert prompt.start == pytest.approx(0.37, abs=0.5)
    assert prompt.end == pytest.approx(0.37 + len(welcome) / RATE, abs=0.5)
    assert (music.start, music.end) == (pytest.approx(8.0, abs=0.5), pytest.approx(16.0, abs=0.5))
    assert agent.start == pytest.approx(17.13, abs=0.5)


@pytest.mark.parametrize("offset", [0.0, 0.111, 3.3])
def test_two_talkers_at_the_same_time_are_both_heard(ear: Ear, offset: float) -> None:
    track = blank(10)
    put(track, voice("elder_help"), 0.0, level=0.8)
    put(track, voice("agent_b"), offset, level=0.8)

    hearing = ear.hear(through_alaw(through_alaw(track)))

    assert hearing.voice("elder_help") > 8
    assert hearing.voice("agent_b") > 5.5
    assert {name for _, name in heard_as(hearing)} <= {"elder_help", "agent_b", ""}


def test_three_talkers_are_heard(ear: Ear) -> None:
    track = blank(10)
    for name in ("agent_a", "operator_120", "son"):
        put(track, voice(name), 0.0, level=0.6)
    hearing = ear.hear(through_alaw(track))
    assert all(hearing.voice(name) > 5 for name in ("agent_a", "operator_120", "son"))


@pytest.mark.parametrize("level", [0.05, 0.3, 1.4])
def test_a_voice_is_known_at_any_level(ear: Ear, level: float) -> None:
    track = blank(9)
    put(track, voice("daughter"), 0.2, level=level)
    hearing = ear.hear(through_alaw(np.clip(track, -1, 1).astype(np.float32)))
    assert hearing.voice("daughter") > 7
    assert {name for _, name in heard_as(hearing)} <= {"daughter", ""}


def test_a_voice_is_known_through_noise(ear: Ear) -> None:
    track = blank(9)
    put(track, voice("son"), 0.0)
    noise = np.random.default_rng(1).normal(0, 0.01, len(track)).astype(np.float32)
    assert ear.hear(through_alaw(track + noise)).voice("son") > 7


def test_a_looped_voice_goes_on_without_a_break(ear: Ear) -> None:
    once = voice("neighbour")
    hearing = ear.hear(through_alaw(np.concatenate([once, once, once])))
    assert heard_as(hearing) == [("voice", "neighbour")]
    assert hearing.longest_silence().seconds < 0.5


def test_what_nobody_in_the_town_says_is_unknown(ear: Ear) -> None:
    noise = np.random.default_rng(2).normal(0, 0.05, 4 * RATE).astype(np.float32)
    backwards = voice("committee")[::-1].copy()
    for sound in (noise, backwards):
        hearing = ear.hear(through_alaw(sound))
        assert {kind for kind, _ in heard_as(hearing)} == {"unknown"}


def test_prompts_with_the_same_first_words_are_told_apart(ear: Ear) -> None:
    """`您好，这里是一键通` begins more than one prompt, in the same voice."""
    for name in ("welcome", "callback_hello"):
        hearing = ear.hear(through_alaw(np.concatenate([blank(0.3), read(PROMPTS / f"{name}.wav"), blank(0.5)])))
        assert heard_as(hearing) == [("prompt", name)]


def test_every_prompt_is_known_by_its_name(ear: Ear) -> None:
    for path in sorted(PROMPTS.glob("*.wav")):
        hearing = ear.hear(through_alaw(np.concatenate([blank(0.21), read(path), blank(0.4)])))
        longest = max(hearing.of("prompt"), key=lambda item: item.seconds, default=None)
        assert longest is not None, path.stem
        assert longest.name == path.stem


def test_silence_is_measured_to_a_fiftieth_of_a_second() -> None:
    track = np.concatenate([voice("son")[: 2 * RATE], blank(3.2), voice("son")[: 2 * RATE]])
    longest = max(silences(through_alaw(track)), key=lambda silence: silence.seconds)
    assert longest.start == pytest.approx(2.0, abs=0.25)
    assert longest.seconds == pytest.approx(3.2, abs=0.25)


def test_comfort_noise_and_clicks_are_silence() -> None:
    track = np.random.default_rng(3).normal(0, 0.001, 5 * RATE).astype(np.float32)
    track[2 * RATE : 2 * RATE + 200] += 0.3
    assert [silence.seconds for silence in silences(through_alaw(track))] == [5.0]


def test_a_silent_line_is_one_long_silence(ear: Ear) -> None:
    hearing = ear.hear(blank(4))
    assert hearing.heard == ()
    assert hearing.longest_silence().seconds == 4


def test_a_recording_shorter_than_a_glance_is_bearable(ear: Ear) -> None:
    assert ear.hear(blank(0.1)).heard == ()
    assert ear.hear(np.zeros(0, np.float32)).longest_silence().seconds == 0


def test_a_header_that_a_crash_left_at_zero_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "crashed.wav"
    write(path, voice("agent_a"))
    data = bytearray(path.read_bytes())
    data[4:8] = data[40:44] = bytes(4)
    path.write_bytes(data)
    assert len(read(path)) == len(voice("agent_a"))


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + bytes(16)])
def test_what_is_no_recording_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.wav"
    path.write_bytes(content)
    with pytest.raises(SoundError, match=r"odd\.wav"):
        read(path)


def test_voices_have_no_pause_that_could_count_as_silence() -> None:
    for name in voices.names():
        sound = voice(name)
        assert 8 <= len(sound) / RATE <= 15, name
        assert max((s.seconds for s in silences(np.concatenate([sound, sound]))), default=0.0) < 0.4, name


def test_recordings_are_listened_to_together_and_one_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    names = ("agent_a", "elder_help")
    for name in names:
        write(tmp_path / f"{name}.wav", through_alaw(voice(name)[: 6 * RATE]))
    agent, nothing, elder = Ear.of_the_town().listen_to(
        [tmp_path / "agent_a.wav", tmp_path / "no.wav", tmp_path / "elder_help.wav"]
    )
    assert isinstance(agent, Hearing)
    assert isinstance(elder, Hearing)
    assert [heard_as(agent), heard_as(elder)] == [[("voice", name)] for name in names]
    assert isinstance(nothing, SoundError)
