"""Recordings and photos as files, on any store that fsspec knows.

A file's name is the SHA-256 of what is in it, so that the same file is there once and a name
never means something else.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

_NAME = re.compile(r"[0-9a-f]{64}(\.[a-z0-9]{1,8})?")


class MediaStore:
    """Files by name; safe to use from several threads and processes at once."""

    def __init__(self, url: str) -> None:
        """Opens `file:///folder`, a plain path, `memory://…`, `s3://…` and so on."""
        self._fs, self._root = url_to_fs(url)
        self._fs.makedirs(self._root, exist_ok=True)

    def put(self, data: bytes, suffix: str) -> str:
        """Stores a file, whole or not at all; returns its name. `suffix` is such as `.ogg`.

        Raises ValueError for another kind of suffix and OSError when it cannot be stored.
        """
        name = hashlib.sha256(data).hexdigest() + suffix
        path = self._path(name)
        if isinstance(self._fs, LocalFileSystem):
            _write(Path(path), data)
        else:
            self._fs.pipe_file(path, data)
        return name

    def get(self, name: str) -> bytes:
        """What is in the file. Raises FileNotFoundError, or ValueError for no such name."""
        data = self._fs.cat_file(self._path(name))
        assert isinstance(data, bytes)
        return data

    def exists(self, name: str) -> bool:
        return bool(self._fs.exists(self._path(name)))

    def delete(self, name: str) -> None:
        """Removes the file; one that is not there is fine."""
        try:
            self._fs.rm_file(self._path(name))
        except FileNotFoundError:
            return

    def _path(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError("not the name of a stored file")
        return f"{self._root}/{name}"


def _write(path: Path, data: bytes) -> None:
    """Writes beside and moves over, so that nobody ever sees half a file, also after a crash."""
    if path.exists():
        return
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
