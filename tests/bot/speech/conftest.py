"""Real recordings, made-up sounds, and Whisper base loaded once."""

import functools
import io
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from bot.speech.audio import RATE, decode
from bot.speech.backend_faster import FasterWhisper
from bot.speech.transcribe import Transcript

Samples = NDArray[np.float32]
SPEECH = Path(__file__).parents[4] / "shared" / "data" / "speech"
Encode = Callable[..., bytes]


class Recording:
    """A clip and what is said in it."""

    def __init__(self, path: Path) -> None:
        self.name = f"{path.parent.name}/{path.stem}"
        self.language = path.parent.name
        self.text = path.with_suffix(".txt").read_text().strip()
        self.file = path.read_bytes()
        self.pcm = decode(self.file)


@pytest.fixture(scope="session")
def recordings() -> Callable[[str], list[Recording]]:
    """Clips by a pattern such as "nl/vlaams_*"; skips the test when they are not here."""
    if not SPEECH.is_dir():
        pytest.skip(f"no recordings in {SPEECH}")
    known: dict[Path, Recording] = {}

    def find(pattern: str) -> list[Recording]:
        paths = [path for path in sorted(SPEECH.glob(pattern)) if path.suffix != ".txt"]
        assert paths, pattern
        return [known.setdefault(path, Recording(path)) for path in paths]

    return find


@pytest.fixture(scope="session")
def jfk(recordings: Callable[[str], list[Recording]]) -> Recording:
    """Eleven seconds of English, WAV."""
    return recordings("en/jfk.wav")[0]


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def whisper(model_cache: Path) -> FasterWhisper:
    return FasterWhisper(threads=1, cache=model_cache)


@pytest.fixture(scope="session")
def hear(whisper: FasterWhisper) -> Callable[[Recording], Transcript]:
    """Whisper's transcript of a recording in its own language, made once a session."""
    return functools.cache(lambda clip: whisper.transcribe(clip.pcm, clip.language))


@pytest.fixture(scope="session")
def encode() -> Encode:
    return encode_sound


def encode_sound(
    pcm: Samples, container: str, codec: str, rate: int, layout: str = "mono", seekable: bool = True
) -> bytes:
    """Encode mono 16 kHz samples as a phone or a browser would."""
    target = io.BytesIO()
    if not seekable:  # a browser streams: no length in the header
        target.seekable = lambda: False  # type: ignore[method-assign]
    with av.open(target, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout)
        stream.codec_context.open()
        kind = stream.codec_context.format.name
        resampler = AudioResampler(kind, layout, rate, stream.codec_context.frame_size or 1024)
        whole = (np.clip(pcm, -1, 1) * 32767).astype(np.int16).reshape(1, -1)
        frame = AudioFrame.from_ndarray(whole, format="s16", layout="mono")
        frame.sample_rate = RATE
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return target.getvalue()


def _tone(frequency: float, seconds: float) -> NDArray[np.float64]:
    times = np.arange(int(seconds * RATE)) / RATE
    overtones = sum(np.sin(2 * np.pi * frequency * k * times) / k for k in range(1, 7))
    return np.asarray(overtones * np.minimum(1, times / 0.02) * np.exp(-1.5 * times))


def _chords() -> NDArray[np.float64]:
    steps = [(261.6, 329.6, 392.0), (220.0, 261.6, 329.6), (174.6, 220.0, 261.6)] * 8
    return np.concatenate([sum(_tone(note, 0.8) for note in step) for step in steps])


def _melody() -> NDArray[np.float64]:
    random = np.random.default_rng(1)
    notes = random.choice([261.6, 293.7, 329.6, 392.0, 440.0, 523.3], 60)
    return np.concatenate([_tone(note, random.choice([0.2, 0.4])) for note in notes])


def _sines() -> NDArray[np.float64]:
    times = np.arange(10 * RATE) / RATE
    return np.asarray(sum(np.sin(2 * np.pi * note * times) for note in (261.6, 329.6, 392.0)))


def _noise(slope: float) -> NDArray[np.float64]:
    random = np.random.default_rng(0).standard_normal(10 * RATE)
    frequencies = np.fft.rfftfreq(random.size, 1 / RATE)
    frequencies[0] = frequencies[1]
    return np.fft.irfft(np.fft.rfft(random) / frequencies**slope, random.size)


def _knocks() -> NDArray[np.float64]:
    random = np.random.default_rng(2)
    knock = random.standard_normal(RATE // 2) * np.exp(-np.arange(RATE // 2) / 200)
    return np.tile(knock, 20)


def _hum() -> NDArray[np.float64]:
    times = np.arange(10 * RATE) / RATE
    return 2 * np.sin(2 * np.pi * 50 * times) + np.sin(2 * np.pi * 150 * times)


SOUNDS = {
    "chords": (_chords, 0.3),
    "melody": (_melody, 0.3),
    "sines": (_sines, 0.2),
    "white noise": (lambda: _noise(0), 0.4),
    "rain": (lambda: _noise(0.5), 0.3),
    "rumble": (lambda: _noise(1), 0.3),
    "hiss": (lambda: _noise(0), 0.002),
    "knocks": (_knocks, 0.8),
    "hum": (_hum, 0.3),
    "silence": (lambda: np.zeros(10 * RATE), 1.0),
}


@pytest.fixture(params=list(SOUNDS))
def not_speech(request: pytest.FixtureRequest) -> Samples:
    """Music, noise and silence made here, none of it speech."""
    make, peak = SOUNDS[request.param]
    sound = make()
    return (sound * (peak / max(np.abs(sound).max(), 1e-9))).astype(np.float32)


def words(text: str) -> list[str]:
    """The words of a text without capitals and punctuation."""
    return re.sub(r"[^\w\s]", " ", unicodedata.normalize("NFKC", text).lower()).split()


@pytest.fixture(scope="session")
def word_error_rate() -> Callable[[list[tuple[str, str]]], float]:
    """Of pairs (said, heard): words wrong, left out or added, for each word said."""

    def rate(pairs: list[tuple[str, str]]) -> float:
        wrong = sum(Levenshtein.distance(words(said), words(heard)) for said, heard in pairs)
        return wrong / sum(len(words(said)) for said, _ in pairs)

    return rate
