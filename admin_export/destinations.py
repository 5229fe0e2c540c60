"""Where exports go: any URL that fsspec knows, and always a whole export or none.

The files first go beside their place, below a temporary name, their manifest last. Then they get
their place: on disks, SFTP and WebDAV by renaming the folder; on stores that cannot rename, such
as S3, file by file with the manifest last, so that a folder without manifest is not an export.
Whatever a crash leaves, the next export to the same place finishes or removes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from fsspec.core import url_to_fs

from admin_export import manifest

_RENAMES: dict[str, Callable[[Any, str, str], object]] = {
    "file": lambda fs, old, new: _rename(old, new),
    "sftp": lambda fs, old, new: fs.mv(old, new),
    "webdav": lambda fs, old, new: fs.mv(old, new, recursive=True),
}
"""How a whole folder gets another name in one step, by the kind of store."""
_BUCKETS = ("s3", "s3a", "gs", "gcs", "az", "abfs")


class Why(StrEnum):
    """Why an export could not be put where it should be."""

    DENIED = "denied"
    UNREACHABLE = "unreachable"
    FULL = "full"
    NOT_THERE = "not_there"
    OCCUPIED = "occupied"
    NO_FOLDER = "no_folder"
    UNKNOWN_KIND = "unknown_kind"
    NOT_INSTALLED = "not_installed"
    FAILED = "failed"


SAID = {
    Why.DENIED: "the destination does not let us in",
    Why.UNREACHABLE: "the destination cannot be reached",
    Why.FULL: "the destination is full",
    Why.NOT_THERE: "the destination, or a part of it, is not there",
    Why.OCCUPIED: "the destination holds other files than an export: choose another folder",
    Why.NO_FOLDER: "the destination needs the name of a folder",
    Why.UNKNOWN_KIND: "the destination is no URL of a kind that is known",
    Why.NOT_INSTALLED: "this kind of destination needs: pip install 'buurtstem[destinations]'",
    Why.FAILED: "the destination failed",
}


class DestinationError(Exception):
    """`why` it cannot be used. The text has no address and no secret."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(SAID[why] + (f" ({detail})" if detail else ""))
        self.why = why


class Destination:
    """A folder of exports, or of one export, at `url`.

    `file:///folder` or a path, `memory://…`, `s3://bucket/folder`, `sftp://name@host/folder`,
    `webdav(s)://name:password@host/folder`. An SFTP server's key must be in ~/.ssh/known_hosts.
    Every method raises `DestinationError`.
    """

    def __init__(self, url: str) -> None:
        with _told():
            self._fs, self._root, self._kind = _opened(url)

    def put(self, folder: Path, name: str = "") -> bool:
        """Makes the place `name` (the destination itself when "") exactly what `folder` is.

        `folder` has a manifest. False when the place was so already, byte for byte; then
        nothing is written. What is there and is not an export is left alone: `Why.OCCUPIED`.
        """
        with _told():
            self._fs.invalidate_cache()
            place = self._place(name)
            self._tidy(place)
            if self._is_same(place, folder):
                return False
            self._check_is_ours(place)
            self._stage(place, folder)
            self._settle(place)
            return True

    def read(self, name: str, file: str) -> bytes:
        """What is in one file of the export `name`."""
        with _told():
            data: bytes = self._fs.cat_file(f"{self._place(name)}/{file}")
            return data

    def _place(self, name: str) -> str:
        place = f"{self._root}/{name}".rstrip("/")
        parts = place.strip("/").split("/")
        if not parts[-1] or (self._kind in _BUCKETS and len(parts) < 2):
            raise DestinationError(Why.NO_FOLDER)
        return place

    def _tidy(self, place: str) -> None:
        """Finishes what was whole when somebody was stopped, and removes what was not."""
        staged, aside = _beside(place, "part"), _beside(place, "old")
        if self._manifest(staged) is not None:
            self._settle(place)
        elif self._fs.exists(staged):
            self._fs.rm(staged, recursive=True)
        if self._fs.exists(aside):
            if self._fs.exists(place):
                self._fs.rm(aside, recursive=True)
            else:
                _RENAMES[self._kind](self._fs, aside, place)

    def _is_same(self, place: str, folder: Path) -> bool:
        if self._bytes(f"{place}/{manifest.NAME}") != (folder / manifest.NAME).read_bytes():
            return False
        there = self._files(place)
        wanted = manifest.listed((folder / manifest.NAME).read_bytes()) or {}
        if there.keys() != {*wanted, manifest.NAME}:
            return False
        return all(self._sha256(there[name]) == digest for name, digest in wanted.items())

    def _check_is_ours(self, place: str) -> None:
        files = self._files(place)
        if files and files.keys() - (self._manifest(place) or {}) - {manifest.NAME}:
            raise DestinationError(Why.OCCUPIED)

    def _stage(self, place: str, folder: Path) -> None:
        names = sorted(manifest.listed((folder / manifest.NAME).read_bytes()) or ())
        staged = _beside(place, "part")
        for name in (*names, manifest.NAME):
            path = f"{staged}/{name}"
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            if self._kind == "file":
                _copy(folder / name, path)
            else:
                self._fs.put_file(str(folder / name), path)

    def _settle(self, place: str) -> None:
        """Gives what is staged its place. May be broken off anywhere, and done again."""
        if self._kind in _RENAMES:
            self._swap(place)
        else:
            self._move_over(place)

    def _swap(self, place: str) -> None:
        rename, aside = _RENAMES[self._kind], _beside(place, "old")
        if self._files(place):
            rename(self._fs, place, aside)
        elif self._fs.exists(place):
            self._fs.rm(place, recursive=True)
        rename(self._fs, _beside(place, "part"), place)
        self._fs.invalidate_cache()
        if self._fs.exists(aside):
            self._fs.rm(aside, recursive=True)

    def _move_over(self, place: str) -> None:
        staged = _beside(place, "part")
        wanted = self._manifest(staged) or {}
        for name, path in self._files(place).items():
            if name not in wanted:  # the old manifest too: from now on this is no export
                self._fs.rm_file(path)
        waiting = self._files(staged)
        for name in (*sorted(waiting.keys() - {manifest.NAME}), manifest.NAME):
            target = f"{place}/{name}"
            self._fs.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._fs.mv(waiting[name], target)
        self._fs.invalidate_cache()
        if self._fs.exists(staged):
            self._fs.rm(staged, recursive=True)

    def _manifest(self, place: str) -> dict[str, str] | None:
        data = self._bytes(f"{place}/{manifest.NAME}")
        return None if data is None else manifest.listed(data)

    def _bytes(self, path: str) -> bytes | None:
        try:
            data: bytes = self._fs.cat_file(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return data

    def _files(self, place: str) -> dict[str, str]:
        """The path of each file below the place by its name there; "" is a file in its place."""
        self._fs.invalidate_cache()
        start = len(place.strip("/")) + 1
        found = self._fs.find(place) if self._fs.exists(place) else []
        return {path.strip("/")[start:]: path for path in found}

    def _sha256(self, path: str) -> str:
        with self._fs.open(path, "rb") as file:
            return manifest.sha256(file)


def _beside(place: str, what: str) -> str:
    parent, slash, name = place.rpartition("/")
    return f"{parent}{slash}.{name}.{what}"


def _opened(url: str) -> tuple[Any, str, str]:
    """The file system, the path in it, and which kind it is."""
    scheme = urlsplit(url).scheme if "://" in url else "file"
    if scheme in ("webdav", "webdavs"):
        return _webdav(url)
    options: dict[str, Any] = {}
    if scheme == "sftp":
        options = {"host_key_policy": _only_known_hosts(), "timeout": 30}
    fs, root = url_to_fs(url, skip_instance_cache=True, **options)
    return fs, root, scheme


def _webdav(url: str) -> tuple[Any, str, str]:
    from webdav4.fsspec import WebdavFileSystem

    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    base = f"{'https' if parts.scheme == 'webdavs' else 'http'}://{parts.hostname}{port}"
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return WebdavFileSystem(base, auth=auth), unquote(parts.path.strip("/")), "webdav"


def _only_known_hosts() -> Any:
    """Without this any server could say that it is the right one, and get the password."""
    import paramiko

    class KnownHosts(paramiko.RejectPolicy):  # type: ignore[misc]
        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            path = Path.home() / ".ssh" / "known_hosts"
            if not path.exists() or not paramiko.HostKeys(str(path)).check(hostname, key):
                raise PermissionError("the server's key is not known")

    return KnownHosts()


def _rename(old: str, new: str) -> None:
    os.rename(old, new)
    _flush(os.path.dirname(new))


def _copy(source: Path, path: str) -> None:
    """Copies a file; it is safe on the disk afterwards."""
    with source.open("rb") as old, open(path, "wb") as new:
        while chunk := old.read(1 << 20):
            new.write(chunk)
        new.flush()
        os.fsync(new.fileno())
    _flush(os.path.dirname(path))


def _flush(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _told() -> Iterator[None]:
    """Whatever goes wrong becomes a `DestinationError`; other people's texts hold addresses."""
    try:
        yield
    except DestinationError:
        raise
    except Exception as error:
        why = _why(error)
        detail = type(error).__name__ if why is Why.FAILED else ""
        raise DestinationError(why, detail) from None


def _why(error: Exception) -> Why:
    """What an exception of any store means; libraries have names of their own for it."""
    name = type(error).__name__
    if isinstance(error, ImportError):
        return Why.NOT_INSTALLED
    if isinstance(error, PermissionError) or name == "AuthenticationException":
        return Why.DENIED
    if name == "HTTPError":  # webdav4
        return {401: Why.DENIED, 403: Why.DENIED, 507: Why.FULL}.get(_status(error), Why.FAILED)
    if isinstance(error, OSError) and error.errno in (28, 122):  # no space, over the quota
        return Why.FULL
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Why.NOT_THERE
    if isinstance(error, ConnectionError | TimeoutError) or name in _NETWORK:
        return Why.UNREACHABLE
    return Why.UNKNOWN_KIND if isinstance(error, ValueError) else Why.FAILED


_NETWORK = (
    "gaierror", "NoValidConnectionsError", "SSHException", "EndpointConnectionError",
    "ConnectError", "ConnectTimeout", "ReadTimeout", "ReadError",
)  # fmt: skip


def _status(error: Exception) -> int:
    return int(getattr(error, "status_code", 0) or 0)
