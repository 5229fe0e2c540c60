"""Text to speech with a piper voice: an ONNX model, for whoever has one for their language.

The library is an extra (`pip install 'buurtstem[piper]'`), the voice a file of your own:
`voice.onnx`, with `voice.onnx.json` beside it. Libraries and voices have licences of their own.
"""

from __future__ import annotations

import hashlib
import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bot.speech.audio import Samples
from bot.speech.speak import Sound, SpeakError

SLOWER = 1.1  # times as long as the voice's own pace: many listeners are learning the language
PAUSE = 0.25  # seconds between two sentences
MOST_THREADS = 1  # of a sentence; sounds are made in several threads anyway


class Piper:
    """A `bot.speech.speak.Engine` with one voice of one language. Threads may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._starting = threading.Lock()

    @property
    def name(self) -> str:
        """Which voice it is, by its content: another file in its place is another voice."""
        return f"piper:{_hash_of(self._path, self._path.stat().st_mtime_ns)}"

    def samples(self, text: str) -> Sound:
        """Speaks. Raises `SpeakError`."""
        with self._starting:  # the first one loads the model
            voice = _loaded(self._path)
        config = _config()
        try:
            said = [chunk.audio_float_array for chunk in voice.synthesize(text, config)]
        except Exception as error:  # whatever onnxruntime raises may hold the text
            raise SpeakError(f"piper could not speak a text: {type(error).__name__}") from None
        if not said:
            raise SpeakError("piper could not speak a text")
        rate = int(voice.config.sample_rate)
        return Sound(_with_pauses(said, rate), rate)


def check(path: Path) -> None:
    """Whether a voice can be used. Raises `SpeakError` with one line that says what is wrong."""
    for file in (path, Path(f"{path}.json")):
        if not file.is_file():
            raise SpeakError(f"{file}: there is no such file; piper needs a voice and its .json")
    _loaded(path)


def _with_pauses(said: list[Samples], rate: int) -> Samples:
    silence = np.zeros(round(PAUSE * rate), np.float32)
    parts = [part for each in said for part in (silence, each.astype(np.float32))]
    return np.concatenate(parts[1:])


@cache
def _loaded(path: Path) -> Any:
    voices = _library()
    try:
        voice = voices.PiperVoice.load(path)
        _ = voice.config.sample_rate
    except Exception as error:
        raise SpeakError(f"{path}: is not a piper voice ({type(error).__name__})") from None
    return voice


def _config() -> Any:
    return _library().SynthesisConfig(length_scale=SLOWER)


def _library() -> Any:
    try:
        import piper  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise SpeakError("piper is not installed: pip install 'buurtstem[piper]'") from None
    return piper


@cache
def _hash_of(path: Path, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
