"""Machine translation, off unless a service is set."""

from __future__ import annotations

from runtime.config import ConfigError, Settings
from runtime.translation.deepl import DeepL
from runtime.translation.libretranslate import LibreTranslate
from runtime.translation.port import Translator


def translator(settings: Settings) -> Translator | None:
    """The service that the settings name; None when it is off. Raises `ConfigError`."""
    key, url = settings.translation_key.get_secret_value(), settings.translation_url
    if settings.translation == "deepl":
        if not key:
            raise ConfigError("BUURTSTEM_TRANSLATION_KEY: DeepL needs a key")
        return DeepL(key, url)
    if settings.translation == "libretranslate":
        if not url:
            raise ConfigError("BUURTSTEM_TRANSLATION_URL: say where LibreTranslate is")
        return LibreTranslate(url, key)
    return None
