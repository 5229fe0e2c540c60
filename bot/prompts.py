"""All that a state may return, as data: `Ask`, `Choose`, `Do`, `End`.

A state is a function `state(scene) -> Prompt` in a flow's module; its name is
the function's name. It says what to ask and, in `then`, where an answer leads.
Nothing here knows a channel, a language, a clock or a database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from civic.ballots import Paper
from civic.rounds import Localised, Round


@dataclass(frozen=True, slots=True, init=False)
class Text:
    """A text of the catalogue by its key, with what is to be filled in.

    A parameter may be a string, an int, a `Decimal` (an amount in euro), a
    `date`, a `Localised` of the round's file, another `Text`, or a tuple of
    those (joined as a list of lines). The catalogue formats each by language.
    The parameter `in_language` says the text in that language, whatever the
    person's own: how languages greet before one is chosen.
    """

    key: str
    params: Mapping[str, Param]

    def __init__(self, key: str, /, **params: Param) -> None:
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "params", params)


class Counted(Text):
    """A text with plural forms, chosen by the parameter `n`."""

    def __init__(self, key: str, n: int, /, **params: Param) -> None:
        Text.__init__(self, key, n=n, **params)


Param = str | int | Decimal | date | Localised | Text | tuple["Param", ...]
Label = Text | Localised | str


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible answer. The id is its identity, the label only what people see.

    `means` names the set of everyday words that also mean it ("yes", "no",
    "skip", "unknown", ...: the lexicon's keys), for what people type instead.
    `key` is the number that answers it when that is not its place, such as a plan's own; where
    one choice of a question has a key, the others have no number. With `short` the label stands
    in the text, and only the short one on a button.
    """

    id: str
    label: Label
    means: str = ""
    key: str = ""
    short: Label | None = None


AnswerKind = Literal["choice", "text", "voice", "photo", "location", "number"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person answered, understood.

    Only the fields of its `kind` are set: `choice` (a choice's id), `text` (typed,
    or a transcript), `amount` in euro for "number", `location` as (lat, lng),
    `media` the row id of a stored recording or photo, `verdict` the transcriber's.
    """

    kind: AnswerKind
    choice: str = ""
    text: str = ""
    amount: Decimal | None = None
    location: tuple[float, float] | None = None
    media: int | None = None
    verdict: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command: `ok`, or not with `data["reason"]`."""

    ok: bool
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """Something to be done outside the dialogue; `bot.actions` has one function for each name."""

    name: str
    args: Mapping[str, Any] = field(default_factory=dict)


# All that a channel may carry: from the person, and "sound" to them when they ask for it.
WAYS = frozenset({"text", "voice", "photo", "location", "sound"})


@dataclass(frozen=True, slots=True)
class World:
    """What flows may know of the world at one moment, handed in with the event.

    `round` is None when no round is loaded. `today` is the date in Amsterdam and
    `round_day` the day that the round's phase is judged by: the same, unless a
    coordinator has set the phase by hand. `knows_number` says that the channel itself tells the
    person's phone number, `ways` which of `WAYS` it carries: nobody is asked for what they
    cannot send.
    `languages` are those of the round, with the name each has for itself. `papers` are the
    plans that can be voted for, by area; empty until they are known.
    """

    round: Round | None
    today: date
    round_day: date
    channel: str = "simulator"
    knows_number: bool = False
    ways: frozenset[str] = WAYS
    languages: Mapping[str, str] = field(default_factory=lambda: {"nl": "Nederlands"})
    papers: Mapping[str, Paper] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a state may look at. `answers` are JSON values kept in the session."""

    answers: Mapping[str, Any]
    world: World
    language: str = ""
    sound: bool = False
    notify: bool = True
    consent: bool = False


@dataclass(frozen=True, slots=True)
class Go:
    """Where an answer leads: a state (`"theme"` in this flow or `"menu.menu"`).

    `keep` is merged into the answers (None removes), `say` stands before the
    next question in the same message, and `settings` changes the person's own
    settings (`language`, `sound`, `notify`, `consent`). `missed` counts this
    answer as not understood.
    """

    state: str
    keep: Mapping[str, Any] = field(default_factory=dict)
    say: tuple[Text, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    missed: bool = False
    fresh: bool = False


Then = Callable[[Scene, Answer], Go]


@dataclass(frozen=True, slots=True)
class Ask:
    """An open question.

    `accepts` are the kinds of answer taken besides the choices. `easier` is how
    it is asked after a second miss. `back` is where *back* leads, when that is not
    the question before.
    """

    text: Text
    then: Then
    accepts: tuple[AnswerKind, ...] = ("text", "voice")
    choices: tuple[Choice, ...] = ()
    easier: Text | None = None
    back: Go | None = None


@dataclass(frozen=True, slots=True)
class Choose:
    """A question with a few answers; a voice note counts when it is surely one of them.

    `by_hand`: a yes or a no has weight here, and no voice note decides it.
    """

    text: Text
    choices: tuple[Choice, ...]
    then: Then
    easier: Text | None = None
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Do:
    """Something to be done before the dialogue goes on with its outcome."""

    command: Command
    then: Callable[[Scene, Outcome], Go]


@dataclass(frozen=True, slots=True)
class End:
    """The dialogue rests after this text; the next message starts at the menu."""

    text: Text


Prompt = Ask | Choose | Do | End
State = Callable[[Scene], Prompt]


# What a voice note never decides: it may be misheard, and these cannot all be taken back.
BY_HAND = frozenset({"send", "withdraw", "forget", "cast"})


def choices_of(prompt: Prompt) -> tuple[Choice, ...]:
    return prompt.choices if isinstance(prompt, Ask | Choose) else ()


def accepts(prompt: Prompt, kind: AnswerKind) -> bool:
    return isinstance(prompt, Ask) and kind in prompt.accepts


def listens(prompt: Prompt, kind: AnswerKind) -> bool:
    """Whether a voice note or photo can be an answer, if only one of the choices said aloud."""
    by_voice = kind == "voice" and any(not by_hand(prompt, c) for c in choices_of(prompt))
    return accepts(prompt, kind) or by_voice


def by_hand(prompt: Prompt, choice: Choice) -> bool:
    """Whether this choice counts only when it is tapped or typed."""
    weighs = isinstance(prompt, Choose) and prompt.by_hand and choice.means in ("yes", "no")
    return weighs or choice.means in BY_HAND
