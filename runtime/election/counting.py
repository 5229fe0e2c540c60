"""`election count`: the trustees' shares open the box, the ballots are counted and published."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from civic import tally
from civic.ballots import Paper
from runtime.election import keys
from runtime.election.closing import fingerprint, merkle_root
from runtime.election.folder import refuse_used, write_folder
from runtime.election.opening import active_round
from runtime.election.publishing import published
from runtime.election.result import AreaResult, Box
from runtime.election.unsealing import open_area, sort_out
from storage import cast, chain, elections, papers, ties
from storage.cast import Cast
from storage.chain import Link
from storage.count_files import TALLY
from storage.db import Database
from storage.elections import Election, State
from storage.published import put as keep
from storage.rounds import ActiveRound
from storage.ties import Decision
from storage.times import now_ms


@dataclass(frozen=True, slots=True)
class Closed:
    """All that a count needs of the database, read at one moment."""

    active: ActiveRound
    election: Election
    casts: Sequence[Cast]
    papers: Mapping[str, Paper]
    links: Sequence[Link]
    settled: Mapping[str, tuple[Decision, ...]]


def count(db: Database, key_files: Sequence[Path], out: Path) -> int:
    """Counts the active round and publishes it in `out`; 1 when a tie is left to be settled.

    Raises ValueError, with nothing written, when the vote is not closed, the shares do not open
    it, or the box, the papers or the chain are not as they were at the closing.
    """
    refuse_used(out)
    active = active_round(db)
    closed = db.read(lambda conn: read(conn, active))
    election = closed.election
    shares = [keys.read_share(path) for path in key_files]
    private_key = keys.combine(shares, election.public_key, election.threshold)
    areas = count_areas(closed, private_key)
    files = published(active.round, _box(closed), areas, _links_to_publish(closed.links))
    write_folder(out, files, private=False)
    facts = _facts(files, _box(closed), areas)
    settled = not facts["ties"]
    if not closed.links or closed.links[-1].facts != facts:
        step = partial(elections.counted, round_id=active.id, facts=facts, settled=settled)
        db.call(lambda conn: step(conn, now_ms=now_ms()))
    if settled:  # for the exports, and the console's page of the results
        kept = {name: files[name] for name in files if name.endswith(".pb") or name == TALLY}
        db.call(lambda conn: keep(conn, active.id, kept, now_ms()))
    _tell(closed, areas, out, db.read(lambda conn: chain.links(conn, active.id))[-1])
    return 0 if settled else 1


def read(conn: Connection, active: ActiveRound) -> Closed:
    """What is to be counted. Raises ValueError when it may not be, or was tampered with."""
    election = elections.of_round(conn, active.id)
    if election is None or election.state is State.OPEN:
        raise ValueError("the vote is not closed: buurtstem election close")
    closed = Closed(
        active,
        election,
        cast.in_the_box(conn, active.id),
        papers.of_round(conn, active),
        chain.links(conn, active.id),
        ties.of_round(conn, active.id),
    )
    _check(closed)
    return closed


def count_areas(closed: Closed, private_key: bytes) -> list[AreaResult]:
    """Opens and counts every area, in the order of their ids."""
    boxes = sort_out(closed.casts).boxes
    return [
        _count_area(paper, boxes.get(area, {}), private_key, closed.settled.get(area, ()))
        for area, paper in sorted(closed.papers.items())
    ]


def _count_area(
    paper: Paper,
    boxes: Mapping[str, Sequence[bytes]],
    private_key: bytes,
    settled: tuple[Decision, ...],
) -> AreaResult:
    opened = open_area(paper, boxes, private_key)
    counted = tally.count(paper, opened.piles, [each.order for each in settled])
    return AreaResult(paper, opened, counted, settled)


def _check(closed: Closed) -> None:
    broken = chain.verify(closed.links)
    if broken is not None:
        raise ValueError(f"the chain is broken at link {broken}: nothing is counted")
    facts = next(link.facts for link in reversed(closed.links) if link.kind == "closed")
    if facts["merkle"] != merkle_root(closed.casts):
        raise ValueError("the box is not as it was at the closing: nothing is counted")
    if facts["papers"] != fingerprint(closed.papers):
        raise ValueError("the plans or the rules are not as they were at the closing")


def _box(closed: Closed) -> Box:
    return Box(
        [each.box for each in closed.casts],
        merkle_root(closed.casts),
        dict(sorted(sort_out(closed.casts).left_out.items())),
    )


def _links_to_publish(links: Sequence[Link]) -> list[Link]:
    """All up to what was done before the last counts, so that counting again gives the same."""
    last = max(at for at, link in enumerate(links) if link.kind != "counted")
    return list(links[: last + 1])


def _facts(files: Mapping[str, bytes], box: Box, areas: Sequence[AreaResult]) -> dict[str, Any]:
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    open_ties = {
        area.paper.area: [list(tie) for tie in area.tally.ties] for area in areas if area.tally.ties
    }
    return {"files": hashes, "merkle": box.root, "ties": open_ties}


def _tell(closed: Closed, areas: Sequence[AreaResult], out: Path, last: Link) -> None:
    for area in areas:
        chosen = len(area.tally.funded)
        invalid = sum(area.opened.invalid.values())
        print(f"{area.paper.area}: {area.opened.valid} ballots, {invalid} invalid, {chosen} chosen")
        for tie in area.tally.ties:
            print(f"  a tie to be settled by people: {', '.join(map(str, tie))}")
            order = ",".join(map(str, tie))
            print(f"  election settle --area {area.paper.area} --order {order} --reason TEXT")
    print(f"{out}: published. Last link of the chain: {last.seq} {last.hash}")
