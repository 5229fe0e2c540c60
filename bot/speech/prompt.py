"""A text of the bot that a person read aloud: checked, levelled, without the silence around it."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from bot.speech import activity, loudness
from bot.speech.audio import (
    OPUS_RATE,
    TELEGRAM_BYTES,
    AudioError,
    Limits,
    Reason,
    Samples,
    decode,
    to_ogg_opus,
)

SHORTEST, LONGEST = 1.0, 60.0  # seconds of sound, silence included
LEAST_SPEECH = 0.3  # seconds, as for a voice note
QUIETEST = -45.0  # LUFS: raised from there, the room is as loud as the voice
MARGIN = 0.25  # seconds kept before and after the voice
CLIPPED = 0.985  # a sample as high as this has been cut off
MOST_CLIPPED = 0.02  # of all samples; a microphone that is too loud has one in ten


class Fault(StrEnum):
    """Why a recording cannot be used."""

    EMPTY = "empty"
    TOO_BIG = "too_big"
    UNREADABLE = "unreadable"
    NO_SOUND = "no_sound"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NO_SPEECH = "no_speech"
    TOO_QUIET = "too_quiet"
    DISTORTED = "distorted"


class PromptError(Exception):
    """A recording cannot be used; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"recording: {fault.value}")
        self.fault = fault


@dataclass(frozen=True)
class Prompt:
    """What is kept: Ogg/Opus, its length in seconds, its loudness in LUFS."""

    ogg: bytes
    seconds: float
    lufs: float


def prompt(data: bytes) -> Prompt:
    """Makes a prompt of a file (Ogg, MP3, M4A, WAV, WebM, …). Raises `PromptError`."""
    limits = Limits(bytes=TELEGRAM_BYTES, seconds=LONGEST)
    try:
        pcm, heard = decode(data, limits, OPUS_RATE), decode(data, limits)
    except AudioError as error:
        raise PromptError(_FAULTS[error.reason]) from None
    if pcm.size < SHORTEST * OPUS_RATE:
        raise PromptError(Fault.TOO_SHORT)
    kept = _checked(_spoken(pcm, activity.span(heard)))
    return Prompt(to_ogg_opus(kept, OPUS_RATE), kept.size / OPUS_RATE, _measured(kept).lufs)


_FAULTS = {reason: Fault(reason.value) for reason in Reason}


def _spoken(pcm: Samples, span: tuple[float, float]) -> Samples:
    start, end = span
    if end - start < LEAST_SPEECH:
        raise PromptError(Fault.NO_SPEECH)
    first, last = max(0.0, start - MARGIN), end + MARGIN
    return pcm[round(first * OPUS_RATE) : round(last * OPUS_RATE)]


def _checked(pcm: Samples) -> Samples:
    """The sound at the loudness of the others, or as near as its peaks allow."""
    if float((np.abs(pcm) > CLIPPED).mean()) > MOST_CLIPPED:
        raise PromptError(Fault.DISTORTED)
    told = _measured(pcm)
    if told.lufs < QUIETEST:
        raise PromptError(Fault.TOO_QUIET)
    return loudness.levelled(pcm, OPUS_RATE)


def _measured(pcm: Samples) -> loudness.Loudness:
    return loudness.measured(pcm, OPUS_RATE)
