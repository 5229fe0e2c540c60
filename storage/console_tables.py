"""The tables of the coordinators' console: who may sign in, who did, and what they looked at.

Nothing here is a secret by itself: passwords are argon2 hashes, session tokens and recovery codes
hashes, and the key of a second factor is made from `totp_salt` and the application's own key. An
address or a name that was tried at sign-in is kept only as a keyed hash.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, UniqueConstraint

from storage.conditions import is_failed
from storage.tables import Id, _bool, _id, _index, _ms, _text, _to, metadata, outbox

console_users = Table(
    "console_users",
    metadata,
    _id(),
    _text("name"),  # what they sign in with; lower case
    _text("role"),  # coordinator | assessor | committee | auditor
    _text("password", null=True),  # argon2; null: only by the municipality's own sign-in
    _bool("must_change"),  # the password was made by somebody else
    _text("totp_salt", null=True),  # null: no second factor yet
    _ms("totp_step", null=True),  # the last code that was used, by number: none works twice
    _text("subject", null=True),  # "issuer subject" of the municipality's sign-in
    _text("language"),
    _bool("demo"),
    _bool("active"),
    _ms("created_at"),
    UniqueConstraint("name"),
    UniqueConstraint("subject"),
    sqlite_autoincrement=True,
)

console_recovery = Table(
    "console_recovery",
    metadata,
    _id(),
    _to("user_id", "console_users.id", null=False),
    _text("hash"),
    UniqueConstraint("user_id", "hash"),
)

console_sessions = Table(
    "console_sessions",
    metadata,
    _id(),
    _text("hash"),  # of the token in the cookie
    _to("user_id", "console_users.id", null=False),
    _bool("complete"),  # false: the password was right, more is asked
    _text("browser"),  # a word for the list of sessions: Firefox
    _ms("created_at"),
    _ms("seen_at"),  # to the minute
    UniqueConstraint("hash"),
    sqlite_autoincrement=True,
)
Index("ix_console_sessions_user_id", console_sessions.c.user_id)

# One row for each attempt to sign in and each key that it counts for.
console_attempts = Table(
    "console_attempts",
    metadata,
    _id(),
    _text("key"),
    _ms("at"),
)
Index("ix_console_attempts_key", console_attempts.c.key, console_attempts.c.at)
Index("ix_console_attempts_at", console_attempts.c.at)

# Who saw or changed what. `ref` is a row's id; what was in the row is not here.
console_audit = Table(
    "console_audit",
    metadata,
    _id(),
    _ms("at"),
    Column("user_id", Id, nullable=True),  # null: at the command line
    _text("kind"),
    Column("ref", BigInteger, nullable=True),
    sqlite_autoincrement=True,
)
Index("ix_console_audit_user_id", console_audit.c.user_id, console_audit.c.id)
Index("ix_console_audit_kind", console_audit.c.kind, console_audit.c.id)

# What could not be delivered is a small part of a large table.
_index("ix_outbox_failed", outbox.c.id, where=is_failed(outbox))

__all__ = [
    "console_attempts",
    "console_audit",
    "console_recovery",
    "console_sessions",
    "console_users",
]
