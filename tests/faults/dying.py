"""`buurtstem` in a process of its own: dying.py '{"point": …, "nth": …, "hurry": …}' COMMAND…

The real command and the real modules. `hurry` shortens waits that are minutes in a round. `point`
names a moment of `POINTS`: the `nth` time that it comes the process is gone, as by kill -9.
`poisoned` is a person to whom nothing can be delivered in `attempts`.
"""

from __future__ import annotations

import inspect
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import time
from functools import wraps
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

Die = Callable[[], None]


def after(owner: Any, name: str, die: Die) -> None:
    """Dies when this function has done its work, before anybody hears of it."""
    work = getattr(owner, name)
    if inspect.iscoroutinefunction(work):

        @wraps(work)
        async def dying(*args: Any, **kwargs: Any) -> Any:
            result = await work(*args, **kwargs)
            die()
            return result

    else:

        @wraps(work)
        def dying(*args: Any, **kwargs: Any) -> Any:
            result = work(*args, **kwargs)
            die()
            return result

    setattr(owner, name, dying)


def before(owner: Any, name: str, die: Die) -> None:
    """Dies when this function is called."""
    work = getattr(owner, name)

    @wraps(work)
    def dying(*args: Any, **kwargs: Any) -> Any:
        die()
        return work(*args, **kwargs)

    setattr(owner, name, dying)


def amid(owner: Any, name: str, die: Die) -> None:
    """Dies while this function is at work, a fifth of a second after it began."""
    work = getattr(owner, name)

    @wraps(work)
    def dying(*args: Any, **kwargs: Any) -> Any:
        threading.Timer(0.2, die).start()
        return work(*args, **kwargs)

    setattr(owner, name, dying)


def _in_inbox(die: Die) -> None:
    from storage import hot

    after(hot, "arrive", die)


def _uncommitted(die: Die) -> None:
    from bot.conversation import Conversation

    after(Conversation, "take", die)


def _unanswered(die: Die) -> None:
    from runtime.wiring import System

    after(System, "take", die)


def _claimed(die: Die) -> None:
    from bot.channels.telegram import Telegram

    before(Telegram, "send", die)


def _accepted(die: Die) -> None:
    from bot.channels.telegram import Telegram

    after(Telegram, "send", die)


def _looked_up(die: Die) -> None:
    from bot.channels.twilio import Twilio

    after(Twilio, "send", die)


def _hearing(die: Die) -> None:
    from bot.speech.backend_faster import FasterWhisper

    amid(FasterWhisper, "transcribe", die)


def _heard(die: Die) -> None:
    from runtime.listener import Listener

    before(Listener, "_tell", die)


def _told(die: Die) -> None:
    from runtime.listener import Listener

    after(Listener, "_tell", die)


def _chunk_put(die: Die) -> None:
    from runtime.campaigns import Campaigns

    after(Campaigns, "_put", die)


def _chunk_stored(die: Die) -> None:
    from runtime.campaigns import Campaigns

    before(Campaigns, "_deliver", die)


def _begun(die: Die) -> None:
    from runtime.campaigns import Campaigns

    after(Campaigns, "_begin", die)


def _exporting(die: Die) -> None:
    from admin_export.destinations import Destination

    before(Destination, "_settle", die)  # the files are beside their place


def _exported(die: Die) -> None:
    from runtime import weekly_export

    after(weekly_export, "make", die)


POINTS: dict[str, Callable[[Die], None]] = {
    "the inbox row is written": _in_inbox,
    "all is written and nothing committed": _uncommitted,
    "committed and not yet answered": _unanswered,
    "claimed and not yet sent": _claimed,
    "the provider accepted": _accepted,
    "Twilio accepted": _looked_up,
    "while it is transcribed": _hearing,
    "transcribed and not yet stored": _heard,
    "the transcript is stored": _told,
    "a campaign has begun": _begun,
    "a chunk is put and not committed": _chunk_put,
    "a chunk is stored and not sent": _chunk_stored,
    "while an export is written": _exporting,
    "an export is in place and not noted": _exported,
}


def hasten(function: Any, **values: Any) -> None:
    """Other defaults for these arguments of a function or a class."""
    function = function.__init__ if inspect.isclass(function) else function
    named = dict(function.__kwdefaults__ or {})
    names = list(inspect.signature(function).parameters)
    names = [name for name in names if name not in named]
    defaults = list(function.__defaults__ or ())
    first = len(names) - len(defaults)
    for name, value in values.items():
        if name in named:
            named[name] = value
        else:
            defaults[names.index(name) - first] = value
    function.__defaults__, function.__kwdefaults__ = tuple(defaults), named or None


def hurry() -> None:
    """Seconds where a round has minutes, and no limit to how fast a provider takes messages."""
    from runtime import campaigns, rates, shares, wiring
    from runtime.deliveries import Deliveries
    from runtime.jobs import Pace
    from runtime.lease import Lease
    from runtime.sender import Patience
    from runtime.sweep import Ages
    from storage import postgres

    postgres.IDLE = 4
    hasten(Ages, queued=0.5, repeatable=1.5, sending=4.0, waiting=1.0, campaign=5.0)
    hasten(Patience, first_pause=0.2, answer=2.5)
    hasten(Pace, lease=2.0, poll=0.2, first_pause=0.1, longest_pause=2.0)
    hasten(Lease, seconds=2.0)
    hasten(shares.Shares, seconds=0.6)
    hasten(Deliveries, look_after=2.0)
    hasten(campaigns.Campaigns, chunk=20)
    shares.GRACE = 0.3
    campaigns.STALLED /= 30
    wiring.SWEEP_SECONDS, wiring.SETTLE_SECONDS = 0.4, 0.7
    fast = rates.Rate(5000, burst=500)
    rates.RATES.update(dict.fromkeys(rates.RATES, (fast, fast)))


def poison(person: int, die: Die | None) -> None:
    """Whatever is to be delivered to this person fails, or takes the process along."""
    from runtime.sender import Sender

    deliver = Sender.deliver

    async def poisoned(sender: Sender, person_id: int) -> None:
        if person_id != person:
            return await deliver(sender, person_id)
        if die:
            die()
        raise ValueError("poisoned")

    Sender.deliver = poisoned  # type: ignore[method-assign]


def main(how: dict[str, Any], *command: str) -> int:
    from civic import worktime
    from runtime import cli, wiring

    worktime.QUIET_FROM, worktime.QUIET_UNTIL = time.max, time.min  # these tests run at night, too
    nth = threading.Semaphore(how.get("nth", 1) - 1)

    def die() -> None:
        if not nth.acquire(blocking=False):
            os.kill(os.getpid(), signal.SIGKILL)

    if how.get("hurry"):
        hurry()
    if not how.get("listens"):  # to load the model costs a second of two processors
        wiring.System.prepare = lambda system: None  # type: ignore[method-assign]
    if how.get("attempts"):
        from runtime.jobs import Pace

        hasten(Pace, attempts=how["attempts"])
    if how.get("poisoned"):
        poison(how["poisoned"], die if how.get("deadly") else None)
    if how.get("point"):
        POINTS[how["point"]](die)
    return cli.main(command)


if __name__ == "__main__":
    raise SystemExit(main(json.loads(sys.argv[1]), *sys.argv[2:]))
