"""Twilio's parts of one process, from the settings."""

from __future__ import annotations

from dataclasses import dataclass

from bot.channels.port import Port
from bot.channels.twilio import Account, Twilio
from bot.messages import Channel
from runtime import config
from runtime.config import ConfigError, Settings
from runtime.contents import Contents
from runtime.heard import Heard
from runtime.sounds import Sounds
from storage.db import Database


@dataclass(frozen=True, slots=True)
class TwilioParts:
    """The account, its ports by channel, the templates it has, and what is heard of us."""

    account: Account
    ports: dict[str, Port]
    contents: Contents
    heard: Heard


def account(settings: Settings) -> Account | None:
    """The account of the settings, None without one. Raises `ConfigError`."""
    sid, token = settings.twilio_account_sid, settings.twilio_auth_token.get_secret_value()
    if not sid and not token:
        return None
    for name, given in (("ACCOUNT_SID", sid), ("AUTH_TOKEN", token)):
        if not given:
            raise ConfigError(f"{config.PREFIX}TWILIO_{name}: set it too")
    if not settings.public_url:
        raise ConfigError(f"{config.PREFIX}PUBLIC_URL: Twilio needs an address to write to")
    return Account(sid, token, settings.public_url, settings.twilio_api_url)


def twilio_parts(settings: Settings, db: Database, sounds: Sounds) -> TwilioParts | None:
    """All of it; None without an account. Raises `ConfigError`."""
    ours = account(settings)
    if ours is None:
        return None
    contents = Contents(db)
    heard = Heard(sounds, config.secret_key(settings), settings.public_url)
    ports: dict[str, Port] = {}
    if number := settings.twilio_whatsapp_from.removeprefix("whatsapp:"):
        sender = f"whatsapp:{number}"
        ports[Channel.WHATSAPP] = Twilio(ours, sender, contents.sid, heard.link)
    if number := settings.twilio_sms_from:
        ports[Channel.SMS] = Twilio(ours, number)
    if not ports and not settings.twilio_voice_from:
        raise ConfigError(f"{config.PREFIX}TWILIO_WHATSAPP_FROM: set it, or TWILIO_SMS_FROM")
    return TwilioParts(ours, ports, contents, heard)
