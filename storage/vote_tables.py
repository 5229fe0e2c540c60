"""The tables of the vote.

Secrecy (design, section 8): no row has a person and a pass, and an envelope has neither a time
nor a number. Checks and counts by person, at the end, hold nothing of a code or a choice.
On SQLite the rows are kept in the order of their credentials, which are as good as random; on
PostgreSQL `storage.envelopes.mix` puts them in a new order.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, Text, UniqueConstraint

from storage.tables import Id, _bool, _id, _int, _ms, _text, _to, metadata

# One issue of passes. How ballots came in is known of the whole batch only.
stempas_batches = Table(
    "stempas_batches",
    metadata,
    _id(),
    _to("round_id", "rounds.id", null=False),
    _text("area"),
    _text("kind"),  # resident | entrepreneur | replacement
    _text("channel"),  # internet | paper
    _int("count"),
    _int("digits"),  # of the codes, with their two check digits
    _ms("issued_at"),
    sqlite_autoincrement=True,
)

# Only the HMAC of a code is known; the key to it is not in the database.
stempassen = Table(
    "stempassen",
    metadata,
    Column("round_id", Id, ForeignKey("rounds.id"), primary_key=True),
    Column("credential", Text, primary_key=True),
    _to("batch_id", "stempas_batches.id", null=False),
    _bool("voided"),
    sqlite_with_rowid=False,
)

# What has been cast and can be replaced until the vote closes. All boxes have the same length.
envelopes = Table(
    "envelopes",
    metadata,
    Column("round_id", Id, ForeignKey("rounds.id"), primary_key=True),
    Column("credential", Text, primary_key=True),
    Column("box", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# How many passes were used for the first time, by day, which is as fine as anybody may know.
turnout = Table(
    "turnout",
    metadata,
    Column("round_id", Id, ForeignKey("rounds.id"), primary_key=True),
    Column("area", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    _int("count"),
    sqlite_with_rowid=False,
)

elections = Table(
    "elections",
    metadata,
    Column("round_id", Id, ForeignKey("rounds.id"), primary_key=True, autoincrement=False),
    _text("public_key"),  # hex
    _int("trustees"),
    _int("threshold"),
    _text("state"),  # open | closed | counted
)

# Append-only: a trigger forbids anything else.
chain = Table(
    "chain",
    metadata,
    Column("round_id", Id, ForeignKey("rounds.id"), primary_key=True),
    Column("seq", Id, primary_key=True, autoincrement=False),
    _ms("at"),
    _text("kind"),
    _text("facts"),  # JSON
    _text("previous"),
    _text("hash"),
)

# Checks of codes, right and wrong alike, so that both take as long. No code is in it; the right
# ones go soon (see storage.attempts).
code_checks = Table(
    "code_checks",
    metadata,
    _id(),
    _to("round_id", "rounds.id", null=False),
    _to("person_id", "people.id", null=False),
    _bool("wrong"),
    _ms("at"),
)
Index("ix_code_checks_person_id", code_checks.c.person_id, code_checks.c.at)
Index("ix_code_checks_round_id", code_checks.c.round_id, code_checks.c.wrong, code_checks.c.at)

# How many different passes were used from one phone: to flag many, never to tell which.
passes_used = Table(
    "passes_used",
    metadata,
    Column("round_id", Id, ForeignKey("rounds.id"), primary_key=True),
    Column("person_id", Id, ForeignKey("people.id"), primary_key=True),
    _int("count"),
)

# A tie that people settled: which plans, in which order they come.
tie_decisions = Table(
    "tie_decisions",
    metadata,
    _id(),
    _to("round_id", "rounds.id", null=False),
    _text("area"),
    _text("numbers"),  # JSON: the order that was decided
    _text("reason"),
    UniqueConstraint("round_id", "area", "numbers"),
)
