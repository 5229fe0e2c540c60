"""All tables together, for migrations and for whoever has to look at every table."""

from __future__ import annotations

from storage import (
    call_tables,
    console_tables,
    entered_tables,
    export_tables,
    fingerprint_tables,
    life_tables,
    plan_work_tables,
    prompt_tables,
    retention_tables,
    scale_indexes,
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
    fingerprint_tables,
    takeover_tables,
    plan_work_tables,
    prompt_tables,
    call_tables,
    retention_tables,
    scale_indexes,
)

__all__ = ["PARTS", "metadata"]
