"""What the page keeps, and what it does when the server is away."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from bot.messages import Outbound
from tests.runtime.simulator.echo import Echo, Server
from tests.runtime.simulator.phones import NOT_SENT, bot, own, phone, picture, say, talk


def test_a_reload_restores_both_sides_in_order(page: Page) -> None:
    anna = phone(page)
    for text in ("een", "knoppen", "twee", "drie"):
        say(anna, text)
        expect(bot(anna, f"Echo: {text}")).to_be_visible()
    before = talk(anna)
    assert before[:2] == ["een", "Echo: een"]
    assert len(before) == 9
    page.reload()
    expect(bot(anna, "Echo: drie")).to_be_visible()
    assert talk(anna) == before
    assert page.locator(".entry.own[data-state=sent]").count() == 4


def test_after_a_reload_the_bot_is_still_heard(page: Page, echo: Echo) -> None:
    anna = phone(page)
    say(anna, "een")
    expect(bot(anna, "Echo: een")).to_be_visible()
    page.reload()
    expect(bot(anna, "Echo: een")).to_be_visible()
    echo.say(echo.taken[0].address, Outbound("Er is nieuws over uw plan."))
    expect(bot(anna, "Er is nieuws")).to_be_visible()


def test_what_belongs_to_an_older_database_is_gone(page: Page, echo: Echo) -> None:
    anna = phone(page)
    for text in ("een", "twee", "drie"):
        say(anna, text)
        expect(bot(anna, f"Echo: {text}")).to_be_visible()
    echo.said.clear()
    echo.say(echo.taken[0].address, Outbound("Welkom"))
    page.reload()
    expect(bot(anna, "Welkom")).to_be_visible()
    assert talk(anna) == ["Welkom"]


def test_a_secret_answer_is_not_kept(page: Page, echo: Echo) -> None:
    anna = phone(page)
    say(anna, "geheim")
    expect(bot(anna, "Geheim: wordt niet bewaard")).to_be_visible()
    say(anna, "482 913")
    expect(own(anna, "482 913").get_by_role("img", name="verstuurd")).to_be_visible()
    assert "482" not in page.evaluate("JSON.stringify(localStorage)")
    page.reload()
    expect(own(anna, "Geheim bericht, niet bewaard")).to_be_visible()


def test_what_was_not_sent_goes_when_the_server_is_back(
    page: Page, echo: Echo, server: Server
) -> None:
    anna = phone(page)
    say(anna, "een")
    expect(bot(anna, "Echo: een")).to_be_visible()
    server.stop()
    expect(anna.locator(".presence")).to_have_text("geen verbinding")
    say(anna, "twee")
    say(anna, "drie")
    expect(own(anna, "drie")).to_contain_text(NOT_SENT)
    expect(own(anna, "twee")).to_contain_text(NOT_SENT)
    own(anna, "twee").get_by_role("button", name="Probeer opnieuw").click()
    expect(own(anna, "twee")).to_contain_text(NOT_SENT)
    server.start()
    expect(bot(anna, "Echo: drie")).to_be_visible(timeout=20_000)
    expect(anna.locator(".problem")).to_have_count(0)
    assert [inbound.text for inbound in echo.taken] == ["een", "twee", "drie"]


def test_what_was_not_sent_survives_a_reload(page: Page, echo: Echo) -> None:
    anna = phone(page)
    page.route("**/api/messages", lambda route: route.abort())
    say(anna, "Bewaar mij")
    photo = {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": picture()}
    anna.locator(".photo-file").set_input_files(photo)
    expect(own(anna, "Bewaar mij")).to_contain_text(NOT_SENT)
    page.wait_for_function("JSON.stringify(localStorage).includes('photo')")  # it is stored
    page.unroute("**/api/messages")
    page.reload()
    expect(bot(anna, "photo: image/jpeg")).to_be_visible()
    assert [inbound.text for inbound in echo.taken] == ["Bewaar mij", ""]


def test_an_answer_that_got_lost_does_not_double_the_message(page: Page, echo: Echo) -> None:
    anna = phone(page)

    def lose(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        route.fetch()
        route.abort()

    page.route("**/api/messages", lose)
    say(anna, "Eén keer")
    expect(own(anna, "Eén keer")).to_contain_text(NOT_SENT)
    expect(bot(anna, "Echo: Eén keer")).to_be_visible()
    page.unroute("**/api/messages")
    own(anna, "Eén keer").get_by_role("button", name="Probeer opnieuw").click()
    expect(own(anna, "Eén keer").get_by_role("img", name="verstuurd")).to_be_visible()
    assert [inbound.text for inbound in echo.taken] == ["Eén keer"]
    assert len(echo.said) == 1


def test_a_page_that_never_reached_the_server_sends_later(page: Page, echo: Echo) -> None:
    page.route("**/api/messages?*", lambda route: route.abort())
    page.reload()
    anna = phone(page)
    say(anna, "Hallo")
    expect(own(anna, "Hallo")).to_contain_text(NOT_SENT)
    page.unroute("**/api/messages?*")
    expect(bot(anna, "Echo: Hallo")).to_be_visible(timeout=20_000)
    expect(own(anna, "Hallo").get_by_role("img", name="verstuurd")).to_be_visible()
