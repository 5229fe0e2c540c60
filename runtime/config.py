"""Settings: environment variables `BUURTSTEM_…`, read once at start."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "BUURTSTEM_"


class ConfigError(Exception):
    """A setting is wrong; the text is one line that names it and says what to do."""


class Settings(BaseSettings):
    """Everything that can be set from outside; the defaults suit a laptop without any account."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    database_url: str = "sqlite:///var/buurtstem.db"
    media_url: str = "file://var/media"
    public_url: str = ""
    simulator: bool = False
    round_file: str = ""
    secret_key: SecretStr = SecretStr("")
    pepper: SecretStr = SecretStr("")
    telegram_token: SecretStr = SecretStr("")
    telegram_api_url: str = "https://api.telegram.org"
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_api_url: str = ""
    twilio_whatsapp_from: str = ""
    twilio_sms_from: str = ""
    whisper_backend: Literal["faster-whisper", "openai-whisper"] = "faster-whisper"
    whisper_model: str = ""
    whisper_threads: int = Field(default=2, ge=1, le=64)
    export_url: str = ""

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("begin it with sqlite:/// or postgresql://")
        return url

    @field_validator("public_url", "telegram_api_url", "twilio_api_url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("begin it with http:// or https://")
        return url.rstrip("/")

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, key: SecretStr) -> SecretStr:
        if 0 < len(key.get_secret_value()) < 16:
            raise ValueError("make it at least 16 characters long")
        return key

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


def secret_key(settings: Settings) -> str:
    """The application's key: the setting, or one made once and kept beside the database."""
    given = settings.secret_key.get_secret_value()
    if given:
        return given
    path = settings.folder / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32), "ascii")
    return path.read_text("ascii").strip()
