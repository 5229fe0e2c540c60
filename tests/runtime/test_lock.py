"""requirements.lock names what pyproject.toml asks for, with hashes, and says when it does not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.server import REPO
from tools import audit, lock

LOCK = lock.LOCK.read_text("utf-8")


def test_every_direct_dependency_is_in_the_lock_at_its_version() -> None:
    assert lock.wrong(LOCK) == []
    assert len(lock.direct()) > 30
    assert lock.direct().items() <= lock.pinned(LOCK).items()


def test_everything_has_hashes_and_there_is_no_address_in_it() -> None:
    assert LOCK.count("--hash=sha256:") >= len(lock.pinned(LOCK)) > 60
    assert "://" not in LOCK
    compiled = LOCK.partition("\nnumpy==")[2].partition("\norjson")[0][:200]
    assert compiled.count("--hash") == 2, "one wheel for each kind of machine"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda text: text.replace("starlette==", "starlette==9"),
            "starlette: pyproject",
        ),
        (lambda text: text.replace("anyio==", "anyio==9"), "anyio: constraints.txt wants"),
        (lambda text: text.partition("babel==")[0], "the lock has nothing"),
        (
            lambda text: text.replace("babel==2.18.0 \\\n    --hash=sha256:", "babel==2.18.0\n# "),
            "babel: no hash",
        ),
    ],
)
def test_a_lock_that_is_wrong_is_told(change, said) -> None:  # type: ignore[no-untyped-def]
    assert any(said in line for line in lock.wrong(change(LOCK)))


def test_a_new_dependency_is_noticed(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(REPO / name, tmp_path / name)
    text = (tmp_path / "pyproject.toml").read_text("utf-8")
    new = text.replace("dependencies = [", 'dependencies = [\n    "some-thing==1.0",', 1)
    (tmp_path / "pyproject.toml").write_text(new, "utf-8")
    assert lock.wrong(LOCK, tmp_path) == [
        "some-thing: pyproject.toml wants 1.0, the lock has nothing"
    ]
    loose = text.replace("dependencies = [", 'dependencies = [\n    "some-thing>=1.0",', 1)
    (tmp_path / "pyproject.toml").write_text(loose, "utf-8")
    with pytest.raises(lock.LockError, match="not pinned"):
        lock.direct(tmp_path)


def report(version: str, digest: str) -> dict[str, object]:
    archive = {"archive_info": {"hashes": {"sha256": digest}}, "url": "https://a.mirror/x.whl"}
    metadata = {"name": "Some_Thing", "version": version}
    return {"install": [{"metadata": metadata, "download_info": archive}]}


def test_two_machines_have_one_version_and_two_hashes() -> None:
    found: lock.Found = {}
    lock.read(report("1.0", "bb"), found)
    lock.read(report("1.0", "aa"), found)
    text = lock.written(found)
    assert text.endswith("some-thing==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n")
    assert "mirror" not in text
    with pytest.raises(lock.LockError, match="on one machine and"):
        lock.read(report("2.0", "cc"), found)


WEAKNESS = {"id": "PYSEC-1", "fix_versions": ["2"]}
WEAK = {"name": "a", "version": "1", "vulns": [WEAKNESS]}
FINE = {"name": "b", "version": "1", "vulns": []}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found on PyPI and could not be audited: c"}


@pytest.mark.parametrize(
    ("found", "said", "statuses"),
    [
        ([WEAK, FINE], "a 1: PYSEC-1 (fixed in 2)", (1, 1)),
        ([FINE], "none of the 1 packages looked up", (0, 0)),
        ([FINE, SKIPPED], "NOT looked up: c", (0, 2)),
        ([SKIPPED, SKIPPED], "NOT DONE", (0, 2)),  # pip-audit itself calls this fine
        ([], "NOT DONE", (0, 2)),
        (None, "NOT DONE", (0, 2)),
    ],
)
def test_only_what_was_looked_up_is_called_fine(
    capsys: pytest.CaptureFixture[str],
    found: list[object] | None,
    said: str,
    statuses: tuple[int, int],
) -> None:
    answer = audit.read("ConnectionError" if found is None else json.dumps({"dependencies": found}))
    assert (audit.told(answer, False), audit.told(answer, True)) == statuses
    text = "".join(capsys.readouterr())
    assert said in text
    assert ("is known to be vulnerable" in text) == (FINE in (found or []) and WEAK not in found)
