"""Files that are written once: whole or not at all."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from runtime import once

REPO = Path(__file__).resolve().parents[2]


def test_first_beside_its_place_then_in_it(tmp_path: Path) -> None:
    out = tmp_path / "codes.csv"
    part = once.lay_beside(out, b"all of it")
    assert (out.exists(), part.read_bytes()) == (False, b"all of it")
    once.put_in_place(part, out)
    assert (part.exists(), out.read_bytes()) == (False, b"all of it")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "codes.csv"
    part = once.lay_beside(out, b"new")
    with pytest.raises(FileExistsError):
        once.lay_beside(out, b"newer")
    out.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        once.put_in_place(part, out)
    assert (part.read_bytes(), out.read_bytes()) == (b"new", b"old")


def test_no_part_is_laid_beside_a_file_that_is_there(tmp_path: Path) -> None:
    out = tmp_path / "codes.csv"
    out.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        once.lay_beside(out, b"new")
    assert list(tmp_path.iterdir()) == [out]


def test_what_was_broken_off_between_its_two_names(tmp_path: Path) -> None:
    out = tmp_path / "codes.csv"
    part = once.lay_beside(out, b"all of it")
    os.link(part, out)
    once.put_in_place(part, out)
    assert list(tmp_path.iterdir()) == [out]


def test_on_a_disk_without_second_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FAT file system refuses a hard link in just this way."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    first, second = tmp_path / "a", tmp_path / "b"
    once.put_in_place(once.lay_beside(first, b"1"), first)
    assert first.read_bytes() == b"1"
    second.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        once.put_in_place(once.lay_beside(second, b"2"), second)
    assert second.read_bytes() == b"old"


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """A process that may write no more than a hundred bytes to a file."""
    out = tmp_path / "codes.csv"
    code = (
        "import sys; from pathlib import Path; from runtime import once\n"
        "try: once.lay_beside(Path(sys.argv[1]), bytes(1000))\n"
        "except OSError: sys.exit(7)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(out)],
        env={**os.environ, "PYTHONPATH": str(REPO), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
        check=False,
    )
    assert done.returncode == 7
    assert list(tmp_path.iterdir()) == []
