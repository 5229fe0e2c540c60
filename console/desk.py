"""What the console needs to let somebody answer in the bot's place: see `runtime.desk`."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection


class Desk(Protocol):
    """Each is part of a transaction; what it has said to the resident is on its way with it."""

    def begin(
        self, conn: Connection, person_id: int, user_id: int, name: str, instead_of: int | None
    ) -> bool:
        """This user answers from now on; False when somebody else was first.

        `name` is told to the resident, "" is the team. `instead_of`: from whom it is taken.
        """

    def write(self, conn: Connection, person_id: int, user_id: int, words: str) -> bool:
        """Sends these words; False when this user does not have the conversation."""

    def end(self, conn: Connection, person_id: int) -> bool:
        """The bot answers again; False if it did already."""

    def is_closed(self, channel: str, last_in_at: int | None) -> bool:
        """Whether this channel takes no free text now to somebody who last wrote then."""
