"""How loud something is to people, by EBU R 128 (the measuring is FFmpeg's)."""

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph
from numpy.typing import NDArray

SILENCE = -70.0  # LUFS: what R 128 does not count at all
TARGET = -20.0  # LUFS: as loud as recordings and voices all are
HIGHEST = -1.0  # dBTP: above that, Opus may distort


@dataclass(frozen=True)
class Loudness:
    """`lufs`: as loud as the whole is; `peak`: its highest point between samples, in dBTP."""

    lufs: float
    peak: float


def measured(pcm: NDArray[np.float32], rate: int) -> Loudness:
    """The loudness of mono samples (-1 to 1, `rate` a second); less than 0.4 s is silence."""
    whole = np.pad(pcm.astype(np.float32), (0, -pcm.size % (rate // 10)))  # told each 100 ms
    frame = AudioFrame.from_ndarray(whole.reshape(1, -1), format="flt", layout="mono")
    frame.sample_rate, frame.pts = rate, 0
    graph, last = _graph(rate), None
    graph.push(frame)
    graph.push(None)
    while True:
        try:
            last = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            break
    told = last.metadata if isinstance(last, AudioFrame) else {}
    peak = float(np.abs(pcm).max(initial=0.0))
    true_peak = float(told.get("lavfi.r128.true_peak", peak))  # a ratio, in spite of its name
    lufs = float(told.get("lavfi.r128.I", SILENCE))
    return Loudness(max(lufs, SILENCE), 20 * float(np.log10(max(peak, true_peak, 1e-6))))


def levelled(pcm: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """The samples at `TARGET`, or as near as their peaks allow; silence stays silence."""
    told = measured(pcm, rate)
    if told.lufs <= SILENCE:
        return pcm
    gain = min(TARGET - told.lufs, HIGHEST - told.peak)
    louder: NDArray[np.float32] = np.clip(pcm * np.float32(10 ** (gain / 20)), -1, 1)
    return louder


def _graph(rate: int) -> Graph:
    graph = Graph()
    source = graph.add_abuffer(
        sample_rate=rate, format="flt", layout="mono", time_base=Fraction(1, rate)
    )
    meter = graph.add("ebur128", "metadata=1:peak=true")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    return graph
