"""What the tests of the page do again and again."""

from __future__ import annotations

import io
import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page

SPEECH = Path(__file__).parents[4] / "shared" / "data" / "speech" / "en" / "jfk.wav"
WIDE = {"width": 1280, "height": 800}
LINDEPLEIN = {"latitude": 52.3825, "longitude": 4.8}
NOT_SENT = "Niet verstuurd"


def phone(page: Page, number: int = 0) -> Locator:
    return page.locator(".station").nth(number)


def say(phone: Locator, text: str) -> None:
    phone.locator("textarea").fill(text)
    phone.locator("textarea").press("Enter")


def bot(phone: Locator, text: str | re.Pattern[str]) -> Locator:
    return phone.locator(".entry.bot", has_text=text)


def own(phone: Locator, text: str) -> Locator:
    return phone.locator(".entry.own", has_text=text)


def talk(phone: Locator) -> list[str]:
    """What stands in the bubbles, in order."""
    return phone.locator(".entry .text").all_inner_texts()


def picture(size: tuple[int, int] = (640, 480)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (60, 140, 70)).save(file, "JPEG")
    return file.getvalue()
