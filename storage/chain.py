"""The chain of what was done with a vote: each link holds the hash of the one before.

The hash of a link is the SHA-256 of its canonical JSON: {"at", "facts", "kind", "previous",
"seq"}, keys sorted, no spaces, UTF-8. `previous` of the first link is "". Whoever keeps a copy of
the last hash can tell later that nothing before it was changed, added or taken away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, insert, select, text

from storage.vote_tables import chain

Kind = Literal["opened", "issued", "voided", "closed", "counted", "tie"]


@dataclass(frozen=True, slots=True)
class Link:
    """`seq` counts from 1 in each round; `at` in milliseconds; `facts` is JSON."""

    seq: int
    at: int
    kind: str
    facts: Mapping[str, Any]
    previous: str
    hash: str


def append(
    conn: Connection, round_id: int, kind: Kind, facts: Mapping[str, Any], now_ms: int
) -> Link:
    """Adds a link in this transaction; the facts must name nobody and no code.

    Until it is committed, others who append to the same round wait. Raises ValueError or
    TypeError for facts that are no JSON.
    """
    _wait_for_others(conn, round_id)
    last = conn.execute(_LAST, {"round": round_id}).one_or_none()
    seq, previous = (last.seq + 1, last.hash) if last else (1, "")
    kept = json.loads(_canonical(facts))
    link = Link(seq, now_ms, kind, kept, previous, _hash(seq, now_ms, kind, kept, previous))
    row = {"round_id": round_id, "seq": seq, "at": now_ms, "kind": kind, "previous": previous}
    conn.execute(_APPEND, row | {"facts": _canonical(kept), "hash": link.hash})
    return link


def links(conn: Connection, round_id: int) -> list[Link]:
    """All links of a round, in their order, as they are stored: `verify` judges them.

    Facts that somebody made unreadable come as {"unreadable": what is there}.
    """
    rows = conn.execute(_LINKS, {"round": round_id})
    return [Link(r.seq, r.at, r.kind, _read(r.facts), r.previous, r.hash) for r in rows]


def verify(links: Iterable[Link]) -> int | None:
    """The number of the first link that is not as it was appended; None when all are.

    Links that are missing at the end cannot be seen here: compare the last hash with a copy.
    """
    previous = ""
    for seq, link in enumerate(links, 1):
        if (link.seq, link.previous) != (seq, previous) or not _is_whole(link):
            return seq
        previous = link.hash
    return None


def _is_whole(link: Link) -> bool:
    try:
        return link.hash == _hash(link.seq, link.at, link.kind, link.facts, link.previous)
    except (ValueError, TypeError):  # what was never appended: it is no JSON
        return False


def _read(text: str) -> Mapping[str, Any]:
    try:
        facts = json.loads(text)
    except ValueError:
        facts = None
    return facts if isinstance(facts, dict) else {"unreadable": text}


def _wait_for_others(conn: Connection, round_id: int) -> None:
    """Until those who appended to this round's chain have committed; SQLite has one writer."""
    if conn.dialect.name == "postgresql":
        conn.execute(_LOCK, {"round": round_id})


def _hash(seq: int, at: int, kind: str, facts: Mapping[str, Any], previous: str) -> str:
    link = {"seq": seq, "at": at, "kind": kind, "facts": facts, "previous": previous}
    return hashlib.sha256(_canonical(link).encode()).hexdigest()


def _canonical(value: Mapping[str, Any]) -> str:
    return json.dumps(
        dict(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


_LOCK = text("SELECT pg_advisory_xact_lock(8207145, CAST(:round AS integer))")
_LAST = (
    select(chain.c.seq, chain.c.hash)
    .where(chain.c.round_id == bindparam("round"))
    .order_by(chain.c.seq.desc())
    .limit(1)
)
_APPEND = insert(chain)
_LINKS = select(chain).where(chain.c.round_id == bindparam("round")).order_by(chain.c.seq)
