"""What the console needs of the rest, handed in by `runtime.console`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Connection

from civic.link_codes import Codes
from console.bot_texts import MakeSound, Texts, unable
from console.campaigning import Campaigning
from console.desk import Desk
from console.preview import Preview
from console.stuck import Nothing, Stuck
from storage.db import Database
from storage.media import MediaStore
from storage.times import now_ms


class Picture(Protocol):
    """A JPEG and its size in pixels."""

    @property
    def data(self) -> bytes: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


CleanPhoto = Callable[[bytes], Picture]


def unclean(data: bytes) -> Picture:
    """Where no photos can be taken in."""
    raise ValueError


Enqueue = Callable[[Connection, str, int, str], None]


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The municipality's own sign-in. `role_claim` names the claim that holds somebody's role."""

    issuer: str
    client_id: str
    client_secret: str
    role_claim: str


@dataclass(frozen=True, slots=True)
class Deps:
    """What the console asks of the rest.

    `secret` is the application's key. `public_url` is "" on a laptop. `demo` lets the sample users
    in, who have no second factor. `enqueue(conn, task, ref, key)` adds a job within the
    transaction; `wake(conn, person_id)` has what is in somebody's outbox sent after it. `languages`
    are the bot's, by code, in their own words; `say(key, language)` is a text of the bot's
    catalogue. `preview(news, language, own)` is what people will be told. `desk` lets a person
    answer in the bot's place, `campaigns` shows and holds up campaigns, `export_url` is where
    exports go. `texts()` is the bot's whole catalogue, and `make_sound` makes a recording of it
    ready. `codes` makes the codes of what is entered for others, `clean_photo` a photo ready to be
    kept; it raises ValueError for what is none. `translates`: a machine may be asked to. `jobs`
    shows work that was given up. `clock` gives UTC milliseconds.
    """

    db: Database
    store: MediaStore
    secret: str
    public_url: str = ""
    demo: bool = False
    oidc: OidcSettings | None = None
    enqueue: Enqueue = lambda conn, task, ref, key: None
    wake: Callable[[Connection, int], None] = lambda conn, person_id: None
    languages: Mapping[str, str] = field(default_factory=dict)
    say: Callable[[str, str], str] = lambda key, language: key
    preview: Preview = lambda what, language, own: ""
    desk: Desk | None = None
    campaigns: Campaigning | None = None
    export_url: str = ""
    texts: Callable[[], Texts] = Texts
    make_sound: MakeSound = unable
    codes: Codes = field(default_factory=lambda: Codes(b""))
    clean_photo: CleanPhoto = unclean
    translates: bool = False
    jobs: Stuck = field(default_factory=Nothing)
    clock: Callable[[], int] = now_ms
