"""The whole program: off by default, and on by a setting."""

import asyncio

import pytest
from sqlalchemy import text

from runtime.config import Settings
from runtime.wiring import build
from storage import translations
from storage.db import Database
from tests.emulators.translators import KEY
from tests.storage.living import Living


@pytest.fixture
def settings(tmp_path, sqlite_url, services):
    """Everything is there but the word that turns it on."""
    return {
        "database_url": sqlite_url,
        "media_url": f"file://{tmp_path}/media",
        "secret_key": "s" * 20,
        "pepper": "p" * 20,
        "translation_url": services.libre,
        "translation_key": KEY,
    }


def plan_in(url):
    db = Database.open(url)
    town = Living(db)
    plan = town.plan(town.person())
    return db, plan


def jobs_of(system):
    return {job.id for job in system.scheduler.get_jobs()}


def test_off_by_default_no_request_is_ever_made(settings, services):
    db, _ = plan_in(settings["database_url"])

    async def scene():
        system = build(Settings(_env_file=None, **settings))
        assert system.translating is None
        await system.start()
        for _ in range(5):
            await system.plan_news.tick()
            await system.sweep.once()
        assert "translating" not in jobs_of(system)
        assert not {"translate_plan", "translate_reason"} & set(system.jobs._tasks)
        await system.stop()

    asyncio.run(scene())
    assert services.requests == 0
    for table in ("translation_wants", "plan_translations"):
        assert db.read(lambda c, t=table: c.scalar(text(f"SELECT count(*) FROM {t}"))) == 0
    db.close()


def test_on_by_a_setting_plans_are_translated_by_themselves(settings, services):
    db, plan = plan_in(settings["database_url"])

    async def scene():
        system = build(Settings(_env_file=None, translation="libretranslate", **settings))
        await system.start()
        async with asyncio.timeout(60):
            while len(await db.aread(lambda c: translations.of_plan(c, plan.id))) < 3:
                await asyncio.sleep(0.05)
        await system.stop()

    asyncio.run(scene())
    assert {asked.target for asked in services.asked} == {"en", "tr", "ar"}
    db.close()
