"""The page in a real browser: talking, tapping, and who takes part."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from bot.messages import Outbound
from tests.runtime.simulator.echo import SLOW, Echo, Server
from tests.runtime.simulator.phones import bot, own, phone, say, talk


def test_nothing_is_asked_of_another_machine(page: Page, server: Server) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    say(phone(page), "geluid")
    expect(bot(phone(page), "horen").locator(".length")).to_have_text("0:01")
    assert len(asked) > 8
    assert [url for url in asked if not url.startswith((server.url, "data:", "blob:"))] == []


def test_a_text_goes_and_comes(page: Page, echo: Echo) -> None:
    anna = phone(page)
    expect(anna.locator(".hello")).to_be_visible()
    anna.get_by_role("button", name="Hallo").click()
    expect(bot(anna, "Echo: Hallo")).to_be_visible()
    expect(anna.locator(".hello")).to_be_hidden()
    say(anna, "Een bank\nin het park")
    expect(bot(anna, "Echo: Een bank")).to_be_visible()
    expect(own(anna, "Een bank").get_by_role("img", name="verstuurd")).to_be_visible()
    assert [inbound.text for inbound in echo.taken] == ["Hallo", "Een bank\nin het park"]
    assert echo.taken[0].address.startswith("simulator:anna-")
    assert echo.taken[0].language_hint == "nl"
    expect(anna.locator(".entry time").first).to_have_text(re.compile(r"^\d\d:\d\d$"))


def test_the_button_sends_what_is_written(page: Page, echo: Echo) -> None:
    anna = phone(page)
    anna.locator("textarea").press_sequentially("Meer groen")
    anna.get_by_role("button", name="Stuur", exact=True).click()
    expect(bot(anna, "Echo: Meer groen")).to_be_visible()
    expect(anna.get_by_role("button", name="Spreek een bericht in")).to_be_visible()
    assert anna.locator("textarea").input_value() == ""


def test_a_button_is_tapped(page: Page, echo: Echo) -> None:
    anna = phone(page)
    say(anna, "knoppen")
    anna.get_by_role("button", name="👍 Ja").click()
    expect(bot(anna, "Gekozen: b0")).to_be_visible()
    expect(own(anna, "👍 Ja")).to_be_visible()
    expect(anna.locator(".answer.chosen")).to_have_text("👍 Ja")
    assert echo.taken[-1].choice == "b0"
    page.reload()
    expect(anna.locator(".answer.chosen")).to_have_text("👍 Ja")


def test_a_list_is_chosen_from_with_the_keyboard(page: Page, echo: Echo) -> None:
    anna = phone(page)
    say(anna, "lijst")
    opener = anna.get_by_role("button", name="Kies een thema")
    opener.focus()
    page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog", name="Kies een thema")
    expect(sheet.get_by_role("button", name="🌳 Groen")).to_be_focused()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(bot(anna, "Gekozen: t1")).to_be_visible()
    expect(sheet).to_be_hidden()


def test_residents_do_not_hear_each_other(page: Page, echo: Echo) -> None:
    anna, samira = phone(page, 0), phone(page, 1)
    say(anna, "Ik ben Anna")
    say(samira, "Ik ben Samira")
    expect(bot(anna, "Echo: Ik ben Anna")).to_be_visible()
    expect(bot(samira, "Echo: Ik ben Samira")).to_be_visible()
    assert talk(anna) == ["Ik ben Anna", "Echo: Ik ben Anna"]
    assert talk(samira) == ["Ik ben Samira", "Echo: Ik ben Samira"]
    assert {inbound.address.split(":")[0] for inbound in echo.taken} == {"simulator", "telegram"}


def test_a_resident_comes_and_goes(page: Page, echo: Echo) -> None:
    page.get_by_role("button", name="Bewoner erbij").click()
    dialog = page.get_by_role("dialog", name="Wie doet er mee?")
    dialog.get_by_label("Naam").fill("Yıldız")
    dialog.get_by_role("radio", name="Sms").check()
    dialog.get_by_label("Taal").select_option("tr")
    dialog.get_by_role("button", name="Erbij zetten").click()
    expect(page.locator(".station")).to_have_count(3)
    yildiz = page.get_by_role("region", name="Telefoon van Yıldız")
    expect(yildiz.get_by_role("button", name="Een foto sturen")).to_be_hidden()
    yildiz.get_by_role("button", name="Merhaba").click()
    expect(bot(yildiz, "Echo: Merhaba")).to_be_visible()
    assert echo.taken[-1].address.startswith("sms:y")
    assert echo.taken[-1].language_hint == "tr"
    page.reload()
    expect(bot(yildiz, "Echo: Merhaba")).to_be_visible()
    yildiz.get_by_role("button", name="Telefoon weghalen").click()
    page.get_by_role("button", name="Weghalen", exact=True).click()
    expect(page.locator(".station")).to_have_count(2)
    page.reload()
    expect(page.locator(".station")).to_have_count(2)


def test_a_resident_begins_again_as_somebody_new(page: Page, echo: Echo) -> None:
    anna = phone(page)
    say(anna, "Eerste")
    expect(bot(anna, "Echo: Eerste")).to_be_visible()
    anna.get_by_role("button", name="Opnieuw beginnen").click()
    page.get_by_role("button", name="Opnieuw beginnen", exact=True).click()
    expect(anna.locator(".hello")).to_be_visible()
    say(anna, "Tweede")
    expect(bot(anna, "Echo: Tweede")).to_be_visible()
    first, second = echo.taken
    assert first.address != second.address


def test_the_bot_is_shown_typing_until_it_answers(page: Page, echo: Echo) -> None:
    anna = phone(page)
    say(anna, SLOW)
    expect(anna.locator(".typing")).to_be_visible()
    expect(anna.locator(".presence")).to_have_text("is aan het typen…")
    echo.say(echo.taken[0].address, Outbound("Klaar"))
    expect(bot(anna, "Klaar")).to_be_visible()
    expect(anna.locator(".typing")).to_be_hidden()
    expect(anna.locator(".presence")).to_have_text("online")


def test_words_of_a_resident_are_never_markup(page: Page) -> None:
    anna = phone(page)
    say(anna, "<img src=x onerror=alert(1)> https://example.org/a?b=1.")
    expect(bot(anna, "Echo: <img src=x")).to_be_visible()
    assert anna.locator(".entry img").count() == 0
    link = bot(anna, "Echo:").get_by_role("link")
    expect(link).to_have_attribute("href", "https://example.org/a?b=1")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
