"""Contacts, checklists, translations, what neighbours see, and the weekly mail."""

from __future__ import annotations

import pytest

from civic.plans import Status
from storage import browsing, starting, supports, translations, weekly_mails
from storage.db import Database
from storage.starting import Contact, Item, Who
from storage.translations import Translation

from .living import DAY, NOON, Living

S = Status


@pytest.fixture
def town(db: Database) -> Living:
    return Living(db)


def test_the_contact_is_told_when_it_changes(town: Living) -> None:
    from sqlalchemy import func, select

    from storage.life_tables import plan_news

    plan = town.plan(town.person(), S.CHOSEN)
    sanne = Contact("Sanne de Vries", "020 123", "sanne@amsterdam.nl")
    many = select(func.count()).select_from(plan_news).where(plan_news.c.kind == "contact")
    for contact, told in ((sanne, 1), (sanne, 1), (Contact("Bart", "", ""), 2)):
        town.db.call(lambda c, k=contact: starting.set_contact(c, plan.id, k, NOON))
        assert town.db.read(lambda c: c.scalar(many)) == told
    assert town.db.read(lambda c: starting.contact_of(c, plan.id)) == Contact("Bart", "", "")
    with pytest.raises(ValueError, match="name"):
        town.db.call(lambda c: starting.set_contact(c, plan.id, Contact(" ", "1", ""), NOON))


def test_the_checklist(town: Living) -> None:
    plan = town.plan(town.person(), S.CHOSEN)
    add = lambda who, what: town.db.call(  # noqa: E731
        lambda c: starting.add_item(c, plan.id, who, what, NOON)
    )
    permit, bench, gone = (
        add(Who.MUNICIPALITY, "vergunning"),
        add(Who.RESIDENT, "bankje kiezen"),
        add(Who.THIRD_PARTY, "offerte"),
    )
    town.db.call(lambda c: starting.set_done(c, permit, NOON))
    town.db.call(lambda c: starting.remove_item(c, gone))
    assert town.db.read(lambda c: starting.checklist(c, plan.id)) == [
        Item(permit, Who.MUNICIPALITY, "vergunning", NOON),
        Item(bench, Who.RESIDENT, "bankje kiezen", None),
    ]
    town.db.call(lambda c: starting.set_done(c, permit, None))
    assert town.db.read(lambda c: starting.checklist(c, plan.id))[0].done_at is None


def test_a_machine_never_replaces_a_persons_words(town: Living) -> None:
    plan = town.plan(town.person())

    def put(title: str, machine: bool) -> bool:
        new = Translation("tr", title, "metin", machine)
        return town.db.call(lambda c: translations.put(c, plan.id, new, NOON))

    assert put("makine", True)
    assert put("makine 2", True)
    assert put("insan", False)
    assert not put("makine 3", True)
    assert put("insan 2", False)
    kept = town.db.read(lambda c: translations.of_plan(c, plan.id))
    assert kept == {"tr": Translation("tr", "insan 2", "metin", False)}


def test_newest_first_nearest_first_and_page_by_page(town: Living) -> None:
    me = town.person()
    found = [town.plan(me) for _ in range(4)]
    done = town.plan(me, S.SUPPORTED)
    for hidden in (S.DRAFT, S.WITHDRAWN):
        town.plan(me, hidden)
    for plan, many in ((found[1], 3), (found[3], 1)):
        for person in town.people(many):
            town.support(plan, person)

    def shown(**how: object) -> list[tuple[int, int]]:
        rows = town.db.read(
            lambda c: browsing.browse(c, town.round_id, "nl", **{"limit": 9, **how})  # type: ignore[arg-type]
        )
        return [(row.number, row.supporters) for row in rows]

    assert shown() == [(5, 0), (4, 1), (3, 0), (2, 3), (1, 0)]
    assert shown(order="nearest") == [(2, 3), (4, 1), (1, 0), (3, 0)]
    assert shown(limit=2, offset=2) == [(3, 0), (2, 3)]
    assert done.number == 5


def test_by_area_and_theme(town: Living) -> None:
    me = town.person()
    here = town.plan(me, area="slotermeer-no", theme="together")
    green = town.plan(me, area="elsewhere", theme="green")

    def numbers(**how: str) -> list[int]:
        rows = town.db.read(
            lambda c: browsing.browse(c, town.round_id, "nl", limit=9, **how)  # type: ignore[arg-type]
        )
        return [row.number for row in rows]

    assert numbers(area="slotermeer-no") == [here.number]
    assert numbers(theme="green") == [green.number]
    assert numbers(area="slotermeer-no", theme="green") == []


def test_one_plan_in_the_readers_language_and_without_its_initiator(town: Living) -> None:
    me, reader = town.people(2)
    plan = town.plan(me, area="slotermeer-no")
    town.support(plan, reader)
    new = Translation("tr", "Bir bank", "Durakta bir bank", True)
    town.db.call(lambda c: translations.put(c, plan.id, new, NOON))

    def view(language: str, who: int, number: int = plan.number) -> browsing.View | None:
        return town.db.read(lambda c: browsing.view(c, town.round_id, number, language, who))

    dutch, turkish, own = view("nl", reader), view("tr", reader), view("nl", me)
    assert dutch
    assert turkish
    assert own
    assert (dutch.title, dutch.language, dutch.machine, dutch.own) == (
        "Een bankje",
        "nl",
        False,
        False,
    )
    assert (turkish.title, turkish.text, turkish.machine) == ("Bir bank", "Durakta bir bank", True)
    assert (own.own, own.supporters) == (True, 1)
    assert "initiator" not in browsing.View.__slots__
    hidden = town.plan(me, S.WITHDRAWN)
    assert view("nl", reader, hidden.number) is None
    assert view("nl", me, hidden.number) is not None
    assert view("nl", reader, 99) is None


def test_follow_and_unfollow(town: Living) -> None:
    plan, anna = town.plan(town.person()), town.person()
    follow = lambda: town.db.call(lambda c: supports.follow(c, plan.id, anna, NOON))  # noqa: E731
    leave = lambda: town.db.call(lambda c: supports.unfollow(c, plan.id, anna))  # noqa: E731
    assert [follow(), follow(), leave(), leave(), follow()] == [True, False, True, False, True]
    assert town.db.read(lambda c: supports.is_follower(c, plan.id, anna))
    assert town.db.read(lambda c: supports.followers(c, plan.id)) == 1


def test_a_week_is_claimed_once_and_tried_again(town: Living) -> None:
    def claim(at: int, week: str = "2026-W48") -> bool:
        return town.db.call(lambda c: weekly_mails.claim(c, week, at, at - 1000, 3))

    assert claim(NOON)
    assert not claim(NOON + 500)
    assert claim(NOON + 2000)
    assert claim(NOON, "2026-W49")
    town.db.call(lambda c: weekly_mails.sent(c, "2026-W49", NOON))
    assert not claim(NOON + DAY, "2026-W49")
    assert claim(NOON + DAY)
    assert not claim(NOON + 2 * DAY)  # three attempts are enough
