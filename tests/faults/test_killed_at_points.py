"""kill -9 of the real server or worker at a named moment; then another one goes on.

The moments of a vote are in test_kill_vote.py.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection

from civic.campaigns import State, news
from civic.rounds import AMSTERDAM
from storage import campaigns, exports_made, rounds
from storage.times import now_ms
from tests.faults.provider import Provider, doubled
from tests.faults.town import LINES, SECRET, Crowd, Town, examine, post, until, voice
from tests.server import REPO

SPEECH = REPO.parent / "shared" / "data" / "speech"
PEOPLE = 6

pytestmark = pytest.mark.slow


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    provider = Provider()
    town = Town(tmp_path, database_url, provider)
    town.load()
    yield town
    town.close()
    provider.close()


WEB = {
    "the inbox row is written": 17,
    "all is written and nothing committed": 13,
    "committed and not yet answered": 15,
    "claimed and not yet sent": 9,
    "the provider accepted": 9,
}


def test_a_message_that_dies_on_its_way(town: Town) -> None:
    """Its residents write on; an init system starts the server again, which dies elsewhere."""
    web = town.web()
    crowd = Crowd([web], random.Random(3))

    async def scene() -> None:
        everybody = asyncio.create_task(crowd.write(PEOPLE))
        for point, nth in WEB.items():
            web.start(point=point, nth=nth)
            await asyncio.to_thread(web.dies)
        web.start()
        await everybody

    asyncio.run(scene())
    until(town.settled)
    web.stop()
    found = examine(town, PEOPLE)
    assert found.is_well, found
    assert found.doubled_sends == found.late == 0
    assert sorted(crowd.acknowledged) == [
        (person, n) for person in range(1001, 1001 + PEOPLE) for n in range(len(LINES))
    ]
    # nobody can ask Telegram, and nothing is sent blindly
    assert found.unknown >= 2
    assert 1 <= found.missing < found.unknown


HEARING = (
    "while it is transcribed",
    "transcribed and not yet stored",
    "the transcript is stored",
)


@pytest.mark.skipif(not SPEECH.exists(), reason="no recordings of speech in ../shared")
def test_a_voice_note_that_dies_while_it_is_heard(town: Town) -> None:
    """What was said after it keeps its place, and it is heard once."""
    note = (SPEECH / "en" / "fleurs_001.ogg").read_bytes()
    town.provider.files["note"] = note
    web = town.web().start(point=HEARING[0]).wait()
    for person, next_point in enumerate((*HEARING[1:], ""), 1001):
        for n, words in enumerate(("hello", "English", "yes", "1")):
            assert post(web, str(person), n, words) == 200
        note_sent = voice(person, 4, "note", len(note))
        url = web.url + "/webhooks/telegram"
        assert httpx.post(url, json=note_sent, headers=SECRET, timeout=60).status_code == 200
        try:
            acknowledged = post(web, str(person), 5, "and a tree near the school") == 200
        except httpx.TransportError:
            acknowledged = False
        web.dies()
        # whoever starts next hears this note to the end, and dies of the next one
        web.start(point=next_point, nth=2).wait()
        if not acknowledged:
            assert post(web, str(person), 5, "and a tree near the school") == 200
        until(lambda: any("tree" in words for words in town.provider.texts(str(person))))  # noqa: B023
        until(town.settled)
    web.stop()
    for person in range(1001, 1001 + len(HEARING)):
        last = [each for each in town.provider.texts(str(person)) if "tree" in each]
        assert len(last) == 1
        assert last[0].index("capital") < last[0].index("tree")
    assert town.count("recordings") == len(HEARING)
    assert town.count("inbox") == 6 * len(HEARING)


CHUNKS = (
    "a campaign has begun",
    "a chunk is put and not committed",
    "a chunk is stored and not sent",
)


def test_a_campaign_whose_worker_dies(town: Town) -> None:
    people = 70  # four chunks
    with town.database() as db:
        db.call(lambda conn: invited(conn, people))
    worker = town.worker()
    for point in CHUNKS:
        worker.start(point=point)
        worker.dies()
    assert len(town.provider.taken) < people
    worker.start()
    until(lambda: len(town.provider.taken) == people)
    until(town.settled)
    worker.stop()
    states = town.rows("SELECT state, count(*) FROM outbox GROUP BY state")
    assert states == [("sent", people)]
    assert {each.to for each in town.provider.taken} == {str(n) for n in range(people)}
    assert town.rows("SELECT state FROM campaigns") == [("done",)]
    assert town.count("campaign_runs") == 1


def invited(conn: Connection, people: int) -> None:
    """News that began a minute ago, for so many people."""
    from tests.runtime.campaigning import person

    for n in range(people):
        person(conn, str(n))
    active = rounds.active(conn)
    assert active is not None
    begins = datetime.now(UTC) - timedelta(minutes=1)
    words = {"nl": "nieuws", "en": "news", "tr": "haber", "ar": "خبر"}
    campaign = news("news", words, begins.astimezone(AMSTERDAM).replace(tzinfo=None))
    campaigns.save(conn, active.id, campaign, State.SCHEDULED, now_ms())


def test_an_export_whose_worker_dies(town: Town) -> None:
    """A folder is there whole or not at all, and once."""
    town.settings["export_url"] = str(town.folder / "out")
    with town.database() as db:
        db.call(wanted)
    worker = town.worker()
    for point in ("while an export is written", "an export is in place and not noted"):
        worker.start(point=point)
        worker.dies()
        assert town.count("exports_made WHERE state = 'done'") == 0
    worker.start()
    until(lambda: town.count("exports_made WHERE state = 'done'") == 1)
    worker.stop()
    (folder,) = [path for path in (town.folder / "out").iterdir() if path.name[0] != "."]
    assert (folder / "manifest.json").exists()
    assert doubled(town.provider.taken, {}) == 0


def wanted(conn: Connection) -> None:
    """What a coordinator asks for in the console."""
    active = rounds.active(conn)
    assert active is not None
    exports_made.ask(conn, active.id, now_ms())
