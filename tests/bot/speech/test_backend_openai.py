"""OpenAI's own Whisper runs the same weights as faster-whisper and hears the same."""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.speech import wordings
from bot.speech.activity import find_speech
from bot.speech.backend_faster import FasterWhisper
from bot.speech.backend_openai import OpenAIWhisper
from bot.speech.model import ModelError, embedded
from bot.speech.transcribe import Verdict

INSTALLED = all(importlib.util.find_spec(name) for name in ("torch", "whisper"))
needs_extra = pytest.mark.skipif(not INSTALLED, reason="the extra openai-whisper is not installed")


@pytest.fixture(scope="module")
def original(model_cache: Path) -> OpenAIWhisper:
    return OpenAIWhisper(cache=model_cache)


@pytest.fixture(scope="module")
def exact(model_cache: Path) -> FasterWhisper:
    """faster-whisper without quantisation, so that only the code differs."""
    return FasterWhisper(cache=model_cache, compute_type="float32")


@pytest.mark.skipif(INSTALLED, reason="the extra openai-whisper is installed")
def test_without_the_extra_the_error_names_it(original: Any, jfk: Any) -> None:
    with pytest.raises(ModelError, match=r"buurtstem\[openai-whisper\]"):
        original.transcribe(jfk.pcm, "en")


@needs_extra
def test_both_encoders_give_the_same_numbers(original: Any, exact: Any, recordings: Any) -> None:
    """Relative difference of their output: measured 6e-5 at most; one wrong layer gives 1."""
    one, other = original._load().model, exact._load().model
    for clip in recordings("*/*digit5.*") + recordings("*/*04108.*"):
        window = find_speech(clip.pcm).windows[0]
        first = original._encode(one, window).numpy()
        second = np.array(exact._encode(other, window))[0]
        assert first.shape == second.shape == (1500, 512)
        assert np.linalg.norm(first - second) < 1e-3 * np.linalg.norm(first), clip.name


@needs_extra
def test_both_guess_the_same_language(original: Any, exact: Any, recordings: Any) -> None:
    clip = recordings("nl/vlaams_vl00203.*")[0]
    first = original.language_of(clip.pcm, ("nl", "en"))
    second = exact.language_of(clip.pcm, ("nl", "en"))
    assert first[0] == second[0] == "nl"
    assert first[1] == pytest.approx(second[1], abs=0.01)


@needs_extra
@pytest.mark.slow
def test_both_hear_the_same_words(
    original: Any, exact: Any, recordings: Any, word_error_rate: Any
) -> None:
    """Measured on all 61 recordings: 56 texts are the same to the letter."""
    clips = recordings("nl/vlaams_*") + recordings("en/f*") + recordings("tr/*digit[0-3].*")
    same = 0
    for clip in clips:
        first = original.transcribe(clip.pcm, clip.language)
        second = exact.transcribe(clip.pcm, clip.language)
        same += word_error_rate([(first.text, second.text)]) == 0
        assert first.no_speech_prob == pytest.approx(second.no_speech_prob, abs=0.02), clip.name
    assert same >= 0.8 * len(clips)


@needs_extra
def test_sampling_gives_a_text_that_is_marked(original: Any, recordings: Any) -> None:
    model = original._load().model
    encoded = original._encode(model, recordings("nl/vlaams_vl09647.*")[0].pcm)
    sampled = original._decode(model, encoded, "nl", 0.2, "")
    assert sampled.sampled
    assert "geld" in sampled.text


@needs_extra
def test_music_is_no_speech_here_either(original: Any, not_speech: Any) -> None:
    assert original.transcribe(not_speech, "nl").verdict is Verdict.NO_SPEECH


@needs_extra
def test_the_converted_checkpoint_is_kept_and_is_an_ordinary_one(
    original: Any, model_cache: Path, jfk: Any, recordings: Any
) -> None:
    original._load()
    (checkpoint,) = model_cache.glob("openai-whisper-*/model.pt")
    before = checkpoint.stat().st_mtime_ns
    by_folder = OpenAIWhisper(str(embedded(model_cache)), cache=model_cache)
    by_file = OpenAIWhisper(str(checkpoint))
    clip = recordings("nl/vlaams_vl09647.*")[0]
    texts = {backend.transcribe(clip.pcm, "nl").text for backend in (by_folder, by_file)}
    assert texts == {original.transcribe(clip.pcm, "nl").text}
    assert checkpoint.stat().st_mtime_ns == before


@needs_extra
def test_a_broken_checkpoint_is_one_line(tmp_path: Path, jfk: Any) -> None:
    checkpoint = tmp_path / "own.pt"
    checkpoint.write_bytes(b"no weights")
    with pytest.raises(ModelError, match="cannot load the Whisper model") as caught:
        OpenAIWhisper(str(checkpoint)).transcribe(jfk.pcm, "en")
    assert "\n" not in str(caught.value)


@needs_extra
def test_both_find_answers_as_likely(original: Any, exact: Any, recordings: Any) -> None:
    """What a closed set is chosen by: vectors of three seconds, first tokens, likelihoods."""
    one, other = original._load().model, exact._load().model
    pcm = recordings("nl/*digit5.*")[0].pcm
    first, second = original._brief(one, pcm), exact._brief(other, pcm)
    assert first.shape == second.shape == (150, 512)
    assert np.linalg.norm(first - second) < 1e-3 * np.linalg.norm(first)
    texts = [" Vijf", " Zes", " Negen"]
    rows = [m._likelihoods(x, [first], "nl", texts) for m, x in ((original, one), (exact, other))]
    assert np.allclose(*rows, atol=0.1)
    tops = [m._first_tokens(x, first, "nl") for m, x in ((original, one), (exact, other))]
    assert np.abs(tops[0] - tops[1])[np.argsort(-tops[1])[:200]].max() < 0.1


@needs_extra
def test_both_choose_the_same_answer(
    original: Any, exact: Any, recordings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the very same voices: eSpeak NG's have noise in them that is never twice the same."""
    monkeypatch.setattr(wordings, "spoken_by", cache(wordings.spoken_by))
    for each in (original, exact):
        monkeypatch.setattr(each, "folder", None)
        each._load().closed.clear()
    answers = {"5": ("vijf",), "8": ("acht",)}
    others = ("straat", "water", "school", "ja")
    for clip in recordings("nl/*digit[58].*"):
        first, second = (m.choose(clip.pcm, "nl", answers, others) for m in (original, exact))
        assert first.id == second.id
        assert first.margin == pytest.approx(second.margin, abs=0.3)
