"""Several of our own sounds as one, packet by packet: nothing is decoded, nothing gets worse."""

import io
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import av
import numpy as np

from bot.speech.audio import OPUS_RATE, to_ogg_opus

PAUSE = 0.2  # seconds between one and the next


def joined(sounds: Sequence[bytes]) -> bytes:
    """Files that `audio.to_ogg_opus` made (at least one), one after the other, with a pause."""
    if len(sounds) == 1:
        return sounds[0]
    target, at = io.BytesIO(), 0
    with (
        av.open(target, "w", format="ogg") as container,
        av.open(io.BytesIO(sounds[0]), "r") as first,
    ):
        stream = container.add_stream_from_template(first.streams.audio[0])
        for packet in _packets(sounds):
            packet.stream, packet.pts, packet.dts = stream, at, at
            at += packet.duration or 0
            container.mux(packet)
    return target.getvalue()


def _packets(sounds: Sequence[bytes]) -> Iterator[Any]:
    for n, sound in enumerate(sounds):
        for piece in (_pause(), sound) if n else (sound,):
            with av.open(io.BytesIO(piece), "r") as source:
                yield from (packet for packet in source.demux() if packet.size)


@cache
def _pause() -> bytes:
    return to_ogg_opus(np.zeros(round(PAUSE * OPUS_RATE), np.float32), OPUS_RATE)
