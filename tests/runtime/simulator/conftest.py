"""A browser, and the page on a real server with a conversation that echoes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.runtime.chromium import chromium, microphone
from tests.runtime.simulator.echo import Echo, Server
from tests.runtime.simulator.phones import LINDEPLEIN, SPEECH, WIDE


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(*microphone(SPEECH)) as browser:
        yield browser


@pytest.fixture
def echo(tmp_path: Path) -> Echo:
    return Echo(tmp_path)


@pytest.fixture
def server(echo: Echo) -> Iterator[Server]:
    server = Server(echo)
    yield server
    server.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=WIDE, locale="nl-NL", geolocation=LINDEPLEIN)
    context.grant_permissions(["microphone", "geolocation"])
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """The page as a newcomer sees it. Whatever it complains about fails the test."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.goto(server.url + "/simulator")
    yield page
    assert [c for c in complaints if "Failed to load resource" not in c] == []
