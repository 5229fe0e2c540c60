"""A folder that is written whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


def refuse_used(out: Path) -> None:
    """Raises ValueError when something is there already: nothing is written over."""
    if out.is_dir() and not any(out.iterdir()):
        return
    if os.path.lexists(out):
        raise ValueError(f"{out}: is there already; nothing is written over it")


def write_folder(out: Path, files: Mapping[str, bytes], *, private: bool) -> None:
    """Makes the folder with these files. `private`: for the eyes of this user only.

    They are on the disk when this returns. Raises ValueError when it is there already or cannot
    be written; then nothing of it is there.
    """
    refuse_used(out)
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.absolute().parent))
    except OSError as error:
        raise ValueError(f"{out}: cannot be written: {error.strerror}") from None
    try:
        for name, content in files.items():
            _write(aside / name, content, 0o600 if private else 0o644)
        aside.chmod(0o700 if private else 0o755)
        aside.replace(out)  # an empty folder gives way
        _flush(out.absolute().parent)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise ValueError(f"{out}: cannot be written: {error.strerror}") from None


def _write(path: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), mode)  # whatever the umask is
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
