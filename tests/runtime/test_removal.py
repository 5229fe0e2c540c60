"""A message that held a code is deleted where its provider keeps it, if it lets us."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels.port import ChannelError, Policy
from bot.secrecy import is_to_be_deleted
from bot.session import VOTE, Session
from runtime.removal import Removal
from storage import hot, people
from storage.times import now_ms


class Provider:
    def __init__(self, *wrong):
        self.wrong = list(wrong)
        self.deleted = []

    async def delete(self, address, provider_id):
        if self.wrong:
            raise self.wrong.pop(0)
        self.deleted.append((address, provider_id))


def message(db, channel="telegram"):
    return db.call(
        lambda conn: hot.arrive(
            conn,
            channel=channel,
            provider_id="77:12",
            address="4711",
            hint="",
            kind="text",
            body_json="",
            now_ms=now_ms(),
        )
    )


def remove(db, port, inbox_id):
    asyncio.run(Removal(db, {"telegram": port}).remove(inbox_id))


def test_it_is_deleted_by_the_address_and_id_of_the_channel(db):
    port = Provider()
    remove(db, port, message(db).inbox_id)
    assert port.deleted == [("4711", "77:12")]


def test_it_is_tried_again_while_that_may_help(db):
    port = Provider(ChannelError(Policy.RETRY, "429"), ChannelError(Policy.UNKNOWN, "timeout"))
    found = message(db).inbox_id
    for _ in range(2):
        with pytest.raises(ChannelError):
            remove(db, port, found)
    remove(db, port, found)
    assert port.deleted == [("4711", "77:12")]


@pytest.mark.parametrize("policy", [Policy.GIVE_UP, Policy.INACTIVE])
def test_what_cannot_be_deleted_stays(db, policy, caplog):
    remove(db, Provider(ChannelError(policy, "400")), message(db).inbox_id)
    assert "4711" not in caplog.text
    assert "400" in caplog.text


def test_who_is_forgotten_and_a_channel_without_a_port_are_left_alone(db):
    port = Provider()
    gone, other = message(db), message(db, "sms")
    db.call(lambda conn: people.forget(conn, gone.person_id))
    for inbox_id in (gone.inbox_id, other.inbox_id, 4711):
        remove(db, port, inbox_id)
    assert port.deleted == []


@pytest.mark.parametrize(
    ("channel", "text", "deleted"),
    [
        ("sms", "3", True),  # a choice would stay in Twilio's log
        ("whatsapp", "ja", True),
        ("telegram", "3", False),  # there it would vanish from the phone
        ("telegram", "482 913 075 664", True),
    ],
)
def test_in_a_vote_choices_go_from_a_providers_log_too(channel, text, deleted):
    voting = Session(state=f"{VOTE}choose", answers={"vote": {}})
    assert is_to_be_deleted(voting, text, channel) is deleted
