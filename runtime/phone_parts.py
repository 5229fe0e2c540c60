"""The phone's parts of one process, from the system: who takes calls, and where."""

from __future__ import annotations

import json
from collections.abc import Callable

from sqlalchemy import Connection
from starlette.routing import BaseRoute

from bot.channels.limits import LIMITS
from bot.channels.phone_port import PhonePort
from bot.i18n.catalogue import default
from bot.i18n.languages import LANGUAGES
from bot.messages import Channel, Outbound
from bot.prompts import Text
from runtime import config
from runtime.fitting import knows_number, ways
from runtime.heard import Heard
from runtime.phone import Calls, Sms
from runtime.phone_asks import Asks
from runtime.phone_routes import PhoneRoutes
from runtime.phone_simulator import PhoneSimulator
from runtime.phone_sounds import Played
from runtime.wiring import System
from storage import outbox
from storage.times import now_ms

Enqueue = Callable[[Connection, str, int, str], None]


def routes(system: System, *, simulated: bool) -> list[BaseRoute]:
    """Twilio's webhooks if there is an account, the simulator's if it is there."""
    account = system.twilio.account if system.twilio else None
    if not account and not simulated:
        return []
    calls, found = _calls(system), []
    if account:
        found += PhoneRoutes(account, calls, _played(system, account.public_url)).routes()
    if simulated:
        here = _played(system, "")
        found += PhoneSimulator(calls, here, system.uploads.put).routes()
        found += [here.route()] if not account else []
    return found


def _played(system: System, public_url: str) -> Played:
    key = config.secret_key(system.settings)
    return Played(system.sounds, Heard(system.sounds, key, public_url))


def _calls(system: System) -> Calls:
    names = {code: language.own_name for code, language in LANGUAGES.items()}
    asks = Asks(system.vault, names, knows_number, ways)
    texts = system.twilio is not None and Channel.SMS in system.twilio.ports
    account = system.twilio.account if system.twilio else None
    release = PhonePort(system.uploads.get, system.uploads.delete, account).release
    sms = _sms(system.jobs.enqueue) if texts else None
    return Calls(system.db, system.take, system.vault, asks, release, sms)


def _sms(enqueue: Enqueue) -> Sms:
    """Puts a text message with the number of a plan."""

    def put(conn: Connection, who: int, number: str, plan: str, language: str) -> None:
        said = default().translate(Text("phone.sms", number=plan), language)
        body = json.dumps(Outbound(LIMITS[Channel.SMS].plainer(said)).to_json(), ensure_ascii=False)
        outbox.put(conn, who, Channel.SMS, number, [body], "reply", now_ms())
        enqueue(conn, "deliver", who, f"deliver:{who}")

    return put
