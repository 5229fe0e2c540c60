"""Fixtures of the channels' tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from bot.channels.telegram import Telegram, webhook_secret
from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram import telegram_emulator as telegram_emulator


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for a test; its connections belong to it."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def telegram(telegram_emulator: TelegramEmulator, runner: asyncio.Runner) -> Iterator[Telegram]:
    """The channel, speaking to the emulator; a read that takes a second fails."""
    port = Telegram(
        telegram_emulator.token,
        webhook_secret("a key of the tests"),
        telegram_emulator.base_url,
        read_timeout=1.0,
    )
    yield port
    runner.run(port.close())
