"""`buurtstem chat`: the simulator in a terminal, line by line."""

from __future__ import annotations

import asyncio
import json
import mimetypes
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from bot.channels.simulator import BadMessageError, address, parse
from bot.messages import Channel, Inbound, Media, MediaKind, Outbound
from runtime.wiring import System
from storage import outbox
from storage.times import now_ms

PATIENCE = 600.0  # seconds for one answer; a first voice note loads the model
PAUSE = 0.01
MOST_SHOWN = 500


class ChatError(Exception):
    """A line that cannot be sent; the text says why, on one line."""


async def chat(system: System, who: str, channel: str, language: str, *, as_json: bool) -> None:
    """Sends each line of standard input, and prints what comes back. Raises `ChatError`."""
    try:
        to = address(channel, who)
    except BadMessageError as error:
        raise ChatError(f"--{error.code}: {_REMEDIES[error.code]}") from None
    show = _print_json(system) if as_json else _print_text(system)
    await system.start()
    try:
        seen = await _newest(system, to)
        async for line in _lines(sys.stdin):
            try:
                inbound = _read(system, line, who, channel, language)
            except ChatError as error:
                if not sys.stdin.isatty():
                    raise
                print(f"({error})")
                continue
            person = await system.take(inbound)
            await _settled(system, person)
            seen = await _show_new(system, to, seen, show)
    finally:
        await system.stop()


_REMEDIES = {
    "channel": "choose simulator, telegram, whatsapp, sms or phone",
    "as": "use letters, digits, - and _, at most 40",
}


async def _lines(stream: TextIO) -> AsyncIterator[str]:
    """The lines of standard input as they come, without keeping anything else waiting."""
    if stream.isatty():
        print(
            "(a line is a message, #id taps, @FILE is a voice note, !photo FILE, !location LAT,LNG)"
        )
    while line := await asyncio.to_thread(stream.readline):
        if line.strip():
            yield line.strip()


def _read(system: System, line: str, who: str, channel: str, language: str) -> Inbound:
    fields = {"as": who, "channel": channel, "hint": language}
    try:
        if line.startswith("@"):
            return parse(fields, _media(system, "voice", line[1:]))
        if line.startswith("!photo "):
            return parse(fields, _media(system, "photo", line.removeprefix("!photo ")))
        if line.startswith("!location "):
            return parse({**fields, "location": line.removeprefix("!location ")})
        if line.startswith("#"):
            return parse({**fields, "choice": line[1:]})
        return parse({**fields, "text": line})
    except BadMessageError as error:
        raise ChatError(f"{error.code}: cannot be read in this line") from None


def _media(system: System, kind: MediaKind, name: str) -> Media:
    path = Path(name.strip()).expanduser()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ChatError(f"{path}: {error.strerror}") from None
    mime = mimetypes.guess_type(path.name)[0] or ""
    return Media(kind, system.uploads.put(data), mime, len(data))


async def _settled(system: System, person: int | None) -> None:
    """Until all that the message brought about has been said."""
    if person is None:
        return
    async with asyncio.timeout(PATIENCE):
        # The worker that answers may be another process: only the database knows.
        while not await system.db.aread(lambda conn: outbox.idle(conn, person, now_ms())):  # noqa: ASYNC110
            await asyncio.sleep(PAUSE)


async def _newest(system: System, to: str) -> int:
    """The last row that was said to this address before."""
    last = 0
    while rows := await _rows(system, to, last):
        last = rows[-1].id
    return last


async def _rows(system: System, to: str, after: int) -> list[outbox.Row]:
    return await system.db.aread(
        lambda conn: outbox.after(conn, Channel.SIMULATOR, to, after, MOST_SHOWN)
    )


async def _show_new(system: System, to: str, seen: int, show: Callable[[Outbound], None]) -> int:
    for row in await _rows(system, to, seen):
        seen = row.id
        if message := shown(system, row):
            show(message)
    return seen


def shown(system: System, row: outbox.Row) -> Outbound | None:
    """What a row says to who simulates: of a secret one that is gone, that there was something."""
    try:
        body = system.vault.open(row.body)
        return Outbound.from_json(json.loads(body))
    except ValueError:
        return Outbound("", secret=True) if row.secret else None


def _print_json(system: System) -> Callable[[Outbound], None]:
    def show(message: Outbound) -> None:
        print(json.dumps(as_json(system, message), ensure_ascii=False), flush=True)

    return show


def as_json(system: System, message: Outbound) -> dict[str, Any]:
    """A reply as `--json` prints it: text, choices, audio (a file's path or null), secret.

    What is secret is never a file; its text says it all.
    """
    audio = None
    if message.sound and not message.sound.secret:
        system.sounds.made(message.sound)
        audio = str(system.sounds.path(message.sound))
    return {
        "text": message.text,
        "choices": [{"id": b.id, "label": b.label} for b in message.buttons],
        "audio": audio,
        "secret": message.secret,
    }


def _print_text(system: System) -> Callable[[Outbound], None]:
    def show(message: Outbound) -> None:
        print("\n".join(_shown(system, message)) + "\n", flush=True)

    return show


def _shown(system: System, message: Outbound) -> Iterator[str]:
    if message.text:
        yield message.text
    if message.style != "numbers":
        for n, button in enumerate(message.buttons, 1):
            yield f"  [{n}] {button.label}"
    if message.sound and not message.sound.secret:
        yield f"  🔊 {as_json(system, message)['audio']}"
