"""`python -m tests.console.shots FOLDER [NAME…]`: a picture of each page, wide and narrow."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from storage.db import Database
from storage.media import MediaStore
from tests.console.browsing import WIDTHS, context_for, served
from tests.console.busy import busy, counted
from tests.console.entering import enter
from tests.console.shown import SHOWN
from tests.console.world import World
from tests.runtime.chromium import chromium


def main(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        db = Database.open(f"sqlite:///{place}/town.db")
        db.migrate()
        world = World(db, MediaStore(f"file://{place}/media"))
        world.fill()
        busy(world)
        counted(world)
        enter(world)
        with chromium() as browser, served(world) as url:
            for shown in SHOWN:
                for width in WIDTHS if not names or shown.name in names else ():
                    dark = "dark" if width == min(WIDTHS) else "light"
                    context = context_for(browser, world, url, shown, "nl", dark, width)
                    page = context.new_page()
                    page.goto(url + "/console" + shown.path)
                    page.screenshot(path=folder / f"{shown.name}-{width}.png", full_page=True)
                    context.close()
        db.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
