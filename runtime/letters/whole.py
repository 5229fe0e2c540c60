"""A file that is written whole or not at all, for its owner's eyes only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from runtime import once

MODE = 0o600


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which gets its name when the block ends well and else is gone.

    On Linux it has no name until then, so that nothing is left behind even when the machine
    stops. Raises FileExistsError when `path` is there, before and after: it is never
    overwritten; and OSError when it cannot be written.
    """
    if path.exists() or path.is_symlink():
        raise FileExistsError(path)
    folder = path.absolute().parent
    try:
        unnamed = os.open(folder, os.O_TMPFILE | os.O_RDWR, MODE)
    except (AttributeError, OSError):  # not Linux, or a file system without them
        with _beside(path) as file:
            yield file
        return
    with os.fdopen(unnamed, "wb") as file:
        yield file
        _to_disk(file)
        # With a src_dir_fd, whatever it is, Python has the link followed (linkat(2)).
        os.link(f"/proc/self/fd/{unnamed}", path, src_dir_fd=unnamed, follow_symlinks=True)


@contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    """The same with a name of its own until the end, removed whatever happens."""
    part = once.beside(path)
    with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODE), "wb") as file:
        try:
            yield file
            _to_disk(file)
            once.put_in_place(part, path)
        finally:
            part.unlink(missing_ok=True)


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
