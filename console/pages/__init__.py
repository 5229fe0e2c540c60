"""The pages; each module has `ROUTES`. Their order here is that of the menu."""

from __future__ import annotations

from console.pages import account, audit, help, media, plan, plans, signin, talk, today
from console.routes import Declared

PAGES = (today, plans, plan, help, talk, audit, media, account, signin)


def routes() -> list[Declared]:
    """All routes of the console."""
    return [route for page in PAGES for route in page.ROUTES]
