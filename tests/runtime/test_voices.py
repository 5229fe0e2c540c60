"""Settings choose a voice for each language; recordings can come with the program."""

from __future__ import annotations

import importlib.util
import io
import threading
import wave
from pathlib import Path

import numpy as np
import pytest

from bot.messages import Sound
from bot.speech import speak
from bot.speech.audio import RATE, decode
from bot.speech.loudness import TARGET, measured
from bot.speech.speak import ESpeak, Voices
from runtime import shipped
from runtime.config import ConfigError, Settings
from runtime.recorded import Part, parts, words_hash
from runtime.sounds import Sounds
from runtime.voices import common, speaker, warm_up
from storage.db import Database


def test_a_variant_sounds_otherwise_and_is_kept_apart(tmp_path: Path) -> None:
    usual, other = speaker(Settings()), speaker(Settings(voice_nl="espeak:nl+f2"))
    said = Sound("Goedemorgen", "nl")
    assert Sounds(usual, tmp_path).path(said) != Sounds(other, tmp_path).path(said)
    assert usual.say("Goedemorgen", "nl") != other.say("Goedemorgen", "nl")
    assert usual.name("Hello", "en") == other.name("Hello", "en")


@pytest.mark.parametrize("wanted", ["espeak:zz", "festival", "piper", "piper:/nowhere.onnx"])
def test_a_wrong_voice_is_one_line(wanted: str) -> None:
    with pytest.raises(ConfigError) as caught:
        speaker(Settings(voice_tr=wanted))
    assert str(caught.value).startswith("BUURTSTEM_VOICE_TR: ")
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(importlib.util.find_spec("piper") is not None, reason="the extra is there")
def test_piper_that_is_not_installed_says_so(tmp_path: Path) -> None:
    voice = tmp_path / "voice.onnx"
    voice.write_bytes(b"")
    Path(f"{voice}.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"piper is not installed: pip install"):
        speaker(Settings(voice_en=f"piper:{voice}"))


class Quiet:
    """An engine with its own loudness and rate."""

    name = "quiet"

    def __init__(self) -> None:
        self.said: list[str] = []

    def samples(self, text: str) -> speak.Sound:
        self.said.append(text)
        t = np.arange(2 * 16_000, dtype=np.float32) / 16_000
        return speak.Sound(np.sin(t * 1500).astype(np.float32) * 0.02, 16_000)


def test_every_voice_gets_words_and_is_as_loud() -> None:
    engine = Quiet()
    data = Voices({"nl": engine}).say("Plan 12 kost € 3.", "nl")
    assert engine.said == ["Plan twaalf kost drie euro."]
    assert measured(decode(data), RATE).lufs == pytest.approx(TARGET, abs=1.5)


def test_two_at_once_make_a_sound_once(tmp_path: Path) -> None:
    engine = Quiet()
    sounds = Sounds(Voices({"nl": engine}), tmp_path)
    threads = [threading.Thread(target=sounds.made, args=(Sound("Hoi", "nl"),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert engine.said == ["Hoi"]
    assert not sounds._making


def test_several_languages_are_said_by_their_own_voices(tmp_path: Path) -> None:
    dutch, turkish = Quiet(), Quiet()
    sounds = Sounds(Voices({"nl": dutch, "tr": turkish}), tmp_path)
    sounds.made(Sound("Hallo\nMerhaba", "nl", parts=(("Hallo", "nl"), ("Merhaba", "tr"))))
    assert (dutch.said, turkish.said) == (["Hallo"], ["Merhaba"])


def test_the_first_sounds_are_made_beforehand(sqlite_url: str, tmp_path: Path) -> None:
    engines = {code: Quiet() for code in ("nl", "en", "tr", "ar")}
    sounds = Sounds(Voices(engines), tmp_path)
    db = Database.open(sqlite_url)
    try:
        assert warm_up(sounds, db, lambda: True) == 0
        assert warm_up(sounds, db) == len(set(common(None))) >= 12
    finally:
        db.close()
    assert all(sounds.path(sound).exists() for sound in common(None))


def test_an_answer_is_heard_as_somebody_recorded_it() -> None:
    files = {words_hash("Ja, dat mag"): "yes"}
    assert parts("Mag dat?\n1: Ja, dat mag.\n2: Nee.", files, ("Ja, dat mag", "Nee")) == [
        Part("Mag dat?\n1: "),
        Part("Ja, dat mag", "yes"),
        Part(".\n2: Nee."),
    ]
    assert parts("Jaren.", {words_hash("Ja"): "yes"}, ("Ja",)) == [Part("Jaren.")]


def reading(text: str = "This is how somebody reads it aloud.") -> bytes:
    pcm = decode(ESpeak().say(text, "en"))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((pcm * 8000).astype(np.int16).tobytes())
    return file.getvalue()


def test_recordings_come_with_the_program(tmp_path: Path) -> None:
    file = shipped.add("nl", "welcome.thanks", reading(), tmp_path)
    assert list(shipped.faults(tmp_path)) == []
    (name,) = shipped.files("nl", tmp_path).values()
    assert shipped.files("nl", tmp_path).keys() == {words_hash("Dank je wel!")}
    assert shipped.sound(name) == file.read_bytes()
    assert shipped.sound("0" * 64 + ".ogg") is None


def test_what_is_wrong_with_them_is_told(tmp_path: Path) -> None:
    (tmp_path / "xx").mkdir()
    shipped.add("nl", "welcome.thanks", reading(), tmp_path).with_suffix(".txt").write_text("Hoi.")
    loud = shipped.add("nl", "welcome.refused", reading(), tmp_path)
    loud.write_bytes(b"no sound")
    told = "\n".join(shipped.faults(tmp_path))
    assert "xx: not a language" in told
    assert "welcome.thanks.ogg: the text says something else now" in told
    assert "welcome.refused.ogg: unreadable" in told


def test_the_recordings_that_come_with_the_program_are_well() -> None:
    assert list(shipped.faults()) == []
    assert shipped.main(["add", "xx", "a", "b"]) == 2
