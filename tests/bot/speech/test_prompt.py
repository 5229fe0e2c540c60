"""A text that somebody read aloud: what becomes of it, and what is refused."""

from typing import Any

import numpy as np
import pytest

from bot.speech import loudness
from bot.speech.audio import OPUS_RATE, RATE, decode, to_ogg_opus
from bot.speech.joining import PAUSE, joined
from bot.speech.loudness import HIGHEST, TARGET
from bot.speech.prompt import Fault, PromptError, prompt
from bot.speech.speak import ESpeak


def sine(seconds: float, decibels: float, rate: int = OPUS_RATE) -> Any:
    at = np.arange(round(seconds * rate)) / rate
    return (10 ** (decibels / 20) * np.sin(2 * np.pi * 1000 * at)).astype(np.float32)


@pytest.fixture(scope="module")
def voice() -> Any:
    """A synthetic voice, mono, 48 kHz."""
    said = ESpeak().say("Waar gaat je plan over? Een paar woorden is genoeg.", "nl")
    return decode(said, rate=OPUS_RATE)


def wav(pcm: Any, encode: Any) -> bytes:
    at_16k = decode(to_ogg_opus(pcm, OPUS_RATE))
    return bytes(encode(at_16k, "wav", "pcm_s16le", 48_000))


@pytest.mark.parametrize("decibels", [-23, -33, -40])
def test_loudness_is_that_of_ebu_tech_3341(decibels: int) -> None:
    """A stereo 1 kHz sine at so many dBFS has as many LUFS (3341, 1 and 2); mono 3 less."""
    for rate in (RATE, OPUS_RATE):
        told = loudness.measured(sine(3.33, decibels, rate), rate)
        assert told.lufs == pytest.approx(decibels - 3.01, abs=0.1)
        assert told.peak == pytest.approx(decibels, abs=0.2)


def test_less_than_can_be_measured_is_silence() -> None:
    assert loudness.measured(sine(0.1, -10), OPUS_RATE).lufs == loudness.SILENCE
    assert loudness.measured(np.zeros(OPUS_RATE, np.float32), OPUS_RATE).lufs == loudness.SILENCE


def test_real_recordings_become_equally_loud(recordings: Any) -> None:
    for recording in (*recordings("nl/vlaams_*"), *recordings("en/jfk*"), *recordings("ar/asc_*")):
        made = prompt(recording.file)
        kept = decode(made.ogg, rate=OPUS_RATE)
        heard = loudness.measured(kept, OPUS_RATE)
        assert made.lufs == pytest.approx(heard.lufs, abs=1), recording.name
        assert heard.lufs <= TARGET + 1
        assert made.lufs == pytest.approx(TARGET, abs=0.1) or heard.peak > HIGHEST - 1
        assert made.seconds == pytest.approx(kept.size / OPUS_RATE, abs=0.05)
        assert 0.5 < made.seconds <= recording.pcm.size / RATE + 0.01


@pytest.mark.parametrize(
    ("container", "codec"),
    [("ogg", "libopus"), ("mp3", "libmp3lame"), ("ipod", "aac"), ("wav", "pcm_s16le"),
     ("webm", "libopus")],
)  # fmt: skip
def test_what_may_be_uploaded(voice: Any, encode: Any, container: str, codec: str) -> None:
    at_16k = decode(to_ogg_opus(voice, OPUS_RATE))
    made = prompt(encode(at_16k, container, codec, 48_000, "mono"))
    assert made.ogg[:4] == b"OggS"
    assert made.seconds == pytest.approx(voice.size / OPUS_RATE, abs=0.8)


def test_the_silence_around_a_voice_goes(voice: Any, encode: Any) -> None:
    still = np.zeros(3 * OPUS_RATE, np.float32)
    made = prompt(wav(np.concatenate([still, voice, still]), encode))
    assert made.seconds < voice.size / OPUS_RATE + 0.6


def test_quiet_is_raised_and_loud_is_lowered(voice: Any, encode: Any) -> None:
    for factor in (0.08, 0.9):
        assert prompt(wav(voice * factor, encode)).lufs == pytest.approx(TARGET, abs=1)


def noise(seconds: float) -> Any:
    chance = np.random.default_rng(1)
    return (0.05 * chance.standard_normal(round(seconds * OPUS_RATE))).astype(np.float32)


@pytest.mark.parametrize(
    ("fault", "made"),
    [
        (Fault.EMPTY, lambda voice: None),
        (Fault.TOO_SHORT, lambda voice: voice[: OPUS_RATE // 2]),
        (Fault.TOO_LONG, lambda voice: np.tile(voice, 70 * OPUS_RATE // voice.size)),
        (Fault.NO_SPEECH, lambda voice: noise(3)),
        (Fault.NO_SPEECH, lambda voice: sine(3, -20)),
        (Fault.TOO_QUIET, lambda voice: voice * 0.005),
        (Fault.DISTORTED, lambda voice: np.clip(voice * 12, -1, 1)),
    ],
)
def test_what_is_refused(fault: Fault, made: Any, voice: Any) -> None:
    pcm = made(voice)
    data = b"" if pcm is None else _wav_48k(pcm)
    with pytest.raises(PromptError) as caught:
        prompt(data)
    assert caught.value.fault is fault


def _wav_48k(pcm: Any) -> bytes:
    import io
    import wave

    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, OPUS_RATE, 0, "NONE", ""))
        file.writeframes((np.clip(pcm, -1, 1) * 32767).astype("<i2").tobytes())
    return out.getvalue()


def test_what_is_no_sound_is_refused() -> None:
    with pytest.raises(PromptError) as caught:
        prompt(b"%PDF-1.7 this is no sound at all" * 100)
    assert caught.value.fault is Fault.UNREADABLE


# --- joining


def test_sounds_are_joined_without_loss(voice: Any) -> None:
    first, second = to_ogg_opus(sine(1.0, -20), OPUS_RATE), to_ogg_opus(voice, OPUS_RATE)
    assert joined([first]) == first
    whole = decode(joined([first, second, first]), rate=OPUS_RATE)
    parts = [decode(each, rate=OPUS_RATE) for each in (first, second, first)]
    expected = sum(part.size for part in parts) / OPUS_RATE + 2 * PAUSE
    assert whole.size / OPUS_RATE == pytest.approx(expected, abs=0.15)
    begin = whole[: parts[0].size - 2_000]
    assert np.abs(begin - parts[0][: begin.size]).max() < 0.01
    at = round((1.0 + PAUSE) * OPUS_RATE)
    near = whole[at : at + parts[1].size + 4_000]
    best = np.correlate(near, parts[1][10_000:40_000], "valid").max()
    own = float((parts[1][10_000:40_000] ** 2).sum())
    assert best == pytest.approx(own, rel=0.05)
