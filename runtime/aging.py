"""Files that are only wanted for a while: uploads not taken in, sounds that were made."""

from __future__ import annotations

import time
from pathlib import Path

DAY = 86_400.0


def delete_older(folder: Path, seconds: float = DAY) -> None:
    """Removes the files of a folder that nobody wrote or read again for so long."""
    before = time.time() - seconds
    for path in folder.iterdir():
        if path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
