"""Deletes messages that held a code where their provider keeps them, as far as it lets us."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial

from bot.channels.port import ChannelError, Policy, Port
from storage import hot
from storage.db import Database

log = logging.getLogger(__name__)

TASK = "remove"


class Removal:
    """`remove(inbox_id)` is the job's handler: it raises while trying again may help."""

    def __init__(self, db: Database, ports: Mapping[str, Port]) -> None:
        self._db = db
        self._ports = ports

    async def remove(self, inbox_id: int) -> None:
        """Deletes one message; one that is gone, or whose person is forgotten, is left alone."""
        found = await self._db.aread(partial(hot.origin, inbox_id=inbox_id))
        port = self._ports.get(found.channel) if found else None
        if found is None or port is None:
            return
        try:
            await port.delete(found.address, found.provider_id)
        except ChannelError as error:
            if error.policy in (Policy.RETRY, Policy.UNKNOWN):
                raise
            log.warning("%s: a message could not be deleted: %s", found.channel, error)
