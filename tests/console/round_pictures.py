"""`python -m tests.console.round_pictures FOLDER`: the console's first page and one plan.

Taken while a round is being played. For the first page some days are put between, so that not
everything happened just now.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from PIL import Image
from sqlalchemy import Connection, update

from storage.db import Database
from storage.life_tables import assessments
from storage.tables import help_requests, plans
from tests.console.office import Clerk, sign_in
from tests.console.test_whole_round import (
    GARDEN,
    SWING,
    TEA,
    TREES,
    People,
    arrive,
    sees_today_and_corrects,
    send_in,
)
from tests.console.whole_round import Town, town_running
from tests.emulators.telegram import TelegramEmulator
from tests.runtime.chromium import chromium

HOUR = 3_600_000
AGO = {TREES: 200 * HOUR, SWING: 75 * HOUR, GARDEN: 29 * HOUR, TEA: 3 * HOUR}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    emulator = TelegramEmulator()
    with (
        tempfile.TemporaryDirectory() as place,
        chromium() as browser,
        town_running(Path(place), emulator) as town,
    ):
        people = arrive(town)
        heard = send_in(people)
        fatima = sign_in(town, browser, "fatima")
        sees_today_and_corrects(fatima, heard)
        ask(people)
        work(fatima, people)
        fatima.opens(f"/plans/{SWING}")
        picture(fatima, folder / "console-plan.png", 1130)
        put_back(town)
        fatima.opens("/")
        picture(fatima, folder / "console.png", 780)
    emulator.close()


def ask(people: People) -> None:
    """Two ask for help, each in their own way."""
    people.anna.says("help", "help.offer")
    people.anna.says("#help.offer:call")
    people.anna.says("06 12 34 56 78", "help.asked")
    people.samira.says("مساعدة", "help.offer")
    people.samira.says("#help.offer:message")
    people.samira.says("متى يبدأ التصويت؟ وأين أجد الرمز؟", "help.asked")


def work(fatima: Clerk, people: People) -> None:
    """Plan 1 has enough support and is tested; a message about it does not arrive."""
    everybody = (people.emma, *people.neighbours)
    for each in everybody:
        each.supports(TREES, follow=True)
    for each in (people.emma, people.neighbours[0]):
        each.supports(SWING)
    fatima.steps(TREES, "assessing")
    fatima.has_tested(TREES, "Openbare ruimte", "fatima")


def put_back(town: Town) -> None:
    """As if the days had gone by in which this happens."""
    database = Database.open(town.database)
    for number, ago in AGO.items():
        mine = plans.c.number == number
        moved = update(plans).where(mine).values(created_at=plans.c.created_at - ago)
        database.call(partial(Connection.execute, statement=moved))
    later = assessments.c.deadline - 15 * 24 * HOUR
    asked = {"created_at": help_requests.c.created_at - 98 * HOUR}
    asked |= {"answer_by": help_requests.c.answer_by - 98 * HOUR}
    is_call = help_requests.c.kind == "call"
    database.call(lambda conn: conn.execute(update(assessments).values(deadline=later)))
    database.call(lambda conn: conn.execute(update(help_requests).where(is_call).values(asked)))
    database.close()


def picture(clerk: Clerk, path: Path, height: int) -> None:
    clerk.page.set_viewport_size({"width": 1280, "height": height})
    clerk.page.screenshot(path=path)
    Image.open(path).convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(
        path, optimize=True
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
