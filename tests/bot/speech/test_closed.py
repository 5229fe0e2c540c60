"""Answers from a closed set: the real Whisper, real voices, and voices made here."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.speech import closed, wordings
from bot.speech.activity import RATE
from bot.speech.backend_faster import FasterWhisper
from bot.speech.closed import Chosen
from bot.speech.speak import ESpeakVoice, SpeakError
from bot.speech.wordings import MOST_DAYS, Wordings, cut, faster, written

OTHERS = ("straat", "water", "school", "tafel", "drie", "zeven")
VOICES = ("nl+m1", "nl+f1", "nl+m2")
YES_NO = {"yes": ("ja", "jawel"), "no": ("nee",)}
ARABIC = {"yes": ("نَعَم",), "no": ("لَا",)}
ARABIC_OTHERS = ("شَارِع", "مَدْرَسَة", "كِتَاب", "بَيْت", "ثَلَاثَة", "سَبْعَة")


def said(text: str, voice: str = "nl+m1", pace: int = 130) -> Any:
    """A voice that no wording is made of."""
    sound = ESpeakVoice(voice, pace).samples(text)
    places = np.arange(int(sound.pcm.size * RATE / sound.rate)) * (sound.rate / RATE)
    quiet = np.zeros(RATE // 2, np.float32)
    pcm = np.interp(places, np.arange(sound.pcm.size), sound.pcm).astype(np.float32)
    return np.concatenate([quiet, pcm, quiet])


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wordings")


@pytest.fixture(scope="module")
def ears(whisper: FasterWhisper, kept: Path) -> FasterWhisper:
    return whisper


def test_an_answer_that_is_said_is_chosen(ears: Any) -> None:
    """eSpeak never says a word twice in the same way: some are sure each time, none is wrong."""
    meant = [(text, id_) for id_ in YES_NO for text in YES_NO[id_] for _ in VOICES]
    found = [
        ears.choose(said(text, voice), "nl", YES_NO, OTHERS).id
        for (text, _), voice in zip(meant, VOICES * 3, strict=True)
    ]
    assert all(got in (id_, None) for got, (_, id_) in zip(found, meant, strict=True))
    assert found.count(None) <= len(found) * 2 / 3


def test_something_else_is_not_chosen(ears: Any) -> None:
    for text in ("school", "water", "gemeente", "zeven"):
        assert ears.choose(said(text), "nl", YES_NO, OTHERS).id is None, text


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.4, 3.0, 20.0])
def test_silence_noise_and_length_are_no_answer(seconds: float, ears: Any) -> None:
    noise = np.random.default_rng(0).standard_normal(int(seconds * RATE)).astype(np.float32)
    for level in (0.0, 0.001, 0.3):
        assert ears.choose(noise * np.float32(level), "nl", YES_NO, OTHERS) == Chosen()


def test_without_answers_others_or_a_known_language_nothing_is_chosen(ears: Any) -> None:
    pcm = said("ja")
    assert ears.choose(pcm, "nl", {}, OTHERS) == Chosen()
    assert ears.choose(pcm, "nl", YES_NO, ()) == Chosen()
    assert ears.choose(pcm, "xx", YES_NO, OTHERS) == Chosen()


def test_without_a_voice_to_compare_with_nothing_is_chosen(
    ears: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mute(*_: object) -> None:
        raise SpeakError("not installed")

    monkeypatch.setattr(wordings, "spoken_by", mute)
    assert ears.choose(said("ja"), "nl", {"new": ("nooit gehoord",)}, OTHERS) == Chosen()
    ears.prepare("nl", {"new": ("nooit gehoord",)}, OTHERS)


def test_a_sentence_is_no_answer(ears: Any) -> None:
    story = said("Ik wil graag een bankje in het park bij de speeltuin voor de oudere mensen")
    assert ears.choose(story, "nl", YES_NO, OTHERS) == Chosen()
    assert cut(story) is None


# Measured with all five of each: right 7 of 10, none wrong.
def test_people_say_yes_and_no_in_arabic(ears: Any, recordings: Any) -> None:
    clips = recordings("ar/asc_*[1-3].*")
    found = [
        (clip.name.split("_")[1], ears.choose(clip.pcm, "ar", ARABIC, ARABIC_OTHERS).id)
        for clip in clips
    ]
    assert not [(said, id_) for said, id_ in found if id_ not in (said, None)]
    assert sum(id_ == said for said, id_ in found) >= len(clips) // 2


def test_wordings_are_kept_while_needed_and_made_anew_when_damaged(ears: Any, kept: Path) -> None:
    class Counting:
        label = "counting"
        asked = 0

        def brief(self, window: Any) -> Any:
            Counting.asked += 1
            return np.ones((150, 4), np.float32)

        def first_tokens(self, encoded: Any, language: str) -> Any:
            return np.linspace(-9, -1, 1000).astype(np.float32)

        def likelihoods(self, encoded: Any, language: str, texts: Any) -> Any:
            raise AssertionError

    made = Wordings(Counting(), kept).of("nee", "nl")
    assert made.text == " Nee"
    assert len(made.vectors) == len(made.firsts) == Counting.asked
    again = Wordings(Counting(), kept).of("nee", "nl")
    assert Counting.asked == len(made.vectors)
    assert all(np.array_equal(a, b) for a, b in zip(made.vectors, again.vectors, strict=True))
    (file,) = kept.glob("*.npz")
    file.write_bytes(file.read_bytes()[:50])
    wordings = Wordings(Counting(), kept)
    wordings.of("nee", "nl")
    assert Counting.asked == 2 * len(made.vectors)
    wordings.delete_old()
    assert file.exists()
    long_ago = time.time() - (MOST_DAYS + 1) * 86_400
    os.utime(file, (long_ago, long_ago))
    Wordings(Counting(), kept).of("nee", "nl")  # needed again, so it stays
    wordings.delete_old()
    assert file.exists()
    os.utime(file, (long_ago, long_ago))
    wordings.delete_old()
    assert not file.exists()


@pytest.mark.parametrize(
    ("wording", "text"),
    [("één", " Één"), ("نَعَم", " نعم"), ("hayır", " Hayır"), ("ja hoor", " Ja hoor")],
)
def test_a_wording_as_whisper_writes_it(wording: str, text: str) -> None:
    assert written(wording) == text


def test_warping_finds_the_same_sound_at_another_pace() -> None:
    chance = np.random.default_rng(3)
    sound = chance.standard_normal((20, 8)).astype(np.float32)
    other = chance.standard_normal((25, 8)).astype(np.float32)
    middle = np.zeros(8, np.float32)
    slow = np.repeat(sound, 2, axis=0)
    aimed = [closed._aimed(each, middle) for each in (sound, slow, other)]
    same, slower, different = closed._warped(aimed[0], aimed)
    assert same == pytest.approx(0, abs=1e-6)
    assert slower == pytest.approx(0, abs=1e-6)
    assert different > 0.2


def test_pace() -> None:
    assert faster(np.ones(1000, np.float32), 0.5).size == 2000
