"""Plans and reasons are translated once, into what is missing; a person's text always wins."""

import asyncio
import json
import threading
from contextlib import asynccontextmanager
from functools import partial

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import text, update

from civic.plans import Status
from runtime.jobs import EmbeddedJobs
from runtime.translation.deepl import DeepL
from runtime.translation.libretranslate import LibreTranslate
from runtime.translation.work import DAY, HELD, HOUR, Translating
from storage import plan_life, translating, translations
from storage.db import Database
from storage.tables import people
from storage.tables import plans as plan_rows
from storage.translations import Translation
from tests.emulators.translators import KEY, Trouble
from tests.runtime.embedded_world import PACE
from tests.runtime.sending import Provider
from tests.runtime.telling import Clock, tell, until_idle
from tests.storage.living import NOON, WHY, Living

S = Status


class Now:
    """A clock that the test moves, in milliseconds."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def town(db):
    return Living(db)


@pytest.fixture
def now():
    return Now()


@asynccontextmanager
async def working(town, service, now):
    scheduler = AsyncIOScheduler()
    scheduler.start()
    jobs = EmbeddedJobs(town.db, scheduler, PACE)
    work = Translating(town.db, jobs, service, now)
    work.register()
    await jobs.start()
    yield work
    await jobs.stop()
    await work.stop()
    scheduler.shutdown(wait=False)


def translate(town, services, waits, now, ticks=2):
    """Ticks until nothing is left to be done now."""

    async def scene():
        async with working(town, DeepL(KEY, services.deepl, waits), now) as work:
            for _ in range(ticks):
                await work.tick()
                await until_idle(town.db)

    asyncio.run(scene())


def of(town, plan):
    return town.db.read(lambda c: translations.of_plan(c, plan.id))


def state(town, plan):
    return town.db.read(lambda c: translating.state_of(c, plan.id))


def change_words(town, plan, words, at):
    values = {"text": words, "updated_at": at}
    where = plan_rows.c.id == plan.id
    town.db.call(lambda c: c.execute(update(plan_rows).where(where).values(values)))


def by_hand(town, plan, language, title="Met de hand", words="Zelf gedaan"):
    human = Translation(language, title, words, False)
    return town.db.call(lambda c: translations.put(c, plan.id, human, NOON))


# --- plans


def test_a_plan_is_put_into_dutch_and_the_languages_of_the_round(town, services, waits, now):
    plan = town.plan(town.person(), language="tr", title="Bank", text="Durağa bir bank")
    translate(town, services, waits, now)
    made = of(town, plan)
    assert set(made) == {"nl", "en", "ar"}
    assert made["ar"] == Translation("ar", "[ar] Bank", "[ar] Durağa bir bank", True)
    assert {(asked.source, tuple(asked.texts)) for asked in services.asked} == {
        ("tr", ("Bank", "Durağa bir bank"))
    }
    assert state(town, plan) == translating.State(False, "", 0)


def test_nothing_is_asked_twice(town, services, waits, now):
    town.plan(town.person())
    translate(town, services, waits, now)
    asked = services.requests
    now.at += 30 * DAY
    translate(town, services, waits, now)
    assert services.requests == asked == 3


def test_a_step_of_the_plan_is_no_change_of_its_words(town, services, waits, now):
    plan = town.plan(town.person(), S.SUPPORTED)
    translate(town, services, waits, now)
    town.change(plan, S.ASSESSING, at=NOON + HOUR)
    translate(town, services, waits, now)
    assert services.requests == 3
    assert town.db.read(lambda c: translating.due(c, town.round_id, NOON + DAY, 9)) == []


def test_changed_words_are_translated_again(town, services, waits, now):
    plan = town.plan(town.person())
    translate(town, services, waits, now)
    change_words(town, plan, "Twee bankjes", NOON + 1)
    translate(town, services, waits, now)
    assert {each.text for each in of(town, plan).values()} == {
        "[tr] Twee bankjes",
        "[en] Twee bankjes",
        "[ar] Twee bankjes",
    }


def test_a_persons_text_is_neither_asked_for_nor_replaced(town, services, waits, now):
    plan = town.plan(town.person())
    by_hand(town, plan, "tr")
    translate(town, services, waits, now)
    assert of(town, plan)["tr"].title == "Met de hand"
    assert {asked.target for asked in services.asked} == {"en", "ar"}


def test_a_person_is_quicker_than_the_machine(town, services, waits, now):
    """The service has the words already when somebody stores their own."""
    plan = town.plan(town.person())
    services.hold()

    async def scene():
        async with working(town, DeepL(KEY, services.deepl, waits), now) as work:
            await work.tick()
            while not services.requests:
                await asyncio.sleep(0.01)
            for language in ("tr", "en", "ar"):
                await asyncio.to_thread(by_hand, town, plan, language)
            services.release()
            await until_idle(town.db)

    asyncio.run(scene())
    assert {each.title for each in of(town, plan).values()} == {"Met de hand"}
    assert not any(each.machine for each in of(town, plan).values())


def test_machine_and_person_at_the_same_instant(town, database_url):
    """Two connections, again and again, in either order: the person's text stands there."""
    plan = town.plan(town.person())
    other = Database.open(database_url)
    for turn in range(20):
        start = threading.Barrier(2)

        def put(db, machine, start=start, turn=turn):
            what = Translation("tr", f"{'M' if machine else 'H'}{turn}", "", machine)
            start.wait(10)
            db.call(lambda c: translations.put(c, plan.id, what, NOON))

        threads = [
            threading.Thread(target=partial(put, db, machine))
            for db, machine in ((town.db, True), (other, False))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert of(town, plan)["tr"] == Translation("tr", f"H{turn}", "", False)
        town.db.call(lambda c: c.execute(text("DELETE FROM plan_translations")))
    other.close()


def test_what_was_translated_meanwhile_of_old_words_is_dropped(town, services, waits, now):
    plan = town.plan(town.person())
    services.hold()

    async def scene():
        async with working(town, DeepL(KEY, services.deepl, waits), now) as work:
            await work.tick()
            while not services.requests:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(change_words, town, plan, "Nieuwe woorden", NOON + 5)
            services.release()
            await until_idle(town.db)
            first = await asyncio.to_thread(of, town, plan)
            await work.tick()
            await until_idle(town.db)
            return first

    assert asyncio.run(scene()) == {}
    assert of(town, plan)["tr"].text == "[tr] Nieuwe woorden"


def test_empty_parts_stay_empty(town, services, waits, now):
    plan = town.plan(town.person(), title="", text="Alleen tekst")
    silent = town.plan(town.person(), title="", text="")
    translate(town, services, waits, now)
    assert of(town, plan)["en"] == Translation("en", "", "[en] Alleen tekst", True)
    assert of(town, silent) == {}
    assert not state(town, silent).open


def test_withdrawn_plans_are_not_sent_to_anybody(town, services, waits, now):
    town.plan(town.person(), S.WITHDRAWN)
    translate(town, services, waits, now)
    assert services.requests == 0


def test_a_coordinator_asks_for_it(town, services, waits, now):
    plan = town.plan(town.person())
    by_hand(town, plan, "en")
    translate(town, services, waits, now)
    town.db.call(lambda c: translating.ask(c, plan.id, now.at))
    assert state(town, plan).open
    translate(town, services, waits, now)
    assert [asked.target for asked in services.asked].count("tr") == 2
    assert of(town, plan)["en"].title == "Met de hand"


# --- when it does not go


def test_a_busy_service_is_asked_later_with_growing_pauses(town, services, waits, now):
    plan = town.plan(town.person())
    services.troubles = [Trouble(503)] * 6
    translate(town, services, waits, now)
    assert services.requests == 3
    assert (state(town, plan).why, of(town, plan)) == ("503", {})
    now.at += 16_000
    translate(town, services, waits, now)
    now.at += 16_000  # the second pause is longer
    translate(town, services, waits, now)
    assert services.requests == 6
    now.at += 16_000
    translate(town, services, waits, now)
    assert set(of(town, plan)) == {"tr", "en", "ar"}
    assert state(town, plan) == translating.State(False, "", 0)


def test_a_long_retry_after_is_waited_for(town, services, waits, now):
    plan = town.plan(town.person())
    services.troubles = [Trouble(429, {"Retry-After": "600"})]
    translate(town, services, waits, now)
    now.at += 599_000
    translate(town, services, waits, now)
    assert of(town, plan) == {}
    now.at += 2_000
    translate(town, services, waits, now)
    assert len(of(town, plan)) == 3


def test_a_used_up_quota_stops_all_for_an_hour(town, services, waits, now):
    for _ in range(5):
        town.plan(town.person())
    services.troubles = [Trouble(456)]

    async def scene():
        async with working(town, DeepL(KEY, services.deepl, waits), now) as work:
            for minutes in range(0, 59, 10):
                now.at = NOON + minutes * 60_000
                await work.tick()
                await until_idle(town.db)
            during = services.requests
            now.at = NOON + HOUR + 1
            for _ in range(3):
                await work.tick()
                await until_idle(town.db)
            return during

    # one, and whatever was on its way beside it
    assert asyncio.run(scene()) <= 1 + 3
    assert all(len(of(town, town.found(number))) == 3 for number in range(1, 6))


def test_a_language_that_does_not_go_keeps_nobody_from_the_others(town, services, waits, now):
    plan = town.plan(town.person())
    services.unknown = {"TR"}
    translate(town, services, waits, now)
    assert set(of(town, plan)) == {"en", "ar"}
    assert (state(town, plan).open, state(town, plan).why) == (True, "400")
    asked = services.requests
    translate(town, services, waits, now)
    assert services.requests == asked
    services.unknown = set()
    now.at += DAY + 1
    translate(town, services, waits, now)
    assert set(of(town, plan)) == {"en", "ar", "tr"}
    assert services.requests == asked + 1


def test_a_job_that_is_lost_is_made_again(town, services, waits, now):
    plan = town.plan(town.person())

    async def scene():
        async with working(town, DeepL(KEY, services.deepl, waits), now) as work:
            town.db.call(
                lambda c: translating.take(c, "plan", plan.id, ["nl", "en"], NOON, NOON + 9)
            )
            now.at += 10  # the process that took it is gone
            await work.tick()
            await until_idle(town.db)

    asyncio.run(scene())
    assert set(of(town, plan)) == {"tr", "en", "ar"}


def test_libretranslate_does_the_same(town, services, waits, now):
    plan = town.plan(town.person(), language="ar")

    async def scene():
        async with working(town, LibreTranslate(services.libre, sleep=waits), now) as work:
            await work.tick()
            await until_idle(town.db)

    asyncio.run(scene())
    assert set(of(town, plan)) == {"nl", "en", "tr"}
    assert services.refused == []


# --- reasons


def declined(town, language, reasons=None):
    person = town.person("me", language=language)
    plan = town.plan(person, S.ASSESSING, language=language)
    return plan, town.change(plan, S.DECLINED, reasons=reasons or {"nl": "Dat mag daar niet."})


def reason(town, changed, language):
    return town.db.read(lambda c: plan_life.reason(c, changed.history_id, language))


def test_a_reason_is_put_into_the_initiators_language(town, services, waits, now):
    _, changed = declined(town, "tr")
    translate(town, services, waits, now)
    assert reason(town, changed, "tr") == plan_life.Reason("[tr] Dat mag daar niet.", "tr", True)
    assert reason(town, changed, "ar").language == "nl"


def test_a_persons_reason_stays(town, services, waits, now):
    _, changed = declined(town, "tr", WHY)
    translate(town, services, waits, now)
    assert reason(town, changed, "tr") == plan_life.Reason(WHY["tr"], "tr")
    assert all("Dat mag" not in " ".join(asked.texts) for asked in services.asked)


def test_who_reads_dutch_needs_no_translation(town, services, waits, now):
    declined(town, "nl")
    translate(town, services, waits, now)
    assert all("Dat mag" not in " ".join(asked.texts) for asked in services.asked)


def test_who_changes_language_gets_it_in_that(town, services, waits, now):
    plan, changed = declined(town, "tr")
    translate(town, services, waits, now)
    where = people.c.id == plan.initiator
    town.db.call(lambda c: c.execute(update(people).where(where).values(language="ar")))
    translate(town, services, waits, now)
    assert reason(town, changed, "ar").text == "[ar] Dat mag daar niet."


def test_a_translation_that_was_taken_away_does_not_come_back(town, services, waits, now):
    _, changed = declined(town, "tr")
    translate(town, services, waits, now)
    town.db.call(lambda c: c.execute(text("DELETE FROM plan_reasons")))
    translate(town, services, waits, now)
    assert reason(town, changed, "tr").language == "nl"


def test_news_waits_a_moment_for_its_reason(town, services, waits, now):
    """The initiator reads it in their language, with a line that a computer did it."""
    plan, _ = declined(town, "tr")
    port, clock = Provider(), Clock()

    async def scene():
        from tests.runtime.telling import telling

        async with (
            working(town, DeepL(KEY, services.deepl, waits), now) as work,
            telling(town.db, port, clock) as news,
        ):
            news._awaits = work.awaits
            await news.tick()
            await until_idle_of(town.db, "tell_plan")
            early = len(port.sent)
            for _ in range(2):
                await work.tick()
                await until_idle(town.db)
                await news.tick()
                await until_idle(town.db)
            return early

    assert asyncio.run(scene()) == 0
    (said,) = [words for _, words in port.sent]
    assert "[tr] Dat mag daar niet." in said
    assert "🤖" in said or "bilgisayar" in said
    assert plan.number == 1


async def until_idle_of(db, task):
    query = text("SELECT count(*) FROM jobs WHERE task = :task")
    while await db.aread(lambda c: c.scalar(query, {"task": task})):
        await asyncio.sleep(0.02)


def test_news_does_not_wait_longer_than_a_minute(town, services, waits, now):
    _, changed = declined(town, "tr")
    work = Translating(town.db, None, DeepL(KEY, services.deepl, waits), now)  # type: ignore[arg-type]
    news = town.db.call(lambda c: plan_life.plan_news.next_of(c, 1, NOON))
    assert news.history_id == changed.history_id
    assert town.db.read(lambda c: work.awaits(c, news, NOON))
    assert not town.db.read(lambda c: work.awaits(c, news, NOON + HELD))
    asyncio.run(work.stop())


def test_without_translation_news_is_told_at_once(town):
    declined(town, "tr")
    port = Provider()
    tell(town.db, port)
    assert len(port.sent) == 1


def test_rows_hold_nothing_of_the_words(town, services, waits, now):
    town.plan(town.person(), title="Geheim plan", text="mijn nummer is 0612345678")
    services.troubles = [Trouble(400, body=json.dumps({"message": "0612345678"}))] * 3
    translate(town, services, waits, now)
    rows = town.db.read(lambda c: c.execute(text("SELECT * FROM translation_wants")).all())
    jobs = town.db.read(lambda c: c.execute(text("SELECT * FROM jobs")).all())
    assert "0612345678" not in str(rows) + str(jobs)
    assert "Geheim" not in str(rows) + str(jobs)
