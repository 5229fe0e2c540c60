"""`election settle`: people decided about a tie that the count found."""

from __future__ import annotations

from sqlalchemy import Connection

from runtime.election.opening import active_round
from storage import chain, ties
from storage.db import Database
from storage.times import now_ms


def settle(db: Database, area: str, order: str, reason: str) -> int:
    """Records the order, such as "12,7". Raises ValueError unless the last count found this tie."""
    active = active_round(db)
    try:
        numbers = [int(number) for number in order.split(",")]
    except ValueError:
        raise ValueError("--order: write numbers of plans, such as 12,7") from None
    if not reason.strip():
        raise ValueError("--reason: say how it was decided; it is published")
    db.call(lambda conn: _settle(conn, active.id, area, numbers, reason.strip()))
    print(f"{area}: recorded. Count again: buurtstem election count")
    return 0


def _settle(conn: Connection, round_id: int, area: str, order: list[int], reason: str) -> None:
    if sorted(order) not in _open_ties(conn, round_id, area):
        raise ValueError(f"--order: the last count found no such tie in {area}")
    ties.settle(conn, round_id, area, order, reason, now_ms())


def _open_ties(conn: Connection, round_id: int, area: str) -> list[list[int]]:
    """The ties of the last count, each in the order of the numbers."""
    counts = [link for link in chain.links(conn, round_id) if link.kind == "counted"]
    found = counts[-1].facts["ties"].get(area, []) if counts else []
    return [sorted(tie) for tie in found]
