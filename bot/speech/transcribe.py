"""Speech to text with Whisper, and how far to believe it.

The steps are the same for every backend: find the speech, cut it in windows, decode each window by
itself (a mistake is never carried into the next), judge the whole.
"""

import threading
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.speech.activity import RATE, Speech, find_speech

Samples = NDArray[np.float32]

# The limits of DESIGN.md, section 7; 0.6 and 2.4 are Whisper's own.
LEAST_SPEECH_SECONDS = 0.3
MOST_NO_SPEECH = 0.6
MOST_COMPRESSION = 2.4
LEAST_LOGPROB = -0.7
LEAST_SECONDS_FOR_LANGUAGE = 1.5  # on single words half the guesses are English
MOST_LETTERS_A_SECOND = 30.0  # of speech; the fastest speakers reach 20
LEAST_LETTERS_A_SECOND = 2.0  # slow speakers reach 8; below it Whisper left out most of it
LEAST_SECONDS_FOR_PACE = 5.0  # one short word can take a second

# Greedy or beam search first. Only a text that goes round in circles is tried again by sampling,
# which breaks the circle. Whisper's own rule also samples when it is unsure: that takes up to six
# times as long and gives other words rather than better ones.
TEMPERATURES = (0.0, 0.4, 0.8)
BEAMS = 5


class Verdict(StrEnum):
    """What to do with a transcript. Whatever it says, the person is asked if it is right."""

    OK = "ok"
    UNSURE = "unsure"  # probably wrong in places
    NO_SPEECH = "no_speech"  # nobody speaks; the text is empty
    REJECTED = "rejected"  # made up, as Whisper does on noise; the text is kept for a person to see


@dataclass(frozen=True)
class Transcript:
    """A recording in words.

    `seconds` is the length of the recording, `speech_seconds` that of the speech in it;
    `avg_logprob` (natural logarithm, a token) and `compression_ratio` are Whisper's, the first
    averaged over the windows by tokens, the second of the worst window; `no_speech_prob` is that
    of the window most like speech. `language` is the one used: asked for, or detected.
    """

    text: str
    language: str
    seconds: float
    speech_seconds: float
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float
    verdict: Verdict
    model: str


class Transcriber(Protocol):
    """Turns mono 16 kHz float32 samples of shape (n,), between -1 and 1, into words."""

    def load(self) -> None:
        """Have the model in memory, which the first transcription does otherwise."""

    def transcribe(self, pcm16k: Samples, hint: str | None) -> Transcript:
        """Transcribe in the language `hint` (ISO 639-1); detect it if None or not known."""

    def language_of(self, pcm16k: Samples, offered: Collection[str]) -> tuple[str | None, float]:
        """The likeliest of the offered languages and its probability among all languages.

        The probability is not divided by that of the offered ones only: somebody who speaks a
        language that is not offered should be asked, not guessed at. (None, 0.0) when there is
        too little speech to tell, less than 1.5 s.
        """


@dataclass(frozen=True)
class Heard:
    """What the model made of one window; `tokens` is their number, with the end token."""

    text: str
    tokens: int
    avg_logprob: float
    no_speech_prob: float
    sampled: bool = False

    @property
    def letters(self) -> int:
        """Letters and digits; a text of notes and dots has none."""
        return sum(letter.isalnum() for letter in self.text)

    @property
    def compression_ratio(self) -> float:
        """Bytes of the text per byte of it compressed, as Whisper counts it: loops are high."""
        text = self.text.encode()
        return len(text) / len(zlib.compress(text))


@dataclass(frozen=True)
class Loaded:
    """A model in memory, and the lock that lets one window at a time through it."""

    model: Any
    lock: threading.Lock


_loaded: dict[Hashable, Loaded] = {}
_loading = threading.Lock()


def load_once(key: Hashable, load: Callable[[], Any]) -> Loaded:
    """The model of this key: loaded on first use, then shared by the whole process."""
    with _loading:
        if key not in _loaded:
            _loaded[key] = Loaded(load(), threading.Lock())
        return _loaded[key]


class Whisper(ABC):
    """A `Transcriber` on Whisper weights; a backend loads them, encodes and decodes a window.

    Threads may share it. One window (20 s at most) is decoded at a time for each model
    in the process, so that short notes come through between the windows of a long one. For more
    at a time, run more worker processes.
    """

    label: str  # names backend and model in a transcript

    @abstractmethod
    def _load(self) -> Loaded: ...

    @abstractmethod
    def _known_languages(self, model: Any) -> Collection[str]: ...

    @abstractmethod
    def _encode(self, model: Any, window: Samples) -> Any: ...

    @abstractmethod
    def _language_odds(self, model: Any, encoded: Any) -> dict[str, float]: ...

    @abstractmethod
    def _decode(self, model: Any, encoded: Any, language: str, temperature: float) -> Heard: ...

    def load(self) -> None:
        """See `Transcriber`. Raises `ModelError` when the model cannot be loaded."""
        self._load()

    def transcribe(self, pcm16k: Samples, hint: str | None) -> Transcript:
        """See `Transcriber`. Raises `ModelError` when the model cannot be loaded."""
        speech = find_speech(pcm16k)
        if speech.seconds < LEAST_SPEECH_SECONDS:
            return self._judged(pcm16k, speech, hint or "", [])
        language, heard = self._hear_all(speech.windows, hint)
        return self._judged(pcm16k, speech, language, heard)

    def language_of(self, pcm16k: Samples, offered: Collection[str]) -> tuple[str | None, float]:
        """See `Transcriber`. Raises `ModelError` when the model cannot be loaded."""
        speech = find_speech(pcm16k)
        if not offered or speech.seconds < LEAST_SECONDS_FOR_LANGUAGE:
            return None, 0.0
        loaded = self._load()
        with loaded.lock:
            odds = self._language_odds(loaded.model, self._encode(loaded.model, speech.windows[0]))
        best = max(offered, key=lambda language: odds.get(language, 0.0))
        return best, odds.get(best, 0.0)

    def _hear_all(self, windows: list[Samples], hint: str | None) -> tuple[str, list[Heard]]:
        loaded = self._load()
        language = hint if hint in self._known_languages(loaded.model) else None
        heard = []
        for window in windows:
            with loaded.lock:
                encoded = self._encode(loaded.model, window)
                if language is None:
                    odds = self._language_odds(loaded.model, encoded)
                    language = max(odds, key=lambda name: odds[name])
                heard.append(self._hear(loaded.model, encoded, language))
        return language or "", heard

    def _hear(self, model: Any, encoded: Any, language: str) -> Heard:
        first = None
        for temperature in TEMPERATURES:
            heard = self._decode(model, encoded, language, temperature)
            first = first or heard
            if heard.no_speech_prob > MOST_NO_SPEECH or heard.compression_ratio <= MOST_COMPRESSION:
                return heard
        return first or heard

    def _judged(
        self, pcm: Samples, speech: Speech, language: str, windows: list[Heard]
    ) -> Transcript:
        heard = [w for w in windows if w.letters and w.no_speech_prob <= MOST_NO_SPEECH]
        return Transcript(
            text=" ".join(window.text.strip() for window in heard),
            language=language,
            seconds=pcm.size / RATE,
            speech_seconds=speech.seconds,
            avg_logprob=_mean_logprob(heard or windows),
            no_speech_prob=min((window.no_speech_prob for window in windows), default=1.0),
            compression_ratio=max((window.compression_ratio for window in heard), default=0.0),
            verdict=judge(heard, speech.seconds),
            model=self.label,
        )


def judge(heard: list[Heard], speech_seconds: float) -> Verdict:
    """The verdict on the windows in which somebody speaks."""
    letters = sum(window.letters for window in heard)
    if not letters:
        return Verdict.NO_SPEECH
    if any(window.compression_ratio > MOST_COMPRESSION for window in heard):
        return Verdict.REJECTED
    doubtful = (
        _mean_logprob(heard) < LEAST_LOGPROB
        or any(window.sampled for window in heard)
        or not _is_human_pace(letters, speech_seconds)
    )
    return Verdict.UNSURE if doubtful else Verdict.OK


def _is_human_pace(letters: int, seconds: float) -> bool:
    if seconds >= LEAST_SECONDS_FOR_PACE and letters < LEAST_LETTERS_A_SECOND * seconds:
        return False
    return letters <= MOST_LETTERS_A_SECOND * seconds


def _mean_logprob(heard: list[Heard]) -> float:
    tokens = sum(window.tokens for window in heard)
    return sum(window.avg_logprob * window.tokens for window in heard) / tokens if tokens else 0.0
