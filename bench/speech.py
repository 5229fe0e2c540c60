"""Speech to text on real recordings, beside plain faster-whisper on the same sound in the same run.

    python bench/speech.py [--data FOLDER] [--openai] [--threads N]

Prints one figure a line. Both sides have the same weights, threads and beam; the baseline is
faster-whisper by its own defaults, reading the file itself. Every clip goes to both in turn, so
that a busy machine slows both alike.
"""

import argparse
import resource
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from num2words import num2words
from rapidfuzz.distance import Levenshtein

from bot.speech.audio import RATE, decode
from bot.speech.backend_faster import FasterWhisper
from bot.speech.backend_openai import OpenAIWhisper
from bot.speech.model import embedded
from bot.speech.transcribe import Transcriber, Verdict

DATA = Path(__file__).parents[1].parent / "shared" / "data" / "speech"
GROUPS = {
    "sentences en": ("en", "en/[fj]*"),
    "sentences nl": ("nl", "nl/vlaams_*"),
    "digits en": ("en", "en/gcompris_*"),
    "digits nl": ("nl", "nl/gcompris_*"),
    "digits tr": ("tr", "tr/gcompris_*"),
    "digits ar": ("ar", "ar/gcompris_*"),
    "yes/no ar": ("ar", "ar/asc_*"),
}
LANGUAGES = ("nl", "en", "tr", "ar")
LETTERS = str.maketrans("أإآىة", "ااايه")  # Arabic spellings of one letter


@dataclass
class Heard:
    """One clip: what is said, what our path and the baseline made of it, and the seconds taken."""

    said: list[str]
    ours: list[str]
    plain: list[str]
    verdict: Verdict
    decoding: float
    our_time: float
    plain_time: float
    sound: float


def words(text: str, language: str) -> list[str]:
    """Words without capitals, punctuation and vowel marks; digits written out."""
    text = unicodedata.normalize("NFKC", text).translate(LETTERS)
    if language == "tr":
        text = text.replace("İ", "i").replace("I", "ı")
    kept = (letter for letter in text.lower() if unicodedata.category(letter) != "Mn")
    split = "".join(letter if letter.isalnum() else " " for letter in kept).split()
    return [word for token in split for word in _written_out(token, language)]


def _written_out(token: str, language: str) -> list[str]:
    if not token.isdecimal():
        return [token]
    return words(num2words(int(token), lang=language).replace("-", " "), language)


def wrong(pairs: Iterable[tuple[list[str], list[str]]]) -> float:
    """Word error rate of (said, heard)."""
    counted = [(Levenshtein.distance(said, heard), len(said)) for said, heard in pairs]
    return sum(errors for errors, _ in counted) / sum(size for _, size in counted)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """The result and the seconds by the clock."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def plainly(model: WhisperModel, source: Any, language: str) -> str:
    """What faster-whisper makes of a file or samples by itself."""
    segments, _ = model.transcribe(source, language=language)
    return " ".join(segment.text for segment in segments)


def hear(path: Path, language: str, ours: Transcriber, plain: WhisperModel) -> Heard:
    """One clip through both."""
    said = words(path.with_suffix(".txt").read_text(), language)
    pcm, decoding = timed(lambda: decode(path.read_bytes()))
    transcript, our_time = timed(lambda: ours.transcribe(pcm, language))
    text, plain_time = timed(lambda: plainly(plain, str(path), language))
    return Heard(
        said,
        words(transcript.text, language),
        words(text, language),
        transcript.verdict,
        decoding,
        our_time,
        plain_time,
        pcm.size / RATE,
    )


def clips(data: Path, pattern: str) -> list[Path]:
    """The sound files of a pattern."""
    return [path for path in sorted(data.glob(pattern)) if path.suffix != ".txt"]


def report_group(name: str, heard: list[Heard]) -> None:
    """Errors and verdicts of one group of clips."""
    if name.startswith("sentences"):
        ours, plain = (
            wrong((h.said, h.ours) for h in heard),
            wrong((h.said, h.plain) for h in heard),
        )
        print(f"{name}: words wrong {ours:.1%} (plain {plain:.1%}), {len(heard)} clips")
    else:
        right, plain_right = (
            sum(h.said == getattr(h, side) for h in heard) for side in ("ours", "plain")
        )
        print(f"{name}: right {right} (plain {plain_right}) of {len(heard)}")
    counts = {verdict: sum(h.verdict is verdict for h in heard) for verdict in Verdict}
    print(f"{name}: " + ", ".join(f"{v.value} {n}" for v, n in counts.items() if n))
    believed = sum(h.verdict is Verdict.OK and h.said != h.ours for h in heard)
    print(f"{name}: not word for word, yet ok: {believed}")


def report_times(name: str, heard: list[Heard]) -> None:
    """Time by the clock, the baseline's with its own decoding."""
    decoding, number = sum(h.decoding for h in heard), len(heard)
    ours, plain = sum(h.our_time for h in heard) + decoding, sum(h.plain_time for h in heard)
    print(f"time, {name}: {sum(h.sound for h in heard):.0f} s of sound in {number} clips")
    print(f"time, {name}: plain {plain / number:.2f} s a clip")
    print(f"time, {name}: ours {ours / number:.2f} s a clip, {ours / plain:.0%} of plain")
    print(f"time, {name}: of which decoding {decoding / number:.3f} s a clip")


def peak() -> float:
    """The most memory this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report_decoder_memory(path: Path) -> None:
    """Peak of the process that decodes, seen from a small one: a child begins with its parent's."""
    script = (
        "import resource, sys, pathlib; from bot.speech.audio import decode;"
        "decode(pathlib.Path(sys.argv[1]).read_bytes());"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    )
    command = [sys.executable, "-c", script, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(f"peak memory, decoder: {float(done.stdout):.0f} MB")


def report_strung(data: Path, ours: Transcriber, plain: WhisperModel) -> None:
    """Sentences strung together to one note each, at one loudness."""
    pause = np.zeros(RATE // 2, np.float32)
    for language, pattern in (GROUPS["sentences en"], GROUPS["sentences nl"]):
        paths = clips(data, pattern)
        parts = [decode(path.read_bytes()) for path in paths]
        pcm = np.concatenate([p for part in parts for p in (part / np.abs(part).max() / 2, pause)])
        said = [w for path in paths for w in words(path.with_suffix(".txt").read_text(), language)]
        one, our_time = timed(lambda: ours.transcribe(pcm, language).text)  # noqa: B023
        other, plain_time = timed(lambda: plainly(plain, pcm, language))  # noqa: B023
        rates = [wrong([(said, words(text, language))]) for text in (one, other)]
        print(
            f"one note of {pcm.size / RATE:.0f} s {language}: words wrong {rates[0]:.1%}"
            f" (plain {rates[1]:.1%}), {our_time:.1f} s (plain {plain_time:.1f} s)"
        )


def report_sounds(ours: Transcriber, plain: WhisperModel) -> None:
    """Texts believed on ten seconds of chords, noise and silence, four languages each."""
    times = np.arange(10 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * note * times) for note in (261.6, 329.6, 392.0))
    beat = np.exp(-3 * (times % 0.8))
    noise = np.random.default_rng(0).standard_normal(times.size)
    sounds = [chord * beat / 6, noise / 10, noise / 1000, times * 0]
    tries = [(sound.astype(np.float32), code) for sound in sounds for code in LANGUAGES]
    believed = sum(ours.transcribe(sound, code).verdict is Verdict.OK for sound, code in tries)
    texts = sum(bool(plainly(plain, sound, code).strip()) for sound, code in tries)
    print(
        f"music, noise, silence: a text believed {believed} (plain: a text {texts}) of {len(tries)}"
    )


def report_openai(data: Path, ours: Transcriber, threads: int) -> None:
    """OpenAI's own code on the same sentences."""
    original = OpenAIWhisper(threads=threads)
    for name in ("sentences en", "sentences nl"):
        language, pattern = GROUPS[name]
        pairs, taken, our_time = [], 0.0, 0.0
        for path in clips(data, pattern):
            pcm = decode(path.read_bytes())
            transcript, seconds = timed(lambda: original.transcribe(pcm, language))  # noqa: B023
            our_time += timed(lambda: ours.transcribe(pcm, language))[1]  # noqa: B023
            taken += seconds
            said = words(path.with_suffix(".txt").read_text(), language)
            pairs.append((said, words(transcript.text, language)))
        print(
            f"openai-whisper {name}: words wrong {wrong(pairs):.1%}, time {taken / our_time:.1f} x"
        )


def main() -> None:
    """Run everything; see the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--openai", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if not options.data.is_dir():
        parser.error(f"no recordings in {options.data}")
    ours = FasterWhisper(threads=options.threads)
    warm = decode(clips(options.data, "en/jfk*")[0].read_bytes())
    ours.transcribe(np.tile(warm, 5), "en")
    print(f"peak memory, ours alone, after a note of 55 s: {peak():.0f} MB")
    plain = WhisperModel(
        str(embedded()), device="cpu", compute_type="int8", cpu_threads=options.threads
    )
    plainly(plain, warm, "en")
    kinds: dict[str, list[Heard]] = {"sentences": [], "single words": []}
    for name, (language, pattern) in GROUPS.items():
        heard = [hear(path, language, ours, plain) for path in clips(options.data, pattern)]
        report_group(name, heard)
        kinds["sentences" if name.startswith("sentences") else "single words"] += heard
    for kind, heard in kinds.items():
        report_times(kind, heard)
    report_strung(options.data, ours, plain)
    report_sounds(ours, plain)
    print(f"peak memory, ours and plain: {peak():.0f} MB")
    report_decoder_memory(clips(options.data, "en/jfk*")[0])
    if options.openai:
        report_openai(options.data, ours, options.threads)


if __name__ == "__main__":
    main()
