"""Checks of whom we depend on, by calls that change nothing."""

from __future__ import annotations

import asyncio
import secrets
import smtplib
import ssl
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
from fsspec.core import url_to_fs

from bot.channels.port import ChannelError
from bot.channels.telegram import WEBHOOK_PATH, Telegram, webhook_secret
from bot.channels.twilio_client import ask
from runtime import config, twilio_parts
from runtime.config import Settings
from runtime.doctor import Case, Check, NoteError, in_our_words, note, wrong
from runtime.health import ASKED, PROOF, proof
from runtime.weekly_export import destination_url

T = TypeVar("T")

TIMEOUT = 5.0  # seconds, for one call
MOST_SECONDS_OFF = 5.0  # a Date header counts whole seconds
MANY_PENDING = 100
LATELY = timedelta(hours=1)

_BAD_KEY = ("invalid_token", "20003", "401", "403")


def telegram(case: Case) -> str:
    name = _with_telegram(case.settings, lambda bot: bot.username())
    return f"the token is that of @{name}"


def telegram_webhook(case: Case) -> str:
    public = case.settings.public_url
    info = _with_telegram(case.settings, lambda bot: bot.webhook_info())
    if not public:
        if info.url:
            wrong("Telegram still has a webhook: serve --poll gets nothing until it is removed")
        return f"none, as serve --poll needs it; {info.pending_update_count} updates wait"
    if info.url != public + WEBHOOK_PATH:
        wrong("Telegram has another address: start `buurtstem serve`, which sets it")
    if info.pending_update_count > MANY_PENDING:
        wrong(f"{info.pending_update_count} updates wait: does our address answer from outside?")
    if info.last_error_date and _lately(info.last_error_date.timestamp()):
        wrong("Telegram could not reach us within the last hour: look at the proxy and its log")
    return f"as configured; {info.pending_update_count} updates wait"


def twilio(case: Case) -> str:
    account = twilio_parts.account(case.settings)
    if account is None:
        note("off: BUURTSTEM_TWILIO_ACCOUNT_SID is not set")

    async def fetch() -> str:
        try:
            ours = account.client.api.v2010.accounts(case.settings.twilio_account_sid)
            return str((await ask(ours.fetch_async())).status)
        finally:
            await account.close()

    status = _key("BUURTSTEM_TWILIO_AUTH_TOKEN", lambda: asyncio.run(fetch()))
    if status != "active":
        wrong(f"the account is {status}: look at it at Twilio")
    return "the account is active"


def webhook(case: Case) -> str:
    """Our public address answers, and it is we who do: whoever has our key can tell."""
    settings = case.settings
    if not settings.public_url:
        note("BUURTSTEM_PUBLIC_URL is not set: Telegram only with serve --poll, no Twilio")
    said = _ours(settings)
    if not settings.public_url.startswith("https://"):
        note(f"{said}; but it is not https, and providers take nothing else")
    return said


def _ours(settings: Settings) -> str:
    asked = secrets.token_urlsafe(16)
    url = f"{settings.public_url}/healthz"
    try:
        answer = httpx.get(url, params={ASKED: asked}, timeout=TIMEOUT)
    except httpx.HTTPError as error:
        wrong(f"{type(error).__name__}: is `buurtstem serve` running, and the proxy before it?")
    if answer.status_code != 200:
        wrong(f"{answer.status_code} from /healthz: does the proxy pass it on?")
    if answer.headers.get(PROOF) != proof(config.secret_key(settings), asked):
        wrong("something answers, but not with our key: another service, or another SECRET_KEY")
    return "answers, and it is ours"


def outside_clock(case: Case) -> str:
    """Our clock beside that of a provider's server, or of the proxy before us."""
    settings = case.settings
    urls = [settings.twilio_api_url or "https://api.twilio.com"] if _has_twilio(settings) else []
    urls += [settings.telegram_api_url] if _token(settings) else []
    urls += [settings.public_url] if settings.public_url else []
    for url in urls:
        off = _seconds_off(url)
        if off is not None and off > MOST_SECONDS_OFF:
            wrong(f"{off:.0f} s off a server outside: set up NTP")
        if off is not None:
            return "within a few seconds of a server outside"
    raise NoteError("no server outside told the time")


def smtp(case: Case) -> str:
    url = case.settings.smtp_url.get_secret_value()
    if not url:
        note("off: BUURTSTEM_SMTP_URL is not set, no weekly mail")
    parts = urlsplit(url)
    host, context = parts.hostname or "localhost", ssl.create_default_context()
    server = (
        smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT, context=context)
        if parts.scheme == "smtps"
        else smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT)
    )
    with server:
        server.ehlo()
        code, _ = server.noop()
    if code >= 400:
        wrong(f"the mail server refuses ({code}): look at BUURTSTEM_SMTP_URL")
    if not (case.settings.mail_from and case.settings.mail_to):
        note("the mail server answers; set BUURTSTEM_MAIL_FROM and BUURTSTEM_MAIL_TO too")
    return "the mail server answers"


def export(case: Case) -> str:
    """A small file can be put where exports go; it is removed at once."""
    url = destination_url(case.settings)
    if "://" not in url:
        Path(url).mkdir(parents=True, exist_ok=True)
    try:
        fs, root = url_to_fs(url)
        place = f"{root.rstrip('/')}/.buurtstem-doctor-{secrets.token_hex(4)}"
        with fs.open(place, "wb") as file:
            file.write(b"buurtstem doctor\n")
        fs.rm_file(place)
    except ImportError:
        wrong("this kind of destination needs: pip install 'buurtstem[destinations]'")
    except Exception as error:
        wrong(f"BUURTSTEM_EXPORT_URL cannot be written ({in_our_words(error)})")
    return "can be written"


def _with_telegram(settings: Settings, call: Callable[[Telegram], Awaitable[T]]) -> T:
    token = _token(settings)
    if not token:
        note("off: BUURTSTEM_TELEGRAM_TOKEN is not set")

    async def asked() -> T:
        secret = webhook_secret(config.secret_key(settings))
        bot = Telegram(token, secret, settings.telegram_api_url, read_timeout=TIMEOUT)
        try:
            return await call(bot)
        finally:
            await bot.close()

    return _key("BUURTSTEM_TELEGRAM_TOKEN", lambda: asyncio.run(asked()))


def _key(setting: str, call: Callable[[], T]) -> T:
    """The result of a provider's call; says which key it does not take."""
    try:
        return call()
    except ChannelError as error:
        if error.code in _BAD_KEY:
            wrong(f"the provider does not take the key: look at {setting}")
        wrong(f"the provider does not answer as it should ({error.code}): is it down, or the way?")


def _seconds_off(url: str) -> float | None:
    """How far our clock is from that of a server, None when it does not tell."""
    try:
        began = time.time()
        said = httpx.head(url, timeout=TIMEOUT).headers.get("date", "")
        theirs = parsedate_to_datetime(said)
    except (httpx.HTTPError, ValueError, TypeError):
        return None
    middle = (began + time.time()) / 2
    aware = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    return abs(aware.timestamp() + 0.5 - middle)


def _lately(moment: float) -> bool:
    return time.time() - moment < LATELY.total_seconds()


def _token(settings: Settings) -> str:
    return settings.telegram_token.get_secret_value()


def _has_twilio(settings: Settings) -> bool:
    return bool(settings.twilio_account_sid)


CHECKS = (
    Check("telegram", telegram),
    Check("telegram's webhook", telegram_webhook),
    Check("twilio", twilio),
    Check("public address", webhook),
    Check("time outside", outside_clock, 20.0),
    Check("mail", smtp),
    Check("exports", export, 20.0),
)
