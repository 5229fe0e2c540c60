"""A phone with a keypad on the page: a whole call in the browser, as `demo` runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.runtime.simulator.phones import LINDEPLEIN, WIDE
from tests.server import Server

pytestmark = pytest.mark.slow
PATIENCE = 60_000  # ms, for what the speech model does on a busy machine
PICTURES = os.environ.get("PICTURES", "")


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
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    yield page
    context.close()
    assert complaints == []
    assert "ERROR" not in demo.log


def calls(page: Page, demo: Server, who: str) -> Locator:
    page.goto(f"{demo.url}/simulator?as={who}&channel=phone&name={who}")
    phone = page.locator(".call")
    phone.get_by_role("button", name="Bel Buurtstem").click()
    expect(phone.locator(".call-said")).to_contain_text("Kies je taal", timeout=PATIENCE)
    return phone


def press(phone: Locator, key: str) -> None:
    phone.get_by_role("button", name=key, exact=True).click()


def said(phone: Locator, text: str) -> None:
    expect(phone.locator(".call-said")).to_contain_text(text, timeout=PATIENCE)


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png")


def test_a_plan_is_told_by_voice_and_the_call_goes_on_after_hanging_up(
    page: Page, demo: Server
) -> None:
    phone = calls(page, demo, "emine")
    picture(page, "call-begins")
    press(phone, "2")
    said(phone, "Press 1 for Yes")
    press(phone, "1")
    said(phone, "What would you like to do?")
    press(phone, "1")
    said(phone, "Speak after the beep")
    expect(phone.locator(".call-state")).to_have_text(
        "Spreek nu. Klaar? Druk op #", timeout=PATIENCE
    )
    picture(page, "call-speaks")
    page.wait_for_timeout(4000)
    press(phone, "#")
    said(phone, "Is it right?")
    picture(page, "call-heard")
    phone.get_by_role("button", name="Ophangen").click()
    expect(phone.locator(".call-state")).to_contain_text("Bel, luister")
    phone.get_by_role("button", name="Bel Buurtstem").click()
    said(phone, "Welcome back")
    said(phone, "Is it right?")
    press(phone, "*")
    said(phone, "Speak after the beep")


def test_sounds_are_played_and_the_caller_is_asked_again(page: Page, demo: Server) -> None:
    played: list[str] = []
    page.on("response", lambda r: played.append(r.url) if "/media/phone/" in r.url else None)
    phone = calls(page, demo, "bas")
    expect(phone.locator(".call-time")).to_have_text("0:02", timeout=PATIENCE)
    press(phone, "1")
    said(phone, "Mogen wij je berichten bewaren?")
    assert played
    press(phone, "#")
    said(phone, "Mogen wij je berichten bewaren?")
    phone.get_by_role("button", name="Ophangen").click()
    expect(phone.locator(".call-said")).to_be_visible()
