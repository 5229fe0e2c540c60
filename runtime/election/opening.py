"""`election keygen` and `election open`: the key is made and the round can take votes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runtime.election import keys
from runtime.election.folder import refuse_used, write_folder
from storage import elections, rounds
from storage.db import Database
from storage.rounds import ActiveRound
from storage.times import now_ms


@dataclass(frozen=True, slots=True)
class Split:
    """What keygen was asked: so many shares, so many of them needed, into this folder."""

    trustees: int
    threshold: int
    out: Path


def active_round(db: Database) -> ActiveRound:
    """The active round. Raises ValueError without one."""
    active = db.read(rounds.active)
    if active is None:
        raise ValueError("no round is loaded: buurtstem round load FILE")
    return active


def keygen(db: Database | None, wanted: Split) -> int:
    """Makes a key and writes its shares; opens the election if there is a round to open.

    Raises ValueError before anything is written, when the split is none, the folder is in use, or
    the round has its key.
    """
    active = db.read(rounds.active) if db else None
    if db and active and db.read(lambda conn: elections.of_round(conn, active.id)):
        raise ValueError("this round has its election key already; it is never replaced")
    refuse_used(wanted.out)
    public, shares = keys.make(wanted.trustees, wanted.threshold)
    write_folder(wanted.out, keys.files(public, shares), private=True)
    print(f"{wanted.out}: {wanted.trustees} shares, of which {wanted.threshold} open the votes")
    if wanted.threshold == 1:
        print("One person alone can open the votes: this is for a trial only.")
    print("Give each share to its trustee and delete it here; keep public.key.")
    if db and active:
        _open(db, active, public)
    else:
        print(f"On the server: buurtstem election open --key {wanted.out / keys.PUBLIC}")
    return 0


def open_election(db: Database, key: Path) -> int:
    """Opens the active round's election with a public key. Raises ValueError."""
    public = keys.read_public(key)
    _open(db, active_round(db), public)
    return 0


def _open(db: Database, active: ActiveRound, public: keys.PublicKey) -> None:
    db.call(
        lambda conn: elections.opened(
            conn, active.id, public.key, public.trustees, public.threshold, now_ms()
        )
    )
    print(f"{active.round.id}: the election is open; ballots are sealed to {public.key}")
