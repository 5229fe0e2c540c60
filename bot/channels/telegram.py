"""Telegram: python-telegram-bot is the parser and the client, the dialogue is not its concern.

Limits: https://core.telegram.org/bots/api and https://limits.tginfo.me
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, cast

import httpx
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    WebhookInfo,
)
from telegram.constants import MessageLimit, UpdateType
from telegram.helpers import create_deep_linked_url

from bot.channels.port import ChannelError, Policy
from bot.channels.telegram_parse import MAX_DOWNLOAD, blocked, callback_id, parse
from bot.channels.telegram_request import Request, ask
from bot.messages import Inbound, Media, Outbound

__all__ = ["API_URL", "WEBHOOK_PATH", "Telegram", "blocked", "parse", "webhook_secret"]

API_URL = "https://api.telegram.org/bot"
WEBHOOK_PATH = "/webhooks/telegram"
SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 (the header's name, not the secret)
UPDATES = (UpdateType.MESSAGE, UpdateType.CALLBACK_QUERY, UpdateType.MY_CHAT_MEMBER)
LOCATION_SIGN = "📍"

Keyboard = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove


def webhook_secret(secret_key: str) -> str:
    """What Telegram puts in the header of every webhook, made from the application's key.

    64 hexadecimal digits; Telegram takes 1 to 256 of A-Z, a-z, 0-9, `_` and `-`.
    """
    return hmac.digest(secret_key.encode(), b"telegram webhook", "sha256").hex()


class _Bot(Bot):
    async def raw_updates(self, offset: int, wait: int) -> list[dict[str, Any]]:
        """As Telegram sent them. The library's `get_updates` reads a whole batch at once: one
        update that it cannot read loses the others, and goes to the log with its text."""
        data = {"offset": offset, "timeout": wait, "allowed_updates": list(UPDATES)}
        answer = await self._post("getUpdates", data, read_timeout=wait + 10)
        return cast("list[dict[str, Any]]", answer)


class Telegram:
    """One bot, as the `Port` of its channel.

    `base_url` is the Bot API's address up to the token, such as
    `https://api.telegram.org/bot` (the "/bot" may be left out); files come from
    `/file/bot` on the same host unless `base_file_url` says otherwise. `secret` is
    a `webhook_secret`. `read_timeout` is in seconds.
    """

    def __init__(
        self,
        token: str,
        secret: str,
        base_url: str = API_URL,
        base_file_url: str = "",
        read_timeout: float = 20.0,
    ) -> None:
        server = base_url.rstrip("/").removesuffix("/bot")
        polling, other = _request(1, read_timeout), _request(40, read_timeout)
        self._requests = (polling, other)  # a long poll must hold up no send
        self._bot = _Bot(
            token,
            base_url=f"{server}/bot",
            base_file_url=base_file_url or f"{server}/file/bot",
            get_updates_request=polling,
            request=other,
        )
        self._files = httpx.AsyncClient(timeout=httpx.Timeout(read_timeout, connect=5.0))
        self._secret = secret
        self._username = ""

    async def close(self) -> None:
        """Closes the connections."""
        for request in self._requests:
            await request.shutdown()
        await self._files.aclose()

    # What comes in

    def verify_secret(self, headers: Mapping[str, str]) -> bool:
        """Whether a webhook is Telegram's; the names in `headers` are in lower case or, as
        Starlette's, without case."""
        given = headers.get(SECRET_HEADER, "")
        return bool(given) and hmac.compare_digest(given.encode(), self._secret.encode())

    def parse(self, update: dict[str, Any]) -> Inbound | None:
        """`parse` with the bot's own name, once `username` has been asked."""
        return parse(update, self._username)

    async def acknowledge(self, update: dict[str, Any]) -> None:
        """Stops the waiting sign on a tapped button. Best effort: call it after persisting."""
        tapped = callback_id(update)
        if tapped is None:
            return
        try:
            await ask(self._bot.answer_callback_query(tapped))
        except ChannelError:
            return  # too old, or a bad connection: the answer itself comes as a message

    async def updates(self, offset: int, wait: int = 50) -> list[dict[str, Any]]:
        """The updates from `offset` on, after waiting at most `wait` seconds for one.

        Those before `offset` are gone for good. Raises `ChannelError`.
        """
        return await ask(self._bot.raw_updates(offset, wait))

    async def fetch(self, media: Media, limit: int) -> bytes:
        """See `Port.fetch`. Telegram gives a bot at most 20 MB whatever the `limit`."""
        limit = min(limit, MAX_DOWNLOAD)
        if (media.size or 0) > limit:
            raise ChannelError(Policy.GIVE_UP, "too_big")
        url = await self._file_url(media.ref)
        try:
            return await self._download(url, limit)
        except httpx.HTTPError:
            raise ChannelError(Policy.RETRY, "download_failed") from None  # it holds the token

    async def _file_url(self, ref: str) -> str:
        url = (await ask(self._bot.get_file(ref))).file_path or ""
        # A Bot API server in local mode answers with a path on its own disk.
        if not url.startswith(f"{self._bot.base_file_url}/"):
            raise ChannelError(Policy.GIVE_UP, "file_elsewhere")
        return url

    async def _download(self, url: str, limit: int) -> bytes:
        received = bytearray()
        headers = {"accept-encoding": "identity"}  # what is counted is what comes
        async with self._files.stream("GET", url, headers=headers) as response:
            if response.status_code != 200:
                raise _not_downloaded(response.status_code)
            async for chunk in response.aiter_raw():
                received += chunk
                if len(received) > limit:
                    raise ChannelError(Policy.GIVE_UP, "too_big")
        return bytes(received)

    async def release(self, media: Media) -> None:
        """Telegram lets a bot delete no file; the chat's history is the person's own."""

    # What goes out

    async def send(self, address: str, message: Outbound, sound: bytes | None) -> str:
        """See `Port.send`. Sound and text are one voice message with a caption where the text
        fits a caption; else the text goes first, and its id is what is returned."""
        if sound is None:
            return await self._text(address, message)
        if _units(message.text) <= MessageLimit.CAPTION_LENGTH:
            return await self._text_in_sound(address, message, sound)
        sent = await self._text(address, message)
        await self._sound_after_text(address, message, sound)
        return sent

    async def _text(self, address: str, message: Outbound) -> str:
        # No parse mode: what residents write is never markup.
        call = self._bot.send_message(
            address,
            message.text,
            reply_markup=keyboard(message, address),
            protect_content=message.secret,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )
        return str((await ask(call, sending=True)).message_id)

    async def _sound(self, address: str, sound: bytes, secret: bool, **more: Any) -> str:
        call = self._bot.send_voice(
            address, sound, protect_content=secret, filename="buurtstem.ogg", **more
        )
        return str((await ask(call, sending=True)).message_id)

    async def _text_in_sound(self, address: str, message: Outbound, sound: bytes) -> str:
        """Premium users can forbid voice messages: they still get the text."""
        more = {"caption": message.text or None, "reply_markup": keyboard(message, address)}
        try:
            return await self._sound(address, sound, message.secret, **more)
        except ChannelError as error:
            if error.code != "voice_forbidden" or not message.text:
                raise
        return await self._text(address, message)

    async def _sound_after_text(self, address: str, message: Outbound, sound: bytes) -> None:
        """The text is there already, so whatever fails here must not send it again."""
        try:
            await self._sound(address, sound, message.secret)
        except ChannelError as error:
            if error.code != "voice_forbidden":
                raise ChannelError(Policy.UNKNOWN, f"sound_{error.code}") from None

    async def delete(self, address: str, provider_id: str) -> None:
        """See `Port.delete`: also from the person's own chat. A tap has no message. Telegram allows
        it for 48 hours."""
        message = provider_id.rpartition(":")[2]
        if not message:
            return
        try:
            await ask(self._bot.delete_message(address, int(message)))
        except ChannelError as error:
            if error.code != "already_gone":
                raise

    # The bot itself

    async def username(self) -> str:
        """The bot's name without "@", asked once. Raises `ChannelError`."""
        if not self._username:
            self._username = (await ask(self._bot.get_me())).username or ""
        return self._username

    async def private_link(self, payload: str = "") -> str:
        """The link that opens a private chat; `payload` is at most 64 of `A-Za-z0-9_-` and comes
        back as "/start <payload>". Raises `ValueError` and `ChannelError`."""
        return create_deep_linked_url(await self.username(), payload or None)

    async def set_webhook(self, public_url: str) -> None:
        """Has Telegram send its updates to this application. Raises `ChannelError`."""
        call = self._bot.set_webhook(
            public_url.rstrip("/") + WEBHOOK_PATH,
            allowed_updates=list(UPDATES),
            secret_token=self._secret,
        )
        await ask(call)

    async def webhook_info(self) -> WebhookInfo:
        """Where Telegram sends its updates, and how that goes. Raises `ChannelError`."""
        return await ask(self._bot.get_webhook_info())

    async def delete_webhook(self) -> None:
        """Has Telegram keep its updates for `updates`. Raises `ChannelError`."""
        await ask(self._bot.delete_webhook())


def keyboard(message: Outbound, address: str) -> Keyboard | None:
    """The buttons of a message. Only a keyboard of the other kind can ask for a location; its
    buttons come back as text. It stays on the screen until a later message takes it away."""
    buttons = message.buttons if message.style in ("buttons", "list") else ()
    if message.asks_location:
        where = KeyboardButton(message.opens or LOCATION_SIGN, request_location=True)
        rows = [[where], *([KeyboardButton(button.label)] for button in buttons)]
        return ReplyKeyboardMarkup(rows, resize_keyboard=True, one_time_keyboard=True)
    if buttons:
        return InlineKeyboardMarkup(
            [[InlineKeyboardButton(b.label, callback_data=b.id)] for b in buttons]
        )
    return None if address.startswith("-") else ReplyKeyboardRemove()


def _request(connections: int, read_timeout: float) -> Request:
    return Request(
        connections,
        read_timeout=read_timeout,
        write_timeout=10.0,
        connect_timeout=5.0,
        pool_timeout=5.0,
        media_write_timeout=60.0,
    )


def _not_downloaded(status: int) -> ChannelError:
    if status == 429 or status >= 500:
        return ChannelError(Policy.RETRY, str(status))
    return ChannelError(Policy.GIVE_UP, "file_elsewhere" if status < 400 else "file_gone")


def _units(text: str) -> int:
    """The length as Telegram counts it: in UTF-16 code units, so most emoji are two."""
    return len(text.encode("utf-16-le")) // 2
