"""What became of messages that were sent: told by the provider's callbacks, or looked up.

A send whose answer was lost is never blindly repeated. A callback may settle it; else the
message is looked up, and only if the provider does not have it, it is sent again.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Protocol, runtime_checkable

from sqlalchemy import Connection

from bot.channels.port import ChannelError, Policy, Port
from bot.messages import Outbound
from runtime.routing import read
from runtime.sender import Sender, leave_alone
from storage import routing
from storage.db import Database
from storage.routing import Row
from storage.times import from_ms, now_ms

log = logging.getLogger(__name__)

LOOK_AFTER = 180.0  # seconds: a callback comes within a few
KNOWN = 50  # of the last ids to an address, which cannot be the one we look for


@runtime_checkable
class Settles(Protocol):
    """A port that can look up whether its provider has a message."""

    async def settle(
        self, address: str, message: Outbound, since: datetime, known: Collection[str] = ()
    ) -> str | None:
        """The id of this message, taken at or after `since`; None if the provider has it not.

        `known` ids are those of other messages. Raises `ChannelError` when it cannot tell.
        """


class Deliveries:
    """Settles what was sent through `ports`, by the names of their channels."""

    def __init__(
        self,
        db: Database,
        sender: Sender,
        ports: Mapping[str, Port],
        look_after: float = LOOK_AFTER,
        most: int = 50,
    ) -> None:
        self._db = db
        self._sender = sender
        self._ports: dict[str, Any] = {n: p for n, p in ports.items() if isinstance(p, Settles)}
        self._look_after = look_after
        self._most = most

    def failed(
        self, conn: Connection, channel: str, provider_id: str, address: str, error: ChannelError
    ) -> None:
        """What follows when the provider says that a message it took did not arrive.

        Within the callback's transaction, after `outbox.status`. May come twice.
        """
        row = routing.by_provider(conn, channel, provider_id)
        if row is not None and row.state == "failed":
            self._sender.told(conn, row, error)
        elif row is None and error.policy is Policy.INACTIVE:
            leave_alone(conn, None, channel, address, error.code)

    async def settle(self) -> None:
        """Looks up what nobody told us of. Run it under the lease."""
        before = now_ms() - round(self._look_after * 1000)
        find = partial(
            routing.unknowns, channels=list(self._ports), before_ms=before, limit=self._most
        )
        rows = await self._db.aread(find) if self._ports else []
        for row in rows:
            await self._look_up(row)

    async def _look_up(self, row: Row) -> None:
        message = read(row.body)
        if message is None:
            return
        last = partial(routing.last_sent, channel=row.channel, address=row.address, most=KNOWN)
        known = [id_ for id_, _ in await self._db.aread(last)]
        try:
            port: Settles = self._ports[row.channel]
            id_ = await port.settle(row.address, message, from_ms(row.created_at), known)
        except Exception as error:
            log.warning("%s: a message could not be looked up: %s", row.channel, _name(error))
            await self._db.run(partial(routing.looked_up, row_id=row.id, now_ms=now_ms()))
            return
        await self._db.run(partial(self._settled, row, id_))

    def _settled(self, row: Row, id_: str | None, conn: Connection) -> None:
        if id_ and routing.on_its_way(conn, row.channel, row.address):
            # What was found may be the same words again, whose id is not stored yet.
            routing.looked_up(conn, row.id, now_ms())
        elif id_ is not None:
            routing.found(conn, row.id, id_, now_ms())
        else:
            self._sender.told(conn, row, ChannelError(Policy.RETRY, "not_taken"))


def _name(error: Exception) -> str:
    return error.code if isinstance(error, ChannelError) else type(error).__name__
