"""A phone call as values: what the caller did, and the turn that follows. No provider's words.

A call is a row of turns. Each plays sounds and then listens: for keys, for a voice after a beep,
for nothing (while a recording is being understood), or not at all any more. The keys are the same
everywhere: the numbers that are spoken, `*` goes back, `#` says it again (or ends a number), and
`0` is the menu where it is no answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

from bot.messages import Channel, Inbound, Media, Sound

Did = Literal["begin", "keys", "voice", "silence", "wait"]
Way = Literal["keys", "voice", "wait", "end"]

BACK, AGAIN, MENU = "*", "#", "0"
WORDS = {BACK: "back", MENU: "menu"}  # keywords that the dialogue knows in every language
GREETING = "hello"  # has the question asked (again)
LONGEST = 180  # seconds of one recording
LONGEST_KEYS = 40  # digits


@dataclass(frozen=True, slots=True)
class Act:
    """What a caller did, or did not do.

    `call` is the provider's id of the call, `n` the turn that this answers (0: the call began),
    `address` who calls, `digits` the keys that were pressed (those that end a number are not
    among them, unless there was nothing else), `media` a recording, `times` how often in a row
    there was nothing.
    """

    call: str
    address: str
    n: int = 0
    did: Did = "begin"
    digits: str = ""
    media: Media | None = None
    times: int = 0

    @property
    def is_hidden(self) -> bool:
        """Whether the number is withheld: then this is somebody for this call only."""
        return self.address == hidden(self.call)

    @property
    def id(self) -> str:
        """The same act has the same id, however often a provider tells it."""
        return f"{self.call}.{self.n}"

    def says(self, text: str, mark: str = "") -> Inbound:
        return Inbound(self.id + mark, Channel.PHONE, self.address, text=text)

    def speaks(self) -> Inbound:
        media = (self.media,) if self.media else ()
        return Inbound(self.id, Channel.PHONE, self.address, media=media)


def hidden(call: str) -> str:
    """The address of somebody whose number is withheld."""
    return f"call:{call}"


@dataclass(frozen=True, slots=True)
class Turn:
    """What is played, and what is listened for after it.

    `most` is how many keys come at most, 0 for any number up to a `#`; `pause` (seconds) how long
    silence may last. `keys` are those that answer, `extras` those that this channel itself
    offers: "speak", "sms". `told` are the hints that this call has had. `times` counts how often
    the caller was silent, or had to wait, in this turn. `strict`: a key that is no answer must not
    be taken for words. `language` is that of the caller, for what this channel says itself.
    """

    n: int
    plays: tuple[Sound, ...]
    way: Way
    most: int = 0
    pause: int = 8
    keys: frozenset[str] = frozenset()
    extras: Mapping[str, str] = field(default_factory=dict)
    told: frozenset[str] = frozenset()
    times: int = 0
    strict: bool = False
    language: str = "nl"

    def again(self, times: int = 0) -> Self:
        return replace(self, times=times)

    def to_json(self) -> str:
        plays = [sound.to_json() for sound in self.plays]
        return json.dumps({**asdict(self), "plays": plays}, default=sorted, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        data: dict[str, Any] = json.loads(text)
        plays = tuple(map(Sound.from_json, data["plays"]))
        sets = {name: frozenset(data[name]) for name in ("keys", "told")}
        return cls(**{**data, **sets, "plays": plays})


def word_of(digits: str, keys: frozenset[str]) -> str:
    """What pressing these keys says to the dialogue."""
    if BACK in digits:
        return WORDS[BACK]
    if digits == MENU and MENU not in keys:
        return WORDS[MENU]
    return digits
