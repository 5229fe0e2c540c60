"""A phone of the simulator: what is written on it, and what is on its screen after that."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import count

from bot.channels.simulator import parse
from bot.messages import Inbound, Media, Outbound

PATIENCE = 60.0  # seconds for an answer

Take = Callable[[Inbound], Awaitable[object]]

_MARKS = re.compile("[\u200e\u200f\u061c\u2066-\u2069]")
_NUMBERED = re.compile(r"^\s*(\d+)\.(?:\s|$)(.*)$", re.MULTILINE)
_NAME = re.compile(r"^\W*\w+ (\d+): ", re.MULTILINE)
_DIGITS = re.compile(r"\d+")
_TWO_POINTS = "نقطتان"


class NoAnswer(Exception):
    """Nothing came back."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What was said last: all messages, the last of which asks something."""

    messages: tuple[Outbound, ...]

    @property
    def question(self) -> str:
        """What is being asked: the name before the colon of the buttons' ids."""
        ids = self.messages[-1].buttons
        return ids[0].id.rpartition(":")[0] if ids else ""

    @property
    def text(self) -> str:
        """All that is to be read, without marks that cannot be seen."""
        return _MARKS.sub("", "\n".join(message.text for message in self.messages))

    @property
    def choices(self) -> Mapping[str, str]:
        """The labels of what can be tapped, by the part of the id behind the colon."""
        return {b.id.rpartition(":")[2]: b.label for b in self.messages[-1].buttons}

    @property
    def is_tapped(self) -> bool:
        """Whether this phone shows the choices as something to tap."""
        return self.messages[-1].style in ("buttons", "list")

    def number_of(self, choice: str) -> str:
        """What is to be typed for this choice: the number before it, "" when there is none."""
        shown, ids = self._lines()[1], list(self.choices)
        return shown[ids.index(choice)][0] if len(shown) == len(ids) else ""

    @property
    def plans(self) -> dict[int, int]:
        """The plans of a basket, each on a line of its own, with its points if those are given."""
        return {int(number): _points(line) for number, line in self._lines()[0]}

    @property
    def plan(self) -> int:
        """The number of the plan that is shown by itself; 0 when there is none."""
        found = _NAME.findall(self.text)
        return int(found[-1]) if found else 0

    def _lines(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """The numbered lines as (number, rest): of the text, and of the choices behind it."""
        found = _NUMBERED.findall(self.text)
        choices = 0 if self.is_tapped else len(self.messages[-1].buttons)
        at = max(len(found) - choices, 0)
        return found[:at], found[at:]


def _points(line: str) -> int:
    """What the last part of a line says: a number, or in Arabic the word for one or two points."""
    last = re.split(" [–-] ", line)[-1]
    found = _DIGITS.search(last)
    return int(found[0]) if found else 2 if _TWO_POINTS in last else 1


class Phone:
    """One phone. `look` is the channel whose limits it has. Use it for one message at a time."""

    def __init__(self, take: Take, name: str, look: str) -> None:
        self._take = take
        self._fields = {"as": name, "channel": look}
        self._heard: asyncio.Queue[Outbound] = asyncio.Queue()
        self.address = f"{look}:{name}"
        self.said = 0

    def hears(self, message: Outbound) -> None:
        """A message arrives."""
        self._heard.put_nowait(message)

    async def says(self, text: str, *, asks: bool = True) -> Screen:
        """Sends this text; what is on the screen after it. `asks`: whether that has choices."""
        return await self._send({"text": text}, asks=asks)

    async def taps(self, choice: str) -> Screen:
        """Taps the button with this id."""
        return await self._send({"choice": choice})

    async def _send(self, contents: Mapping[str, str], *, asks: bool = True) -> Screen:
        """The last message of an answer has something to choose, but for a goodbye."""
        self.said += 1
        await self._take(parse({**self._fields, **contents}))
        messages: list[Outbound] = []
        try:
            async with asyncio.timeout(PATIENCE):
                while not messages or (asks and not messages[-1].buttons):
                    messages.append(await self._heard.get())
        except TimeoutError:
            raise NoAnswer from None
        return Screen(tuple(messages))


class Phones:
    """All phones, as a channel: what is sent to one is on it at once, and kept nowhere else."""

    idempotent = True

    def __init__(self) -> None:
        self._by_address: dict[str, Phone] = {}
        self._ids = count(1)
        self.delivered = 0

    def add(self, phone: Phone) -> None:
        self._by_address[phone.address] = phone

    def put_away(self, phone: Phone) -> None:
        """Nobody looks at it any more."""
        self._by_address.pop(phone.address, None)

    async def send(self, address: str, message: Outbound, sound: bytes | None) -> str:
        self.delivered += 1
        if phone := self._by_address.get(address):
            phone.hears(message)
        return str(next(self._ids))

    async def fetch(self, media: Media, limit: int) -> bytes:
        raise NotImplementedError("nobody sends files here")

    async def release(self, media: Media) -> None:
        """Nothing is kept."""

    async def delete(self, address: str, provider_id: str) -> None:
        """Nothing is kept."""
