"""How we speak HTTP to Telegram, and what each failure means for the message.

Errors of the Bot API: https://core.telegram.org/bots/api#making-requests
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, TypeVar

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from bot.channels.http import NEVER_SENT
from bot.channels.port import ChannelError, Policy

# httpx logs each URL, which holds the token; the others log parameters, which hold the message.
for _name, _level in (("httpx", 30), ("httpcore", 30), ("telegram", 20)):
    logging.getLogger(_name).setLevel(_level)

T = TypeVar("T")

# What a 400 says is told only by its words.
_BAD_REQUESTS = (
    ("chat not found", Policy.INACTIVE, "chat_not_found"),
    ("user not found", Policy.INACTIVE, "chat_not_found"),
    ("peer_id_invalid", Policy.INACTIVE, "chat_not_found"),
    ("input_user_deactivated", Policy.INACTIVE, "deactivated"),
    ("voice_messages_forbidden", Policy.GIVE_UP, "voice_forbidden"),
    ("message to delete not found", Policy.GIVE_UP, "already_gone"),
    ("file is too big", Policy.GIVE_UP, "too_big"),
    ("temporarily unavailable", Policy.RETRY, "file_unavailable"),
)


class Refused(NetworkError):
    """An answer whose status python-telegram-bot does not tell apart from a lost connection."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class Request(HTTPXRequest):
    """The library's HTTP client, except that it keeps the status and logs no answer."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        status, body = await super().do_request(*args, **kwargs)
        if status >= 500 or (status == 429 and b"retry_after" not in body):
            raise Refused(status)
        return status, body

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer as an object; the library's own writes what it cannot read to the log."""
        try:
            answer = json.loads(payload)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise TelegramError("the answer is not a JSON object")
        return answer


async def ask(call: Awaitable[T], *, sending: bool = False) -> T:
    """The result of one call to the Bot API; raises `ChannelError`.

    `sending` calls are those that must not happen twice: when it is not known
    whether one of them arrived, the policy is UNKNOWN instead of RETRY.
    """
    try:
        return await call
    except Exception as error:
        raise channel_error(error, sending=sending) from None  # the cause holds URL and text


def channel_error(error: Exception, *, sending: bool) -> ChannelError:
    """What a failed call means; see `ask`."""
    unsure = Policy.UNKNOWN if sending else Policy.RETRY
    match error:
        case RetryAfter():
            return ChannelError(Policy.RETRY, "429", _seconds(error.retry_after))
        case Forbidden():  # blocked, deactivated, or never started the bot
            return ChannelError(Policy.INACTIVE, "403")
        case InvalidToken():
            return ChannelError(Policy.RETRY, "invalid_token")
        case Conflict():
            return ChannelError(Policy.RETRY, "conflict")
        case ChatMigrated():
            return ChannelError(Policy.GIVE_UP, "chat_migrated")
        case BadRequest():
            return _bad_request(error.message.casefold())
        case Refused():
            return _refused(error.status, unsure)
        case NetworkError():
            return _network(error.__cause__, unsure)
    return ChannelError(unsure, "bad_answer")


def _bad_request(message: str) -> ChannelError:
    for words, policy, code in _BAD_REQUESTS:
        if words in message:
            return ChannelError(policy, code)
    return ChannelError(Policy.GIVE_UP, "400")


def _refused(status: int, unsure: Policy) -> ChannelError:
    """A server that says that it failed has not sent, except 504: there the gateway stopped
    waiting for a server that may be at work still. Telegram has no status callback that would
    settle an unknown, so to call every 5xx unknown would lose messages at each of its restarts,
    and at worst a question comes twice, which harms nobody."""
    return ChannelError(unsure if status == 504 else Policy.RETRY, str(status))


def _network(cause: BaseException | None, unsure: Policy) -> ChannelError:
    match cause:
        case None | TelegramError():  # a 4xx that has no meaning of its own
            return ChannelError(Policy.GIVE_UP, "refused")
        case _ if isinstance(cause, NEVER_SENT):
            return ChannelError(Policy.RETRY, "not_connected")
        case httpx.TimeoutException():
            return ChannelError(unsure, "timeout")
    return ChannelError(unsure, "connection_lost")


def _seconds(value: int | timedelta) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else float(value)
