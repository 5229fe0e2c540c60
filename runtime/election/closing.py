"""`election close`: the vote ends, and what is in the box is fixed for everybody to see."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from civic import merkle
from civic.ballots import Paper
from runtime.election.opening import active_round
from storage import cast, elections, envelopes, papers
from storage.cast import Cast
from storage.db import Database
from storage.rounds import ActiveRound
from storage.times import now_ms


def close(db: Database) -> int:
    """Ends the vote of the active round at once. Raises ValueError when it is not open."""
    active = active_round(db)
    facts = db.call(lambda conn: _close(conn, active))
    print(f"{active.round.id}: the vote is closed; {facts['envelopes']} envelopes are in the box")
    for area, count in facts["by_area"].items():
        print(f"  {area}: {count}")
    print(f"Merkle root: {facts['merkle']}")
    print("The order of the envelopes was mixed. To count: buurtstem election count --key FILE...")
    return 0


def merkle_root(casts: Sequence[Cast]) -> str:
    """The hash over all envelopes in the box, in hex."""
    return merkle.root(merkle.hashes(each.box for each in casts))


def fingerprint(by_area: Mapping[str, Paper]) -> str:
    """A hash of all that could be voted for and of the rules, in hex."""
    facts = {area: asdict(paper) for area, paper in by_area.items()}
    text = json.dumps(facts, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _close(conn: Connection, active: ActiveRound) -> dict[str, Any]:
    round_id = active.id
    elections.close(conn, round_id)
    envelopes.mix(conn, round_id)
    casts = cast.in_the_box(conn, round_id)
    by_area = Counter(each.area or "" for each in casts)
    facts = {
        "envelopes": len(casts),
        "by_area": dict(sorted(by_area.items())),
        "merkle": merkle_root(casts),
        "papers": fingerprint(papers.of_round(conn, active)),
        "turnout": cast.turnout_by_area(conn, round_id),
    }
    elections.closed(conn, round_id, facts, now_ms())
    return facts
