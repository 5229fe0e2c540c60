"""Whisper base on real voices and on sounds that are no voice."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.speech.activity import find_speech
from bot.speech.audio import RATE
from bot.speech.backend_faster import FasterWhisper
from bot.speech.model import ModelError
from bot.speech.transcribe import Heard, Verdict, alike, judge, only_of

OFFERED = ("nl", "en", "tr", "ar")
SENTENCES = {"en": "en/[fj]*", "nl": "nl/vlaams_*"}


# Measured: en 0.08, nl 0.24. One clip gone wrong entirely would pass the limit.
@pytest.mark.parametrize(("language", "most"), [("en", 0.15), ("nl", 0.35)])
def test_understands_sentences(
    language: str, most: float, hear: Any, recordings: Any, word_error_rate: Any
) -> None:
    clips = recordings(SENTENCES[language])
    heard = [hear(clip) for clip in clips]
    pairs = [(clip.text, transcript.text) for clip, transcript in zip(clips, heard, strict=True)]
    assert word_error_rate(pairs) <= most
    assert {transcript.language for transcript in heard} == {language}
    assert {transcript.verdict for transcript in heard} == {Verdict.OK}


def test_says_what_it_measured(hear: Any, jfk: Any) -> None:
    transcript = hear(jfk)
    assert transcript.seconds == pytest.approx(11.0)
    assert 6 < transcript.speech_seconds < 9
    assert -0.5 < transcript.avg_logprob < 0
    assert 0 < transcript.no_speech_prob < 0.3
    assert 1 < transcript.compression_ratio < 2
    assert transcript.model == "faster-whisper base int8"


@pytest.mark.parametrize("pattern", ["tr/gcompris_digit[3478].*", "ar/asc_*[1-3].*"])
def test_a_single_word_is_speech(pattern: str, hear: Any, recordings: Any) -> None:
    clips = recordings(pattern)
    heard = [hear(clip) for clip in clips]
    assert Verdict.NO_SPEECH not in {transcript.verdict for transcript in heard}
    right = sum(
        clip.text.lower() in transcript.text.lower()
        for clip, transcript in zip(clips, heard, strict=True)
    )
    assert right >= len(clips) / 3  # base is weak here, which is why words are read back


def test_a_wrong_single_word_is_mostly_doubted(hear: Any, recordings: Any) -> None:
    clips = recordings("ar/gcompris_digit[1-4].*")
    verdicts = [hear(clip).verdict for clip in clips]
    assert verdicts.count(Verdict.UNSURE) >= len(clips) - 1


def test_music_and_silence_are_no_speech(not_speech: Any, whisper: Any) -> None:
    transcript = whisper.transcribe(not_speech, "nl")
    assert (transcript.verdict, transcript.text) == (Verdict.NO_SPEECH, "")
    assert transcript.no_speech_prob > 0.6


def test_the_second_guard_holds_when_the_first_is_fooled(not_speech: Any, whisper: Any) -> None:
    """As if the voice detector had taken the sound for speech; Arabic is made up most easily."""
    _, heard = whisper._hear_all([not_speech[: 5 * RATE]], "ar")
    spoken = [window for window in heard if window.no_speech_prob <= 0.6]
    assert judge(spoken, 5.0) is not Verdict.OK


@pytest.mark.parametrize("size", [0, 1, 100, 4000])
def test_next_to_nothing_is_no_speech(size: int, whisper: Any, jfk: Any) -> None:
    transcript = whisper.transcribe(jfk.pcm[8000 : 8000 + size], "en")
    assert transcript.verdict is Verdict.NO_SPEECH
    assert whisper.language_of(jfk.pcm[:size], OFFERED) == (None, 0.0)
    assert whisper.language_of(jfk.pcm, ()) == (None, 0.0)


def test_finds_a_soft_voice(recordings: Any) -> None:
    """At a fiftieth of full scale."""
    for clip in recordings("ar/asc_*"):
        soft = clip.pcm * (0.02 / np.abs(clip.pcm).max())
        assert find_speech(soft).seconds >= 0.3, clip.name


def test_a_long_note_is_heard_to_the_end(
    whisper: Any, recordings: Any, word_error_rate: Any
) -> None:
    clips = recordings(SENTENCES["en"])
    pause = np.zeros(RATE // 2, np.float32)
    levelled = [clip.pcm * (0.5 / np.abs(clip.pcm).max()) for clip in clips]
    note = np.concatenate([part for pcm in levelled for part in (pcm, pause)])
    assert note.size / RATE > 50
    assert all(window.size <= 20 * RATE for window in find_speech(note).windows)
    transcript = whisper.transcribe(note, "en")
    said = " ".join(clip.text for clip in clips)
    assert word_error_rate([(said, transcript.text)]) < 0.25
    assert "ask what you can do for your country" in transcript.text


def test_silence_around_speech_is_left_out(recordings: Any) -> None:
    clip = recordings("nl/vlaams_vl09647.*")[0]
    quiet = np.random.default_rng(4).normal(0, 0.001, 20 * RATE).astype(np.float32)
    speech = find_speech(np.concatenate([quiet, clip.pcm, quiet, clip.pcm, quiet]))
    assert speech.seconds == pytest.approx(2 * find_speech(clip.pcm).seconds, abs=0.3)
    assert sum(window.size for window in speech.windows) < 2 * clip.pcm.size + 2 * RATE


def test_speech_without_a_pause_is_cut_to_fit(jfk: Any) -> None:
    dense = np.concatenate(find_speech(jfk.pcm).windows * 8)
    windows = find_speech(dense).windows
    assert len(windows) > 3
    assert all(window.size <= 20 * RATE for window in windows)


def test_the_language_is_detected_without_a_choice(whisper: Any, recordings: Any) -> None:
    dutch = recordings("nl/vlaams_vl09647.*")[0]
    for hint in (None, "xx"):
        transcript = whisper.transcribe(dutch.pcm, hint)
        assert (transcript.language, transcript.verdict) == ("nl", Verdict.OK)


def test_the_persons_choice_is_forced(whisper: Any, hear: Any, recordings: Any) -> None:
    dutch = recordings("nl/vlaams_vl09647.*")[0]
    forced = whisper.transcribe(dutch.pcm, "tr")
    assert forced.language == "tr"
    assert forced.text != hear(dutch).text


def test_a_newcomers_language_is_guessed(whisper: Any, recordings: Any) -> None:
    for clip in recordings("nl/vlaams_*[37].*") + recordings("en/fleurs_00[04].*"):
        guess, odds = whisper.language_of(clip.pcm, OFFERED)
        assert guess == clip.language, clip.name
        assert odds > 0.6, clip.name


def test_a_language_that_is_not_offered_is_not_likely(whisper: Any, recordings: Any) -> None:
    clip = recordings("nl/vlaams_vl04108.*")[0]
    guess, odds = whisper.language_of(clip.pcm, ("tr", "ar"))
    assert guess in ("tr", "ar")
    assert odds < 0.05


def test_a_single_word_is_too_little_to_guess_by(whisper: Any, recordings: Any) -> None:
    clip = recordings("ar/asc_yes_00000003.*")[0]
    assert whisper.language_of(clip.pcm, OFFERED) == (None, 0.0)


def test_threads_get_their_own_text(whisper: Any, hear: Any, recordings: Any) -> None:
    clips = [*recordings("nl/vlaams_vl*")[:2], *recordings("tr/gcompris_digit[37].*")]
    alone = [hear(clip).text for clip in clips]
    together: dict[int, str] = {}

    def work(number: int) -> None:
        clip = clips[number]
        together[number] = whisper.transcribe(clip.pcm, clip.language).text

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(clips))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[number] for number in range(len(clips))] == alone


def test_a_model_is_loaded_once(whisper: Any, model_cache: Path) -> None:
    again = FasterWhisper(threads=1, cache=model_cache)
    assert again._load() is whisper._load()


def test_a_model_that_cannot_be_loaded_is_one_line(tmp_path: Path, jfk: Any) -> None:
    (tmp_path / "model.bin").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="cannot load the Whisper model") as caught:
        FasterWhisper(str(tmp_path)).transcribe(jfk.pcm, "en")
    assert "\n" not in str(caught.value)


def test_sampling_gives_a_text_that_is_marked(whisper: Any, jfk: Any) -> None:
    model = whisper._load().model
    encoded = whisper._encode(model, jfk.pcm)
    sampled = whisper._decode(model, encoded, "en", 0.4, "")
    assert sampled.sampled
    assert "country" in sampled.text


@pytest.mark.parametrize(
    ("looping", "prob", "tried", "text"),
    [
        ([], 0.1, [0.0], "at 0.0"),
        ([0.0], 0.1, [0.0, 0.4], "at 0.4"),
        ([0.0, 0.4], 0.1, [0.0, 0.4, 0.8], "at 0.8"),
        ([0.0, 0.4, 0.8], 0.1, [0.0, 0.4, 0.8], "at 0.0 " * 50),
        ([0.0], 0.9, [0.0], "at 0.0 " * 50),  # nobody speaks: not worth another try
    ],
)
def test_only_a_loop_is_tried_again(
    looping: list[float],
    prob: float,
    tried: list[float],
    text: str,
    whisper: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The decoder is played here: no recording loops at will."""
    temperatures = []

    def decode(_m: Any, _e: Any, _language: str, temperature: float, _before: str) -> Heard:
        temperatures.append(temperature)
        said = f"at {temperature} " * 50 if temperature in looping else f"at {temperature}"
        return heard(said, no_speech_prob=prob, sampled=temperature > 0)

    monkeypatch.setattr(whisper, "_decode", decode)
    assert whisper._hear(None, None, "en").text == text
    assert temperatures == tried


def heard(text: str = "a plan for the street", **other: Any) -> Heard:
    return Heard(**{"tokens": 10, "avg_logprob": -0.2, "no_speech_prob": 0.1, "text": text} | other)


LOOP = "and a bench " * 40


@pytest.mark.parametrize(
    ("windows", "seconds", "verdict"),
    [
        ([heard()], 2.0, Verdict.OK),
        ([heard(avg_logprob=-0.7)], 2.0, Verdict.OK),
        ([heard(avg_logprob=-0.71)], 2.0, Verdict.UNSURE),
        ([heard(), heard(avg_logprob=-1.0, tokens=30)], 4.0, Verdict.UNSURE),
        ([heard(), heard(avg_logprob=-1.0, tokens=2)], 4.0, Verdict.OK),
        ([heard(sampled=True)], 2.0, Verdict.UNSURE),
        ([heard()], 0.5, Verdict.UNSURE),  # 34 letters a second
        ([heard("Thank you.")], 12.0, Verdict.UNSURE),  # not one letter a second
        ([heard("Yes.")], 3.0, Verdict.OK),
        ([heard(LOOP)], 30.0, Verdict.REJECTED),
        ([heard(), heard(LOOP)], 30.0, Verdict.REJECTED),
        ([heard(" ")], 2.0, Verdict.NO_SPEECH),
        ([heard("♪♪ ...")], 2.0, Verdict.NO_SPEECH),
        ([], 2.0, Verdict.NO_SPEECH),
    ],
)
def test_verdicts(windows: list[Heard], seconds: float, verdict: Verdict) -> None:
    assert judge(windows, seconds) is verdict


def test_another_language_is_heard_as_what_it_is(whisper: Any, jfk: Any) -> None:
    told = whisper.transcribe(jfk.pcm, "nl", OFFERED)
    assert told.language == "en"
    assert "country" in told.text
    assert whisper.transcribe(jfk.pcm, "nl").language == "nl"
    assert whisper.transcribe(jfk.pcm, "nl", ("nl", "tr")).language == "nl"
    short = jfk.pcm[:RATE]
    assert whisper.transcribe(short, "nl", OFFERED).language == "nl"  # too little to tell


STREETS = ("Slotermeerlaan", "Jan de Louterstraat", "Sloterplas")


@pytest.mark.parametrize(
    ("text", "is_echo"),
    [
        ("Slotermeerlaan.", True),
        ("Jan, Sloterplas, Slotermeerlaan", True),
        ("", True),
        ("In de Slotermeerlaan", False),
    ],
)
def test_what_is_said_after_us(text: str, is_echo: bool) -> None:
    assert only_of(text, STREETS) is is_echo


def test_an_echo_of_hotwords_is_dropped(whisper: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A street that is heard without being told counts, also a little misspelt."""
    free = {"noise": "Bedankt voor het kijken", "street": "Slootermeer laan"}

    def decode(_m: Any, encoded: str, _l: str, temperature: float, before: str) -> Heard:
        return heard("Slotermeerlaan." if before else free[encoded])

    monkeypatch.setattr(whisper, "_decode", decode)
    assert whisper._hear_with(None, "noise", "nl", STREETS).text == free["noise"]
    assert whisper._hear_with(None, "street", "nl", STREETS).text == "Slotermeerlaan."
    assert whisper._hear_with(None, "street", "nl", ()).text == free["street"]
    assert alike("", "") == 1.0
