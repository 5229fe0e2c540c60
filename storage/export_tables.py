"""The tables of what left: exports that were made, plans that OpenStad has, counts published.

What was exported is in the files themselves; here is only what they are called, how large they
are, and how it went.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from storage.tables import Id, _id, _int, _ms, _text, _to, metadata

# One row a week and round, and one for each that was asked for by hand.
exports_made = Table(
    "exports_made",
    metadata,
    _id(),
    _to("round_id", "rounds.id", null=False),
    _text("week", null=True),  # 2026-W25; null: asked for by hand
    Column("asked_by", Id, nullable=True),  # who in the console
    _ms("since", null=True),  # of the part with what changed; null: there is none
    _ms("until", null=True),  # as the round was then; null: not begun
    _text("state"),  # wanted | running | done | failed
    _text("reason"),  # why it failed: a code, never a text from outside
    _int("attempts"),
    _ms("due_at"),  # when it is to be looked at again
    _text("folder"),  # below the destination
    _text("files"),  # JSON: [{"name", "bytes", "sha256"}]
    _text("counts"),  # JSON: {"plans": 57, ...}
    _ms("created_at"),
    _ms("failed_at", null=True),  # the first time; null: it has not, or is done by now
    _ms("done_at", null=True),
    _ms("told_at", null=True),  # the mail to the coordinators
    UniqueConstraint("round_id", "week"),
    sqlite_autoincrement=True,
)
Index("ix_exports_made_state", exports_made.c.state, exports_made.c.due_at)

# Which resource at an OpenStad project is which plan, and what it was last told.
openstad_sent = Table(
    "openstad_sent",
    metadata,
    _to("plan_id", "plans.id", null=False),
    _text("project"),  # its URL with the project's number
    Column("remote_id", BigInteger, nullable=False),
    _text("sent"),  # JSON: a digest of each field as it was last told
    _ms("at"),
    UniqueConstraint("plan_id", "project"),
)

# What the count published; the ballots cannot be had in any other way, and must not.
published_files = Table(
    "published_files",
    metadata,
    Column("round_id", Id, ForeignKey("rounds.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    _ms("at"),
)

__all__ = ["exports_made", "openstad_sent", "published_files"]
