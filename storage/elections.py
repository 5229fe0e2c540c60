"""The election of a round: its public key, and whether it is open, closed or counted.

The private half of the key is nowhere here. Each step is told in the chain, in one transaction
with the step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from storage import chain
from storage.dialects import Either
from storage.vote_tables import elections


class State(StrEnum):
    """What an election is waiting for."""

    OPEN = "open"  # votes
    CLOSED = "closed"  # the count
    COUNTED = "counted"  # nothing; it may be counted again


@dataclass(frozen=True, slots=True)
class Election:
    """public_key: 32 bytes (X25519). `threshold` of `trustees` shares open the ballots."""

    public_key: bytes
    trustees: int
    threshold: int
    state: State


def opened(
    conn: Connection, round_id: int, public_key: str, trustees: int, threshold: int, now_ms: int
) -> None:
    """Opens the election with this key (hex). Raises ValueError when the round has one already:
    a key is never replaced."""
    row = {
        "round_id": round_id,
        "public_key": public_key,
        "trustees": trustees,
        "threshold": threshold,
        "state": State.OPEN.value,
    }
    if conn.execute(_OPEN.on(conn), row).first() is None:
        raise ValueError("this round has its election key already; it is never replaced")
    facts = {"public_key": public_key, "trustees": trustees, "threshold": threshold}
    chain.append(conn, round_id, "opened", facts, now_ms)


def of_round(conn: Connection, round_id: int) -> Election | None:
    """The election of this round; None before its key was made."""
    row = conn.execute(_OF_ROUND, {"round": round_id}).one_or_none()
    if row is None:
        return None
    key = bytes.fromhex(row.public_key)
    return Election(key, row.trustees, row.threshold, State(row.state))


def takes_votes(conn: Connection, round_id: int) -> bool:
    """Whether an envelope may be put in the box in this transaction.

    On PostgreSQL it holds off the closing until this transaction ends, so that no envelope slips
    in behind the count of the box.
    """
    return conn.execute(_TAKES_VOTES, {"round": round_id}).scalar() == State.OPEN


def close(conn: Connection, round_id: int) -> None:
    """Ends the vote and waits for those who are casting. Raises ValueError when it is not open."""
    _step(conn, round_id, (State.OPEN,), State.CLOSED)


def closed(conn: Connection, round_id: int, facts: Mapping[str, Any], now_ms: int) -> None:
    """Tells in the chain what was in the box at closing; in the transaction of `close`."""
    chain.append(conn, round_id, "closed", facts, now_ms)


def counted(
    conn: Connection, round_id: int, facts: Mapping[str, Any], *, settled: bool, now_ms: int
) -> None:
    """Notes what was published of a count. The election is counted once no tie is left to settle.

    Raises ValueError before the vote was closed.
    """
    after = State.COUNTED if settled else State.CLOSED
    _step(conn, round_id, (State.CLOSED, State.COUNTED), after)
    chain.append(conn, round_id, "counted", facts, now_ms)


def _step(conn: Connection, round_id: int, before: tuple[State, ...], after: State) -> None:
    values = {"round": round_id, "before": [state.value for state in before], "after": after.value}
    if conn.execute(_STEP, values).rowcount != 1:
        raise ValueError(f"the election is not {' or '.join(before)}")


_OPEN = Either(
    elections,
    lambda insert: insert.on_conflict_do_nothing().returning(elections.c.round_id),
)
_of_this_round = elections.c.round_id == bindparam("round")
_OF_ROUND = select(elections).where(_of_this_round)
_TAKES_VOTES = select(elections.c.state).where(_of_this_round).with_for_update(read=True)
_STEP = (
    update(elections)
    .where(_of_this_round, elections.c.state.in_(bindparam("before", expanding=True)))
    .values(state=bindparam("after"))
)
