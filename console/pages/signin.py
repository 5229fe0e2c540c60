"""Signing in: name and password, the code of an app, or the municipality's own sign-in."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import segno
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from console import oidc, signing
from console.forms import Form
from console.guard import wanted_page
from console.keys import SHORTEST_PASSWORD, hash_password, token_hash
from console.roles import EVERYONE, Door
from console.routes import Act, View
from console.texts import LANGUAGES, T
from console.visit import Visit
from storage import console_sessions, console_users
from storage.console_users import User

log = logging.getLogger(__name__)


class SignIn(BaseModel):
    name: str = Field(max_length=200)
    password: str = Field(max_length=1000)


class Code(BaseModel):
    code: str = Field(max_length=40)


class NewPassword(BaseModel):
    new: str = Field(min_length=SHORTEST_PASSWORD, max_length=1000)
    again: str = Field(max_length=1000)


async def show(visit: Visit) -> Response:
    if visit.session:
        return visit.go("today" if visit.session.complete else "signin.next")
    visit.request.session["next"] = wanted_page(visit, visit.request.query_params.get("next", ""))
    return _shown(visit, Form())


def _shown(visit: Visit, form: Form[SignIn], status: int = 200) -> Response:
    return visit.page("signin.html", status, form=form, with_oidc=visit.deps.oidc is not None)


async def sign_in(visit: Visit) -> Response:
    form = visit.form(SignIn)
    if form.bad:
        return _shown(visit, form, 422)
    name = form.ok.name.strip().lower()
    if not await signing.may_try(visit, name):
        form.wrong("password", T("signin.too_often"))
        return _shown(visit, form, 429)
    user = await signing.with_password(visit, name, form.ok.password)
    if user is None:
        await _failed(visit, name)
        form.wrong("password", T("signin.wrong"))
        return _shown(visit, form, 422)
    await signing.begin(visit, user, complete=user.demo)
    return _on(visit) if user.demo else visit.go("signin.next")


async def _failed(visit: Visit, name: str) -> None:
    user = await visit.read(partial(console_users.by_name, name=name))
    if user:
        await visit.change("sign_in.failed", user.id, lambda conn: None)


def _on(visit: Visit) -> Response:
    wanted = visit.request.session.pop("next", "")
    answer = visit.go("today")
    answer.headers["location"] = wanted_page(visit, wanted)
    return answer


async def next_step(visit: Visit) -> Response:
    """What is still asked of somebody whose password was right."""
    if visit.me.totp_salt:
        return visit.go("signin.code")
    return visit.go("signin.password" if visit.me.must_change else "signin.app")


async def show_code(visit: Visit) -> Response:
    return visit.page("signin_code.html", form=Form())


async def check_code(visit: Visit) -> Response:
    form = visit.form(Code)
    if form.bad:
        return visit.again("signin_code.html", form=form)
    if not await signing.may_try(visit, visit.me.name):
        form.wrong("code", T("signin.too_often"))
        return visit.page("signin_code.html", 429, form=form)
    if not visit.me.totp_salt or not await signing.second_factor(visit, form.ok.code):
        form.wrong("code", T("signin.code_wrong"))
        return visit.again("signin_code.html", form=form)
    await signing.begin(visit, visit.me, complete=True)
    return _on(visit)


async def show_password(visit: Visit) -> Response:
    return visit.page("signin_password.html", form=Form(), shortest=SHORTEST_PASSWORD)


async def set_password(visit: Visit) -> Response:
    """The first password of their own; only where somebody else made the one they have."""
    if not visit.me.must_change:
        return visit.go("signin.next")
    form = visit.form(NewPassword)
    check_new(form)
    if form.bad:
        return visit.again("signin_password.html", form=form, shortest=SHORTEST_PASSWORD)
    await store_password(visit, visit.me, form.ok.new)
    return visit.go("signin.next")


def check_new(form: Form[NewPassword]) -> None:
    """Adds what is wrong with a new password."""
    if form.model and form.model.new != form.model.again:
        form.wrong("again", T("password.differs"))


async def store_password(visit: Visit, user: User, password: str) -> None:
    hashed = await run_in_threadpool(hash_password, password)
    work = partial(console_users.set_password, user_id=user.id, password=hashed, must_change=False)
    await visit.change("password.set", user.id, work)


async def show_app(visit: Visit) -> Response:
    return visit.go("signin.next") if _not_yet(visit) else _app(visit, Form())


def _not_yet(visit: Visit) -> bool:
    return bool(visit.me.totp_salt) or visit.me.must_change


def _app(visit: Visit, form: Form[Code], status: int = 200) -> Response:
    return visit.page("signin_app.html", status, form=form, **app_context(visit))


def app_context(visit: Visit) -> dict[str, Any]:
    """What a page needs to show an authenticator app how to begin."""
    salt = signing.new_salt(visit)
    code = segno.make(signing.app_link(visit, salt), error="m")
    svg = code.svg_inline(scale=5, border=4, omitsize=True, dark="#000", light="#fff")
    secret = signing.app_secret(visit, salt)
    return {
        "qr": svg,
        "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
    }


async def take_app(visit: Visit) -> Response:
    if _not_yet(visit):
        return visit.go("signin.next")
    form = visit.form(Code)
    if form.bad:
        return _app(visit, form, 422)
    codes = await signing.take_app(visit, form.ok.code)
    if codes is None:
        form.wrong("code", T("signin.code_wrong"))
        return _app(visit, form, 422)
    await signing.begin(visit, visit.me, complete=True)
    on = wanted_page(visit, visit.request.session.pop("next", ""))
    return visit.page("signin_codes.html", codes=codes, on=on)


async def sign_out(visit: Visit) -> Response:
    await visit.change(
        "sign_out", visit.me.id, lambda conn: console_sessions.end(conn, token_hash(visit.token))
    )
    visit.request.session.clear()
    return visit.go("signin", T("signin.out"))


async def set_language(visit: Visit) -> Response:
    """The language of the pages; for who is signed in it is kept with their account."""
    language = str(visit.posted.get("language", ""))
    if language in LANGUAGES:
        visit.request.session["language"] = language
        if visit.user:
            work = partial(console_users.set_language, user_id=visit.user.id, language=language)
            await visit.change("language.set", visit.user.id, work)
    answer = visit.go("today")
    answer.headers["location"] = wanted_page(visit, str(visit.posted.get("here", "")))
    return answer


async def elsewhere(visit: Visit) -> Response:
    """On to the municipality's sign-in."""
    if visit.deps.oidc is None:
        raise visit.missing()
    try:
        answer = await oidc.client(visit.deps.oidc).authorize_redirect(
            visit.request, oidc.back(visit)
        )
        assert isinstance(answer, Response)
        return answer
    except Exception as error:  # whatever a provider, or the way to it, may have
        return _no_oidc(visit, error)


async def from_elsewhere(visit: Visit) -> Response:
    """Back from the municipality's sign-in."""
    if visit.deps.oidc is None:
        raise visit.missing()
    try:
        somebody = await oidc.known(visit, visit.deps.oidc)
    except Exception as error:  # not asked for, not signed, not for us, not there
        return _no_oidc(visit, error)
    if somebody.role is None:
        visit.say(T("signin.no_role"), "bad")
        return visit.go("signin")
    now = visit.deps.clock()
    user = await visit.deps.db.run(partial(oidc.account, somebody=somebody, now_ms=now))
    if user is None:
        visit.say(T("signin.disabled"), "bad")
        return visit.go("signin")
    await signing.begin(visit, user, complete=True)
    return _on(visit)


def _no_oidc(visit: Visit, error: Exception) -> Response:
    log.warning("the municipality's sign-in failed: %s", type(error).__name__)
    visit.say(T("signin.oidc_failed"), "bad")
    return visit.go("signin")


ROUTES = [
    View("signin", "/signin", show, Door.PUBLIC),
    Act("signin.try", "/signin", sign_in, Door.PUBLIC),
    View("signin.next", "/signin/next", next_step, Door.HALFWAY),
    View("signin.code", "/signin/code", show_code, Door.HALFWAY),
    Act("signin.check", "/signin/code", check_code, Door.HALFWAY),
    View("signin.password", "/signin/password", show_password, Door.HALFWAY),
    Act("signin.set_password", "/signin/password", set_password, Door.HALFWAY),
    View("signin.app", "/signin/app", show_app, Door.HALFWAY),
    Act("signin.take_app", "/signin/app", take_app, Door.HALFWAY),
    View("oidc", "/oidc", elsewhere, Door.PUBLIC),
    View("oidc.back", "/oidc/back", from_elsewhere, Door.PUBLIC),
    Act("signout", "/signout", sign_out, EVERYONE, own=True),
    Act("language", "/language", set_language, Door.PUBLIC),
]
