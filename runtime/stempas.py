"""Issues passes and makes them void: what `buurtstem stempas` does.

The file of codes is the only place where codes ever stand; the database gets their HMACs. Before
the passes are stored, the whole file is safe on the disk beside its place (`FILE.part`), and it
gets its name after: whatever happens between, no pass is issued whose code is not in a file.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyrage
from sqlalchemy import Connection

from civic import stempas
from runtime import once
from storage import chain, elections, rounds, stempassen
from storage.db import Database
from storage.rounds import ActiveRound
from storage.stempassen import Taken
from storage.times import now_ms

HEADER = ("code", "area", "kind", "batch")
DRAWS = 5  # a draw fails when another process issues one of the same codes meanwhile

Tell = Callable[[str], object]


class StempasError(Exception):
    """Something the caller can mend; the text is one line, and has no code in it."""


@dataclass(frozen=True, slots=True)
class Order:
    """Which passes are wanted, and where their codes go.

    `key`: the age or SSH public key of who may read them, "" for none.
    """

    area: str
    kind: str
    channel: str
    count: int
    out: Path
    key: str = ""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Passes as they are about to be stored."""

    id: int
    credentials: Sequence[str]
    digits: int
    file: bytes

    def facts(self, order: Order) -> Mapping[str, Any]:
        """What the chain tells of them: how many, and what the file and the rows hash to."""
        rows = "\n".join(sorted(self.credentials))
        return {
            "batch": self.id,
            "area": order.area,
            "kind": order.kind,
            "channel": order.channel,
            "count": len(self.credentials),
            "digits": self.digits,
            "sha256": hashlib.sha256(self.file).hexdigest(),
            "credentials": hashlib.sha256(rows.encode()).hexdigest(),
        }


def issue(db: Database, pepper: Callable[[], bytes], order: Order, tell: Tell) -> str:
    """Issues the passes and writes their codes; a line that says so. Raises `StempasError`.

    `tell` hears how far it is. Codes that were issued before are drawn again.
    """
    active = _active(db)
    if once.beside(order.out).exists():
        return _finish(db, active, order.out)
    _check(active, order)
    for _ in range(DRAWS):
        with contextlib.suppress(Taken):
            return _issue(db, active, pepper(), order, tell)
    raise StempasError("somebody else is issuing passes just now: try again when they are done")


def void(db: Database, pepper: Callable[[], bytes], written: Sequence[str]) -> str:
    """Makes these passes void and takes their envelopes along: all of them, or none.

    written: a code each, in any spacing. A line that says how many. Raises `StempasError`, which
    names the place of a code that is not known, never the code.
    """
    active = _active(db)
    codes = [_read(each, place) for place, each in enumerate(written, 1)]
    if not codes:
        raise StempasError("no code was given")
    known = pepper()
    mine = [stempas.credential(known, active.round.id, code) for code in codes]
    done = db.call(lambda conn: _void(conn, active.id, mine))
    before = len(set(mine)) - done
    return f"{done:,} void now" + (f", {before:,} had been before" if before else "")


def _active(db: Database) -> ActiveRound:
    active = db.read(rounds.active)
    if active is None:
        raise StempasError("no round is loaded: buurtstem round load FILE")
    return active


# --- issuing ------------------------------------------------------------------------------------


def _check(active: ActiveRound, order: Order) -> None:
    areas = [area.id for area in active.round.areas if area.votes]
    if order.area not in areas:
        raise StempasError(
            f"--area {order.area}: nobody votes there in this round. Choose {', '.join(areas)}"
        )
    if order.out.exists():
        raise StempasError(f"--out {order.out}: is there already, and is never overwritten")
    if not order.out.parent.is_dir():
        raise StempasError(f"--out {order.out}: there is no such folder")
    _recipient(order)


def _recipient(order: Order) -> Any:
    """Whom the file is encrypted to; None for nobody."""
    keys = pyrage.ssh if order.key.startswith("ssh-") else pyrage.x25519
    try:
        return keys.Recipient.from_str(order.key) if order.key else None
    except pyrage.RecipientError:
        raise StempasError("--key: not an age public key (age1…), nor one of SSH") from None


def _issue(db: Database, active: ActiveRound, pepper: bytes, order: Order, tell: Tell) -> str:
    length = db.read(lambda conn: _length(conn, active.id, order.count))
    codes = _draw(db, active, pepper, order.count, length)
    tell(f"{len(codes):,} codes drawn")
    number = db.call(lambda conn: stempassen.reserve(conn, active.id))
    batch = _Batch(number, list(codes), length + stempas.CHECK, _file(order, codes, number))
    part = _lay_beside(order.out, batch.file)
    tell(f"{len(codes):,} codes written")
    try:
        db.call(lambda conn: _store(conn, active.id, order, batch))
    except (Taken, StempasError):  # after any other, it may have been stored: see `_finish`
        part.unlink()
        raise
    tell(f"{len(codes):,} passes stored")
    _put_in_place(part, order.out)
    return f"batch {number}: {len(codes):,} passes for {order.area}, codes in {order.out}"


def _length(conn: Connection, round_id: int, count: int) -> int:
    try:
        return stempas.length_for(stempassen.issued(conn, round_id) + count)
    except ValueError as error:
        raise StempasError(f"--count: {error}") from None


def _draw(
    db: Database, active: ActiveRound, pepper: bytes, count: int, length: int
) -> dict[str, str]:
    """So many new codes by their credentials."""
    drawn: dict[str, str] = {}
    while len(drawn) < count:
        codes = stempas.new_codes(count - len(drawn), length)
        more = {stempas.credential(pepper, active.round.id, code): code for code in codes}
        before = db.read(partial(stempassen.known, round_id=active.id, credentials=list(more)))
        drawn |= {mine: code for mine, code in more.items() if mine not in before}
    return drawn


def _file(order: Order, codes: Mapping[str, str], batch: int) -> bytes:
    """The file as it is written: CSV, encrypted if there is a key."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEADER)
    for code in codes.values():
        rows.writerow((stempas.in_threes(code), order.area, order.kind, batch))
    recipient, plain = _recipient(order), text.getvalue().encode()
    return pyrage.encrypt(plain, [recipient]) if recipient else plain


def _lay_beside(out: Path, data: bytes) -> Path:
    try:
        return once.lay_beside(out, data)
    except OSError as error:
        raise StempasError(f"--out {out}: cannot be written ({error.strerror})") from None


def _put_in_place(part: Path, out: Path) -> None:
    try:
        once.put_in_place(part, out)
    except OSError:
        if out.exists() and not part.exists():
            return  # somebody else has finished it: see `_finish`
        raise StempasError(
            f"--out {out}: could not get its name. The passes are issued, and their codes are in"
            f" {part}"
        ) from None


def _store(conn: Connection, round_id: int, order: Order, batch: _Batch) -> None:
    _must_be_open(conn, round_id)
    at = now_ms()
    stempassen.issue(
        conn,
        round_id,
        area=order.area,
        kind=order.kind,
        channel=order.channel,
        credentials=batch.credentials,
        digits=batch.digits,
        now_ms=at,
        batch=batch.id,
    )
    chain.append(conn, round_id, "issued", batch.facts(order), at)


def _finish(db: Database, active: ActiveRound, out: Path) -> str:
    """Gives an issue that was broken off its file, if its passes had been stored."""
    part = once.beside(out)
    sha256 = hashlib.sha256(_left(part)).hexdigest()
    for link in db.read(lambda conn: chain.links(conn, active.id)):
        if link.kind == "issued" and link.facts["sha256"] == sha256:
            _put_in_place(part, out)
            return (
                f"batch {link.facts['batch']}: had been issued and broken off; its"
                f" {link.facts['count']:,} codes are in {out} now. Nothing else was issued"
            )
    raise StempasError(
        f"{part}: of an issue that is under way or was broken off. In that case none of its codes"
        " is worth anything: delete it"
    )


def _left(part: Path) -> bytes:
    try:
        return part.read_bytes()
    except OSError as error:
        raise StempasError(f"{part}: cannot be read ({error.strerror})") from None


# --- making void --------------------------------------------------------------------------------


def _read(written: str, place: int) -> str:
    code = stempas.code_in(written) if stempas.looks_like_code(written) else None
    if code is None:
        raise StempasError(f"code {place} is mistyped: nothing was made void")
    return code


def _void(conn: Connection, round_id: int, credentials: Sequence[str]) -> int:
    """How many became void. In the order of their credentials, so that two of us can't block."""
    stempassen.hold_off_votes(conn, round_id)
    _must_be_open(conn, round_id)
    batch_of = {mine: _batch_of(conn, round_id, mine, n) for n, mine in enumerate(credentials, 1)}
    done = [mine for mine in sorted(batch_of) if stempassen.void(conn, round_id, mine)]
    counts = Counter(batch_of[mine] for mine in done)
    for batch, count in sorted(counts.items()):
        chain.append(conn, round_id, "voided", {"batch": batch, "count": count}, now_ms())
    return len(done)


def _batch_of(conn: Connection, round_id: int, credential: str, place: int) -> int:
    found = stempassen.find(conn, round_id, credential)
    if found is None:
        raise StempasError(f"code {place} was not issued in this round: nothing was made void")
    return found.batch


def _must_be_open(conn: Connection, round_id: int) -> None:
    """After the closing the box and the list of passes stay as they are."""
    if elections.of_round(conn, round_id) and not elections.takes_votes(conn, round_id):
        raise StempasError("the vote is closed: no passes are issued or made void any more")
