"""Takes in what people send as files: fetch, store, listen or look, and back to the dialogue.

One job for each message; the inbox row's state decides. No transaction is open
while we fetch or transcribe. Whatever goes wrong, the person hears of it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection

from bot.awaited import Awaited, Where
from bot.channels.port import ChannelError, Policy, Port
from bot.conversation import Conversation
from bot.messages import Inbound, Media
from bot.secrecy import says_code
from bot.speech import audio
from bot.speech.transcribe import Transcriber
from bot.taken import Failed, Pictured, Recorded, Taken
from bot.understand.spoken import everyday, others
from runtime import observing
from runtime.casting import Casting
from runtime.fitting import knows_number, ways
from runtime.photos import PhotoError, clean
from storage import hot, recordings
from storage.db import Database
from storage.hot import Held
from storage.media import MediaStore
from storage.times import now_ms
from storage.vault import SealError, Vault

log = logging.getLogger(__name__)

TRIES = 3
TAKE_AGAIN_MS = 180_000
SURE_OF_LANGUAGE = 0.6  # a newcomer's language is offered first when the model is this sure
PAUSE = 0.1  # seconds between two wordings that are made
_MIME = "audio/ogg"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A message whose file is to be taken in, and where its person is."""

    held: Held
    where: Where


class Listener:
    """`take_in(inbox_id)` is the job's handler."""

    def __init__(
        self,
        db: Database,
        conversation: Conversation,
        ports: Mapping[str, Port],
        store: MediaStore,
        transcriber: Transcriber,
        offered: Mapping[str, str],
        casting: Casting,
        vault: Vault,
    ) -> None:
        self._db = db
        self._conversation = conversation
        self._casting = casting
        self._vault = vault
        self._ports = ports
        self._store = store
        self._transcriber = transcriber
        self._offered = offered
        self._awaited = Awaited(vault, offered, knows_number, ways)
        self.ready = True  # not while a model is being loaded, nor when it cannot be

    def warm_up(self) -> None:
        """Loads the model. Raises when it cannot be had."""
        self.ready = False
        self._transcriber.load()
        self.ready = True

    def prepare(self, wait: Callable[[float], bool]) -> None:
        """Makes the wordings of everyday answers, that nobody's first one need wait for them.

        One at a time, so that recordings come in between; `wait(seconds)` says when to leave off.
        """
        for language in self._offered:
            for wording in everyday(language):
                if wait(PAUSE):
                    return
                self._transcriber.prepare(language, {wording: [wording]}, others(language))

    async def take_in(self, inbox_id: int) -> None:
        """Takes one file in. Does nothing when it was done already."""
        asked = await self._db.run(lambda conn: self._ask(conn, inbox_id))
        if asked is None:
            return
        try:
            media = self._media(asked.held)
        except SealError:
            await self._tell(inbox_id, Failed("not_fetched"))
            return
        try:
            what = await self._take(media, asked)
        except ChannelError as error:
            if error.policy is Policy.RETRY and asked.held.attempts < TRIES:
                raise
            what = Failed("too_big" if error.code == "too_big" else "not_fetched")
        except Exception as error:
            # Our own fault is not the sender's: try again, and at last ask for it once more.
            if asked.held.attempts < TRIES:
                raise
            log.error("a %s could not be taken in: %s", asked.held.kind, type(error).__name__)
            what = Failed("not_fetched")
        await self._tell(inbox_id, what)
        await self._release(media, asked.held.channel)

    def _ask(self, conn: Connection, inbox_id: int) -> _Asked | None:
        """The message, with one more attempt counted; None when nobody waits for it."""
        held = hot.held(conn, inbox_id)
        if held is None or held.state != "taking":
            return None
        attempts = hot.again(conn, inbox_id, now_ms() + TAKE_AGAIN_MS)
        return _Asked(replace(held, attempts=attempts), self._awaited.of(conn, held.person_id))

    def _media(self, held: Held) -> Media:
        """The file of a message. Raises `SealError` when we cannot read any more where it is."""
        return Inbound.from_json(json.loads(self._vault.open(held.body))).media[0]

    async def _tell(self, inbox_id: int, what: Taken) -> None:
        taken = partial(self._conversation.taken, inbox_id=inbox_id, what=what)
        await self._casting.run(observing.turn(taken))

    async def _release(self, media: Media, channel: str) -> None:
        try:
            await self._ports[channel].release(media)
        except (ChannelError, OSError) as error:
            log.warning("%s: a file could not be released: %s", channel, type(error).__name__)

    async def _take(self, media: Media, asked: _Asked) -> Taken:
        limit = audio.TELEGRAM_BYTES
        if media.size is not None and media.size > limit:
            return Failed("too_big")
        data = await self._ports[asked.held.channel].fetch(media, limit)
        if media.kind == "photo":
            return await asyncio.to_thread(self._look, data)
        began = time.perf_counter()
        what = await asyncio.to_thread(self._listen, data, media, asked.where)
        observing.heard(what, began, asked.held)
        return what

    def _look(self, data: bytes) -> Taken:
        try:
            photo = clean(data)
        except PhotoError as error:
            return Failed(error.reason)
        name = self._store.put(photo.data, ".jpg")
        return Pictured(name, "image/jpeg", len(photo.data), photo.width, photo.height)

    def _listen(self, data: bytes, media: Media, where: Where) -> Taken:
        try:
            pcm = audio.decode(data, audio.Limits(bytes=audio.TELEGRAM_BYTES))
        except audio.AudioError as error:
            return Failed(_FAILURES[error.reason])
        expects, language = where.expected, where.session.language
        spoken = language or self._guess(pcm)
        picked = self._transcriber.choose(pcm, spoken, expects.answers, expects.others)
        heard = self._transcriber.transcribe(
            pcm, spoken or None, tuple(self._offered) if language else (), expects.hotwords
        )
        secret = where.secret or says_code(heard.text)
        name = "" if secret else self._store.put(data, ".oga")
        return Recorded(
            name=name,
            mime=media.mime or _MIME,
            bytes=len(data),
            heard=recordings.Heard(
                transcript=heard.text,
                language=heard.language if language else spoken,
                verdict=heard.verdict.value,
                seconds=heard.seconds,
                speech_seconds=heard.speech_seconds,
                avg_logprob=heard.avg_logprob,
                no_speech_prob=heard.no_speech_prob,
                model=heard.model,
            ),
            picked=picked.id or "",
            sounds_like=heard.language if language and heard.language != language else "",
        )

    def _guess(self, pcm: audio.Samples) -> str:
        """A newcomer's language, when it is clear; it is only offered."""
        language, probability = self._transcriber.language_of(pcm, tuple(self._offered))
        return language if language and probability >= SURE_OF_LANGUAGE else ""


_FAILURES = {
    audio.Reason.EMPTY: "empty",
    audio.Reason.TOO_BIG: "too_big",
    audio.Reason.TOO_LONG: "too_long",
    audio.Reason.UNREADABLE: "unreadable",
    audio.Reason.NO_SOUND: "no_speech",
}
