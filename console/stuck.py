"""What the console needs of work that was given up: see `runtime.jobs`."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection

from storage.jobs import Dead


class Stuck(Protocol):
    """Jobs that failed too often; each act is part of a transaction."""

    def dead(self, conn: Connection, most: int) -> list[Dead]:
        """The jobs that were put aside, the latest first, at most so many."""

    def revive(self, conn: Connection, id: int) -> bool:
        """Has one of them run again; False when it is gone."""

    def bury(self, conn: Connection, id: int) -> bool:
        """Removes one of them for good; False when it is gone."""


class Nothing:
    """Where no work is done."""

    def dead(self, conn: Connection, most: int) -> list[Dead]:
        return []

    def revive(self, conn: Connection, id: int) -> bool:
        return False

    def bury(self, conn: Connection, id: int) -> bool:
        return False
