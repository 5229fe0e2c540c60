"""What looking at a message costs: a turn as it is beside the same turn looked at.

    python -m bench.metrics [messages]

Prints microseconds a message of both, in the same run and by turns, and their difference. The
turn is the real one without its database: one step of the engine, and what is counted of it. Then
what a scrape costs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

from prometheus_client import generate_latest

from bot import engine
from bot.events import Event
from bot.messages import Inbound
from bot.session import Session
from runtime import metrics, observing
from tests.bot.test_engine import WORLD

ROUNDS = 9


class _Connection:
    """Where `after_commit` keeps what is to be called."""

    def __init__(self) -> None:
        self.info: dict[str, list[Callable[[], None]]] = {"buurtstem.after_commit": []}


def main(messages: int) -> None:
    inbound = Inbound("m", "telegram", "1", text="hoi")
    session, event = Session("menu.menu", "nl", consent=True), Event("text", WORLD, text="help")

    def plain(conn: object, *, cast: object) -> int:
        engine.step(session, event)
        return 1

    def seen(conn: object, *, cast: object) -> int:
        observing.step(session, event)
        return 1

    def bare() -> None:
        plain(None, cast=None)

    def looked_at() -> None:
        conn = _Connection()
        observing.turn(seen, inbound)(conn, cast=None)  # type: ignore[arg-type]
        for callback in conn.info["buurtstem.after_commit"]:
            callback()

    taken: dict[str, list[float]] = {"plain": [], "looked at": []}
    for _ in range(ROUNDS):
        taken["plain"].append(_micros(bare, messages))
        taken["looked at"].append(_micros(looked_at, messages))
    for name, each in taken.items():
        print(f"{name:10} {median(each):7.1f} us a message (least {min(each):.1f})")
    extra = median(b - a for a, b in zip(*taken.values(), strict=True))
    print(f"difference {extra:7.1f} us a message")
    print(f"a scrape   {_micros(lambda: generate_latest(metrics.REGISTRY), 50) / 1000:7.2f} ms")


def _micros(work: Callable[[], object], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times * 1e6


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
