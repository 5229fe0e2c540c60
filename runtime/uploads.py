"""What the simulator's residents send as files, until it has been taken in."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

from runtime.aging import delete_older

_NAME = re.compile(r"[0-9a-f]{32}")


class Uploads:
    """Files under names of their own: two people may send the same, and each is deleted once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes) -> str:
        """Keeps a file; returns its name."""
        name = uuid.uuid4().hex
        (self._folder / name).write_bytes(data)
        return name

    def get(self, name: str) -> bytes:
        """What is in the file. Raises FileNotFoundError, or ValueError for no such name."""
        return self._path(name).read_bytes()

    def delete(self, name: str) -> None:
        """Removes the file; one that is not there is fine."""
        self._path(name).unlink(missing_ok=True)

    def delete_old(self) -> None:
        """Removes what nobody came for in a day: it was sent twice, or its process died."""
        delete_older(self._folder)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("not the name of an upload")
        return self._folder / name
