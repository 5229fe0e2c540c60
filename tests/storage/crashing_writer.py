"""Takes messages in as fast as it can and prints the id of each once it is acknowledged.

Run by test_crash.py, which kills it: `python crashing_writer.py URL FIRST`.
"""

from __future__ import annotations

import sys
import threading

from storage import hot, outbox
from storage.db import Database

lock = threading.Lock()


def take(db: Database, n: int) -> None:
    def work(conn: hot.Connection) -> int:
        arrival = hot.arrive(
            conn,
            channel="sms",
            provider_id=f"m{n}",
            address=f"+3160000{n % 7:04}",
            hint="",
            kind="text",
            body_json='{"text": "hallo"}',
            now_ms=n,
        )
        assert arrival
        hot.save(conn, arrival.person_id, "menu.menu", "{}", n, None, None, n)
        outbox.put(conn, arrival.person_id, "sms", arrival.address, ["{}"], "reply", n)
        return arrival.inbox_id

    db.call(work)
    with lock:
        print(f"m{n}", flush=True)


def main(url: str, first: int) -> None:
    db = Database.open(url)

    def caller(k: int) -> None:
        for n in range(first + k, first + 100_000, 8):
            take(db, n)

    callers = [threading.Thread(target=caller, args=(k,)) for k in range(8)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
