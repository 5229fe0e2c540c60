"""Settings: environment variables `BUURTSTEM_…`, read once at start."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime import logs
from runtime.guarding import networks

PREFIX = "BUURTSTEM_"
SHORTEST_SECRET = 16  # characters


class ConfigError(Exception):
    """A setting is wrong; the text is one line that names it and says what to do."""


class Settings(BaseSettings):
    """Everything that can be set from outside; the defaults suit a laptop without any account."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    database_url: str = "sqlite:///var/buurtstem.db"
    media_url: str = "file://var/media"
    jobs: Literal["auto", "embedded", "distributed"] = "auto"
    public_url: str = ""
    proxies: str = ""  # addresses and networks that may say for whom they ask, with commas
    simulator: bool = False
    round_file: str = ""
    keep_messages_days: int = Field(default=90, ge=7, le=3650)  # see runtime.retention
    keep_unconsented_days: int = Field(default=30, ge=1, le=365)
    keep_audit_days: int = Field(default=730, ge=30, le=3650)
    secret_key: SecretStr = SecretStr("")
    pepper: SecretStr = SecretStr("")
    telegram_token: SecretStr = SecretStr("")
    telegram_api_url: str = "https://api.telegram.org"
    telegram_name: str = ""
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_api_url: str = ""
    twilio_whatsapp_from: str = ""
    twilio_sms_from: str = ""
    twilio_voice_from: str = ""  # the number that people call
    whisper_backend: Literal["faster-whisper", "openai-whisper"] = "faster-whisper"
    whisper_model: str = ""
    whisper_threads: int = Field(default=2, ge=1, le=64)
    voice_nl: str = ""  # see runtime/voices.py
    voice_en: str = ""
    voice_tr: str = ""
    voice_ar: str = ""
    export_url: SecretStr = SecretStr("")  # it may hold a password
    export_day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = "mon"
    export_hour: int = Field(default=7, ge=0, le=23)  # by the clock in Amsterdam
    openstad_url: str = ""
    openstad_project: str = ""
    openstad_token: SecretStr = SecretStr("")
    smtp_url: SecretStr = SecretStr("")
    mail_from: str = ""
    mail_to: str = ""  # addresses with a comma between
    translation: Literal["off", "libretranslate", "deepl"] = "off"
    translation_url: str = ""
    translation_key: SecretStr = SecretStr("")
    log: Literal["auto", "json", "plain"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    metrics_port: int = Field(default=0, ge=0, le=65535)  # of a worker; 0: none
    metrics_host: str = "127.0.0.1"
    metrics_token: SecretStr = SecretStr("")
    otlp_url: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_role_claim: str = "buurtstem_role"

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("begin it with sqlite:/// or postgresql://")
        return url

    @field_validator("jobs")
    @classmethod
    def _where_there_is_a_server(cls, jobs: str, info: ValidationInfo) -> str:
        if jobs == "distributed" and info.data.get("database_url", "").startswith("sqlite:"):
            raise ValueError("distributed jobs need PostgreSQL; leave it at auto")
        return jobs

    @field_validator(
        "public_url", "telegram_api_url", "twilio_api_url", "oidc_issuer", "translation_url",
        "openstad_url", "otlp_url",
    )  # fmt: skip
    @classmethod
    def _web_address(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("begin it with http:// or https://")
        return url.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() and not url.get_secret_value().startswith(
            ("smtp://", "smtps://")
        ):
            raise ValueError("begin it with smtp:// or smtps://")
        return url

    @field_validator("secret_key", "pepper", "metrics_token")
    @classmethod
    def _long_enough(cls, key: SecretStr) -> SecretStr:
        if 0 < len(key.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(f"make it at least {SHORTEST_SECRET} characters long")
        return key

    @field_validator("telegram_name")
    @classmethod
    def _name_of_a_bot(cls, name: str) -> str:
        name = name.removeprefix("@")
        if name and not re.fullmatch("[A-Za-z0-9_]{5,32}", name):
            raise ValueError("write the bot's name as Telegram has it, such as BuurtstemBot")
        return name

    @field_validator("twilio_voice_from")
    @classmethod
    def _number_to_call(cls, number: str) -> str:
        number = re.sub(r"[ ()-]", "", number)
        if number and not re.fullmatch(r"\+[1-9][0-9]{5,14}", number):
            raise ValueError("write the whole number, such as +31201234567")
        return number

    @field_validator("proxies")
    @classmethod
    def _addresses(cls, proxies: str) -> str:
        try:
            networks(proxies)
        except ValueError:
            raise ValueError("write addresses or networks, such as 127.0.0.1, 10.0.0.0/8") from None
        return proxies

    @property
    def sqlite_path(self) -> Path | None:
        """The database's file, None for PostgreSQL."""
        prefix = "sqlite:///"
        return Path(self.database_url.removeprefix(prefix)) if self.is_sqlite else None

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite:")

    @property
    def folder(self) -> Path:
        """Where this machine keeps its own small files: beside the database, or `var`."""
        return self.sqlite_path.parent if self.sqlite_path else Path("var")


def load() -> Settings:
    """The settings of this process. Raises `ConfigError`; never shows a secret."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = PREFIX + str(first["loc"][0]).upper() if first["loc"] else PREFIX
        remedy = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{name}: {remedy}") from None


def known(settings: Settings, name: str) -> str:
    """`secret_key` or `pepper` as it was set or kept here, "" when there is none yet."""
    setting: SecretStr = getattr(settings, name)
    return setting.get_secret_value() or _kept(settings.folder / name)


def secret_key(settings: Settings) -> str:
    """The application's key: the setting, or one made once and kept beside the database."""
    path = settings.folder / "secret_key"
    return settings.secret_key.get_secret_value() or _kept(path) or _made(path)


def pepper(settings: Settings) -> bytes:
    """The key to all codes: the setting, or one made once and kept beside the database.

    Whoever has the database without it can tell no code; whoever loses it voids all codes.
    """
    path = settings.folder / "pepper"
    known = settings.pepper.get_secret_value() or _kept(path)
    if not known:
        known = _made(path)
        logs.tell(
            f"made the pepper of the codes, in {path}. Keep a copy of it apart from the database:"
            " without it every code is void"
        )
    return known.encode()


def _kept(path: Path) -> str:
    """The secret in this file, "" when there is none yet."""
    if not path.exists():
        return ""
    kept = path.read_text("ascii", "replace").strip()
    if len(kept) < SHORTEST_SECRET:
        raise ConfigError(f"{path}: is damaged; put the copy that you kept in its place")
    return kept


def _made(path: Path) -> str:
    """A new secret in this file, whole and safe on the disk; what another process made first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-") as file:
        file.write(secrets.token_urlsafe(32))
        file.flush()
        os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(file.name, path)
    return _kept(path)
