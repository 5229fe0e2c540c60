"""The tables of people answering in the bot's place, and of calls to who asked for one.

No note about anybody: who has them since when, and whether they picked up.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table

from storage.tables import Id, _id, _ms, _text, _to, metadata

# A row: the bot is silent for this person, and a coordinator answers.
takeovers = Table(
    "takeovers",
    metadata,
    Column("person_id", Id, ForeignKey("people.id"), primary_key=True, autoincrement=False),
    _to("user_id", "console_users.id", null=False),
    _text("name"),  # under which they write; "" is the team
    _ms("since"),
    _ms("touched_at"),  # when a coordinator last did something here
)
Index("ix_takeovers_touched_at", takeovers.c.touched_at)

help_calls = Table(
    "help_calls",
    metadata,
    _id(),
    _to("request_id", "help_requests.id", null=False),
    _text("outcome"),  # called | not_reached
    _ms("at"),
)
Index("ix_help_calls_request_id", help_calls.c.request_id)

__all__ = ["help_calls", "takeovers"]
