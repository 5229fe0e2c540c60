"""Long polling against the emulated queue: what is taken, what comes again, and when."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from bot.channels.port import ChannelError, Policy
from bot.channels.telegram import Telegram
from bot.channels.telegram_poll import MAX_PAUSE, poll
from tests.emulators.telegram import TelegramEmulator


class Listener:
    """Takes updates until it has had `enough` of them; fails for the texts in `refused`."""

    def __init__(self, enough: int) -> None:
        self.enough = enough
        self.taken: list[str] = []
        self.refused: list[str] = []
        self.pauses: list[float] = []
        self.done = asyncio.Event()

    async def take(self, update: dict[str, Any]) -> None:
        text = update["message"]["text"]
        if text in self.refused:
            self.refused.remove(text)
            raise OSError("the database is away")
        self.taken.append(text)
        if len(self.taken) >= self.enough:
            self.done.set()

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def listen(self, port: Any, while_listening: Callable[[], Any] | None = None) -> None:
        task = asyncio.create_task(poll(port, self.take, self.pause))
        if while_listening:
            await asyncio.to_thread(while_listening)
        async with asyncio.timeout(20):
            await self.done.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def test_updates_come_in_order_and_once(
    telegram_emulator: TelegramEmulator, telegram: Telegram, runner: asyncio.Runner
) -> None:
    fatma = telegram_emulator.person()
    words = [f"woord {n}" for n in range(250)]  # three answers of at most a hundred
    for word in words:
        fatma.says(word)
    listener = Listener(250)
    runner.run(listener.listen(telegram))
    assert (listener.taken, listener.pauses) == (words, [])


def test_a_message_that_comes_while_waiting_is_heard(
    telegram_emulator: TelegramEmulator, telegram: Telegram, runner: asyncio.Runner
) -> None:
    fatma = telegram_emulator.person()
    listener = Listener(2)

    def talk() -> None:
        fatma.says("een")
        fatma.edits("een, twee")  # not asked for
        fatma.says("twee")

    runner.run(listener.listen(telegram, talk))
    assert listener.taken == ["een", "twee"]


def test_an_update_that_could_not_be_taken_comes_again_and_nothing_overtakes_it(
    telegram_emulator: TelegramEmulator,
    telegram: Telegram,
    runner: asyncio.Runner,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fatma = telegram_emulator.person()
    for word in ("een", "twee", "drie"):
        fatma.says(word)
    listener = Listener(3)
    listener.refused = ["twee", "twee", "twee"]
    runner.run(listener.listen(telegram))
    assert listener.taken == ["een", "twee", "drie"]
    assert listener.pauses == [1.0, 2.0, 4.0]
    assert "OSError" in caplog.text
    assert "database" not in caplog.text


def test_nothing_is_lost_when_the_process_dies_between_taking_and_acknowledging(
    telegram_emulator: TelegramEmulator, telegram: Telegram, runner: asyncio.Runner
) -> None:
    fatma = telegram_emulator.person()
    fatma.says("een")
    fatma.says("twee")
    first, second = Listener(1), Listener(2)
    runner.run(first.listen(telegram))
    fatma.says("drie")
    second.enough = 3
    runner.run(second.listen(telegram))
    assert second.taken == ["een", "twee", "drie"]  # known ones are told by their update_id


def test_network_failures_are_survived_with_growing_pauses(
    telegram_emulator: TelegramEmulator,
    telegram: Telegram,
    runner: asyncio.Runner,
    caplog: pytest.LogCaptureFixture,
) -> None:
    telegram_emulator.refuse("deleteWebhook", 502, "Bad Gateway")
    telegram_emulator.refuse("getUpdates", 429, "Too Many Requests", {"retry_after": 17})
    telegram_emulator.refuse("getUpdates", 500, "Internal Server Error", times=2)
    telegram_emulator.refuse("getUpdates", 409, "Conflict", times=5)
    telegram_emulator.lose_answer("getUpdates")
    telegram_emulator.person().says("hoi")
    listener = Listener(1)
    caplog.set_level(logging.DEBUG)
    runner.run(listener.listen(telegram))
    assert listener.taken == ["hoi"]
    told, growing = [1.0, 17.0], [2.0, 4.0, 8.0, 16.0, 32.0]
    assert listener.pauses == [*told, *growing, MAX_PAUSE, MAX_PAUSE, MAX_PAUSE]
    assert "conflict" in caplog.text
    assert telegram_emulator.token not in caplog.text
    assert "hoi" not in caplog.text


def test_a_webhook_is_taken_away_first(
    telegram_emulator: TelegramEmulator, telegram: Telegram, runner: asyncio.Runner
) -> None:
    runner.run(telegram.set_webhook("http://127.0.0.1:9"))
    telegram_emulator.person().says("hoi")
    with pytest.raises(ChannelError) as caught:
        runner.run(telegram.updates(0, 0))
    assert (caught.value.policy, caught.value.code) == (Policy.RETRY, "conflict")
    listener = Listener(1)
    runner.run(listener.listen(telegram))
    assert (listener.taken, listener.pauses) == (["hoi"], [])


def test_ids_may_start_anew_lower_after_a_quiet_week(runner: asyncio.Runner) -> None:
    """The emulator's ids only grow, so here is the rule of `getUpdates` with another counter."""

    class Queue:
        def __init__(self) -> None:
            self.answers = [[(900, "oud")], [], [(5, "nieuw")]]
            self.offsets: list[int] = []

        async def delete_webhook(self) -> None: ...

        async def updates(self, offset: int) -> list[dict[str, Any]]:
            self.offsets.append(offset)
            if not self.answers:
                await asyncio.sleep(30)
            waiting = [pair for pair in self.answers.pop(0) if pair[0] >= offset]
            return [{"update_id": n, "message": {"text": text}} for n, text in waiting]

    queue, listener = Queue(), Listener(2)
    runner.run(listener.listen(queue))
    assert listener.taken == ["oud", "nieuw"]
    assert queue.offsets[:3] == [0, 901, 0]
