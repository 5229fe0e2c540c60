"""Sign-in with the municipality's own accounts (OpenID Connect, authorization code with PKCE)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from authlib.integrations.starlette_client import OAuth, StarletteOAuth2App
from sqlalchemy import Connection

from console.deps import OidcSettings
from console.roles import Role
from console.visit import Visit
from storage import console_users
from storage.console_users import User


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whom the provider knows; `role` is None when they have none with us."""

    subject: str
    name: str
    role: Role | None


@lru_cache(2)
def client(settings: OidcSettings) -> StarletteOAuth2App:
    """The client; it reads the provider's description when it is first used."""
    registry = OAuth()
    return registry.register(
        name="console",
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        server_metadata_url=f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "timeout": 10,
        },
    )


def back(visit: Visit) -> str:
    """The address to which the provider sends people back; to be registered with it."""
    url = visit.request.url
    return (visit.deps.public_url or f"{url.scheme}://{url.netloc}") + visit.url("oidc.back")


async def known(visit: Visit, settings: OidcSettings) -> Known:
    """Who came back. Raises what authlib raises, and KeyError, for an answer that is not right."""
    app = client(settings)
    token = await app.authorize_access_token(visit.request)
    claims: dict[str, Any] = dict(token["userinfo"])
    if settings.role_claim not in claims:
        more = dict(await app.userinfo(token=token))
        if more.get("sub") == claims["sub"]:
            claims = more | claims
    name = claims.get("preferred_username") or claims.get("email") or claims["sub"]
    subject = f"{settings.issuer} {claims['sub']}"
    return Known(subject, str(name).lower(), role_in(claims, settings.role_claim))


def role_in(claims: Mapping[str, Any], name: str) -> Role | None:
    """The role that the claim names, alone or in a list; the first of ours when it names more."""
    value = claims.get(name)
    given = {value} if isinstance(value, str) else set(map(str, value or ()))
    return next((role for role in Role if role in given), None)


def account(conn: Connection, somebody: Known, now_ms: int) -> User | None:
    """Their account, made at the first sign-in, with the role that they have now.

    A local account of the same name stays whose it is. None for one that was disabled.
    """
    user = console_users.by_subject(conn, somebody.subject)
    role = somebody.role
    assert role is not None
    if user is None:
        new = _add(conn, somebody, role, now_ms)
        return console_users.get(conn, new)
    if user.role != role:
        console_users.set_role(conn, user.id, role)
    return console_users.get(conn, user.id) if user.active else None


def _add(conn: Connection, somebody: Known, role: Role, now_ms: int) -> int:
    for n in range(1, 100):
        name = somebody.name if n == 1 else f"{somebody.name} ({n})"
        if console_users.by_name(conn, name) is None:
            return console_users.add(conn, name, role, now_ms, subject=somebody.subject)
    raise ValueError("too many accounts of one name")
