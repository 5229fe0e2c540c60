"""Every step is told once: to whom, in which words, when, and where an answer is understood."""

import asyncio
import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.conversation import Conversation
from bot.i18n.languages import LANGUAGES
from bot.messages import Inbound, Outbound, Template
from bot.session import Session
from civic.plans import Role, Status
from runtime.fitting import fit
from storage import help as help_requests
from storage import hot, outcomes, plan_life, plan_news, reached, starting, translations
from storage.db import Database
from storage.starting import Contact
from storage.times import from_ms
from storage.translations import Translation
from tests.storage.living import DAY, HOUR, NOON, WHY

from .telling import Clock, Living, Provider, tell, telling, until_idle

S = Status


@pytest.fixture
def town(db):
    return Living(db)


def rest(town, person, state="menu.resting", language="nl", **answers):
    """Puts somebody at a place in the dialogue."""
    session = Session(state, language=language, consent=True, answers=answers, revision=3)
    town.db.call(
        lambda c: hot.save(c, person, session.state, session.to_json(), 3, None, None, NOON)
    )


def session_of(town, person):
    return Session.from_json(town.db.call(lambda c: hot.load(c, person)).session_json)


def bodies(town):
    query = text("SELECT body FROM outbox ORDER BY id")
    found = town.db.read(lambda c: c.execute(query).scalars().all())
    return [Outbound.from_json(json.loads(body)) for body in found]


def count(town, table):
    return town.db.read(lambda c: c.scalar(text(f"SELECT count(*) FROM {table}")))


# --- who hears what ---------------------------------------------------------------------------


def test_the_thirtieth_is_told_to_initiator_and_followers_once(town):
    me, fan = town.person("me"), town.person("fan", language="tr", sound=True)
    plan = town.plan(me)
    town.follow(plan, fan)
    for neighbour in town.people(30):
        town.support(plan, neighbour)
    port = Provider()
    tell(town.db, port)
    tell(town.db, port)
    assert sorted(to for to, _ in port.sent) == ["fan", "me"]
    own, followed = dict(port.sent)["me"], dict(port.sent)["fan"]
    assert own.splitlines() == [
        "📬 Nieuws over je plan 1: “Een bankje”.",
        "👍 Genoeg mensen steunen je plan!",
        "🔎 Nu gaat de gemeente kijken of het kan.",
        "Dit is nog niet de laatste keuze.",
    ]
    assert "👍 Planı yeterince kişi destekliyor." in followed
    assert "plan 1" in followed.splitlines()[-1]
    sounds = dict(zip((to for to, _ in port.sent), port.sounds, strict=True))
    assert sounds["me"] is None
    assert sounds["fan"].startswith(b"Ogg tr: 1 numar")


OWN_STEPS = [
    (S.SUPPORTED, S.ASSESSING, Role.COORDINATOR, "🔎 De gemeente kijkt nu of je plan kan."),
    (S.ASSESSING, S.ADJUST, Role.ASSESSOR, "✏️ De gemeente heeft een vraag over je plan."),
    (S.ASSESSING, S.ADMITTED, Role.COMMITTEE, "🗳️ Goed nieuws: je plan doet mee!"),
    (S.ASSESSING, S.DECLINED, Role.ASSESSOR, "⛔ Je plan kan helaas niet."),
    (S.ADMITTED, S.CHOSEN, Role.COUNT, "🎉 Je plan is gekozen!"),
    (S.ADMITTED, S.NOT_CHOSEN, Role.COUNT, "🤍 Deze keer zijn andere plannen gekozen."),
    (S.CHOSEN, S.STARTING, Role.COORDINATOR, "🚦 We maken alles klaar"),
    (S.STARTING, S.RUNNING, Role.COORDINATOR, "🛠️ Je plan wordt nu uitgevoerd."),
    (S.RUNNING, S.DONE, Role.COORDINATOR, "🏁 Je plan is klaar! Dank je wel."),
    (S.SUPPORTED, S.WITHDRAWN, Role.COORDINATOR, "↩️ Je plan doet niet meer mee."),
]


def test_every_step_is_told_in_every_language(sqlite_url):
    """Nothing is missing a word, and nothing but a result says that it is final."""
    town = Living(Database.open(sqlite_url))
    for before, after, role, dutch in OWN_STEPS:
        port = Provider()
        for code in LANGUAGES:
            me, fan = (town.person(f"{who}-{after}-{code}", language=code) for who in "mf")
            plan = town.plan(me, before)
            town.follow(plan, fan)
            town.change(plan, after, role, WHY)
        tell(town.db, port)
        said = dict(port.sent)
        assert len(port.sent) == 2 * len(LANGUAGES)
        assert dutch in said[f"m-{after}-nl"]
        assert all(said[f"m-{after}-{code}"] != said[f"f-{after}-{code}"] for code in LANGUAGES)
        assert ("laatste keuze" in said[f"m-{after}-nl"]) is (after in (S.ASSESSING, S.ADMITTED))
        for wrong in ("{", "None", "status."):
            assert not any(wrong in what for what in said.values())


def test_the_initiators_own_step_is_told_to_followers_only(town):
    me, fan = town.person("me"), town.person("fan")
    plan = town.plan(me)
    for follower in (me, fan):
        town.follow(plan, follower)
    town.change(plan, S.WITHDRAWN, Role.INITIATOR)
    port = Provider()
    tell(town.db, port)
    assert [to for to, _ in port.sent] == ["fan"]


def test_a_question_is_not_for_the_followers(town):
    me, fan = town.person("me"), town.person("fan")
    plan = town.plan(me, S.ASSESSING)
    town.follow(plan, fan)
    town.change(plan, S.ADJUST, Role.ASSESSOR, {"nl": "Kan het goedkoper?"})
    port = Provider()
    tell(town.db, port)
    said = dict(port.sent)
    assert "Kan het goedkoper?" in said["me"]
    assert "maandag 29 juni" in said["me"]
    assert "goedkoper" not in said["fan"]
    assert "juni" not in said["fan"]


def test_many_followers_in_chunks_and_steps_in_order(town):
    me = town.person("me")
    plan = town.plan(me, S.SUPPORTED)
    fans = [town.person(f"fan{n}") for n in range(37)]
    for fan in fans:
        town.follow(plan, fan)
    town.change(plan, S.ASSESSING)
    town.change(plan, S.DECLINED, Role.ASSESSOR, WHY)
    port = Provider()
    tell(town.db, port, chunk=10)
    for who in ("me", *(f"fan{n}" for n in range(37))):
        first, second = port.texts(who)
        assert "🔎" in first
        assert "⛔" in second
    assert count(town, "news_told") == 76


def test_who_does_not_want_it_is_left_alone_and_listed(town):
    made = {
        "stopped": town.person("stopped", notify=False),
        "inactive": town.person("inactive", state="inactive"),
        "no_consent": town.person("unasked", consent_at=None),
        "no_channel": town.person("rings", channel="phone"),
    }
    found = {why: town.plan(who, S.ADMITTED) for why, who in made.items()}
    results = {plan.number: S.NOT_CHOSEN for plan in found.values()}
    publish(town, results, NOON)
    port = Provider()
    tell(town.db, port)
    assert port.sent == []
    listed = town.db.read(lambda c: reached.not_reached(c, town.round_id))
    assert {each.number: each.why for each in listed} == {
        plan.number: why for why, plan in found.items()
    }


def test_a_word_and_a_contact(town):
    me, fan = town.person("me", language="tr"), town.person("fan")
    plan = town.plan(me, S.STARTING)
    town.follow(plan, fan)
    new = Translation("tr", "Bir bank", "Bir bank", False)
    town.db.call(lambda c: translations.put(c, plan.id, new, NOON))
    words = {"nl": "De bank is besteld.", "tr": "Bank sipariş edildi."}
    town.db.call(lambda c: plan_life.say(c, plan.id, words, now_ms=NOON))
    official = Contact("Sanne", "020 123", "")
    town.db.call(lambda c: starting.set_contact(c, plan.id, official, NOON))
    port = Provider()
    tell(town.db, port)
    assert port.texts("me") == [
        "📬 1 numaralı planından haber var: “Bir bank”.\n💬 Bank sipariş edildi.",
        "📬 1 numaralı planından haber var: “Bir bank”.\n🤝 Sorumlu kişin: Sanne.\n📞 020 123",
    ]
    (told,) = port.texts("fan")
    assert "💬 De bank is besteld." in told


# --- when ---------------------------------------------------------------------------------------


def publish(town, results, at):
    town.db.call(
        lambda c: outcomes.announce(
            c, town.round_id, results, actor="anna", role=Role.COUNT, publish_at_ms=at
        )
    )


def test_nobody_is_woken(town):
    plan = town.plan(town.person("me"), S.SUPPORTED)
    town.change(plan, S.ASSESSING, at=NOON + 10 * HOUR)  # ten in the evening
    port = Provider()
    for hours in (10, 15, 20.9):
        tell(town.db, port, Clock(from_ms(int(NOON + hours * HOUR))))
    assert port.sent == []
    tell(town.db, port, Clock(from_ms(NOON + 21 * HOUR)))
    assert len(port.sent) == 1


def test_chosen_and_not_chosen_hear_at_the_same_hour(town):
    good, other = (town.plan(town.person(who), S.ADMITTED) for who in ("good", "other"))
    at = NOON + DAY
    publish(town, {good.number: S.CHOSEN, other.number: S.NOT_CHOSEN}, at)
    port = Provider()
    tell(town.db, port, Clock(from_ms(at) - timedelta(seconds=1)))
    assert port.sent == []
    assert town.status(good) == town.status(other) == "admitted"
    tell(town.db, port, Clock(from_ms(at)))
    assert sorted(to for to, _ in port.sent) == ["good", "other"]
    assert town.db.read(lambda c: reached.not_reached(c, town.round_id)) == []


def test_a_reminder_comes_before_the_deadline_unless_it_was_answered(town):
    late, quick = (town.plan(town.person(who), S.ASSESSING) for who in ("late", "quick"))
    for plan in (late, quick):
        town.change(plan, S.ADJUST, Role.ASSESSOR, WHY)
    port = Provider()
    tell(town.db, port)
    town.change(quick, S.ASSESSING, Role.INITIATOR)
    for day in (5, 12, 13):
        tell(town.db, port, Clock(from_ms(NOON + day * DAY)))
    to = [to for to, _ in port.sent]
    assert (sorted(to[:2]), to[2:]) == (["late", "quick"], ["late"])
    assert port.sent[-1][1].splitlines()[1:4] == [
        "⏰ We wachten nog op je antwoord. Dit was de vraag:",
        f"💬 “{WHY['nl']}”",
        "📅 Je kunt antwoorden tot en met maandag 29 juni.",
    ]


def test_a_question_that_is_answered_at_night_is_not_asked_in_the_morning(town):
    plan = town.plan(town.person("me"), S.ASSESSING)
    town.change(plan, S.ADJUST, Role.ASSESSOR, WHY, at=NOON + 10 * HOUR)
    town.change(plan, S.ASSESSING, Role.INITIATOR, at=NOON + 11 * HOUR)
    port = Provider()
    tell(town.db, port, Clock(from_ms(NOON + DAY)))
    assert port.sent == []
    assert town.db.read(lambda c: plan_news.plans_due(c, NOON + DAY, NOON + DAY)) == []


# --- once ---------------------------------------------------------------------------------------


def test_doubled_and_lost_jobs_change_nothing(town):
    plans = [town.plan(town.person(f"to{n}a"), S.SUPPORTED) for n in range(8)]
    for plan in plans:
        town.change(plan, S.ASSESSING)
    port = Provider(pause=0.01)

    async def scene():
        async with telling(town.db, port, Clock()) as news:
            await news.tick()
            await town.db.run(lambda c: c.execute(text("DELETE FROM jobs WHERE state = 'queued'")))
            await asyncio.gather(*(news.tell(plan.id) for plan in plans * 3))
            for plan in plans:
                await town.db.run(
                    lambda c, p=plan.id: news._jobs.enqueue(c, "tell_plan", p, f"again:{p}")
                )
            await news.tick()
            await until_idle(town.db)

    asyncio.run(scene())
    assert sorted(to for to, _ in port.sent) == sorted(f"to{n}a" for n in range(8))


def test_a_lost_job_is_made_again(town):
    plan = town.plan(town.person("me"), S.SUPPORTED)
    for fan in range(25):
        town.follow(plan, town.person(f"fan{fan}"))
    town.change(plan, S.ASSESSING)
    port = Provider()

    async def first_chunk():
        async with telling(town.db, port, Clock(), chunk=10) as news:
            await town.db.run(
                lambda c: (news._take(plan.id, c), c.execute(text("DELETE FROM jobs")))
            )

    asyncio.run(first_chunk())
    tell(town.db, port, ticks=1)
    assert count(town, "news_told") == 10  # somebody may still be at it
    tell(town.db, port, Clock(from_ms(NOON + HOUR)))
    assert count(town, "news_told") == 26


# --- an answer is understood ----------------------------------------------------------------------


def conversation(at=NOON + HOUR):
    return Conversation(
        render=fit,
        enqueue=lambda *job, **more: None,
        languages={code: known.own_name for code, known in LANGUAGES.items()},
        erase=lambda names: None,
        pepper=b"only for these tests",
        clock=lambda: from_ms(at),
    )


def say(town, words, address="me", choice="", channel="telegram"):
    """What the bot answers."""
    before = count(town, "outbox")
    message = Inbound(f"{words}{choice}{before}", channel, address, text=words, choice=choice)
    town.db.call(lambda c: conversation().take(c, message))
    return [each.text for each in bodies(town)[before:]]


@pytest.mark.parametrize("how", ["1", "bel mij", "#"])
def test_who_is_refused_talks_to_a_person_who_knows_the_plan(town, how):
    me = town.person("me")
    rest(town, me)
    plan = town.plan(me, S.ASSESSING)
    town.change(plan, S.DECLINED, Role.ASSESSOR, WHY)
    port = Provider()
    tell(town.db, port)
    assert port.texts("me")[0].splitlines()[-1] == "🙋 Wil je met ons praten over plan 1?"
    (message,) = bodies(town)
    assert [b.id for b in message.buttons] == ["life.offer:talk-1", "life.offer:menu"]
    answer = say(town, "" if how == "#" else how, choice="life.offer:talk-1" * (how == "#"))
    assert "🙋 Een mens helpt je graag." in answer[0] or "help" in answer[0].lower()
    say(town, "Waarom mag het niet?")
    (asked,) = town.db.read(lambda c: help_requests.open_requests(c, 9))
    assert (asked.kind, asked.text, asked.plan_id) == ("message", "Waarom mag het niet?", plan.id)


def test_what_somebody_simply_says_after_a_no_reaches_a_person(town):
    me = town.person("me")
    rest(town, me)
    plan = town.plan(me, S.ADMITTED)
    publish(town, {plan.number: S.NOT_CHOSEN}, NOON)
    tell(town.db, Provider())
    say(town, "ok")  # what the approved text asked for: nothing yet
    assert session_of(town, me).state == "life.offer"
    say(town, "dat vind ik heel jammer")
    (asked,) = town.db.read(lambda c: help_requests.open_requests(c, 9))
    assert (asked.text, asked.plan_id) == ("dat vind ik heel jammer", plan.id)


def test_nobody_is_taken_away_from_what_they_do(town):
    me = town.person("me")
    rest(town, me, "submit_plan.idea", draft={"parts": []})
    plan = town.plan(me, S.ASSESSING)
    town.change(plan, S.ADJUST, Role.ASSESSOR, WHY)
    port = Provider()
    tell(town.db, port)
    assert session_of(town, me).state == "submit_plan.idea"
    (message,) = bodies(town)
    assert message.buttons == ()
    assert message.text.splitlines()[-1] == "📋 Je vindt dit ook in het menu, bij Mijn plannen."


def test_nobody_is_taken_away_who_just_voted(town):
    me = town.person("me")
    rest(town, me, vote_lapsed=True)
    plan = town.plan(me, S.ASSESSING)
    town.change(plan, S.ADJUST, Role.ASSESSOR, WHY)
    tell(town.db, Provider())
    assert session_of(town, me).state == "menu.resting"


def test_nobody_is_taken_away_while_we_listen_to_them(town):
    me = town.person("me")
    rest(town, me)
    held = text("UPDATE inbox SET state = 'taking', revision = 3 WHERE person_id = :me")
    town.db.call(lambda c: c.execute(held, {"me": me}))
    plan = town.plan(me, S.ASSESSING)
    town.change(plan, S.ADJUST, Role.ASSESSOR, WHY)
    tell(town.db, Provider())
    assert session_of(town, me).revision == 3


def test_a_reason_that_is_not_translated_says_so(town):
    me = town.person("me", language="ar")
    rest(town, me, language="ar")
    plan = town.plan(me, S.ASSESSING)
    town.change(plan, S.DECLINED, Role.ASSESSOR, WHY)
    port = Provider()
    tell(town.db, port)
    (told,) = port.texts("me")
    assert WHY["nl"] in told
    assert "🌐 هذا النص لم يُترجم بعد." in told
    assert "🙋" in bodies(town)[0].buttons[0].label


# --- outside WhatsApp's window ------------------------------------------------------------------


def test_outside_the_window_the_approved_text_goes_first(town):
    me = town.person("whatsapp:+31612345678", channel="whatsapp", language="en")
    rest(town, me, language="en")
    plan = town.plan(me, S.ADMITTED)
    publish(town, {plan.number: S.NOT_CHOSEN}, NOON + 3 * DAY)
    port, clock = Provider(), Clock(from_ms(NOON + 3 * DAY))
    tell(town.db, {"whatsapp": port}, clock)
    first = bodies(town)[0]
    assert first.template == Template("outside.result", "en", ("1", "Een bankje"))
    listed = town.db.read(lambda c: reached.not_reached(c, town.round_id))
    assert [(each.number, each.why) for each in listed] == [(1, "invited")]
    ok = Inbound("ok", "whatsapp", "whatsapp:+31612345678", text="OK")
    town.db.call(lambda c: conversation(NOON + 3 * DAY).take(c, ok))

    async def deliver():
        async with telling(town.db, {"whatsapp": port}, clock) as news:
            await news._sender.deliver(me)

    asyncio.run(deliver())
    assert "🤍 This time other plans were chosen." in port.texts()[1]
    assert port.texts()[1].splitlines()[-2:] == ["1. 🙋 Talk to us", "2. 🏠 Menu"]
    assert town.db.read(lambda c: reached.not_reached(c, town.round_id)) == []
