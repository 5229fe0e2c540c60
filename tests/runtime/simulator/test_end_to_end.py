"""The page, the server, the dialogue, the speech model and the database, as `demo` runs them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.runtime.simulator.phones import LINDEPLEIN, SPEECH, WIDE, bot, own, picture
from tests.server import Server

pytestmark = pytest.mark.slow
PATIENCE = 60_000  # ms, for what the speech model does on a busy machine


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    demo = Server(tmp_path_factory.mktemp("demo"), "demo")
    demo.start()
    yield demo
    demo.kill()


@pytest.fixture
def page(browser: Browser, demo: Server) -> Iterator[Page]:
    context = browser.new_context(viewport=WIDE, locale="nl-NL", geolocation=LINDEPLEIN)
    context.grant_permissions(["microphone", "geolocation"])
    yield context.new_page()
    context.close()
    assert "ERROR" not in demo.log


class Resident:
    """Somebody with a phone; each act waits until the bot has answered."""

    def __init__(self, page: Page, demo: Server, who: str, channel: str, hint: str = "nl") -> None:
        page.goto(f"{demo.url}/simulator?as={who}&channel={channel}&hint={hint}&name={who}")
        self.page = page
        self.phone = page.locator(".station")
        self.bots = self.phone.locator(".entry.bot")

    def answered(self, before: int) -> Locator:
        expect(self.bots).not_to_have_count(before)
        return self.bots.last

    def says(self, text: str) -> Locator:
        before = self.bots.count()
        self.phone.locator("textarea").fill(text)
        self.phone.locator("textarea").press("Enter")
        return self.answered(before)

    def taps(self, choice: str) -> Locator:
        """Taps a choice by its id, in the list if there is one."""
        before = self.bots.count()
        button = self.bots.last.locator(f'[data-choice="{choice}"]')
        if not button.count():
            self.bots.last.locator(".answer[aria-haspopup]").click()
            button = self.page.locator(f'#sheet [data-choice="{choice}"]')
        button.click()
        return self.answered(before)

    def begins(self, language: str) -> None:
        self.says("👋")
        self.taps(f"welcome.language:{language}")
        self.taps("welcome.privacy:yes")


def test_a_plan_is_sent_in(page: Page, demo: Server) -> None:
    anna = Resident(page, demo, "anna", "simulator")
    anna.begins("nl")
    anna.taps("menu.menu:submit_plan")
    expect(anna.says("Bomen en een bank op het plein")).to_contain_text("Bomen en een bank")
    anna.taps("submit_plan.idea_check:right")
    anna.taps("submit_plan.title:good")
    asked = anna.taps("submit_plan.theme:groen")
    before = anna.bots.count()
    asked.get_by_role("button", name="Stuur mijn plaats").click()
    page.get_by_role("button", name="Waar ik nu ben").click()
    anna.answered(before)
    before = anna.bots.count()
    anna.says("2000")
    page.locator(".photo-file").set_input_files(
        {"name": "plein.jpg", "mimeType": "image/jpeg", "buffer": picture()}
    )
    question = anna.bots.last.locator('[data-choice="plan_details.who:me"]')
    expect(question).to_be_visible(timeout=PATIENCE)
    anna.taps("plan_details.who:me")
    summary = anna.taps("plan_details.call:no")
    expect(summary).to_contain_text("Bomen en een bank")
    expect(summary).to_contain_text("2.000")
    expect(summary).to_contain_text("Foto's: 1")
    expect(anna.taps("submit_plan.summary:send")).to_contain_text("nummer 1")
    said = page.locator(".entry p.text").all_inner_texts()
    page.reload()
    expect(bot(anna.phone, "nummer 1")).to_be_visible()
    assert page.locator(".entry p.text").all_inner_texts() == said


@pytest.mark.skipif(not SPEECH.exists(), reason=f"no recording at {SPEECH}")
def test_what_is_spoken_is_read_back(page: Page, demo: Server) -> None:
    john = Resident(page, demo, "john", "telegram", "en")
    john.begins("en")
    john.taps("menu.menu:submit_plan")
    john.phone.locator(".main").click()
    expect(john.phone.get_by_role("timer")).to_have_text("0:10", timeout=PATIENCE)
    john.phone.locator(".main").click()
    expect(bot(john.phone, "your country")).to_be_visible(timeout=PATIENCE)
    expect(john.bots.last.locator('[data-choice="submit_plan.idea_check:right"]')).to_be_visible()


def test_arabic_is_read_aloud(page: Page, demo: Server) -> None:
    samira = Resident(page, demo, "samira", "telegram", "ar")
    samira.says("مرحبا")
    expect(samira.taps("welcome.language:ar").locator(".text")).to_have_css("direction", "rtl")
    heard = samira.taps("welcome.privacy:hear")
    expect(heard.locator(".length")).not_to_be_empty(timeout=PATIENCE)
    heard.locator(".play").click()
    expect(heard.get_by_role("button", name="Pauze")).to_be_visible()


def test_a_text_message_has_numbers_and_no_buttons(page: Page, demo: Server) -> None:
    bas = Resident(page, demo, "bas", "sms")
    expect(bas.says("hallo")).to_contain_text("1. Nederlands")
    expect(bas.phone.locator(".answer")).to_have_count(0)
    bas.says("1")
    expect(bas.says("1").locator(".text")).to_contain_text("1. ")


def test_nothing_is_lost_or_doubled_when_the_server_dies(page: Page, demo: Server) -> None:
    dirk = Resident(page, demo, "dirk", "simulator")
    dirk.begins("nl")
    demo.kill()
    expect(dirk.phone.locator(".presence")).to_have_text("geen verbinding")
    dirk.phone.locator("textarea").fill("help")
    dirk.phone.locator("textarea").press("Enter")
    expect(own(dirk.phone, "help")).to_contain_text("Niet verstuurd")
    before = dirk.bots.count()
    demo.start()
    expect(dirk.answered(before).locator('[data-choice^="help."]').first).to_be_visible(
        timeout=PATIENCE
    )
    expect(dirk.phone.locator(".problem")).to_have_count(0)
    dirk.says("menu")
    assert dirk.bots.count() == before + 2
