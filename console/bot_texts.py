"""The bot's texts as the console shows them, handed in by `runtime.console`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from string import Formatter

from civic.rounds import label_length
from storage.prompts import Prompt


class Kind(StrEnum):
    """What a text is for, as far as a recording of it goes."""

    SPOKEN = "spoken"  # can be recorded
    FILLED = "filled"  # something is filled in, which nobody can have recorded
    LABEL = "label"  # on a button; it is said within a sentence, with the number that answers it
    PART = "part"  # only ever said within another text's sentence
    WRITTEN = "written"  # on paper, or where no sound can go along


@dataclass(frozen=True, slots=True)
class Wording:
    """A text in one language.

    `forms` are its plural forms, or the one there is, as the catalogue has them; `example` is it
    with everything filled in; `aloud` is what a voice says, and `hash` what that is known by.
    """

    forms: tuple[str, ...]
    example: str
    aloud: str
    hash: str
    notes: tuple[str, ...] = ()

    @property
    def pieces(self) -> list[list[tuple[str, str]]]:
        """Each form as (words, name of what is filled in behind them or "")."""
        return [
            [(words, name or "") for words, name, _, _ in Formatter().parse(form)]
            for form in self.forms
        ]

    @property
    def length(self) -> int:
        """Of a label, as it is limited: without what is filled in (see `label_length`)."""
        own = ("".join(words for words, _ in pieces) for pieces in self.pieces)
        return max(map(label_length, own), default=0)


@dataclass(frozen=True, slots=True)
class BotText:
    """One text: its key, what is filled in, the longest it may be as a label, its languages."""

    key: str
    kind: Kind
    params: tuple[str, ...]
    most: int | None
    wordings: Mapping[str, Wording]

    @property
    def flow(self) -> str:
        return self.key.partition(".")[0]

    @property
    def is_plural(self) -> bool:
        return any(len(each.forms) > 1 for each in self.wordings.values())


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts, as they come in the catalogue. `readers`: by language who of its native speakers
    has read them; "" for nobody yet."""

    by_key: Mapping[str, BotText] = field(default_factory=dict)
    readers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """What a recording was made into: Ogg/Opus, seconds, LUFS."""

    ogg: bytes
    seconds: float
    loudness: float


class SoundError(Exception):
    """A recording cannot be used; `reason` is one of `REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


REASONS = (
    "empty", "too_big", "unreadable", "no_sound", "too_short", "too_long", "no_speech",
    "too_quiet", "distorted",
)  # fmt: skip
MakeSound = Callable[[bytes], Made]


def unable(data: bytes) -> Made:
    """For a console whose `runtime` makes no sound."""
    raise SoundError("unreadable")


class State(StrEnum):
    """How a text stands in one language."""

    NONE = "none"  # it is not one that can be recorded
    MISSING = "missing"
    OUTDATED = "outdated"  # the text says something else since
    RECORDED = "recorded"


def state(text: BotText, language: str, recording: Prompt | None) -> State:
    """How this text stands in this language."""
    if text.kind is not Kind.SPOKEN or language not in text.wordings:
        return State.NONE
    if recording is None:
        return State.MISSING
    same = recording.text_hash == text.wordings[language].hash
    return State.RECORDED if same else State.OUTDATED
