"""Opening, checking and counting a vote of the size of a real one, and each part by itself.

    python bench/count.py [BALLOTS]     14,411 without: the voters of West Begroot 2020

The baseline is libsodium alone: the same boxes opened one after another and thrown away.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TypeVar

from nacl.public import PrivateKey, SealedBox

from civic import pabulib, tally
from civic.ballots import Ballot, Item, Paper, seal
from civic.pabulib_rules import ballots_of, paper_of
from runtime.election import unsealing
from runtime.election.instance import instance
from runtime.election.publishing import published
from runtime.election.result import AreaResult, Box
from runtime.round_file import load_round

REPO = Path(__file__).resolve().parent.parent
REAL = REPO.parent / "shared" / "data" / "pabulib" / "Netherlands_Amsterdam_309.pb"
T = TypeVar("T")


def main(count: int) -> None:
    paper, ballots = real() if REAL.exists() else made_up(count)
    ballots = (ballots * (count // len(ballots) + 1))[:count]
    key = PrivateKey.generate()
    print(f"{len(ballots):,} ballots, {len(paper.items)} plans, {paper.tally}")
    boxes = timed("seal", lambda: [seal(each, bytes(key.public_key)) for each in ballots])
    alone = SealedBox(key)
    timed("baseline: libsodium opens", lambda: [alone.decrypt(box) for box in boxes])
    start = time.perf_counter()
    opened = timed(
        "open, check, sort", lambda: unsealing.open_area(paper, {"internet": boxes}, bytes(key))
    )
    counted = timed("count", lambda: tally.count(paper, opened.piles))
    result = AreaResult(paper, opened, counted, ())
    round_ = load_round(REPO / "examples" / "demo.toml")
    timed("write the .pb", lambda: pabulib.write(instance(round_, result)))
    print(f"{'together':<28}{time.perf_counter() - start:8.2f} s")
    files = timed(
        "publish all, four reports", lambda: published(round_, Box(boxes, "", {}), [result], [])
    )
    recount(files)


def recount(files: dict[str, bytes]) -> None:
    import subprocess

    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        command = [sys.executable, "-I", "-S", f"{folder}/recount.py"]
        done = timed("recount.py", lambda: subprocess.run(command, capture_output=True, text=True))
        wrong = [line for line in done.stdout.splitlines() if "tally" in line or ".pb:" in line]
        print("\n".join(wrong))


def real() -> tuple[Paper, list[Ballot]]:
    file = pabulib.read(REAL.read_text("utf-8"))
    return paper_of(file), list(ballots_of(file))


def made_up(count: int) -> tuple[Paper, list[Ballot]]:
    random = Random(1)
    items = tuple(
        Item(n, f"plan {n}", Decimal(random.randrange(1, 60)) * 1000) for n in range(1, 59)
    )
    paper = Paper("area", Decimal(300_000), items)
    choices = [random.sample(range(1, 59), random.randrange(1, 12)) for _ in range(count)]
    return paper, [Ballot("area", tuple((n, 1) for n in chosen)) for chosen in choices]


def timed(what: str, work: Callable[[], T]) -> T:
    start = time.perf_counter()
    done = work()
    print(f"{what:<28}{time.perf_counter() - start:8.2f} s")
    return done


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 14_411)
