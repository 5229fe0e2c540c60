"""Asks whether something in requirements.lock is known to be vulnerable: `make audit`.

pip-audit lives in an environment of its own, `.audit`. It asks a database on the internet; where
that cannot be reached nothing is audited, which is said and is no failure (with --strict it is).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parent.parent
PLACE = REPO / ".audit"
AUDITOR = "pip-audit==2.10.1"
SECONDS = 300


def auditor() -> Path | None:
    """The program, installed if it is not there yet; None when it cannot be."""
    program = PLACE / "bin" / "pip-audit"
    if not program.exists():
        venv.create(PLACE, with_pip=True)
        pip = [str(PLACE / "bin" / "pip"), "install", "--quiet", AUDITOR]
        subprocess.run(pip, check=False, timeout=SECONDS)  # noqa: S603
    return program if program.exists() else None


@dataclass(frozen=True)
class Answer:
    """What the database said: a line for each known weakness, and who it could not be asked of.

    pip-audit calls it "no known vulnerabilities", with exit status 0, when it could look up
    nothing at all; so only what it really looked up counts.
    """

    weak: list[str]
    asked: int
    skipped: list[str]


def read(answer: str) -> Answer:
    """What pip-audit wrote; of what is no answer of its nothing was asked."""
    try:
        found: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Answer([], 0, [])
    asked = [each for each in found if "vulns" in each]
    weak = [
        f"{each['name']} {each['version']}: {weakness['id']}"
        f" (fixed in {', '.join(weakness['fix_versions']) or 'no version yet'})"
        for each in asked
        for weakness in each["vulns"]
    ]
    return Answer(weak, len(asked), [str(each["name"]) for each in found if "vulns" not in each])


def ask(program: Path) -> Answer:
    """What the database says of the lock."""
    command = [str(program), "--require-hashes", "--disable-pip", "--progress-spinner", "off",
               "--format", "json", "-r", str(REPO / "requirements.lock")]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return read("")
    return read(done.stdout)


def told(answer: Answer, strict: bool) -> int:
    """Says it; the exit status: 1 for a weakness, 2 when `strict` and not all could be asked."""
    for line in answer.weak:
        print(f"audit: {line}", file=sys.stderr)
    if not answer.asked:
        print(
            "audit: NOT DONE: the database of known weaknesses cannot be reached from here."
            " Nothing was looked up; requirements.lock only says what is installed.",
            file=sys.stderr,
        )
    elif answer.skipped:
        print(f"audit: NOT looked up: {', '.join(answer.skipped)}", file=sys.stderr)
    if answer.asked and not answer.weak:
        print(f"audit: none of the {answer.asked} packages looked up is known to be vulnerable")
    incomplete = not answer.asked or bool(answer.skipped)
    return 1 if answer.weak else 2 if strict and incomplete else 0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--strict", action="store_true", help="fail when nothing can be asked")
    args = parser.parse_args(argv)
    program = auditor()
    return told(ask(program) if program else read(""), args.strict)


if __name__ == "__main__":
    raise SystemExit(main())
