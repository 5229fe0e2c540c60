"""What Telegram sends, as `Inbound`: python-telegram-bot reads it, we pick what counts.

Field names: https://core.telegram.org/bots/api#update
"""

from __future__ import annotations

import json
import logging
import os
import re
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from operator import index
from typing import Any

from pydantic import TypeAdapter
from telegram import Audio, Chat, Document, Message, MessageEntity, PhotoSize, Update, User, Voice
from telegram.constants import ChatMemberStatus, ChatType, FileSizeLimit
from telegram.ext import filters

from bot.messages import Channel, Inbound, Media, MediaKind

# The library's coming default: lengths are timedeltas, and no warning is printed for each of them.
os.environ.setdefault("PTB_TIMEDELTA", "true")

MAX_DOWNLOAD = int(FileSizeLimit.FILESIZE_DOWNLOAD)  # 20 MB: a bot cannot get a larger file

_TEXT = ("text", "entities", "caption", "caption_entities")
_FILES = ("voice", "audio", "photo", "document")
_READ = ("message_id", "date", "chat", "from", *_TEXT, *_FILES, "location")
_COMMAND_TO_A_BOT = re.compile(r"^(/\w+)@\w+")
_TYPES = TypeAdapter(Inbound)
_log = logging.getLogger(__name__)


def parse(update: dict[str, Any], username: str = "") -> Inbound | None:
    """The act in one update, or None when there is nothing to act on. Never raises.

    None: an edited message (it never repeats an act), a channel post, a service
    message, another bot, and in a group whatever is not said to the bot. In a
    group `private` is False; `username` is the bot's own, without "@", by which it
    knows that it is spoken to. `id` is "<update_id>:<message_id>": unique for each
    update, and good for `Telegram.delete`.
    """
    for form in (_whole, _essential):
        with suppress(Exception):  # an odd update must not hold up the next one
            act = _act(Update.de_json(form(update), None), username)
            # The library checks no types, and the database is as strict as JSON.
            return None if act is None else _TYPES.validate_json(json.dumps(asdict(act)))
    _log.warning("an update was not understood")
    return None


def blocked(update: dict[str, Any]) -> str | None:
    """The address of a person who has just blocked the bot, else None. Never raises."""
    try:
        change = Update.de_json(update, None).my_chat_member
        if change is None or change.chat.type != ChatType.PRIVATE:
            return None
        kicked = change.new_chat_member.status == ChatMemberStatus.BANNED
        return _address(change.chat) if kicked else None
    except Exception:
        return None


def callback_id(update: dict[str, Any]) -> str | None:
    """The id by which a tap wants to be answered, or None when the update is no tap."""
    query = update.get("callback_query")
    found = query.get("id") if isinstance(query, dict) else None
    return found if isinstance(found, str) and found else None


def _whole(update: dict[str, Any]) -> dict[str, Any]:
    return update


def _essential(update: dict[str, Any]) -> dict[str, Any]:
    """Only what is read here. The library refuses a poll of a Bot API server that is older than
    itself, and then a text that only replies to such a poll would be lost with it."""
    if "message" in update:
        return {**update, "message": _picked(update["message"])}
    query = update["callback_query"]
    return {**update, "callback_query": {**query, "message": _picked(query["message"])}}


def _picked(message: dict[str, Any]) -> dict[str, Any]:
    return {key: message[key] for key in _READ if key in message}


def _act(update: Update, username: str) -> Inbound | None:
    if update.callback_query is not None:
        return _tap(update)
    if update.message is None or filters.StatusUpdate.ALL.check_update(update):
        return None
    return _message(update, update.message, username)


def _tap(update: Update) -> Inbound | None:
    query = update.callback_query
    choice = _clean(query.data or "") if query else ""
    if query is None or not choice or query.message is None or query.from_user.is_bot:
        return None
    return _inbound(update, query.message.chat, query.from_user, choice=choice)


def _message(update: Update, message: Message, username: str) -> Inbound | None:
    sender = message.from_user
    if sender is None or sender.is_bot or message.chat.type == ChatType.CHANNEL:
        return None
    if message.chat.type != ChatType.PRIVATE and not _addressed(message, username):
        return None
    return _inbound(update, message.chat, sender, message.message_id, **_content(message))


def _content(message: Message) -> dict[str, Any]:
    text, media, place = _text(message), _media(message), _location(message)
    taken = bool(media or place)
    strange = not taken and (message.effective_attachment is not None or not text)
    return {"text": text, "media": media, "location": place, "kind_unknown": strange}


def _inbound(
    update: Update, chat: Chat, sender: User, message_id: int | None = None, **content: Any
) -> Inbound:
    return Inbound(
        id=f"{index(update.update_id)}:{'' if message_id is None else index(message_id)}",
        channel=Channel.TELEGRAM,
        address=_address(chat),
        private=chat.type == ChatType.PRIVATE,
        language_hint=_clean(sender.language_code or ""),
        **content,
    )


def _address(chat: Chat) -> str:
    return str(index(chat.id))


def _text(message: Message) -> str:
    text = message.text or message.caption or ""
    return _clean(_COMMAND_TO_A_BOT.sub(r"\1", text))


def _clean(text: str) -> str:
    return text.replace("\0", "")  # PostgreSQL takes no NUL


def _media(message: Message) -> tuple[Media, ...]:
    if message.voice:
        return (_file("voice", message.voice),)
    if message.audio:
        return (_file("voice", message.audio),)
    if message.photo:
        return (_photo(message.photo),)
    return _document(message.document) if message.document else ()


def _file(kind: MediaKind, file: Voice | Audio | Document) -> Media:
    length = getattr(file, "duration", None)
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    return Media(kind, _clean(file.file_id), _clean(file.mime_type or ""), file.file_size, seconds)


def _photo(sizes: tuple[PhotoSize, ...]) -> Media:
    """The largest that we may fetch; Telegram makes every photo a JPEG."""
    fetchable = [size for size in sizes if (size.file_size or 0) <= MAX_DOWNLOAD]
    best = max(fetchable or sizes[:1], key=lambda size: size.width * size.height)
    return Media("photo", _clean(best.file_id), "image/jpeg", best.file_size)


def _document(file: Document) -> tuple[Media, ...]:
    """A recording or a picture that somebody sent "as a file"."""
    mime = file.mime_type or ""
    if mime.startswith("audio/") or mime == "application/ogg":
        return (_file("voice", file),)
    return (_file("photo", file),) if mime.startswith("image/") else ()


def _location(message: Message) -> tuple[float, float] | None:
    place = message.location or (message.venue.location if message.venue else None)
    if place is None:
        return None
    latitude, longitude = float(place.latitude), float(place.longitude)
    on_earth = abs(latitude) <= 90 and abs(longitude) <= 180  # false for NaN, too
    return (latitude, longitude) if on_earth else None


def _addressed(message: Message, username: str) -> bool:
    """Whether a message in a group is meant for the bot: a command, a mention, or a reply."""
    replied = message.reply_to_message.from_user if message.reply_to_message else None
    if replied is not None and replied.is_bot and _same(replied.username, username):
        return True
    return any(_names_us(mark, word, username) for mark, word in _marks(message).items())


def _marks(message: Message) -> dict[MessageEntity, str]:
    kinds: list[str | None] = [MessageEntity.BOT_COMMAND, MessageEntity.MENTION]
    if message.text:
        return message.parse_entities(kinds)
    return message.parse_caption_entities(kinds) if message.caption else {}


def _names_us(mark: MessageEntity, word: str, username: str) -> bool:
    name = word.partition("@")[2]
    if mark.type == MessageEntity.BOT_COMMAND and not name:
        return mark.offset == 0  # "/help" to whichever bot is there; not a "/" inside a sentence
    return _same(name, username)


def _same(name: str | None, username: str) -> bool:
    return bool(name and username) and str(name).casefold() == username.casefold()
