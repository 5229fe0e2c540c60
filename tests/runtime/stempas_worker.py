"""A process that dies while it issues passes: `python stempas_worker.py URL OUT STAGE`.

STAGE is how the line begins after which it is gone: what it tells when it got so far.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from runtime import stempas
from storage.db import Database


def main(url: str, out: str, stage: str) -> None:
    def tell(line: str) -> None:
        if line.endswith(stage):
            os._exit(9)

    order = stempas.Order("lindebuurt", "resident", "internet", 50, Path(out))
    stempas.issue(Database.open(url), lambda: b"p" * 32, order, tell)


if __name__ == "__main__":
    main(*sys.argv[1:])
