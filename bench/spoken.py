"""Our synthetic voices, heard by Whisper; what a spoken message weighs; how soon it is there.

    python bench/spoken.py [--sentences N] [--voice nl=espeak:nl+f2 …] [--only LANGUAGE …] [--quick]

Prints one figure a line. The round trip says texts of the catalogue and hears them with Whisper
base: word errors beside those of the same voice without the words of `bot.speech.saying_words`
(digits and signs left to the voice), in the same run. It measures how clear a voice is to a
machine; what it is to people, only people can tell. `--quick` leaves the round trip out.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from rapidfuzz.distance import Levenshtein

from bot.messages import Sound
from bot.speech import speak
from bot.speech.audio import RATE, decode, to_ogg_opus
from bot.speech.backend_faster import FasterWhisper
from bot.speech.saying_words import in_speech
from bot.speech.speak import Engine, ESpeakVoice, Voices
from console.bot_texts import Kind
from runtime import voices
from runtime.bot_texts import texts
from runtime.sounds import Sounds

REPO = Path(__file__).resolve().parent.parent
LANGUAGES = ("nl", "en", "tr", "ar")
LETTERS = str.maketrans("أإآىة", "ااايه")  # Arabic spellings of one letter
# What the words are for: of each language as many, said the way the bot says it.
NUMBERS = {
    "nl": [
        "Je plan heeft nummer 27.",
        "Het kost € 1.250,50.",
        "Er is 1.500 m² groen.",
        "Je kunt stemmen tot 30-11-2026 om 14:30 uur.",
        "Ongeveer 8% van de buurt doet mee.",
        "Jouw code is 482 913 075 664.",
    ],
    "en": [
        "Your plan has number 27.",
        "It costs €1,250.50.",
        "There is 1,500 m² of green.",
        "You can vote until 30/11/2026 at 14:30.",
        "About 8% of the neighbourhood takes part.",
        "Your code is 482 913 075 664.",
    ],
    "tr": [
        "Planının numarası 27.",
        "Maliyeti 1.250 avro.",
        "1.500 m² yeşil alan var.",
        "30.11.2026 tarihine kadar oy verebilirsin.",
        "Mahallenin yaklaşık %8'i katılıyor.",
        "Kodun 482 913 075 664.",
    ],
    "ar": [
        "رقم خطتك 27.",
        "التكلفة 1250 يورو.",
        "هناك 1500 م² من الخضرة.",
        "يمكنك التصويت حتى 30-11-2026.",
        "يشارك حوالي 8% من الحي.",
        "رمزك هو 482 913 075 664.",
    ],
}


class Unworded(Voices):
    """The voice as it was: it reads digits and signs by rules of its own, at its own loudness."""

    def say(self, text: str, language: str) -> bytes:
        sound = self._engine(language).samples(speak.speakable(text))
        return to_ogg_opus(sound.pcm, sound.rate)


def sentences(language: str, most: int) -> list[str]:
    """First sentences of texts, spread over the whole catalogue."""
    kinds = (Kind.SPOKEN, Kind.FILLED)
    said = [
        text.wordings[language].aloud.split("\n")[0]
        for key, text in sorted(texts().by_key.items())
        if text.kind in kinds and text.most is None
    ]
    fitting = [each for each in said if 4 <= len(each.split()) <= 16 and "…" not in each]
    step = max(1, len(fitting) // most)
    return fitting[::step][:most]


def words(text: str, language: str) -> list[str]:
    """Words without capitals, punctuation and vowel marks; numbers written out on both sides."""
    text = in_speech(unicodedata.normalize("NFKC", text), language).translate(LETTERS)
    if language == "tr":
        text = text.replace("İ", "i").replace("I", "ı")
    kept = (letter for letter in text.lower() if unicodedata.category(letter) != "Mn")
    return "".join(letter if letter.isalnum() else " " for letter in kept).split()


def errors(voice: Voices, whisper: FasterWhisper, said: Sequence[str], language: str) -> float:
    """Words wrong, left out or added, for each word said."""
    wrong = told = 0
    for text in said:
        heard = whisper.transcribe(decode(voice.say(text, language)), language).text
        expected = words(text, language)
        wrong += Levenshtein.distance(expected, words(heard, language))
        told += len(expected)
    return wrong / told


def round_trip(chosen: Voices, only: Sequence[str], most: int) -> None:
    with tempfile.TemporaryDirectory(dir=REPO) as folder:
        whisper = FasterWhisper("", 2, cache=Path(folder))
        plain = Unworded(chosen._engines)
        for language in only:
            for what, said in (
                ("sentences", sentences(language, most)),
                ("numbers", NUMBERS[language]),
            ):
                before = errors(plain, whisper, said, language)
                after = errors(chosen, whisper, said, language)
                name = f"word errors {language}, {what} ({len(said)})"
                print(f"{name}: {after:.3f}, without words: {before:.3f}", flush=True)


def messages() -> Iterator[Sound]:
    """What people hear first, and every text that is the same for all, in every language."""
    yield from voices.common(None)
    for language in LANGUAGES:
        for _, text in sorted(texts().by_key.items()):
            if text.kind is Kind.SPOKEN and text.most is None:
                yield Sound(text.wordings[language].aloud, language)


async def weight_and_time(chosen: Voices, most: int) -> None:
    """New sounds, one after the other, then the same ones again."""
    every = list(dict.fromkeys(messages()))
    some = every[:: max(1, len(every) // most)]
    with tempfile.TemporaryDirectory(dir=REPO) as folder:
        sounds = Sounds(chosen, Path(folder))
        await sounds.of(some[0])  # loads the voice
        (Path(folder) / sounds.path(some[0]).name).unlink()
        sizes, new, kept, seconds = [], [], [], 0.0
        for sound in some:
            begun = time.perf_counter()
            data = await sounds.of(sound)
            new.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            assert await sounds.ready(sound) == data
            kept.append(time.perf_counter() - begun)
            sizes.append(len(data))
            seconds += decode(data).size / RATE
    print(f"messages measured: {len(some)}, {seconds / len(some):.1f} s of speech each")
    print(f"bytes a message, median: {statistics.median(sizes):.0f}, most: {max(sizes)}")
    _times("sound ready, new", new)
    _times("sound ready, kept", kept)
    print(f"seconds to make a second of speech: {sum(new) / seconds:.4f}")


def _times(what: str, seconds: list[float]) -> None:
    p95 = statistics.quantiles(seconds, n=20)[-1]
    print(f"{what}, median ms: {statistics.median(seconds) * 1000:.1f}, p95: {p95 * 1000:.1f}")


def _chosen(given: Sequence[str]) -> Voices:
    engines: dict[str, Engine] = {}
    for one in given:
        language, _, wanted = one.partition("=")
        pace = wanted.rpartition("@")[2] if "@" in wanted else ""
        engine = voices._engine(wanted.partition("@")[0]) or ESpeakVoice(language)
        if pace and isinstance(engine, ESpeakVoice):
            engine = ESpeakVoice(engine._voice, int(pace))
        engines[language] = engine
    return Voices(engines)


def main() -> None:
    parser = argparse.ArgumentParser(description="How our voices do.")
    parser.add_argument("--sentences", type=int, default=40)
    parser.add_argument("--messages", type=int, default=100)
    parser.add_argument("--voice", nargs="*", default=[], help="nl=espeak:nl+f2@150")
    parser.add_argument("--only", nargs="*", default=LANGUAGES, choices=LANGUAGES)
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    chosen = _chosen(args.voice)
    asyncio.run(weight_and_time(chosen, args.messages))
    if not args.quick:
        round_trip(chosen, args.only, args.sentences)


if __name__ == "__main__":
    main()
