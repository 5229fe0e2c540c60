"""Signing in: how often somebody may try, what makes a session, the second factor."""

from __future__ import annotations

from functools import partial

import pyotp
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from console import times
from console.keys import new_recovery_codes, new_token, password_is, token_hash
from console.visit import Visit
from storage import console_sessions, console_users
from storage.console_users import User

# Attempts in a quarter of an hour: by one address for one account, for an account from anywhere
# (more, or anybody could keep a coordinator out), and from one address for whatever account.
LIMITS = {"pair": 5, "account": 20, "address": 50}
STEP_SECONDS = 30
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
             ("Safari", "Safari"))  # fmt: skip


async def may_try(visit: Visit, name: str) -> bool:
    """Counts one more attempt for this account; False when there were too many."""
    now = visit.deps.clock()
    limits = {key: LIMITS[kind] for kind, key in _keys(visit, name).items()}
    work = partial(console_sessions.attempt, limits=limits, since_ms=now - times.WINDOW, now_ms=now)
    return await visit.deps.db.run(work)


def _keys(visit: Visit, name: str) -> dict[str, str]:
    address = visit.request.client.host if visit.request.client else ""
    return {
        "pair": visit.keys.mac("pair", name, address),
        "account": visit.keys.mac("account", name),
        "address": visit.keys.mac("address", address),
    }


async def with_password(visit: Visit, name: str, password: str) -> User | None:
    """Whose name and password these are; it takes as long when there is nobody of that name."""
    user = await visit.read(partial(console_users.by_name, name=name))
    hashed = user.password if user else None
    is_right = await run_in_threadpool(password_is, hashed, password)
    if user is None or not is_right or not user.active or (user.demo and not visit.deps.demo):
        return None
    return user


async def begin(visit: Visit, user: User, *, complete: bool) -> None:
    """A new session for this user, under a new token; the one there was ends.

    `complete` when nothing more is asked. Only then do their attempts no longer count: else who
    knows a password could try codes for ever.
    """
    old, visit.token, visit.user = visit.token, new_token(), user
    now = visit.deps.clock()

    def work(conn: Connection) -> None:
        console_sessions.end(conn, token_hash(old))
        console_sessions.forget_old(conn, now - times.LONGEST, now - times.WINDOW)
        new = token_hash(visit.token)
        console_sessions.start(conn, user.id, new, _browser(visit), now, complete=complete)
        if complete:
            keys = _keys(visit, user.name)
            console_sessions.succeeded(conn, [keys["pair"], keys["account"]])

    kind = "sign_in" if complete else "sign_in.password"
    await visit.change(kind, user.id, work)


def _browser(visit: Visit) -> str:
    agent = visit.request.headers.get("user-agent", "")
    return next((name for sign, name in _BROWSERS if sign in agent), "")


# --- the second factor (TOTP, RFC 6238)


def new_salt(visit: Visit) -> str:
    """What the next authenticator app of this user is made from; the same until it is taken."""
    assert visit.session is not None
    return visit.keys.mac("salt", visit.session.id, visit.me.totp_salt)


def app_secret(visit: Visit, salt: str) -> str:
    """What an authenticator app keeps, base32."""
    return visit.keys.totp(visit.me.id, salt)


def app_link(visit: Visit, salt: str) -> str:
    """What an authenticator app reads from the QR code."""
    totp = pyotp.TOTP(app_secret(visit, salt))
    return totp.provisioning_uri(name=visit.me.name, issuer_name="Buurtstem")


def step_of(visit: Visit, salt: str, code: str) -> int | None:
    """The number of the half minute whose code this is: the current one or a neighbour."""
    totp = pyotp.TOTP(app_secret(visit, salt))
    current = visit.deps.clock() // 1000 // STEP_SECONDS
    digits = code.replace(" ", "")
    for step in (current, current - 1, current + 1):
        if pyotp.utils.strings_equal(totp.at(step * STEP_SECONDS), digits):
            return step
    return None


async def take_app(visit: Visit, code: str) -> list[str] | None:
    """Makes the app that shows this code the second factor; its recovery codes, once.

    None when it is not the code.
    """
    salt, user = new_salt(visit), visit.me
    step = step_of(visit, salt, code)
    if step is None:
        return None
    codes = new_recovery_codes()
    hashes = [visit.keys.recovery(user.id, each) for each in codes]
    work = partial(console_users.set_totp, user_id=user.id, salt=salt, step=step, hashes=hashes)
    await visit.change("totp.set", user.id, work)
    return codes


async def second_factor(visit: Visit, code: str) -> bool:
    """Whether this is the code of now, or a recovery code; neither works twice."""
    user = visit.me
    step = step_of(visit, user.totp_salt or "", code)
    if step is not None:
        return await visit.deps.db.run(partial(console_users.use_step, user_id=user.id, step=step))
    hash_ = visit.keys.recovery(user.id, code)
    used = await visit.deps.db.run(
        partial(console_users.use_recovery, user_id=user.id, hash_=hash_)
    )
    if used:
        await visit.change("recovery.used", user.id, lambda conn: None)
    return used
