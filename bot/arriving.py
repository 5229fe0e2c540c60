"""A message while it is taken in: what is kept of it is decided when we know whose it is."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection

from bot.keeping import Keeping, Kept
from bot.messages import Inbound
from bot.scope import Cast
from bot.secrecy import is_secret
from bot.session import Session
from bot.turn import Turn
from storage import hot

_FRESH = Kept(Session())


class Arriving:
    """One message on its way into the inbox."""

    def __init__(self, keeping: Keeping, inbound: Inbound, now: datetime) -> None:
        self._keeping = keeping
        self._inbound = inbound
        self._now = now
        self._json = json.dumps(inbound.to_json(), ensure_ascii=False)
        self.kept = _FRESH

    def body(self, session_json: str) -> str:
        """What the inbox may keep of it, given its person's session."""
        kept = self._keeping.read(session_json, self._now)
        if not kept.secret and is_secret(kept.session, self._inbound):
            kept = Kept(kept.session, True)
        self.kept = kept
        return "" if kept.secret or not self._inbound.private else self._json

    def turn(self, conn: Connection, arrival: hot.Arrival, cast: Cast | None) -> Turn:
        who = arrival.person_id, arrival.channel, arrival.address, arrival.inbox_id
        return Turn(conn, self._now, *who, self._json, self.kept.secret, cast, arrival.taken_over)
