"""The table of phone calls that are under way.

Nothing in a row tells whose call it is, and what is kept of it is sealed; see `storage.calls`.
"""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from storage.tables import _int, _ms, _text, metadata

calls = Table(
    "calls",
    metadata,
    Column("sid", Text, primary_key=True),  # the provider's id of the call
    _int("n"),  # how many turns the call has had
    _text("kept"),  # the last of them, sealed; "" once the call is over
    _ms("at"),
)

__all__ = ["calls"]
