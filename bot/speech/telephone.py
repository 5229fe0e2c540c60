"""Our sounds as a telephone plays them: 8000 samples a second, 8 bits each (G.711 mu-law), WAV.

Mu-law is what the line itself carries, so that no provider has to convert it once more.
"""

from __future__ import annotations

import io

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

RATE = 8000


def to_wav(sound: bytes) -> bytes:
    """A sound that we made (Ogg/Opus) as a WAV file of mu-law, mono. Raises `ValueError`.

    Not for what others send: that is decoded in a process of its own (`bot.speech.audio`).
    """
    target = io.BytesIO()
    try:
        with av.open(io.BytesIO(sound), "r") as source, av.open(target, "w", format="wav") as out:
            stream = out.add_stream("pcm_mulaw", rate=RATE, layout="mono")
            resampler = AudioResampler("s16", "mono", RATE)
            for frame in _frames(source, resampler):
                frame.pts = None
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    except (av.FFmpegError, IndexError) as error:
        raise ValueError("not a sound that can be played") from error
    return target.getvalue()


def _frames(source: av.container.InputContainer, resampler: AudioResampler) -> list[AudioFrame]:
    frames = [each for frame in source.decode(audio=0) for each in resampler.resample(frame)]
    return [*frames, *resampler.resample(None)]
