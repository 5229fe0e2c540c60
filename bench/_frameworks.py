"""The same dialogue on two well-known frameworks, stored durably after each message.

Their flow is a chain of seventeen states that keeps each answer and replies with one
message with buttons, which is less than ours does: no languages, no outbox, no plan row.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

from aiogram import Bot as AiogramBot
from aiogram import Dispatcher, Router
from aiogram.client.session.base import BaseSession
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseStorage, StorageKey
from aiogram.types import Message
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import (
    Application,
    ConversationHandler,
    ExtBot,
    MessageHandler,
    PicklePersistence,
    filters,
)
from telegram.request import BaseRequest

STEPS = 17
TOKEN = "123456:" + "A" * 35
Measure = Callable[..., Awaitable[float]]
updates = count(1)


def update(who: int, text: str) -> dict[str, Any]:
    n = next(updates)
    user = {"id": who + 1, "is_bot": False, "first_name": "r"}
    chat = {"id": who + 1, "type": "private"}
    message = {"message_id": n, "date": 1700000000, "chat": chat, "from": user, "text": text}
    return {"update_id": n, "message": message}


SENT = {
    "message_id": 1,
    "date": 1700000000,
    "chat": {"id": 1, "type": "private"},
    "text": "x",
}
ME = {"id": 123456, "is_bot": True, "first_name": "b", "username": "b_bot"}


class Nowhere(BaseRequest):
    """Sends nothing; answers at once as Telegram would."""

    @property
    def read_timeout(self) -> float:
        return 5.0

    async def initialize(self) -> None: ...

    async def shutdown(self) -> None: ...

    async def do_request(self, url: str, method: str, **more: Any) -> tuple[int, bytes]:
        result = ME if url.endswith("getMe") else SENT
        return 200, json.dumps({"ok": True, "result": result}).encode()


async def ptb_pickle(folder: Path, measure: Measure) -> float:
    persistence = PicklePersistence(folder / "ptb.pickle", single_file=True, update_interval=3600)
    bot = ExtBot(TOKEN, request=Nowhere(), get_updates_request=Nowhere())
    application = Application.builder().bot(bot).updater(None).persistence(persistence).build()

    async def answer(update: Update, context: Any) -> int:
        state = context.user_data.get("at", 0)
        context.user_data[f"answer{state}"] = update.message.text
        context.user_data["at"] = (state + 1) % STEPS
        rows = [[InlineKeyboardButton(f"Keuze {n}", callback_data=str(n))] for n in range(3)]
        await update.message.reply_text("Vraag?", reply_markup=InlineKeyboardMarkup(rows))
        return int(context.user_data["at"])

    handler = MessageHandler(filters.TEXT, answer)
    application.add_handler(
        ConversationHandler(
            [handler], {n: [handler] for n in range(STEPS)}, [], name="plan", persistent=True
        )
    )
    await application.initialize()

    async def handle(who: int, text: str) -> None:
        await application.process_update(Update.de_json(update(who, text), bot))
        await application.update_persistence()

    rate = await measure("python-telegram-bot, PicklePersistence", handle)
    await application.shutdown()
    return rate


class Rows(BaseStorage):
    """States and data in SQLite, synchronous=FULL."""

    def __init__(self, path: Path) -> None:
        self._conn = sqlite3.connect(path)
        self._conn.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE fsm(who TEXT PRIMARY KEY, state TEXT, data TEXT);"
        )

    def _put(self, key: StorageKey, column: str, value: str | None) -> None:
        with self._conn:
            self._conn.execute(
                f"INSERT INTO fsm(who, {column}) VALUES (?, ?) "
                f"ON CONFLICT(who) DO UPDATE SET {column} = excluded.{column}",
                (str(key.user_id), value),
            )

    def _get(self, key: StorageKey, column: str) -> Any:
        row = self._conn.execute(
            f"SELECT {column} FROM fsm WHERE who = ?", (str(key.user_id),)
        ).fetchone()
        return row[0] if row else None

    async def set_state(self, key: StorageKey, state: Any = None) -> None:
        self._put(key, "state", state.state if isinstance(state, State) else state)

    async def get_state(self, key: StorageKey) -> str | None:
        found: str | None = self._get(key, "state")
        return found

    async def set_data(self, key: StorageKey, data: Any) -> None:
        self._put(key, "data", json.dumps(dict(data)))

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._get(key, "data") or "{}")
        return found

    async def close(self) -> None:
        self._conn.close()


class NoSession(BaseSession):
    """Sends nothing; answers at once."""

    async def make_request(self, bot: AiogramBot, method: Any, timeout: Any = None) -> Any:
        return Message.model_validate(SENT, context={"bot": bot})

    async def stream_content(self, *args: Any, **more: Any) -> Any:
        yield b""

    async def close(self) -> None: ...


async def aiogram_fsm(folder: Path, measure: Measure) -> float:
    router = Router()
    texts: dict[int, int] = defaultdict(int)

    @router.message()
    async def answer(message: Message, state: FSMContext) -> None:
        at = int((await state.get_state() or "plan:0").rpartition(":")[2])
        await state.update_data({f"answer{at}": message.text})
        await state.set_state(f"plan:{(at + 1) % STEPS}")
        texts[at] += 1
        await message.answer("Vraag?")

    dispatcher = Dispatcher(storage=Rows(folder / "aiogram.db"))
    dispatcher.include_router(router)
    bot = AiogramBot(TOKEN, session=NoSession())

    async def handle(who: int, text: str) -> None:
        await dispatcher.feed_raw_update(bot, update(who, text))

    rate = await measure("aiogram, FSM in SQLite FULL", handle)
    await dispatcher.storage.close()
    return rate


if __name__ == "__main__":
    sys.exit("run bench/messages.py")
