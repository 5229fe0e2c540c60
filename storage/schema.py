"""All tables together, for migrations and for whoever has to look at every table."""

from __future__ import annotations

from storage import vote_tables
from storage.tables import metadata

PARTS = (vote_tables,)

__all__ = ["PARTS", "metadata"]
