"""A whole round, from the first plan to a word about the one that was chosen.

Real server, real browser, real Whisper, Telegram's API on loopback. Residents are told every
step, in their own language, in order and once; chosen and not chosen hear at one instant.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Connection, select

from bot.prompts import Text
from civic.rounds import Phase
from storage import rounds
from storage.db import Database
from storage.life_tables import news_told, plan_news
from storage.tables import outbox, plans
from tests.console.office import NL, Clerk, sign_in
from tests.console.whole_round import (
    SPEECH,
    OnPage,
    OnTelegram,
    Resident,
    Town,
    must_hear,
    news_of,
    told,
    town_running,
    turkish_voice,
    until,
)
from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram import telegram_emulator as telegram_emulator
from tests.runtime.chromium import chromium

pytestmark = pytest.mark.slow

TREES, SWING, GARDEN, TEA = 1, 2, 3, 4  # the plans, by number
TITLES = {
    TREES: "Bomen op het plein",
    SWING: "Parkta salıncak",
    GARDEN: "حديقة صغيرة للأطفال",
    TEA: "Thee voor de hele straat",
}
SAID = "Parkta çocuklar için bir salıncak istiyoruz."
ASKED = {"nl": "Kan de schommel bij de speeltuin?", "tr": "Salıncak oyun parkında olabilir mi?"}
NO = {"nl": "Daar komt al een tuin.", "ar": "ستكون هناك حديقة أخرى قريبًا."}
WORD = {"nl": "De bomen zijn besteld.", "en": "The trees have been ordered."}
ON_THE_WAY = ("supported", "assessing", "admitted")
Vote = tuple[date, ...]  # its first and last day
RESULTS = (
    select(
        plans.c.number,
        plan_news.c.kind,
        plan_news.c.due_at.label("published"),
        outbox.c.due_at,
    )
    .select_from(
        plan_news.join(plans)
        .join(news_told, news_told.c.news_id == plan_news.c.id)
        .outerjoin(outbox, outbox.c.id == news_told.c.outbox_id)
    )
    .where(plan_news.c.kind.in_(("chosen", "not_chosen")))
)


@dataclass
class People:
    """`anna`, `derya`, `samira` and `bas` each sent in a plan; `emma` follows two of them."""

    anna: OnPage
    derya: OnPage
    samira: OnTelegram
    bas: OnTelegram
    emma: OnPage
    neighbours: list[OnPage]


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def town(tmp_path: Path, telegram_emulator: TelegramEmulator) -> Iterator[Town]:
    with town_running(tmp_path, telegram_emulator) as town:
        yield town


def test_a_whole_round(town: Town, browser: Browser) -> None:
    people = arrive(town)
    heard = send_in(people)
    fatima, omar = (sign_in(town, browser, name) for name in ("fatima", "omar"))
    sees_today_and_corrects(fatima, heard)
    support(people)
    deadline = assess(fatima, omar, people)
    vote(town, people)
    instant = results(fatima, people)
    afterwards(fatima)
    everybody_heard_everything(town, people, deadline)
    told_at_one_instant(town, instant)
    the_console_knows(fatima)


def arrive(town: Town) -> People:
    people = People(
        anna=town.resident("anna", "nl"),
        derya=town.resident("derya", "tr"),
        samira=town.on_telegram("Samira", "ar"),
        bas=town.on_telegram("Bas", "nl"),
        emma=town.resident("emma", "en"),
        neighbours=[town.resident("jan", "nl"), town.resident("leyla", "tr")],
    )
    everybody = (people.anna, people.derya, people.samira, people.bas, people.emma)
    accounts = (("fatima", "coordinator"), ("omar", "assessor"))
    at_once(
        *(each.begins for each in (*everybody, *people.neighbours)),
        *(partial(town.account, *each) for each in accounts),
    )
    return people


def at_once(*acts: Any) -> None:
    """Several people at the same time."""
    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(act) for act in acts]:
            done.result()


def send_in(people: People) -> str:
    """Four plans, in text and voice; what the computer heard, as it was read back."""
    heard: list[str] = []
    at_once(
        partial(people.anna.tells, TITLES[TREES], "Bomen en een bank op het plein, voor ouderen"),
        lambda: heard.append(people.derya.tells(TITLES[SWING], turkish_voice())),
        partial(people.samira.tells, TITLES[GARDEN], "أريد حديقة صغيرة للأطفال قرب المدرسة"),
        partial(people.bas.tells, TITLES[TEA], "Elke zondag samen thee drinken in de straat"),
    )
    for each in (people.anna, people.derya, people.samira, people.bas):  # by number
        each.sends()
    return heard[0]


def sees_today_and_corrects(fatima: Clerk, heard: str) -> None:
    """The new plans wait on the first page; a recording's words are put right."""
    assert fatima.page.url.endswith("/console/")
    for title in TITLES.values():
        assert title in fatima.text
    fatima.opens(f"/plans/{SWING}")
    fatima.follows("plan.correct")
    words = fatima.page.locator('textarea[name="text"]').input_value()
    if SPEECH.exists():
        assert words
        assert f"“{words}”" in heard
    fatima.fills(text=SAID)
    fatima.presses("transcript.save")
    assert SAID in fatima.page.locator("#idea + p").inner_text()


def support(people: People) -> None:
    """Three for each plan: the threshold."""
    for number in TITLES:
        people.emma.supports(number, follow=number in (TREES, SWING))
    at_once(*(partial(support_all, each) for each in people.neighbours))


def support_all(neighbour: Resident) -> None:
    for number in TITLES:
        neighbour.supports(number)


def assess(fatima: Clerk, omar: Clerk, people: People) -> date:
    """One is feasible, one after a question that was answered (until that day), one is not."""
    fatima.sets_phase("assessment")
    for number in TITLES:
        fatima.steps(number, "assessing")
    for number in (TREES, SWING, GARDEN):
        fatima.has_tested(number, "Openbare ruimte", "omar")
    fatima.steps(TEA, "admitted")
    omar.judges(TREES, "feasible", cost="20.000", upkeep="150")
    omar.steps(TREES, "admitted")
    omar.judges(GARDEN, "not_feasible", reason=NO["nl"], reason_own=NO["ar"])
    omar.steps(GARDEN, "declined")
    omar.judges(SWING, "adjust", reason=ASKED["nl"], reason_own=ASKED["tr"])
    deadline = date.today() + timedelta(days=10)
    omar.steps(SWING, "adjust", deadline=deadline.isoformat())
    people.derya.hears(ASKED["tr"])
    people.derya.says(f"#life.asked:answer-{SWING}", "adapt.question")
    people.derya.says("Evet, oyun parkında da çok güzel olur", "adapt.check")
    people.derya.says("#adapt.check:send", "menu.menu")
    omar.judges(SWING, "feasible")
    omar.steps(SWING, "admitted")
    return deadline


def vote(town: Town, people: People) -> None:
    """Three passes, on paper; the trustees count."""
    town.command("round", "phase", "vote")
    town.command("election", "keygen", "--trustees", 3, "--threshold", 2, "--out", "keys")
    town.command("stempas", "issue", "--area", "lindebuurt", "--count", 3, "--out", "codes.csv")
    with (town.folder / "codes.csv").open() as file:
        codes = [row["code"] for row in csv.DictReader(file)]
    voters = (people.emma, *people.neighbours)
    choices = (TREES, TREES, SWING)
    at_once(*(partial(w.votes, c, n) for w, c, n in zip(voters, codes, choices, strict=True)))
    town.command("election", "close", "--yes")
    shares = [f"keys/share-{n}-of-3.txt" for n in (1, 3)]
    town.command("election", "count", "--key", *shares, "--out", "published")
    town.command("round", "phase", "result")


def results(fatima: Clerk, people: People) -> int:
    """Published for one instant, which it returns; who is not reached is told by a person."""
    people.bas.person.blocks()
    fatima.opens("/results")
    assert NL.t("results.from_count") in fatima.text
    instant = fatima.publishes_soon()
    missed = fatima.page.locator('[aria-labelledby="missed"]')

    def is_missed() -> bool:
        fatima.opens("/results")
        listed = missed.inner_text()
        return TITLES[TEA] in listed and TITLES[TREES] not in listed and TITLES[SWING] not in listed

    until("the list of who was not reached", is_missed)
    fatima.presses("results.mark_called")
    expect(missed).to_contain_text(NL.t("results.nobody_missed"))
    return instant


def afterwards(fatima: Clerk) -> None:
    """The official to turn to, and a word to everybody who follows the plan."""
    fatima.opens(f"/plans/{TREES}/contact")
    fatima.fills(name="Sanne de Boer", phone="020 123 45 67", email="sanne@example.org")
    fatima.presses("contact.save")
    fatima.opens(f"/plans/{TREES}/word")
    fatima.fills(**{f"in-{language}": words for language, words in WORD.items()})
    fatima.presses("step.look")
    fatima.presses("word.send")


def everybody_heard_everything(town: Town, people: People, deadline: date) -> None:
    """All that each of them was told, word for word."""
    dates = vote_dates(town)
    must_hear(people.anna, heard_by_anna(dates))
    must_hear(people.derya, heard_by_derya(dates, deadline))
    must_hear(people.samira, heard_by_samira())
    must_hear(people.bas, [step("nl", TEA, kind, dates) for kind in ON_THE_WAY])
    followed = partial(step, "en", dates=dates, own=False)
    word = told("en", TREES, TITLES[TREES], Text("life.word", words=WORD["en"]), own=False)
    trees = [followed(TREES, kind) for kind in (*ON_THE_WAY, "chosen")]
    must_hear(people.emma, [*trees, word], about=TITLES[TREES])
    again = ("supported", "assessing", "adjust", "assessing", "admitted", "not_chosen")
    must_hear(people.emma, [followed(SWING, kind) for kind in again], about=TITLES[SWING])
    assert [news_of(each) for each in people.neighbours] == [[], []]  # they follow nothing


def heard_by_anna(dates: Vote) -> list[str]:
    contact = (
        Text("life.contact", name="Sanne de Boer"),
        Text("life.phone", phone="020 123 45 67"),
        Text("life.email", email="sanne@example.org"),
    )
    return [
        *(step("nl", TREES, kind, dates) for kind in (*ON_THE_WAY, "chosen")),
        told("nl", TREES, TITLES[TREES], *contact),
        told("nl", TREES, TITLES[TREES], Text("life.word", words=WORD["nl"])),
    ]


def heard_by_derya(dates: Vote, deadline: date) -> list[str]:
    """A question on the way; at the end the offer to talk."""
    told_derya = partial(told, "tr", SWING, TITLES[SWING])
    question = (Text("life.why", reason=ASKED["tr"]), Text("life.until", until=deadline))
    asked, offer = (Text(key, number=str(SWING)) for key in ("life.asked", "life.offer"))
    return [
        step("tr", SWING, "supported", dates),
        step("tr", SWING, "assessing", dates),
        told_derya(Text("life.own.adjust"), *question, foot=asked),
        step("tr", SWING, "admitted", dates),
        told_derya(Text("life.own.not_chosen"), foot=offer),
    ]


def heard_by_samira() -> list[str]:
    """A no, with why in Arabic, and the offer to talk."""
    no = (Text("life.own.declined"), Text("life.why", reason=NO["ar"]))
    offer = Text("life.offer", number=str(GARDEN))
    return [
        step("ar", GARDEN, "supported"),
        step("ar", GARDEN, "assessing"),
        told("ar", GARDEN, TITLES[GARDEN], *no, foot=offer),
    ]


def step(language: str, number: int, kind: str, dates: Vote = (), *, own: bool = True) -> str:
    """The news of a step without a reason, which promises no more than is true."""
    words = [Text(f"life.{'own' if own else 'followed'}.{kind}")]
    words += [Text("life.vote", start=dates[0], end=dates[1])] if kind == "admitted" else []
    words += [Text("life.not_final")] if kind in ON_THE_WAY else []
    return told(language, number, TITLES[number], *words, own=own)


def vote_dates(town: Town) -> Vote:
    active = read(town, rounds.active)
    dates = active.round.dates(Phase.VOTE)
    return dates.start, dates.end


def read(town: Town, query: Callable[[Connection], Any]) -> Any:
    """From the database of the town, while it runs."""
    database = Database.open(town.database)
    try:
        return database.read(query)
    finally:
        database.close()


def told_at_one_instant(town: Town, instant: int) -> None:
    """Chosen and not chosen became known together, and nobody heard a moment earlier."""
    rows = read(town, lambda conn: conn.execute(RESULTS).all())
    assert {(row.number, row.kind) for row in rows} == {
        (TREES, "chosen"), (SWING, "not_chosen"), (TEA, "not_chosen"),
    }  # fmt: skip
    assert len({row.published for row in rows}) == 1
    assert all(row.published >= instant for row in rows)
    sent = [row for row in rows if row.due_at is not None]
    assert len(sent) >= 4  # anna, derya, and emma twice
    assert all(row.due_at >= row.published for row in sent)


def the_console_knows(fatima: Clerk) -> None:
    """Every step and every message stands with the plan."""
    labels = partial(map, lambda status: NL.t(f"status.{status}"))
    assert fatima.history(TREES) == [*labels(("submitted", *ON_THE_WAY, "chosen"))]
    news = [NL.t("news.contact"), NL.t("news.word")]
    assert fatima.messages() == [*labels((*ON_THE_WAY, "chosen")), *news]
    tested = ("submitted", "supported", "assessing", "adjust", "assessing", "admitted")
    assert fatima.history(SWING) == [*labels((*tested, "not_chosen"))]
    assert fatima.history(GARDEN) == [*labels(("submitted", "supported", "assessing", "declined"))]
    assert NO["ar"] in fatima.text
    assert fatima.messages() == [*labels(("supported", "assessing", "declined"))]
