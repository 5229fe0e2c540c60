"""One's own account: password, second factor, where one is signed in."""

from __future__ import annotations

from functools import partial
from typing import Any

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from console import signing, times
from console.forms import Form
from console.keys import SHORTEST_PASSWORD, password_is, token_hash
from console.pages.signin import Code, NewPassword, app_context, check_new, store_password
from console.roles import EVERYONE
from console.routes import Act, View
from console.texts import T
from console.visit import Visit
from storage import console_sessions


class ChangePassword(NewPassword):
    old: str = Field(max_length=1000)


class ChangeApp(Code):
    old: str = Field(max_length=1000)


async def show(visit: Visit) -> Response:
    return await _shown(visit, Form())


async def _shown(visit: Visit, form: Form[Any], status: int = 200) -> Response:
    since = visit.deps.clock() - times.IDLE
    mine = await visit.read(
        partial(console_sessions.of_user, user_id=visit.me.id, seen_after_ms=since)
    )
    return visit.page("account.html", status, form=form, sessions=mine, shortest=SHORTEST_PASSWORD)


async def change_password(visit: Visit) -> Response:
    """Asks for the old one, so that an open screen is not enough; ends all other sessions."""
    form = visit.form(ChangePassword)
    check_new(form)
    if not form.bad:
        await _check_old(visit, form)
    if form.bad:
        return await _shown(visit, form, 422)
    await store_password(visit, visit.me, form.ok.new)
    await _end_others(visit)
    return visit.go("account", T("account.password_changed"))


async def _check_old(visit: Visit, form: Form[ChangePassword] | Form[ChangeApp]) -> None:
    if not await signing.may_try(visit, visit.me.name):
        form.wrong("old", T("signin.too_often"))
    elif not await run_in_threadpool(password_is, visit.me.password, form.ok.old):
        form.wrong("old", T("signin.wrong"))


async def show_app(visit: Visit) -> Response:
    """A new authenticator app, for a new phone."""
    return visit.page("account_app.html", form=Form(), **app_context(visit))


async def take_app(visit: Visit) -> Response:
    """The password is asked too: else an open screen would be enough to keep its owner out."""
    form = visit.form(ChangeApp)
    if not form.bad:
        await _check_old(visit, form)
    codes = None if form.bad else await signing.take_app(visit, form.ok.code)
    if codes is None:
        if not form.bad:
            form.wrong("code", T("signin.code_wrong"))
        return visit.again("account_app.html", form=form, **app_context(visit))
    await _end_others(visit)
    return visit.page("signin_codes.html", codes=codes, on=visit.url("account"))


async def end_all(visit: Visit) -> Response:
    """Signed out everywhere, here too."""
    await visit.change(
        "sign_out.everywhere",
        visit.me.id,
        partial(console_sessions.end_of_user, user_id=visit.me.id),
    )
    return visit.go("signin", T("signin.out_everywhere"))


async def _end_others(visit: Visit) -> None:
    work = partial(console_sessions.end_of_user, user_id=visit.me.id, but=token_hash(visit.token))
    await visit.change("sign_out.others", visit.me.id, work)


ROUTES = [
    View("account", "/account", show, EVERYONE),
    Act("account.password", "/account", change_password, EVERYONE, own=True),
    View("account.app", "/account/app", show_app, EVERYONE),
    Act("account.take_app", "/account/app", take_app, EVERYONE, own=True),
    Act("account.end_all", "/account/signout", end_all, EVERYONE, own=True),
]
