"""`buurtstem stempas letters`: a file of codes becomes a PDF for the print shop.

The PDF holds codes: whoever has it can vote. It is readable by its owner only, is made whole or
not at all, and nothing else is left on the disk. Bring it to the printer encrypted, and remove it.
"""

from __future__ import annotations

import argparse
import sys

from runtime import wiring
from runtime.config import Settings
from runtime.letters.codes import Letter, LettersError, read_letters
from runtime.letters.facts import Facts, facts
from runtime.letters.layout import Window
from runtime.letters.printing import write_letters
from runtime.letters.whole import written_whole

EVERY = 1000  # letters between two lines of progress


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Makes `args.out` from `args.infile`; 0, or 2 with one line that says what is wrong.

    `args.key_file`: the identity for an encrypted file, or None. `args.window` (may be absent):
    left or right, the side of the envelope's window. Raises `ConfigError`.
    """
    try:
        _make(settings, args)
    except LettersError as error:
        return _refused(str(error))
    except FileExistsError:
        return _refused(f"{args.out}: is there already, and is never overwritten")
    except OSError as error:
        return _refused(f"{args.out}: {error.strerror or 'cannot be written'}")
    return 0


def _make(settings: Settings, args: argparse.Namespace) -> None:
    known = _facts(settings)
    letters = read_letters(args.infile, args.key_file, known.areas)
    for line in _remarks(known, letters):
        _say(line)
    window = Window(getattr(args, "window", None) or Window.LEFT)
    many = len(letters)

    def tell(done: int) -> None:
        if done % EVERY == 0 or done == many:
            _say(f"{done} of {many} letters")

    with written_whole(args.out) as file:
        write_letters(file, letters, known, window, tell)


def _facts(settings: Settings) -> Facts:
    db = wiring.open_database(settings)
    try:
        return facts(db, settings)
    finally:
        db.close()


def _remarks(known: Facts, letters: list[Letter]) -> list[str]:
    """What whoever has the letters printed should know first."""
    remarks = []
    if not known.ways:
        remarks.append(
            "no WhatsApp, Telegram or SMS is set up: the letters tell people to call or to come"
        )
    empty = sorted({letter.area for letter in letters} - known.plans.keys())
    if empty:
        remarks.append(f"no admitted plan yet in {', '.join(empty)}: left out of the letters")
    return remarks


def _refused(line: str) -> int:
    _say(f"buurtstem: {line}")
    return 2


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
