"""An export has its place whole, or not at all, on stores that rename and on stores that cannot."""

import shutil
from datetime import UTC, datetime

import fsspec
import pytest

from admin_export import destinations, manifest
from admin_export.destinations import Destination, DestinationError, Why
from admin_export.manifest import About

UNTIL = datetime(2026, 6, 15, 5, tzinfo=UTC)


def export(folder, **files):
    """A folder with these files and their manifest."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    manifest.write(folder, About("r", "2026-W25", None, UNTIL, ["csv"], {"plans": len(files)}))
    return folder


@pytest.fixture
def first(tmp_path):
    return export(tmp_path / "first", plans_csv="one", changed__plans_csv="two", old_txt="gone")


@pytest.fixture
def second(tmp_path):
    return export(tmp_path / "second", plans_csv="one more", changed__plans_csv="two")


@pytest.fixture(params=["file", "memory"])
def url(request, tmp_path):
    yield {"file": str(tmp_path / "out"), "memory": "memory://out"}[request.param]
    fsspec.filesystem("memory").store.clear()
    fsspec.filesystem("memory").pseudo_dirs[:] = [""]


def found(url):
    """Everything below the destination, hidden files too."""
    fs, root = fsspec.core.url_to_fs(url)
    files = fs.find(root) if fs.exists(root) else []
    return {path[len(root) + 1 :]: fs.cat_file(path) for path in files}


def contents(folder, name):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {f"{name}/{p.relative_to(folder).as_posix()}": p.read_bytes() for p in files}


def test_a_place_becomes_what_the_folder_is(url, first, second):
    there = Destination(url)
    assert there.put(first, "week") is True
    assert found(url) == contents(first, "week")
    assert there.read("week", "changed/plans.csv") == b"two"
    assert there.put(second, "week") is True
    assert found(url) == contents(second, "week")
    assert there.put(first, "next") is True
    assert found(url) == contents(second, "week") | contents(first, "next")


def test_what_is_there_already_is_left_alone(url, first, monkeypatch):
    Destination(url).put(first, "week")
    for act in ("_stage", "_settle"):
        monkeypatch.setattr(Destination, act, lambda *_: pytest.fail("it was written again"))
    assert Destination(url).put(first, "week") is False


def test_a_file_that_was_damaged_there_is_written_again(url, first):
    Destination(url).put(first, "week")
    fs, root = fsspec.core.url_to_fs(url)
    fs.pipe_file(f"{root}/week/plans.csv", b"One")
    assert Destination(url).put(first, "week") is True
    assert found(url) == contents(first, "week")


def test_a_folder_of_somebody_else_is_left_alone(url, first, second):
    fs, root = fsspec.core.url_to_fs(url)
    fs.makedirs(f"{root}/week", exist_ok=True)
    fs.pipe_file(f"{root}/week/thesis.txt", b"years of work")
    with pytest.raises(DestinationError) as error:
        Destination(url).put(first, "week")
    assert error.value.why is Why.OCCUPIED
    fs.rm_file(f"{root}/week/thesis.txt")
    Destination(url).put(first, "week")
    fs.pipe_file(f"{root}/week/thesis.txt", b"years of work")
    with pytest.raises(DestinationError):
        Destination(url).put(second, "week")
    assert found(url) == contents(first, "week") | {"week/thesis.txt": b"years of work"}


def test_the_destination_itself_may_be_the_place(tmp_path, first):
    out = tmp_path / "empty"
    out.mkdir()
    assert Destination(str(out)).put(first)
    assert (out / "plans.csv").read_text() == "one"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


class Killed(BaseException):
    """As sudden as the end of a process: nobody handles it."""


def killed_after(monkeypatch, acts):
    """Lets `acts` acts on the store happen, then ends everything."""
    left = iter(range(acts))

    def counted(act):
        def wrapped(*args, **kwargs):
            if next(left, None) is None:
                raise Killed
            return act(*args, **kwargs)

        return wrapped

    for owner in (fsspec.implementations.memory.MemoryFileSystem, fsspec.AbstractFileSystem):
        for name in ("put_file", "mv", "rm_file"):
            if name in vars(owner):
                monkeypatch.setattr(owner, name, counted(vars(owner)[name]))
    for name in ("_copy", "_rename"):
        monkeypatch.setattr(destinations, name, counted(getattr(destinations, name)))
    monkeypatch.setattr(
        fsspec.implementations.local.LocalFileSystem,
        "rm",
        counted(fsspec.implementations.local.LocalFileSystem.rm),
    )


def whole(url, *folders):
    """Which export is at its place: only what has a manifest is one."""
    there = {n: data for n, data in found(url).items() if n.startswith("week/")}
    if "week/manifest.json" not in there:
        return None
    assert there in [contents(folder, "week") for folder in folders], "half an export"
    return there["week/manifest.json"]


@pytest.mark.parametrize("acts", range(16))
def test_wherever_it_is_broken_off_there_is_no_half_export(url, first, second, acts):
    Destination(url).put(first, "week")
    with pytest.MonkeyPatch.context() as patch:
        killed_after(patch, acts)
        try:
            Destination(url).put(second, "week")
        except Killed:
            whole(url, first, second)
        else:
            assert whole(url, second)
    Destination(url).put(second, "week")
    assert found(url) == contents(second, "week")


def test_what_was_whole_beside_its_place_gets_it(tmp_path, first, second):
    out = tmp_path / "out"
    out.mkdir()
    shutil.copytree(first, out / ".week.old")
    shutil.copytree(second, out / ".week.part")
    assert Destination(str(out)).put(second, "week") is False  # it only had to get its name
    assert found(str(out)) == contents(second, "week")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("gopher://x/y", Why.UNKNOWN_KIND),
        ("s3://bucket", Why.NO_FOLDER),
        ("/proc/buurtstem", Why.NOT_THERE),
        ("/dev/null/x", Why.NOT_THERE),
    ],
)
def test_what_cannot_be_is_told_without_the_address(first, url, why):
    with pytest.raises(DestinationError) as error:
        Destination(url).put(first)
    if url.startswith("s3") and error.value.why is Why.NOT_INSTALLED:
        pytest.skip("s3fs is not installed: buurtstem[destinations]")
    assert error.value.why is why
    assert url not in str(error.value)
