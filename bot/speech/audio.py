"""Sound in and out: voice notes to samples, samples to Ogg/Opus.

In: whatever phones, browsers and the messaging services record (Ogg/Opus, WebM, M4A, MP3, AMR,
WAV, FLAC). Out: Ogg/Opus, which WhatsApp and Telegram play as a voice note.
"""

import io
import os
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from bot.speech import decoder

RATE = decoder.RATE  # samples a second of everything that is transcribed
MEGABYTE = 1024 * 1024
WHATSAPP_BYTES = 16 * MEGABYTE
TELEGRAM_BYTES = 20 * MEGABYTE  # the largest file that any channel hands over
OPUS_RATE = 48_000
OPUS_VOICE_RATE = 24_000  # as good for a voice that has no more, and a fifth less work
OPUS_BITS_A_SECOND = 24_000
PATIENCE_SECONDS = 120  # by the clock, for a busy machine; the decoder has its own limit of work

Samples = NDArray[np.float32]


class Reason(StrEnum):
    """Why a voice note cannot be used."""

    EMPTY = "empty"  # no bytes
    TOO_BIG = "too_big"  # more bytes than accepted
    TOO_LONG = "too_long"  # more seconds than accepted
    UNREADABLE = "unreadable"  # no sound file, or too damaged to decode anything of it
    NO_SOUND = "no_sound"  # no sound track, or nothing but zeros in it: a microphone switched off


class AudioError(Exception):
    """A voice note cannot be used; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"voice note: {reason.value}")
        self.reason = reason


@dataclass(frozen=True)
class Limits:
    """What is accepted: a size in bytes, a length in seconds."""

    bytes: int = WHATSAPP_BYTES
    seconds: float = 600.0

    def __post_init__(self) -> None:
        if not 0 < self.bytes <= TELEGRAM_BYTES or not self.seconds > 0:
            raise ValueError(f"a limit is out of range: {self}")


_REASONS = {
    decoder.TOO_LONG: Reason.TOO_LONG,
    decoder.UNREADABLE: Reason.UNREADABLE,
    decoder.NO_SOUND: Reason.NO_SOUND,
}


def decode(data: bytes, limits: Limits | None = None, rate: int = RATE) -> Samples:
    """Decode a voice note to mono samples, shape (n,), between -1 and 1, `rate` a second.

    A file that is cut off or partly damaged gives what can be heard of it. Takes a tenth of a
    second to start a process (see decoder.py) and a second for ten minutes of sound. Raises
    `AudioError`; raises `RuntimeError` when the decoder itself cannot run.
    """
    limits = limits or Limits()
    if not data:
        raise AudioError(Reason.EMPTY)
    if len(data) > limits.bytes:
        raise AudioError(Reason.TOO_BIG)
    pcm = np.frombuffer(_run_decoder(data, limits.seconds, rate), dtype=np.int16)
    return pcm.astype(np.float32) / np.float32(32768)


def _run_decoder(data: bytes, longest: float, rate: int) -> bytes:
    # -P: the folder of the script must not shadow the standard library.
    command = [sys.executable, "-P", str(Path(decoder.__file__)), str(longest), str(rate)]
    try:
        done = subprocess.run(  # noqa: S603
            command, input=data, capture_output=True, timeout=PATIENCE_SECONDS, env=_environment()
        )
    except subprocess.TimeoutExpired:
        raise AudioError(Reason.UNREADABLE) from None
    if done.returncode == decoder.DONE:
        return done.stdout
    if done.returncode > 0 and done.returncode not in _REASONS:
        raise RuntimeError("the sound decoder did not start: " + _last_line(done.stderr))
    raise AudioError(_REASONS.get(done.returncode, Reason.UNREADABLE))


def _environment() -> dict[str, str]:
    """What Python needs to find its libraries; our secrets are in the rest."""
    kept = ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "PATH")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _last_line(stderr: bytes) -> str:
    return stderr.decode(errors="replace").strip().rpartition("\n")[2]


def to_ogg_opus(pcm: Samples, rate: int) -> bytes:
    """Encode mono samples (-1 to 1, `rate` a second) as Ogg/Opus at 24 kbit/s for a voice note.

    A part of a second is kept as it is; no samples at all are a `ValueError`.
    """
    if not pcm.size:
        raise ValueError("no samples to encode")
    target = io.BytesIO()
    with av.open(target, "w", format="ogg") as container:
        taken = OPUS_VOICE_RATE if rate <= OPUS_VOICE_RATE else OPUS_RATE
        stream = container.add_stream("libopus", rate=taken, layout="mono")
        stream.bit_rate = OPUS_BITS_A_SECOND
        stream.options = {"application": "voip"}
        resampler = AudioResampler("s16", "mono", taken, stream.frame_size or taken // 50)
        for piece in (_frame(pcm, rate), None):
            for frame in resampler.resample(piece):
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target.getvalue()


def _frame(pcm: Samples, rate: int) -> AudioFrame:
    whole = np.clip(np.rint(pcm * 32767), -32768, 32767).astype(np.int16)
    frame = AudioFrame.from_ndarray(whole.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate
    return frame
