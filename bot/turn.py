"""One act of one person, in one transaction: what all who have a part in it are handed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, Self

from sqlalchemy import Connection

from bot.messages import Outbound, Reply
from bot.scope import Cast
from storage.times import to_ms


class Render(Protocol):
    def __call__(
        self, reply: Reply, language: str, channel: str, address: str, *, sound: bool
    ) -> Sequence[Outbound]: ...


class Enqueue(Protocol):
    def __call__(
        self, conn: Connection, task: str, ref: int, key: str, at: int | None = None, /
    ) -> None: ...


Erase = Callable[[Sequence[str]], None]


@dataclass(slots=True)
class Turn:
    """Whose turn it is, in which transaction and when, and where the answer goes.

    inbox_id: the message that is handled, 0 for none. body: its JSON. secret: nothing of it, and
    nothing of the answer, may be kept in clear. cast: the envelope that was put into the box for
    this turn (see `bot.voting.Uncast`). taken_over: a person answers, not the bot.
    """

    conn: Connection
    now: datetime
    person_id: int
    channel: str
    address: str
    inbox_id: int = 0
    body: str = ""
    secret: bool = False
    cast: Cast | None = None
    taken_over: bool = False

    @property
    def now_ms(self) -> int:
        return to_ms(self.now)

    def with_(self, **changes: object) -> Self:
        return replace(self, **changes)  # type: ignore[arg-type]
