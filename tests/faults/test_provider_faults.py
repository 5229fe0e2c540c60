"""Telegram and Twilio refuse, fail, hang, and break off after they took a message."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from runtime.deliveries import Deliveries
from storage import outbox
from storage.db import Database
from storage.times import now_ms
from tests.faults.provider import Fault, Provider
from tests.faults.town import WITH_WORDS, Town, post, twilio, until
from tests.runtime.sending import person, put, sending

OPENING = ("hoi", "Nederlands", "ja, dat mag", "1")
TELEGRAM = tuple(str(n) for n in range(1001, 1006))
WITH_A_PHONE = tuple(f"whatsapp:+316123450{n:02}" for n in range(5))

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def town(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    town = Town(folder, f"sqlite:///{folder}/town.db", provider, settings=twilio(provider))
    town.load()
    town.web().start().wait()
    yield town
    town.close()


# What is wrong, and how often it must be asked and must arrive: at Telegram, which cannot be asked
# what it took, and at Twilio, which can.
FAULTS = {
    "429 with a pause": (Fault("429", seconds=2), (2, 1), (2, 1)),
    "429 three times": (Fault("429", times=3, seconds=1), (4, 1), (4, 1)),
    "500": (Fault("500"), (2, 1), (2, 1)),
    "503 twice": (Fault("503", times=2), (3, 1), (3, 1)),
    "taken, and the answer is lost": (Fault("lost"), (1, 1), (1, 1)),
    "taken, and answered too late": (Fault("late", seconds=8), (1, 1), (1, 1)),
    "lost before it was taken": (Fault("unreached"), (1, 0), (2, 1)),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("channel", ["telegram", "twilio"])
def test_one_message_in_trouble(town: Town, provider: Provider, fault: str, channel: str) -> None:
    wrong, *expected = FAULTS[fault]
    number = 2000 + list(FAULTS).index(fault)
    who = str(number) if channel == "telegram" else f"whatsapp:+3161234{number}"
    asked, arrived = expected[channel == "twilio"]
    (web,) = town.processes
    provider.fails(Fault(wrong.kind, wrong.times, wrong.seconds))
    assert post(web, who, 1, "hoi") == 200
    until(lambda: state(town, who) in ("sent", "unknown"))
    if channel == "twilio":  # it is looked up, and sent again only if Twilio has it not
        until(lambda: state(town, who) == "sent")
    elif wrong.kind in ("lost", "late", "unreached"):
        assert state(town, who) == "unknown"
    assert post(web, who, 2, "Nederlands") == 200  # and the next one is not held up for good
    until(lambda: len(provider.to(who)) == arrived + 1)
    attempts = Counter(to for _, to in provider.asked)
    assert attempts[who] == asked + 1
    texts = provider.texts(who)
    assert len(set(texts)) == len(texts)


def state(town: Town, who: str) -> str:
    found = town.rows(f"SELECT state FROM outbox WHERE address = '{who}' ORDER BY id LIMIT 1")
    return str(found[0][0])


def test_a_pause_that_telegram_asks_for_holds_for_everybody(town: Town, provider: Provider) -> None:
    (web,) = town.processes
    until(town.settled)
    provider.fails(Fault("429", seconds=3))
    first = len(provider.asked)
    for who in TELEGRAM:
        for n, words in enumerate(OPENING):
            assert post(web, who, n, words) == 200
    until(lambda: all(len(provider.to(who)) == len(OPENING) for who in TELEGRAM))
    times = [at for at, to in provider.asked[first:] if to in TELEGRAM]
    after = [at - times[0] for at in times[1:]]
    # one or two were on their way when it was said
    assert sum(wait < 2.9 for wait in after) <= 3
    for who in TELEGRAM:
        texts = provider.texts(who)
        assert len(set(texts)) == len(OPENING)


@pytest.mark.parametrize("people", [TELEGRAM, WITH_A_PHONE], ids=["telegram", "whatsapp"])
def test_a_provider_that_fails_half_of_the_time(
    town: Town, provider: Provider, people: tuple[str, ...]
) -> None:
    """Nothing of a dialogue is lost, doubled, or in another order."""
    (web,) = town.processes
    until(town.settled)
    before = {who: len(provider.to(who)) for who in people}
    kinds = ("500", "429", "503", "500", "429", "503", "500", "429")
    provider.fails(*(Fault(kind, 2, 0) for kind in kinds))
    for n, words in enumerate(("menu", "5", "terug", "menu"), 10):
        for who in people:
            assert post(web, who, n, words) == 200
    # Twilio's own failures may have taken the message: it is asked first
    until(lambda: not unsent(town, people))
    for who in people:
        rows = town.rows(f"SELECT state FROM outbox WHERE address = '{who}' AND {WITH_WORDS}")
        assert set(rows) == {("sent",)}
        assert len(provider.to(who)) == len(rows)
        assert before[who] < len(rows)


def unsent(town: Town, people: tuple[str, ...]) -> int:
    listed = ", ".join(f"'{who}'" for who in people)
    return town.count(f"outbox WHERE state <> 'sent' AND address IN ({listed}) AND {WITH_WORDS}")


class TwilioLike:
    """Has one message, of which it tells the id to whoever asks for another one."""

    async def settle(self, address: str, message: Any, since: Any, known: Any = ()) -> str | None:
        return None if "SM2" in known else "SM2"

    async def send(self, address: str, message: Any, sound: bytes | None) -> str:
        return "SM3"


def test_the_same_words_twice_are_not_taken_for_one(db: Database) -> None:
    """The first was refused (500: unknown), the second is on its way: what Twilio has is that one.

    Else the first would be called sent, and never be.
    """
    ports: Any = {"sms": TwilioLike()}

    async def scene() -> None:
        async with sending(db, ports) as sender:
            who = await db.run(lambda c: person(c, "+31612345678", "sms"))
            words = ["menu", "menu"]
            await db.run(lambda c: put(c, who, words, "+31612345678", "sms"))
            first = await db.run(lambda c: outbox.claim(c, who, now_ms()))
            assert first
            await db.run(lambda c: outbox.unknown(c, first.id, "500"))
            second = await db.run(lambda c: outbox.claim(c, who, now_ms()))
            assert second
            deliveries = Deliveries(db, sender, ports, look_after=-60)
            await deliveries.settle()
            assert found(db) == [("unknown", None), ("sending", None)]
            await db.run(lambda c: outbox.sent(c, second.id, "SM2", now_ms()))
            await db.run(lambda c: c.execute(text("UPDATE outbox SET due_at = 1")))
            await deliveries.settle()
            await until_sent(db)

    asyncio.run(scene())
    assert found(db) == [("sent", "SM3"), ("sent", "SM2")]


def found(db: Database) -> list[tuple[str, str | None]]:
    query = text("SELECT state, provider_id FROM outbox ORDER BY id")
    return [(row[0], row[1]) for row in db.read(lambda c: c.execute(query).all())]


async def until_sent(db: Database) -> None:
    async with asyncio.timeout(60):
        while {state for state, _ in found(db)} != {"sent"}:
            await asyncio.sleep(0.02)
