"""How we speak HTTP to Twilio, and what each failure means for the message.

Errors: https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from bot.channels.http import NEVER_SENT
from bot.channels.port import ChannelError, Policy

for _name in ("httpx", "httpcore", "twilio"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # they log addresses

T = TypeVar("T")

# What is not here is given up when Twilio refuses it with a 4xx.
POLICIES = {
    "20429": Policy.RETRY,  # too many requests
    "30001": Policy.RETRY,  # the sender's queue is full
    "63012": Policy.RETRY,  # the channel's own fault
    "63018": Policy.RETRY,  # the channel's rate
    "20003": Policy.RETRY,  # our key is wrong, which the operator can mend
    "63003": Policy.GIVE_UP,  # no such address
    "63013": Policy.GIVE_UP,  # against the channel's policy
    "63024": Policy.GIVE_UP,  # no recipient for this
    "63032": Policy.GIVE_UP,  # WhatsApp does not deliver this to this person
    "21610": Policy.INACTIVE,  # opted out, until they send START
}

# The content template is not as this message needs it: the same words can go as text.
CONTENT_REFUSED = frozenset({"21654", "21655", "21656", "92007"})


def policy_of(code: str) -> Policy:
    """What an error code of Twilio means for the message, also when a callback tells it."""
    return POLICIES.get(code, Policy.GIVE_UP)


class Refused(Exception):
    """Twilio answered, and it did not do it."""

    def __init__(self, status: int, code: str, after: float | None) -> None:
        super().__init__(f"{status} ({code})")
        self.status = status
        self.code = code
        self.after = after


class Http(AsyncHttpClient):  # type: ignore[misc]
    """The HTTP client that Twilio's own package takes, on httpx.

    The package's async client has no timeout, sends JSON as a form and would, if it were set to
    retry, send a message twice. `base_url` stands in for every host of Twilio's ("" for none).
    """

    def __init__(self, base_url: str, timeout: float) -> None:
        super().__init__(logging.getLogger(__name__), True, timeout)
        self._base = base_url.rstrip("/")
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=40)
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout, connect=5.0, pool=5.0), limits=limits
        )

    async def request(
        self,
        method: str,
        uri: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 (as the package calls it)
        allow_redirects: bool = False,
    ) -> Response:
        """Raises `Refused` for every answer that is an error, and what httpx raises."""
        is_json = (headers or {}).get("Content-Type") == "application/json"
        body: dict[str, Any] = {"json": data} if is_json else {"data": data}
        answer = await self._client.request(
            method, self._moved(uri), params=params, headers=headers, auth=auth, **body
        )
        if answer.status_code >= 400:
            raise Refused(answer.status_code, _code(answer), _after(answer))
        return Response(answer.status_code, answer.text, answer.headers)

    def _moved(self, uri: str) -> str:
        if not self._base:
            return uri
        parts = urlsplit(uri)
        return f"{self._base}{parts.path}" + (f"?{parts.query}" if parts.query else "")

    async def close(self) -> None:
        await self._client.aclose()


async def ask(call: Awaitable[T], *, sending: bool = False) -> T:
    """The result of one call to Twilio; raises `ChannelError`.

    `sending` calls are those that must not happen twice: when it is not known whether one of
    them arrived, the policy is UNKNOWN instead of RETRY.
    """
    try:
        return await call
    except Exception as error:
        raise channel_error(error, sending=sending) from None  # the cause holds URL and text


def channel_error(error: Exception, *, sending: bool) -> ChannelError:
    """What a failed call means; see `ask`."""
    unsure = Policy.UNKNOWN if sending else Policy.RETRY
    match error:
        case Refused():
            return _refused(error, unsure)
        case _ if isinstance(error, NEVER_SENT):
            return ChannelError(Policy.RETRY, "not_connected")
        case httpx.TimeoutException():
            return ChannelError(unsure, "timeout")
        case httpx.HTTPError():
            return ChannelError(unsure, "connection_lost")
    return ChannelError(unsure, "bad_answer")


def _refused(error: Refused, unsure: Policy) -> ChannelError:
    """A server that is too busy has not sent; of one that failed only the callback can tell."""
    code = error.code or str(error.status)
    if error.code in POLICIES:
        return ChannelError(POLICIES[error.code], code, error.after)
    if error.status in (408, 429, 503):
        return ChannelError(Policy.RETRY, code, error.after)
    if error.status >= 500:
        return ChannelError(unsure, code)
    retry = error.status in (401, 403)  # our key, not the message
    return ChannelError(Policy.RETRY if retry else Policy.GIVE_UP, code)


def _code(answer: httpx.Response) -> str:
    try:
        code = str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return ""
    return code if code.isdecimal() else ""


def _after(answer: httpx.Response) -> float | None:
    after = answer.headers.get("retry-after", "")
    return float(after) if after.isdecimal() else None
