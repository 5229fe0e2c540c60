"""Speech to text with Whisper, and how far to believe it.

The steps are the same for every backend: find the speech, cut it in windows, decode each window by
itself (a mistake is never carried into the next), judge the whole.
"""

import threading
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.speech.activity import RATE, Speech, find_speech
from bot.speech.closed import Chosen, ClosedSet
from bot.speech.wordings import Wordings

Samples = NDArray[np.float32]

# The limits of DESIGN.md, section 7; 0.6 and 2.4 are Whisper's own.
LEAST_SPEECH_SECONDS = 0.3
MOST_NO_SPEECH = 0.6
MOST_COMPRESSION = 2.4
LEAST_LOGPROB = -0.7
LEAST_SECONDS_FOR_LANGUAGE = 1.5  # on single words half the guesses are English
MOST_LETTERS_A_SECOND = 30.0  # of speech; the fastest speakers reach 20
LEAST_LETTERS_A_SECOND = 2.0  # slow speakers reach 8; below it Whisper left out most of it
SURE_OF_ANOTHER = 0.85  # probability at which a language other than the one asked for is taken
MOST_SECONDS_OF_CHOICE = 12.0  # of a recording, silence included; longer is more than an answer
LEAST_ALIKE = 0.5  # of the letters of a text that is all hotwords: else it is their echo
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

    def transcribe(
        self,
        pcm16k: Samples,
        hint: str | None,
        offered: Collection[str] = (),
        hotwords: Sequence[str] = (),
    ) -> Transcript:
        """Transcribe in the language `hint` (ISO 639-1); detect it if None or not known.

        offered: languages in one of which it is transcribed instead when that is surely the one
        that is spoken, in at least 1.5 s of speech. hotwords: names that may well be said.
        """

    def choose(
        self,
        pcm16k: Samples,
        language: str,
        answers: Mapping[str, Sequence[str]],
        others: Sequence[str],
    ) -> Chosen:
        """Which of the answers (id -> wordings) this surely is; `others` are words of none."""

    def prepare(
        self, language: str, answers: Mapping[str, Sequence[str]], others: Sequence[str]
    ) -> None:
        """Makes what the first `choose` would make, a second or less for each wording."""

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
    closed: dict[str, ClosedSet] = field(default_factory=dict)


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
    folder: Path | None = None  # where what is made of wordings is kept

    @abstractmethod
    def _load(self) -> Loaded: ...

    @abstractmethod
    def _known_languages(self, model: Any) -> Collection[str]: ...

    @abstractmethod
    def _encode(self, model: Any, window: Samples) -> Any: ...

    @abstractmethod
    def _language_odds(self, model: Any, encoded: Any) -> dict[str, float]: ...

    @abstractmethod
    def _decode(
        self, model: Any, encoded: Any, language: str, temperature: float, before: str
    ) -> Heard:
        """`before`: what Whisper is told was written just before, "" for nothing."""

    @abstractmethod
    def _brief(self, model: Any, window: Samples) -> Samples: ...

    @abstractmethod
    def _first_tokens(self, model: Any, encoded: Samples, language: str) -> Samples: ...

    @abstractmethod
    def _likelihoods(
        self, model: Any, encoded: Sequence[Samples], language: str, texts: Sequence[str]
    ) -> NDArray[np.float64]: ...

    def load(self) -> None:
        """See `Transcriber`. Raises `ModelError` when the model cannot be loaded."""
        self._load()

    def transcribe(
        self,
        pcm16k: Samples,
        hint: str | None,
        offered: Collection[str] = (),
        hotwords: Sequence[str] = (),
    ) -> Transcript:
        """See `Transcriber`. Raises `ModelError` when the model cannot be loaded."""
        speech = find_speech(pcm16k)
        if speech.seconds < LEAST_SPEECH_SECONDS:
            return self._judged(pcm16k, speech, hint or "", [])
        enough = speech.seconds >= LEAST_SECONDS_FOR_LANGUAGE
        offered = offered if enough else ()
        language, heard = self._hear_all(speech.windows, hint, offered, hotwords)
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

    def choose(
        self,
        pcm16k: Samples,
        language: str,
        answers: Mapping[str, Sequence[str]],
        others: Sequence[str],
    ) -> Chosen:
        """See `Transcriber`. Raises `ModelError` when the model cannot be loaded."""
        if not answers or pcm16k.size > MOST_SECONDS_OF_CHOICE * RATE:
            return Chosen()
        loaded = self._load()
        if language not in self._known_languages(loaded.model):
            return Chosen()
        with loaded.lock:
            return self._closed(loaded).choose(pcm16k, language, answers, others)

    def prepare(
        self, language: str, answers: Mapping[str, Sequence[str]], others: Sequence[str]
    ) -> None:
        """Makes what the first `choose` with these would make, a second or less for each wording.

        One wording at a time, so that recordings come in between. Raises `ModelError` when the
        model cannot be loaded; nothing without eSpeak NG.
        """
        loaded = self._load()
        for wording in (*chain.from_iterable(answers.values()), *others):
            with loaded.lock:
                self._closed(loaded).make(language, wording)
        with loaded.lock:
            self._closed(loaded).prepare(language, answers, others)

    def _closed(self, loaded: Loaded) -> ClosedSet:
        if self.label not in loaded.closed:
            reader = _Reader(self, loaded.model)
            wordings = Wordings(reader, self.folder)
            wordings.delete_old()
            loaded.closed[self.label] = ClosedSet(reader, wordings)
        return loaded.closed[self.label]

    def _hear_all(
        self,
        windows: list[Samples],
        hint: str | None,
        offered: Collection[str] = (),
        hotwords: Sequence[str] = (),
    ) -> tuple[str, list[Heard]]:
        loaded = self._load()
        language = hint if hint in self._known_languages(loaded.model) else None
        heard = []
        for place, window in enumerate(windows):
            with loaded.lock:
                encoded = self._encode(loaded.model, window)
                if language is None or (offered and place == 0):
                    odds = self._language_odds(loaded.model, encoded)
                    language = _language(odds, language, offered)
                heard.append(self._hear_with(loaded.model, encoded, language, hotwords))
        return language or "", heard

    def _hear_with(self, model: Any, encoded: Any, language: str, hotwords: Sequence[str]) -> Heard:
        """With hotwords, unless Whisper only says them after us."""
        if not hotwords:
            return self._hear(model, encoded, language)
        heard = self._hear(model, encoded, language, ", ".join(hotwords) + ".")
        if not only_of(heard.text, hotwords):
            return heard
        plain = self._hear(model, encoded, language)
        return heard if alike(plain.text, heard.text) >= LEAST_ALIKE else plain

    def _hear(self, model: Any, encoded: Any, language: str, before: str = "") -> Heard:
        first = None
        for temperature in TEMPERATURES:
            heard = self._decode(model, encoded, language, temperature, before)
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


class _Reader:
    """What a `ClosedSet` needs of a model that is loaded."""

    def __init__(self, whisper: Whisper, model: Any) -> None:
        self._whisper, self._model = whisper, model
        self.label = whisper.label

    def brief(self, window: Samples) -> Samples:
        return self._whisper._brief(self._model, window)

    def first_tokens(self, encoded: Samples, language: str) -> Samples:
        return self._whisper._first_tokens(self._model, encoded, language)

    def likelihoods(
        self, encoded: Sequence[Samples], language: str, texts: Sequence[str]
    ) -> NDArray[np.float64]:
        return self._whisper._likelihoods(self._model, encoded, language, texts)


def only_of(text: str, hotwords: Sequence[str]) -> bool:
    """Whether a text says nothing that was not put into Whisper's mouth."""
    ours = {word for name in hotwords for word in _words(name)}
    return all(word in ours for word in _words(text))


def alike(one: str, other: str) -> float:
    """How much of the letters two texts share, in order: 0 to 1."""
    return SequenceMatcher(None, "".join(_words(one)), "".join(_words(other))).ratio()


def _words(text: str) -> list[str]:
    return "".join(x if x.isalnum() else " " for x in text.casefold()).split()


def _language(odds: Mapping[str, float], hint: str | None, offered: Collection[str]) -> str:
    """The language to transcribe in: the one asked for, unless it is surely another."""
    if hint is None:
        return max(odds, key=lambda name: odds[name])
    best = max(offered, key=lambda name: odds.get(name, 0.0))
    return best if odds.get(best, 0.0) >= SURE_OF_ANOTHER else hint


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
