"""All machines at one database must have the same secrets: whoever has others does not start.

With another pepper every code would be unknown, with another key every link and session. On SQLite
there is one machine, and its secrets lie beside the database.
"""

from __future__ import annotations

import hashlib
from functools import partial

from runtime import config
from runtime.config import PREFIX, ConfigError, Settings
from storage import fingerprints
from storage.db import Database

SECRETS = ("secret_key", "pepper")


def check(settings: Settings, db: Database) -> None:
    """Raises `ConfigError` when the secrets are not those that this database was begun with."""
    if settings.is_sqlite:
        return
    secrets = {name: config.known(settings, name) for name in SECRETS}
    ours = {name: _print(name, known) for name, known in secrets.items() if known}
    kept = db.call(partial(fingerprints.keep, values=ours))
    for name, value in kept.items():
        if ours.get(name) != value:
            raise ConfigError(
                f"{PREFIX}{name.upper()}: is not the one that this database was begun with; set the"
                " same on every machine (after a change of your own: buurtstem secrets accept)"
            )


def begin(settings: Settings, db: Database) -> bytes:
    """The pepper, both secrets made if there were none. Raises `ConfigError` as `check`."""
    config.secret_key(settings)
    pepper = config.pepper(settings)
    check(settings, db)
    return pepper


def accept(settings: Settings, db: Database) -> None:
    """Takes the secrets of this machine for those of the database, from the next start on."""
    if not settings.is_sqlite:
        db.call(fingerprints.forget)
        check(settings, db)


def _print(name: str, secret: str) -> str:
    """Slow on purpose: a short secret should not be guessed by whoever has the database."""
    made = hashlib.scrypt(secret.encode(), salt=f"buurtstem {name}".encode(), n=2**14, r=8, p=1)
    return made.hex()
