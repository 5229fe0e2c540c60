"""A conversation that only echoes, in memory, behind the real routes and a real server."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import uvicorn
from starlette.applications import Starlette

from bot.channels.simulator import SimulatorPort
from bot.messages import Button, Inbound, Outbound, Sound
from bot.speech.audio import to_ogg_opus
from runtime.simulator import Deps, Places, Posted, routes
from storage.media import MediaStore

LANGUAGES = {"nl": "Nederlands", "en": "English", "tr": "Türkçe", "ar": "العربية"}
PLACES = {"Lindeplein": (52.3825, 4.8), "Waterkade": (52.3825, 4.82)}
RATE = 16_000
SLOW = "wacht"  # the answer to this only comes when the test says it

BUTTONS = tuple(Button(f"b{n}", label) for n, label in enumerate(("👍 Ja", "👎 Nee", "🔙 Terug")))
THEMES = (
    Button("t0", "🌳 Groen"),
    Button("t1", "⚽ Sport"),
    Button("t2", "🎭 Cultuur"),
    Button("t3", "🤝 Samen doen"),
    Button("t4", "🚲 Verkeer"),
    Button("t5", "🧒 Jeugd"),
    Button("t6", "👵 Ouderen"),
)
ARABIC = "🌳 ما هي خطتك للحي؟ اكتب لنا أو أرسل رسالة صوتية."

# What the echo says besides the echo itself, by what was sent.
MORE = {
    "knoppen": Outbound("Doet u mee?", BUTTONS, "buttons"),
    "lijst": Outbound("Waar gaat uw plan over?", THEMES, "list", opens="📋 Kies een thema"),
    "arabisch": Outbound(
        ARABIC,
        (Button("a1", "✅ نعم"), Button("a2", "❌ لا")),
        "buttons",
        direction="rtl",
        sound=Sound(ARABIC, "ar"),
    ),
    "geluid": Outbound("U kunt dit ook horen.", sound=Sound("U kunt dit ook horen.", "nl")),
    "geheim": Outbound("🔒 Typ de code van uw stempas.", secret=True),
    "waar": Outbound("📍 Waar is het?", asks_location=True),
    "lang": Outbound("Lees meer op https://example.org/plannen/12. " + "Een zin erbij. " * 40),
}


class Echo:
    """Says back what came in; the same message id is taken once."""

    def __init__(self, folder: Path) -> None:
        self.taken: list[Inbound] = []
        self.said: list[tuple[str, Posted]] = []
        self.stored: list[str] = []
        self.heard_from: set[str] = set()
        self.media = MediaStore(str(folder))
        self.port = SimulatorPort(self.media.get)

    def deps(self, server: Server) -> Deps:
        async def places() -> Places:
            return PLACES

        return Deps(
            take=self.take,
            outgoing=self.outgoing,
            store_media=self.store,
            sound_of=tone,
            languages=LANGUAGES,
            places=places,
            stopping=lambda: server.stopping,
        )

    def store(self, content: bytes, mime: str) -> str:
        self.stored.append(self.media.put(content, "." + mime.partition("/")[2]))
        return self.stored[-1]

    def asked(self, address: str) -> bool:
        """Whether anybody has asked what was said to this address."""
        return address in self.heard_from

    async def take(self, inbound: Inbound) -> None:
        if any(old.id == inbound.id for old in self.taken):
            return
        self.taken.append(inbound)
        if inbound.text == SLOW:
            return
        self.say(inbound.address, Outbound(described(inbound)))
        if inbound.text in MORE:
            self.say(inbound.address, MORE[inbound.text])

    def say(self, address: str, message: Outbound) -> None:
        self.said.append((address, Posted(len(self.said) + 1, datetime.now(UTC), message)))

    async def outgoing(self, address: str, after: int) -> Sequence[Posted]:
        self.heard_from.add(address)
        found = [posted for to, posted in self.said if to == address and posted.id > after]
        return found[:5]  # few, so that a page has to ask on


def described(inbound: Inbound) -> str:
    if inbound.media:
        media = inbound.media[0]
        return f"{media.kind}: {media.mime}, {media.size} bytes"
    if inbound.location:
        return f"Plaats: {inbound.location[0]:.4f} {inbound.location[1]:.4f}"
    return f"Gekozen: {inbound.choice}" if inbound.choice else f"Echo: {inbound.text}"


def tone(sound: Sound) -> bytes:
    seconds = np.arange(int(RATE * len(sound.text) * 0.06)) / RATE
    swell = 0.4 + 0.3 * np.sin(2 * np.pi * 1.5 * seconds)
    return to_ogg_opus((np.sin(2 * np.pi * 220 * seconds) * swell).astype(np.float32), RATE)


class Server:
    """A real server on loopback that can be stopped and started on the same port."""

    def __init__(self, echo: Echo) -> None:
        self._app = Starlette(routes=routes(echo.deps(self)))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.start()

    @property
    def stopping(self) -> bool:
        return self._server.should_exit

    def start(self) -> None:
        config = uvicorn.Config(self._app, port=self._port, log_level="warning", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=20)
