"""The page for every eye: languages, directions, screens, light, and what is read aloud."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.messages import Outbound
from tests.runtime.simulator.echo import ARABIC, Echo
from tests.runtime.simulator.phones import bot, own, phone, say


def test_the_page_says_what_it_is(page: Page) -> None:
    expect(page.locator(".notice")).to_have_text(
        "Dit is een simulator. Er verlaat geen echt bericht deze computer."
    )
    page.get_by_role("button", name="English").click()
    expect(page.locator(".notice")).to_have_text(
        "This is a simulator. No real message leaves this computer."
    )
    assert page.locator("html").get_attribute("lang") == "en"
    page.reload()
    expect(page.get_by_role("button", name="Add a resident")).to_be_visible()


def test_arabic_runs_from_right_to_left(page: Page) -> None:
    samira = phone(page, 1)
    say(samira, "arabisch")
    words = bot(samira, ARABIC).locator(".text")
    expect(words).to_have_css("direction", "rtl")
    assert starts_at_the_right(words)
    expect(bot(samira, ARABIC).locator(".answers")).to_have_css("direction", "rtl")
    expect(bot(samira, ARABIC).locator(".bubble")).to_have_attribute("lang", "ar")
    say(samira, "أريد أشجارًا")
    expect(own(samira, "أريد").locator(".text")).to_have_css("direction", "rtl")
    say(samira, "Bomen")
    expect(own(samira, "Bomen").locator(".text")).to_have_css("direction", "ltr")


def starts_at_the_right(words: Locator) -> bool:
    """Whether the first letter stands right of the last one on its line."""
    box = """element => {
        const range = document.createRange();
        const text = element.firstChild;
        const left = (at) => { range.setStart(text, at); range.setEnd(text, at + 1);
            return range.getBoundingClientRect().left; };
        return left(3) > left(9);
    }"""
    return bool(words.evaluate(box))


@pytest.mark.parametrize("width", [320, 390])
def test_a_narrow_screen_shows_one_phone_and_never_scrolls_sideways(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 640})
    anna, samira = phone(page, 0), phone(page, 1)
    expect(samira).to_be_hidden()
    for text in ("lang", "lijst", "knoppen", "w" * 200):
        say(anna, text)
        expect(bot(anna, f"Echo: {text}")).to_be_visible()
    assert overflow(page) == 0
    anna.locator(".answer", has_text="Kies een thema").click()
    assert overflow(page) == 0
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Samira").click()
    expect(samira).to_be_visible()
    expect(anna).to_be_hidden()
    say(samira, "arabisch")
    expect(bot(samira, ARABIC)).to_be_visible()
    assert overflow(page) == 0
    page.get_by_role("button", name="Bewoner erbij").click()
    assert overflow(page) == 0


def overflow(page: Page) -> int:
    """How many pixels anything sticks out sideways: of the page, and of what scrolls in it."""
    script = """() => Math.max(...[document.documentElement, ...document.querySelectorAll(
        '.scroll, dialog[open], dialog[open] .options, .composer')]
        .map((element) => element.scrollWidth - element.clientWidth))"""
    return int(page.evaluate(script))


def test_on_a_narrow_screen_the_other_phone_shows_that_there_is_news(
    page: Page, echo: Echo
) -> None:
    say(phone(page, 1), "Hallo")
    expect(bot(phone(page, 1), "Echo: Hallo")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 640})
    echo.say(echo.taken[0].address, Outbound("Nieuws"))
    expect(page.get_by_role("img", name="1 nieuw")).to_be_visible()
    page.get_by_role("button", name="Samira").click()
    expect(bot(phone(page, 1), "Nieuws")).to_be_visible()
    expect(page.get_by_role("img", name="1 nieuw")).to_have_count(0)


def test_light_and_dark(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert light != dark
    page.get_by_role("button", name="Licht of donker").click()
    page.reload()
    now = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert now == light


def test_what_the_bot_says_is_announced_once(page: Page) -> None:
    log = phone(page).get_by_role("log", name="Gesprek")
    say(phone(page), "knoppen")
    expect(bot(phone(page), "Doet u mee?")).to_be_visible()
    expect(log).to_have_attribute("aria-live", "polite")
    page.reload()
    expect(bot(phone(page), "Doet u mee?")).to_be_visible()
    expect(log).to_have_attribute("aria-live", "polite")


def test_everything_that_can_be_pressed_has_a_name_and_is_large_enough(page: Page) -> None:
    say(phone(page), "lijst")
    say(phone(page), "geluid")
    expect(bot(phone(page), "horen").locator(".length")).to_have_text("0:01")
    script = """() => [...document.querySelectorAll('button, input, textarea, select, a')]
        .filter((element) => element.checkVisibility() && element.type !== 'range')
        .map((element) => ({ html: element.outerHTML.slice(0, 90),
            name: element.getAttribute('aria-label') || element.textContent.trim(),
            size: Math.min(element.offsetWidth, element.offsetHeight) }))
        .filter(({ name, size }) => !name || size < 40)"""
    assert page.evaluate(script) == []
