"""Spoken answers from a closed set, beside open transcription of the same recordings.

    python bench/closed.py [--data FOLDER] [--threads N] [--ways]

Prints one figure a line. Sets: the digits 0-9 in four languages (one speaker each) and Arabic yes
and no (ten speakers). Open transcription is right when `bot.understand` finds the answer in it.
What is in no set: digits of other languages, bits of sentences, a word of another set, and noise.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bot import understand
from bot.lexicon import LEXICON
from bot.prompts import Choice
from bot.speech.audio import RATE, Samples, decode
from bot.speech.backend_faster import FasterWhisper
from bot.understand.spoken import others

DATA = Path(__file__).parents[1].parent / "shared" / "data" / "speech"
LANGUAGES = ("nl", "en", "tr", "ar")
Answers = Mapping[str, tuple[str, ...]]


@dataclass
class Counted:
    """What became of the recordings of one set."""

    right: int = 0
    wrong: int = 0
    rejected: int = 0
    seconds: list[float] = field(default_factory=list)

    def note(self, said: str, heard: str | None) -> None:
        self.right += heard == said
        self.wrong += heard is not None and heard != said
        self.rejected += heard is None

    @property
    def all(self) -> int:
        return self.right + self.wrong + self.rejected

    def __str__(self) -> str:
        share = 100 * self.wrong / max(1, self.all)
        return f"right {self.right} of {self.all}, rejected {self.rejected}, wrong {share:.1f} %"


def digits(language: str) -> Answers:
    return {str(n): (w,) for n, w in enumerate(LEXICON.spoken[language]["numbers"][:10])}


def yes_no(language: str) -> Answers:
    spoken = LEXICON.spoken[language]
    return {"yes": spoken["yes"][:1], "no": spoken["no"][:1]}


def recordings(data: Path) -> Iterator[tuple[str, str, str, Samples]]:
    """(language, set, what is said, samples)."""
    for language in LANGUAGES:
        for n in range(10):
            found = data / language / f"gcompris_digit{n}.ogg"
            yield language, "digits", str(n), decode(found.read_bytes())
    for path in sorted((data / "ar").glob("asc_*.wav")):
        yield "ar", "yes/no", path.name.split("_")[1], decode(path.read_bytes())


def strangers(data: Path) -> Iterator[Samples]:
    """Bits of sentences of 0.5 to 1.3 s, noise and silence."""
    chance = random.Random(7)
    for path in sorted([*data.glob("en/fleurs_*.ogg"), *data.glob("nl/vlaams_*.wav")]):
        pcm = decode(path.read_bytes())
        for _ in range(2):
            size = int(chance.uniform(0.5, 1.3) * RATE)
            start = chance.randrange(0, pcm.size - size)
            quiet = np.zeros(RATE // 4, np.float32)
            yield np.concatenate([quiet, pcm[start : start + size], quiet])
    noise = np.random.default_rng(0).standard_normal(2 * RATE)
    for level in (0.2, 0.01, 0.0):
        yield np.asarray(noise * level, np.float32)


def as_is(pcm: Samples) -> Samples:
    return pcm


def telephone(pcm: Samples) -> Samples:
    """300 to 3,400 Hz."""
    spectrum, hertz = np.fft.rfft(pcm), np.fft.rfftfreq(pcm.size, 1 / RATE)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    return np.asarray(np.fft.irfft(spectrum, pcm.size), np.float32)


def noisy(pcm: Samples) -> Samples:
    """White noise, 15 dB below the voice."""
    noise = np.random.default_rng(0).standard_normal(pcm.size)
    level = np.sqrt(np.mean(pcm**2)) / 10 ** (15 / 20)
    return np.asarray(pcm + noise * level, np.float32)


def faster(pcm: Samples) -> Samples:
    places = np.arange(int(pcm.size / 1.12)) * 1.12
    return np.asarray(np.interp(places, np.arange(pcm.size), pcm), np.float32)


WAYS: dict[str, Callable[[Samples], Samples]] = {
    "noise at 15 dB": noisy,
    "12 % faster": faster,
    "telephone band": telephone,
}


def open_answer(text: str, kind: str) -> str | None:
    """What the dialogue would have made of an open transcript."""
    if kind == "yes/no":
        return understand.choose(text, (Choice("yes", "", "yes"), Choice("no", "", "no")))
    found = understand.spoken_digits(text).strip()
    return found if found.isdecimal() and len(found) == 1 else None


def main() -> None:
    """Run everything; see the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ways", action="store_true", help="also with noise, faster, by telephone")
    options = parser.parse_args()
    if not options.data.is_dir():
        parser.error(f"no recordings in {options.data}")
    whisper = FasterWhisper(threads=options.threads)
    clips = list(recordings(options.data))
    report_making(whisper)
    report_way(whisper, clips, "as recorded", as_is)
    report_strangers(whisper, clips, list(strangers(options.data)))
    for name, way in WAYS.items() if options.ways else ():
        report_way(whisper, clips, name, way)


def report_making(whisper: FasterWhisper) -> None:
    """The first answer in a language: its wordings are made, and kept."""
    for language in LANGUAGES:
        began = time.perf_counter()
        whisper.prepare(language, {**digits(language), **yes_no(language)}, others(language))
        print(f"wordings {language}: made in {time.perf_counter() - began:.1f} s")


def report_way(
    whisper: FasterWhisper,
    clips: list[tuple[str, str, str, Samples]],
    name: str,
    way: Callable[[Samples], Samples],
) -> None:
    closed: dict[str, Counted] = {}
    opened: dict[str, Counted] = {}
    for language, kind, said, clip in clips:
        pcm = way(clip)
        answers = digits(language) if kind == "digits" else yes_no(language)
        began = time.perf_counter()
        chosen = whisper.choose(pcm, language, answers, others(language))
        middle = time.perf_counter()
        text = whisper.transcribe(pcm, language).text
        for key in (f"{kind} {language}", "all"):
            one, other = closed.setdefault(key, Counted()), opened.setdefault(key, Counted())
            one.note(said, chosen.id)
            other.note(said, open_answer(text, kind))
            one.seconds.append(middle - began)
            other.seconds.append(time.perf_counter() - middle)
    for key, counted in closed.items():
        print(f"{name}, {key}: closed set {counted}")
        print(f"{name}, {key}: open transcription {opened[key]}")
    for label, counted in (("closed set", closed["all"]), ("open", opened["all"])):
        print(f"{name}: {label} {np.median(counted.seconds):.2f} s an answer (median)")


def report_strangers(
    whisper: FasterWhisper, clips: list[tuple[str, str, str, Samples]], bits: list[Samples]
) -> None:
    """How often something else is taken for an answer."""
    for language in LANGUAGES:
        for kind, answers in (("digits", digits(language)), ("yes/no", yes_no(language))):
            foreign = [c for la, k, _, c in clips if la != language and k == "digits"][::3]
            own = [c for la, k, _, c in clips if la == language and k == "digits" and kind != k]
            for what, sounds in (("other languages", foreign), ("numbers", own), ("bits", bits)):
                found = [
                    whisper.choose(pcm, language, answers, others(language)).id for pcm in sounds
                ]
                if sounds:
                    taken = sum(id_ is not None for id_ in found)
                    print(
                        f"not in {kind} {language}, {what}: taken {taken} of {len(found)}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
