"""All tables together, for migrations and for whoever has to look at every table."""

from __future__ import annotations

from storage import (
    console_tables,
    entered_tables,
    export_tables,
    life_tables,
    plan_work_tables,
    prompt_tables,
    takeover_tables,
    vote_tables,
)
from storage.tables import metadata

PARTS = (
    vote_tables,
    life_tables,
    console_tables,
    export_tables,
    entered_tables,
    takeover_tables,
    plan_work_tables,
    prompt_tables,
)

__all__ = ["PARTS", "metadata"]
