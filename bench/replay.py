"""A real election through the whole dialogue: West Begroot 2020, 14,411 voters, on SQLite.

    python bench/replay.py [FILE.pb]

Beside it stands, in the same run, the same ballots sealed and put into the box without a
dialogue. Prints one line a figure.
"""

from __future__ import annotations

import secrets
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from random import Random

from nacl.public import PrivateKey

from civic.ballots import seal
from civic.stempas import credential
from runtime.election import unsealing
from runtime.replay.crowd import voters
from runtime.replay.election import AREA, Wanted, open_election, read
from runtime.replay.run import Plan, replay
from storage import elections, envelopes, papers, rounds
from storage.db import Database

REPO = Path(__file__).resolve().parent.parent
REAL = REPO.parent / "shared" / "data" / "pabulib" / "Netherlands_Amsterdam_309.pb"


def say(name: str, value: str) -> None:
    print(f"{name}: {value}", flush=True)


def whole(path: Path, folder: Path) -> None:
    done = replay(Plan(path, folder / "out"))
    result = done.result
    say("replay, ballots", f"{result.cast:,} on {result.phones:,} phones")
    say("replay, ballots/s", f"{result.cast / result.seconds:.1f}")
    say("replay, messages in and out/s", f"{(result.said + result.heard) / result.seconds:.0f}")
    say("replay, messages a ballot", f"{result.said / max(result.cast, 1):.1f}")
    say("replay, count with opening and publishing, s", f"{done.counting:.2f}")
    say("replay, recount.py", "equal" if done.recounted else "NOT EQUAL")
    say("replay, equal to the file", "yes" if done.is_equal else "NO")


def without_dialogue(path: Path, folder: Path) -> None:
    """The floor: each ballot sealed and put in the box, and all of them opened again."""
    file, pepper = read(path), secrets.token_bytes(32)
    db = Database.open(f"sqlite:///{folder}/bare.db")
    db.migrate()
    opened = open_election(db, file, Wanted(3, 2, pepper, folder), lambda line: None)
    election = db.read(lambda conn: elections.of_round(conn, opened.round_id))
    active = db.read(rounds.active)
    assert election
    assert active
    began, waiting = time.perf_counter(), []
    for voter in voters(file, opened, Random(1)):
        name = credential(pepper, "replay", voter.code)
        box = seal(voter.ballot, election.public_key)
        put = partial(envelopes.put, round_id=opened.round_id, credential=name, box=box)
        waiting.append(db.submit(partial(put, area=AREA, day="2026-01-01")))
    for each in waiting:
        each.result()
    say("sealed and in the box, no dialogue, ballots/s", f"{len(waiting) / _since(began):.0f}")
    paper = db.read(lambda conn: papers.of_round(conn, active))[AREA]
    db.close()
    key = PrivateKey.generate()
    boxes = [seal(file.in_round(b), bytes(key.public_key)) for p in file.piles for b in p.ballots]
    began = time.perf_counter()
    unsealing.open_area(paper, {"internet": boxes}, bytes(key))
    say(f"opening and checking {len(boxes):,} envelopes, s", f"{_since(began):.2f}")


def _since(began: float) -> float:
    return time.perf_counter() - began


def main(path: Path) -> None:
    if not path.exists():
        say("replay", f"left out: {path.name} is not here")
        return
    with tempfile.TemporaryDirectory(dir=REPO) as name:
        without_dialogue(path, Path(name))
        whole(path, Path(name))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else REAL)
