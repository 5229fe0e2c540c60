"""The console on a real server in this process, and a browser that is signed in to it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from playwright.sync_api import Browser, BrowserContext

from tests.console.shown import Shown
from tests.console.world import COOKIE, World

WIDTHS = (1280, 320)


@contextmanager
def served(world: World) -> Iterator[str]:
    """The URL of the console's server."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(world.app(), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def context_for(
    browser: Browser, world: World, url: str, shown: Shown, language: str, scheme: str, width: int
) -> BrowserContext:
    """A browser window of somebody who may see the page."""
    context = browser.new_context(
        viewport={"width": width, "height": 800 if width > 500 else 640},
        locale={"nl": "nl-NL", "en": "en-GB"}[language],
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    if shown.role != "nobody":
        token = world.session(shown.role, complete=shown.complete, language=language)
        context.add_cookies(
            [{"name": COOKIE, "value": token, "domain": "127.0.0.1", "path": "/console"}]
        )
    return context
