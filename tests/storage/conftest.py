"""What the tests of the tables share: a resident who writes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from storage import hot
from storage.db import Database

NOW = 1_790_000_000_000

Write = Callable[..., hot.Arrival]


@pytest.fixture
def now() -> int:
    """A moment, in milliseconds."""
    return NOW


@pytest.fixture
def write(db: Database) -> Write:
    """Has somebody write one message; returns its arrival."""
    numbers = count(1)

    def _write(
        address: str = "anna",
        *,
        channel: str = "simulator",
        kind: str = "text",
        body: str = "{}",
        at: int = NOW,
    ) -> hot.Arrival:
        arrival = db.call(
            lambda conn: hot.arrive(
                conn,
                channel=channel,
                provider_id=f"m{next(numbers)}",
                address=address,
                hint="nl",
                kind=kind,
                body_json=body,
                now_ms=at,
            )
        )
        assert arrival
        return arrival

    return _write
