"""A resident who reads nothing: hears what the channel brings, and answers with keys or a voice.

A question is known by its key in the catalogue, and that only by ear: what the voice makes of the
question's own words is looked for in the samples that were heard (dynamic time warping over the
loudness of some bands). By bytes or names of files it cannot be done: the voice has noise in it
that is never twice the same, and what belongs to a vote has no name. A question without its sound,
or with the sound of another one, leaves this resident waiting.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from bot.i18n.catalogue import default
from bot.i18n.script import sentences, without_signs
from bot.prompts import Label, Param, Text
from bot.speech.loudness import levelled
from bot.speech.saying_words import in_speech
from bot.speech.speak import ESpeakVoice, speakable
from tests.caller import texts

RATE, HOP, FRAME, BANDS = 8000, 80, 240, 12
ROUGHLY = 4  # moments taken together, to see at once what is nowhere near
TOO_FAR = 0.6  # roughly: the same words at most 0.53
HEARD = 0.3  # the same words: at most 0.25; others: more, but for what they share
ALIKE = 0.02  # between distances: the same words, heard twice
SHORTEST = 6  # letters of words that can be told from others
FAR = np.float32(1e6)

Samples = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Pick:
    """Presses the number that is said with this answer."""

    label: Label


@dataclass(frozen=True)
class Keys:
    """Presses these, whatever is said."""

    keys: str


@dataclass(frozen=True)
class Say:
    """Says the number that is said with this answer; who is not understood presses it."""

    label: Label


@dataclass(frozen=True)
class Speak:
    """Tells the story."""


Act = Pick | Keys | Say | Speak
Knows = Mapping[str, Act | None]  # by the keys of the questions

# What must be filled in for a question to be known: nothing of it stands by itself.
FILLED: Mapping[str, Mapping[str, Param]] = {"vote.age": {"age": 12}}


class Device(Protocol):
    """What a resident holds. `phrase` is how a choice is said there, `sizes` the bytes of each
    sound, `mute` how many questions had come without a sound when they were answered. A sound
    that is heard has 8000 samples a second, one that is said 16000."""

    phrase: str
    mute: int

    @property
    def address(self) -> str: ...

    @property
    def sizes(self) -> list[int]: ...

    def hears(self) -> list[Samples]: ...

    def press(self, keys: str) -> None: ...

    def say(self, recording: Samples) -> None: ...


@dataclass
class Resident:
    """`sounds`: how many were heard. `by_voice` and `by_keys` count the answers, `after_all` those
    by keys that were said in vain. `voice` is this resident's, saying a number."""

    device: Device
    language: str
    story: Samples
    voice: Callable[[int], Samples]
    sounds: int = 0
    by_voice: int = 0
    by_keys: int = 0
    after_all: int = 0
    last: list[Samples] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def goes_on(self, knows: Knows, until: str) -> None:
        """Answers what is asked, until this is heard."""
        for _ in range(30):
            question = self.listens(knows)
            if question == until:
                return
            act = knows[question]
            assert act is not None, question
            self.answers(act)
        raise AssertionError(self.asked)

    def listens(self, knows: Iterable[str]) -> str:
        """Waits until something is asked; which of these questions it is."""
        while True:
            new = [moments(each) for each in self.device.hears()]
            self.last = new
            self.sounds += len(new)
            known = [key for key in knows if self.hears(key)]
            if known:
                found = max(known, key=lambda key: len(words_of(key, self.language)))
                self.asked.append(found)
                return found

    def hears(self, key: str, language: str = "") -> bool:
        """Whether this question is among what was heard last."""
        return self.far(words_of(key, language or self.language), language) < HEARD

    def far(self, words: str, language: str = "") -> float:
        """How far these words are from what was heard last: 0 for the very same sound."""
        wanted = sounds_like(words, language or self.language)
        return min((far(wanted, each) for each in self.last), default=9.0)

    def number(self, what: Text, name: str, numbers: Iterable[int]) -> int:
        """Which of these numbers was said in this text, as its parameter `name`."""
        return self.told({n: said(_with(what, name, n), self.language) for n in numbers})

    def told(self, numbered: Mapping[int, str]) -> int:
        """Which of these was said. One may be how another begins ("on", "on bir"): of those that
        are nearest it is the longest."""
        tried = {n: self.far(words) for n, words in numbered.items()}
        best = min(tried.values())
        assert best < HEARD, tried
        near = [n for n, distance in tried.items() if distance < best + ALIKE]
        return max(near, key=lambda n: len(sounds_like(numbered[n], self.language)))

    def key_of(self, label: Label) -> int:
        """The number that is said with an answer."""
        if self.device.phrase == "sound.press" and label == OWN_LANGUAGE:
            return self.number(Text("sound.language"), "number", range(1, 6))
        return self.number(Text(self.device.phrase, label=label), "number", range(1, 10))

    def answers(self, act: Act) -> None:
        if isinstance(act, Speak):
            self._says(self.story)
        elif isinstance(act, Say) and self.asked[-2:-1] != self.asked[-1:]:
            self._says(self.voice(self.key_of(act.label)))
        else:
            self.after_all += isinstance(act, Say)
            self._presses(act.keys if isinstance(act, Keys) else str(self.key_of(act.label)))

    def _says(self, recording: Samples) -> None:
        self.by_voice += 1
        self.device.say(recording)

    def _presses(self, keys: str) -> None:
        self.by_keys += 1
        self.device.press(keys)


OWN_LANGUAGE = Text("welcome.hear.label")


def _with(text: Text, name: str, value: Param) -> Text:
    params: dict[str, Param] = {**text.params, name: value}
    return Text(text.key, **params)


# --- what a text sounds like --------------------------------------------------------------------


def said(text: Text, language: str) -> str:
    return without_signs(default().translate(text, language, spoken=True))


@cache
def words_of(key: str, language: str) -> str:
    """The longest part of a text that is always the same."""
    if key in FILLED:
        return said(Text(key, **FILLED[key]), language)
    parts = [part for form in texts(language)[key] for part in _fixed(form)]
    longest = max(parts, key=len)
    assert len(longest) >= SHORTEST, key
    return longest


def _fixed(form: str) -> list[str]:
    """Lines that stand together with nothing filled in, and the sentences between."""
    found, together = [""], ""
    for line in without_signs(form).split("\n"):
        together = f"{together}\n{line}".strip() if "{" not in line else ""
        found.append(together)
        found += [each for each in sentences(line) if "{" not in each]
    return found


@cache
def sounds_like(words: str, language: str) -> Samples:
    """The moments of these words in the voice of this language, without silence around them."""
    voice = ESpeakVoice(language).samples(speakable(in_speech(words, language)))
    whole = np.rint(voice.pcm * 32767).astype(np.int16)
    frame = AudioFrame.from_ndarray(whole.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = voice.rate
    found = moments(levelled(_resampled([frame]) / np.float32(32768), RATE) * np.float32(32768))
    loud = np.flatnonzero(found.max(axis=1) > 5.6)
    return found[loud[0] : loud[-1] + 1]


def samples(sound: bytes) -> Samples:
    """A sound of ours, decoded: from -32768 to 32767."""
    with av.open(io.BytesIO(sound), "r") as source:
        return _resampled(source.decode(audio=0))


def _resampled(frames: Iterable[AudioFrame]) -> Samples:
    resampler = AudioResampler("s16", "mono", RATE)
    found = [f for frame in (*frames, None) for f in resampler.resample(frame)]
    return np.concatenate([f.to_ndarray().ravel() for f in found]).astype(np.float32)


def moments(heard: Samples) -> Samples:
    """How loud (log) each of some bands is every 10 ms: shape (moments, bands)."""
    frames = np.lib.stride_tricks.sliding_window_view(heard, FRAME)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(FRAME), axis=1)) ** 2
    low, high = 300 * FRAME // RATE, 3400 * FRAME // RATE  # what a telephone lets through
    bands = np.array_split(power[:, low:high], BANDS, axis=1)
    found: Samples = np.log10(np.stack([band.sum(axis=1) for band in bands], axis=1) + 3e5)
    return found.astype(np.float32)


def far(wanted: Samples, heard: Samples) -> float:
    """The mean distance of the wanted moments from the part of what was heard that is nearest.
    Time may run at up to twice the pace, or stand still."""
    roughly = _warped(_together(wanted), _together(heard))
    return roughly if roughly > TOO_FAR else _warped(wanted, heard)


def _together(found: Samples) -> Samples:
    whole = found[: len(found) // ROUGHLY * ROUGHLY]
    together: Samples = whole.reshape(-1, ROUGHLY, BANDS).mean(axis=1)
    return together


def _warped(wanted: Samples, heard: Samples) -> float:
    cost = np.zeros((len(wanted), len(heard)), np.float32)
    for mine, theirs in zip(wanted.T, heard.T, strict=True):
        cost += np.abs(mine[:, None] - theirs)
    cost /= BANDS
    so_far = cost[0]
    for row in cost[1:]:
        one = np.concatenate(([FAR], so_far[:-1]))
        two = np.concatenate(([FAR, FAR], so_far[:-2]))[: len(so_far)]
        so_far = row + np.minimum(np.minimum(one, two), so_far)
    return float(so_far.min()) / len(wanted)
