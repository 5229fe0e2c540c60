"""Files by their content's hash."""

from __future__ import annotations

import hashlib
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.media import MediaStore


@pytest.fixture(params=["path", "file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MediaStore:
    folder = tmp_path / "new" / "media"
    urls = {
        "path": str(folder),
        "file": f"file://{folder}",
        "memory": f"memory://{uuid.uuid4()}",
    }
    return MediaStore(urls[request.param])


def test_what_is_put_can_be_had(store: MediaStore) -> None:
    data = os.urandom(70_000)
    name = store.put(data, ".ogg")
    assert name == hashlib.sha256(data).hexdigest() + ".ogg"
    assert store.get(name) == data
    assert store.exists(name)


def test_the_same_file_is_there_once(store: MediaStore) -> None:
    assert store.put(b"one", ".jpg") == store.put(b"one", ".jpg")
    assert store.put(b"", "") != store.put(b"one", "")


def test_what_is_deleted_is_gone(store: MediaStore) -> None:
    name, other = store.put(b"one", ".jpg"), store.put(b"two", ".jpg")
    store.delete(name)
    assert not store.exists(name)
    with pytest.raises(FileNotFoundError):
        store.get(name)
    store.delete(name)
    assert store.get(other) == b"two"


@pytest.mark.parametrize("name", ["", "../x", "/etc/passwd", "a" * 64 + "/x", "a" * 63, "A" * 64])
def test_only_its_own_names_are_taken(store: MediaStore, name: str) -> None:
    for use in (store.get, store.exists, store.delete):
        with pytest.raises(ValueError, match="name"):
            use(name)


@pytest.mark.parametrize("suffix", ["ogg", "/../x", ".OGG", ".toolongsuffix"])
def test_only_plain_suffixes_are_taken(store: MediaStore, suffix: str) -> None:
    with pytest.raises(ValueError, match="name"):
        store.put(b"one", suffix)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MediaStore(str(tmp_path))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("storage.media.os.fsync", full)
        with pytest.raises(OSError, match="space"):
            store.put(b"one", ".ogg")
    assert list(tmp_path.iterdir()) == []
    assert store.get(store.put(b"one", ".ogg")) == b"one"


def test_many_may_put_the_same_at_once(tmp_path: Path) -> None:
    store = MediaStore(str(tmp_path))
    data = os.urandom(300_000)
    with ThreadPoolExecutor(8) as threads:
        names = set(threads.map(lambda _: store.put(data, ".ogg"), range(24)))
    assert [path.name for path in tmp_path.iterdir()] == list(names)
    assert store.get(names.pop()) == data
