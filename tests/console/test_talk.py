"""Answering in the bot's place: what a resident hears, what a coordinator sees, and what not."""

from __future__ import annotations

import html
import json
import re
from functools import partial

import pytest
from sqlalchemy import insert, select, update

from storage import audit, hot, takeovers, talks
from storage.tables import addresses, inbox, outbox, plans
from tests.console.talking import ADDRESS, SAID, Talking
from tests.console.world import DAY, World, post

HOUR = 3600_000


@pytest.fixture
def talking(both: World) -> Talking:
    both.fill()
    return begun(both)


def begun(world: World) -> Talking:
    """A resident who is known, and whom the bot answers."""
    world.db.call(lambda conn: takeovers.end(conn, Talking(world).person()))
    talking = Talking(world)
    world.clock.now += HOUR
    return talking


def page(world: World, person: int, role: str = "coordinator") -> str:
    answer = world.signed_in(role).get(f"/console/help/people/{person}")
    assert answer.status_code == 200
    return html.unescape(answer.text)


def take(talking: Talking, name: str = "Anna") -> int:
    person = talking.person()
    client = talking.world.signed_in("coordinator")
    answer = post(client, f"/console/help/people/{person}/take", name=name)
    assert answer.status_code == 303
    return person


def test_the_bot_is_silent_and_says_so(talking: Talking) -> None:
    person = take(talking)
    said = talking.heard_by()
    assert "Anna" in said[-1]
    assert said[-1].startswith("🙋")
    talking.says(20, "Bunu nasıl yaparım?")
    talking.says(21, "1")
    assert talking.heard_by() == said
    text = page(talking.world, person)
    assert "Bunu nasıl yaparım?" in text


def test_without_a_name_it_is_the_team(talking: Talking) -> None:
    take(talking, name="")
    assert "ekip" in talking.heard_by()[-1]


def test_what_is_written_is_sent_in_order_under_the_name(talking: Talking) -> None:
    person = take(talking)
    client = talking.world.signed_in("coordinator")
    post(client, f"/console/help/people/{person}/write", words="Önce menüye gidin: {name}")
    assert talking.heard_by()[-1] == "🙋 Anna: Önce menüye gidin: {name}"
    assert ("deliver", person) in Talking(talking.world).jobs or talking.heard_by()
    assert "Önce menüye gidin" in page(talking.world, person)


def test_nobody_writes_who_does_not_have_it(talking: Talking) -> None:
    person, before = talking.person(), talking.heard_by()
    client = talking.world.signed_in("coordinator")
    answer = post(client, f"/console/help/people/{person}/write", words="Bunu saklayın")
    assert answer.status_code == 422
    assert "Bunu saklayın" in html.unescape(answer.text)  # what was typed is not lost
    assert talking.heard_by() == before


def test_handed_back_the_bot_asks_again_what_it_had_asked(talking: Talking) -> None:
    person = talking.person()
    ask_for_help(talking)
    question = talking.heard_by()[-1]
    take(talking)
    talking.says(31, "hayır")
    post(talking.world.signed_in("coordinator"), f"/console/help/people/{person}/back")
    assert talking.heard_by()[-2:] == ["🤖 Bot yine cevap veriyor.", question]
    assert talking.world.db.read(lambda conn: takeovers.of_person(conn, person)) is None
    talking.says(32, "menü")
    assert len(talking.heard_by()) > 2


def ask_for_help(talking: Talking) -> None:
    talking.says(30, "yardım")
    loaded = talking.timer(talking.person())
    assert loaded
    assert '"state":"help.' in loaded.session_json


@pytest.mark.parametrize("word", ["menü", "stop", "beni unut"])
def test_the_resident_gets_the_bot_back(talking: Talking, word: str) -> None:
    """Nobody is stuck with us, and a right waits for nobody to read it."""
    person = take(talking)
    before = len(talking.heard_by())
    talking.says(20, word)
    assert talking.world.db.read(lambda conn: takeovers.of_person(conn, person)) is None
    said = talking.heard_by()[before:]
    assert said[0] == "🤖 Bot yine cevap veriyor."
    assert len(said) > 1


def test_menu_can_be_said_aloud(talking: Talking) -> None:
    person = take(talking)
    talking.speaks(20, "Ana menü", "0" * 64 + ".oga")
    assert talking.world.db.read(lambda conn: takeovers.of_person(conn, person)) is None


def test_what_is_said_is_still_heard_and_shown(talking: Talking) -> None:
    person = take(talking)
    before = talking.heard_by()
    talking.speaks(20, SAID, "1" * 64 + ".oga")
    talking.says(21, "burada mısın?")
    assert talking.heard_by() == before  # not even that we listen
    text = page(talking.world, person)
    assert SAID in text
    assert text.count("<audio") >= 2


def test_what_was_said_before_handing_back_is_no_answer(talking: Talking) -> None:
    """Its transcript comes when the bot answers again, and does not answer the bot's question."""
    person = talking.person()
    ask_for_help(talking)
    take(talking)
    talking.says(40, media=(voice(),))
    inbox_id = talking.taking()
    post(talking.world.signed_in("coordinator"), f"/console/help/people/{person}/back")
    before = talking.heard_by()
    talking.hears(inbox_id, "Beni arayın lütfen")
    assert talking.heard_by() == before
    assert "Beni arayın lütfen" in page(talking.world, person)


def voice() -> object:
    from bot.messages import Media

    return Media("voice", "ref")


def test_two_at_once(talking: Talking) -> None:
    """The second sees who has it, and may take it from them, knowingly."""
    person = take(talking)
    world = talking.world
    bert = world.user("coordinator", name="bert")
    begin = partial(
        talking.desk.begin, person_id=person, user_id=bert, name="Bert", instead_of=None
    )
    assert not world.db.call(begin)
    anna = world.user("coordinator")
    assert "test-coordinator" in page_of(world, "bert", person)
    assert world.db.call(
        partial(talking.desk.begin, person_id=person, user_id=bert, name="", instead_of=anna)
    )
    assert not world.db.call(
        partial(talking.desk.write, person_id=person, user_id=anna, words="ben de")
    )
    late = post(
        world.signed_in("coordinator"), f"/console/help/people/{person}/take", instead_of=anna
    )
    assert late.status_code == 303
    has_it = world.db.read(lambda conn: takeovers.of_person(conn, person))
    assert has_it
    assert has_it.user == "bert"


def page_of(world: World, name: str, person: int) -> str:
    """The page as another coordinator sees it."""
    from console.guard import COOKIE
    from console.keys import new_token, token_hash
    from storage import console_sessions

    user, token = world.user("coordinator", name=name), new_token()
    start = partial(
        console_sessions.start, user_id=user, hash_=token_hash(token), browser="",
        now_ms=world.clock(), complete=True,
    )  # fmt: skip
    world.db.call(start)
    client = world.client()
    client.cookies.set(COOKIE, token, path="/console")
    return html.unescape(client.get(f"/console/help/people/{person}").text)


def test_after_a_day_without_a_word_the_bot_is_back(town: World) -> None:
    import asyncio

    talking = begun(town)
    person = take(talking)
    town.clock.now += 23 * HOUR
    asyncio.run(talking.desk.lapse())
    assert town.db.read(lambda conn: takeovers.of_person(conn, person))
    town.clock.now += 2 * HOUR
    asyncio.run(talking.desk.lapse())
    assert town.db.read(lambda conn: takeovers.of_person(conn, person)) is None
    assert talking.heard_by()[-1].startswith("Bir şey yapmak")


def test_silence_is_not_nudged_while_a_person_answers(talking: Talking) -> None:
    person = talking.person()
    ask_for_help(talking)
    take(talking)
    before = talking.heard_by()
    loaded = talking.timer(person)
    assert loaded
    assert loaded.timer_at
    talking.world.clock.now = loaded.timer_at + 1
    timers = talking.world.db.read(lambda conn: hot.due_timers(conn, talking.world.clock(), 10))
    mine = [timer for timer in timers if timer.person_id == person]
    assert mine
    talking.world.db.call(partial(talking.conversation.rang, rings=mine[0]))
    assert talking.heard_by() == before
    after = talking.timer(person)
    assert after
    assert after.timer_at
    assert after.timer_at > talking.world.clock()


def test_a_vote_is_not_seen_nor_answered_by_a_person(talking: Talking) -> None:
    """A code is never kept, whoever answers; and the bot answers it."""
    person = take(talking)
    before = len(talking.heard_by())
    talking.says(20, "482 913 075 664")
    talking.says(21, "Sırrım bu")
    assert len(talking.heard_by()) > before
    text = page(talking.world, person)
    assert "482" not in text
    assert "Geheim, niet bewaard" in text
    assert text.count("Geheim, niet bewaard") == 1  # one after the other: how many is not told
    rows = talking.world.db.read(lambda conn: conn.execute(select(inbox.c.body)).scalars().all())
    assert not any("482 913" in body for body in rows)


def test_what_is_sealed_is_never_opened(town: World) -> None:
    person = Talking(town).person()
    sealed = {"person_id": person, "channel": "telegram", "address": ADDRESS, "kind": "reply"}
    sealed |= {"body": json.dumps({"text": "Sır"}), "secret": True, "state": "sent", "reason": ""}
    sealed |= {"status": "", "attempts": 1, "due_at": 1, "created_at": town.clock() + 1}
    town.db.call(lambda conn: conn.execute(insert(outbox), sealed))
    lines, _ = town.db.read(lambda conn: talks.lines(conn, person, 0, 100))
    assert lines[-1].hidden
    assert lines[-1].text == ""


def test_pages_hold_all_lines_once_in_order(both: World) -> None:
    both.fill()
    person = Talking(both).person()
    everything, total = both.db.read(lambda conn: talks.lines(conn, person, 0, 1000))
    assert len(everything) == total > 10
    parts = [both.db.read(lambda conn, n=n: talks.lines(conn, person, n, 4)[0])
             for n in range(0, total, 4)]  # fmt: skip
    assert [line for part in reversed(parts) for line in part] == everything
    assert [line.at for line in everything] == sorted(line.at for line in everything)


def test_an_sms_instead_is_shown_too(town: World) -> None:
    person = Talking(town).person()
    sms = {"person_id": person, "channel": "sms", "address": "+31600000001", "kind": "notice"}
    sms |= {"body": '{"text": "Als sms"}', "secret": False, "state": "sent", "reason": ""}
    sms |= {"status": "", "attempts": 1, "due_at": 1, "created_at": town.clock()}
    from storage import people

    town.db.call(lambda conn: conn.execute(insert(outbox), sms))
    town.db.call(lambda conn: people.allow_sms(conn, person, "+31600000001"))
    assert "Als sms" in page(town, person)


def test_looking_is_noted(town: World) -> None:
    person = Talking(town).person()
    page(town, person)
    entries, _ = town.db.read(lambda conn: audit.entries(conn, "", "talk", 0, 10))
    assert [entry.ref for entry in entries] == [person]


def test_a_closed_window_is_told(town: World) -> None:
    person = Talking(town).person()
    where = addresses.c.person_id == person
    moved = update(addresses).where(where).values(channel="whatsapp")
    town.db.call(lambda conn: conn.execute(moved))
    assert "24 uur" not in page(town, person)
    town.clock.now += DAY
    assert "24 uur" in page(town, person)


def test_a_number_is_shown_only_when_asked_for(town: World) -> None:
    client = town.signed_in("coordinator")
    assert "+31612345678" not in client.get("/console/help").text
    assert "+31612345678" in client.get("/console/help?number=1").text
    entries, _ = town.db.read(lambda conn: audit.entries(conn, "", "help.number", 0, 10))
    assert [entry.ref for entry in entries] == [1]


def test_calling_back(town: World) -> None:
    client = town.signed_in("coordinator")
    for _ in range(2):
        post(client, "/console/help/1/called", outcome="not_reached")
    text = html.unescape(client.get("/console/help?kind=call").text)
    assert "2 keer gebeld" in text
    assert 'id="r1"' in text
    post(client, "/console/help/1/called", outcome="called")
    assert 'id="r1"' not in client.get("/console/help").text
    done = html.unescape(client.get("/console/help?state=done").text)
    assert re.search(r"Gesproken op", done)


def test_forgotten_is_forgotten(talking: Talking) -> None:
    from storage import people

    world, person = talking.world, take(talking)
    post(world.signed_in("coordinator"), "/console/help/1/called", outcome="not_reached")
    world.db.call(lambda conn: people.forget(conn, person))
    initiator = world.db.read(lambda conn: conn.scalar(select(plans.c.initiator)))
    world.db.call(lambda conn: people.forget(conn, initiator))
    assert world.signed_in("coordinator").get(f"/console/help/people/{person}").status_code == 404
