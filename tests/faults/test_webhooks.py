"""Webhooks that come twice, late and in another order, against a small model.

The model: a person's plan is the words of their messages, in the order in which each came for the
first time, with one answer to each; of a message of ours the highest word of its provider counts.
The web application is the real one, the requests are signed.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import text
from starlette.testclient import TestClient

from bot.flows.draft import text_in
from runtime import rates
from runtime.config import Settings
from runtime.rates import Rate
from runtime.serve import built
from runtime.web import app
from tests.faults.provider import TOKEN, Fault, Provider, Taken
from tests.faults.town import (
    DEMO,
    KEY,
    MESSAGES,
    PEPPER,
    PUBLIC,
    SECRET,
    SMS,
    WHATSAPP,
    WITH_WORDS,
    said,
    signed,
    twilio,
    written,
)

STATUS = "/webhooks/twilio/status"
OPENING = ("hoi", "Nederlands", "ja, dat mag", "1")
THINGS = tuple(
    f"ik wil graag een {thing} op het plein"
    for thing in ("wilg", "zandbak", "fontein", "duiventil", "tuinhek", "regenton")
)
PEOPLE = ("1001", "1002", "whatsapp:+31612345001", "+31612345002")
RANKS = {"": 0, "sent": 1, "delivered": 2, "read": 3}
WHICH = st.integers(0, 999)


class Webhooks(RuleBasedStateMachine):
    """`flying`: requests that were made and may come at any time, any number of times."""

    migrated: Path
    provider: Provider

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="buurtstem-webhooks-"))
        shutil.copy(self.migrated, self.folder / "town.db")
        self.provider.taken.clear()
        self.provider._by_address.clear()
        self.provider._faults.clear()
        given = {
            "database_url": f"sqlite:///{self.folder}/town.db",
            "media_url": f"file://{self.folder}/media",
            "secret_key": KEY,
            "pepper": PEPPER,
            "telegram_token": TOKEN,
            "telegram_api_url": self.provider.url,
            **twilio(self.provider),
            "round_file": DEMO,
        }
        self.system = built(Settings(**given))
        self.client = TestClient(app(self.system))
        self.client.__enter__()
        self.sent = 0
        self.flying: list[tuple[str, int, str]] = []
        self.came: dict[str, list[int]] = {}
        self.words: dict[int, str] = {}
        self.told: dict[str, str] = {}
        for who in PEOPLE:
            self.came[who] = []
            for words in OPENING:
                self._new(who, words)
                assert self._deliver(self.flying.pop()) == 200

    def teardown(self) -> None:
        self._quiet()
        for who in PEOPLE:  # a lost answer is not sent again, and in order are all
            bodies = f"SELECT body FROM outbox WHERE address = :who AND {WITH_WORDS} ORDER BY id"
            rows = self._rows(bodies, who)
            arrived = self.provider.texts(who)
            assert len(arrived) == len(rows)
            for (body,), words in zip(rows, arrived, strict=True):
                assert words.startswith(json.loads(body)["text"])
        self.client.__exit__(None, None, None)
        shutil.rmtree(self.folder)

    # What happens

    @rule(who=st.sampled_from(PEOPLE), thing=st.sampled_from(THINGS))
    def writes(self, who: str, thing: str) -> None:
        if len(self.came[who]) < 20:
            self._new(who, thing)

    @precondition(lambda self: self.flying)
    @rule(which=WHICH)
    def comes(self, which: int) -> None:
        """Any of them, in any order; it stays on its way, so it may come again."""
        one = self.flying[which % len(self.flying)]
        assert self._deliver(one) == 200

    @precondition(lambda self: self.flying)
    @rule(which=WHICH)
    def comes_for_the_last_time(self, which: int) -> None:
        one = self.flying[which % len(self.flying)]
        assert self._deliver(one) == 200
        self.flying.remove(one)

    @precondition(lambda self: self.flying)
    @rule(which=WHICH)
    def is_forged(self, which: int) -> None:
        """Without the right signature nothing comes."""
        one = self.flying[which % len(self.flying)]
        assert self._deliver(one, genuine=False) == 403

    @precondition(lambda self: any(each.callback for each in self.provider.taken))
    @rule(which=WHICH, word=st.sampled_from(("sent", "delivered", "read", "queued", "newest")))
    def is_reported(self, which: int, word: str) -> None:
        """Twilio's words on any of our messages, late and in any order."""
        ours = [each for each in self.provider.taken if each.callback]
        one = ours[which % len(ours)]
        assert self._report(one, word) == 204
        if RANKS.get(word, 0) > RANKS[self.told.get(one.id, "")]:
            self.told[one.id] = word

    @rule()
    def an_answer_is_lost(self) -> None:
        """The next message arrives and Twilio's or Telegram's answer does not."""
        self.provider.fails(Fault("lost"))

    # What must hold

    @invariant()
    def everybody_has_said_what_came_first_once(self) -> None:
        for who, came in self.came.items():
            rows = self._rows(
                "SELECT s.data FROM sessions s JOIN addresses a ON a.person_id = s.person_id"
                " WHERE a.address = :who",
                who,
            )
            said = [self.words[n] for n in came[len(OPENING) :]]
            assert len(rows) == 1
            draft = json.loads(rows[0][0])["answers"].get("draft", {})
            assert text_in(draft).splitlines() == said
            answers = f"SELECT count(*) FROM outbox WHERE address = :who AND {WITH_WORDS}"
            assert self._rows(answers, who) == [(len(came),)]

    @invariant()
    def the_highest_word_counts(self) -> None:
        for id_, word in self.told.items():
            rows = self._rows("SELECT state, status FROM outbox WHERE provider_id = :who", id_)
            assert rows == [("sent", word)]

    # How

    def _new(self, who: str, words: str) -> None:
        self.sent += 1
        self.words[self.sent] = words
        self.flying.append((who, self.sent, words))

    def _deliver(self, one: tuple[str, int, str], *, genuine: bool = True) -> int:
        who, n, words = one
        if who.isdecimal():
            headers = SECRET if genuine else dict.fromkeys(SECRET, "forged")
            body = said(int(who), n, words)
            status = self.client.post("/webhooks/telegram", json=body, headers=headers).status_code
        else:
            form = written(who, n, words)
            status = self._post(MESSAGES, form, genuine=genuine)
        if genuine and n not in self.came[who]:
            self.came[who].append(n)
            self._quiet()
        return status

    def _report(self, one: Taken, word: str) -> int:
        path, _, query = one.callback.removeprefix(PUBLIC).partition("?")
        form = {"MessageSid": one.id, "MessageStatus": word, "To": one.to}
        form["From"] = WHATSAPP if one.to.startswith("whatsapp:") else SMS
        return self._post(path, form, query=query)

    def _post(
        self, path: str, form: dict[str, str], query: str = "", *, genuine: bool = True
    ) -> int:
        tail = path + (f"?{query}" if query else "")
        headers = signed(tail, form, genuine=genuine)
        return self.client.post(tail, data=form, headers=headers).status_code

    def _rows(self, sql: str, who: str) -> list[tuple[Any, ...]]:
        return self.system.db.read(
            lambda conn: [tuple(row) for row in conn.execute(text(sql), {"who": who})]
        )

    def _quiet(self) -> None:
        """Until everything that was to be said is at its provider."""
        unsent = "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending') AND :who = ''"
        deadline = time.monotonic() + 60
        while self._rows(unsent, "") != [(0,)]:
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.slow
def test_webhooks_twice_late_and_in_any_order(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = Rate(5000, burst=500)
    for channel in rates.RATES:
        monkeypatch.setitem(rates.RATES, channel, (fast, fast))
    Webhooks.migrated = Path(sqlite_url.removeprefix("sqlite:///"))
    Webhooks.provider = Provider()
    try:
        Webhooks.TestCase.settings = settings(
            max_examples=8,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        Webhooks.TestCase().runTest()
    finally:
        Webhooks.provider.close()
