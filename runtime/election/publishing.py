"""What is published of a count: the same files, byte by byte, whenever it is counted again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from civic import merkle, pabulib
from civic.receipts import signs_of
from civic.rounds import Round
from runtime.election.instance import instance
from runtime.election.report import reports
from runtime.election.result import AreaResult, Box
from storage.chain import Link

RECOUNT = Path(__file__).resolve().parents[2] / "tools" / "recount.py"


def published(
    round_: Round, box: Box, areas: Sequence[AreaResult], links: Sequence[Link]
) -> dict[str, bytes]:
    """The content of each file by its name. `tools/recount.py` reads all but the reports."""
    files = {f"{area.paper.area}.pb": pabulib.write(instance(round_, area)) for area in areas}
    files["tally.json"] = to_json(
        {area.paper.area: _tally(area, files[f"{area.paper.area}.pb"]) for area in areas}
    )
    files["receipts.txt"] = receipts(box.envelopes)
    files["box.json"] = to_json(_box(box, areas))
    files["chain.json"] = to_json([asdict(link) for link in links])
    files["recount.py"] = RECOUNT.read_text("utf-8")
    return {name: text.encode() for name, text in files.items()} | reports(round_, box, areas)


def receipts(boxes: Sequence[bytes]) -> str:
    """A line for each envelope: its six signs, and the hash they come from; by hash."""
    return "".join(
        f"{' '.join(signs_of(digest))} {digest.hex()}\n" for digest in merkle.hashes(boxes)
    )


def to_json(value: Any) -> str:
    """JSON that is the same for the same content."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _tally(area: AreaResult, ballots: str) -> dict[str, Any]:
    tally = area.tally
    return {
        "sha256": hashlib.sha256(ballots.encode()).hexdigest(),
        "ballots": area.opened.valid,
        "budget": _euros(area.paper.budget),
        "rule": area.paper.tally.value,
        "votes": [[number, str(votes)] for number, votes in sorted(tally.votes.items())],
        "chosen": [[funded.number, _euros(funded.amount)] for funded in tally.funded],
        "not_chosen": [[passed.number, passed.reason.value] for passed in tally.passed_over],
        "ties": [list(tie) for tie in tally.ties],
        "spent": _euros(tally.spent),
        "left": _euros(tally.left),
    }


def _box(box: Box, areas: Sequence[AreaResult]) -> Mapping[str, Any]:
    counts = {
        area.paper.area: {"valid": area.opened.valid, "invalid": area.opened.invalid}
        for area in areas
    }
    return {
        "envelopes": len(box.envelopes),
        "merkle": box.root,
        "left_out": box.left_out,
        "areas": counts,
    }


def _euros(amount: Decimal) -> str:
    return f"{amount:.2f}"
