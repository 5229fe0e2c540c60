"""Text to speech: the embedded voice, eSpeak NG, and what is the same for every voice.

eSpeak NG speaks every language offered and needs no model, but sounds like a machine: a recording
by a person or a better voice goes before it where there is one.
"""

import ctypes
import re
import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np

from bot.speech.audio import Samples, to_ogg_opus
from bot.speech.loudness import levelled
from bot.speech.saying_words import in_speech

WORDS_A_MINUTE = 140  # eSpeak's own is 175; many listeners are still learning the language
LONGEST = 300.0  # seconds of a message: 1 MB at 24 kbit/s is 5.5 minutes
MOST_LETTERS = 6000  # of a text: more than any channel's message, so that its making ends
MADE = 3  # how sounds are made: another number makes every kept sound anew

# From speak_lib.h of eSpeak NG 1.52
_SYNCHRONOUS = 2  # samples go to the callback before the call returns
_DONT_EXIT = 0x8000  # else a missing data file ends the process
_RATE_PARAMETER = 1
_UTF8 = 1
_OK = 0
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)

_KEPT_MARKS = "\u200c"  # the zero-width non-joiner is spelling, in Persian
_FORMATTING = re.compile(r"[*_~`•·|]|[\u2190-\u21ff]")  # WhatsApp's bold, bullets, arrows
_LINE_END = re.compile(r"(?<=[^\W_])[ \t]*\n")


class SpeakError(Exception):
    """A text cannot be spoken; one line that says why, without the text."""


class Speaker(Protocol):
    """Turns text into sound."""

    def say(self, text: str, language: str) -> bytes:
        """The text (language: ISO 639-1) as an Ogg/Opus voice note of 24 kbit/s.

        Empty if nothing in the text can be spoken. Raises `SpeakError`.
        """

    def name(self, text: str, language: str) -> str:
        """What this sound is known by: other words, another voice or pace have another name."""


@dataclass(frozen=True)
class Sound:
    """Mono samples (-1 to 1), `rate` a second."""

    pcm: Samples
    rate: int


class Engine(Protocol):
    """One voice of one language."""

    @property
    def name(self) -> str:
        """Which voice it is, down to its version and pace."""

    def samples(self, text: str) -> Sound:
        """Speaks words that are `speakable`. Raises `SpeakError`."""


class Voices:
    """A `Speaker` with a voice of its own for some languages, and eSpeak NG for the others."""

    def __init__(self, engines: Mapping[str, Engine] | None = None) -> None:
        self._engines = dict(engines or {})

    def say(self, text: str, language: str) -> bytes:
        """See `Speaker`."""
        spoken = speakable(in_speech(text, language))
        if not any(letter.isalnum() for letter in spoken):
            return b""
        sound = self._engine(language).samples(spoken[:MOST_LETTERS])
        most = round(LONGEST * sound.rate)
        return to_ogg_opus(levelled(sound.pcm[:most], sound.rate), sound.rate)

    def name(self, text: str, language: str) -> str:
        """See `Speaker`."""
        voice = self._engine(language).name
        return "\0".join((str(MADE), voice, speakable(in_speech(text, language))))

    def _engine(self, language: str) -> Engine:
        return self._engines.get(language) or ESpeakVoice(language)


class ESpeak(Voices):
    """The embedded voice for every language."""

    def __init__(self) -> None:
        super().__init__()


class ESpeakVoice:
    """An `Engine`: eSpeak NG. Threads may share it; one text is spoken at a time."""

    def __init__(self, voice: str, words_a_minute: int = WORDS_A_MINUTE) -> None:
        self._voice = voice
        self._pace = words_a_minute

    @property
    def name(self) -> str:
        return f"espeak-ng 1.52 {self._voice} {self._pace}"

    def samples(self, text: str) -> Sound:
        """See `Engine`."""
        engine = _engine()
        return Sound(engine.samples(text, self._voice, self._pace), engine.rate)


def check(voice: str) -> None:
    """Whether eSpeak NG has this voice, such as `nl` or `tr+f2`. Raises `SpeakError`."""
    _engine().check(voice)


def speakable(text: str) -> str:
    """The text without what has no sound: picture signs, direction marks, bold.

    A line without a full stop gets one, so that choices are not run together.
    """
    text = _LINE_END.sub(". ", text)
    text = _FORMATTING.sub(" ", text)
    return " ".join("".join(_audible(letter) for letter in text).split())


def _audible(letter: str) -> str:
    if letter in _KEPT_MARKS:
        return letter
    category = unicodedata.category(letter)
    if category in ("Cf", "Me") or "\ufe00" <= letter <= "\ufe0f":
        return ""
    return " " if category in ("So", "Sk", "Cc", "Co", "Cn", "Cs") else letter


class _Engine:
    """libespeak-ng: one voice, one callback, for the whole process."""

    def __init__(self) -> None:
        self._library = _load_library()
        self._lock = threading.Lock()
        self._pieces: list[bytes] = []
        self._callback = _CALLBACK(self._receive)  # kept: C holds only a pointer to it
        self.rate = self._start()

    def check(self, voice: str) -> None:
        """Whether there is such a voice. Raises `SpeakError`."""
        with self._lock:
            self._choose(voice)

    def _choose(self, voice: str) -> None:
        if self._library.espeak_SetVoiceByName(voice.encode()) != _OK:
            raise SpeakError(f"eSpeak NG has no voice for {voice}")

    def samples(self, text: str, voice: str, words_a_minute: int = WORDS_A_MINUTE) -> Samples:
        """Speak: samples of shape (n,), -1 to 1, `self.rate` a second."""
        data = text.encode()
        with self._lock:
            self._choose(voice)
            self._library.espeak_SetParameter(_RATE_PARAMETER, words_a_minute, 0)
            self._pieces.clear()
            failed = self._library.espeak_Synth(data, len(data) + 1, 0, 0, 0, _UTF8, None, None)
            if failed or not self._pieces:
                raise SpeakError("eSpeak NG could not speak a text")
            pcm = np.frombuffer(b"".join(self._pieces), dtype=np.int16)
        return pcm.astype(np.float32) / np.float32(32768)

    def _receive(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, count * 2))
        return 0  # go on

    def _start(self) -> int:
        import espeakng_loader

        place = espeakng_loader.get_data_path().encode()
        rate: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, place, _DONT_EXIT)
        if rate <= 0:
            raise SpeakError("eSpeak NG did not start: its data files are not found")
        self._library.espeak_SetSynthCallback(self._callback)
        return rate


_starting = threading.Lock()


def _engine() -> _Engine:
    with _starting:  # a cache alone would let two threads start it twice
        return _started()


@cache
def _started() -> _Engine:
    return _Engine()


def _load_library() -> ctypes.CDLL:
    try:
        import espeakng_loader
    except ImportError:
        raise SpeakError("the embedded voice is not installed: install espeakng-loader") from None
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    return library
