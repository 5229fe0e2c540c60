"""WhatsApp and SMS through Twilio: one adapter, a `Port` for each of the two.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance

from bot.channels.content import Content, choice_values, of_choices, of_text, template_values
from bot.channels.port import ChannelError, Policy
from bot.channels.twilio_client import CONTENT_REFUSED, Http, ask
from bot.channels.twilio_parse import Delivery, parse, parse_status
from bot.i18n.script import isolated
from bot.messages import Media, Outbound, Sound

__all__ = [
    "MESSAGES_PATH",
    "STATUS_PATH",
    "Account",
    "Delivery",
    "Twilio",
    "fingerprint",
    "parse",
    "parse_status",
]

MESSAGES_PATH = "/webhooks/twilio/messages"
STATUS_PATH = "/webhooks/twilio/status"
MOST_HOPS = 4  # redirects of a file
MOST_LOOKED_UP = 50  # messages to one person among which a lost one is looked for

_GONE = ("404", "20404")
_MEDIA = re.compile(r"/Messages/(\w+)/Media/(\w+?)(?:\.json)?$")


class Account:
    """One Twilio account: its key, its client, the signatures of its webhooks.

    `api_url` stands in for Twilio's own hosts ("" for those). Timeouts are in seconds: `timeout`
    for the answer to a call, `download` for a whole file.
    """

    def __init__(
        self,
        sid: str,
        token: str,
        public_url: str,
        api_url: str = "",
        timeout: float = 20.0,
        download: float = 30.0,
    ) -> None:
        self._token = token
        self._auth = httpx.BasicAuth(sid, token)
        self._api = httpx.URL(api_url) if api_url else None
        self._http = Http(api_url, timeout)
        self._files = httpx.AsyncClient(timeout=httpx.Timeout(timeout, connect=5.0))
        self._download = download
        self._validator = RequestValidator(token)
        self.client = Client(sid, token, http_client=self._http)
        self.public_url = public_url.rstrip("/")

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.close()
        await self._files.aclose()

    def is_ours(self, path: str, query: str, form: object, signature: str) -> bool:
        """Whether a webhook is Twilio's. `form` is a mapping with `getlist`, for repeated keys.

        The address that counts is the public one: what the request says of itself can be a
        proxy's, or anybody's.
        """
        if not signature:
            return False
        url = self.public_url + path + (f"?{query}" if query else "")
        return bool(self._validator.validate(url, form, signature))

    def callback(self, address: str, message: Outbound) -> str:
        """Where Twilio tells what becomes of a message; see `fingerprint`."""
        query = urlencode({"m": fingerprint(self._token, address, message)})
        return f"{self.public_url}{STATUS_PATH}?{query}"

    def fingerprint(self, address: str, message: Outbound) -> str:
        return fingerprint(self._token, address, message)

    async def fetch(self, url: str, limit: int) -> bytes:
        """A file that somebody sent, at most `limit` bytes; raises `ChannelError`.

        Twilio's own host gets the key; where that sends us on to gets nothing of us.
        """
        if not self._is_twilios(httpx.URL(url)):
            raise ChannelError(Policy.GIVE_UP, "file_elsewhere")
        try:
            async with asyncio.timeout(self._download):
                return await self._follow(httpx.URL(url), limit)
        except TimeoutError:
            raise ChannelError(Policy.RETRY, "timeout") from None
        except httpx.HTTPError:
            raise ChannelError(Policy.RETRY, "download_failed") from None  # it holds the address

    def _is_twilios(self, url: httpx.URL) -> bool:
        if self._api is not None:
            return (url.scheme, url.host, url.port) == (
                self._api.scheme,
                self._api.host,
                self._api.port,
            )
        return url.scheme == "https" and url.host.endswith(".twilio.com")

    async def _follow(self, url: httpx.URL, limit: int) -> bytes:
        auth: httpx.Auth | None = self._auth
        for _ in range(MOST_HOPS):
            found = await self._get(url, auth, limit)
            if isinstance(found, bytes):
                return found
            if found.scheme != "https" and found.scheme != url.scheme:
                raise ChannelError(Policy.GIVE_UP, "file_elsewhere")
            url, auth = found, None
        raise ChannelError(Policy.GIVE_UP, "file_elsewhere")

    async def _get(self, url: httpx.URL, auth: httpx.Auth | None, limit: int) -> bytes | httpx.URL:
        """The file, or where it is."""
        request = self._files.build_request("GET", url, headers={"accept-encoding": "identity"})
        response = await self._files.send(request, auth=auth, stream=True, follow_redirects=False)
        try:
            if response.has_redirect_location:
                return url.join(response.headers["location"])
            if response.status_code != 200:
                raise _not_downloaded(response.status_code)
            return await _bounded(response, limit)
        finally:
            await response.aclose()

    async def delete_media(self, url: str) -> None:
        """Deletes a file at Twilio; one that is gone is gone. Raises `ChannelError`."""
        found = _MEDIA.search(httpx.URL(url).path)
        if found is None or not self._is_twilios(httpx.URL(url)):
            return
        message, media = found.groups()
        try:
            await ask(self.client.messages(message).media(media).delete_async())
        except ChannelError as error:
            if error.code not in _GONE:
                raise


@dataclass(frozen=True, slots=True)
class Twilio:
    """One sender on one channel. `sender` is such as `whatsapp:+31201234567` or `+31201234567`.

    `contents` gives the SID of a content template that may be sent now, or "". `link` stores a
    sound and gives the public address from which Twilio fetches it.
    """

    account: Account
    sender: str
    contents: Callable[[Content], str] = lambda content: ""
    link: Callable[[Sound, bytes], str] | None = None

    async def send(self, address: str, message: Outbound, sound: bytes | None) -> str:
        """See `Port.send`. With a template only that is sent. A sound travels alone, after its
        text; the id is the text's if there is one."""
        if message.template is not None:
            return await self._approved(address, message)
        if sound is None or message.sound is None or self.link is None:
            return await self._said(address, message)
        if not message.text:
            return await self._heard(address, message, message.sound, sound)
        sent = await self._said(address, message)
        await self._heard_too(address, message, message.sound, sound)
        return sent

    async def _approved(self, address: str, message: Outbound) -> str:
        template = message.template
        assert template is not None
        try:
            values = template_values(template)
            sid = self.contents(of_text(template.key, template.language))
        except (ValueError, KeyError):
            raise ChannelError(Policy.GIVE_UP, "bad_template") from None
        if not sid:
            raise ChannelError(Policy.GIVE_UP, "no_template")
        return await self._create(address, message, **_content(sid, values))

    async def _said(self, address: str, message: Outbound) -> str:
        if not message.text.strip():
            raise ChannelError(Policy.GIVE_UP, "empty")
        if message.style not in ("buttons", "list") or not message.buttons:
            return await self._create(address, message, body=message.text)
        sid = self.contents(of_choices(message.style, len(message.buttons)))
        if sid:
            try:
                return await self._create(address, message, **_content(sid, choice_values(message)))
            except ChannelError as error:
                if error.code not in CONTENT_REFUSED:
                    raise
        return await self._create(address, message, body=numbered(message))

    async def _heard(self, address: str, message: Outbound, said: Sound, sound: bytes) -> str:
        assert self.link is not None
        url = await asyncio.to_thread(self.link, said, sound)
        return await self._create(address, message, media_url=[url])

    async def _heard_too(self, address: str, message: Outbound, said: Sound, sound: bytes) -> None:
        """The text is there already, so whatever fails here must not send it again."""
        try:
            await self._heard(address, message, said, sound)
        except ChannelError as error:
            raise ChannelError(Policy.UNKNOWN, f"sound_{error.code}") from None

    async def _create(self, address: str, message: Outbound, **what: Any) -> str:
        call = self.account.client.messages.create_async(
            to=address,
            from_=self.sender,
            status_callback=self.account.callback(address, message),
            **what,
        )
        sid = (await ask(call, sending=True)).sid
        if not sid:
            raise ChannelError(Policy.UNKNOWN, "bad_answer")
        return str(sid)

    async def fetch(self, media: Media, limit: int) -> bytes:
        """See `Port.fetch`."""
        return await self.account.fetch(media.ref, limit)

    async def release(self, media: Media) -> None:
        """See `Port.release`: Twilio would keep the file as long as the account exists."""
        await self.account.delete_media(media.ref)

    async def delete(self, address: str, provider_id: str) -> None:
        """See `Port.delete`: it goes from Twilio's log; the person's own phone keeps it. One of
        ours must have arrived or failed."""
        message = provider_id.partition("#")[0]
        try:
            await ask(self.account.client.messages(message).delete_async())
        except ChannelError as error:
            if error.code not in _GONE:
                raise

    async def settle(
        self, address: str, message: Outbound, since: datetime, known: Collection[str] = ()
    ) -> str | None:
        """The id under which Twilio has this message, made at or after `since`; None if it has
        not. `known` ids are those of other messages. Raises `ChannelError`."""
        listed = self.account.client.messages.list_async(
            to=address, from_=self.sender, limit=MOST_LOOKED_UP
        )
        ours = [each for each in await ask(listed) if str(each.sid) not in known]
        made = [each for each in reversed(ours) if _made_at(each) >= since.replace(microsecond=0)]
        return next((str(each.sid) for each in made if _is_this(each, message)), None)


def fingerprint(key: str, address: str, message: Outbound) -> str:
    """What tells one of our messages by, without its words: 32 hexadecimal digits.

    Twilio gives it back with every callback, so that a message whose answer was lost can be
    found, whoever sent it. The same words to the same person have the same fingerprint.
    """
    said = message.sound.text if message.sound else ""
    what = "\0".join((address, message.text, said)).encode("utf-8", "replace")
    return hmac.digest(key.encode(), what, "sha256").hex()[:32]


def numbered(message: Outbound) -> str:
    """The message with its choices as numbers, where they cannot be tapped."""
    way = message.direction
    labels = enumerate((button.label for button in message.buttons), 1)
    lines = [f"{isolated(str(n), way)}. {isolated(label, way)}" for n, label in labels]
    return "\n\n".join([message.text, "\n".join(lines)])


def _content(sid: str, values: Mapping[str, str]) -> dict[str, Any]:
    if not values:
        return {"content_sid": sid}
    return {"content_sid": sid, "content_variables": json.dumps(values, ensure_ascii=False)}


async def _bounded(response: httpx.Response, limit: int) -> bytes:
    received = bytearray()
    async for chunk in response.aiter_raw():
        received += chunk
        if len(received) > limit:
            raise ChannelError(Policy.GIVE_UP, "too_big")
    return bytes(received)


def _not_downloaded(status: int) -> ChannelError:
    """A file may come a moment after the message that names it, so 401 and 404 are tried again."""
    retry = status in (401, 403, 404, 408, 429) or status >= 500
    return ChannelError(Policy.RETRY if retry else Policy.GIVE_UP, f"file_{status}")


def _made_at(found: MessageInstance) -> datetime:
    made: datetime | None = found.date_created
    if made is None:
        return datetime.min.replace(tzinfo=UTC)
    return made if made.tzinfo else made.replace(tzinfo=UTC)


def _is_this(found: MessageInstance, message: Outbound) -> bool:
    if not str(found.direction or "").startswith("outbound"):
        return False
    if message.template is not None:
        return True  # its words are the template's: whatever went to this person since then
    if not message.text:
        return str(found.num_media or "0") != "0"
    body = (found.body or "").strip()
    return body in (message.text.strip(), numbered(message).strip())
