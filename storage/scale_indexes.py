"""Indexes without which the sweep and the console would read whole tables of a large round."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, Index

from storage.conditions import is_forgotten, is_sending, is_shown
from storage.tables import outbox, people, plans


def _partial(name: str, column: Column[Any], where: ColumnElement[bool]) -> None:
    Index(name, column, sqlite_where=where, postgresql_where=where)


_partial("ix_outbox_sending", outbox.c.due_at, is_sending(outbox))
# These stay empty where there is no simulator: see `outbox.blank_shown`.
_partial("ix_outbox_shown", outbox.c.person_id, is_shown(outbox))
_partial("ix_outbox_shown_secret", outbox.c.created_at, is_shown(outbox) & outbox.c.secret)
_partial("ix_people_forgotten", people.c.id, is_forgotten(people))
Index("ix_plans_status", plans.c.round_id, plans.c.status, plans.c.number)
