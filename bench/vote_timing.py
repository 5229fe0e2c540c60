"""Whether the time of an answer tells about a code: unknown, used, not used, void, closed.

    python bench/vote_timing.py [ROUNDS]

Each code comes through the whole conversation, stored like any message, in an order by chance, so
that what else the machine does hits all alike. A figure is printed for each sort, and how far
their p95 lie apart; nothing is asserted.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

from bot.conversation import Conversation
from bot.i18n.languages import LANGUAGES
from bot.messages import Inbound
from civic.ballots import Ballot, seal
from civic.stempas import credential, new_codes
from runtime.fitting import fit
from runtime.replay.election import AREA, Opened, Wanted, open_election, read
from storage import elections, envelopes, jobs, stempassen
from storage.db import Database
from storage.times import now_ms

REPO = Path(__file__).resolve().parent.parent
PEPPER = b"only for this benchmark"
EACH = 200  # of each sort in a round: fewer wrong codes than slow all answers down
HELLO = ("hallo", "Nederlands", "ja", "stemmen")
SORTS = ("unknown", "used", "not used", "void", "closed")


class Place:
    """A database with an election; the clock goes on an hour a round, so that nobody must wait."""

    def __init__(self, folder: Path, name: str, passes: int) -> None:
        self.db = Database.open(f"sqlite:///{folder}/{name}.db")
        self.db.migrate()
        wanted = Wanted(3, 2, PEPPER, folder)
        self.opened: Opened = open_election(
            self.db, read(_file(folder, passes)), wanted, lambda line: None
        )
        self.codes = list(self.opened.codes["internet"])
        self.now = datetime.now(UTC)
        self._ids = count()
        self.conversation = Conversation(
            render=fit,
            enqueue=lambda conn, task, ref, key: jobs.enqueue(conn, task, ref, key, now_ms()),
            languages={code: known.own_name for code, known in LANGUAGES.items()},
            erase=lambda names: None,
            pepper=PEPPER,
            clock=lambda: self.now,
        )

    def take(self, who: str, text: str) -> float:
        """Seconds until this message is handled and stored."""
        inbound = Inbound(f"m{next(self._ids)}", "simulator", f"telegram:{who}", text=text)
        began = time.perf_counter()
        self.db.call(lambda conn: self.conversation.take(conn, inbound))
        return time.perf_counter() - began

    def use(self, codes: list[str]) -> None:
        round_id = self.opened.round_id
        key = self.db.read(lambda conn: elections.of_round(conn, round_id))
        assert key
        for code in codes:
            box = seal(Ballot(AREA, ((1, 1),)), key.public_key)
            name = credential(PEPPER, "replay", code)
            self.db.call(
                lambda conn, name=name, box=box: envelopes.put(
                    conn, round_id, name, box, AREA, "2026-01-01"
                )
            )

    def void(self, codes: list[str]) -> None:
        for code in codes:
            name = credential(PEPPER, "replay", code)
            self.db.call(lambda conn, name=name: stempassen.void(conn, self.opened.round_id, name))


def _file(folder: Path, passes: int) -> Path:
    plans = [f"{n};{1000 * n};Plan {n}" for n in range(1, 13)]
    votes = [f"v{n};1" for n in range(passes)]
    meta = ["num_projects;12", f"num_votes;{passes}", "budget;20000", "vote_type;approval"]
    lines = ["META", "key;value", *meta, "rule;greedy-no-skip", "PROJECTS"]
    lines += ["project_id;cost;name", *plans, "VOTES", "voter_id;vote", *votes, ""]
    path = folder / "timing.pb"
    path.write_text("\n".join(lines), "utf-8")
    return path


def measure(folder: Path, turns: int) -> dict[str, list[float]]:
    many = EACH * turns
    open_, closed = Place(folder, "open", 3 * many), Place(folder, "closed", many)
    used, fresh, void = (open_.codes[n * many : (n + 1) * many] for n in range(3))
    open_.use(used)
    open_.void(void)
    closed.db.call(lambda conn: elections.close(conn, closed.opened.round_id))
    sorts = dict(zip(SORTS, (new_codes(many, 10), used, fresh, void, closed.codes), strict=True))
    times: dict[str, list[float]] = defaultdict(list)
    chance, names = Random(1), count()
    for turn in range(turns):
        for place in (open_, closed):
            place.now += timedelta(minutes=61)
        # Void ones count as wrong like unknown ones: half as many of both.
        wrong = EACH // 2
        todo = [
            (sort, code)
            for sort, codes in sorts.items()
            for code in codes[turn * EACH :][: wrong if sort in ("unknown", "void") else EACH]
        ]
        chance.shuffle(todo)
        for sort, code in todo:
            place = closed if sort == "closed" else open_
            who = f"r{next(names)}"
            for text in HELLO:
                place.take(who, text)
            times[sort].append(place.take(who, code))
    open_.db.close()
    closed.db.close()
    return times


def main(turns: int) -> None:
    with tempfile.TemporaryDirectory(dir=REPO) as name:
        times = measure(Path(name), turns)
    p95 = {}
    for sort in SORTS:
        found = sorted(times[sort])
        p95[sort] = statistics.quantiles(found, n=20)[18] * 1000
        middle = statistics.median(found) * 1000
        print(f"{sort}: {len(found)} codes, p50 {middle:.2f} ms, p95 {p95[sort]:.2f} ms")
    told = {sort: p95[sort] for sort in ("unknown", "used", "closed")}
    apart = max(told.values()) / min(told.values()) - 1
    print(f"unknown, used and closed codes, p95 apart: {apart:.1%}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4)
