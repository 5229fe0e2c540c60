"""People who answer residents in the bot's place: they take over, write, and hand back.

Each is one transaction: the row in `takeovers`, what the resident is told, what is said next.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection

from bot.conversation import Conversation
from bot.prompts import Param, Text
from bot.session import Session, votes
from runtime import policy
from runtime.lease import Lease, every
from storage import hot, takeovers
from storage.db import Database
from storage.times import now_ms

log = logging.getLogger(__name__)

LAPSES_AFTER = timedelta(hours=24)  # without a word of theirs: nobody talks to an empty chair
EVERY = 300.0  # seconds


class Desk:
    """What coordinators do in a conversation. All but `lapse` are given a connection."""

    def __init__(
        self, db: Database, conversation: Conversation, clock: Callable[[], int] = now_ms
    ) -> None:
        self._db = db
        self._conversation = conversation
        self._clock = clock

    def begin(
        self, conn: Connection, person_id: int, user_id: int, name: str, instead_of: int | None
    ) -> bool:
        """The bot is silent for this person, who hears that `name` reads along ("": the team).

        False when somebody else was first: see `storage.takeovers.begin`.
        """
        loaded = hot.load(conn, person_id)
        if loaded is None or not takeovers.begin(
            conn, person_id, user_id, name, instead_of, self._clock()
        ):
            return False
        lines = [Text("takeover.begins", name=_name(name))]
        if votes(Session.from_json(loaded.session_json)):
            lines.append(Text("takeover.vote"))
        return self._conversation.tell(conn, person_id, lines)

    def write(self, conn: Connection, person_id: int, user_id: int, words: str) -> bool:
        """Sends the words of who has this person; False when this user has not (any more)."""
        mine = takeovers.touch(conn, person_id, user_id, self._clock())
        if mine is None:
            return False
        said = Text("takeover.words", name=_name(mine.name), words=words)
        return self._conversation.tell(conn, person_id, [said])

    def end(self, conn: Connection, person_id: int) -> bool:
        """The bot answers again, and asks again what it had asked; False if it does already."""
        hot.load(conn, person_id)  # locked: what they write meanwhile has its turn before or after
        if not takeovers.end(conn, person_id):
            return False
        self._conversation.tell(conn, person_id, [Text("takeover.ends")])
        if not self._conversation.ask_again(conn, person_id):
            self._conversation.tell(conn, person_id, [Text("takeover.menu")])
        return True

    def is_closed(self, channel: str, last_in_at: int | None) -> bool:
        """Whether this channel takes no free text now to somebody who last wrote then."""
        return policy.is_closed(channel, last_in_at, self._clock())

    def schedule(self, scheduler: AsyncIOScheduler, lease: Lease) -> None:
        """Has `lapse` run every few minutes, by whoever holds the lease."""
        every(scheduler, EVERY, lease, "takeovers", self.lapse)

    async def lapse(self) -> None:
        """Hands back whom no coordinator wrote to for a day."""
        before = self._clock() - round(LAPSES_AFTER.total_seconds() * 1000)
        for person_id in await self._db.aread(partial(takeovers.untouched, before_ms=before)):
            await self._db.run(partial(self.end, person_id=person_id))
            log.info("a conversation went back to the bot")


def _name(name: str) -> Param:
    return name or Text("takeover.team")
