"""Files that are written once: whole or not at all, never over another, for their owner only.

First all of it stands beside its place, safe on the disk; then one step puts it there. What a
crash leaves between the two is the part beside it, complete if `lay_beside` returned.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path


def beside(path: Path) -> Path:
    """Where the file stands before it is put in its place."""
    return path.with_name(f"{path.name}.part")


def lay_beside(path: Path, data: bytes) -> Path:
    """Writes the file beside its place, mode 0600; returns where.

    While it stands there nobody else can do the same. Raises FileExistsError when another stands
    there or in the place itself, OSError when it cannot be written; then nothing is left of it.
    """
    part = beside(path)
    with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        try:
            if path.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            part.unlink()
            raise
    _sync(part.parent)
    return part


def put_in_place(part: Path, path: Path) -> None:
    """Gives the part its real name. Raises FileExistsError and keeps the part.

    Somebody who finishes what was broken off may have done it just before: that is fine.
    """
    try:
        os.link(part, path)
        part.unlink()
    except FileExistsError:
        if not (part.exists() and part.samefile(path)):
            raise
        part.unlink()
    except OSError:  # a disk that knows no second name for a file, such as a memory stick
        if path.exists():
            raise FileExistsError(path) from None
        part.rename(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Has the names in a folder on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
