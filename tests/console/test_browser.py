"""The pages in a real browser: axe finds nothing, nothing sticks out, keys suffice."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from storage import audit
from storage.db import Database
from storage.media import MediaStore
from tests.console.browsing import context_for, served
from tests.console.busy import busy, counted
from tests.console.entering import enter
from tests.console.shown import SHOWN, Shown
from tests.console.world import World
from tests.runtime.chromium import chromium

HEIGHT = 800
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
         "resultTypes": ["violations"]}  # fmt: skip


# Each width, language and scheme with each of the others.
LOOKS = {"nl": [(1280, "light"), (320, "dark")], "en": [(320, "light"), (1280, "dark")]}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def town() -> Iterator[World]:
    """One for all tests here, which only look."""
    with tempfile.TemporaryDirectory() as place:
        db = Database.open(f"sqlite:///{place}/town.db")
        db.migrate()
        town = World(db, MediaStore(f"file://{place}/media"))
        town.fill()
        busy(town)
        counted(town)
        enter(town)
        town.clock.now += 20 * 24 * 3600 * 1000  # so that there are alarms
        yield town
        db.close()


@pytest.fixture(scope="module")
def url(town: World) -> Iterator[str]:
    with served(town) as url:
        yield url


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown.name)
def test_axe_finds_nothing(
    browser: Browser, town: World, url: str, shown: Shown, language: str
) -> None:
    """Nor does anything stick out, as narrow as the screen may be."""
    context = context_for(browser, town, url, shown, language, "light", 1280)
    page = context.new_page()
    complaints = listen(page)
    page.goto(url + "/console" + shown.path)
    page.evaluate(Axe().axe_script)
    for width, scheme in LOOKS[language]:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = page.evaluate("options => axe.run(document, options)", RULES)["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert complaints == []
    context.close()


def listen(page: Page) -> list[str]:
    """What the browser complains about: faults in scripts, what the policy forbids."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda line: (
            complaints.append(line.text)
            if line.type == "error" and "Failed to load resource" not in line.text
            else None
        ),
    )
    return complaints


def test_signing_in_with_the_keyboard_only(browser: Browser, tmp_path: Path) -> None:
    """From the address to the first page, app and recovery codes included."""
    db = Database.open(f"sqlite:///{tmp_path}/town.db")
    db.migrate()
    world = World(db, MediaStore(f"file://{tmp_path}/media"))
    world.fill()
    password = PasswordHasher(1, 8, 1).hash("four unrelated words")
    world.user("coordinator", name="anna", password=password)
    with served(world) as url:
        context = browser.new_context(locale="nl-NL")
        page = context.new_page()
        page.goto(url + "/console/plans")
        press_to(page, "Naam")
        page.keyboard.type("anna")
        page.keyboard.press("Tab")
        page.keyboard.type("four unrelated words")
        page.keyboard.press("Enter")
        page.wait_for_url("**/signin/app")
        page.get_by_text("Scannen lukt niet?").focus()
        page.keyboard.press("Enter")
        secret = page.locator(".secret").inner_text().replace(" ", "")
        press_to(page, "Code van de app")
        page.keyboard.type(pyotp.TOTP(secret).at(world.clock.now // 1000))
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Bewaar deze herstelcodes").wait_for()
        assert page.locator(".codes li").count() == 10
        press_to(page, "Ik heb ze bewaard")
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/plans")
        page.keyboard.press("Tab")
        assert focused(page) == "Naar de inhoud"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        press_to(page, "Çocuklar için bahçe")
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/plans/2")
        context.close()
    db.close()


def focused(page: Page) -> str:
    """What the focused element is called."""
    script = """() => { const at = document.activeElement;
        if (at === document.body) return "";
        return (at.labels?.[0]?.innerText || at.innerText || "").trim(); }"""
    return re.sub(r"\s+", " ", str(page.evaluate(script)))


def press_to(page: Page, name: str) -> None:
    """Tab by tab, until what is called so has the focus."""
    for _ in range(60):
        if focused(page) == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} cannot be reached by keyboard")


def test_a_recording_plays_and_a_photo_shows(browser: Browser, town: World, url: str) -> None:
    shown = Shown("plan", "/plans/2", "assessor")
    context = context_for(browser, town, url, shown, "nl", "light", 1280)
    page = context.new_page()
    complaints = listen(page)
    page.goto(url + "/console/plans/2")
    heard = "() => new Promise(done => document.querySelector('audio').ontimeupdate = done)"
    page.evaluate(f"document.querySelector('audio').play().then({heard}).then(() => true)")
    photo = "document.querySelector('.photos img')"
    assert page.evaluate(f"{photo}.decode().then(() => {photo}.naturalWidth)") == 64
    assert complaints == []
    entries, _ = town.db.read(lambda conn: audit.entries(conn, "test-assessor", "recording", 0, 9))
    assert entries
    context.close()


def test_the_menu_on_a_small_screen(browser: Browser, town: World, url: str) -> None:
    context = context_for(browser, town, url, Shown("today", "/"), "nl", "light", 320)
    page = context.new_page()
    page.goto(url + "/console/")
    link = page.get_by_role("link", name="Plannen", exact=True)
    assert not link.is_visible()
    page.locator("summary", has_text="Menu").focus()
    page.keyboard.press("Enter")
    link.click()
    page.wait_for_url("**/console/plans")
    context.close()


def test_a_wrong_form_keeps_what_was_typed(browser: Browser, town: World, url: str) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(url + "/console/signin")
    page.get_by_label("Name").fill("somebody")
    page.get_by_role("button", name="Sign in").click()
    field = page.get_by_label("Password")
    assert field.get_attribute("aria-invalid") == "true"
    described = page.locator("#" + str(field.get_attribute("aria-describedby")))
    assert described.inner_text() == "Fill this in."
    assert page.get_by_label("Name").input_value() == "somebody"
    context.close()
