"""The table that tells whether all machines were given the same secrets."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from storage.tables import _text, metadata

fingerprints = Table(
    "fingerprints",
    metadata,
    Column("name", Text, primary_key=True),  # of the setting
    _text("value"),  # what only somebody who has the secret can make; the secret is not in it
)

__all__ = ["fingerprints"]
