"""Takes the decisions of `runtime.policy` for outbox rows, and writes them into the rows.

So whatever happens to a message, its row says where it is and why.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import replace

from sqlalchemy import Connection

from bot.channels.limits import LIMITS
from bot.messages import Channel, Outbound
from runtime import observing
from runtime.policy import CLOSED, UNAPPROVED, Decision, Route, decide, is_closed
from storage import people
from storage import routing as rows
from storage.outbox import Unsent
from storage.times import now_ms


class Routing:
    """`channels` are those that can send, `clock` gives the time to decide by (UTC ms)."""

    def __init__(self, channels: Collection[str], clock: Callable[[], int] = now_ms) -> None:
        self._channels = channels
        self._clock = clock

    def passes(self, conn: Connection, row: Unsent) -> bool:
        """Whether this queued row may go as it stands; else it was put aside or sent elsewhere."""
        decision = self.decision(conn, row)
        observing.routed(row.channel, decision.route)
        if decision.route in (Route.FREE, Route.TEMPLATE):
            return True
        if decision.route is Route.LATER:
            rows.postpone(conn, row.id, decision.until or 0, decision.reason)
        elif decision.route is Route.SMS:
            self._as_sms(conn, row, decision.reason)
        else:
            rows.wait(conn, row.id, decision.reason)
        return False

    def decision(self, conn: Connection, row: Unsent) -> Decision:
        """The way for this row. Asks the database only when the window is closed."""
        now = self._clock()
        if not _is_shut(row, now):
            return decide(row.kind, row.channel, _last_in_at(row), now, False, False)
        message = read(row.body)
        templates = row.channel != Channel.PHONE and row.reason not in UNAPPROVED
        has_template = bool(message and message.template) and templates
        sms = not has_template and message is not None and self._sms(conn, row, message)
        return decide(row.kind, row.channel, None, now, has_template, bool(sms))

    def as_sent(self, row: Unsent, message: Outbound) -> Outbound:
        """The message as it goes: its template stands in for the text only when it must."""
        return message if _is_shut(row, self._clock()) else replace(message, template=None)

    def _sms(self, conn: Connection, row: Unsent, message: Outbound) -> str | None:
        """The number to write to instead, when it was allowed and the message suits it."""
        if Channel.SMS not in self._channels or row.channel == Channel.SMS or row.secret:
            return None
        return people.sms_number(conn, row.person_id) if _suits_sms(message) else None

    def _as_sms(self, conn: Connection, row: Unsent, reason: str) -> None:
        message = read(row.body)
        number = people.sms_number(conn, row.person_id)
        if message is None or number is None:
            rows.wait(conn, row.id, reason)
            return
        plain = Outbound(_plain(message), direction=message.direction)
        body = json.dumps(plain.to_json(), ensure_ascii=False)
        rows.reroute(conn, row.id, Channel.SMS, number, body, reason)


def read(body: str) -> Outbound | None:
    """The message of a row; None when it cannot be read."""
    try:
        return Outbound.from_json(json.loads(body))
    except (ValueError, TypeError, KeyError):
        return None


def _is_shut(row: Unsent, now: int) -> bool:
    told = row.reason in CLOSED or row.reason in UNAPPROVED
    return told or is_closed(row.channel, _last_in_at(row), now)


def _last_in_at(row: Unsent) -> int | None:
    """When they last wrote. A reply answers something, also when the address is forgotten."""
    return row.created_at if row.last_in_at is None and row.kind == "reply" else row.last_in_at


def _suits_sms(message: Outbound) -> bool:
    """Not what is to be tapped or heard, nor what a single text message cannot hold."""
    limits = LIMITS[Channel.SMS]
    said = _plain(message)
    return bool(said.strip()) and not message.buttons and limits.measure(said) <= limits.text


def _plain(message: Outbound) -> str:
    return LIMITS[Channel.SMS].plainer(message.text)
