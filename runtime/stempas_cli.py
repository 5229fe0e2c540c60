"""`buurtstem stempas …`: its arguments, and who does what they ask."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from civic.stempas import CHANNELS, KINDS, LEAST
from runtime import config
from runtime.config import Settings

LARGE = 10_000  # passes: tell how far it is
HISTORY = (
    "What you type behind a command stays in the shell's history: give - instead, and the codes"
    " on standard input, one a line."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind `buurtstem stempas`."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="act")
    _add_issue(commands.add_parser("issue", help="new passes, and a file with their codes"))
    _add_letters(commands.add_parser("letters", help="a page to print for each code"))
    what = "makes passes void and takes their ballots out of the box: all of them, or none"
    void = commands.add_parser("void", help=what, description=what, epilog=HISTORY)
    void.add_argument("codes", nargs="+", metavar="CODE", help="a code, or - for standard input")


def _add_issue(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--area", required=True, help="the area's id in the round's file")
    parser.add_argument("--count", required=True, type=_count, metavar="N")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="never overwritten")
    parser.add_argument("--kind", choices=KINDS, default=KINDS[0])
    parser.add_argument("--channel", choices=CHANNELS, default=CHANNELS[0])
    parser.add_argument(
        "--key", default="", metavar="AGE-PUBLIC-KEY", help="the printer's: the file is encrypted"
    )


def _add_letters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--in", required=True, type=Path, metavar="FILE", dest="infile")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE.pdf")
    parser.add_argument(
        "--key-file", type=Path, metavar="AGE-IDENTITY", help="if the codes are encrypted"
    )
    parser.add_argument(
        "--window", choices=("left", "right"), default="left", help="of the envelopes"
    )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError("a number from 1")
    return int(text)


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Does what `args` say; the exit status. Raises `runtime.stempas.StempasError`."""
    if args.act == "letters":
        from runtime.letters import command

        return command.run(settings, args)
    print(_change(settings, args))
    return 0


def _change(settings: Settings, args: argparse.Namespace) -> str:
    from runtime import stempas, wiring

    pepper = partial(config.pepper, settings)
    db = wiring.open_database(settings)
    try:
        if args.act == "void":
            return stempas.void(db, pepper, _written(args.codes))
        order = stempas.Order(args.area, args.kind, args.channel, args.count, args.out, args.key)
        line = stempas.issue(db, pepper, order, _tell if args.count >= LARGE else _say_nothing)
        return line if args.key else f"{line}, not encrypted"
    finally:
        db.close()


def _written(words: Sequence[str]) -> Sequence[str]:
    """The codes as they were given; words too short for a code are one code together."""
    if list(words) == ["-"]:
        return [line for line in sys.stdin if line.strip()]
    return [" ".join(words)] if all(len(word) < LEAST for word in words) else words


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _say_nothing(line: str) -> None:
    pass
