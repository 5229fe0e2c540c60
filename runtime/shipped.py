"""Recordings of the bot's texts that come with the program: bot/i18n/recordings.

`<language>/<key>.ogg`, with beside it `<key>.txt`: the words that were read. A recording is played
where exactly those words are said; once the catalogue says something else it is silent, and this
check tells. `python -m runtime.shipped` checks all; `python -m runtime.shipped add nl KEY FILE`
makes both files of somebody's recording.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from bot.i18n.catalogue import default
from bot.i18n.languages import LANGUAGES
from bot.i18n.script import sentences, without_signs
from bot.prompts import Text
from bot.speech import loudness
from bot.speech.audio import OPUS_RATE, TELEGRAM_BYTES, AudioError, Limits, decode
from bot.speech.prompt import LONGEST, PromptError, prompt

FOLDER = Path(__file__).parents[1] / "bot" / "i18n" / "recordings"
_OURS = "shipped:"  # how names of these files begin; a media store has only hexadecimal ones
OFF = 2.0  # LU that a recording may be louder or softer than the others


def words_hash(text: str) -> str:
    """What these sentences are known by; how they are spread over lines does not matter."""
    return hashlib.sha256(" ".join(sentences(text)).encode()).hexdigest()


def aloud(key: str, language: str) -> str:
    """What a voice says of a text without parameters. Raises KeyError for an unknown key."""
    said = default().translate(Text(key), language, spoken=True)
    return without_signs(said) or said


@cache
def files(language: str, folder: Path = FOLDER) -> dict[str, str]:
    """The recordings of a language: a name by the hash of the words. Read once."""
    found = {}
    for sound in sorted((folder / language).glob("*.ogg")):
        words = sound.with_suffix(".txt")
        if words.is_file():
            content = hashlib.sha256(sound.read_bytes()).hexdigest()[:16]
            found[words_hash(words.read_text("utf-8"))] = f"{_OURS}{content}:{sound}"
    return found


def sound(name: str) -> bytes | None:
    """Ogg/Opus of a name that `files` gave, None for a name of others. Raises `OSError`."""
    if not name.startswith(_OURS):
        return None
    return Path(name.removeprefix(_OURS).partition(":")[2]).read_bytes()


def faults(folder: Path = FOLDER) -> Iterator[str]:
    """What is wrong with the recordings, a line each."""
    for place in sorted(folder.glob("*")):
        if place.is_dir() and place.name not in LANGUAGES:
            yield f"{place.name}: not a language of the bot"
        for file in sorted(place.glob("*.ogg")) if place.name in LANGUAGES else ():
            for fault in _faults(file, place.name):
                yield f"{place.name}/{file.name}: {fault}"


def _faults(file: Path, language: str) -> Iterator[str]:
    try:
        now = aloud(file.stem, language)
    except KeyError:
        yield "the catalogue has no such text, or something is filled in there"
        return
    words = file.with_suffix(".txt")
    if not words.is_file():
        yield f"{words.name} is not beside it: the words that were read"
    elif words_hash(words.read_text("utf-8")) != words_hash(now):
        yield "the text says something else now: record it anew, or take it away"
    yield from _sound_faults(file)


def _sound_faults(file: Path) -> Iterator[str]:
    try:
        pcm = decode(file.read_bytes(), Limits(bytes=TELEGRAM_BYTES, seconds=LONGEST), OPUS_RATE)
    except AudioError as error:
        yield f"{error.reason.value}"
        return
    told = loudness.measured(pcm, OPUS_RATE)
    held_back = told.peak > loudness.HIGHEST - 1.5  # as loud as its peaks allow
    if abs(told.lufs - loudness.TARGET) > OFF and not (held_back and told.lufs < loudness.TARGET):
        yield f"{told.lufs:.1f} LUFS instead of {loudness.TARGET:.0f}: add it with this command"


def add(language: str, key: str, data: bytes, folder: Path = FOLDER) -> Path:
    """Puts a recording in place, levelled. Raises `PromptError`, KeyError."""
    words = aloud(key, language)
    place = folder / language
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{key}.ogg").write_bytes(prompt(data).ogg)
    (place / f"{key}.txt").write_text(words + "\n", "utf-8")
    return place / f"{key}.ogg"


def main(args: Sequence[str]) -> int:
    """The command; 1 when something is wrong, 2 for wrong arguments."""
    if not args:
        found = list(faults())
        print("\n".join(found) or "recordings: all well")
        return 1 if found else 0
    if len(args) != 4 or args[0] != "add" or args[1] not in LANGUAGES:
        print("python -m runtime.shipped [add LANGUAGE KEY FILE]", file=sys.stderr)
        return 2
    try:
        print(add(args[1], args[2], Path(args[3]).read_bytes()))
    except (PromptError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyError:
        print(f"{args[2]}: no such text, or something is filled in there", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
