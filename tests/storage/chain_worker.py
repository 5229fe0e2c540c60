"""A process of its own that appends to a chain: `python chain_worker.py URL ROUND NAME MANY`."""

from __future__ import annotations

import sys

from storage import chain
from storage.db import Database


def main(url: str, round_id: int, name: str, many: int) -> None:
    db = Database.open(url)
    for n in range(many):
        facts = {"who": name, "n": n}
        db.call(lambda conn, facts=facts: chain.append(conn, round_id, "issued", facts, 1))
    db.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
