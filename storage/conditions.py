"""The states of rows as the partial indexes have them, word for word."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, literal_column

# A state written into the statement itself. SQLite uses a partial index only for a query that
# has the index's condition in it word for word, so queries take these from here.
QUEUED: ColumnElement[str] = literal_column("'queued'")
RUNNING: ColumnElement[str] = literal_column("'running'")
SENDING: ColumnElement[str] = literal_column("'sending'")
WAITING: ColumnElement[str] = literal_column("'waiting'")
UNKNOWN: ColumnElement[str] = literal_column("'unknown'")
TAKING: ColumnElement[str] = literal_column("'taking'")
DONE: ColumnElement[str] = literal_column("'done'")
DEAD: ColumnElement[str] = literal_column("'dead'")
FAILED: ColumnElement[str] = literal_column("'failed'")
OPEN: ColumnElement[str] = literal_column("'open'")
SUPPORT: ColumnElement[str] = literal_column("'support'")


def is_open(rows: FromClause) -> ColumnElement[bool]:
    """Inbox rows that are still held."""
    return rows.c.state != DONE


def is_done(rows: FromClause) -> ColumnElement[bool]:
    """Inbox rows that are not held (any more)."""
    return rows.c.state == DONE


# Not `state = 'waiting'`: with that, SQLite no longer sees that a row which is open is meant.
def is_waiting(rows: FromClause) -> ColumnElement[bool]:
    """Inbox rows whose turn has not come."""
    return is_open(rows) & (rows.c.state != TAKING)


def is_taking(rows: FromClause) -> ColumnElement[bool]:
    """Inbox rows that are being taken: fetched, transcribed."""
    return is_open(rows) & (rows.c.state != WAITING)


def is_unsent(rows: FromClause) -> ColumnElement[bool]:
    """Outbox rows that are still to be sent, or on their way."""
    return rows.c.state.in_([QUEUED, SENDING, WAITING])


def is_queued(rows: FromClause) -> ColumnElement[bool]:
    """Jobs or outbox rows that wait for their time."""
    return rows.c.state == QUEUED


def is_sending(rows: FromClause) -> ColumnElement[bool]:
    """Outbox rows that are on their way."""
    return rows.c.state == SENDING


def is_unknown(rows: FromClause) -> ColumnElement[bool]:
    """Outbox rows that may have been sent."""
    return rows.c.state == UNKNOWN


def is_running(rows: FromClause) -> ColumnElement[bool]:
    """Jobs that a worker has."""
    return rows.c.state == RUNNING


def is_failed(rows: FromClause) -> ColumnElement[bool]:
    """Outbox rows that will never arrive."""
    return rows.c.state == FAILED


def is_untold(rows: FromClause) -> ColumnElement[bool]:
    """News of a plan that somebody has not been told yet."""
    return rows.c.state == OPEN


def is_paper(rows: FromClause) -> ColumnElement[bool]:
    """Supports on paper that are nobody's (yet)."""
    return (rows.c.kind == SUPPORT) & rows.c.linked_at.is_(None)


def is_shown(rows: FromClause) -> ColumnElement[bool]:
    """Outbox rows of the simulator that still hold what was said."""
    return (rows.c.channel == literal_column("'simulator'")) & (rows.c.body != literal_column("''"))


def is_forgotten(rows: FromClause) -> ColumnElement[bool]:
    """People who asked to be forgotten."""
    return rows.c.state == literal_column("'forgotten'")
