"""Writes requirements.lock: everything that runs in production, by version and by hash.

    python tools/lock.py            writes it anew, for Linux on x86-64 and on ARM (aarch64)
    python tools/lock.py --check    says what in it differs from pyproject.toml and constraints.txt

What is asked of the index is asked by pip, which knows where it is; no address of it is written.
Install from it with `pip install --require-hashes -r requirements.lock`. Needs nothing but Python
and pip.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
LOCK = REPO / "requirements.lock"
PYTHON = "3.11"
# What pip may take on each kind of machine: wheels for glibc 2.17 up to that of Debian 12.
MANYLINUX = ("2_17", "2_24", "2_26", "2_27", "2_28", "2_31", "2_34", "2_35", "2_36")
MACHINES = ("x86_64", "aarch64")
HEAD = """\
# Written by tools/lock.py from pyproject.toml and constraints.txt; not by hand.
# For Python {python} on Linux, {machines}.
# Install with: pip install --require-hashes -r requirements.lock
"""

Found = dict[str, tuple[str, set[str]]]  # by name: the version and the hashes


class LockError(Exception):
    """What keeps the lock from being written, in one line."""


def canonical(name: str) -> str:
    """A package's name as every index knows it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def direct(repo: Path = REPO) -> dict[str, str]:
    """What pyproject.toml asks for: version by name, both pinned there."""
    project = tomllib.loads((repo / "pyproject.toml").read_text("utf-8"))["project"]
    pins = (
        re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", d) for d in project["dependencies"]
    )
    found = {canonical(pin[1]): pin[2] for pin in pins if pin}
    if len(found) != len(project["dependencies"]):
        raise LockError("pyproject.toml: a dependency is not pinned with ==")
    return found


def pinned(text: str) -> dict[str, str]:
    """Version by name in constraints, or in a lock."""
    return {
        canonical(m[1]): m[2] for m in re.finditer(r"(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)", text)
    }


def report_for(machine: str) -> Mapping[str, object]:
    """What pip would install on such a machine, all of it from wheels. Raises LockError."""
    platforms = [f"manylinux_{each}_{machine}" for each in MANYLINUX] + [f"manylinux2014_{machine}"]
    with tempfile.TemporaryDirectory() as folder:
        out, wanted = Path(folder) / "report.json", Path(folder) / "wanted.txt"
        project = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]
        wanted.write_text("\n".join(project["dependencies"]), "utf-8")
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed",
                   "--quiet", "--only-binary", ":all:", "--python-version", PYTHON,
                   "--implementation", "cp", "--abi", "cp311", "--abi", "abi3", "--abi", "none",
                   "--target", folder, "--report", str(out),
                   "-c", str(REPO / "constraints.txt"), "-r", str(wanted)]  # fmt: skip
        command += [word for each in platforms for word in ("--platform", each)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            raise LockError(f"{machine}: pip cannot: {lines[-1] if lines else 'no reason given'}")
        report: Mapping[str, object] = json.loads(out.read_text("utf-8"))
        return report


def read(report: Mapping[str, object], found: Found) -> None:
    """Adds what one report has. Raises LockError when two machines would get two versions."""
    installs: Iterable[Mapping[str, dict[str, dict[str, dict[str, str]]]]] = report["install"]  # type: ignore[assignment]
    for each in installs:
        name, version = canonical(str(each["metadata"]["name"])), str(each["metadata"]["version"])
        digest = each["download_info"]["archive_info"]["hashes"]["sha256"]
        known, hashes = found.setdefault(name, (version, set()))
        if known != version:
            raise LockError(f"{name}: {known} on one machine and {version} on another")
        hashes.add(digest)


def written(found: Found) -> str:
    """The lock's text: one package after the other, by name."""
    parts = [HEAD.format(python=PYTHON, machines=" and ".join(MACHINES))]
    for name, (version, hashes) in sorted(found.items()):
        lines = [f"{name}=={version}", *(f"    --hash=sha256:{each}" for each in sorted(hashes))]
        parts.append(" \\\n".join(lines) + "\n")
    return "".join(parts)


def wrong(lock: str, repo: Path = REPO) -> list[str]:
    """What in a lock is not as pyproject.toml and constraints.txt have it, a line each."""
    locked, constraints = pinned(lock), pinned((repo / "constraints.txt").read_text("utf-8"))
    lines = [
        f"{name}: pyproject.toml wants {version}, the lock has {locked.get(name, 'nothing')}"
        for name, version in sorted(direct(repo).items())
        if locked.get(name) != version
    ]
    lines += [
        f"{name}: constraints.txt wants {constraints[name]}, the lock has {version}"
        for name, version in sorted(locked.items())
        if constraints.get(name, version) != version
    ]
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", lock)[1:]
    lines += [f"{b.split('==')[0]}: no hash" for b in blocks if "--hash=sha256:" not in b]
    return lines


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    args = parser.parse_args(argv)
    try:
        if not args.check:
            found: Found = {}
            for machine in MACHINES:
                read(report_for(machine), found)
            LOCK.write_text(written(found), "utf-8")
        problems = wrong(LOCK.read_text("utf-8"))
    except (LockError, OSError) as error:
        print(f"lock: {error}", file=sys.stderr)
        return 2
    for problem in problems:
        print(f"lock: {problem}", file=sys.stderr)
    if not problems:
        print(f"{LOCK.name}: {len(pinned(LOCK.read_text('utf-8')))} packages, in order")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
