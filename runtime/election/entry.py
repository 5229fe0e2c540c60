"""`election paper`: ballots that were filled in on paper go through the same sealed path.

The file is CSV (comma or semicolon) with a header. Column `plans`: the plans of one ballot, such
as "3 12 7", with points "3:5 12:2". Column `code`, which may be absent or empty: the code of a
posted stempas that was used on paper. A ballot without one gets a pass of a batch with channel
`paper`, of a random code that nobody sees. Every row right, or nothing enters.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import re
import secrets
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from civic import stempas
from civic.ballots import Ballot, Paper, Reason, refuses, seal
from civic.rounds import BallotKind, today
from civic.tally import PAPER
from runtime import config
from runtime.config import Settings
from runtime.election.opening import active_round
from storage import chain, elections, envelopes, papers, stempassen
from storage.db import Database
from storage.elections import State
from storage.rounds import ActiveRound
from storage.times import from_ms, now_ms

_CHOICE = re.compile(r"(\d{1,6})(?:[:=](\d{1,4}))?")
_SAID = {
    Reason.UNKNOWN_PLAN: "names a plan that is not on this paper",
    Reason.TWICE: "names a plan twice",
    Reason.TOO_FEW: "names too few plans",
    Reason.TOO_MANY: "names too many plans",
    Reason.TOO_DEAR: "costs more than one ballot may",
    Reason.THEME_TOO_DEAR: "spends more on a theme than one ballot may",
    Reason.POINTS: "gives too few or too many points",
}


class Wrong(Exception):
    """Rows that are not right: a line each, which holds no code and no choice."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(f"{len(lines)} rows")
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Row:
    """One ballot. number: of its line, the header is 1. code: "" when it came without."""

    number: int
    code: str
    ballot: Ballot


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is to be stored of one file. mark: by which the same file is known again."""

    active: ActiveRound
    area: str
    rows: Sequence[Row]
    pepper: bytes
    mark: str


def enter(settings: Settings, db: Database, area: str, path: Path) -> int:
    """Enters the ballots of a file; the exit status. Raises ValueError with one line."""
    active = active_round(db)
    paper = db.read(lambda conn: papers.of_round(conn, active)).get(area)
    if paper is None:
        raise ValueError(f"--area {area}: there is nothing to vote for in this area")
    content = _content(path)
    pepper = config.pepper(settings)
    mark = hmac.digest(pepper, content, "sha256").hex()
    try:
        entry = _Entry(active, area, read(paper, content), pepper, mark)
        with_code = db.call(partial(_store, entry=entry))
    except Wrong as wrong:
        print("\n".join(f"{path}: {line}" for line in wrong.lines), file=sys.stderr)
        print("Nothing was entered.", file=sys.stderr)
        return 2
    except stempassen.Taken:
        raise ValueError("somebody else is issuing passes just now: try again") from None
    print(f"{area}: {len(entry.rows)} ballots are in the box, {with_code} of them with a code")
    return 0


def read(paper: Paper, content: bytes) -> list[Row]:
    """The ballots of a file. Raises `Wrong`."""
    rows, wrong = [], []
    table = _table(content)
    for record in table:
        row = _row(paper, table.line_num, record)
        if isinstance(row, str):
            wrong.append(f"row {table.line_num}: {row}")
        elif row:
            rows.append(row)
    wrong += _twice(rows)
    if wrong or not rows:
        raise Wrong(wrong or ["there is no ballot in it"])
    return rows


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None


def _table(content: bytes) -> csv.DictReader[str]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Wrong(["is not UTF-8 text"]) from None
    first = text.partition("\n")[0]
    table = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in first else ",")
    names = [name.strip().lower() for name in table.fieldnames or ()]
    if "plans" not in names or not set(names) <= {"plans", "code"}:
        raise Wrong(["the first line must name its columns: plans, and code if there are codes"])
    table.fieldnames = names
    return table


def _row(paper: Paper, number: int, record: Mapping[str | Any, Any]) -> Row | str | None:
    """One ballot, what is wrong with it, or None for an empty line."""
    plans, code = (record.get("plans") or "").strip(), (record.get("code") or "").strip()
    if None in record:
        return "has more cells than the first line; put several plans between quotes"
    if not plans and not code:
        return None
    right = stempas.code_in(code) if stempas.looks_like_code(code) else None
    if code and right is None:
        return "the code is not right"
    choices = _choices(plans, pointed=paper.kind is BallotKind.POINTS)
    if choices is None:
        return "the plans cannot be read"
    refusal = refuses(paper, choices, final=True)
    return (
        _SAID[refusal.reason] if refusal else Row(number, right or "", Ballot(paper.area, choices))
    )


def _choices(plans: str, *, pointed: bool) -> tuple[tuple[int, int], ...] | None:
    found = [_CHOICE.fullmatch(word) for word in re.split(r"[\s,;+]+", plans) if word]
    if any(match is None or bool(match[2]) is not pointed for match in found):
        return None
    return tuple((int(match[1]), int(match[2] or 1)) for match in found if match)


def _twice(rows: Sequence[Row]) -> list[str]:
    times = Counter(row.code for row in rows if row.code)
    return [
        f"row {row.number}: the code is in the file twice" for row in rows if times[row.code] > 1
    ]


# --- storing ------------------------------------------------------------------------------------


def _store(conn: Connection, entry: _Entry) -> int:
    """All envelopes and the passes of those without a code, in one transaction."""
    election = elections.of_round(conn, entry.active.id)
    if election is None or election.state is not State.OPEN:
        raise ValueError("the election is not open")
    mine = _credentials(conn, entry)
    _refuse_again(conn, entry)
    rows = list(entry.rows)
    secrets.SystemRandom().shuffle(rows)  # the order of the file may be that of a meeting
    day = today(from_ms(now_ms())).isoformat()
    for row in rows:
        box = seal(row.ballot, election.public_key)
        envelopes.put(conn, entry.active.id, mine[row.number], box, entry.area, day)
    return sum(bool(row.code) for row in rows)


def _refuse_again(conn: Connection, entry: _Entry) -> None:
    """Once this file's own link is in the chain, so that of two at once the second sees both."""
    links = chain.links(conn, entry.active.id)
    if sum(link.facts.get("file") == entry.mark for link in links) > 1:
        raise ValueError("this file was entered before; nothing was entered again")


def _credentials(conn: Connection, entry: _Entry) -> dict[int, str]:
    """The credential of each row, by its number. Raises `Wrong` for codes that cannot be used."""
    of_code = partial(stempas.credential, entry.pepper, entry.active.round.id)
    coded = {row.number: of_code(row.code) for row in entry.rows if row.code}
    wrong = [
        f"row {number}: {fault}"
        for number, credential in coded.items()
        if (fault := _fault(conn, entry, credential))
    ]
    if wrong:
        raise Wrong(wrong)
    return coded | _issued(conn, entry, [row.number for row in entry.rows if not row.code])


def _fault(conn: Connection, entry: _Entry, credential: str) -> str:
    found = stempassen.find(conn, entry.active.id, credential)
    if found is None or found.voided:
        return "the code is unknown or void"
    if found.area != entry.area:
        return "the code is of another area"
    return "the code was used before; the vote in the box stays" if found.used else ""


def _issued(conn: Connection, entry: _Entry, numbers: Sequence[int]) -> dict[int, str]:
    """Passes for ballots without a code; the file is marked as entered."""
    round_id, round_ = entry.active.id, entry.active.round
    if not numbers:
        return {}
    length = stempas.length_for(stempassen.issued(conn, round_id) + len(numbers))
    codes = stempas.new_codes(len(numbers), length)
    credentials = [stempas.credential(entry.pepper, round_.id, code) for code in codes]
    at, digits = now_ms(), length + stempas.CHECK
    batch = stempassen.issue(
        conn,
        round_id,
        area=entry.area,
        kind=stempas.KINDS[0],
        channel=PAPER,
        credentials=credentials,
        digits=digits,
        now_ms=at,
    )
    facts = {
        "batch": batch,
        "area": entry.area,
        "kind": stempas.KINDS[0],
        "channel": PAPER,
        "count": len(codes),
        "digits": digits,
        "sha256": "",  # there is no file of codes
        "credentials": hashlib.sha256("\n".join(sorted(credentials)).encode()).hexdigest(),
        "file": entry.mark,
    }
    chain.append(conn, round_id, "issued", facts, at)
    return dict(zip(numbers, credentials, strict=True))
