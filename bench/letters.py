"""Letters a second, and the memory that they take: `python -m bench.letters [letters]`.

Makes a PDF with a page for each of 8,000 codes, with both QR codes, in four languages, through the
command itself. Beside it stands the same page drawn whole by fpdf2 each time, which is what the
shared part saves; on a few pages, since it is slow. One figure a line.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bot.i18n import catalogue
from civic import stempas
from civic.rounds import Round
from runtime import wiring
from runtime.config import Settings
from runtime.letters import command, layout
from runtime.letters.facts import facts
from runtime.letters.sheet import Sheet
from runtime.letters.texts import Words
from runtime.round_file import load_round

LETTERS = 8000
WHOLE = 20  # pages of the baseline
DEMO = Path(__file__).parents[1] / "examples" / "demo.toml"


@contextlib.contextmanager
def set_up() -> Iterator[tuple[Settings, Round, Path]]:
    """A database with the demo round, and every way to vote."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            database_url=f"sqlite:///{folder}/bench.db",
            twilio_whatsapp_from="+31201234567",
            twilio_sms_from="+31612345678",
            telegram_name="BuurtstemBot",
        )
        round_ = load_round(DEMO)
        db = wiring.open_database(settings)
        wiring.save_round(db, round_)
        db.close()
        yield settings, round_, Path(folder)


def codes(path: Path, many: int, areas: list[str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["code", "area", "kind", "batch"])
        for n, code in enumerate(stempas.new_codes(many, 10)):
            rows.writerow([stempas.in_threes(code), areas[n % len(areas)], "resident", 1])


def printed(settings: Settings, folder: Path, many: int, areas: list[str]) -> tuple[float, int]:
    """Seconds and bytes for so many letters."""
    codes(folder / f"{many}.csv", many, areas)
    out = folder / f"{many}.pdf"
    args = argparse.Namespace(infile=folder / f"{many}.csv", out=out, key_file=None)
    began = time.perf_counter()
    with contextlib.redirect_stderr(io.StringIO()):
        assert command.run(settings, args) == 0
    return time.perf_counter() - began, os.path.getsize(out)


def drawn_whole(settings: Settings) -> float:
    """Seconds a page when each is drawn from its texts."""
    db = wiring.open_database(settings)
    known = facts(db, settings)
    db.close()
    sheet, began = Sheet("bench"), time.perf_counter()
    for _ in range(WHOLE):
        words = Words(catalogue.default(), known, known.round.areas[0], "resident")
        layout.draw(sheet, words, known, layout.Window.LEFT)
    sheet.pdf()
    return (time.perf_counter() - began) / WHOLE


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    many = int(sys.argv[1]) if len(sys.argv) > 1 else LETTERS
    with set_up() as (settings, round_, folder):
        areas = [area.id for area in round_.areas]
        printed(settings, folder, 100, areas)
        before = peak_mb()
        seconds, size = printed(settings, folder, many, areas)
        print(f"{many} letters: {seconds:.1f} s")
        print(f"a second: {many / seconds:.0f} letters")
        print(f"peak memory: {peak_mb():.0f} MB ({before:.0f} MB after 100 letters)")
        print(f"size: {size / 1e6:.1f} MB, {size / many:.0f} bytes a letter")
        print(
            f"drawn whole by fpdf2, without a code: {1 / drawn_whole(settings):.0f} pages a second"
        )


if __name__ == "__main__":
    main()
