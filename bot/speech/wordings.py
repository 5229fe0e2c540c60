"""How a wording sounds to Whisper: what it is compared with when a few answers are expected.

Made once from eSpeak NG's voices, then kept: in memory, and as a file beside the model.
"""

import hashlib
import os
import time
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from bot.speech.activity import RATE, span
from bot.speech.model import replacing
from bot.speech.speak import ESpeakVoice

Array = NDArray[np.float32]

MADE = 2  # how wordings are made: another number makes every kept one anew
VOICES = ("", "+m3", "+f2", "+f5", "+m7", "+f4")  # eSpeak NG's, men and women
FRAMES = 300  # of 10 ms, to Whisper: its own 3000 take thirty times as long and are no better here
MOST_SECONDS = 2.8  # of a recording with one of a few answers, the quiet around it included
AROUND = 0.15  # seconds kept before and after the voice
STEP = 0.02  # seconds that one vector of Whisper's encoder stands for
TOKENS = 400  # likeliest next tokens that are kept of each voice
MOST_IN_MEMORY = 250  # wordings, at 0.5 MB: the everyday ones of four languages are 200
MOST_DAYS = 30  # that a file is kept unused: a plan's title may be in it
FLOOR = -16.0  # the logarithm of the probability of all others


class Reader(Protocol):
    """What Whisper makes of a piece of at most 3 s, the backend's part."""

    label: str

    def brief(self, window: Array) -> Array:
        """The encoder's vectors: shape (150, features), one each 20 ms."""

    def first_tokens(self, encoded: Array, language: str) -> Array:
        """Log-probabilities of what is written first, among all text: shape (tokens,)."""

    def likelihoods(
        self, encoded: Sequence[Array], language: str, texts: Sequence[str]
    ) -> NDArray[np.float64]:
        """Log-probabilities of each text in each piece, shape (pieces, texts)."""


@dataclass(frozen=True)
class Piece:
    """A short recording as Whisper sees it: vectors without the empty end, and the first token."""

    vectors: Array
    first: Array
    whole: Array


@dataclass(frozen=True)
class Wording:
    """A wording: how it is written, and each voice's vectors and first token."""

    text: str
    vectors: tuple[Array, ...]
    firsts: tuple[tuple[NDArray[np.int32], Array], ...]


def written(wording: str) -> str:
    """As Whisper writes a short answer: a capital, no vowel marks."""
    plain = unicodedata.normalize("NFC", wording)
    kept = "".join(letter for letter in plain if unicodedata.category(letter) != "Mn")
    return " " + kept[:1].upper() + kept[1:]


def cut(pcm: Array) -> Array | None:
    """The voice alone, at half scale; None when there is none or it says more than an answer."""
    start, end = span(pcm)
    first, last = max(0.0, start - AROUND), end + AROUND
    if end <= start or last - first > MOST_SECONDS:
        return None
    spoken = pcm[round(first * RATE) : round(last * RATE)]
    peak = max(float(np.abs(spoken).max(initial=0.0)), 1e-4)
    levelled: Array = (spoken * np.float32(0.5 / peak)).astype(np.float32)
    return levelled


def faster(pcm: Array, by: float) -> Array:
    """The same words at another pace (and pitch)."""
    places = np.arange(int(pcm.size / by)) * by
    return np.asarray(np.interp(places, np.arange(pcm.size), pcm), np.float32)


def piece(reader: Reader, pcm: Array, language: str) -> Piece:
    """What Whisper makes of the voice in `pcm`, which is no longer than 3 s."""
    whole = reader.brief(pcm)
    size = min(len(whole), int(pcm.size / RATE / STEP) + 1)
    return Piece(whole[:size], reader.first_tokens(whole, language), whole)


def spoken_by(voice: str, wording: str) -> Array | None:
    """A wording said by one of eSpeak NG's voices. Raises `SpeakError`."""
    sound = ESpeakVoice(voice).samples(wording)
    places = np.arange(int(sound.pcm.size * RATE / sound.rate)) * (sound.rate / RATE)
    return cut(np.interp(places, np.arange(sound.pcm.size), sound.pcm).astype(np.float32))


class Wordings:
    """Makes and keeps wordings. `folder` is where files of them go; None keeps them in memory."""

    def __init__(self, reader: Reader, folder: Path | None) -> None:
        self._reader = reader
        self._folder = folder
        self._known = lru_cache(MOST_IN_MEMORY)(self._kept)

    def of(self, wording: str, language: str) -> Wording:
        """Raises `SpeakError` when eSpeak NG cannot say it."""
        return self._known(wording, language)

    def delete_old(self) -> None:
        """Removes the files that nobody needed for `MOST_DAYS`."""
        before = time.time() - MOST_DAYS * 86_400
        for path in self._folder.glob("*.npz") if self._folder else ():
            with suppress(OSError):  # another process did it
                if path.stat().st_mtime < before:
                    path.unlink()

    def each_once(self, wordings: Sequence[str], language: str) -> dict[str, Array]:
        """What Whisper's encoder makes of each wording, said by one voice after another."""
        found = {}
        for n, wording in enumerate(wordings):
            pcm = spoken_by(language + VOICES[n % len(VOICES)], wording)
            if pcm is not None:
                found[written(wording)] = self._reader.brief(pcm)
        return found

    def _kept(self, wording: str, language: str) -> Wording:
        place = self._place(wording, language)
        found = _read(place, written(wording)) if place else None
        if found is None:
            found = self._made(wording, language)
            if place:
                _write(place, found)
        elif place:
            with suppress(OSError):  # then it is made again, some day
                os.utime(place)
        return found

    def _place(self, wording: str, language: str) -> Path | None:
        what = "\0".join((str(MADE), self._reader.label, language, wording))
        name = hashlib.sha256(what.encode()).hexdigest()[:32]
        return self._folder / f"{name}.npz" if self._folder else None

    def _made(self, wording: str, language: str) -> Wording:
        said = (spoken_by(language + voice, wording) for voice in VOICES)
        pieces = [piece(self._reader, pcm, language) for pcm in said if pcm is not None]
        return Wording(
            written(wording),
            tuple(each.vectors for each in pieces),
            tuple(likeliest(each.first) for each in pieces),
        )


def likeliest(first: Array) -> tuple[NDArray[np.int32], Array]:
    """The likeliest next tokens and their log-probabilities."""
    best = np.argpartition(-first, TOKENS)[:TOKENS]
    return best.astype(np.int32), first[best]


def _write(place: Path, wording: Wording) -> None:
    arrays: dict[str, Any] = {}
    for n, vectors in enumerate(wording.vectors):
        arrays[f"v{n}"] = vectors.astype(np.float16)
        arrays[f"t{n}"], arrays[f"p{n}"] = wording.firsts[n]
    with replacing(place) as temporary, temporary.open("wb") as target:
        np.savez(target, **arrays)


def _read(place: Path, text: str) -> Wording | None:
    """What `_write` wrote; None when it is not there or damaged."""
    try:
        with np.load(place, allow_pickle=False) as kept:
            count = sum(name.startswith("v") for name in kept.files)
            vectors = tuple(kept[f"v{n}"].astype(np.float32) for n in range(count))
            firsts = tuple((kept[f"t{n}"], kept[f"p{n}"]) for n in range(count))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
    return Wording(text, vectors, firsts) if vectors else None
