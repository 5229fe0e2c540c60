"""Those who work at the console, each in a browser window of their own."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from civic.rounds import AMSTERDAM
from console.texts import texts
from tests.console.whole_round import PASSWORD, PATIENCE, Town

NL = texts("nl")


@dataclass
class Clerk:
    """Somebody at the console, in a browser window of their own."""

    page: Page
    url: str

    def opens(self, path: str) -> None:
        answer = self.page.goto(f"{self.url}/console{path}")
        assert answer is not None
        assert answer.status == 200, path

    def presses(self, key: str, **params: object) -> None:
        """A button by its text in the catalogue; the page that follows has been loaded."""
        button = self.page.locator("main").get_by_role(
            "button", name=NL.t(key, **params), exact=True
        )
        self._followed(button)

    def follows(self, key: str) -> None:
        self._followed(self.page.locator("main").get_by_role("link", name=NL.t(key), exact=True))

    def _followed(self, what: Locator) -> None:
        fine = self._is_taken(what)
        assert fine, (self.page.url, self.page.locator(".error").all_inner_texts())

    def fills(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f'[name="{name}"]').fill(value)

    def picks(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f'select[name="{name}"]').select_option(value)

    @property
    def text(self) -> str:
        return self.page.locator("main").inner_text()

    def steps(self, number: int, to: str, **fields: str) -> None:
        """Takes a step with a plan: what people will be told is looked at first."""
        self.opens(f"/plans/{number}/step/{to}")
        self.fills(**fields)
        self.presses("step.look")
        self.presses(f"step.go.{to}")
        assert NL.t("step.taken") in self.page.locator("body").inner_text()

    def has_tested(self, number: int, field: str, assessor: str) -> None:
        self.opens(f"/plans/{number}/test")
        self.fills(field=field)
        self.picks(assessor=assessor)
        self.presses("assessments.do_begin")

    def judges(self, number: int, verdict: str, **notes: str) -> None:
        """Opens the oldest test of the plan in their own queue, and gives the verdict."""
        self.opens("/assessments?whose=mine")
        row = self.page.get_by_role("row").filter(
            has=self.page.locator(".num", has_text=str(number))
        )
        self._followed(row.get_by_role("link").first)
        self.fills(**notes)
        self.picks(verdict=verdict)
        self.presses("assessments.judge")

    def sets_phase(self, name: str) -> None:
        self.opens("/round")
        self.page.locator("details", has_text=NL.t("round.set_by_hand")).locator("summary").click()
        self.page.locator(f'[name="phase"][value="{name}"]').check()
        self.presses("round.look")
        self.presses("round.do_set")

    def publishes_soon(self) -> int:
        """The results, as soon as there is time to look at them first; when (milliseconds)."""
        for seconds in (8, 30, 90):
            self.opens("/results")
            at = int(time.time()) + seconds
            self.fills(at=on_the_clock(at))
            look = self.page.get_by_role("button", name=NL.t("results.look"))
            sure = self.page.locator('button[name="sure"]')
            if self._is_taken(look) and self._is_taken(sure):
                return 1000 * at
            errors = self.page.locator(".error").all_inner_texts()
            assert errors == [NL.t("results.when_past")], errors
        pytest.fail("there was never time to look at the results")

    def _is_taken(self, button: Locator) -> bool:
        """Whether the form was in order."""
        with self.page.expect_navigation() as loaded:
            button.click()
        return loaded.value is not None and loaded.value.status == 200

    def history(self, number: int) -> list[str]:
        """The plan's statuses so far, as the console shows them."""
        self.opens(f"/plans/{number}")
        return self.page.locator(".timeline .badge").all_text_contents()

    def messages(self) -> list[str]:
        """Of what the plan's initiator was told, by the page that is open, the oldest first."""
        rows = self.page.locator('[aria-labelledby="messages"] li > span:first-child')
        return rows.all_text_contents()[::-1]


def sign_in(town: Town, browser: Browser, name: str) -> Clerk:
    """As people do the first time: password, app, codes."""
    page = window(browser).new_page()
    clerk = Clerk(page, town.server.url)
    clerk.opens("/signin")
    clerk.fills(name=name, password=PASSWORD)
    clerk.presses("signin.do")
    secret = page.locator(".secret").text_content() or ""
    clerk.fills(code=pyotp.TOTP(secret.replace(" ", "")).now())
    clerk.presses("signin.go_on")
    clerk.follows("codes.kept")
    return clerk


def window(browser: Browser) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="nl-NL")
    context.set_default_timeout(PATIENCE * 1000)
    return context


def on_the_clock(moment: float) -> str:
    """A moment (seconds) as a field for date and time has it."""
    return datetime.fromtimestamp(moment, AMSTERDAM).strftime("%Y-%m-%dT%H:%M:%S")
