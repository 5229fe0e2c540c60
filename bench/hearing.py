"""What could make Whisper hear better, each beside nothing done, on the same sound.

    python -m bench.hearing [--data FOLDER] [--threads N]

Prints one figure a line: words wrong on the sentences of bench/speech.py as they are, quieter and
with noise, with and without spectral gating; names of streets with and without hotwords; hotwords
said after us on noise; languages taken for another.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from bench.speech import DATA, GROUPS, LANGUAGES, clips, words, wrong
from bot.speech.audio import RATE, Samples, decode
from bot.speech.backend_faster import FasterWhisper
from bot.speech.speak import ESpeakVoice
from bot.speech.transcribe import only_of

STREETS = (
    "Burgemeester de Vlugtlaan", "Slotermeerlaan", "Lodewijk van Deysselstraat", "Sloterplas",
    "Gerbrandypark", "Plein 40-45", "Jan de Louterstraat", "Confuciusplein",
)  # fmt: skip
SAID = (
    "Ik wil een bankje op de Burgemeester de Vlugtlaan",
    "Er moet meer licht komen in de Slotermeerlaan",
    "Mijn plan is een speeltuin in de Lodewijk van Deysselstraat",
    "Bloemen langs de Sloterplas",
    "Een voetbalveld in het Gerbrandypark",
    "Een fontein op het Confuciusplein",
)


def noisy(pcm: Samples, decibels: float) -> Samples:
    """Pink noise, so many dB below the sound."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(pcm.size))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(spectrum.size))), pcm.size)
    gain = np.sqrt(np.mean(pcm**2) / np.mean(noise**2)) / 10 ** (decibels / 20)
    return np.asarray(pcm + gain * noise, np.float32)


def gated(pcm: Samples) -> Samples:
    """Spectral gating: what is not above the quietest tenth of each frequency is 12 dB softer."""
    size, step = 512, 128
    window = np.hanning(size + 1)[:-1]
    padded = np.pad(pcm, size)
    starts = range(0, padded.size - size, step)
    frames = np.fft.rfft(np.stack([padded[s : s + size] * window for s in starts]), axis=1)
    floor = np.quantile(np.abs(frames), 0.1, axis=0) * 2.5
    kept = frames * np.where(np.abs(frames) > floor, 1.0, 0.25)
    out, weight = np.zeros(padded.size), np.full(padded.size, 1e-9)
    for start, frame in zip(starts, np.fft.irfft(kept, size, axis=1), strict=True):
        out[start : start + size] += frame * window
        weight[start : start + size] += window**2
    return np.asarray((out / weight)[size : size + pcm.size], np.float32)


def as_it_is(pcm: Samples) -> Samples:
    return pcm


def report_sound(whisper: FasterWhisper, data: Path) -> None:
    """Noise, level, gating."""
    ways: dict[str, Callable[[Samples], Samples]] = {
        "as it is": as_it_is,
        "40 dB quieter": lambda pcm: np.asarray(pcm / 100, np.float32),
        **{f"noise at {db} dB": partial(noisy, decibels=db) for db in (20.0, 10.0, 5.0)},
    }
    for group in ("sentences en", "sentences nl"):
        language, pattern = GROUPS[group]
        found = [(p, decode(p.read_bytes())) for p in clips(data, pattern)]
        for name, way in ways.items():
            rates = []
            for clean in (as_it_is, gated):
                pairs = [
                    (
                        words(path.with_suffix(".txt").read_text(), language),
                        words(whisper.transcribe(clean(way(pcm)), language).text, language),
                    )
                    for path, pcm in found
                ]
                rates.append(wrong(pairs))
            print(f"{group}, {name}: words wrong {rates[0]:.1%}, gated {rates[1]:.1%}", flush=True)


def voice(text: str, name: str) -> Samples:
    sound = ESpeakVoice(name).samples(text)
    places = np.arange(int(sound.pcm.size * RATE / sound.rate)) * (sound.rate / RATE)
    return np.asarray(np.interp(places, np.arange(sound.pcm.size), sound.pcm), np.float32)


def report_hotwords(whisper: FasterWhisper, data: Path) -> None:
    """Names, sentences without names, and sounds without words."""
    ways: tuple[tuple[str, tuple[str, ...]], ...] = (("without", ()), ("with", STREETS))
    for name, hotwords in ways:
        pairs = [
            (words(text, "nl"), words(heard(whisper, voice(text, "nl+f2"), hotwords), "nl"))
            for text in SAID
        ]
        print(f"streets, synthetic voice, {name} hotwords: words wrong {wrong(pairs):.1%}")
        pairs = [
            (
                words(path.with_suffix(".txt").read_text(), "nl"),
                words(heard(whisper, decode(path.read_bytes()), hotwords), "nl"),
            )
            for path in clips(data, GROUPS["sentences nl"][1])
        ]
        print(f"sentences nl, {name} hotwords: words wrong {wrong(pairs):.1%}", flush=True)
    report_echoes(whisper)


def heard(whisper: FasterWhisper, pcm: Samples, hotwords: Sequence[str]) -> str:
    return whisper.transcribe(pcm, "nl", hotwords=hotwords).text


def report_echoes(whisper: FasterWhisper) -> None:
    """As if the voice detector had taken noise for speech, which it does not."""
    chance = np.random.default_rng(1)
    sounds: list[Samples] = [
        np.asarray(chance.standard_normal(3 * RATE) * level, np.float32)
        for level in (0, 0.001, 0.01, 0.1, 0.3)
    ]
    sounds += [noisy(np.sin(np.arange(3 * RATE) * f).astype(np.float32), 5) for f in (0.1, 0.3)]
    whisper_loaded = whisper._load()
    echoed = guarded = let_in = 0
    for sound in sounds:
        pcm = sound.astype(np.float32)
        encoded = whisper._encode(whisper_loaded.model, pcm)
        before = ", ".join(STREETS) + "."
        bare = whisper._hear(whisper_loaded.model, encoded, "nl", before)
        kept = whisper._hear_with(whisper_loaded.model, encoded, "nl", STREETS)
        echoed += bool(bare.letters) and only_of(bare.text, STREETS)
        guarded += bool(kept.letters) and only_of(kept.text, STREETS)
        let_in += bool(heard(whisper, pcm, STREETS))
    print(f"echoes of hotwords on {len(sounds)} sounds: unguarded {echoed}, guarded {guarded}")
    print(f"texts on {len(sounds)} sounds, with the voice detector: {let_in}", flush=True)


def report_languages(whisper: FasterWhisper, data: Path) -> None:
    """A recording in one language while the person chose another."""
    groups = [GROUPS[name] for name in ("sentences en", "sentences nl")]
    found = [(language, decode(p.read_bytes())) for language, g in groups for p in clips(data, g)]
    found += [("tr", voice("Mahallemizde çocuklar için yeni bir park istiyorum", "tr+f2"))]
    found += [("ar", voice("أُرِيدُ حَدِيقَةً جَدِيدَةً لِلْأَطْفَالِ قُرْبَ الْمَدْرَسَةِ", "ar+f2"))]
    offered = wrongly = missed = 0
    for spoken, pcm in found:
        for chosen in LANGUAGES:
            used = whisper.transcribe(pcm, chosen, LANGUAGES).language
            offered += used == spoken != chosen
            missed += used == chosen != spoken
            wrongly += used not in (chosen, spoken)
    print(f"another language: noticed {offered}, missed {missed}, wrong one {wrongly}")


def main() -> None:
    """Run everything; see the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    whisper = FasterWhisper(threads=options.threads)
    report_hotwords(whisper, options.data)
    report_languages(whisper, options.data)
    report_sound(whisper, options.data)


if __name__ == "__main__":
    main()
