"""Correcting a recording in a real browser: by keyboard, while it plays; and without script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from storage import plans, recordings
from storage.recordings import Heard
from storage.tables import recordings as rows
from tests.console.browsing import context_for, served
from tests.console.shown import Shown
from tests.console.world import World, beep
from tests.runtime.chromium import chromium

PAGE = Shown("transcript", "/plans/2/recordings/2")
WORDS = "Ik wil een tuin. Bij de scol graag."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def heard(town: World) -> World:
    """A recording of six seconds in which the computer heard two sentences, one word wrongly."""
    name = town.store.put(beep(6), ".wav")
    said = Heard(
        transcript=WORDS, language="nl", verdict="unsure", seconds=6.0, speech_seconds=6.0,
        avg_logprob=-0.8, no_speech_prob=0.1, model="base",
    )  # fmt: skip

    def work(conn: recordings.Connection) -> None:
        recordings.transcribed(conn, 2, said)
        conn.execute(rows.update().where(rows.c.id == 2).values(name=name))

    town.db.call(work)
    return town


def opened(browser: Browser, world: World, url: str, *, script: bool = True) -> Page:
    context = context_for(browser, world, url, PAGE, "nl", "light", 1280)
    if script:
        page = context.new_page()
    else:
        cookies = context.cookies()
        context.close()
        context = browser.new_context(java_script_enabled=False)
        context.add_cookies(cookies)  # type: ignore[arg-type]
        page = context.new_page()
    page.goto(url + "/console" + PAGE.path)
    return page


def text_of(world: World) -> str | None:
    found = world.db.read(lambda conn: recordings.get(conn, 2))
    return found.transcript if found else None


def test_word_by_word_with_the_keyboard(browser: Browser, heard: World) -> None:
    with served(heard) as url:
        page = opened(browser, heard, url)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.wait_for_function("() => document.querySelector('audio').readyState > 0")
        first = page.locator("#words .word").first
        first.focus()
        for _ in range(6):
            page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.textContent") == "scol"
        at = page.evaluate("document.querySelector('audio').currentTime")
        assert 2 < at < 6  # from there it would play
        page.keyboard.press("Enter")
        page.keyboard.type("school")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.textContent") == "graag."
        assert page.get_by_label("De hele tekst").input_value() == WORDS.replace("scol", "school")
        page.evaluate("document.querySelector('audio').currentTime = 5")
        page.keyboard.press("j")
        assert page.evaluate("document.querySelector('audio').currentTime") == 2
        page.keyboard.press("l")
        assert page.evaluate("document.querySelector('audio').playbackRate") == 0.7
        page.get_by_role("button", name="Bewaar").click()
        page.wait_for_url("**/console/plans/2")
        assert faults == []
        page.context.close()
    assert text_of(heard) == WORDS.replace("scol", "school")


def test_the_sentence_that_is_said_lights_up(browser: Browser, heard: World) -> None:
    with served(heard) as url:
        page = opened(browser, heard, url)
        page.wait_for_function("() => document.querySelector('audio').readyState > 0")
        lit = page.locator(".word.now")
        page.locator("#words .word").first.focus()
        page.keyboard.press("k")
        expect(lit).to_have_text(["Ik", "wil", "een", "tuin."])
        page.evaluate("document.querySelector('audio').currentTime = 5")
        expect(lit).to_have_text(["Bij", "de", "scol", "graag."])
        page.get_by_label("De hele tekst").focus()
        page.keyboard.press("Alt+k")
        page.wait_for_function("() => document.querySelector('audio').paused")
        assert page.get_by_label("De hele tekst").input_value() == WORDS
        page.context.close()


def test_a_word_is_left_as_it_was(browser: Browser, heard: World) -> None:
    with served(heard) as url:
        page = opened(browser, heard, url)
        page.locator("#words .word").nth(2).dblclick()
        page.keyboard.type("niets")
        page.keyboard.press("Escape")
        assert page.get_by_label("De hele tekst").input_value() == WORDS
        page.keyboard.press("Enter")
        page.keyboard.press("Delete")
        page.keyboard.press("Enter")
        kept = page.get_by_label("De hele tekst").input_value()
        assert kept == "Ik wil tuin. Bij de scol graag."
        page.context.close()


def test_without_script_it_is_a_text(browser: Browser, heard: World, tmp_path: Path) -> None:
    with served(heard) as url:
        page = opened(browser, heard, url, script=False)
        assert not page.locator("#player").is_visible()
        assert page.locator("audio").is_visible()
        page.get_by_label("De hele tekst").fill("Een tuin bij de school.")
        page.get_by_role("button", name="Bewaar").click()
        page.wait_for_url("**/console/plans/2")
        page.context.close()
    assert text_of(heard) == "Een tuin bij de school."
    found = heard.db.read(lambda conn: plans.by_number(conn, 1, 2))
    assert found
