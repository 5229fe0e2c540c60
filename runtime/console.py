"""The console's parts from the system, and its accounts: `buurtstem console user …`, the demo's."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection
from starlette.routing import Mount

from bot.i18n.catalogue import Text, translate
from bot.i18n.languages import LANGUAGES
from civic.link_codes import Codes
from console.app import ROOT, app
from console.deps import Deps, OidcSettings
from console.keys import SHORTEST_PASSWORD, hash_password, one_time_password
from console.roles import Role
from runtime import bot_texts, config, photos
from runtime.config import Settings
from runtime.console_campaigns import ConsoleCampaigns
from runtime.console_preview import preview
from runtime.sender import TASK as DELIVER
from runtime.weekly_export import destination_url
from runtime.wiring import System
from storage import audit, console_sessions, console_users
from storage.console_users import User
from storage.db import Database
from storage.times import now_ms


def mounted(system: System, *, demo: bool = False) -> Mount:
    """The console at /console. `demo` lets the sample users in; not where a public URL is set."""
    return Mount(ROOT, app(deps(system, demo=demo)))


def deps(system: System, *, demo: bool = False) -> Deps:
    """What the console needs of the system."""
    settings = system.settings

    def wake(conn: Connection, person_id: int) -> None:
        system.jobs.enqueue(conn, DELIVER, person_id, f"{DELIVER}:{person_id}")

    return Deps(
        db=system.db,
        store=system.store,
        secret=config.secret_key(settings),
        public_url=settings.public_url,
        demo=demo and not settings.public_url,
        oidc=_oidc(settings),
        enqueue=system.jobs.enqueue,
        wake=wake,
        languages={code: language.own_name for code, language in LANGUAGES.items()},
        say=lambda key, language: translate(Text(key), language),
        preview=preview,
        desk=system.desk,
        campaigns=ConsoleCampaigns(),
        export_url=destination_url(settings),
        texts=bot_texts.texts,
        make_sound=bot_texts.made,
        codes=Codes(config.pepper(settings)),
        clean_photo=clean_photo,
        translates=system.translating is not None,
        jobs=system.jobs,
    )


def clean_photo(data: bytes) -> photos.Photo:
    """As `runtime.photos.clean`. Raises ValueError for what is no photo, or too big."""
    try:
        return photos.clean(data)
    except photos.PhotoError:
        raise ValueError from None


def _oidc(settings: Settings) -> OidcSettings | None:
    if not settings.oidc_issuer:
        return None
    return OidcSettings(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret.get_secret_value(),
        settings.oidc_role_claim,
    )


def demo_users(db: Database) -> list[str]:
    """One sample user a role, with a new password at every start; lines that tell them."""
    password = f"demo-{secrets.randbelow(10**8):08}"
    hashed = hash_password(password)
    for role in Role:
        db.call(partial(_demo_user, role=role, hashed=hashed))
    names = ", ".join(f"demo-{role}" for role in Role)
    return [f"sign in to the console as {names}", f"with the password {password}"]


def _demo_user(conn: Connection, role: Role, hashed: str) -> None:
    name = f"demo-{role}"
    user = console_users.by_name(conn, name)
    if user is None:
        console_users.add(conn, name, role, now_ms(), password=hashed, demo=True)
    elif user.demo:
        console_users.set_password(conn, user.id, hashed, must_change=False)


# --- accounts, at the command line


def add_user(db: Database, name: str, role: str, password: str) -> list[str]:
    """Adds an account; without a password one is made that works once. Raises ValueError."""
    name = name.strip().lower()
    if not name:
        raise ValueError("a user needs a name")
    made = "" if password else one_time_password()
    hashed = hash_password(_long_enough(password) if password else made)

    def work(conn: Connection) -> None:
        now = now_ms()
        new = console_users.add(
            conn, name, Role(role), now, password=hashed, must_change=bool(made)
        )
        audit.note(conn, None, "user.add", [new], now)

    db.call(work)
    return [f"{name}: added as {role}", *_one_time(made)]


def reset_user(db: Database, name: str, password: str) -> list[str]:
    """A new password, and no second factor until they set one again; signed out everywhere."""
    made = "" if password else one_time_password()
    hashed = hash_password(_long_enough(password) if password else made)

    def work(conn: Connection) -> None:
        user = _known(conn, name)
        console_users.set_password(conn, user.id, hashed, must_change=bool(made))
        console_users.set_totp(conn, user.id, None, None, ())
        console_users.set_active(conn, user.id, True)
        console_sessions.end_of_user(conn, user.id)
        audit.note(conn, None, "user.reset", [user.id], now_ms())

    db.call(work)
    return [f"{name}: reset", *_one_time(made)]


def disable_user(db: Database, name: str) -> list[str]:
    """Signed out everywhere, and in no more."""

    def work(conn: Connection) -> None:
        user = _known(conn, name)
        console_users.set_active(conn, user.id, False)
        audit.note(conn, None, "user.disable", [user.id], now_ms())

    db.call(work)
    return [f"{name}: disabled"]


def list_users(db: Database) -> list[str]:
    """A line a user: name, role, how they sign in."""
    return [_line(user) for user in db.read(console_users.everybody)]


def _line(user: User) -> str:
    how = "municipality" if user.subject else "demo" if user.demo else "password"
    factor = " + app" if user.totp_salt else ""
    return f"{user.name}\t{user.role}\t{how}{factor}{'' if user.active else chr(9) + 'disabled'}"


def _known(conn: Connection, name: str) -> User:
    user = console_users.by_name(conn, name.strip().lower())
    if user is None:
        raise ValueError(f"{name}: there is nobody of that name")
    if user.subject:
        raise ValueError(f"{name}: their account is the municipality's")
    return user


def _long_enough(password: str) -> str:
    if len(password) < SHORTEST_PASSWORD:
        raise ValueError(f"a password needs at least {SHORTEST_PASSWORD} characters")
    return password


def _one_time(password: str) -> Sequence[str]:
    return [f"one-time password, shown only now: {password}"] if password else []
