"""The bot's catalogue as the console shows it: every text, what fills it in, what a voice says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from bot.i18n.catalogue import LOCALES, default, po_file
from bot.i18n.keys import LABELS
from bot.i18n.languages import LANGUAGES
from bot.i18n.rules import placeholders
from bot.i18n.script import without_signs
from bot.i18n.update import NATIVE_READER, NOT_READ
from bot.prompts import Counted, Param, Text
from bot.speech.prompt import PromptError, prompt
from console.bot_texts import BotText, Kind, Made, SoundError, Texts, Wording
from console.examples import EXAMPLES, Example
from runtime.recorded import words_hash

# Keys of what no sound goes with: the letter, the published count, templates that a provider has.
WRITTEN = ("letter.", "report.", "outside.")
PARTS = ("sign.", "list.")  # names within a sentence
UNKNOWN = "…"  # for what has no example

Files = Mapping[str, Mapping[str, Message]]  # by language and key


@cache
def texts() -> Texts:
    """The catalogue that comes with the program, read once."""
    files = {code: _read(code) for code in LANGUAGES}
    keys = dict.fromkeys(key for file in files.values() for key in file)
    filled = {key: _names(key, files) for key in keys}
    readers = {code: _reader(code) for code in LANGUAGES}
    return Texts({key: _text(key, filled, files) for key in keys}, readers)


def made(data: bytes) -> Made:
    """A recording as it is kept. Raises `SoundError`."""
    try:
        done = prompt(data)
    except PromptError as error:
        raise SoundError(error.fault.value) from None
    return Made(done.ogg, done.seconds, done.lufs)


def _read(code: str) -> dict[str, Message]:
    with po_file(LOCALES, code).open("rb") as source:
        catalogue: Catalog = read_po(source)
    return {_key(message): message for message in catalogue if message.id}


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _reader(code: str) -> str:
    found = NATIVE_READER.search(Path(po_file(LOCALES, code)).read_text("utf-8"))
    return found[1] if found and found[1] != NOT_READ else ""


def _names(key: str, files: Files) -> frozenset[str]:
    """What is filled in, in any language."""
    own = (file[key] for file in files.values() if key in file)
    return frozenset(name for message in own for form in _forms(message) for name in _named(form))


def _text(key: str, filled: Mapping[str, frozenset[str]], files: Files) -> BotText:
    names = filled[key]
    most = next((most for ending, most in LABELS.items() if key.endswith(ending)), None)
    wordings = {
        code: _wording(_example(key, filled, file[key].pluralizable), code, file[key])
        for code, file in files.items()
        if key in file
    }
    return BotText(key, _kind(key, names, most), tuple(sorted(names)), most, wordings)


def _kind(key: str, names: frozenset[str], most: int | None) -> Kind:
    if key.startswith(WRITTEN):
        return Kind.WRITTEN
    if names:
        return Kind.FILLED if most is None else Kind.LABEL
    return Kind.PART if key.startswith(PARTS) else Kind.SPOKEN


def _wording(text: Text, code: str, message: Message) -> Wording:
    said = default().translate(text, code, spoken=True)
    aloud = without_signs(said) or said
    example = default().translate(text, code) if text.params else ""
    return Wording(_forms(message), example, aloud, words_hash(aloud), tuple(_notes(message)))


def _example(key: str, filled: Mapping[str, frozenset[str]], plural: bool = False) -> Text:
    """The text with its examples, some of which are texts themselves."""
    params = {name: _value(EXAMPLES.get(name, UNKNOWN), filled) for name in filled[key]}
    n = params.pop("n", 3) if plural else 0
    return Counted(key, n, **params) if plural and isinstance(n, int) else Text(key, **params)


def _value(value: Example, filled: Mapping[str, frozenset[str]]) -> Param:
    if isinstance(value, str) and value.startswith("@"):
        return _example(value[1:], filled) if value[1:] in filled else UNKNOWN
    return value


def _forms(message: Message) -> tuple[str, ...]:
    string = message.string
    return (string,) if isinstance(string, str) else tuple(string or ())


def _named(form: str) -> frozenset[str]:
    try:
        return placeholders(form)
    except ValueError:
        return frozenset()  # `make check` says so


def _notes(message: Message) -> Iterator[str]:
    """What translators should know; what it says in Dutch stands beside it anyway."""
    for note in (*message.user_comments, *message.auto_comments):
        if note.strip() and not note.startswith("nl: "):
            yield note.strip()
